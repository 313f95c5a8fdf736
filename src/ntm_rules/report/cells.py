"""The cells of tables: counts, shares and averages as people write them, in both languages."""

from __future__ import annotations

from decimal import Decimal

from ntm_rules.explain.numbers import digits, number
from ntm_rules.model.text import LANGUAGES, Text
from ntm_rules.report.document import PLACES
from ntm_rules.report.figures import Average, Rounding, Share, rounded

__all__ = ["against", "count", "decimal", "difference", "percent", "with_communes", "with_counts", "with_criteria"]

_DASH = Text("—", "—")


def count(value: int) -> Text:
    """A count in both languages."""
    return Text(number(value, "vi"), number(value, "en"))


def percent(share: Share, rounding: Rounding) -> Text:
    """A percentage in both languages; a dash of none."""
    value = share.percent(PLACES, rounding)
    return _DASH if value is None else Text(f"{digits(value, 'vi')}%", f"{digits(value, 'en')}%")


def with_counts(share: Share, rounding: Rounding) -> Text:
    """A percentage with what it is made of, where rows have different denominators."""
    shown = percent(share, rounding)
    made = Text(f" ({count(share.count).vi}/{count(share.of).vi})", f" ({count(share.count).en}/{count(share.of).en})")
    return shown if share.of == 0 else Text(shown.vi + made.vi, shown.en + made.en)


def with_communes(average: Average, rounding: Rounding) -> Text:
    """An average with the number of communes it is over."""
    value = decimal(average.value(PLACES, rounding))
    return Text(f"{value.vi} ({count(average.of).vi} xã)", f"{value.en} ({count(average.of).en})")


def decimal(value: Decimal | None) -> Text:
    """A rounded figure in both languages; a dash of none."""
    return _DASH if value is None else Text(digits(value, "vi"), digits(value, "en"))


def against(now: int, before: int) -> list[Text]:
    """A count before, and by how much it changed."""
    return [count(before), _signed(Decimal(now - before))]


def difference(now: Average, before: Average, rounding: Rounding) -> Text:
    """By how much an average changed: the exact difference, rounded once."""
    if now.exact is None or before.exact is None:
        return _DASH
    return _signed(rounded(now.exact - before.exact, PLACES, rounding))


def _signed(value: Decimal) -> Text:
    value = value or abs(value)  # no -0,00
    sign = "+" if value > 0 else ""
    return Text(sign + digits(value, "vi"), sign + digits(value, "en"))


def with_criteria(communes: int, criteria: tuple[int, int]) -> Text:
    """Communes, with the criteria they gained or lost, at least and at most."""
    least, most = criteria
    span = (
        Text(*(f"{number(least, lang)}–{number(most, lang)}" for lang in LANGUAGES)) if least != most else count(least)
    )
    of = count(communes)
    return Text(f"{of.vi} ({span.vi} tiêu chí)", f"{of.en} ({span.en} criteria)")
