"""Names of a host's columns never stand for the query's own, and numbers of many digits are compared exactly or refused, never cut."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml
from tests.property.strategies import loaded
from tests.sql import engines
from tests.sql.tables import native, said

import ntm_rules as ntm
from ntm_rules.engine.sql.query import OUTPUTS
from ntm_rules.testing import built
from ntm_rules.testing.documents import ruleset_document, written

NTM = loaded(("2021-2025/xa-ntm", "2023-12-31", None))
POWER = "households_registered_reliable_power_pct"
INSURED = "health_insurance_pct"


def rows(connection: duckdb.DuckDBPyConnection, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection.sql(text).to_arrow_table().to_pylist()
    return found


# -- names


HOSTILE = {
    "column": "tn", "4.2": 0, "status:4.2": 0, "status: verdict": 0, "criterion 4": 0, "status: criterion 4": 0, "each": 1,
    "status: column": "tn", "kept 4.2": 0, "row": 7, "holds": False, "place": 1, POWER + " written": "100", "Verdict": "met",
}  # fmt: skip


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_host_keeps_changes_no_verdict(name: str, output: Any) -> None:
    """98.5 % against 99 %: missing, whatever the other columns of the table are called."""
    connection = duckdb.connect()
    place: dict[str, list[Any]] = {"code": ["00001"] * 2, "region": ["dbsh", "nowhere"], "province": [None] * 2}
    table = pa.table(place | {"zone": [None] * 2, "year": [2023] * 2, POWER: [98.5] * 2, name: [HOSTILE[name]] * 2})
    connection.register("xa", table)
    options: dict[str, Any] = {"source": "xa", "columns": [POWER], "output": output}
    plain = rows(connection, ntm.compile_sql(NTM, **options))
    assert plain
    try:
        text = ntm.compile_sql(NTM, keep=[name], **options)
    except ntm.NtmRulesError as error:
        if error.problems[0].code != "duplicate_key" or name.lower() not in plain[0]:
            raise
        return
    assert rows(connection, text) == [{name: HOSTILE[name]} | row for row in plain]


def test_names_that_differ_in_case_are_one_name() -> None:
    with pytest.raises(ntm.NtmRulesError, match="duplicate_key"):
        ntm.compile_sql(NTM, columns=[POWER], keep=["CODE"])


def test_code_and_year_are_repeated_once() -> None:
    text = ntm.compile_sql(NTM, columns=[POWER], keep=["year", "code", "region"])
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TABLE communes AS SELECT '1' AS code, 'dbsh' AS region, NULL::VARCHAR AS province, NULL::VARCHAR AS zone, 2023 AS year, 99 {POWER}"
    )
    (row,) = rows(connection, text)
    assert [*row][:3] == ["region", "code", "year"]


@pytest.mark.parametrize(
    "name", ["yes0", "num0", "verdict", "standing", "recognition", "year", "code", "region", "zone", "column", "row"]
)
def test_a_condition_may_be_called_as_a_fact_or_a_column_is(name: str) -> None:
    ruleset = built(
        [
            ruleset_document(
                {"at_least": {"fact": "num0", "value": 5}},
                conditions=[
                    {
                        "id": name,
                        "label": {"vi": "chữ", "en": "text"},
                        "set_by": "national",
                        "requires": {"met": "yes1"},
                    }
                ],
            )
        ]
    )
    for yes1 in (True, False, None):
        facts = {"num0": 5, "yes0": not yes1, "yes1": yes1}
        whole = ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2030, facts=facts))
        table = pa.table({"region": ["dbsh"], "year": [2030]} | {key: [value] for key, value in facts.items()})
        (row,) = ntm.evaluate_table(ruleset, table).judged.to_pylist()
        assert (row["verdict"], row["recognition"], row["column"]) == (
            whole.verdict.value, whole.recognition.value, whole.column,
        )  # fmt: skip


def test_no_letter_of_a_zone_stands_for_another(tmp_path: Path) -> None:
    document = ruleset_document(
        {"at_least": {"fact": "num0", "value": 5}},
        special_communes={"column": "tn", "zones": ["a_x"], "citation": "1/QĐ"},
    )
    written(tmp_path, [document])
    regions = tmp_path / "regions.yaml"
    content = yaml.safe_load(regions.read_text(encoding="utf-8"))
    content["zones"] |= {zone: {"vi": zone, "en": zone} for zone in ("a_x", "abx")}
    regions.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    ruleset = ntm.load_ruleset(document["ruleset"], source=tmp_path)
    table = pa.table({"region": ["dbsh"] * 3, "year": [2030] * 3, "zone": ["a_x", "abx", "abx; a_x"]})
    assert ntm.evaluate_table(ruleset, table).judged["column"].to_pylist() == ["tn", "dbsh", "tn"]


# -- digits


def judged(ruleset: ntm.Ruleset, **columns: Any) -> ntm.JudgedTable:
    place = {"region": ["dbsh"], "year": [2020 if "2016" in ruleset.id else 2023]}
    return ntm.evaluate_table(
        ruleset, pa.table(place | {name: [value] for name, value in columns.items()}), output="indicators"
    )


def ratio(key: str, numerator: int, denominator: int) -> dict[str, int]:
    return {f"{key}.numerator": numerator, f"{key}.denominator": denominator}


@pytest.mark.parametrize("whole", [30_000, 10**9, 9_999_999_998])
@pytest.mark.parametrize("short", [-1, 0, 1])
def test_ratios_of_as_many_people_as_there_are(whole: int, short: int) -> None:
    """One person decides, of a commune or of mankind."""
    enough = -(-whole * 90 // 100)
    facts = {INSURED: {"numerator": enough + short, "denominator": whole}}
    wanted = native(NTM, [ntm.Commune(region="dbsh", year=2023, facts=facts)]).said[0, "15.1"]
    found = judged(NTM, **ratio(INSURED, enough + short, whole))
    assert said(found.judged.to_pylist())[0, "15.1"] == wanted
    assert wanted[0] == ("missing" if short < 0 else "undetermined")  # for want of men and women


@pytest.mark.parametrize("half", [15_000, 5 * 10**8, 4_999_999_999])
def test_men_and_women_are_held_against_all(half: int) -> None:
    part = half * 9 // 10
    columns = (
        ratio(INSURED, 2 * part, 2 * half)
        | ratio(f"{INSURED}.male", part, half)
        | ratio(f"{INSURED}.female", part, half)
    )
    assert judged(NTM, **columns).rejected.num_rows == 0
    columns[f"{INSURED}.numerator"] += 1
    (rejected,) = judged(NTM, **columns).rejected.to_pylist()
    assert rejected["problem"] == "inconsistent"


def test_a_double_beside_ratios_is_the_digits_it_prints() -> None:
    third = ratio(f"{INSURED}.male", 333, 1000) | ratio(f"{INSURED}.female", 333, 1000)
    found = judged(NTM, **{INSURED: 33.3} | third)
    assert said(found.judged.to_pylist())[0, "15.1"][:3] == ("missing", None, Decimal("56.7"))


MODEL = loaded(("2016-2020/xa-ntm-kieu-mau", "2020-12-31", None))


@pytest.mark.parametrize("value", [2**63 - 1, 5e18, 1e30, Decimal(10) ** 30])
def test_a_number_too_long_for_its_gap_is_refused_by_itself(value: Any) -> None:
    place = {"region": ["dbsh"] * 2, "year": [2020] * 2}
    key = next(key for key, fact in MODEL.catalogue.facts.items() if key == "poor_households_without_exceptions")
    kind = (
        pa.decimal128(38, 0) if isinstance(value, Decimal) else pa.float64() if isinstance(value, float) else pa.int64()
    )
    table = pa.table(place | {key: pa.array([value, 3], kind)})
    found = ntm.evaluate_table(MODEL, table, output="indicators")
    assert {(row["row"], row["key"], row["problem"]) for row in found.rejected.to_pylist()} == {
        (0, key, "too_many_digits")
    }
    assert set(found.judged["row"].to_pylist()) == {1}


def test_a_factor_too_long_is_said() -> None:
    times = {"at_least": {"fact": "num0", "times_fact": {"fact": "num1", "factor": 12345}}}
    with pytest.raises(ntm.NtmRulesError, match="at most 4 digits before"):
        ntm.compile_sql(built([ruleset_document(times, columns=["common"])]))


@pytest.mark.parametrize(
    ("value", "fits"), [("99999999999", True), ("100000000000", False), ("0.0001", True), ("0.00001", False)]
)
def test_a_threshold_of_as_many_digits_as_are_kept(value: str, fits: bool) -> None:
    ruleset = built([ruleset_document({"at_least": {"fact": "num1", "value": value}}, columns=["common"])])
    if not fits:
        with pytest.raises(ntm.NtmRulesError, match="threshold_too_long"):
            ntm.compile_sql(ruleset)
        return
    bound = Decimal(value)
    table = pa.table(
        {"region": ["dbsh"] * 3, "year": [2030] * 3, "num1": [bound - Decimal("0.0001"), bound, bound + 1]}
    )
    assert [code for (code,) in zip(ntm.evaluate_table(ruleset, table, output="statuses").judged["1"].to_pylist())] == [
        4,
        0,
        0,
    ]


def test_bounds_of_more_places_than_are_kept_are_written_with_as_many() -> None:
    """`num2` is at least 1E-21 and at most 99999999999999999999.5; the least number that has 18 places is within, and 0 is not."""
    ruleset = built([ruleset_document({"at_least": {"fact": "num2", "value": 1}}, columns=["common"])])
    assert ruleset.catalogue.facts["num2"].low == Decimal("1E-21")
    text = ntm.compile_sql(ruleset, dialect="spark", output="rejected")
    assert max(len(digits) for digits in re.findall(r"\.(\d+)", text)) == 18
    least = Decimal("1E-18")
    table = pa.table(
        {"region": ["dbsh"] * 3, "year": [2030] * 3, "num2": pa.array([Decimal(0), least, 1], pa.decimal128(38, 18))}
    )
    found = ntm.evaluate_table(ruleset, table)
    assert (found.judged["row"].to_pylist(), found.rejected["problem"].to_pylist()) == ([1, 2], ["out_of_bounds"])


# -- long tables


def long(*given: tuple[Any, ...]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE so_lieu (code TEXT, region TEXT, province TEXT, zone TEXT, year INT, fact TEXT, value TEXT, numerator INT, denominator INT)"
    )
    connection.executemany("INSERT INTO so_lieu VALUES (?, ?, ?, ?, 2023, ?, ?, ?, ?)", given)
    return connection


LONG: dict[str, Any] = {"source": "so_lieu", "layout": "long"}


def test_a_long_table_has_ratios_without_being_asked() -> None:
    connection = long(
        ("00001", "dbsh", None, None, INSURED, None, 8705, 10162),
        ("00002", "dbsh", None, None, INSURED, "99", 50, 100),
        ("00003", "dbsh", None, None, INSURED, None, 985, 0),
        ("00004", "dbsh", None, None, INSURED, None, 985, None),
    )
    found = rows(connection, ntm.compile_sql(NTM, output="indicators", **LONG))
    assert {(row["code"], row["gap"]) for row in found if row["indicator"] == "15.1"} == {("00001", Decimal("4.3378"))}
    rejected = rows(connection, ntm.compile_sql(NTM, output="rejected", **LONG))
    assert {(row["code"], row["problem"]) for row in rejected} == {
        ("00002", "given_twice"), ("00003", "bad_value"), ("00003", "out_of_bounds"), ("00004", "half_ratio"),
    }  # fmt: skip


def test_a_long_table_has_one_row_per_commune() -> None:
    """A place that one row names and another does not is named; two places are none."""
    connection = long(
        ("00001", "dbsh", None, None, POWER, "99", None, None),
        ("00001", "dbsh", None, "III", "income_per_capita", "60", None, None),
        ("00002", "dbsh", None, None, POWER, "99", None, None),
        ("00002", None, "ha-giang", None, "income_per_capita", "60", None, None),
        ("00003", "dbsh", None, None, POWER, "99", None, None),
        ("00003", "tn", None, None, "income_per_capita", "60", None, None),
    )
    (judged,) = rows(connection, ntm.compile_sql(NTM, **LONG))
    assert (judged["code"], judged["column"]) == ("00001", "tdmnpb")
    rejected = rows(connection, ntm.compile_sql(NTM, output="rejected", **LONG))
    assert {(row["code"], row["key"], row["problem"], row["found"]) for row in rejected} >= {
        ("00002", "region", "region_mismatch", "dbsh"), ("00003", "region", "bad_value", "dbsh | tn"),
    }  # fmt: skip


def test_facts_of_nobody_are_no_commune() -> None:
    connection = long(
        (None, "dbsh", None, None, POWER, "99", None, None),
        (None, "dbsh", None, None, "income_per_capita", "60", None, None),
    )
    assert rows(connection, ntm.compile_sql(NTM, **LONG)) == []
    (rejected,) = rows(connection, ntm.compile_sql(NTM, output="rejected", **LONG))
    assert (rejected["key"], rejected["problem"]) == ("code", "no_code")


def test_half_a_ratio_is_no_column() -> None:
    with pytest.raises(ntm.NtmRulesError, match="half_ratio"):
        ntm.compile_sql(NTM, columns=[f"{INSURED}.numerator"])


@pytest.mark.parametrize("name", ["", 'a b.c"d', "read_csv('xa.csv')"])
def test_what_is_no_name_of_a_table_is_said(name: str) -> None:
    with pytest.raises(ntm.NtmRulesError, match="bad_table"):
        ntm.compile_sql(NTM, source=name)


# -- what is left out of the query is left out rightly


def test_a_relation_whose_rows_come_and_go_lets_nothing_bad_through() -> None:
    connection = duckdb.connect()
    connection.execute(
        f"CREATE TABLE xa AS SELECT 'dbsh' region, 2023 AS year, i % 2 * 100.5 + 99 AS {POWER} FROM range(20) t(i)"  # noqa: S608
    )
    for _ in range(10):
        relation = connection.sql("SELECT * FROM xa WHERE random() < 0.1")
        found = ntm.evaluate_table(NTM, relation, output="indicators").judged.to_pylist()
        assert {row["actual"] for row in found if row["fact"] == POWER} <= {"99.0"}


def test_another_province_is_refused_by_its_region_too() -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31", province="hai-duong")
    table = pa.table({"region": ["dbsh", "tn"], "year": [2023] * 2})
    assert native(ruleset, [ntm.Commune(region="tn", year=2023), ntm.Commune(region="dbsh", year=2023)]).refused == {0}
    found = ntm.evaluate_table(ruleset, table)
    assert found.judged["row"].to_pylist() == [0]
    assert found.rejected.select(["row", "problem"]).to_pylist() == [{"row": 1, "problem": "another_province"}]


def test_criteria_that_the_text_lacks_may_all_be_missing() -> None:
    """Of four criteria one is written: a commune that meets it may still lose its title by the other three."""
    document = ruleset_document(
        {"at_least": {"fact": "num0", "value": 5}},
        columns=["common"],
        complete=False,
        totals={"criteria": 4, "indicators": 4},
        withdrawal={"any_share": 75, "key_share": 50, "key_criteria": ["1"], "citation": "2/QĐ"},
    )
    ruleset = built([document])
    commune = ntm.Commune(region="dbsh", year=2030, facts={"num0": 9})
    table = pa.table({"region": ["dbsh"], "year": [2030], "num0": [9]})
    assert ntm.evaluate(ruleset, commune).at_risk.answer is None
    assert ntm.evaluate_table(ruleset, table).judged["at_risk"].to_pylist() == [None]


def test_more_digits_than_are_kept_are_refused_where_a_database_has_them() -> None:
    """PostgreSQL's numbers may have any number of digits: one a hair below a threshold has no gap that SQL could tell."""
    psycopg = pytest.importorskip("psycopg")
    values = {"1": "98.9999999999999999999999", "2": "98.999999999999999999", "3": "1e-30"}
    with engines.postgres_server() as address, psycopg.connect(address) as connection:
        connection.execute(
            f"CREATE TABLE xa (code TEXT, region TEXT, province TEXT, zone TEXT, year INT, {POWER} NUMERIC)"
        )
        for code, value in values.items():
            connection.execute("INSERT INTO xa VALUES (%s, 'dbsh', NULL, NULL, 2023, %s::numeric)", [code, value])
        options: dict[str, Any] = {"source": "xa", "dialect": "postgres", "columns": [POWER]}
        rejected = connection.execute(ntm.compile_sql(NTM, output="rejected", **options)).fetchall()
        judged = connection.execute(ntm.compile_sql(NTM, output="indicators", **options)).fetchall()
    assert {(row[0], row[2], row[3]) for row in rejected} == {(code, POWER, "too_many_digits") for code in "13"}
    assert {row[0] for row in judged} == {"2"}
