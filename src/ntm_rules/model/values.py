"""Exact numbers: the values facts may have, compared without any rounding."""

from __future__ import annotations

import math
import numbers
import re
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from ntm_rules.model.text import clean_text

__all__ = ["FactValue", "Ratio", "add", "canonical", "exact", "to_decimal", "to_plain", "trimmed", "units_short"]

# Bounds that no measured figure reaches, so that no number costs more than a moment: 40 digits before the point, 400 after.
PLAIN_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,400})?", re.ASCII)

# Wide enough for any number taken in, divided exactly; never the host's own context, which may round.
_WIDE = Context(prec=1000, traps=[Inexact, InvalidOperation, DivisionByZero])


def _part_of_ratio(value: Any) -> Decimal:
    """One side of a ratio as an exact number; a ValueError where it is none."""
    if isinstance(value, (dict, Ratio)):
        raise ValueError("a ratio within a ratio")
    number = Decimal(value) if type(value) is int and 0 <= value < 10**40 else canonical(value)
    if isinstance(number, Decimal):
        return number
    raise ValueError(f"not a number: {value!r}")


@attrs.frozen(slots=True, repr=False)
class Ratio:
    """So many of so many: 8,705 of 10,162 residents. Compared by cross-multiplication, never divided first.

    Both sides are exact and not negative, and the denominator is greater than 0: anything else is a ValueError.

    >>> Ratio(8705, 10162).percent
    Fraction(435250, 5081)
    """

    numerator: Decimal = attrs.field(converter=_part_of_ratio)
    denominator: Decimal = attrs.field(converter=_part_of_ratio)

    def __attrs_post_init__(self) -> None:
        if self.denominator <= 0:
            raise ValueError("denominator must be greater than 0")
        if self.numerator < 0:
            raise ValueError("numerator must not be negative")

    def __repr__(self) -> str:
        return f"Ratio({self.numerator:f}, {self.denominator:f})"

    @property
    def percent(self) -> Fraction:
        """The ratio as an exact percentage."""
        return Fraction(*self.percent_pair)

    @property
    def percent_pair(self) -> tuple[int, int]:
        """The exact percentage as two integers, not reduced: cheap to compare by cross-multiplication."""
        (over, over_scale), (under, under_scale) = (
            self.numerator.as_integer_ratio(),
            self.denominator.as_integer_ratio(),
        )
        return 100 * over * under_scale, under * over_scale


FactValue: TypeAlias = bool | Decimal | Ratio | str


def canonical(value: Any) -> FactValue | None:
    """The exact value that an int, Decimal, float, text, ratio or boolean stands for; None stays None.

    A float is taken by its shortest decimal form; text of a plain number ("97.5") is that number, other text is trimmed NFC.
    Raises ValueError for NaN, infinity, a denominator of 0, numbers longer than 40 digits and any other kind of object.

    >>> canonical(99.1), canonical("99.1"), canonical({"numerator": 1, "denominator": 3})
    (Decimal('99.1'), Decimal('99.1'), Ratio(1, 3))
    """
    if value is None or isinstance(value, (bool, Ratio)):
        return value
    if isinstance(value, str):
        text = clean_text(value)
        return _decimal(text) if PLAIN_NUMBER.fullmatch(text) else text
    if isinstance(value, (int, float, Decimal)):
        return _decimal(value)
    if isinstance(value, numbers.Integral):  # numpy's integers
        return _decimal(int(value))
    if isinstance(value, dict):
        if len(value) != 2 or "numerator" not in value or "denominator" not in value:
            raise ValueError("a ratio has exactly the keys numerator and denominator")
        return Ratio(value["numerator"], value["denominator"])
    raise ValueError(f"not a fact value: {type(value).__name__}")


def _decimal(value: float | Decimal | str) -> Decimal:
    if isinstance(value, int) and abs(value) >= 10**40:
        raise ValueError("a number of more than 40 digits")
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("not a finite number")
    exponent = number.as_tuple().exponent
    if number.adjusted() >= 40 or (isinstance(exponent, int) and exponent < -400):
        raise ValueError("a number of more than 40 digits")
    return number


def exact(value: Decimal | Ratio) -> Fraction:
    """The number as a fraction; a ratio as its percentage."""
    return value.percent if isinstance(value, Ratio) else Fraction(value)


def to_decimal(value: Fraction, places: int = 4) -> Decimal:
    """A fraction as a decimal: exact where it has an end, else rounded up at `places`, so that a gap is never understated.

    >>> to_decimal(Fraction(1, 4)), to_decimal(Fraction(1, 3))
    (Decimal('0.25'), Decimal('0.3334'))
    """
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        return trimmed(_WIDE.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return Decimal(f"{math.ceil(value * 10**places)}E-{places}")


def trimmed(value: Decimal) -> Decimal:
    """The same number without trailing zeros after the point, whatever decimal context the host has set."""
    return Decimal(f"{_WIDE.normalize(value):f}")


def add(first: Ratio, second: Ratio) -> Ratio:
    """So many of so many, and so many of so many more: exact, where two percentages could not be added.

    >>> add(Ratio(45, 50), Ratio(40, 60))
    Ratio(85, 110)
    """
    return Ratio(_WIDE.add(first.numerator, second.numerator), _WIDE.add(first.denominator, second.denominator))


def units_short(ratio: Ratio, threshold: Decimal, *, at_most: bool = False) -> int:
    """How many more (or, for `at_most`, fewer) people or households bring the ratio to the threshold.

    >>> units_short(Ratio(8705, 10162), Decimal(90))
    441
    """
    target = Fraction(threshold) * Fraction(ratio.denominator) / 100
    return math.ceil(Fraction(ratio.numerator) - target if at_most else target - Fraction(ratio.numerator))


def to_plain(value: FactValue | None) -> Any:
    """The value as JSON-ready data; decimals as text, so that nothing is lost."""
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and -(2**53) < value < 2**53
        return int(value) if whole else format(value, "f")
    if isinstance(value, Ratio):
        return {"numerator": to_plain(value.numerator), "denominator": to_plain(value.denominator)}
    return value
