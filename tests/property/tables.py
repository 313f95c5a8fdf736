"""The criteria tables as an oracle that owes nothing to the rulesets: thresholds and directions as published.

`tests/data/criteria` are the tables, `tests/data/indicator_facts.csv` says which fact stands behind which row.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs

__all__ = ["TABLES", "Row", "better", "rows"]

DATA = Path(__file__).resolve().parent.parent / "data"
TABLES = (
    "2016-2020/xa-ntm",
    "2016-2020/xa-ntm-kieu-mau",
    "2021-2025/xa-ntm",
    "2021-2025/xa-ntm-nang-cao",
)
_REGIONS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl")


@attrs.frozen(kw_only=True)
class Row:
    """One threshold of a table: where it stands, the fact it is about, how it is compared, and with what."""

    ruleset: str
    indicator: str
    part: str
    version: str
    year: int | None
    direction: str
    kind: str
    fact: str
    column: str
    value: str

    @property
    def clause(self) -> str:
        """The number under which results name it."""
        return f"{self.indicator}.{self.part}" if self.part else self.indicator


@functools.cache
def _facts() -> dict[tuple[str, str, str, str], str]:
    with (DATA / "indicator_facts.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["ruleset"], row["version"], row["indicator"], row["part"]): row["fact"]
            for row in csv.DictReader(file)
            if row["role"] == "fact" and not row["province"]
        }


@functools.cache
def fact_kinds() -> dict[str, str]:
    """The kind of every fact that a table asks for."""
    with (DATA / "indicator_facts.csv").open(encoding="utf-8", newline="") as file:
        return {row["fact"]: row["kind"] for row in csv.DictReader(file) if row["fact"]}


def _read(table: str) -> Iterator[Row]:
    with (DATA / "criteria" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = row["part"].split()
            year = int(words.pop()) if words and words[-1].isdigit() else None
            version = words.pop(0) if words and words[0] in ("original", "amended-211") else ""
            part = words[0] if words else ""
            fact = _facts().get((table, version, row["indicator_no"], part))
            if fact is None:
                continue
            columns = ("common",) if table.startswith("2016-2020/xa-ntm-kieu-mau") else _REGIONS
            for column in columns:
                yield Row(
                    ruleset=table,
                    indicator=row["indicator_no"],
                    part=part,
                    version=version,
                    year=year,
                    direction=row["direction"],
                    kind=row["kind"],
                    fact=fact,
                    column=column,
                    value=row[column],
                )


@functools.cache
def rows(table: str) -> tuple[Row, ...]:
    """Every cell of a table that stands for one fact, empty and delegated ones included."""
    return tuple(_read(table))


@functools.cache
def better(table: str) -> dict[str, str]:
    """For each fact of a table: ">=" more is better, "<=" less is better, "=" as much as possible (or, of nought, as little), "met" true is better.

    Where a fact stands behind rows of different directions none is given.
    """
    found: dict[str, set[str]] = {}
    for row in rows(table):
        nought = row.direction == "=" and row.value == "0"
        found.setdefault(row.fact, set()).add("<=" if nought else row.direction)
    return {
        fact: next(iter(directions)) if len(directions) == 1 else ">="
        for fact, directions in found.items()
        if len(directions) == 1 or directions == {">=", "="}
    }


def number(text: str) -> Decimal | None:
    """A numeric cell; None for any other."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return None
