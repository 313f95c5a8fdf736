"""Tables as files bring them: no row is dropped, no value becomes another on its way in, and what cannot be read is said."""

from __future__ import annotations

import itertools
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from openpyxl import Workbook
from tests.property.strategies import loaded

import ntm_rules as ntm
from ntm_rules.adapters.results import Output
from ntm_rules.adapters.tables import write_table
from ntm_rules.testing import built
from ntm_rules.testing.documents import ruleset_document

_WHOLE = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
# Of the national set what these tables tell of: how a table is read does not hang on the rest, which takes longer to plan than to judge.
NTM = attrs.evolve(_WHOLE, criteria=tuple(each for each in _WHOLE.criteria if each.no in ("10", "15")))
MONEY, PERCENT = "income_per_capita", "health_insurance_pct"
OUTPUTS: tuple[Output, ...] = ("communes", "indicators", "statuses")
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


# -- CSV as it comes


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_row_of_more_cells_than_the_header_is_rejected_and_stops_nothing(form: str, tmp_path: Path) -> None:
    rows = [
        ["1", "dbsh", "2023", "60", "7"],
        ["2", "dbsh", "2023", "60", "7", "8", "9"],
        ["# a", "b", "c", "d", "e", "f", "g"],
        ["3", "dbsh", "2023", "60", "", " "],
        ["4", "dbsh"],
    ]
    text = "\n".join([HEADER, *map(",".join, rows)])
    source = csv_of(tmp_path, text) if form == "csv" else sheet_of(tmp_path, [HEADER.split(","), *rows])
    found = ntm.evaluate_table(NTM, source)
    assert codes(found) == ["00003", "00004"]
    assert wrong(found) == [("extra_cells", "extra_cells", "7"), ("extra_cells", "extra_cells", "7,8,9")]
    assert found.rejected["row"].to_pylist() == [0, 1]


def test_as_many_extra_cells_as_there_may_be(tmp_path: Path) -> None:
    source = csv_of(tmp_path, f"{HEADER}\n1,dbsh,2023,60{',' * 3000}x\n2,dbsh,2023,60\n")
    found = ntm.evaluate_table(NTM, source)
    assert (codes(found), len(found.rejected)) == (["00002"], 1)


ROW = b"1,dbsh,2023,60"


@pytest.mark.parametrize(
    "content",
    [
        b"H\r\n" + ROW + b"\r\n" + ROW + b"\n",
        b"H\n" + ROW + b"\r\n" + ROW + b"\n",
        b"H\r\n" + ROW + b"\n" + ROW,
        b"H\r" + ROW + b"\r" + ROW + b"\r",
        b"H\n\n" + ROW + b"\n\r\n" + ROW + b"\n\n",
        b"\xef\xbb\xbfH\r\n" + ROW + b"\r\n" + ROW,
        b"H,\n" + ROW + b",\n" + ROW,
        b"H,,\r\n" + ROW + b",,\r\n" + ROW + b"\r\n",
        b"sep=,\r\nH\r\n" + ROW + b"\r\n" + ROW + b"\r\n",
        b"\xef\xbb\xbfsep=,\nH\n" + ROW + b"\n" + ROW,
        b'H\n1,"dbsh",2023,"60"\r\n' + ROW,
        b"H\r\n" + ROW + b"\r" + ROW + b"\r\n",
        b'H\r\n1,"dbsh",2023,"60"\r' + ROW,
        b'H,"a\nb"\n' + ROW + b',"x\r\ny"\n' + ROW + b',"x\ry"',
    ],
    ids=range(14),
)
def test_lines_end_as_they_end(content: bytes, tmp_path: Path) -> None:
    source = csv_of(tmp_path, content.replace(b"H", HEADER.encode()))
    found = ntm.evaluate_table(NTM, source)
    assert (codes(found), wrong(found)) == (["00001", "00001"], [])


@pytest.mark.parametrize(
    "content", ["sep=;\ncode;year\n754;2023\n", "code,year,\n754,2023,\n", "code,year\n754,2023,,\n"]
)
def test_the_native_reader_takes_what_excel_writes_around_a_table(content: str) -> None:
    (commune,) = ntm.read_communes(content, format="csv")
    assert (commune.code, commune.year) == ("00754", 2023)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_column_without_a_name_is_an_error_that_says_so(form: str, tmp_path: Path) -> None:
    rows = [["code", "", "region", "year"], ["1", "60", "dbsh", "2023"]]
    source = csv_of(tmp_path, "\n".join(map(",".join, rows))) if form == "csv" else sheet_of(tmp_path, rows)
    with pytest.raises(ntm.CommuneError, match="unknown_column"):
        ntm.evaluate_table(NTM, source)


# -- what engines cannot read


@pytest.mark.parametrize(
    "column",
    [pa.array([Decimal(60)], pa.decimal256(60, 2)), pa.array([60.0], pa.float16())],
    ids=["decimal256", "float16"],
)
def test_a_column_that_cannot_be_read_is_said_without_its_table(column: pa.Array, tmp_path: Path) -> None:
    table = pa.table({"code": ["1"], "region": ["dbsh"], "year": [2023], MONEY: column})
    for judge in (ntm.evaluate_table, lambda rules, given: write_table(rules, given, tmp_path / "kq.csv")):
        with pytest.raises(ntm.CommuneError, match="bad_table") as refused:
            judge(NTM, table)
        (problem,) = refused.value.problems
        assert (problem.source, problem.message.vi, problem.message.en) == (
            None,
            "không xử lý được bảng Arrow",
            "the Arrow table cannot be processed",
        )


def test_what_is_no_workbook_is_said(tmp_path: Path) -> None:
    for content in (b"code,year\n", b"PK\x05\x06" + bytes(18)):
        (tmp_path / "xa.xlsx").write_bytes(content)
        with pytest.raises(ntm.CommuneError, match="bad_table"):
            ntm.evaluate_table(NTM, tmp_path / "xa.xlsx")


@pytest.mark.parametrize("name", ["ntm_rules place", "Extra_Cells"])
def test_a_column_of_a_name_that_tables_need_themselves_is_refused(name: str, tmp_path: Path) -> None:
    table = pa.table({"code": ["1"], "region": ["dbsh"], "year": [2023], name: ["7"]})
    pyarrow.csv.write_csv(table, tmp_path / "xa.csv")
    pyarrow.parquet.write_table(table, tmp_path / "xa.parquet")
    pandas = pytest.importorskip("pandas")
    for given in (table, tmp_path / "xa.csv", tmp_path / "xa.parquet", pandas.DataFrame(table.to_pydict())):
        with pytest.raises(ntm.CommuneError, match="reserved_column"):
            ntm.evaluate_table(NTM, given)


# -- formulas of Excel


def computed(folder: Path, cells: str) -> Path:
    """A sheet of one row as Excel writes it: code, region and year, then those cells as XML."""
    source = sheet_of(folder, [["code", "region", "year", MONEY, PERCENT], ["1", "dbsh", "2023", "cells"]])
    with zipfile.ZipFile(source) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    parts["xl/worksheets/sheet1.xml"] = re.sub(r'<c r="D2".*?</c>', cells, sheet).encode()
    with zipfile.ZipFile(source, "w") as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return source


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ('<c r="D2"><f>1/0</f><v></v></c>', "=1/0"),
        ('<c r="D2"><f>1/0</f></c>', "=1/0"),
        ('<c r="D2"><f t="shared" si="0"/><v/></c>', "="),
        ('<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
    ],
)
def test_a_formula_whose_value_the_file_does_not_hold_is_rejected(cell: str, found: str, tmp_path: Path) -> None:
    judged = ntm.evaluate_table(NTM, computed(tmp_path, cell))
    assert (codes(judged), wrong(judged)) == ([], [(MONEY, "bad_value", found)])


@pytest.mark.parametrize(
    ("cell", "met"),
    [
        ('<c r="D2"><f>30*2</f><v>60</v></c>', "met"),
        ('<c r="D2" t="str"><f>IF(A1="","",A1)</f><v></v></c>', "undetermined"),  # a text of no letters
    ],
)
def test_a_formula_is_the_value_that_it_had(cell: str, met: str, tmp_path: Path) -> None:
    judged = ntm.evaluate_table(NTM, computed(tmp_path, cell), output="indicators").judged.to_pylist()
    assert [row["status"] for row in judged if row["indicator"] == "10"] == [met]


def test_formulas_written_by_a_program_are_rejected_in_their_rows(tmp_path: Path) -> None:
    rows = [
        HEADER.split(","),
        ["1", "dbsh", "2023", "=1/0"],
        [],
        ["=A2", "dbsh", "2023", "60"],
        ["3", "dbsh", "2023", "60"],
    ]
    judged = ntm.evaluate_table(NTM, sheet_of(tmp_path, rows))
    assert codes(judged) == ["00003"]
    assert [(row["row"], row["key"], row["found"]) for row in judged.rejected.to_pylist()] == [
        (0, MONEY, "=1/0"),
        (2, "code", "=A2"),
    ]


def test_a_sheet_that_says_it_is_smaller_than_it_is_is_read_whole(tmp_path: Path) -> None:
    source = sheet_of(tmp_path, [HEADER.split(","), ["1", "dbsh", "2023", "60"], ["2", "dbsh", "2023", "60"]])
    with zipfile.ZipFile(source) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', parts[name])
    with zipfile.ZipFile(source, "w") as book:
        for part, content in parts.items():
            book.writestr(part, content)
    assert codes(ntm.evaluate_table(NTM, source)) == ["00001", "00002"]


def test_a_row_is_known_by_its_place_among_all_rows(tmp_path: Path) -> None:
    rows = [["# remark"], ["1", "dbsh", "2023", "60"], ["", "", "", ""], ["2", "dbsh", "2023", "x"]]
    book = sheet_of(tmp_path, [HEADER.split(","), *rows])
    for source in (book, csv_of(tmp_path, "\n".join([HEADER, *map(",".join, rows)]))):
        found = ntm.evaluate_table(NTM, source)
        assert (found.judged["row"].to_pylist(), found.rejected["row"].to_pylist()) == ([1], [3])


# -- whose row it is


def test_results_tell_the_name_and_the_district_where_the_table_has_them(tmp_path: Path) -> None:
    text = f"code,name,district,region,year,{MONEY}\n1,Xã Một,Huyện Mẫu,dbsh,2023,60\n2,Xã Hai,,dbsh,2023,x\n"
    source = csv_of(tmp_path, text)
    for output in OUTPUTS:
        found = ntm.evaluate_table(NTM, source, output=output)
        assert found.ignored == ()
        first, (rejected,) = found.judged.to_pylist()[0], found.rejected.to_pylist()
        assert (first["name"], first["district"]) == ("Xã Một", "Huyện Mẫu")
        assert (rejected["name"], rejected["district"]) == ("Xã Hai", None)
    without = ntm.evaluate_table(NTM, csv_of(tmp_path, f"{HEADER}\n1,dbsh,2023,60\n"))
    assert "name" not in without.judged.column_names
    assert "district" not in without.rejected.column_names


@pytest.mark.parametrize(
    "bad", [' "#x",dbsh,2023,60', '1, "dbsh,2023\n2,dbsh",2023,60', '1,dbsh,2023, "\n2,dbsh,2023,60']
)
def test_a_quote_after_a_space_is_refused_for_engines_read_it_otherwise(bad: str, tmp_path: Path) -> None:
    """The engine would take it for an opening quote, and rows after it for what stands in the cell."""
    with pytest.raises(ntm.CommuneError, match="bad_csv") as refused:
        ntm.evaluate_table(NTM, csv_of(tmp_path, f"{HEADER}\n9,dbsh,2023,60\n{bad}\n3,dbsh,2023,60\n"))
    assert refused.value.problems[0].line == 3


def test_quotes_and_spaces_elsewhere_are_taken(tmp_path: Path) -> None:
    rows = '1,"dbsh","2023" \n2, dbsh,2023,"60"\n'.replace('"2023" \n', '"2023","a ""b"" c, ""d"""\n')
    found = ntm.evaluate_table(NTM, csv_of(tmp_path, f"code,region,year,name\n{rows}"))
    assert found.judged["name"].to_pylist() == ['a "b" c, "d"', "60"]


@pytest.mark.parametrize("before", ["", "sep=,\n", "sep=,\r\n", "sep=,\r"], ids=repr)
def test_no_line_loses_a_letter_to_the_end_of_the_one_before(before: str, tmp_path: Path) -> None:
    """A figure in the first column, after every end of a line: 960 is not read as 60."""
    lines = ["income_per_capita,code,region,year", "110,1,dbsh,2023", "960,2,dbsh,2023"]
    for ends in itertools.product(["\n", "\r\n", "\r"], repeat=2):
        content = before + "".join(line + end for line, end in zip(lines, (*ends, "\n"), strict=True))
        judged = ntm.evaluate_table(NTM, csv_of(tmp_path, content), output="indicators").judged.to_pylist()
        actual = [Decimal(row["actual"]) for row in judged if row["indicator"] == "10"]
        assert (ends, actual) == (ends, [Decimal(110), Decimal(960)])


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["xa[1]", "xa?", "xa*"])
def test_a_file_is_no_pattern_to_the_engine(name: str, form: str, tmp_path: Path) -> None:
    for code, own in (("1", "xa1"), ("2", name)):
        table = pa.table({"code": [code], "region": ["dbsh"], "year": [2023]})
        place = tmp_path / f"{own}.{form}"
        pyarrow.csv.write_csv(table, place) if form == "csv" else pyarrow.parquet.write_table(table, place)
    assert codes(ntm.evaluate_table(NTM, tmp_path / f"{name}.{form}")) == ["00002"]


def test_a_folder_is_no_pattern_to_the_engine(tmp_path: Path) -> None:
    for code, own in (("1", "d1"), ("2", "d[1]")):
        (tmp_path / own).mkdir()
        pyarrow.parquet.write_table(
            pa.table({"code": [code], "region": ["dbsh"], "year": [2023]}), tmp_path / own / "a.parquet"
        )
    assert codes(ntm.evaluate_table(NTM, tmp_path / "d[1]")) == ["00002"]


@pytest.mark.parametrize("name", ["file_row_number", "File_Index"])
def test_a_column_that_duckdb_has_of_its_own_is_refused(name: str, tmp_path: Path) -> None:
    place = tmp_path / "xa.parquet"
    pyarrow.parquet.write_table(pa.table({"code": ["1"], "region": ["dbsh"], "year": [2023], name: [9]}), place)
    with pytest.raises(ntm.CommuneError, match="reserved_column"):
        ntm.evaluate_table(NTM, place)


def test_parts_are_put_together_by_names_as_the_engine_reads_them(tmp_path: Path) -> None:
    """By columns of their own alone, whatever fields lie within others, and in any case of letters."""
    place = {"code": ["1"], "region": ["dbsh"], "year": [2023]}
    inner = pa.array([{"income_per_capita": "x"}])
    pyarrow.parquet.write_table(pa.table(place | {"income_per_capita": [56.1], "x": inner}), tmp_path / "a.parquet")
    short = pa.array([55.9], pa.float32())
    pyarrow.parquet.write_table(pa.table(place | {"Income_per_capita": short}), tmp_path / "b.parquet")
    judged = ntm.evaluate_table(NTM, tmp_path, output="indicators").judged.to_pylist()
    assert {row["actual"] for row in judged if row["indicator"] == "10"} == {"56.1", "55.9"}
