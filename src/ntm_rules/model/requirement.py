"""What an indicator requires: a small closed set of kinds, with no expression strings and no code.

Engines, explanations and proofs are functions over these kinds; `never` makes the type check fail wherever a
new kind is not handled.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import attrs

from ntm_rules.model.text import Text

if TYPE_CHECKING:
    from ntm_rules.model.ruleset import Ruleset

__all__ = [
    "Branch",
    "Cell",
    "CellState",
    "Clause",
    "Combination",
    "Comparison",
    "Direction",
    "Evidence",
    "FactComparison",
    "Meaning",
    "OneOf",
    "Relation",
    "Requirement",
    "RulesetMet",
    "SetBy",
    "Threshold",
    "Unstated",
    "leaves",
    "never",
    "nodes",
    "requirements_of",
    "weakest",
]


class Evidence(str, enum.Enum):
    """How surely a threshold is known, from surest to least."""

    CONFIRMED = "confirmed"
    PARTIAL = "partial"
    RECALLED = "recalled"
    UNCERTAIN = "uncertain"
    UNSET = "unset"


_ORDER = {evidence: place for place, evidence in enumerate(Evidence)}


def weakest(*evidence: Evidence) -> Evidence:
    """The least sure of several kinds of evidence; CONFIRMED of none."""
    return max(evidence, key=_ORDER.__getitem__, default=Evidence.CONFIRMED)


class SetBy(str, enum.Enum):
    """Who sets a threshold."""

    NATIONAL = "national"
    PROVINCE = "province"
    MINISTRY = "ministry"
    UNCLEAR = "unclear"


class CellState(str, enum.Enum):
    """Whether a threshold is set, delegated to the province (printed "UBND"), or not known."""

    SET = "set"
    DELEGATED = "delegated"
    UNSET = "unset"


class Direction(str, enum.Enum):
    """How a fact is held against its threshold."""

    MET = "met"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    EQUAL = "equal"


@attrs.frozen(slots=True)
class Cell:
    """One cell of a criteria table. `value` is None unless `state` is SET; True stands for "Đạt", text for a category."""

    state: CellState
    value: Decimal | bool | str | None
    evidence: Evidence
    seen_at: str | None = None


@attrs.frozen(slots=True)
class Threshold:
    """The cells of one table row, by year (None: every year) and column.

    A column of "" stands for every column. `missing` rows and columns are not filled from their neighbours.
    """

    rows: Mapping[int | None, Mapping[str, Cell]] = attrs.field(hash=False)

    @property
    def varies_by_year(self) -> bool:
        """True where each year has its own row."""
        return None not in self.rows

    def cell(self, column: str, year: int | None) -> Cell | None:
        """The cell of a column and fact year; None where the table has no row for that year."""
        row = self.rows.get(None)
        if row is None:
            row = self.rows.get(year)
        if row is None:
            return None
        return row.get(column) or row.get("")

    def cells(self) -> Iterator[tuple[int | None, str, Cell]]:
        """Every (year, column, cell) of the row, in the order of the table."""
        for year, row in self.rows.items():
            for column, cell in row.items():
                yield year, column, cell


@attrs.frozen(slots=True)
class Relation:
    """A threshold that is a multiple of another ruleset's threshold (319/QĐ-TTg, Đ1: 1.1 × nâng cao income).

    `factors` are the cells of the factor, `base` those of the other ruleset: each known in its own way, seen at its own place.
    `base_set_by` is who sets the latter, `base_citation` where.
    """

    ruleset: str
    indicator: str
    factor: Decimal
    factors: Threshold
    base: Threshold
    base_set_by: SetBy
    base_citation: str


@attrs.frozen(slots=True)
class Comparison:
    """A fact held against a threshold. With `both_sexes` it must hold for men and for women, each."""

    fact: str
    direction: Direction
    threshold: Threshold
    both_sexes: bool = False
    relation: Relation | None = None


@attrs.frozen(slots=True)
class FactComparison:
    """A fact held against another fact times a factor (691/QĐ-TTg, Đ1 K1: 1.5 × income at recognition)."""

    fact: str
    direction: Direction
    other: str
    factor: Threshold


@attrs.frozen(slots=True)
class OneOf:
    """A category fact that must have one of the named values."""

    fact: str
    values: tuple[str, ...]
    threshold: Threshold


@attrs.frozen(slots=True)
class Combination:
    """At least `needed` of the parts: all of them, any of them, or n of m."""

    needed: int
    parts: tuple[Clause, ...]


@attrs.frozen(slots=True)
class Branch:
    """One requirement where a condition on the commune holds, another where it does not."""

    condition: Requirement
    then: Clause
    otherwise: Clause


@attrs.frozen(slots=True)
class RulesetMet:
    """Another ruleset, with its own prerequisites, must be met."""

    ruleset: Ruleset
    threshold: Threshold


@attrs.frozen(slots=True)
class Unstated:
    """The content is not known or not yet issued: only an overlay or an attested verdict decides it."""

    set_by: SetBy


Requirement: TypeAlias = Comparison | FactComparison | OneOf | Combination | Branch | RulesetMet | Unstated


@attrs.frozen(slots=True)
class Meaning:
    """What "Đạt" means, where a ministry's standard says so."""

    text: Text
    source: str


@attrs.frozen(slots=True, kw_only=True)
class Clause:
    """One indicator, a part of one, a prerequisite or a condition of recognition.

    `id` is the official number ("17.1"), or the number and part letter ("17.1.a"). `columns` names the columns in which the
    clause is asked at all (None: every column); `applies_if` is a requirement on the commune for it to be asked.
    """

    id: str
    label: Text
    requirement: Requirement
    citation: str
    set_by: SetBy
    applies_if: Requirement | None = None
    columns: tuple[str, ...] | None = None
    means: tuple[Meaning, ...] = ()
    note: Text | None = None


def leaves(clause: Clause) -> Iterator[Clause]:
    """The clauses under (and including) one that hold a requirement without parts, in order.

    Conditions (`applies_if`, the condition of a branch) are not among them.
    """
    requirement = clause.requirement
    if isinstance(requirement, Combination):
        for part in requirement.parts:
            yield from leaves(part)
    elif isinstance(requirement, Branch):
        yield from leaves(requirement.then)
        yield from leaves(requirement.otherwise)
    else:
        yield clause


def nodes(clause: Clause) -> Iterator[Clause]:
    """A clause and every part in it."""
    yield clause
    if isinstance(clause.requirement, Combination):
        for part in clause.requirement.parts:
            yield from nodes(part)
    elif isinstance(clause.requirement, Branch):
        yield from nodes(clause.requirement.then)
        yield from nodes(clause.requirement.otherwise)


def requirements_of(clause: Clause) -> Iterator[Requirement]:
    """The requirements without parts of a clause, its conditions included."""
    if clause.applies_if is not None:
        yield from _without_parts(clause.applies_if)
    yield from _without_parts(clause.requirement)


def _without_parts(requirement: Requirement) -> Iterator[Requirement]:
    if isinstance(requirement, Combination):
        for part in requirement.parts:
            yield from requirements_of(part)
    elif isinstance(requirement, Branch):
        yield from _without_parts(requirement.condition)
        yield from requirements_of(requirement.then)
        yield from requirements_of(requirement.otherwise)
    else:
        yield requirement


def never(value: NoReturn) -> NoReturn:
    """Where no value can arrive: the type check fails here when a kind of requirement is not handled."""
    raise AssertionError(f"unhandled: {value!r}")
