"""Documents for testing engines and tools: arbitrary rulesets and layers, every one of which the loader takes.

They use every kind of requirement there is, nested, with cells unset and delegated, rows by year, conditions of applying, several
tiers that refer to each other, and numbers short and long.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import Cell, CellState, Clause, Comparison, Direction, leaves, nodes
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.rulebook.rulebook import Rulebook
from ntm_rules.testing.near import possible

__all__ = ["Document", "built", "catalogue", "overlays", "ruleset_document", "rulesets", "written"]

Document: TypeAlias = dict[str, Any]

_TEXT = {"vi": "chữ", "en": "text"}
_UNIT = {"vi": "đơn vị", "en": "units"}
_DECISION = {"number": "1/QĐ", "issued": "2020-01-01", "in_force": "2020-01-01"}
_COLUMNS = ("dbsh", "tn", "dnb")
_LOWER, _UPPER = "2030-2035/xa-khac", "2030-2035/xa-nang-cao"

# Facts of every kind, some by sex, with bounds short, long and negative.
_FACTS: dict[str, Document] = {
    **{f"yes{i}": {"kind": "boolean"} for i in range(4)},
    "pct0": {"kind": "percent", "counts": _UNIT, "by_sex": "true"},
    "pct1": {"kind": "percent", "counts": _UNIT},
    "pct2": {"kind": "percent"},
    "num0": {"kind": "number", "unit": _UNIT, "bounds": ["-1000000", "1000000"]},
    "num1": {"kind": "number", "unit": _UNIT},
    "num2": {"kind": "number", "unit": _UNIT, "bounds": ["0.000000000000000000001", "99999999999999999999.5"]},
    "cnt0": {"kind": "count", "unit": _UNIT},
    "mon0": {"kind": "money", "unit": _UNIT},
    "cat0": {"kind": "category", "values": ["yếu", "trung bình", "khá", "tốt"]},
    "cat1": {"kind": "category", "values": ["1", "2", "3"], "value_labels": dict.fromkeys("123", _TEXT)},
}
_REGIONS: Document = {
    "regions": {name: {**_TEXT, "short": _TEXT} for name in _COLUMNS},
    "zones": {"III": _TEXT, "dbkk-coast": _TEXT},
    "provinces": {"ha-noi": {"name": "Hà Nội", "region": "dbsh"}, "kon-tum": {"name": "Kon Tum", "region": "tn"}},
}


# -- from documents to rulesets


def written(folder: str | Path, documents: Iterable[Document]) -> None:
    """A rulebook in a directory: the catalogue of the generated facts, and ruleset documents under their ids."""
    files: dict[str, Any] = {
        "rulebook.yaml": {"rulebook": "generated", "version": "1"},
        "facts.yaml": {"facts": {key: {"label": _TEXT, **fact} for key, fact in _FACTS.items()}},
        "regions.yaml": _REGIONS,
        **{f"{document['ruleset']}.yaml": document for document in documents},
    }
    for name, content in files.items():
        place = Path(folder) / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(content), "utf-8")  # JSON is YAML


def built(documents: Sequence[Document], *, layers: Sequence[Document] = ()) -> Ruleset:
    """The ruleset of generated documents: of the last, which may refer to those before it; with layers put on."""
    with tempfile.TemporaryDirectory() as folder:
        written(folder, documents)
        return Rulebook(folder).load(documents[-1]["ruleset"], overlays=layers)


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue of the generated rulesets."""
    return built([ruleset_document({"met": "yes0"})]).catalogue


def ruleset_document(requires: Document, **more: Any) -> Document:
    """A ruleset document of one indicator, "1"."""
    indicator = {"no": "1", "label": _TEXT, "requires": requires}
    return _frame(_LOWER, _COLUMNS, [_criterion("1", [indicator])]) | more


def _frame(ruleset_id: str, columns: Sequence[str], criteria: list[Document]) -> Document:
    phase = ruleset_id.partition("/")[0]
    head = {"ruleset": ruleset_id, "title": _TEXT, "phase": phase, "level": "xa", "tier": "ntm"}
    return head | {"decision": _DECISION, "columns": list(columns), "criteria": criteria}


def _criterion(number: str, indicators: list[Document]) -> Document:
    return {"no": number, "title": _TEXT, "indicators": indicators}


# -- requirements


@attrs.frozen(slots=True, repr=False)
class _Known:
    """The facts documents may name, by what may be asked of them."""

    facts: Mapping[str, Fact]
    numeric: list[str]
    boolean: list[str]
    category: list[str]
    alike: list[tuple[str, str]]


def _known(of: Catalogue) -> _Known:
    def kinds(*wanted: FactKind) -> list[str]:
        return sorted(key for key, fact in of.facts.items() if fact.kind in wanted)

    units = {
        key: _unit(of.facts[key]) for key in kinds(FactKind.PERCENT, FactKind.NUMBER, FactKind.COUNT, FactKind.MONEY)
    }
    alike = [(one, other) for one in units for other in units if one != other and units[one] == units[other]]
    return _Known(of.facts, list(units), kinds(FactKind.BOOLEAN), kinds(FactKind.CATEGORY), alike[:40])


def _unit(fact: Fact) -> Any:
    return FactKind.PERCENT if fact.kind is FactKind.PERCENT else fact.unit


_EVIDENCE = st.sampled_from([{}, {"evidence": "confirmed"}, {"evidence": "recalled"}])
_SHORT = ("0", "1", "2", "6.5", "12.7", "16.5", "21.8", "34.93", "85", "98", "99.9", "100")
_LONG = ("12.70000000000000001", "33.333333333333333333333", "97.99999999999999999999", "1.0000000000000000000001")
_WIDE = ("-0.5", "-273.15", "1000000", "9007199254740993", "99999999999999999999", "12345678901234567890.12345")


def _numbers(fact: Fact) -> SearchStrategy[str]:
    """Numbers within a fact's bounds: short ones, those of the tables, and long ones."""

    def fits(text: str) -> bool:
        return possible(fact, Decimal(text))

    known = [text for text in (*_SHORT, *_LONG, *_WIDE) if fits(text)]
    whole = fact.kind is FactKind.COUNT
    digits = st.integers(0, 10**10 if whole else 10**25)
    places = st.just(0) if whole else st.integers(0, 25)
    drawn = st.builds(lambda n, p: format(Decimal((0, tuple(map(int, str(n))), -p)), "f"), digits, places).filter(fits)
    return st.one_of(st.sampled_from(known), st.sampled_from(known), drawn) if known else drawn


def _cells(number: SearchStrategy[str], columns: Sequence[str]) -> SearchStrategy[Document]:
    """A threshold in each form a file may give it."""
    cell = st.one_of(number, number, number, st.sampled_from(["UBND", "unset"]))
    by_column = st.fixed_dictionaries(dict.fromkeys(columns, cell))
    years = st.dictionaries(st.sampled_from(["2021", "2022", "2024"]), st.one_of(number, by_column), min_size=1)
    return st.one_of(
        st.builds(lambda value: {"value": value}, number),
        st.builds(lambda cells: {"by_column": cells}, by_column),
        st.builds(lambda rows: {"by_year": rows}, years),
    )


_DIRECTIONS = st.sampled_from(["at_least", "at_most", "equal"])


@st.composite
def _comparison(draw: st.DrawFn, known: _Known, columns: Sequence[str]) -> Document:
    key = draw(st.sampled_from(known.numeric))
    content = {"fact": key, **draw(_cells(_numbers(known.facts[key]), columns)), **draw(_EVIDENCE)}
    if known.facts[key].by_sex and draw(st.booleans()):
        content["both_sexes"] = "true"
    return {draw(_DIRECTIONS): content}


@st.composite
def _met(draw: st.DrawFn, known: _Known, columns: Sequence[str]) -> Document:
    key = draw(st.sampled_from(known.boolean))
    if draw(st.booleans()):
        return {"met": key}
    cells = draw(st.fixed_dictionaries(dict.fromkeys(columns, st.sampled_from(["Đạt", "Đạt", "UBND", "unset"]))))
    return {"met": {"fact": key, "by_column": cells, **draw(_EVIDENCE)}}


@st.composite
def _category(draw: st.DrawFn, known: _Known, columns: Sequence[str]) -> Document:
    key = draw(st.sampled_from(known.category))
    values = known.facts[key].values
    if draw(st.booleans()):
        cells = draw(_cells(st.sampled_from(values), columns))
        return {draw(_DIRECTIONS): {"fact": key, **cells, **draw(_EVIDENCE)}}
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, unique=True))
    return {"one_of": {"fact": key, "values": chosen, **draw(_EVIDENCE)}}


@st.composite
def _two_facts(draw: st.DrawFn, known: _Known, columns: Sequence[str]) -> Document:  # noqa: ARG001 - as the others
    factor = draw(st.sampled_from(["1", "1.5", "0.333333333333333333333", "1.1", "2"]))
    one, other = draw(st.sampled_from(known.alike))
    return {draw(_DIRECTIONS): {"fact": one, "times_fact": {"fact": other, "factor": factor}, **draw(_EVIDENCE)}}


@st.composite
def _unstated(draw: st.DrawFn, known: _Known, columns: Sequence[str]) -> Document:  # noqa: ARG001
    return {"unstated": draw(st.sampled_from(["national", "province", "ministry", "unclear"]))}


def _simple(known: _Known, columns: Sequence[str]) -> SearchStrategy[Document]:
    """A requirement without parts; comparisons of numbers most often."""
    kinds = [_comparison, _comparison, _comparison, _unstated]
    kinds += [_met] * bool(known.boolean) + [_category] * bool(known.category) * 2 + [_two_facts] * bool(known.alike)
    return st.one_of(*(kind(known, columns) for kind in kinds))


@st.composite
def _clause(draw: st.DrawFn, known: _Known, columns: Sequence[str], depth: int, names: Document) -> Document:
    """A clause: part, indicator or condition, by the name under which it goes."""
    found: Document = {"label": _TEXT, "citation": "1/QĐ, Điều 1", **names}
    asked = columns
    if draw(st.integers(0, 5)) == 0:
        asked = draw(st.lists(st.sampled_from(columns), min_size=1, unique=True))
        found["columns"] = list(asked)
    if draw(st.integers(0, 3)) == 0:
        found["applies_if"] = draw(_simple(known, asked))
    # Cells name every column of the ruleset; a clause asked in some columns needs those only, its parts all again.
    found["requires"] = draw(_requirement(known, asked, columns, depth))
    return found


@st.composite
def _requirement(draw: st.DrawFn, known: _Known, asked: Sequence[str], columns: Sequence[str], depth: int) -> Document:
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        return draw(_simple(known, asked))
    return draw(_of_parts(known, asked, columns, depth - 1))


@st.composite
def _of_parts(draw: st.DrawFn, known: _Known, asked: Sequence[str], columns: Sequence[str], depth: int) -> Document:
    kind = draw(st.sampled_from(["all", "any", "some", "when"]))
    if kind == "when":
        then, otherwise = (draw(_clause(known, columns, depth, {"part": name})) for name in "ab")
        return {"when": {"condition": draw(_simple(known, asked)), "then": then, "otherwise": otherwise}}
    count = draw(st.integers(1, 4))
    parts = [draw(_clause(known, columns, depth, {"part": name})) for name in "abcd"[:count]]
    if kind == "some":
        return {"some": {"at_least": str(draw(st.integers(1, count))), "of": parts}}
    return {kind: parts}


# -- rulesets


@st.composite
def _document(draw: st.DrawFn, upon: str | None = None) -> Document:
    """A ruleset document; `upon` names the lower tier it refers to."""
    known = _known(catalogue())
    columns = _COLUMNS if upon is not None else draw(st.sampled_from([_COLUMNS, _COLUMNS, ("common",)]))
    criteria = []
    for place in range(1, draw(st.integers(1, 4)) + 1):
        numbers = [f"{place}.{i}" for i in range(1, draw(st.integers(1, 3)) + 1)]
        criteria.append(_criterion(str(place), [draw(_clause(known, columns, 2, {"no": no})) for no in numbers]))
    criteria.append(draw(_referring(upon)) if upon is not None else draw(_referred_to(columns)))
    document = _frame(_UPPER if upon is not None else _LOWER, columns, criteria)
    return document | draw(_around(known, columns, upon))


@st.composite
def _referred_to(draw: st.DrawFn, columns: Sequence[str]) -> Document:
    """The criterion whose threshold a higher tier may multiply."""
    cells = draw(_cells(_numbers(catalogue().facts["num1"]), columns))
    return _criterion("89", [{"no": "10", "label": _TEXT, "requires": {"at_least": {"fact": "num1", **cells}}}])


@st.composite
def _referring(draw: st.DrawFn, upon: str) -> Document:
    """A criterion of a multiple of a lower tier's threshold, and of that tier itself."""
    factor = draw(st.sampled_from(["1.1", "0.9", "1.000000000000000001", "2.5"]))
    times = {"fact": "num1", "times_threshold": {"ruleset": upon, "indicator": "10", "factor": factor}}
    related = {"no": "90.1", "label": _TEXT, "requires": {"at_least": times}}
    return _criterion("90", [related, {"no": "90.2", "label": _TEXT, "requires": {"ruleset_met": upon}}])


@st.composite
def _around(draw: st.DrawFn, known: _Known, columns: Sequence[str], upon: str | None) -> Document:
    """What stands around the criteria, each there or not."""
    found: Document = {}
    if draw(st.booleans()):
        found["conditions"] = [draw(_clause(known, columns, 1, {"id": "condition"}))]
    if draw(st.booleans()):
        found["complete"] = "false"
    if draw(st.booleans()):
        found["withdrawal"] = draw(_withdrawal())
    if draw(st.booleans()) and tuple(columns) == _COLUMNS:
        found["special_communes"] = {"column": "tn", "zones": ["III"], "citation": "1/QĐ"}
    if upon is not None and draw(st.booleans()):
        found["prerequisites"] = [{"id": "lower_tier", "label": _TEXT, "requires": {"ruleset_met": upon}}]
    return found


@st.composite
def _withdrawal(draw: st.DrawFn) -> Document:
    any_share, key_share = draw(st.sampled_from([("50", "30"), ("33.333", "20"), ("100", "50"), ("50", "50")]))
    key = draw(st.lists(st.sampled_from(["1", "2", "90", "89"]), unique=True))
    return {"any_share": any_share, "key_share": key_share, "key_criteria": key, "citation": "2/QĐ"}


@st.composite
def rulesets(draw: st.DrawFn) -> tuple[Document, ...]:
    """Documents of arbitrary valid rulesets: one, or two of which the last refers to the first.

    `built` makes the ruleset of them, `written` a rulebook's directory. Their facts are those of `catalogue()`.
    """
    base = draw(_document())
    if base["columns"] == ["common"] or draw(st.booleans()):
        return (base,)
    return base, draw(_document(upon=base["ruleset"]))


# -- layers


def overlays(*, of: Ruleset, province: bool | None = None) -> SearchStrategy[Document]:
    """Arbitrary valid layers on a ruleset: a province's overlay, or (`province=False`) an amendment; either where None.

    A province's overlay fills in what is left open, asks for more, and adds indicators; it never asks for less than the text
    below it. Hand one to `load_ruleset(…, overlays=[…])`, or to `built(…, layers=[…])`.
    """
    known = _known(of.catalogue)

    @st.composite
    def layer(draw: st.DrawFn) -> Document:
        own = draw(st.booleans()) if province is None else province
        found: Document = {"layer": "9/QĐ", "of": of.id, "kind": "province" if own else "amendment"}
        if own:
            found["province"] = of.province or draw(st.sampled_from(sorted(of.catalogue.provinces)))
        # An amendment may ask for less, but not of a province's text, which is held to the national one.
        bound = own or of.province is not None
        found |= {"decision": _DECISION, "set_thresholds": _thresholds(draw, of, tighten=bound)}
        found |= _additions(draw, known, of)
        if not bound and len(of.numbers) > 1 and draw(st.booleans()):
            found["remove_indicators"] = draw(_removed(of, found))
        return found

    return layer()


def _thresholds(draw: st.DrawFn, of: Ruleset, *, tighten: bool) -> list[Document]:
    changeable = [
        (indicator, leaf, rows)
        for indicator, leaf in _settable(of)
        if (rows := _rows(of, leaf, tighten=tighten))
        and not (tighten and leaf is not indicator and _lapsing(indicator))
    ]
    if not changeable:
        return []
    chosen = draw(st.lists(st.integers(0, len(changeable) - 1), max_size=4, unique=True))
    return [_threshold(draw, *changeable[place]) for place in chosen]


def _additions(draw: st.DrawFn, known: _Known, of: Ruleset) -> Document:
    """A criterion and an indicator of another, each there or not."""
    found: Document = {}
    if draw(st.booleans()):
        found["add_criteria"] = [_criterion("97", [draw(_clause(known, of.columns, 1, {"no": "97.1"}))])]
    if bool(of.criteria) and draw(st.booleans()):
        added = draw(_clause(known, of.columns, 1, {"no": "98.1"}))
        found["add_indicators"] = [added | {"criterion": draw(st.sampled_from([c.no for c in of.criteria]))}]
    return found


def _removed(of: Ruleset, layer: Document) -> SearchStrategy[list[str]]:
    """An indicator to take away that the layer says nothing of, and that is not the last of its criterion."""
    touched = {change["indicator"] for change in layer.get("set_thresholds", ())}
    free = [i.id for c in of.criteria if len(c.indicators) > 1 for i in c.indicators if i.id not in touched]
    return st.lists(st.sampled_from(free), max_size=1) if free else st.just([])


def _settable(of: Ruleset) -> list[tuple[Clause, Clause]]:
    """The clauses whose cells a layer may fill in, each with its indicator: those that their number names alone."""
    found = []
    for indicator in of.indicators:
        named = Counter(clause.id for clause in nodes(indicator))
        alone = [leaf for leaf in leaves(indicator) if named[leaf.id] == 1]
        found += [(indicator, leaf) for leaf in alone if isinstance(leaf.requirement, Comparison)]
    return found


def _lapsing(indicator: Clause) -> bool:
    """Whether some part is not always asked: that a changed part asks for as much then follows from no rule the loader knows."""
    return any(
        part.applies_if is not None or part.columns is not None for part in nodes(indicator) if part is not indicator
    )


def _rows(of: Ruleset, leaf: Clause, *, tighten: bool) -> dict[int | None, dict[str, SearchStrategy[str]]]:
    """What the cells of a clause may become, by year and column; none where nothing may change."""
    requirement = leaf.requirement
    assert isinstance(requirement, Comparison)
    fact, asked = of.catalogue.facts[requirement.fact], leaf.columns or of.columns
    found: dict[int | None, dict[str, SearchStrategy[str]]] = {}
    for year, column, cell in requirement.threshold.cells():
        if column in asked and column in of.columns:
            found.setdefault(year, {})[column] = _cell(fact, requirement.direction, cell, tighten=tighten)
    return found


def _threshold(
    draw: st.DrawFn, indicator: Clause, leaf: Clause, rows: Mapping[int | None, Mapping[str, SearchStrategy[str]]]
) -> Document:
    """A change of the cells of a clause."""
    found: Document = {"indicator": indicator.id, "evidence": "confirmed"}
    if leaf is not indicator:
        found["part"] = leaf.id.removeprefix(f"{indicator.id}.")
    cells = {year: {column: draw(cell) for column, cell in row.items()} for year, row in rows.items()}
    every = cells.get(None)
    return found | (
        {"by_year": {str(year): row for year, row in cells.items()}} if every is None else {"by_column": every}
    )


def _cell(fact: Fact, direction: Direction, cell: Cell, *, tighten: bool) -> SearchStrategy[str]:
    """What a cell may become."""
    if direction is Direction.MET:
        return st.just("Đạt")
    known: SearchStrategy[str] = st.sampled_from(fact.values) if fact.values else _numbers(fact)
    if cell.state is not CellState.SET or not tighten:
        return known
    if direction is Direction.EQUAL or fact.values or not isinstance(cell.value, Decimal):
        return st.just(format(cell.value, "f") if isinstance(cell.value, Decimal) else str(cell.value))
    step = Decimal(1) if direction is Direction.AT_LEAST else Decimal(-1)
    harder = [value for times in (1, 2) if possible(fact, value := cell.value + times * step)]
    return st.sampled_from([format(value, "f") for value in (cell.value, *harder)])
