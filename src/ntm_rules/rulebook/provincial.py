"""Why loading refuses a province's overlay that asks for less than the national text, and where that stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text
from ntm_rules.rulebook.lined import Steps
from ntm_rules.rulebook.loosening import Breach
from ntm_rules.rulebook.places import place_of, places_in
from ntm_rules.rulebook.reading import problem_at
from ntm_rules.rulebook.yaml_text import read_yaml

__all__ = ["refusal"]

Content: TypeAlias = bytes | Mapping[str, Any]


def refusal(lowered: Sequence[Breach], overlays: Sequence[tuple[str, Content]]) -> RulebookError:
    """The error for what a province's overlays ask less of than the national text, each with the file and line to blame."""
    trees = [(source, _tree(source, content)) for source, content in overlays]
    return RulebookError(_problem(breach, trees) for breach in lowered)


def _tree(source: str, content: Content) -> Any:
    return content if isinstance(content, Mapping) else read_yaml(content, source)


def _problem(breach: Breach, trees: Sequence[tuple[str, Any]]) -> Problem:
    source, tree, path = next(_blamed(breach.key, trees))
    what = breach.message
    named = Text(f"{breach.key}: {what.vi}", f"{breach.key}: {what.en}")
    found = ", ".join(breach.values) or None
    return problem_at(tree, source, path, breach.code, named, found=found, wanted=_wanted(breach))


def _blamed(key: str, trees: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any, Steps]]:
    """The last overlay that speaks of what is lowered, and where; else the last one."""
    for source, tree in reversed(trees):
        if path := place_of(places_in(tree), key):
            yield source, tree, path
    yield (*trees[-1], ())


def _wanted(breach: Breach) -> Text | None:
    if breach.unconfirmed:
        return Text(
            "ít nhất bằng mức quốc gia; mức quốc gia này chưa xác nhận, nếu ghi sai thì sửa bộ quốc gia trước",
            "no less than the national threshold; that one is not confirmed: where it is wrong, correct the national text",
        )
    if breach.wanted:
        return Text(breach.wanted, breach.wanted)
    return Text("ít nhất bằng quy định quốc gia", "no less than the national text")
