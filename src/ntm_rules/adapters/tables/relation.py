"""A table as a relation of DuckDB, and the names of its columns."""

from __future__ import annotations

import glob
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import duckdb
from sqlglot import exp

from ntm_rules.engine.sql.terms import column
from ntm_rules.model.errors import CommuneError, Problem
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.communes.tables import SPREADSHEET_ERROR, column_names

__all__ = ["EXTRA_CELLS", "PLACE", "SPACE", "Input", "as_named", "communes_of", "names_in", "quoted", "unreserved"]

# What stands in a row of a CSV or Excel file beyond the header.
EXTRA_CELLS = "extra_cells"
PLACE = "ntm_rules place"
# All that `str.strip` takes away.
SPACE = r"[\s\v\x1c-\x1f\x{85}\p{Z}]"


@attrs.frozen(slots=True)
class Input:
    """A table as a relation, with the place of each row: from 0, in the order of the input."""

    relation: duckdb.DuckDBPyRelation
    place: exp.Expr = attrs.field(
        factory=lambda: exp.Sub(this=exp.Window(this=exp.RowNumber()), expression=exp.Literal.number(1))
    )

    @property
    def types(self) -> dict[str, str]:
        """The table's own columns with their types."""
        names = zip(self.relation.columns, map(str, self.relation.types), strict=True)
        return {name: kind for name, kind in names if name not in (PLACE, EXTRA_CELLS)}

    @property
    def has_extra_cells(self) -> bool:
        """Whether rows may have more cells than the header."""
        return EXTRA_CELLS in self.relation.columns


def communes_of(rows: duckdb.DuckDBPyRelation) -> Input:
    """The rows that hold a commune, neither empty nor a remark, which begins with "#"; each by its place among all rows."""
    first, *others = map(quoted, rows.columns)
    empty = f"regexp_full_match(concat({', '.join([first, *others])}), '{SPACE}*')"
    marked = f"coalesce(regexp_matches({first}, '^{SPACE}*#'), false)"
    error = f"regexp_full_match({first}, '{SPACE}*{SPREADSHEET_ERROR}{SPACE}*')"
    placed = rows.project(f'*, row_number() OVER () - 1 AS "{PLACE}"')
    return Input(placed.filter(f"NOT {empty} AND NOT ({marked} AND NOT {error})"), column(PLACE))


def names_in(header: Iterable[Any]) -> list[str]:
    """The names in a header; a name that stands there twice is an error, and so is one that is lacking."""
    names = column_names("" if name is None else str(name) for name in header)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    lacking = Text("cột không có tên", "a column without a name")
    problems = [_wrong_column("unknown_column", None, lacking)] if "" in names else []
    problems += (_wrong_column("duplicate_key", name, Text("cột lặp lại", "the column is repeated")) for name in twice)
    if not names:
        problems.append(_wrong_column("not_a_table", None, Text("không có cột nào", "no columns")))
    if problems:
        raise CommuneError(problems)
    return unreserved(names)


def _wrong_column(code: str, name: str | None, message: Text) -> Problem:
    return Problem(code=code, key=name, found=None if name is None else shown(name), message=message)


def unreserved(names: Sequence[str], also: Collection[str] = ()) -> list[str]:
    """The names of a table's own columns; CommuneError where one is that of a column which comes beside them."""
    message = Text("tên cột này dành riêng cho thư viện", "the library keeps this name for itself")
    taken = [name for name in names if name.casefold() in (PLACE, EXTRA_CELLS, *also)]
    if taken:
        raise CommuneError(_wrong_column("reserved_column", name, message) for name in taken)
    return [*names]


def as_named(file: str | Path) -> str:
    """A file by its name alone: to DuckDB "xa[1].csv" is a pattern, that of "xa1.csv"."""
    return glob.escape(str(file))


def quoted(name: str) -> str:
    """A column's name as DuckDB writes it."""
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
