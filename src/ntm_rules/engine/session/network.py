"""A ruleset as a network of facts and of what is derived from them: fact → indicator → criterion → verdict → at risk.

A value enters as its rank among the thresholds it is held against in this column and year: 2i+1 on the i-th threshold, an even number
between two. That keeps every comparison, exactly, and is a small integer whatever the value is: a ratio, a long decimal, a
category. What is not known is a fact of its own, so that every clause has exactly one status at any moment.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import attrs

from ntm_rules.engine.session.deriving import derive
from ntm_rules.engine.session.judging import Where, clauses_of, where_judged
from ntm_rules.engine.session.state import Known
from ntm_rules.model.assessment import attested_under
from ntm_rules.model.checking import fact_named
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Unstated,
    never,
    requirements_of,
)
from ntm_rules.model.ruleset import Ruleset, Withdrawal, WithdrawalByRuleset
from ntm_rules.model.text import Text
from ntm_rules.model.values import FactValue, exact

__all__ = ["Network", "Node", "Outputs", "below"]

# A node by its number, or a code that is settled already, which needs no fact.
Node = int | tuple[int]
# The lowest and the highest value that meet; None where there is no bound.
Bounds = tuple[Fraction | None, Fraction | None]
# How many facts one rule joins here, and how many the engine can join at all.
_JOINED, _MOST = 8, 16


def below(ruleset: Ruleset) -> Iterator[Ruleset]:
    """A ruleset and all that it rests on."""
    yield ruleset
    for clause in clauses_of(ruleset):
        for requirement in requirements_of(clause):
            if isinstance(requirement, RulesetMet):
                yield from below(requirement.ruleset)
    if isinstance(ruleset.withdrawal, WithdrawalByRuleset):
        yield from below(ruleset.withdrawal.ruleset)


@attrs.frozen(slots=True)
class Outputs:
    """The nodes of what a ruleset says."""

    codes: tuple[Node, ...]
    criteria: tuple[Node, ...]
    verdict: Node
    standing: Node
    recognition: Node
    at_risk: Node


@attrs.define
class _Input:
    """A value held against thresholds: the fact, the other fact and factor where there is one, the thresholds found so far."""

    node: int
    fact: str
    other: str | None = None
    factor: Fraction = Fraction(1)
    cuts: list[Fraction] = attrs.field(factory=list)

    def rank(self, known: Mapping[str, FactValue], ruleset: Ruleset) -> tuple[str, int]:
        value = _number(ruleset, self.fact, known)
        if self.other is not None and value is not None:
            other = _number(ruleset, self.other, known)
            value = None if other is None else value - other * self.factor
        if value is None:
            return "u", 1
        place = bisect.bisect_left(self.cuts, value)
        return "v", 2 * place + (place < len(self.cuts) and self.cuts[place] == value)


def _number(ruleset: Ruleset, key: str, known: Mapping[str, FactValue]) -> Fraction | None:
    value = known.get(key)
    if value is None:
        return None
    if isinstance(value, bool):
        return Fraction(int(value))
    if isinstance(value, str):
        fact = fact_named(ruleset.catalogue, key)
        assert fact is not None
        return Fraction(fact.values.index(value))
    return exact(value)


class Network:
    """The rules for one ruleset, column and year; for communes with attested verdicts or without."""

    def __init__(self, ruleset: Ruleset, known: Known) -> None:
        self.ruleset, self.attests = ruleset, bool(known.attested)
        self._nodes = 0
        self._inputs: dict[tuple[Any, ...], _Input] = {}
        self._compare: list[tuple[int, _Input, list[Bounds]]] = []
        self._derive: list[tuple[int, str, tuple[Node, ...], dict[str, Any]]] = []
        # Nodes of attested verdicts, by ruleset and number.
        self._attested: dict[tuple[str, str], int] = {}
        self._known = known
        self._outputs: dict[str, Outputs] = {}
        self.outputs = self._ruleset(ruleset)
        self._by_fact: dict[str, list[_Input]] = {}
        for one in self._inputs.values():
            one.cuts.sort()
            for key in (one.fact, one.other):
                if key is not None:
                    self._by_fact.setdefault(key, []).append(one)

    # -- what goes in

    def inputs(self, known: Known, keys: Iterable[str] | None = None) -> dict[str, tuple[str, int]]:
        """What is to be put for everything known, or for some facts that have changed, by node."""
        every = self._inputs.values()
        wanted = every if keys is None else [one for key in keys for one in self._by_fact.get(key, ())]
        found = {str(one.node): one.rank(known.fact, self.ruleset) for one in wanted}
        if keys is None and self.attests:
            for (ruleset_id, number), node in self._attested.items():
                given = known.attested
                if ruleset_id != self.ruleset.id:  # a number alone speaks of the ruleset judged, and of none below
                    given = {key: verdict for key, verdict in given.items() if ":" in key}
                verdict = attested_under(ruleset_id, given).get(number)
                found[str(node)] = ("c", 2 if verdict is None else 0 if verdict else 4)
        return found

    def program(self) -> dict[str, Any]:
        """The rules as the worker takes them."""
        return {
            "compare": [
                (node, {"of": one.node, "ranges": list(_ranges(one, met))}) for node, one, met in self._compare
            ],
            "derive": self._derive,
            "codes": list(self._attested.values()),
        }

    # -- nodes

    def _new(self) -> int:
        self._nodes += 1
        return self._nodes

    def _input(self, fact: str, other: str | None = None, factor: Fraction = Fraction(1)) -> _Input:
        key = (fact, other, factor)
        if key not in self._inputs:
            self._inputs[key] = _Input(self._new(), fact, other, factor)
        return self._inputs[key]

    def _compared(self, one: _Input, direction: Direction, threshold: Fraction) -> Node:
        met = {
            Direction.AT_LEAST: (threshold, None),
            Direction.AT_MOST: (None, threshold),
        }.get(direction, (threshold, threshold))
        return self._one_of(one, [met])

    def _one_of(self, one: _Input, met: list[Bounds]) -> Node:
        one.cuts += {cut for bounds in met for cut in bounds if cut is not None and cut not in one.cuts}
        node = self._new()
        self._compare.append((node, one, met))
        return node

    def _grouped(self, kind: str, parts: Iterable[Node]) -> Node:
        """The same derived from groups, and from groups of groups, where there are more than can be joined at once."""
        parts = tuple(parts)
        while len(parts) > _JOINED:
            groups = (parts[first : first + _JOINED] for first in range(0, len(parts), _JOINED))
            parts = tuple(self._derived(kind, group) for group in groups)
        return self._derived(kind, parts)

    def _derived(self, kind: str, parts: Iterable[Node], **options: Any) -> Node:
        parts = tuple(parts)
        if len(parts) > _MOST:
            message = Text("quá nhiều phần cho durable-rules", "too many parts for durable-rules")
            wanted = Text(f"tối đa {_MOST}", f"at most {_MOST}")
            raise NtmRulesError([Problem(code="engine_limit", found=str(len(parts)), message=message, wanted=wanted)])
        if all(isinstance(part, tuple) for part in parts):
            return (derive(kind, [part[0] for part in parts if isinstance(part, tuple)], options),)
        node = self._new()
        self._derive.append((node, kind, parts, options))
        return node

    # -- a ruleset

    def _ruleset(self, ruleset: Ruleset) -> Outputs:
        found = self._outputs.get(ruleset.id)
        if found is None:
            found = self._outputs[ruleset.id] = self._outputs_of(ruleset)
        return found

    def _outputs_of(self, ruleset: Ruleset) -> Outputs:
        where = where_judged(ruleset, self._known)
        codes = tuple(self._indicator(ruleset, clause, where) for clause in clauses_of(ruleset))
        each = iter(codes)
        criteria = tuple(
            self._grouped("together", [next(each) for _ in criterion.indicators]) for criterion in ruleset.criteria
        )
        conditions = [next(each) for _ in ruleset.conditions]
        verdict = self._grouped("together", [*criteria, (0 if ruleset.complete else 2,)])
        standing = self._grouped("together", [verdict, *each])
        recognition = self._grouped("together", [standing, *conditions])
        return Outputs(codes, criteria, verdict, standing, recognition, self._at_risk(ruleset, criteria))

    def _at_risk(self, ruleset: Ruleset, criteria: tuple[Node, ...]) -> Node:
        rule = ruleset.withdrawal
        if isinstance(rule, WithdrawalByRuleset):
            return self._ruleset(rule.ruleset).at_risk
        if not isinstance(rule, Withdrawal) or (not ruleset.complete and ruleset.criteria_total is None):
            return (2,)
        numbers = [criterion.no for criterion in ruleset.criteria]
        tallies = [
            self._derived(
                "tally",
                criteria[first : first + _JOINED],
                keys=[place for place, no in enumerate(numbers[first : first + _JOINED]) if no in rule.key_criteria],
            )
            for first in range(0, len(criteria), _JOINED)
        ]
        return self._derived(
            "at_risk",
            tallies,
            unseen=max(0, (ruleset.criteria_total or 0) - len(criteria)),
            total=ruleset.criteria_total or len(criteria) or 1,
            any_share=rule.any_share.as_integer_ratio(),
            key_share=rule.key_share.as_integer_ratio(),
        )

    def _indicator(self, ruleset: Ruleset, clause: Clause, where: Where) -> Node:
        measured = self._clause(ruleset, clause, where)
        if not self.attests:
            return measured
        node = self._attested[ruleset.id, clause.id] = self._new()
        return self._derived("attested", [measured, node])

    def _clause(self, ruleset: Ruleset, clause: Clause, where: Where) -> Node:
        if clause.columns is not None and where[0] not in clause.columns:
            return (1,)
        inner = self._requirement(ruleset, clause.requirement, where)
        if clause.applies_if is None:
            return inner
        return self._derived("applies", [self._requirement(ruleset, clause.applies_if, where), inner])

    def _requirement(self, ruleset: Ruleset, requirement: Requirement, where: Where) -> Node:
        if isinstance(requirement, Comparison):
            return self._comparison(ruleset, requirement, where)
        if isinstance(requirement, FactComparison):
            cell = requirement.factor.cell(where[0], where[2])
            if cell is None or not _set(cell):
                return (2,)
            one = self._input(requirement.fact, requirement.other, Fraction(cell.value))  # type: ignore[arg-type]
            return self._compared(one, requirement.direction, Fraction(0))
        if isinstance(requirement, OneOf):
            if not _set(requirement.threshold.cell(where[0], where[2])):
                return (2,)
            values = (_number(ruleset, requirement.fact, {requirement.fact: value}) for value in requirement.values)
            return self._one_of(self._input(requirement.fact), [(value, value) for value in values])
        if isinstance(requirement, Combination):
            parts = [self._clause(ruleset, part, where) for part in requirement.parts]
            if requirement.needed < len(parts):
                return self._derived("some", parts, needed=requirement.needed)
            return self._grouped("all", parts)
        if isinstance(requirement, Branch):
            condition = self._requirement(ruleset, requirement.condition, where)
            inner = [self._clause(ruleset, part, where) for part in (requirement.then, requirement.otherwise)]
            return self._derived("branch", [condition, *inner])
        if isinstance(requirement, RulesetMet):
            if not _set(requirement.threshold.cell(where[0], where[2])):
                return (2,)
            # The code of a verdict, where not applicable counts as met.
            return self._derived("verdict", [self._ruleset(requirement.ruleset).standing])
        if isinstance(requirement, Unstated):
            return (2,)
        return never(requirement)

    def _comparison(self, ruleset: Ruleset, requirement: Comparison, where: Where) -> Node:
        cell = requirement.threshold.cell(where[0], where[2])
        if cell is None or not _set(cell):
            return (2,)
        key, direction = requirement.fact, requirement.direction
        if direction is Direction.MET:
            return self._compared(self._input(key), Direction.EQUAL, Fraction(1))
        value = cell.value
        threshold = _number(ruleset, key, {key: value})  # type: ignore[dict-item]
        assert threshold is not None
        if not requirement.both_sexes:
            return self._compared(self._input(key), direction, threshold)
        keys = (f"{key}.male", f"{key}.female", key)
        return self._derived("sexes", [self._compared(self._input(one), direction, threshold) for one in keys])


def _set(cell: Cell | None) -> bool:
    return cell is not None and cell.state is CellState.SET


def _ranges(one: _Input, met: Iterable[Bounds]) -> Iterator[tuple[int | None, int | None, int]]:
    """The ranges of ranks that meet, code 0, and those around them that do not, code 4."""

    def rank(cut: Fraction | None) -> int | None:
        return None if cut is None else 2 * one.cuts.index(cut) + 1

    below: int | None = None  # the lowest rank not yet spoken of; None: of all ranks
    for low, high in sorted({(rank(low), rank(high)) for low, high in met}, key=lambda bounds: bounds[0] or 0):
        if low is not None and (below is None or below < low):
            yield below, low - 1, 4
        yield low, high, 0
        if high is None:
            return
        below = high + 1
    yield below, None, 4
