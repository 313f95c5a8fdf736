"""Shares and averages: exact, each with its denominator, rounded for showing only and by a named mode."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Literal, get_args

import attrs

from ntm_rules.model.errors import Problem, UnknownNameError
from ntm_rules.model.text import Text, nearest, shown

__all__ = ["ROUNDINGS", "Average", "Rounding", "Share", "check_rounding", "rounded"]

Rounding = Literal["half-up", "half-even", "half-down", "up", "down", "ceiling", "floor", "05up"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)

# Never the host's own context, which may round.
_WIDE = decimal.Context(prec=200)


def check_rounding(rounding: Rounding) -> Rounding:
    """The rounding mode asked for; `UnknownNameError` where there is none of that name."""
    if rounding in ROUNDINGS:
        return rounding
    names = ", ".join(ROUNDINGS)
    raise UnknownNameError(
        [
            Problem(
                code="unknown_rounding",
                key="rounding",
                found=shown(rounding),
                wanted=Text(names, names),
                nearest=nearest(rounding, ROUNDINGS),
                message=Text("không có cách làm tròn này", "no such way of rounding"),
            )
        ]
    )


def rounded(value: Fraction, places: int = 2, rounding: Rounding = "half-up") -> Decimal:
    """A fraction with so many digits after the point, rounded once, from its exact value.

    Raises `UnknownNameError` where there is no such mode (those of the `decimal` module).

    >>> rounded(Fraction(2000, 3)), rounded(Fraction(87, 7)), rounded(Fraction(87, 7), rounding="down")
    (Decimal('666.67'), Decimal('12.43'), Decimal('12.42'))
    """
    mode = f"ROUND_{check_rounding(rounding).replace('-', '_').upper()}"
    digits, rest = divmod(abs(value.numerator) * 10 ** (places + 1), value.denominator)
    # One more digit says whether anything follows, so that a half is told from a little more than a half.
    sign, following = "-" if value < 0 else "", "1" if rest else "0"
    unrounded = Decimal(f"{sign}{digits}{following}E-{places + 2}")
    return unrounded.quantize(Decimal(f"1E-{places}"), rounding=mode, context=_WIDE)


@attrs.frozen(slots=True)
class Share:
    """So many of so many communes.

    >>> Share(44, 104).percent()
    Decimal('42.31')
    """

    count: int
    of: int

    @property
    def exact(self) -> Fraction | None:
        """The percentage as a fraction; None of none."""
        return Fraction(100 * self.count, self.of) if self.of else None

    def percent(self, places: int = 2, rounding: Rounding = "half-up") -> Decimal | None:
        """The percentage, rounded for showing; None of none. Raises `UnknownNameError` for an unknown mode."""
        return None if self.exact is None else rounded(self.exact, places, rounding)


@attrs.frozen(slots=True)
class Average:
    """Criteria met by so many communes together, and how many more they may meet, for some cannot be decided.

    >>> Average(87, 0, 7).value(), Average(87, 0, 7).value(rounding="down"), Average(0, 0, 0).value()
    (Decimal('12.43'), Decimal('12.42'), None)
    """

    criteria: int
    undetermined: int
    of: int

    @property
    def exact(self) -> Fraction | None:
        """Criteria met per commune as a fraction; None of none."""
        return Fraction(self.criteria, self.of) if self.of else None

    def value(self, places: int = 2, rounding: Rounding = "half-up") -> Decimal | None:
        """Criteria met per commune, rounded for showing; None of none. Raises `UnknownNameError` for an unknown mode."""
        return None if self.exact is None else rounded(self.exact, places, rounding)

    def possible(self, places: int = 2, rounding: Rounding = "half-up") -> Decimal | None:
        """The same if every undetermined criterion were met: the average lies between the two."""
        return Average(self.criteria + self.undetermined, 0, self.of).value(places, rounding)
