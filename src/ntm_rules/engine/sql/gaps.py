"""What was measured, against what, and how much is lacking: exact numbers, as `Result` gives them."""

from __future__ import annotations

import functools

from sqlglot import exp

from ntm_rules.engine.sql.judging import FAILED, Node
from ntm_rules.engine.sql.places import Outcome, Places
from ntm_rules.engine.sql.sources import COMPARED_FACT, FACTOR, NUMBER, Facts, of_denominator
from ntm_rules.engine.sql.terms import case, column, decimal, known, number, text
from ntm_rules.model.facts import SEXES, SIDES
from ntm_rules.model.requirement import Clause, Comparison, FactComparison, OneOf

__all__ = ["measured"]

# Each branch of a CASE is of this type: of mixed ones some engines keep fewer places after the point than the longest has.
_GAP = (28, 10)


def measured(facts: Facts, places: Places, clause: Clause, node: Node) -> dict[str, exp.Expr]:
    """The columns fact, actual, required and gap of an indicator, by the facts alone; of one with parts they are NULL."""
    requirement = clause.requirement
    nothing = exp.cast(exp.null(), "TEXT")
    found: dict[str, exp.Expr] = {
        "fact": nothing,
        "actual": nothing,
        "required": nothing,
        "gap": decimal(exp.null(), *_GAP),
    }
    if not isinstance(requirement, (Comparison, FactComparison, OneOf)):
        return found
    asked = exp.NEQ(this=node.code.copy(), expression=number(1))
    missing = exp.EQ(this=node.code.copy(), expression=number(4))
    key = requirement.fact
    found |= {"fact": text(key), "actual": _actual(facts, key)}
    if isinstance(requirement, OneOf):
        outcomes = places.outcomes(requirement.threshold)
        values = " | ".join(requirement.values)
        required = places.by_outcome(outcomes, lambda o: exp.null() if o.reason else text(values))
    elif isinstance(requirement, FactComparison):
        required, gap = _times(facts, places, clause, requirement)
        found["gap"] = case((missing, decimal(gap, *_GAP)))
    else:
        required, gap = _threshold(facts, places, clause, requirement)
        found["gap"] = case((missing, decimal(gap, *_GAP)))
    return found | {"required": case((asked, exp.cast(required, "TEXT")))}


def _actual(facts: Facts, key: str) -> exp.Expr:
    """The fact as it stands; a ratio as "8705/10162"."""
    terms: list[exp.Expr] = [exp.cast(column(key), "TEXT")] if facts.has_number(key) else []
    if facts.has_ratio(key):
        sides = [exp.cast(column(f"{key}.{side}"), "TEXT") for side in SIDES]
        ratio = exp.func("CONCAT", sides[0], text("/"), sides[1])
        terms.append(case((known(column(f"{key}.denominator")), ratio)))
    if not terms:
        return exp.cast(exp.null(), "TEXT")
    return terms[0] if len(terms) == 1 else exp.Coalesce(this=terms[0], expressions=terms[1:])


def _times(facts: Facts, places: Places, clause: Clause, requirement: FactComparison) -> tuple[exp.Expr, exp.Expr]:
    """Another fact times its factor, and the gap to it; NULL where one of the two is a ratio."""
    factor = places.number_of(f"{clause.id} factor", places.outcomes(requirement.factor))
    if isinstance(factor, exp.Null) or not all(map(facts.has_number, (requirement.fact, requirement.other))):
        return exp.null(), exp.null()
    if isinstance(factor, exp.Column):
        factor = column(f"{factor.name} threshold")
    own, other = (decimal(column(key), *COMPARED_FACT) for key in (requirement.fact, requirement.other))
    required = exp.Mul(this=other, expression=decimal(factor, *FACTOR))
    return required, _rounded(exp.Abs(this=exp.Paren(this=exp.Sub(this=own, expression=required.copy()))))


def _threshold(facts: Facts, places: Places, clause: Clause, requirement: Comparison) -> tuple[exp.Expr, exp.Expr]:
    """The threshold of a comparison, and the gap to it."""
    fact, outcomes = facts.fact(requirement.fact), places.outcomes(requirement.threshold)
    if not fact.kind.is_number:
        required = places.by_outcome(outcomes, _in_words)
        gap: exp.Expr = exp.null()
        if fact.values and facts.has_number(requirement.fact):
            ranks = {value: number(rank) for rank, value in enumerate(fact.values)}
            own = case(
                *((exp.EQ(this=column(fact.key), expression=text(value)), rank) for value, rank in ranks.items())
            )
            wanted = places.by_outcome(
                outcomes, lambda o: ranks[o.value].copy() if isinstance(o.value, str) else exp.null()
            )
            gap = exp.Abs(this=exp.Sub(this=exp.Paren(this=own), expression=exp.Paren(this=wanted)))
        return required, gap
    required = places.number_of(clause.id, outcomes)
    if isinstance(required, exp.Column):
        required = column(f"{required.name} threshold")
    names = [f"{requirement.fact}.{sex}" for sex in SEXES] if requirement.both_sexes else []
    gaps = [_gap(facts, name, required, requirement) for name in (*names, requirement.fact)]
    if not names:
        return required, gaps[0]
    worst = [gap for gap in gaps[:-1] if not isinstance(gap, exp.Null)]
    by_sex = functools.reduce(_larger, worst) if worst else exp.null()
    return required, exp.Coalesce(this=by_sex, expressions=[gaps[-1]])


def _in_words(outcome: Outcome) -> exp.Expr:
    if outcome.reason is not None:
        return exp.null()
    return text(
        {True: "true", False: "false"}.get(outcome.value, "") if isinstance(outcome.value, bool) else str(outcome.value)
    )


def _larger(first: exp.Expr, second: exp.Expr) -> exp.Expr:
    """The larger of two gaps; the other where one is NULL."""
    larger = exp.Greatest(
        this=exp.Coalesce(this=first.copy(), expressions=[number(0)]),
        expressions=[exp.Coalesce(this=second.copy(), expressions=[number(0)])],
    )
    return case((known(exp.Coalesce(this=first, expressions=[second])), larger))


def _gap(facts: Facts, key: str, threshold: exp.Expr, requirement: Comparison) -> exp.Expr:
    """What a fact lacks of a threshold; NULL where it lacks nothing."""
    failed = FAILED[requirement.direction]
    branches = []
    if facts.has_number(key) and not isinstance(threshold, exp.Null):
        lacking = exp.Abs(
            this=exp.Sub(this=decimal(exp.cast(column(key), "TEXT"), *NUMBER), expression=threshold.copy())
        )
        branches.append((failed(this=column(key), expression=threshold.copy()), decimal(_rounded(lacking), *_GAP)))
    if facts.has_ratio(key) and not isinstance(threshold, exp.Null):
        left, denominator = facts.sides(key)
        right = of_denominator(threshold.copy(), denominator)
        lacking = exp.Abs(this=exp.Sub(this=right, expression=left))
        branches.append(
            (failed(this=left.copy(), expression=right.copy()), decimal(_divided(lacking, denominator), *_GAP))
        )
    return case(*branches) if branches else exp.null()


def _rounded(term: exp.Expr) -> exp.Expr:
    """Exact where ten decimals are enough, else rounded up at the fourth, as `to_decimal` does."""
    ten, four = (exp.Round(this=term.copy(), decimals=number(places)) for places in (10, 4))
    short = case((exp.LT(this=four.copy(), expression=term.copy()), number(1)), otherwise=number(0))
    up = exp.Add(this=four, expression=exp.Mul(this=exp.Literal.number("0.0001"), expression=exp.Paren(this=short)))
    return case((exp.EQ(this=ten.copy(), expression=term.copy()), decimal(ten, *_GAP)), otherwise=decimal(up, *_GAP))


def _divided(over: exp.Expr, under: exp.Expr) -> exp.Expr:
    """A quotient, exact where ten decimals are enough, else rounded up at the fourth."""

    def at(places: int) -> tuple[exp.Expr, exp.Expr]:
        scaled = exp.Mul(this=over.copy(), expression=decimal(number(10**places), places + 1, 0))
        rest = exp.Mod(this=exp.Paren(this=scaled), expression=under.copy())
        whole = exp.Paren(this=exp.Sub(this=scaled.copy(), expression=rest))
        # The quotient is a whole number of few digits, which a double holds exactly.
        quotient = exp.Div(this=exp.cast(whole, "DOUBLE"), expression=exp.cast(under.copy(), "DOUBLE"))
        return decimal(exp.Round(this=quotient), 18, 0), rest.copy()

    ten, rest_of_ten = at(10)
    four, rest_of_four = at(4)
    more = case((exp.GT(this=rest_of_four, expression=number(0)), number(1)), otherwise=number(0))
    up = exp.Mul(
        this=exp.Paren(this=exp.Add(this=four, expression=exp.Paren(this=more))),
        expression=exp.Literal.number("0.0001"),
    )
    exact = exp.Mul(this=ten, expression=exp.Literal.number("0.0000000001"))
    return case((exp.EQ(this=rest_of_ten, expression=number(0)), decimal(exact, *_GAP)), otherwise=decimal(up, *_GAP))
