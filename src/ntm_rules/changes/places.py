"""Where communes lie as far as rules can tell: regions, zones and fact years, each kind of place once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem, UnknownNameError
from ntm_rules.model.requirement import (
    Branch,
    Clause,
    Combination,
    Comparison,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Threshold,
    Unstated,
    never,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, nearest, shown

__all__ = ["LISTS", "Place", "clauses_in", "involved", "parts_of", "places_of", "table_of", "tops"]


@attrs.frozen(slots=True)
class Place:
    """A region, zones and a fact year: all that decides which cells of the tables judge a commune.

    `region` is None only where every ruleset asked about has one column for all.
    """

    region: str | None
    zones: tuple[str, ...]
    year: int


LISTS = ("indicators", "prerequisites", "conditions")


def tops(ruleset: Ruleset) -> tuple[Clause, ...]:
    """The indicators, prerequisites and conditions of a ruleset."""
    return tuple(clause for name in LISTS for clause in getattr(ruleset, name))


def table_of(requirement: Requirement) -> Threshold | None:
    """The table row behind a requirement, where it has one of its own."""
    if isinstance(requirement, (Comparison, OneOf, RulesetMet)):
        return requirement.threshold
    return requirement.factor if isinstance(requirement, FactComparison) else None


def parts_of(clause: Clause) -> Iterator[tuple[Clause, Requirement]]:
    """Every requirement within a clause that has no parts, conditions included, with the clause that holds it."""
    if clause.applies_if is not None:
        yield from _within(clause, clause.applies_if)
    yield from _within(clause, clause.requirement)


def _within(clause: Clause, requirement: Requirement) -> Iterator[tuple[Clause, Requirement]]:
    if isinstance(requirement, Combination):
        for part in requirement.parts:
            yield from parts_of(part)
    elif isinstance(requirement, Branch):
        yield from _within(clause, requirement.condition)
        yield from parts_of(requirement.then)
        yield from parts_of(requirement.otherwise)
    elif isinstance(requirement, (Comparison, FactComparison, OneOf, RulesetMet, Unstated)):
        yield clause, requirement
    else:
        never(requirement)


def clauses_in(clause: Clause) -> Iterator[Clause]:
    """A clause and every part in it, those of conditions included."""
    yield clause
    for requirement in (clause.applies_if, clause.requirement):
        yield from _clauses_of(requirement)


def _clauses_of(requirement: Requirement | None) -> Iterator[Clause]:
    if isinstance(requirement, Combination):
        for part in requirement.parts:
            yield from clauses_in(part)
    elif isinstance(requirement, Branch):
        yield from _clauses_of(requirement.condition)
        yield from clauses_in(requirement.then)
        yield from clauses_in(requirement.otherwise)


def involved(*rulesets: Ruleset) -> tuple[Ruleset, ...]:
    """The rulesets and those that they require to be met, each once."""
    found: dict[int, Ruleset] = {}
    waiting = list(rulesets)
    while waiting:
        ruleset = waiting.pop(0)
        if id(ruleset) in found:
            continue
        found[id(ruleset)] = ruleset
        for clause in tops(ruleset):
            waiting += [held.ruleset for _, held in parts_of(clause) if isinstance(held, RulesetMet)]
    return tuple(found.values())


def places_of(rulesets: Sequence[Ruleset], *, region: str | None = None, year: int | None = None) -> list[Place]:
    """One place for each combination of columns and fact year that a commune can be judged by.

    Years are those of the rulesets' phases and of the rows of their tables. A ruleset with a province's overlay judges communes
    of that province's region only. Raises `UnknownNameError` for a region that none of the rulesets knows and `NtmRulesError`
    where no commune is judged by all of them.
    """
    regions = _regions(rulesets, region)
    years = _years(rulesets) if year is None else [year]
    found: dict[tuple[str, ...], tuple[str | None, tuple[str, ...]]] = {}
    for zones, name in itertools.product(_zones(rulesets), regions):
        found.setdefault(tuple(ruleset.column_for(name, zones) for ruleset in rulesets), (name, zones))
    order = sorted(found.values(), key=lambda spot: (regions.index(spot[0]), len(spot[1])))
    return [Place(name, zones, each) for name, zones in order for each in years]


def _regions(rulesets: Sequence[Ruleset], wanted: str | None) -> list[str | None]:
    """The regions in which all of the rulesets judge."""
    by_region = [ruleset for ruleset in rulesets if ruleset.columns != ("common",)]
    if not by_region and wanted is None:
        return [None]
    found = list(rulesets[0].catalogue.regions)
    if wanted is not None and wanted not in found:
        raise UnknownNameError([_no_region(wanted, found)])
    for ruleset in by_region:
        found = [name for name in found if name in ruleset.columns]
    for province in {ruleset.province for ruleset in rulesets} - {None}:
        of_province = rulesets[0].catalogue.provinces.get(str(province))
        found = [name for name in found if of_province is None or name == of_province.region]
    found = [name for name in found if wanted in (None, name)]
    if not found:
        raise NtmRulesError([_nowhere(rulesets)])
    return list(found)


def _no_region(name: str, known: list[str]) -> Problem:
    names = ", ".join(known)
    return Problem(
        code="unknown_region",
        key="region",
        found=shown(name),
        message=Text("không có vùng này", "no such region"),
        wanted=Text(names, names),
        nearest=nearest(name, known),
    )


def _nowhere(rulesets: Sequence[Ruleset]) -> Problem:
    names = ", ".join(f"{ruleset.id} ({ruleset.province})" if ruleset.province else ruleset.id for ruleset in rulesets)
    return Problem(
        code="no_common_place",
        key="region",
        found=names,
        message=Text("không xã nào được xét theo tất cả các bộ này", "no commune is judged by all of these rulesets"),
    )


def _zones(rulesets: Sequence[Ruleset]) -> Iterator[tuple[str, ...]]:
    """Sets of zones, smallest first: no more zones than there are different rules about them."""
    special = {ruleset.special_communes.zones for ruleset in rulesets if ruleset.special_communes is not None}
    known = list(dict.fromkeys(zone for ruleset in rulesets for zone in ruleset.catalogue.zones))
    for size in range(len(special) + 1):
        yield from itertools.combinations(known, size)


def _years(rulesets: Sequence[Ruleset]) -> list[int]:
    found: set[int] = set()
    for ruleset in rulesets:
        first, last = map(int, ruleset.phase.split("-"))
        found.update(range(first, last + 1))
        found.update(year for *_, year, _, _ in ruleset.cells() if year is not None)
    return sorted(found)
