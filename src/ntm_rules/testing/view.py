"""A ruleset as one commune meets it, and what its thresholds let come out there, whatever the facts."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from functools import reduce

import attrs

from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    FactComparison,
    Requirement,
    RulesetMet,
)
from ntm_rules.model.ruleset import Ruleset

__all__ = ["Counts", "Outcome", "Place", "View", "outcomes", "undecidable"]


@attrs.frozen(slots=True, kw_only=True)
class Place:
    """Where a commune lies, and the year of its facts."""

    region: str | None = None
    zones: tuple[str, ...] = ()
    year: int | None = None


@attrs.frozen(slots=True, eq=False)
class View:
    """A ruleset as one commune meets it: the column that judges, the row of the year."""

    ruleset: Ruleset
    place: Place

    @property
    def column(self) -> str:
        """The column that judges."""
        return self.ruleset.column_for(self.place.region, self.place.zones)

    def cell(self, clause_or_requirement: Clause | Requirement) -> Cell | None:
        """The cell that decides a requirement without parts; None where none is set."""
        requirement = _requirement(clause_or_requirement)
        table = (
            requirement.factor if isinstance(requirement, FactComparison) else getattr(requirement, "threshold", None)
        )
        cell = table.cell(self.column, self.place.year) if table is not None else None
        return cell if cell is not None and cell.state is CellState.SET else None

    def asks(self, clause: Clause) -> bool:
        """Whether the column asks a clause at all."""
        return clause.columns is None or self.column in clause.columns


def _requirement(subject: Clause | Requirement) -> Requirement:
    return subject.requirement if isinstance(subject, Clause) else subject


class Outcome(enum.Enum):
    """What may come of a clause when every fact is known; open where a threshold is lacking."""

    MET = "met"
    MISSING = "missing"
    LAPSED = "not_applicable"
    OPEN = "undetermined"


@attrs.frozen(slots=True)
class Counts:
    """How many parts of a combination come out how; those not asked need no count."""

    met: int = 0
    missing: int = 0
    open: int = 0

    def plus(self, outcome: Outcome) -> Counts:
        """The counts with one part more."""
        if outcome is Outcome.LAPSED:
            return self
        name = {Outcome.MET: "met", Outcome.MISSING: "missing", Outcome.OPEN: "open"}[outcome]
        return attrs.evolve(self, **{name: getattr(self, name) + 1})

    def outcome(self, combination: Combination) -> Outcome:
        """What comes of the combination."""
        asked = self.met + self.missing + self.open
        if not asked:
            return Outcome.LAPSED
        needed = asked if combination.needed == len(combination.parts) else combination.needed
        if self.met >= needed:
            return Outcome.MET
        few = self.met + self.open < needed and self.open < asked
        return Outcome.MISSING if few else Outcome.OPEN


def outcomes(subject: Clause | Requirement, view: View) -> frozenset[Outcome]:
    """What the thresholds that are set let come of a clause, were each fact free to be anything."""
    if isinstance(subject, Clause):
        return _of_clause(subject, view)
    if isinstance(subject, Combination):
        start = frozenset({Counts()})
        counts = reduce(_together, (outcomes(part, view) for part in subject.parts), start)
        return frozenset(each.outcome(subject) for each in counts)
    if isinstance(subject, Branch):
        return _of_branch(subject, view)
    if view.cell(subject) is None:
        return frozenset({Outcome.OPEN})
    if isinstance(subject, RulesetMet) and not subject.ruleset.complete:
        return frozenset({Outcome.OPEN, Outcome.MISSING})
    return frozenset({Outcome.MET, Outcome.MISSING})


def _together(counts: Iterable[Counts], part: Iterable[Outcome]) -> frozenset[Counts]:
    part = tuple(part)
    return frozenset(each.plus(outcome) for each in counts for outcome in part)


def _of_clause(clause: Clause, view: View) -> frozenset[Outcome]:
    if not view.asks(clause):
        return frozenset({Outcome.LAPSED})
    inner = outcomes(clause.requirement, view)
    if clause.applies_if is None:
        return inner
    asked = outcomes(clause.applies_if, view)
    found = inner if asked & {Outcome.MET, Outcome.LAPSED} else frozenset()
    found |= {Outcome.LAPSED} if Outcome.MISSING in asked else frozenset()
    return found | ({Outcome.OPEN} & asked)


def _of_branch(branch: Branch, view: View) -> frozenset[Outcome]:
    condition = outcomes(branch.condition, view)
    then, otherwise = outcomes(branch.then, view), outcomes(branch.otherwise, view)
    found: frozenset[Outcome] = then if condition & {Outcome.MET, Outcome.LAPSED} else frozenset()
    found |= otherwise if Outcome.MISSING in condition else frozenset()
    if Outcome.OPEN in condition:  # where both sides say the same, the condition need not be known
        alike = then & otherwise
        found |= alike if then == otherwise and len(then) == 1 else alike | {Outcome.OPEN}
    return found


def undecidable(subject: Clause | Requirement, view: View) -> bool:
    """Whether a threshold is lacking so that no facts make the clause met."""
    found = outcomes(subject, view)
    return Outcome.OPEN in found and Outcome.MET not in found
