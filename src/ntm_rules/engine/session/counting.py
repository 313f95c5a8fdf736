"""Which communes have lost the same: what a reaction that counts remembers."""

from __future__ import annotations

import bisect
import datetime
import itertools
import math
from collections.abc import Iterable

import attrs

from ntm_rules.engine.session.events import Event
from ntm_rules.engine.session.state import Known
from ntm_rules.model.reaction import Group, Reaction
from ntm_rules.model.ruleset import Catalogue

__all__ = ["Counting"]

Place = tuple[str | None, ...]


@attrs.define(slots=True)
class _Loss:
    """Of one commune: the day of its latest loss, whether what it had is no longer met, and whether it has been told with others."""

    day: int
    unmet: bool
    told: bool = False


class Counting:
    """The communes of which a reaction has heard what it waits for, and not that it has passed.

    A commune counts from the event waited for until another event on the same thing says otherwise; of what is
    not met "open" and "undetermined" say that it still is not. It counts in the group that it belongs to now, and while it holds now what the reaction asks for. The
    reaction is due when the communes within some days that hold the new event reach the bound, and have not been told together. The
    days are those that the figures speak of, so that it makes no difference which is reported first.
    """

    def __init__(self, reaction: Reaction) -> None:
        self._reaction = reaction
        self._span = math.inf if reaction.within_days is None else reaction.within_days
        # By what was lost, and by group: None is that of communes that are not counted now.
        self._losses: dict[tuple[str, str, str], dict[Place | None, dict[str, _Loss]]] = {}
        self._groups: dict[str, Place | None] = {}

    def follow(self, known: Known, events: Iterable[Event], catalogue: Catalogue) -> None:
        """Take over where a commune is counted now, and leave it out where what it was counted for is no longer so."""
        code = known.code
        old = self._groups.get(code)
        counts = self._reaction.holds is None or known.fact.get(self._reaction.holds) is True
        new = self._groups[code] = _group(self._reaction.of_one, known, catalogue) if counts else None
        if old != new:
            for groups in self._losses.values():
                loss = groups.get(old, {}).pop(code, None)
                if loss is not None:
                    groups.setdefault(new, {})[code] = _Loss(loss.day, loss.unmet)
        for event in events:
            losses = self._losses.get(_thing(event), {}).get(new, {})
            own = losses.get(code)
            still = own is not None and own.unmet and event.name.endswith(_STILL_UNMET)
            if event.name not in self._reaction.events and not still:
                losses.pop(code, None)

    def reaches(self, event: Event, day: datetime.date) -> bool:
        """Count a commune, and say whether with it its group reaches the bound anew."""
        group = self._groups[event.commune]
        losses = self._losses.setdefault(_thing(event), {}).setdefault(group, {})
        own = losses.get(event.commune)
        if own is None or day.toordinal() - own.day > self._span:  # what was told of it is over
            own = losses[event.commune] = _Loss(day.toordinal(), unmet=False)
        own.day, own.unmet = max(own.day, day.toordinal()), self._unmet(event)
        return group is not None and self._tells(losses.values(), own.day)

    def _unmet(self, event: Event) -> bool:
        """Whether an event is of something not met: that it is not known either then says nothing else."""
        # A title that was won while it stood so is told by another name than that which is waited for.
        names = self._reaction.events if event.name == "reaction" else (event.name,)
        return any(name.endswith((*_STILL_UNMET, "_missing", "_lost", "_at_risk")) for name in names)

    def _tells(self, losses: Iterable[_Loss], day: int) -> bool:
        """Whether within any days that hold one day as many as the bound have lost the same, and not been told together."""
        bound, span = self._reaction.communes, self._span
        near = sorted((loss for loss in losses if abs(loss.day - day) <= span), key=_day_of)
        days = [_day_of(loss) for loss in near]
        told = list(itertools.accumulate((loss.told for loss in near), initial=0))
        until, marked, due = 0, 0, False
        for first in range(bisect.bisect_right(days, day)):
            end = bisect.bisect_right(days, days[first] + span)
            # Days that hold no more than those before them say nothing of their own.
            if end > until and end - first >= bound:
                due = due or told[end] - told[first] < bound
                for loss in near[max(first, marked) : end]:
                    loss.told = True
                marked = end
            until = end
        return due


def _day_of(loss: _Loss) -> int:
    return loss.day


_STILL_UNMET = ("_open", "_undetermined")


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
