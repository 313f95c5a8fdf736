"""Tables and lists as lines of plain text that pastes into a report."""

from __future__ import annotations

from collections.abc import Sequence

from ntm_rules.explain.numbers import number
from ntm_rules.model.text import Language, Text

__all__ = ["aligned", "listed"]

_LISTED = 20


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their columns below each other; all have as many cells.

    >>> aligned([["id", "xã"], ["2021-2025", "7"]])
    ['id         xã', '2021-2025  7']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def listed(head: str, communes: Sequence[str], lang: Language) -> list[str]:
    """A heading with a count, and the first of a list of communes; nothing of an empty one."""
    if not communes:
        return []
    lines = ["", f"{head} ({number(len(communes), lang)})", *(f"  {commune}" for commune in communes[:_LISTED])]
    left = number(len(communes) - _LISTED, lang)
    return [*lines, f"  … {Text(f'và {left} xã nữa', f'and {left} more').in_(lang)}"] if communes[_LISTED:] else lines
