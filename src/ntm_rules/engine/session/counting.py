"""Which communes have lost the same: what a reaction that counts remembers."""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Iterable, Iterator

import attrs

from ntm_rules.engine.session.events import Event
from ntm_rules.engine.session.state import Known
from ntm_rules.model.reaction import Group, Reaction
from ntm_rules.model.ruleset import Catalogue

__all__ = ["Counting"]

Place = tuple[str | None, ...]


@attrs.define(slots=True)
class _Loss:
    """Of one commune: the day of its latest loss, and whether it has been told with those it is counted with."""

    day: int
    told: bool = False


class Counting:
    """The communes of which a reaction has heard what it waits for, and not that it has passed.

    A commune counts from the event waited for until another event on the same thing says otherwise; "open" and "undetermined" say
    that it is still not met. It counts in the group that it belongs to now, and while it holds now what the reaction asks for. The
    reaction is due when the communes within some days that hold the new event reach the bound, and have not been told together. The
    days are those that the figures speak of, so that it makes no difference which is reported first.
    """

    def __init__(self, reaction: Reaction) -> None:
        self._reaction = reaction
        self._losses: dict[tuple[str, str, str], dict[str, _Loss]] = {}
        # Where each commune is counted now; None where it is not.
        self._groups: dict[str, Place | None] = {}

    def follow(self, known: Known, events: Iterable[Event], catalogue: Catalogue) -> None:
        """Take over where a commune is counted now, and leave it out where what it was counted for is no longer so."""
        for event in events:
            if event.name not in self._reaction.events and not event.name.endswith(_STILL_NOT_MET):
                self._losses.get(_thing(event), {}).pop(event.commune, None)
        counts = self._reaction.holds is None or known.fact.get(self._reaction.holds) is True
        group = _group(self._reaction.of_one, known, catalogue) if counts else None
        if self._groups.get(known.code) != group:
            for losses in self._losses.values():
                if known.code in losses:
                    losses[known.code].told = False
        self._groups[known.code] = group

    def reaches(self, event: Event, day: datetime.date) -> bool:
        """Count a commune, and say whether with it its group reaches the bound anew."""
        losses = self._losses.setdefault(_thing(event), {})
        own = losses.setdefault(event.commune, _Loss(day.toordinal()))
        own.day = max(own.day, day.toordinal())
        group = self._groups[event.commune]
        if group is None:  # of which nobody can say where it belongs, or which does not hold what it should
            return False
        together = [loss for code, loss in losses.items() if self._groups[code] == group]
        bound = self._reaction.communes
        reached = [window for window in self._windows(together, own.day) if len(window) >= bound]
        due = any(sum(loss.told for loss in window) < bound for window in reached)
        for window in reached:
            for loss in window:
                loss.told = True
        return due

    def _windows(self, losses: list[_Loss], day: int) -> Iterator[list[_Loss]]:
        """The losses within so many days, for all such days that hold one day; none where others hold them all and more."""
        within = self._reaction.within_days
        if within is None:
            yield losses
            return
        near = sorted((loss for loss in losses if abs(loss.day - day) <= within), key=lambda loss: loss.day)
        days, until = [loss.day for loss in near], 0
        for first in range(bisect.bisect_right(days, day)):
            end = bisect.bisect_right(days, days[first] + within)
            if end > until:
                yield near[first:end]
            until = end


_STILL_NOT_MET = ("_open", "_undetermined")


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
