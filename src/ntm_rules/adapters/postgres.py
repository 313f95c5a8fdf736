"""A table judged where it lies, in PostgreSQL: results into files as they come, or into tables beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
from sqlglot import exp

from ntm_rules.adapters.columns import Columns, query_of
from ntm_rules.adapters.results import OUTPUTS, Output, WrittenTable, rejected_beside
from ntm_rules.adapters.tables.writing import Spool, connection_beside, spooled
from ntm_rules.engine.sql import check_output
from ntm_rules.engine.sql.query import build, holding, refusals_of, those_holding
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.communes.values import Numbers

__all__ = ["write_table"]

# A target that is a table, not a file.
_INTO_TABLE = "table:"


def write_table(
    ruleset: Ruleset,
    table: str,
    target: str | Path,
    *,
    url: str,
    output: Output = "communes",
    numbers: Numbers = "plain",
    province: str | None = None,
    strict: bool = False,
    threshold_year: int | None = None,
) -> WrittenTable:
    """Judge every row of a table in the database of `url`, as `adapters.tables.write_table` judges a file.

    `table` is its name as the database has it, also SCHEMA.NAME. `target` is a file, or ``"table:NAME"``: a new table of that database; what was
    rejected goes to NAME.rejected.SUFFIX, or to the table NAME_rejected. A row is known by its code and year: a table has no places.
    Raises NtmRulesError where the database refuses; nothing is written then.
    """
    check_output(output, OUTPUTS)
    into_table = str(target).startswith(_INTO_TABLE)
    with nullcontext() if into_table else spooled(target) as spool, _connected(url) as connection:
        source = _table(table)
        columns = Columns(
            ruleset,
            _types(connection, _text(exp.Select(expressions=[exp.Star()]).from_(source))),
            engine="postgres",
            numbers=numbers,
            province=province,
        )
        query = query_of(columns, source, place=None, strict=strict, year=threshold_year)
        every = refusals_of(query)
        holds = connection.execute(_text(holding(query, every))).fetchone() or ()
        refused = those_holding(every, holds)
        judged = _text(build(query, output, refused))
        # Where nothing is refused, one thing that holds of no row gives the columns of a result without rows.
        rejected = _text(build(query, "rejected", refused or every[:1]))
        verdicts = dict(
            connection.execute(
                f"SELECT verdict, count(*) FROM ({_text(build(query, 'communes', refused))}) AS judged GROUP BY verdict"  # noqa: S608
            ).fetchall()
        )
        (rows,) = connection.execute(f"SELECT count(*) FROM {_text(source)}").fetchone() or (0,)  # noqa: S608 - quoted
        if spool is None:
            rejected_target = f"{target}_rejected"
            problems = _into_tables(connection, {str(target): judged, rejected_target: rejected})
        else:
            rejected_target = str(rejected_beside(target))
            problems = _into_files(connection, {spool.judged: judged, spool.rejected: rejected}, spool)
    return WrittenTable(
        rejected=rows - sum(verdicts.values()),
        verdicts=verdicts,
        problems=problems,
        target=str(target),
        rejected_target=rejected_target,
        ignored=columns.ignored,
    )


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that sees the table as it is at one moment; what is created in it is there at the end, or not at all."""
    try:
        with psycopg.connect(url, client_encoding="UTF8") as connection:  # that of the query
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield connection
    except psycopg.Error as error:
        message = Text("cơ sở dữ liệu từ chối", "the database refuses")
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise NtmRulesError([Problem(code="database_refuses", message=message, found=shown(first))]) from error


def _table(name: str) -> exp.Table:
    """NAME or SCHEMA.NAME, as the database has them; never read as SQL."""
    schema, _, own = name.rpartition(".")
    return exp.table_(own, db=schema or None, quoted=True)


def _text(tree: exp.Expr) -> Any:
    return tree.sql(dialect="postgres", identify=True)


def _types(connection: psycopg.Connection[Any], query: str) -> dict[str, str]:
    """The columns of a query with their types."""
    described = connection.execute(f"SELECT * FROM ({query}) AS described LIMIT 0").description or ()  # noqa: S608 - our own query
    return {each.name: each.type_display for each in described}


def _into_tables(connection: psycopg.Connection[Any], queries: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """The rows of queries into new tables; what is wrong with the rows of the last."""
    for target, query in queries.items():
        own = _text(_table(target.removeprefix(_INTO_TABLE)))
        connection.execute(f"CREATE TABLE {own} AS {query}")
    counted = f"SELECT key, problem, count(*) AS n FROM {own} GROUP BY key, problem ORDER BY n DESC, key, problem"  # noqa: S608 - quoted
    return {(key, code): count for key, code, count in connection.execute(counted).fetchall()}


def _into_files(
    connection: psycopg.Connection[Any], queries: Mapping[Path, Any], spool: Spool
) -> dict[tuple[str, str], int]:
    """The rows of queries as they come, each into its file of the spool, which is then delivered."""
    with connection_beside(spool.target) as own:
        for file, query in queries.items():
            lines = file.with_suffix(".lines")
            with lines.open("wb") as data, connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
                for part in copy:
                    data.write(part)
            types = {
                name: _DUCKDB.get(kind.partition("(")[0], "VARCHAR") for name, kind in _types(connection, query).items()
            }
            rows = own.read_csv(
                str(lines),
                header=False,
                columns=types,
                auto_detect=False,
                delimiter=",",
                quotechar='"',
                escapechar='"',
                strict_mode=False,  # texts may hold lines that end in several ways
            )
            rows.write_parquet(str(file))
            lines.unlink()
        problems = spool.problems(own)
        spool.deliver(own)
    return problems


_DUCKDB = {"bool": "BOOLEAN", "int2": "BIGINT", "int4": "BIGINT", "int8": "BIGINT", "numeric": "DECIMAL(28, 10)"}
