"""Which communes have lost the same: what a reaction that counts remembers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from ntm_rules.engine.session.events import Event
from ntm_rules.engine.session.state import Known
from ntm_rules.model.reaction import Group, Reaction
from ntm_rules.model.ruleset import Catalogue

__all__ = ["Counting"]

Place = tuple[str | None, ...]


class Counting:
    """The communes of which a reaction has heard what it waits for, and not that it has passed.

    A commune counts from the event waited for until another event on the same thing says otherwise; "open" says that it is still not
    met. The reaction is due when a group's number reaches the bound, and again only after it has been below. The days are those that
    the figures speak of, counted back from the latest of the group, so that a late report makes no difference.
    """

    def __init__(self, reaction: Reaction) -> None:
        self._reaction = reaction
        self._seen: dict[tuple[str, str, str], dict[str, tuple[Place, datetime.date]]] = {}

    def passes(self, events: Iterable[Event]) -> None:
        """Leave a commune out where what it was counted for is no longer so."""
        for event in events:
            if event.name not in self._reaction.events and not event.name.endswith("_open"):
                self._seen.get(_thing(event), {}).pop(event.commune, None)

    def reaches(self, event: Event, known: Known, day: datetime.date, catalogue: Catalogue) -> bool:
        """Count a commune, and say whether by this the number of its group reaches the bound."""
        group = _group(self._reaction.of_one, known, catalogue)
        if group is None:  # of which nobody can say where it belongs
            return False
        seen = self._seen.setdefault(_thing(event), {})
        before = self._number(seen, group)
        _, last = seen.get(event.commune, (group, day))
        seen[event.commune] = group, max(day, last)
        return before < self._reaction.communes <= self._number(seen, group)

    def _number(self, seen: dict[str, tuple[Place, datetime.date]], group: Place) -> int:
        days = [day for place, day in seen.values() if place == group]
        within = self._reaction.within_days
        return len(days) if within is None else sum((max(days) - day).days <= within for day in days)


def _thing(event: Event) -> tuple[str, str, str]:
    # A title that was won while it stood so is told as a reaction, by the ruleset's own id.
    kind = "title" if event.name == "reaction" and event.id == event.ruleset else event.name.partition("_")[0]
    return kind, event.ruleset, event.id


def _group(of_one: Group | None, known: Known, catalogue: Catalogue) -> Place | None:
    """The group that a commune is counted in; a district is told by its name and the province, else the region, it lies in."""
    if of_one is None:
        return ()
    name, district = known.identity.get("province"), known.identity.get("district")
    province = None if name is None else catalogue.province(name)
    region, slug = known.identity.get("region"), None
    if province is not None:
        region, slug = province.region, province.slug
    if of_one == "district":
        return None if district is None else (slug or region, district)
    place = slug if of_one == "province" else region
    return None if place is None else (place,)
