"""The compiled judge and the readable reference give every indicator the same status, whatever the ruleset and commune."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, judge, loaded

import ntm_rules as ntm
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.ruleset import Ruleset


def assert_engines_agree(assessment: ntm.Assessment) -> None:
    reference = judge(assessment)
    statuses = {clause.id: reference.result(clause).status for clause in assessment.ruleset.indicators}
    assert assessment.statuses == statuses
    for criterion in assessment.criteria:
        own = {statuses[clause.id] for clause in criterion.criterion.indicators}
        expected = (
            Verdict.MISSING
            if Status.MISSING in own
            else Verdict.UNDETERMINED
            if Status.UNDETERMINED in own
            else Verdict.MET
        )
        assert criterion.verdict is expected


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    commune = data.draw(communes(ruleset, attested=True))
    strict, year = data.draw(st.booleans()), data.draw(st.sampled_from([None, 2020, 2023, 2030]))
    assert_engines_agree(ntm.evaluate(ruleset, commune, strict=strict, threshold_year=year))


def test_the_cached_judge_of_one_commune_does_not_serve_another() -> None:
    """Column, year and strictness each have their own judge: any order of asking gives the same answers."""
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    asked = [
        (ntm.Commune(region=region, year=year, facts={"income_per_capita": 50}), strict)
        for region in ("dbsh", "tn")
        for year in (2021, 2024)
        for strict in (False, True)
    ]
    forwards = [ntm.evaluate(ruleset, commune, strict=strict).statuses for commune, strict in asked]
    backwards = [ntm.evaluate(ruleset, commune, strict=strict).statuses for commune, strict in reversed(asked)]
    assert forwards == backwards[::-1]


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    for _ in range(4):
        commune = data.draw(communes(ruleset, attested=True, most=8))
        strict, year = data.draw(st.booleans()), data.draw(st.sampled_from([None, 2021, 2023]))
        assert_engines_agree(ntm.evaluate(ruleset, commune, strict=strict, threshold_year=year))


@given(documents=generated_rulesets(), data=st.data())
def test_everything_said_of_a_generated_assessment_can_be_said(documents: Documents, data: st.DataObject) -> None:
    """Results, texts, data and counts never fail, whatever kinds of requirement a ruleset combines."""
    ruleset = built(documents)
    assessment = ntm.evaluate(ruleset, data.draw(communes(ruleset, attested=True)), strict=data.draw(st.booleans()))
    for lang in ("vi", "en"):
        assert assessment.report(lang)
    assert assessment._repr_html_()
    assert assessment.to_dict()["statuses"] == {no: status.value for no, status in assessment.statuses.items()}
    needed = [needed.id for needed in assessment.facts_needed if ":" not in needed.id]
    assert needed == [result.id for result in assessment.undetermined]


@given(documents=generated_rulesets(), data=st.data())
def test_both_engines_refuse_the_same_facts(documents: Documents, data: st.DataObject) -> None:
    """A value the catalogue does not allow is refused when judged: no engine decides by it."""
    ruleset = built(documents)
    facts = data.draw(st.sampled_from(sorted(ruleset.catalogue.facts)))
    wrong = [True, "Đạt", "≥ 90%", "97,5", "", -1, 101, 10**17, 10**21, 1e30, -(10**30), 1e-30, 5e-324, 0.5, "tốt", "9"]
    value = data.draw(st.sampled_from(wrong))
    commune = ntm.Commune(region="tn", facts={facts: value})
    try:
        assessment = ntm.evaluate(ruleset, commune)
    except ntm.FactError:
        with pytest.raises(ntm.FactError):
            judge_facts(ruleset, commune)
    else:
        assert_engines_agree(assessment)


def judge_facts(ruleset: Ruleset, commune: ntm.Commune) -> None:
    """The facts as the reference takes them."""
    from ntm_rules.model.checking import clean_facts

    clean_facts(ruleset.catalogue, commune.facts)
