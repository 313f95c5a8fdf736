"""What changes in one clause, and in its parts: who is asked, what is asked, with which thresholds, in which words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import attrs

from ntm_rules.changes.cells import strictness, summed, transition
from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.changes.matching import Matched, combined, match_parts
from ntm_rules.changes.order import order_change
from ntm_rules.changes.scope import Pair, Scope, asked, narrowed, places, sides
from ntm_rules.changes.shown import NOT_ASKED, cell_shown, listed, plain, requirement_shown, words
from ntm_rules.changes.thresholds import cells_of, measure, plain_changes, requirements_shown, subject, table_changes
from ntm_rules.explain.rules import table_of
from ntm_rules.model.requirement import Branch, Clause, Combination, Requirement, Unstated
from ntm_rules.model.ruleset import Ruleset, content_form

__all__ = ["clause_changes", "renumbered", "whole"]

_WORDS_OF_RULE = ("label", "set_by", "means")
# Where a rule stands and what is doubtful about it: of two different rulesets these are never the same.
_WORDS = (*_WORDS_OF_RULE, "citation", "note")


def clause_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Every change of a clause that is there before and after."""
    old, new = pair.both
    if renumbered(pair):
        yield pair.change(ChangeKind.RENUMBERED, "number", old=plain(old.id), new=plain(new.id))
    for name in _WORDS if scope.same_ruleset else _WORDS_OF_RULE:
        before, after = getattr(old, name), getattr(new, name)
        if before != after and not _said_of_the_whole(pair, name):
            yield pair.change(ChangeKind.TEXT, name, old=words(before), new=words(after))
    yield from _applies_if_changes(scope, pair)
    yield from _column_changes(scope, pair)
    yield from requirement_changes(narrowed(scope, old, new), pair)


def _said_of_the_whole(pair: Pair, name: str) -> bool:
    """Whether a part only follows the indicator it belongs to, as it takes its citation and who sets it."""
    (old_top, new_top), old, new = pair.tops, pair.old, pair.new
    if old_top is None or new_top is None or old is old_top or new is new_top or name not in ("citation", "set_by"):
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
    before, after = (clause.applies_if for clause in pair.both)
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
    if isinstance(old, _COMPOUND) or isinstance(new, _COMPOUND) or subject(old) != subject(new):
        return ChangeKind.CHANGED
    effects: set[ChangeKind | None] = set()
    for place in places(scope, old, new, scope.columns):
        before, after = cells_of(old, new, place)
        if before is None or after is None or before.value is None or after.value is None:
            effects.add(transition(before, after) and ChangeKind.CHANGED)
        else:
            effects.add(strictness(scope, old, new, place))
    return summed(effects)


_COMPOUND = (Combination, Branch)


def _column_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Columns in which the clause is asked no more, or now; an order that differs is a matter of text."""
    old, new = pair.both
    found = False
    for column in scope.columns:
        before, after = asked(old, column.old), asked(new, column.new)
        if before is not after:
            found = True
            kind = ChangeKind.LOOSENED if before else ChangeKind.TIGHTENED
            kind = ChangeKind.CHANGED if scope.alternative else kind
            said = {"old": _stands(scope.old, old, column.old), "new": NOT_ASKED}
            if after:
                said = {"old": NOT_ASKED, "new": _stands(scope.new, new, column.new)}
            yield pair.change(kind, "columns", column=column.name, **said, **measure(scope, pair))
    if not found and old.columns != new.columns and scope.same_ruleset:
        said = {"old": listed(old.columns or scope.old.columns), "new": listed(new.columns or scope.new.columns)}
        yield pair.change(ChangeKind.TEXT, "columns", **said)


def _stands(ruleset: Ruleset, clause: Clause, column: str) -> Any:
    """What is asked in a column, where one text says it for every year; else in general words."""
    table = table_of(clause.requirement)
    if table is None or table.varies_by_year:
        return requirement_shown(ruleset, clause.requirement)
    return cell_shown(ruleset, clause, table.cell(column, None))


# -- what is asked


def requirement_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """The changes of what a clause requires."""
    old, new = pair.requirements
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
        yield from plain_changes(scope, pair)


def _combination_changes(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Of a requirement of parts: part by part, and how many of them are needed.

    A requirement without parts is held against one of parts as if it were the only part.
    """
    old, new = map(combined, pair.both)
    found = match_parts(old.parts, new.parts, by_number=scope.same_ruleset)
    inner = attrs.evolve(scope, alternative=scope.alternative or not (_every(old) and _every(new)))
    for before, after in found.pairs:
        yield from clause_changes(inner, _as_parts(pair, before, after))
    effects = _effects(inner, old, new, found)
    for part in found.removed:
        yield from whole(scope, pair.part(part, None), effects[0])
    for part in found.added:
        yield from whole(scope, pair.part(None, part), effects[1])
    yield from _needed_change(scope, pair, found, effects[0])
    yield from order_change([(a.id, b.id) for a, b in found.pairs], [p.id for p in old.parts], pair)


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


def _needed_change(scope: Scope, pair: Pair, found: Matched[Clause], effect: ChangeKind) -> Iterator[Change]:
    """How many parts are needed; of an indicator that came to have parts, or lost them, where no part says so."""
    old, new = map(combined, pair.both)
    before, after = (old.needed, len(old.parts)), (new.needed, len(new.parts))
    wrapped = not all(isinstance(requirement, Combination) for requirement in pair.requirements)
    every = _every(old) and _every(new)
    rearranged = found.removed or found.added
    if (every and (rearranged or not wrapped)) or (before == after and not wrapped):
        return
    kind = ChangeKind.TEXT if before == after or every else effect
    yield pair.change(kind, "parts", **requirements_shown(scope, pair))


def _branch_changes(scope: Scope, pair: Pair, old: Branch, new: Branch) -> Iterator[Change]:
    if content_form(old.condition) != content_form(new.condition):
        effect = _condition_effect(scope, old.condition, new.condition)
        kind = effect if effect is ChangeKind.TEXT else ChangeKind.CHANGED
        said = requirements_shown(scope, pair)
        yield pair.change(kind, "condition", **said)
    yield from clause_changes(scope, pair.part(old.then, new.then))
    yield from clause_changes(scope, pair.part(old.otherwise, new.otherwise))


def _replaced(scope: Scope, pair: Pair) -> Iterator[Change]:
    """Requirements of different build: what stood there, and what stands there now.

    Where only one has branches, the other is as if each branch required it, and is held against each.
    """
    held = _branched(pair)
    yield pair.change(ChangeKind.TEXT if held else ChangeKind.CHANGED, "requirement", **requirements_shown(scope, pair))
    for old, new in held:
        yield from clause_changes(scope, _as_parts(pair, old, new))
    for name, _, clause in () if held else sides(scope, pair):
        for part in _contents(clause):
            one_side = pair.part(part, None) if name == "old" else pair.part(None, part)
            yield from whole(scope, one_side, ChangeKind.CHANGED)


def _branched(pair: Pair) -> list[tuple[Clause, Clause]]:
    """Each branch of one side with the other side; nothing where a branch measures nothing that the other side measures."""
    before, after = map(_either, pair.both)
    held = list(itertools.product(before, after))
    return held if all(match_parts((old,), (new,), by_number=False).pairs for old, new in held) else []


def _either(clause: Clause) -> tuple[Clause, ...]:
    """The branches of a clause, one or the other of which is required; itself where it has none."""
    requirement = clause.requirement
    return (requirement.then, requirement.otherwise) if isinstance(requirement, Branch) else (clause,)


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
    ((name, ruleset, clause),) = sides(scope, pair)
    inner = narrowed(scope, pair.old, pair.new)
    if not inner.columns or any(clause is other for other in scope.moved):
        return
    if table_of(clause.requirement) is None:
        yield pair.change(kind, "requirement", **{name: requirement_shown(ruleset, clause.requirement)})
    else:
        yield from table_changes(inner, pair, kind)
    if clause.applies_if is not None:
        yield pair.change(kind, "applies_if", **{name: requirement_shown(ruleset, clause.applies_if)})
    for part in _parts(clause.requirement):
        yield from whole(inner, pair.part(part, None) if name == "old" else pair.part(None, part), kind)
