"""One place of the table before and after: whether the new text asks for more there, for less, or for something else."""

from __future__ import annotations

from typing import Any

import attrs

from ntm_rules.changes.change import ChangeKind
from ntm_rules.changes.scope import Place, Scope
from ntm_rules.explain.rules import table_of
from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import (
    Cell,
    CellState,
    Comparison,
    Direction,
    Evidence,
    FactComparison,
    OneOf,
    Requirement,
    SetBy,
    Unstated,
)
from ntm_rules.model.ruleset import Ruleset

__all__ = ["cell_at", "strictness", "summed", "transition"]


_ABSENT = Cell(CellState.UNSET, None, Evidence.UNSET)


def cell_at(requirement: Requirement, column: str, year: int | None) -> Cell | None:
    """The cell of a requirement without parts; None where the table has no row for the year.

    Content that is not stated is like a cell that is not known, or left to the province.
    """
    if isinstance(requirement, Unstated):
        return attrs.evolve(_ABSENT, state=CellState.DELEGATED) if requirement.set_by is SetBy.PROVINCE else _ABSENT
    table = table_of(requirement)
    return None if table is None else table.cell(column, year)


# -- what a change of a cell does


def transition(old: Cell | None, new: Cell | None) -> ChangeKind | None:
    """What becomes of a threshold that is not set before, or after; None where it is set in both or in neither."""
    before, after = _state(old), _state(new)
    if before is after:
        return None
    if after is CellState.DELEGATED:
        return ChangeKind.DELEGATED
    if before is CellState.DELEGATED:
        return ChangeKind.UNDELEGATED
    return ChangeKind.SET if after is CellState.SET else ChangeKind.UNSET


def _state(cell: Cell | None) -> CellState:
    return CellState.UNSET if cell is None else cell.state


def strictness(scope: Scope, old: Requirement, new: Requirement, place: Place) -> ChangeKind | None:
    """Whether what is asked at a place became stricter or easier; None where it is the same. Both thresholds are set."""
    before = _accepted(old, scope.old, place.column.old, place.year.old)
    after = _accepted(new, scope.new, place.column.new, place.year.new)
    if before is None or after is None or type(before) is not type(after):
        return ChangeKind.CHANGED
    stricter, easier = after.within(before), before.within(after)
    if stricter and easier:
        return None
    return ChangeKind.TIGHTENED if stricter else ChangeKind.LOOSENED if easier else ChangeKind.CHANGED


def summed(kinds: set[ChangeKind | None]) -> ChangeKind:
    """What several effects come to: TEXT where there is none, CHANGED where they do not point one way."""
    effects = kinds - {None, ChangeKind.TEXT, ChangeKind.EVIDENCE, ChangeKind.RENUMBERED}
    if not effects:
        return ChangeKind.TEXT
    if effects <= {ChangeKind.TIGHTENED, ChangeKind.ADDED}:
        return ChangeKind.TIGHTENED
    return ChangeKind.LOOSENED if effects <= {ChangeKind.LOOSENED, ChangeKind.REMOVED} else ChangeKind.CHANGED


@attrs.frozen(slots=True)
class _Values:
    """The values of a category that are accepted."""

    measure: tuple[Any, ...]
    values: frozenset[str]

    def within(self, other: _Values) -> bool:
        """Whether the other accepts them too; both sexes each within have their total within."""
        same = self.measure in (other.measure, (*other.measure, "both sexes"))
        return same and self.values <= other.values


def _accepted(requirement: Requirement, ruleset: Ruleset, column: str, year: int | None) -> Any:
    """What a requirement accepts, as a `Span` or as values of a category; None where the two cannot be held together."""
    # The linter's package brings pydantic and YAML, which a host that only judges does not need.
    from ntm_rules.rulebook.spans import span_of

    facts = ruleset.catalogue.facts
    if isinstance(requirement, OneOf):
        return _Values((requirement.fact,), frozenset(requirement.values))
    if isinstance(requirement, Comparison) and facts[requirement.fact].kind is FactKind.CATEGORY:
        return _category(requirement, facts[requirement.fact].values, str(_value(requirement, column, year)))
    if isinstance(requirement, FactComparison):
        low = facts[requirement.other].low
        if low is None or low < 0:
            return None  # of a number below zero, more is less
    return span_of(requirement, facts, (column, year))


def _value(requirement: Requirement, column: str, year: int | None) -> Any:
    cell = cell_at(requirement, column, year)
    assert cell is not None
    return cell.value


def _category(requirement: Comparison, values: tuple[str, ...], threshold: str) -> _Values:
    place = values.index(threshold)
    accepted = {
        Direction.AT_LEAST: values[place:],
        Direction.AT_MOST: values[: place + 1],
        Direction.EQUAL: (threshold,),
        Direction.MET: (threshold,),
    }[requirement.direction]
    measure = (requirement.fact, "both sexes") if requirement.both_sexes else (requirement.fact,)
    return _Values(measure, frozenset(accepted))
