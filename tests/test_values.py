"""Exact values: what stands for a number, what does not, and what is said of it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.explain.numbers import number, percent_of
from ntm_rules.model.errors import Problem
from ntm_rules.model.text import Text, clean_text, nearest, shown
from ntm_rules.model.values import canonical, exact, to_decimal, to_plain, units_short


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (None, None),
        (True, True),
        (False, False),
        (0, Decimal(0)),
        (-5, Decimal(-5)),
        (99.1, Decimal("99.1")),
        (1e22, Decimal("1E+22")),
        ("97.5", Decimal("97.5")),
        ("  97.5 ", Decimal("97.5")),
        ("+1", Decimal(1)),
        ("007", Decimal(7)),
        (Decimal("1.10"), Decimal("1.1")),
        ("khá", "khá"),
        ("  Đạt\t", "Đạt"),
        ("1,5", "1,5"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("5.", "5."),
        ("9" * 41, "9" * 41),
        ({"numerator": 1, "denominator": "2"}, ntm.Ratio(1, 2)),
    ],
    ids=repr,
)
def test_what_a_value_stands_for(given: Any, value: Any) -> None:
    found = canonical(given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "given",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        10**40,
        1e40,
        Decimal("1E-401"),
        b"1",
        [1],
        pytest.param(object(), id="object"),
        1j,
        {},
        {"numerator": 1},
        {"numerator": 1, "denominator": 2, "unit": "x"},
        {"numerator": True, "denominator": 2},
        {"numerator": "một", "denominator": 2},
        {"numerator": None, "denominator": 2},
        {"numerator": {"numerator": 1, "denominator": 2}, "denominator": 2},
    ],
    ids=repr,
)
def test_what_is_no_value(given: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(given)


@pytest.mark.parametrize(("top", "bottom"), [(1, 0), (0, 0), (1, -2), (-1, 2), (float("nan"), 1), ("x", 1)])
def test_a_ratio_has_a_sensible_numerator_and_denominator(top: Any, bottom: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        ntm.Ratio(top, bottom)


def test_a_ratio_is_a_percentage_without_rounding() -> None:
    assert ntm.Ratio(1, 3).percent == Fraction(100, 3)
    assert ntm.Ratio("2.5", 10).percent == 25
    assert exact(ntm.Ratio(8705, 10162)) == Fraction(8705 * 100, 10162)
    assert exact(Decimal("0.1")) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (Fraction(1, 4), "0.25"),
        (Fraction(1, 3), "0.3334"),
        (Fraction(2, 3), "0.6667"),
        (Fraction(1, 30000), "0.0001"),
        (Fraction(-1, 3), "-0.3333"),
        (Fraction(5), "5"),
        (Fraction(1, 1024), "0.0009765625"),
    ],
)
def test_gaps_end_or_are_rounded_up(fraction: Fraction, text: str) -> None:
    assert to_decimal(fraction) == Decimal(text)


@pytest.mark.parametrize(
    ("top", "bottom", "threshold", "at_most", "short"),
    [
        (8705, 10162, "90", False, 441),
        (90, 100, "90", False, 0),
        (0, 3, "50", False, 2),
        (10, 100, "6.5", True, 4),
        (7, 100, "6.5", True, 1),
        (312910, 319992, "98", False, 683),
    ],
)
def test_so_many_people_lack(top: int, bottom: int, threshold: str, at_most: bool, short: int) -> None:
    assert units_short(ntm.Ratio(top, bottom), Decimal(threshold), at_most=at_most) == short


def test_plain_data_loses_nothing() -> None:
    assert to_plain(Decimal("97.50")) == "97.50"
    assert to_plain(Decimal(45)) == 45
    assert to_plain(Decimal(2**53)) == str(2**53)
    assert to_plain(ntm.Ratio("1.5", 3)) == {"numerator": "1.5", "denominator": 3}
    assert to_plain("khá") == "khá"
    assert to_plain(True) is True
    assert to_plain(None) is None


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ("33500.50", "33.500,5", "33,500.5"),
        ("0", "0", "0"),
        ("1E+3", "1.000", "1,000"),
        ("36.03", "36,03", "36.03"),
        ("-0.10", "-0,1", "-0.1"),
        ("12345678901234567890.12345", "12.345.678.901.234.567.890,12345", "12,345,678,901,234,567,890.12345"),
    ],
)
def test_numbers_as_people_write_them(value: str, vi: str, en: str) -> None:
    assert number(Decimal(value), "vi") == vi
    assert number(Decimal(value), "en") == en


@pytest.mark.parametrize(
    ("top", "bottom", "threshold"),
    [
        (312910, 319992, "98"),
        (97999, 100000, "98"),
        (9799999, 10000000, "98"),
        (98 * 10**10 - 1, 10**12, "98"),
        (98 * 10**20 - 1, 10**22, "98"),
        (98 * 10**37 + 1, 10**39, "98"),
        (1, 3, "33.33"),
        (1, 3, "33.3333"),
        (1, 3, "33.333333333333"),
    ],
)
def test_a_share_is_never_shown_as_the_threshold_it_is_not(top: int, bottom: int, threshold: str) -> None:
    shown_as = percent_of(ntm.Ratio(top, bottom), "en", against=Decimal(threshold))
    assert Decimal(shown_as) != Decimal(threshold)
    assert (Decimal(shown_as) > Decimal(threshold)) is (Fraction(100 * top, bottom) > Fraction(threshold))


def test_a_share_that_is_the_threshold_is_shown_so() -> None:
    assert percent_of(ntm.Ratio(49, 50), "en", against=Decimal(98)) == "98"
    assert percent_of(ntm.Ratio(8705, 10162), "vi") == "85,66"


def test_text_is_trimmed_and_composed() -> None:
    assert clean_text(" Đạt\t") == "Đạt"
    assert clean_text("Đa\u0323t") == "Đạt"


def test_shown_values_stay_on_one_line() -> None:
    assert len(shown("x" * 1000)) <= 80
    assert shown(10**5000) == "int"
    assert shown("a\nb") == "'a\\nb'"


def test_the_nearest_name_is_near() -> None:
    assert nearest("incom_per_capita", ["income_per_capita", "health_insurance_pct"]) == "income_per_capita"
    assert nearest("xyz", ["income_per_capita"]) is None


def test_an_error_says_place_message_found_wanted_and_nearest_in_both_languages() -> None:
    problem = Problem(
        code="bad_value",
        message=Text("không phải giá trị", "not a value"),
        source="a.yaml",
        line=3,
        key="x.y",
        found="'z'",
        wanted=Text("số", "a number"),
        nearest="x.z",
    )
    error = ntm.FactError([problem, problem])
    assert (
        problem.describe("en")
        == "a.yaml:3: x.y: not a value; found 'z'; wanted a number; did you mean 'x.z'? [bad_value]"
    )
    assert problem.describe("vi") == "a.yaml:3: x.y: không phải giá trị; gặp 'z'; cần số; có phải là 'x.z'? [bad_value]"
    assert str(error) == f"{error.describe('vi')}\n{error.describe('en')}"
    assert error.describe("en").count("\n") == 1
    assert problem.to_dict()["wanted"] == {"vi": "số", "en": "a number"}


def test_errors_are_also_the_built_in_ones_that_hosts_catch() -> None:
    assert issubclass(ntm.FactError, ValueError)
    assert issubclass(ntm.CommuneError, ValueError)
    assert issubclass(ntm.RulebookError, ValueError)
    assert issubclass(ntm.DateError, ValueError)
    assert issubclass(ntm.UnknownNameError, LookupError)


def test_errors_can_be_pickled() -> None:
    import pickle

    with pytest.raises(ntm.FactError) as caught:
        ntm.Commune(facts={"a": float("nan")})
    back = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert back.problems == caught.value.problems
