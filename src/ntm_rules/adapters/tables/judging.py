"""A table judged on DuckDB: one preparation, whether the results come back as Arrow or go to files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import duckdb
from sqlglot import exp

from ntm_rules.adapters.columns import Columns, query_of
from ntm_rules.adapters.results import OUTPUTS
from ntm_rules.adapters.tables.inputs import input_of
from ntm_rules.adapters.tables.relation import EXTRA_CELLS
from ntm_rules.engine.sql import check_output
from ntm_rules.engine.sql.query import Query, build, holding, refusals_of, those_holding, wrong
from ntm_rules.engine.sql.refused import Refusal
from ntm_rules.engine.sql.terms import column, known, select
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.rulebook.communes.values import Numbers

__all__ = ["Table", "prepared"]

_INPUT = "ntm_rules_input"


@attrs.frozen(slots=True)
class Table:
    """A table about to be judged: its query, what is wrong with any of its rows, and the columns that are not read."""

    run: Callable[[exp.Query], duckdb.DuckDBPyRelation]
    query: Query
    refused: tuple[Refusal, ...]
    ignored: tuple[str, ...]

    def judged(self, output: str) -> duckdb.DuckDBPyRelation:
        """The rows that may be judged, as one of the outputs."""
        return self.run(build(self.query, output, self.refused))

    def rejected(self) -> duckdb.DuckDBPyRelation:
        """What is wrong with the others. It keeps those rows alone, which are few, however many the table has."""
        # Where nothing is refused, one thing that holds of no row gives the columns of a result without rows.
        own = self.refused or refusals_of(self.query)[:1]
        every = exp.Subquery(this=self.query.source.copy(), alias=exp.TableAlias(this=exp.to_identifier("every")))
        bad = select(every, [exp.Star()], where=wrong(own) if self.refused else exp.false())
        return self.run(build(attrs.evolve(self.query, source=bad), "rejected", own))


def _over(
    table: duckdb.DuckDBPyRelation, own: duckdb.DuckDBPyConnection | None
) -> Callable[[exp.Query], duckdb.DuckDBPyRelation]:
    """Runs queries over a table: by a view in a connection of our own, which is faster, else by that which the table is of."""
    if own is not None:
        table.create_view(_INPUT)

    def run(query: exp.Query) -> duckdb.DuckDBPyRelation:
        text = query.sql(dialect="duckdb")
        rows = own.sql(text) if own is not None else table.query(_INPUT, text)
        assert rows is not None  # as it is for what is no SELECT
        return rows

    return run


def prepared(
    connection: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    table: Any,
    *,
    own: bool,
    output: str,
    numbers: Numbers,
    strict: bool,
    threshold_year: int | None,
    province: str | None = None,
) -> Table:
    """The table with its query. What is wrong with no row of it is left out, which one look at every row tells.

    In a connection that is our `own`, names may be given.
    """
    check_output(output, OUTPUTS)
    given = input_of(connection, table)
    columns = Columns(ruleset, given.types, numbers=numbers, province=province)
    query = query_of(columns, exp.to_table(_INPUT), place=given.place, strict=strict, year=threshold_year)
    every = refusals_of(query)
    if given.has_extra_cells:
        query.source.select(exp.column(EXTRA_CELLS, quoted=True), copy=False)
        every += (Refusal(EXTRA_CELLS, "extra_cells", known(column(EXTRA_CELLS))),)
    if isinstance(table, duckdb.DuckDBPyRelation):  # which may have other rows when it is read again
        return Table(_over(given.relation, None), query, every, columns.ignored)
    run = _over(given.relation, connection if own else None)
    (holds,) = run(holding(query, every)).fetchall()
    return Table(run, query, those_holding(every, holds), columns.ignored)
