"""CSV as raw communes: a row is a commune, a column a field, a fact, a part of one, or an attested verdict."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ntm_rules.model.checking import fact_named
from ntm_rules.model.errors import CommuneError, Problem
from ntm_rules.model.facts import SIDES
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, clean_text, nearest, shown
from ntm_rules.rulebook.communes.problems import Raw, refusal
from ntm_rules.rulebook.communes.texts import text_of
from ntm_rules.rulebook.parser_words import csv_words, original

__all__ = ["SPREADSHEET_ERROR", "column_names", "csv_communes", "separator"]

# What a spreadsheet writes where a formula failed, or a column was too narrow: a row that begins with it is no remark.
SPREADSHEET_ERROR = r"#(¡?[A-Z][A-Z0-9/_]*[!?]?|#+)"

IDENTITY = ("code", "name", "region", "province", "district", "zone", "year", "host_id")


def csv_communes(data: bytes, source: str | None, catalogue: Catalogue) -> Iterator[Raw]:
    """The communes of a CSV text, a row each; where it breaks off, what stands before that place is read all the same."""
    text = text_of(data, source)
    try:
        yield from _records(_rows(text, source), catalogue)
    except CommuneError as error:
        yield Raw(error.problems[0].line, None, textual=True, problems=error.problems)


def _records(rows: Iterator[tuple[int, list[str]]], catalogue: Catalogue) -> Iterator[Raw]:
    line, header = next(rows, (None, []))
    columns = column_names(header)
    wrong = {place: list(_header_problems(catalogue, name, columns[:place])) for place, name in enumerate(columns)}
    if any(wrong.values()):
        problems = tuple(problem for found in wrong.values() for problem in found)
        yield Raw(line, None, textual=True, problems=problems, spoils=True)
    # What stands in a wrong column is passed over: the rest of each row can be checked, though not taken.
    known = [None if wrong[place] else name for place, name in enumerate(columns)]
    for line, cells in rows:
        values = [clean_text(cell) for cell in cells]
        if any(values) and not _is_remark(values[0]):
            yield _row(line, known, values)


def _is_remark(first: str) -> bool:
    return first.startswith("#") and not re.fullmatch(SPREADSHEET_ERROR, first)


def _rows(text: str, source: str | None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV text, each with the line it starts on."""
    lines = io.StringIO(text, newline="")
    delimiter, before = separator(text.partition("\n")[0])
    for _ in range(before):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 1 + before
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1 + before
    except csv.Error as error:
        words = csv_words(str(error))
        message = Text(f"không phải CSV hợp lệ: {words.vi}", f"not valid CSV: {words.en}")
        raise refusal("bad_csv", source, reader.line_num + before, message, found=original(str(error))) from None


def separator(first: str) -> tuple[str, int]:
    """What parts the cells of a CSV, by its first line, and how many lines stand before the header.

    Excel in Vietnam parts cells by ";": the header tells, or a line before it, as "sep=;".
    """
    said = re.fullmatch(r"sep=(.)\s*", first)
    return (said[1], 1) if said else (max(",;\t", key=first.count), 0)


def column_names(header: Iterable[str]) -> list[str]:
    """The names in a header; cells without one that end it are no columns."""
    names = [clean_text(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    return names


def _header_problems(catalogue: Catalogue, name: str, before: list[str]) -> Iterator[Problem]:
    base, _, side = name.rpartition(".")
    fact = fact_named(catalogue, base if side in SIDES else name)
    attested = name.startswith("attested.") and len(name) > len("attested.")
    if name not in IDENTITY and fact is None and not attested:
        yield Problem(
            code="unknown_column",
            key=name,
            found=shown(name),
            message=Text("không có cột này", "no such column"),
            wanted=Text(
                f"{', '.join(IDENTITY)}, số liệu của danh mục, attested.SỐ",
                f"{', '.join(IDENTITY)}, facts of the catalogue, attested.NUMBER",
            ),
            nearest=nearest(name, [*IDENTITY, *catalogue.facts]),
        )
    elif name in before:
        yield Problem(
            code="duplicate_key", key=name, found=shown(name), message=Text("cột lặp lại", "the column is repeated")
        )


def _row(line: int, columns: list[str | None], values: list[str]) -> Raw:
    data: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    attested: dict[str, Any] = {}
    problems: list[Problem] = []
    if any(values[len(columns) :]):
        problems.append(
            Problem(
                code="extra_cells",
                line=line,
                found=shown(values[len(columns) :]),
                message=Text("dòng có nhiều ô hơn tiêu đề", "the row has more cells than the header"),
                wanted=Text(str(len(columns)), str(len(columns))),
            )
        )
    for name, value in zip(columns, values, strict=False):
        if not value or name is None:
            continue
        base, _, side = name.rpartition(".")
        if name == "zone":
            data[name] = [clean_text(zone) for zone in value.split(";") if zone.strip()]
        elif name in IDENTITY:
            data[name] = value
        elif name.startswith("attested."):
            attested[name.removeprefix("attested.")] = value
        elif side in SIDES:
            facts.setdefault(base, {})
            _set_side(facts, base, side, value, problems)
        elif isinstance(facts.get(name), dict):
            problems.append(_both_given(name, value))
        else:
            facts[name] = value
    return Raw(
        line,
        data | {"facts": facts} | ({"attested": attested} if attested else {}),
        textual=True,
        problems=tuple(problems),
    )


def _set_side(facts: dict[str, Any], key: str, side: str, value: str, problems: list[Problem]) -> None:
    if isinstance(facts[key], dict):
        facts[key][side] = value
    elif side == SIDES[0]:
        problems.append(_both_given(key, facts[key]))


def _both_given(key: str, value: str) -> Problem:
    return Problem(
        code="given_twice",
        key=key,
        found=shown(value),
        message=Text("vừa có tỷ lệ vừa có tử số/mẫu số", "both a percentage and numerator/denominator are given"),
        wanted=Text("một trong hai; nên giữ tử số/mẫu số", "one of the two; rather numerator/denominator"),
    )
