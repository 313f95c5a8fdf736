"""A gap is what it takes: applied, the indicator is met; by one unit less, it is not."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, judge, loaded

import ntm_rules as ntm
from ntm_rules.model.assessment import Result, Status
from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import Comparison, Direction, FactComparison
from ntm_rules.model.values import Ratio

WIDE = Context(prec=120)


def with_fact(commune: ntm.Commune, key: str, value: Any) -> ntm.Commune:
    """The commune with one fact moved; a total that its parts no longer agree with is dropped."""
    facts: dict[str, Any] = {**commune.facts, key: value}
    if "." in key:
        facts.pop(key.partition(".")[0], None)
    return commune.replace(facts=facts)


def gaps(result: Result) -> list[Result]:
    own = [result] if result.gap is not None and result.status is Status.MISSING else []
    return own + [gap for part in result.parts for gap in gaps(part)]


def assert_gap_closes(assessment: ntm.Assessment, lacking: Result) -> None:
    assert lacking.fact is not None
    assert lacking.gap is not None
    ruleset, commune = assessment.ruleset, assessment.commune
    fact = ruleset.catalogue.facts[lacking.fact.partition(".")[0]]
    if fact.kind is FactKind.CATEGORY:
        assert lacking.gap >= 1
        return
    assert lacking.gap > 0
    requirement = lacking.clause.requirement
    down = lacking.direction is Direction.AT_MOST or (
        lacking.direction is Direction.EQUAL and _above(lacking.actual, lacking.required)
    )
    sign = -1 if down else 1

    def judged(value: Any) -> Status | None:
        try:
            changed = with_fact(commune, lacking.fact or "", value)
            return judge(ntm.evaluate(ruleset, changed, threshold_year=assessment.year)).result(lacking.clause).status
        except ntm.FactError:
            return None  # beyond the fact's bounds: no commune can get there

    by_sex = isinstance(requirement, Comparison) and requirement.both_sexes
    if by_sex and "." not in lacking.fact:
        return  # the total proves that men or women are below, it does not say by how much
    done = (Status.MET, None) if not by_sex else (Status.MET, Status.MISSING, Status.UNDETERMINED, None)
    if isinstance(lacking.actual, Decimal):
        reached = WIDE.add(lacking.actual, WIDE.multiply(Decimal(sign), lacking.gap))
        short = Decimal("1E-9") if lacking.gap > Decimal("0.01") else WIDE.divide(lacking.gap, Decimal(2))
        beside = WIDE.subtract(reached, WIDE.multiply(Decimal(sign), short))
        exact_gap = not isinstance(requirement, FactComparison)
        if exact_gap:
            assert judged(reached) in done
            if fact.kind is not FactKind.COUNT:
                assert judged(beside) in (Status.MISSING, None)
    if isinstance(lacking.actual, Ratio) and lacking.gap_count is not None:
        assert lacking.gap_count > 0
        top, bottom = lacking.actual.numerator, lacking.actual.denominator
        if lacking.direction is not Direction.EQUAL:
            assert judged({"numerator": top + sign * lacking.gap_count, "denominator": bottom}) in done
        closer = top + sign * (lacking.gap_count - 1)
        assert judged({"numerator": closer, "denominator": bottom}) in (Status.MISSING, None)


def _above(actual: Any, required: Any) -> bool:
    from ntm_rules.model.values import exact

    return bool(exact(actual) > exact(required)) if isinstance(required, Decimal) else False


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    assessment = ntm.evaluate(ruleset, data.draw(communes(ruleset)))
    for gap in [gap for result in assessment.missing for gap in gaps(result)][:6]:
        assert_gap_closes(assessment, gap)


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    for _ in range(3):
        assessment = ntm.evaluate(ruleset, data.draw(communes(ruleset)))
        for result in assessment.missing:
            for gap in gaps(result):
                if gap.clause.applies_if is None:
                    assert_gap_closes(assessment, gap)


def test_four_hundred_and_forty_one_people() -> None:
    """Nam Bình: 8,705 of 10,162 insured; 90 % takes 9,145.8 people, 441 more, here of men and of women each."""
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    people = {"numerator": 8705, "denominator": 10162}
    commune = ntm.Commune(region="tn", year=2023, facts={"health_insurance_pct": {"male": people, "female": people}})
    result = ntm.evaluate(ruleset, commune).indicator("15.1")
    assert [part.gap_count for part in result.parts] == [441, 441]
    assert result.gap_count == 882
    for more, status in ((440, Status.MISSING), (441, Status.MET)):
        reached = {"numerator": 8705 + more, "denominator": 10162}
        facts = {"health_insurance_pct": {"male": reached, "female": reached}}
        assert ntm.evaluate(ruleset, commune.replace(facts=facts)).indicator("15.1").status is status
