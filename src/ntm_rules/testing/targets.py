"""What `check` and `test` are given: a ruleset's id, a rulebook's directory, a ruleset's or layer's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text
from ntm_rules.public import load_ruleset
from ntm_rules.rulebook.rulebook import Rulebook, shipped
from ntm_rules.rulebook.yaml_text import read_yaml

__all__ = ["Target", "targets"]


@attrs.frozen(slots=True)
class Target:
    """A ruleset to check, and what to call it."""

    name: str
    ruleset: Ruleset


def targets(asked: str, *, source: str | Path | None = None, **options: Any) -> Iterator[Target]:
    """The rulesets that an id, directory or file stands for.

    Of a directory, or of the file of a ruleset in one: every text there is, by day and by province. Of a layer's file: its
    ruleset with the layer on it. `options` are those of `load_ruleset`. Raises what loading raises.
    """
    path = Path(asked)
    if path.is_dir():
        book = Rulebook(path)
        for ruleset_id in book.ids:
            yield from _texts(book, ruleset_id)
    elif path.is_file():
        yield from _of_file(path, source, options)
    else:
        ruleset = load_ruleset(asked, source=source, **options)
        yield Target(_name(ruleset), ruleset)


def _of_file(path: Path, source: str | Path | None, options: Mapping[str, Any]) -> Iterator[Target]:
    tree = read_yaml(path.read_bytes(), str(path))
    keys = tree if isinstance(tree, Mapping) else {}
    home = next((parent for parent in path.resolve().parents if (parent / "rulebook.yaml").is_file()), None)
    directory = Path(source) if source is not None else home or shipped()
    book = Rulebook(directory)
    if "of" in keys:
        own = home is not None and path.resolve().relative_to(home).as_posix() in _layer_files(book, str(keys["of"]))
        given = dict(options) | ({} if own else {"overlays": (*options.get("overlays", ()), str(path))})
        if own and "province" in keys:
            given["province"] = keys["province"]
        ruleset = load_ruleset(keys["of"], source=directory, **given)
        yield Target(f"{_name(ruleset)} + {path.name}", ruleset)
    elif keys.get("ruleset") in book.ids:
        yield from _texts(book, keys["ruleset"])
    else:
        message = Text(
            "không phải bộ tiêu chí trong một thư mục bộ quy tắc, cũng không phải lớp sửa đổi",
            "neither a ruleset in a rulebook's directory nor a layer",
        )
        raise RulebookError([Problem(code="unknown_document", source=str(path), message=message)])


def _layer_files(book: Rulebook, ruleset_id: str) -> set[str]:
    provinces = (None, *book.provinces_with_overlay(ruleset_id))
    return {path for province in provinces for path in book.layer_paths(ruleset_id, province)}


def _texts(book: Rulebook, ruleset_id: str) -> Iterator[Target]:
    """Every different text of a ruleset: as it began, after each layer, and of each province."""
    seen: set[str] = set()
    latest = book.load(ruleset_id)
    days = {layer.decision.in_force for layer in latest.layers} | {latest.decision.in_force}
    loads: list[dict[str, Any]] = [{"on": day} for day in sorted(day for day in days if day is not None)]
    loads += [{}, *({"province": province} for province in book.provinces_with_overlay(ruleset_id))]
    for options in loads:
        ruleset = book.load(ruleset_id, **options)
        if ruleset.content_hash not in seen:
            seen.add(ruleset.content_hash)
            yield Target(_name(ruleset), ruleset)


def _name(ruleset: Ruleset) -> str:
    return " ".join(str(part) for part in (ruleset.id, ruleset.on, ruleset.province) if part is not None)
