"""Communes as tables, and what the native engine says of them: the two sides that are held equal."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pyarrow as pa

import ntm_rules as ntm
from ntm_rules.engine.sql.sources import fact_columns, required_rulesets
from ntm_rules.model.facts import FactKind
from ntm_rules.model.values import to_decimal
from ntm_rules.testing.documents import Document

Row = dict[str, Any]
# Status, reason, gap and whether the facts speak against the agency, by (row, indicator).
Said = dict[tuple[int, str], tuple[str, str | None, Decimal | None, bool]]

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
    row |= {f"attested.{name}": "true" if verdict else "false" for name, verdict in commune.attested.items()}
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
    attested = dict.fromkeys(sorted(name for name in given if name.startswith("attested.")), "boolean")
    return IDENTITY | {name: words.get(kind, "number") for name, kind in kinds.items() if name in given} | attested


# Of a commune: column, verdicts, whether a title is at risk, and the counts, by name.
OfCommune = dict[str, Any]


@attrs.frozen
class Judged:
    """What an engine says of a table: of every indicator, of every commune, and the places of the rows it refuses."""

    said: Said
    communes: dict[int, OfCommune]
    refused: set[int]


def native(ruleset: ntm.Ruleset, communes: Sequence[ntm.Commune], **options: Any) -> Judged:
    """What the native engine says."""
    said: Said = {}
    counted: dict[int, OfCommune] = {}
    refused: set[int] = set()
    for place, commune in enumerate(communes):
        try:
            assessment = ntm.evaluate(ruleset, commune, **options)
            results = assessment.results
            counted[place] = _of_commune(assessment)
        except ntm.NtmRulesError:
            refused.add(place)
            continue
        for result in results:
            reason = result.reason and result.reason.value
            said[place, result.id] = (result.status.value, reason, _rounded(result.gap), result.conflict)
    return Judged(said, counted, refused)


def _of_commune(assessment: ntm.Assessment) -> OfCommune:
    criteria = [result.verdict for result in assessment.criteria]
    return {
        "column": assessment.column,
        "verdict": assessment.verdict.value,
        "standing": assessment.standing.value,
        "recognition": assessment.recognition.value,
        "at_risk": assessment.at_risk.answer,
        "criteria_met": assessment.criteria_met,
        "criteria_missing": criteria.count(ntm.Verdict.MISSING),
        "criteria_undetermined": criteria.count(ntm.Verdict.UNDETERMINED),
        "criteria_total": assessment.criteria_total,
        "indicators_met": assessment.indicators_met,
        "indicators_missing": len(assessment.missing),
        "indicators_undetermined": len(assessment.undetermined),
        "indicators_total": assessment.indicators_total,
    }


def _rounded(gap: Decimal | None) -> Decimal | None:
    """As SQL gives it: exact to ten decimals, else rounded up at the fourth."""
    if gap is None or gap == round(gap, 10):
        return gap
    return to_decimal(Fraction(math.ceil(gap * 10**4), 10**4))


def judged(
    indicators: Iterable[Mapping[str, Any]],
    communes: Iterable[Mapping[str, Any]],
    rejected: Iterable[Mapping[str, Any]],
) -> Judged:
    """What SQL said, of the rows of its three outputs."""
    counted = {row["row"]: {name: row[name] for name in row if name not in ("row", "code", "year")} for row in communes}
    for row in counted.values():  # strict evaluation tells those whom a rule that is not confirmed sends there
        row["column"] = row["column"].removesuffix(" (special)")
    return Judged(said(indicators), counted, {row["row"] for row in rejected})


def differences(one: Judged, other: Judged) -> list[str]:
    """The first few places where two engines say different things."""
    refused = [f"row {row} is refused by one only" for row in sorted(one.refused ^ other.refused)]
    return refused[:5] + _apart(one.said, other.said) + _apart(one.communes, other.communes)


def _apart(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> list[str]:
    places = [place for place in sorted(one.keys() | other.keys()) if one.get(place) != other.get(place)]
    return [f"{place}: {one.get(place)} and {other.get(place)}" for place in places[:5]]


def said(judged: Iterable[Mapping[str, Any]]) -> Said:
    """What SQL said, of its rows of indicators."""
    return {
        (row["row"], row["indicator"]): (row["status"], row["reason"], row["gap"], row["conflict"]) for row in judged
    }


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
    return commune.replace(facts=facts)


def attestable(ruleset: ntm.Ruleset) -> list[str]:
    """The names under which agencies may attest something that the ruleset, or one that it requires, reads."""
    return [
        name
        for own in required_rulesets(ruleset)
        for top in (*own.indicators, *own.conditions, *own.prerequisites)
        for name in ((f"{own.id}:{top.id}", top.id) if own is ruleset else (f"{own.id}:{top.id}",))
    ]


def attesting(commune: ntm.Commune, names: Sequence[str], number: int) -> ntm.Commune:
    """The commune with verdicts of agencies on nothing, a few or nearly all of the names, as the number has it."""
    chosen = random.Random(number)  # noqa: S311 - a sample of tests, no secret
    share, passing = chosen.choice([0, 0.05, 0.9]), chosen.choice([0.5, 0.8, 0.98])
    attested = {name: chosen.random() < passing for name in names if chosen.random() < share}
    return commune.replace(attested=attested) if attested else commune


def some_of(names: Sequence[str], most: int, number: int) -> list[str]:
    """At most so many of the names: each is a column, and engines take long to plan many."""
    return random.Random(number).sample(names, min(most, len(names)))  # noqa: S311


def _short(value: Any) -> Any:
    if isinstance(value, ntm.Ratio):
        over, under = (min(round(side, 4), Decimal(10**10 - 1)) for side in (value.numerator, value.denominator))
        return {"numerator": min(over, under), "denominator": under} if under > 0 else None
    if isinstance(value, Decimal):
        return min(round(value, 8), Decimal(10**11))
    return value


Documents = tuple[Document, ...]
