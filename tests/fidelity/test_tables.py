"""Every threshold of the shipped rulesets equals the criteria tables, and every row of the tables is in the rulesets."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

import ntm_rules as ntm

from .checks import FIRST_AMENDED, JOBS, LAST_ORIGINAL, QUANG_NAM_ROWS, Job
from .expected import BOTH_SEXES, LEFT_OUT_ROWS, NOT_ASKED_APART, UNSET_FROM_AMENDMENT, expected, read_value
from .tables import (
    COLUMNS,
    CRITERIA,
    NATIONAL,
    NOT_COMMUNES,
    PROVINCIAL,
    Row,
    evidence,
    fact_lines,
    provincial_rows,
    rows,
    standards,
)

Cells = dict[tuple[str, int | None, str], tuple[str, Decimal | bool | str | None]]

# Rows over others of the same indicator; what they print ("Đạt", or nothing) is not compared with anything itself.
PARENT_ROWS = {("2021-2025/xa-ntm", "3.2"), ("2021-2025/xa-ntm", "5"), ("2021-2025/xa-ntm", "14.1")}

# Rows that stand behind parts the table does not print apart; 13.1 only as amended.
SPLIT_ROWS = {
    ("2021-2025/xa-ntm", "13.1"): ("13.1.a", "13.1.b"),
    ("2021-2025/xa-ntm", "17.1"): ("17.1.a", "17.1.b"),
    ("2021-2025/xa-ntm-nang-cao", "5.1"): ("5.1.a",),
    ("2021-2025/xa-ntm-nang-cao", "5.3"): ("5.3.a", "5.3.b"),
}


def _split(name: str, number: str, version: str) -> tuple[str, ...]:
    whole = (name, number, version) == ("2021-2025/xa-ntm", "13.1", "original")
    return (number,) if whole else SPLIT_ROWS.get((name, number), (number,))


# Rows whose number is a factor of something else.
FACTOR_ROWS = {("2016-2020/xa-ntm-kieu-mau", "1.2"), ("2021-2025/xa-ntm-kieu-mau", "2")}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_rulesets_say_what_the_tables_say(job: Job) -> None:
    assert list(job.run(ntm.load_ruleset)) == []


def _cells(ruleset: ntm.Ruleset) -> Cells:
    return {(leaf.id, year, column): (cell.state.value, cell.value) for _, leaf, year, column, cell in ruleset.cells()}


@pytest.mark.parametrize("name", NATIONAL)
def test_every_row_of_the_tables_is_in_the_ruleset_of_its_days(name: str) -> None:
    days = {"original": LAST_ORIGINAL, "amended-211": FIRST_AMENDED} if name.startswith("2021") else {"": None}
    counted = 0
    for version, day in days.items():
        cells = _cells(ntm.load_ruleset(name, on=day))
        for row in rows(name):
            if row.version in ("", version) and (name, row.indicator) not in LEFT_OUT_ROWS:
                counted += _found(name, row, cells)
    assert counted > 0


def _found(name: str, row: Row, cells: Cells) -> int:
    """How many cells of the ruleset a table row stands behind, each equal to it."""
    number = f"{row.indicator}.{row.letter}" if row.letter else row.indicator
    if (name, number) in PARENT_ROWS:
        return 0
    counted = 0
    for leaf in _split(name, number, row.version):
        for column in COLUMNS if name != "2016-2020/xa-ntm-kieu-mau" else ("common",):
            if (name, number) == ("2021-2025/xa-ntm", "5.a") and row.cells[column] == "":
                assert (leaf, None, column) not in cells
                continue
            if (name, number) == ("2021-2025/xa-ntm-kieu-mau", "2"):
                continue  # a factor of every cell of another table: test_model_income_is_a_factor_of_the_advanced_one
            assert cells[leaf, row.year, column] == read_value(row.cells[column], row.kind), (leaf, column)
            counted += 1
    return counted


def test_rows_without_a_version_of_their_own_lapse_with_the_amendment() -> None:
    for name, number in UNSET_FROM_AMENDMENT:
        (row,) = [row for row in rows(name) if row.indicator == number]
        assert row.version == "original"
        cells = _cells(ntm.load_ruleset(name, on=FIRST_AMENDED))
        assert {cells[number, None, column] for column in COLUMNS} == {("unset", None)}
    numbers = {row.indicator for row in rows("2021-2025/xa-ntm-nang-cao")}
    assert "14.?" in numbers
    assert len(numbers) == 76


@pytest.mark.parametrize(("name", "province"), PROVINCIAL)
def test_every_row_of_the_provincial_tables_is_in_the_overlay(name: str, province: str) -> None:
    ruleset = ntm.load_ruleset(name, province=province)
    cited = {
        (clause.label.vi, clause.label.en, clause.citation)
        for item in expected(name, None, province)
        for indicator in item.items
        for clause in map(ruleset.clause, {indicator.id, *(leaf.id for leaf in indicator.leaves())})
    }
    around = {
        (clause.label.vi, clause.label.en, clause.citation): clause.id
        for clause in (*ruleset.prerequisites, *ruleset.conditions)
    }
    for row in provincial_rows(name, province):
        words = (row.label_vi, row.label_en, row.source)
        if row.indicator in QUANG_NAM_ROWS:
            assert around.get(words, "") == QUANG_NAM_ROWS[row.indicator]
        else:
            assert words in cited


def test_every_table_is_read() -> None:
    read = {f"{name}.csv" for name in NATIONAL} | set(NOT_COMMUNES)
    for name, province in PROVINCIAL:
        phase, _, tier = name.partition("/")
        read.add(f"provinces/{phase}/{province}/{tier}.csv")
    tables = {path.relative_to(CRITERIA).as_posix() for path in Path(CRITERIA).rglob("*.csv")}
    assert tables - {"evidence.csv", "standards.csv"} == read
    assert set(NATIONAL) == {ruleset.id for ruleset in ntm.list_rulesets()} - {
        "2016-2020/xa-ntm-nang-cao"  # provinces only
    }


@pytest.mark.parametrize(("name", "total"), NATIONAL.items())
def test_official_counts(name: str, total: int | None) -> None:
    ruleset = ntm.load_ruleset(name)
    numbers = {row.indicator for row in rows(name) if (name, row.indicator) not in LEFT_OUT_ROWS}
    assert len(ruleset.indicators) == len(numbers) == (total or 14)
    assert ruleset.indicators_total == total
    assert len(ruleset.criteria) == ruleset.criteria_total == (4 if "kieu-mau" in name else 19)


def test_evidence_covers_every_cell_and_counts_as_the_readme_says() -> None:
    counts = {}
    for name in NATIONAL:
        found = evidence(name)
        columns = ("common",) if name == "2016-2020/xa-ntm-kieu-mau" else COLUMNS
        assert set(found) == {(row.indicator, row.part, column) for row in rows(name) for column in columns}
        statuses = [cell.status for cell in found.values()]
        counts[name] = (statuses.count("confirmed"), len(statuses), statuses.count("unset"))
        for cell in found.values():
            assert (cell.value == "") is (cell.status == "unset")
    assert counts["2016-2020/xa-ntm"] == (130, 400, 0)
    assert counts["2021-2025/xa-ntm"] == (198, 616, 126)
    assert counts["2021-2025/xa-ntm-nang-cao"] == (22, 680, 264)


# -- the pinned facts against the words of the tables


def test_the_pinned_facts_name_every_indicator_once() -> None:
    for name in NATIONAL:
        for version in ("original", "amended-211"):
            pinned = {number for (of, number, _) in fact_lines(name) if of in ("", version)}
            assert pinned == {row.indicator for row in rows(name) if (name, row.indicator) not in LEFT_OUT_ROWS}


@pytest.mark.parametrize(("name", "province"), [*((name, "") for name in NATIONAL), *PROVINCIAL])
def test_kinds_and_conditions_of_the_pinned_facts_agree_with_the_tables(name: str, province: str) -> None:
    lines = fact_lines(name) | (fact_lines(name, province) if province else {})
    stand_ins = {"?": "MT"} if "nang-cao" in name else {"3": "3.HD"} if province == "hai-duong" else {}
    parts = {("dong-thap", "4"): "dt", ("ha-noi", "2"): "hn", ("quang-nam", "2"): "qn"}
    for row in provincial_rows(name, province) if province else rows(name):
        number = stand_ins.get(row.indicator, row.indicator)
        if number in QUANG_NAM_ROWS or (name, number) in LEFT_OUT_ROWS or (name, row.indicator) in PARENT_ROWS:
            continue
        for split in _split(name, number, row.version):
            part = parts.get((province, number), row.letter or split[len(number) + 1 :])
            found = lines.get((row.version, number, part)) or lines["", number, part]
            roles = {line.role: line for line in found}
            if "fact" in roles and (name, number) not in FACTOR_ROWS:
                assert roles["fact"].kind == row.kind, (number, part)
            asked = [text.strip() for text in row.applies_if.split(";") if text.strip() not in ("", *NOT_ASKED_APART)]
            assert ("applies_if" in roles) is bool(asked), (number, part, asked)


# The catalogue's unit where the table prints another word for it, or none.
UNITS = {
    "đội/CLB mỗi thôn": "đội, CLB mỗi thôn",
    "m2/người": "m²/người",
}


def test_units_of_counted_facts_are_those_of_the_tables() -> None:
    facts = ntm.load_ruleset("2021-2025/xa-ntm").catalogue.facts
    different = []
    for name in NATIONAL:
        for row in rows(name):
            if row.kind in ("count", "money", "number") and (name, row.indicator) not in FACTOR_ROWS:
                (line,) = fact_lines(name)["", row.indicator, row.letter]
                unit = facts[line.fact].unit
                assert unit is not None
                if unit.vi != UNITS.get(row.unit, row.unit):
                    different.append((name, row.indicator, row.unit, unit.vi))
    assert different == []


def test_labels_that_say_both_sexes_are_asked_of_both() -> None:
    said = {
        (name, row.indicator)
        for name in NATIONAL
        for row in rows(name)
        if "nam và nữ" in row.label_vi or "cả nam" in row.label_vi
    }
    assert said == BOTH_SEXES


# -- what lies behind some "Đạt"

# `content` of standards.csv → the place in the decree or decision as the rulesets cite it is worked out; these are not.
WHOLE_RULESET_STANDARDS = {"211.labels"}
PLACES = {"security": ("19.2", "security")}


def _article(source: str) -> str:
    """ "20/2014/NĐ-CP, art. 6.2.a" as the rulesets cite it: "20/2014/NĐ-CP, Đ6 K2 a"."""
    decree, _, article = source.partition(", art. ")
    number, *rest = article.split(".")
    return " ".join([f"{decree}, Đ{number}", *(f"K{part}" if part.isdigit() else part for part in rest)])


def test_standards_stand_behind_their_indicators() -> None:
    for line in standards():
        if line["content"] in WHOLE_RULESET_STANDARDS:
            continue
        name = f"{line['phase']}/{line['tier']}"
        ruleset = ntm.load_ruleset(name, on=LAST_ORIGINAL if line["content"].startswith("orig") else None)
        for number in PLACES.get(line["indicator_no"], (line["indicator_no"],)):
            meanings = [meaning for clause in _under(ruleset, number) for meaning in clause.means]
            source = _article(line["source"])
            texts = [meaning.text.vi for meaning in meanings if source in meaning.source]
            assert texts, (name, number, source)
            assert any(_says(text, line["value"]) for text in texts), (number, texts, line["value"])


def _says(text: str, number: str) -> bool:
    words = text.replace("%", " ").replace(",", " ").replace(";", " ").replace("(", " ").replace(")", " ").split()
    return number in words


def _under(ruleset: ntm.Ruleset, number: str) -> list[ntm.Clause]:
    from ntm_rules.model.requirement import leaves

    clause = ruleset.clause(number)
    return [clause, *(leaf for leaf in leaves(clause) if leaf is not clause)]


def test_the_oracle_knows_the_day_of_the_amendment() -> None:
    assert datetime.timedelta(days=1) == FIRST_AMENDED - LAST_ORIGINAL
    assert expected("2021-2025/xa-ntm", LAST_ORIGINAL) != expected("2021-2025/xa-ntm", FIRST_AMENDED)
