"""What the native reader makes of a value, a table makes of it too, or refuses it; never another value, and never what the reader refuses."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook
from tests.property.strategies import loaded
from tests.sql.tables import Said, native, said

import ntm_rules as ntm
from ntm_rules.engine.sql.sources import fact_columns
from ntm_rules.rulebook.communes import Entry, read_communes, scan_communes

NTM = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
PERCENT, MONEY, COUNT, NUMBER = (
    "households_registered_reliable_power_pct",
    "income_per_capita",
    "schools_total",
    "disaster_preparedness_score",
)
BOOLEAN, RANK, LEVEL = "effective_cooperative", "disaster_preparedness_rating", "universal_primary_level"

NUMBERS = [
    "95", "95.0", " 95 ", "95\t", "\u00a095\u2003", "+95", "095", "97,5", "97.5", "1.234", "33.500", "33.500.000", "1.234,5", "0,5",
    "≥ 90", "≥90", "90%", "90 %", "over 95", "95/100", "", " ", "-", "NaN", "nan", "inf", "-inf", "Infinity", "1e2", "1E2", "0x5f",
    "9_5", "٩٥", "９５", "²", "-1", "-0", "100", "100.0", "100.01", "101", "99.99999999999999999", "98.999999999999999999999",
    "1" * 17, "1" * 19, "1" * 40, "1" * 41, "0." + "0" * 30 + "1", "true", "đạt", "None", "NULL", "null", "=1+1", "'95", "95.", ".95", "9 5",
]  # fmt: skip
WORDS = [
    "true", "TRUE", "True", " true ", "false", "đạt", "Đạt", "ĐẠT", "Đat", "đat", "dat", "chưa đạt", "Chưa Đạt", "không đạt", "không",
    "có", "CÓ", "có\t", "chưa  đạt", "1", "0", "yes", "no", "x", "t", "f", "", "falſe", "đạt.", "true;", "1.0",
]  # fmt: skip
RANKS = [
    "yếu",
    "trung bình",
    "khá",
    "tốt",
    "Khá",
    "KHÁ",
    "mức khá",
    "mức độ khá",
    "level khá",
    "khá ",
    "kha",
    "2",
    "",
    "tot",
    "Tốt\u00a0",
]
LEVELS = [
    "1",
    "2",
    "3",
    "4",
    "mức 2",
    "Mức độ 2",
    "MỨC ĐỘ 2",
    "level 2",
    "mức  2",
    "mức2",
    "2.0",
    "02",
    "+2",
    "II",
    "mức",
    "2 ",
    "",
]
YEARS = [
    "2023",
    " 2023",
    "2023 ",
    "2023.0",
    "2023.4",
    "2,023",
    "2e3",
    "20.23e2",
    "0x7E7",
    "2_023",
    "２０２３",
    "1800",
    "2101",
    "23",
    "năm 2023",
    "",
]
CODES = ["754", "00754", "1", " 754", "754.0", "123456", "abc", "7 54", "٧٥٤", "", "#754", "-754"]
REGIONS = ["dbsh", "DBSH", " dbsh", "dbsh\t", "Đồng bằng sông Hồng", "tdmnpb", "", "db sh", "nowhere"]
PROVINCES = [
    "Nam Định", "nam-dinh", "Nam Dinh", "NAM ĐỊNH", "tỉnh Nam Định", "Tỉnh  Nam Định", "Nam-Định", "Nam  Định", "NamĐịnh", "Nam Đinh",
    "TP. Hồ Chí Minh", "Thành phố Hồ Chí Minh", "TP Hồ Chí Minh", "Hồ Chí Minh", "Thừa Thiên - Huế", "Thừa Thiên Huế", "Bà Rịa - Vũng Tàu",
    "Bà Rịa–Vũng Tàu", "Hoà Bình", "Hòa Bình", "Đăk Nông", "Đắk Nông", "Dak Nong", "Đắk Lắk", "Daklak", "nowhere", "tỉnh", "", "Nam Định ",
]  # fmt: skip
ZONES = ["III", "I", "I I", "II I", "I;II", "III;dbkk-coast", "III; dbkk-coast", "III ;dbkk-coast", "III  ;  dbkk-coast", ";III;", "iii", "IV", "III;IV", "III,II", ""]  # fmt: skip
BY_COLUMN: dict[str, list[str]] = {
    PERCENT: NUMBERS, MONEY: NUMBERS, COUNT: NUMBERS, NUMBER: NUMBERS, BOOLEAN: WORDS, RANK: RANKS, LEVEL: LEVELS, "year": YEARS, "code": CODES,
    "region": REGIONS, "province": PROVINCES, "zone": ZONES,
}  # fmt: skip


def forms(values: Iterable[str]) -> list[str]:
    """The values as they are, and as some systems keep them: in Unicode's NFD."""
    given = list(values)
    return list(dict.fromkeys([*given, *(unicodedata.normalize("NFD", value) for value in given)]))


def rows_with(name: str) -> list[dict[str, str]]:
    """A sound row for each value of a column."""
    sound = {"code": "00001", "region": "" if name == "province" else "dbsh", "year": "2023", MONEY: "60"}
    return [sound | {name: value} for value in forms(BY_COLUMN[name])]


def in_csv(rows: Sequence[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def native_of(ruleset: ntm.Ruleset, communes: Sequence[ntm.Commune]) -> tuple[Said, set[int]]:
    """What the native engine says of every indicator, and whom it refuses."""
    found = native(ruleset, communes)
    return found.said, found.refused


def of_native(rows: Sequence[dict[str, str]], numbers: Any = "plain") -> tuple[Said, set[int]]:
    nothing = Entry(None, None)  # of a remark
    entries = [next(iter(scan_communes(in_csv([row]), format="csv", numbers=numbers)), nothing) for row in rows]
    taken = {place: entry.commune for place, entry in enumerate(entries) if entry.commune is not None}
    judged, refused = native_of(NTM, list(taken.values()))
    places = list(taken)
    return (
        {(places[row], number): status for (row, number), status in judged.items()},
        {places[row] for row in refused} | (set(range(len(rows))) - set(places)),
    )


def held_equal(judged: ntm.JudgedTable, wanted: Said, refused: set[int], rows: Sequence[Any]) -> set[int]:
    """No row is judged that the reader refuses, none otherwise; what the table refuses beside is told."""
    of_table = said(judged.judged.to_pylist())
    own = set(judged.rejected["row"].to_pylist())
    assert own | {row for row, _ in of_table} == set(range(len(rows)))
    assert not own & {row for row, _ in of_table}
    taken = [rows[row] for row in sorted(refused - own)]
    assert not taken, taken
    apart = [(rows[row], number) for (row, number), status in of_table.items() if wanted[row, number] != status]
    assert not apart, apart[:5]
    return own - refused


# Values that the native reader takes and tables refuse: they are refused, so nobody is judged by another value.
STRICTER = {
    PERCENT: {"0." + "0" * 30 + "1", "98.999999999999999999999", "99.99999999999999999"},
    MONEY: {"1" * 19, "1" * 40, "0." + "0" * 30 + "1", "98.999999999999999999999"},
    COUNT: {"1" * 19, "1" * 40},
    NUMBER: {"1" * 19, "1" * 40, "0." + "0" * 30 + "1", "98.999999999999999999999"},
    BOOLEAN: {"falſe"},
    LEVEL: {"02", "+2", "mức  2"},
    "zone": {"III  ;  dbkk-coast"},
}


@pytest.mark.parametrize("form", ["arrow", "csv", "xlsx"])
@pytest.mark.parametrize("name", BY_COLUMN)
def test_a_text_is_what_the_reader_makes_of_it(name: str, form: str, tmp_path: Path) -> None:
    rows = sorted(rows_with(name), key=lambda row: row["code"].startswith("#"))
    table: Any = pa.table({key: [row[key] for row in rows] for key in rows[0]})
    if form == "csv":
        table = tmp_path / "xa.csv"
        table.write_text(in_csv(rows), "utf-8")
    elif form == "xlsx":
        table = tmp_path / "xa.xlsx"
        book = Workbook()
        for cells in (list(rows[0]), *(list(row.values()) for row in rows)):
            book.worksheets[0].append([None if cell == "" else cell.replace("=", "≥") for cell in cells])
        book.save(table)
    if name == "code" and form != "arrow":  # a row that begins with "#" is a remark in a file
        rows = [row for row in rows if not row["code"].startswith("#")]
    wanted, refused = of_native(rows)
    stricter = held_equal(ntm.evaluate_table(NTM, table, output="indicators"), wanted, refused, rows)
    assert {unicodedata.normalize("NFC", rows[row][name]) for row in stricter} <= STRICTER.get(name, set())


@pytest.mark.parametrize("name", [MONEY, COUNT, NUMBER])
def test_numbers_written_the_vietnamese_way(name: str) -> None:
    rows = rows_with(name)
    table = pa.table({key: [row[key] for row in rows] for key in rows[0]})
    wanted, refused = of_native(rows, numbers="vi")
    judged = ntm.evaluate_table(NTM, table, output="indicators", numbers="vi")
    stricter = held_equal(judged, wanted, refused, rows)
    assert {rows[row][name] for row in stricter} <= STRICTER[name]
    assert any(rows[row][name] in ("97,5", "33.500.000") for row, _ in said(judged.judged.to_pylist()))


SIDES = ["0", "1", "95", "-1", "", " ", "100", "0.5", "99.5", "1e2", "12345678901", "1.23456", "x", "0.0", "-0"]


def test_ratios_are_what_the_reader_makes_of_them() -> None:
    sound = {"code": "00001", "region": "dbsh", "year": "2023"}
    rows = [
        sound | {f"{PERCENT}.numerator": over, f"{PERCENT}.denominator": under, PERCENT: plain}
        for over in SIDES
        for under in SIDES
        for plain in ("", "95")
    ]
    table = pa.table({key: [row[key] for row in rows] for key in rows[0]})
    wanted, refused = of_native(rows)
    stricter = held_equal(ntm.evaluate_table(NTM, table, output="indicators"), wanted, refused, rows)
    long_ = {"12345678901", "1.23456"}
    assert all(long_ & set(rows[row].values()) for row in stricter)


# What a frame or a Parquet file holds in columns of a type, beside what JSON holds.
TYPED: dict[str, list[Any]] = {
    "double": [
        95.0,
        98.9,
        99.0,
        97.8,
        100.0,
        100.01,
        -1.0,
        -0.0,
        0.1 + 0.2,
        1e2,
        1e17,
        1e22,
        1e39,
        1e40,
        1e300,
        5e-324,
        33.5,
        None,
    ],
    "int64": [95, 0, -1, 101, 2**62, None],
    "uint64": [95, 2**64 - 1],
    "bool": [True, False, None],
    "decimal128(38, 0)": [Decimal(95), Decimal("9" * 38), Decimal(-1), None],
    "decimal128(38, 37)": [Decimal("5.5"), Decimal("9." + "9" * 37), None],
    "decimal128(38, 18)": [
        Decimal("98.9"),
        Decimal("98.999999999999999999"),
        Decimal("9" * 20),
        Decimal("99.000000000000000001"),
        None,
    ],
    "string": ["95", None],
}
# Of more than 18 digits before the point, or with a type for more than 18 after it.
STRICTER_TYPED: dict[str, set[Any]] = {
    "double": {1e22, 1e39},
    "int64": {2**62},
    "uint64": {2**64 - 1},
    "decimal128(38, 0)": {Decimal("9" * 38)},
    "decimal128(38, 18)": {Decimal("9" * 20)},
    "decimal128(38, 37)": {Decimal("5.5"), Decimal("9." + "9" * 37)},
}
ARROW = {
    "double": pa.float64(), "int64": pa.int64(), "uint64": pa.uint64(), "bool": pa.bool_(), "string": pa.string(),
    "decimal128(38, 0)": pa.decimal128(38, 0), "decimal128(38, 37)": pa.decimal128(38, 37), "decimal128(38, 18)": pa.decimal128(38, 18),
}  # fmt: skip


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("name", [PERCENT, MONEY, COUNT, BOOLEAN, RANK, LEVEL, "code", "year"])
def test_a_typed_value_is_what_it_is_in_json(name: str, kind: str) -> None:
    values = TYPED[kind] + (
        [2023, 754] if kind in ("int64", "uint64") else [2023.0, 2023.5] if kind == "double" else []
    )
    sound: dict[str, Any] = {"code": "00001", "region": "dbsh", "year": 2023}
    if name in sound:
        given = [sound | {name: value} for value in values]
    else:
        given = [sound | {"facts": {name: value}} for value in values]
    wanted: Said = {}
    refused = set()
    for place, commune in enumerate(given):
        try:
            (one,) = (
                read_communes(json.dumps([commune], default=lambda value: value), format="json")
                if kind[:3] != "dec"
                else [ntm.Commune(**commune)]
            )
            judged, bad = native_of(NTM, [one])
        except ntm.NtmRulesError:
            refused.add(place)
            continue
        refused |= {place for _ in bad}
        wanted |= {(place, number): status for (_, number), status in judged.items()}
    columns: dict[str, Any] = {key: [value] * len(values) for key, value in sound.items()}
    table = pa.table(columns | {name: pa.array(values, ARROW[kind])})
    own = ntm.evaluate_table(NTM, table, output="indicators")
    if name == "year" and kind == "double":  # frames keep years with gaps as floats; the whole ones are years
        place = values.index(2023.0)
        refused.discard(place)
        wanted |= {
            (place, number): status
            for (_, number), status in native_of(NTM, [ntm.Commune(region="dbsh", year=2023)])[0].items()
        }
    if kind == "string" and name in (PERCENT, MONEY, COUNT, BOOLEAN):
        refused = {place for place in refused if own.rejected["row"].to_pylist().count(place)}
    stricter = {values[row] for row in held_equal(own, wanted, refused, given)}
    assert stricter <= STRICTER_TYPED.get(kind, set())


def test_zones_may_be_a_list() -> None:
    zones = [["III"], ["III", "dbkk-coast"], [], None, ["IV"], ["I I"]]
    table = pa.table(
        {"region": ["dbsh"] * len(zones), "year": [2023] * len(zones), "zone": zones, MONEY: [45.0] * len(zones)}
    )
    communes = [ntm.Commune(region="dbsh", year=2023, zone=zone, facts={MONEY: 45.0}) for zone in zones]
    wanted, refused = native_of(NTM, communes)
    assert held_equal(ntm.evaluate_table(NTM, table, output="indicators"), wanted, refused, zones) == set()
    assert refused == {4, 5}


def test_half_a_ratio_is_an_error() -> None:
    for side in ("numerator", "denominator"):
        table = pa.table({"region": ["dbsh"], "year": [2023], f"{PERCENT}.{side}": [5]})
        with pytest.raises(ntm.CommuneError, match="half_ratio"):
            ntm.evaluate_table(NTM, table)


@pytest.mark.parametrize("name", ["income_per_capita", "year", "region"])
def test_a_column_that_stands_there_twice_is_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "xa.csv").write_text(f"code,region,year,{MONEY},{name}\n1,dbsh,2023,50,60\n", "utf-8")
    book = Workbook()
    for cells in (["code", "region", "year", MONEY, name], ["1", "dbsh", 2023, 50, 60]):
        book.worksheets[0].append(cells)
    book.save(tmp_path / "xa.xlsx")
    columns = [pa.array([value]) for value in ("1", "dbsh", 2023, 50, 60)]
    table = pa.Table.from_arrays(columns, names=["code", "region", "year", MONEY, name])
    for given in (tmp_path / "xa.csv", tmp_path / "xa.xlsx", table):
        with pytest.raises(ntm.CommuneError, match="duplicate_key"):
            ntm.evaluate_table(NTM, given)


def test_a_name_in_another_case_is_no_other_column() -> None:
    with pytest.raises(ntm.CommuneError, match=MONEY):
        ntm.evaluate_table(NTM, pa.table({"region": ["dbsh"], MONEY.upper(): [5]}))


def test_codes_keep_their_zeros() -> None:
    judged = ntm.evaluate_table(NTM, pa.table({"code": [754, 10001], "region": ["dbsh"] * 2, "year": [2023] * 2}))
    assert judged.judged["code"].to_pylist() == ["00754", "10001"]


def test_files_are_read_as_the_reader_reads_them(tmp_path: Path) -> None:
    """Remarks, empty rows, short rows, quoted cells and what parts them; a row of more cells than the header is rejected."""
    text = f'\ufeffcode;region;year;{MONEY}\n"1";dbsh;2023;60\n\n2;dbsh\n3;"dbsh";2023;"41"\n4;dbsh;2023;60;\n# mã;vùng;năm;thu nhập\n;;;\n'
    path = tmp_path / "xa.csv"
    path.write_text(text, "utf-8")
    communes = read_communes(path)
    judged = ntm.evaluate_table(NTM, path, output="indicators")
    wanted, refused = native_of(NTM, communes)
    assert held_equal(judged, wanted, refused, communes) == set()
    path.write_text(text + "5;dbsh;2023;60;61\n", "utf-8")
    (rejected,) = ntm.evaluate_table(NTM, path).rejected.to_pylist()
    assert (rejected["row"], rejected["problem"], rejected["found"]) == (6, "extra_cells", "61")


def test_a_file_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    sound = f"code,region,year,{MONEY}\n1,dbsh,2023,60\n"
    for bad in (
        sound.encode() + b"2,dbsh,2023,\xff\xfe\n",
        sound.encode() + b'2,dbsh,2023,"6\n',
        b"",
    ):
        (tmp_path / "xa.csv").write_bytes(bad)
        with pytest.raises(ntm.CommuneError):
            ntm.evaluate_table(NTM, tmp_path / "xa.csv")
    for name in ("xa.parquet", "xa.xlsx"):
        (tmp_path / name).write_bytes(b"no such thing")
        with pytest.raises(ntm.CommuneError):
            ntm.evaluate_table(NTM, tmp_path / name)


def test_every_kind_of_fact_is_held_here() -> None:
    kinds = fact_columns(NTM.catalogue)
    assert {kinds[name] for name in BY_COLUMN if name in kinds} == set(kinds.values())
