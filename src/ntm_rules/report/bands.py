"""Bands of criteria met, as published reports count communes: 19 | 15-18 | 10-14 | below 10."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Text, shown

__all__ = ["Band", "bands_of"]

# As reports of the 19 criteria have it; of another count there is no custom.
_OF_19 = "19,15-18,10-14,0-9"


@attrs.frozen(slots=True)
class Band:
    """A range of counts of criteria met, both ends in it."""

    low: int
    high: int

    def __contains__(self, count: int) -> bool:
        return self.low <= count <= self.high

    def __str__(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    @property
    def label(self) -> Text:
        """The band as reports name it: the lowest by what it is below."""
        if self.low == 0 < self.high:
            return Text(f"dưới {self.high + 1}", f"below {self.high + 1}")
        # A spreadsheet takes 10-14 with a hyphen for a date.
        words = str(self).replace("-", "–")
        return Text(words, words)


def bands_of(text: str | None, total: int) -> tuple[Band, ...]:
    """The bands of a text such as ``"19,15-18,10-14,0-9"``, highest first, for a ruleset of `total` criteria.

    Without a text: those of published reports where there are 19 criteria, else all criteria and fewer. Raises `NtmRulesError`
    naming every part that is no band, every count from 0 to `total` that is in none, and every count that is in two.

    >>> [str(band) for band in bands_of("0-9,10-14,15-18,19", 19)]
    ['19', '15-18', '10-14', '0-9']
    >>> bands_of("19,15-17,10-14,0-9", 19)
    Traceback (most recent call last):
    ntm_rules.model.errors.NtmRulesError: bands: số tiêu chí 18 không thuộc dải nào; cần mỗi số từ 0 đến 19 ở đúng một dải [band_gap]
    bands: no band has 18 criteria; wanted each count from 0 to 19 in exactly one band [band_gap]
    """
    if text is None:
        text = _OF_19 if total == 19 else f"{total},0-{total - 1}" if total else "0"
    bands: list[Band] = []
    problems: list[Problem] = []
    for part in text.split(",") if isinstance(text, str) else [shown(text)]:
        found = re.fullmatch(r"(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?", part.strip(), re.ASCII)
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if low <= high <= total:
            bands.append(Band(low, high))
        else:
            problems.append(_no_band(part, total))
    if not problems:
        problems += _uneven(bands, total)
    if problems:
        raise NtmRulesError(problems)
    return tuple(sorted(bands, key=lambda band: -band.low))


def _uneven(bands: list[Band], total: int) -> Iterator[Problem]:
    """What is wrong with bands that are not each count exactly once."""
    held = [sum(count in band for band in bands) for count in range(total + 1)]
    for wrong, run in itertools.groupby(range(total + 1), key=lambda count: min(held[count], 2)):
        if wrong != 1:
            counts = list(run)
            yield _wrong_counts(Band(counts[0], counts[-1]), total, gap=wrong == 0)


def _wrong_counts(counts: Band, total: int, *, gap: bool) -> Problem:
    none = Text(f"số tiêu chí {counts} không thuộc dải nào", f"no band has {counts} criteria")
    two = Text(f"số tiêu chí {counts} thuộc hơn một dải", f"more than one band has {counts} criteria")
    return Problem(
        code="band_gap" if gap else "band_overlap",
        key="bands",
        message=none if gap else two,
        wanted=Text(f"mỗi số từ 0 đến {total} ở đúng một dải", f"each count from 0 to {total} in exactly one band"),
    )


def _no_band(part: str, total: int) -> Problem:
    return Problem(
        code="bad_band",
        key="bands",
        found=shown(part),
        message=Text("không phải một dải số tiêu chí", "not a band of counts of criteria"),
        wanted=Text(
            f"một số hay THẤP-CAO, từ 0 đến {total}, như 15-18", f"a count or LOW-HIGH from 0 to {total}, as 15-18"
        ),
    )
