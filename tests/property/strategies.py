"""Communes and rulesets for property tests, drawn towards the places where judgements change.

Uniform random facts hardly ever come near a threshold. Communes are drawn as a base (all good, all bad, nothing known) and a
few facts changed to values on a threshold or one smallest step beside it. Thresholds are read off the ruleset only to aim; no
law may take its expectation from them. Generated rulesets are those of the testing kit.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

import ntm_rules as ntm
from ntm_rules.engine.reference import Judge
from ntm_rules.model.checking import clean_facts
from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import (
    Comparison,
    Direction,
    requirements_of,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.testing import documents as kit
from ntm_rules.testing.documents import built, written
from ntm_rules.testing.documents import catalogue as generated_catalogue
from ntm_rules.testing.documents import ruleset_document as document_of
from ntm_rules.testing.near import forms_of, pools, ratios_of
from ntm_rules.testing.near import unit_beside as step_beside

__all__ = [
    "REGIONS",
    "SHIPPED",
    "Documents",
    "Loaded",
    "built",
    "communes",
    "document_of",
    "facts_of",
    "forms_of",
    "generated_catalogue",
    "generated_documents",
    "generated_indicators",
    "generated_overlays",
    "generated_rulesets",
    "judge",
    "loaded",
    "pools",
    "ratios_of",
    "step_beside",
    "written",
]

REGIONS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl")

Loaded = tuple[str, str | None, str | None]
# Every ruleset, before and after the amendments of 2022 and 2024, and with each province's overlay.
SHIPPED: tuple[Loaded, ...] = (
    ("2016-2020/xa-ntm", None, None),
    ("2016-2020/xa-ntm-nang-cao", None, None),
    ("2016-2020/xa-ntm-nang-cao", None, "hai-duong"),
    ("2016-2020/xa-ntm-nang-cao", None, "thai-binh"),
    ("2016-2020/xa-ntm-kieu-mau", None, None),
    ("2016-2020/xa-ntm-kieu-mau", None, "hai-duong"),
    *(
        (f"2021-2025/{name}", day, None)
        for name in ("xa-ntm", "xa-ntm-nang-cao", "xa-ntm-kieu-mau")
        for day in ("2022-03-08", "2023-12-31", "2024-03-01", None)
    ),
    ("2021-2025/xa-ntm-nang-cao", None, "quang-nam"),
    *(("2021-2025/xa-ntm-kieu-mau", None, province) for province in ("ha-noi", "dong-thap", "nam-dinh", "quang-nam")),
)


@functools.cache
def loaded(which: Loaded) -> Ruleset:
    """A shipped ruleset, loaded once."""
    ruleset_id, on, province = which
    return ntm.load_ruleset(ruleset_id, on=on, province=province)


# -- facts near thresholds


def _good(ruleset: Ruleset, pool: dict[str, list[Any]], *, best: bool) -> dict[str, Any]:
    """Facts at the end of their bounds, in the direction in which they are asked for (or away from it)."""
    lowest = {
        requirement.fact
        for indicator in ruleset.indicators
        for requirement in requirements_of(indicator)
        if isinstance(requirement, Comparison) and requirement.direction is Direction.AT_MOST
    }
    facts: dict[str, Any] = {}
    for key in pool:
        fact = ruleset.catalogue.facts[key.partition(".")[0]]
        up = best is (key.partition(".")[0] not in lowest)
        if fact.kind is FactKind.BOOLEAN:
            facts[key] = best
        elif fact.kind is FactKind.CATEGORY:
            facts[key] = fact.values[-1 if up else 0]
        else:
            high = fact.high if fact.high is not None else Decimal(1000)
            low = fact.low if fact.low is not None else Decimal(-1000)
            facts[key] = high if up else low
    return facts


_cached: dict[str, tuple[dict[str, list[Any]], list[dict[str, Any]]]] = {}


def facts_of(ruleset: Ruleset, *, most: int = 12) -> st.SearchStrategy[dict[str, Any]]:
    """Facts of a commune: a base and a few values near thresholds, consistent by sex."""
    key = ruleset.content_hash
    if key not in _cached:
        pool = pools(ruleset)
        _cached[key] = (pool, [{}, _good(ruleset, pool, best=True), _good(ruleset, pool, best=False)])
    pool, bases = _cached[key]
    if not pool:
        return st.just({})
    changed = st.dictionaries(st.sampled_from(sorted(pool)), st.integers(0, 10**6), max_size=most)
    dropped = st.sets(st.sampled_from(sorted(pool)), max_size=4)

    def put_together(base: dict[str, Any], changes: dict[str, int], drop: set[str]) -> dict[str, Any]:
        facts = base | {name: pool[name][place % len(pool[name])] for name, place in changes.items()}
        facts = {name: value for name, value in facts.items() if name not in drop}
        for name in list(facts):  # men, women and total together must agree; here the total gives way
            if name.endswith(".male") and name.replace(".male", ".female") in facts:
                facts.pop(name.removesuffix(".male"), None)
        return facts

    return st.builds(put_together, st.sampled_from(bases), changed, dropped)


def communes(ruleset: Ruleset, *, attested: bool = False, most: int = 12) -> st.SearchStrategy[ntm.Commune]:
    """Communes anywhere, of any fact year, some special, some with attested verdicts."""
    numbers = [indicator.id for indicator in ruleset.indicators]
    verdicts: st.SearchStrategy[dict[str, bool]] = st.just({})
    if attested and numbers:
        verdicts = st.dictionaries(st.sampled_from(numbers), st.booleans(), max_size=4)
    columns = [column for column in ruleset.columns if column != "common"] or sorted(ruleset.catalogue.regions)
    if (
        ruleset.province is not None
    ):  # a ruleset with a province's overlay judges communes of that province's region only
        columns = [ruleset.catalogue.provinces[ruleset.province].region]
    return st.builds(
        ntm.Commune,
        region=st.sampled_from(columns),
        zone=st.lists(st.sampled_from(sorted(ruleset.catalogue.zones)), max_size=2, unique=True)
        if ruleset.special_communes
        else st.just(None),
        year=st.sampled_from([None, 2018, 2020, 2021, 2022, 2023, 2024, 2025, 2026]),
        facts=facts_of(ruleset, most=most),
        attested=verdicts,
    )


def judge(assessment: ntm.Assessment) -> Judge:
    """The readable reference for the commune of an assessment."""
    ruleset, commune = assessment.ruleset, assessment.commune
    return Judge(
        ruleset=ruleset,
        commune=commune,
        facts=clean_facts(ruleset.catalogue, commune.facts),
        attested=assessment.attested,
        column=assessment.column,
        column_rule=assessment.column_rule,
        year=assessment.year,
        strict=assessment.strict,
    )


# -- generated rulesets

# The documents are the testing kit's own; here they are named for the tests, over the catalogue of generated facts.
_TEXT, _DECISION, COLUMNS = kit._TEXT, kit._DECISION, kit._COLUMNS
_KNOWN = kit._known(generated_catalogue())


def _simple(columns: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    return kit._simple(_KNOWN, columns)


def _requirement(asked: Sequence[str], columns: Sequence[str], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    return kit._requirement(_KNOWN, asked, columns, depth)


def generated_documents() -> st.SearchStrategy[dict[str, Any]]:
    """A ruleset's document that the loader must take, of every kind of requirement."""
    return kit._document()


Documents = tuple[dict[str, Any], ...]


generated_rulesets = kit.rulesets


def generated_indicators() -> st.SearchStrategy[dict[str, Any]]:
    """Ruleset documents of one indicator, small enough to try many things on."""
    clause = kit._clause(_KNOWN, COLUMNS, 2, {"no": "1"})
    special = {"column": "tn", "zones": ["III"], "citation": "1/QĐ"}
    return st.builds(
        lambda indicator: document_of(
            {}, criteria=[{"no": "1", "title": _TEXT, "indicators": [indicator]}], special_communes=special
        ),
        clause,
    )


# -- generated overlays of a province

PROVINCE = "ha-noi"


def generated_overlays(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Overlays of a province that put other requirements in place of those of some indicators: near the national ones, as a province writes them, or anything."""
    columns = tuple(document["columns"])
    indicators = [indicator for criterion in document["criteria"] for indicator in criterion["indicators"]]
    replaced = st.lists(
        st.sampled_from(indicators).flatmap(lambda indicator: _rewritten(indicator, columns)),
        min_size=1,
        max_size=2,
        unique_by=lambda indicator: indicator["no"],
    )
    layer = {"layer": "own", "of": document["ruleset"], "kind": "province", "province": PROVINCE, "decision": _DECISION}
    return st.builds(lambda clauses: {**layer, "replace_indicators": clauses}, replaced)


@st.composite
def _rewritten(draw: st.DrawFn, clause: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A clause with its requirement, its condition of applying or its columns changed; or as it was."""
    changed = clause | {"requires": draw(_rewritten_requirement(clause["requires"], columns))}
    match draw(st.integers(0, 7)):
        case 0:
            changed.pop("applies_if", None)
        case 1:
            changed["applies_if"] = draw(_simple(columns))
        case 2:
            changed.pop("columns", None)
    return changed


@st.composite
def _rewritten_requirement(draw: st.DrawFn, old: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    match draw(st.integers(0, 6)):
        case 0:
            return old
        case 1:
            return draw(_simple(columns))
        case 2 | 3:
            return draw(_combined(old, columns))
        case 4:
            one, other = (draw(st.one_of(st.just(old), _moved(old, columns))) for _ in range(2))
            return {
                "when": {"condition": draw(_simple(columns)), "then": _part("a", one), "otherwise": _part("b", other)}
            }
        case _:
            return draw(_moved(old, columns))


@st.composite
def _combined(draw: st.DrawFn, old: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    kinds = st.sampled_from([st.just(old), _moved(old, columns), _simple(columns)])
    parts = [_part(letter, draw(draw(kinds))) for letter in "abc"[: draw(st.integers(1, 3))]]
    if draw(st.booleans()):
        return {draw(st.sampled_from(["all", "any"])): parts}
    return {"some": {"at_least": str(draw(st.integers(1, len(parts)))), "of": parts}}


def _part(letter: str, requires: dict[str, Any]) -> dict[str, Any]:
    return {"part": letter, "label": _TEXT, "requires": requires}


@st.composite
def _moved(draw: st.DrawFn, old: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A requirement of the same kind with something about it changed: its threshold, its parts, how many of them it needs."""
    ((kind, content),) = old.items()
    if kind in ("at_least", "at_most", "equal") and not {"times_fact", "times_threshold"} & set(content):
        return {draw(st.sampled_from([kind, kind, "equal"])): draw(_other_threshold(content, columns))}
    if kind == "one_of":
        return {
            kind: content
            | {
                "values": draw(
                    st.lists(
                        st.sampled_from(generated_catalogue().facts[content["fact"]].values), min_size=1, unique=True
                    )
                )
            }
        }
    if kind == "when":
        return {kind: content | {name: draw(_rewritten(content[name], columns)) for name in ("then", "otherwise")}}
    if kind in ("all", "any", "some"):
        parts = content["of"] if kind == "some" else content
        parts = [part if draw(st.booleans()) else draw(_rewritten(part, columns)) for part in parts]
        needed = draw(st.integers(1, len(parts)))
        return draw(st.sampled_from([{"all": parts}, {"any": parts}, {"some": {"at_least": str(needed), "of": parts}}]))
    return old


@st.composite
def _other_threshold(draw: st.DrawFn, content: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    fact = generated_catalogue().facts[content["fact"]]
    value = st.sampled_from(list(fact.values)) if fact.values else kit._numbers(fact)
    kept = {key: said for key, said in content.items() if key not in ("value", "by_column", "by_year")}
    changed: dict[str, Any] = kept | draw(kit._cells(value, columns))
    if fact.by_sex and draw(st.booleans()):
        changed["both_sexes"] = "true"
    return changed
