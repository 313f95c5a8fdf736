"""YAML as untrusted text: mappings, lists and scalars with their lines; every scalar stays text.

No anchors, aliases or tags are taken, so nothing is constructed and nothing expands; size and depth are bounded. What a
scalar means (a number, a date, "no") is for the document model to say, which does away with YAML 1.1's surprises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import yaml

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text, clean_text, shown
from ntm_rules.rulebook.lined import UNREADABLE, Flaw, LinedList, LinedMap, Tree, dotted, line_of
from ntm_rules.rulebook.parser_words import original, yaml_words

__all__ = ["MAX_BYTES", "LinedList", "LinedMap", "flaw_problems", "line_of", "read_tree", "read_yaml"]

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 40

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(data: bytes | str, source: str) -> Any:
    """The one document of a YAML text. RulebookError, naming each line, for anything that is not plain YAML."""
    tree = read_tree(data, source)
    if tree.flaws:
        raise RulebookError(flaw_problems(tree, source))
    return tree.root


def read_tree(data: bytes | str, source: str) -> Tree:
    """The one document of a YAML text, with the flaws that leave the rest of it readable.

    RulebookError where it cannot be read at all: not UTF-8, too large, too deep, broken syntax. It names the flaws found
    before that place too.
    """
    composer = _Composer(_text_of(data, source), source)
    try:
        return Tree(composer.document(), tuple(composer.flaws))
    except yaml.YAMLError as error:
        found = _bad_yaml(error, source)
    except RulebookError as error:
        found = error
    raise RulebookError([*flaw_problems(Tree(None, tuple(composer.flaws)), source), *found.problems]) from None


def flaw_problems(tree: Tree, source: str) -> list[Problem]:
    """The flaws of a tree as problems that name the file and the path."""
    return [attrs.evolve(flaw.problem, source=source, key=dotted(flaw.path) or None) for flaw in tree.flaws]


def _bad_yaml(error: yaml.YAMLError, source: str) -> RulebookError:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
    words = yaml_words(said)
    message = Text(f"không phải YAML hợp lệ: {words.vi}", f"not valid YAML: {words.en}")
    return _error("bad_yaml", source, mark.line + 1 if mark else None, message, original(said), None)


def _text_of(data: bytes | str, source: str) -> str:
    """The text, of bounded size and in UTF-8."""
    if len(data) > MAX_BYTES:
        message = Text("tệp quá lớn", "the file is too large")
        raise _error("too_large", source, None, message, f"{len(data)} bytes", f"≤ {MAX_BYTES}")
    if isinstance(data, bytes):
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise _error("not_utf8", source, line, Text("không phải UTF-8", "not UTF-8"), None, "UTF-8") from None
    if not data.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in data):
        message = Text("có ký tự không viết được ra UTF-8", "a character UTF-8 cannot hold")
        raise _error("not_utf8", source, None, message, None, "UTF-8")
    return data


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
    """Builds lined maps, lists and text from the parser's events, one level at a time.

    What leaves the rest readable becomes a flaw; what does not is raised.
    """

    def __init__(self, text: str, source: str) -> None:
        self.source = source
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.flaws: list[Flaw] = []
        self.path: list[int | str] = []

    def document(self) -> Any:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        tree = self._node(next(self.events), 0)
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            self.path.clear()
            self._flaw("several_documents", event, Text("có hơn một tài liệu YAML", "more than one YAML document"))
        return tree

    def _flaw(self, code: str, event: Any, message: Text, found: str | None = None, *, lost: bool = False) -> None:
        problem = Problem(code=code, line=event.start_mark.line + 1, message=message, found=found)
        self.flaws.append(Flaw(tuple(self.path), problem, lost))

    def _node(self, event: Any, depth: int) -> Any:
        self._plain(event)
        if isinstance(event, yaml.AliasEvent):
            return UNREADABLE
        if isinstance(event, yaml.ScalarEvent):
            if event.implicit[0] and event.value in ("", "~", "null"):
                return None
            return clean_text(event.value)
        if depth >= MAX_DEPTH:
            message = Text("lồng quá sâu", "nested too deeply")
            raise _error("too_deep", self.source, event.start_mark.line + 1, message, None, None)
        return self._mapping(depth) if isinstance(event, yaml.MappingStartEvent) else self._sequence(depth)

    def _plain(self, event: Any) -> None:
        """Anchors, aliases and tags are flaws; the value of an alias is lost."""
        alias = isinstance(event, yaml.AliasEvent)
        if alias or getattr(event, "anchor", None) is not None:
            message = Text("không nhận neo và bí danh (& *)", "anchors and aliases (& *) are not taken")
            self._flaw("anchor", event, message, lost=alias)
        if getattr(event, "tag", None) is not None:
            message = Text("không nhận thẻ kiểu (!)", "tags (!) are not taken")
            self._flaw("tag", event, message, repr(event.tag))

    def _mapping(self, depth: int) -> LinedMap:
        found = LinedMap()
        found.lines = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            self.path.append(key if isinstance(key, str) else "?")
            if not isinstance(key, str):
                self._flaw("bad_key", event, Text("khóa phải là chữ", "a key must be text"), shown(key), lost=True)
            elif key in found:
                self._flaw("duplicate_key", event, Text("khóa lặp lại", "the key is repeated"), repr(key))
            value = self._node(next(self.events), depth + 1)
            self.path.pop()
            if isinstance(key, str) and key not in found:
                found.lines[key] = event.start_mark.line + 1
                found[key] = value
        return found

    def _sequence(self, depth: int) -> LinedList:
        found = LinedList()
        found.lines = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            self.path.append(len(found))
            found.lines.append(event.start_mark.line + 1)
            found.append(self._node(event, depth + 1))
            self.path.pop()
        return found
