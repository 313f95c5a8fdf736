"""JSON, pickles and copies give back what went in; equality and hash go by content."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, loaded

import ntm_rules as ntm
from ntm_rules.model.text import clean_text

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**39), 10**39),
    st.floats(-1e15, 1e15).filter(lambda value: value == 0 or abs(value) > 1e-20),
    st.decimals(-(10**15), 10**15, places=4, allow_nan=False, allow_infinity=False),
    words,
)
ratios = st.builds(lambda n, d: {"numerator": n, "denominator": d}, st.integers(0, 10**20), st.integers(1, 10**20))
by_sex = st.dictionaries(st.sampled_from(["male", "female", "total"]), st.one_of(scalars, ratios), min_size=1)
any_commune = st.builds(
    ntm.Commune,
    code=st.one_of(st.none(), st.integers(0, 99999), st.integers(0, 99999).map(str)),
    name=st.one_of(st.none(), words),
    region=st.one_of(st.none(), words),
    province=st.one_of(st.none(), words),
    district=st.one_of(st.none(), words),
    zone=st.one_of(st.none(), words, st.lists(words, max_size=3)),
    year=st.one_of(st.none(), st.integers(2010, 2100)),
    facts=st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.one_of(scalars, ratios, by_sex)),
    attested=st.one_of(st.none(), st.dictionaries(words.map(clean_text), st.booleans(), max_size=4)),
    host_id=st.one_of(st.none(), st.integers(), words),
)


def again(value: Any) -> list[Any]:
    """A value pickled and copied in every way."""
    pickles = [pickle.loads(pickle.dumps(value, protocol)) for protocol in (2, pickle.HIGHEST_PROTOCOL)]  # noqa: S301
    return [*pickles, copy.copy(value), copy.deepcopy(value)]


@given(commune=any_commune)
def test_a_commune_comes_back_from_json(commune: ntm.Commune) -> None:
    back = ntm.Commune.from_dict(json.loads(commune.to_json()))
    assert back == commune
    assert hash(back) == hash(commune)
    assert back.to_json() == commune.to_json()
    assert back.facts == commune.facts
    assert ntm.Commune.from_dict(commune.to_dict()) == commune


@given(commune=any_commune)
def test_a_commune_comes_back_from_pickles_and_copies(commune: ntm.Commune) -> None:
    for back in again(commune):
        assert back == commune
        assert hash(back) == hash(commune)
        assert back.to_json() == commune.to_json()
    assert commune.replace() == commune


@pytest.mark.parametrize("which", SHIPPED[:8:2] + SHIPPED[-2:], ids=str)
@given(data=st.data())
def test_an_assessment_comes_back(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    assessment = ntm.evaluate(ruleset, data.draw(communes(ruleset, attested=True)), strict=data.draw(st.booleans()))
    assert json.loads(assessment.to_json()) == assessment.to_dict()
    back = pickle.loads(pickle.dumps(assessment))  # noqa: S301
    assert back == assessment
    assert hash(back) == hash(assessment)
    assert back.statuses == assessment.statuses
    assert back.report("vi") == assessment.report("vi")


@pytest.mark.parametrize("which", SHIPPED[::5], ids=str)
def test_a_ruleset_and_its_results_come_back(which: Loaded) -> None:
    ruleset = loaded(which)
    home = ruleset.catalogue.provinces.get(ruleset.province or "")
    commune = ntm.Commune(region=home.region if home else "tn", year=2023, facts={"income_per_capita": "45.5"})
    assessment = ntm.evaluate(ruleset, commune)
    for back in again(ruleset):
        assert back == ruleset
        assert hash(back) == hash(ruleset)
        assert back.content_hash == ruleset.content_hash
        assert ntm.evaluate(back, commune) == assessment
    for result in (*assessment.results[:3], *assessment.conditions):
        for same in again(result):
            assert same == result
            assert same.explain("en") == result.explain("en")
    for other in again(assessment):
        assert other == assessment
        assert other.to_dict() == assessment.to_dict()


@given(documents=generated_rulesets())
def test_a_generated_ruleset_comes_back(documents: Documents) -> None:
    ruleset = built(documents)
    for back in (pickle.loads(pickle.dumps(ruleset)), built(documents)):  # noqa: S301
        assert back == ruleset
        assert hash(back) == hash(ruleset)
        assert back.content_hash == ruleset.content_hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"facts": {"a": True}}, {"facts": {"a": 1}}),
        ({"facts": {"a": False}}, {"facts": {"a": 0}}),
        ({"facts": {"a": 1}}, {"facts": {"a": 2}}),
        ({"facts": {"a": {"numerator": 1, "denominator": 2}}}, {"facts": {"a": {"numerator": 2, "denominator": 4}}}),
        ({"host_id": 1}, {"host_id": "1"}),
        ({"host_id": None}, {"host_id": "None"}),
        ({"zone": ["II", "III"]}, {"zone": ["II"]}),
        ({"district": "A"}, {"district": "B"}),
        ({"attested": {"7": True}}, {"attested": {"7": False}}),
        ({"year": 2023}, {"year": 2024}),
    ],
    ids=repr,
)
def test_what_differs_is_not_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two communes that are judged or written differently are different: true is not 1, "1" is not 1."""
    assert ntm.Commune(**one) != ntm.Commune(**other)


@pytest.mark.parametrize("same", [[99.1, "99.1"], [5, 5.0], ["5", 5]], ids=repr)
def test_the_same_number_in_another_form_is_equal(same: list[Any]) -> None:
    first, second = (ntm.Commune(facts={"a": value}) for value in same)
    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize("host_id", [{}, [], {"a": [1]}, 0, "", False], ids=repr)
def test_any_json_identifier_of_the_host_comes_back(host_id: Any) -> None:
    commune = ntm.Commune(host_id=host_id)
    assert ntm.Commune.from_dict(json.loads(commune.to_json())).host_id == host_id
