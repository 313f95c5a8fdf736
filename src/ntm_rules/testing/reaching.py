"""Facts that make clauses met or missing: a small search over the values near thresholds.

What is wanted of a commune ("17.1 missing, all else met") is taken apart into what is wanted of single facts; of each fact the
values near its thresholds are kept that satisfy all of it. Comparisons are made here in fractions, by the cell of the table alone:
no engine is asked, so what comes out may be held against the engines.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from ntm_rules.model.facts import SEXES, Fact, FactKind
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
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.values import Ratio, canonical, exact
from ntm_rules.testing.near import possible, ratios_of, unit_beside

__all__ = [
    "Goal",
    "Place",
    "Sketch",
    "View",
    "Wanted",
    "candidates_near",
    "decides_with",
    "goals_of",
    "holds",
    "measure",
    "reach",
    "undecidable",
]

Test: TypeAlias = Callable[[Any], bool]

# Several times what the largest ruleset takes where there is a way; without a bound, proving that there is none could take for ever.
MOST_STEPS = 2_000


class Wanted(enum.Enum):
    """What is to come of a clause: met; met or not asked; missing."""

    MET = "met"
    PASSED = "passed"
    MISSING = "missing"


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


def _requirement(subject: Clause | Requirement) -> Requirement:
    return subject.requirement if isinstance(subject, Clause) else subject


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
    if subject.columns is not None and view.column not in subject.columns:
        if goal.wanted is Wanted.PASSED:
            yield (), sketch
        return
    applies = subject.applies_if
    asked = (attrs.evolve(goal, subject=applies, wanted=Wanted.MET),) if applies is not None else ()
    judged = attrs.evolve(goal, subject=subject.requirement)
    # Of what facts decide, an attested verdict decides nothing.
    if goal.attestable and undecidable(subject, view):
        verdict = sketch.attest(f"{view.ruleset.id}:{subject.id}", goal.wanted is not Wanted.MISSING)
        if verdict is not None:
            open_ = attrs.evolve(judged, wanted=Wanted.PASSED, lenient=True, attestable=False)
            yield (*asked, open_), verdict
    else:
        yield (*asked, attrs.evolve(judged, attestable=False)), sketch
    if applies is not None and goal.wanted is Wanted.PASSED:
        yield (attrs.evolve(goal, subject=applies, wanted=Wanted.MISSING, attestable=False),), sketch


def _of_requirement(goal: Goal, requirement: Requirement, sketch: Sketch) -> Iterator[Step]:
    if isinstance(requirement, Combination):
        yield from ((way, sketch) for way in _of_parts(goal, requirement))
    elif isinstance(requirement, Branch):
        for side, wanted in ((requirement.then, Wanted.MET), (requirement.otherwise, Wanted.MISSING)):
            yield (
                (attrs.evolve(goal, subject=requirement.condition, wanted=wanted), attrs.evolve(goal, subject=side)),
                sketch,
            )
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


def _of_parts(goal: Goal, combination: Combination) -> Iterator[tuple[Goal, ...]]:
    """All parts, or so many of them: the fewest that do, the others just failing, so that each one counts."""
    column = goal.view.column
    asked = [part for part in combination.parts if part.columns is None or column in part.columns]
    every = combination.needed == len(combination.parts)

    def want(part: Clause, wanted: Wanted) -> Goal:
        return attrs.evolve(goal, subject=part, wanted=wanted, attestable=False)

    if not asked:
        if goal.wanted is Wanted.PASSED:
            yield ()
        return
    if every and goal.wanted is not Wanted.MISSING:
        yield tuple(want(part, Wanted.PASSED) for part in asked)
        return
    met = (len(asked) if every else combination.needed) - (goal.wanted is Wanted.MISSING)
    passed = Wanted.PASSED if every else Wanted.MET
    for start in range(len(asked)):
        turned = [*asked[start:], *asked[:start]]
        # The first to fail leads, so that the way to a missing part is settled before the ways of the others.
        yield (*(want(p, Wanted.MISSING) for p in turned[met:]), *(want(p, passed) for p in turned[:met]))
    if goal.lenient:
        yield tuple(want(part, Wanted.PASSED) for part in asked)


def _of_ruleset(goal: Goal, requirement: RulesetMet, sketch: Sketch) -> Iterator[Step]:
    if goal.view.cell(requirement) is None:
        if goal.lenient:
            yield (), sketch
        return
    view = View(requirement.ruleset, goal.view.place)
    whole = goals_of(view, conditions=False)
    if goal.wanted is Wanted.MISSING:
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
        yield sketch.demand(requirement.fact, near, fails if goal.wanted is Wanted.MISSING else passes)
        return
    sexes = [f"{requirement.fact}.{sex}" for sex in SEXES]
    either = (
        ((fails, passes), (passes, fails), (fails, fails)) if goal.wanted is Wanted.MISSING else ((passes, passes),)
    )
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
    wanted = goal.wanted is not Wanted.MISSING
    for base in (Decimal(40), Decimal(1), Decimal(10)):
        settled = sketch.demand(requirement.other, candidates_near(other, base), Fraction(base).__eq__)
        limit = base * cell.value

        def passes(value: Any, limit: Decimal = limit) -> bool:
            return holds(requirement.direction, value, limit) is wanted

        yield settled and settled.demand(requirement.fact, candidates_near(fact, limit), passes)


def _of_one_of(goal: Goal, requirement: OneOf, sketch: Sketch) -> Sketch | None:
    fact = goal.view.ruleset.catalogue.facts[requirement.fact]
    wanted = goal.wanted is not Wanted.MISSING
    named = [fact.values.index(value) for value in requirement.values]
    return sketch.demand(
        requirement.fact, candidates_near(fact, requirement.values[0]), lambda place: (place in named) is wanted
    )


# -- what facts cannot decide


def undecidable(subject: Clause | Requirement, view: View) -> bool:
    """Whether a threshold is lacking somewhere, so that no facts make the clause met."""
    requirement = _requirement(subject)
    if isinstance(subject, Clause) and subject.columns is not None and view.column not in subject.columns:
        return False
    if isinstance(requirement, Combination):
        lacking = sum(undecidable(part, view) for part in requirement.parts)
        return len(requirement.parts) - lacking < requirement.needed
    if isinstance(requirement, Branch):
        return all(undecidable(side, view) for side in (requirement.then, requirement.otherwise))
    if isinstance(requirement, RulesetMet) and not requirement.ruleset.complete:
        return True
    return view.cell(requirement) is None


def decides_with(indicator: Clause, leaf: Clause, view: View, wanted: Wanted) -> tuple[Goal, ...]:
    """Goals that leave an indicator to one leaf of it: it decides, whatever stands beside it.

    Beside it so many parts pass that the leaf is the last one needed; of a branch its own side is taken.
    """
    goals: list[Goal] = []
    _descend(indicator, leaf, view, goals)
    return (*goals, Goal(leaf.requirement, wanted, view))


def _descend(clause: Clause, leaf: Clause, view: View, goals: list[Goal]) -> bool:
    """Whether the leaf lies under the clause; if so, what is wanted beside the way to it is added."""
    own: list[Goal] = []
    requirement = clause.requirement
    if clause.applies_if is not None:
        own.append(Goal(clause.applies_if, Wanted.MET, view))
    found = clause is leaf
    if isinstance(requirement, Branch):
        for side, wanted in ((requirement.then, Wanted.MET), (requirement.otherwise, Wanted.MISSING)):
            if not found and _descend(side, leaf, view, own):
                own.append(Goal(requirement.condition, wanted, view))
                found = True
    elif isinstance(requirement, Combination):
        inner = next((part for part in requirement.parts if _descend(part, leaf, view, own)), None)
        if inner is not None:
            own += _beside(requirement, inner, view)
            found = True
    if found:
        goals += own
    return found


def _beside(combination: Combination, inner: Clause, view: View) -> Iterator[Goal]:
    others = [part for part in combination.parts if part is not inner]
    if combination.needed == len(combination.parts):
        yield from (Goal(part, Wanted.PASSED, view, lenient=True) for part in others)
        return
    met = combination.needed - 1
    yield from (Goal(part, Wanted.MET, view) for part in others[:met])
    yield from (Goal(part, Wanted.MISSING, view) for part in others[met:])
