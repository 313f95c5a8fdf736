"""What is counted, held against counting the full assessments by hand."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.populations import RULESET_ID, commune, ruleset

import ntm_rules as ntm
from ntm_rules import report
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.report.counts import Held
from ntm_rules.testing import communes as near_thresholds

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ANSWERS = (True, False, None)
DISTRICTS = [
    ("Châu Thành", "Tây Ninh"),
    ("Châu Thành", "Long An"),
    ("Gò Dầu", "Tây Ninh"),
    (None, "Tây Ninh"),
    ("Đức Huệ", None),
]
ZONES = [[], ["III"], ["II", "dbkk-coast"]]


@st.composite
def drawn(draw: st.DrawFn) -> ntm.Commune:
    """A commune of some district, of which some criteria are met, some missed, some not known."""
    places = list(range(19))
    met = draw(st.sets(st.sampled_from(places)))
    open_ = draw(st.sets(st.sampled_from(places), max_size=3))
    district, province = draw(st.sampled_from(DISTRICTS))
    return commune(
        met - open_,
        undetermined=open_,
        recognised=draw(st.sampled_from(ANSWERS)),
        registered=draw(st.sampled_from(ANSWERS)),
        district=district,
        province=province,
        zone=draw(st.sampled_from(ZONES)),
        year=draw(st.sampled_from([2019, 2020])),
        code=draw(st.integers(0, 99999)),
        region=None if province else "dbscl",
    )


populations = st.lists(drawn(), max_size=12)


def summed(communes: Sequence[ntm.Commune], **options: Any) -> report.Report:
    return report.summarise(ruleset(), ntm.evaluate_many(ruleset(), communes), **options)


def documents(communes: Sequence[ntm.Commune]) -> list[dict[str, Any]]:
    """The full documents, by which everything is counted again."""
    return [ntm.evaluate(ruleset(), each).to_dict() for each in communes]


def fact(each: ntm.Commune, key: str) -> Any:
    return each.facts.get(key)


# -- counting by hand


@given(populations)
def test_figures_are_what_counting_by_hand_gives(communes: list[ntm.Commune]) -> None:
    counts, full = summed(communes).all, documents(communes)
    assert counts.communes == len(full)
    assert counts.average.criteria == sum(doc["criteria_met"] for doc in full)
    assert counts.average.undetermined == sum(list(doc["criteria"].values()).count("undetermined") for doc in full)
    for criterion in counts.criteria:
        of = collections.Counter(doc["criteria"][criterion.no] for doc in full)
        assert (criterion.met.count, criterion.missing, criterion.undetermined) == (
            of["met"],
            of["missing"],
            of["undetermined"],
        )
    for indicator in counts.indicators:
        of = collections.Counter(doc["statuses"][indicator.no] for doc in full)
        assert indicator.met.count == of["met"] + of["not_applicable"]
        assert (indicator.missing, indicator.undetermined, indicator.not_applicable) == (
            of["missing"],
            of["undetermined"],
            of["not_applicable"],
        )
    for band in counts.bands:
        held = [doc for doc in full if band.band.low <= doc["criteria_met"] <= band.band.high]
        above = [
            doc
            for doc in held
            if doc["criteria_met"] + list(doc["criteria"].values()).count("undetermined") > band.band.high
        ]
        assert (band.communes.count, band.uncertain) == (len(held), len(above))


@given(populations)
def test_titles_and_registrations_are_what_counting_by_hand_gives(communes: list[ntm.Commune]) -> None:
    counts, full = summed(communes).all, documents(communes)
    for held, key in ((counts.registered, "registered_in_district_plan"), (counts.recognised, "recognised_ntm")):
        for answer in ANSWERS:
            of = [doc for doc, each in zip(full, communes, strict=True) if fact(each, key) is answer]
            assert held.communes(answer) == len(of)
            assert held.met(answer) == report.Share(sum(doc["verdict"] == "met" for doc in of), len(of))
    titles = [doc for doc, each in zip(full, communes, strict=True) if fact(each, "recognised_ntm") is True]
    for answer in ANSWERS:
        assert counts.at_risk.get(answer, 0) == sum(doc["at_risk"]["answer"] is answer for doc in titles)
    without = [
        each.criteria_met
        for each in ntm.evaluate_many(ruleset(), [c for c in communes if fact(c, "recognised_ntm") is False])
    ]
    assert (counts.average_unrecognised.criteria, counts.average_unrecognised.of) == (sum(without), len(without))


@given(populations)
def test_no_commune_is_lost_or_counted_twice(communes: list[ntm.Commune]) -> None:
    found = summed(communes, by=("district", "province", "region", "zone"))
    counts, total = found.all, len(communes)
    assert sum(band.communes.count for band in counts.bands) == total
    assert sum(counts.verdicts.values()) == total
    for each in counts.criteria:
        assert each.met.count + each.missing + each.undetermined == each.met.of == total
    for indicator in counts.indicators:
        assert indicator.met.count + indicator.missing + indicator.undetermined == indicator.met.of == total
    for by in ("district", "province", "region"):
        groups = [group.counts for group in found.groups if group.place.by == by]
        assert sum(group.communes for group in groups) == total
        assert sum(group.average.criteria for group in groups) == counts.average.criteria
    in_zones = sum(max(1, len(each.zones)) for each in communes)
    assert sum(group.counts.communes for group in found.groups if group.place.by == "zone") == in_zones


@given(populations, st.randoms(use_true_random=False))
def test_the_order_of_communes_changes_no_figure(communes: list[ntm.Commune], random: Any) -> None:
    shuffled = list(communes)
    random.shuffle(shuffled)
    one, other = (summed(each, by=("district", "zone")) for each in (communes, shuffled))
    assert one.all == other.all
    assert [(g.place, g.counts) for g in one.groups] == [(g.place, g.counts) for g in other.groups]


@given(st.data())
def test_communes_near_thresholds_are_counted_as_judged(data: st.DataObject) -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm")
    communes = data.draw(st.lists(near_thresholds(rules), max_size=4))
    found = report.summarise(rules, ntm.evaluate_many(rules, communes)).all
    judged = list(ntm.evaluate_many(rules, communes))
    assert found.average.criteria == sum(each.criteria_met for each in judged)
    missed = collections.Counter(result.id for each in judged for result in each.missing)
    assert {each.no: each.missing for each in found.most_missed} == missed


def test_what_does_not_apply_counts_as_met_and_is_shown_apart() -> None:
    """Not applicable to the commune of the example: 13.4, craft villages, and 17.9, livestock."""
    rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    found = report.summarise(rules, ntm.evaluate_many(rules, ntm.read_communes(EXAMPLES / "xa-vi-du.yaml"))).all
    without = [each for each in found.indicators if each.not_applicable]
    assert [each.no for each in without] == ["13.4", "17.9"]
    assert all((each.met, each.missing) == (report.Share(1, 1), 0) for each in without)
    assert sum(each.met.count for each in found.indicators) == 49  # as the page of the commune says: 49/57


# -- unknown is not missing


@given(drawn(), st.integers(0, 18))
def test_what_becomes_unknown_is_never_counted_as_met_or_as_missing(each: ntm.Commune, place: int) -> None:
    numbers = [indicator.id for indicator in ruleset().criteria[place].indicators]
    attested = {key: said for key, said in each.attested.items() if key.rpartition(":")[2] not in numbers}
    before, after = summed([each]).all, summed([each.replace(attested=attested)]).all
    was, now = before.criteria[place], after.criteria[place]
    assert (now.met.count, now.missing, now.undetermined) == (0, 0, 1)
    assert was.undetermined <= 1
    assert after.average.criteria <= before.average.criteria
    least, most = (a.average.criteria + a.average.undetermined for a in (before, after))
    assert least <= most


@given(drawn())
def test_a_title_not_known_is_in_neither_average_nor_risk(each: ntm.Commune) -> None:
    facts = {key: value for key, value in each.facts.items() if key != "recognised_ntm"}
    counts = summed([each.replace(facts=facts)]).all
    assert counts.average_unrecognised.of == 0
    assert counts.at_risk == {}
    assert counts.recognised.communes(None) == 1


def test_of_a_commune_without_figures_every_criterion_is_open() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm")
    counts = report.summarise(rules, [ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2023))]).all
    assert (counts.average.criteria, counts.average.undetermined) == (0, 19)
    assert [band.uncertain for band in counts.bands] == [0, 0, 0, 1]


def test_criteria_that_the_ruleset_does_not_have_are_open() -> None:
    """Hải Dương's nâng cao of 2018-2020 has 18 criteria, of which one is here: with that met, 17 are still open."""
    rules = ntm.load_ruleset("2016-2020/xa-ntm-nang-cao", province="Hải Dương")
    assert (rules.criteria_total, len(rules.criteria)) == (18, 1)
    each = ntm.Commune(region="dbsh", year=2019, attested={f"{rules.id}:{no}": True for no in rules.numbers})
    counts = report.summarise(rules, [ntm.evaluate(rules, each)]).all
    assert (counts.average.criteria, counts.average.undetermined) == (1, 17)
    assert [(str(found.band), found.communes.count, found.uncertain) for found in counts.bands] == [
        ("18", 0, 0),
        ("0-17", 1, 1),
    ]


def test_a_ruleset_that_is_not_complete_is_said_to_be_so() -> None:
    rules = ntm.load_ruleset("2016-2020/xa-ntm-nang-cao")
    assert not rules.criteria
    found = report.summarise(rules, [ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2019))])
    assert "bộ tiêu chí ở đây chưa đủ" in found.text("vi")
    assert "bộ tiêu chí ở đây chưa đủ" not in summed([]).text("vi")
    assert found.all.verdicts == {Verdict.UNDETERMINED: 1}
    assert found.to_html("vi")
    assert found.to_csv("vi")


def test_of_a_tier_without_a_fact_for_its_title_nobody_is_said_to_hold_it() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau")
    holder = ntm.Commune(region="dbsh", year=2023, facts={"recognised_ntm": True})
    found = report.summarise(rules, [ntm.evaluate(rules, holder)])
    assert found.recognised_by is None
    assert found.all.recognised.communes(None) == 1
    assert "Danh mục không có số liệu này" in found.text()


# -- who is who


def by(found: report.Report) -> dict[tuple[str | None, str | None], int]:
    return {(group.place.province, group.place.key): group.counts.communes for group in found.groups}


def test_districts_of_one_name_in_two_provinces_are_two() -> None:
    found = summed(
        [
            commune([], district=name, province=province, region=None if province else "dbscl")
            for name, province in DISTRICTS
        ],
        by="district",
    )
    assert by(found) == {(province, name): 1 for name, province in DISTRICTS}
    labels = [group.place.label.vi for group in found.groups]
    assert labels == [
        "Châu Thành (Tây Ninh)",
        "Gò Dầu (Tây Ninh)",
        "chưa ghi huyện (Tây Ninh)",
        "Châu Thành (Long An)",
        "Đức Huệ",
    ]


def test_names_sort_as_in_a_dictionary() -> None:
    names = ["Đông Hà", "Ân Thi", "An Lão", "Dầu Tiếng", "Ba Tơ", "Ăn Khế", "Cư Jút", "Đồng Phú"]
    found = summed([commune([], district=name, province="Bình Định", region=None) for name in names], by="district")
    ordered = [group.place.key for group in found.groups]
    assert ordered == ["An Lão", "Ăn Khế", "Ân Thi", "Ba Tơ", "Cư Jút", "Dầu Tiếng", "Đông Hà", "Đồng Phú"]


def test_a_province_is_one_however_it_is_written() -> None:
    found = summed(
        [commune([], province=name, region=None) for name in ("nam-dinh", "Nam Định", "Tỉnh Nam Định")],
        by=("province", "region"),
    )
    assert [(group.place.label.vi, group.counts.communes) for group in found.groups] == [("Nam Định", 3), ("ĐBSH", 3)]


def test_a_commune_judged_by_a_province_s_rules_lies_in_it() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau", province="Nam Định")
    found = report.summarise(rules, [ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2023))], by="province")
    assert [group.place.key for group in found.groups] == ["Nam Định"]


def test_a_code_given_twice_is_counted_and_said() -> None:
    found = summed([commune([], code=754), commune([0], code="00754"), commune([], code=755), commune([]), commune([])])
    assert found.repeated == ("00754",)
    assert found.all.communes == 5
    assert "00754" in found.text("en").split("COMMUNES BY")[0]


def test_most_missed_comes_first_and_equals_stand_in_official_order() -> None:
    found = summed([commune(range(1, 19)), commune(range(1, 19)), commune(range(18)), commune(range(19))])
    first, last = ([i.id for i in ruleset().criteria[place].indicators] for place in (0, 18))
    assert [each.no for each in found.all.most_missed] == [*first, *last]
    assert [each.missing for each in found.all.most_missed] == [2] * len(first) + [1] * len(last)


def test_what_a_commune_lacks_is_what_its_assessment_says() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    people = {"numerator": 8705, "denominator": 10162}
    found = report.summarise(
        rules, [ntm.evaluate(rules, ntm.Commune(region="tn", year=2022, facts={"health_insurance_pct": people}))]
    )
    (lack,) = found.communes[0].lacks
    assert (lack.id, str(lack.gap), lack.gap_count) == ("15.1", "4.3378", 441)
    assert lack.words.vi == "Còn thiếu 4,3378 điểm %, cần thêm 441 người."


# -- what is refused


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"by": "huyen"}, "unknown_grouping"),
        ({"by": ("district", "zon")}, "unknown_grouping"),
        ({"rounding": "half"}, "unknown_rounding"),
        ({"bands": "19"}, "band_gap"),
    ],
)
def test_bad_options_are_said_before_anything_is_judged(options: dict[str, Any], code: str) -> None:
    def never() -> Any:
        raise AssertionError("judged")
        yield

    with pytest.raises(ntm.NtmRulesError) as caught:
        report.summarise(ruleset(), never(), **options)
    assert caught.value.problems[0].code == code


def test_assessments_of_another_ruleset_or_text_are_refused() -> None:
    other = ntm.load_ruleset("2021-2025/xa-ntm")
    with pytest.raises(ntm.NtmRulesError, match="another_ruleset"):
        report.summarise(ruleset(), [ntm.evaluate(other, ntm.Commune(region="dbsh"))])
    before = ntm.load_ruleset("2021-2025/xa-ntm", on="2024-02-29")  # the same id, another text
    with pytest.raises(ntm.NtmRulesError, match="another_ruleset"):
        report.summarise(before, [ntm.evaluate(other, ntm.Commune(region="dbsh"))])
    same = ntm.load_ruleset(RULESET_ID)
    report.summarise(same, [ntm.evaluate(ruleset(), commune([]))])


def test_none_at_all_is_a_report_of_nobody() -> None:
    found = summed([])
    assert found.all.communes == 0
    for show in (found.text, found.to_html, found.to_csv):
        assert show("vi")
    assert found.all.bands[0].communes == report.Share(0, 0)


def test_held_counts_only_what_is_there() -> None:
    held = Held({(True, Verdict.MET): 2, (True, Verdict.MISSING): 1})
    assert (held.communes(True), held.communes(None), held.met(True).exact) == (3, 0, Fraction(200, 3))
    assert held.met(False).exact is None


def test_statuses_of_a_commune_are_those_of_its_assessment() -> None:
    each = commune([0], undetermined=[1])
    found = summed([each]).communes[0]
    assert dict(zip(ruleset().numbers, found.statuses, strict=True)) == ntm.evaluate(ruleset(), each).statuses
    assert Status.UNDETERMINED in found.statuses
