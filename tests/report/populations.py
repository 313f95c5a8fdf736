"""Communes that meet so many criteria, judged by the real engine: populations as published reports count them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import ntm_rules as ntm
from ntm_rules.report.figures import rounded

# Counts do not depend on what the criteria ask: this ruleset has the 19 of every phase, and the fewest indicators.
RULESET_ID = "2016-2020/xa-ntm"

Bands = Sequence[tuple[int, int, int]]


@functools.cache
def ruleset() -> ntm.Ruleset:
    return ntm.load_ruleset(RULESET_ID)


def commune(
    met: Iterable[int],
    *,
    undetermined: Iterable[int] = (),
    recognised: bool | None = None,
    registered: bool | None = None,
    **identity: object,
) -> ntm.Commune:
    """A commune that agencies attest to meet the criteria of these places (from 0) and, but for those open, no other."""
    met, undetermined = set(met), set(undetermined)
    attested = {
        f"{RULESET_ID}:{indicator.id}": place in met
        for place, criterion in enumerate(ruleset().criteria)
        if place not in undetermined
        for indicator in criterion.indicators
    }
    known = {"recognised_ntm": recognised, "registered_in_district_plan": registered}
    facts = {key: value for key, value in known.items() if value is not None}
    return ntm.Commune.from_dict({"region": "tn", "year": 2020, "facts": facts, "attested": attested} | identity)


@functools.cache
def judged(met: frozenset[int], recognised: bool | None = None, registered: bool | None = None) -> ntm.Assessment:
    """The assessment of a commune without a name; a country has many of the same."""
    return ntm.evaluate(ruleset(), commune(met, recognised=recognised, registered=registered))


def spread(bands: Bands, criteria: int | None = None) -> list[int]:
    """How many criteria each commune meets, so many in each band, `criteria` together where that is given."""
    counts = [low for communes, low, _ in bands for _ in range(communes)]
    room = [high - low for communes, low, high in bands for _ in range(communes)]
    left = 0 if criteria is None else criteria - sum(counts)
    assert 0 <= left <= sum(room), "no such communes"
    for place, more in enumerate(room):
        counts[place] += min(left, more)
        left -= min(left, more)
    return counts


def with_average(bands: Bands, average: str) -> list[int]:
    """Counts within bands of which the average is, rounded half-up, as published; the least sum that gives it."""
    communes, least = sum(count for count, _, _ in bands), sum(count * low for count, low, _ in bands)
    places = len(average.partition(".")[2])
    sums = range(least, 19 * communes + 1)
    return spread(bands, next(s for s in sums if format(rounded(Fraction(s, communes), places), "f") == average))


def assessments(counts: Iterable[int], recognised: int | None = None) -> Iterator[ntm.Assessment]:
    """An assessment for each count; the first so many are recognised and the others not, or nothing is known of it."""
    for place, met in enumerate(counts):
        yield judged(frozenset(range(met)), None if recognised is None else place < recognised)
