"""A ruleset as a network of facts and of what is derived from them: fact → indicator → criterion → verdict → at risk.

A value enters as where it lies by its threshold: 0 below, 1 on, 2 above. That keeps every comparison, exactly, and is a small
integer whatever the value is: a ratio, a long decimal, a category; and the rules are the same for every column and year. What is
not known is a fact of its own, so that every clause has exactly one status at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
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
# A fact of a node: "v" and where its value lies, "u" where that is not known, or "c" and a code.
Put = tuple[str, int]
_NOT_KNOWN: Put = ("u", 1)
# The places by a threshold that meet it, code 0, and those that do not, code 4: from, to, code.
_EQUAL = ((None, 0, 4), (1, 1, 0), (2, None, 4))
_RANGES = {
    Direction.AT_LEAST: ((None, 0, 4), (1, None, 0)),
    Direction.AT_MOST: ((None, 1, 0), (2, None, 4)),
    Direction.EQUAL: _EQUAL,
    Direction.MET: _EQUAL,
}
# The codes of a clause. What is put together has sums of them, a tally counts; see `deriving`.
_CODES = (0, 1, 2, 4)
_CODES_OF: Mapping[str, Container[int]] = {"together": range(8), "tally": range(10**12)}
# How many facts one rule joins here, and how many the engine can join at all.
_JOINED, _MOST = 8, 16
# What durable-rules takes for a fact and for one that a rule joins, in kilobytes: its structures, twice, as its pools grow by doubling.
_FACT_KB, _JOINED_KB = 18, 20


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


@attrs.frozen(slots=True)
class _Input:
    """A node that is given: the ruleset it is of, the facts that may change it, and how what is known is put."""

    node: int
    ruleset_id: str
    facts: tuple[str, ...]
    read: Callable[[Known, Where], Put]


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
    """The rules for one ruleset, whatever the column and year; for communes with attested verdicts or without."""

    def __init__(self, ruleset: Ruleset, *, attests: bool) -> None:
        self.attests = attests
        self._nodes = 0
        self._inputs: list[_Input] = []
        self._compare: list[tuple[int, int, Direction]] = []
        self._derive: list[tuple[int, str, tuple[Node, ...], dict[str, Any]]] = []
        self._codes: list[int] = []  # the nodes that are given as codes
        self._below = tuple({one.id: one for one in below(ruleset)}.values())
        self._outputs: dict[str, Outputs] = {}
        self.outputs = self._ruleset(ruleset)
        self._by_fact: dict[str, list[_Input]] = {}
        for one in self._inputs:
            for key in one.facts:
                self._by_fact.setdefault(key, []).append(one)
        # About how many kilobytes durable-rules takes for one commune.
        joined = sum(isinstance(part, int) for _, _, parts, _ in self._derive for part in parts)
        facts = len(self._inputs) + len(self._compare) + len(self._derive)
        self.state_kb = facts * _FACT_KB + joined * _JOINED_KB
        self._codes_of: dict[int, Container[int]] = {node: _CODES for node, *_ in self._compare}
        self._codes_of |= {node: _CODES_OF.get(kind, _CODES) for node, kind, *_ in self._derive}

    # -- what goes in

    def wheres(self, known: Known) -> dict[str, Where]:
        """The cells that judge a commune, by ruleset; CommuneError where its region is not known."""
        return {one.id: where_judged(one, known) for one in self._below}

    def inputs(self, known: Known, wheres: Mapping[str, Where], keys: Iterable[str] | None = None) -> dict[str, Put]:
        """What is to be put for everything known, or for some facts that have changed, by node."""
        wanted = self._inputs if keys is None else [one for key in keys for one in self._by_fact.get(key, ())]
        return {str(one.node): one.read(known, wheres[one.ruleset_id]) for one in wanted}

    def program(self) -> dict[str, Any]:
        """The rules as the worker takes them."""
        return {
            "compare": [(node, {"of": one, "ranges": _RANGES[direction]}) for node, one, direction in self._compare],
            "derive": self._derive,
            "codes": self._codes,
        }

    # -- what comes out

    def can_have(self, codes: Mapping[int, int]) -> bool:
        """Whether every node that is derived has a code, and one it can have; no other has one; and sums are those of their parts."""
        if codes.keys() != self._codes_of.keys() or not all(
            codes[node] in known for node, known in self._codes_of.items()
        ):
            return False
        return all(
            codes[node] == derive(kind, [part[0] if isinstance(part, tuple) else codes[part] for part in parts], {})
            for node, kind, parts, _ in self._derive
            if kind == "together"
        )

    # -- nodes

    def _new(self) -> int:
        self._nodes += 1
        return self._nodes

    def _given(self, ruleset: Ruleset, facts: tuple[str, ...], read: Callable[[Known, Where], Put]) -> int:
        node = self._new()
        self._inputs.append(_Input(node, ruleset.id, facts, read))
        return node

    def _compared(
        self, ruleset: Ruleset, facts: tuple[str, ...], direction: Direction, read: Callable[[Known, Where], Put]
    ) -> Node:
        given, node = self._given(ruleset, facts, read), self._new()
        self._compare.append((node, given, direction))
        return node

    def _code(self, ruleset: Ruleset, read: Callable[[Known, Where], int]) -> Node:
        node = self._given(ruleset, (), lambda known, where: ("c", read(known, where)))
        self._codes.append(node)
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
        codes = tuple(self._indicator(ruleset, clause) for clause in clauses_of(ruleset))
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

    def _indicator(self, ruleset: Ruleset, clause: Clause) -> Node:
        measured = self._clause(ruleset, clause)
        if not self.attests:
            return measured
        top = ruleset.id == self._below[0].id

        def attested(known: Known, _: Where) -> int:
            # A number alone speaks of the ruleset judged, and of none below.
            given = {key: said for key, said in known.attested.items() if top or ":" in key}
            verdict = attested_under(ruleset.id, given).get(clause.id)
            return 2 if verdict is None else 0 if verdict else 4

        return self._derived("attested", [measured, self._code(ruleset, attested)])

    def _clause(self, ruleset: Ruleset, clause: Clause) -> Node:
        inner = self._requirement(ruleset, clause.requirement)
        if clause.applies_if is not None:
            inner = self._derived("applies", [self._requirement(ruleset, clause.applies_if), inner])
        columns = clause.columns
        if columns is None:
            return inner
        return self._derived("applies", [self._code(ruleset, lambda _, where: 0 if where[0] in columns else 4), inner])

    def _requirement(self, ruleset: Ruleset, requirement: Requirement) -> Node:
        if isinstance(requirement, Comparison):
            key = requirement.fact
            if not requirement.both_sexes:
                return self._comparison(ruleset, requirement, key)
            keys = (f"{key}.male", f"{key}.female", key)
            return self._derived("sexes", [self._comparison(ruleset, requirement, one) for one in keys])
        if isinstance(requirement, FactComparison):
            return self._fact_comparison(ruleset, requirement)
        if isinstance(requirement, OneOf):
            return self._one_of(ruleset, requirement)
        if isinstance(requirement, Combination):
            parts = [self._clause(ruleset, part) for part in requirement.parts]
            if requirement.needed < len(parts):
                return self._derived("some", parts, needed=requirement.needed)
            return self._grouped("all", parts)
        if isinstance(requirement, Branch):
            condition = self._requirement(ruleset, requirement.condition)
            inner = [self._clause(ruleset, part) for part in (requirement.then, requirement.otherwise)]
            return self._derived("branch", [condition, *inner])
        if isinstance(requirement, RulesetMet):
            threshold = requirement.threshold
            stated = self._code(ruleset, lambda _, where: 0 if _set(threshold.cell(where[0], where[2])) else 2)
            # The code of a verdict, where not applicable counts as met.
            verdict = self._derived("verdict", [self._ruleset(requirement.ruleset).standing])
            return self._derived("applies", [stated, verdict])
        if isinstance(requirement, Unstated):
            return (2,)
        return never(requirement)

    def _comparison(self, ruleset: Ruleset, requirement: Comparison, key: str) -> Node:
        met = requirement.direction is Direction.MET

        def read(known: Known, where: Where) -> Put:
            cell = _set(requirement.threshold.cell(where[0], where[2]))
            if cell is None:
                return _NOT_KNOWN
            held = True if met else cell.value
            return _place(_number(ruleset, key, known.fact), _number(ruleset, key, {key: held}))  # type: ignore[dict-item]

        return self._compared(ruleset, (key,), requirement.direction, read)

    def _fact_comparison(self, ruleset: Ruleset, requirement: FactComparison) -> Node:
        def read(known: Known, where: Where) -> Put:
            cell = _set(requirement.factor.cell(where[0], where[2]))
            other = _number(ruleset, requirement.other, known.fact)
            if cell is None or other is None:
                return _NOT_KNOWN
            factor = Fraction(cell.value)  # type: ignore[arg-type]
            return _place(_number(ruleset, requirement.fact, known.fact), other * factor)

        return self._compared(ruleset, (requirement.fact, requirement.other), requirement.direction, read)

    def _one_of(self, ruleset: Ruleset, requirement: OneOf) -> Node:
        def read(known: Known, where: Where) -> Put:
            value = known.fact.get(requirement.fact)
            if value is None or not _set(requirement.threshold.cell(where[0], where[2])):
                return _NOT_KNOWN
            return "v", int(value in requirement.values)

        return self._compared(ruleset, (requirement.fact,), Direction.AT_LEAST, read)


def _set(cell: Cell | None) -> Cell | None:
    """A cell that holds a threshold."""
    return cell if cell is not None and cell.state is CellState.SET else None


def _place(value: Fraction | None, threshold: Fraction | None) -> Put:
    if value is None or threshold is None:
        return _NOT_KNOWN
    return "v", (value >= threshold) + (value > threshold)
