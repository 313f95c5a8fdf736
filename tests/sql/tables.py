"""Communes as tables, and what the native engine says of them: the two sides that are held equal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

import ntm_rules as ntm
from ntm_rules.engine.sql.sources import fact_columns
from ntm_rules.model.facts import FactKind
from ntm_rules.model.values import to_decimal
from ntm_rules.testing.documents import Document

Row = dict[str, Any]
# Status, reason and gap by (row, indicator).
Said = dict[tuple[int, str], tuple[str, str | None, Decimal | None]]

IDENTITY = {"row": "int", "code": "text", "region": "text", "province": "text", "zone": "text", "year": "int"}


def rows_of(communes: Iterable[ntm.Commune]) -> list[Row]:
    """A row per commune, every figure as plain text, as in a CSV."""
    return [_row(place, commune) for place, commune in enumerate(communes)]


def _row(place: int, commune: ntm.Commune) -> Row:
    zone = ";".join(commune.zones) or None
    row: Row = {
        "row": place,
        "code": commune.code,
        "region": commune.region,
        "province": commune.province,
        "zone": zone,
    }
    row["year"] = commune.year
    for key, value in commune.facts.items():
        if isinstance(value, ntm.Ratio):
            row[f"{key}.numerator"], row[f"{key}.denominator"] = f"{value.numerator:f}", f"{value.denominator:f}"
        elif isinstance(value, bool):
            row[key] = "true" if value else "false"
        else:
            row[key] = f"{value:f}" if isinstance(value, Decimal) else value
    return row


def as_text(rows: Sequence[Row]) -> pa.Table:
    """The rows with every fact as text."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "row"]
    types = {"year": pa.int64()}
    return pa.table({name: pa.array([row.get(name) for row in rows], types.get(name, pa.string())) for name in names})


def columns_of(ruleset: ntm.Ruleset, rows: Sequence[Row]) -> dict[str, str]:
    """The columns of a table for the rows that a database may have: name to "number", "boolean" or "text"; identity first."""
    kinds = fact_columns(ruleset.catalogue)
    given = {name for row in rows for name in row}
    words = {FactKind.BOOLEAN: "boolean", FactKind.CATEGORY: "text"}
    return IDENTITY | {name: words.get(kind, "number") for name, kind in kinds.items() if name in given}


def native(ruleset: ntm.Ruleset, communes: Sequence[ntm.Commune], **options: Any) -> tuple[Said, set[int]]:
    """What the native engine says of every indicator of the communes it takes, and the places of those it refuses."""
    said: Said = {}
    refused: set[int] = set()
    for place, commune in enumerate(communes):
        try:
            results = ntm.evaluate(ruleset, commune, **options).results
        except ntm.NtmRulesError:
            refused.add(place)
            continue
        for result in results:
            reason = result.reason and result.reason.value
            said[place, result.id] = (result.status.value, reason, _rounded(result.gap))
    return said, refused


def _rounded(gap: Decimal | None) -> Decimal | None:
    """As SQL gives it: exact to ten decimals, else rounded up at the fourth."""
    if gap is None or gap == round(gap, 10):
        return gap
    return to_decimal(Fraction(math.ceil(gap * 10**4), 10**4))


def said(judged: Iterable[Mapping[str, Any]]) -> Said:
    """What SQL said, of its rows of indicators."""
    return {(row["row"], row["indicator"]): (row["status"], row["reason"], row["gap"]) for row in judged}


def shortened(value: Any) -> Any:
    """A generated document with no number of more digits than SQL takes."""
    if isinstance(value, dict):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(shortened(inner) for inner in value)
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        whole, _, rest = value.partition(".")
        return (
            whole[-10:].lstrip("0") + (f".{rest[:4]}" if rest else "")
            if whole.strip("0")
            else f"0.{rest[:4]}"
            if rest
            else "0"
        )
    return value


def short(commune: ntm.Commune) -> ntm.Commune:
    """A commune whose figures have no more digits than SQL takes."""
    facts = {key: _short(value) for key, value in commune.facts.items()}
    return commune.replace(facts=facts, attested=None)


def _short(value: Any) -> Any:
    if isinstance(value, ntm.Ratio):
        over, under = (min(round(side, 4), Decimal(10**10 - 1)) for side in (value.numerator, value.denominator))
        return {"numerator": min(over, under), "denominator": under} if under > 0 else None
    if isinstance(value, Decimal):
        return min(round(value, 8), Decimal(10**11))
    return value


Documents = tuple[Document, ...]
