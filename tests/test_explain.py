"""What people read: the fact, the value, the threshold and where it stands, the gap, and who must supply what."""

from __future__ import annotations

from typing import Any

import pytest
from tests.property.test_exact_numbers import ruleset_of

import ntm_rules as ntm
from ntm_rules.explain.rules import describe, ruleset_rows
from ntm_rules.model.assessment import Result, Status
from ntm_rules.model.requirement import SetBy

RULES = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
OLD = ntm.load_ruleset("2016-2020/xa-ntm")


def result(
    number: str,
    facts: dict[str, Any] | None = None,
    *,
    rules: ntm.Ruleset = RULES,
    attested: dict[str, bool] | None = None,
    strict: bool = False,
    year: int = 2023,
    region: str = "dbsh",
) -> Result:
    commune = ntm.Commune(region=region, year=year, facts=facts or {}, attested=attested)
    return ntm.evaluate(rules, commune, strict=strict).indicator(number)


def contains(text: str, *wanted: str) -> None:
    for words in wanted:
        assert words in text, (words, text)


def test_a_missing_income_names_everything_an_officer_asks() -> None:
    found = result("10", {"income_per_capita": "55.9"})
    contains(found.explain("vi"), "10 ", "CHƯA ĐẠT", "55,9", "≥ 56", "ĐBSH", "năm 2023", "Còn thiếu 0,1", "318/QĐ-TTg")
    contains(
        found.explain("en"),
        "10 ",
        "MISSING",
        "55.9",
        "≥ 56",
        "Red River delta",
        "year 2023",
        "Short by 0.1",
        "318/QĐ-TTg",
    )


def test_people_lacking_are_counted_in_people() -> None:
    ratio = {"numerator": 8705, "denominator": 10162}
    found = result("15.1", {"health_insurance_pct": {"male": ratio, "female": 95}})
    contains(found.explain("vi"), "85,66%", "8.705/10.162", "≥ 90%", "cần thêm 441", "nam")
    contains(found.explain("en"), "85.66%", "8,705/10,162", "≥ 90%", "441 more", "men", "percentage points")


def test_too_much_is_said_as_too_much() -> None:
    found = result("11", {"poor_households_pct": {"numerator": 13, "denominator": 100}}, rules=OLD, region="tdmnpb")
    assert found.status is Status.MISSING
    contains(found.explain("vi"), "13%", "≤ 12%", "Vượt 1 điểm %", "cần giảm 1")
    contains(found.explain("en"), "13%", "≤ 12%", "Over by 1 percentage points", "1 fewer")


@pytest.mark.parametrize("value", [60, {"numerator": 60, "denominator": 100}], ids=["percent", "ratio"])
def test_more_than_an_exact_requirement_is_over_it(value: Any) -> None:
    """ "= 50" with 60: ten points too many, in whatever form the 60 came."""
    rules = ruleset_of("equal", "50", "pct1")
    found = ntm.evaluate(rules, ntm.Commune(region="tn", facts={"pct1": value})).indicator("1")
    contains(found.explain("en"), "Over by 10")
    contains(found.explain("vi"), "Vượt 10")
    assert "more" not in found.explain("en")


def test_a_category_above_an_exact_requirement_is_not_short_of_it() -> None:
    rules = ruleset_of("equal", "trung bình", "cat0")
    found = ntm.evaluate(rules, ntm.Commune(region="tn", facts={"cat0": "tốt"})).indicator("1")
    assert found.status is Status.MISSING
    assert "Short" not in found.explain("en")


def test_a_share_just_below_is_never_rounded_to_the_threshold() -> None:
    found = result("4.2", {"households_registered_reliable_power_pct": {"numerator": 989999, "denominator": 1000000}})
    contains(found.explain("en"), "98.9999%", "≥ 99%")
    assert ": 99% (" not in found.explain("en")
    near = result(
        "4.2", {"households_registered_reliable_power_pct": {"numerator": 99 * 10**20 - 1, "denominator": 10**22}}
    )
    assert near.status is Status.MISSING
    assert ": 99% (" not in near.explain("en")


def test_a_missing_fact_says_who_must_supply_which() -> None:
    contains(result("10").explain("vi"), "CHƯA XÁC ĐỊNH", "Thiếu số liệu", "income_per_capita", "Thu nhập")
    contains(result("15.1").explain("en"), "UNDETERMINED", "men", "women", "health_insurance_pct.male")


def test_a_threshold_of_the_province_says_so() -> None:
    found = result("2.1", {"commune_and_district_link_roads_paved_pct": 100}, rules=OLD)
    contains(found.explain("vi"), "Chưa có mức", "UBND cấp tỉnh")
    contains(found.explain("en"), "No threshold", "provincial")


def test_a_year_without_a_threshold_is_named() -> None:
    found = result("10", {"income_per_capita": 43}, rules=OLD, year=2019)
    contains(found.explain("vi"), "2019", "không có mức cho năm này")
    contains(found.explain("en"), "2019", "no threshold for this year")


def test_a_conflict_says_who_said_what_and_what_decided() -> None:
    found = result("10", {"income_per_capita": 55}, attested={"10": True})
    contains(found.explain("vi"), "Mâu thuẫn", "xác nhận: đạt", "số liệu quyết định", "55")
    contains(found.explain("en"), "Conflict", "agency: met", "the facts decide")


@pytest.mark.parametrize(
    ("number", "facts"),
    [
        ("7", {}),
        ("4.2", {}),
        ("10", {}),
        ("15.1", {"health_insurance_pct": 95}),
        ("17.1", {"clean_water_households_pct": 9}),
    ],
)
@pytest.mark.parametrize("verdict", [True, False])
def test_what_an_agency_attested_is_said_to_be_attested(number: str, facts: dict[str, Any], verdict: bool) -> None:
    """Also where the threshold is known, or a figure that could not decide: "met" without a why is no explanation."""
    found = result(number, facts, attested={number: verdict})
    assert found.status is (Status.MET if verdict else Status.MISSING)
    contains(found.explain("vi"), "Cơ quan phụ trách xác nhận")
    contains(found.explain("en"), "Attested by the responsible agency")


def test_unconfirmed_thresholds_are_marked_and_strict_says_why_it_does_not_decide() -> None:
    facts = {"households_registered_reliable_power_pct": 50}
    contains(result("4.2", facts).explain("en"), "How surely the threshold is known", "recalled")
    contains(result("4.2", facts, strict=True).explain("vi"), "chưa được xác nhận", "chế độ chặt chẽ")


def test_not_applicable_says_that_it_counts_as_met() -> None:
    found = result("13.4", {"has_craft_villages": False})
    contains(found.explain("vi"), "KHÔNG ÁP DỤNG", "tính như đạt")
    contains(found.explain("en"), "NOT APPLICABLE", "counted as met")


def test_parts_are_explained_below_their_indicator() -> None:
    text = result("3.2", {"disaster_mandatory_items_met": True, "disaster_preparedness_score": 49}).explain("en")
    lines = text.splitlines()
    assert lines[0].startswith("3.2 ")
    assert [line.split()[0] for line in lines[1:] if line.startswith("  3.2")] == ["3.2.a", "3.2.b"]
    contains(text, "49", "≥ 50")


def test_what_dat_means_is_explained_with_its_source() -> None:
    contains(result("18.4").explain("vi"), "nghĩa là")


def test_an_indicator_held_against_another_fact_names_both() -> None:
    """691/QĐ-TTg: income at least 1.5 times that at recognition."""
    rules = ntm.load_ruleset("2016-2020/xa-ntm-kieu-mau")
    facts = {"income_per_capita": 44, "income_per_capita_at_recognition": 30}
    found = ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2020, facts=facts)).indicator("1.2")
    assert found.status is Status.MISSING
    contains(found.explain("en"), "44", "≥ 1.5 × income per capita at NTM recognition (30) = 45", "Short by 1")
    words = "≥ 1,5 × thu nhập bình quân đầu người khi được công nhận NTM (30) = 45 triệu đồng"
    contains(found.explain("vi"), words)
    said = found.to_dict()
    assert (said["factor"], said["other_fact"], str(said["other_actual"])) == (
        "1.5",
        "income_per_capita_at_recognition",
        "30",
    )


def test_an_indicator_held_against_an_unknown_fact_still_says_of_which_it_is_a_multiple() -> None:
    rules = ntm.load_ruleset("2016-2020/xa-ntm-kieu-mau")
    found = ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2020, facts={"income_per_capita": 44})).indicator("1.2")
    contains(found.explain("vi"), "Yêu cầu ≥ 1,5 × thu nhập bình quân đầu người khi được công nhận NTM.")


def test_who_sets_what_is_multiplied_must_supply_it() -> None:
    """Đồng Tháp takes 1.1 × the national income of nâng cao, which is not known for the column of special communes."""
    rules = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau", province="dong-thap")
    commune = ntm.Commune(province="Đồng Tháp", zone="III", year=2023, facts={"income_per_capita": 60})
    found = ntm.evaluate(rules, commune).indicator("2")
    assert (found.reason, found.set_by) == (ntm.Reason.NO_THRESHOLD, SetBy.NATIONAL)
    contains(found.explain("vi"), "Chưa có mức: văn bản trung ương")
    assert rules.threshold("2", region="dbscl", zones=("III",), year=2023).set_by is SetBy.NATIONAL
    needed = {item.id: item.threshold_set_by for item in ntm.evaluate(rules, commune).facts_needed}
    assert needed["2"] is SetBy.NATIONAL


def test_an_unknown_condition_whose_threshold_is_unknown_does_not_ask_for_no_facts() -> None:
    """ "The commune must supply: ." helps nobody."""
    for rules in (RULES, OLD):
        assessment = ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2023))
        for found in assessment.undetermined:
            assert "supply: ." not in found.explain("en"), found.id
            assert found.reason is not ntm.Reason.NO_FACT or found.facts_wanted, found.id


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_explanation_of_every_ruleset_is_whole(lang: Any) -> None:
    """No "None", no doubled points or spaces, no key of the code."""
    for summary in ntm.list_rulesets():
        rules = ntm.load_ruleset(summary.id)
        assessment = ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2023))
        for found in (*assessment.results, *assessment.conditions, *assessment.prerequisites):
            text = found.explain(lang)
            for ugly in ("None", "..", "Status.", "Decimal(", "( ", " )"):
                assert ugly not in text.replace("...", "…"), (found.id, text)
            assert found.id in text
            assert found.citation in text


def test_html_of_results_is_escaped() -> None:
    commune = ntm.Commune(region="dbsh", year=2023, name="<b>&", attested={"7": False})
    assert "<b>&<" not in ntm.evaluate(RULES, commune)._repr_html_()


def test_a_verdict_given_by_its_number_alone_is_said_with_the_ruleset_it_was_read_under() -> None:
    """The same file judged under nâng cao takes "7" for nâng cao's: whoever reads the result must see that."""
    advanced = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao")
    for rules in (RULES, advanced):
        commune = ntm.Commune(region="dbsh", year=2023, attested={"7": True})
        assessment = ntm.evaluate(rules, commune)
        found = assessment.indicator("7")
        assert (found.status, found.attested_as) == (Status.MET, "7")
        contains(found.explain("vi"), f"đạt (chỉ ghi số “7”, hiểu là {rules.id}:7)")
        contains(found.explain("en"), f"met (given as “7” alone, read as {rules.id}:7)")
        contains(assessment.summary("vi"), f"1 xác nhận chỉ ghi số, hiểu là của {rules.id}")
        contains(assessment.summary("en"), f"1 attested by number alone, read as of {rules.id}")
        assert found.to_dict()["attested_as"] == "7"


def test_a_verdict_that_names_its_ruleset_needs_no_such_words() -> None:
    key = f"{RULES.id}:7"
    assessment = ntm.evaluate(RULES, ntm.Commune(region="dbsh", year=2023, attested={key: True}))
    found = assessment.indicator("7")
    assert found.attested_as == key
    contains(found.explain("vi"), "Cơ quan phụ trách xác nhận: đạt.")
    assert "chỉ ghi số" not in found.explain("vi") + assessment.summary("vi")


def test_the_ladder_says_that_a_number_alone_was_read_as_the_lowest_tiers() -> None:
    ladder = ntm.evaluate_tiers("2021-2025", ntm.Commune(region="dbsh", year=2023, attested={"7": True}))
    lowest, *above = ladder.assessments
    contains(lowest.summary("vi"), f"1 xác nhận chỉ ghi số, hiểu là của {RULES.id}")
    assert [a.indicator("7").attested for a in (lowest, above[0])] == [True, None]


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_number_alone_and_one_with_its_ruleset_the_second_holds(turned: bool) -> None:
    given = [("7", True), (f"{RULES.id}:7", False)]
    commune = ntm.Commune(region="dbsh", year=2023, attested=dict(given[::-1] if turned else given))
    ladder = ntm.evaluate_tiers("2021-2025", commune)
    for assessment in (ntm.evaluate(RULES, commune), ladder.assessments[0]):
        assert assessment.statuses["7"] is Status.MISSING
        assert assessment.indicator("7").attested_as == f"{RULES.id}:7"
        assert "chỉ ghi số" not in assessment.summary("vi")
    nearer = ladder.assessments[1].indicator("10")
    assert nearer.attested is None


# -- the level of a category, by the words of the text and not by its code

ADVANCED = "2021-2025/xa-ntm-nang-cao"
LEVELS = {"universal_primary_level": "1", "universal_lower_secondary_level": "mức độ 2", "literacy_level": "2"}


def overlay(number: str, requires: dict[str, Any]) -> dict[str, Any]:
    """A made-up amendment that replaces one indicator of the advanced tier."""
    return {
        "layer": "thử",
        "of": ADVANCED,
        "kind": "amendment",
        "decision": {"number": "1", "issued": "unknown", "in_force": "unknown"},
        "replace_indicators": [{"no": number, "label": {"vi": "Thử", "en": "Trial"}, "requires": requires}],
    }


def test_a_level_is_explained_in_the_words_of_the_text() -> None:
    found = result("14.1", LEVELS)
    contains(found.explain("vi"), "tiểu học: mức độ 1. Yêu cầu ≥ mức độ 2", "THCS: mức độ 2.", "Còn thiếu 1 mức")
    contains(found.explain("en"), "level: level 1. Required ≥ level 2", "level: level 2.")
    assert "≥ 2" not in found.explain("vi")


def test_data_keeps_the_code_of_a_level() -> None:
    part = next(part for part in result("14.1", LEVELS).to_dict()["parts"] if part["id"] == "14.1.c")
    assert (part["actual"], part["required"]) == ("1", "2")
    threshold = RULES.threshold("14.1.c", region="dbsh", year=2023)
    assert (threshold.value, threshold.to_dict()["value"]) == ("2", "2")


def test_a_threshold_and_the_table_say_the_level() -> None:
    threshold = ntm.load_ruleset(ADVANCED).threshold("5.4", region="dbsh", year=2024)
    contains(threshold.explain("vi"), "≥ mức độ 2 (cột ĐBSH)")
    contains(threshold.explain("en"), "≥ level 2 (column Red River delta)")
    shown = {lang: {row[0]: row[-1] for row in ruleset_rows(RULES, ["dbsh"], None, lang)} for lang in ("vi", "en")}
    assert (shown["vi"]["14.1.c"], shown["en"]["14.1.c"]) == ("≥ mức độ 2", "≥ level 2")


def test_one_of_several_levels_is_said_in_words() -> None:
    among = {"one_of": {"fact": "universal_primary_level", "values": ["2", "3"]}}
    rules = ntm.load_ruleset(ADVANCED, overlays=[overlay("5.4", among)])
    found = result("5.4", LEVELS, rules=rules)
    assert found.required == "2 | 3"
    contains(found.explain("vi"), "tiểu học: mức độ 1. Yêu cầu mức độ 2 | mức độ 3")
    contains(found.explain("en"), "level: level 1. Required level 2 | level 3")
    contains("\n".join(describe(rules, rules.clause("5.4"), ["dbsh"], None, "en")), "one of level 2, level 3")
    contains(rules.threshold("5.4", region="dbsh").explain("vi"), "mức độ 2 | mức độ 3")


def test_at_most_a_level_is_not_said_as_at_least() -> None:
    at_most = {"at_most": {"fact": "universal_primary_level", "value": "2"}}
    rules = ntm.load_ruleset(ADVANCED, overlays=[overlay("5.4", at_most)])
    contains(rules.threshold("5.4", region="dbsh").explain("vi"), "≤ mức độ 2")


def test_a_difference_says_the_level() -> None:
    at_least = {"at_least": {"fact": "literacy_level", "value": "1"}}
    one, other = (ntm.load_ruleset(ADVANCED, overlays=layers) for layers in ([], [overlay("5.4", at_least)]))
    found = ntm.compare(one, other)
    change = next(change for change in found.changes if change.aspect == "threshold" and change.old_value == "2")
    assert change.old is not None
    assert change.new is not None
    assert (change.old.vi, change.new.en) == ("≥ mức độ 2?", "≥ level 1??")
    assert (change.to_dict()["old_value"], change.to_dict()["new_value"]) == ("2", "1")


def test_a_value_that_is_a_word_stands_as_it_is() -> None:
    rules = ntm.load_ruleset(ADVANCED)
    found = result("5.5", {"learning_community_rating": "yếu"}, rules=rules)
    contains(found.explain("vi"), ": yếu. Yêu cầu ≥ khá")


@pytest.mark.parametrize("fact", ["universal_primary_level", "health_insurance_pct"])
def test_a_condition_whose_threshold_is_not_known_names_none(fact: str) -> None:
    parts = {
        name: {"part": part, "label": {"vi": "Thử", "en": "Trial"}, "requires": {"met": "universal_preschool_age5"}}
        for name, part in (("then", "a"), ("otherwise", "b"))
    }
    condition = {"at_least": {"fact": fact, "value": "unset"}}
    rules = ntm.load_ruleset(ADVANCED, overlays=[overlay("5.4", {"when": {"condition": condition, **parts}})])
    for lang, words in (("vi", "ít nhất bằng mức"), ("en", "at least the threshold")):
        contains("\n".join(describe(rules, rules.clause("5.4"), ["dbsh"], None, lang)), f"[{fact}]: {words}")  # type: ignore[arg-type]
