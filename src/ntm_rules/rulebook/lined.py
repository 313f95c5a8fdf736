"""Trees of maps, lists and scalars that know their lines, and what is wrong inside them without hiding the rest."""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs

from ntm_rules.model.errors import Problem

__all__ = ["UNREADABLE", "Flaw", "LinedList", "LinedMap", "Steps", "Tree", "dotted", "line_of"]

Steps: TypeAlias = tuple[int | str, ...]


class LinedMap(dict[str, Any]):
    """A mapping that knows the line of each key."""

    lines: dict[str, int]


class LinedList(list[Any]):
    """A list that knows the line of each item."""

    lines: list[int]


class _Unreadable:
    """What stands in a tree where the text had something that is no value."""

    def __repr__(self) -> str:
        return "?"


UNREADABLE = _Unreadable()


@attrs.frozen(slots=True)
class Flaw:
    """Something wrong at one place of a text that leaves the rest readable: a key said twice, a number that is none.

    The value at `path` is `UNREADABLE` where it is `lost`; otherwise it stands in the tree as it was read first.
    """

    path: Steps
    problem: Problem
    lost: bool = False


@attrs.frozen(slots=True)
class Tree:
    """A text as a tree, and the flaws found on the way."""

    root: Any
    flaws: tuple[Flaw, ...] = ()


def line_of(tree: Any, path: Steps) -> int | None:
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


def dotted(path: Steps) -> str:
    """A path as problems name it: ``criteria[0].no``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
