"""Numbers as people write them: decimal comma in Vietnamese, decimal point in English. For showing only."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from ntm_rules.model.text import Language
from ntm_rules.model.values import Ratio, exact, trimmed

__all__ = ["digits", "number", "percent_of"]


def number(value: Decimal | int, lang: Language = "vi") -> str:
    """An exact number in full.

    >>> number(Decimal("33500.50"), "vi"), number(Decimal("33500.50"), "en")
    ('33.500,5', '33,500.5')
    """
    return digits(trimmed(Decimal(value)), lang)


def digits(value: Decimal, lang: Language = "vi") -> str:
    """A number with the digits it has, zeros at the end too: for one that was rounded.

    >>> digits(Decimal("14.10"), "vi")
    '14,10'
    """
    text = f"{value:,f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "vi" else text


def percent_of(ratio: Ratio, lang: Language = "vi", *, against: Decimal | None = None) -> str:
    """A ratio's percentage with two decimals, or as many as it takes to stand on the right side of `against`.

    >>> percent_of(Ratio(312910, 319992), "en", against=Decimal(98))
    '97.79'
    """
    share = exact(ratio)
    for places in (2, 4, 6, 9, 12, 24, 48, 96):
        shown = Decimal(f"{math.floor(share * 10**places + Fraction(1, 2))}E-{places}")  # half-up, for showing only
        if against is None or _compared(Fraction(shown), against) == _compared(share, against):
            break
    return number(shown, lang)


def _compared(share: Fraction, threshold: Decimal) -> int:
    return (share > Fraction(threshold)) - (share < Fraction(threshold))
