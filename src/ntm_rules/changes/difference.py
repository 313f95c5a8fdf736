"""What changes between two rulesets: per indicator, column and year, and around them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from ntm_rules.changes import wording
from ntm_rules.changes.around import catalogue_changes, criterion_changes, ruleset_changes
from ntm_rules.changes.cells import summed
from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.changes.clauses import clause_changes, renumbered, whole
from ntm_rules.changes.matching import Held, Matched, akin, match_clauses, match_moved
from ntm_rules.changes.order import order_change
from ntm_rules.changes.scope import Column, Pair, Scope
from ntm_rules.changes.shown import plain
from ntm_rules.model.errors import Problem, UnknownNameError, check_language
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, nearest, shown

__all__ = ["Difference", "compare"]


@attrs.frozen(slots=True, kw_only=True, repr=False)
class Difference:
    """What changes from one ruleset to another; `compare` makes it. False in a truth test where nothing changes.

    `region` and `year` are what the comparison was narrowed to. `changes` has one entry for every cell and every other thing that
    differs: around the indicators first, then indicators in their new order, then what is removed.
    """

    old: Ruleset
    new: Ruleset
    region: str | None
    year: int | None
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def of(self, *kinds: ChangeKind | str) -> tuple[Change, ...]:
        """The changes of some kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    def numbers(self, *kinds: ChangeKind | str, column: str | None = None) -> tuple[str, ...]:
        """The numbers of the indicators with a change of some kinds, in a column or in any.

        >>> import ntm_rules as ntm
        >>> old, new = (ntm.load_ruleset("2021-2025/xa-ntm", on=day) for day in ("2024-02-29", "2024-03-01"))
        >>> ntm.compare(old, new).numbers("changed", "set", column="tn")
        ('15.4', '18.4')
        """
        found = (
            change.indicator
            for change in self.of(*kinds)
            if change.subject == "indicator" and (column is None or change.column in (None, column))
        )
        return tuple(dict.fromkeys(number for number in found if number is not None))

    def text(self, lang: Language = "vi") -> str:
        """The changes as plain text, by kind; cells that change alike on one line."""
        return wording.text(self, check_language(lang))

    def markdown(self, lang: Language = "vi") -> str:
        """The changes as a Markdown page for a decision's annex: a table for each kind."""
        return wording.markdown(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The difference as stable, versioned, JSON-ready data (schema: rulesets/schema/difference.schema.json)."""
        return {
            "format": "ntm-rules/difference/1",
            "old": self.old.reference(),
            "new": self.new.reference(),
            "region": self.region,
            "year": self.year,
            "changes": [change.to_dict() for change in self.changes],
            "summary": {"vi": wording.summary(self, "vi"), "en": wording.summary(self, "en")},
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __str__(self) -> str:
        return self.text("vi")

    def __repr__(self) -> str:
        return f"<Difference {self.old.id} → {self.new.id}: {wording.summary(self, 'en')}>"

    def _repr_html_(self) -> str:
        return wording.html(self, "vi")


def compare(old: Ruleset, new: Ruleset, *, region: str | None = None, year: int | None = None) -> Difference:
    """What changes from one ruleset to another: two dates of one, with and without an overlay, two tiers or two phases.

    Nothing that the `content_hash` covers changes unseen: `changes` is empty exactly when the hashes are equal. `region` ("dbsh")
    and `year` narrow it to what judges a commune of that region, a special commune by the column of these, by the row of that year. Within one ruleset indicators are
    matched by number and by what they measure; between two rulesets only by the facts they measure, and there citations, notes
    and evidence, which are never the same, are left out. Rows by year of two phases are held against the last row of the earlier.

    Raises `UnknownNameError` for an unknown region.

    >>> import ntm_rules as ntm
    >>> old, new = (ntm.load_ruleset("2021-2025/xa-ntm", on=day) for day in ("2024-03-01", "2024-03-07"))
    >>> [(change.new_number, change.fact) for change in ntm.compare(old, new, region="tn").of("changed")]
    [('security', 'security_safe_standard')]
    """
    effect = functools.partial(_effect, region=region, year=year)
    standing, withdrawal = (functools.partial(effect, decides=each) for each in (_of_standing, _of_withdrawal))
    scope = Scope(old, new, _columns(old, new, region), (), region, year, standing)
    around = ruleset_changes(old, new, withdrawal)
    return Difference(old=old, new=new, region=region, year=year, changes=(*around, *_changes(scope)))


def _effect(
    old: Ruleset, new: Ruleset, *, region: str | None, year: int | None, decides: Callable[[Change], bool]
) -> ChangeKind:
    """What the changes of another ruleset come to, of those that decide."""
    changes = compare(old, new, region=region, year=year).changes
    kinds: set[ChangeKind | None] = {change.kind for change in changes if decides(change)}
    found = summed(kinds)
    return ChangeKind.EVIDENCE if found is ChangeKind.TEXT and ChangeKind.EVIDENCE in kinds else found


_JUDGING = ("columns", "complete", "special_communes")


def _of_standing(change: Change) -> bool:
    """Whether a change is of what a ruleset is met by: its verdict and prerequisites, not its recognition or withdrawal.

    That criteria come and go decides nothing beside the indicators in them.
    """
    if change.subject == "ruleset":
        return change.aspect in _JUDGING
    return change.subject in ("indicator", "prerequisite", "catalogue")


def _of_withdrawal(change: Change) -> bool:
    """Whether a change is of what a title is withdrawn by: criteria missed, and how many of them."""
    if change.subject == "ruleset":
        return change.aspect in (*_JUDGING, "criteria_total", "withdrawal", "key_criteria")
    return change.subject in ("indicator", "criterion", "catalogue")


def _columns(old: Ruleset, new: Ruleset, region: str | None) -> tuple[Column, ...]:
    """The columns that judge communes before and after; one general column judges every region."""
    if region is not None:
        _check_region(old, new, region)
        names = dict.fromkeys((region, *_special_columns(old, new)))
        return tuple(Column(name, old.column_for(name), new.column_for(name)) for name in names)
    general = ("common",)
    if old.columns == general:
        return tuple(Column(name, "common", name) for name in new.columns)
    if new.columns == general:
        return tuple(Column(name, name, "common") for name in old.columns)
    return tuple(Column(name, name, name) for name in new.columns if name in old.columns)


def _special_columns(old: Ruleset, new: Ruleset) -> Iterator[str]:
    """The columns that judge special communes, wherever they lie, before or after; none that one of the two does not have."""
    for ruleset in (old, new):
        special = ruleset.special_communes
        if special is not None and all(
            each.columns == ("common",) or special.column in each.columns for each in (old, new)
        ):
            yield special.column


def _check_region(old: Ruleset, new: Ruleset, region: str) -> None:
    names = [*new.catalogue.regions, *new.columns, *old.columns]
    if region not in names:
        known = ", ".join(dict.fromkeys(names))
        problem = Problem(
            code="unknown_region",
            key="region",
            found=shown(region),
            wanted=Text(known, known),
            nearest=nearest(region, names),
            message=Text("không có vùng này", "no such region"),
        )
        raise UnknownNameError([problem])


def _changes(scope: Scope) -> Iterator[Change]:
    old, new = scope.old, scope.new
    indicators = match_clauses(old, new, "indicators")
    yield from criterion_changes(old, new, indicators.pairs)
    for subject, name in (("indicator", "indicators"), ("condition", "conditions"), ("prerequisite", "prerequisites")):
        yield from _of_clauses(scope, subject, name)
    yield from catalogue_changes(old, new)


def _of_clauses(scope: Scope, subject: str, name: str) -> Iterator[Change]:
    """The changes of a list of clauses, in its new order; at its end those that are removed."""
    found = match_clauses(scope.old, scope.new, name)
    numbers = [clause.id for clause in (*getattr(scope.new, name), *found.removed)]
    moved = match_moved(scope.old, scope.new, name, found)
    yield from sorted(
        _unordered(scope, subject, found, moved), key=lambda change: numbers.index(change.indicator or "")
    )
    if scope.same_ruleset:
        order = [clause.id for clause in getattr(scope.old, name)]
        yield from order_change([(old.id, new.id) for old, new in found.pairs], order, None)


def _unordered(
    scope: Scope, subject: str, found: Matched[Clause], moved: tuple[tuple[Held, Held], ...]
) -> Iterator[Change]:
    inner = attrs.evolve(scope, moved=tuple(clause for sides in moved for clause, _ in sides))
    for old, new in found.pairs:
        yield from clause_changes(inner, Pair(subject=subject, old=old, new=new, tops=(old, new)))
    for (old, old_top), (new, new_top) in moved:
        pair = Pair(subject=subject, old=old, new=new, tops=(old_top, new_top))
        if old.id != new.id and not renumbered(pair):
            yield pair.change(ChangeKind.RENUMBERED, "number", old=plain(old.id), new=plain(new.id))
        yield from clause_changes(inner, pair)
    yield from _one_sided(inner, subject, found)


def _one_sided(scope: Scope, subject: str, found: Matched[Clause]) -> Iterator[Change]:
    """What was added and removed, each with the number of what reads alike on the other side."""
    alike = akin(found)
    before, after = {new.id: old.id for old, new in alike}, {old.id: new.id for old, new in alike}
    for clause in found.added:
        pair = Pair(subject=subject, old=None, new=clause, tops=(None, clause))
        for change in whole(scope, pair, ChangeKind.ADDED):
            yield attrs.evolve(change, akin=before.get(clause.id))
    for clause in found.removed:
        pair = Pair(subject=subject, old=clause, new=None, tops=(clause, None))
        for change in whole(scope, pair, ChangeKind.REMOVED):
            yield attrs.evolve(change, akin=after.get(clause.id))
