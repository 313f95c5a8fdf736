"""A whole table of communes judged at once, on DuckDB within the process: Arrow, pandas, Polars, CSV, Parquet or Excel in, Arrow out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
import duckdb
from sqlglot import exp

from ntm_rules.engine.sql import check_output, unknown_verdicts
from ntm_rules.engine.sql.query import Query, build, holding, refusals_of
from ntm_rules.engine.sql.sources import IDENTITY, NUMBER, Facts, columns_read, fact_columns
from ntm_rules.engine.sql.terms import alias, case, column, decimal, select, text
from ntm_rules.model.errors import CommuneError, Problem, unreadable
from ntm_rules.model.facts import FactKind
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.years import fact_year
from ntm_rules.rulebook.communes.values import WORDS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JudgedTable", "evaluate_table"]

_NUMBER = r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?"
_WHOLE = re.compile(r"^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")


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
    output: Literal["communes", "indicators", "statuses"] = "communes",
    strict: bool = False,
    threshold_year: int | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> JudgedTable:
    """Judge every row of a table.

    `table` is an Arrow table or reader, a pandas or Polars frame, a DuckDB relation, or the path of a CSV, Parquet or Excel file,
    with a row per commune: code, region or province, zone, year, and a column for each fact by its key (as in a CSV for
    `ntm-rules evaluate`; ratios as KEY.numerator and KEY.denominator).
    """
    check_output(output, ("communes", "indicators", "statuses"))
    year = fact_year(threshold_year, "threshold_year")
    own = connection or duckdb.connect()
    relation = _relation(own, table)
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    reading = _Reading(ruleset, types)
    query = Query(
        ruleset=ruleset,
        facts=Facts(ruleset.catalogue, reading.columns, reading.written),
        carried=("row", "code", "year"),
        source=reading.source(),
        strict=strict,
        threshold_year=year,
        dialect="duckdb",
    )

    def run(tree: exp.Query) -> pa.Table:
        return own.sql(tree.sql(dialect="duckdb")).to_arrow_table()

    relation.create_view(_INPUT, replace=True)
    every = refusals_of(query)
    holds = run(holding(query, every)).to_pylist()[0].values()
    refused = [refusal for refusal, held in zip(every, holds, strict=True) if held]
    judged = run(build(query, output, refused))
    rejected = run(build(query, "rejected", refused)) if refused else _nothing_rejected()
    return JudgedTable(judged, rejected, reading.ignored)


_INPUT = "ntm_rules_input"


def _nothing_rejected() -> pa.Table:
    import pyarrow as pa

    numbers, words = {"row": pa.int64(), "code": pa.string(), "year": pa.int32()}, ("key", "problem", "found")
    return pa.schema(numbers | dict.fromkeys(words, pa.string())).empty_table()


def _relation(connection: duckdb.DuckDBPyConnection, table: Any) -> duckdb.DuckDBPyRelation:
    """The input as DuckDB sees it; files are read as text where their kind has no types."""
    if isinstance(table, duckdb.DuckDBPyRelation):
        return table
    if isinstance(table, (str, Path)):
        path = Path(table)
        if not path.is_file():
            raise CommuneError([unreadable(str(path), FileNotFoundError(2, "No such file or directory"))])
        suffix = path.suffix.lower()
        if suffix == ".parquet":
            return connection.read_parquet(str(path))
        if suffix in (".csv", ".tsv"):
            return connection.read_csv(str(path), all_varchar=True, header=True)
        if suffix == ".xlsx":
            return connection.from_arrow(_sheet(path))
        raise CommuneError([_not_a_table(path.name)])
    if type(table).__module__.startswith("pandas"):
        return connection.from_df(table)
    if type(table).__module__.startswith(("polars", "pyarrow")):
        return connection.from_arrow(table.to_arrow() if hasattr(table, "to_arrow") else table)
    raise CommuneError([_not_a_table(type(table).__name__)])


def _sheet(path: Path) -> pa.Table:
    """The first sheet of an Excel file, every cell as text, under the names in its first row."""
    import pyarrow as pa
    from openpyxl import load_workbook

    sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    return pa.table(
        {
            str(name): pa.array(map(_cell, column), pa.string())
            for name, column in zip(header, columns, strict=True)
            if name
        }
    )


def _cell(value: Any) -> str | None:
    """A cell as text; a number by its shortest decimal form."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def _not_a_table(found: str) -> Problem:
    return Problem(
        code="not_a_table",
        key="table",
        found=shown(found),
        message=Text("không phải bảng đọc được", "not a table that can be read"),
        wanted=Text(
            "Arrow, pandas, Polars, quan hệ DuckDB, hoặc tệp .csv, .xlsx, .parquet",
            "Arrow, pandas, Polars, a DuckDB relation, or a .csv, .xlsx or .parquet file",
        ),
    )


class _Reading:
    """How the columns of an input become facts: each by its type, and texts by what stands in them."""

    def __init__(self, ruleset: Ruleset, types: Mapping[str, str]) -> None:
        self.ruleset, self.types = ruleset, types
        self.known = columns_read(ruleset.catalogue, types)
        self.columns = frozenset(self.known)
        self.ignored = tuple(name for name in types if name not in self.known and name not in IDENTITY)
        self.written = frozenset(name for name in (*self.columns, "year") if name in types and not self._typed(name))
        problems = [self._misspelt(name) for name in self.ignored]
        found = [problem for problem in problems if problem is not None] + unknown_verdicts(ruleset, types)
        if found:
            raise CommuneError(found)

    def _misspelt(self, name: str) -> Problem | None:
        """A column that is not read because its name is nearly that of a fact."""
        meant = nearest(name, [*fact_columns(self.ruleset.catalogue), *IDENTITY])
        if meant is None or meant in self.types:
            return None
        return Problem(
            code="unknown_column",
            key=name,
            found=shown(name),
            message=Text("không có cột này", "no such column"),
            nearest=meant,
        )

    def _typed(self, name: str) -> bool:
        """Whether the column's type is that of its values, so that nothing has to be read from text."""
        kind = self.known.get(name, FactKind.COUNT)
        stored = self.types[name]
        if kind is FactKind.BOOLEAN:
            return stored == "BOOLEAN"
        if kind is FactKind.CATEGORY:
            return False
        return stored in ("DOUBLE", "FLOAT") or stored.startswith("DECIMAL") or _WHOLE.match(stored) is not None

    def source(self) -> exp.Select:
        """The input with every fact as its kind, and what was written in text columns beside it."""
        place = exp.Sub(this=exp.Window(this=exp.RowNumber()), expression=exp.Literal.number(1))
        terms = {"row": place} | {name: self._identity(name) for name in IDENTITY}
        terms |= {name: self._value(name) for name in self.known}
        terms |= {f"{name} written": _written(name) for name in self.written}
        return select(exp.to_table(_INPUT), (alias(term, name) for name, term in terms.items()))

    def _identity(self, name: str) -> exp.Expr:
        if name not in self.types:
            return exp.cast(exp.null(), "INT" if name == "year" else "TEXT")
        if name == "year":
            return column(name) if self._typed(name) else exp.TryCast(this=_written(name), to=exp.DataType.build("INT"))
        if self.types[name].endswith("[]"):
            return exp.func("ARRAY_TO_STRING", column(name), text(";"))
        return _written(name)

    def _value(self, name: str) -> exp.Expr:
        kind, stored = self.known[name], self.types[name]
        if self._typed(name):
            # A short float stands for the digits it prints, as every float does.
            return exp.cast(exp.cast(column(name), "TEXT"), "DOUBLE") if stored == "FLOAT" else column(name)
        written = _written(name)
        if kind is FactKind.BOOLEAN:
            words = exp.Lower(this=written)
            return case(
                *((exp.EQ(this=words.copy(), expression=text(said)), exp.convert(yes)) for said, yes in WORDS.items())
            )
        if kind is FactKind.CATEGORY:
            return exp.func("REGEXP_REPLACE", exp.Lower(this=written), text(r"^(mức độ|mức|level)\s+"), text(""))
        whole = exp.func("REGEXP_FULL_MATCH", written, text(_NUMBER))
        return case((whole, decimal(written.copy(), *NUMBER)))


def _written(name: str) -> exp.Expr:
    """What stands in a column as text, trimmed and NFC; nothing where it is empty."""
    return exp.Nullif(
        this=exp.func("NFC_NORMALIZE", exp.Trim(this=exp.cast(column(name), "TEXT"))), expression=text("")
    )
