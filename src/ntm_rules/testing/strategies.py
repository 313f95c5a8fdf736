"""Communes for property-based tests, drawn towards the places where judgements change.

A uniformly random commune fails nearly everything and comes near nothing. Here a commune is one that passes everything exactly at
its thresholds (or fails everything by one unit, or of which nothing is known) with a few facts moved: on a threshold, one unit or
one person to either side, far off, or taken away. A failing property shows the shrunk commune as a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ntm_rules.model.commune import FIRST_YEAR, LAST_YEAR, Commune
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import Clause, Comparison, Direction, RulesetMet, leaves, requirements_of
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text
from ntm_rules.testing.near import forms_of, pools
from ntm_rules.testing.reaching import Goal, Sketch, Wanted, candidates_near, goals_of, reach
from ntm_rules.testing.view import Place, View
from ntm_rules.testing.witness import commune_file

__all__ = [
    "CannotBeError",
    "communes",
    "communes_missing",
    "facts_near",
    "passing_communes",
    "places",
    "regions",
    "show",
    "years",
]

Facts = dict[str, Any]


class CannotBeError(NtmRulesError, ValueError):
    """No commune is as asked for: an indicator never asked, or thresholds that exclude each other. Ask for less."""


class _Shown:
    """The text of a commune, written only where hypothesis shows it."""

    def __init__(self, ruleset: Ruleset, commune: Commune) -> None:
        self.ruleset, self.commune = ruleset, commune

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - hypothesis' protocol
        for place, line in enumerate(commune_file(self.commune, self.ruleset).splitlines()):
            if place:
                printer.break_()
            printer.text(line)


def show(ruleset: Ruleset, commune: Commune) -> Commune:
    """The commune, shown as a file should the property fail; every strategy of this kit does so by itself."""
    note(_Shown(ruleset, commune))
    return commune


# -- where a commune lies


def places(ruleset: Ruleset, *, region: str | None = None, year: int | None = None) -> SearchStrategy[Place]:
    """Regions that have a column, zones where the ruleset names special ones, years of the phase and one outside it."""
    zones = st.lists(st.sampled_from(sorted(ruleset.catalogue.zones)), max_size=2, unique=True).map(tuple)
    return st.builds(
        Place,
        region=st.sampled_from(regions(ruleset)) if region is None else st.just(region),
        zones=zones if ruleset.special_communes is not None else st.just(()),
        year=st.sampled_from([*years(ruleset), None]) if year is None else st.just(year),
    )


def regions(ruleset: Ruleset) -> list[str]:
    """The regions that have a column; of a province's ruleset, that of the province."""
    own = ruleset.catalogue.provinces.get(ruleset.province or "")
    if own is not None:
        return [own.region]
    if ruleset.columns == ("common",):
        return list(ruleset.catalogue.regions)
    return [column for column in ruleset.columns if column in ruleset.catalogue.regions]


def years(ruleset: Ruleset) -> list[int]:
    """The years of the phase and of the tables, and one after."""
    named = {year for *_, year, _, _ in ruleset.cells() if year is not None}
    first, last = (int(year) for year in re.findall(r"\d{4}", ruleset.phase))
    return [year for year in sorted({*named, *range(first, last + 2)}) if FIRST_YEAR <= year <= LAST_YEAR]


# -- any commune


def communes(
    ruleset: Ruleset,
    *,
    region: str | None = None,
    year: int | None = None,
    attested: bool = False,
    most: int = 8,
) -> SearchStrategy[Commune]:
    """Communes of every kind, near the thresholds of their column and year.

    `most` bounds how many facts stand apart from the base; `attested` adds verdicts of agencies; `region` and `year` pin these.
    """
    where = places(ruleset, region=region, year=year)

    @st.composite
    def commune_near(draw: st.DrawFn) -> Commune:
        place = draw(where)
        facts = draw(facts_near(ruleset, place, most=most))
        verdicts: dict[str, bool] = {}
        if attested and ruleset.numbers:
            verdicts = draw(st.dictionaries(st.sampled_from(ruleset.numbers), st.booleans(), max_size=4))
        return _commune(ruleset, place, facts, verdicts)

    return commune_near()


def _commune(ruleset: Ruleset, place: Place, facts: Facts, attested: Mapping[str, bool]) -> Commune:
    commune = Commune(region=place.region, zone=place.zones, year=place.year, facts=facts, attested=attested)
    return show(ruleset, commune)


def facts_near(ruleset: Ruleset, place: Place, *, most: int = 8) -> SearchStrategy[Facts]:
    """Facts of a commune of a place: a base, at most so many moved near thresholds, a few not known."""
    pool = _pools(ruleset)

    @st.composite
    def facts(draw: st.DrawFn) -> Facts:
        base, here = draw(_A_BASE)(ruleset, place), _near_here(ruleset, place)
        # Few are left out, and shrinking leaves out all that the failure does not need.
        kept = {key: base[key] for key in sorted(base) if draw(_MOSTLY)}
        moved = draw(st.dictionaries(st.sampled_from(sorted(pool)), st.integers(0, 10**6), max_size=most))
        return _agreeing(kept | {key: _picked(number, here.get(key, ()), pool[key]) for key, number in moved.items()})

    return facts() if pool else st.just({})


def _picked(number: int, here: Sequence[Any], anywhere: Sequence[Any]) -> Any:
    """A value near the threshold of this very place by every other number, else one that matters in some other."""
    values = here if here and number % 2 == 0 else anywhere
    return values[number // 2 % len(values)]


def _near_here(ruleset: Ruleset, place: Place) -> dict[str, list[Any]]:
    """For each fact the values on the threshold of a column and year, and a unit or a person beside it."""
    view = View(ruleset, place)
    key = ("testing.here", view.column, place.year)
    if key not in ruleset.cache:
        found: dict[str, list[Any]] = {}
        for leaf in (leaf for indicator in ruleset.indicators for leaf in leaves(indicator)):
            cell, requirement = view.cell(leaf), leaf.requirement
            if cell is not None and isinstance(requirement, Comparison):
                near = candidates_near(ruleset.catalogue.facts[requirement.fact], cell.value)
                names = [f"{requirement.fact}.{sex}" for sex in SEXES] if requirement.both_sexes else [requirement.fact]
                for name in names:
                    found.setdefault(name, []).extend(each.value for each in near if each.distance <= 2)
        ruleset.cache[key] = found
    here: dict[str, list[Any]] = ruleset.cache[key]
    return here


_MOSTLY = st.sampled_from([False, *[True] * 30])


def _agreeing(facts: Facts) -> Facts:
    """Facts without a total where men and women are both given: three figures would have to agree."""
    whole = {key.removesuffix(".male") for key in facts if key.endswith(".male")}
    return {key: value for key, value in facts.items() if key not in whole or f"{key}.female" not in facts}


def _pools(ruleset: Ruleset) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] | None = ruleset.cache.get("testing.pools")
    if found is None:
        found = ruleset.cache["testing.pools"] = pools(ruleset)
    return found


# -- the bases


def _nothing(ruleset: Ruleset, place: Place) -> Facts:  # noqa: ARG001 - a base like the others
    return {}


def _at_thresholds(ruleset: Ruleset, place: Place) -> Facts:
    """Everything passed, each fact exactly at its threshold where one value is."""
    sketch = _sketch(ruleset, place, ())
    return {key: values[0] for key, values in sketch.values().items()} if sketch else _extreme(ruleset, best=True)


def _another_way(ruleset: Ruleset, place: Place) -> Facts:
    """Everything passed, wherever there are several ways by the second: fewer schools, no craft village."""
    sketch = _sketch(ruleset, place, (), tuple((number, 1) for number in _turning(ruleset)))
    return {key: values[0] for key, values in sketch.values().items()} if sketch else _at_thresholds(ruleset, place)


def _beyond_thresholds(ruleset: Ruleset, place: Place) -> Facts:
    """Everything one unit on the wrong side of its threshold."""
    key = ("testing.beyond", ruleset.column_for(place.region, place.zones), place.year)
    if key not in ruleset.cache:
        view = View(ruleset, place)
        facts: Facts = {}
        for leaf in (leaf for indicator in ruleset.indicators for leaf in leaves(indicator)):
            sketch = reach([Goal(leaf.requirement, Wanted.MISSING, view)])
            facts |= {name: values[0] for name, values in sketch.values().items()} if sketch else {}
        ruleset.cache[key] = facts
    return dict(ruleset.cache[key])


def _best(ruleset: Ruleset, place: Place) -> Facts:  # noqa: ARG001
    return _extreme(ruleset, best=True)


def _worst(ruleset: Ruleset, place: Place) -> Facts:  # noqa: ARG001
    return _extreme(ruleset, best=False)


_A_BASE = st.sampled_from([_nothing, _at_thresholds, _another_way, _beyond_thresholds, _best, _worst])


def _extreme(ruleset: Ruleset, *, best: bool) -> Facts:
    """Every fact at the end of its bounds, in the direction in which it is asked for or away from it."""
    lowest = {
        requirement.fact
        for indicator in ruleset.indicators
        for requirement in requirements_of(indicator)
        if isinstance(requirement, Comparison) and requirement.direction is Direction.AT_MOST
    }
    facts: Facts = {}
    for key in _pools(ruleset):
        name = key.partition(".")[0]
        facts[key] = _end(ruleset.catalogue.facts[name], high=best is (name not in lowest))
    return facts


def _end(fact: Fact, *, high: bool) -> Any:
    if fact.kind is FactKind.BOOLEAN:
        return high
    if fact.kind is FactKind.CATEGORY:
        return fact.values[-1 if high else 0]
    bound = fact.high if high else fact.low
    return bound if bound is not None else Decimal(1000 if high else -1000)


# -- communes that pass, or miss exactly so much


def passing_communes(
    ruleset: Ruleset, *, region: str | None = None, year: int | None = None
) -> SearchStrategy[Commune]:
    """Communes that pass every indicator, with prerequisites and conditions of recognition.

    Each fact is at its threshold or anywhere beyond; what no threshold decides is attested by the agency, under
    "RULESET:NUMBER". A ruleset marked incomplete has an undetermined verdict all the same. Raises `CannotBeError`.
    """
    return _reaching(ruleset, places(ruleset, region=region, year=year), ())


def communes_missing(
    ruleset: Ruleset, *numbers: str, region: str | None = None, year: int | None = None
) -> SearchStrategy[Commune]:
    """Communes that miss exactly the indicators of these numbers; the others are met or not asked, none is undetermined.

    An indicator without a known threshold is missing by an attested verdict. Prerequisites are met where that is possible: a
    lower tier may ask for the same fact. Raises `UnknownNameError` for a number the ruleset has not, and, when drawn from,
    `CannotBeError` where no commune of any place can be so.
    """
    for number in numbers:
        ruleset.indicator(number)
    return _reaching(ruleset, places(ruleset, region=region, year=year), tuple(dict.fromkeys(numbers)))


def _reaching(ruleset: Ruleset, where: SearchStrategy[Place], missing: tuple[str, ...]) -> SearchStrategy[Commune]:
    turning = _turning(ruleset)

    @st.composite
    def commune_reaching(draw: st.DrawFn) -> Commune:
        place = draw(where)
        if _sketch(ruleset, place, missing) is None:
            place = draw(st.sampled_from(_possible_places(ruleset, place, missing)))
        turns = draw(st.dictionaries(st.sampled_from(turning), st.integers(1, 3), max_size=3))
        sketch = _sketch(ruleset, place, missing, tuple(sorted(turns.items()))) or _sketch(ruleset, place, missing)
        assert sketch is not None
        values = sketch.values()
        facts = {key: allowed[0] for key, allowed in values.items()}
        facts |= _moved(draw, {key: allowed for key, allowed in values.items() if _stands_alone(key, values)})
        facts |= _moved(draw, _of_no_weight(ruleset, values))
        return _commune(ruleset, place, facts, sketch.attested)

    return commune_reaching()


def _moved(draw: st.DrawFn, allowed: Mapping[str, Sequence[Any]]) -> Facts:
    """A few facts at other of the values allowed them, in any form that says the same."""
    if not allowed:
        return {}
    chosen = draw(st.dictionaries(st.sampled_from(sorted(allowed)), st.integers(0, 10**6), max_size=6))
    facts: Facts = {}
    for key, number in chosen.items():
        value = allowed[key][number % len(allowed[key])]
        forms = forms_of(value) if isinstance(value, Decimal) else [value]
        facts[key] = forms[number // len(allowed[key]) % len(forms)]
    return facts


def _stands_alone(key: str, facts: Iterable[str]) -> bool:
    """Whether no other figure of the same fact, of men, women or all, is given beside it."""
    name = key.partition(".")[0]
    return [name, *(f"{name}.{sex}" for sex in SEXES)].count(key) == sum(
        other in facts for other in (name, *(f"{name}.{sex}" for sex in SEXES))
    )


def _of_no_weight(ruleset: Ruleset, settled: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of facts that nothing settled rests on: their thresholds are not set, or another way was taken."""
    names = {key.partition(".")[0] for key in settled}
    return {key: values for key, values in _pools(ruleset).items() if "." not in key and key not in names}


def _turning(ruleset: Ruleset) -> list[str]:
    """The clauses to which there may be more than one way."""

    def several(clause: Clause) -> bool:
        requirement = clause.requirement
        return clause.applies_if is not None or not isinstance(requirement, Comparison) or requirement.both_sexes

    return [clause.id for clause in ruleset.indicators if several(clause)] or [""]


def _sketch(
    ruleset: Ruleset, place: Place, missing: tuple[str, ...], turns: tuple[tuple[str, int], ...] = ()
) -> Sketch | None:
    """What a commune of a place must be to miss exactly some indicators; kept with the ruleset, as it is asked for often."""
    if not any(isinstance(clause.requirement, RulesetMet) for clause in (*ruleset.indicators, *ruleset.prerequisites)):
        # Only other rulesets may send a commune to yet another column: zones matter no further than their column does.
        column = ruleset.column_for(place.region, place.zones)
        place = Place(region=place.region if column == "common" else column, year=place.year)
    key = ("testing.sketch", place, missing, turns)
    if key not in ruleset.cache:
        view, ways = View(ruleset, place), dict(turns)
        found = reach(goals_of(view, missing=missing), turns=ways)
        if found is None and missing:
            found = reach(goals_of(view, missing=missing, prerequisites=False), turns=ways)
        ruleset.cache[key] = found
    sketch: Sketch | None = ruleset.cache[key]
    return sketch


def _possible_places(ruleset: Ruleset, like: Place, missing: tuple[str, ...]) -> list[Place]:
    """Places where a commune can be as asked for, none of them special; CannotBeError where there is none."""
    tried = [Place(region=region, year=year) for region in regions(ruleset) for year in years(ruleset)]
    found = [place for place in tried if _sketch(ruleset, place, missing) is not None]
    if found:
        return found
    raise CannotBeError([_why_not(ruleset, like, missing)])


def _why_not(ruleset: Ruleset, place: Place, missing: tuple[str, ...]) -> Problem:
    alone = [number for number in missing if _sketch(ruleset, place, (number,)) is None]
    which = ", ".join(alone or missing) or ruleset.id
    message = (
        Text("không xã nào thiếu đúng các chỉ tiêu này", "no commune misses exactly these indicators")
        if missing
        else Text("không xã nào đạt được bộ tiêu chí này", "no commune can pass this ruleset")
    )
    return Problem(code="cannot_be", source=ruleset.id, key=which, message=message)
