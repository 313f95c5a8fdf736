"""Do the layers of a ruleset commute? Where two do not, which come first decides, and their days must say which."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ntm_rules.model.errors import RulebookError
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.layers import apply_layer
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.yaml_text import read_yaml
from ntm_rules.testing.findings import Finding

__all__ = ["layers_commute"]

Normal: TypeAlias = dict[str, Any]
Layer: TypeAlias = tuple[str, Normal]
Overlay: TypeAlias = str | Path | Mapping[str, Any]

_WHOLE = ("special_communes", "withdrawal", "totals", "complete")


def layers_commute(ruleset: Ruleset, examples: int = 0) -> Iterator[Finding]:  # noqa: ARG001 - every two are gone through
    """Each two layers put on the other way round: the same text, or else why not.

    The layers are those of the rulebook the ruleset was loaded from, for its province, and the overlays it was loaded with. Two that
    do not commute are a note where their kinds or days say which comes first, a failure where only the names of the files do, or the
    order in which they were given. The message names the layers and what both of them change.
    """
    home = ruleset.loaded_from
    if home is None or not (Path(home.directory) / f"{ruleset.id}.yaml").is_file():
        message = Text("không còn thư mục bộ quy tắc để đọc các lớp", "the rulebook with its layers is no longer there")
        yield Finding(check="layers-commute", message=message, severity="note", ruleset=ruleset)
        return
    text, layers = _read(Book(home.directory), ruleset, home.overlays)
    below = [text]
    for path, layer in layers:
        try:
            below.append(apply_layer(below[-1], layer, path))
        except RulebookError as error:
            yield _not_together(ruleset, layer, error)
            return
    for (place, first), (_, second) in itertools.combinations(enumerate(layers), 2):
        touched = _different(below[place], first, second)
        if touched:
            yield _finding(ruleset, first[1], second[1], touched)


def _read(book: Book, ruleset: Ruleset, overlays: Sequence[Overlay]) -> tuple[Normal, list[Layer]]:
    """A ruleset's first text and all its layers in order; of one that is given anew, the new one."""
    text = book.ruleset(ruleset.id)
    assert text is not None
    layers = book.layers(ruleset.id, ruleset.province)
    given: list[Layer] = []
    applied = {layer.name for layer in ruleset.layers}
    put_on = [each for each in layers if each[1]["kind"] == "amendment" or each[1]["layer"] in applied]
    below = _applied(text, put_on)
    for overlay in overlays:
        source, content = _content(overlay)
        of = content.get("of") if isinstance(content, Mapping) else read_yaml(content, source).get("of")
        if of == ruleset.id:
            layer = book.overlay(content, source, below)
            below = apply_layer(below, layer, source)
            given.append((source, layer))
    names = {layer["layer"] for _, layer in given}
    return text, [*(each for each in layers if each[1]["layer"] not in names), *given]


def _content(overlay: Overlay) -> tuple[str, bytes | Mapping[str, Any]]:
    if isinstance(overlay, Mapping):
        return str(overlay.get("layer", "overlay")), overlay
    return str(overlay), Path(overlay).read_bytes()


def _different(text: Normal, first: Layer, second: Layer) -> list[str]:
    """What the two orders disagree on; nothing where the second needs another layer still, which stands between them."""
    try:
        one = _applied(text, [first, second])
    except RulebookError:
        return []
    try:
        return list(_apart(one, _applied(text, [second, first])))
    except RulebookError as error:
        return [problem.key or "?" for problem in error.problems]


def _applied(text: Normal, layers: Sequence[Layer]) -> Normal:
    for path, layer in layers:
        text = apply_layer(text, layer, path)
    return text


def _apart(one: Normal, other: Normal) -> Iterator[str]:
    """The names of what differs: cells by clause and column, clauses, and what stands around them."""
    left, right = ({clause["id"]: clause for clause in each_clause(text)} for text in (one, other))
    for number in dict.fromkeys((*left, *right)):
        mine, theirs = left.get(number), right.get(number)
        if mine != theirs:
            yield _cells_apart(number, mine, theirs)
    yield from (name for name in _WHOLE if one[name] != other[name])


def _cells_apart(number: str, mine: Normal | None, theirs: Normal | None) -> str:
    rows = [_cells(clause) for clause in (mine, theirs)]
    columns = sorted({column for key, column in rows[0].items() ^ rows[1].items() for column in [key]})
    return f"{number} ({', '.join(columns)})" if columns else number


def _cells(clause: Normal | None) -> dict[str, str]:
    """The cells of a clause by "column" or "year column", as text."""
    rows = (clause or {}).get("requirement", {}).get("rows", ())
    return {
        " ".join(str(part) for part in (year, column) if part): str(cell)
        for year, row in rows
        for column, cell in row.items()
    }


def _not_together(ruleset: Ruleset, layer: Normal, error: RulebookError) -> Finding:
    name = layer["layer"]
    message = Text(
        f"{name} không đặt được lên các lớp trước: {error.problems[0].message.vi}",
        f"{name} cannot be put on the layers before it: {error.problems[0].message.en}",
    )
    return Finding(check="layers-commute", message=message, ruleset=ruleset)


def _finding(ruleset: Ruleset, one: Normal, other: Normal, touched: Sequence[str]) -> Finding:
    names = " → ".join(layer["layer"] for layer in (one, other))
    days = [layer["decision"][2] for layer in (one, other)]
    ordered = one["kind"] != other["kind"] or (None not in days and days[0] != days[1])
    listed = ", ".join(itertools.islice(touched, 12))
    vi = f"{names}: cùng sửa {listed}; " + ("lớp sau thắng" if ordered else "không ngày nào nói lớp nào sau")
    en = f"{names}: both change {listed}; " + (
        "the later one holds" if ordered else "no date says which is the later one"
    )
    return Finding(
        check="layers-commute", message=Text(vi, en), severity="note" if ordered else "failure", ruleset=ruleset
    )
