"""Tables as files bring them: no row is dropped, no value becomes another on its way in, and what cannot be read is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from tests.property.strategies import loaded

import ntm_rules as ntm

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

ERRORS = ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#GETTING_DATA", "#####", " #N/A"]
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
