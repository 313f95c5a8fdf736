"""Communes read from files: JSON, JSON Lines, YAML and CSV held against the fact catalogue, every problem with its line.

What a scalar means is said by the fact it is given for, never guessed from its look: text is a number, a verdict or a rank
because the catalogue says so. `scan_communes` hands out communes one by one, good or bad; `read_communes` takes all or none.

The way in: `opening` → `texts` or `tables` (raw communes with the flaws of their text) → `reader` (values, facts, identity).
"""

from __future__ import annotations

import codecs
import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from ntm_rules.model.commune import Commune, check_fields
from ntm_rules.model.errors import CommuneError
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.communes.opening import FORMATS, Format, opened
from ntm_rules.rulebook.communes.problems import Entry, Raw, in_place, no_commune_here, refusal
from ntm_rules.rulebook.communes.reader import Reader
from ntm_rules.rulebook.communes.tables import csv_communes
from ntm_rules.rulebook.communes.texts import json_communes, json_line, jsonl_communes, yaml_communes
from ntm_rules.rulebook.communes.values import Numbers
from ntm_rules.rulebook.json_text import quick_json

__all__ = [
    "FORMATS",
    "Entry",
    "Format",
    "Numbers",
    "commune_of_text",
    "parse_commune",
    "read_communes",
    "scan_communes",
    "stream_communes",
]

_RAW: Mapping[str, Any] = {"json": json_communes, "jsonl": jsonl_communes, "yaml": yaml_communes}


def read_communes(
    source: str | Path | bytes,
    *,
    format: Format | None = None,  # noqa: A002 - the word hosts know from every other reader
    catalogue: Catalogue | None = None,
    numbers: Numbers = "plain",
) -> tuple[Commune, ...]:
    r"""The communes of a file, all of them or none.

    `source` is a path, whose suffix names the format (.json, .jsonl, .yaml, .csv); or, with `format`, bytes or the text itself
    (give a `Path` to name the format of a file). JSON and YAML hold a commune as `Commune.from_dict` takes it, a list of them,
    or ``{"communes": [...]}``; JSON Lines one a line; CSV a row each: code, name, region, province, district, zone (several parted by
    ";"), year, host_id, fact keys (also KEY.male, KEY.female, KEY.numerator, KEY.denominator) and attested.NUMBER, an empty
    cell saying nothing. Text verdicts of YAML and CSV are true/false, đạt/chưa đạt/không đạt or có/không. `numbers="vi"` reads
    text as Vietnamese writes numbers ("36,05", "33.500.000") and refuses what could be read in two ways ("33.500").
    `catalogue` is that of a ruleset of your own; without it the shipped one.

    Raises `CommuneError` with every problem of the file, each with its line where the format knows lines.

    >>> (commune,) = read_communes("code,year,income_per_capita\n754,2023,36.05\n", format="csv")
    >>> commune.code, commune.facts["income_per_capita"]
    ('00754', Decimal('36.05'))
    """
    entries = list(scan_communes(source, format=format, catalogue=catalogue, numbers=numbers))
    problems = [problem for entry in entries for problem in entry.problems]
    if problems:
        raise CommuneError(problems)
    return tuple(entry.commune for entry in entries if entry.commune is not None)


def scan_communes(
    source: str | Path | bytes | Iterable[bytes],
    *,
    format: Format | None = None,  # noqa: A002
    catalogue: Catalogue | None = None,
    numbers: Numbers = "plain",
    name: str | None = None,
) -> Iterator[Entry]:
    """The communes of a file one after another, each good or with its problems, as `read_communes` reads them.

    JSON Lines may be any iterable of lines and is read as it comes; `name` is what problems call the source. Raises
    `CommuneError` where the file as a whole cannot be read.
    """
    if numbers not in ("plain", "vi"):
        raise refusal(
            "unknown_numbers",
            None,
            None,
            Text("không có cách viết số này", "no such way of writing numbers"),
            found=shown(numbers),
            wanted="plain, vi",
        )
    if catalogue is None:
        from ntm_rules.rulebook.rulebook import rulebook, shipped

        catalogue = rulebook(shipped()).catalogue
    kind, data, where = opened(source, format)
    where = name if name is not None else where
    reader = Reader(catalogue, numbers, where)
    raws = csv_communes(data, where, catalogue) if kind == "csv" else _RAW[kind](data, where)
    yield from _entries(raws, reader)


def _entries(raws: Iterable[Raw], reader: Reader) -> Iterator[Entry]:
    """The entries of a file; after a header that is wrong only what is wrong with each row besides, and none is taken."""
    spoilt = False
    for raw in raws:
        entry = reader.entry(raw)
        if spoilt:  # the other half of a ratio may stand in the wrong column
            entry = attrs.evolve(entry, problems=tuple(p for p in entry.problems if p.code != "half_ratio"))
        spoilt = spoilt or raw.spoils
        if not spoilt or entry.problems:
            yield entry


def stream_communes(
    lines: Iterable[bytes], *, catalogue: Catalogue, numbers: Numbers = "plain", name: str | None = None
) -> Iterator[Entry]:
    """The communes of JSON Lines as they come, the quick way: facts of a good line are checked when it is judged.

    An entry refused then tells all by `Entry.refused`.
    """
    reader = Reader(catalogue, numbers, name)
    for number, line in enumerate(lines, 1):
        content = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if not content or content.isspace():
            continue
        thorough = functools.partial(_thorough, reader, content, number)
        try:
            yield Entry(number, parse_commune(content), again=thorough)
        except CommuneError:
            yield thorough()


def _thorough(reader: Reader, content: bytes, number: int) -> Entry:
    return reader.entry(json_line(content, reader.source, number))


def commune_of_text(data: Mapping[str, Any], *, catalogue: Catalogue, source: str) -> Commune:
    """The commune of a mapping as it stands in a YAML file, every scalar text; `CommuneError` with all that is wrong with it."""
    entry = Reader(catalogue, "plain", source).entry(Raw(None, data, textual=True))
    if entry.commune is None:
        raise CommuneError(entry.problems)
    return entry.commune


def parse_commune(line: str | bytes, *, source: str | None = None, number: int | None = None) -> Commune:
    """The commune of one line of JSON Lines, for streams: exact numbers, no repeated keys, identity checked.

    Keys, kinds and bounds of facts are held against the catalogue when the commune is judged. `source` and `number` are the
    file and line that problems name.

    >>> parse_commune('{"code": 754, "year": 2023, "facts": {"income_per_capita": 36.05}}').facts["income_per_capita"]
    Decimal('36.05')
    """
    try:
        data = quick_json(line.decode() if isinstance(line, bytes) else line)
        if type(data) is dict:
            return Commune(**data)
    except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        pass  # read again below, by what finds all that is wrong
    raw = json_line(line, source, number)
    problems = list(raw.problems)
    if isinstance(raw.data, Mapping):
        problems += check_fields(raw.data)[1]
    elif not problems:
        problems.append(no_commune_here(raw.data))
    if not problems:
        return Commune.from_dict(raw.data)
    raise CommuneError(in_place(problem, source, number) for problem in problems)
