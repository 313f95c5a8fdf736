"""A table judged: what may be given, what comes back, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
import pytest
import sqlglot
from openpyxl import Workbook
from tests.property.strategies import loaded
from tests.sql.tables import as_text, native, said

import ntm_rules as ntm
from ntm_rules.testing import built
from ntm_rules.testing.documents import ruleset_document

NTM = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
OUTPUTS = ("communes", "indicators", "statuses", "rejected")

# Nam Bình as published: 8,705 of 10,162 insured against 90 %; and a commune exactly on two thresholds.
TABLE: dict[str, list[Any]] = {
    "code": ["00001", "00002", "00003"],
    "region": ["dbsh", "tdmnpb", None],
    "year": [2023, 2023, 2023],
    "health_insurance_pct.numerator": [8705, None, None],
    "health_insurance_pct.denominator": [10162, None, None],
    "households_registered_reliable_power_pct": [98.9, 95.0, None],
    "income_per_capita": [60.0, 41.9, 50.0],
    "effective_cooperative": [True, False, None],
}


def found(judged: ntm.JudgedTable, row: int, indicator: str) -> tuple[str, str | None, Decimal | None]:
    return said(judged.judged.to_pylist())[row, indicator][:3]


def checked(judged: ntm.JudgedTable) -> None:
    assert found(judged, 0, "15.1") == ("missing", None, Decimal("4.3378"))
    assert found(judged, 0, "4.2") == ("missing", None, Decimal("0.1"))
    assert found(judged, 1, "4.2") == ("met", None, None)
    assert found(judged, 0, "10") == ("met", None, None)
    assert found(judged, 1, "10") == ("missing", None, Decimal("0.1"))
    assert found(judged, 0, "13.1")[0] == "met"
    assert found(judged, 1, "13.1")[0] == "missing"
    assert found(judged, 0, "7") == ("undetermined", "no_fact", None)
    (rejected,) = judged.rejected.to_pylist()
    assert (rejected["row"], rejected["key"], rejected["problem"]) == (2, "region", "no_region")


def test_arrow() -> None:
    checked(ntm.evaluate_table(NTM, pa.table(TABLE), output="indicators"))


def test_a_result_without_rejected_rows_has_the_columns_of_one_with_them() -> None:
    table = pa.table(TABLE)
    some, none = ntm.evaluate_table(NTM, table).rejected, ntm.evaluate_table(NTM, table.slice(0, 2)).rejected
    assert (some.num_rows, none.num_rows) == (1, 0)
    assert some.schema.equals(none.schema)


def test_what_an_agency_says_is_missing_lacks_nothing_that_was_measured() -> None:
    """Whether 17.9 is asked is not known, so that its fact, which is too low, decides nothing and has no gap."""
    row = {"code": "00001", "region": "dbsh", "year": 2023, "livestock_facilities_compliant_pct": 10}
    commune = ntm.Commune(
        region="dbsh", year=2023, facts={"livestock_facilities_compliant_pct": 10}, attested={"17.9": False}
    )
    table = pa.table({name: [value] for name, value in (row | {"attested.17.9": False}).items()})
    (found,) = (
        row
        for row in ntm.evaluate_table(NTM, table, output="indicators").judged.to_pylist()
        if row["indicator"] == "17.9"
    )
    result = ntm.evaluate(NTM, commune).indicator("17.9")
    assert (found["status"], found["gap"], found["attested"], found["conflict"]) == ("missing", None, False, False)
    assert (result.status, result.gap) == (ntm.Status.MISSING, None)


def test_batches_that_come_once() -> None:
    table = pa.table(TABLE)
    checked(ntm.evaluate_table(NTM, table.to_reader(max_chunksize=2), output="indicators"))
    (batch,) = table.to_batches()
    checked(ntm.evaluate_table(NTM, batch, output="indicators"))


def test_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    checked(ntm.evaluate_table(NTM, pandas.DataFrame(TABLE), output="indicators"))


def test_polars() -> None:
    polars = pytest.importorskip("polars")
    checked(ntm.evaluate_table(NTM, polars.DataFrame(TABLE), output="indicators"))


def test_what_is_read_but_once_is_judged_whole() -> None:
    table = pa.table(TABLE)
    checked(ntm.evaluate_table(NTM, table.to_reader(), output="indicators"))
    for one in (table.to_batches()[0], pyarrow.dataset.dataset(table), pyarrow.dataset.dataset(table).scanner()):
        checked(ntm.evaluate_table(NTM, one, output="indicators"))


def test_a_relation_is_judged_by_its_own_connection() -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    checked(ntm.evaluate_table(NTM, connection.from_arrow(pa.table(TABLE)), output="indicators"))
    connection.register("xa", pa.table(TABLE))
    checked(ntm.evaluate_table(NTM, connection.table("xa"), output="indicators", connection=connection))


def test_files(tmp_path: Path) -> None:
    table = pa.table(TABLE)
    pyarrow.csv.write_csv(table, tmp_path / "xa.csv")
    pyarrow.parquet.write_table(table, tmp_path / "xa.parquet")
    book = Workbook()
    for row in (list(TABLE), *zip(*TABLE.values(), strict=True)):
        book.worksheets[0].append(row)
    book.save(tmp_path / "xa.xlsx")
    for name in ("xa.csv", "xa.parquet", "xa.xlsx"):
        checked(ntm.evaluate_table(NTM, tmp_path / name, output="indicators"))


def test_the_counts_are_those_of_the_native_engine() -> None:
    communes = [
        ntm.Commune(region="dbsh", year=2023, facts={"health_insurance_pct": 85, "income_per_capita": 60}),
        ntm.Commune(region="tn", zone="III", year=2023, facts={"effective_cooperative": True}),
    ]
    rows = [
        {
            "row": n,
            "region": c.region,
            "zone": c.zone,
            "year": c.year,
            **{k: str(v).lower() for k, v in c.facts.items()},
        }
        for n, c in enumerate(communes)
    ]
    judged = {row["row"]: row for row in ntm.evaluate_table(NTM, as_text(rows)).judged.to_pylist()}
    for place, commune in enumerate(communes):
        whole = ntm.evaluate(NTM, commune)
        row = judged[place]
        assert (row["verdict"], row["recognition"]) == (whole.verdict.value, whole.recognition.value)
        assert (row["criteria_met"], row["criteria_total"]) == (whole.criteria_met, whole.criteria_total)
        assert (row["indicators_met"], row["indicators_total"]) == (whole.indicators_met, whole.indicators_total)
        assert (row["indicators_missing"], row["indicators_undetermined"]) == (
            len(whole.missing),
            len(whole.undetermined),
        )
        assert row["column"] == whole.column


def test_statuses_are_the_codes_of_the_native_engine() -> None:
    judged = ntm.evaluate_table(NTM, pa.table(TABLE), output="statuses").judged.to_pylist()
    commune = ntm.Commune(
        region="tdmnpb",
        year=2023,
        facts={
            "households_registered_reliable_power_pct": 95.0,
            "income_per_capita": 41.9,
            "effective_cooperative": False,
        },
    )
    row = next(row for row in judged if row["row"] == 1)
    assert tuple(row[number] for number in NTM.numbers) == ntm.evaluate(NTM, commune).codes


@pytest.mark.parametrize("value", [12.7, 36.1, 97.8, 99.9])
def test_a_short_float_is_the_digits_it_prints(value: float) -> None:
    """A threshold kept as a 32-bit float must not fail a commune that is exactly on it."""
    ruleset = built([ruleset_document({"at_least": {"fact": "pct0", "value": str(value)}}, columns=["common"])])
    table = pa.table({"region": ["dbsh"], "year": [2022], "pct0": pa.array([value], pa.float32())})
    assert found(ntm.evaluate_table(ruleset, table, output="indicators"), 0, "1")[0] == "met"


def test_text_is_read_or_refused_never_guessed() -> None:
    values = ["95", "95.0", " 95 ", "95,5", "over 95", "≥ 95", "", None, "1e2", "100.01"]
    table = pa.table(
        {
            "region": ["tdmnpb"] * len(values),
            "year": [2023] * len(values),
            "households_registered_reliable_power_pct": values,
        }
    )
    judged = ntm.evaluate_table(NTM, table, output="indicators")
    statuses = {
        row: status for (row, number), (status, *_) in said(judged.judged.to_pylist()).items() if number == "4.2"
    }
    assert statuses == {0: "met", 1: "met", 2: "met", 6: "undetermined", 7: "undetermined"}
    assert {(row["row"], row["found"]) for row in judged.rejected.to_pylist()} == {
        (3, "95,5"), (4, "over 95"), (5, "≥ 95"), (8, "1e2"), (9, "100.01"),
    }  # fmt: skip


def test_nan_and_infinity_are_rejected() -> None:
    table = pa.table(
        {"region": ["dbsh"] * 3, "year": [2023] * 3, "income_per_capita": [float("nan"), float("inf"), 60.0]}
    )
    judged = ntm.evaluate_table(NTM, table)
    assert judged.judged["row"].to_pylist() == [2]
    assert set(judged.rejected["row"].to_pylist()) == {0, 1}


@pytest.mark.parametrize("also", [{}, {"trained_labour_pct": [None, 95]}], ids=["ratios alone", "beside numbers"])
def test_a_total_given_as_a_ratio_is_told_as_one(also: dict[str, list[Any]]) -> None:
    """70 of 100 does not lie between 90 % of men and 90 % of women; nor do 95 %."""
    columns = {
        "region": ["dbsh"] * 2,
        "year": [2023] * 2,
        "trained_labour_pct.numerator": [70, None],
        "trained_labour_pct.denominator": [100, None],
        "trained_labour_pct.male": [90, 90],
        "trained_labour_pct.female": [90, 90],
    }
    rejected = ntm.evaluate_table(NTM, pa.table(columns | also)).rejected.to_pylist()
    wanted = [(0, "trained_labour_pct", "inconsistent", "70/100"), (1, "trained_labour_pct", "inconsistent", "95")]
    assert [tuple(row[name] for name in ("row", "key", "problem", "found")) for row in rejected] == wanted[
        : 1 + len(also)
    ]


def test_a_misspelt_column_is_an_error_and_others_are_named() -> None:
    with pytest.raises(ntm.CommuneError, match="income_per_capita"):
        ntm.evaluate_table(
            NTM,
            pa.table(TABLE | {"income_percapita": [1, 2, 3], "income_per_capita": [1, 2, 3]}).drop_columns(
                "income_per_capita"
            ),
        )
    with pytest.raises(ntm.CommuneError, match="attested"):
        ntm.evaluate_table(NTM, pa.table(TABLE | {"attested.99": [True, True, True]}))
    assert ntm.evaluate_table(NTM, pa.table(TABLE | {"huyện": ["a", "b", "c"]})).ignored == ("huyện",)
    with pytest.raises(ntm.CommuneError):
        ntm.evaluate_table(NTM, 5)
    with pytest.raises(ntm.CommuneError):
        ntm.evaluate_table(NTM, "no-such-file.csv")


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "spark", "tsql", "oracle", "mysql"])
def test_every_dialects_text_is_read_back(dialect: str, output: Any) -> None:
    text = ntm.compile_sql(NTM, dialect=dialect, source="tinh.xa", output=output)
    once = sqlglot.parse_one(text, dialect=dialect).sql(dialect=dialect)
    assert sqlglot.parse_one(once, dialect=dialect).sql(dialect=dialect) == once


def test_names_are_quoted_and_never_code() -> None:
    text = ntm.compile_sql(NTM, source='"xa""; DROP TABLE xa; --"')
    assert [type(each).__name__ for each in sqlglot.parse(text, dialect="duckdb")] == ["Select"]
    view = ntm.compile_sql(NTM, source="xa", view="ket_qua")
    assert view.startswith('CREATE VIEW "ket_qua" AS')


def test_a_long_table_is_judged_as_the_wide_one() -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE so_lieu (code TEXT, region TEXT, province TEXT, zone TEXT, year INT, fact TEXT, value TEXT, numerator INT, denominator INT)"
    )
    rows = [
        ("00001", "dbsh", 2023, "health_insurance_pct", None, 8705, 10162),
        ("00001", "dbsh", 2023, "effective_cooperative", "true", None, None),
        ("00002", "dbsh", 2023, "income_per_capita", "55.9", None, None),
    ]
    connection.executemany("INSERT INTO so_lieu VALUES (?, ?, NULL, NULL, ?, ?, ?, ?, ?)", rows)
    columns = [
        "health_insurance_pct.numerator",
        "health_insurance_pct.denominator",
        "effective_cooperative",
        "income_per_capita",
    ]
    text = ntm.compile_sql(NTM, source="so_lieu", layout="long", output="indicators", columns=columns)
    judged = {(row["code"], row["indicator"]): row for row in connection.sql(text).to_arrow_table().to_pylist()}
    assert judged["00001", "15.1"]["gap"] == Decimal("4.3378")
    assert judged["00001", "13.1"]["status"] == "met"
    assert judged["00002", "10"]["gap"] == Decimal("0.1")
    assert judged["00002", "15.1"]["reason"] == "no_fact"


def long_table(*rows: tuple[str, str | None, str | None, float | None, float | None]) -> Any:
    """A connection with a table of facts of communes of one place: code, fact, value, numerator, denominator."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE so_lieu (code TEXT, region TEXT, province TEXT, zone TEXT, year INT, fact TEXT, value TEXT, numerator DOUBLE, denominator DOUBLE)"
    )
    connection.executemany("INSERT INTO so_lieu VALUES (?, 'dbsh', NULL, NULL, 2023, ?, ?, ?, ?)", rows)
    return connection


def test_what_is_badly_given_in_a_long_table_is_rejected_by_name() -> None:
    """A text that is no number, and a fact given twice and otherwise, stop neither the query nor the communes beside it."""
    connection = long_table(
        ("00001", "income_per_capita", "trên 50", None, None),
        ("00002", "income_per_capita", "50", None, None),
        ("00002", "income_per_capita", "60", None, None),
        ("00003", "health_insurance_pct", None, 8705, 10162),
        ("00003", "health_insurance_pct", None, 9705, 10162),
        ("00004", "effective_cooperative", "1", None, None),
        ("00005", "income_per_capita", "60", None, None),
        ("00005", "income_per_capita", "60", None, None),
        ("00005", "attested.7", "true", None, None),
        ("00006", "health_insurance_pct", None, 5, None),
    )
    options: dict[str, Any] = {"source": "so_lieu", "layout": "long"}
    options["columns"] = [
        "income_per_capita",
        "effective_cooperative",
        "attested.7",
        "health_insurance_pct.numerator",
        "health_insurance_pct.denominator",
    ]
    rejected = connection.sql(ntm.compile_sql(NTM, output="rejected", **options)).to_arrow_table().to_pylist()
    assert {(row["code"], row["key"], row["problem"], row["found"]) for row in rejected} == {
        ("00001", "income_per_capita", "bad_value", "trên 50"),
        ("00002", "income_per_capita", "bad_value", "50 | 60"),
        ("00003", "health_insurance_pct.numerator", "bad_value", "8705.0 | 9705.0"),
        ("00004", "effective_cooperative", "bad_value", "1"),
        ("00003", "health_insurance_pct.denominator", "half_ratio", "10162.0"),
        ("00006", "health_insurance_pct.denominator", "half_ratio", None),
    }
    judged = connection.sql(ntm.compile_sql(NTM, output="indicators", **options)).to_arrow_table().to_pylist()
    assert {row["code"] for row in judged} == {"00005"}
    assert {row["indicator"]: row["status"] for row in judged if row["status"] != "undetermined"} == {
        "7": "met",
        "10": "met",
    }


def test_what_cannot_be_compiled_is_said() -> None:
    long_ = built([ruleset_document({"at_least": {"fact": "pct0", "value": "97.99999999"}}, columns=["common"])])
    with pytest.raises(ntm.NtmRulesError, match="threshold_too_long"):
        ntm.compile_sql(long_)
    for wrong in ({"dialect": "postgre"}, {"output": "commune"}, {"layout": "tall"}, {"columns": ["income"]}):
        with pytest.raises(ntm.NtmRulesError, match=next(iter(wrong))):
            ntm.compile_sql(NTM, **wrong)


def test_the_native_engine_says_the_same_of_the_example() -> None:
    commune = ntm.Commune(
        region="dbsh", year=2023, facts={"health_insurance_pct": {"numerator": 8705, "denominator": 10162}}
    )
    assert native(NTM, [commune]).said[0, "15.1"] == ("missing", None, Decimal("4.3378"), False)
