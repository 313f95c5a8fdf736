"""Tables as DuckDB reads them: frames where they lie, files as streams."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import duckdb

from ntm_rules.adapters.tables.delimited import delimited
from ntm_rules.adapters.tables.excel import sheet
from ntm_rules.adapters.tables.parquet import parquet
from ntm_rules.adapters.tables.relation import PLACE, Input, communes_of, unreserved
from ntm_rules.engine.sql.terms import column
from ntm_rules.model.errors import CommuneError, Problem, unreadable
from ntm_rules.model.text import Text, shown

__all__ = ["BATCH", "input_of", "lies_in"]

BATCH = 122_880


def input_of(connection: duckdb.DuckDBPyConnection, table: Any) -> Input:
    """What the caller gave, as a relation; CommuneError where it is no table."""
    if isinstance(table, duckdb.DuckDBPyRelation):
        return _framed(table)
    if isinstance(table, (str, Path)):
        return _file(connection, Path(table))
    if type(table).__module__.startswith("pandas"):
        return _framed(connection.from_df(table))
    if type(table).__module__.startswith(("polars", "pyarrow")):
        return _arrow(connection, _read_again(table))
    raise CommuneError([_not_a_table(type(table).__name__)])


def _framed(rows: duckdb.DuckDBPyRelation) -> Input:
    unreserved(rows.columns)
    return Input(rows)


def _read_again(table: Any) -> Any:
    """A table that can be read more than once, for what is wrong and for what is right: a reader cannot."""
    for way in ("to_arrow", "read_all", "collect"):
        if hasattr(table, way):
            return _read_again(getattr(table, way)()) if way == "collect" else getattr(table, way)()
    return table


def _arrow(connection: duckdb.DuckDBPyConnection, given: Any) -> Input:
    """An Arrow table, with the place of each row beside it: counting them would hold up those who read it at once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(given, (pa.Table, pa.RecordBatch)):  # a dataset, of files perhaps, is read where it lies
        return _framed(connection.from_arrow(given))
    unreserved(given.schema.names)
    table = given if isinstance(given, pa.Table) else pa.Table.from_batches([given])
    ones = pa.repeat(pa.scalar(1, pa.int64()), table.num_rows)
    placed = table.append_column(PLACE, pc.subtract(pc.cumulative_sum(ones), 1))
    # Batches are what the engine deals out to the cores; to cut them copies nothing.
    batches = placed.to_batches(max_chunksize=BATCH)
    return Input(connection.from_arrow(pa.Table.from_batches(batches, placed.schema)), column(PLACE))


def _not_a_table(found: str) -> Problem:
    wanted = "Arrow, pandas, Polars, {}, .csv, .tsv, .xlsx, .parquet"
    return Problem(
        code="not_a_table",
        key="table",
        found=shown(found),
        message=Text("không phải bảng đọc được", "not a table that can be read"),
        wanted=Text(wanted.format("quan hệ DuckDB"), wanted.format("a DuckDB relation")),
    )


def _file(connection: duckdb.DuckDBPyConnection, path: Path) -> Input:
    suffix, parts = path.suffix.lower(), _parts(path)
    if not parts:
        raise CommuneError([unreadable(str(path), FileNotFoundError(2, "No such file or directory"))])
    if suffix == ".parquet" or path.is_dir():
        return parquet(connection, parts)
    if suffix in (".csv", ".tsv"):
        return delimited(connection, path)
    if suffix == ".xlsx":
        return communes_of(connection.from_arrow(sheet(path)))
    raise CommuneError([_not_a_table(path.name)])


def _parts(path: Path) -> list[Path]:
    """The files that a path names: one, those of a pattern, or the Parquet files of a folder.

    What begins with "." or "_" in a folder is somebody's work that is not done, as for Spark.
    """
    if path.is_dir():
        inner = ((part, part.relative_to(path).parts) for part in path.rglob("*.parquet") if part.is_file())
        return sorted(part for part, names in inner if not any(name.startswith((".", "_")) for name in names))
    if path.suffix.lower() == ".parquet" and not path.exists():
        return sorted(path.parent.glob(path.name))
    return [path] if path.exists() else []


def lies_in(table: Any, target: Path) -> bool:
    """Whether a file is of a table, or would be the next time that the table is read."""
    if not isinstance(table, (str, Path)):
        return target.exists() and any(target.samefile(each) for each in getattr(table, "files", ()))
    path, place = Path(table), target.resolve()
    if target.exists() and any(target.samefile(each) for each in _parts(path)):
        return True
    if path.is_dir():
        return target.suffix.lower() == ".parquet" and path.resolve() in place.parents
    return place.parent == path.parent.resolve() and fnmatch.fnmatchcase(place.name, path.name)
