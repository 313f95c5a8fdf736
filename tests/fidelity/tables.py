"""The criteria tables as an oracle: an independent copy of the CSV files, read without any of the library's code.

Whatever a test expects of a threshold comes from here and never from the rulesets under test.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
CRITERIA = DATA / "criteria"
REGIONS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl")
COLUMNS = ("common", *REGIONS)

# National tables by ruleset; the number of indicators is the official one, that of the last set is not known officially.
NATIONAL = {
    "2016-2020/xa-ntm": 49,
    "2016-2020/xa-ntm-kieu-mau": None,
    "2021-2025/xa-ntm": 57,
    "2021-2025/xa-ntm-nang-cao": 75,
    "2021-2025/xa-ntm-kieu-mau": 4,
}

# Provincial tables by (ruleset, province).
PROVINCIAL = (
    ("2016-2020/xa-ntm-kieu-mau", "hai-duong"),
    ("2016-2020/xa-ntm-nang-cao", "hai-duong"),
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"),
    ("2021-2025/xa-ntm-kieu-mau", "dong-thap"),
    ("2021-2025/xa-ntm-kieu-mau", "ha-noi"),
    ("2021-2025/xa-ntm-kieu-mau", "nam-dinh"),
    ("2021-2025/xa-ntm-kieu-mau", "quang-nam"),
    ("2021-2025/xa-ntm-nang-cao", "quang-nam"),
)

# Tables of another level than the commune (smart villages): the library has no ruleset for them.
NOT_COMMUNES = (
    "provinces/2021-2025/dong-thap/thon-thong-minh.csv",
    "provinces/2021-2025/phu-yen/thon-thong-minh.csv",
    "provinces/2021-2025/quang-nam/thon-thong-minh.csv",
)


@dataclass(frozen=True)
class Row:
    """One row of a criteria table; `cells` as printed, by column."""

    criterion: str
    criterion_vi: str
    criterion_en: str
    indicator: str
    part: str
    label_vi: str
    label_en: str
    kind: str
    unit: str
    direction: str
    cells: dict[str, str]
    set_by: str
    applies_if: str
    source: str
    status: str = ""
    seen_at: str = ""

    @property
    def version(self) -> str:
        """`original`, `amended-211`, or empty where the row is in force all along."""
        name = self.part.partition(" ")[0]
        return name if name in ("original", "amended-211") else ""

    @property
    def letter(self) -> str:
        """The letter of a part; empty for a whole indicator and for the row of a year."""
        if self.part.isdigit():
            return ""
        return self.part.partition(" ")[2] if self.version else self.part

    @property
    def year(self) -> int | None:
        """The year of a row that holds for one year."""
        return int(self.part) if self.part.isdigit() else None


@dataclass(frozen=True)
class Evidence:
    """What evidence.csv says of one cell."""

    value: str
    status: str
    seen_at: str


@dataclass(frozen=True)
class FactLine:
    """One line of the pinned table of facts: which fact an indicator or part of one names, and in which role."""

    role: str
    fact: str
    kind: str


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _row(line: dict[str, str]) -> Row:
    national = "common" in line
    return Row(
        criterion=line["criterion_no"],
        criterion_vi=line["criterion_vi"],
        criterion_en=line["criterion_en"],
        indicator=line["indicator_no"],
        part=line["part"],
        label_vi=line["label_vi"],
        label_en=line["label_en"],
        kind=line["kind"],
        unit=line["unit"],
        direction=line["direction"],
        cells={column: line[column] for column in COLUMNS} if national else dict.fromkeys(COLUMNS, line["value"]),
        set_by=(line["set_by"] or "unclear") if national else "province",
        applies_if=line["applies_if"],
        source=line["source"],
        status=line.get("status", ""),
        seen_at=line.get("seen_at", ""),
    )


@functools.cache
def rows(ruleset: str) -> tuple[Row, ...]:
    """The rows of a national table, in order."""
    return tuple(_row(line) for line in _lines(CRITERIA / f"{ruleset}.csv"))


@functools.cache
def provincial_rows(ruleset: str, province: str) -> tuple[Row, ...]:
    """The rows of a province's table, in order."""
    phase, _, name = ruleset.partition("/")
    return tuple(_row(line) for line in _lines(CRITERIA / "provinces" / phase / province / f"{name}.csv"))


@functools.cache
def evidence(ruleset: str) -> dict[tuple[str, str, str], Evidence]:
    """Status and place of every cell of a national table, by (indicator, part, column)."""
    found: dict[tuple[str, str, str], Evidence] = {}
    with (CRITERIA / "evidence.csv").open(encoding="utf-8-sig", newline="") as file:
        for fields in list(csv.reader(file))[1:]:
            # Some rows have a comma in the last field without quotes.
            phase, tier, indicator, part, column, value, status, *seen_at = fields
            if f"{phase}/{tier}" == ruleset:
                assert (indicator, part, column) not in found
                found[indicator, part, column] = Evidence(value, status, ",".join(seen_at))
    return found


@functools.cache
def fact_lines(ruleset: str, province: str = "") -> dict[tuple[str, str, str], tuple[FactLine, ...]]:
    """The pinned facts of a ruleset (or of a province's overlay on it) by (version, indicator, part)."""
    found: dict[tuple[str, str, str], tuple[FactLine, ...]] = {}
    for line in _lines(DATA / "indicator_facts.csv"):
        if (line["ruleset"], line["province"]) == (ruleset, province):
            key = (line["version"], line["indicator"], line["part"])
            found[key] = (*found.get(key, ()), FactLine(line["role"], line["fact"], line["kind"]))
    return found


def standards() -> tuple[dict[str, str], ...]:
    """The rows of standards.csv: what lies behind some "Đạt"."""
    return tuple(_lines(CRITERIA / "standards.csv"))
