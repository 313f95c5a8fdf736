"""A number means the same in every form it is given in, and no setting of the host changes any answer."""

from __future__ import annotations

import decimal
import functools
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.property.strategies import (
    SHIPPED,
    Documents,
    Loaded,
    built,
    communes,
    document_of,
    forms_of,
    generated_rulesets,
    loaded,
    ratios_of,
    step_beside,
)

import ntm_rules as ntm
from ntm_rules.model.assessment import Status
from ntm_rules.model.values import canonical, exact, to_decimal, units_short


@functools.cache
def ruleset_of(direction: str, threshold: str, fact: str = "num1") -> ntm.Ruleset:
    """A ruleset of one indicator."""
    return built((document_of({direction: {"fact": fact, "value": threshold}}),))


def status(ruleset: ntm.Ruleset, fact: str, value: Any) -> Status:
    return ntm.evaluate(ruleset, ntm.Commune(region="tn", facts={fact: value})).statuses["1"]


HOLDS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "at_least": lambda left, right: left >= right,
    "at_most": lambda left, right: left <= right,
    "equal": lambda left, right: left == right,
}

thresholds = st.one_of(
    st.sampled_from(["6.5", "16.5", "21.8", "12.7", "34.93", "0.1", "0.3", "2.675", "99.9", "1000000", "0"]),
    st.builds(
        lambda digits, places: format(Decimal((0, tuple(map(int, str(digits))), -places)), "f"),
        st.integers(0, 10**25),
        st.integers(0, 25),
    ),
)


@given(direction=st.sampled_from(sorted(HOLDS)), threshold=thresholds, steps=st.integers(-2, 2))
@example(direction="at_most", threshold="12.7", steps=0)
@example(direction="at_least", threshold="9007199254740993", steps=-1)
@example(direction="equal", threshold="0.30000000000000004", steps=0)
def test_every_form_of_a_number_is_judged_as_the_number(direction: str, threshold: str, steps: int) -> None:
    with decimal.localcontext(decimal.Context(prec=60)):
        value = Decimal(threshold) + steps * step_beside(Decimal(threshold))
    if value < 0:
        return
    ruleset = ruleset_of(direction, threshold)
    wanted = Status.MET if HOLDS[direction](Fraction(value), Fraction(threshold)) else Status.MISSING
    for form in forms_of(value):
        assert status(ruleset, "num1", form) is wanted, form


@given(direction=st.sampled_from(sorted(HOLDS)), threshold=thresholds, value=st.floats(0, 1e15))
@example(direction="at_most", threshold="12.7", value=12.7)
@example(direction="at_least", threshold="12.7", value=float("12.699999809265137"))  # 12.7 as a 32-bit float
def test_a_float_stands_for_its_shortest_decimal_form(direction: str, threshold: str, value: float) -> None:
    ruleset = ruleset_of(direction, threshold)
    answer = status(ruleset, "num1", value)
    assert answer is status(ruleset, "num1", Decimal(repr(value)))
    assert answer is (Status.MET if HOLDS[direction](Fraction(repr(value)), Fraction(threshold)) else Status.MISSING)


@given(
    direction=st.sampled_from(sorted(HOLDS)),
    threshold=st.sampled_from(["6.5", "16.5", "21.8", "12.7", "33.33", "33.3333333333333333", "85", "90", "100"]),
    numerator=st.integers(0, 10**12),
    denominator=st.integers(1, 10**12),
)
@example(direction="at_least", threshold="85", numerator=8705, denominator=10162)
@example(direction="at_least", threshold="98", numerator=312910, denominator=319992)
def test_a_ratio_is_compared_exactly(direction: str, threshold: str, numerator: int, denominator: int) -> None:
    numerator = numerator % (denominator + 1)
    wanted = HOLDS[direction](Fraction(100 * numerator, denominator), Fraction(threshold))
    answer = status(
        ruleset_of(direction, threshold, "pct1"), "pct1", {"numerator": numerator, "denominator": denominator}
    )
    assert answer is (Status.MET if wanted else Status.MISSING)


@given(value=st.decimals(0, 100, places=3, allow_nan=False))
def test_a_ratio_equal_to_a_decimal_is_judged_like_it(value: Decimal) -> None:
    for direction, threshold in (("at_least", "33.333"), ("at_most", "12.7"), ("equal", "98")):
        ruleset = ruleset_of(direction, threshold, "pct1")
        assert status(ruleset, "pct1", ratios_of(value)) is status(ruleset, "pct1", value)


@given(top=st.integers(0, 10**30), bottom=st.integers(1, 10**30))
@example(top=1, bottom=2**100)
@example(top=10**40 + 1, bottom=5**40)
def test_a_gap_written_as_a_decimal_is_never_understated(top: int, bottom: int) -> None:
    gap = Fraction(top, bottom)
    written = Fraction(to_decimal(gap))
    assert gap <= written <= gap + Fraction(1, 10**4)


@pytest.mark.parametrize("value", [5e-324, 1.2345678901234567e-30, 2.5e-300, 1e39, 9.999999999999999e39, -0.0])
def test_a_float_that_is_taken_can_be_said_again(value: float) -> None:
    """As exact facts, as JSON, in results: nothing is taken that cannot be written and read back."""
    commune = ntm.Commune(region="tn", facts={"num1": value})
    assert commune.facts["num1"] == Decimal(repr(value))
    assert ntm.Commune.from_dict(json.loads(commune.to_json())) == commune
    result = ntm.evaluate(ruleset_of("at_least", "5"), commune).indicator("1")
    assert result.actual == Decimal(repr(value))


@pytest.mark.parametrize("first", [1e23, 99999999999999991611392])
def test_a_float_and_an_int_that_python_calls_equal_are_not_one_number(first: float) -> None:
    """1e23 stands for 10^23; as a binary number it is 99999999999999991611392, which as an int is another number."""
    ruleset = ruleset_of("at_least", "99999999999999995000000")
    for value in (first, 1e23, 99999999999999991611392):
        wanted = Status.MET if isinstance(value, float) else Status.MISSING
        assert status(ruleset, "num1", value) is wanted, value


# -- settings of the host

CONTEXTS = {
    "three digits": decimal.Context(prec=3),
    "one digit": decimal.Context(prec=1),
    "rounding up": decimal.Context(prec=5, rounding=decimal.ROUND_UP),
    "small exponents": decimal.Context(prec=4, Emax=3, Emin=-3),
    "every trap": decimal.Context(
        prec=4,
        traps=[
            decimal.Inexact,
            decimal.Rounded,
            decimal.Subnormal,
            decimal.Clamped,
            decimal.FloatOperation,
            decimal.InvalidOperation,
        ],
    ),
}


def everything(ruleset: ntm.Ruleset, commune: ntm.Commune) -> Any:
    """All that can be asked about a commune under a ruleset."""
    again = ntm.Commune.from_dict(json.loads(commune.to_json()))
    assessment = ntm.evaluate(ruleset, again)
    needed = [(n.id, n.facts, n.reason) for n in assessment.facts_needed]
    said = [assessment.report("vi"), assessment.report("en"), assessment._repr_html_(), repr(again), hash(again)]
    return commune.to_json(), assessment.to_dict(), assessment.at_risk, needed, said


HOSTS = st.sampled_from(sorted(CONTEXTS)).map(CONTEXTS.__getitem__)


@given(context=HOSTS, which=st.sampled_from(SHIPPED), data=st.data())
def test_the_decimal_context_of_the_host_changes_nothing(
    context: decimal.Context, which: Loaded, data: st.DataObject
) -> None:
    commune = data.draw(communes(loaded(which)))
    expected = everything(loaded(which), commune)
    with decimal.localcontext(context):
        fresh = ntm.load_ruleset(which[0], on=which[1], province=which[2], overlays=_harmless(which[0]))
        assert everything(loaded(which), commune) == expected
        found = everything(fresh, commune)
    assert found[0] == expected[0]
    assert found[1]["statuses"] == expected[1]["statuses"]


@functools.cache
def _harmless(ruleset_id: str) -> tuple[dict[str, Any], ...]:
    """An overlay that changes nothing: with one, a ruleset is built anew instead of taken from the cache."""
    decision = {"number": "1", "issued": "2020-01-01", "in_force": "2020-01-01"}
    return ({"layer": "nothing", "of": ruleset_id, "kind": "amendment", "decision": decision},)


@given(context=HOSTS, documents=generated_rulesets(), data=st.data())
def test_rulesets_loaded_under_any_context_are_the_same(
    context: decimal.Context, documents: Documents, data: st.DataObject
) -> None:
    expected = built(documents)
    commune = data.draw(communes(expected))
    wanted = everything(expected, commune)
    with decimal.localcontext(context):
        found = built(documents)
        assert everything(found, commune) == wanted
    assert found == expected
    assert found.content_hash == expected.content_hash


@pytest.mark.parametrize("precision", [1, 2, 3])
def test_a_threshold_of_four_digits_holds_under_any_precision(precision: int) -> None:
    """34.93 compiled while the host works with three digits must not become 34.9."""
    with decimal.localcontext(decimal.Context(prec=precision)):
        ruleset = built((document_of({"at_least": {"fact": "num1", "value": "34.93"}}),))
        assert status(ruleset, "num1", "34.92") is Status.MISSING
        assert status(ruleset, "num1", 34.93) is Status.MET


@pytest.mark.parametrize("precision", [1, 2, 3])
def test_a_threshold_times_a_factor_is_exact_under_any_precision(precision: int) -> None:
    with decimal.localcontext(decimal.Context(prec=precision)):
        ruleset = ntm.load_ruleset(
            "2021-2025/xa-ntm-kieu-mau", on="2023-12-31", overlays=_harmless("2021-2025/xa-ntm-kieu-mau")
        )
        assert ruleset.threshold("2", region="dbsh", year=2022).value == Decimal("70.4")


def test_the_host_keeps_its_own_context() -> None:
    """Nothing here changes the context, its flags or its traps."""
    before = decimal.getcontext().copy()
    decimal.getcontext().clear_flags()
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    commune = ntm.Commune(region="dbsh", year=2023, facts={"health_insurance_pct": {"numerator": 1, "denominator": 3}})
    everything(ruleset, commune)
    after = decimal.getcontext()
    assert (after.prec, after.rounding, after.traps) == (before.prec, before.rounding, before.traps)


NUMBERS = [0, -0.0, 1, 99.1, "99.1", "+5", "007", Decimal("1E+2"), Decimal("-0"), 2**53, 2**53 + 1, 10**39]


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_canonical_values_are_fixed_points(value: Any) -> None:
    found = canonical(value)
    assert isinstance(found, Decimal)
    assert canonical(found) == found == canonical(format(found, "f"))
    assert exact(found) == Fraction(str(value))


@given(numerator=st.integers(0, 10**6), denominator=st.integers(1, 10**6), threshold=thresholds)
def test_the_people_lacking_are_as_few_as_bring_it_there(numerator: int, denominator: int, threshold: str) -> None:
    ratio = ntm.Ratio(numerator, denominator)
    short = units_short(ratio, Decimal(threshold))
    needed = Fraction(threshold) * denominator / 100
    assert numerator + short >= needed > numerator + short - 1
