"""One place of the table before and after: whether the new text asks for more there, for less, or for something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from ntm_rules.changes.change import ChangeKind
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
    Threshold,
    Unstated,
)
from ntm_rules.model.ruleset import Ruleset

__all__ = ["Column", "Place", "Scope", "Year", "cell_at", "places", "strictness", "summed", "transition"]


@attrs.frozen(slots=True)
class Column:
    """A column to compare: the name it is shown by, and its names in the old and the new table.

    They differ where one of the two has only a general column, which then judges every region.
    """

    name: str
    old: str
    new: str


@attrs.frozen(slots=True)
class Year:
    """A year to compare, and the years of the rows held against each other."""

    shown: int | None
    old: int | None
    new: int | None


@attrs.frozen(slots=True)
class Place:
    """A cell to compare, in the old and in the new table."""

    column: Column
    year: Year


@attrs.frozen(slots=True)
class Scope:
    """The two rulesets, and the columns in which a clause is asked before or after; `idle` ones judge no commune by it.

    `region` and `year` narrow the comparison (None: all). `moved` are the parts that became indicators of their own, or the
    other way about: ("old" or "new", number). `effect` says what the change of another ruleset comes to, where one must be met. `alternative` is true within a requirement of which not
    every part is needed: there a part that is not asked does not count, so asking it of fewer communes makes nothing easier.
    """

    old: Ruleset
    new: Ruleset
    columns: tuple[Column, ...]
    idle: tuple[Column, ...]
    region: str | None
    year: int | None
    effect: Callable[[Ruleset, Ruleset], ChangeKind]
    moved: frozenset[tuple[str, str]] = frozenset()
    alternative: bool = False

    @property
    def same_ruleset(self) -> bool:
        """Whether both are one ruleset, at two dates or with other layers."""
        return self.old.id == self.new.id


_ABSENT = Cell(CellState.UNSET, None, Evidence.UNSET)


def cell_at(requirement: Requirement, column: str, year: int | None) -> Cell | None:
    """The cell of a requirement without parts; None where the table has no row for the year.

    Content that is not stated is like a cell that is not known, or left to the province.
    """
    if isinstance(requirement, Unstated):
        return attrs.evolve(_ABSENT, state=CellState.DELEGATED) if requirement.set_by is SetBy.PROVINCE else _ABSENT
    table = table_of(requirement)
    return None if table is None else table.cell(column, year)


def places(scope: Scope, old: Requirement, new: Requirement, columns: tuple[Column, ...]) -> Iterator[Place]:
    """The cells in which two requirements are compared, in the order of the table."""
    years = list(_years(scope, table_of(old), table_of(new)))
    if scope.year is not None:
        row = [year for year in years if year.shown == scope.year]
        years = row or [year for year in years if year.shown is None]
    for year in years:
        for column in columns:
            yield Place(column, year)


def _years(scope: Scope, old: Threshold | None, new: Threshold | None) -> Iterator[Year]:
    """The rows to compare.

    Across phases no year is in both tables: the last row of the earlier phase is then what each of the later ones follows.
    """
    before, after = _rows(old), _rows(new)
    if before and after and not before & after and scope.old.phase != scope.new.phase:
        later = max(before) < max(after)
        for year in sorted(after if later else before):
            yield Year(year, max(before), year) if later else Year(year, year, max(after))
        return
    for year in sorted(before | after):
        yield Year(year, year, year)
    if not before or not after:
        yield Year(None, None, None)


def _rows(table: Threshold | None) -> set[int]:
    return {year for year in table.rows if year is not None} if table is not None else set()


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
    from ntm_rules.rulebook.lint.spans import span_of

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
