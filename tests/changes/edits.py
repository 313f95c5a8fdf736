"""Rulesets with a few edits made, as a rule keeper makes them, and differences read the other way round."""

from __future__ import annotations

import copy
import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from tests.property.strategies import (
    COLUMNS,
    _requirement,
    document_of,
    generated_catalogue,
    generated_documents,
    pools,
)

import ntm_rules as ntm
from ntm_rules import Change, ChangeKind, Difference

__all__ = ["MIRROR", "edited", "essence", "loadable", "mirrored", "near_communes"]

Tree = Any
Edit = Callable[[], None]

MIRROR = {
    ChangeKind.ADDED: ChangeKind.REMOVED,
    ChangeKind.TIGHTENED: ChangeKind.LOOSENED,
    ChangeKind.DELEGATED: ChangeKind.UNDELEGATED,
    ChangeKind.SET: ChangeKind.UNSET,
}
MIRROR |= {after: before for before, after in MIRROR.items()}


def essence(change: Change) -> tuple[Any, ...]:
    """What a change says, without what is always said of the new text."""
    numbers, sides = (change.old_number, change.new_number), (change.old, change.new)
    values = (change.old_value, change.new_value)
    return change.kind, change.subject, change.aspect, change.column, change.year, numbers, sides, values


def mirrored(difference: Difference) -> Counter[tuple[Any, ...]]:
    """The changes read from the new text to the old one."""
    return Counter(
        (MIRROR.get(kind, kind), *place, *(pair[::-1] for pair in pairs))
        for kind, *place, numbers, sides, values in map(essence, difference.changes)
        for pairs in [(numbers, sides, values)]
    )


_COMPARED = ("at_least", "at_most", "equal")


def _nodes(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _put(node: Tree, key: Any, value: Any) -> None:
    node[key] = value


def _rename(node: Tree, key: str, other: str) -> None:
    node[other] = node.pop(key)


def _cell_edits(cells: Tree, key: Any, fact: Any) -> Iterator[Edit]:
    """A cell one off, not known, or left to the province."""
    text = cells[key]
    if isinstance(text, dict):
        for column in text:
            yield from _cell_edits(text, column, fact)
        return
    for other in ("unset", "UBND"):
        yield functools.partial(_put, cells, key, other)
    if fact.values:
        for value in fact.values:
            yield functools.partial(_put, cells, key, value)
    elif text not in ("unset", "UBND") and fact.kind.value != "boolean":
        low, high = (float(bound) if bound is not None else None for bound in (fact.low, fact.high))
        for other in ("1", "50", "50.0", "100", "3"):
            if (low is None or low <= float(other)) and (high is None or float(other) <= high) and "." not in other:
                yield functools.partial(_put, cells, key, other)


def _edits(node: Tree) -> Iterator[Edit]:
    """The edits of one mapping of a document."""
    yield from _threshold_edits(node)
    yield from _part_edits(node)
    yield from _clause_edits(node)
    if isinstance(node.get("indicators"), list) and len(node["indicators"]) > 1:
        yield functools.partial(node["indicators"].pop, -1)
        yield node["indicators"].reverse
    if "factor" in node:
        yield functools.partial(_put, node, "factor", "1.2")


def _threshold_edits(node: Tree) -> Iterator[Edit]:
    """Cells, sexes and the direction of a comparison."""
    fact = generated_catalogue().facts.get(node["fact"]) if isinstance(node.get("fact"), str) else None
    for name in ("by_column", "by_year"):
        for key in list(node[name]) if fact is not None and name in node else ():
            yield from _cell_edits(node[name], key, fact)
    if fact is not None and "value" in node:
        yield from _cell_edits(node, "value", fact)
    if fact is not None and fact.by_sex and "values" not in node and "times_fact" not in node:
        yield functools.partial(_put, node, "both_sexes", "false" if node.get("both_sexes") == "true" else "true")
    for name in _COMPARED:
        if isinstance(node.get(name), dict):
            yield from (functools.partial(_rename, node, name, other) for other in _COMPARED if other != name)


def _part_edits(node: Tree) -> Iterator[Edit]:
    """Parts dropped, and how many of them are needed."""
    for name, other in (("all", "any"), ("any", "all")):
        if name in node:
            yield functools.partial(_rename, node, name, other)
            if len(node[name]) > 1:
                yield functools.partial(node[name].pop, -1)
    if isinstance(node.get("some"), dict):
        for count in range(1, len(node["some"]["of"]) + 1):
            yield functools.partial(_put, node["some"], "at_least", str(count))


def _clause_edits(node: Tree) -> Iterator[Edit]:
    """Who is asked, and words."""
    if "applies_if" in node:
        yield functools.partial(node.pop, "applies_if")
    elif "requires" in node:
        yield functools.partial(_put, node, "applies_if", {"met": "yes1"})
        yield functools.partial(_put, node, "label", {"vi": "khác", "en": "other"})
        yield functools.partial(_put, node, "citation", "2/QĐ")
    if isinstance(node.get("columns"), list) and "requires" in node and len(node["columns"]) > 1:
        yield functools.partial(_put, node, "columns", node["columns"][::-1])


@st.composite
def edited(draw: st.DrawFn, *, whole: bool = True, most: int = 3) -> tuple[Tree, Tree]:
    """A generated ruleset's document, or one of a single indicator, and the same with some edits."""
    before = draw(generated_documents()) if whole else document_of(draw(_requirement(COLUMNS, COLUMNS, 2)))
    after = copy.deepcopy(before)
    for _ in range(draw(st.integers(1, most))):
        edits = [edit for node in _nodes(after) for edit in _edits(node)]
        if edits:
            draw(st.sampled_from(edits))()
    return before, after


def near_communes(old: ntm.Ruleset, new: ntm.Ruleset, seed: int, count: int) -> Iterator[ntm.Commune]:
    """Communes of which almost every fact is known and lies near a threshold of either ruleset."""
    chooser = random.Random(seed)  # noqa: S311 - a sample of tests, no secret
    before, after = pools(old), pools(new)
    near = {key: [*before.get(key, ()), *after.get(key, ())] for key in {**before, **after}}
    for _ in range(count):
        facts = {key: chooser.choice(values) for key, values in near.items() if chooser.random() < 0.95}
        for key in [key for key in facts if f"{key}.male" in facts]:
            for dropped in [key] if chooser.random() < 0.5 else [f"{key}.male", f"{key}.female"]:
                facts.pop(dropped, None)
        year = chooser.choice([2021, 2022, 2023, 2024])
        yield ntm.Commune(region=chooser.choice(COLUMNS), year=year, facts=facts)


def loadable(documents: tuple[Tree, ...], build: Callable[[tuple[Tree, ...]], ntm.Ruleset]) -> ntm.Ruleset | None:
    """The ruleset of documents, None where an edit made something the loader refuses."""
    try:
        return build(documents)
    except ntm.RulebookError:
        return None
