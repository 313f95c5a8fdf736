"""CSV files as text, by the rules of `read_communes`."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from ntm_rules.adapters.tables.relation import EXTRA_CELLS, SPACE, Input, as_named, communes_of, names_in, quoted
from ntm_rules.model.errors import CommuneError, Problem
from ntm_rules.model.text import Text
from ntm_rules.rulebook.communes.tables import separator
from ntm_rules.rulebook.parser_words import csv_words, original

__all__ = ["delimited"]


def delimited(connection: duckdb.DuckDBPyConnection, path: Path) -> Input:
    """The rows of a CSV as text. Nothing is guessed from what stands in them; the header tells what parts the cells."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        first = lines.readline()
        delimiter, before = separator(first)
        lines.seek(0)
        header = next(itertools.islice(csv.reader(lines, delimiter=delimiter), before, None), [])
    names = names_in(header)
    beyond = [f"{EXTRA_CELLS} {n}" for n in range(len(names), _widest(path, delimiter))]
    rows = connection.read_csv(
        as_named(path),
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
        return communes_of(rows)
    kept, more = (", ".join(map(quoted, each)) for each in (names, beyond))
    written = f"NOT regexp_full_match(concat({more}), '{SPACE}*')"
    cells = f"CASE WHEN {written} THEN concat_ws('{delimiter}', {more}) END AS {EXTRA_CELLS}"
    return communes_of(rows.project(f"{kept}, {cells}"))


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
