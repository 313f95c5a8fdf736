"""A whole table of communes judged at once, on DuckDB within the process: Arrow, pandas, Polars, CSV, Parquet or Excel in; Arrow or files out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import duckdb

from ntm_rules.adapters.results import Output, WrittenTable
from ntm_rules.adapters.tables.inputs import BATCH
from ntm_rules.adapters.tables.judging import prepared
from ntm_rules.adapters.tables.processing import processing
from ntm_rules.adapters.tables.writing import write_table
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.rulebook.communes.values import Numbers

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JudgedTable", "WrittenTable", "evaluate_table", "write_table"]


@attrs.frozen(slots=True)
class JudgedTable:
    """What became of a table: the rows judged, and a row for each thing that was wrong with a row that was not, both Arrow tables.

    Every row of the input is in one of them, by its place (`row`, from 0). `ignored` names the columns that were not read.
    """

    judged: pa.Table
    rejected: pa.Table
    ignored: tuple[str, ...] = ()


def evaluate_table(
    ruleset: Ruleset,
    table: Any,
    *,
    output: Output = "communes",
    numbers: Numbers = "plain",
    province: str | None = None,
    strict: bool = False,
    threshold_year: int | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> JudgedTable:
    """Judge every row of a table.

    `table` is an Arrow table or reader, a pandas or Polars frame, a DuckDB relation, or the path of a CSV or Excel file, or of
    Parquet: a file, a folder or a pattern such as ``"xa-*.parquet"``. A row is a commune: code, region or province, zone, year,
    and a column for each fact by its key (as in a CSV for `ntm-rules evaluate`; ratios as KEY.numerator and KEY.denominator).
    Texts are read as `read_communes` reads them, `numbers` says how they write numbers; rows that name no region and no province
    lie in `province`. A reader, which can be read but once, is
    held in memory; everything else is read where it lies.

    Raises `CommuneError` where that is no table, its columns are not what they seem to be, or a file breaks off; what is wrong with
    single rows comes back in `rejected`.

    >>> import ntm_rules as ntm
    >>> import pyarrow as pa
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> table = pa.table({"region": ["dbsh", "dbsh"], "year": [2023, 2023], "income_per_capita": ["60", "≥ 60"]})
    >>> judged = evaluate_table(rs, table)
    >>> judged.judged["indicators_met"].to_pylist(), judged.rejected["found"].to_pylist()
    ([1], ['≥ 60'])
    """
    with processing(table):
        work = prepared(
            connection or duckdb.connect(),
            ruleset,
            table,
            own=connection is None,
            output=output,
            numbers=numbers,
            province=province,
            strict=strict,
            threshold_year=threshold_year,
        )
        judged = _in_order(work.judged(output).to_arrow_table())
        rejected = (
            _in_order(work.rejected().to_arrow_table())
            if work.refused
            else _nothing_rejected(judged, work.query.carried)
        )
        return JudgedTable(judged, rejected, work.ignored)


def _nothing_rejected(judged: pa.Table, carried: Iterable[str]) -> pa.Table:
    """A result without rows, of the columns that one with rows has."""
    import pyarrow as pa

    words = [pa.field(name, pa.string()) for name in ("key", "problem", "found")]
    return pa.schema([*(judged.schema.field(name) for name in carried), *words]).empty_table()


def _in_order(found: pa.Table) -> pa.Table:
    """The rows by their places. Each core gives back the batches that it has read one after another: they are dealt back, and copied nowhere."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = found["row"].combine_chunks()
    if _ascend(rows):
        return found
    batch = pc.divide(rows, BATCH)
    breaks = [at + 1 for at in pc.indices_nonzero(pc.not_equal(batch[1:], batch[:-1])).to_pylist()]
    runs = sorted(zip([0, *breaks], [*breaks, len(rows)], strict=True), key=lambda run: rows[run[0]].as_py())
    dealt = pa.concat_tables([found.slice(start, end - start) for start, end in runs])
    return dealt if _ascend(dealt["row"].combine_chunks()) else found.sort_by("row")


def _ascend(rows: pa.Array) -> bool:
    import pyarrow.compute as pc

    return not pc.any(pc.less(rows[1:], rows[:-1])).as_py()
