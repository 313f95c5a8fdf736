"""What became of communes since a previous period: who meets more criteria, who fewer, who is new."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from ntm_rules.explain.names import named
from ntm_rules.model.assessment import Verdict
from ntm_rules.report.communes import ReportedCommune

__all__ = ["Change", "Earlier", "Move", "changed"]


@attrs.frozen(slots=True, kw_only=True)
class Earlier:
    """A previous report as far as a later one is held against it.

    `ruleset` refers to the one that judged; `comparable` says that it has as many criteria, `same_numbers` that it is of the
    same id with the same criteria and indicators, `same_text` that nothing at all is changed in it.
    """

    ruleset: Mapping[str, Any] = attrs.field(hash=False)
    communes: tuple[ReportedCommune, ...]
    comparable: bool
    same_numbers: bool
    same_text: bool


@attrs.frozen(slots=True, kw_only=True)
class Move:
    """A commune in both periods; counts are of criteria met, and of those that may be met besides."""

    commune: str
    before: int
    before_undetermined: int
    met: int
    undetermined: int

    @property
    def least(self) -> int:
        """By how many criteria it rose at least; below 0 where it may have fallen."""
        return self.met - self.before - self.before_undetermined

    @property
    def most(self) -> int:
        """By how many criteria it rose at most."""
        return self.met + self.undetermined - self.before


@attrs.frozen(slots=True, kw_only=True)
class Change:
    """What became of the communes since `previous`.

    Communes are matched by code, or by name, district and province where they have none. `risen` surely meet more criteria than
    before, `fallen` fewer; of `uncertain` criteria that cannot be decided leave it open. `gained` and `lost` are the criteria of
    those risen and fallen, at least and at most. Where the previous
    ruleset has another count of criteria (not `comparable`), nobody is compared; where not `same_text`, its rules were others.
    """

    previous: Mapping[str, Any] = attrs.field(hash=False)
    comparable: bool
    same_text: bool
    communes: int
    matched: int
    unchanged: int
    risen: tuple[Move, ...]
    fallen: tuple[Move, ...]
    uncertain: tuple[Move, ...]
    newly_met: tuple[str, ...]
    no_longer_met: tuple[str, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    ambiguous: tuple[str, ...]

    @property
    def gained(self) -> tuple[int, int]:
        """Criteria gained by the communes that rose, at least and at most."""
        return sum(move.least for move in self.risen), sum(move.most for move in self.risen)

    @property
    def lost(self) -> tuple[int, int]:
        """Criteria lost by the communes that fell, at least and at most."""
        return -sum(move.most for move in self.fallen), -sum(move.least for move in self.fallen)


def changed(earlier: Earlier, communes: Sequence[ReportedCommune]) -> Change:
    """What became of the communes of an earlier report."""
    before, twice_before = _by_identity(earlier.communes)
    now, twice_now = _by_identity(communes)
    ambiguous = {commune.identity for commune in (*twice_before, *twice_now)}
    pairs = [(before[key], commune) for key, commune in now.items() if key in before and key not in ambiguous]
    moves = [_move(old, new) for old, new in pairs] if earlier.comparable else []

    def which(test: Callable[[Move], bool]) -> tuple[Move, ...]:
        return tuple(move for move in moves if test(move))

    risen, fallen = which(lambda move: move.least > 0), which(lambda move: move.most < 0)
    unchanged = len(which(lambda move: move.least == 0 == move.most))
    return Change(
        previous=earlier.ruleset,
        comparable=earlier.comparable,
        same_text=earlier.same_text,
        communes=len(earlier.communes),
        matched=len(pairs),
        unchanged=unchanged,
        risen=risen,
        fallen=fallen,
        uncertain=which(lambda move: move.least <= 0 <= move.most and move.least != move.most),
        newly_met=_names(new for old, new in pairs if new.verdict is Verdict.MET is not old.verdict),
        no_longer_met=_names(new for old, new in pairs if old.verdict is Verdict.MET is not new.verdict),
        new=_names(now[key] for key in now if key not in before and key not in ambiguous),
        gone=_names(before[key] for key in before if key not in now and key not in ambiguous),
        ambiguous=_names(each for each in (*earlier.communes, *communes) if each.identity in ambiguous),
    )


def _by_identity(
    communes: Iterable[ReportedCommune],
) -> tuple[dict[tuple[str | None, ...], ReportedCommune], list[ReportedCommune]]:
    """The communes that only one of them can be, and those that cannot be told apart or have no name at all."""
    found: dict[tuple[str | None, ...], list[ReportedCommune]] = collections.defaultdict(list)
    for commune in communes:
        found[commune.identity].append(commune)
    alone = {key: same[0] for key, same in found.items() if len(same) == 1 and key[-1] is not None}
    return alone, [commune for key, same in found.items() if key not in alone for commune in same]


def _move(old: ReportedCommune, new: ReportedCommune) -> Move:
    return Move(
        commune=named(new),
        before=old.met,
        before_undetermined=old.undetermined,
        met=new.met,
        undetermined=new.undetermined,
    )


def _names(communes: Iterable[ReportedCommune]) -> tuple[str, ...]:
    return tuple(map(named, communes))
