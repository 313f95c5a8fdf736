"""Tables as DuckDB reads them: frames where they lie, files as streams; CSV and Excel as text, by the rules of `read_communes`."""

from __future__ import annotations

import collections
import contextlib
import csv
import fnmatch
import glob
import itertools
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import duckdb
from sqlglot import exp

from ntm_rules.engine.sql.terms import column
from ntm_rules.model.errors import CommuneError, NtmRulesError, Problem, unreadable
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.communes.tables import SPREADSHEET_ERROR, column_names, separator
from ntm_rules.rulebook.parser_words import csv_words, original

if TYPE_CHECKING:
    import pyarrow as pa
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

__all__ = ["BATCH", "EXTRA_CELLS", "Input", "input_of", "lies_in", "processing"]

# What stands in a row of a CSV or Excel file beyond the header.
EXTRA_CELLS = "extra_cells"
_PLACE = "ntm_rules place"
# What DuckDB tells of the rows of Parquet files.
_OF_PARQUET = ("file_row_number", "file_index")
# All that `str.strip` takes away.
_SPACE = r"[\s\v\x1c-\x1f\x{85}\p{Z}]"
_ROWS_AT_ONCE = 10_000
BATCH = 122_880


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
        return {name: kind for name, kind in names if name not in (_PLACE, EXTRA_CELLS)}

    @property
    def has_extra_cells(self) -> bool:
        """Whether rows may have more cells than the header."""
        return EXTRA_CELLS in self.relation.columns


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
    _unreserved(rows.columns)
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
    _unreserved(given.schema.names)
    table = given if isinstance(given, pa.Table) else pa.Table.from_batches([given])
    ones = pa.repeat(pa.scalar(1, pa.int64()), table.num_rows)
    placed = table.append_column(_PLACE, pc.subtract(pc.cumulative_sum(ones), 1))
    # Batches are what the engine deals out to the cores; to cut them copies nothing.
    batches = placed.to_batches(max_chunksize=BATCH)
    return Input(connection.from_arrow(pa.Table.from_batches(batches, placed.schema)), column(_PLACE))


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
        return _parquet(connection, parts)
    if suffix in (".csv", ".tsv"):
        return _communes_of(_csv(connection, path))
    if suffix == ".xlsx":
        return _communes_of(connection.from_arrow(_sheet(path)))
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


@contextlib.contextmanager
def processing(table: Any) -> Iterator[None]:
    """Say in our words where a table cannot be read to its end, or be judged."""
    try:
        yield
    except duckdb.InterruptException:  # which the caller asked for
        raise
    except (duckdb.Error, OSError, UnicodeError, zipfile.BadZipFile) as error:
        raise _reading_failed(table, error) from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # what the engine makes of a person's Ctrl-C
            raise KeyboardInterrupt from None
        raise


def _reading_failed(table: Any, error: Exception) -> NtmRulesError:
    in_file = isinstance(table, (str, Path))
    if isinstance(error, OSError) and in_file:
        return CommuneError([unreadable(str(table), error)])
    first = next(iter(str(error).splitlines()), type(error).__name__)
    kind = "" if in_file else _KINDS.get(type(table).__module__.partition(".")[0], "")
    message = Text(f"không xử lý được bảng {kind}".rstrip(), f"the {kind} table cannot be processed".replace("  ", " "))
    source = str(table) if in_file else None
    return CommuneError([Problem(code="bad_table", source=source, message=message, found=shown(first))])


_KINDS = {"pyarrow": "Arrow", "pandas": "pandas", "polars": "Polars", "duckdb": "DuckDB", "_duckdb": "DuckDB"}


def _parquet(connection: duckdb.DuckDBPyConnection, parts: Sequence[Path]) -> Input:
    """The parts as one table; a row's place is known without counting, so that many rows are read at once."""
    files = [*map(str, parts)]
    named = [*map(_as_named, files)]
    counts = dict(connection.execute("SELECT file_name, num_rows FROM parquet_file_metadata($1)", [named]).fetchall())
    starts = dict(zip(files, itertools.accumulate((counts[file] for file in files), initial=0), strict=False))
    alike: dict[tuple[str, ...], list[str]] = collections.defaultdict(list)
    whole = connection.read_parquet(named, union_by_name=True)
    _unreserved(whole.columns, _OF_PARQUET)
    short = _short_floats(connection, files, whole) if len(files) > 1 else {}
    for file in files:
        alike[tuple(name for name, there in short.items() if file in there)].append(file)
    selects = [_parts_alike(files, [starts[file] for file in files], names) for names, files in alike.items()]
    return Input(connection.sql(" UNION ALL BY NAME ".join(selects)), column(_PLACE))


def _parts_alike(files: Sequence[str], starts: Sequence[int], short: Iterable[str]) -> str:
    """The SELECT of parts that begin at those places; columns of short floats stand for the digits these print."""
    # Written out rather than given as parameters: a relation of parameters is run and held whole.
    names, numbers = (exp.convert([*each]).sql(dialect="duckdb") for each in (map(_as_named, files), starts))
    longer = ", ".join(f"{name}::VARCHAR::DOUBLE AS {name}" for name in map(_quoted, short))
    place = f'file_row_number + ({numbers}::BIGINT[])[file_index::BIGINT + 1] AS "{_PLACE}"'
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
    for name, kind, file in _own_columns(connection.execute(given, [[*map(_as_named, files)]]).fetchall()):
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


def _csv(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    """The rows of a CSV as text. Nothing is guessed from what stands in them; the header tells what parts the cells."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        first = lines.readline()
        delimiter, before = separator(first)
        lines.seek(0)
        header = next(itertools.islice(csv.reader(lines, delimiter=delimiter), before, None), [])
    names = _names(header)
    beyond = [f"{EXTRA_CELLS} {n}" for n in range(len(names), _widest(path, delimiter))]
    rows = connection.read_csv(
        _as_named(path),
        header=True,
        columns=dict.fromkeys([*names, *beyond], "VARCHAR"),
        auto_detect=False,
        delimiter=delimiter,
        quotechar='"',
        escapechar='"',
        skiprows=before + (before and first.endswith("\r\n")),  # which are two ends of lines to one that knows LF alone
        null_padding=True,  # a row may end before the header does
        strict_mode=False,  # lines may end in several ways; what else it lets pass, `_widest` has refused
        lineterminator=duckdb.CSVLineTerminator.LINE_FEED,  # where it finds out by itself, a line after a lone CR may lose its first letter
        parallel=False,
    )
    if not beyond:
        return rows
    kept, more = (", ".join(map(_quoted, each)) for each in (names, beyond))
    written = f"NOT regexp_full_match(concat({more}), '{_SPACE}*')"
    return rows.project(f"{kept}, CASE WHEN {written} THEN concat_ws('{delimiter}', {more}) END AS {EXTRA_CELLS}")


def _as_named(file: str | Path) -> str:
    """A file by its name alone: to DuckDB "xa[1].csv" is a pattern, that of "xa1.csv"."""
    return glob.escape(str(file))


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")


def _widest(path: Path, delimiter: str) -> int:
    """How many cells a row has at most: DuckDB would pass over those that it is not told of.

    Refuse a file with a quote that is not closed, or that stands after a space: it would pass over rows, or over what stands in them.
    """
    mark = delimiter.encode()
    after_space = re.compile(rb'(?:^|\r|%b) +"' % re.escape(mark))
    with path.open("rb") as data:
        if not any(b'"' in part for part in iter(lambda: data.read(2**20), b"")):
            data.seek(0)
            ends = (line.split(b"\r") if b"\r" in line[:-2] else (line,) for line in data)
            return 1 + max((part.count(mark) for parts in ends for part in parts), default=0)
        data.seek(0)
        suspect = any(b' "' in line and after_space.search(line) for line in data)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            return max(map(len, _without_late_quotes(rows) if suspect else rows), default=0)
        except csv.Error as error:
            words = csv_words(str(error))
            message = Text(f"không phải CSV hợp lệ: {words.vi}", f"not valid CSV: {words.en}")
            problem = Problem(
                code="bad_csv", source=str(path), line=rows.line_num, message=message, found=original(str(error))
            )
            raise CommuneError([problem]) from None


def _without_late_quotes(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    for cells in rows:
        if any(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for cell in cells):
            raise csv.Error("quote after a space")
        yield cells


def _names(header: Iterable[Any]) -> list[str]:
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
    return _unreserved(names)


def _wrong_column(code: str, name: str | None, message: Text) -> Problem:
    return Problem(code=code, key=name, found=None if name is None else shown(name), message=message)


def _unreserved(names: Sequence[str], also: Collection[str] = ()) -> list[str]:
    """The names of a table's own columns; CommuneError where one is that of a column which comes beside them."""
    message = Text("tên cột này dành riêng cho thư viện", "the library keeps this name for itself")
    taken = [name for name in names if name.casefold() in (_PLACE, EXTRA_CELLS, *also)]
    if taken:
        raise CommuneError(_wrong_column("reserved_column", name, message) for name in taken)
    return [*names]


def _sheet(path: Path) -> pa.Table:
    """The first sheet of an Excel file, every cell as text, under the names in its first row."""
    import pyarrow as pa
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (KeyError, SyntaxError, ValueError, AttributeError) as error:  # what is lacking in it, or is no XML
        raise _reading_failed(path, error) from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what some programs write of a sheet's size is not so
        rows = enumerate(sheet.iter_rows(values_only=True), 1)
        _, header = next(rows, (1, ()))
        names = [*_names(header), EXTRA_CELLS]
        schema = pa.schema([(name, pa.string()) for name in names])
        return pa.Table.from_batches(_batches(rows, schema, _not_computed(sheet)), schema)
    finally:
        book.close()


def _not_computed(sheet: ReadOnlyWorksheet) -> dict[int, dict[int, str]]:
    """The formulas whose values a sheet does not hold, by row and column from 1: nothing would be read in their place."""
    from openpyxl.utils.cell import coordinate_to_tuple
    from openpyxl.xml.functions import iterparse, localname

    found: dict[int, dict[int, str]] = collections.defaultdict(dict)
    with sheet._get_source() as data:  # noqa: SLF001 - cells as openpyxl gives them tell a text of no letters from no value
        if not any(b"<f" in part for part in iter(lambda: data.read(2**20), b"")):
            return found
    with sheet._get_source() as data:  # noqa: SLF001
        row, place = 1, 0  # where cells do not say it themselves
        for _, element in iterparse(data):
            if localname(element) == "c":
                row, place = coordinate_to_tuple(element.get("r")) if "r" in element.attrib else (row, place + 1)
                parts = {localname(part): part.text for part in element}
                value = parts.get("v") or ("" if element.get("t") == "str" and "v" in parts else None)
                if "f" in parts and value is None:
                    found[row][place] = f"={parts['f'] or ''}"
            elif localname(element) == "row":
                row, place = int(element.get("r", row)) + 1, 0
                element.clear()
    return found


def _batches(
    rows: Iterator[tuple[int, tuple[Any, ...]]], schema: pa.Schema, formulas: Mapping[int, Mapping[int, str]]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    last = len(schema) - 1
    while some := [_with(formulas.get(n), row) for n, row in itertools.islice(rows, _ROWS_AT_ONCE)]:
        cells = [[_cell(row[place]) if place < len(row) else None for row in some] for place in range(last)]
        cells.append([",".join(filter(str.strip, filter(None, map(_cell, row[last:])))) or None for row in some])
        yield pa.record_batch([pa.array(each, pa.string()) for each in cells], schema=schema)


def _with(formulas: Mapping[int, str] | None, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with those formulas in their places."""
    if not formulas:
        return row
    width = max(len(row), *formulas)
    return tuple(formulas.get(place, row[place - 1] if place <= len(row) else None) for place in range(1, width + 1))


def _cell(value: Any) -> str | None:
    """A cell as text; a number by its shortest decimal form."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _communes_of(rows: duckdb.DuckDBPyRelation) -> Input:
    """The rows that hold a commune, neither empty nor a remark, which begins with "#"; each by its place among all rows."""
    first, *others = map(_quoted, rows.columns)
    empty = f"regexp_full_match(concat({', '.join([first, *others])}), '{_SPACE}*')"
    marked = f"coalesce(regexp_matches({first}, '^{_SPACE}*#'), false)"
    error = f"regexp_full_match({first}, '{_SPACE}*{SPREADSHEET_ERROR}{_SPACE}*')"
    placed = rows.project(f'*, row_number() OVER () - 1 AS "{_PLACE}"')
    return Input(placed.filter(f"NOT {empty} AND NOT ({marked} AND NOT {error})"), column(_PLACE))
