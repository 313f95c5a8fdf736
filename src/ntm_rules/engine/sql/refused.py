"""Rows that may not be judged: what is wrong with each, so that none is judged silently and none is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.places import region_of, zones_of
from ntm_rules.engine.sql.sources import COMPARED_FACT, HUNDREDFOLD, NUMBER, SIDE, Facts, compared_facts
from ntm_rules.engine.sql.terms import (
    all_of,
    any_of,
    case,
    column,
    decimal,
    is_null,
    known,
    negated,
    number,
    one_of,
    stripped,
    text,
)
from ntm_rules.model.checking import fact_named
from ntm_rules.model.facts import SEXES, SIDES, FactKind
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.years import FIRST_YEAR, LAST_YEAR

__all__ = ["Refusal", "refusals"]

# What has more than 40 digits, NaN and infinity are beyond it in every engine.
_LIMIT = exp.cast(exp.Literal.number("9.999999999999999E39"), "DOUBLE")
# Of more digits before the point no engine tells the gap exactly.
_LONG = exp.cast(exp.Literal.number(f"1E{NUMBER[0] - NUMBER[1]}"), "DOUBLE")


@attrs.frozen(slots=True)
class Refusal:
    """One thing that may be wrong with a row: the column it stands in, its code (as `Problem.code`), and when it holds.

    `perhaps` asks all rows of a relation at once, and faster: where it is not true, none is wrong.
    """

    key: str
    code: str
    when: exp.Expr
    perhaps: exp.Expr | None = None

    @property
    def anywhere(self) -> exp.Expr:
        """Whether it may hold of any row of a relation, as one value for all of its rows."""
        return self.perhaps or exp.LogicalOr(this=self.when.copy())


def refusals(
    ruleset: Ruleset, facts: Facts, rulesets: tuple[Ruleset, ...], *, unbounded: bool = False
) -> Iterator[Refusal]:
    """Everything that may be wrong with a row of the source; `unbounded` where its numbers may have any number of digits."""
    yield from _place(ruleset, rulesets)
    year = column("year")
    yield Refusal("year", "bad_year", any_of([_over(year, LAST_YEAR), _under(year, FIRST_YEAR)]))
    for name in sorted(facts.written):
        code = f"bad_{name}" if name in ("code", "year") else "bad_value"
        stood = known(stripped(column(f"{name} written")))
        wrong = case((is_null(column(name)), stood), otherwise=exp.false())
        yield Refusal(name, code, wrong, _unlike_all(facts, name))
    for key in facts.keys:
        fact = facts.fact(key)
        if fact.kind is FactKind.BOOLEAN or not (facts.has_number(key) or facts.has_ratio(key)):
            continue
        if fact.kind is FactKind.CATEGORY:
            if facts.has_number(key):
                known_value = one_of(column(key), map(text, fact.values))
                yield Refusal(key, "wrong_kind", negated(known_value), _unlike_all(facts, key))
            continue
        if facts.has_number(key):
            low = exp.Neg(this=_LIMIT.copy()) if fact.low is None else number(_kept(fact.low, ROUND_CEILING))
            high = _LIMIT.copy() if fact.high is None else number(_kept(fact.high, ROUND_FLOOR))
            least, most = exp.Min(this=column(key)), exp.Max(this=column(key))
            yield Refusal(
                key, "out_of_bounds", _outside(column(key), column(key), low, high), _outside(least, most, low, high)
            )
            if fact.low is None or fact.high is None:
                too_long = _outside(column(key), column(key), exp.Neg(this=_LONG.copy()), _LONG, or_equal=True)
                any_too_long = _outside(least.copy(), most.copy(), exp.Neg(this=_LONG.copy()), _LONG, or_equal=True)
                yield Refusal(key, "too_many_digits", too_long, any_too_long)
            if unbounded:
                yield Refusal(key, "too_many_digits", _cut(key))
            if fact.kind is FactKind.COUNT:
                yield Refusal(key, "wrong_kind", exp.NEQ(this=column(key), expression=exp.Floor(this=column(key))))
        if facts.has_ratio(key):
            yield from _ratio(facts, key)
    for key in dict.fromkeys(compared_facts(ruleset)):
        if facts.has_number(key):
            yield from _too_long(key, column(key), *COMPARED_FACT)
    yield from _sexes(facts)


def _outside(least: exp.Expr, most: exp.Expr, low: exp.Expr, high: exp.Expr, *, or_equal: bool = False) -> exp.Expr:
    under, over = (exp.LTE, exp.GTE) if or_equal else (exp.LT, exp.GT)
    return any_of([under(this=least, expression=low.copy()), over(this=most, expression=high.copy())])


def _kept(bound: Decimal, rounding: str) -> Decimal:
    """A bound of as many places as are kept of numbers: Spark would cut a longer one, and take 0 for no less than 1E-21."""
    kept = bound.quantize(Decimal(1).scaleb(-NUMBER[1]), rounding, Context(prec=100))
    return bound if bound == kept else kept


def _cut(key: str) -> exp.Expr:
    """Whether a number of few digits before the point has more after it than are kept. By way of text: a double is the digits it prints."""
    short = exp.Between(this=column(key), low=exp.Neg(this=_LONG.copy()), high=_LONG.copy())
    kept = decimal(exp.cast(column(key), "TEXT"), NUMBER[0] + 2, NUMBER[1])
    return case((short, exp.NEQ(this=kept, expression=column(key))))


def _unlike_all(facts: Facts, name: str) -> exp.Expr | None:
    """Whether any text of a category is none of its values as they stand, which cleaning might still make of it."""
    fact = fact_named(facts.catalogue, name)
    if fact is None or fact.kind is not FactKind.CATEGORY or name not in facts.written:
        return None
    return exp.LogicalOr(this=negated(one_of(column(f"{name} written"), map(text, fact.values))))


def _too_long(key: str, term: exp.Expr, digits: int, places: int) -> Iterator[Refusal]:
    """A number that has more digits than a comparison keeps, which would be judged by another number.

    What is too long to be cast is kept from it by CASE: engines may read both sides of AND.
    """
    most = _most(digits, places)
    yield Refusal(key, "too_many_digits", exp.GT(this=term.copy(), expression=most))
    kept = exp.NEQ(this=decimal(term.copy(), digits, places), expression=term.copy())
    yield Refusal(key, "too_many_digits", case((exp.LTE(this=term.copy(), expression=most.copy()), kept)))


def _most(digits: int, places: int) -> exp.Expr:
    return number(10 ** (digits - places) - 1)


def _over(term: exp.Expr, bound: int) -> exp.Expr:
    return exp.GT(this=term, expression=number(bound))


def _under(term: exp.Expr, bound: int) -> exp.Expr:
    return exp.LT(this=term, expression=number(bound))


def _place(ruleset: Ruleset, rulesets: tuple[Ruleset, ...]) -> Iterator[Refusal]:
    """Region, province and zone: known, at one with each other, and enough to find the column."""
    catalogue = ruleset.catalogue
    region, province = column("region"), column("province")
    provinces = list(catalogue.provinces.values())
    names = [text(name) for each in provinces for name in dict.fromkeys((each.slug, each.name))]
    yield Refusal("region", "unknown_region", negated(one_of(region, map(text, catalogue.regions))))
    yield Refusal("province", "unknown_province", negated(one_of(province, names)) if names else known(province))
    if provinces:
        derived = region_of(ruleset, given=False)
        yield Refusal("region", "region_mismatch", exp.NEQ(this=region, expression=derived))
    if any(own.columns != ("common",) for own in rulesets):
        yield Refusal("region", "no_region", all_of([is_null(region), is_null(province)]))
    for own in rulesets:
        home = catalogue.provinces.get(own.province or "")
        if home is not None:
            elsewhere = negated(one_of(province, [text(name) for name in dict.fromkeys((home.slug, home.name))]))
            yield Refusal("province", "another_province", elsewhere)
            other = all_of([is_null(province), exp.NEQ(this=region, expression=text(home.region))])
            yield Refusal("region", "another_province", other)
    rest = zones_of()
    for zone in catalogue.zones:
        rest = exp.func("REPLACE", rest, text(f";{zone};"), text(""))
    leftover = exp.func("REPLACE", rest, text(";"), text(""))
    yield Refusal(
        "zone",
        "unknown_zone",
        all_of([known(column("zone")), exp.GT(this=exp.Length(this=leftover), expression=number(0))]),
    )


def _ratio(facts: Facts, key: str) -> Iterator[Refusal]:
    fact = facts.fact(key)
    given = [column(f"{key}.{side}") for side in SIDES]
    numerator, denominator = given
    name = f"{key}.denominator"
    yield Refusal(name, "half_ratio", exp.NEQ(this=_has(numerator), expression=_has(denominator)))
    yield Refusal(name, "bad_value", exp.LTE(this=denominator, expression=number(0)))
    yield Refusal(f"{key}.numerator", "bad_value", _under(numerator, 0))
    for side, term in zip(SIDES, given, strict=True):
        yield from _too_long(f"{key}.{side}", term, *SIDE)
    if facts.has_number(key):
        yield Refusal(key, "given_twice", all_of([known(column(key)), known(denominator)]))
    if fact.high is not None:
        yield Refusal(f"{key}.numerator", "out_of_bounds", _percent_over(numerator, denominator, fact.high))


def _percent_over(numerator: exp.Expr, denominator: exp.Expr, high: Decimal) -> exp.Expr:
    small = all_of(exp.LTE(this=side, expression=_most(*SIDE)) for side in (numerator, denominator))
    left = exp.Mul(this=decimal(numerator, *SIDE), expression=number(100))
    right = exp.Mul(this=decimal(denominator, *SIDE), expression=number(high))
    return case((small, exp.GT(this=left, expression=right)))


def _has(term: exp.Expr) -> exp.Expr:
    return case((is_null(term), number(0)), otherwise=number(1))


def _sexes(facts: Facts) -> Iterator[Refusal]:
    """A total that does not lie between men and women."""
    for key in dict.fromkeys(facts.keys):
        total = key.removesuffix(".male")
        men, women = (f"{total}.{sex}" for sex in SEXES)
        if key == men and all(facts.has_number(name) or facts.has_ratio(name) for name in (total, men, women)):
            outside = any_of(
                all_of([_held(facts, operator, total, men), _held(facts, operator, total, women)])
                for operator in (exp.LT, exp.GT)
            )
            yield Refusal(total, "inconsistent", outside)


def _held(facts: Facts, operator: type[exp.Binary], one: str, other: str) -> exp.Expr:
    """Two facts compared, each as it is given: ratios multiplied through. What is too long to be cast is kept from it by CASE."""
    terms: list[exp.Expr] = []
    if facts.has_number(one) and facts.has_number(other):
        terms.append(operator(this=column(one), expression=column(other)))
    for (over, under, small), (other_over, other_under, other_small) in itertools.product(
        _fractions(facts, one), _fractions(facts, other)
    ):
        if under is None and other_under is None:
            continue
        left = over if other_under is None else exp.Mul(this=over.copy(), expression=other_under.copy())
        right = other_over if under is None else exp.Mul(this=other_over.copy(), expression=under.copy())
        held = operator(this=left.copy(), expression=right.copy())
        terms.append(case((all_of([small.copy(), other_small.copy()]), held)))
    return any_of(terms)


def _fractions(facts: Facts, key: str) -> Iterator[tuple[exp.Expr, exp.Expr | None, exp.Expr]]:
    """A percentage as numerator and denominator, and when both can be cast."""
    if facts.has_number(key):
        # By way of text: a double is the digits it prints.
        exact = decimal(exp.cast(column(key), "TEXT"), 21, 18)
        yield exact, None, exp.Between(this=column(key), low=number(0), high=number(100))
    if facts.has_ratio(key):
        given = [column(f"{key}.{side}") for side in SIDES]
        within = all_of(exp.Between(this=side, low=number(0), high=_most(*SIDE)) for side in given)
        over, under = (decimal(side.copy(), *SIDE) for side in given)
        yield decimal(exp.Mul(this=over, expression=number(100)), *HUNDREDFOLD), under, within
