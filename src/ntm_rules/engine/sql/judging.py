"""The meaning of requirements in SQL: each clause a code (0 met, 1 not applicable, 2 undetermined, 4 missing) and a reason.

SQL's own three values do the work of a comparison: a fact or threshold that is NULL makes it neither true nor false, and the
code 2 is what is left. `reference` says the same in words one can read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.places import Outcome, Places
from ntm_rules.engine.sql.sources import COMPARED_FACT, FACTOR, Facts, of_denominator
from ntm_rules.engine.sql.terms import (
    all_of,
    any_of,
    case,
    column,
    decimal,
    greatest,
    is_null,
    known,
    negated,
    number,
    one_of,
    text,
)
from ntm_rules.model.assessment import Reason
from ntm_rules.model.facts import SEXES
from ntm_rules.model.requirement import (
    Branch,
    Clause,
    Combination,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Threshold,
    Unstated,
    never,
)
from ntm_rules.model.ruleset import Ruleset

__all__ = ["COMPARED", "FAILED", "Judged", "Judging", "Node", "compared", "judging"]

COMPARED: dict[Direction, type[exp.Binary]] = {
    Direction.AT_LEAST: exp.GTE,
    Direction.AT_MOST: exp.LTE,
    Direction.EQUAL: exp.EQ,
}
FAILED: dict[Direction, type[exp.Binary]] = {
    Direction.AT_LEAST: exp.LT,
    Direction.AT_MOST: exp.GT,
    Direction.EQUAL: exp.NEQ,
}


@attrs.frozen(slots=True)
class Node:
    """A status as SQL: its code, why it is undetermined (NULL where it is not), and the step whose columns both read."""

    code: exp.Expr
    reason: exp.Expr
    step: int


@attrs.frozen(slots=True)
class Judged:
    """A ruleset as nodes: its indicators and conditions by id, its criteria by number, its verdict, its prerequisites, and whether the tier is reached.

    `measured` are indicators, conditions and prerequisites by the facts alone; `attested` the verdicts of agencies on some of them,
    and `conflicts` whether the facts speak against each.
    """

    ruleset: Ruleset
    places: Places
    measured: dict[str, Node]
    attested: dict[str, exp.Expr]
    conflicts: dict[str, exp.Expr]
    indicators: dict[str, Node]
    conditions: dict[str, Node]
    prerequisites: dict[str, Node]
    criteria: dict[str, Node]
    verdict: Node
    standing: Node
    recognition: Node


@attrs.define
class Judging:
    """Writes rulesets as steps: each step names columns that later ones read. `ruleset` is the one asked about."""

    ruleset: Ruleset
    facts: Facts
    strict: bool
    threshold_year: int | None
    reasons: bool
    steps: list[dict[str, exp.Expr]] = attrs.field(factory=list)
    rulesets: dict[tuple[str, bool], Judged] = attrs.field(factory=dict)

    def keep(self, name: str, node: Node) -> Node:
        """The node as columns of its own, so that what reads it does not repeat it."""
        code, reason = node.code, node.reason
        while len(self.steps) <= node.step:
            self.steps.append({})
        kept = self.steps[node.step]
        if not isinstance(code, (exp.Literal, exp.Column)):
            kept[name], code = code, column(name)
        if self.reasons and not isinstance(reason, (exp.Literal, exp.Column, exp.Null)):
            kept[f"{name} reason"], reason = reason, column(f"{name} reason")
        return Node(code, reason, node.step + 1)


def judging(judging: Judging, ruleset: Ruleset, *, strict: bool) -> Judged:
    """Write a ruleset into the steps, once strictly and once not, and every ruleset that it requires."""
    found = judging.rulesets.get((ruleset.id, strict))
    if found is None:
        found = judging.rulesets[ruleset.id, strict] = _Ruleset(judging, ruleset, strict).judged()
    return found


class _Ruleset:
    """One ruleset written into the steps of a query."""

    def __init__(self, judging: Judging, ruleset: Ruleset, strict: bool) -> None:
        self.judging, self.ruleset, self.strict = judging, ruleset, strict
        self.asked_about = ruleset.id == judging.ruleset.id
        # No column of the source begins so, and no clause has a name with a space, as criteria and verdicts have here.
        loosely = "" if strict == judging.strict else "loosely "
        self.prefix = f"{loosely}{'status' if self.asked_about else ruleset.id}:"
        self.places = Places(ruleset, self.prefix, strict, judging.threshold_year, judging.facts)
        tops = (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)
        self.names = {top.id for top in tops}
        self.measured: dict[str, Node] = {}
        self.attested: dict[str, exp.Expr] = {}
        self.conflicts: dict[str, exp.Expr] = {}

    def judged(self) -> Judged:
        """Every clause, criterion and verdict of the ruleset."""
        ruleset = self.ruleset
        indicators = {clause.id: self._top(clause) for clause in ruleset.indicators}
        conditions = {clause.id: self._top(clause) for clause in ruleset.conditions}
        prerequisites = {clause.id: self._top(clause) for clause in ruleset.prerequisites}
        criteria = {
            criterion.no: self._worst(f" criterion {criterion.no}", [indicators[i.id] for i in criterion.indicators])
            for criterion in ruleset.criteria
        }
        verdict = self._worst(" verdict", list(criteria.values()), 0 if ruleset.complete else 2)
        standing = self._worst(" standing", [verdict, *prerequisites.values()])
        recognition = self._worst(" recognition", [standing, *conditions.values()])
        return Judged(
            ruleset=ruleset,
            places=self.places,
            measured=self.measured,
            attested=self.attested,
            conflicts=self.conflicts,
            indicators=indicators,
            conditions=conditions,
            prerequisites=prerequisites,
            criteria=criteria,
            verdict=verdict,
            standing=standing,
            recognition=recognition,
        )

    def _top(self, clause: Clause) -> Node:
        """An indicator, condition or prerequisite: measured, else attested (docs/semantics.md)."""
        named = f"{self.ruleset.id}:{clause.id}"
        verdict = self.judging.facts.attested(*((named, clause.id) if self.asked_about else (named,)))
        if verdict is None:
            node = self.measured[clause.id] = self._kept(clause, clause.id)
            return node
        measured = self.judging.keep(f"{self.prefix}{clause.id} measured", self._clause(clause, clause.id))
        self.measured[clause.id], self.attested[clause.id] = measured, verdict
        loose = judging(self.judging, self.ruleset, strict=False).measured[clause.id] if self.strict else measured
        against = any_of(
            [
                all_of([_is(loose, 4), verdict]),
                all_of([exp.LT(this=loose.code.copy(), expression=number(2)), exp.Not(this=verdict.copy())]),
            ]
        )
        self.conflicts[clause.id] = against
        decided = (exp.NEQ(this=measured.code.copy(), expression=number(2)), measured.code.copy())
        # Strict evaluation decides neither by an unconfirmed threshold nor, where one speaks against the agency, by its word.
        doubted = [(against.copy(), number(2))] if self.strict else []
        said = ((verdict.copy(), number(0)), (exp.Not(this=verdict.copy()), number(4)))
        code = case(decided, *doubted, *said, otherwise=number(2))
        unconfirmed = [(against.copy(), text(Reason.UNCONFIRMED.value))] if self.strict else []
        reason = case((decided[0].copy(), exp.null()), *unconfirmed, (is_null(verdict), measured.reason))
        return self.judging.keep(f"{self.prefix}{clause.id}", Node(code, reason, max(measured.step, loose.step)))

    def _kept(self, clause: Clause, name: str) -> Node:
        return self.judging.keep(f"{self.prefix}{name}", self._clause(clause, name))

    def _parts(self, parts: Sequence[Clause]) -> list[Node]:
        return [self._kept(part, self._free(part.id)) for part in parts]

    def _free(self, name: str) -> str:
        """A name that no other clause has: parts of parts may repeat each other's letters."""
        while name in self.names:
            name += "'"
        self.names.add(name)
        return name

    def _worst(self, name: str, nodes: Sequence[Node], least: int = 0) -> Node:
        """Missing where any is missing, else undetermined where any is, else met."""
        codes = [node.code for node in nodes] + ([number(least)] if least else [])
        worst = greatest(codes)
        step = max((node.step for node in nodes), default=0)
        return self.judging.keep(f"{self.prefix}{name}", Node(worst, exp.null(), step))

    # -- clauses

    def _clause(self, clause: Clause, name: str) -> Node:
        if clause.columns is not None:
            node = self._applied(clause, name)
            asked = [place.name for place in self.places.places if place.column in clause.columns]
            if len(asked) == len(self.places.places):
                return node
            doubted = [p.name for p in self.places.places if p.doubted and p.column not in clause.columns]
            places = self.places.term
            branches = [(one_of(places, map(text, asked)), node.code)] if asked else []
            reasons = [(one_of(places, map(text, asked)), node.reason)] if asked else []
            if doubted:
                branches.append((one_of(places, map(text, doubted)), number(2)))
                reasons.append((one_of(places, map(text, doubted)), text(Reason.UNCONFIRMED.value)))
            code = case(*branches, otherwise=number(1)) if branches else number(1)
            return Node(code, case(*reasons) if reasons else exp.null(), node.step)
        return self._applied(clause, name)

    def _applied(self, clause: Clause, name: str) -> Node:
        if clause.applies_if is None:
            return self._requirement(clause.requirement, name)
        keep = self.judging.keep
        asked = keep(
            f"{self.prefix}{name} applies", self._requirement(clause.applies_if, f"{name} applies", doubt=False)
        )
        inner = keep(f"{self.prefix}{name} required", self._requirement(clause.requirement, name))
        code = case((_is(asked, 4), number(1)), (_is(asked, 2), number(2)), otherwise=inner.code)
        reason = case((_is(asked, 4), exp.null()), (_is(asked, 2), asked.reason), otherwise=inner.reason)
        return Node(code, reason, max(asked.step, inner.step))

    def _requirement(self, requirement: Requirement, name: str, *, doubt: bool = True) -> Node:
        if isinstance(requirement, Comparison):
            return self._comparison(requirement, name, doubt)
        if isinstance(requirement, FactComparison):
            return self._fact_comparison(requirement, name, doubt)
        if isinstance(requirement, OneOf):
            code = self._among(requirement.fact, requirement.values)
            return self._decided(requirement.threshold, code, self._no_fact(requirement.fact), doubt)
        if isinstance(requirement, Combination):
            return self._combination(requirement, name)
        if isinstance(requirement, Branch):
            return self._branch(requirement, name)
        if isinstance(requirement, RulesetMet):
            return self._ruleset_met(requirement)
        if isinstance(requirement, Unstated):
            return Node(number(2), text(Reason.NO_THRESHOLD.value), 0)
        return never(requirement)

    # -- requirements without parts

    def _given(self, *keys: str) -> list[str]:
        """The columns that the source has of facts."""
        return [name for name in self.judging.facts.columns if name in keys or name.rpartition(".")[0] in keys]

    def _no_fact(self, *keys: str) -> exp.Expr:
        """The reason of a comparison that is not decided for want of a fact."""
        facts = self.judging.facts
        lacking = []
        for key in keys:
            given = ([known(facts.plain(key))] if facts.has_number(key) else []) + (
                [known(column(f"{key}.denominator"))] if facts.has_ratio(key) else []
            )
            lacking.append(negated(any_of(given)))
        return case((any_of(lacking), text(Reason.NO_FACT.value)))

    def _decided(self, threshold: Threshold, code: exp.Expr, no_fact: exp.Expr, doubt: bool) -> Node:
        """A code that holds wherever the threshold is set and decides."""
        outcomes = self.places.outcomes(threshold, doubt=doubt)

        def code_of(outcome: Outcome) -> exp.Expr:
            return code if outcome.reason is None else number(2)

        def reason_of(outcome: Outcome) -> exp.Expr:
            return no_fact if outcome.reason is None else text(outcome.reason.value)

        return Node(self.places.by_outcome(outcomes, code_of), self.places.by_outcome(outcomes, reason_of), 0)

    def _among(self, key: str, values: Sequence[str]) -> exp.Expr:
        """The code of a category that must be one of several values."""
        if not self.judging.facts.has_number(key):
            return number(2)
        fact = column(key)
        allowed = one_of(fact, [text(value) for value in values])
        return case((allowed, number(0)), (known(fact), number(4)), otherwise=number(2))

    def _comparison(self, requirement: Comparison, name: str, doubt: bool) -> Node:
        key, direction = requirement.fact, requirement.direction
        fact = self.judging.facts.fact(key)
        outcomes = self.places.outcomes(requirement.threshold, doubt=doubt)
        wanted = tuple(f"{key}.{sex}" for sex in SEXES) if requirement.both_sexes else (key,)
        no_fact = self._no_fact(*wanted)
        if fact.kind.is_number:
            # Of doubles, thresholds are doubles too: to cast them row by row takes longer than to compare.
            doubles = not self.judging.reasons and self.judging.facts.doubles.issuperset(self._given(*wanted, key))
            threshold = self.places.number_of(name, outcomes, doubles=doubles)
            held = {each: self._held(each, direction, threshold) for each in (*wanted, key)}
        else:
            held = {each: self._by_value(each, direction, outcomes) for each in (*wanted, key)}
        if requirement.both_sexes:
            code, step = self._both_sexes(requirement, name, held)
        else:
            code, step = held[key], 0

        def reason_of(outcome: Outcome) -> exp.Expr:
            return text(outcome.reason.value) if outcome.reason is not None else no_fact

        reason = self.places.by_outcome(outcomes, reason_of)
        if requirement.both_sexes:  # a sex or the total that fails decides, though the other is not known
            reason = case((exp.EQ(this=code, expression=number(2)), reason))
        return Node(code, reason, step)

    def _both_sexes(self, requirement: Comparison, name: str, held: dict[str, exp.Expr]) -> tuple[exp.Expr, int]:
        """Men and women each; a total below the threshold proves that one of them is."""
        key, keep = requirement.fact, self.judging.keep
        men, women, total = (
            keep(f"{self.prefix}{name} {word}", Node(held[fact], exp.null(), 0)).code
            for word, fact in (("male", f"{key}.male"), ("female", f"{key}.female"), ("total", key))
        )
        code = case(
            (any_of([_equal(men, 4), _equal(women, 4)]), number(4)),
            (all_of([_equal(men, 0), _equal(women, 0)]), number(0)),
            (_equal(total, 4), number(4)),
            otherwise=number(2),
        )
        return code, 1

    def _by_value(self, key: str, direction: Direction, outcomes: dict[tuple[str, int | None], Outcome]) -> exp.Expr:
        """The code of a yes or no, or of a category by its place in ascending order."""
        facts = self.judging.facts
        if not facts.has_number(key):
            return number(2)
        fact, values = column(key), facts.fact(key).values

        def code(outcome: Outcome) -> exp.Expr:
            value = outcome.value
            if outcome.reason is not None:
                return number(2)
            if isinstance(value, str):
                rank = values.index(value)
                return self._among(
                    key,
                    [
                        each
                        for place, each in enumerate(values)
                        if (direction is Direction.EQUAL and place == rank)
                        or (direction is Direction.AT_LEAST and place >= rank)
                        or (direction is Direction.AT_MOST and place <= rank)
                    ],
                )
            wanted = exp.true() if value is True else exp.false()
            return case(
                (exp.EQ(this=fact, expression=wanted), number(0)), (known(fact), number(4)), otherwise=number(2)
            )

        return self.places.by_outcome(outcomes, code)

    def _held(self, key: str, direction: Direction, threshold: exp.Expr) -> exp.Expr:
        """The code of a number held against a threshold."""
        if isinstance(threshold, exp.Null):
            return number(2)
        met = list(compared(self.judging.facts, key, COMPARED[direction], threshold))
        failed = list(compared(self.judging.facts, key, FAILED[direction], threshold))
        if not met:
            return number(2)
        return case((any_of(met), number(0)), (any_of(failed), number(4)), otherwise=number(2))

    def _fact_comparison(self, requirement: FactComparison, name: str, doubt: bool) -> Node:
        outcomes = self.places.outcomes(requirement.factor, doubt=doubt)
        factor = self.places.number_of(f"{name} factor", outcomes, digits=FACTOR[0] - FACTOR[1])
        no_fact = self._no_fact(requirement.fact, requirement.other)
        met = list(_times(self.judging.facts, requirement, COMPARED[requirement.direction], factor))
        failed = list(_times(self.judging.facts, requirement, FAILED[requirement.direction], factor))
        code = case((any_of(met), number(0)), (any_of(failed), number(4)), otherwise=number(2)) if met else number(2)

        def reason_of(outcome: Outcome) -> exp.Expr:
            return text(outcome.reason.value) if outcome.reason is not None else no_fact

        return Node(number(2) if isinstance(factor, exp.Null) else code, self.places.by_outcome(outcomes, reason_of), 0)

    # -- requirements of parts

    def _combination(self, requirement: Combination, name: str) -> Node:
        parts = self._parts(requirement.parts)
        step = max(part.step for part in parts)
        codes = [part.code for part in parts]
        if requirement.needed == len(parts):
            least = (
                exp.Least(this=codes[0].copy(), expressions=[code.copy() for code in codes[1:]], ignore_nulls=True)
                if len(codes) > 1
                else codes[0].copy()
            )
            most = greatest(codes)
            # All met or not asked: met, unless none is asked.
            code = case(
                (exp.GTE(this=most, expression=number(2)), most.copy()),
                (_equal(least, 1), number(1)),
                otherwise=number(0),
            )
        else:
            met, unknown, failed = (_count(codes, value) for value in (0, 2, 4))
            asked = any_of([exp.GT(this=met, expression=number(0)), exp.GT(this=failed, expression=number(0))])
            undecided = exp.GT(this=unknown.copy(), expression=number(0))
            code = case(
                (exp.GTE(this=met.copy(), expression=number(requirement.needed)), number(0)),
                (all_of([negated(asked.copy()), negated(undecided.copy())]), number(1)),
                (negated(asked), number(2)),
                (
                    exp.GTE(this=exp.Add(this=met.copy(), expression=unknown), expression=number(requirement.needed)),
                    number(2),
                ),
                otherwise=number(4),
            )
        first = exp.Coalesce(this=parts[0].reason, expressions=[part.reason for part in parts[1:]])
        kept = self.judging.keep(f"{self.prefix}{name} together", Node(code, exp.null(), step))
        return Node(kept.code, case((_equal(kept.code, 2), first)), kept.step)

    def _branch(self, requirement: Branch, name: str) -> Node:
        condition = self.judging.keep(
            f"{self.prefix}{name} condition", self._requirement(requirement.condition, f"{name} condition", doubt=False)
        )
        then, otherwise = self._parts((requirement.then, requirement.otherwise))
        code = case(
            (_is(condition, 4), otherwise.code),
            (
                _is(condition, 2),
                case((exp.EQ(this=then.code, expression=otherwise.code), then.code), otherwise=number(2)),
            ),
            otherwise=then.code,
        )
        open_ = case(
            (all_of([exp.EQ(this=then.code, expression=otherwise.code), negated(_is(then, 2))]), exp.null()),
            otherwise=text(Reason.NO_FACT.value),
        )
        reason = case((_is(condition, 4), otherwise.reason), (_is(condition, 2), open_), otherwise=then.reason)
        return Node(code, reason, max(condition.step, then.step, otherwise.step))

    def _ruleset_met(self, requirement: RulesetMet) -> Node:
        other = judging(self.judging, requirement.ruleset, strict=self.strict)
        status = case(
            (exp.GTE(this=other.standing.code, expression=number(4)), number(4)),
            (exp.GTE(this=other.standing.code, expression=number(2)), number(2)),
            otherwise=number(0),
        )
        open_ = [node.reason for node in (*other.prerequisites.values(), *other.indicators.values())]
        first = exp.Coalesce(this=open_[0], expressions=[*open_[1:], text(Reason.NO_THRESHOLD.value)])
        reason = case((_is(other.standing, 2), first))
        # The other ruleset chooses its own column, and is held to its own rule.
        node = self._decided(requirement.threshold, status, reason, False)
        return attrs.evolve(node, step=other.standing.step)


def compared(facts: Facts, key: str, operator: type[exp.Binary], threshold: exp.Expr) -> Iterator[exp.Expr]:
    """A fact compared with a threshold: as it is given, and by cross-multiplication where it is a ratio."""
    if facts.has_number(key):
        yield operator(this=facts.plain(key), expression=threshold.copy())
    if facts.has_ratio(key):
        hundredfold, denominator = facts.sides(key)
        yield operator(this=hundredfold, expression=of_denominator(threshold.copy(), denominator))


def _times(
    facts: Facts, requirement: FactComparison, operator: type[exp.Binary], factor: exp.Expr
) -> Iterator[exp.Expr]:
    """A fact compared with another times a factor, each as it is given: multiplied through, never divided."""
    for (over, under), (other_over, other_under) in itertools.product(
        _fractions(facts, requirement.fact), _fractions(facts, requirement.other)
    ):
        left = over if other_under is None else exp.Mul(this=over, expression=other_under)
        right = exp.Mul(this=other_over, expression=decimal(factor.copy(), *FACTOR))
        yield operator(this=left, expression=right if under is None else exp.Mul(this=right, expression=under))


def _fractions(facts: Facts, key: str) -> Iterator[tuple[exp.Expr, exp.Expr | None]]:
    if facts.has_number(key):
        yield decimal(facts.plain(key), *COMPARED_FACT), None
    if facts.has_ratio(key):
        yield facts.sides(key)


def _is(node: Node, code: int) -> exp.Expr:
    return _equal(node.code, code)


def _equal(term: exp.Expr, code: int) -> exp.Expr:
    return exp.EQ(this=term.copy(), expression=number(code))


def _count(codes: Sequence[exp.Expr], code: int) -> exp.Expr:
    """How many of the codes are this one."""
    first, *rest = [case((_equal(each, code), number(1)), otherwise=number(0)) for each in codes]
    total: exp.Expr = first
    for each in rest:
        total = exp.Add(this=total, expression=each)
    return exp.Paren(this=total) if rest else total
