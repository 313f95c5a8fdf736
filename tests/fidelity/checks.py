"""Rulesets held against the tables, as plain functions: each takes a loader and yields what does not agree.

They are given the loader so that the mutation run (`mutate_cells`) can hand in one that loads a changed rulebook.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from ntm_rules import Clause, DateError, Ruleset
from ntm_rules.model.requirement import (
    Branch,
    Combination,
    Comparison,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Unstated,
    leaves,
)
from ntm_rules.model.ruleset import Decision, WithdrawalByRuleset

from . import expected as oracle
from .expected import Cell, Item
from .tables import NATIONAL, PROVINCIAL, REGIONS, fact_lines

Problems = Iterator[str]


class Load(Protocol):
    """`ntm_rules.load_ruleset`, or a stand-in for it."""

    def __call__(
        self,
        ruleset_id: str,
        *,
        on: datetime.date | None = None,
        known_on: datetime.date | None = None,
        province: str | None = None,
    ) -> Ruleset: ...


Check = Callable[[Load], Problems]

LAST_ORIGINAL, FIRST_AMENDED = datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)

# What is loaded: every ruleset, on the last day of the first texts and the first day of the amended ones, and every province.
PLAN: tuple[tuple[str, datetime.date | None, str], ...] = (
    *((ruleset, None, "") for ruleset in NATIONAL),
    *(
        (ruleset, day, "")
        for day in (LAST_ORIGINAL, FIRST_AMENDED)
        for ruleset in NATIONAL
        if ruleset.startswith("2021-2025")
    ),
    *((ruleset, None, province) for ruleset, province in PROVINCIAL),
    # The one overlay whose day of entry into force is known, on the eve of it and on the day.
    ("2021-2025/xa-ntm-kieu-mau", datetime.date(2022, 8, 19), "nam-dinh"),
    ("2021-2025/xa-ntm-kieu-mau", datetime.date(2022, 8, 20), "nam-dinh"),
)


def _named(ruleset: str, on: datetime.date | None, province: str) -> str:
    return " ".join(str(part) for part in (ruleset, on, province) if part)


def check_cells(load: Load, ruleset: str, province: str, on: datetime.date | None) -> Problems:
    """Every cell: value, state, evidence and place seen; none lacking, none that no table row stands behind."""
    name = _named(ruleset, on, province)
    loaded = load(ruleset, on=on, province=province or None)
    actual = {
        (indicator.id, leaf.id, year, column): Cell(cell.state.value, cell.value, cell.evidence.value, cell.seen_at)
        for indicator, leaf, year, column, cell in loaded.cells()
    }
    wanted = {
        (item.id, leaf.id, year, column): cell
        for criterion in oracle.expected(ruleset, on, province)
        for item in criterion.items
        for leaf in item.leaves()
        for (year, column), cell in leaf.cells.items()
    }
    for key in wanted.keys() | actual.keys():
        if key not in actual:
            yield f"{name}: the cell {key} of the tables is not in the ruleset"
        elif key not in wanted:
            yield f"{name}: no table row stands behind the cell {key}"
        elif actual[key] != wanted[key] or type(actual[key].value) is not type(wanted[key].value):
            yield f"{name}: {key} is {actual[key]}, the table says {wanted[key]}"


def check_factors(load: Load, ruleset: str, province: str, on: datetime.date | None) -> Problems:
    """The cells of every factor: value, evidence and place seen, which the product alone does not show."""
    name = _named(ruleset, on, province)
    loaded = load(ruleset, on=on, province=province or None)
    actual = {
        (leaf.id, column): Cell(cell.state.value, cell.value, cell.evidence.value, cell.seen_at)
        for indicator in loaded.indicators
        for leaf in leaves(indicator)
        if isinstance(leaf.requirement, Comparison) and leaf.requirement.relation is not None
        for _, column, cell in leaf.requirement.relation.factors.cells()
    }
    wanted = {
        (leaf.id, column): cell
        for criterion in oracle.expected(ruleset, on, province)
        for item in criterion.items
        for leaf in item.leaves()
        for column, cell in leaf.factors.items()
    }
    for key in sorted(wanted.keys() | actual.keys()):
        if actual.get(key) != wanted.get(key):
            yield f"{name}: the factor {key} is {actual.get(key)}, the table says {wanted.get(key)}"


def check_clauses(load: Load, ruleset: str, province: str, on: datetime.date | None) -> Problems:
    """Criteria and indicators in order, with titles, labels, citations, setters, facts, directions, columns and parts."""
    name = _named(ruleset, on, province)
    loaded = load(ruleset, on=on, province=province or None)
    wanted = oracle.expected(ruleset, on, province)
    if [c.no for c in loaded.criteria] != [c.no for c in wanted]:
        yield f"{name}: criteria {[c.no for c in loaded.criteria]}, the table has {[c.no for c in wanted]}"
    for criterion, should in zip(loaded.criteria, wanted, strict=False):
        if (criterion.title.vi, criterion.title.en) != should.title:
            yield f"{name}: criterion {criterion.no} is titled {criterion.title}, the table says {should.title}"
        if [clause.id for clause in criterion.indicators] != [item.id for item in should.items]:
            yield f"{name}: criterion {criterion.no} has {[c.id for c in criterion.indicators]}"
        for clause, item in zip(criterion.indicators, should.items, strict=False):
            yield from _compare(f"{name}: {item.id}", clause, item)


# Doubts that must stay in sight: which of these 211/QĐ-TTg replaced by "electronic health management" is not known.
DOUBTED = {("2021-2025/xa-ntm-nang-cao", number): "quản lý sức khỏe điện tử" for number in ("14.2", "14.3", "14.4")}


def check_doubts(load: Load, ruleset: str, province: str, on: datetime.date | None) -> Problems:
    """What the tables leave open is said in a note, from the day it is open."""
    loaded = load(ruleset, on=on, province=province or None)
    for (name, number), words in DOUBTED.items():
        if name == ruleset:
            note = loaded.indicator(number).note
            if (note is not None and words in note.vi) is not (on is None or on >= FIRST_AMENDED):
                yield f"{_named(ruleset, on, province)}: the note of {number} is {note}"


def _compare(name: str, clause: Clause, item: Item) -> Problems:
    actual, wanted = described(clause), _flat(item)
    for field, should in wanted.items():
        if actual[field] != should:
            yield f"{name}: {field} is {actual[field]!r}, the table says {should!r}"
    for part, should_be in zip(_parts(clause.requirement), item.parts, strict=False):
        yield from _compare(f"{name}, {should_be.id}", part, should_be)


def _flat(item: Item) -> dict[str, object]:
    return {
        "id": item.id,
        "label": item.label,
        "citation": item.citation,
        "set_by": item.set_by,
        "kind": item.kind,
        "direction": item.direction,
        "fact": item.fact,
        "other": item.other,
        "both_sexes": item.both_sexes,
        "relation": item.relation,
        "columns": item.columns,
        "applies_if": item.applies_if,
        "parts": tuple(part.id for part in item.parts),
        "when": item.when,
        "ruleset": item.ruleset,
    }


def described(clause: Clause) -> dict[str, object]:
    """A clause of a ruleset in the words of the oracle."""
    found: dict[str, object] = {
        "id": clause.id,
        "label": (clause.label.vi, clause.label.en),
        "citation": clause.citation,
        "set_by": clause.set_by.value,
        "direction": "",
        "fact": "",
        "other": "",
        "both_sexes": False,
        "relation": None,
        "columns": clause.columns,
        "applies_if": _asked_if(clause.applies_if),
        "parts": tuple(part.id for part in _parts(clause.requirement)),
        "when": None,
        "ruleset": "",
    }
    return found | _requirement(clause.requirement)


def _requirement(requirement: Requirement) -> dict[str, object]:
    if isinstance(requirement, Comparison):
        relation = requirement.relation
        return {
            "kind": "compare",
            "direction": requirement.direction.value,
            "fact": requirement.fact,
            "both_sexes": requirement.both_sexes,
            "relation": relation and (relation.ruleset, relation.indicator, relation.factor),
        }
    if isinstance(requirement, FactComparison):
        return {
            "kind": "times_fact",
            "direction": requirement.direction.value,
            "fact": requirement.fact,
            "other": requirement.other,
        }
    if isinstance(requirement, OneOf):
        return {"kind": "one_of", "fact": requirement.fact}
    if isinstance(requirement, Combination):
        return {"kind": "all" if requirement.needed == len(requirement.parts) else f"some {requirement.needed}"}
    if isinstance(requirement, Branch):
        condition = requirement.condition
        assert isinstance(condition, Comparison)
        limits = {cell.value for _, _, cell in condition.threshold.cells()}
        return {"kind": "branch", "when": (condition.fact, condition.direction.value, *limits)}
    if isinstance(requirement, RulesetMet):
        return {"kind": "ruleset", "ruleset": requirement.ruleset.id}
    assert isinstance(requirement, Unstated)
    return {"kind": f"unstated {requirement.set_by.value}"}


def _parts(requirement: Requirement) -> tuple[Clause, ...]:
    if isinstance(requirement, Combination):
        return requirement.parts
    return (requirement.then, requirement.otherwise) if isinstance(requirement, Branch) else ()


def _asked_if(requirement: Requirement | None) -> str:
    if requirement is None:
        return ""
    if isinstance(requirement, Comparison) and requirement.direction.value == "met":
        values = {cell.value for _, _, cell in requirement.threshold.cells()}
        return requirement.fact if values == {True} else f"{requirement.fact} {values}"
    return repr(requirement)


def check_facts(load: Load, ruleset: str, province: str, on: datetime.date | None) -> Problems:
    """The catalogue's kind of every fact the pinned table names."""
    facts = load(ruleset, on=on, province=province or None).catalogue.facts
    for lines in (fact_lines(ruleset), fact_lines(ruleset, province) if province else {}):
        for (_, indicator, part), named in lines.items():
            for line in named:
                if line.kind and (line.fact not in facts or facts[line.fact].kind.value != line.kind):
                    yield f"{_named(ruleset, on, province)}: {indicator} {part}: the fact {line.fact} is no {line.kind}"


def check_lookup(load: Load, ruleset: str, province: str, on: datetime.date | None) -> Problems:
    """The public `threshold` and `clause` say what the tables say, region by region and year by year."""
    name = _named(ruleset, on, province)
    loaded = load(ruleset, on=on, province=province or None)
    for criterion in oracle.expected(ruleset, on, province):
        for leaf in (leaf for item in criterion.items for leaf in item.leaves()):
            if loaded.clause(leaf.id).citation != leaf.citation:
                yield f"{name}: clause({leaf.id}) has the citation {loaded.clause(leaf.id).citation}"
            for (year, column), cell in leaf.cells.items():
                if column == "common" and "common" not in loaded.columns:
                    continue
                found = loaded.threshold(leaf.id, region=None if column == "common" else column, year=year)
                reason = None if cell.state == "set" else "no_threshold"
                set_by = "province" if cell.state == "delegated" else leaf.set_by
                if (
                    leaf.relation and cell.state == "unset"
                ):  # the factor is known: what lacks is the level it multiplies
                    set_by = oracle.set_by_of(*leaf.relation[:2])
                wanted = (cell.value, reason, cell.evidence, cell.seen_at, leaf.citation, column, year, set_by)
                actual = (
                    found.value,
                    found.reason,
                    found.evidence.value,
                    found.seen_at,
                    found.citation,
                    found.column,
                    found.year,
                    found.set_by.value,
                )
                if actual != wanted or bool(found) is not (cell.state == "set"):
                    yield f"{name}: threshold({leaf.id}, {column}, {year}) is {actual}, the table says {wanted}"
            yield from _check_years(name, loaded, leaf)


def _check_years(name: str, loaded: Ruleset, leaf: Item) -> Problems:
    """A year without a row has no threshold, and says so."""
    years = {year for year, _ in leaf.cells}
    if None in years or not years:
        return
    region = REGIONS[0] if "common" not in loaded.columns else None
    for year in (2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, None):
        if year not in years:
            found = loaded.threshold(leaf.id, region=region, year=year)
            if found.reason != "no_threshold_for_year" or found.value is not None:
                yield f"{name}: {leaf.id} has a threshold for {year}: {found.value}"


# -- what stands around the criteria, from the README of the tables and the decisions it names


def _day(text: str) -> datetime.date | None:
    """The day of a date, the first one of a month."""
    return datetime.date.fromisoformat(f"{text}-01"[:10]) if text else None


# (number, issued, in force) of each set; where one date is known it stands for both.
DECISIONS = {
    "2016-2020/xa-ntm": ("1980/QĐ-TTg", "2016-10-17", "2016-10-17"),
    "2016-2020/xa-ntm-nang-cao": ("", "", ""),  # provinces only
    "2016-2020/xa-ntm-kieu-mau": ("691/QĐ-TTg", "2018-06-05", "2018-06-05"),
    "2021-2025/xa-ntm": ("318/QĐ-TTg", "2022-03-08", "2022-03-08"),
    "2021-2025/xa-ntm-nang-cao": ("318/QĐ-TTg", "2022-03-08", "2022-03-08"),
    "2021-2025/xa-ntm-kieu-mau": ("319/QĐ-TTg", "2022-03-08", "2022-03-08"),
}

_AMENDMENTS = (
    ("18/2022/QĐ-TTg", "2022-08-02", "2022-08-02"),
    ("211/QĐ-TTg", "2024-03-01", "2024-03-01"),
    ("03/2024/QĐ-TTg", "2024-03-07", "2024-03-07"),
)

# Layers by (ruleset, province): (number, issued, in force), in the order they apply; of one decision only the month is known.
LAYERS: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {
    **{(ruleset, ""): _AMENDMENTS for ruleset in NATIONAL if ruleset.startswith("2021-2025")},
    **{(ruleset, ""): () for ruleset in DECISIONS if ruleset.startswith("2016-2020")},
    ("2016-2020/xa-ntm-kieu-mau", "hai-duong"): (("", "", ""),),
    ("2016-2020/xa-ntm-nang-cao", "hai-duong"): (("", "", ""),),
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"): (("2538/QĐ-UBND", "2018-10-05", ""),),
    ("2021-2025/xa-ntm-kieu-mau", "dong-thap"): (
        *_AMENDMENTS,
        ("", "", ""),
        ("384/QĐ-UBND-HC", "2023-04-03", ""),
    ),
    ("2021-2025/xa-ntm-kieu-mau", "ha-noi"): (*_AMENDMENTS, ("3098/QĐ-UBND", "2022-08-29", "")),
    ("2021-2025/xa-ntm-kieu-mau", "nam-dinh"): (*_AMENDMENTS, ("23/2022/QĐ-UBND", "2022-08-08", "2022-08-20")),
    ("2021-2025/xa-ntm-kieu-mau", "quang-nam"): (*_AMENDMENTS, ("2429/QĐ-UBND", "2022-09", "")),
    ("2021-2025/xa-ntm-nang-cao", "quang-nam"): (*_AMENDMENTS, ("2333/QĐ-UBND", "2022-09-08", "")),
}

# Official counts; the sub-numbers of 691/QĐ-TTg are the table's own, Hải Dương's 18 and Thái Bình's 11 are from the press.
TOTALS: dict[tuple[str, str], tuple[int | None, int | None, bool]] = {
    ("2016-2020/xa-ntm", ""): (19, 49, True),
    ("2016-2020/xa-ntm-nang-cao", ""): (None, None, False),
    ("2016-2020/xa-ntm-nang-cao", "hai-duong"): (18, None, False),
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"): (11, None, True),
    ("2016-2020/xa-ntm-kieu-mau", ""): (4, None, True),
    ("2021-2025/xa-ntm", ""): (19, 57, True),
    ("2021-2025/xa-ntm-nang-cao", ""): (19, 75, True),
    ("2021-2025/xa-ntm-kieu-mau", ""): (4, 4, True),
}

ONE_DAY = datetime.timedelta(days=1)


def check_frame(load: Load, ruleset: str, province: str) -> Problems:
    """Identity, columns, counts, the decision's dates and those of every layer."""
    name = _named(ruleset, None, province)
    loaded = load(ruleset, province=province or None)
    phase, _, tier = ruleset.partition("/xa-ntm")
    columns = ("common",) if ruleset == "2016-2020/xa-ntm-kieu-mau" else REGIONS
    decision = loaded.decision
    wanted = {
        "phase": (loaded.phase, phase),
        "level": (loaded.level, "xa"),
        "tier": (loaded.tier, tier.removeprefix("-") or "ntm"),
        "columns": (loaded.columns, columns),
        "totals": (
            (loaded.criteria_total, loaded.indicators_total, loaded.complete),
            TOTALS.get((ruleset, province), TOTALS[ruleset, ""]),
        ),
        "decision": (
            _written(decision),
            DECISIONS[ruleset],
        ),
        "layers": (
            [_written(layer.decision) for layer in loaded.layers],
            list(LAYERS[ruleset, province]),
        ),
        "kinds of layers": (
            [(layer.kind, layer.province) for layer in loaded.layers],
            [
                ("province", province) if number not in [a[0] for a in _AMENDMENTS] else ("amendment", None)
                for number, _, _ in LAYERS[ruleset, province]
            ],
        ),
    }
    for field, (actual, should) in wanted.items():
        if actual != should:
            yield f"{name}: {field} is {actual}, should be {should}"


def _written(decision: Decision) -> tuple[str, str, str]:
    """Number and dates of a decision as they are written above: "" where not known, the month where the day is not."""
    dates = ("-".join(reversed(str(date).split("/"))) if date else "" for date in (decision.issued, decision.in_force))
    return (decision.number or "", *dates)  # type: ignore[return-value]


def check_dates(load: Load, ruleset: str, province: str) -> Problems:
    """A set exists from its first day, a layer applies from its own, by entry into force and by issue."""
    name = _named(ruleset, None, province)
    _, issued, in_force = DECISIONS[ruleset]
    for argument, first in (("on", _day(in_force)), ("known_on", _day(issued))):
        if first is None:
            continue
        try:
            load(ruleset, province=province or None, **{argument: first})
        except DateError:
            yield f"{name}: does not load {argument}={first}"
        try:
            load(ruleset, province=province or None, **{argument: first - ONE_DAY})
        except DateError:
            continue
        yield f"{name}: loads {argument}={first - ONE_DAY}, a day too early"
    for number, layer_issued, layer_in_force in LAYERS[ruleset, province]:
        for argument, first in (("on", _day(layer_in_force)), ("known_on", _day(layer_issued))):
            if first is None:
                continue
            for day, applies in ((first - ONE_DAY, False), (first, True)):
                loaded = load(ruleset, province=province or None, **{argument: day})
                if (number in [layer.decision.number for layer in loaded.layers]) is not applies:
                    yield f"{name}: {number} {'does not apply' if applies else 'applies'} {argument}={day}"


# -- prerequisites and conditions of recognition

# (id, what is asked, fact or ruleset): conditions by the first day they hold.
_ISSUED = (
    ("construction_debt", "met", "no_outstanding_construction_debt"),
    ("satisfaction", "at_least", "resident_satisfaction_pct"),
    ("security", "met", "security_not_complicated"),
)
_SAFE = (*_ISSUED[:2], ("security", "met", "security_safe_standard"))
_NO_RULE_YET = (("recognition_rule", "unstated", "national"),)
_REGISTERED = (
    ("registered", "met", "registered_in_district_plan"),
    ("construction_debt", "met", "no_outstanding_construction_debt"),
)
_QUANG_NAM = (
    ("qn_2", "at_least", "model_villages_recognised"),
    ("qn_3", "met", "no_unlawful_unpayable_construction_debt"),
)

Asked = tuple[tuple[str, str, str], ...]

CONDITIONS: tuple[tuple[str, str, str, Asked], ...] = (
    ("2016-2020/xa-ntm", "", "", _REGISTERED),
    ("2016-2020/xa-ntm-kieu-mau", "", "", _REGISTERED),
    ("2016-2020/xa-ntm-nang-cao", "", "", (("recognition_rule", "unstated", "province"),)),
    *(
        (ruleset, "", day, asked)
        for ruleset in NATIONAL
        if ruleset.startswith("2021-2025")
        for day, asked in (
            ("2022-08-01", _NO_RULE_YET),
            ("2022-08-02", _ISSUED),
            ("2024-03-06", _ISSUED),
            ("2024-03-07", _SAFE),
            ("", _SAFE),
        )
    ),
    ("2021-2025/xa-ntm-nang-cao", "quang-nam", "", (*_SAFE, *_QUANG_NAM)),
)

PREREQUISITES: dict[tuple[str, str], Asked] = {
    ("2016-2020/xa-ntm", ""): (),
    ("2016-2020/xa-ntm-kieu-mau", ""): (("nang_cao", "met", "recognised_nang_cao"),),
    ("2016-2020/xa-ntm-kieu-mau", "hai-duong"): (("nang_cao", "met", "recognised_nang_cao"),),
    ("2016-2020/xa-ntm-nang-cao", "hai-duong"): (("ntm", "met", "recognised_ntm"),),
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"): (("ntm", "met", "recognised_ntm"),),
    ("2021-2025/xa-ntm", ""): (),
    ("2021-2025/xa-ntm-nang-cao", ""): (("ntm", "ruleset", "2021-2025/xa-ntm"),),
    ("2021-2025/xa-ntm-nang-cao", "quang-nam"): (
        ("ntm", "ruleset", "2021-2025/xa-ntm"),
        ("qn_1", "met", "provincial_ntm_set_met"),
    ),
    ("2021-2025/xa-ntm-kieu-mau", ""): (),  # nâng cao is its criterion 1
}

# Value and evidence of the cells of conditions and prerequisites; the satisfaction percentage is not known.
CONDITION_CELLS: dict[str, tuple[Decimal | bool | None, str]] = {
    "registered": (True, "recalled"),
    "construction_debt": (True, "recalled"),
    "satisfaction": (None, "unset"),
    "security": (True, "recalled"),
    "nang_cao": (True, "recalled"),
    "ntm": (True, "recalled"),
    "qn_1": (True, "confirmed"),
    "qn_2": (Decimal(2), "confirmed"),
    "qn_3": (True, "confirmed"),
}

# That 691/QĐ-TTg takes over the conditions of 2540/QĐ-TTg was not seen.
_UNSEEN = {("2016-2020/xa-ntm-kieu-mau", "registered"), ("2016-2020/xa-ntm-kieu-mau", "construction_debt")}
QUANG_NAM_SEEN_AT = "http://nongthonmoi.net/CMSPages/BaiViet/Default.aspx?IDBaiViet=21898"


# Citation and setter of a condition or prerequisite by (phase, province, id, fact or ruleset asked).
SAID: dict[tuple[str, str, str, str], tuple[str, str]] = {
    ("2016-2020", "", "registered", "registered_in_district_plan"): ("2540/QĐ-TTg", "national"),
    ("2016-2020", "", "construction_debt", "no_outstanding_construction_debt"): ("2540/QĐ-TTg", "national"),
    ("2016-2020", "", "recognition_rule", "province"): ("", "province"),
    ("2016-2020", "", "nang_cao", "recognised_nang_cao"): ("691/QĐ-TTg, Đ1", "national"),
    ("2016-2020", "hai-duong", "ntm", "recognised_ntm"): (
        "QĐ UBND tỉnh Hải Dương, Bộ tiêu chí xã NTM nâng cao 2018-2020 (số QĐ chưa rõ), TC môi trường",
        "province",
    ),
    ("2016-2020", "thai-binh", "ntm", "recognised_ntm"): ("2538/QĐ-UBND", "province"),
    ("2021-2025", "", "recognition_rule", "national"): ("", "national"),
    ("2021-2025", "", "construction_debt", "no_outstanding_construction_debt"): ("18/2022/QĐ-TTg", "national"),
    ("2021-2025", "", "satisfaction", "resident_satisfaction_pct"): ("18/2022/QĐ-TTg", "national"),
    ("2021-2025", "", "security", "security_not_complicated"): ("18/2022/QĐ-TTg", "national"),
    ("2021-2025", "", "security", "security_safe_standard"): ("03/2024/QĐ-TTg", "national"),
    ("2021-2025", "", "ntm", "2021-2025/xa-ntm"): ("318/QĐ-TTg", "national"),
    **{
        ("2021-2025", "quang-nam", number, fact): ("2333/QĐ-UBND ngày 08/09/2022 (Quảng Nam), Phụ lục", "province")
        for number, fact in (
            ("qn_1", "provincial_ntm_set_met"),
            ("qn_2", "model_villages_recognised"),
            ("qn_3", "no_unlawful_unpayable_construction_debt"),
        )
    },
}


def _asked(clause: Clause) -> tuple[str, str, str]:
    requirement = clause.requirement
    if isinstance(requirement, RulesetMet):
        return clause.id, "ruleset", requirement.ruleset.id
    if isinstance(requirement, Unstated):
        return clause.id, "unstated", requirement.set_by.value
    assert isinstance(requirement, Comparison)
    return clause.id, requirement.direction.value, requirement.fact


def _condition_cells(name: str, ruleset: str, province: str, clauses: tuple[Clause, ...]) -> Problems:
    for clause in clauses:
        number, _, asked = _asked(clause)
        phase = ruleset.partition("/")[0]
        said = SAID.get((phase, province, number, asked)) or SAID.get((phase, "", number, asked))
        if (clause.citation, clause.set_by.value) != said:
            yield f"{name}: {number} is cited {clause.citation!r}, set by {clause.set_by.value}, should be {said}"
        if clause.id not in CONDITION_CELLS or not isinstance(clause.requirement, Comparison):
            continue
        value, sureness = CONDITION_CELLS[clause.id]
        if (ruleset, clause.id) in _UNSEEN:
            sureness = "uncertain"
        seen_at = QUANG_NAM_SEEN_AT if clause.id.startswith("qn_") else None
        state = "unset" if value is None else "set"
        for year, column, cell in clause.requirement.threshold.cells():
            actual = (year, cell.state.value, cell.value, cell.evidence.value, cell.seen_at)
            if actual != (None, state, value, sureness, seen_at):
                yield f"{name}: the condition {clause.id}, {column}, is {actual}"
        found = {column for _, column, _ in clause.requirement.threshold.cells()}
        wanted = {"common"} if ruleset == "2016-2020/xa-ntm-kieu-mau" else set(REGIONS)
        if clause.id == "satisfaction":  # written out column by column, the general one among them
            wanted.add("common")
        if found != wanted:
            yield f"{name}: the condition {clause.id} has the columns {sorted(found)}"


def check_conditions(load: Load, ruleset: str, province: str, day: str, asked: Asked) -> Problems:
    """The conditions of recognition on a day."""
    name = _named(ruleset, _day(day), province)
    loaded = load(ruleset, on=_day(day), province=province or None)
    if tuple(_asked(clause) for clause in loaded.conditions) != asked:
        yield f"{name}: the conditions are {[_asked(c) for c in loaded.conditions]}, should be {list(asked)}"
    yield from _condition_cells(name, ruleset, province, loaded.conditions)


def check_prerequisites(load: Load, ruleset: str, province: str) -> Problems:
    """The tiers and titles that recognition presupposes."""
    name = _named(ruleset, None, province)
    loaded = load(ruleset, province=province or None)
    if tuple(_asked(clause) for clause in loaded.prerequisites) != PREREQUISITES[ruleset, province]:
        yield f"{name}: the prerequisites are {[_asked(c) for c in loaded.prerequisites]}"
    yield from _condition_cells(name, ruleset, province, loaded.prerequisites)


# Quảng Nam's own conditions, row by row of the province's table; QN.0 says which area a commune is in and is no condition.
QUANG_NAM_ROWS = {"QN.1": "qn_1", "QN.2": "qn_2", "QN.3": "qn_3", "QN.0": ""}


# -- special communes and withdrawal

SPECIAL_ZONES = {
    "2022-03-08": {"III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020"},
    "2024-02-29": {"III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020"},
    "2024-03-01": {"II", "III", "dbkk-coast", "atk-poor-district"},
    "": {"II", "III", "dbkk-coast", "atk-poor-district"},
}
ALL_ZONES = {"I", "II", "III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020"}


def check_special_communes(load: Load, ruleset: str, day: str) -> Problems:
    """Which zones send a commune to the column of the northern midlands and mountains (2021-2025 only)."""
    loaded = load(ruleset, on=_day(day))
    name = _named(ruleset, _day(day), "")
    special = SPECIAL_ZONES[day] if ruleset.startswith("2021-2025") else set()
    if loaded.special_communes is not None and set(loaded.special_communes.zones) != special:
        yield f"{name}: the special zones are {loaded.special_communes.zones}"
    if (loaded.special_communes is not None) is not bool(special):
        yield f"{name}: special communes are {loaded.special_communes}"
    if loaded.special_communes is not None and loaded.special_communes.evidence.value != "recalled":
        yield f"{name}: evidence of special communes is {loaded.special_communes.evidence}"
    if ruleset == "2016-2020/xa-ntm-kieu-mau":
        return
    for region in REGIONS:
        for zone in ALL_ZONES:
            column = loaded.column_for(region, (zone,))
            if column != ("tdmnpb" if zone in special else region):
                yield f"{name}: a commune of {region} in zone {zone} is judged by {column}"
        if loaded.column_for(region) != region:
            yield f"{name}: a commune of {region} is judged by {loaded.column_for(region)}"


# any criteria, criteria with a key one among them (percent of 19), key criteria; since 18/2022/QĐ-TTg, 2021-2025 only.
# The rule for kiểu mẫu counts 19 criteria with the keys of nâng cao, which its own four conditions do not have: the other set's.
WITHDRAWAL: dict[str, tuple[Decimal, Decimal, set[str]] | str | None] = {
    "2021-2025/xa-ntm": (Decimal(50), Decimal(30), {"10", "17", "19"}),
    "2021-2025/xa-ntm-nang-cao": (Decimal(50), Decimal(30), {"10", "17", "18", "19"}),
    "2021-2025/xa-ntm-kieu-mau": "2021-2025/xa-ntm-nang-cao",
    "2016-2020/xa-ntm": None,
    "2016-2020/xa-ntm-kieu-mau": None,
}


def check_withdrawal(load: Load, ruleset: str) -> Problems:
    """Shares and key criteria of the withdrawal rule, from the day it exists."""
    wanted = WITHDRAWAL[ruleset]
    found = load(ruleset).withdrawal
    actual: object = found
    if isinstance(found, WithdrawalByRuleset):
        actual = found.ruleset.id
        if found.note is None:
            yield f"{ruleset}: no doubt is said of its withdrawal by {actual}"
    elif found is not None:
        actual = (found.any_share, found.key_share, set(found.key_criteria))
    if found is not None and found.citation != "18/2022/QĐ-TTg":
        yield f"{ruleset}: withdrawal by {found.citation}"
    if actual != wanted:
        yield f"{ruleset}: withdrawal is {actual}, should be {wanted}"
    if ruleset.startswith("2021-2025") and load(ruleset, on=datetime.date(2022, 8, 1)).withdrawal is not None:
        yield f"{ruleset}: a withdrawal rule before 18/2022/QĐ-TTg"


@dataclass(frozen=True)
class Job:
    """One check of one ruleset, day or province."""

    name: str
    ruleset: str
    province: str
    run: Check


def _jobs() -> Iterator[Job]:
    """Every check, the cheapest and farthest-seeing first."""

    def job(ruleset: str, province: str, check: Callable[..., Problems], *more: object) -> Job:
        words = (check.__name__.removeprefix("check_"), ruleset, province, *more)
        shown = " ".join(str(word) for word in words if word and not isinstance(word, tuple))
        takes_province = check not in (check_withdrawal, check_special_communes)
        given = (ruleset, province, *more) if takes_province else (ruleset, *more)
        return Job(shown, ruleset, province, lambda load: check(load, *given))

    for check in (check_cells, check_factors, check_clauses, check_facts, check_doubts):
        for ruleset, on, province in PLAN:
            yield job(ruleset, province, check, on)
    for ruleset, province in LAYERS:
        yield job(ruleset, province, check_frame)
    for ruleset, province in PREREQUISITES:
        yield job(ruleset, province, check_prerequisites)
    for ruleset, province, day, asked in CONDITIONS:
        yield job(ruleset, province, check_conditions, day, asked)
    for ruleset in WITHDRAWAL:
        yield job(ruleset, "", check_withdrawal)
        for day in SPECIAL_ZONES if ruleset.startswith("2021-2025") else ("",):
            yield job(ruleset, "", check_special_communes, day)
    for ruleset, province in LAYERS:
        yield job(ruleset, province, check_dates)
    for ruleset, on, province in PLAN:
        yield job(ruleset, province, check_lookup, on)


JOBS = tuple(_jobs())
