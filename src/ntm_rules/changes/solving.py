"""One z3 solver for a whole inquiry: every formula is put to it once, under a name, and a question is a set of names.

Most clauses say the same in most places, so that most questions have been answered before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import z3

from ntm_rules.changes.encoding import Facts, Outcomes, Reading, Spot, Term, outcomes_of, reach_of
from ntm_rules.changes.places import LISTS, Place, clauses_in, parts_of, table_of, tops
from ntm_rules.model.requirement import CellState, Clause, FactComparison, RulesetMet
from ntm_rules.model.ruleset import Ruleset

__all__ = ["NotDecided", "Solver"]

Key = TypeVar("Key")
MILLISECONDS = 20_000


class NotDecided(Exception):  # noqa: N818  # no error: a question that the solver gave up on
    """The solver did not decide within its time."""


class Solver:
    """The formulas of some rulesets, and what a commune's facts can be under them."""

    def __init__(self, rulesets: Sequence[Ruleset]) -> None:
        self.rulesets = rulesets
        self.facts = Facts(reach_of(rulesets))
        self._z3 = z3.SimpleSolver(ctx=self.facts.context)
        self._z3.set("timeout", MILLISECONDS)
        self._limits = 0
        self._lists = {id(clause): name for each in rulesets for name in LISTS for clause in getattr(each, name)}
        held = [part for each in rulesets for clause in tops(each) for _, part in parts_of(clause)]
        self.multiples = [(part.fact, part.other) for part in held if isinstance(part, FactComparison)]
        self._requiring = {id(clause) for each in rulesets for clause in tops(each) if _requires_another(clause)}
        provinces = {each.province for each in rulesets} - {None}
        self._provinces = len(provinces) > 1  # what each of them leaves open is not the same
        self._columns: dict[Place, tuple[str, ...]] = {}
        self._said: dict[Any, tuple[int, bool]] = {}
        self._sayings: dict[Any, int] = {}
        self._outcomes: dict[Any, Outcomes] = {}
        self._names: dict[int, z3.BoolRef] = {}
        self._named: list[Term] = []  # z3 gives the number of a term that is gone to another: they are kept
        self._answers: dict[frozenset[int], bool] = {}

    def outcomes(
        self, ruleset: Ruleset, clause: Clause, place: Place, reading: Reading, *, free: bool = False
    ) -> Outcomes:
        """What the facts allow a clause to be at a place; made once for all places of which the tables say the same."""
        columns = self._columns_of(place)
        column = ruleset.column_for(place.region, place.zones)
        said, known = self._said_of(clause, column, columns, place)
        if known:  # then every reading is the same
            reading, free = Reading.ANY, False
        named = not known and reading is Reading.ANY and len(set(columns)) > 1
        apart = (column,) if named else ()
        # Other rulesets that a clause requires to be met are judged by columns of their own.
        judging = columns if named and id(clause) in self._requiring else apart
        key = (id(ruleset), id(clause), judging, said, reading, free)
        found = self._outcomes.get(key)
        if found is None:
            spot = Spot(
                facts=self.facts,
                ruleset=ruleset,
                place=place,
                column=column,
                reading=reading,
                clauses_of=lambda other: [
                    self.outcomes(other, each, place, reading) for each in (*other.indicators, *other.prerequisites)
                ],
                path=(self._lists[id(clause)],),
                apart=(*apart, str(ruleset.province)) if self._provinces else apart,
                free=free,
            )
            found = self._outcomes[key] = outcomes_of(clause, spot)
        return found

    def _said_of(self, clause: Clause, column: str, columns: tuple[str, ...], place: Place) -> tuple[int, bool]:
        """A number for what the tables say of a clause at a place, and whether it is all known."""
        key = (id(clause), column, columns, place.year)
        found = self._said.get(key)
        if found is None:
            said = tuple(_said(clause, column, place))
            known = all(whether for whether, _ in said)
            found = self._said[key] = self._sayings.setdefault(said, len(self._sayings)), known
        return found

    def _columns_of(self, place: Place) -> tuple[str, ...]:
        """The column of each ruleset that judges a place."""
        if place not in self._columns:
            self._columns[place] = tuple(each.column_for(place.region, place.zones) for each in self.rulesets)
        return self._columns[place]

    def possible(self, terms: Iterable[Term]) -> bool:
        """Whether some facts make all terms true; NotDecided where the solver gave up."""
        kept = [term for term in terms if not isinstance(term, bool) or not term]
        if any(isinstance(term, bool) for term in kept):
            return False
        asked = frozenset(term.get_id() for term in kept if not isinstance(term, bool))
        if asked not in self._answers:
            self._answers[asked] = self._check([self._name(term) for term in kept])
        return self._answers[asked]

    def conflict(self, fixed: Iterable[Term], items: Mapping[Key, Term]) -> list[Key] | None:
        """The items that cannot all be true beside the fixed terms; None where they can, empty where the fixed terms cannot."""
        always = [self._name(term) for term in fixed]
        names = {key: self._name(term) for key, term in items.items()}
        if self._check([*always, *names.values()]):
            return None
        core = {literal.get_id() for literal in self._z3.unsat_core()}
        return [key for key, name in names.items() if name.get_id() in core]

    def value(self, key: str) -> Any:
        """The value of a fact in what was found possible last."""
        return self._z3.model().eval(self.facts.terms[key], model_completion=True)

    def _name(self, term: Term) -> z3.BoolRef:
        """The name under which a term stands: where the name is true, so is the term. What is not asked about stays free."""
        if isinstance(term, bool):
            term = z3.BoolVal(term, self.facts.context)
        known = self._names.get(term.get_id())
        if known is None:
            known = self._names[term.get_id()] = z3.Bool(f"#{len(self._names)}", self.facts.context)
            self._z3.add(z3.Implies(known, term))
            self._named += [term, known]
        return known

    def _check(self, names: list[z3.BoolRef]) -> bool:
        limits = self.facts.limits
        self._z3.add(*limits[self._limits :])
        self._limits = len(limits)
        answer = self._z3.check(*names)
        if answer == z3.unknown:
            raise NotDecided(self._z3.reason_unknown())
        return bool(answer == z3.sat)


def _requires_another(clause: Clause) -> bool:
    return any(isinstance(requirement, RulesetMet) for _, requirement in parts_of(clause))


def _said(clause: Clause, column: str, place: Place) -> Iterator[tuple[bool, Any]]:
    """All that the tables say of a clause at a place, each with whether it is known: in which columns it and its parts are asked,
    its cells, other rulesets required.
    """
    for each in clauses_in(clause):
        yield True, each.columns is None or column in each.columns
    for _, requirement in parts_of(clause):
        table = table_of(requirement)
        cell = table.cell(column, place.year) if table is not None else None
        yield cell is not None and cell.state is CellState.SET, cell and (cell.state, cell.value)
        if isinstance(requirement, RulesetMet):
            other = requirement.ruleset
            inside = other.column_for(place.region, place.zones)
            yield other.complete, None
            for top in tops(other):
                yield from _said(top, inside, place)
