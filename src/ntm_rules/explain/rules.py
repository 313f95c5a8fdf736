"""A ruleset in words and tables: what each indicator requires, and how surely that is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from ntm_rules.explain import EVIDENCE_WORDS
from ntm_rules.explain.numbers import number
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import FactKind
from ntm_rules.model.found import Multiple
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    Evidence,
    FactComparison,
    OneOf,
    Relation,
    Requirement,
    RulesetMet,
    SetBy,
    Threshold,
    Unstated,
    never,
)
from ntm_rules.model.ruleset import Criterion, Ruleset, multiple_of
from ntm_rules.model.text import Language, Text

__all__ = [
    "MARKS",
    "SET_BY_WORDS",
    "Row",
    "cell_text",
    "clause_rows",
    "describe",
    "describe_criterion",
    "evidence_totals",
    "product_text",
    "relation_text",
    "requirement_in_full",
    "requirement_text",
    "ruleset_rows",
    "sureness",
    "table_of",
    "title_lines",
]

# After a threshold: how surely it is known. A confirmed one has no mark.
MARKS = {
    Evidence.CONFIRMED: "",
    Evidence.PARTIAL: "~",
    Evidence.RECALLED: "?",
    Evidence.UNCERTAIN: "??",
    Evidence.UNSET: "",
}
_SIGNS = {Direction.AT_LEAST: "≥ ", Direction.AT_MOST: "≤ ", Direction.EQUAL: "= ", Direction.MET: ""}
_MET = Text("Đạt", "met")
_NOT_ASKED = Text("KAD", "n/a")
_SEXES = Text(", đạt riêng cho nam và cho nữ", ", for men and for women each")
SET_BY_WORDS = {
    SetBy.NATIONAL: Text("trung ương", "national"),
    SetBy.PROVINCE: Text("UBND cấp tỉnh", "the province"),
    SetBy.MINISTRY: Text("bộ, ngành", "a ministry"),
    SetBy.UNCLEAR: Text("chưa rõ", "not clear"),
}

# More thresholds than this are a table and no sentence: one for each region and the general one.
_MANY = 8

Row = tuple[Clause, int | None, list[Cell | None]]


def title_lines(ruleset: Ruleset, lang: Language) -> list[str]:
    """What the ruleset is: title, decision, layers applied, date and province."""
    lines = [f"{ruleset.id}: {ruleset.title.in_(lang)}"]
    decision = ruleset.decision.number or "?"
    layers = "; ".join(layer.decision.number or layer.name for layer in ruleset.layers)
    said = [Text(f"Quyết định {decision}", f"Decision {decision}").in_(lang)]
    if layers:
        said.append(Text(f"đã áp dụng {layers}", f"with {layers}").in_(lang))
    if ruleset.on is not None:
        said.append(Text(f"hiệu lực ngày {ruleset.on}", f"in force on {ruleset.on}").in_(lang))
    if ruleset.province is not None:
        province = ruleset.catalogue.province(ruleset.province)
        name = province.name if province else ruleset.province
        said.append(Text(f"tỉnh {name}", f"province {name}").in_(lang))
    return [*lines, "; ".join(said)]


# -- tables


def table_of(requirement: Requirement) -> Threshold | None:
    """The table row behind a requirement, where it has one of its own."""
    if isinstance(requirement, (Comparison, OneOf, RulesetMet)):
        return requirement.threshold
    if isinstance(requirement, FactComparison):
        return requirement.factor
    return None


def clause_rows(ruleset: Ruleset, clause: Clause, columns: Sequence[str], year: int | None) -> Iterator[Row]:
    """The cells of a clause and its parts, a row for each year (or only the year asked for)."""
    threshold = table_of(clause.requirement)
    years: list[int | None] = [None]
    if threshold is not None and threshold.varies_by_year:
        years = list(threshold.rows) if year is None else [year]
    for row_year in years:
        yield clause, row_year, [ruleset.cell(clause, column, row_year) for column in columns]
    requirement = clause.requirement
    parts: tuple[Clause, ...] = ()
    if isinstance(requirement, Combination):
        parts = requirement.parts
    elif isinstance(requirement, Branch):
        parts = (requirement.then, requirement.otherwise)
    for part in parts:
        yield from clause_rows(ruleset, part, columns, year)


def ruleset_rows(
    ruleset: Ruleset, columns: Sequence[str], year: int | None, lang: Language, *, evidence: bool = False
) -> Iterator[list[str]]:
    """The criteria table as text: number, label, year, a cell for each column; or how surely each cell is known."""
    for criterion in ruleset.criteria:
        yield [criterion.no, criterion.title.in_(lang).upper(), "", *("" for _ in columns)]
        for indicator in criterion.indicators:
            for clause, row_year, cells in clause_rows(ruleset, indicator, columns, year):
                shown = [
                    cell_evidence(clause, column, cell, lang)
                    if evidence
                    else cell_text(ruleset, clause, column, cell, lang)
                    for column, cell in zip(columns, cells, strict=True)
                ]
                yield [clause.id, clause.label.in_(lang), "" if row_year is None else str(row_year), *shown]


def cell_text(ruleset: Ruleset, clause: Clause, column: str, cell: Cell | None, lang: Language) -> str:
    """A cell as printed: sign, threshold, unit of a percentage, mark of evidence."""
    requirement = clause.requirement
    if clause.columns is not None and column not in clause.columns:
        return _NOT_ASKED.in_(lang)
    if isinstance(requirement, Combination):
        return f"{requirement.needed}/{len(requirement.parts)}"
    if isinstance(requirement, Branch):
        return "↓"
    if cell is None or cell.state is CellState.UNSET:
        return "—"
    if cell.state is CellState.DELEGATED:
        return "UBND"
    return _set_text(ruleset, requirement, cell, lang) + MARKS[cell.evidence]


def _set_text(ruleset: Ruleset, requirement: Requirement, cell: Cell, lang: Language) -> str:
    if isinstance(requirement, RulesetMet):
        return requirement.ruleset.id
    if isinstance(requirement, OneOf):
        return " | ".join(_values(ruleset, requirement.fact, requirement.values, lang))
    if isinstance(requirement, FactComparison) and isinstance(cell.value, Decimal):
        return f"{_SIGNS[requirement.direction]}{number(cell.value, lang)} × {_label(ruleset, requirement.other, lang)}"
    if not isinstance(cell.value, Decimal):
        return _MET.in_(lang) if isinstance(cell.value, bool) else _level_text(ruleset, requirement, cell, lang)
    assert isinstance(requirement, Comparison)
    fact = fact_named(ruleset.catalogue, requirement.fact)
    unit = "%" if fact is not None and fact.kind is FactKind.PERCENT else ""
    return f"{_SIGNS[requirement.direction]}{number(cell.value, lang)}{unit}"


def _level_text(ruleset: Ruleset, requirement: Requirement, cell: Cell, lang: Language) -> str:
    assert isinstance(requirement, Comparison)
    (value,) = _values(ruleset, requirement.fact, [str(cell.value)], lang)
    return f"{_SIGNS[requirement.direction]}{value}"


def cell_evidence(clause: Clause, column: str, cell: Cell | None, lang: Language) -> str:
    """How surely a cell is known, in a word."""
    if clause.columns is not None and column not in clause.columns:
        return _NOT_ASKED.in_(lang)
    if isinstance(clause.requirement, (Combination, Branch)):
        return ""
    if cell is None:
        return "—"
    word = _EVIDENCE[cell.evidence].in_(lang)
    return f"{word}, UBND" if cell.state is CellState.DELEGATED else word


_EVIDENCE = {
    Evidence.CONFIRMED: Text("xác nhận", "confirmed"),
    Evidence.PARTIAL: Text("một phần", "partial"),
    Evidence.RECALLED: Text("nhớ lại", "recalled"),
    Evidence.UNCERTAIN: Text("chưa chắc", "uncertain"),
    Evidence.UNSET: Text("chưa biết", "unset"),
}


def evidence_totals(ruleset: Ruleset) -> dict[Evidence, int]:
    """How many cells of the tables are known how surely, surest first."""
    counted = Counter(cell.evidence for *_, cell in ruleset.cells())
    return {evidence: counted[evidence] for evidence in Evidence}


# -- a rule in words


def describe(ruleset: Ruleset, clause: Clause, columns: Sequence[str], year: int | None, lang: Language) -> list[str]:
    """A clause in full: what it asks, of whom, every threshold with its evidence, what "Đạt" means, notes."""
    return [
        f"{clause.id} {clause.label.in_(lang)}",
        *_said(ruleset, clause, columns, year, lang, "  "),
    ]


def describe_criterion(ruleset: Ruleset, criterion: Criterion, lang: Language) -> list[str]:
    """A criterion: its title, its indicators, and where to ask for one of them."""
    title = Text(f"Tiêu chí {criterion.no}: {criterion.title.vi}", f"Criterion {criterion.no}: {criterion.title.en}")
    asked = f"ntm-rules explain {ruleset.id} {criterion.indicators[0].id}"
    return [
        title.in_(lang),
        *(f"  {indicator.id} {indicator.label.in_(lang)}" for indicator in criterion.indicators),
        Text(f"Xem từng chỉ tiêu: {asked}", f"Each indicator in full: {asked}").in_(lang),
    ]


def _said(
    ruleset: Ruleset, clause: Clause, columns: Sequence[str], year: int | None, lang: Language, indent: str
) -> Iterator[str]:
    requirement = clause.requirement
    yield f"{indent}{Text('Yêu cầu', 'Required').in_(lang)}: {requirement_text(ruleset, requirement, lang)}"
    if clause.applies_if is not None:
        condition = requirement_in_full(ruleset, clause.applies_if, lang)
        yield f"{indent}{Text('Chỉ áp dụng khi', 'Asked only where').in_(lang)}: {condition}"
    if clause.columns is not None:
        names = ", ".join(_column(ruleset, column, lang) for column in clause.columns)
        yield f"{indent}{Text('Chỉ áp dụng cho vùng', 'Asked only in').in_(lang)}: {names}"
    if table_of(requirement) is not None:
        yield from _factors(ruleset, clause, columns, lang, indent)
        yield from _cells(ruleset, clause, columns, year, lang, indent)
    if clause.citation:
        yield f"{indent}{Text('Căn cứ', 'Source').in_(lang)}: {clause.citation}"
    yield f"{indent}{Text('Cấp quy định', 'Set by').in_(lang)}: {SET_BY_WORDS[clause.set_by].in_(lang)}"
    for meaning in clause.means:
        yield f"{indent}{Text('“Đạt” nghĩa là', '“Đạt” means').in_(lang)}: {meaning.text.in_(lang)} ({meaning.source})"
    if clause.note is not None:
        yield f"{indent}{Text('Lưu ý', 'Note').in_(lang)}: {clause.note.in_(lang)}"
    for part in _parts(requirement):
        yield f"{indent}{part.id} {part.label.in_(lang)}"
        yield from _said(ruleset, part, columns, year, lang, f"{indent}  ")


def _parts(requirement: Requirement) -> tuple[Clause, ...]:
    if isinstance(requirement, Combination):
        return requirement.parts
    return (requirement.then, requirement.otherwise) if isinstance(requirement, Branch) else ()


def _cells(
    ruleset: Ruleset, clause: Clause, columns: Sequence[str], year: int | None, lang: Language, indent: str
) -> Iterator[str]:
    """The cells of a clause, columns that say the same on one line."""
    asked = [column for column in columns if clause.columns is None or column in clause.columns]
    threshold = table_of(clause.requirement)
    assert threshold is not None
    years = [None] if not threshold.varies_by_year else list(threshold.rows) if year is None else [year]
    for row_year in years:
        said: dict[str, list[str]] = {}
        for column in asked:
            said.setdefault(_cell_said(ruleset, clause, column, row_year, lang), []).append(column)
        for text, alike in said.items():
            where = (
                _every(lang) if alike == list(ruleset.columns) else ", ".join(_column(ruleset, c, lang) for c in alike)
            )
            yield f"{indent}- {where}{'' if row_year is None else f', {row_year}'}: {text}"


def _factors(ruleset: Ruleset, clause: Clause, columns: Sequence[str], lang: Language, indent: str) -> Iterator[str]:
    """Of a multiple: the factor, with how surely it is known and where it was seen; the cells below it are the other ruleset's."""
    requirement = clause.requirement
    relation = requirement.relation if isinstance(requirement, Comparison) else None
    if relation is None:
        return
    said: dict[str, list[str]] = {}
    for _, column, cell in relation.factors.cells():
        if column in columns or column == "":
            said.setdefault(sureness(cell, lang), []).append(column)
    for text, alike in said.items():
        some = len(said) > 1 and f" ({', '.join(_column(ruleset, column, lang) for column in alike)})"
        yield f"{indent}- {relation_text(relation, lang)}{some or ''}: {text}"


def _cell_said(ruleset: Ruleset, clause: Clause, column: str, year: int | None, lang: Language) -> str:
    cell = ruleset.cell(clause, column, year)
    if cell is None:
        return Text("bảng không có dòng cho năm này", "the table has no row for this year").in_(lang)
    text = cell_text(ruleset, clause, column, cell, lang).removesuffix(MARKS[cell.evidence])
    multiple = multiple_of(clause, column, year)
    if multiple is None or not isinstance(multiple.base.value, Decimal):
        return f"{text} ({sureness(cell, lang)})"
    of = number(multiple.base.value, lang)
    return f"{text} = {product_text(multiple, lang)} ({of}: {sureness(multiple.base, lang)})"


def sureness(cell: Cell, lang: Language) -> str:
    """How surely a cell is known, and where it was seen."""
    seen = "" if cell.seen_at is None else Text(f"; thấy tại {cell.seen_at}", f"; seen at {cell.seen_at}").in_(lang)
    return f"{EVIDENCE_WORDS[cell.evidence].in_(lang)}{seen}"


_TIERS = {"": Text("NTM", "NTM"), "nang-cao": Text("nâng cao", "nâng cao"), "kieu-mau": Text("kiểu mẫu", "kiểu mẫu")}


def relation_text(relation: Relation | Multiple, lang: Language) -> str:
    """What a multiple is a multiple of: "1,1 × mức nâng cao của cùng năm, cùng vùng (…)"."""
    tier = relation.ruleset.rpartition("ntm")[2].removeprefix("-")
    name = _TIERS.get(tier, Text(tier, tier))
    times = _factor(relation, lang)
    where = Text(
        f"chỉ tiêu {relation.indicator} của {relation.ruleset}", f"indicator {relation.indicator} of {relation.ruleset}"
    ).in_(lang)
    return Text(
        f"{times} × mức {name.vi} của cùng năm, cùng vùng ({where})",
        f"{times} × the {name.en} threshold of the same year and column ({where})",
    ).in_(lang)


def product_text(multiple: Multiple, lang: Language) -> str:
    """The figures of a multiple: "1,1 × 68"."""
    base = multiple.base.value
    shown = number(base, lang) if isinstance(base, Decimal) else "—"
    return f"{_factor(multiple, lang)} × {shown}"


def _factor(relation: Relation | Multiple, lang: Language) -> str:
    factor = relation.factor.value if isinstance(relation, Multiple) else relation.factor
    return number(factor, lang) if isinstance(factor, Decimal) else "—"


def _every(lang: Language) -> str:
    return Text("mọi vùng", "every region").in_(lang)


def _column(ruleset: Ruleset, column: str, lang: Language) -> str:
    name = ruleset.catalogue.regions.get(column)
    return _every(lang) if name is None else f"{name.in_(lang)} ({column})"


def _label(ruleset: Ruleset, key: str, lang: Language) -> str:
    fact = fact_named(ruleset.catalogue, key)
    return key if fact is None else fact.label.in_(lang)


def _values(ruleset: Ruleset, key: str, values: Sequence[str], lang: Language) -> list[str]:
    """Values of a category as people are shown them."""
    fact = fact_named(ruleset.catalogue, key)
    return list(values) if fact is None else [fact.value_text(value).in_(lang) for value in values]


def requirement_in_full(ruleset: Ruleset, requirement: Requirement, lang: Language, *, marks: bool = False) -> str:
    """What a requirement asks, in one sentence with its thresholds: of a condition, above all, which no table shows.

    `marks` adds how surely each is known. Of more thresholds than a sentence can hold it says no number,
    and none where none is known.
    """
    threshold = table_of(requirement)
    related = isinstance(requirement, Comparison) and requirement.relation is not None
    if threshold is None or related or not isinstance(requirement, (Comparison, FactComparison)):
        return requirement_text(ruleset, requirement, lang)
    if not any(cell.state is CellState.SET for *_, cell in threshold.cells()):
        return requirement_text(ruleset, requirement, lang)
    places: dict[str, dict[int | None, list[str]]] = {}
    for year, column, cell in threshold.cells():
        text = "UBND" if cell.state is CellState.DELEGATED else "—"
        if cell.state is CellState.SET:
            text = _set_text(ruleset, requirement, cell, lang) + (MARKS[cell.evidence] if marks else "")
        places.setdefault(text, {}).setdefault(year, []).append(column)
    if len(places) > _MANY:
        return requirement_text(ruleset, requirement, lang)
    said = [
        text if len(places) == 1 else f"{text} ({_where(ruleset, threshold, found, lang)})"
        for text, found in places.items()
    ]
    sexes = isinstance(requirement, Comparison) and requirement.both_sexes
    return f"{_label(ruleset, requirement.fact, lang)} [{requirement.fact}]: {', '.join(said)}{_SEXES.in_(lang) if sexes else ''}"


def _where(ruleset: Ruleset, threshold: Threshold, places: Mapping[int | None, Sequence[str]], lang: Language) -> str:
    """The columns of each year; a year alone where it is all of them."""
    regions, general = ruleset.catalogue.regions, Text("cột chung", "general column")
    said = []
    for year, columns in places.items():
        every = year is not None and len(columns) == len(threshold.rows[year])
        some = "" if every else ", ".join(regions.get(column, general).in_(lang) for column in columns)
        said.append(" ".join(part for part in (some, str(year or "")) if part))
    return "; ".join(said)


def requirement_text(ruleset: Ruleset, requirement: Requirement, lang: Language) -> str:
    """What a requirement asks, in one sentence; the thresholds stand below it."""
    words = {
        Direction.AT_LEAST: Text("ít nhất bằng mức", "at least the threshold"),
        Direction.AT_MOST: Text("không quá mức", "at most the threshold"),
        Direction.EQUAL: Text("bằng đúng mức", "exactly the threshold"),
        Direction.MET: Text("đạt", "met"),
    }
    if isinstance(requirement, Comparison):
        held = words[requirement.direction].in_(lang)
        if requirement.relation is not None:
            held = f"{_SIGNS[requirement.direction]}{relation_text(requirement.relation, lang)}"
        fact = f"{_label(ruleset, requirement.fact, lang)} [{requirement.fact}]"
        return f"{fact}: {held}{_SEXES.in_(lang) if requirement.both_sexes else ''}"
    if isinstance(requirement, FactComparison):
        fact, other = (_label(ruleset, key, lang) for key in (requirement.fact, requirement.other))
        held = words[requirement.direction].in_(lang)
        return f"{fact} [{requirement.fact}]: {held} × {other} [{requirement.other}]"
    if isinstance(requirement, OneOf):
        values = ", ".join(_values(ruleset, requirement.fact, requirement.values, lang))
        one_of = Text("một trong", "one of").in_(lang)
        return f"{_label(ruleset, requirement.fact, lang)} [{requirement.fact}]: {one_of} {values}"
    if isinstance(requirement, Combination):
        needed, total = requirement.needed, len(requirement.parts)
        if needed == total:
            return Text(f"đạt cả {total} phần", f"all {total} parts").in_(lang)
        return Text(f"đạt ít nhất {needed} trong {total} phần", f"at least {needed} of {total} parts").in_(lang)
    if isinstance(requirement, Branch):
        condition = requirement_in_full(ruleset, requirement.condition, lang)
        then, otherwise = requirement.then.id, requirement.otherwise.id
        return Text(
            f"nếu {condition} thì {then}, không thì {otherwise}", f"if {condition} then {then}, else {otherwise}"
        ).in_(lang)
    if isinstance(requirement, RulesetMet):
        return Text(f"đạt {requirement.ruleset.id}", f"{requirement.ruleset.id} is met").in_(lang)
    if isinstance(requirement, Unstated):
        return Text("nội dung chưa biết hoặc chưa ban hành", "its content is not known or not yet issued").in_(lang)
    return never(requirement)
