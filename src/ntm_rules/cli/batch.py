"""Communes in, assessments out, one at a time: a bad commune is reported in its place and the rest go on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from ntm_rules.cli.line import LineWriter, error_line
from ntm_rules.cli.output import progress, put, say, warn
from ntm_rules.explain.names import named
from ntm_rules.model.assessment import Assessment, Ladder
from ntm_rules.model.commune import Commune, given_before
from ntm_rules.model.errors import NtmRulesError, Problem, unreadable
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.model.text import Language, Text, printable
from ntm_rules.rulebook.communes import Entry, Numbers, scan_communes, stream_communes

__all__ = [
    "Failed",
    "JsonSink",
    "Judged",
    "LineSink",
    "Sink",
    "TextSink",
    "communes_of",
    "in_province",
    "leave_if_any",
    "placed",
    "readable",
    "run",
]

STREAM = "-"
_JUDGED = Text("xã đã xét:", "communes judged:")

Judged = Assessment | Ladder


class Failed(Exception):  # noqa: N818 - it says how the command ends, not what went wrong
    """Some communes could not be judged; each has been reported."""


class Sink(Protocol):
    """Where results go: good ones, bad ones, and the end."""

    def good(self, judged: Judged) -> None: ...
    def bad(self, source: str, entry: Entry) -> None: ...
    def end(self) -> None: ...


def communes_of(files: Iterable[str], catalogue: Catalogue, numbers: Numbers) -> Iterator[tuple[str, Entry]]:
    """The communes of several files with the file of each; ``-`` is JSON Lines on standard input."""
    for file in files:
        try:
            entry = None
            for entry in _entries(file, catalogue, numbers):
                yield file, entry
            if entry is None and file == STREAM:  # a batch of none may be a host's every day; a file of none is a slip
                warn("không có xã nào ở đầu vào chuẩn / no commune on standard input")
            elif entry is None:
                yield file, Entry(None, None, (_no_commune(file),))
        except NtmRulesError as error:
            yield file, Entry(None, None, error.problems)
        except OSError as error:
            yield file, Entry(None, None, (unreadable(file, error),))


def _no_commune(file: str) -> Problem:
    return Problem(
        code="no_communes",
        source=file,
        message=Text("không có xã nào trong tệp", "no commune found in the file"),
        wanted=Text("dữ liệu của ít nhất một xã", "the data of at least one commune"),
    )


def _entries(file: str, catalogue: Catalogue, numbers: Numbers) -> Iterator[Entry]:
    if file == STREAM:
        yield from _lines(sys.stdin.buffer, file, catalogue, numbers)
    elif Path(file).suffix.lower() in (".jsonl", ".ndjson") and Path(file).is_file():
        with Path(file).open("rb") as lines:
            yield from _lines(lines, file, catalogue, numbers)
    else:
        yield from scan_communes(Path(file), catalogue=catalogue, numbers=numbers)


def _lines(lines: Iterable[bytes], source: str, catalogue: Catalogue, numbers: Numbers) -> Iterator[Entry]:
    """JSON Lines as they come; plain numbers take the quick way."""
    if numbers == "plain":
        return stream_communes(lines, catalogue=catalogue, name=source)
    return scan_communes(lines, format="jsonl", catalogue=catalogue, numbers=numbers, name=source)


def run(entries: Iterable[tuple[str, Entry]], judge: Callable[[Commune], Judged], sink: Sink, lang: Language) -> None:
    """Judge every commune and hand the results to the sink; `Failed` at the end where any could not be."""
    failed = False
    for source, entry in progress(entries, _JUDGED.in_(lang)):
        found = entry
        if entry.commune is not None:
            try:
                sink.good(judge(entry.commune))
                continue
            except NtmRulesError as error:
                found = entry.refused(error.problems)
        failed = True
        sink.bad(source, found)
    sink.end()
    if failed:
        raise Failed


def in_province(commune: Commune, province: str | None) -> Commune:
    """A commune that names no place lies in the province asked for."""
    if province is None or commune.province is not None or commune.region is not None:
        return commune
    return commune.replace(province=province)


def readable(
    files: Iterable[str],
    catalogue: Catalogue,
    numbers: Numbers,
    unread: list[tuple[str, tuple[Problem, ...]]],
    lang: Language,
) -> Iterator[Commune]:
    """The communes of files that can be read, each once for a year; what is wrong with the others is noted."""
    seen: dict[Any, str] = {}
    for source, entry in progress(communes_of(files, catalogue, numbers), _JUDGED.in_(lang)):
        problems = entry.problems
        if entry.commune is not None:
            place = ":".join(str(part) for part in (source, entry.line) if part is not None)
            again = given_before(entry.commune, place, seen)
            if again is None:
                yield entry.commune
            else:
                problems = (*problems, again)
        if problems:
            name = entry.label or (source if entry.commune is None else named(entry.commune))
            unread.append((name, tuple(placed(p, source, entry.line) for p in problems)))


def leave_if_any(refused: Sequence[tuple[str, tuple[Problem, ...]]], lang: Language) -> None:
    """Say what is wrong with communes that could not be read or judged, and leave with 2."""
    for name, problems in refused:
        for problem in problems:
            warn(f"{name}: {problem.describe(lang)}")
    if refused:
        sys.stdout.flush()
        sys.exit(2)


# -- where results go


class _Sink:
    """A sink that reports bad communes on standard error."""

    def __init__(self, lang: Language) -> None:
        self.lang = lang
        self.count = 0

    def bad(self, source: str, entry: Entry) -> None:
        """Report what is wrong with a commune, once for each problem."""
        who = f"{entry.label}: " if entry.label else ""
        for problem in entry.problems:
            warn(f"{who}{placed(problem, source, entry.line).describe(self.lang)}")

    def end(self) -> None:
        """Nothing is left to be written."""


class TextSink(_Sink):
    """Reports for people, parted by an empty line."""

    def good(self, judged: Judged) -> None:
        """Write one report."""
        if self.count:
            say()
        self.count += 1
        put(judged.report(self.lang) if isinstance(judged, Assessment) else _ladder_text(judged, self.lang))


class JsonSink(_Sink):
    """A JSON array of full documents, written as they come."""

    def good(self, judged: Judged) -> None:
        """Write one document."""
        sys.stdout.write(",\n" if self.count else "[\n")
        self.count += 1
        sys.stdout.write(json.dumps(judged.to_dict(), ensure_ascii=False))

    def end(self) -> None:
        """Close the array."""
        put("\n]" if self.count else "[]")


class LineSink(_Sink):
    """A compact line for every commune, good or bad, in the order they came."""

    def __init__(self, lang: Language, ruleset: Ruleset, *, dialogue: bool = False) -> None:
        super().__init__(lang)
        # A host that writes a line and waits for its answer would wait for ever on a full buffer.
        self._dialogue = dialogue
        self._line = LineWriter(ruleset).line

    def good(self, judged: Judged) -> None:
        """Write one line."""
        assert isinstance(judged, Assessment)
        sys.stdout.write(self._line(judged) + "\n")
        if self._dialogue:
            sys.stdout.flush()

    def bad(self, source: str, entry: Entry) -> None:
        """Write a line that says what is wrong."""
        problems = [placed(problem, source, entry.line) for problem in entry.problems]
        put(error_line(entry, problems, source=source))


def placed(problem: Problem, source: str, line: int | None) -> Problem:
    """The problem with its file and line, where it does not name them itself."""
    return attrs.evolve(problem, source=problem.source or source, line=line if problem.line is None else problem.line)


def _ladder_text(ladder: Ladder, lang: Language) -> str:
    commune = ladder.assessments[0].commune if ladder.assessments else Commune()
    who = commune.name or commune.code or Text("(xã)", "(commune)").in_(lang)
    year = "" if commune.year is None else Text(f", số liệu năm {commune.year}", f", facts of {commune.year}").in_(lang)
    return f"{printable(who)}{year}\n{ladder.explain(lang)}"
