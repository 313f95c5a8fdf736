"""What is known of a commune at a moment: the sum of what the journal has of it so far."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import attrs

from ntm_rules.engine.session.journal import Kind, Row, encoded
from ntm_rules.engine.session.refused import unknown_fact
from ntm_rules.model.checking import clean_value, fact_named
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import Problem
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.values import FactValue, to_plain

__all__ = ["IDENTITY", "Change", "Given", "Known", "change_of", "day_of", "known_from", "recorded", "rows_of"]

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
    """Something said of a commune: the kind and key, the value (None: no longer known), the day it speaks of, and who says so."""

    kind: Kind
    key: str
    new: Any
    as_of: datetime.date | None
    source: str | None


class Said(NamedTuple):
    """The day that a known value speaks of, and who has said it of that day; neither where it was taken back."""

    as_of: datetime.date | None
    sources: frozenset[str | None]

    def again(self, as_of: datetime.date | None, source: str | None) -> Said:
        """After the same value has been said once more."""
        if as_of is None or as_of == self.as_of:
            return Said(self.as_of, self.sources | {source})
        return Said(as_of, frozenset((source,)))


@attrs.frozen(slots=True)
class Known:
    """Everything known of one commune, by kind and key; `wrong` are facts that the catalogue does not allow, kept as recorded."""

    code: str
    identity: dict[str, Any] = attrs.field(factory=dict)
    fact: dict[str, FactValue] = attrs.field(factory=dict)
    attested: dict[str, bool] = attrs.field(factory=dict)
    plan: dict[str, FactValue] = attrs.field(factory=dict)
    said: dict[tuple[Kind, str], Said] = attrs.field(factory=dict)
    wrong: set[str] = attrs.field(factory=set)

    def of(self, kind: Kind) -> dict[str, Any]:
        """What is known of a kind."""
        found: dict[str, Any] = getattr(self, kind)
        return found

    def after(self, changes: Iterable[Change | Given]) -> Known:
        """What is known after some changes."""
        found = Known(
            self.code,
            dict(self.identity),
            dict(self.fact),
            dict(self.attested),
            dict(self.plan),
            dict(self.said),
            set(self.wrong),
        )
        for change in changes:
            found._put(change)
        return found

    def _put(self, change: Change | Given) -> None:
        kind, key = change.kind, change.key
        known, before = self.of(kind), self.said.get((kind, key))
        old = known.pop(key, None)
        if kind == "fact":
            self.wrong.discard(key)
        if change.new is None:
            self.said[kind, key] = Said(None, frozenset())
            return
        known[key] = change.new
        if before is not None and _same(old, change.new):
            self.said[kind, key] = before.again(change.as_of, change.source)
        else:
            self.said[kind, key] = Said(change.as_of, frozenset((change.source,)))

    def tells_nothing(self, given: Given) -> bool:
        """Whether something is known already: the same value, of the same day or a later one, from the same source.

        Of who and where a commune is only what changes counts. A plan's day is the one it is planned for.
        """
        kind, key, new, as_of, source = given
        if not _same(self.of(kind).get(key), new):
            return False
        if new is None or kind == "identity":
            return True
        day, sources = self.said[kind, key]
        if as_of is None or as_of == day:
            return source is None or source in sources
        return kind != "plan" and day is not None and as_of < day

    def older(self, given: Given) -> datetime.date | None:
        """The day of the value known, where another is given that speaks of an earlier day; plans may be brought forward."""
        kind, key, new, as_of, _ = given
        day = self.said[kind, key].as_of if (kind, key) in self.said and kind != "plan" else None
        if as_of is None or day is None or as_of >= day or _same(self.of(kind).get(key), new):
            return None
        return day

    def commune(self, *, planned: bool = False) -> Commune:
        """The commune as `evaluate` takes it; `planned` puts planned values in place of facts."""
        facts = self.fact | self.plan if planned else self.fact
        return Commune(code=self.code, facts=facts, attested=self.attested, **self.identity)


def known_from(rows: Iterable[Row], code: str, catalogue: Catalogue) -> Known:
    """What rows of the journal say of a commune, put together."""
    known = Known(code)
    latest: dict[tuple[Kind, str], Row] = {}
    for row in rows:
        place, before = (row.kind, row.key), latest.get((row.kind, row.key))
        if before is not None and before.value == row.value and place in known.said:
            known.said[place] = known.said[place].again(day_of(row.as_of), row.source)
        else:
            known.said[place] = Said(day_of(row.as_of), frozenset((row.source,)))
        latest[place] = row
    for (kind, key), row in latest.items():
        value = _content(row, catalogue)
        if value is None:
            known.said[kind, key] = Said(None, frozenset())
            continue
        allowed = not isinstance(value, Problem)
        known.of(kind)[key] = value if allowed else row.content
        if kind == "fact" and not allowed:
            known.wrong.add(key)
    return known


def recorded(rows: Iterable[Row], known: Known, catalogue: Catalogue) -> tuple[tuple[Change, ...], Known]:
    """The changes that rows record, values that the catalogue does not allow as they are, and what is known after them."""
    changes, wrong = [], set()
    for row in rows:
        value = _content(row, catalogue)
        if isinstance(value, Problem):
            value = row.content
            wrong |= {row.key} if row.kind == "fact" else set()
        changes.append(change_of(row, known, value))
    after = known.after(changes)
    after.wrong.update(wrong)
    return tuple(changes), after


def _content(row: Row, catalogue: Catalogue) -> Any:
    """The value of a row, or a `Problem` where the catalogue no longer has such a fact or value."""
    if row.value is None:
        return None
    if row.kind == "identity":
        return json.loads(row.value)  # plain JSON, in which a float is one
    if row.kind == "attested":
        return row.content
    fact = fact_named(catalogue, row.key)
    return unknown_fact(row.key, catalogue) if fact is None else clean_value(fact, row.key, row.content)


def day_of(text: str | None) -> datetime.date | None:
    """A day as the journal writes it."""
    return None if text is None else datetime.date.fromisoformat(text)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def rows_of(
    known: Known,
    contents: list[Given],
    sequences: Iterator[int],
    step: int,
    moment: str,
    who: str | None,
) -> list[tuple[Row, Any]]:
    """The rows of what is not known already, each with its value."""
    found = []
    for given in contents:
        if known.tells_nothing(given):
            continue
        kind, key, new, day, source = given
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
