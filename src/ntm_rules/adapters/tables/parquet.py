"""Parquet files as one table: parts of a folder or a pattern, read where they lie."""

from __future__ import annotations

import collections
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
from sqlglot import exp

from ntm_rules.adapters.tables.relation import PLACE, Input, as_named, quoted, unreserved
from ntm_rules.engine.sql.terms import column
from ntm_rules.model.errors import CommuneError, Problem
from ntm_rules.model.text import Text

__all__ = ["parquet"]

# What DuckDB tells of the rows of Parquet files.
_OF_PARQUET = ("file_row_number", "file_index")


def parquet(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> Input:
    """The parts as one table; a row's place is known without counting, so that many rows are read at once."""
    files = [*map(str, parts)]
    named = [*map(as_named, files)]
    counts = dict(connection.execute("SELECT file_name, num_rows FROM parquet_file_metadata($1)", [named]).fetchall())
    starts = dict(zip(files, itertools.accumulate((counts[file] for file in files), initial=0), strict=False))
    alike: dict[tuple[str, ...], list[str]] = collections.defaultdict(list)
    whole = connection.read_parquet(named, union_by_name=True)
    unreserved(whole.columns, _OF_PARQUET)
    short = _short_floats(connection, files, whole) if len(files) > 1 else {}
    for file in files:
        alike[tuple(name for name, there in short.items() if file in there)].append(file)
    selects = [_parts_alike(files, [starts[file] for file in files], names) for names, files in alike.items()]
    return Input(connection.sql(" UNION ALL BY NAME ".join(selects)), column(PLACE))


def _parts_alike(files: Sequence[str], starts: Sequence[int], short: Iterable[str]) -> str:
    """The SELECT of parts that begin at those places; columns of short floats stand for the digits these print."""
    # Written out rather than given as parameters: a relation of parameters is run and held whole.
    names, numbers = (exp.convert([*each]).sql(dialect="duckdb") for each in (map(as_named, files), starts))
    longer = ", ".join(f"{name}::VARCHAR::DOUBLE AS {name}" for name in map(quoted, short))
    place = f'file_row_number + ({numbers}::BIGINT[])[file_index::BIGINT + 1] AS "{PLACE}"'
    return f"SELECT *{longer and f' REPLACE ({longer})'}, {place} FROM read_parquet({names}, union_by_name = true)"  # noqa: S608 - names are quoted


def _short_floats(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], whole: duckdb.DuckDBPyRelation
) -> dict[str, set[str]]:
    """The columns that are short floats in some of the parts only, each with those parts.

    CommuneError where parts of a column cannot be put together but by making other values of some: 98.9999 a 99, true a 1.
    """
    named = {name.casefold(): name for name in whole.columns}
    together = dict(zip(whole.columns, map(str, whole.types), strict=True))
    kinds: dict[str, dict[str, list[str]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    given = "SELECT name, duckdb_type, num_children, file_name FROM parquet_schema($1)"
    for name, kind, file in _own_columns(connection.execute(given, [[*map(as_named, files)]]).fetchall()):
        if kind != '"NULL"':
            kinds[named[name.casefold()]][kind].append(file)
    mixed = {name: found for name, found in kinds.items() if len(found) > 1 and _is_number(together.get(name, ""))}
    if problems := [_mixed_types(name, found) for name, found in mixed.items() if not _alike(found, together[name])]:
        raise CommuneError(problems)
    return {name: set(found["FLOAT"]) for name, found in mixed.items() if "FLOAT" in found}


def _own_columns(schema: Iterable[tuple[str, str, int | None, str]]) -> Iterator[tuple[str, str, str]]:
    """The columns of each part, by the rows of its schema: the first stands for the part, and fields follow what they lie in."""
    within: dict[str, int] = {}
    for name, kind, children, file in schema:
        if within.get(file):
            within[file] += (children or 0) - 1
        elif file in within:
            within[file] = children or 0
            yield name, kind, file
        else:
            within[file] = 0


_WHOLE_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")


def _is_number(kind: str) -> bool:
    return kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL") or _WHOLE_NUMBER.fullmatch(kind) is not None


def _alike(kinds: Iterable[str], together: str) -> bool:
    """Whether values of some types stay what they are in the one that the engine makes of them."""
    other = {kind for kind in kinds if not _WHOLE_NUMBER.fullmatch(kind)}
    if all(kind.startswith("DECIMAL") for kind in other):
        return not together.startswith("DECIMAL(38,")  # where places are cut off
    return other <= {"FLOAT", "DOUBLE"}


def _mixed_types(name: str, found: Mapping[str, Sequence[str]]) -> Problem:
    there = "; ".join(f"{kind}: {', '.join(Path(file).name for file in files[:3])}" for kind, files in found.items())
    return Problem(
        code="mixed_types",
        key=name,
        found=there,
        message=Text("các tệp ghi cột này theo kiểu khác nhau", "parts have this column in other types"),
        wanted=Text("một kiểu trong mọi tệp", "one type in all of them"),
    )
