"""The loader: what it refuses, and how plainly; dates, layers, rulebooks of one's own, compiled forms, hashes and pickles."""

from __future__ import annotations

import copy
import datetime
import json
import pickle
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

import ntm_rules as ntm
from ntm_rules.rulebook.lint import lint_path
from ntm_rules.rulebook.rulebook import Rulebook, compile_rulebook, rulebook, shipped
from ntm_rules.rulebook.yaml_text import MAX_BYTES, line_of, read_yaml

ID = "2021-2025/xa-ntm"
RULESET_FILE = f"{ID}.yaml"
AMENDMENT_FILE = "2021-2025/amendments/xa-ntm/2024-03-01-2.yaml"
OVERLAY_FILE = "2021-2025/provinces/nam-dinh/xa-ntm/2023-01-01-3.yaml"
EVIDENCE_FILE = "evidence/2021-2025/xa-ntm.csv"

RULESET = """\
ruleset: 2021-2025/xa-ntm
title: {vi: Bộ thử, en: Trial set}
phase: 2021-2025
level: xa
tier: ntm
decision: {number: 1/QĐ-TTg, issued: 2022-03-01, in_force: 2022-03-08}
columns: [dbsh, btb]
totals: {criteria: 2, indicators: 3}
special_communes: {column: btb, zones: [II], citation: a}
conditions:
  - id: debt
    label: {vi: Nợ, en: Debt}
    requires: {met: no_debt}
criteria:
  - no: "10"
    title: {vi: Thu nhập, en: Income}
    indicators:
      - no: "10"
        label: {vi: Thu nhập, en: Income}
        requires:
          at_least:
            fact: income
            by_year:
              2022: {dbsh: 53, btb: 39}
              2023: {dbsh: 56, btb: 42}
  - no: "17"
    title: {vi: Môi trường, en: Environment}
    indicators:
      - no: "17.1"
        label: {vi: Nước sạch, en: Clean water}
        requires: {at_least: {fact: water_pct, by_column: {dbsh: 65, btb: unset}}}
      - no: 17.10
        label: {vi: Cảnh quan, en: Landscape}
        requires:
          all:
            - {part: a, label: {vi: A, en: A1}, requires: {met: planted}}
            - {part: b, label: {vi: B, en: B1}, requires: {at_least: {fact: rank, value: Khá}}}
"""
FACTS = """\
facts:
  income: {kind: money, label: {vi: Thu nhập, en: Income}, unit: {vi: triệu, en: million}}
  water_pct: {kind: percent, label: {vi: Nước, en: Water}, by_sex: true}
  planted: {kind: boolean, label: {vi: Cây, en: Trees}}
  no_debt: {kind: boolean, label: {vi: Nợ, en: Debt}}
  rank: {kind: category, label: {vi: Mức, en: Rank}, values: [Trung bình, Khá, Tốt]}
"""
REGIONS = """\
regions:
  dbsh: {vi: Đồng bằng, en: Delta, short: {vi: ĐBSH, en: Delta}}
  btb: {vi: Bắc Trung Bộ, en: North central, short: {vi: BTB, en: North central}}
zones:
  II: {vi: khu vực II, en: zone II}
provinces:
  nam-dinh: {name: Nam Định, region: dbsh}
  nghe-an: {name: Nghệ An, region: btb}
"""
AMENDMENT = """\
layer: 2/QĐ-TTg
of: 2021-2025/xa-ntm
kind: amendment
decision: {number: 2/QĐ-TTg, issued: 2024-02-15, in_force: 2024-03-01}
set_thresholds:
  - {indicator: "17.1", by_column: {btb: 60}}
"""
OVERLAY = """\
layer: 3/QĐ-UBND
of: 2021-2025/xa-ntm
kind: province
province: nam-dinh
decision: {number: 3/QĐ-UBND, issued: 2022-12-01, in_force: 2023-01-01}
replace_indicators:
  - no: "17.1"
    label: {vi: Nước sạch, en: Clean water}
    requires: {at_least: {fact: water_pct, value: 80}}
"""
EVIDENCE = """\
indicator,part,year,column,status,seen_at
17.1,,,dbsh,confirmed,https://example.vn
17.10,a,,dbsh,recalled,
10,,2022,dbsh,confirmed,
"""
FILES = {
    "rulebook.yaml": "rulebook: thu\nversion: 1.0.0\n",
    "facts.yaml": FACTS,
    "regions.yaml": REGIONS,
    RULESET_FILE: RULESET,
    AMENDMENT_FILE: AMENDMENT,
    OVERLAY_FILE: OVERLAY,
    EVIDENCE_FILE: EVIDENCE,
}


class Book:
    """A small rulebook on disk, whose files tests change."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def edit(self, name: str, old: str, new: str) -> str:
        text = (self.directory / name).read_text("utf-8")
        assert old in text, old
        self.write(name, text.replace(old, new, 1))
        return text.replace(old, new, 1)

    def alone(self) -> None:
        """Leave the ruleset without layers and evidence."""
        for name in (AMENDMENT_FILE, OVERLAY_FILE, EVIDENCE_FILE):
            (self.directory / name).unlink()

    def load(self, ruleset_id: str = ID, **options: Any) -> ntm.Ruleset:
        return ntm.load_ruleset(ruleset_id, source=self.directory, **options)

    def problems(self, **options: Any) -> tuple[ntm.Problem, ...]:
        with pytest.raises(ntm.RulebookError) as caught:
            self.load(**options)
        assert isinstance(caught.value, ValueError)
        for lang in ("vi", "en"):
            assert len(caught.value.describe(lang).splitlines()) == len(caught.value.problems)
        return caught.value.problems


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "so")


def line_in(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_small_rulebook_loads(book: Book) -> None:
    ruleset = book.load(province="Nam Định")
    assert [layer.name for layer in ruleset.layers] == ["2/QĐ-TTg", "3/QĐ-UBND"]
    assert ruleset.indicator("17.10").id == "17.10"
    assert [summary.id for summary in ntm.list_rulesets(source=book.directory)] == [ID]


# -- one mistake in a ruleset. One value that is wrong is one problem, however many columns it stands for.
#    Keys that begin with a capital were left out of the place of a problem (regions.yaml zones.II, facts.Planted).
#   : (old, new, where the line is counted to, code, key)

WATER = "{at_least: {fact: water_pct, by_column: {dbsh: 65, btb: unset}}}"
DOCUMENT_MISTAKES: dict[str, tuple[str, str, str, str, str]] = {
    "misspelt key": ("level: xa", "levle: xa", "levle", "extra_forbidden", "levle"),
    "misspelt inner key": ("by_column: {dbsh: 65", "by_colum: {dbsh: 65", WATER[:22], "extra_forbidden", "by_colum"),
    "missing key": ("level: xa\n", "", "ruleset:", "missing", "level"),
    "missing inner key": (", en: Trial set}", "}", "title:", "missing", "title.en"),
    "wrong kind of value": ("title: {vi: Bộ thử, en: Trial set}", "title: Bộ thử", "title:", "model_type", "title"),
    "list for text": ("phase: 2021-2025", "phase: [2021]", "phase:", "string_type", "phase"),
    "text for a list": ("columns: [dbsh, btb]", "columns: dbsh", "columns:", "list_type", "columns"),
    "empty list": ("columns: [dbsh, btb]", "columns: []", "columns:", "too_short", "columns"),
    "not an allowed word": ("tier: ntm", "tier: nangcao", "tier:", "literal_error", "tier"),
    "bad date": ("issued: 2022-03-01", "issued: 01/03/2022", "decision:", "value_error", "decision.issued"),
    "impossible date": ("issued: 2022-03-01", "issued: 2022-02-30", "decision:", "value_error", "decision.issued"),
    "bad id": ("ruleset: 2021-2025/xa-ntm", "ruleset: xa-ntm", "ruleset:", "string_pattern_mismatch", "ruleset"),
    "bad count": ("criteria: 2", "criteria: two", "totals:", "value_error", "totals.criteria"),
    "two requirements": (WATER, "{met: planted, unstated: province}", "{met: planted, unst", "value_error", "requires"),
    "no requirement": (WATER, "{}", "requires: {}", "value_error", "requires"),
    "empty requirement": (WATER, "{met: }", "{met: }", "value_error", "requires"),
    "no threshold": (
        WATER,
        "{at_least: {fact: water_pct}}",
        "{at_least: {fact: water_pct}}",
        "value_error",
        "at_least",
    ),
    "two thresholds": (WATER, WATER.replace("by_col", "value: 1, by_col"), "value: 1", "value_error", "at_least"),
    "unknown fact": ("fact: water_pct", "fact: watter_pct", "watter_pct", "unknown_fact", "at_least.fact"),
    "unknown fact under met": ("{met: planted}", "{met: plantd}", "plantd", "unknown_fact", "met"),
    "fact of the wrong kind": ("{met: planted}", "{met: water_pct}", "{met: water", "wrong_kind", "met"),
    "boolean compared": ("fact: water_pct", "fact: planted", "fact: planted", "wrong_kind", "at_least.fact"),
    "not by sex": (
        "fact: income",
        "both_sexes: true\n            fact: income",
        "both_sexes",
        "not_by_sex",
        "both_sexes",
    ),
    "unknown column": ("dbsh: 65, btb", "dbhs: 65, dbsh: 65, btb", "dbhs", "unknown_column", "by_column.dbhs"),
    "unknown column of the ruleset": ("[dbsh, btb]", "[dbsh, btb, tn]", "columns:", "unknown_column", "columns"),
    "missing column": ("dbsh: 65, btb: unset", "dbsh: 65", "dbsh: 65", "missing_column", "by_column"),
    "missing column of a year": (
        "2023: {dbsh: 56, btb: 42}",
        "2023: {dbsh: 56}",
        "2023:",
        "missing_column",
        "by_year.2023",
    ),
    "bad year": ("2023: {", "năm 2023: {", "năm 2023", "bad_year", "by_year.năm 2023"),
    "sign in a cell": ("dbsh: 65", "dbsh: ≥ 65", "dbsh: ≥", "bad_cell", "by_column.dbsh"),
    "percent sign in a cell": ("dbsh: 65", "dbsh: 65%", "dbsh: 65%", "bad_cell", "by_column.dbsh"),
    "decimal comma": ("dbsh: 65", 'dbsh: "97,5"', "97,5", "bad_cell", "by_column.dbsh"),
    "no cell": ("dbsh: 65", "dbsh: ", "dbsh: ,", "bad_cell", "by_column.dbsh"),
    "list in a cell": ("dbsh: 65", "dbsh: [65]", "[65]", "bad_cell", "by_column.dbsh"),
    "not a number": ("dbsh: 65", "dbsh: .nan", ".nan", "bad_cell", "by_column.dbsh"),
    "exponent": ("dbsh: 65", "dbsh: 6.5e1", "6.5e1", "bad_cell", "by_column.dbsh"),
    "forty-one digits": ("dbsh: 65", "dbsh: " + "9" * 41, "99999", "bad_cell", "by_column.dbsh"),
    "beyond 100 percent": ("dbsh: 65", "dbsh: 650", "650", "out_of_bounds", "by_column.dbsh"),
    "below nothing": ("dbsh: 65", "dbsh: -1", "-1", "out_of_bounds", "by_column.dbsh"),
    "Đạt where a number belongs": ("dbsh: 65", "dbsh: Đạt", "dbsh: Đạt", "bad_cell", "by_column.dbsh"),
    "unknown category": ("value: Khá", "value: Khas", "Khas", "bad_category", "at_least.value"),
    "unknown zone": ("zones: [II]", "zones: [IV]", "zones: [IV]", "unknown_zone", "special_communes.zones[0]"),
    "number repeated": ('- no: "17.1"', '- no: "10"', '- no: "10"\n        label: {vi: Nước', "duplicate_number", "no"),
    "part repeated": ("part: b", "part: a", "all:", "duplicate_number", "requires.all"),
    "unknown setter": ("- {part: a,", "- {part: a, set_by: nobody,", "set_by: nobody", "enum", "set_by"),
}


@pytest.mark.parametrize("name", DOCUMENT_MISTAKES)
def test_mistake_in_a_ruleset(name: str, book: Book) -> None:
    old, new, at, code, key = DOCUMENT_MISTAKES[name]
    text = book.edit(RULESET_FILE, old, new)
    problems = book.problems()
    found = [p for p in problems if p.code == code and (p.key or "").endswith(key)]
    assert found, [problem.describe("en") for problem in problems]
    (problem,) = found
    assert problem.source == str(book.directory / RULESET_FILE)
    if name != "missing key":  # a key that is not there has no line; at the top there is no key above it either
        assert problem.line == line_in(text, at)
    for lang, word in (("vi", problem.message.vi), ("en", problem.message.en)):
        line = problem.describe(lang)  # type: ignore[arg-type]
        assert word in line
        assert f"[{code}]" in line
        assert RULESET_FILE in line
    assert problem.message.vi != problem.message.en


@pytest.mark.parametrize("key", ["Level", "LEVEL", "level[0]", "(level)", "cấp", "a.b", "-"])
def test_an_unknown_key_of_any_form(book: Book, key: str) -> None:
    # IndexError for keys that begin with a capital or hold a bracket.
    text = book.edit(RULESET_FILE, "level: xa", f"{key}: xa")
    (unknown,) = [problem for problem in book.problems() if problem.code == "extra_forbidden"]
    assert (unknown.key, unknown.line) == (key, line_in(text, f"{key}: xa"))


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("level: xa", "levle: xa", "level"),
        ("by_column: {dbsh: 65", "by_colum: {dbsh: 65", "by_column"),
        ("fact: water_pct", "fact: watter_pct", "water_pct"),
        ("dbsh: 65", "dbhs: 65, dbsh: 65", "dbsh"),
        ("value: Khá", "value: Trung bìn", "Trung bình"),
        ("zones: [II]", "zones: [III]", "II"),
    ],
)
def test_the_nearest_right_name_is_offered(book: Book, old: str, new: str, wanted: str) -> None:
    book.edit(RULESET_FILE, old, new)
    assert wanted in {problem.nearest for problem in book.problems()}


def test_all_mistakes_of_a_file_at_once(book: Book) -> None:
    for old, new in (
        ("fact: water_pct", "fact: watter_pct"),
        ("2022: {dbsh: 53, btb: 39}", "2022: {dbsh: 53, btb: nhiều}"),
        ("2023: {dbsh: 56, btb: 42}", "2023: {dbsh: 56}"),
        ("{met: planted}", "{met: rank}"),
        ("zones: [II]", "zones: [IV, V]"),
    ):
        book.edit(RULESET_FILE, old, new)
    problems = book.problems()
    assert sorted(problem.code for problem in problems) == [
        "bad_cell",
        "missing_column",
        "unknown_fact",
        "unknown_zone",
        "unknown_zone",
        "wrong_kind",
    ]
    assert len({problem.key for problem in problems}) == 6


def test_all_mistakes_of_form_at_once(book: Book) -> None:
    for old, new in (("level: xa", "level: phường"), ("tier: ntm", "tiers: ntm"), ("- id: debt", "- id: Nợ")):
        book.edit(RULESET_FILE, old, new)
    assert {problem.code for problem in book.problems()} == {
        "literal_error",
        "missing",
        "extra_forbidden",
        "string_pattern_mismatch",
    }


def described(problems: tuple[ntm.Problem, ...]) -> set[str]:
    return {problem.describe("en") for problem in problems}


# What leaves nothing to be checked against: the columns, or the place in the text itself.
HOPELESS = {"text for a list", "empty list"}


@pytest.mark.parametrize("name", [name for name in DOCUMENT_MISTAKES if name != "unknown zone"])
def test_no_mistake_of_form_hides_one_of_content(name: str, book: Book) -> None:
    old, new, *_ = DOCUMENT_MISTAKES[name]
    book.alone()
    book.edit(RULESET_FILE, old, new)
    alone = described(book.problems())
    book.edit(RULESET_FILE, "zones: [II]", "zones: [VI]")
    book.edit(RULESET_FILE, "2022: {dbsh: 53, btb: 39}", "2022: {dbsh: 5300000, btb: -1}")
    book.edit(RULESET_FILE, "requires: {met: no_debt}", "requires: {met: no_dept}")
    together = described(book.problems())
    codes = sorted(line.rpartition("[")[2] for line in together - alone)
    assert alone <= together
    assert codes == ([] if name in HOPELESS else ["out_of_bounds]", "unknown_fact]", "unknown_zone]"])


FORM_AND_CONTENT = """\
layer: 9/QĐ-UBND
of: 2021-2025/xa-ntm
kind: province
province: nam-din
decision: {number: 3/QĐ-UBND, issued: 2022-12-01, in_force: 01/01/2023}
decision: {}
note: {vi: &x Ghi chú}
replace_indicators:
  - no: "10"
    lable: {vi: Thu nhập, en: Income}
    requires: {at_least: {fact: incom, value: 80}}
  - no: "17.1"
    label: {vi: Nước sạch, en: Clean water}
    requires: {at_least: {fact: water_pct, value: 800}}
  - just text
set_thresholds:
  - {indicator: "17.1", valeu: 70}
  - {indicator: "17.2", value: 70}
  - {indicator: "17.1", by_column: {dbsh: ≥ 70, bbt: 5}}
add_criteria: none
conditions:
  - id: Nợ
    label: {vi: Nợ, en: Debt}
    requires: {met: planted, unstated: province}
special_communes: {column: tn, zones: [IV], citation: a}
"""


def test_all_mistakes_of_a_layer_at_once(book: Book) -> None:
    path = book.write(OVERLAY_FILE, FORM_AND_CONTENT)
    problems = book.problems(province="nam-dinh")
    assert {problem.source for problem in problems} == {str(path)}
    assert {(problem.line, problem.key, problem.code) for problem in problems} == {
        (4, "province", "misplaced"),
        (4, "province", "unknown_province"),
        (5, "decision.in_force", "value_error"),
        (6, "decision", "duplicate_key"),
        (7, "note.vi", "anchor"),
        (7, "note.en", "missing"),
        (10, "replace_indicators[0].lable", "extra_forbidden"),
        (9, "replace_indicators[0].label", "missing"),
        (11, "replace_indicators[0].requires.at_least.fact", "unknown_fact"),
        (14, "replace_indicators[1].requires.at_least.value", "out_of_bounds"),
        (15, "replace_indicators[2]", "model_type"),
        (17, "set_thresholds[0].valeu", "extra_forbidden"),
        (18, "set_thresholds[1].indicator", "unknown_indicator"),
        (19, "set_thresholds[2].by_column.dbsh", "bad_cell"),
        (19, "set_thresholds[2].by_column.bbt", "unknown_column"),
        (20, "add_criteria", "list_type"),
        (22, "conditions[0].id", "string_pattern_mismatch"),
        (24, "conditions[0].requires", "value_error"),
        (25, "special_communes.column", "unknown_column"),
        (25, "special_communes.zones[0]", "unknown_zone"),
    }


def test_an_overlay_given_as_data_reports_form_and_content(book: Book) -> None:
    overlay = layer(set_thresholds=[{"indicator": "99", "value": 1}], replace_indicators=[{"no": "10"}], lyer=1)
    found = {(problem.key, problem.code) for problem in book.problems(overlays=[overlay])}
    assert found == {
        ("set_thresholds[0].indicator", "unknown_indicator"),
        ("replace_indicators[0].label", "missing"),
        ("replace_indicators[0].requires", "missing"),
        ("lyer", "extra_forbidden"),
    }
    found = {(problem.key, problem.code) for problem in book.problems(overlays=[overlay | {"of": "x"}])}
    assert {("of", "unknown_ruleset"), ("lyer", "extra_forbidden")} <= found


def test_what_does_not_fit_the_ruleset_is_said_beside_what_is_wrong_with_the_overlay(book: Book) -> None:
    overlay = layer(
        remove_indicators=["99"], set_thresholds=[{"indicator": "17.1", "value": 800}, {"indicator": "98", "value": 1}]
    )
    found = {(problem.key, problem.code) for problem in book.problems(overlays=[overlay])}
    assert found == {
        ("set_thresholds[0].value", "out_of_bounds"),
        ("set_thresholds[1].indicator", "unknown_indicator"),
        ("99", "unknown_indicator"),
    }


def test_flaws_of_the_text_hide_neither_form_nor_content(book: Book) -> None:
    text = book.edit(RULESET_FILE, "level: xa", "level: &x xa\nlevel: xa\ntitel: *x")
    book.edit(RULESET_FILE, "zones: [II]", "zones: [*x, IV]")
    assert {(problem.line, problem.code) for problem in book.problems()} == {
        (line_in(text, "level: &x"), "anchor"),
        (line_in(text, "level: xa\ntitel"), "duplicate_key"),
        (line_in(text, "titel"), "anchor"),
        (line_in(text, "special_communes"), "anchor"),
    }


def test_a_wrong_evidence_file_hides_nothing_of_its_document(book: Book) -> None:
    book.edit(EVIDENCE_FILE, ",recalled,", ",sure,")
    book.edit(RULESET_FILE, "fact: water_pct", "fact: watter_pct")
    assert {problem.code for problem in book.problems()} == {"bad_evidence", "unknown_fact"}


def test_mistakes_of_facts_and_regions_are_said_together(book: Book) -> None:
    book.edit("facts.yaml", "kind: money", "kind: monney")
    book.edit("regions.yaml", "region: dbsh", "region: dbhs")
    book.edit("regions.yaml", "region: btb", "region: bbt")
    book.edit("regions.yaml", "en: zone II", "enn: zone II")
    found = [(str(p.source).rpartition("/")[2], p.code) for p in book.problems()]
    assert sorted(found) == [
        ("facts.yaml", "enum"),
        ("regions.yaml", "extra_forbidden"),
        ("regions.yaml", "missing"),
        ("regions.yaml", "unknown_region"),
        ("regions.yaml", "unknown_region"),
    ]


def linted(path: Path) -> set[str]:
    return {finding.problem.code for finding in lint_path(path)}


@pytest.mark.parametrize("name", [name for name in DOCUMENT_MISTAKES if name not in HOPELESS])
def test_lint_goes_on_where_a_ruleset_does_not_load(name: str, book: Book) -> None:
    old, new, *_, code, _ = DOCUMENT_MISTAKES[name]
    book.alone()
    book.edit(RULESET_FILE, old, new)
    book.edit(RULESET_FILE, "in_force: 2022-03-08", "in_force: 2021-03-08")
    found = linted(book.directory / RULESET_FILE)
    assert code in found
    dated = name not in ("bad date", "impossible date")
    assert ("in_force_before_issued" in found) is dated
    assert "id_mismatch" not in found


def test_lint_goes_on_where_a_layer_or_its_catalogue_does_not_load(book: Book) -> None:
    path = book.directory / AMENDMENT_FILE
    book.edit(AMENDMENT_FILE, "set_thresholds", "set_threshold")
    book.edit(AMENDMENT_FILE, "issued: 2024-02-15", "issued: 2020-02-15")
    assert linted(path) >= {"extra_forbidden", "before_base"}
    book.edit(AMENDMENT_FILE, "of: 2021-2025/xa-ntm", "of: 2021-2025/xa-mtn")
    assert linted(path) >= {"extra_forbidden", "unknown_ruleset"}
    book.edit("facts.yaml", "kind: money", "kind: monney")
    book.edit("facts.yaml", "label: {vi: Nước, en: Water}", "label: {vi: Thu nhập, en: Thu nhập}")
    assert linted(path) >= {"extra_forbidden", "enum"}
    assert linted(book.directory / "facts.yaml") >= {"enum", "unlabelled"}
    book.edit(RULESET_FILE, "tier: ntm", "tiers: ntm")
    assert linted(book.directory / RULESET_FILE) >= {"extra_forbidden", "missing", "enum"}
    book.edit("regions.yaml", "name: Nghệ An", "name: Nam Định")
    book.edit("regions.yaml", "region: btb", "region: bbt")
    assert linted(book.directory / "regions.yaml") >= {"duplicate_name", "unknown_region"}


def test_what_a_form_wants_is_said_in_vietnamese_too(book: Book) -> None:
    for name, (old, new, *_) in DOCUMENT_MISTAKES.items():
        book.write(RULESET_FILE, RULESET)
        book.edit(RULESET_FILE, old, new)
        for problem in book.problems():
            if problem.code == "value_error":
                assert problem.wanted is not None
                assert problem.wanted.vi != problem.wanted.en or problem.wanted.en.startswith("exactly"), name
                assert " or " not in problem.wanted.vi


# -- YAML as untrusted text

ALIASES = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))
YAML_MISTAKES: dict[str, tuple[bytes, str, int | None]] = {
    "anchor": (b"ruleset: &x a\n", "anchor", 1),
    "alias bomb": (ALIASES.encode(), "anchor", 1),
    "merge": (b"a: 1\nb:\n  <<: *a\n", "anchor", 3),
    "python object": (b"x: 1\ny: !!python/object/apply:os.system [ls]\n", "tag", 2),
    "local tag": (b"x: !thing 1\n", "tag", 1),
    "tagged text": (b"x: !!str 1\n", "tag", 1),
    "binary": (b"x: !!binary aGVsbG8=\n", "tag", 1),
    "several documents": (b"a: 1\n---\nb: 2\n", "several_documents", 2),
    "unclosed": (b"a: [1, 2\nb: 3\n", "bad_yaml", 2),
    "tab as indentation": (b"a:\n\tb: 1\n", "bad_yaml", 2),
    "control character": (b"a: \x07\n", "bad_yaml", None),
    "not UTF-8": ("title: Bộ\na: Đạt".encode("utf-16"), "not_utf8", 1),
    "Latin-1": (b"a: 1\nb: \xe9\n", "not_utf8", 2),
    "deep lists": (b"[" * 100 + b"]" * 100, "too_deep", 1),
    "deep maps": ("".join(f"{' ' * n}a:\n" for n in range(100)).encode(), "too_deep", 41),
    "very deep": (b"[" * 100_000, "too_deep", 1),
    "repeated key": (b"level: xa\ntier: ntm\nlevel: xa\n", "duplicate_key", 3),
    "repeated key, decomposed": (
        unicodedata.normalize("NFD", "Đạt: 1\nà: 1\n").encode() + "à: 2\n".encode(),
        "duplicate_key",
        3,
    ),
    "key that is a list": (b"[a, b]: 1\n", "bad_key", 1),
    "key that is a map": (b"? {a: 1}\n: 1\n", "bad_key", 1),
    "key that is nothing": (b"~: 1\n", "bad_key", 1),
    "large": (b"#" + b"x" * (9 * 1024 * 1024), "too_large", None),
}


@pytest.mark.parametrize("name", YAML_MISTAKES)
def test_what_is_not_plain_yaml(name: str, book: Book) -> None:
    data, code, line = YAML_MISTAKES[name]
    path = book.write(RULESET_FILE, data)
    problem = book.problems()[0]
    assert (problem.code, problem.source) == (code, str(path))
    if line is not None:
        assert problem.line == line


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"---\n", b"just text\n", b"- a\n- b\n", b"null\n", b"17\n"])
def test_a_document_that_is_no_mapping(data: bytes, book: Book) -> None:
    book.write(RULESET_FILE, data)
    (problem,) = book.problems()
    assert problem.code == "model_type"
    book.write(RULESET_FILE, RULESET)
    book.write(AMENDMENT_FILE, data)
    assert book.problems()[0].source == str(book.directory / AMENDMENT_FILE)


def test_size_is_counted_in_bytes() -> None:
    read_yaml(b"a: " + b"x" * (MAX_BYTES - 3), "text")
    for text in (b"a: " + b"x" * (MAX_BYTES - 2), "a: " + "x" * MAX_BYTES):
        with pytest.raises(ntm.RulebookError, match="too_large"):
            read_yaml(text, "text")


def test_scalars_stay_text() -> None:
    tree = read_yaml(
        "no: 17.10\nyes: no\non: 2024-03-01\nx: 0x10\ny: 1_000\nz: 010\nw: .5\nempty:\nquoted: ''\n", "text"
    )
    assert tree == {
        "no": "17.10",
        "yes": "no",
        "on": "2024-03-01",
        "x": "0x10",
        "y": "1_000",
        "z": "010",
        "w": ".5",
        "empty": None,
        "quoted": "",
    }
    assert line_of(tree, ("x",)) == 4
    assert line_of(tree, ("nowhere",)) is None


def test_a_bom_and_carriage_returns_change_nothing(book: Book) -> None:
    plain = book.load().content_hash
    book.write(RULESET_FILE, b"\xef\xbb\xbf" + RULESET.replace("\n", "\r\n").encode())
    assert book.load().content_hash == plain


def test_decomposed_text_is_composed(book: Book) -> None:
    plain = book.load()
    book.write(RULESET_FILE, unicodedata.normalize("NFD", RULESET))
    assert book.load().content_hash == plain.content_hash
    assert book.load().clause("17.10.b").requirement == plain.clause("17.10.b").requirement


def test_numbers_are_exact(book: Book) -> None:
    book.edit(RULESET_FILE, "dbsh: 65", "dbsh: 65.30000000000000000000000000000000001")
    assert book.load().threshold("17.1", region="dbsh").value == Decimal("65.30000000000000000000000000000000001")


# -- the other files


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "key"),
    [
        ("facts.yaml", "kind: money", "kind: monney", "enum", "facts.income.kind"),
        ("facts.yaml", ", unit: {vi: triệu, en: million}", "", "value_error", "facts.income"),
        ("facts.yaml", "kind: category", "kind: percent", "value_error", "facts.rank"),
        ("facts.yaml", "Tốt]", "Tốt], value_labels: {Kha: {vi: a, en: b}}", "value_error", "facts.rank"),
        ("facts.yaml", "  planted:", "  Planted:", "string_pattern_mismatch", "facts.Planted"),
        ("facts.yaml", "by_sex: true", "by_sex: có", "value_error", "facts.water_pct.by_sex"),
        ("facts.yaml", "by_sex: true", "bounds: [0, x]", "value_error", "facts.water_pct.bounds[1]"),
        ("facts.yaml", "by_sex: true", "bounds: [100, 0]", "value_error", "facts.water_pct"),  # was taken as it stood
        ("regions.yaml", "region: dbsh", "region: dbhs", "unknown_region", "provinces.nam-dinh.region"),
        ("regions.yaml", "zones:\n  II: {vi: khu vực II, en: zone II}\n", "", "missing", "zones"),
        ("rulebook.yaml", "version:", "verson:", "extra_forbidden", "verson"),
        (AMENDMENT_FILE, "set_thresholds", "set_threshold", "extra_forbidden", "set_threshold"),
        (AMENDMENT_FILE, 'indicator: "17.1"', 'indicator: "17.2"', "unknown_indicator", "set_thresholds[0].indicator"),
        (AMENDMENT_FILE, 'indicator: "17.1"', 'indicator: "17.10"', "no_threshold_here", "set_thresholds[0].indicator"),
        (AMENDMENT_FILE, "btb: 60", "bbt: 60", "unknown_column", "set_thresholds[0].by_column.bbt"),
        (AMENDMENT_FILE, "btb: 60", "btb: 600", "out_of_bounds", "set_thresholds[0].by_column.btb"),
        (AMENDMENT_FILE, "kind: amendment", "kind: province", "value_error", ""),
        (AMENDMENT_FILE, "of: 2021-2025/xa-ntm", "of: 2021-2025/xa-mtn", "unknown_ruleset", "of"),
        (AMENDMENT_FILE, "of: 2021-2025/xa-ntm\n", "", "missing", "of"),
        (OVERLAY_FILE, "province: nam-dinh", "province: nam-din", "unknown_province", "province"),
        (OVERLAY_FILE, "province: nam-dinh\n", "", "value_error", ""),
        (OVERLAY_FILE, '- no: "17.1"', '- no: "17.2"', "unknown_indicator", "17.2"),
        (OVERLAY_FILE, "value: 80", "value: 800", "out_of_bounds", "value"),
    ],
)
def test_mistake_in_another_file(book: Book, name: str, old: str, new: str, code: str, key: str) -> None:
    book.edit(name, old, new)
    problems = book.problems(province="nam-dinh")
    found = [p for p in problems if p.code == code and (p.key or "").endswith(key)]
    assert found, [problem.describe("en") for problem in problems]
    assert str(found[0].source).endswith(name)


def test_all_facts_that_are_wrong_at_once(book: Book) -> None:
    book.edit("facts.yaml", "kind: money", "kind: monney")
    book.edit("facts.yaml", "kind: category", "kind: categori")
    assert [problem.line for problem in book.problems()] == [2, 6]


@pytest.mark.parametrize(
    "name", ["rulebook.yaml", "facts.yaml", "regions.yaml", RULESET_FILE, AMENDMENT_FILE, EVIDENCE_FILE]
)
def test_a_file_that_is_not_text(book: Book, name: str) -> None:
    # An evidence file that was not UTF-8 raised UnicodeDecodeError.
    book.write(name, b"\xff\xfe\x00bad")
    problems = book.problems()
    assert problems[0].code == "not_utf8"
    assert str(problems[0].source).endswith(name)


def test_a_missing_file_is_named(book: Book) -> None:
    (book.directory / "rulebook.yaml").unlink()
    (problem,) = book.problems()
    assert (problem.code, problem.source) == ("cannot_read", str(book.directory / "rulebook.yaml"))


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ntm.RulebookError, match="no_rulebook"):
        ntm.load_ruleset(ID, source=tmp_path / "nowhere")


# -- evidence

EVIDENCE_MISTAKES = [
    ("indicator,part", "indicator;part", "bad_header", 1),
    ("17.10,a,,dbsh", "17.1,,,dbsh", "bad_evidence", 3),
    (",recalled,", ",sure,", "bad_evidence", 3),
    ("17.10,a,,dbsh,recalled,\n", "17.10,a,,dbsh\n", "bad_evidence", 3),
    ("https://example.vn", "https://example.vn/a,b", "bad_evidence", 2),  # a bare comma cut the address short
    ("17.10,a", "17.10,c", "stray_evidence", None),
    ("17.10,a", "17.99,a", "stray_evidence", None),
    ("10,,2022", "10,,2029", "stray_evidence", None),
    ("17.10,a,,dbsh", "17.10,a,,tn", "stray_evidence", None),
]


@pytest.mark.parametrize(("old", "new", "code", "line"), EVIDENCE_MISTAKES)
def test_mistake_in_evidence(book: Book, old: str, new: str, code: str, line: int | None) -> None:
    book.edit(EVIDENCE_FILE, old, new)
    (problem,) = book.problems()
    assert (problem.code, problem.line) == (code, line)
    assert "xa-ntm" in str(problem.source)


def test_all_evidence_that_is_wrong_at_once(book: Book) -> None:
    book.edit(EVIDENCE_FILE, "confirmed,https", "sure,https")
    book.edit(EVIDENCE_FILE, "recalled", "maybe")
    assert [problem.line for problem in book.problems()] == [2, 3]


@pytest.mark.parametrize("cell", ["a\rb", "x" * 200_000])
def test_evidence_that_is_hardly_csv(book: Book, cell: str) -> None:
    # csv.Error.
    book.edit(EVIDENCE_FILE, ",recalled,", f",{cell},")
    assert {problem.code for problem in book.problems()} <= {"bad_csv", "bad_evidence"}


def test_evidence_reaches_the_cells(book: Book) -> None:
    ruleset = book.load()
    found = ruleset.threshold("17.1", region="dbsh")
    assert (found.evidence, found.seen_at) == (ntm.Evidence.CONFIRMED, "https://example.vn")
    assert ruleset.threshold("17.10.a", region="dbsh").evidence is ntm.Evidence.RECALLED
    assert ruleset.threshold("17.10.a", region="btb").evidence is ntm.Evidence.UNCERTAIN
    assert ruleset.threshold("10", region="dbsh", year=2022).evidence is ntm.Evidence.CONFIRMED


def test_evidence_with_a_bom_is_read(book: Book) -> None:
    # Excel writes CSV files with a BOM.
    book.write(EVIDENCE_FILE, b"\xef\xbb\xbf" + EVIDENCE.encode())
    assert book.load().threshold("17.1", region="dbsh").evidence is ntm.Evidence.CONFIRMED


# -- what a layer may not do, and references that lead nowhere


def layer(**content: Any) -> dict[str, Any]:
    decision = {"number": "9/QĐ-UBND", "issued": "2024-05-01", "in_force": "2024-05-01"}
    return {"layer": "9/QĐ-UBND", "of": ID, "kind": "province", "province": "nam-dinh", "decision": decision} | content


def indicator(no: str, **content: Any) -> dict[str, Any]:
    return {"no": no, "label": {"vi": "Mới", "en": "New"}, "requires": {"met": "planted"}} | content


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"replace_indicators": [indicator("17.2")]}, "17.2"),
        ({"remove_indicators": ["17.2"]}, "17.2"),
        ({"remove_conditions": ["nothing"]}, "nothing"),
        ({"add_indicators": [indicator("17.1", criterion="17")]}, "17.1"),
        ({"add_indicators": [indicator("99.1", criterion="99")]}, "99.1"),
        ({"add_criteria": [{"no": "17", "title": {"vi": "A", "en": "B"}, "indicators": [indicator("17.3")]}]}, "17"),
        ({"add_criteria": [{"no": "20", "title": {"vi": "A", "en": "B"}, "indicators": [indicator("17.1")]}]}, "17.1"),
        ({"add_indicators": [indicator("17.2", criterion="17"), indicator("17.2", criterion="17")]}, "17.2"),
        ({"set_thresholds": [{"indicator": "17.2", "value": 1}]}, "set_thresholds[0].indicator"),
    ],
)
def test_a_layer_that_changes_what_is_not_there(book: Book, content: dict[str, Any], key: str) -> None:
    # Numbers added twice, in one layer or under another criterion, were taken.
    problems = book.problems(overlays=[layer(**content)])
    assert [problem.key for problem in problems] == [key]
    assert problems[0].source == "9/QĐ-UBND"


def test_all_that_a_layer_does_wrongly_at_once(book: Book) -> None:
    content = layer(remove_indicators=["1", "2"], replace_indicators=[indicator("3")], remove_conditions=["x"])
    assert len(book.problems(overlays=[content])) == 4


def test_a_layer_in_the_folder_of_another_ruleset(book: Book) -> None:
    # Such a layer was applied to the ruleset of the folder.
    book.write(
        "2021-2025/xa-ntm-nang-cao.yaml",
        RULESET.replace("xa-ntm\n", "xa-ntm-nang-cao\n").replace("tier: ntm", "tier: nang-cao"),
    )
    book.write("2021-2025/amendments/xa-ntm-nang-cao/2024.yaml", AMENDMENT)
    with pytest.raises(ntm.RulebookError) as caught:
        book.load("2021-2025/xa-ntm-nang-cao")
    assert caught.value.problems[0].key == "of"
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize(
    ("folder", "text", "key"),
    [
        ("2021-2025/amendments/xa-ntm/x.yaml", OVERLAY, "kind"),
        ("2021-2025/provinces/nghe-an/xa-ntm/x.yaml", OVERLAY, "province"),
        ("2021-2025/provinces/nghe-an/xa-ntm/x.yaml", AMENDMENT, "kind"),
    ],
)
def test_a_layer_in_the_folder_of_another_kind(book: Book, folder: str, text: str, key: str) -> None:
    # One province's overlay among the amendments was applied to the whole country.
    book.write(folder, text)
    assert key in {problem.key for problem in book.problems(province="nghe-an")}


SPECIAL = "special_communes: {column: btb, zones: [II], citation: a}\n"


@pytest.mark.parametrize(
    ("withdrawal", "code"),
    [
        ("{citation: a}", "value_error"),
        ("{any_share: 50, key_criteria: [], citation: a}", "value_error"),
        ("{any_share: 50, by_ruleset: 2021-2025/xa-ntm, citation: a}", "value_error"),
        ("{by_ruleset: 2021-2025/xa-mtn, citation: a}", "unknown_ruleset"),
        (f"{{by_ruleset: {ID}, citation: a}}", "circular_reference"),
    ],
)
def test_a_rule_of_withdrawal_that_cannot_be(book: Book, withdrawal: str, code: str) -> None:
    book.alone()
    book.edit(RULESET_FILE, SPECIAL, f"{SPECIAL}withdrawal: {withdrawal}\n")
    (problem,) = book.problems()
    assert problem.code == code
    assert code == "circular_reference" or (problem.line == 10 and str(problem.key).startswith("withdrawal"))


def test_a_ruleset_under_another_name(book: Book) -> None:
    # The ruleset was loaded under the id of its path and called itself otherwise.
    book.write("2021-2025/xa-khac.yaml", RULESET)
    with pytest.raises(ntm.RulebookError) as caught:
        book.load("2021-2025/xa-khac")
    assert caught.value.problems[0].key == "ruleset"


@pytest.mark.parametrize(
    "requires",
    [
        f"{{ruleset_met: {ID}}}",
        f"{{at_least: {{fact: water_pct, times_threshold: {{ruleset: {ID}, indicator: '17.1', factor: 2}}}}}}",
        "{ruleset_met: 2021-2025/xa-ntm-nang-cao}",
        "{any: [{part: a, label: {vi: a, en: b}, requires: {ruleset_met: 2021-2025/xa-ntm}}]}",
    ],
)
def test_a_ruleset_that_rests_on_itself(book: Book, requires: str) -> None:
    # RecursionError.
    book.alone()
    book.edit(RULESET_FILE, WATER, requires)
    book.write(
        "2021-2025/xa-ntm-nang-cao.yaml",
        RULESET.replace("xa-ntm\n", "xa-ntm-nang-cao\n").replace(WATER, f"{{ruleset_met: {ID}}}"),
    )
    (problem,) = book.problems()
    assert problem.code == "circular_reference"


@pytest.mark.parametrize(
    "requires",
    [
        "{ruleset_met: 2021-2025/xa-khac}",
        "{at_least: {fact: water_pct, times_threshold: {ruleset: 2021-2025/xa-khac, indicator: '1', factor: 2}}}",
    ],
)
def test_a_reference_to_a_ruleset_that_is_not_there(book: Book, requires: str) -> None:
    # UnknownNameError, as though the caller had misspelt a name, without file or line.
    book.alone()
    text = book.edit(RULESET_FILE, WATER, requires)
    (problem,) = book.problems()
    assert problem.code == "unknown_ruleset"
    assert problem.source == str(book.directory / RULESET_FILE)
    assert problem.line == line_in(text, requires)


@pytest.mark.parametrize("number", ["17.2", "17.10"])
def test_a_reference_to_an_indicator_without_threshold(book: Book, number: str) -> None:
    higher = RULESET.replace("xa-ntm\n", "xa-ntm-nang-cao\n").replace(
        WATER,
        f"{{at_least: {{fact: water_pct, times_threshold: {{ruleset: {ID}, indicator: '{number}', factor: 1.1}}}}}}",
    )
    book.write("2021-2025/xa-ntm-nang-cao.yaml", higher)
    with pytest.raises(ntm.RulebookError) as caught:
        book.load("2021-2025/xa-ntm-nang-cao")
    assert caught.value.problems[0].code in ("unknown_indicator", "no_threshold_here")


@pytest.mark.parametrize(
    "requires",
    [
        "{at_least: {fact: rank, times_fact: {fact: income, factor: 2}}}",  # was taken: a category times a number
        "{at_least: {fact: income, times_fact: {fact: planted, factor: 2}}}",  # was taken: twice a boolean
        "{at_least: {fact: income, times_fact: {fact: incom, factor: 2}}}",
        "{at_least: {fact: rank, times_threshold: {ruleset: 2021-2025/xa-ntm-nang-cao, indicator: '10', factor: 2}}}",
        "{one_of: {fact: income, values: ['1']}}",
        "{one_of: {fact: planted, values: [Đạt]}}",
        "{at_least: {fact: water_pct, by_year: {}}}",  # was taken: a table without rows
        "{at_least: {fact: water_pct, value: {dbsh: 1}}}",  # was taken as though it were by_column
        "{some: {at_least: 3, of: [{part: a, label: {vi: a, en: b}, requires: {met: planted}}]}}",
        "{some: {at_least: 0, of: [{part: a, label: {vi: a, en: b}, requires: {met: planted}}]}}",
    ],
)
def test_a_requirement_that_cannot_be_judged(book: Book, requires: str) -> None:
    book.edit(RULESET_FILE, WATER, requires)
    assert book.problems()


def test_a_special_column_that_the_ruleset_lacks(book: Book) -> None:
    # Communes judged by it found no threshold anywhere.
    book.edit(RULESET_FILE, "special_communes: {column: btb", "special_communes: {column: common")
    assert book.problems()[0].key == "special_communes.column"


RANKED = (
    "replace_indicators:\n  - {no: '17.1', label: {vi: A, en: B}, requires: {at_least: {fact: rank, value: Khá}}}\n"
)
PARTED = (
    "replace_indicators:\n  - {no: '17.1', label: {vi: A, en: B}, requires: {all: [{part: a, label: {vi: A, en: B}, "
    "requires: {at_least: {fact: water_pct, value: unset}}}]}}\n"
)
AMENDMENT_HEAD = AMENDMENT[: AMENDMENT.index("set_thresholds")]


def test_an_overlay_fills_in_what_an_amendment_brought(book: Book) -> None:
    # Thresholds were checked against the first text: parts that an amendment brought could not be filled in.
    book.write(AMENDMENT_FILE, AMENDMENT_HEAD + PARTED)
    filled = book.load(overlays=[layer(set_thresholds=[{"indicator": "17.1", "part": "a", "value": 70}])])
    assert filled.threshold("17.1.a", region="dbsh").value == Decimal(70)


@pytest.mark.parametrize(("value", "taken"), [("Tốt", True), ("50", False)])
def test_a_threshold_fits_the_text_it_lies_on(book: Book, value: str, taken: bool) -> None:
    # A number for the percentage of the first text became the category's threshold, and every commune missed it.
    book.write(AMENDMENT_FILE, AMENDMENT_HEAD + RANKED)
    overlays = [layer(set_thresholds=[{"indicator": "17.1", "value": value}])]
    if taken:
        assert book.load(overlays=overlays).threshold("17.1", region="dbsh").value == value
    else:
        book.problems(overlays=overlays)


def test_an_overlay_in_the_rulebook_fits_the_text_it_lies_on(book: Book) -> None:
    book.write(AMENDMENT_FILE, AMENDMENT_HEAD + RANKED)
    book.write(OVERLAY_FILE, OVERLAY[: OVERLAY.index("replace")] + "set_thresholds: [{indicator: '17.1', value: 50}]\n")
    book.problems(province="nam-dinh")


# -- a failed load leaves nothing behind


def test_a_failed_load_leaves_later_loads_right(book: Book) -> None:
    expected = book.load().content_hash
    same = Rulebook(book.directory)
    with pytest.raises(ntm.RulebookError):
        same.load(ID, overlays=[layer(remove_indicators=["99"])])
    with pytest.raises(ntm.RulebookError):
        same.load(ID, overlays=[layer(replace_indicators=[indicator("17.1")], remove_indicators=["99"])])
    assert same.load(ID).content_hash == expected


def test_a_layer_applied_changes_no_other_load(book: Book) -> None:
    same = Rulebook(book.directory)
    plain = same.load(ID)
    with_overlay = same.load(ID, overlays=[layer(set_thresholds=[{"indicator": "17.1", "value": 99}])])
    assert with_overlay.threshold("17.1", region="dbsh").value == Decimal(99)
    assert same.load(ID).threshold("17.1", region="dbsh").value == Decimal(65)
    assert same.load(ID) == plain
    assert same.load(ID, province="nam-dinh").threshold("17.1", region="dbsh").value == Decimal(80)


SET_INCOME = {"indicator": "10", "by_year": {"2023": 70}}


def test_an_overlay_given_as_data_stays_as_it_was(book: Book) -> None:
    content = layer(add_indicators=[indicator("17.2") | {"criterion": "17"}], set_thresholds=[SET_INCOME])
    before = copy.deepcopy(content)
    book.load(overlays=[content])
    assert content == before


def test_a_file_mended_is_read_anew(book: Book) -> None:
    book.edit(RULESET_FILE, "dbsh: 65", "dbsh: x")
    book.problems()
    book.edit(RULESET_FILE, "dbsh: x", "dbsh: 66")
    assert book.load().threshold("17.1", region="dbsh").value == Decimal(66)


# -- names and dates asked for


@pytest.mark.parametrize(
    ("ruleset_id", "options", "code", "near"),
    [
        ("2021-2025/xa-nmt", {}, "unknown_ruleset", ID),
        ("2021-2025/xa_ntm", {}, "unknown_ruleset", ID),
        ("../2021-2025/xa-ntm", {}, "unknown_ruleset", ID),
        (ID, {"province": "nam-din"}, "unknown_province", "nam-dinh"),
        (ID, {"province": "Nam Dinn"}, "unknown_province", "Nam Định"),
    ],
)
def test_unknown_names(book: Book, ruleset_id: str, options: dict[str, Any], code: str, near: str) -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        book.load(ruleset_id, **options)
    (problem,) = caught.value.problems
    assert (problem.code, problem.nearest) == (code, near)
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize(
    ("options", "code", "key"),
    [
        ({"on": "2022-03-07"}, "not_in_force", "on"),
        ({"on": datetime.date(2000, 1, 1)}, "not_in_force", "on"),
        ({"known_on": "2022-02-28"}, "not_in_force", "known_on"),
        ({"on": "2022-3-8"}, "bad_date", "on"),
        ({"on": "08/03/2022"}, "bad_date", "on"),
        ({"on": "2022-02-30"}, "bad_date", "on"),
        ({"on": 20220308}, "bad_date", "on"),
        ({"on": datetime.datetime(2022, 3, 8, tzinfo=datetime.timezone.utc)}, "bad_date", "on"),
        ({"known_on": ""}, "bad_date", "known_on"),
    ],
)
def test_dates_that_cannot_be_answered(book: Book, options: dict[str, Any], code: str, key: str) -> None:
    with pytest.raises(ntm.DateError) as caught:
        book.load(**options)
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == (code, key)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["2/QĐ-TTg", "3/QĐ-UBND"]),
        ({"on": "2022-03-08"}, []),
        ({"on": "2022-12-31"}, []),
        ({"on": "2023-01-01"}, ["3/QĐ-UBND"]),
        ({"on": "2024-02-29"}, ["3/QĐ-UBND"]),
        ({"on": datetime.date(2024, 3, 1)}, ["2/QĐ-TTg", "3/QĐ-UBND"]),
        ({"known_on": "2022-03-01"}, []),
        ({"known_on": "2022-12-01"}, ["3/QĐ-UBND"]),
        ({"known_on": "2024-02-15"}, ["2/QĐ-TTg", "3/QĐ-UBND"]),
        ({"on": "2030-01-01", "known_on": "2023-01-01"}, ["3/QĐ-UBND"]),
        ({"on": "2024-02-20", "known_on": "2030-01-01"}, ["3/QĐ-UBND"]),
    ],
)
def test_layers_in_force_and_known(book: Book, options: dict[str, Any], names: list[str]) -> None:
    ruleset = book.load(province="nam-dinh", **options)
    assert [layer.name for layer in ruleset.layers] == names
    assert ruleset.province == "nam-dinh"


def test_an_overlay_of_ones_own_obeys_the_date(book: Book) -> None:
    own = layer(set_thresholds=[{"indicator": "17.1", "value": 99}])
    assert [applied.name for applied in book.load(on="2024-04-30", overlays=[own]).layers] == ["2/QĐ-TTg"]
    assert book.load(on="2024-05-01", overlays=[own]).layers[-1].name == "9/QĐ-UBND"


def test_a_layer_names_what_it_is(book: Book) -> None:
    amendment, overlay = book.load(province="nam-dinh").layers
    assert (amendment.kind, amendment.province) == ("amendment", None)
    assert (overlay.kind, overlay.province) == ("province", "nam-dinh")
    assert overlay.decision.in_force == datetime.date(2023, 1, 1)


def test_a_province_without_overlay_has_the_national_text(book: Book) -> None:
    assert book.load(province="nghe-an").layers == book.load().layers


def test_unknown_dates_apply_always(book: Book) -> None:
    book.edit(AMENDMENT_FILE, "issued: 2024-02-15, in_force: 2024-03-01", "issued: unknown, in_force: unknown")
    assert [layer.name for layer in book.load(on="2022-03-08", known_on="2022-03-08").layers] == ["2/QĐ-TTg"]


@pytest.mark.parametrize(
    "overlay",
    ["nowhere.yaml", Path("nowhere.yaml"), {}, {"of": ID}, {"of": "2021-2025/xa-mtn"}, layer(), layer(x=1)],
    ids=str,
)
def test_overlays_that_cannot_be_taken(book: Book, overlay: Any) -> None:
    if overlay == layer():
        assert book.load(overlays=[overlay]).layers[-1].name == "9/QĐ-UBND"
    else:
        book.problems(overlays=[overlay])


# -- the compiled form


def compiled(book: Book) -> Path:
    path = book.directory / "compiled.json"
    path.write_text(compile_rulebook(book.directory), encoding="utf-8")
    return path


def test_the_compiled_form_says_the_same(book: Book) -> None:
    plain = [book.load(province=province) for province in (None, "nam-dinh")]
    compiled(book)
    assert [book.load(province=province) for province in (None, "nam-dinh")] == plain
    assert rulebook(book.directory).name_and_version == ("thu", "1.0.0")


@pytest.mark.parametrize(
    "name", [RULESET_FILE, EVIDENCE_FILE, AMENDMENT_FILE, OVERLAY_FILE, "facts.yaml", "regions.yaml", "rulebook.yaml"]
)
def test_a_stale_compiled_form_is_not_used(book: Book, name: str) -> None:
    compiled(book)
    changes = {
        RULESET_FILE: ("dbsh: 53", "dbsh: 54"),
        EVIDENCE_FILE: ("recalled", "confirmed"),
        AMENDMENT_FILE: ("number: 2/QĐ-TTg", "number: 2a/QĐ-TTg"),
        OVERLAY_FILE: ("value: 80", "value: 81"),
        "facts.yaml": ("en: Trees", "en: Planted trees"),
        "regions.yaml": ("en: zone II", "en: zone two"),
        "rulebook.yaml": ("1.0.0", "1.0.1"),
    }
    before = book.load(province="nam-dinh")
    book.edit(name, *changes[name])
    after = book.load(province="nam-dinh")
    assert after != before
    (book.directory / "compiled.json").unlink()
    assert book.load(province="nam-dinh") == after


def test_evidence_added_later_is_not_overlooked(book: Book) -> None:
    path = book.directory / EVIDENCE_FILE
    path.unlink()
    compiled(book)
    assert book.load().threshold("17.1", region="dbsh").evidence is ntm.Evidence.UNCERTAIN
    path.write_text(EVIDENCE, encoding="utf-8")
    assert book.load().threshold("17.1", region="dbsh").evidence is ntm.Evidence.CONFIRMED


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"facts.yaml": 1}',
        f'{{"{RULESET_FILE}": {{}}}}',
        f'{{"{RULESET_FILE}": {{"sha256": 1}}}}',
        "\x00",
    ],
)
def test_a_corrupt_compiled_form_is_not_used(book: Book, content: str) -> None:
    # Entries of another shape raised TypeError and KeyError.
    expected = book.load()
    (book.directory / "compiled.json").write_text(content, encoding="utf-8")
    assert book.load() == expected


def test_a_compiled_file_cut_short_is_not_used(book: Book) -> None:
    expected, path = book.load(), compiled(book)
    path.write_bytes(path.read_bytes()[:-100])
    assert book.load() == expected


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("facts.yaml", "  water_pct:", "  waters_pct:"),
        ("regions.yaml", "  II:", "  III:"),
        (RULESET_FILE, WATER, "{met: planted}"),
    ],
)
def test_a_compiled_form_is_not_used_with_other_facts_or_another_text_below(
    book: Book, name: str, old: str, new: str
) -> None:
    # A ruleset compiled with one catalogue was used with another, and then failed when communes were judged.
    (book.directory / OVERLAY_FILE).unlink()
    book.edit(EVIDENCE_FILE, "17.1,,,dbsh,confirmed,https://example.vn\n", "")
    compiled(book)
    book.edit(name, old, new)
    book.problems()


def test_compiling_a_rulebook_that_does_not_load_is_refused(book: Book) -> None:
    book.edit(OVERLAY_FILE, "value: 80", "value: x")
    with pytest.raises(ntm.RulebookError):
        compile_rulebook(book.directory)


def test_the_compiled_form_is_stable(book: Book) -> None:
    assert compile_rulebook(book.directory) == compile_rulebook(book.directory)
    json.loads(compile_rulebook(book.directory))


# -- a province's own rulebook


def test_a_copy_of_the_shipped_rulebook_says_the_same(tmp_path: Path) -> None:
    own = tmp_path / "tinh"
    shutil.copytree(shipped(), own)
    for ruleset_id in Rulebook(own).ids:
        assert ntm.load_ruleset(ruleset_id, source=own) == ntm.load_ruleset(ruleset_id)


def test_a_copy_changed_says_its_own(tmp_path: Path) -> None:
    own = tmp_path / "tinh"
    shutil.copytree(shipped(), own)
    path = own / "2021-2025/xa-ntm.yaml"
    text = path.read_text("utf-8")
    old = "{at_least: {fact: irrigated_drained_farmland_pct, value: 80}}"
    assert old in text
    path.write_text(text.replace(old, old.replace("80", "85")), encoding="utf-8")
    (own / "rulebook.yaml").write_text("rulebook: tinh\nversion: 2.0.0\n", encoding="utf-8")
    ruleset, national = ntm.load_ruleset(ID, source=own), ntm.load_ruleset(ID)
    assert ruleset.threshold("3.1", region="dbsh").value == Decimal(85)
    assert national.threshold("3.1", region="dbsh").value == Decimal(80)
    assert (ruleset.rulebook, ruleset.rulebook_version) == ("tinh", "2.0.0")
    assert ntm.rulebook_version(source=own) == "2.0.0"
    assert ruleset.content_hash != national.content_hash


def test_a_rulebook_without_facts_uses_the_shipped_ones(book: Book) -> None:
    for name in ("facts.yaml", "regions.yaml", AMENDMENT_FILE, OVERLAY_FILE, EVIDENCE_FILE):
        (book.directory / name).unlink()
    for old, new in (
        ("fact: income", "fact: income_per_capita"),
        ("fact: water_pct", "fact: clean_water_households_pct"),
        ("met: planted", "met: has_farmland"),
        ("met: no_debt", "met: no_outstanding_construction_debt"),
        ("{at_least: {fact: rank, value: Khá}}", "{met: has_heritage}"),
    ):
        book.edit(RULESET_FILE, old, new)
    assert book.load().catalogue == ntm.load_ruleset(ID).catalogue


def test_test_files_beside_rulesets_are_no_rulesets(book: Book) -> None:
    # Among layers they were taken for layers.
    book.write("2021-2025/xa-ntm.test.yaml", "anything: goes\n")
    book.write("2021-2025/amendments/xa-ntm/2024-03-01-2.test.yaml", "anything: goes\n")
    assert [summary.id for summary in ntm.list_rulesets(source=book.directory)] == [ID]
    assert len(book.load().layers) == 1


# -- rulebooks that installed packages bring


@pytest.fixture
def installed(tmp_path: Path, book: Book, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Pretends that a package is installed which names a rulebook in the entry-point group."""
    place = tmp_path / "site"
    info = place / "tinh_rules-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tinh-rules\nVersion: 1.0\n", encoding="utf-8")
    module = f"from pathlib import Path\nPLACE = Path({str(book.directory)!r})\nTEXT = str(PLACE)\ndef find(): return PLACE\n"
    (place / "tinh_rules.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(str(place))

    def install(target: str) -> None:
        (info / "entry_points.txt").write_text(f"[ntm_rules.rulesets]\ntinh = tinh_rules:{target}\n", encoding="utf-8")

    yield install
    sys.modules.pop("tinh_rules", None)


@pytest.mark.parametrize("target", ["PLACE", "TEXT", "find"])
def test_an_installed_rulebook_is_found(installed: Callable[[str], None], book: Book, target: str) -> None:
    book.write("2026-2030/xa-ntm.yaml", RULESET.replace("2021-2025", "2026-2030"))
    installed(target)
    found = {summary.id: summary.rulebook for summary in ntm.list_rulesets() if summary.phase == "2026-2030"}
    assert found == {"2026-2030/xa-ntm": "thu"}
    assert ntm.load_ruleset("2026-2030/xa-ntm").rulebook == "thu"


def test_the_shipped_rulebook_comes_first(installed: Callable[[str], None]) -> None:
    installed("PLACE")
    assert ntm.load_ruleset(ID).rulebook == "ntm-quoc-gia"
    assert ntm.rulebook_version() == ntm.rulebook_version(source=shipped())


@pytest.mark.parametrize("target", ["NOTHING", "find.nothing"])
def test_an_installed_rulebook_that_is_broken_is_named(installed: Callable[[str], None], target: str) -> None:
    # AttributeError from within importlib, though the caller asked for a ruleset of the shipped rulebook.
    installed(target)
    with pytest.raises(ntm.RulebookError, match="tinh"):
        ntm.list_rulesets()


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ("tinh_rules", "gói (mô-đun) Python", "Python package or module"),
        ("tinh_rules:NUMBER", "không cho đường dẫn mà cho int", "gives no path but int"),
        ("tinh_rules:NOWHERE", "thư mục không có", "a directory that is not there"),
        ("tinh_rules:NOTHING", "không đưa ra được bộ quy tắc", "brings no rulebook"),
    ],
)
def test_an_entry_point_that_names_no_directory_is_explained(
    installed: Callable[[str], None], tmp_path: Path, value: str, vi: str, en: str
) -> None:
    installed("PLACE")
    place = tmp_path / "site"
    (place / "tinh_rules.py").write_text("NUMBER = 5\nNOWHERE = '/nowhere/at/all'\n", "utf-8")
    points = f"[ntm_rules.rulesets]\ntinh = {value}\n"
    (place / "tinh_rules-1.0.dist-info" / "entry_points.txt").write_text(points, "utf-8")
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.list_rulesets()
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("bad_entry_point", "tinh")
    assert "tinh-rules" in str(problem.source)
    assert value in str(problem.found)
    assert "<module" not in caught.value.describe()
    assert vi in problem.message.vi
    assert en in problem.message.en
    assert problem.wanted is not None


def test_a_province_that_is_not_there_is_said_the_same_everywhere(book: Book) -> None:
    with pytest.raises(ntm.UnknownNameError) as loading:
        ntm.load_ruleset(ID, province="Nam Đin")
    with pytest.raises(ntm.CommuneError) as judging:
        ntm.evaluate(ntm.load_ruleset(ID), ntm.Commune(province="Nam Đin"))
    assert loading.value.problems == judging.value.problems
    assert loading.value.problems[0].nearest == "Nam Định"
    with pytest.raises(ntm.UnknownNameError) as caught:
        book.load(province="nam-din")
    assert caught.value.problems[0].nearest == "nam-dinh"


# -- hash and pickle


def test_equal_content_has_one_hash(book: Book, tmp_path: Path) -> None:
    other = Book(tmp_path / "khac")
    assert other.load().content_hash == book.load().content_hash
    assert other.load() == book.load()
    assert hash(other.load()) == hash(book.load())
    other.write(RULESET_FILE, "# a comment\n" + RULESET.replace("tier: ntm\n", "\ntier: 'ntm'\n"))
    assert other.load().content_hash == book.load().content_hash


def test_a_day_asked_for_that_changes_nothing_keeps_the_hash(book: Book) -> None:
    assert (
        book.load(on="2024-03-01").content_hash == book.load(on="2030-01-01").content_hash == book.load().content_hash
    )
    assert book.load(on="2024-02-29").content_hash != book.load().content_hash


ONE_CHANGE = [
    ("dbsh: 65", "dbsh: 65.5"),
    ("dbsh: 65", "dbsh: unset"),
    ("dbsh: 65", "dbsh: UBND"),
    ("2022: {dbsh: 53", "2022: {dbsh: 54"),
    ("at_least: {fact: water_pct", "at_most: {fact: water_pct"),
    ("value: Khá", "value: Tốt"),
    ("met: planted", "met: no_debt"),
    ("part: b", "part: c"),
    ("all:", "any:"),
    ("zones: [II]", "zones: []"),
    ("en: Clean water}", "en: Clear water}"),
    ("id: debt", "id: debts"),
    ("title: {vi: Thu nhập", "title: {vi: Thu nhập mới"),
    ("in_force: 2022-03-08", "in_force: 2022-03-09"),
    ("criteria: 2", "criteria: 3"),
]


@pytest.mark.parametrize(("old", "new"), [change for change in ONE_CHANGE if change[1] != "zones: []"])
def test_one_change_changes_the_hash(book: Book, old: str, new: str) -> None:
    before = book.load().content_hash
    book.edit(RULESET_FILE, old, new)
    if new == "part: c":
        book.edit(EVIDENCE_FILE, "17.10,a,,dbsh,recalled,\n", "")
    assert book.load().content_hash != before


def test_other_evidence_changes_the_hash(book: Book) -> None:
    before = book.load().content_hash
    book.edit(EVIDENCE_FILE, "recalled", "confirmed")
    assert book.load().content_hash != before


def test_a_hash_is_the_same_in_every_process() -> None:
    code = f"import ntm_rules; print(ntm_rules.load_ruleset({ID!r}).content_hash)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("0", "1")
    ]
    assert {run.stdout.strip() for run in runs} == {ntm.load_ruleset(ID).content_hash}


@pytest.mark.parametrize("ruleset_id", Rulebook(shipped()).ids)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_ruleset_survives_pickling(ruleset_id: str, protocol: int) -> None:
    ruleset = ntm.load_ruleset(ruleset_id)
    commune = ntm.Commune(region="dbsh", year=int(ruleset.phase[:4]) + 2, facts={"income_per_capita": 50})
    assessed = ntm.evaluate(ruleset, commune)
    again = pickle.loads(pickle.dumps(ruleset, protocol))  # noqa: S301 - written on the same line
    assert again == ruleset
    assert again.content_hash == ruleset.content_hash
    assert ntm.evaluate(again, commune).to_dict() == assessed.to_dict()


def test_a_ruleset_cannot_be_changed() -> None:
    ruleset = ntm.load_ruleset(ID)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ruleset.id = "x"  # type: ignore[misc]
    assert copy.copy(ruleset) == ruleset
    assert copy.deepcopy(ruleset) == ruleset
