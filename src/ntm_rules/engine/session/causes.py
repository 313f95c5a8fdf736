"""Because of which changes something is said otherwise of a commune."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ntm_rules.engine.native import DETAILS
from ntm_rules.engine.session.judging import (
    Judged,
    assessment_of,
    clauses_of,
    named_facts,
    rulesets_below,
    where_judged,
    without_sex,
)
from ntm_rules.engine.session.state import Change, Known
from ntm_rules.model.assessment import Assessment, attested_under
from ntm_rules.model.errors import CommuneError
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import Ruleset, WithdrawalByRuleset

__all__ = ["Causes"]

Then = tuple[Judged | Assessment, Known]


class Causes:
    """What brought about the differences between two moments of a commune under one ruleset.

    A clause is judged otherwise because of a fact that it names, a verdict on it, or what has moved the commune to other cells; the
    same of a ruleset that it requires. All else has the causes of the clauses it follows from, as far as they are judged otherwise.
    """

    def __init__(self, before: Then, after: Then, changes: tuple[Change, ...]) -> None:
        (old, self._before), (new, self._after) = before, after
        self._old, self._new = old, new
        self._ruleset = new.ruleset
        # A confirmation, of what is known already, brings nothing about.
        self._changes = [change for change in changes if change.old != change.new]
        # Of an assessment the indicators alone.
        both = zip(clauses_of(new.ruleset)[: len(new.codes)], old.codes, new.codes, strict=True)
        self._changed = {clause.id for clause, was, now in both if was != now}
        self._moving: dict[str, frozenset[str]] = {}

    def of(self, clauses: tuple[Clause, ...]) -> tuple[Change, ...]:
        """The causes of what follows from some clauses, or of one clause, in the order of the changes."""
        behind = [clause for clause in clauses if len(clauses) == 1 or clause.id in self._changed]
        found = {change.sequence for clause in behind for change in self._of_clause(clause)}
        return tuple(change for change in self._changes if change.sequence in found)

    def of_planned(self) -> tuple[Change, ...]:
        """The causes of what the ruleset would say of planned values; no indicator need be judged otherwise for that."""
        clauses = (*self._ruleset.indicators, *self._ruleset.prerequisites)
        named = set().union(*map(named_facts, clauses))
        found = {change.sequence for clause in clauses for change in self._of_clause(clause)}
        found |= {
            change.sequence for change in self._changes if change.kind == "plan" and without_sex(change.key) in named
        }
        return tuple(change for change in self._changes if change.sequence in found)

    def of_title(self) -> tuple[Change, ...]:
        """The causes of a title's being at risk or no longer, which may hang on the criteria of another ruleset."""
        withdrawal = self._ruleset.withdrawal
        if not isinstance(withdrawal, WithdrawalByRuleset):
            return self.of(self._ruleset.indicators)
        other = withdrawal.ruleset
        # A number alone speaks of the ruleset judged, and of none below.
        changes = tuple(change for change in self._changes if change.kind != "attested" or ":" in change.key)
        old, new = (
            (DETAILS.under(_whole(judged, known), other), known)
            for judged, known in ((self._old, self._before), (self._new, self._after))
        )
        return Causes(old, new, changes).of_title()

    def _of_clause(self, clause: Clause) -> Iterable[Change]:
        facts, below = named_facts(clause), tuple(rulesets_below((clause,)))
        for change in self._changes:
            if change.kind == "attested":
                own = clause.id in attested_under(self._ruleset.id, {change.key: True})
            else:
                own = change.kind == "identity" and change.key in self._moved_by(self._ruleset)
            if own or self._speaks_of(change, facts, below):
                yield change

    def _speaks_of(self, change: Change, facts: Collection[str], rulesets: Iterable[Ruleset]) -> bool:
        if change.kind == "fact":
            return without_sex(change.key) in facts
        if change.kind == "attested":  # a number alone speaks of the ruleset judged, and of none below
            return change.key.rpartition(":")[0] in {ruleset.id for ruleset in rulesets}
        return change.kind == "identity" and any(change.key in self._moved_by(ruleset) for ruleset in rulesets)

    def _moved_by(self, ruleset: Ruleset) -> frozenset[str]:
        """What, of who and where the commune is, has moved it to other cells of a ruleset."""
        if ruleset.id not in self._moving:
            try:
                old, new = where_judged(ruleset, self._before), where_judged(ruleset, self._after)
            except CommuneError:  # one below that cannot judge it
                old = new = ("", None, None)
            place = {"region", "province", "zone"} if old[:2] != new[:2] else set()
            self._moving[ruleset.id] = frozenset(place | ({"year"} if old[2] != new[2] else set()))
        return self._moving[ruleset.id]


def _whole(judged: Judged | Assessment, known: Known) -> Assessment:
    return assessment_of(judged, known.commune()) if isinstance(judged, Judged) else judged
