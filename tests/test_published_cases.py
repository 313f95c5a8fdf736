"""Real communes as published: what was published as met must not come out missing, unless the case says why."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.model.assessment import Reason, Result, Status

CASES = Path(__file__).parent / "data" / "cases"


def read(name: str) -> list[dict[str, str]]:
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


EXPECTED = read("expected")
ASSERTED = [row for row in EXPECTED if row["expected"]]
# Published as met, and yet not met by the rule; the case itself says so.
PUBLISHED_AGAINST_THE_RULE = {("DNO-DAKDRONG-2017", "11")}


def value_of(text: str) -> Any:
    if text == "true":
        return True
    if "/" in text:
        top, bottom = text.split("/")
        return {"numerator": top, "denominator": bottom}
    return text


def part_of(result: Result, number: str) -> Result | None:
    if result.id == number:
        return result
    return next((found for part in result.parts if (found := part_of(part, number)) is not None), None)


def judged(row: dict[str, str], **changes: Any) -> Result:
    ruleset = ntm.load_ruleset(row["ruleset"], on=row["on"] or None)
    fields: dict[str, Any] = {
        "region": row["region"],
        "zone": row["zone"] or None,
        "year": int(row["year"]),
        "facts": {row["fact"]: value_of(row["value"])},
    }
    indicator = next(i.id for i in ruleset.indicators if f"{row['clause']}.".startswith(f"{i.id}."))
    found = part_of(ntm.evaluate(ruleset, ntm.Commune(**fields | changes)).indicator(indicator), row["clause"])
    assert found is not None
    return found


@pytest.mark.parametrize("row", ASSERTED, ids=lambda row: f"{row['case_id']}-{row['clause']}")
def test_a_published_value_is_judged_as_the_tables_say(row: dict[str, str]) -> None:
    result = judged(row)
    assert result.status is Status(row["expected"]), result.explain("en")
    assert (result.reason.value if result.reason else "") == row["reason"]


def test_nothing_published_as_met_comes_out_missing_unexplained() -> None:
    missing = {(r["case_id"], r["clause"]) for r in ASSERTED if judged(r).status is Status.MISSING}
    assert missing == PUBLISHED_AGAINST_THE_RULE


def test_every_value_published_as_met_is_expected_or_left_out_for_a_reason() -> None:
    listed = {(row["case_id"], row["indicator_no"], row["label"]) for row in EXPECTED}
    published = {
        (row["case_id"], row["indicator_no"], row["label"])
        for row in read("communes")
        if row["published"] in ("met", "met (implied by recognition)") and re.match(r"\d", row["indicator_no"])
    }
    assert published == listed
    assert all(row["why"] for row in EXPECTED)
    assert len(ASSERTED) >= 50


def test_khanh_dong_passes_by_the_column_of_special_communes_only() -> None:
    """Income 45.99 in 2024: 45 in the tdmnpb column for zone III, 50 in the column of its own region."""
    row = next(row for row in ASSERTED if row["case_id"] == "KH-KHANHDONG-2024" and row["clause"] == "10")
    assert judged(row).column == "tdmnpb"
    ordinary = judged(row, zone=None)
    assert ordinary.column == "dhntb"
    assert ordinary.status is Status.MISSING
    # Zone II is a reason since 211/QĐ-TTg, and was none before.
    assert judged(row, zone="II").column == "tdmnpb"
    assert judged({**row, "on": "2023-12-31"}, zone="II").column == "dhntb"
    # In 2025 the same income would fall short.
    assert judged({**row, "year": "2025"}).status is Status.MISSING


@pytest.mark.parametrize("year", [2016, 2017, 2018, 2019])
def test_incomes_before_2020_are_never_failed_against_2020(year: int) -> None:
    commune = ntm.Commune(region="dbscl", year=year, facts={"income_per_capita": 37.58})
    result = ntm.evaluate(ntm.load_ruleset("2016-2020/xa-ntm"), commune).indicator("10")
    assert (result.status, result.reason) == (Status.UNDETERMINED, Reason.NO_THRESHOLD_FOR_YEAR)


def test_thuan_an_exceeds_its_province_s_threshold_of_2017() -> None:
    """ "Vượt 21,97": with the province's 34.93 for 2017 entered as an overlay, 56.9 is met and 34.92 short by 0.01."""
    overlay = {
        "layer": "Vĩnh Long 2017",
        "of": "2016-2020/xa-ntm",
        "kind": "province",
        "province": "vinh-long",
        "decision": {"number": "unknown", "issued": "unknown", "in_force": "unknown"},
        "set_thresholds": [{"indicator": "10", "by_year": {"2017": {"dbscl": "34.93"}}, "evidence": "recalled"}],
    }
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm", overlays=[overlay])
    for income, status in (("56.9", Status.MET), ("34.93", Status.MET), ("34.92", Status.MISSING)):
        commune = ntm.Commune(province="Vĩnh Long", year=2017, facts={"income_per_capita": income})
        assert ntm.evaluate(ruleset, commune).indicator("10").status is status


def test_nam_binh_under_both_phases() -> None:
    """8,705 of 10,162 insured meets 85 % of 2016-2020; 90 % of 2021-2025 takes 441 people more."""
    people = {"numerator": 8705, "denominator": 10162}
    old = ntm.evaluate(
        ntm.load_ruleset("2016-2020/xa-ntm"),
        ntm.Commune(region="tn", year=2019, facts={"health_insurance_pct": people}),
    ).indicator("15.1")
    assert old.status is Status.MET
    new = ntm.evaluate(
        ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31"),
        ntm.Commune(region="tn", year=2023, facts={"health_insurance_pct": people}),
    ).indicator("15.1")
    assert (new.status, new.gap_count) == (Status.MISSING, 441)


@pytest.mark.parametrize("case", ["HNA-CHÍNHLÝ-2022", "HNA-TRẦNHƯNGĐẠO-2022"])
def test_an_indicator_published_as_not_met_without_a_figure(case: str) -> None:
    """The agency's word decides where there is no figure; the title held does not."""
    rows = [r for r in read("communes") if r["case_id"] == case and r["published"] == "missing"]
    assert "14.1" in {r["indicator_no"] for r in rows}
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", on="2023-12-31")
    assessment = ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2022, attested={"14.1": False}))
    assert [result.id for result in assessment.missing] == ["14.1"]
    assert assessment.criterion("14").verdict is ntm.Verdict.MISSING


def test_published_counts_keep_missing_criteria_within_missing_indicators() -> None:
    """In every published pair of counts; what the library counts obeys the same (tests/property/test_counts_add_up.py)."""
    counts: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for row in read("communes"):
        found = re.fullmatch(r"(\d+)/(\d+)", row["value"])
        if row["indicator_no"] == "TONG" and found:
            counts.setdefault((row["case_id"], row["tier"]), {})[row["unit"]] = (int(found[1]), int(found[2]))
    both = [c for c in counts.values() if {"tiêu chí", "chỉ tiêu"} <= c.keys()]
    assert len(both) >= 10
    assert all(c["tiêu chí"][1] - c["tiêu chí"][0] <= c["chỉ tiêu"][1] - c["chỉ tiêu"][0] for c in both)


@pytest.mark.parametrize(
    ("case", "facts"),
    [
        ("over a hundred percent", {"employed_labour_pct": "100.5"}),
        ("a dot for thousands", {"income_per_capita": "33.500.000"}),
        ("a decimal comma", {"income_per_capita": "3.535,1"}),
        (
            "more villages with power than villages",
            {"villages_culture_standard_pct": {"numerator": 17, "denominator": 14}},
        ),
        ("one fact by two figures", {"health_insurance_pct": {"male": 90, "female": 91, "total": 60.9}}),
    ],
)
def test_dirty_values_are_refused_by_name(case: str, facts: dict[str, Any]) -> None:
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm")
    with pytest.raises(ntm.FactError) as caught:
        ntm.evaluate(ruleset, ntm.Commune(region="tn", year=2020, facts=facts))
    assert next(iter(facts)) in str(caught.value)


def test_a_rounded_share_does_not_hide_a_missing_one() -> None:
    """312,910 of 319,992 was published as 97.8 against 98: 97.787 is missing, and never shown as 98."""
    ratio = {"numerator": 312910, "denominator": 319992}
    commune = ntm.Commune(region="dbscl", year=2020, facts={"households_regular_safe_power_pct": ratio})
    result = ntm.evaluate(ntm.load_ruleset("2016-2020/xa-ntm"), commune).indicator("4.2")
    assert result.status is Status.MISSING
    assert "97.79%" in result.explain("en")
