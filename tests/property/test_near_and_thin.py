"""What impact calls near and thin, held against the readable reference with every number within the margin pushed to one side."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, judge, loaded

import ntm_rules as ntm
from ntm_rules.engine.reference import Judge
from ntm_rules.model.assessment import Status
from ntm_rules.model.requirement import Clause, FactComparison, Requirement
from ntm_rules.model.values import exact

MARGINS = ("0", "0.5", "5", "33.333", "100", "250")


@attrs.frozen(slots=True, kw_only=True)
class Pushed(Judge):
    """The reference, but that a number within the margin of its threshold comes out as `side`, save in conditions."""

    margin: Fraction
    side: Status

    def condition(self, requirement: Requirement, clause: Clause) -> dict[str, Any]:
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(Judge)}
        return Judge(**fields).condition(requirement, clause)

    def _within(self, actual: Any, required: Fraction) -> bool:
        return abs(exact(actual) - required) * 100 <= self.margin * abs(required)

    def _held(self, key: str, direction: Any, required: Any, actual: Any) -> dict[str, Any]:
        if isinstance(required, Decimal) and self._within(actual, Fraction(required)):
            return {"status": self.side}
        return Judge._held(self, key, direction, required, actual)

    def _fact_comparison(self, requirement: FactComparison) -> dict[str, Any]:
        found = Judge._fact_comparison(self, requirement)
        if found["status"] in (Status.MET, Status.MISSING):
            actual, other = self.facts[requirement.fact], self.facts[requirement.other]
            assert not isinstance(other, (bool, str))
            if self._within(actual, exact(other) * Fraction(found["factor"])):
                return found | {"status": self.side}
        return found


def assert_near_and_thin(ruleset: ntm.Ruleset, commune: ntm.Commune, margin: str, year: int | None) -> None:
    (effect,) = ntm.impact(ruleset, ruleset, [commune], margin=margin, threshold_year=year).effects
    assessment = ntm.evaluate(ruleset, commune, threshold_year=year)
    plain = judge(assessment)
    fields = {field.name: getattr(plain, field.name) for field in attrs.fields(Judge)}
    best, worst = (Pushed(**fields, margin=Fraction(margin), side=side) for side in (Status.MET, Status.MISSING))
    near, thin = [], []
    for clause in ruleset.indicators:
        status = plain.result(clause).status
        if status in (Status.MISSING, Status.UNDETERMINED) and best.result(clause).status is Status.MET:
            near.append(clause.id)
        if status is Status.MET and worst.result(clause).status in (Status.MISSING, Status.UNDETERMINED):
            thin.append(clause.id)
    assert (effect.near, effect.thin) == (tuple(near), tuple(thin))


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data(), margin=st.sampled_from(MARGINS), year=st.sampled_from([None, 2020, 2023]))
def test_shipped_rulesets(which: Loaded, data: st.DataObject, margin: str, year: int | None) -> None:
    ruleset = loaded(which)
    assert_near_and_thin(ruleset, data.draw(communes(ruleset, attested=True)), margin, year)


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    for _ in range(4):
        commune = data.draw(communes(ruleset, attested=True, most=8))
        margin, year = data.draw(st.sampled_from(MARGINS)), data.draw(st.sampled_from([None, 2021, 2023]))
        assert_near_and_thin(ruleset, commune, margin, year)
