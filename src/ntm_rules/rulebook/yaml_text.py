"""YAML as untrusted text: mappings, lists and scalars with their lines; every scalar stays text.

No anchors, aliases or tags are taken, so nothing is constructed and nothing expands; size and depth are bounded. What a
scalar means (a number, a date, "no") is for the document model to say, which does away with YAML 1.1's surprises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text, clean_text

__all__ = ["MAX_BYTES", "LinedList", "LinedMap", "line_of", "read_yaml"]

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LinedMap(dict[str, Any]):
    """A mapping that knows the line of each key."""

    lines: dict[str, int]


class LinedList(list[Any]):
    """A list that knows the line of each item."""

    lines: list[int]


def line_of(tree: Any, path: tuple[int | str, ...]) -> int | None:
    """The line of the deepest node that a path reaches."""
    line = None
    for step in path:
        if isinstance(tree, LinedMap) and step in tree.lines:
            line = tree.lines[step]
            tree = tree.get(step)
        elif isinstance(tree, LinedList) and isinstance(step, int) and step < len(tree):
            line, tree = tree.lines[step], tree[step]
        elif tree is None or isinstance(tree, str):
            break
    return line


def read_yaml(data: bytes | str, source: str) -> Any:
    """The one document of a YAML text. RulebookError, naming the line, for anything that is not plain YAML."""
    if isinstance(data, bytes):
        if len(data) > MAX_BYTES:
            raise _error(
                "too_large",
                source,
                None,
                Text("tệp quá lớn", "the file is too large"),
                f"{len(data)} bytes",
                f"≤ {MAX_BYTES}",
            )
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1  # type: ignore[arg-type]  # still bytes: decoding failed
            raise _error(
                "not_utf8",
                source,
                line,
                Text("không phải UTF-8", "not UTF-8"),
                None,
                "UTF-8",
            ) from None
    elif not data.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in data):
        raise _error(
            "not_utf8",
            source,
            None,
            Text("có ký tự không viết được ra UTF-8", "a character UTF-8 cannot hold"),
            None,
            "UTF-8",
        )
    elif len(data) > MAX_BYTES:
        raise _error(
            "too_large", source, None, Text("văn bản quá dài", "the text is too long"), f"{len(data)}", f"≤ {MAX_BYTES}"
        )
    try:
        return _Composer(data, source).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        detail = getattr(error, "problem", None) or type(error).__name__
        raise _error(
            "bad_yaml",
            source,
            mark.line + 1 if mark else None,
            Text(f"không phải YAML hợp lệ: {detail}", f"not valid YAML: {detail}"),
            None,
            None,
        ) from None


def _error(
    code: str, source: str, line: int | None, message: Text, found: str | None, wanted: str | None
) -> RulebookError:
    return RulebookError(
        [
            Problem(
                code=code,
                source=source,
                line=line,
                message=message,
                found=found,
                wanted=(wanted and Text(wanted, wanted)) or None,
            )
        ]
    )


class _Composer:
    """Builds lined maps, lists and text from the parser's events, one level at a time."""

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Any:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        tree = self._node(next(self.events), 0)
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse("several_documents", event, Text("có hơn một tài liệu YAML", "more than one YAML document"))
        return tree

    def _refuse(self, code: str, event: Any, message: Text, found: str | None = None) -> None:
        raise _error(code, self.source, event.start_mark.line + 1, message, found, None)

    def _node(self, event: Any, depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse(
                "anchor", event, Text("không nhận neo và bí danh (& *)", "anchors and aliases (& *) are not taken")
            )
        if getattr(event, "tag", None) is not None:
            self._refuse("tag", event, Text("không nhận thẻ kiểu (!)", "tags (!) are not taken"), repr(event.tag))
        if isinstance(event, yaml.ScalarEvent):
            if event.implicit[0] and event.value in ("", "~", "null"):
                return None
            return clean_text(event.value)
        if depth >= MAX_DEPTH:
            self._refuse("too_deep", event, Text("lồng quá sâu", "nested too deeply"))
        return self._mapping(depth) if isinstance(event, yaml.MappingStartEvent) else self._sequence(depth)

    def _mapping(self, depth: int) -> LinedMap:
        found = LinedMap()
        found.lines = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, str):
                self._refuse("bad_key", event, Text("khóa phải là chữ", "a key must be text"))
            if key in found:
                self._refuse("duplicate_key", event, Text("khóa lặp lại", "the key is repeated"), repr(key))
            found.lines[key] = event.start_mark.line + 1
            found[key] = self._node(next(self.events), depth + 1)
        return found

    def _sequence(self, depth: int) -> LinedList:
        found = LinedList()
        found.lines = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.lines.append(event.start_mark.line + 1)
            found.append(self._node(event, depth + 1))
        return found
