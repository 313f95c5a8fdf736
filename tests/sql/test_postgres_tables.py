"""A table judged where it lies, in a PostgreSQL server: into files, and into tables beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.property.strategies import loaded
from tests.sql.engines import postgres_server
from tests.sql.test_written_tables import FORMS, MONEY, PERCENT, names, plain, read
from tests.test_cli import run

import ntm_rules as ntm
from ntm_rules.adapters.results import rejected_beside

psycopg = pytest.importorskip("psycopg")
NTM = loaded(("2021-2025/xa-ntm", "2023-12-31", None))

# Figures as numbers and as text; a province by another way to write it, a code without its zeros.
COLUMNS = {
    "code": "int", "province": "text", "zone": "text[]", "year": "smallint", MONEY: "text", PERCENT: "numeric",
    "effective_cooperative": "boolean", "schools_total": "double precision", "universal_primary_level": "varchar(20)",
}  # fmt: skip
ROWS: list[tuple[Any, ...]] = [
    (1, "nam dinh", None, 2023, "60", "89.5", True, 3.0, "mức độ 2"),
    (2, "TỈNH NAM ĐỊNH", ["III", "dbkk-coast"], 2023, " 46.99\t", "90", None, None, "3"),
    (3, "Nam Định", None, 2023, "46,99", "90", True, 3.0, None),
    (4, None, None, 2023, "60", "100.01", True, 2.5, "9"),
    (123456, "Nam Định", ["IV"], 1999, "x", "-1", True, float("nan"), ""),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with postgres_server() as url:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE xa ({columns})")
            for row in ROWS:
                connection.execute(f"INSERT INTO xa VALUES ({', '.join(['%s'] * len(row))})", row)  # noqa: S608
        yield url


def wanted(output: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    types = {"numeric": pa.decimal128(10, 4), "int": pa.int32(), "smallint": pa.int16()}
    columns = zip(COLUMNS.items(), zip(*ROWS, strict=True), strict=True)
    arrays = {
        name: pa.array(
            [None if value is None else __import__("decimal").Decimal(value) for value in values]
            if kind == "numeric"
            else list(values),
            types.get(kind),
        )
        for (name, kind), values in columns
    }
    judged = ntm.evaluate_table(NTM, pa.table(arrays), output=output)
    return bare(judged.judged.to_pylist()), bare(judged.rejected.to_pylist())


def bare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without place and without what engines print in their own ways, in one order."""
    left = ("row", "found", "actual", "required")
    found = [{name: value for name, value in row.items() if name not in left} for row in plain(rows)]
    return sorted(found, key=lambda row: tuple(str(row.get(name)) for name in ("code", "indicator", "key", "problem")))


@pytest.mark.parametrize("output", ["communes", "indicators", "statuses"])
@pytest.mark.parametrize("form", FORMS[:3])
def test_files_say_what_evaluate_table_says(address: str, output: Any, form: str, tmp_path: Path) -> None:
    from ntm_rules.adapters.postgres import write_table

    target = tmp_path / f"kq{form}"
    done = write_table(NTM, "public.xa", target, url=address, output=output)
    judged, rejected = wanted(output)
    assert bare(read(target)) == judged
    assert bare(read(rejected_beside(target))) == rejected
    assert (done.rows, done.judged, done.rejected) == (5, 2, 3)
    assert sum(done.problems.values()) == len(rejected)
    assert len(names(tmp_path)) == 2


def test_tables_are_made_whole_or_not_at_all(address: str) -> None:
    from ntm_rules.adapters.postgres import write_table

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE kq_rejected (a int)")
        with pytest.raises(ntm.NtmRulesError, match="database_refuses"):
            write_table(NTM, "xa", "table:kq", url=address)
        assert connection.execute("SELECT to_regclass('kq')").fetchone() == (None,)
        connection.execute("DROP TABLE kq_rejected")
        done = write_table(NTM, "xa", "table:kq", url=address, output="indicators")
        assert (done.target, done.rejected_target) == ("table:kq", "table:kq_rejected")
        with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            assert bare(cursor.execute("SELECT * FROM kq").fetchall()) == wanted("indicators")[0]
            assert bare(cursor.execute("SELECT * FROM kq_rejected").fetchall()) == wanted("indicators")[1]


def test_names_are_never_code(address: str) -> None:
    from ntm_rules.adapters.postgres import write_table

    with pytest.raises(ntm.NtmRulesError):
        write_table(NTM, 'xa"; DROP TABLE xa; --', "table:x", url=address)
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM xa").fetchone() == (5,)


def test_the_command_judges_a_table_of_a_database(address: str, tmp_path: Path) -> None:
    target = str(tmp_path / "kq.csv")
    for engine in (f"postgres:{address}", address.replace("postgresql:", "postgres:")):
        ended = run("batch", "xa", "-o", target, "--engine", engine, "--lang", "en")
        assert ended.out.startswith("5 rows read: 2 judged, 3 rejected; ")
        assert ended.code == 2
    ended = run("batch", "nowhere", "-o", target, "--engine", f"postgres:{address}")
    assert "[database_refuses]" in ended.err


def test_texts_of_several_lines_come_as_they_are(address: str, tmp_path: Path) -> None:
    from ntm_rules.adapters.postgres import write_table

    values = ["x\r\ny", "x\ny", "x\ry", 'x"\ny', "", "x,y"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE TABLE dong (code text, region text, year int, "{MONEY}" text)')
        for place, value in enumerate(values):
            connection.execute("INSERT INTO dong VALUES (%s, 'dbsh', 2023, %s)", (str(place), value))
    write_table(NTM, "dong", tmp_path / "kq.parquet", url=address)
    found = [row["found"] for row in read(tmp_path / "kq.rejected.parquet")]
    assert sorted(found) == sorted(value for value in values if value)


def test_a_database_without_vietnamese_letters_refuses_plainly(address: str, tmp_path: Path) -> None:
    from ntm_rules.adapters.postgres import write_table

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE la_tinh ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    url = psycopg.conninfo.make_conninfo(address, dbname="la_tinh")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE TABLE xa (code text, province text, year int, "{MONEY}" numeric)')
    with pytest.raises(ntm.NtmRulesError, match="database_refuses"):
        write_table(NTM, "xa", tmp_path / "kq.csv", url=url)
    assert names(tmp_path) == []


def test_a_target_that_cannot_be_written_is_said_before_the_database_is_asked(tmp_path: Path) -> None:
    from ntm_rules.adapters.postgres import write_table

    (tmp_path / "kq.csv").mkdir()
    with pytest.raises(ntm.NtmRulesError, match="cannot_write"):
        write_table(NTM, "xa", tmp_path / "kq.csv", url="host=nowhere.invalid")
