"""Bands hold every count once, or are refused with all that is wrong."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ntm_rules as ntm
from ntm_rules.report.bands import bands_of


def problems(text: str, total: int = 19) -> list[tuple[str, str]]:
    with pytest.raises(ntm.NtmRulesError) as caught:
        bands_of(text, total)
    return [(problem.code, problem.message.en) for problem in caught.value.problems]


@st.composite
def partitions(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """A total, and ranges that hold each count from 0 to it once, in any order."""
    total = draw(st.integers(0, 30))
    cuts = sorted(draw(st.sets(st.integers(0, total - 1), max_size=6))) if total else []
    ends = [*cuts, total]
    ranges = [(low + 1, high) for low, high in itertools.pairwise([-1, *ends])]
    return total, draw(st.permutations(ranges))


@given(partitions())
def test_any_partition_is_taken_and_gives_each_count_one_band(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    total, ranges = drawn
    found = bands_of(",".join(f"{low}-{high}" for low, high in ranges), total)
    assert [(band.low, band.high) for band in found] == sorted(ranges, reverse=True)
    for count in range(total + 1):
        assert sum(count in band for band in found) == 1
    assert not any(total + 1 in band or -1 in band for band in found)


@given(partitions(), st.data())
def test_a_count_left_out_or_held_twice_is_said(drawn: tuple[int, list[tuple[int, int]]], data: st.DataObject) -> None:
    total, ranges = drawn
    count = data.draw(st.integers(0, total))
    text = ",".join(f"{low}-{high}" for low, high in ranges)
    assert problems(f"{text},{count}", total) == [("band_overlap", f"more than one band has {count} criteria")]
    without = [(low, high) for low, high in ranges if not low <= count <= high]
    (low, high), *_ = [(low, high) for low, high in ranges if low <= count <= high]
    if without:
        text = ",".join(f"{low}-{high}" for low, high in without)
        lost = str(low) if low == high else f"{low}-{high}"
        assert problems(text, total) == [("band_gap", f"no band has {lost} criteria")]


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert [code for code, _ in problems("19, 15-20, x, 9-3, -1, 10–14")] == ["bad_band"] * 4
    assert problems("19,14-18,10-15,0-8") == [
        ("band_gap", "no band has 9 criteria"),
        ("band_overlap", "more than one band has 14-15 criteria"),
    ]


@pytest.mark.parametrize("text", ["", "19", ",", "٠-19", "0 - 19 - 3", "1e1"])
def test_texts_that_are_no_bands(text: str) -> None:
    assert problems(text)


def test_a_thing_that_is_no_text_is_refused_in_words() -> None:
    assert problems([(0, 19)])[0][0] == "bad_band"  # type: ignore[arg-type]


def test_without_a_text_they_are_those_of_published_reports() -> None:
    assert [band.label.vi for band in bands_of(None, 19)] == ["19", "15–18", "10–14", "dưới 10"]
    assert [band.label.en for band in bands_of(None, 4)] == ["4", "below 4"]
    assert [str(band) for band in bands_of(None, 1)] == ["1", "0"]
    assert [str(band) for band in bands_of(None, 0)] == ["0"]


def test_the_problem_is_said_in_both_languages() -> None:
    with pytest.raises(ntm.NtmRulesError, match="số tiêu chí 0-9 không thuộc dải nào"):
        bands_of("19,15-18,10-14", 19)
