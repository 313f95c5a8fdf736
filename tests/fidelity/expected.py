"""What the tables make of each ruleset: its indicators with parts, facts and cells, worked out without the library.

The tables say values, directions, labels, citations and evidence; `indicator_facts.csv` says which fact each line names. What
stands in neither is written out here by hand, each with its reason: the DERIVED cells, headings and labels.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from .tables import COLUMNS, NATIONAL, REGIONS, FactLine, Row, evidence, fact_lines, provincial_rows, rows

AMENDED = datetime.date(2024, 3, 1)  # 211/QĐ-TTg
NANG_CAO = "2021-2025/xa-ntm-nang-cao"
SURENESS = ("confirmed", "partial", "recalled", "uncertain", "unset")
DIRECTIONS = {">=": "at_least", "<=": "at_most", "=": "equal", "met": "met"}

# Met for men and for women, each separately (README, "Both sexes"; the labels of the tables say so too).
BOTH_SEXES = {
    ("2021-2025/xa-ntm", "12.1"),
    ("2021-2025/xa-ntm", "12.2"),
    ("2021-2025/xa-ntm", "14.2"),
    ("2021-2025/xa-ntm", "15.1"),
    (NANG_CAO, "12.1"),
    (NANG_CAO, "12.2"),
    (NANG_CAO, "14.1"),
    (NANG_CAO, "14.2"),
    (NANG_CAO, "14.3"),
}

# Conditions of the tables that are no applies_if: "households with livestock" is what the percentage is counted over, the tier
# below is a prerequisite, the regions of 5 a are its columns, the number of schools is the branch of 5, and craft villages are
# one of three kinds of places 17.2 of nâng cao counts.
NOT_ASKED_APART = (
    "hộ có chăn nuôi",
    "xã đã đạt chuẩn NTM",
    "xã đã đạt chuẩn NTM nâng cao",
    "vùng không phải ĐBSH, ĐNB",
    "xã có hơn 3 trường",
    "xã có từ 3 trường trở xuống",
    "làng nghề: xã có làng nghề",
)

# Row `14.?` of nâng cao is no 76th indicator: it replaces one of 14.2-14.4, and which is not known.
LEFT_OUT_ROWS = ((NANG_CAO, "14.?"),)

# Where a version has no row of its own, what the older row asks is no longer known: unset from that day.
UNSET_FROM_AMENDMENT = {(NANG_CAO, "14.3"), (NANG_CAO, "14.4")}

# Headings over the parts of an indicator, where the table has rows for the parts only.
HEADINGS = {
    ("2016-2020/xa-ntm", "17.1"): (
        "Hộ sử dụng nước hợp vệ sinh và nước sạch",
        "Households using hygienic water and clean water",
    ),
    ("2016-2020/xa-ntm-kieu-mau", "1.1"): ("Tổ chức sản xuất", "Production organisation"),
    ("2016-2020/xa-ntm-kieu-mau", "2.1"): ("Giáo dục", "Education"),
    ("2016-2020/xa-ntm-kieu-mau", "2.2"): ("Y tế", "Health"),
    ("2016-2020/xa-ntm-kieu-mau", "2.3"): ("Văn hóa", "Culture"),
    ("2016-2020/xa-ntm-kieu-mau", "4.1"): ("An ninh, trật tự trong 3 năm liền", "Security and order over three years"),
    ("2016-2020/xa-ntm-kieu-mau", "4.2"): ("Hành chính công", "Public administration"),
    ("2016-2020/xa-ntm-kieu-mau", "3.HD"): (
        "Môi trường: quy định cụ thể của tỉnh Hải Dương",
        "Environment: Hải Dương province's own terms",
    ),
    ("2016-2020/xa-ntm-nang-cao", "MT"): (
        "Tiêu chí môi trường (các nội dung đã biết)",
        "Environment criterion (the known contents)",
    ),
    ("2021-2025/xa-ntm", "18.4"): ("Tiếp cận pháp luật: đạt cả ba nội dung", "Access to law: all three contents met"),
    (NANG_CAO, "2.2"): ("Đường thôn, liên thôn", "Village and inter-village roads"),
}

# Labels of parts the table does not print apart, and of the income of xã NTM, whose rows each name their year.
LABELS = {
    ("2021-2025/xa-ntm", "5.bc"): (
        "Trường đạt CSVC mức độ 1, theo số trường của xã",
        "Schools at facility level 1, by the number of schools in the commune",
    ),
    ("2021-2025/xa-ntm", "17.1.a"): (
        "Tổng số hộ dùng nước sạch theo quy chuẩn",
        "All households using clean water to standard",
    ),
    ("2021-2025/xa-ntm", "13.1.a"): ("HTX hiệu quả", "Effective cooperative"),
    ("2021-2025/xa-ntm", "13.1.b"): (
        "Tổ hợp tác có hợp đồng tiêu thụ sản phẩm chủ lực",
        "Effective cooperative group with a contract for key-product consumption",
    ),
    ("2021-2025/xa-ntm", "17.1.b"): (
        "Trong đó: từ hệ thống cấp nước tập trung",
        "Of which: from centralised supply",
    ),
    (NANG_CAO, "5.1.a"): ("Trường đạt CSVC mức độ 1", "Schools at facility level 1"),
    (NANG_CAO, "5.1.b"): (
        "Ít nhất một trường đạt CSVC mức độ 2",
        "At least one school at facility level 2",
    ),
    (NANG_CAO, "5.3.a"): ("Phổ cập giáo dục tiểu học", "Universal primary education"),
    (NANG_CAO, "5.3.b"): ("Phổ cập giáo dục THCS", "Universal lower-secondary education"),
    ("2021-2025/xa-ntm-kieu-mau", "2.qg"): (
        "Quy định quốc gia: cao hơn từ 10% so với mức nâng cao",
        "National rule: at least 10% above the nâng cao level",
    ),
    ("2021-2025/xa-ntm-kieu-mau", "2.hn"): ("Quy định của thành phố Hà Nội, theo năm", "Hà Nội's levels, by year"),
    ("2021-2025/xa-ntm-kieu-mau", "2.qn"): (
        "Quy định của tỉnh Quảng Nam, theo khu vực 1 hoặc 2 và theo năm",
        "Quảng Nam's levels, by area 1 or 2 and by year",
    ),
    ("2021-2025/xa-ntm", "10"): ("Thu nhập bình quân đầu người", "Income per capita"),
}


@dataclass(frozen=True)
class Cell:
    """A cell as it should be; `value` True for "Đạt", text for a category."""

    state: str
    value: Decimal | bool | str | None
    evidence: str
    seen_at: str | None


Cells = Mapping[tuple[int | None, str], Cell]


@dataclass(frozen=True)
class Item:
    """An indicator, or a part of one, as it should be."""

    id: str
    label: tuple[str, str]
    citation: str
    set_by: str
    kind: str  # compare, times_fact, all, some 1, branch, ruleset, unstated by whom
    direction: str = ""
    fact: str = ""
    other: str = ""
    both_sexes: bool = False
    cells: Cells = field(default_factory=dict)
    relation: tuple[str, str, Decimal] | None = None
    factors: Mapping[str, Cell] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    applies_if: str = ""
    parts: tuple[Item, ...] = ()
    when: tuple[str, str, Decimal] | None = None
    ruleset: str = ""

    def leaves(self) -> Iterator[Item]:
        """The items under this one that have no parts."""
        if self.parts:
            for part in self.parts:
                yield from part.leaves()
        else:
            yield self


@dataclass(frozen=True)
class Criterion:
    """A criterion as it should be."""

    no: str
    title: tuple[str, str]
    items: tuple[Item, ...]


def weakest(*statuses: str) -> str:
    """The least sure of several."""
    return max(statuses, key=SURENESS.index)


def read_value(text: str, kind: str) -> tuple[str, Decimal | bool | str | None]:
    """State and value of a printed cell."""
    if text == "":
        return "unset", None
    if text == "UBND":
        return "delegated", None
    if kind == "boolean":
        assert text == "Đạt", text
        return "set", True
    if kind == "category":
        return "set", text.casefold().removeprefix("mức độ ")
    return "set", Decimal(text)


class _Builder:
    """Builds the items of one ruleset in one version."""

    def __init__(self, ruleset: str, version: str) -> None:
        self.ruleset, self.version = ruleset, version

    def facts(self, indicator: str, part: str, province: str = "") -> dict[str, str]:
        lines: dict[tuple[str, str, str], tuple[FactLine, ...]] = fact_lines(self.ruleset, province)
        found = lines.get((self.version, indicator, part)) or lines[("", indicator, part)]
        return {line.role: line.fact for line in found}

    def cell(self, row: Row, column: str) -> Cell:
        found = evidence(self.ruleset)[row.indicator, row.part, column]
        assert found.value == row.cells[column], (self.ruleset, row.indicator, row.part, column)
        state, value = read_value(row.cells[column], row.kind)
        return Cell(state, value, found.status, found.seen_at or None)

    def columns(self) -> tuple[str, ...]:
        return ("common",) if self.ruleset == "2016-2020/xa-ntm-kieu-mau" else COLUMNS

    def leaf(self, number: str, members: list[Row], facts: dict[str, str], columns: tuple[str, ...] = ()) -> Item:
        """An item of one row, or of one row a year."""
        row = members[0]
        return Item(
            id=number,
            label=LABELS.get((self.ruleset, number), (row.label_vi, row.label_en)),
            citation=row.source,
            set_by=row.set_by,
            kind="compare",
            direction=DIRECTIONS[row.direction],
            fact=facts["fact"],
            both_sexes=(self.ruleset, number) in BOTH_SEXES,
            cells={
                (member.year, column): self.cell(member, column)
                for member in members
                for column in columns or self.columns()
            },
            applies_if=facts.get("applies_if", ""),
        )

    def heading(self, indicator: str, members: list[Row], parts: tuple[Item, ...]) -> Item:
        """An item that needs all its parts."""
        own = [row for row in members if not row.letter]
        label = (own[0].label_vi, own[0].label_en) if own else HEADINGS[self.ruleset, indicator]
        of = (own or members)[0]
        return Item(indicator, label, of.source, of.set_by, "all", parts=parts)

    def indicator(self, indicator: str, members: list[Row]) -> Item:
        name = f"_{self.ruleset}_{indicator}"
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, indicator, members)
        lettered = [row for row in members if row.letter]
        if lettered:
            parts = tuple(
                self.leaf(f"{indicator}.{row.letter}", [row], self.facts(indicator, row.letter)) for row in lettered
            )
            return self.heading(indicator, members, parts)
        return self.leaf(indicator, members, self.facts(indicator, ""))

    # -- indicators the tables hold in a form of their own

    def schools(self, indicator: str, members: list[Row]) -> Item:
        """5 of 2021-2025 xã NTM: a where the table has a number; b with more than 3 schools, c with 3 or fewer."""
        a, b, c = (next(row for row in members if row.part == letter) for letter in "abc")
        asked = tuple(column for column in REGIONS if a.cells[column])
        minimum = replace(self.leaf("5.a", [a], self.facts("5", "a"), asked), columns=asked)
        either = tuple(self.leaf(f"5.{row.part}", [row], self.facts("5", row.part)) for row in (b, c))
        by_number = Item(
            id="5.bc",
            label=LABELS[self.ruleset, "5.bc"],
            citation=b.source,
            set_by=b.set_by,
            kind="branch",
            when=(self.facts("5", "bc")["when"], "at_least", Decimal(4)),
            parts=either,
        )
        return self.heading(indicator, members, (minimum, by_number))

    def cooperative(self, indicator: str, members: list[Row]) -> Item:
        """13.1 of 2021-2025 xã NTM: from the amendment, by the label of its one row, a cooperative or a group with a contract.

        DERIVED: two parts of which one is enough, each with the cells of the row. The row calls only the group new, so the
        cooperative is the one asked for before.
        """
        (row,) = members
        if row.version != "amended-211":
            return self.leaf(indicator, members, self.facts(indicator, ""))
        assert " OR " in row.label_en
        parts = tuple(self.leaf(f"{indicator}.{letter}", members, self.facts(indicator, letter)) for letter in "ab")
        return Item(indicator, (row.label_vi, row.label_en), row.source, row.set_by, "some 1", parts=parts)

    def clean_water(self, indicator: str, members: list[Row]) -> Item:
        """17.1 of 2021-2025 xã NTM: each cell of the table has two numbers, neither known. DERIVED: two parts, both unset."""
        (row,) = members
        parts = []
        for letter in "ab":
            number = f"{indicator}.{letter}"
            item = self.leaf(number, members, self.facts(indicator, letter))
            assert all(cell.state == "unset" for cell in item.cells.values())
            parts.append(item)
        return Item(indicator, (row.label_vi, row.label_en), row.source, row.set_by, "all", parts=tuple(parts))

    def school_levels(self, indicator: str, members: list[Row]) -> Item:
        """5.1 of nâng cao: level 1 as in the table, and (named in its label) DERIVED: at least one school at level 2."""
        (row,) = members
        first = self.leaf("5.1.a", members, self.facts(indicator, "a"))
        second = replace(
            self.leaf("5.1.b", members, self.facts(indicator, "b")),
            cells={(None, column): Cell("set", Decimal(1), "recalled", None) for column in REGIONS},
        )
        return Item(indicator, (row.label_vi, row.label_en), row.source, row.set_by, "all", parts=(first, second))

    def both_levels(self, indicator: str, members: list[Row]) -> Item:
        """5.3 of nâng cao: its one row holds for primary and for lower secondary education."""
        (row,) = members
        parts = tuple(self.leaf(f"5.3.{letter}", members, self.facts(indicator, letter)) for letter in "ab")
        return Item(indicator, (row.label_vi, row.label_en), row.source, row.set_by, "all", parts=parts)

    def recognition_income(self, indicator: str, members: list[Row]) -> Item:
        """1.2 of 2016-2020 kiểu mẫu: the row's number is a factor of the income at recognition."""
        facts = self.facts(indicator, "")
        item = self.leaf(indicator, members, facts)
        return replace(item, kind="times_fact", other=facts["other"])

    def base_tier(self, indicator: str, members: list[Row]) -> Item:
        """1 of 2021-2025 kiểu mẫu: the whole of nâng cao."""
        of = self.facts(indicator, "")["ruleset"]
        row = members[0]
        cells: Cells = {(None, column): self.cell(row, column) for column in self.columns()}
        return Item(indicator, (row.label_vi, row.label_en), row.source, row.set_by, "ruleset", ruleset=of, cells=cells)

    def advanced_income(self, indicator: str, members: list[Row]) -> Item:
        """2 of 2021-2025 kiểu mẫu: the row's number is a factor of the nâng cao income of the same year and column."""
        row = members[0]
        factors = {column: self.cell(row, column) for column in self.columns()}
        return replace(
            self.leaf(indicator, members, self.facts(indicator, "")),
            relation=(NANG_CAO, "10", Decimal(row.cells["tdmnpb"])),
            cells=_times_nang_cao(factors),
            factors=factors,
        )


def set_by_of(ruleset: str, indicator: str) -> str:
    """Who sets the level of an indicator, by its rows in the tables."""
    (found,) = {row.set_by for row in rows(ruleset) if row.indicator == indicator}
    return found


def _times_nang_cao(factors: Mapping[str, Cell]) -> Cells:
    found = {}
    income = [row for row in rows(NANG_CAO) if row.indicator == "10"]
    builder = _Builder(NANG_CAO, "")
    for row in income:
        for column, factor in factors.items():
            cell = builder.cell(row, column)
            value, seen_at = None, cell.seen_at
            if cell.value is not None:
                assert isinstance(cell.value, Decimal)
                assert isinstance(factor.value, Decimal)
                value = cell.value * factor.value
                seen_at = factor.seen_at  # where the base was seen, its own cell says
            sureness = weakest(cell.evidence, factor.evidence)
            found[row.year, column] = Cell(cell.state, value, sureness, seen_at)
    return found


_SPECIAL = {
    "_2021-2025/xa-ntm_5": _Builder.schools,
    "_2021-2025/xa-ntm_13.1": _Builder.cooperative,
    "_2021-2025/xa-ntm_17.1": _Builder.clean_water,
    f"_{NANG_CAO}_5.1": _Builder.school_levels,
    f"_{NANG_CAO}_5.3": _Builder.both_levels,
    "_2016-2020/xa-ntm-kieu-mau_1.2": _Builder.recognition_income,
    "_2021-2025/xa-ntm-kieu-mau_1": _Builder.base_tier,
    "_2021-2025/xa-ntm-kieu-mau_2": _Builder.advanced_income,
}


def version_on(on: datetime.date | None) -> str:
    """Which rows of the 2021-2025 tables are in force."""
    return "original" if on is not None and on < AMENDED else "amended-211"


def _national(ruleset: str, version: str) -> tuple[Criterion, ...]:
    builder = _Builder(ruleset, version)
    grouped: dict[str, dict[str, list[Row]]] = {}
    titles: dict[str, tuple[str, str]] = {}
    for row in rows(ruleset):
        if (ruleset, row.indicator) in LEFT_OUT_ROWS:
            continue
        members = grouped.setdefault(row.criterion, {}).setdefault(row.indicator, [])
        titles[row.criterion] = (row.criterion_vi, row.criterion_en)
        lapsed = version == "amended-211" and (ruleset, row.indicator) in UNSET_FROM_AMENDMENT
        if lapsed or row.version in ("", version):
            members.append(row)
    criteria = []
    for number, indicators in grouped.items():
        items = tuple(builder.indicator(indicator, members) for indicator, members in indicators.items())
        if version == "amended-211":
            items = tuple(_unset(ruleset, item) for item in items)
        criteria.append(Criterion(number, titles[number], items))
    return tuple(criteria)


def _unset(ruleset: str, item: Item) -> Item:
    """DERIVED: 14.3 and 14.4 of nâng cao from 2024-03-01; the citation says by which decision."""
    if (ruleset, item.id) not in UNSET_FROM_AMENDMENT:
        return item
    cells = dict.fromkeys(item.cells, Cell("unset", None, "unset", None))
    return replace(item, cells=cells, citation=f"{item.citation}; 211/QĐ-TTg")


@functools.cache
def expected(ruleset: str, on: datetime.date | None = None, province: str = "") -> tuple[Criterion, ...]:
    """The criteria of a ruleset as in force on a day and for a province; provincial layers without a date always apply."""
    national = _national(ruleset, version_on(on)) if ruleset in NATIONAL else ()
    overlay = _OVERLAYS.get((ruleset, province))
    if overlay is None or (on is not None and on < _FIRST_DAYS.get((ruleset, province), on)):
        return national
    return overlay(national)


# -- provincial overlays, each from its own table


def _own(ruleset: str, province: str, row: Row, number: str, part: str = "", *, of: str = "") -> Item:
    """An item of a provincial row; its evidence stands in the row."""
    key = of or number
    lines = fact_lines(ruleset, province).get(("", key, part)) or fact_lines(ruleset)["", key, part]
    facts = {line.role: line.fact for line in lines}
    state, value = read_value(row.cells["common"], row.kind)
    columns = ("common",) if ruleset == "2016-2020/xa-ntm-kieu-mau" else REGIONS
    item = Item(
        id=f"{number}.{part}" if part else number,
        label=(row.label_vi, row.label_en),
        citation=row.source,
        set_by="province",
        kind="compare",
        direction=DIRECTIONS[row.direction],
        fact=facts.get("fact", ""),
        cells={(row.year, column): Cell(state, value, row.status, row.seen_at or None) for column in columns},
        applies_if=facts.get("applies_if", ""),
    )
    if "ruleset" in facts:
        item = replace(item, kind="ruleset", ruleset=facts["ruleset"], direction="")
    return item


def _by_number(ruleset: str, province: str) -> dict[str, Row]:
    return {f"{row.indicator}{row.part}": row for row in provincial_rows(ruleset, province)}


KIEU_MAU = "2021-2025/xa-ntm-kieu-mau"


def _replaced(national: tuple[Criterion, ...], **items: Item) -> tuple[Criterion, ...]:
    """The national criteria with the indicators of these criteria ("_1", "_2" …) replaced."""
    return tuple(
        replace(criterion, items=(items[f"_{criterion.no}"],)) if f"_{criterion.no}" in items else criterion
        for criterion in national
    )


def _over_nang_cao(national: tuple[Criterion, ...], row: Row) -> Item:
    """A province's own factor of 1.1: the national relation under the province's name, with the row's evidence."""
    factor = Cell("set", Decimal(row.cells["common"]), row.status, row.seen_at or None)
    factors = dict.fromkeys(REGIONS, factor)
    return replace(
        national[1].items[0],
        label=(row.label_vi, row.label_en),
        citation=row.source,
        set_by="province",
        relation=(NANG_CAO, "10", Decimal(row.cells["common"])),
        cells=_times_nang_cao(factors),
        factors=factors,
    )


def _national_income_part(national: tuple[Criterion, ...], row: Row) -> Item:
    """DERIVED: beside the province's own levels the national rule stays in force, as part `qg`.

    The row of Quảng Nam repeats the national factor, that of Hà Nội has no value: there the national row's evidence stands.
    """
    item = national[1].items[0]
    factor = Cell("set", Decimal("1.1"), row.status, row.seen_at or None)
    factors = dict.fromkeys(REGIONS, factor) if row.cells["common"] else item.factors
    factors = {column: cell for column, cell in factors.items() if column != "common"}
    return replace(item, id="2.qg", label=LABELS[KIEU_MAU, "2.qg"], cells=_times_nang_cao(factors), factors=factors)


def _unknown_levels(item: Item, part: str, row: Row) -> Item:
    """DERIVED: a province's own income levels of 2022-2025, which are not known.

    The row of Hà Nội is that row without a value; that of Quảng Nam speaks of the national factor.
    """
    years = (2022, 2023, 2024, 2025)
    seen_at = row.seen_at if row.cells["common"] == "" else None
    cells: Cells = {(year, column): Cell("unset", None, "unset", seen_at) for year in years for column in REGIONS}
    return Item(
        id=f"2.{part}",
        label=LABELS[KIEU_MAU, f"2.{part}"],
        citation=row.source,
        set_by="province",
        kind="compare",
        direction="at_least",
        fact=item.fact,
        cells=cells,
    )


def _dong_thap(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    table = _by_number(KIEU_MAU, "dong-thap")
    landscape = _own(KIEU_MAU, "dong-thap", table["4"], "4", "dt")
    field_of_choice = replace(
        national[3].items[0],
        id="4.qg",
        set_by="province",
        cells={key: cell for key, cell in national[3].items[0].cells.items() if key[1] != "common"},
    )
    # DERIVED: the province's table has only the terms for one field; that one field must be chosen is national (319/QĐ-TTg).
    outstanding = Item(
        id="4",
        label=national[3].items[0].label,
        citation=table["4"].source,
        set_by="province",
        kind="all",
        parts=(field_of_choice, landscape),
    )
    return _replaced(
        national,
        _1=_own(KIEU_MAU, "dong-thap", table["1"], "1"),
        _2=_over_nang_cao(national, table["2"]),
        _3=_own(KIEU_MAU, "dong-thap", table["3"], "3"),
        _4=outstanding,
    )


def _ha_noi(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    table = _by_number(KIEU_MAU, "ha-noi")
    row = table["2"]
    assert row.cells["common"] == ""
    parts = (_national_income_part(national, row), _unknown_levels(national[1].items[0], "hn", row))
    income = Item("2", (row.label_vi, row.label_en), row.source, "province", "all", parts=parts)
    others = {f"_{n}": _own(KIEU_MAU, "ha-noi", table[n], n) for n in ("1", "3", "4")}
    return _replaced(national, _2=income, **others)


def _nam_dinh(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    table = provincial_rows(KIEU_MAU, "nam-dinh")
    years = [_own(KIEU_MAU, "nam-dinh", row, "2") for row in table if row.indicator == "2"]
    income = replace(years[0], cells={key: cell for year in years for key, cell in year.cells.items()})
    others = {f"_{r.indicator}": _own(KIEU_MAU, "nam-dinh", r, r.indicator) for r in table if r.indicator != "2"}
    return _replaced(national, _2=income, **others)


def _quang_nam(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    table = _by_number(KIEU_MAU, "quang-nam")
    row = table["2"]
    assert row.cells["common"] == "1.1"
    parts = (_national_income_part(national, row), _unknown_levels(national[1].items[0], "qn", row))
    income = Item("2", (row.label_vi, row.label_en), row.source, "province", "all", parts=parts)
    others = {f"_{n}": _own(KIEU_MAU, "quang-nam", table[n], n) for n in ("1", "3", "4")}
    return _replaced(national, _2=income, **others)


def _lettered(ruleset: str, province: str, number: str) -> Item:
    """One indicator holding all rows of a province's table as parts."""
    table = provincial_rows(ruleset, province)
    parts = tuple(_own(ruleset, province, row, number, row.part) for row in table)
    return Item(number, HEADINGS[ruleset, number], table[0].source, "province", "all", parts=parts)


def _hai_duong_kieu_mau(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """The province's contents a-j stand beside the national 3.1-3.6, under a stand-in number."""
    added = _lettered("2016-2020/xa-ntm-kieu-mau", "hai-duong", "3.HD")
    return tuple(replace(c, items=(*c.items, added)) if c.no == "3" else c for c in national)


def _hai_duong_nang_cao(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """The table has "?" for the official numbers; MT is a stand-in."""
    item = _lettered("2016-2020/xa-ntm-nang-cao", "hai-duong", "MT")
    return (Criterion("MT", ("Môi trường", "Environment"), (item,)),)


def _thai_binh(national: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """Only the names of the 11 criteria are known."""
    return tuple(
        Criterion(
            row.criterion,
            (row.criterion_vi, row.criterion_en),
            (Item(row.indicator, (row.label_vi, row.label_en), row.source, "province", "unstated province"),),
        )
        for row in provincial_rows("2016-2020/xa-ntm-nang-cao", "thai-binh")
    )


_OVERLAYS = {
    (KIEU_MAU, "dong-thap"): _dong_thap,
    (KIEU_MAU, "ha-noi"): _ha_noi,
    (KIEU_MAU, "nam-dinh"): _nam_dinh,
    (KIEU_MAU, "quang-nam"): _quang_nam,
    ("2016-2020/xa-ntm-kieu-mau", "hai-duong"): _hai_duong_kieu_mau,
    ("2016-2020/xa-ntm-nang-cao", "hai-duong"): _hai_duong_nang_cao,
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"): _thai_binh,
}

# The overlay whose day of entry into force is known: 23/2022/QĐ-UBND of Nam Định.
_FIRST_DAYS = {(KIEU_MAU, "nam-dinh"): datetime.date(2022, 8, 20)}
