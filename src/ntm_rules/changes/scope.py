"""What is compared: two rulesets, the columns and years in which they are held against each other, a clause before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.explain.rules import table_of
from ntm_rules.model.requirement import Clause, Requirement, Threshold
from ntm_rules.model.ruleset import Ruleset

__all__ = ["Column", "Pair", "Place", "Scope", "Year", "asked", "narrowed", "places", "sides"]


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
    other way about, of both rulesets. `effect` says what the change of another ruleset comes to, where one must be met. `alternative` is true within a requirement of which not
    every part is needed: there a part that is not asked does not count, so asking it of fewer communes makes nothing easier.
    """

    old: Ruleset
    new: Ruleset
    columns: tuple[Column, ...]
    idle: tuple[Column, ...]
    region: str | None
    year: int | None
    effect: Callable[[Ruleset, Ruleset], ChangeKind]
    moved: tuple[Clause, ...] = ()
    alternative: bool = False

    @property
    def same_ruleset(self) -> bool:
        """Whether both are one ruleset, at two dates or with other layers."""
        return self.old.id == self.new.id


@attrs.frozen(slots=True, kw_only=True)
class Pair:
    """A clause before and after; one of them None where it was added or removed. `tops` are the whole indicators they belong to."""

    subject: str
    old: Clause | None
    new: Clause | None
    tops: tuple[Clause | None, Clause | None]

    @property
    def both(self) -> tuple[Clause, Clause]:
        """The clause before and after, of a pair that has both."""
        assert self.old is not None
        assert self.new is not None
        return self.old, self.new

    @property
    def requirements(self) -> tuple[Requirement, Requirement]:
        """What is required before and after, of a pair that has both."""
        old, new = self.both
        return old.requirement, new.requirement

    def change(self, kind: ChangeKind, aspect: str, **more: Any) -> Change:
        """A change of this clause."""
        old, new = self.old, self.new
        known, top = new or old, self.tops[1] or self.tops[0]
        assert known is not None
        assert top is not None
        return Change(
            kind=kind,
            subject=self.subject,
            aspect=aspect,
            indicator=top.id,
            old_number=None if old is None else old.id,
            new_number=None if new is None else new.id,
            label=known.label,
            **more,
        )

    def part(self, old: Clause | None, new: Clause | None) -> Pair:
        """A part of this clause, before and after."""
        return attrs.evolve(self, old=old, new=new)


def sides(scope: Scope, pair: Pair) -> Iterator[tuple[str, Ruleset, Clause]]:
    """The sides of a pair that there are: name, ruleset and clause."""
    for name, ruleset, clause in (("old", scope.old, pair.old), ("new", scope.new, pair.new)):
        if clause is not None:
            yield name, ruleset, clause


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


def asked(clause: Clause, column: str) -> bool:
    """Whether a clause is asked in a column."""
    return clause.columns is None or column in clause.columns


def narrowed(scope: Scope, old: Clause | None, new: Clause | None) -> Scope:
    """The scope within a clause. A column in which it is asked on neither side judges nobody by what it holds; of one in which
    it is asked on one side only, that is already said.
    """
    where = {
        column: {clause is None or asked(clause, name) for clause, name in ((old, column.old), (new, column.new))}
        for column in scope.columns
    }
    kept = tuple(column for column, sides in where.items() if sides == {True})
    idle = tuple(column for column, sides in where.items() if sides == {False})
    return attrs.evolve(scope, columns=kept, idle=(*scope.idle, *idle))
