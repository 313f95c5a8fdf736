"""The catalogue in normal form: facts, regions, zones, provinces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.documents import (
    FactsDocument,
    RegionsDocument,
)
from ntm_rules.rulebook.normal.notes import Normal, words
from ntm_rules.rulebook.reading import Read, problem_at, read_leniently

__all__ = ["checked_catalogue", "normal_catalogue", "unknown_regions"]

Model = TypeVar("Model", bound=BaseModel)


def normal_catalogue(facts: bytes | Mapping[str, Any], regions: bytes | Mapping[str, Any], source: str) -> Normal:
    """facts.yaml and regions.yaml in normal form."""
    found, problems = checked_catalogue(facts, regions, source)
    if problems or found is None:
        raise RulebookError(problems)
    return found


def checked_catalogue(
    facts: bytes | Mapping[str, Any], regions: bytes | Mapping[str, Any], source: str
) -> tuple[Normal | None, list[Problem]]:
    """The catalogue of those facts and regions that are right, and every problem of both files."""
    problems: list[Problem] = []
    read_facts = _read(facts, f"{source}/facts.yaml", FactsDocument, problems)
    read_regions = _read(regions, f"{source}/regions.yaml", RegionsDocument, problems)
    if read_regions is not None:
        problems += unknown_regions(read_regions, f"{source}/regions.yaml")
    fact_document, region_document = (read and read.document for read in (read_facts, read_regions))
    if not isinstance(fact_document, FactsDocument) or not isinstance(region_document, RegionsDocument):
        return None, problems
    return _catalogue(fact_document, region_document), problems


def _read(data: Any, source: str, model: type[Model], problems: list[Problem]) -> Read[Model] | None:
    try:
        read = read_leniently(data, source, model)
    except RulebookError as error:
        problems += error.problems
        return None
    problems += read.problems
    return read


def unknown_regions(read: Read[RegionsDocument], source: str) -> Iterator[Problem]:
    """Provinces of a regions.yaml that lie in no region of it."""
    regions = read.document.regions if read.document is not None else {}
    names = ", ".join(regions)
    for slug, province in read.document.provinces.items() if read.document is not None else ():
        path = ("provinces", slug, "region")
        if province.region not in regions and ("regions", province.region) not in read.touched:
            fields: dict[str, Any] = {"found": shown(province.region), "nearest": nearest(province.region, regions)}
            message = Text("không có vùng này", "no such region")
            yield problem_at(read.tree, source, path, "unknown_region", message, wanted=Text(names, names), **fields)


def _catalogue(fact_document: FactsDocument, region_document: RegionsDocument) -> Normal:
    found: Normal = {"facts": {}, "regions": {}, "zones": {}, "provinces": {}}
    for key, fact in fact_document.facts.items():
        low, high = (str(bound) for bound in fact.bounds) if fact.bounds else (None, None)
        if fact.kind.is_number and low is None:
            low, high = "0", "100" if fact.kind is FactKind.PERCENT else None
        found["facts"][key] = {
            "kind": fact.kind.value,
            "label": words(fact.label),
            "unit": words(fact.unit),
            "counts": words(fact.counts),
            "by_sex": fact.by_sex,
            "low": low,
            "high": high,
            "values": fact.values,
            "value_labels": [words(fact.value_labels[value]) for value in fact.values if fact.value_labels],
        }
    for key, region in region_document.regions.items():
        found["regions"][key] = words(region.short)
    for key, zone in region_document.zones.items():
        found["zones"][key] = words(zone)
    for slug, province in region_document.provinces.items():
        found["provinces"][slug] = {"name": province.name, "region": province.region}
    return found
