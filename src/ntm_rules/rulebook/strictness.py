"""Whether one clause asks for at least as much as another: shown part by part at one place of the table, or not shown.

"As strict" is held to mean: a commune for which the new clause is met or not applicable is never one for which the old clause is
missing. What is not shown may be as strict all the same; what is shown always is.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ntm_rules.model.facts import Fact
from ntm_rules.model.requirement import Branch, Clause, Combination, Requirement, SetBy, Unstated, leaves
from ntm_rules.rulebook.spans import Place, accepted_values, asked, cell_at, span_of

__all__ = ["Strictness", "sets"]


def sets(clause: Clause, place: Place) -> bool:
    """Whether a clause has anything set at a place: a threshold that decides there."""
    return asked(clause, place) and any(cell_at(leaf.requirement, place) is not None for leaf in leaves(clause))


@attrs.frozen(slots=True)
class Strictness:
    """Compares clauses over the facts of one catalogue."""

    facts: Mapping[str, Fact]

    def implies(self, new: Clause, old: Clause, place: Place) -> bool:
        """Whether the new clause is shown to ask for at least as much as the old one."""
        if not asked(old, place) or (old.set_by is SetBy.PROVINCE and not sets(old, place)):
            return True
        if not asked(new, place) or new.applies_if not in (None, old.applies_if):
            return False
        # Where the condition of both fails, neither is asked; where it holds, they are as if they had none.
        return self._as_strict(attrs.evolve(new, applies_if=None), attrs.evolve(old, applies_if=None), place)

    def _as_strict(self, new: Clause, old: Clause, place: Place) -> bool:
        if new.requirement == old.requirement or self._nothing_set(old.requirement, place):
            return True
        return self._through_parts(new, old, place) or self._to_parts(new, old, place)

    def _nothing_set(self, old: Requirement, place: Place) -> bool:
        """Nothing is set nationally: the province fills it in."""
        if isinstance(old, (Combination, Branch)):
            return False
        return isinstance(old, Unstated) or cell_at(old, place) is None

    def _through_parts(self, new: Clause, old: Clause, place: Place) -> bool:
        """However the parts of the new text that are met fall, one of them asks for as much as the whole old one."""
        inner = new.requirement
        if isinstance(inner, Combination):
            return sum(not self.implies(part, old, place) for part in inner.parts) < inner.needed
        if isinstance(inner, Branch):
            return all(self.implies(branch, old, place) for branch in (inner.then, inner.otherwise))
        return False

    def _to_parts(self, new: Clause, old: Clause, place: Place) -> bool:
        inner = old.requirement
        if isinstance(inner, Combination):
            return self._enough_parts(new, inner, place)
        if isinstance(inner, Branch):
            return self._both_branches(new, inner, place)
        return self._one_measure(new.requirement, inner, place)

    def _one_measure(self, new: Requirement, old: Requirement, place: Place) -> bool:
        values, allowed = (accepted_values(requirement, self.facts, place) for requirement in (new, old))
        if values is not None and allowed is not None:
            return values <= allowed
        one, other = (span_of(requirement, self.facts, place) for requirement in (new, old))
        return one is not None and other is not None and one.within(other)

    def _both_branches(self, new: Clause, old: Branch, place: Place) -> bool:
        inner = new.requirement
        if isinstance(inner, Branch) and inner.condition == old.condition:
            pairs = ((inner.then, old.then), (inner.otherwise, old.otherwise))
            return all(self.implies(one, other, place) for one, other in pairs)
        return all(self.implies(new, branch, place) for branch in (old.then, old.otherwise))

    def _enough_parts(self, new: Clause, old: Combination, place: Place) -> bool:
        """Of `all`, every part follows; of `some`, enough parts follow that always count, as one not asked does not."""
        if old.needed == len(old.parts):
            return all(self.implies(new, part, place) for part in old.parts)
        counted = [part for part in old.parts if not _may_lapse(part, place)]
        if sum(self.implies(new, part, place) for part in counted) >= old.needed:
            return True
        inner = new.requirement
        return isinstance(inner, Combination) and self._sure(inner, counted, place) >= old.needed

    def _sure(self, new: Combination, counted: list[Clause], place: Place) -> int:
        """How many of the old parts are met at least, however those new parts that are met fall."""
        left, idle = list(counted), 0
        for part in new.parts:
            match = None
            if not _may_lapse(part, place):
                match = next((known for known in left if self.implies(part, known, place)), None)
            if match is None:
                idle += 1
            else:
                left.remove(match)
        return new.needed - idle


def _may_lapse(clause: Clause, place: Place) -> bool:
    """Whether a clause may come to be not applicable at a place."""
    if clause.applies_if is not None or not asked(clause, place):
        return True
    requirement = clause.requirement
    if isinstance(requirement, Combination):
        return all(_may_lapse(part, place) for part in requirement.parts)
    if isinstance(requirement, Branch):
        return any(_may_lapse(branch, place) for branch in (requirement.then, requirement.otherwise))
    return False
