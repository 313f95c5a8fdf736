"""Results of a whole table into files: Parquet, CSV, JSON Lines or Excel, all there at the end or none."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import duckdb
from sqlglot import exp

from ntm_rules.adapters.results import Output, WrittenTable, rejected_beside
from ntm_rules.adapters.tables.inputs import lies_in
from ntm_rules.adapters.tables.judging import prepared
from ntm_rules.adapters.tables.processing import processing
from ntm_rules.model.errors import NtmRulesError, Problem, unwritable
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import FORMULA, Text, printable, shown
from ntm_rules.rulebook.communes.values import Numbers

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

__all__ = ["Spool", "connection_beside", "spooled", "write_table"]

# An Excel sheet ends there; the first row is the header.
_EXCEL_ROWS = 1_048_576 - 1


def write_table(
    ruleset: Ruleset,
    table: Any,
    target: str | Path,
    *,
    output: Output = "communes",
    numbers: Numbers = "plain",
    province: str | None = None,
    strict: bool = False,
    threshold_year: int | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> WrittenTable:
    """Judge every row of a table into a file: .parquet, .csv, .jsonl or .xlsx by its suffix.

    What was rejected goes to a second file beside it, NAME.rejected.SUFFIX, which is empty where nothing was. Rows stream from
    the one to the other, so that a table larger than memory may be judged; both files appear at the end, whole, or not at all.
    What stands in either place is written over, unless it is of `table` itself: that is refused before anything is read.
    `table` and the options are those of `evaluate_table`; rows that name no region and no province lie in `province`.
    """
    _keep_input(table, target)
    with (
        spooled(target) as spool,
        contextlib.nullcontext(connection) if connection else connection_beside(target) as own,
    ):
        options: dict[str, Any] = {"numbers": numbers, "strict": strict, "threshold_year": threshold_year}
        with processing(table):
            work = prepared(own, ruleset, table, own=connection is None, output=output, province=province, **options)
            work.judged(output).write_parquet(str(spool.judged))
            work.rejected().write_parquet(str(spool.rejected))
            judged = own.read_parquet(str(spool.judged)) if output == "communes" else work.judged("communes")
            verdicts = dict(judged.aggregate("verdict, count(*)").fetchall())
            (rejected,) = own.execute(f"SELECT count(DISTINCT row) FROM '{_quoted(spool.rejected)}'").fetchall()[0]  # noqa: S608
            problems, repeated = spool.problems(own), _repeated(own, spool.judged, output)
            spool.deliver(own)
    return WrittenTable(
        rejected=rejected,
        verdicts=verdicts,
        problems=problems,
        repeated=repeated,
        target=str(target),
        rejected_target=str(rejected_beside(target)),
        ignored=work.ignored,
    )


def _repeated(connection: duckdb.DuckDBPyConnection, judged: Path, output: Output) -> int:
    """How many communes judged were there before for the same year."""
    each = " AND place = 1" if output == "indicators" else ""  # a row of each commune
    counted = f"SELECT count(*) - 1 AS n FROM '{_quoted(judged)}' WHERE code IS NOT NULL{each} GROUP BY code, year"  # noqa: S608
    (repeated,) = connection.execute(f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({counted})").fetchall()[0]  # noqa: S608
    return int(repeated)


def connection_beside(target: str | Path) -> duckdb.DuckDBPyConnection:
    """A database within the process; what memory does not hold lies beside the results for as long as it runs."""
    connection = duckdb.connect(config={"temp_directory": f"{target}.tmp"})
    # Without them `query_progress` tells nothing; what it tells is not printed by the engine itself.
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
    return connection


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _keep_input(table: Any, target: str | Path) -> None:
    """Refuse results that would be written over what they come from."""
    for place in (Path(target), rejected_beside(target)):
        if lies_in(table, place):
            message = Text("tệp kết quả sẽ ghi đè dữ liệu vào", "the results would be written over the input")
            wanted = Text("một tên khác cho kết quả", "another name for the results")
            raise NtmRulesError([Problem(code="target_is_input", source=str(place), message=message, wanted=wanted)])


# -- both files, whole


@attrs.frozen(slots=True)
class Spool:
    """The results on their way: as Parquet in a folder beside the target, which goes away at the end.

    `places` are where the rows rejected and judged come to lie, each with a folder beside it.
    """

    target: Path
    places: tuple[tuple[Path, Path], tuple[Path, Path]]

    @property
    def judged(self) -> Path:
        """Where the rows judged are put."""
        return self.places[1][1] / "judged.parquet"

    @property
    def rejected(self) -> Path:
        """Where the rows rejected are put."""
        return self.places[0][1] / "rejected.parquet"

    def problems(self, connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
        """What was wrong, by column and code, the most frequent first."""
        counted = f"SELECT key, problem, count(*) AS n FROM '{_quoted(self.rejected)}' GROUP BY ALL ORDER BY n DESC, key, problem"  # noqa: S608
        return {(key, code): count for key, code, count in connection.execute(counted).fetchall()}

    def deliver(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write both in the form that the target's suffix names, and only then put them in their places: both, or none."""
        write = _WRITERS[self.target.suffix.lower()]
        (first, beside), (second, folder) = self.places
        try:
            write(connection, self.rejected, beside / "1")
            write(connection, self.judged, folder / "2")
            older = _put(beside / "1", first, beside / "older")
            try:
                os.replace(folder / "2", second)  # noqa: PTH105 - as one step, whatever stands there
            except OSError:
                os.replace(beside / "older", first) if older else first.unlink()  # noqa: PTH105
                raise
        except (OSError, duckdb.Error) as error:
            raise NtmRulesError([unwritable(str(self.target), error)]) from error


def _put(file: Path, place: Path, older: Path) -> bool:
    """Put a file in its place; whether another stood there, which is kept."""
    stood = place.exists()
    if stood:
        os.replace(place, older)  # noqa: PTH105
    os.replace(file, place)  # noqa: PTH105
    return stood


@contextlib.contextmanager
def spooled(target: str | Path) -> Iterator[Spool]:
    """A folder for results beside their target, which a link may name; NtmRulesError where nothing can be written there."""
    path = Path(target)
    if path.suffix.lower() not in _WRITERS:
        wanted = ", ".join(_WRITERS)
        message = Text("không có dạng tệp kết quả này", "no such form of results")
        problem = Problem(
            code="unknown_suffix", key="target", found=shown(path.name), message=message, wanted=Text(wanted, wanted)
        )
        raise NtmRulesError([problem])
    with contextlib.ExitStack() as folders:
        places = []
        for named in (rejected_beside(path), path):
            try:
                if named.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                place = named.resolve()
                folder = tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=place.parent)
            except (OSError, RuntimeError) as error:  # a link that leads to itself
                raise NtmRulesError([unwritable(str(named), error)]) from None
            places.append((place, Path(folders.enter_context(folder))))
        rejected, judged = places
        yield Spool(path, (rejected, judged))


# -- the forms


def _parquet(connection: duckdb.DuckDBPyConnection, spool: Path, file: Path) -> None:  # noqa: ARG001 - one form of all writers
    spool.rename(file)


def _as_text(connection: duckdb.DuckDBPyConnection, spool: Path) -> str:
    """The rows, with gaps as text of no needless zeros: a number of JSON would be read as a float."""
    rows = f"SELECT * FROM '{_quoted(spool)}'"  # noqa: S608
    names = {name for name, *_ in connection.execute(f"DESCRIBE {rows}").fetchall()}
    if "gap" not in names:
        return rows
    return f"SELECT * REPLACE (rtrim(rtrim(gap::VARCHAR, '0'), '.') AS gap) FROM ({rows})"  # noqa: S608


def _csv(connection: duckdb.DuckDBPyConnection, spool: Path, file: Path) -> None:
    rows = _as_text(connection, spool)
    given = connection.sql(rows)
    kinds = zip(given.columns, map(str, given.types), strict=True)
    texts = [exp.to_identifier(name, quoted=True).sql(dialect="duckdb") for name, kind in kinds if kind == "VARCHAR"]
    harmless = ", ".join(f"regexp_replace({name}, '^({FORMULA})', '''\\0') AS {name}" for name in texts)
    rows = f"SELECT * REPLACE ({harmless}) FROM ({rows})"  # noqa: S608 - names are quoted
    connection.execute(f"COPY ({rows}) TO '{_quoted(file)}' (FORMAT csv, HEADER)")


def _jsonl(connection: duckdb.DuckDBPyConnection, spool: Path, file: Path) -> None:
    connection.execute(f"COPY ({_as_text(connection, spool)}) TO '{_quoted(file)}' (FORMAT json)")


def _excel(connection: duckdb.DuckDBPyConnection, spool: Path, file: Path) -> None:  # noqa: ARG001
    from openpyxl import Workbook
    from pyarrow.parquet import ParquetFile

    with ParquetFile(spool) as rows:
        if rows.metadata.num_rows > _EXCEL_ROWS:
            raise NtmRulesError([_too_long(rows.metadata.num_rows)])
        book = Workbook(write_only=True)
        sheet: WriteOnlyWorksheet = book.create_sheet()
        sheet.append(rows.schema_arrow.names)
        for batch in rows.iter_batches():
            for row in batch.to_pylist():
                sheet.append([_cell(sheet, value) for value in row.values()])
        book.save(file)


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    """A value for Excel; a text stays text, also where it looks like a formula."""
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, printable(value))
    cell.data_type = "s"
    return cell


def _too_long(rows: int) -> Problem:
    return Problem(
        code="too_many_rows",
        found=str(rows),
        message=Text("nhiều dòng hơn một trang Excel chứa được", "more rows than a sheet of Excel holds"),
        wanted=Text(
            f"nhiều nhất {_EXCEL_ROWS}; hoặc .parquet, .csv, .jsonl",
            f"{_EXCEL_ROWS} at most; or .parquet, .csv, .jsonl",
        ),
    )


_WRITERS: Mapping[str, Callable[[duckdb.DuckDBPyConnection, Path, Path], None]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".xlsx": _excel,
}
