"""How a derived fact follows from others, in the codes of `Assessment`: 0 met, 1 not applicable, 2 undetermined, 4 missing."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ntm_rules.engine.compiler import combined

__all__ = ["derive", "together"]

Codes = Sequence[int]


def together(codes: Iterable[int]) -> int:
    """The worst of some codes, and which others there are: their bits."""
    return functools.reduce(operator.or_, codes, 0)


def _all(codes: Codes) -> int:
    worst = together(codes)
    return 4 if worst >= 4 else 2 if worst >= 2 else int(all(codes))


def _sexes(codes: Codes) -> int:
    male, female, total = codes
    return 4 if 4 in (male, female) else 0 if male == female == 0 else 4 if total == 4 else 2


def _applies(codes: Codes) -> int:
    asked, inner = codes
    return 1 if asked == 4 else 2 if asked == 2 else inner


def _branch(codes: Codes) -> int:
    condition, then, otherwise = codes
    return otherwise if condition == 4 else then if condition != 2 or then == otherwise else 2


def _attested(codes: Codes) -> int:
    measured, verdict = codes
    return verdict if measured == 2 else measured


_TALLY = (1, 10**3, 10**6, 10**9)


def _tally(codes: Codes, keys: Sequence[int]) -> int:
    """How many criteria are missing, how many open, and how many of both are key criteria (by place), in one number."""
    counts = (
        sum(code >= 4 for code in codes),
        sum(2 <= code < 4 for code in codes),
        sum(codes[key] >= 4 for key in keys),
        sum(2 <= codes[key] < 4 for key in keys),
    )
    return sum(count * unit for count, unit in zip(counts, _TALLY, strict=True))


def _at_risk(tallies: Codes, unseen: int, total: int, any_share: Sequence[int], key_share: Sequence[int]) -> int:
    """4 where a title would be withdrawn, 0 where not; shares are numerator and denominator."""
    missing, open_, key_missing, key_open = (sum(tallies) // unit % 1000 for unit in _TALLY)
    possible = missing + open_ + unseen

    def reaches(count: int, share: Sequence[int]) -> bool:
        return 100 * count * share[1] >= share[0] * total

    if reaches(missing, any_share) or (reaches(missing, key_share) and key_missing):
        return 4
    if not reaches(possible, key_share) or not (reaches(possible, any_share) or key_missing or key_open):
        return 0
    return 2


def _verdict(codes: Codes) -> int:
    """Another ruleset's standing, in which what does not apply counts as met."""
    (standing,) = codes
    return 4 if standing >= 4 else 2 if standing >= 2 else 0


def _some(codes: Codes, needed: int) -> int:
    return combined(needed, tuple(codes))


_DERIVED: Mapping[str, Callable[..., int]] = {
    "all": _all,
    "some": _some,
    "sexes": _sexes,
    "applies": _applies,
    "branch": _branch,
    "attested": _attested,
    "together": together,
    "verdict": _verdict,
    "tally": _tally,
    "at_risk": _at_risk,
}


def derive(kind: str, codes: Codes, options: Mapping[str, Any]) -> int:
    """The code of a derived fact."""
    return _DERIVED[kind](codes, **options)
