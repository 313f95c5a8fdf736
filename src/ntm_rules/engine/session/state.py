"""What is known of a commune at a moment: the sum of what the journal has of it so far."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import attrs

from ntm_rules.engine.session.journal import Kind, Row, encoded
from ntm_rules.model.checking import clean_value, fact_named
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import FactError, Problem
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text
from ntm_rules.model.values import FactValue, to_plain

__all__ = ["IDENTITY", "Change", "Given", "Known", "change_of", "day_of", "known_from", "rows_of"]

IDENTITY = ("name", "region", "province", "district", "zone", "year", "host_id")


@attrs.frozen(slots=True, kw_only=True)
class Change:
    """One thing that became known otherwise: which, from what to what, as of when, from whom.

    `kind` is "fact", "plan" (a planned value, which judges nothing), "attested" (an agency's verdict) or "identity" (region, year
    and so on); `key` is the fact, number or field. None stands for not known. `as_of` is the day the value speaks of,
    `recorded_at` when it was recorded, `sequence` its row in the journal, `who` the person or system that gave it.
    """

    sequence: int
    commune: str
    kind: Kind
    key: str
    old: Any
    new: Any
    as_of: datetime.date | None
    source: str | None
    who: str | None
    recorded_at: datetime.datetime

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON-ready data."""
        plain = attrs.asdict(self, recurse=False)
        return plain | {
            "old": to_plain(self.old),
            "new": to_plain(self.new),
            "as_of": self.as_of and self.as_of.isoformat(),
            "recorded_at": self.recorded_at.isoformat(),
        }


class Given(NamedTuple):
    """Something said of a commune: the kind and key, the value (None: no longer known), and the day it speaks of."""

    kind: Kind
    key: str
    new: Any
    as_of: datetime.date | None


@attrs.frozen(slots=True)
class Known:
    """Everything known of one commune, by kind and key; `as_of` has the day that each fact speaks of."""

    code: str
    identity: dict[str, Any] = attrs.field(factory=dict)
    fact: dict[str, FactValue] = attrs.field(factory=dict)
    attested: dict[str, bool] = attrs.field(factory=dict)
    plan: dict[str, FactValue] = attrs.field(factory=dict)
    as_of: dict[str, datetime.date] = attrs.field(factory=dict)

    def of(self, kind: Kind) -> dict[str, Any]:
        """What is known of a kind."""
        found: dict[str, Any] = getattr(self, kind)
        return found

    def after(self, changes: Iterable[Change | Given]) -> Known:
        """What is known after some changes."""
        found = Known(
            self.code, dict(self.identity), dict(self.fact), dict(self.attested), dict(self.plan), dict(self.as_of)
        )
        for change in changes:
            found._put(change.kind, change.key, change.new, change.as_of)
        return found

    def _put(self, kind: Kind, key: str, value: Any, as_of: datetime.date | None) -> None:
        known = self.of(kind)
        if value is None:
            known.pop(key, None)
        else:
            known[key] = value
        if kind == "fact":
            if value is None or as_of is None:
                self.as_of.pop(key, None)
            else:
                self.as_of[key] = as_of

    def commune(self, *, planned: bool = False) -> Commune:
        """The commune as `evaluate` takes it; `planned` puts planned values in place of facts."""
        facts = self.fact | self.plan if planned else self.fact
        return Commune(code=self.code, facts=facts, attested=self.attested, **self.identity)


def known_from(rows: Iterable[Row], code: str, catalogue: Catalogue) -> Known:
    """What rows of the journal say of a commune, put together; `FactError` where the catalogue no longer has such a fact or value."""
    latest = {(row.kind, row.key): row for row in rows}
    found: list[Given] = []
    problems: list[Problem] = []
    for (kind, key), row in latest.items():
        value = _content(row)
        if kind in ("fact", "plan") and value is not None:
            fact = fact_named(catalogue, key)
            value = None if fact is None else clean_value(fact, key, value)
            if fact is None:
                problems.append(_gone(row))
            elif isinstance(value, Problem):
                problems.append(attrs.evolve(value, source=f"{code}, {row.recorded_at[:10]}"))
        found.append(Given(kind, key, value, day_of(row.as_of)))
    if problems:
        raise FactError(problems)
    return Known(code).after(found)


def _content(row: Row) -> Any:
    """The value of a row; identity is plain JSON, in which a float is one."""
    return json.loads(row.value) if row.kind == "identity" and row.value is not None else row.content


def day_of(text: str | None) -> datetime.date | None:
    """A day as the journal writes it."""
    return None if text is None else datetime.date.fromisoformat(text)


def _gone(row: Row) -> Problem:

    return Problem(
        code="unknown_fact",
        key=row.key,
        source=f"{row.commune}, {row.recorded_at[:10]}",
        message=Text(
            "sổ ghi có số liệu mà danh mục không còn", "the journal has a fact that the catalogue no longer has"
        ),
    )


def rows_of(
    known: Known,
    contents: list[Given],
    sequences: Iterator[int],
    step: int,
    moment: str,
    source: str | None,
    who: str | None,
) -> list[tuple[Row, Any]]:
    """The rows of what is not known already, each with its value; a value confirmed for a later day is a row too."""
    found = []
    for kind, key, new, day in contents:
        old = known.of(kind).get(key)
        same = old == new and type(old) is type(new)
        if same and (kind != "fact" or day is None or known.as_of.get(key) == day):
            continue
        row = Row(
            sequence=next(sequences),
            step=step,
            commune=known.code,
            kind=kind,
            key=key,
            value=encoded(new),
            as_of=None if day is None else day.isoformat(),
            source=source,
            who=who,
            recorded_at=moment,
        )
        found.append((row, new))
    return found


def change_of(row: Row, known: Known, new: Any) -> Change:
    """The change that a row records, after what was known before."""
    return Change(
        sequence=row.sequence,
        commune=row.commune,
        kind=row.kind,
        key=row.key,
        old=known.of(row.kind).get(row.key),
        new=new,
        as_of=day_of(row.as_of),
        source=row.source,
        who=row.who,
        recorded_at=datetime.datetime.fromisoformat(row.recorded_at),
    )
