"""Places in the source: where each clause of a document stands, for the line a problem names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ntm_rules.rulebook.lined import Steps

__all__ = ["place_of", "places_in"]


def places_in(tree: Any) -> dict[str, Steps]:
    """Where each clause ("17.1", "17.1.a", a condition's id) and criterion ("criterion 17") stands in a document."""
    found: dict[str, Steps] = {}

    def clause(item: Any, path: Steps, indicator: str, number: str) -> None:
        found.setdefault(number, path)
        for part, place in _parts_of(item.get("requires") or {}, (*path, "requires")):
            clause(part, place, indicator, f"{indicator}.{part['part']}")

    def clauses(items: Any, path: Steps, name: str) -> None:
        for place, item in enumerate(items or ()):
            clause(item, (*path, place), item[name], item[name])

    for section in ("criteria", "add_criteria"):
        for place, criterion in enumerate(tree.get(section) or ()):
            found.setdefault(f"criterion {criterion['no']}", (section, place))
            clauses(criterion["indicators"], (section, place, "indicators"), "no")
    for section in ("replace_indicators", "add_indicators"):
        clauses(tree.get(section), (section,), "no")
    for section in ("conditions", "prerequisites"):
        clauses(tree.get(section), (section,), "id")
    for place, item in enumerate(tree.get("set_thresholds") or ()):
        number = ".".join(filter(None, (item["indicator"], item.get("part"))))
        found.setdefault(number, ("set_thresholds", place))
    for section in ("remove_indicators", "remove_conditions"):
        for place, number in enumerate(tree.get(section) or ()):
            found.setdefault(number, (section, place))
    for section in ("totals", "special_communes", "withdrawal"):
        if section in tree:
            found[section] = (section,)
    return found


def _parts_of(requires: Any, path: Steps) -> Iterator[tuple[Any, Steps]]:
    for name in ("all", "any"):
        for place, part in enumerate(requires.get(name) or ()):
            yield part, (*path, name, place)
    for place, part in enumerate((requires.get("some") or {}).get("of") or ()):
        yield part, (*path, "some", "of", place)
    for name in ("then", "otherwise"):
        if part := (requires.get("when") or {}).get(name):
            yield part, (*path, "when", name)


def place_of(places: Mapping[str, Steps], number: str) -> Steps:
    """The place of a clause, or of the indicator it is part of."""
    while number not in places and "." in number:
        number = number.rpartition(".")[0]
    return places.get(number, ())
