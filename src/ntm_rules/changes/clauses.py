"""What changes in one clause, and in its parts: who is asked, what is asked, with which thresholds, in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from ntm_rules.changes.cells import Column, Place, Scope, cell_at, places, strictness, summed, transition
from ntm_rules.changes.change import Change, ChangeKind, Pair
from ntm_rules.changes.matching import Matched, match_parts
from ntm_rules.changes.shown import (
    NOT_ASKED,
    cell_shown,
    fact_of,
    listed,
    of_year,
    plain,
    requirement_shown,
    seen_shown,
    unit_of,
    words,
)
from ntm_rules.explain.rules import table_of
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Unstated,
)
from ntm_rules.model.ruleset import Ruleset, content_form

__all__ = ["clause_changes", "order_change", "renumbered", "whole"]

_WORDS_OF_RULE = ("label", "set_by", "means")
# Where a rule stands and what is doubtful about it: of two different rulesets these are never the same.
_WORDS = (*_WORDS_OF_RULE, "citation", "note")


def clause_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Every change of a clause that is there before and after."""
    old, new = pair.old, pair.new
    assert old is not None
    assert new is not None
    if renumbered(pair):
        yield pair.change(ChangeKind.RENUMBERED, "number", old=plain(old.id), new=plain(new.id))
    for name in _WORDS if scope.same_ruleset else _WORDS_OF_RULE:
        before, after = getattr(old, name), getattr(new, name)
        if before != after and not _said_of_the_whole(pair, name):
            yield pair.change(ChangeKind.TEXT, name, old=words(before), new=words(after))
    yield from _applies_if_changes(scope, pair)
    yield from _column_changes(scope, pair)
    yield from requirement_changes(_narrowed(scope, old, new), pair)


def _said_of_the_whole(pair: Pair, name: str) -> bool:
    """Whether a part only follows the indicator it belongs to, as it takes its citation and who sets it."""
    (old_top, new_top), old, new = pair.tops, pair.old, pair.new
    if old_top is None or new_top is None or old is old_top or name not in ("citation", "set_by"):
        return False
    return (getattr(old, name), getattr(new, name)) == (getattr(old_top, name), getattr(new_top, name))


def renumbered(pair: Pair) -> bool:
    """Whether the number changed, beyond that of the indicator a part belongs to."""
    (old_top, new_top), old, new = pair.tops, pair.old, pair.new
    if old is None or new is None or old_top is None or new_top is None or old.id == new.id:
        return False
    ends = old.id.removeprefix(old_top.id), new.id.removeprefix(new_top.id)
    return not any(ends) or (all(ends) and ends[0] != ends[1])


# -- who is asked


def _applies_if_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    assert pair.old is not None
    assert pair.new is not None
    before, after = pair.old.applies_if, pair.new.applies_if
    if content_form(before) == content_form(after):
        return
    old = before and requirement_shown(scope.old, before)
    new = after and requirement_shown(scope.new, after)
    if scope.alternative:
        kind = ChangeKind.CHANGED
    elif before is None or after is None:
        kind = ChangeKind.LOOSENED if before is None else ChangeKind.TIGHTENED
    else:
        kind = _MIRRORED.get(found := _condition_effect(scope, before, after), found)
    yield pair.change(kind, "applies_if", old=old, new=new)


_MIRRORED = {ChangeKind.TIGHTENED: ChangeKind.LOOSENED, ChangeKind.LOOSENED: ChangeKind.TIGHTENED}


def _condition_effect(scope: Scope, old: Requirement, new: Requirement) -> ChangeKind:
    """Whether a condition holds for fewer communes, or for more, wherever it is asked."""
    if isinstance(old, _COMPOUND) or isinstance(new, _COMPOUND) or _subject(old) != _subject(new):
        return ChangeKind.CHANGED
    effects: set[ChangeKind | None] = set()
    for place in places(scope, old, new, scope.columns):
        before, after = _cells(old, new, place)
        if before is None or after is None or before.value is None or after.value is None:
            effects.add(transition(before, after) and ChangeKind.CHANGED)
        else:
            effects.add(strictness(scope, old, new, place))
    return summed(effects)


_COMPOUND = (Combination, Branch)


def _column_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Columns in which the clause is asked no more, or now; an order that differs is a matter of text."""
    old, new = pair.old, pair.new
    assert old is not None
    assert new is not None
    found = False
    for column in scope.columns:
        before, after = _asked(old, column.old), _asked(new, column.new)
        if before is not after:
            found = True
            kind = ChangeKind.LOOSENED if before else ChangeKind.TIGHTENED
            kind = ChangeKind.CHANGED if scope.alternative else kind
            sides = {"old": _stands(scope.old, old, column.old), "new": NOT_ASKED}
            if after:
                sides = {"old": NOT_ASKED, "new": _stands(scope.new, new, column.new)}
            yield pair.change(kind, "columns", column=column.name, **sides, **_measure(scope, pair))
    if not found and old.columns != new.columns and scope.same_ruleset:
        sides = {"old": listed(old.columns or scope.old.columns), "new": listed(new.columns or scope.new.columns)}
        yield pair.change(ChangeKind.TEXT, "columns", **sides)


def _asked(clause: Clause, column: str) -> bool:
    return clause.columns is None or column in clause.columns


def _stands(ruleset: Ruleset, clause: Clause, column: str) -> Any:
    """What is asked in a column, where one text says it for every year; else in general words."""
    table = table_of(clause.requirement)
    if table is None or table.varies_by_year:
        return requirement_shown(ruleset, clause.requirement)
    return cell_shown(ruleset, clause, table.cell(column, None))


def _narrowed(scope: Scope, old: Clause | None, new: Clause | None) -> Scope:
    """The scope within a clause. A column in which it is asked on neither side judges nobody by what it holds; of one in which
    it is asked on one side only, that is already said.
    """
    asked = {
        column: {clause is None or _asked(clause, name) for clause, name in ((old, column.old), (new, column.new))}
        for column in scope.columns
    }
    kept = tuple(column for column, sides in asked.items() if sides == {True})
    idle = tuple(column for column, sides in asked.items() if sides == {False})
    return attrs.evolve(scope, columns=kept, idle=(*scope.idle, *idle))


# -- what is asked


def requirement_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """The changes of what a clause requires."""
    assert pair.old is not None
    assert pair.new is not None
    old, new = pair.old.requirement, pair.new.requirement
    stated = not isinstance(old, Unstated) and not isinstance(new, Unstated)
    if content_form(old) == content_form(new):
        return
    if stated and (isinstance(old, Combination) or isinstance(new, Combination)):
        yield from _combination_changes(scope, pair)
    elif isinstance(old, Branch) and isinstance(new, Branch):
        yield from _branch_changes(scope, pair, old, new)
    elif isinstance(old, _COMPOUND) or isinstance(new, _COMPOUND):
        yield from _replaced(scope, pair)
    else:
        yield from _plain_changes(scope, pair)


def _combination_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Of a requirement of parts: part by part, and how many of them are needed.

    A requirement without parts is held against one of parts as if it were the only part.
    """
    assert pair.old is not None
    assert pair.new is not None
    old, new = _combined(pair.old), _combined(pair.new)
    found = match_parts(old.parts, new.parts, by_number=scope.same_ruleset)
    inner = attrs.evolve(scope, alternative=scope.alternative or not (_every(old) and _every(new)))
    for before, after in found.pairs:
        yield from clause_changes(inner, _as_parts(pair, before, after))
    effects = _effects(inner, old, new, found)
    for part in found.removed:
        yield from whole(scope, pair.part(part, None), effects[0])
    for part in found.added:
        yield from whole(scope, pair.part(None, part), effects[1])
    yield from _needed_change(inner, pair, old, new, rearranged=bool(found.removed or found.added))
    yield from order_change([(a.id, b.id) for a, b in found.pairs], [p.id for p in old.parts], pair)


def _combined(clause: Clause) -> Combination:
    requirement = clause.requirement
    return requirement if isinstance(requirement, Combination) else Combination(1, (clause,))


def _as_parts(pair: Pair, old: Clause, new: Clause) -> Pair:
    """Two parts held against each other; a whole indicator among them lends only what it requires."""
    if old is pair.old:
        old = attrs.evolve(new, id=old.id, requirement=old.requirement, applies_if=None, columns=None)
    elif new is pair.new:
        new = attrs.evolve(old, id=new.id, requirement=new.requirement, applies_if=None, columns=None)
    return pair.part(old, new)


def _effects(scope: Scope, old: Combination, new: Combination, found: Matched[Clause]) -> tuple[ChangeKind, ChangeKind]:
    """What it does that some parts are gone, and that some were added.

    Where all are needed each is a demand. Else n of the old parts are sure to be met if m of the new ones are, exactly when
    m less the parts that are new is at least n; and the other way about. That holds while each part is asked.
    """
    if not found.pairs or (scope.alternative and any(map(_optional, (*old.parts, *new.parts)))):
        return ChangeKind.CHANGED, ChangeKind.CHANGED
    if _every(old) and _every(new):
        return ChangeKind.LOOSENED, ChangeKind.TIGHTENED
    stricter = new.needed - len(found.added) >= old.needed
    easier = old.needed - len(found.removed) >= new.needed
    if stricter is easier:
        return ChangeKind.CHANGED, ChangeKind.CHANGED
    kind = ChangeKind.TIGHTENED if stricter else ChangeKind.LOOSENED
    return kind, kind


def _optional(clause: Clause) -> bool:
    """Whether a clause, or one in it, is not asked of every commune."""
    return (
        clause.applies_if is not None
        or clause.columns is not None
        or any(_optional(part) for part in _parts(clause.requirement))
    )


def _every(combination: Combination) -> bool:
    return combination.needed == len(combination.parts)


def _needed_change(
    scope: Scope, pair: Pair, old: Combination, new: Combination, *, rearranged: bool
) -> Iterator[Change]:
    """How many parts are needed; of an indicator that came to have parts, or lost them, where no part says so."""
    assert pair.old is not None
    assert pair.new is not None
    before, after = (old.needed, len(old.parts)), (new.needed, len(new.parts))
    wrapped = not (isinstance(pair.old.requirement, Combination) and isinstance(pair.new.requirement, Combination))
    every = _every(old) and _every(new)
    if (every and (rearranged or not wrapped)) or (before == after and not wrapped):
        return
    found = match_parts(old.parts, new.parts, by_number=scope.same_ruleset)
    kind = ChangeKind.TEXT if before == after or every else _effects(scope, old, new, found)[0]
    sides = {name: requirement_shown(ruleset, clause.requirement) for name, ruleset, clause in _sides(scope, pair)}
    yield pair.change(kind, "parts", **sides)


def _sides(scope: Scope, pair: Pair) -> Iterator[tuple[str, Ruleset, Clause]]:
    """The sides of a pair that there are: its name, ruleset and clause."""
    for name, ruleset, clause in (("old", scope.old, pair.old), ("new", scope.new, pair.new)):
        if clause is not None:
            yield name, ruleset, clause


def _branch_changes(scope: Scope, pair: Pair, old: Branch, new: Branch) -> Iterator[Change]:
    if content_form(old.condition) != content_form(new.condition):
        effect = _condition_effect(scope, old.condition, new.condition)
        kind = effect if effect is ChangeKind.TEXT else ChangeKind.CHANGED
        sides = {name: requirement_shown(ruleset, clause.requirement) for name, ruleset, clause in _sides(scope, pair)}
        yield pair.change(kind, "condition", **sides)
    yield from clause_changes(scope, pair.part(old.then, new.then))
    yield from clause_changes(scope, pair.part(old.otherwise, new.otherwise))


def _replaced(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Requirements of different build: what stood there, and what stands there now."""
    sides = {name: requirement_shown(ruleset, clause.requirement) for name, ruleset, clause in _sides(scope, pair)}
    yield pair.change(ChangeKind.CHANGED, "requirement", **sides)
    for name, _, clause in _sides(scope, pair):
        for part in _contents(clause):
            one_side = pair.part(part, None) if name == "old" else pair.part(None, part)
            yield from whole(scope, one_side, ChangeKind.CHANGED)


def _contents(clause: Clause) -> tuple[Clause, ...]:
    """The parts of a clause, or itself where it has none; nothing where nothing is stated."""
    if isinstance(clause.requirement, Unstated):
        return ()
    return _parts(clause.requirement) or (attrs.evolve(clause, applies_if=None, columns=None),)


def _parts(requirement: Requirement) -> tuple[Clause, ...]:
    if isinstance(requirement, Combination):
        return requirement.parts
    return (requirement.then, requirement.otherwise) if isinstance(requirement, Branch) else ()


def whole(scope: Scope, pair: Pair, kind: ChangeKind) -> Iterator[Change]:
    """A clause that is on one side only, with its parts: a change for each cell by which communes are judged."""
    ((name, ruleset, clause),) = _sides(scope, pair)
    inner = _narrowed(scope, pair.old, pair.new)
    if not inner.columns or (name, clause.id) in scope.moved:
        return
    if table_of(clause.requirement) is None:
        yield pair.change(kind, "requirement", **{name: requirement_shown(ruleset, clause.requirement)})
    else:
        yield from _whole_table(inner, pair, kind)
    if clause.applies_if is not None:
        yield pair.change(kind, "applies_if", **{name: requirement_shown(ruleset, clause.applies_if)})
    for part in _parts(clause.requirement):
        yield from whole(inner, pair.part(part, None) if name == "old" else pair.part(None, part), kind)


def _whole_table(scope: Scope, pair: Pair, kind: ChangeKind) -> Iterator[Change]:
    ((name, ruleset, clause),) = _sides(scope, pair)
    requirement = clause.requirement
    for place in places(scope, requirement, requirement, scope.columns):
        cell = cell_at(requirement, getattr(place.column, name), place.year.shown)
        more = {name: cell_shown(ruleset, clause, cell), f"{name}_value": cell and cell.value}
        yield pair.change(
            kind, "threshold", column=place.column.name, year=place.year.shown, **more, **_measure(scope, pair)
        )


# -- cell by cell


def _plain_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Of a requirement without parts: what is measured, cell by cell, and what no cell shows."""
    assert pair.old is not None
    assert pair.new is not None
    old, new = pair.old.requirement, pair.new.requirement
    sides = {name: requirement_shown(ruleset, clause.requirement) for name, ruleset, clause in _sides(scope, pair)}
    other = _subject(old) != _subject(new)
    if other:
        yield pair.change(ChangeKind.CHANGED, "fact", **sides, **_measure(scope, pair))
    found = [*_cell_changes(scope, pair), *_idle_changes(scope, pair)]
    yield from found
    if other:
        return
    if isinstance(old, RulesetMet) and isinstance(new, RulesetMet):
        if old.ruleset.content_hash != new.ruleset.content_hash:
            yield pair.change(scope.effect(old.ruleset, new.ruleset), "ruleset", **sides)
    elif _form(old) != _form(new) and not any(_says_form(change) for change in found):
        held = any(
            transition(*cells) is None and cells[0] is not None and cells[0].state is CellState.SET
            for cells in (_cells(old, new, place) for place in places(scope, old, new, scope.columns))
        )
        yield pair.change(ChangeKind.TEXT if held else ChangeKind.CHANGED, "requirement", **sides)


def _subject(requirement: Requirement) -> Any:
    """What is measured; None where that is not stated."""
    if isinstance(requirement, RulesetMet):
        return requirement.ruleset.id
    if isinstance(requirement, FactComparison):
        return requirement.fact, requirement.other
    return requirement.fact if isinstance(requirement, (Comparison, OneOf)) else None


def _form(requirement: Requirement) -> Any:
    """All that a requirement says beside its cells."""
    form = content_form(requirement)
    return {name: content for name, content in form.items() if name not in ("threshold", "factor")}


def _says_form(change: Change) -> bool:
    """Whether a change of a cell shows how the fact is held against it."""
    set_somewhere = change.old_value is not None or change.new_value is not None
    return set_somewhere and change.kind not in (ChangeKind.TEXT, ChangeKind.EVIDENCE)


def _cell_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    assert pair.old is not None
    assert pair.new is not None
    old, new = pair.old.requirement, pair.new.requirement
    for place in places(scope, old, new, scope.columns):
        before, after = _cells(old, new, place)
        kind = transition(before, after) or _same_state(scope, old, new, place)
        if kind is not None:
            yield _cell_change(scope, pair, place, kind)


def _same_state(scope: Scope, old: Requirement, new: Requirement, place: Place) -> ChangeKind | None:
    """What changed in a cell that is set before and after, or in neither."""
    before, after = _cells(old, new, place)
    if before is None or after is None:
        return ChangeKind.TEXT if before is not after else None
    if before.state is CellState.SET:
        if _subject(old) != _subject(new):
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
    assert pair.old is not None
    assert pair.new is not None
    old, new = pair.old.requirement, pair.new.requirement
    for place in places(scope, old, new, (*scope.idle, *_general(scope, old, new))):
        before, after = _cells(old, new, place)
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


def _cells(old: Requirement, new: Requirement, place: Place) -> tuple[Cell | None, Cell | None]:
    return cell_at(old, place.column.old, place.year.old), cell_at(new, place.column.new, place.year.new)


def _cell_change(scope: Scope, pair: Pair, place: Place, kind: ChangeKind) -> Change:
    assert pair.old is not None
    assert pair.new is not None
    before, after = _cells(pair.old.requirement, pair.new.requirement, place)
    aspect = "evidence" if kind is ChangeKind.EVIDENCE else "threshold"
    old, new = cell_shown(scope.old, pair.old, before), cell_shown(scope.new, pair.new, after)
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
        **_measure(scope, pair),
    )


def _measure(scope: Scope, pair: Pair) -> dict[str, Any]:
    """Fact and unit of a change: those of the new text where there is one."""
    *_, (_, ruleset, clause) = _sides(scope, pair)
    return {"fact": fact_of(clause), "unit": unit_of(ruleset, clause)}


def order_change(pairs: list[tuple[str, str]], old_order: list[str], pair: Pair | None) -> Iterator[Change]:
    """That items which stayed stand in another order; `pair` is the clause whose parts they are, None for the ruleset itself."""
    now = [old for old, _ in pairs]
    before = sorted(now, key=old_order.index)
    if before == now:
        return
    to_new = dict(pairs)
    old = listed(tuple(one for one, other in zip(before, now, strict=True) if one != other))
    new = listed(tuple(to_new[one] for one, other in zip(now, before, strict=True) if one != other))
    if pair is not None:
        yield pair.change(ChangeKind.TEXT, "order", old=old, new=new)
    else:
        yield Change(kind=ChangeKind.TEXT, subject="ruleset", aspect="order", old=old, new=new)
