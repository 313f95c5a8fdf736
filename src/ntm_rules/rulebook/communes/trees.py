"""From a document as a tree to its communes, each with the flaws and lines that are its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ntm_rules.model.errors import Problem
from ntm_rules.model.facts import SEXES
from ntm_rules.rulebook.communes.problems import Raw
from ntm_rules.rulebook.lined import UNREADABLE, Flaw, LinedList, LinedMap, Steps, Tree, dotted

__all__ = ["BY_SEX", "places_of", "raw_communes", "raw_one"]

BY_SEX = frozenset((*SEXES, "total"))
Places = Callable[[], Mapping[str, int]]


def raw_communes(tree: Tree, *, textual: bool, places: Callable[[int], Places] | None = None) -> Iterator[Raw]:
    """The communes of a document: one, a list, or {communes: [...]}; last, the flaws that belong to none of them.

    `places` finds the lines of the commune at a place where the tree has none of its own.
    """
    root = tree.root
    base: Steps = ()
    if isinstance(root, Mapping) and set(root) == {"communes"}:
        root, base = root["communes"], ("communes",)
    listed = isinstance(root, list)
    items = root if isinstance(root, list) else [] if root is None or (root is UNREADABLE and base) else [root]
    left = list(tree.flaws)
    for place, item in enumerate(items):
        prefix: Steps = (*base, place) if listed else base
        own = [flaw for flaw in left if flaw.path[: len(prefix)] == prefix]
        left = [flaw for flaw in left if flaw not in own] if own else left
        line = root.lines[place] if isinstance(root, LinedList) else None
        raw = raw_one(item, _below(own, len(prefix)), line, textual=textual)
        yield raw if places is None else attrs.evolve(raw, places=places(place))
    if left:
        yield Raw(left[0].problem.line, None, textual, problems=tuple(_named(flaw, dotted(flaw.path)) for flaw in left))


def _below(flaws: Iterable[Flaw], depth: int) -> list[Flaw]:
    return [attrs.evolve(flaw, path=flaw.path[depth:]) for flaw in flaws]


def raw_one(item: Any, flaws: Iterable[Flaw], line: int | None, *, textual: bool) -> Raw:
    """One commune of a tree: what its flaws have made unreadable is taken out, and said."""
    places: Mapping[str, int] = places_of(item, line)
    problems = []
    for flaw in flaws:
        path = _place_of(item, flaw.path)
        problems.append(_named(flaw, _key_of(path)))
        if flaw.lost or (flaw.problem.code == "duplicate_key" and len(path) == 1):
            item = _without(item, path)
    return Raw(line or places.get(""), item, textual, lambda: places, tuple(problems))


def _named(flaw: Flaw, key: str) -> Problem:
    return attrs.evolve(flaw.problem, key=key or None)


def _place_of(item: Any, path: Steps) -> Steps:
    """The part of a path that problems name: a field, one attested verdict, one fact, or one sex of a fact."""
    if path[:1] == ("attested",):
        return path[:2]
    if path[:1] != ("facts",):
        return path[:1]
    value = item
    for step in path[:2]:
        value = value.get(step) if isinstance(value, Mapping) else None
    return path[:3] if isinstance(value, Mapping) and value and BY_SEX.issuperset(value) else path[:2]


def _key_of(path: Steps) -> str:
    """A place as problems name it: "year", "attested.7", a fact's key, KEY.male."""
    return ".".join(map(str, path[1:] if path[:1] == ("facts",) and len(path) > 1 else path))


def _without(item: Any, path: Steps) -> Any:
    """The commune without what stands at a path; nothing where that is the commune itself."""
    if not path:
        return None
    around = item
    for step in path[:-1]:
        around = around.get(step) if isinstance(around, dict) else None
    if isinstance(around, dict):
        around.pop(path[-1], None)
        if not around and len(path) > 1:
            return _without(item, path[:-1])
    return item


def places_of(item: Any, line: int | None) -> Mapping[str, int]:
    """The line of each key as problems name it, and of the commune itself under ""."""
    if not isinstance(item, LinedMap):
        return {} if line is None else {"": line}
    lines = {"": line or min(item.lines.values(), default=1), **item.lines}
    for group, prefix in (("facts", ""), ("attested", "attested.")):
        inner = item.get(group)
        if isinstance(inner, LinedMap):
            lines |= {f"{prefix}{key}": at for key, at in inner.lines.items()}
            for key, value in inner.items():
                if isinstance(value, LinedMap):
                    lines |= {f"{prefix}{key}.{part}": at for part, at in value.lines.items()}
    return lines
