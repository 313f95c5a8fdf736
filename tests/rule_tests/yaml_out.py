"""Plain data as YAML that people read: one line where it fits, else a line for each entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-zÀ-ỹ≥][^:#{}\[\],&*!|>'\"%@`]*(?<!\s)|\d{4}-\d{2}-\d{2}|\d{4}-\d{4}/[a-z-]+")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "~"}


def scalar(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(scalar(item) for item in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def lines(data: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A mapping as lines of YAML."""
    for key, value in data.items():
        name = scalar(key)
        short = f"{indent}{name}: {scalar(value)}"
        if not value or not isinstance(value, (Mapping, list)) or len(short) <= WIDTH:
            yield short
        elif key != "facts" and not any(isinstance(item, (Mapping, list)) for item in _contents(value)):
            yield from _wrapped(short, indent)
        elif isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from lines(value, f"{indent}  ")
        else:
            yield f"{indent}{name}:"
            yield from _items(value, indent)


def _contents(value: Any) -> Any:
    return value.values() if isinstance(value, Mapping) else value


def _wrapped(short: str, indent: str) -> Iterator[str]:
    """A long list or mapping of scalars over several lines, broken after commas."""
    line = ""
    for word in short.removeprefix(indent).split(", "):
        if line and len(indent) + len(line) + len(word) + 2 > WIDTH:
            yield f"{indent}{line},"
            line = f"  {word}"
        else:
            line = f"{line}, {word}" if line else word
    yield f"{indent}{line}"


def _items(values: list[Any], indent: str) -> Iterator[str]:
    for value in values:
        if not isinstance(value, Mapping):
            yield f"{indent}  - {scalar(value)}"
            continue
        first, *rest = lines(value, f"{indent}    ")
        yield f"{indent}  - {first.strip()}"
        yield from rest
