"""Communes of which one threshold alone decides an indicator: what must stand beside it, and what then comes out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ntm_rules.model.requirement import Branch, Clause, Combination
from ntm_rules.testing.reaching import Goal, Sketch, Wanted, reach
from ntm_rules.testing.view import Counts, Outcome, View, outcomes

__all__ = ["can_count", "decides_with"]

Rule: TypeAlias = Callable[[Outcome], Outcome]
Way: TypeAlias = tuple[tuple[Goal, ...], Rule]


def can_count(indicator: Clause, leaf: Clause, view: View) -> bool:
    """Whether thresholds let a leaf of an indicator count at all: what it is asked under is not left open."""
    return view.cell(leaf) is not None and next(_down(indicator, leaf, view), None) is not None


def decides_with(indicator: Clause, leaf: Clause, view: View, wanted: Wanted) -> tuple[Sketch, Outcome] | None:
    """Communes of which a leaf decides an indicator, whatever stands beside it, and what must come of the indicator.

    Beside it so many parts pass that the leaf is the last one needed; of a branch its own side is taken. What must come out is
    counted from the parts here, by no engine. None where no such commune was found.
    """
    for goals, rule in _down(indicator, leaf, view):
        sketch = reach((*goals, Goal(leaf.requirement, wanted, view)))
        if sketch is not None:
            return sketch, rule(Outcome.MET if wanted is Wanted.MET else Outcome.MISSING)
    return None


def _down(clause: Clause, leaf: Clause, view: View) -> Iterator[Way]:
    """The ways from a clause to a leaf under it: what is wanted beside the way, and what the clause makes of the leaf's outcome."""
    if not view.asks(clause):
        return
    own: tuple[Goal, ...] = ()
    if clause.applies_if is not None:
        if not outcomes(clause.applies_if, view) & _PASSED:
            return
        own = (Goal(clause.applies_if, Wanted.PASSED, view),)
    for goals, rule in _below(clause, leaf, view):
        yield (*own, *goals), rule


_PASSED = {Outcome.MET, Outcome.LAPSED}


def _below(clause: Clause, leaf: Clause, view: View) -> Iterator[Way]:
    requirement = clause.requirement
    if clause is leaf:
        yield (), lambda outcome: outcome
    elif isinstance(requirement, Branch):
        known = outcomes(requirement.condition, view)
        for side, wanted, needed in (
            (requirement.then, Wanted.PASSED, _PASSED),
            (requirement.otherwise, Wanted.MISSING, {Outcome.MISSING}),
        ):
            for goals, rule in _down(side, leaf, view) if known & needed else ():
                yield (*goals, Goal(requirement.condition, wanted, view)), rule
    elif isinstance(requirement, Combination):
        for inner in requirement.parts:
            for goals, rule in _down(inner, leaf, view):
                for beside, counts in _beside(requirement, inner, view):
                    yield (*beside, *goals), _counted(rule, counts, requirement)


def _counted(rule: Rule, beside: Counts, combination: Combination) -> Rule:
    return lambda outcome: beside.plus(rule(outcome)).outcome(combination)


def _beside(combination: Combination, inner: Clause, view: View) -> Iterator[tuple[tuple[Goal, ...], Counts]]:
    """What is wanted of the other parts, and how many of them come out how."""
    others = [(part, outcomes(part, view)) for part in combination.parts if part is not inner and view.asks(part)]
    if combination.needed == len(combination.parts):
        # Those that pass count for nothing here; those that only an overlay can fill in leave the whole open.
        lacking = sum(not found & _PASSED for _, found in others)
        goals = (Goal(part, Wanted.PASSED, view, lenient=not found & _PASSED) for part, found in others)
        yield tuple(goals), Counts(open=lacking)
        return
    able = [part for part, found in others if Outcome.MET in found]
    for chosen in itertools.combinations(able, min(combination.needed - 1, len(able))):
        counts, failing = Counts(met=len(chosen)), []
        for part, found in others:
            if not any(part is each for each in chosen):
                goal, outcome = _not_met(part, found, view)
                failing.append(goal)
                counts = counts.plus(outcome)
        yield (*failing, *(Goal(part, Wanted.MET, view) for part in chosen)), counts


def _not_met(part: Clause, found: frozenset[Outcome], view: View) -> tuple[Goal, Outcome]:
    """What is wanted of a part that is not to pass: missing, else not asked, else left open."""
    if Outcome.MISSING in found:
        return Goal(part, Wanted.MISSING, view), Outcome.MISSING
    if Outcome.LAPSED in found:
        return Goal(part, Wanted.LAPSED, view), Outcome.LAPSED
    return Goal(part, Wanted.MISSING, view, lenient=True), Outcome.OPEN
