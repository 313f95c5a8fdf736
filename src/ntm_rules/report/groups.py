"""Communes in groups: by district, province, region or zone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, get_args

import attrs

from ntm_rules.model.errors import Problem, UnknownNameError
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.report.communes import ReportedCommune
from ntm_rules.report.counts import Counts

__all__ = ["GROUPINGS", "Group", "Grouping", "Place", "check_groupings", "places"]

Grouping = Literal["district", "province", "region", "zone"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)

_NOT_GIVEN = {
    "district": Text("chưa ghi huyện", "district not given"),
    "province": Text("chưa ghi tỉnh", "province not given"),
    "region": Text("chưa ghi vùng", "region not given"),
    "zone": Text("không thuộc khu vực nào", "in no zone"),
}
# Dictionaries look at the tones of a Vietnamese word last, and have ă before â: its mark sorts as the grave accent, now free.
_TONES = {0x300: None, 0x301: None, 0x303: None, 0x309: None, 0x323: None, 0x306: 0x300}


@attrs.frozen(slots=True, kw_only=True)
class Place:
    """What the communes of a group share: `key` names it, None where it is not given; of a district, with its `province`."""

    by: Grouping
    key: str | None
    province: str | None = None
    label: Text = attrs.field(eq=False)


@attrs.frozen(slots=True, kw_only=True)
class Group:
    """The figures of the communes of a place, and those of the previous period where there is one."""

    place: Place
    counts: Counts
    before: Counts | None


def check_groupings(by: Grouping | Iterable[Grouping]) -> tuple[Grouping, ...]:
    """The groupings asked for, each once; `UnknownNameError` naming all that are none."""
    asked = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    names = ", ".join(GROUPINGS)
    problems = [
        Problem(
            code="unknown_grouping",
            key="by",
            found=shown(name),
            wanted=Text(names, names),
            nearest=nearest(name, GROUPINGS),
            message=Text("không xếp nhóm theo cách này", "no such way of grouping"),
        )
        for name in asked
        if name not in GROUPINGS
    ]
    if problems:
        raise UnknownNameError(problems)
    return asked


def places(
    communes: Iterable[ReportedCommune], by: Grouping, catalogue: Catalogue
) -> Mapping[Place, list[ReportedCommune]]:
    """The communes by place, places in the catalogue's order or the alphabet's; a commune of two zones is in both."""
    found: dict[Place, list[ReportedCommune]] = {}
    for commune in communes:
        for place in _places_of(commune, by, catalogue):
            found.setdefault(place, []).append(commune)
    order = _order(by, catalogue)
    return {place: found[place] for place in sorted(found, key=lambda place: _rank(place, order))}


def _places_of(commune: ReportedCommune, by: Grouping, catalogue: Catalogue) -> Iterator[Place]:
    if by == "district":
        yield _district(commune)
    elif by == "province":
        yield _named(by, commune.province, None)
    elif by == "region":
        yield _named(by, commune.region, catalogue.regions.get(commune.region or ""))
    else:
        for zone in dict.fromkeys(commune.zones) or (None,):
            yield _named(by, zone, catalogue.zones.get(zone or ""))


def _named(by: Grouping, key: str | None, label: Text | None) -> Place:
    if key is None:
        return Place(by=by, key=None, label=_NOT_GIVEN[by])
    return Place(by=by, key=key, label=label or Text(key, key))


def _district(commune: ReportedCommune) -> Place:
    """A district with its province: several provinces have a Châu Thành."""
    label = _NOT_GIVEN["district"]
    if commune.district is not None:
        label = Text(commune.district, commune.district)
    if commune.province is not None:
        label = Text(f"{label.vi} ({commune.province})", f"{label.en} ({commune.province})")
    return Place(by="district", key=commune.district, province=commune.province, label=label)


def _order(by: Grouping, catalogue: Catalogue) -> list[str]:
    """Names in the order the catalogue gives them: of districts it knows the provinces."""
    if by in ("region", "zone"):
        return list(catalogue.regions if by == "region" else catalogue.zones)
    return [province.name for province in catalogue.provinces.values()]


def _rank(place: Place, order: list[str]) -> tuple[object, ...]:
    listed = place.province if place.by == "district" else place.key
    in_order = order.index(listed) if listed in order else len(order)
    return in_order, listed is None, place.key is None, _alphabetical(place.key or "")


def _alphabetical(name: str) -> tuple[str, str]:
    """What Vietnamese names sort by: đ after d, ă and â after a, tones last."""
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d\u0335"))
    return letters.translate(_TONES), letters
