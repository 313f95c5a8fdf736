"""What changes in a requirement without parts: what is measured, and each cell of its table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ntm_rules.changes.cells import cell_at, strictness, transition
from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.changes.scope import Column, Pair, Place, Scope, places, sides
from ntm_rules.changes.shown import cell_shown, fact_of, general_shown, of_year, seen_shown, unit_of
from ntm_rules.explain.rules import table_of
from ntm_rules.model.requirement import Cell, CellState, Comparison, FactComparison, OneOf, Requirement, RulesetMet
from ntm_rules.model.ruleset import content_form

__all__ = ["cells_of", "measure", "plain_changes", "requirements_shown", "subject", "table_changes"]


def plain_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Of a requirement without parts: what is measured, cell by cell, and what no cell shows."""
    old, new = pair.requirements
    said = requirements_shown(scope, pair)
    other = subject(old) != subject(new)
    if other:
        yield pair.change(ChangeKind.CHANGED, "fact", **said, **measure(scope, pair))
    found = [*_cell_changes(scope, pair), *_idle_changes(scope, pair)]
    yield from found
    if other:
        return
    if isinstance(old, RulesetMet) and isinstance(new, RulesetMet):
        if old.ruleset.content_hash != new.ruleset.content_hash:
            yield pair.change(scope.effect(old.ruleset, new.ruleset), "ruleset", **said)
    elif _form(old) != _form(new) and not any(_says_form(change) for change in found):
        held = any(
            transition(*cells) is None and cells[0] is not None and cells[0].state is CellState.SET
            for cells in (cells_of(old, new, place) for place in places(scope, old, new, scope.columns))
        )
        yield pair.change(ChangeKind.TEXT if held else ChangeKind.CHANGED, "requirement", **said)
    elif not found and _made_of(scope, old) != _made_of(scope, new):
        yield pair.change(ChangeKind.EVIDENCE, "factor", **said)


def _made_of(scope: Scope, requirement: Requirement) -> Any:
    """The cells that a multiple is made of, for the product may not show how surely each is known, and by whom it is set."""
    relation = requirement.relation if isinstance(requirement, Comparison) else None
    if relation is None:
        return None
    columns = {name for column in scope.columns for name in (column.old, column.new, "")}
    cells = [
        (year, column, content_form(cell))
        for table in (relation.factors, relation.base)
        for year, column, cell in table.cells()
        if scope.region is None or column in columns
        if scope.year is None or year in (None, scope.year)
    ]
    return cells, relation.base_set_by


def subject(requirement: Requirement) -> Any:
    """What is measured; None where that is not stated."""
    if isinstance(requirement, RulesetMet):
        return requirement.ruleset.id
    if isinstance(requirement, FactComparison):
        return requirement.fact, requirement.other
    return requirement.fact if isinstance(requirement, (Comparison, OneOf)) else None


def _form(requirement: Requirement) -> Any:
    """All that a requirement says beside its cells."""
    form = content_form(requirement)
    own = {name: content for name, content in form.items() if name not in ("threshold", "factor")}
    relation = requirement.relation if isinstance(requirement, Comparison) else None
    return own | {"relation": relation and (relation.ruleset, relation.indicator, relation.factor)}


def _says_form(change: Change) -> bool:
    """Whether a change of a cell shows how the fact is held against it."""
    set_somewhere = change.old_value is not None or change.new_value is not None
    return set_somewhere and change.kind not in (ChangeKind.TEXT, ChangeKind.EVIDENCE)


def _cell_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    old, new = pair.requirements
    for place in places(scope, old, new, scope.columns):
        before, after = cells_of(old, new, place)
        kind = transition(before, after) or _same_state(scope, old, new, place)
        if kind is not None:
            yield _cell_change(scope, pair, place, kind)


def _same_state(scope: Scope, old: Requirement, new: Requirement, place: Place) -> ChangeKind | None:
    """What changed in a cell that is set before and after, or in neither."""
    before, after = cells_of(old, new, place)
    if before is None or after is None:
        return ChangeKind.TEXT if before is not after else None
    if before.state is CellState.SET:
        if subject(old) != subject(new):
            kind = None if _alike(old, before, new, after) else ChangeKind.CHANGED
        elif before.value == after.value and _form(old) == _form(new):
            kind = ChangeKind.TEXT if str(before.value) != str(after.value) else None
        else:
            kind = strictness(scope, old, new, place)
        if kind is not None:
            return kind
    return _evidence_kind(scope, before, after)


def _alike(old: Requirement, before: Cell, new: Requirement, after: Cell) -> bool:
    """Whether two cells of different facts read the same."""
    return (type(old), getattr(old, "direction", None), before.value) == (
        type(new),
        getattr(new, "direction", None),
        after.value,
    )


def _evidence_kind(scope: Scope, before: Cell, after: Cell) -> ChangeKind | None:
    """Whether only what is known of a cell changed; two rulesets rest on different pages anyway."""
    same = (before.evidence, before.seen_at) == (after.evidence, after.seen_at)
    return None if same or not scope.same_ruleset else ChangeKind.EVIDENCE


def _idle_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Cells that judge nobody: the general column beside those of the regions, and columns in which nothing is asked."""
    old, new = pair.requirements
    for place in places(scope, old, new, (*scope.idle, *_general(scope, old, new))):
        before, after = cells_of(old, new, place)
        kind = ChangeKind.TEXT if _content(before) != _content(after) else None
        if kind is None and before is not None and after is not None:
            kind = _evidence_kind(scope, before, after)
        if kind is not None:
            yield _cell_change(scope, pair, place, kind)


def _general(scope: Scope, old: Requirement, new: Requirement) -> list[Column]:
    """The columns of two tables that are no columns of their rulesets: "common" beside the regions."""
    if scope.region is not None:
        return []
    names = {name for table in map(table_of, (old, new)) if table is not None for _, name, _ in table.cells()}
    return [Column(name, name, name) for name in sorted(names - {"", *scope.old.columns, *scope.new.columns})]


def _content(cell: Cell | None) -> Any:
    return cell and (cell.state, str(cell.value))


def cells_of(old: Requirement, new: Requirement, place: Place) -> tuple[Cell | None, Cell | None]:
    """The cells of a place before and after."""
    return cell_at(old, place.column.old, place.year.old), cell_at(new, place.column.new, place.year.new)


def _cell_change(scope: Scope, pair: Pair, place: Place, kind: ChangeKind) -> Change:
    before, after = cells_of(*pair.requirements, place)
    one, other = pair.both
    aspect = "evidence" if kind is ChangeKind.EVIDENCE else "threshold"
    old, new = cell_shown(scope.old, one, before), cell_shown(scope.new, other, after)
    if aspect == "evidence" and before is not None and after is not None and before.seen_at != after.seen_at:
        old, new = seen_shown(old, before), seen_shown(new, after)
    return pair.change(
        kind,
        aspect,
        column=place.column.name,
        year=place.year.shown,
        old=of_year(old, place.year.old, place.year.shown),
        new=of_year(new, place.year.new, place.year.shown),
        old_value=before and before.value,
        new_value=after and after.value,
        **measure(scope, pair),
    )


def measure(scope: Scope, pair: Pair) -> dict[str, Any]:
    """Fact and unit of a change: those of the new text where there is one."""
    *_, (_, ruleset, clause) = sides(scope, pair)
    return {"fact": fact_of(clause), "unit": unit_of(ruleset, clause)}


def table_changes(scope: Scope, pair: Pair, kind: ChangeKind) -> Iterator[Change]:
    """The cells of a clause that is on one side only."""
    ((name, ruleset, clause),) = sides(scope, pair)
    requirement = clause.requirement
    for place in places(scope, requirement, requirement, scope.columns):
        cell = cell_at(requirement, getattr(place.column, name), place.year.shown)
        more = {name: cell_shown(ruleset, clause, cell), f"{name}_value": cell and cell.value}
        yield pair.change(
            kind, "threshold", column=place.column.name, year=place.year.shown, **more, **measure(scope, pair)
        )


def requirements_shown(scope: Scope, pair: Pair) -> dict[str, Any]:
    """What is required on each side that there is, in words."""
    return {name: general_shown(ruleset, clause.requirement) for name, ruleset, clause in sides(scope, pair)}
