"""The first sheet of an Excel file as text, by the rules of `read_communes`."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntm_rules.adapters.tables.processing import reading_failed
from ntm_rules.adapters.tables.relation import EXTRA_CELLS, names_in

if TYPE_CHECKING:
    import pyarrow as pa
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

__all__ = ["sheet"]

_ROWS_AT_ONCE = 10_000


def sheet(path: Path) -> pa.Table:
    """The first sheet of an Excel file, every cell as text, under the names in its first row."""
    import pyarrow as pa
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (KeyError, SyntaxError, ValueError, AttributeError) as error:  # what is lacking in it, or is no XML
        raise reading_failed(path, error) from error
    try:
        first = book.worksheets[0]
        first.reset_dimensions()  # what some programs write of a sheet's size is not so
        rows = enumerate(first.iter_rows(values_only=True), 1)
        _, header = next(rows, (1, ()))
        names = [*names_in(header), EXTRA_CELLS]
        schema = pa.schema([(name, pa.string()) for name in names])
        return pa.Table.from_batches(_batches(rows, schema, _not_computed(first)), schema)
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
