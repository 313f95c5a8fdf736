"""Which clause of one ruleset is which of another: by what they measure, never by their number alone across rulesets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

import attrs

from ntm_rules.model.requirement import Clause, Combination, Comparison, FactComparison, OneOf, RulesetMet, leaves
from ntm_rules.model.ruleset import Ruleset

__all__ = [
    "Held",
    "Matched",
    "Score",
    "akin",
    "combined",
    "counterparts",
    "match_clauses",
    "match_moved",
    "match_parts",
    "matched",
]

Item = TypeVar("Item")
Score: TypeAlias = tuple[float, ...]
# A clause, and the whole indicator or condition it belongs to; of a whole one, itself.
Held: TypeAlias = tuple[Clause, Clause]


@attrs.frozen(slots=True)
class Matched(Generic[Item]):
    """The items of two lists in pairs, and what is left of each, all in the order of their lists (pairs: of the new one)."""

    pairs: tuple[tuple[Item, Item], ...]
    removed: tuple[Item, ...]
    added: tuple[Item, ...]


def matched(old: Sequence[Item], new: Sequence[Item], score: Callable[[Item, Item], Score | None]) -> Matched[Item]:
    """Two lists matched, the best pairs first; a score of None keeps two items apart.

    Among equal scores the items nearest the beginning of both lists come first. The result does not depend on which list is old.
    """
    scored = [(score(before, after), i, j) for i, before in enumerate(old) for j, after in enumerate(new)]
    ranked = sorted(
        ((found, -i - j, i, j) for found, i, j in scored if found is not None), key=lambda row: row[:2], reverse=True
    )
    to_old: dict[int, int] = {}
    for _, _, i, j in ranked:
        if j not in to_old and i not in to_old.values():
            to_old[j] = i
    return Matched(
        tuple((old[to_old[j]], new[j]) for j in sorted(to_old)),
        tuple(item for i, item in enumerate(old) if i not in to_old.values()),
        tuple(item for j, item in enumerate(new) if j not in to_old),
    )


def match_clauses(old: Ruleset, new: Ruleset, name: str) -> Matched[Clause]:
    """The indicators, conditions or prerequisites (`name`) of two rulesets, matched.

    First those of one number that measure something in common; then whatever measures most in common. Within one ruleset, what
    is left goes by number: an indicator may come to measure something else. Clauses that measure nothing, for their content is
    not stated, are the same where their label is, within one phase.
    """
    same_ruleset, same_phase = old.id == new.id, old.phase == new.phase

    def score(before: Clause, after: Clause) -> Score | None:
        return _likeness(before, after, by_number=same_ruleset, by_label=same_phase)

    return matched(getattr(old, name), getattr(new, name), score)


def match_parts(old: Sequence[Clause], new: Sequence[Clause], *, by_number: bool) -> Matched[Clause]:
    """The parts of one indicator, matched; by their letters too where both rulesets are the same (`by_number`)."""

    def score(before: Clause, after: Clause) -> Score | None:
        # A part is known by its letter; the number before it is that of the indicator.
        one, other = (attrs.evolve(part, id=part.id.rpartition(".")[2]) for part in (before, after))
        return _likeness(one, other, by_number=by_number, by_label=by_number)

    return matched(old, new, score)


def combined(clause: Clause) -> Combination:
    """What a clause requires as a requirement of parts; one without parts is its only part."""
    requirement = clause.requirement
    return requirement if isinstance(requirement, Combination) else Combination(1, (clause,))


def match_moved(old: Ruleset, new: Ruleset, name: str, found: Matched[Clause]) -> tuple[tuple[Held, Held], ...]:
    """What is a part on one side and not on the other, or a part of another indicator, by what it measures.

    `found` are the clauses (`name`) that were matched. What may have moved is listed in the order of each ruleset, for the order
    of the pairs is that of the new one, and what has gone where must not depend on which ruleset is the new one.
    """
    by_number = old.id == new.id
    to_new = {before.id: after for before, after in found.pairs}
    to_old = {after.id: before for before, after in found.pairs}

    def score(before: Held, after: Held) -> Score | None:
        wholes = before[0] is before[1] and after[0] is after[1]
        return None if wholes else _likeness(before[0], after[0], by_number=False, by_label=False)

    before, after = (
        list(_movable(getattr(ruleset, name), counterpart, by_number=by_number))
        for ruleset, counterpart in ((old, to_new), (new, to_old))
    )
    return matched(before, after, score).pairs


def _movable(clauses: Iterable[Clause], counterpart: Mapping[str, Clause], *, by_number: bool) -> Iterator[Held]:
    """What of some clauses has no counterpart yet and is needed wherever they are asked: wholes, and parts that are all needed."""
    for clause in clauses:
        parts = combined(clause).parts
        if clause.id in counterpart:
            other = combined(counterpart[clause.id]).parts
            parts = tuple(part for part in match_parts(parts, other, by_number=by_number).removed if part is not clause)
        unconditional = clause.applies_if is None and clause.columns is None
        for part in parts:
            if part is clause or (unconditional and combined(clause).needed == len(combined(clause).parts)):
                yield part, clause


def counterparts(old: Ruleset, new: Ruleset) -> tuple[tuple[str | None, str | None], ...]:
    """The numbers of each indicator in the old and the new ruleset, None where it is in one only.

    >>> import ntm_rules as ntm
    >>> pairs = counterparts(ntm.load_ruleset("2016-2020/xa-ntm"), ntm.load_ruleset("2021-2025/xa-ntm"))
    >>> [pair for pair in pairs if pair[1] in ("17.8", "17.11") or pair[0] == "18.5"]
    [('17.6', '17.8'), (None, '17.11'), ('18.5', None)]
    """
    found = match_clauses(old, new, "indicators")
    to_old = {after.id: before.id for before, after in found.pairs}
    now = [(to_old.get(clause.id), clause.id) for clause in new.indicators]
    return (*now, *((clause.id, None) for clause in found.removed))


def akin(found: Matched[Clause]) -> tuple[tuple[Clause, Clause], ...]:
    """What is left on both sides and reads alike: a hint to the reader, for it measures something else.

    Half a dozen words in common are much for labels as short as these; of one number, fewer are enough.
    """

    def score(before: Clause, after: Clause) -> Score | None:
        one, other = _words(before), _words(after)
        shared = len(one & other) / len(one | other)
        return (shared,) if shared >= (0.15 if before.id == after.id else 0.22) else None

    return matched(found.removed, found.added, score).pairs


def _words(clause: Clause) -> set[str]:
    return set(re.findall(r"\w+", clause.label.vi.casefold())) or {clause.id}


def _likeness(old: Clause, new: Clause, *, by_number: bool, by_label: bool) -> Score | None:
    """How alike two clauses are: number and measure, then measure, then number; None where nothing makes them one."""
    before, after = set(_measured(old)), set(_measured(new))
    shared = len(before & after)
    number = old.id == new.id
    if shared:
        return (3 if by_number and number else 2, shared, shared / len(before | after), number)
    if number and by_number:
        return (1,)
    if by_label and not before and not after and old.label == new.label:
        return (0, number)
    return None


def _measured(clause: Clause) -> Iterator[str]:
    """What a clause measures: its facts, those of conditions not among them, and rulesets to be met."""
    for leaf in leaves(clause):
        requirement = leaf.requirement
        if isinstance(requirement, (Comparison, OneOf, FactComparison)):
            yield requirement.fact
        if isinstance(requirement, FactComparison):
            yield requirement.other
        if isinstance(requirement, RulesetMet):
            yield f"ruleset {requirement.ruleset.id}"
