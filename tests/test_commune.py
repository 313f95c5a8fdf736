"""A commune: who it is, where it lies, what is known of it."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest

import ntm_rules as ntm

RULES = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
POWER = "households_registered_reliable_power_pct"


@pytest.mark.parametrize("code", [1, "1", "00001", " 00001"])
def test_codes_have_five_digits(code: Any) -> None:
    assert ntm.Commune(code=code).code == "00001"


@pytest.mark.parametrize("code", ["", "123456", 123456, -1, "12a", 1.0, True, "１２", b"1", [1]])
def test_codes_that_are_none(code: Any) -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.Commune(code=code)
    assert caught.value.problems[0].code == "bad_code"


@pytest.mark.parametrize("year", [2009, 2101, "2023", 2023.0, True, 0, -1])
def test_years_that_are_none(year: Any) -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.Commune(year=year)
    assert caught.value.problems[0].key == "year"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 5),
        ("region", ["dbsh"]),
        ("province", 1),
        ("district", 5),
        ("zone", 5),
        ("zone", [1]),
        ("attested", {"7": "true"}),
        ("attested", {"7": 1}),
        ("attested", {7: True}),
        ("attested", ["7"]),
        ("facts", [("a", 1)]),
        ("facts", "a"),
        ("facts", 5),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(field: str, value: Any) -> None:
    with pytest.raises(ntm.NtmRulesError) as caught:
        ntm.Commune(**{field: value})
    assert any(str(problem.key).startswith(field) for problem in caught.value.problems)


def test_zones_are_none_one_or_several() -> None:
    assert ntm.Commune().zone is None
    assert ntm.Commune(zone="III").zone == "III"
    assert ntm.Commune(zone=["III", "dbkk-coast"]).zone == ("III", "dbkk-coast")
    assert ntm.Commune(zone=[]).zone is None


def test_facts_by_sex_are_facts_of_their_own() -> None:
    commune = ntm.Commune(facts={"health_insurance_pct": {"male": 96, "female": "94.9", "total": 95.5}})
    assert dict(commune.facts) == {
        "health_insurance_pct.male": Decimal(96),
        "health_insurance_pct.female": Decimal("94.9"),
        "health_insurance_pct": Decimal("95.5"),
    }


def test_a_ratio_may_be_given_by_sex() -> None:
    ratio = {"numerator": 1, "denominator": 2}
    commune = ntm.Commune(facts={"health_insurance_pct": {"male": ratio, "female": ntm.Ratio(1, 4)}})
    assert commune.facts["health_insurance_pct.female"] == ntm.Ratio(1, 4)


def test_a_fact_of_none_is_no_fact() -> None:
    assert dict(ntm.Commune(facts={"a": None, "b": 1}).facts) == {"b": Decimal(1)}
    assert ntm.Commune(facts={"a": None}) == ntm.Commune()


def test_every_bad_fact_is_named_at_once() -> None:
    with pytest.raises(ntm.FactError) as caught:
        ntm.Commune(facts={"a": float("nan"), "b": 1, "c": {"numerator": 1, "denominator": 0}, "d": [1]})
    assert [problem.key for problem in caught.value.problems] == ["a", "c", "d"]


def test_every_bad_field_of_data_is_named_at_once() -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.Commune.from_dict({"code": "x", "yaer": 2023, "year": 1, "facts": {"a": [1]}, "zone": [1]})
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"bad_code", "unknown_field", "bad_year", "bad_value", "bad_zone"}


@pytest.mark.parametrize("data", [[], None, "code", 5])
def test_data_that_is_no_mapping_is_refused(data: Any) -> None:
    with pytest.raises(ntm.NtmRulesError):
        ntm.Commune.from_dict(data)


def test_bad_facts_are_all_named_when_judged() -> None:
    facts = {"health_insurance_pct": 101, "rural_market_or_trading_place": 1, "nope": 1, "schools_total": 2.5}
    with pytest.raises(ntm.FactError) as caught:
        ntm.evaluate(RULES, ntm.Commune(region="dbsh", facts=facts))
    assert {problem.key: problem.code for problem in caught.value.problems} == {
        "health_insurance_pct": "out_of_bounds",
        "rural_market_or_trading_place": "wrong_kind",
        "nope": "unknown_fact",
        "schools_total": "wrong_kind",
    }


def test_a_total_that_lies_outside_men_and_women_is_refused() -> None:
    for total in (89, 96):
        facts = {"health_insurance_pct": {"male": 90, "female": 95, "total": total}}
        with pytest.raises(ntm.FactError) as caught:
            ntm.evaluate(RULES, ntm.Commune(region="dbsh", facts=facts))
        assert caught.value.problems[0].code == "inconsistent"


def test_a_fact_not_given_by_sex_has_no_men_and_women() -> None:
    with pytest.raises(ntm.FactError, match=r"income_per_capita\.male"):
        ntm.evaluate(RULES, ntm.Commune(region="dbsh", facts={"income_per_capita.male": 50}))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "no_region"),
        ({"region": "nowhere"}, "unknown_region"),
        ({"province": "Nowhere"}, "unknown_province"),
        ({"region": "tn", "province": "Nam Định"}, "region_mismatch"),
        ({"region": "tn", "zone": "IV"}, "unknown_zone"),
        ({"region": "tn", "attested": {"99": True}}, "unknown_attested"),
    ],
    ids=str,
)
def test_a_place_that_does_not_exist_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.evaluate(RULES, ntm.Commune(**fields))
    assert code in {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"region": "dbsh"}, "dbsh"),
        ({"province": "Nam Định"}, "dbsh"),
        ({"province": "kon-tum"}, "tn"),
        ({"region": "dbsh", "province": "Nam Định"}, "dbsh"),
        ({"region": "dhntb", "zone": "dbkk-coast"}, "tdmnpb"),
        ({"region": "dhntb", "zone": ["I", "atk-poor-district"]}, "tdmnpb"),
        ({"region": "dhntb", "zone": "III"}, "tdmnpb"),
        ({"region": "dhntb", "zone": "II"}, "dhntb"),
    ],
    ids=str,
)
def test_the_column_follows_from_region_province_and_zone(fields: dict[str, Any], column: str) -> None:
    """Special communes of 318/QĐ-TTg, before the amendment."""
    assert ntm.evaluate(RULES, ntm.Commune(**fields)).column == column


def test_special_communes_since_the_amendment() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2024-03-01")
    columns = {
        zone: ntm.evaluate(rules, ntm.Commune(region="dhntb", zone=zone)).column
        for zone in ("I", "II", "III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020")
    }
    special = {zone for zone, column in columns.items() if column == "tdmnpb"}
    assert special == {"II", "III", "dbkk-coast", "atk-poor-district"}


def test_replace_gives_another_commune() -> None:
    commune = ntm.Commune(code=5, region="dbsh", year=2023, facts={"a": 1}, attested={"7": True}, zone=["I", "II"])
    assert commune.replace() == commune
    assert commune.replace(year=2024).year == 2024
    assert commune.year == 2023


def test_json_says_only_what_is_known() -> None:
    assert json.loads(ntm.Commune(name="Tân Lập").to_json()) == {"name": "Tân Lập", "facts": {}}


def test_repr_is_short() -> None:
    commune = ntm.Commune(code=5, name="Tân Lập", facts={f"f{i}": i for i in range(100)})
    assert repr(commune) == "Commune(code='00005', name='Tân Lập', facts=<100>)"


def test_values_by_indicator_number_become_facts() -> None:
    commune = ntm.Commune.from_indicators(RULES, {"10": 56, "7": True}, region="dbsh", year=2023)
    assert commune.facts["income_per_capita"] == 56
    assert commune.facts["rural_market_or_trading_place"] is True
    assert ntm.evaluate(RULES, commune).statuses["10"] is ntm.Status.MET


def test_unknown_numbers_bad_values_and_identity_are_named_at_once() -> None:
    values = {"99": 1, "15.1": float("nan"), "10": 1001, "6.2": 5}
    with pytest.raises(ntm.FactError) as caught:
        ntm.Commune.from_indicators(RULES, values, region="dbsh")
    assert {problem.code for problem in caught.value.problems} == {
        "unknown_indicator",
        "bad_value",
        "out_of_bounds",
        "wrong_kind",
    }
    with pytest.raises(ntm.CommuneError) as both:
        ntm.Commune.from_indicators(RULES, {"99": 1, "15.1": [1]}, region="dbsg", year=1, code="x", facts={"a": [1]})
    found = [(problem.code, problem.key) for problem in both.value.problems]
    assert len(found) == len(set(found))
    assert {code for code, _ in found} >= {"unknown_region", "bad_year", "bad_code", "unknown_indicator", "bad_value"}


def test_a_field_that_is_none_of_a_commune_is_the_caller_s_mistake() -> None:
    with pytest.raises(TypeError):
        ntm.Commune.from_indicators(RULES, {}, regoin="dbsh")


def test_why_a_number_is_refused_is_said_in_vietnamese_too() -> None:
    for value, words in (
        ({"numerator": 1, "denominator": 0}, "mẫu số phải lớn hơn 0"),
        ({"numerator": -1, "denominator": 1}, "tử số không được âm"),
        ({"numerator": 1}, "tỷ số có đúng hai khóa"),
        ({"numerator": {}, "denominator": 1}, "tỷ số nằm trong tỷ số"),
        ({"numerator": "x", "denominator": 1}, "không phải số: 'x'"),
        (float("inf"), "không phải số hữu hạn"),
        (10**50, "quá 40 chữ số"),
        ([1], "không phải kiểu số liệu: list"),
        (Decimal("sNaN"), "không phải số hữu hạn"),
    ):
        with pytest.raises(ntm.FactError) as caught:
            ntm.Commune(facts={"a": value})
        (problem,) = caught.value.problems
        assert words in problem.message.vi
        assert problem.message.vi != problem.message.en


def test_the_constructor_says_all_that_is_wrong_at_once() -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.Commune(code="abc", name=3, year=1066, facts={"a": float("nan"), "b": []}, attested={"7": 1})  # type: ignore[arg-type, dict-item]
    assert {problem.key for problem in caught.value.problems} == {"code", "name", "year", "a", "b", "attested.7"}
    with pytest.raises(ntm.FactError) as bad_facts:
        ntm.Commune(facts={"a": float("nan"), "b": []})
    assert {problem.key for problem in bad_facts.value.problems} == {"a", "b"}


def test_an_iterator_of_zones_is_read_once() -> None:
    assert ntm.Commune(zone=iter(["III", "dbkk-coast"])).zones == ("III", "dbkk-coast")
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.Commune(code="abc", zone=iter(["III"]))
    assert [problem.key for problem in caught.value.problems] == ["code"]


@pytest.mark.parametrize("digits", ["1E+999999999999", "-1E+99999999", "1E-999999999999", "sNaN", "Infinity"])
@pytest.mark.parametrize("field", ["name", "year", "facts", "attested", "code", "host_id"])
def test_a_number_of_more_digits_than_memory_is_refused_at_once(field: str, digits: str) -> None:
    value: Any = {"income_per_capita": Decimal(digits)} if field == "facts" else Decimal(digits)
    value = {"7": Decimal(digits)} if field == "attested" else value
    with contextlib.suppress(ntm.NtmRulesError):
        commune = ntm.Commune.from_dict({field: value})
        assert field == "host_id" or "E-" in digits
        assert len(commune.to_json()) < 600


def test_a_verdict_attested_twice_under_one_number_is_refused() -> None:
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.Commune(attested={"7": True, " 7": False, "8": True, "8 ": True})
    assert [(p.code, p.key) for p in caught.value.problems] == [
        ("given_twice", "attested.7"),
        ("given_twice", "attested.8"),
    ]


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("2021-2035/xa-ntm:7", True),
        ("2021–2025/xa-ntm:7", True),
        ("xa-ntm:7", True),
        (":7", True),
        ("2021-2025/xa-ntn:7", True),
        ("2026-2030/xa-ntm:7", False),
        ("2016-2020/xa-ntm:17.1", False),
    ],
)
def test_a_misspelt_ruleset_of_an_attested_verdict_is_refused_and_another_one_left_alone(key: str, wrong: bool) -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    commune = ntm.Commune(region="tn", attested={key: True})
    if wrong:
        with pytest.raises(ntm.CommuneError, match="unknown_attested"):
            ntm.evaluate(ruleset, commune)
    else:
        assert ntm.evaluate(ruleset, commune).verdict is ntm.Verdict.UNDETERMINED


@pytest.mark.parametrize(
    ("given", "kept"), [("1e3", 1000), ("12345678901234567890", 12345678901234567890), ("1.5", "1.5")]
)
def test_a_host_id_that_json_gave_as_a_decimal_is_kept_as_what_it_stands_for(given: str, kept: Any) -> None:
    commune = ntm.Commune(host_id=Decimal(given))
    assert commune.host_id == kept
    assert json.loads(commune.to_json())["host_id"] == kept


@pytest.mark.parametrize("written", ["2", 2, "Mức độ 2", "mức độ  2", "Mức 2", "level 2"])
def test_a_level_may_be_written_as_the_tables_do(written: Any) -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    commune = ntm.Commune(region="tn", year=2023, facts={"universal_primary_level": written})
    part = next(
        p for p in ntm.evaluate(ruleset, commune).indicator("14.1").parts if p.fact == "universal_primary_level"
    )
    assert (part.status, part.actual) == (ntm.Status.MET, "2")


def test_nobody_changes_the_facts_of_a_commune() -> None:
    facts = {POWER: 84.9}
    commune = ntm.Commune(region="tn", year=2019, facts=facts)
    facts[POWER] = 90
    for given in (commune.given, commune.facts):
        with pytest.raises(TypeError):
            given[POWER] = 90  # type: ignore[index]
    assert commune.given == {POWER: 84.9}
    assert commune.facts == {POWER: Decimal("84.9")}
    with pytest.raises(AttributeError):
        commune.given = {}  # type: ignore[misc]
