"""Deleting a fact only ever moves a status towards undetermined: unknown is never zero, never false, never a pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import (
    SHIPPED,
    Documents,
    Loaded,
    built,
    communes,
    document_of,
    generated_rulesets,
    loaded,
)

import ntm_rules as ntm
from ntm_rules.model.assessment import Status, Verdict


def assert_less_decided(ruleset: ntm.Ruleset, commune: ntm.Commune, dropped: set[str]) -> None:
    """Without attested verdicts, what is decided with fewer facts is decided the same with more."""
    known = ntm.evaluate(ruleset, commune)
    rest = {key: value for key, value in commune.facts.items() if key not in dropped}
    less = ntm.evaluate(ruleset, commune.replace(facts=rest))
    for no, status in less.statuses.items():
        assert status in (Status.UNDETERMINED, known.statuses[no]), (no, known.statuses[no], status, dropped)
    for before, after in zip(known.criteria, less.criteria, strict=True):
        assert after.verdict in (Verdict.UNDETERMINED, before.verdict)
    assert less.verdict in (Verdict.UNDETERMINED, known.verdict)
    assert less.recognition in (Verdict.UNDETERMINED, known.recognition)
    assert less.at_risk.answer in (None, known.at_risk.answer)


def assert_at_most_as_attested(ruleset: ntm.Ruleset, commune: ntm.Commune, dropped: set[str], *, strict: bool) -> None:
    """With attested verdicts: the same, or undetermined; of what was attested, the same, or as it was attested."""
    known = ntm.evaluate(ruleset, commune, strict=strict)
    rest = {key: value for key, value in commune.facts.items() if key not in dropped}
    less = ntm.evaluate(ruleset, commune.replace(facts=rest), strict=strict)
    for no, status in less.statuses.items():
        verdict = known.attested.get(no)
        other = Status.UNDETERMINED if verdict is None else Status.MET if verdict else Status.MISSING
        assert status in (known.statuses[no], other), (no, known.statuses[no], status, verdict, dropped)


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_shipped_rulesets_with_attested_verdicts(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    commune = data.draw(communes(ruleset, attested=True))
    keys = sorted(commune.facts)
    dropped = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    assert_at_most_as_attested(ruleset, commune, dropped, strict=data.draw(st.booleans()))


def test_an_attested_verdict_that_a_fact_contradicted_decides_once_the_fact_is_gone() -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    commune = ntm.Commune(region="dbsh", year=2023, facts={"income_per_capita": 1}, attested={"10": True})
    assert ntm.evaluate(ruleset, commune).statuses["10"] is Status.MISSING
    assert ntm.evaluate(ruleset, commune.replace(facts={})).statuses["10"] is Status.MET


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    commune = data.draw(communes(ruleset))
    keys = sorted(commune.facts)
    dropped = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    assert_less_decided(ruleset, commune, dropped)


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    for _ in range(4):
        commune = data.draw(communes(ruleset))
        keys = sorted(commune.facts)
        dropped = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
        assert_less_decided(ruleset, commune, dropped)
        attested = data.draw(communes(ruleset, attested=True)).replace(facts=commune.facts)
        assert_at_most_as_attested(ruleset, attested, dropped, strict=data.draw(st.booleans()))


def test_nothing_known_decides_nothing() -> None:
    """With no facts at all no indicator is met or missing, in any ruleset."""
    for which in SHIPPED:
        ruleset = loaded(which)
        home = ruleset.catalogue.provinces.get(ruleset.province or "")
        assessment = ntm.evaluate(ruleset, ntm.Commune(region=home.region if home else "tn", year=2023))
        assert not set(assessment.statuses.values()) & {Status.MET, Status.MISSING}
        assert assessment.verdict is Verdict.UNDETERMINED


def test_n_of_m_with_parts_that_may_not_apply_waits_for_the_fact_that_tells() -> None:
    """Two of three, two of them not asked here and the third perhaps not asked: it may yet not apply, so it is not missing."""
    words = {"vi": "chữ", "en": "text"}
    parts = [
        {"part": "a", "label": words, "requires": {"met": "yes0"}, "applies_if": {"met": "yes1"}},
        {"part": "b", "label": words, "requires": {"met": "yes0"}, "columns": ["dnb"]},
        {"part": "c", "label": words, "requires": {"met": "yes0"}, "columns": ["dnb"]},
    ]
    ruleset = built((document_of({"some": {"at_least": "2", "of": parts}}),))
    known = ntm.evaluate(ruleset, ntm.Commune(region="tn", facts={"yes1": False})).statuses["1"]
    assert known is Status.NOT_APPLICABLE
    assert ntm.evaluate(ruleset, ntm.Commune(region="tn")).statuses["1"] is Status.UNDETERMINED
