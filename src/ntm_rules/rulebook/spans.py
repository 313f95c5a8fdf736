"""What a requirement asks, as spans of one measure at one place of the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import attrs

from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import (
    Cell,
    CellState,
    Clause,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Threshold,
    nodes,
)
from ntm_rules.model.ruleset import Ruleset

__all__ = ["Place", "Span", "accepted_values", "asked", "cell_at", "cells_of", "span_of", "tops"]

Place: TypeAlias = tuple[str, int | None]


@attrs.frozen(slots=True)
class Span:
    """What a requirement without parts accepts of one measure, and between which bounds the measure lies (None: no bound)."""

    measure: tuple[Any, ...]
    low: Decimal | None
    high: Decimal | None
    least: Decimal | None = None
    most: Decimal | None = None

    @property
    def floor(self) -> Decimal | None:
        """The lower end, None where the bounds of the measure already see to it."""
        return None if self.low is None or (self.least is not None and self.low <= self.least) else self.low

    @property
    def ceiling(self) -> Decimal | None:
        """The upper end, None where the bounds of the measure already see to it."""
        return None if self.high is None or (self.most is not None and self.high >= self.most) else self.high

    @property
    def always(self) -> bool:
        """Whether every possible value is accepted."""
        return self.floor is None and self.ceiling is None

    def within(self, other: Span) -> bool:
        """Whether all that this accepts the other accepts. Both sexes each within a span have their total within it too."""
        same = self.measure in (other.measure, (*other.measure, "both sexes"))
        above = other.floor is None or (self.low is not None and self.low >= other.floor)
        below = other.ceiling is None or (self.high is not None and self.high <= other.ceiling)
        return same and above and below


_ONE, _NOUGHT = Decimal(1), Decimal(0)


def _table(requirement: Requirement) -> Threshold | None:
    if isinstance(requirement, (Comparison, OneOf, RulesetMet)):
        return requirement.threshold
    return requirement.factor if isinstance(requirement, FactComparison) else None


def cell_at(requirement: Requirement, place: Place) -> Cell | None:
    """The cell of a place where its threshold is set, else None."""
    table = _table(requirement)
    cell = table.cell(*place) if table is not None else None
    return cell if cell is not None and cell.state is CellState.SET else None


def span_of(requirement: Requirement, facts: Mapping[str, Fact], place: Place) -> Span | None:
    """What a requirement accepts at a place of the table; None where that is not known or not one span."""
    cell = cell_at(requirement, place)
    if cell is None:
        return None
    if isinstance(requirement, RulesetMet):
        return Span(("ruleset", requirement.ruleset.id), _ONE, _ONE, _NOUGHT, _ONE)
    if isinstance(requirement, FactComparison):
        return _times_span(requirement, cell.value, facts[requirement.other])
    if isinstance(requirement, OneOf):
        return _one_of_span(requirement, facts[requirement.fact])
    assert isinstance(requirement, Comparison)
    fact = facts[requirement.fact]
    measure = (fact.key, "both sexes") if requirement.both_sexes else (fact.key,)
    if fact.kind is FactKind.CATEGORY:
        position = Decimal(fact.values.index(str(cell.value)))
        return _ends(requirement.direction, position, measure, _NOUGHT, Decimal(len(fact.values) - 1))
    if fact.kind is FactKind.BOOLEAN:
        return Span(measure, _ONE, _ONE, _NOUGHT, _ONE)
    return _ends(requirement.direction, cell.value, measure, fact.low, fact.high)


def _ends(
    direction: Direction, value: Any, measure: tuple[Any, ...], least: Decimal | None, most: Decimal | None
) -> Span:
    low = None if direction is Direction.AT_MOST else value
    return Span(measure, low, None if direction is Direction.AT_LEAST else value, least, most)


def _times_span(requirement: FactComparison, factor: Any, other: Fact) -> Span:
    """A larger factor asks for more of what is never negative only; of what may be, each factor is a measure of its own."""
    measure: tuple[Any, ...] = (requirement.fact, "times", requirement.other)
    if other.low is None or other.low < 0:
        return _ends(requirement.direction, _ONE, (*measure, factor, requirement.direction), None, None)
    return _ends(requirement.direction, factor, measure, None, None)


def _one_of_span(requirement: OneOf, fact: Fact) -> Span | None:
    positions = sorted(fact.values.index(value) for value in set(requirement.values))
    if positions[-1] - positions[0] >= len(positions):
        return None  # values with others between them
    return Span((fact.key,), Decimal(positions[0]), Decimal(positions[-1]), _NOUGHT, Decimal(len(fact.values) - 1))


def accepted_values(
    requirement: Requirement, facts: Mapping[str, Fact], place: Place
) -> frozenset[tuple[str, str]] | None:
    """What a requirement on a category accepts at a place, each value with its fact; None of anything else."""
    cell = cell_at(requirement, place)
    if cell is None or not isinstance(requirement, (Comparison, OneOf)):
        return None
    fact = facts[requirement.fact]
    if isinstance(requirement, OneOf):
        return frozenset((fact.key, value) for value in requirement.values)
    if fact.kind is not FactKind.CATEGORY:
        return None
    at = fact.values.index(str(cell.value))
    span = {
        Direction.AT_LEAST: slice(at, None),
        Direction.AT_MOST: slice(at + 1),
        Direction.EQUAL: slice(at, at + 1),
        Direction.MET: slice(0),
    }
    return frozenset((fact.key, value) for value in fact.values[span[requirement.direction]])


def asked(clause: Clause, place: Place) -> bool:
    """Whether a clause is asked in the column of a place."""
    return clause.columns is None or place[0] in clause.columns


def tops(ruleset: Ruleset) -> tuple[Clause, ...]:
    """The indicators, conditions and prerequisites of a ruleset."""
    return (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)


def cells_of(columns: Iterable[str], *clauses: Clause) -> list[Place]:
    """The places of the table that clauses speak of: columns by years."""
    tables = [_table(node.requirement) for clause in clauses for node in nodes(clause)]
    years = {year for table in tables if table is not None for year in table.rows if year is not None}
    return [(column, year) for column in columns for year in (sorted(years) or (None,))]
