"""A report as JSON, CSV and text: valid by its schema, the same figures in each, nothing from outside obeyed."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from tests.report.populations import commune, ruleset
from tests.report.test_change import populations

import ntm_rules as ntm
from ntm_rules import report
from ntm_rules.explain.numbers import digits
from ntm_rules.model.errors import Problem
from ntm_rules.model.text import Language, Text
from ntm_rules.report.figures import ROUNDINGS, Rounding, rounded
from ntm_rules.rulebook.report_documents import ReportDocument
from ntm_rules.rulebook.schema import schemas

REFUSED = ("Xã Sai", (Problem(code="bad_code", message=Text("mã sai", "bad code")),))
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>\x1b[2J\u202e\n;,'


def summed(communes: list[ntm.Commune], **options: Any) -> report.Report:
    return report.summarise(ruleset(), ntm.evaluate_many(ruleset(), communes), **options)


def mixed() -> list[ntm.Commune]:
    return [
        commune(range(19), code=1, name="Xã Một", district="Gò Dầu", recognised=True, registered=True),
        commune(range(16), undetermined=[17], code=2, name="Xã Hai", district="Gò Dầu", recognised=False),
        commune(range(8), code=3, name="Xã Ba", district="Tân Biên", recognised=True),
    ]


# -- JSON


@given(populations(), populations())
def test_every_document_is_valid_by_the_schema_and_the_model(before: list[ntm.Commune], now: list[ntm.Commune]) -> None:
    found = summed(now, by=("district", "zone"), previous=summed(before), refused=[REFUSED])
    document = json.loads(found.to_json())
    Draft202012Validator(schemas()["report"]).validate(document)
    ReportDocument.model_validate_json(found.to_json())
    assert document == json.loads(json.dumps(found.to_dict(), default=str))


def test_figures_stand_with_what_they_are_made_of() -> None:
    document = summed(mixed(), by="district").to_dict()
    assert document["rounding"] == {"mode": "half-up", "places": 2}
    assert document["all"]["bands"][0] == {
        "band": "19",
        "low": 19,
        "high": 19,
        "communes": 1,
        "of": 3,
        "percent": "33.33",
        "uncertain": 0,
    }
    assert document["all"]["average"] == {
        "criteria": 43,
        "undetermined": 1,
        "of": 3,
        "average": "14.33",
        "possible": "14.67",
    }
    assert document["all"]["average_unrecognised"]["of"] == 1
    assert document["all"]["recognised"][0] == {
        "held": True,
        "communes": 2,
        "met": 1,
        "undetermined": 0,
        "missing": 1,
        "percent_met": "50.00",
    }
    assert [(group["key"], group["counts"]["communes"]) for group in document["groups"]] == [
        ("Gò Dầu", 2),
        ("Tân Biên", 1),
    ]
    first, second, _ = document["communes"]
    assert (first["band"], first["missing"], first["registered"]) == ("19", [], True)
    assert (second["criteria"]["18"], second["criteria_undetermined"], second["registered"]) == (
        "undetermined",
        1,
        None,
    )


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_the_mode_asked_for_is_used_everywhere_and_said(mode: Rounding) -> None:
    found = summed(mixed(), rounding=mode)
    exact = found.all.average.exact
    assert exact is not None
    wanted = rounded(exact, 2, mode)
    assert found.to_dict()["all"]["average"]["average"] == format(wanted, "f")
    assert digits(wanted, "vi") in found.text("vi")
    assert digits(wanted, "vi") in found.to_csv("vi")
    assert digits(wanted, "en") in found.to_html("en")
    assert mode in found.text("en")
    assert mode in found.to_html("vi")


# -- CSV


def cells(found: report.Report, lang: Language) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.to_csv(lang)), delimiter=";" if lang == "vi" else ","))


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_csv_has_every_figure_of_the_json(lang: Language) -> None:
    found = summed(mixed(), by="district", previous=summed(mixed()[:2]), refused=[REFUSED])
    document, rows = found.to_dict(), cells(found, lang)
    whole = {(row["section"], row["item"]): row for row in rows if row["by"] == "" and row["period"] == "now"}
    for section, key in (("criterion", "criteria"), ("indicator", "indicators")):
        for each in document["all"][key]:
            row = whole[section, each["no"]]
            assert (row["count"], row["of"], row["missing"], row["undetermined"]) == tuple(
                str(each[name]) for name in ("met", "of", "missing", "undetermined")
            )
            assert row["value"].replace(",", ".") == each["percent"]
            assert row["label"].startswith(f"{each['no']} ")
    for band in document["all"]["bands"]:
        assert whole["band", band["band"]]["count"] == str(band["communes"])
    assert whole["average", ""]["value"] == ("14,33" if lang == "vi" else "14.33")
    assert whole["at_risk", ""]["of"] == "2"
    assert [row["count"] for row in rows if row["section"] == "communes" and row["by"] == "district"] == [
        "2",
        "2",
        "1",
        "0",
    ]
    assert [row["count"] for row in rows if row["section"] == "communes" and row["period"] == "before"] == [
        "2",
        "2",
        "0",
    ]
    assert [row["label"] for row in rows if row["section"] == "commune"] == [
        "Xã Một (00001)",
        "Xã Hai (00002)",
        "Xã Ba (00003)",
    ]
    assert [row["item"] for row in rows if row["section"] == "refused"] == ["Xã Sai"]
    assert whole["change", "unchanged"]["count"] == "1"
    assert whole["change", "uncertain"]["count"] == "1"


def test_a_spreadsheet_is_given_no_formula_and_no_date() -> None:
    found = summed(
        [commune([], name=HOSTILE, district="+1+A1"), commune([], name="@SUM(A1)", district="-A1")], by="district"
    )
    for lang in ("vi", "en"):
        rows = cells(found, lang)
        assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
        assert "10–14" in {row["label"] for row in rows}
        assert "'@SUM(A1)" in {row["label"] for row in rows}


# -- text


def test_text_from_outside_moves_nothing() -> None:
    shown = summed([commune([], name=HOSTILE, district=HOSTILE)], by="district", refused=[(HOSTILE, REFUSED[1])]).text(
        "en"
    )
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown


def test_every_share_is_said_with_its_denominator() -> None:
    shown = summed(mixed()).text("vi")
    assert "Tỷ lệ trên 3 xã" in shown
    assert "50,00% (1/2)" in shown  # of recognised communes
    assert "chưa rõ đã được công nhận hay chưa: 0 xã" in shown.lower()


def test_communes_that_could_not_be_judged_are_said_first_and_listed() -> None:
    shown = summed(mixed(), refused=[REFUSED]).text("vi")
    assert "1 xã KHÔNG xét được" in shown.split("XÃ THEO SỐ TIÊU CHÍ ĐẠT")[0]
    assert "Xã Sai: mã sai [bad_code]" in shown


def test_titles_at_risk_are_named() -> None:
    """The withdrawal rule of 2021-2025: half of the criteria and more."""
    rules = ntm.load_ruleset("2021-2025/xa-ntm")
    lost = {
        f"{rules.id}:{indicator.id}": place >= 12
        for place, criterion in enumerate(rules.criteria)
        for indicator in criterion.indicators
    }
    holders = [
        ntm.Commune(name=name, region="tn", attested=lost, facts={"recognised_ntm": held})
        for name, held in (("Xã Giữ", True), ("Xã Không", False))
    ]
    found = report.summarise(rules, ntm.evaluate_many(rules, holders))
    assert found.all.at_risk == {True: 1}
    listed = found.text("vi").split("DANH HIỆU CÓ NGUY CƠ BỊ THU HỒI (1)")[1]
    assert listed.startswith("\n  Xã Giữ\n")


def test_it_shows_itself() -> None:
    found = summed(mixed())
    assert repr(found) == "<Report 2016-2020/xa-ntm: 3 communes, 14.33 criteria each>"
    assert str(found) == found.text("vi")
    assert found._repr_html_().startswith("<div><p>")


def test_languages_there_are_no_texts_in_are_refused() -> None:
    found = summed([])
    for show in (found.text, found.to_html, found.to_csv):
        with pytest.raises(ntm.UnknownNameError):
            show("fr")  # type: ignore[arg-type]
