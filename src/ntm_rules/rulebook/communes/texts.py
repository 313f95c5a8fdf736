"""Each form of file as raw communes: JSON, JSON Lines and YAML; CSV has a module of its own."""

from __future__ import annotations

import codecs
import functools
import io
from collections.abc import Iterable, Iterator, Mapping

import attrs

from ntm_rules.model.errors import CommuneError, NtmRulesError, Problem
from ntm_rules.model.text import Text
from ntm_rules.rulebook.communes.problems import Raw, refusal
from ntm_rules.rulebook.communes.trees import Places, raw_communes, raw_one
from ntm_rules.rulebook.json_text import BrokenJson, lined_json, read_json
from ntm_rules.rulebook.lined import Flaw, Tree
from ntm_rules.rulebook.parser_words import json_words, original

__all__ = ["json_communes", "json_line", "jsonl_communes", "numbered_line", "text_of", "yaml_communes"]

MAX_LINE = 8 * 1024 * 1024


def text_of(data: bytes, source: str | None) -> str:
    """The text of a file; CommuneError, naming the line, where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise refusal("not_utf8", source, line, Text("không phải UTF-8", "not UTF-8"), wanted="UTF-8") from None


# -- JSON


def json_communes(data: bytes, source: str | None) -> Iterator[Raw]:
    """The communes of a JSON document."""
    text = text_of(data, source)
    tree = _json_tree(text, source, None)

    @functools.cache
    def lined() -> list[Raw]:
        """The same communes with their lines: read again, and only where a problem has to be placed."""
        try:
            return list(raw_communes(lined_json(text), textual=False))
        except RecursionError:  # nested so deeply that only the standard decoder could read it
            return []

    def places(place: int) -> Places:
        def found() -> Mapping[str, int]:
            return lined()[place].places() if place < len(lined()) else {}

        return found

    yield from raw_communes(tree, textual=False, places=None if tree.flaws else places)


def _json_tree(text: str, source: str | None, line: int | None) -> Tree:
    """The tree of a JSON text; CommuneError where it has none, however long or deep. `line` is that of a line of JSON Lines."""
    try:
        return read_json(text)
    except BrokenJson as error:
        words = json_words(error.said)
        message = Text(
            f"không phải JSON hợp lệ (cột {error.column}): {words.vi}",
            f"not valid JSON (column {error.column}): {words.en}",
        )
        at = error.line if line is None else line
        problem = Problem(code="bad_json", source=source, line=at, message=message, found=original(error.said))
        raise CommuneError([*_flaw_problems(error.flaws, source, line), problem]) from None
    except (RecursionError, MemoryError):
        raise refusal("too_deep", source, line, Text("lồng quá sâu", "nested too deeply")) from None


def _flaw_problems(flaws: Iterable[Flaw], source: str | None, line: int | None) -> Iterator[Problem]:
    """The flaws before the place where a text breaks off, by their own last key."""
    for flaw in flaws:
        key = ".".join(str(step) for step in flaw.path if step not in ("facts", "communes")) or None
        yield attrs.evolve(flaw.problem, source=source, key=key, line=flaw.problem.line if line is None else line)


# -- JSON Lines


def jsonl_communes(data: bytes | Iterable[bytes], source: str | None) -> Iterator[Raw]:
    """The communes of JSON Lines, as they come."""
    lines = io.BytesIO(data) if isinstance(data, bytes) else data
    for number, line in enumerate(lines, 1):
        raw = numbered_line(line, source, number)
        if raw is not None:
            yield raw


def numbered_line(line: bytes, source: str | None, number: int) -> Raw | None:
    """A line of JSON Lines as it stands in the file; None where it is empty."""
    content = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
    if len(content) > MAX_LINE:
        message, size = Text("dòng quá dài", "the line is too long"), f"{len(content)} bytes"
        error = refusal("too_large", source, number, message, found=size, wanted=f"≤ {MAX_LINE}")
        return Raw(number, None, textual=False, problems=error.problems)
    return json_line(content, source, number) if content.strip() else None


def json_line(content: bytes | str, source: str | None, number: int | None) -> Raw:
    """The commune of one line, or what is wrong with the line."""
    try:
        tree = _json_tree(_line_text(content, source, number), source, number)
    except CommuneError as error:
        return Raw(number, None, textual=False, problems=error.problems)
    raw = raw_one(tree.root, tree.flaws, number, textual=False)
    # Lines within the line say nothing: every problem stands on this one.
    problems = tuple(attrs.evolve(problem, line=number) for problem in raw.problems)
    return Raw(number, raw.data, textual=False, problems=problems)


def _line_text(content: bytes | str, source: str | None, number: int | None) -> str:
    try:
        return content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        raise refusal("not_utf8", source, number, Text("không phải UTF-8", "not UTF-8"), wanted="UTF-8") from None


# -- YAML


def yaml_communes(data: bytes, source: str | None) -> Iterator[Raw]:
    """The communes of a YAML document."""
    from ntm_rules.rulebook.yaml_text import read_tree

    try:
        tree = read_tree(data, source or "YAML")
    except NtmRulesError as error:
        raise CommuneError(error.problems) from None
    yield from raw_communes(tree, textual=True)
