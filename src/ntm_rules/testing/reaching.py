"""Facts that make clauses met or missing: a small search over the values near thresholds.

What is wanted of a commune ("17.1 missing, all else met") is taken apart into what is wanted of single facts; of each fact the
values near its thresholds are kept that satisfy all of it. Comparisons are made here in fractions, by the cell of the table alone:
no engine is asked, so what comes out may be held against the engines.
"""

from __future__ import annotations

import enum
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from ntm_rules.model.facts import SEXES, Fact, FactKind
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
    Unstated,
    never,
)
from ntm_rules.model.values import Ratio, canonical, exact
from ntm_rules.testing.near import possible, ratios_of, unit_beside
from ntm_rules.testing.view import Outcome, View, outcomes, undecidable

__all__ = [
    "Goal",
    "Sketch",
    "Wanted",
    "candidates_near",
    "goals_of",
    "holds",
    "measure",
    "reach",
]

Test: TypeAlias = Callable[[Any], bool]

# Several times what the largest ruleset takes where there is a way; without a bound, proving that there is none could take for ever.
MOST_STEPS = 2_000


class Wanted(enum.Enum):
    """What is to come of a clause: met; met or not asked; missing; not asked; missing or not asked."""

    MET = "met"
    PASSED = "passed"
    MISSING = "missing"
    LAPSED = "lapsed"
    FAILED = "failed"


@attrs.frozen(slots=True, eq=False)
class Goal:
    """What is wanted of a clause or requirement. A lenient goal lets pass what no threshold decides."""

    subject: Clause | Requirement
    wanted: Wanted
    view: View
    lenient: bool = False
    attestable: bool = False


@attrs.frozen(slots=True, eq=False)
class _Candidate:
    """A value a fact may have, what it is compared by, and how far from a threshold it stands."""

    distance: int
    measure: Any
    value: Any


@attrs.frozen(slots=True, eq=False)
class _Choice:
    """The values still in question for a fact, and all that their measures must pass."""

    candidates: tuple[_Candidate, ...] = ()
    tests: tuple[Test, ...] = ()

    def narrowed(self, near: Sequence[_Candidate], test: Test) -> _Choice:
        """The choice with one more test, and the values near one more threshold."""
        tests = (*self.tests, test)
        kept = [each for each in self.candidates if test(each.measure)]
        kept += [each for each in near if all(passed(each.measure) for passed in tests)]
        return _Choice(tuple(kept), tests)

    def ordered(self) -> list[_Candidate]:
        """What may be chosen, the nearest to a threshold first."""
        return sorted(self.candidates, key=lambda each: each.distance)


@attrs.frozen(slots=True, eq=False)
class Sketch:
    """What is settled of a commune so far: for each fact the values it may have, and verdicts attested."""

    choices: Mapping[str, _Choice] = attrs.field(factory=dict)
    attested: Mapping[str, bool] = attrs.field(factory=dict)

    def values(self) -> dict[str, list[Any]]:
        """For each fact that matters, the values that give what is wanted; the first is nearest to the threshold."""
        found = {key: choice.ordered() for key, choice in self.choices.items()}
        for key in [key for key in found if all(f"{key}.{sex}" in found for sex in SEXES)]:
            ends = sorted(found[f"{key}.{sex}"][0].measure for sex in SEXES)
            found[key] = [each for each in found[key] if ends[0] <= each.measure <= ends[1]]
        return {key: [each.value for each in candidates] for key, candidates in found.items()}

    def demand(self, key: str, near: Sequence[_Candidate], test: Test) -> Sketch | None:
        """The sketch with one more thing wanted of a fact; None where no value is left."""
        choice = self.choices.get(key, _Choice()).narrowed(near, test)
        return attrs.evolve(self, choices={**self.choices, key: choice}) if choice.candidates else None

    def attest(self, key: str, verdict: bool) -> Sketch | None:
        """The sketch with a verdict attested; None where the other one is."""
        if self.attested.get(key, verdict) is not verdict:
            return None
        return attrs.evolve(self, attested={**self.attested, key: verdict})


def measure(fact: Fact, value: Any) -> Any:
    """What a value is compared by: an exact fraction; a category's place among its values; true or false."""
    if fact.kind is FactKind.BOOLEAN:
        return value
    if fact.kind is FactKind.CATEGORY:
        return fact.values.index(str(value))
    found = canonical(value)
    assert isinstance(found, (Decimal, Ratio))
    return exact(found)


def holds(direction: Direction, left: Any, right: Any) -> bool:
    """Whether a measure passes that of a threshold, with nothing rounded."""
    if direction is Direction.AT_LEAST:
        return bool(left >= right)
    return bool(left <= right if direction is Direction.AT_MOST else left == right)


@functools.lru_cache(maxsize=4096)
def candidates_near(fact: Fact, threshold: Any) -> tuple[_Candidate, ...]:
    """Values around a threshold: on it, a unit beside it, as so many of so many, one beside it, at the bounds and far off."""
    if fact.kind is FactKind.BOOLEAN:
        return (_Candidate(0, True, True), _Candidate(1, False, False))
    if fact.kind is FactKind.CATEGORY:
        place = fact.values.index(threshold) if threshold in fact.values else 0
        return tuple(_Candidate(abs(place - other), other, value) for other, value in enumerate(fact.values))
    limit = Decimal(threshold)
    unit = unit_beside(limit, fact.kind)
    numbers = [(0, limit), (1, limit - unit), (1, limit + unit), (3, limit - 1), (3, limit + 1)]
    numbers += [(4, end) for end in (fact.low, fact.high) if end is not None] + [(5, limit * 2), (6, limit - 1000)]
    found = [_Candidate(distance, Fraction(n), n) for distance, n in numbers if possible(fact, n)]
    if fact.kind is FactKind.PERCENT and limit >= 0:
        ratios = [
            (ratio, exact(Ratio(**ratio)))
            for people in (0, -1, 1)
            if (ratio := ratios_of(limit, people=people))["numerator"] >= 0
        ]
        found += [_Candidate(2, percent, ratio) for ratio, percent in ratios if 0 <= percent <= 100]
    return tuple(found)


# -- the search

Step: TypeAlias = tuple[tuple[Goal, ...], Sketch]


def reach(
    goals: Sequence[Goal], sketch: Sketch | None = None, *, turns: Mapping[str, int] | None = None
) -> Sketch | None:
    """A sketch of communes for which every goal comes true; None where none was found.

    Where there are several ways to a goal the first that works is taken; `turns` says, by the id of a clause, with which of its
    ways to begin.
    """
    stack: list[Iterator[Step]] = [iter([(tuple(goals), sketch or Sketch())])]
    for _ in range(MOST_STEPS):
        if not stack:
            return None
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        pending, settled = step
        if not pending:
            if all(settled.values().values()):
                return settled
            continue
        stack.append(_steps(pending[0], pending[1:], settled, turns or {}))
    return None


def _steps(goal: Goal, rest: tuple[Goal, ...], sketch: Sketch, turns: Mapping[str, int]) -> Iterator[Step]:
    ways = list(_ways(goal, sketch))
    if ways and isinstance(goal.subject, Clause):
        turn = turns.get(goal.subject.id, 0) % len(ways)
        ways = ways[turn:] + ways[:turn]
    for more, settled in ways:
        yield (*more, *rest), settled


def _ways(goal: Goal, sketch: Sketch) -> Iterator[Step]:
    """The ways to a goal, each as further goals and what it settles at once."""
    subject, view = goal.subject, goal.view
    if not isinstance(subject, Clause):
        yield from _of_requirement(goal, subject, sketch)
        return
    if not view.asks(subject):
        if goal.wanted in _LAPSING:
            yield (), sketch
        return
    applies = subject.applies_if
    asked = (attrs.evolve(goal, subject=applies, wanted=Wanted.PASSED),) if applies is not None else ()
    judged = attrs.evolve(goal, subject=subject.requirement)
    # Of what facts decide, an attested verdict decides nothing.
    if goal.attestable and undecidable(subject, view):
        verdict = sketch.attest(f"{view.ruleset.id}:{subject.id}", goal.wanted is not Wanted.MISSING)
        if verdict is not None:
            open_ = attrs.evolve(judged, wanted=Wanted.PASSED, lenient=True, attestable=False)
            yield (*(attrs.evolve(each, lenient=True) for each in asked), open_), verdict
    else:
        yield (*asked, attrs.evolve(judged, attestable=False)), sketch
    if applies is not None and goal.wanted in _LAPSING:
        yield (attrs.evolve(goal, subject=applies, wanted=Wanted.MISSING, attestable=False),), sketch


_LAPSING = (Wanted.PASSED, Wanted.LAPSED, Wanted.FAILED)
_FAILING = (Wanted.MISSING, Wanted.FAILED)


def _of_requirement(goal: Goal, requirement: Requirement, sketch: Sketch) -> Iterator[Step]:
    if isinstance(requirement, Combination):
        yield from ((way, sketch) for way in _of_parts(goal, requirement))
    elif isinstance(requirement, Branch):
        yield from ((way, sketch) for way in _of_branch(goal, requirement))
    elif goal.wanted is Wanted.LAPSED:
        return
    elif isinstance(requirement, RulesetMet):
        yield from _of_ruleset(goal, requirement, sketch)
    elif goal.view.cell(requirement) is None:
        if goal.lenient:
            yield (), sketch
    elif isinstance(requirement, Comparison):
        yield from (((), way) for way in _of_comparison(goal, requirement, sketch) if way is not None)
    elif isinstance(requirement, FactComparison):
        yield from (((), way) for way in _of_two_facts(goal, requirement, sketch) if way is not None)
    elif isinstance(requirement, OneOf):
        way = _of_one_of(goal, requirement, sketch)
        if way is not None:
            yield (), way
    elif isinstance(requirement, Unstated):
        return
    else:
        never(requirement)


def _of_branch(goal: Goal, branch: Branch) -> Iterator[tuple[Goal, ...]]:
    """Either side with its condition; and where the condition cannot be known, both sides alike."""
    for side, wanted in ((branch.then, Wanted.PASSED), (branch.otherwise, Wanted.MISSING)):
        condition = attrs.evolve(goal, subject=branch.condition, wanted=wanted)
        yield condition, attrs.evolve(goal, subject=side)
    if Outcome.OPEN in outcomes(branch.condition, goal.view):
        for alike in _EXACTLY.get(goal.wanted, (goal.wanted,)):
            yield tuple(attrs.evolve(goal, subject=side, wanted=alike) for side in (branch.then, branch.otherwise))


_EXACTLY = {Wanted.PASSED: (Wanted.MET, Wanted.LAPSED), Wanted.FAILED: (Wanted.MISSING, Wanted.LAPSED)}


def _of_parts(goal: Goal, combination: Combination) -> Iterator[tuple[Goal, ...]]:
    """The ways to a combination through its parts: first those in which each part counts, then those that leave parts to chance."""
    asked = [part for part in combination.parts if goal.view.asks(part)]
    every = combination.needed == len(combination.parts)

    def want(wanted: Wanted, *parts: Clause) -> tuple[Goal, ...]:
        return tuple(attrs.evolve(goal, subject=part, wanted=wanted, attestable=False) for part in parts)

    if every and goal.wanted is Wanted.PASSED:
        yield want(Wanted.PASSED, *asked)
        return
    if goal.wanted in (Wanted.MET, Wanted.PASSED):
        yield from _enough(want, asked, goal.view) if every else _so_many(want, asked, combination.needed)
    elif goal.wanted is not Wanted.LAPSED:
        yield from _too_few(want, asked, len(asked) if every else combination.needed, every=every)
    if goal.wanted in _LAPSING:
        yield want(Wanted.LAPSED, *asked)
    if goal.lenient and goal.wanted in (Wanted.MET, Wanted.PASSED):
        yield want(Wanted.PASSED, *asked)


Want: TypeAlias = Callable[..., tuple[Goal, ...]]


def _enough(want: Want, asked: Sequence[Clause], view: View) -> Iterator[tuple[Goal, ...]]:
    """All that are asked, and one at least is."""
    sure = next((part for part in asked if Outcome.LAPSED not in outcomes(part, view)), None)
    for one in asked if sure is None else [sure]:
        yield (*want(Wanted.MET, one), *want(Wanted.PASSED, *_without(asked, one)))


def _so_many(want: Want, asked: Sequence[Clause], needed: int) -> Iterator[tuple[Goal, ...]]:
    """So many, the others just failing; else so many, the others whatever they are."""
    for chosen in itertools.combinations(asked, needed):
        # The first to fail leads, so that the way to a missing part is settled before the ways of the others.
        yield (*want(Wanted.MISSING, *_without(asked, *chosen)), *want(Wanted.MET, *chosen))
    for chosen in itertools.combinations(asked, needed):
        yield want(Wanted.MET, *chosen)


def _too_few(want: Want, asked: Sequence[Clause], needed: int, *, every: bool) -> Iterator[tuple[Goal, ...]]:
    """One short, all else passing; else so many that are known not to pass that the others do not matter."""
    met = max(0, min(needed, len(asked)) - 1)
    for start in range(len(asked)):
        turned = [*asked[start:], *asked[:start]]
        passing = want(Wanted.PASSED if every else Wanted.MET, *turned[:met])
        yield (*want(Wanted.MISSING, *turned[met:]), *passing)
    for failing in itertools.combinations(asked, max(0, len(asked) - needed + 1)):
        for one in failing:
            yield (*want(Wanted.MISSING, one), *want(Wanted.FAILED, *_without(failing, one)))
        if not every:  # none of these asked, and of the others one decided: too few are left
            for one in _without(asked, *failing):
                yield (*want(Wanted.LAPSED, *failing), *want(Wanted.MET, one))


def _without(parts: Sequence[Clause], *taken: Clause) -> list[Clause]:
    return [part for part in parts if not any(part is each for each in taken)]


def _of_ruleset(goal: Goal, requirement: RulesetMet, sketch: Sketch) -> Iterator[Step]:
    if goal.view.cell(requirement) is None:
        if goal.lenient:
            yield (), sketch
        return
    view = View(requirement.ruleset, goal.view.place)
    whole = goals_of(view, conditions=False)
    if goal.wanted in _FAILING:
        for each in whole:
            yield (attrs.evolve(each, wanted=Wanted.MISSING),), sketch
    elif requirement.ruleset.complete:
        yield whole, sketch


def goals_of(
    view: View, *, missing: Sequence[str] = (), prerequisites: bool = True, conditions: bool = True
) -> tuple[Goal, ...]:
    """Every indicator of a ruleset passed but some, with prerequisites and conditions unless left out.

    Those to be missing come first: what they leave open is then settled by the others.
    """
    ruleset = view.ruleset
    around = (*(ruleset.prerequisites if prerequisites else ()), *(ruleset.conditions if conditions else ()))
    clauses = (*ruleset.indicators, *around)
    first = [Goal(ruleset.indicator(number), Wanted.MISSING, view, attestable=True) for number in missing]
    rest = [Goal(clause, Wanted.PASSED, view, attestable=True) for clause in clauses if clause.id not in missing]
    return (*first, *rest)


def _of_comparison(goal: Goal, requirement: Comparison, sketch: Sketch) -> Iterator[Sketch | None]:
    cell = goal.view.cell(requirement)
    assert cell is not None
    assert cell.value is not None
    fact = goal.view.ruleset.catalogue.facts[requirement.fact]
    near, limit = candidates_near(fact, cell.value), measure(fact, cell.value)

    def passes(value: Any) -> bool:
        return holds(requirement.direction, value, limit)

    def fails(value: Any) -> bool:
        return not passes(value)

    if not requirement.both_sexes:
        yield sketch.demand(requirement.fact, near, fails if goal.wanted in _FAILING else passes)
        return
    sexes = [f"{requirement.fact}.{sex}" for sex in SEXES]
    either = ((fails, passes), (passes, fails), (fails, fails)) if goal.wanted in _FAILING else ((passes, passes),)
    for tests in either:
        found: Sketch | None = sketch
        for key, test in zip(sexes, tests, strict=True):
            found = found and found.demand(key, near, test)
        yield found


def _of_two_facts(goal: Goal, requirement: FactComparison, sketch: Sketch) -> Iterator[Sketch | None]:
    """One value of the other fact is settled, and the multiple of it is the threshold."""
    cell = goal.view.cell(requirement)
    assert cell is not None
    assert isinstance(cell.value, Decimal)
    facts = goal.view.ruleset.catalogue.facts
    fact, other = facts[requirement.fact], facts[requirement.other]
    wanted = goal.wanted not in _FAILING
    for base in (Decimal(40), Decimal(1), Decimal(10)):
        settled = sketch.demand(requirement.other, candidates_near(other, base), Fraction(base).__eq__)
        limit = base * cell.value

        def passes(value: Any, limit: Decimal = limit) -> bool:
            return holds(requirement.direction, value, limit) is wanted

        yield settled and settled.demand(requirement.fact, candidates_near(fact, limit), passes)


def _of_one_of(goal: Goal, requirement: OneOf, sketch: Sketch) -> Sketch | None:
    fact = goal.view.ruleset.catalogue.facts[requirement.fact]
    wanted = goal.wanted not in _FAILING
    named = [fact.values.index(value) for value in requirement.values]
    return sketch.demand(
        requirement.fact, candidates_near(fact, requirement.values[0]), lambda place: (place in named) is wanted
    )
