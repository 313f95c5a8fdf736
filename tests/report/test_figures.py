"""Shares and averages: exact until shown, rounded once, by the mode named."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ntm_rules as ntm
from ntm_rules import report
from ntm_rules.report.figures import ROUNDINGS, Rounding, check_rounding, rounded

fractions = st.fractions(max_denominator=10**6, min_value=-(10**6), max_value=10**6)
modes = st.sampled_from(ROUNDINGS)


@given(fractions, st.integers(0, 6))
def test_half_up_is_the_nearest_and_a_half_goes_away_from_zero(value: Fraction, places: int) -> None:
    sign = -1 if value < 0 else 1
    nearest = sign * math.floor(abs(value) * 10**places + Fraction(1, 2))
    assert rounded(value, places) == Decimal(nearest).scaleb(-places)


@given(st.decimals(-(10**9), 10**9, places=7), st.integers(0, 6), modes)
def test_every_mode_is_that_of_the_decimal_module(value: Decimal, places: int, mode: Rounding) -> None:
    """Of numbers that have an end, where the module can be asked."""
    wanted = value.quantize(Decimal(1).scaleb(-places), rounding=f"ROUND_{mode.replace('-', '_').upper()}")
    assert rounded(Fraction(value), places, mode) == wanted


@given(fractions, st.integers(0, 6), modes)
def test_what_is_shown_is_less_than_one_unit_away_and_has_the_digits_asked_for(
    value: Fraction, places: int, mode: Rounding
) -> None:
    shown = rounded(value, places, mode)
    assert abs(Fraction(shown) - value) < Fraction(1, 10**places)
    assert -int(shown.as_tuple().exponent) == places


@pytest.mark.parametrize(
    ("value", "mode", "shown"),
    [
        # 1677/104 is 16.125 to the end: the one case where half-up and half-even part.
        (Fraction(1677, 104), "half-up", "16.13"),
        (Fraction(1677, 104), "half-even", "16.12"),
        (Fraction(1677, 104), "half-down", "16.12"),
        # A little more than a half is more than a half, however little.
        (Fraction(16125, 1000) + Fraction(1, 10**30), "half-down", "16.13"),
        (Fraction(16125, 1000) - Fraction(1, 10**30), "half-up", "16.12"),
        (Fraction(1, 3), "up", "0.34"),
        (Fraction(-1, 3), "floor", "-0.34"),
        (Fraction(-1, 3), "ceiling", "-0.33"),
    ],
)
def test_rounding_at_a_half(value: Fraction, mode: Rounding, shown: str) -> None:
    assert format(rounded(value, 2, mode), "f") == shown


def test_the_host_s_own_decimal_context_changes_nothing() -> None:
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_DOWN)):
        assert rounded(Fraction(199999, 3)) == Decimal("66666.33")
        assert report.Share(44, 104).percent() == Decimal("42.31")


def test_a_share_of_none_is_none_and_not_zero() -> None:
    assert report.Share(0, 0).percent() is None
    assert report.Share(0, 0).exact is None
    assert report.Average(0, 0, 0).value() is None
    assert report.Average(0, 0, 0).possible() is None
    assert report.Share(0, 5).percent() == 0


@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 50))
def test_the_average_lies_between_what_is_sure_and_what_is_possible(met: int, open_: int, of: int) -> None:
    average = report.Average(met, open_, of)
    least, most = average.value(), average.possible()
    assert least is not None
    assert most is not None
    assert least <= most
    assert (least == most) == (rounded(Fraction(met, of)) == rounded(Fraction(met + open_, of)))


def test_an_unknown_mode_is_named_with_the_nearest() -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        check_rounding("half_up")  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    assert (problem.code, problem.nearest) == ("unknown_rounding", "half-up")
    assert "half-even" in problem.describe("vi")
