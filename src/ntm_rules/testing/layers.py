"""Do the layers of a ruleset commute? Where two do not, which come first decides, and their days must say which."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from ntm_rules.model.errors import RulebookError
from ntm_rules.model.text import Text
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.layers import apply_layer
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.testing.findings import Finding

__all__ = ["layers_commute"]

Normal: TypeAlias = dict[str, Any]
Layer: TypeAlias = tuple[str, Normal]

_WHOLE = ("special_communes", "withdrawal", "totals", "complete")


def layers_commute(book: Book, ruleset_id: str, province: str | None = None) -> Iterator[Finding]:
    """Each two layers put on the other way round: the same text, or else why not.

    Two that do not commute are a note where their kinds or days say which comes first, a failure where only the names of the
    files do. The message names the layers and what both of them change.
    """
    text = book.ruleset(ruleset_id)
    layers = book.layers(ruleset_id, province)
    for (place, first), (_, second) in itertools.combinations(enumerate(layers), 2):
        assert text is not None
        touched = _different(_applied(text, layers[:place]), first, second)
        if touched:
            yield _finding(first[1], second[1], touched)


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


def _finding(one: Normal, other: Normal, touched: Sequence[str]) -> Finding:
    names = " → ".join(layer["layer"] for layer in (one, other))
    days = [layer["decision"][2] for layer in (one, other)]
    ordered = one["kind"] != other["kind"] or (None not in days and days[0] != days[1])
    listed = ", ".join(itertools.islice(touched, 12))
    vi = f"{names}: cùng sửa {listed}; " + ("lớp sau thắng" if ordered else "không ngày nào nói lớp nào sau")
    en = f"{names}: both change {listed}; " + (
        "the later one holds" if ordered else "no date says which is the later one"
    )
    return Finding(check="layers-commute", message=Text(vi, en), severity="note" if ordered else "failure")
