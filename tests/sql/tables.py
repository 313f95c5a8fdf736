"""Communes as tables, and what the native engine says of them: the two sides that are held equal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

import ntm_rules as ntm
from ntm_rules.model.values import to_decimal

Said = dict[tuple[int, str], tuple[str, str | None, Decimal | None]]


def rows_of(communes: Iterable[ntm.Commune]) -> list[dict[str, Any]]:
    """A row per commune, every figure as plain text, as in a CSV."""
    return [_row(commune) for commune in communes]


def _row(commune: ntm.Commune) -> dict[str, Any]:
    row: dict[str, Any] = {
        "code": commune.code,
        "region": commune.region,
        "province": commune.province,
        "zone": ";".join(commune.zones) or None,
        "year": commune.year,
    }
    for key, value in commune.facts.items():
        if isinstance(value, ntm.Ratio):
            row[f"{key}.numerator"], row[f"{key}.denominator"] = f"{value.numerator:f}", f"{value.denominator:f}"
        else:
            row[key] = (
                f"{value:f}" if isinstance(value, Decimal) else str(value).lower() if isinstance(value, bool) else value
            )
    return row


def as_text(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The rows with every fact as text."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table(
        {
            name: pa.array([row.get(name) for row in rows], pa.int64() if name == "year" else pa.string())
            for name in names
        }
    )


def native(ruleset: ntm.Ruleset, communes: Sequence[ntm.Commune], **options: Any) -> tuple[Said, set[int]]:
    """Status, reason and gap of every indicator of the communes the native engine takes, and the places of those it refuses."""
    said: Said = {}
    refused: set[int] = set()
    for place, commune in enumerate(communes):
        try:
            results = ntm.evaluate(ruleset, commune, **options).results
        except ntm.NtmRulesError:
            refused.add(place)
            continue
        for result in results:
            gap = result.gap if not result.parts or result.fact else None
            said[place, result.id] = (result.status.value, result.reason and result.reason.value, _rounded(gap))
    return said, refused


def _rounded(gap: Decimal | None) -> Decimal | None:
    """As SQL gives it: exact to ten decimals, else rounded up at the fourth."""
    if gap is None or gap == round(gap, 10):
        return gap
    return to_decimal(Fraction(math.ceil(gap * 10**4), 10**4))


def of_sql(judged: pa.Table) -> Said:
    """The same of a table of indicators judged by SQL."""
    return {(row["row"], row["indicator"]): (row["status"], row["reason"], row["gap"]) for row in judged.to_pylist()}
