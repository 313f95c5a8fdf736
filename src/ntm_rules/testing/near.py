"""Values near thresholds: exactly on one, one unit to either side, in every form a host may hand in.

Uniform random figures hardly ever come near a threshold, and a test that never does so proves nothing of it. Thresholds are read
off the ruleset only to aim: no law may take its expectation from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import Comparison, FactComparison, OneOf, Requirement, requirements_of
from ntm_rules.model.ruleset import Ruleset

__all__ = ["forms_of", "pools", "possible", "ratios_of", "unit_beside", "values_near"]

# Incomes and the like, for facts that are held against each other: 30, 30 × 1.5, and one unit more.
_MULTIPLES = (Decimal(30), Decimal(45), Decimal("45.1"))
_PEOPLE = ((1, 3), (8705, 10162), (0, 7), (7, 7))


def unit_beside(threshold: Decimal, kind: FactKind = FactKind.NUMBER) -> Decimal:
    """The unit a threshold is tried at: 1 for a count, else one of the digit after its last.

    >>> unit_beside(Decimal("12.7")), unit_beside(Decimal(4), FactKind.COUNT)
    (Decimal('0.01'), Decimal('1'))
    """
    if kind is FactKind.COUNT:
        return Decimal(1)
    return Decimal((0, (1,), min(_exponent(threshold), 0) - 1))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def forms_of(value: Decimal) -> list[Any]:
    """One number in every form a host may hand in: text, Decimal, and int and float where these say the same.

    >>> forms_of(Decimal("6.5"))
    [Decimal('6.5'), '6.5', '6.50', 6.5]
    """
    text = format(value, "f")
    forms: list[Any] = [value, text, f"{text}0" if "." in text else f"{text}.0"]
    if "." not in text:
        forms.append(int(text))
    if Decimal(repr(float(text))) == value:
        forms.append(float(text))
    return forms


def ratios_of(value: Decimal, *, people: int = 0) -> dict[str, Any]:
    """The numerator and denominator that make exactly this percentage, or so many people more or fewer in the numerator.

    >>> ratios_of(Decimal("97.5")), ratios_of(Decimal(95), people=-1)
    ({'numerator': 975, 'denominator': 1000}, {'numerator': 94, 'denominator': 100})
    """
    places = max(0, -_exponent(value))
    return {"numerator": int(value.scaleb(places)) + people, "denominator": 100 * 10**places}


def possible(fact: Fact, value: Decimal) -> bool:
    """Whether a fact can have a value: within its bounds, and whole where it counts."""
    if fact.kind is FactKind.COUNT and value != value.to_integral_value():
        return False
    return not ((fact.low is not None and value < fact.low) or (fact.high is not None and value > fact.high))


def values_near(fact: Fact, thresholds: Iterable[Decimal] = ()) -> list[Any]:
    """Values of a fact that matter: each threshold, a unit beside it, the bounds, as numbers and as so many of so many."""
    if fact.kind is FactKind.BOOLEAN:
        return [True, False]
    if fact.kind is FactKind.CATEGORY:
        return list(fact.values)
    near = {bound for bound in (fact.low, fact.high) if bound is not None} | {Decimal(1), Decimal(50)}
    for threshold in thresholds:
        for step in (unit_beside(threshold, fact.kind), Decimal(1)):
            near |= {threshold - step, threshold, threshold + step}
    numbers = sorted(value for value in near if possible(fact, value))
    found: list[Any] = [form for value in numbers for form in forms_of(value)]
    if fact.kind is FactKind.PERCENT:
        found += [ratios_of(value) for value in numbers if value >= 0]
        found += [{"numerator": top, "denominator": bottom} for top, bottom in _PEOPLE]
    return found


def pools(ruleset: Ruleset) -> dict[str, list[Any]]:
    """For each fact a ruleset names (and each sex of one), the values that matter in any column and year."""
    near: dict[str, set[Decimal]] = {}
    for clause in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites):
        for requirement in requirements_of(clause):
            for key, thresholds in _named(requirement):
                near.setdefault(key, set()).update(thresholds)
    found: dict[str, list[Any]] = {}
    for key, thresholds in near.items():
        fact = ruleset.catalogue.facts[key]
        found[key] = values_near(fact, thresholds)
        if fact.by_sex:
            found |= {f"{key}.{sex}": found[key] for sex in SEXES}
    return found


def _named(requirement: Requirement) -> Iterator[tuple[str, Iterable[Decimal]]]:
    """The facts of a requirement, each with the numbers it is held against."""
    if isinstance(requirement, Comparison):
        cells = requirement.threshold.cells()
        yield requirement.fact, [cell.value for *_, cell in cells if isinstance(cell.value, Decimal)]
    elif isinstance(requirement, OneOf):
        yield requirement.fact, ()
    elif isinstance(requirement, FactComparison):
        yield requirement.fact, _MULTIPLES
        yield requirement.other, _MULTIPLES
