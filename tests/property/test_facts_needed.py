"""What is said to be needed suffices: with every fact given and every threshold that lacks attested, the verdict is decided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, loaded

import ntm_rules as ntm
from ntm_rules.engine.reference import under
from ntm_rules.model.assessment import FactNeeded, Status, Verdict
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import SetBy
from ntm_rules.model.ruleset import Ruleset


def a_value(fact: Fact, choice: int) -> Any:
    if fact.kind is FactKind.BOOLEAN:
        return choice % 2 == 0
    if fact.kind is FactKind.CATEGORY:
        return fact.values[choice % len(fact.values)]
    low, high = fact.low if fact.low is not None else 1, fact.high if fact.high is not None else 1000
    return low if choice % 2 else high


def supplied(ruleset: Ruleset, commune: ntm.Commune, needed: FactNeeded, choice: int) -> ntm.Commune:
    """The commune with one need supplied: its facts, and a verdict where a threshold is lacking."""
    facts: dict[str, Any] = dict(commune.facts)
    for key in needed.facts:
        name = key.partition(".")[0]
        if key not in facts:  # men, women and the total must agree: what is added is as what is there
            beside = [facts[other] for other in (name, f"{name}.male", f"{name}.female") if other in facts]
            facts[key] = beside[0] if beside else a_value(ruleset.catalogue.facts[name], choice)
    attested = dict(commune.attested)
    if needed.threshold_set_by is not None:
        attested[needed.id] = choice % 2 == 0
    return commune.replace(facts=facts, attested=attested)


def assert_suffices(ruleset: Ruleset, commune: ntm.Commune, choice: int) -> None:
    assessment = ntm.evaluate(ruleset, commune)
    needed = assessment.facts_needed
    assert [item.id for item in needed if ":" not in item.id] == [result.id for result in assessment.undetermined]
    assert len({item.id for item in needed}) == len(needed)
    for item in needed:
        commune = supplied(ruleset, commune, item, choice)
    after = ntm.evaluate(ruleset, commune)
    assert not after.undetermined, [result.id for result in after.undetermined]
    assert after.verdict is not Verdict.UNDETERMINED or not ruleset.complete


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    commune = data.draw(communes(ruleset, attested=data.draw(st.booleans())))
    assert_suffices(ruleset, commune, data.draw(st.integers(0, 3)))


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    for _ in range(4):
        assert_suffices(ruleset, data.draw(communes(ruleset)), data.draw(st.integers(0, 3)))


MODEL, ADVANCED, FIRST = "2021-2025/xa-ntm-kieu-mau", "2021-2025/xa-ntm-nang-cao", "2021-2025/xa-ntm"
ON = "2023-12-31"


def nearly_model(**more: Any) -> ntm.Commune:
    """All of xã NTM and nâng cao attested but for irrigation, one plan and the income of nâng cao."""
    open_ = {f"{FIRST}:3.1", f"{ADVANCED}:1.1", f"{ADVANCED}:10"}
    ids = [f"{name}:{item.id}" for name in (FIRST, ADVANCED) for item in ntm.load_ruleset(name, on=ON).indicators]
    return ntm.Commune(region="tn", year=2023, attested={key: True for key in ids if key not in open_}, **more)


def test_what_is_open_two_tiers_below_is_named() -> None:
    rules = ntm.load_ruleset(MODEL, on=ON)
    needed = {item.id: item for item in ntm.evaluate(rules, nearly_model()).facts_needed}
    assert list(needed) == [
        "1",
        f"{ADVANCED}:ntm",
        f"{FIRST}:3.1",
        f"{ADVANCED}:1.1",
        f"{ADVANCED}:10",
        "2",
        "3",
        "4",
    ]
    assert needed[f"{FIRST}:3.1"].facts == ("irrigated_drained_farmland_pct",)
    assert needed[f"{ADVANCED}:10"].threshold_set_by is SetBy.NATIONAL
    assert needed["1"].threshold_set_by is not None
    assert set(needed["1"].facts) == {fact for name in list(needed)[2:5] for fact in needed[name].facts}


def test_what_is_named_of_the_tiers_below_suffices_without_the_indicator_that_sums_them_up() -> None:
    rules = ntm.load_ruleset(MODEL, on=ON)
    commune = nearly_model()
    for item in ntm.evaluate(rules, commune).facts_needed:
        if item.id not in ("1", f"{ADVANCED}:ntm"):
            commune = supplied(rules, commune, item, 0)
    after = ntm.evaluate(rules, commune)
    assert "1" not in commune.attested
    assert after.statuses["1"] is Status.MET
    assert after.verdict is Verdict.MET
    assert under(ntm.load_ruleset(ADVANCED, on=ON), after).verdict is Verdict.MET
