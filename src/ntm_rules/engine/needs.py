"""What would decide an assessment: every fact and threshold it may take, those of required rulesets included."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ntm_rules.engine.reference import Judge, judge_of, under
from ntm_rules.model.assessment import Assessment, FactNeeded, Reason, Result, Status, Verdict
from ntm_rules.model.requirement import Branch, Clause, Combination, Requirement, RulesetMet, SetBy
from ntm_rules.model.ruleset import Ruleset

__all__ = ["facts_needed"]


def facts_needed(assessment: Assessment) -> tuple[FactNeeded, ...]:
    """Of each undetermined indicator what it lacks, followed by what is open in the rulesets it requires."""
    found: dict[str, FactNeeded] = {}
    for result in assessment.undetermined:
        for needed in _of_result(assessment, result):
            found.setdefault(needed.id, needed)
    return tuple(found.values())


def _of_result(assessment: Assessment, result: Result) -> Iterator[FactNeeded]:
    """What a result lacks, first of it as a whole, then of each ruleset it requires by that one's indicators."""
    lacks = _Lacks(judge_of(assessment))
    lacks.add(result.clause)
    below: list[FactNeeded] = []
    for ruleset in lacks.rulesets:
        other = under(ruleset, assessment)
        if other.standing is not Verdict.UNDETERMINED:
            continue
        if not ruleset.complete:
            lacks.set_by.append(result.clause.set_by)
        for open_ in (*other.prerequisites, *other.undetermined):
            if open_.status is Status.UNDETERMINED:
                named = [
                    needed if ":" in needed.id else attrs.evolve(needed, id=f"{ruleset.id}:{needed.id}")
                    for needed in _of_result(other, open_)
                ]
                below += named
    assert result.reason is not None
    facts = dict.fromkeys((*lacks.facts, *(fact for needed in below for fact in needed.facts)))
    setters = [*lacks.set_by, *(needed.threshold_set_by for needed in below if needed.threshold_set_by)]
    yield FactNeeded(
        id=result.id,
        facts=tuple(facts),
        threshold_set_by=setters[0] if setters else None,
        reason=result.reason,
    )
    yield from below


@attrs.define
class _Lacks:
    """What a clause lacks, gathered from all of its parts that are undetermined."""

    judge: Judge
    facts: list[str] = attrs.field(factory=list)
    set_by: list[SetBy] = attrs.field(factory=list)
    rulesets: list[Ruleset] = attrs.field(factory=list)

    def add(self, clause: Clause) -> None:
        measured = self.judge.measured(clause)
        if measured.status is not Status.UNDETERMINED:
            return
        if clause.columns is not None and self.judge.column not in clause.columns:
            self.set_by.append(clause.set_by)
            return
        if clause.applies_if is not None:
            self._add_condition(clause.applies_if, clause)
        self._add_requirement(clause.requirement, clause)

    def _add_condition(self, requirement: Requirement, clause: Clause) -> None:
        lacks = _Lacks(attrs.evolve(self.judge, column_rule=None), self.facts, self.set_by, self.rulesets)
        lacks._add_requirement(requirement, clause)

    def _add_requirement(self, requirement: Requirement, clause: Clause) -> None:
        said = self.judge.requirement(requirement, clause)
        if said["status"] is not Status.UNDETERMINED:
            return
        if isinstance(requirement, Combination):
            for part in requirement.parts:
                self.add(part)
            return
        if isinstance(requirement, Branch):
            self._add_condition(requirement.condition, clause)
            condition = self.judge.condition(requirement.condition, clause)["status"]
            if condition is not Status.MISSING:
                self.add(requirement.then)
            if condition in (Status.MISSING, Status.UNDETERMINED):
                self.add(requirement.otherwise)
            return
        self.facts += said.get("facts_wanted", ())
        if isinstance(requirement, RulesetMet):
            self.rulesets.append(requirement.ruleset)
            if "blocking" in said:
                return
        if said["reason"] is not Reason.NO_FACT:
            self.set_by.append(said.get("set_by", clause.set_by))
