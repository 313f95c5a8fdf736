"""A document with wrong parts made whole, so that what is right in it can still be checked.

What is repaired is never used: the problems of form are raised all the same. But a key misspelt in one indicator need not hide
a threshold out of bounds in another. In the place of what is wrong stands something that says nothing ("unstated", "unknown"), at
the same place of its list, so that every path still leads to the line it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ntm_rules.rulebook.lined import LinedList, LinedMap, Steps

__all__ = ["Repair", "repaired"]

# What is wrong, and where: the kind is pydantic's.
Wrong = tuple[Steps, str]

_ROUNDS = 12
_MAX_DEPTH = 60
_WORDS = {"vi": "?", "en": "?"}
_MAPS = ("facts", "regions", "zones", "provinces")
_OPTIONAL = frozenset(
    (
        *("citation", "set_by", "applies_if", "columns", "means", "note", "totals", "complete", "special_communes"),
        *("withdrawal", "prerequisites", "conditions", "evidence", "seen_at", "both_sexes", "criteria", "add_criteria"),
        *(
            "replace_indicators",
            "add_indicators",
            "remove_indicators",
            "remove_conditions",
            "set_thresholds",
            "province",
        ),
    )
)


def _indicator(mark: str) -> dict[str, Any]:
    return {"no": f"?{mark}", "label": dict(_WORDS), "requires": {"unstated": "unclear"}}


# By the last step: what says nothing, given a mark no other place has.
_STUBS: Mapping[str, Callable[[str], Any]] = {
    "label": lambda _: dict(_WORDS),
    "title": lambda _: dict(_WORDS),
    "vi": lambda _: "?",
    "en": lambda _: "?",
    "requires": lambda _: {"unstated": "unclear"},
    "decision": lambda _: {"number": "unknown", "issued": "unknown", "in_force": "unknown"},
    "number": lambda _: "unknown",
    "issued": lambda _: "unknown",
    "in_force": lambda _: "unknown",
    "phase": lambda _: "0000-0000",
    "level": lambda _: "xa",
    "tier": lambda _: "ntm",
    "ruleset": lambda _: "0000-0000/x",
    "of": lambda _: "0000-0000/x",
    "layer": lambda _: "?",
    "kind": lambda _: "amendment",
    "no": lambda mark: f"?{mark}",
    "part": lambda mark: f"?{mark}",
    "criterion": lambda mark: f"?{mark}",
    "id": lambda mark: f"x{mark}",
    "indicators": lambda mark: [_indicator(f"{mark}i")],
}
_ITEMS: Mapping[str, Callable[[str], Any]] = {
    "criteria": lambda mark: {"no": f"?{mark}", "title": dict(_WORDS), "indicators": [_indicator(f"{mark}i")]},
    "add_criteria": lambda mark: {"no": f"?{mark}", "title": dict(_WORDS), "indicators": [_indicator(f"{mark}i")]},
    "indicators": _indicator,
    "replace_indicators": _indicator,
    "add_indicators": lambda mark: _indicator(mark) | {"criterion": f"?{mark}"},
    "conditions": lambda mark: {"id": f"x{mark}", "label": dict(_WORDS), "requires": {"unstated": "unclear"}},
    "prerequisites": lambda mark: {"id": f"x{mark}", "label": dict(_WORDS), "requires": {"unstated": "unclear"}},
    "set_thresholds": lambda mark: {"indicator": f"?{mark}", "value": "unset"},
    "remove_indicators": lambda mark: f"?{mark}",
    "remove_conditions": lambda mark: f"x{mark}",
}


class Repair:
    """A tree in which something else stands at the places `touched`."""

    def __init__(self, tree: Any) -> None:
        self.tree = _copied(tree)
        self.touched: list[Steps] = []
        self._tried: set[Steps] = set()

    def mend(self, path: Steps, kind: str) -> bool:
        """Put something that says nothing in the deepest place of a path where that can be done; False where there is none."""
        for depth in range(len(path), 0, -1):
            place = path[:depth]
            if place in self._tried:
                continue
            self._tried.add(place)
            if self._mended(place, delete=kind == "extra_forbidden" and depth == len(path)):
                self.touched.append(place)
                return True
        return False

    def _mended(self, place: Steps, *, delete: bool) -> bool:
        around, step = self._at(place[:-1]), place[-1]
        mark = str(len(self._tried))
        if isinstance(around, dict) and isinstance(step, str):
            if delete or (step in _OPTIONAL and step in around) or place[-2:-1] in {(name,) for name in _MAPS}:
                return around.pop(step, None) is not None or delete
            if step in _STUBS:
                around[step] = _STUBS[step](mark)
                return True
        elif isinstance(around, list) and isinstance(step, int) and len(place) > 1 and place[-2] in _ITEMS:
            around[step] = _ITEMS[str(place[-2])](mark)
            return True
        return False

    def _at(self, path: Steps) -> Any:
        tree = self.tree
        for step in path:
            if isinstance(tree, dict):
                tree = tree.get(step)
            else:
                tree = tree[step] if isinstance(tree, list) and isinstance(step, int) and step < len(tree) else None
        return tree

    def mend_root(self) -> bool:
        """What is wrong with a whole document is that kind and province of a layer do not go together."""
        if not isinstance(self.tree, dict) or "kind" not in self.tree or ("kind",) in self._tried:
            return False
        self._tried |= {("kind",)}
        self.touched += [("kind",), ("province",)]
        self.tree["kind"] = "province" if self.tree.get("province") is not None else "amendment"
        return True


def repaired(
    tree: Any, model: type[BaseModel], wrong: Iterable[Wrong], steps: Callable[[Any, Any], Iterator[Wrong]]
) -> tuple[BaseModel, Repair] | None:
    """The document of a tree with what is wrong mended, and what was done; None where too much is wrong.

    `steps` gives the places of an error within a tree.
    """
    repair, left = Repair(tree), list(wrong)
    for _ in range(_ROUNDS):
        before = len(repair.touched)
        for path, kind in left:
            if any(path[: len(place)] == place for place in repair.touched[before:]):
                continue  # mended with another error of the same place
            if not (repair.mend(path, kind) if path else repair.mend_root()):
                return None
        try:
            return model.model_validate(repair.tree), repair
        except ValidationError as error:
            left = list(steps(error, repair.tree))
    return None


def _copied(tree: Any, depth: int = 0) -> Any:
    """A copy of maps and lists, lines included; deeper than any document goes it is left as it is."""
    if depth > _MAX_DEPTH:
        return tree
    if isinstance(tree, Mapping):
        copied: Any = {key: _copied(value, depth + 1) for key, value in tree.items()}
        if isinstance(tree, LinedMap):
            copied, lines = LinedMap(copied), tree.lines
            copied.lines = lines
        return copied
    if isinstance(tree, list):
        items: Any = [_copied(item, depth + 1) for item in tree]
        if isinstance(tree, LinedList):
            items, at = LinedList(items), tree.lines
            items.lines = at
        return items
    return tree
