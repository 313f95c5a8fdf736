"""JSON as untrusted text: exact numbers, no repeated keys.

The standard decoder reads what is right. Where a value is wrong, a slower reader that knows lines goes over the text again and
finds all that is wrong with it: the standard decoder stops at the first, and does not say where.
"""

from __future__ import annotations

import bisect
import itertools
import json
import re
from decimal import Decimal
from typing import Any

import attrs

from ntm_rules.model.errors import Problem
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.lined import UNREADABLE, Flaw, LinedList, LinedMap, Tree

__all__ = ["BrokenJson", "lined_json", "quick_json", "read_json"]

_BLANK = re.compile(r"[ \t\n\r]*")
_MAX_DIGITS = 400


class BrokenJson(ValueError):  # noqa: N818 - it says what the text is
    """A text that is no JSON: the decoder's words, where, and the flaws found before that place."""

    def __init__(self, error: json.JSONDecodeError, flaws: tuple[Flaw, ...]) -> None:
        super().__init__(error.msg)
        self.said, self.line, self.column, self.flaws = error.msg, error.lineno, error.colno, flaws


class _Unfit(ValueError):  # noqa: N818 - it asks for the slower reader, and is never seen outside
    """A value or key that the quick decoder does not take."""


def _number(text: str) -> float | Decimal:
    """A JSON number exactly: a float of at most 15 digits stands for its shortest decimal, anything longer is a Decimal."""
    return float(text) if len(text) <= 16 and "e" not in text and "E" not in text else Decimal(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unfit
    return found


def _constant(_: str) -> Any:
    raise _Unfit


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_constant, object_pairs_hook=_object)
quick_json = _DECODER.decode


def read_json(text: str) -> Tree:
    """The value of a JSON text, with lines only where something is wrong with it. BrokenJson, RecursionError."""
    try:
        return Tree(quick_json(text))
    except (ValueError, ArithmeticError):
        return lined_json(text)


def lined_json(text: str) -> Tree:
    """The value of a JSON text as maps and lists that know their lines, with every flaw. BrokenJson, RecursionError."""
    scanner = _Scanner(text)
    try:
        return Tree(scanner.document(), tuple(scanner.flaws))
    except json.JSONDecodeError as error:
        raise BrokenJson(error, tuple(scanner.flaws)) from None


@attrs.frozen
class _Lost:
    """A scalar that is no value."""

    found: str
    message: Text


def _exact(text: str) -> Any:
    try:
        return _number(text)
    except ArithmeticError:  # an exponent beyond Decimal
        return _Lost(shown(text), Text("số quá dài", "a number is too long"))


def _whole(text: str) -> Any:
    return int(text) if len(text) <= _MAX_DIGITS else _Lost(shown(text), Text("số quá dài", "a number is too long"))


def _no_number(text: str) -> _Lost:
    return _Lost(text, Text("không phải số hữu hạn", "not a finite number"))


_SCALARS = json.JSONDecoder(parse_float=_exact, parse_int=_whole, parse_constant=_no_number)


class _Scanner:
    """Reads objects and lists itself, scalars by the standard decoder."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.flaws: list[Flaw] = []
        self.path: list[int | str] = []
        self.breaks = [found.start() for found in re.finditer("\n", text)]

    def document(self) -> Any:
        value, at = self._value(self._skip(0))
        if (end := self._skip(at)) != len(self.text):
            raise self._broken("Extra data", end)
        return value

    def _skip(self, at: int) -> int:
        blank = _BLANK.match(self.text, at)
        return at if blank is None else blank.end()

    def _line(self, at: int) -> int:
        return bisect.bisect_left(self.breaks, at) + 1

    def _broken(self, said: str, at: int) -> json.JSONDecodeError:
        return json.JSONDecodeError(said, self.text, at)

    def _flaw(self, code: str, at: int, message: Text, found: str, *, lost: bool) -> None:
        problem = Problem(code=code, line=self._line(at), message=message, found=found)
        self.flaws.append(Flaw(tuple(self.path), problem, lost))

    def _value(self, at: int) -> tuple[Any, int]:
        opening = self.text[at : at + 1]
        if opening == "{":
            return self._map(at + 1)
        if opening == "[":
            return self._list(at + 1)
        value, end = _SCALARS.raw_decode(self.text, at)
        if isinstance(value, _Lost):
            self._flaw("bad_value", at, value.message, value.found, lost=True)
            value = UNREADABLE
        return value, end

    def _map(self, at: int) -> tuple[LinedMap, int]:
        found = LinedMap()
        found.lines = {}
        at = self._skip(at)
        while self.text[at : at + 1] != "}":
            at = self._next(at, first=not found.lines)
            if self.text[at : at + 1] != '"':
                raise self._broken("Expecting property name enclosed in double quotes", at)
            key, colon = _SCALARS.raw_decode(self.text, at)
            start, colon = at, self._skip(colon)
            if self.text[colon : colon + 1] != ":":
                raise self._broken("Expecting ':' delimiter", colon)
            self.path.append(key)
            if key in found:
                self._flaw("duplicate_key", start, Text("khóa lặp lại", "the key is repeated"), shown(key), lost=False)
            value, at = self._value(self._skip(colon + 1))
            self.path.pop()
            if key not in found:
                found[key], found.lines[key] = value, self._line(start)
            at = self._skip(at)
        return found, at + 1

    def _list(self, at: int) -> tuple[LinedList, int]:
        found = LinedList()
        found.lines = []
        at = self._skip(at)
        for place in itertools.count():
            if self.text[at : at + 1] == "]":
                break
            at = self._next(at, first=not place)
            self.path.append(place)
            found.lines.append(self._line(at))
            value, at = self._value(at)
            found.append(value)
            self.path.pop()
            at = self._skip(at)
        return found, at + 1

    def _next(self, at: int, *, first: bool) -> int:
        """Where the next item starts, after the comma that parts it from the last."""
        if first:
            return at
        if self.text[at : at + 1] != ",":
            raise self._broken("Expecting ',' delimiter", at)
        return self._skip(at + 1)
