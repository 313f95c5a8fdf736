"""Layers on layers: an overlay speaks of the text in force, and changes only what it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.model.ruleset import Month
from ntm_rules.rulebook.lint.statements import surely_before

NTM, ADVANCED, MODEL = "2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao", "2021-2025/xa-ntm-kieu-mau"
UNKNOWN = {"number": "unknown", "issued": "unknown", "in_force": "unknown"}


def overlay(of: str, **change: Any) -> dict[str, Any]:
    return {
        "layer": "example",
        "of": of,
        "kind": "province",
        "province": "dak-nong",
        "decision": UNKNOWN,
        "set_thresholds": [{"evidence": "confirmed"} | change],
    }


def codes(of: str, on: str | None = None, **change: Any) -> set[str]:
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset(of, on=on, overlays=[overlay(of, **change)])
    return {problem.code for problem in caught.value.problems}


def test_a_number_is_refused_where_the_text_in_force_says_met() -> None:
    """15.4 became yes/no on 2024-03-01 (211/QĐ-TTg): a percentage for it would fail every commune."""
    assert "bad_cell" in codes(NTM, indicator="15.4", value=75)
    assert "bad_cell" in codes(NTM, "2024-03-01", indicator="15.4", value=75)
    before = ntm.load_ruleset(NTM, on="2024-02-29", overlays=[overlay(NTM, indicator="15.4", value=75)])
    assert before.threshold("15.4", region="btb").value == 75


def test_a_share_that_an_amendment_brought_can_be_filled() -> None:
    """3.4 of nâng cao became a percentage on 2024-03-01, its thresholds not known."""
    ruleset = ntm.load_ruleset(ADVANCED, overlays=[overlay(ADVANCED, indicator="3.4", value=85)])
    assert ruleset.threshold("3.4", region="tn").value == 85
    assert "bad_cell" in codes(ADVANCED, "2024-02-29", indicator="3.4", value=85)


def test_parts_that_an_amendment_brought_can_be_changed() -> None:
    change = {"indicator": "18.4", "part": "a", "by_column": {"tn": "unset"}}
    correction = {name: said for name, said in overlay(NTM, **change).items() if name != "province"}
    ruleset = ntm.load_ruleset(NTM, overlays=[correction | {"kind": "amendment"}])
    assert ruleset.threshold("18.4.a", region="tn").reason == "no_threshold"
    assert ruleset.threshold("18.4.a", region="btb").value is True
    assert codes(NTM, "2024-02-29", **change) == {"unknown_indicator"}


def test_one_column_of_a_table_by_year_needs_its_years() -> None:
    """Income goes by year: a single number for one column would wipe out the years of the others."""
    assert codes(NTM, indicator="10", by_column={"tn": 70}) == {"by_year_wanted"}
    ruleset = ntm.load_ruleset(NTM, overlays=[overlay(NTM, indicator="10", by_year={2023: {"tn": 70}})])
    assert ruleset.threshold("10", region="tn", year=2023).value == 70
    assert ruleset.threshold("10", region="tn", year=2024).value == 50
    assert ruleset.threshold("10", region="tdmnpb", year=2023).value == 42


def test_one_column_of_a_multiple_needs_the_others() -> None:
    """The income of kiểu mẫu is a multiple of nâng cao's: a single column would leave the others without any."""
    assert codes(MODEL, indicator="2", by_column={"tn": 70}) == {"by_year_wanted"}
    ruleset = ntm.load_ruleset(MODEL, overlays=[overlay(MODEL, indicator="2", value=90)])
    assert ruleset.threshold("2", region="tn", year=2023).value == 90


def test_an_overlay_stands_on_the_overlays_before_it() -> None:
    first = overlay(NTM, indicator="2.1", value=80) | {"layer": "first"}
    second = overlay(NTM, indicator="2.1", by_column={"tn": 90}) | {"layer": "second"}
    ruleset = ntm.load_ruleset(NTM, overlays=[first, second])
    assert (ruleset.threshold("2.1", region="tn").value, ruleset.threshold("2.1", region="btb").value) == (90, 80)
    assert [layer.name for layer in ruleset.layers][-2:] == ["first", "second"]


def test_the_note_on_a_threshold_goes_with_it() -> None:
    """A doubt about the national cell says nothing of the province's."""
    assert ntm.load_ruleset(NTM).indicator("2.1").note is not None
    plain = ntm.load_ruleset(NTM, overlays=[overlay(NTM, indicator="2.1", value=80)])
    assert plain.indicator("2.1").note is None
    noted = ntm.load_ruleset(NTM, overlays=[overlay(NTM, indicator="2.1", value=80, note={"vi": "a", "en": "b"})])
    assert noted.indicator("2.1").note == ntm.Text("a", "b")


def test_where_a_factor_was_seen_stands_with_the_threshold() -> None:
    """319/QĐ-TTg's 1.1 was seen; the threshold made of it says where."""
    found = ntm.load_ruleset(MODEL).threshold("2", region="dbsh", year=2023)
    assert found.value is not None
    assert found.seen_at is not None
    assert "langngheviet.com.vn" in found.seen_at


def test_where_a_base_was_seen_stands_apart_from_the_factor() -> None:
    """An overlay on nâng cao that says where its income was seen: kiểu mẫu's factor was seen elsewhere."""
    change = {"indicator": "10", "by_year": {2023: {"dbsh": 70}}, "seen_at": "https://example.vn/base"}
    own = overlay(ADVANCED, **change) | {"province": "nam-dinh"}
    amended = {key: value for key, value in own.items() if key != "province"} | {"kind": "amendment"}
    found = ntm.load_ruleset(MODEL, overlays=[amended]).threshold("2", region="dbsh", year=2023)
    assert (found.value, found.evidence) == (77, ntm.Evidence.CONFIRMED)
    assert found.seen_at is not None
    assert "example.vn" not in found.seen_at
    assert found.multiple is not None
    assert found.multiple.base.seen_at == "https://example.vn/base"
    assert found.multiple.factor.seen_at == found.seen_at


def test_a_required_ruleset_says_how_surely_it_is_required() -> None:
    prerequisite = ntm.load_ruleset(ADVANCED).prerequisites[0]
    commune = ntm.Commune(region="dbsh", year=2023)
    result = ntm.evaluate(ntm.load_ruleset(ADVANCED), commune).prerequisites[0]
    assert prerequisite.id == result.id
    assert result.evidence is ntm.Evidence.RECALLED


@pytest.mark.parametrize(("day", "there"), [("2018-10-04", False), ("2018-10-05", True)])
def test_a_decision_is_not_in_force_before_it_was_issued(day: str, there: bool) -> None:
    """Of 2538/QĐ-UBND (Thái Bình) only the day of issue is known."""
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm-nang-cao", province="thai-binh", on=day)
    assert bool(ruleset.layers) is there


def test_a_ruleset_has_the_overlays_of_one_province_only() -> None:
    own = overlay(NTM, indicator="2.1", value=80)
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset(NTM, province="nam-dinh", overlays=[own])
    assert caught.value.problems[0].code == "two_provinces"
    assert ntm.load_ruleset(NTM, overlays=[own]).province == "dak-nong"


def test_a_layer_of_no_ruleset_that_is_loaded_is_refused(tmp_path: Path) -> None:
    own = overlay(NTM, indicator="2.1", value=80)
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset("2016-2020/xa-ntm", overlays=[own])
    (problem,) = caught.value.problems
    assert (problem.code, problem.key, problem.found) == ("unused_layer", "of", NTM)
    for lang in ("vi", "en"):
        assert "2016-2020/xa-ntm" in problem.message.in_(lang)
    file = tmp_path / "of-another.yaml"
    file.write_text(json.dumps(own, indent=1), "utf-8")  # JSON is YAML
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset("2016-2020/xa-ntm", overlays=[file, own])
    assert [(p.code, p.source, p.line) for p in caught.value.problems] == [
        ("unused_layer", str(file), 3),
        ("unused_layer", "example", None),
    ]
    with pytest.raises(ntm.RulebookError) as caught:  # kiểu mẫu rests on nâng cao, and not the other way round
        ntm.load_ruleset(NTM, overlays=[overlay(MODEL, indicator="2", value=80)])
    assert caught.value.problems[0].code == "unused_layer"


def test_a_layer_of_a_ruleset_that_is_rested_on_is_taken() -> None:
    amended = {**overlay(NTM, indicator="2.1", value=80), "kind": "amendment"}
    del amended["province"]
    assert ntm.load_ruleset(MODEL, overlays=[amended]).id == MODEL


def test_a_layer_may_be_of_any_tier_of_the_ladder() -> None:
    commune = ntm.Commune(region="tn", year=2023)
    for name in (NTM, ADVANCED):
        assert ntm.evaluate_tiers(
            "2021-2025", commune, overlays=[overlay(name, indicator="2.1", value=100)]
        ).assessments
    with pytest.raises(ntm.RulebookError, match="unused_layer"):
        ntm.evaluate_tiers("2016-2020", commune, overlays=[overlay(NTM, indicator="2.1", value=80)])
    late = overlay(NTM, indicator="2.1", value=80)
    assert ntm.evaluate_tiers("2021-2025", commune, overlays=[late], on="2022-03-08").assessments


def test_a_commune_is_not_judged_by_the_overlay_of_another_province() -> None:
    ruleset = ntm.load_ruleset(MODEL, province="nam-dinh")
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.evaluate(ruleset, ntm.Commune(province="Hà Nội", year=2023))
    assert caught.value.problems[0].code == "another_province"
    assert ntm.evaluate(ruleset, ntm.Commune(province="Nam Định", year=2023)).column == "dbsh"


@pytest.mark.parametrize("ruleset_id", [MODEL, NTM])
@pytest.mark.parametrize("zones", [(), ("III",)])
def test_a_region_alone_must_be_that_of_the_overlays_province(ruleset_id: str, zones: tuple[str, ...]) -> None:
    """A commune known only by its region is surely not of a province that lies in another."""
    ruleset = ntm.load_ruleset(ruleset_id, province="nam-dinh")
    with pytest.raises(ntm.CommuneError) as caught:
        ntm.evaluate(ruleset, ntm.Commune(region="tn", zone=zones or None, year=2023))
    (problem,) = caught.value.problems
    assert (problem.code, problem.key, problem.found) == ("another_province", "region", "'tn'")
    assert problem.wanted == ntm.Text("dbsh", "dbsh")
    column = "tdmnpb" if zones else "dbsh"
    assert ntm.evaluate(ruleset, ntm.Commune(region="dbsh", zone=zones or None, year=2023)).column == column


def test_a_region_alone_is_held_to_the_province_where_there_is_one_column() -> None:
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm-nang-cao", province="thai-binh")
    assert ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2019))
    with pytest.raises(ntm.CommuneError, match="another_province"):
        ntm.evaluate(ruleset, ntm.Commune(region="tn", year=2019))


@pytest.mark.parametrize(
    ("written", "slug"),
    [
        ("Tỉnh Nam Định", "nam-dinh"),
        ("Thành phố Hà Nội", "ha-noi"),
        ("TP. Hồ Chí Minh", "ho-chi-minh"),
        ("Hoà Bình", "hoa-binh"),
        ("Thừa Thiên - Huế", "thua-thien-hue"),
        ("Đăk Nông", "dak-nong"),
        ("Bà Rịa – Vũng Tàu", "ba-ria-vung-tau"),
    ],
)
def test_provinces_as_offices_write_them(written: str, slug: str) -> None:
    assert ntm.load_ruleset(NTM, province=written).province == slug


# -- what is known of a decision's dates


def model_layers(province: str, **days: str) -> list[str]:
    return [layer.name for layer in ntm.load_ruleset(MODEL, province=province, **days).layers if layer.province]


def test_a_decision_of_which_the_month_is_known_does_not_apply_before_that_month() -> None:
    """2429/QĐ-UBND of Quảng Nam was issued in September 2022, on a day not known."""
    for option in ("on", "known_on"):
        assert model_layers("quang-nam", **{option: "2022-08-31"}) == []
        assert model_layers("quang-nam", **{option: "2022-09-01"}) == ["2429/QĐ-UBND"]
    (layer,) = [layer for layer in ntm.load_ruleset(MODEL, province="quang-nam").layers if layer.province]
    assert isinstance(layer.decision.issued, Month)
    assert str(layer.decision.issued) == "09/2022"
    assert layer.decision.in_force is None


def test_a_part_decided_later_is_not_cited_earlier() -> None:
    """Đồng Tháp's smart villages are those of 384/QĐ-UBND-HC of 03/04/2023; until then 319/QĐ-TTg stands."""
    before, after = (
        ntm.load_ruleset(MODEL, province="dong-thap", on=day).indicator("3") for day in ("2023-04-02", "2023-04-03")
    )
    assert "384" not in before.citation
    assert "319" in before.citation
    assert after.citation == "384/QĐ-UBND-HC ngày 03/04/2023 (Đồng Tháp)"


def amendment(issued: str, in_force: str) -> dict[str, Any]:
    decision = {"number": "1/QĐ", "issued": issued, "in_force": in_force}
    change = {"indicator": "4.2", "value": 99, "evidence": "confirmed"}
    return {"layer": "1/QĐ", "of": NTM, "kind": "amendment", "decision": decision, "set_thresholds": [change]}


@pytest.mark.parametrize(
    ("issued", "in_force", "day", "applies"),
    [
        ("2023-01", "2023-05", "2023-04-30", False),
        ("2023-01", "2023-05", "2023-05-01", True),
        ("2023-05", "unknown", "2023-04-30", False),
        ("2023-05", "unknown", "2023-05-01", True),
    ],
)
def test_a_month_is_not_before_its_first_day(issued: str, in_force: str, day: str, applies: bool) -> None:
    layers = ntm.load_ruleset(NTM, on=day, overlays=[amendment(issued, in_force)]).layers
    assert ("1/QĐ" in [layer.name for layer in layers]) is applies


@pytest.mark.parametrize("month", ["2023-13", "2023-00", "2023", "05/2023", "2023-5"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset(NTM, overlays=[amendment(month, "unknown")])
    assert [problem.key for problem in caught.value.problems] == ["decision.issued"]


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        ("2022-09", "2022-09-08", False),
        ("2022-09-08", "2022-09", False),
        ("2022-08", "2022-09-01", True),
        ("2022-08-31", "2022-09", True),
        ("2022-09", "2022-08-31", False),
    ],
)
def test_a_month_is_before_a_day_only_where_all_of_it_is(one: str, other: str, before: bool) -> None:
    assert surely_before(one, other) is before
