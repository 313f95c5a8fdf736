"""Tables as files bring them: no row is dropped, no value becomes another on its way in, and what cannot be read is said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from openpyxl import Workbook
from tests.property.strategies import loaded

import ntm_rules as ntm
from ntm_rules.testing import built
from ntm_rules.testing.documents import ruleset_document

NTM = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
MONEY, PERCENT = "income_per_capita", "health_insurance_pct"
HEADER = f"code,region,year,{MONEY}"


def csv_of(folder: Path, content: str | bytes) -> Path:
    file = folder / "xa.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def sheet_of(folder: Path, rows: list[list[Any]]) -> Path:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(folder / "xa.xlsx")
    return folder / "xa.xlsx"


def codes(judged: ntm.JudgedTable) -> list[str | None]:
    return judged.judged["code"].to_pylist()  # type: ignore[no-any-return]


def wrong(judged: ntm.JudgedTable) -> list[tuple[str, str, str | None]]:
    """What was rejected: column, code of the problem, and what stood there."""
    return [(row["key"], row["problem"], row["found"]) for row in judged.rejected.to_pylist()]


# -- remarks

ERRORS = [
    "#N/A",
    "#REF!",
    "#DIV/0!",
    "#VALUE!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "#SPILL!",
    "#GETTING_DATA",
    "#####",
    " #N/A",
]
REMARKS = ["# 2021-2025/xa-ntm", "#ghi chú", "# N/A", "#", "\u00a0# x", "#Nguồn: UBND"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_row_that_begins_with_a_spreadsheets_error_is_rejected_and_no_remark(form: str, tmp_path: Path) -> None:
    rows = [[first, "dbsh", "2023", "60"] for first in [*ERRORS, *REMARKS, "754"]]
    text = "\n".join([HEADER, *map(",".join, rows)])
    source = csv_of(tmp_path, text) if form == "csv" else sheet_of(tmp_path, [HEADER.split(","), *rows])
    found = ntm.evaluate_table(NTM, source)
    assert codes(found) == ["00754"]
    assert wrong(found) == [("code", "bad_code", error.strip()) for error in ERRORS]
    with pytest.raises(ntm.CommuneError) as refused:
        ntm.read_communes(text, format="csv")
    assert [problem.line for problem in refused.value.problems] == [*range(2, 2 + len(ERRORS))]


@pytest.mark.parametrize("blank", [",,,", " ,\t,\u00a0,", "\u3000"])
def test_rows_of_nothing_but_space_are_no_communes(blank: str, tmp_path: Path) -> None:
    source = csv_of(tmp_path, f"{HEADER}\n{blank}\n754,dbsh,2023,60\n")
    found = ntm.evaluate_table(NTM, source)
    assert (codes(found), wrong(found)) == (["00754"], [])
    assert len(ntm.read_communes(source)) == 1


# -- parts of other types

ON_26_7 = built([ruleset_document({"at_least": {"fact": "pct0", "value": "26.7"}}, columns=["common"])])


def parts_of(folder: Path, *columns: pa.Array) -> Path:
    """A folder of a part for each column of figures, with one row or more."""
    parts = folder / "phan"
    parts.mkdir()
    for place, column in enumerate(columns):
        rows = {"code": [str(place)] * len(column), "year": [2022] * len(column), "pct0": column}
        pyarrow.parquet.write_table(pa.table(rows), parts / f"{place}.parquet")
    return parts


def test_a_short_float_stands_for_its_digits_in_parts_where_others_are_long(tmp_path: Path) -> None:
    """26.7 as a 32-bit float is 26.700000762939453 as a 64-bit one: it is neither above the threshold nor off it."""
    types = [pa.float64(), pa.float32(), pa.float64(), pa.float32()]
    parts = parts_of(tmp_path, *(pa.array([26.7], kind) for kind in types), pa.array([26, 27]), pa.nulls(1))
    found = ntm.evaluate_table(ON_26_7, parts, output="indicators").judged.to_pylist()
    assert [row["row"] for row in found] == list(range(7))
    assert [row["status"] for row in found] == ["met"] * 4 + ["missing", "met", "undetermined"]
    assert [row["actual"] for row in found][:4] == ["26.7"] * 4


def test_parts_of_numbers_and_of_text_are_read_by_their_digits(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, pa.array([26.7], pa.float32()), pa.array(["26.7"]), pa.array([Decimal("26.70")]))
    found = ntm.evaluate_table(ON_26_7, parts, output="indicators").judged.to_pylist()
    assert [row["status"] for row in found] == ["met"] * 3


@pytest.mark.parametrize(
    "columns",
    [
        (pa.array([Decimal("26.699999999999999999")]), pa.array([26.7])),
        (pa.array([Decimal("26.699999999999999999")]), pa.array([26.7], pa.float32())),
        (pa.array([Decimal("26.65")], pa.decimal128(38, 10)), pa.array([Decimal(5)], pa.decimal128(38, 0))),
        (pa.array([True]), pa.array([50])),
    ],
    ids=["decimal, double", "decimal, float", "decimals", "boolean, number"],
)
def test_parts_whose_values_would_become_others_are_refused(columns: tuple[pa.Array, ...], tmp_path: Path) -> None:
    with pytest.raises(ntm.CommuneError) as refused:
        ntm.evaluate_table(ON_26_7, parts_of(tmp_path, *columns))
    (problem,) = refused.value.problems
    assert (problem.code, problem.key) == ("mixed_types", "pct0")
    assert problem.found is not None
    assert "0.parquet" in problem.found
    assert "1.parquet" in problem.found


def test_decimals_of_other_places_are_one_column(tmp_path: Path) -> None:
    columns = pa.array([Decimal("26.69")], pa.decimal128(6, 2)), pa.array([Decimal(27)], pa.decimal128(4, 0))
    found = ntm.evaluate_table(ON_26_7, parts_of(tmp_path, *columns), output="indicators").judged.to_pylist()
    assert [row["status"] for row in found] == ["missing", "met"]
