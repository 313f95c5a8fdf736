"""The query of a ruleset: facts, thresholds, then step by step indicators, criteria and verdicts, and what the caller asks of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.gaps import measured
from ntm_rules.engine.sql.judging import Judged, Judging, Node, judging
from ntm_rules.engine.sql.refused import Refusal, refusals
from ntm_rules.engine.sql.sources import IDENTITY, Facts, required_rulesets
from ntm_rules.engine.sql.terms import (
    alias,
    all_of,
    any_of,
    case,
    column,
    known,
    negated,
    number,
    one_of,
    relation,
    select,
    stripped,
    text,
    together,
)
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.facts import SIDES
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import Ruleset, WithdrawalByRuleset
from ntm_rules.model.text import Text, shown

__all__ = ["OUTPUTS", "Query", "build", "holding", "refusals_of", "those_holding", "wrong"]

OUTPUTS = ("communes", "indicators", "statuses", "rejected")

# Of these a table has few different values, however many its rows are; every row has a code of its own.
_PLACE = tuple(name for name in IDENTITY if name != "code")
# Engines whose numbers may have any number of digits.
_UNBOUNDED = ("postgres", "oracle")
_STATUS = {0: "met", 1: "not_applicable", 2: "undetermined", 4: "missing"}


@attrs.frozen(slots=True, kw_only=True)
class Query:
    """What a query is written from.

    `carried` are the columns that every output repeats, each with its name in the source.
    """

    ruleset: Ruleset
    facts: Facts
    carried: Mapping[str, str]
    source: exp.Query
    strict: bool
    threshold_year: int | None
    dialect: str

    def carrying(self) -> list[exp.Expr]:
        """The columns that every output repeats."""
        return [alias(column(inner), name) for name, inner in self.carried.items()]


def refusals_of(query: Query) -> tuple[Refusal, ...]:
    """Everything that may be wrong with a row of the source."""
    rulesets = tuple(required_rulesets(query.ruleset))
    return tuple(refusals(query.ruleset, query.facts, rulesets, unbounded=query.dialect in _UNBOUNDED))


def holding(query: Query, refused: Sequence[Refusal]) -> exp.Query:
    """One row that says of each refusal whether it may hold of any row: what holds of none need not be asked of each.

    What is wrong with a place is asked of every place once.
    """
    found = {}
    for name, of_place in (("place", True), ("source", False)):
        own = [alias(each.anywhere, str(n)) for n, each in enumerate(refused) if (each.key in _PLACE) is of_place]
        if own:
            found[name] = select(relation(name), own)
    written = [f"{name} written" for name in _PLACE if name in query.facts.written]
    place = select(relation("source"), map(column, (*_PLACE, *written))).distinct(copy=False)
    stages = [("source", query.source), ("place", place), *((f"{name} holds", rows) for name, rows in found.items())]
    first, *others = (relation(f"{name} holds") for name in found)
    rows = select(first, [column(str(each)) for each in range(len(refused))])
    for other in others:
        rows = rows.join(other, join_type="cross", copy=False)
    return _with(stages, rows)


def those_holding(refused: Sequence[Refusal], row: Iterable[bool | None]) -> tuple[Refusal, ...]:
    """The refusals that may hold of some row, by what `holding` found."""
    return tuple(refusal for refusal, held in zip(refused, row, strict=True) if held)


def wrong(refused: Iterable[Refusal]) -> exp.Expr:
    """Whether any of the refusals holds of a row: true or false, never NULL.

    DuckDB before 2.0 hands plain comparisons on to Arrow, to which NaN is not above anything; this it does not hand on.
    """
    return exp.Coalesce(this=exp.Paren(this=any_of(each.when.copy() for each in refused)), expressions=[exp.false()])


def build(query: Query, output: str, refused: Sequence[Refusal]) -> exp.Query:
    """The query for one of `OUTPUTS`, as a syntax tree; rows of which any of `refused` holds are not judged."""
    tree = _built(query, output, refused)
    times = Counter(name.casefold() for name in tree.named_selects)
    twice = [name for name in query.carried if times[name.casefold()] > 1]
    if twice:
        message = Text("kết quả đã có cột tên này", "the result has a column of this name already")
        raise NtmRulesError(
            [Problem(code="duplicate_key", key="keep", found=shown(name), message=message) for name in twice]
        )
    return tree


def _built(query: Query, output: str, refused: Sequence[Refusal]) -> exp.Query:
    if output == "rejected":
        return _with([("source", query.source)], _rejected(query, refused))
    steps = Judging(query.ruleset, query.facts, query.strict, query.threshold_year, reasons=output == "indicators")
    judged = judging(steps, query.ruleset, strict=query.strict)
    if output == "indicators":
        rows = _indicators(query, judged)
    else:
        wanted = (
            _counts(judged, _at_risk(steps, query.ruleset))
            if output == "communes"
            else {number: exp.cast(node.code, "TINYINT") for number, node in judged.indicators.items()}
        )
        rows = select(relation("judged"), [*query.carrying(), *_named(wanted)])
    return _with([("source", query.source), ("facts", _facts(steps, refused)), *_steps(steps)], rows)


def _with(stages: list[tuple[str, exp.Query]], select: exp.Query) -> exp.Query:
    for name, content in stages:
        select = select.with_(exp.to_identifier(name, quoted=True), as_=content, copy=False)
    return select


def _named(terms: Mapping[str, exp.Expr]) -> list[exp.Expr]:
    return [alias(term, name) for name, term in terms.items()]


def _facts(steps: Judging, refused: Sequence[Refusal]) -> exp.Query:
    """The rows that may be judged, each with the column of every ruleset that judges it."""
    chosen = {each.places.name: each.places.chosen() for each in steps.rulesets.values()}
    terms = [exp.Star(), *_named(chosen)]
    if not refused:
        return select(relation("source"), terms)
    return select(relation("source"), terms, where=negated(wrong(refused)))


def _steps(steps: Judging) -> Iterator[tuple[str, exp.Query]]:
    """The thresholds that vary, and each step upon the one before it; the last is called "judged"."""
    relations = [relation for each in steps.rulesets.values() for relation in each.places.relations()]
    for name, content, _ in relations:
        yield name, content
    written = [step for step in steps.steps if step] or [{}]
    before = "facts"
    for place, step in enumerate(written):
        first, last = place == 0, place == len(written) - 1
        terms = [exp.Column(this=exp.Star(), table=exp.to_identifier(before, quoted=True)), *_named(step)]
        if first and steps.reasons:  # whoever asks for reasons is shown the thresholds too
            looked_up = [(each.alias, name) for name, content, _ in relations for each in content.selects]
            terms += [
                alias(column(key, name), f"{key} threshold") for key, name in looked_up if not key.startswith("at ")
            ]
        rows = select(relation(before), terms)
        for name, _, condition in relations if first else ():
            rows = rows.join(relation(name), on=condition, join_type="left", copy=False)
        before = "judged" if last else f"step {place + 1}"
        yield before, rows


def _status(node: Node) -> exp.Expr:
    """A code in words."""
    if isinstance(node.code, exp.Literal):
        return text(_STATUS[int(node.code.this)])
    return case(
        *((exp.EQ(this=node.code.copy(), expression=number(code)), text(word)) for code, word in _STATUS.items())
    )


def _verdict(node: Node) -> exp.Expr:
    met = exp.LT(this=node.code.copy(), expression=number(2))
    missing = exp.EQ(this=node.code.copy(), expression=number(4))
    return case((met, text("met")), (missing, text("missing")), otherwise=text("undetermined"))


def _how_many(nodes: Iterable[Node], *codes: int) -> exp.Expr:
    total: exp.Expr | None = None
    for node in nodes:
        counted = one_of(node.code, map(number, codes))
        one = case((counted, number(1)), otherwise=number(0))
        total = one if total is None else exp.Add(this=total, expression=one)
    return total or number(0)


def _counts(judged: Judged, at_risk: exp.Expr) -> dict[str, exp.Expr]:
    """A commune's column, verdict, recognition, whether a held title is at risk, and the published counts."""
    ruleset = judged.ruleset
    indicators, criteria = list(judged.indicators.values()), list(judged.criteria.values())
    return {
        "column": judged.places.term,
        "verdict": _verdict(judged.verdict),
        "standing": _verdict(judged.standing),
        "recognition": _verdict(judged.recognition),
        "at_risk": at_risk,
        "criteria_met": _how_many(criteria, 0, 1),
        "criteria_missing": _how_many(criteria, 4),
        "criteria_undetermined": _how_many(criteria, 2),
        "criteria_total": number(ruleset.criteria_total or len(criteria)),
        "indicators_met": _how_many(indicators, 0, 1),
        "indicators_missing": _how_many(indicators, 4),
        "indicators_undetermined": _how_many(indicators, 2),
        "indicators_total": number(ruleset.indicators_total or len(indicators)),
    }


def _at_risk(steps: Judging, ruleset: Ruleset) -> exp.Expr:
    """Whether a held title would be withdrawn; NULL where that is not known (see `Assessment.at_risk`)."""
    rule = ruleset.withdrawal
    if isinstance(rule, WithdrawalByRuleset):
        return _at_risk(steps, rule.ruleset)
    if rule is None or (not ruleset.complete and ruleset.criteria_total is None):
        return exp.cast(exp.null(), "BOOLEAN")
    criteria = judging(steps, ruleset, strict=steps.strict).criteria
    key = [node for no, node in criteria.items() if no in rule.key_criteria]
    # Criteria that the text does not have yet may all be missing.
    total = ruleset.criteria_total or len(criteria)
    unwritten = number(max(0, total - len(criteria)))
    missing, of_key = _how_many(criteria.values(), 4), _how_many(key, 4)
    possible = exp.Add(this=_how_many(criteria.values(), 2, 4), expression=unwritten)
    key_possible = _how_many(key, 2, 4)
    # A share of the criteria is reached by so many of them.
    any_, some = (number(math.ceil(Fraction(share) * (total or 1) / 100)) for share in (rule.any_share, rule.key_share))
    return case(
        (exp.GTE(this=missing, expression=any_), exp.true()),
        (all_of([_reached(missing.copy(), some), _reached(of_key, number(1))]), exp.true()),
        (negated(_reached(possible, some.copy())), exp.false()),
        (negated(any_of([_reached(possible.copy(), any_.copy()), _reached(key_possible, number(1))])), exp.false()),
    )


def _reached(count: exp.Expr, bound: exp.Expr) -> exp.Expr:
    return exp.GTE(this=count, expression=bound)


def _indicators(query: Query, judged: Judged) -> exp.Query:
    """A row per commune and indicator: status, reason, and what was measured against what."""

    def row(place: int, clause: Clause) -> dict[str, exp.Expr]:
        node = judged.indicators[clause.id]
        words = {"status": _status(node), "reason": exp.cast(node.reason, "TEXT", copy=False)}
        return (
            {"indicator": text(clause.id), "place": number(place)}
            | words
            | measured(query.facts, judged.places, clause, judged.measured[clause.id])
            | _said(judged, clause)
        )

    indicators = query.ruleset.indicators
    if not indicators:
        names = ("indicator", "place", "status", "reason", "fact", "actual", "required", "gap", "attested", "conflict")
        nothing = _named({name: exp.null() for name in names})
        return select(relation("judged"), [*query.carrying(), *nothing], where=exp.false())
    return _unrolled(query, "judged", [(row(place, clause), None) for place, clause in enumerate(indicators, 1)])


def _said(judged: Judged, clause: Clause) -> dict[str, exp.Expr]:
    """The verdict of an agency, and whether the facts speak against it."""
    if clause.id not in judged.attested:
        return {"attested": exp.cast(exp.null(), "BOOLEAN"), "conflict": exp.false()}
    conflict = case((judged.conflicts[clause.id].copy(), exp.true()), otherwise=exp.false())
    return {"attested": judged.attested[clause.id].copy(), "conflict": conflict}


def _rejected(query: Query, refused: Iterable[Refusal]) -> exp.Query:
    """A row per thing that is wrong: which column, what (as `Problem.code`), and what stood there."""

    def row(refusal: Refusal) -> dict[str, exp.Expr]:
        return {"key": text(refusal.key), "problem": text(refusal.code), "found": _found(query.facts, refusal.key)}

    return _unrolled(query, "source", [(row(refusal), refusal.when) for refusal in refused])


def _found(facts: Facts, key: str) -> exp.Expr:
    """What stood there, as text; a ratio as "70/100"."""
    if key in facts.written:
        return stripped(column(f"{key} written"))
    if not facts.has_ratio(key):
        return exp.cast(column(key), "TEXT", copy=False)
    over, under = (exp.cast(column(f"{key}.{side}"), "TEXT", copy=False) for side in SIDES)
    ratio = case((known(column(f"{key}.denominator")), exp.func("CONCAT", over, text("/"), under)))
    if not facts.has_number(key):
        return ratio
    return exp.Coalesce(this=exp.cast(column(key), "TEXT", copy=False), expressions=[ratio])


def _unrolled(query: Query, source: str, rows: Sequence[tuple[dict[str, exp.Expr], exp.Expr | None]]) -> exp.Query:
    """Several rows for each row of a relation, each where its condition holds."""
    if query.dialect not in (*_SPARK, "duckdb"):
        return together(select(relation(source), [*query.carrying(), *_named(row)], where=when) for row, when in rows)
    # Engines that read a relation anew for each SELECT of a union, or take long to plan it, make several rows of one instead.
    names = rows[0][0].keys()
    made = exp.Array(
        expressions=[
            exp.Struct(
                expressions=[
                    exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=term)
                    for name, term in (row | ({} if when is None else {"holds": when})).items()
                ]
            )
            for row, when in rows
        ]
    )
    holds = None if rows[0][1] is None else "holds"
    if query.dialect in _SPARK:
        terms = [alias(column(name, "each"), name) for name in names]
        where = None if holds is None else column(holds, "each")
        found = select(relation(source), [*query.carrying(), *terms], where=where)
        every = [exp.to_identifier(name, quoted=True) for name in (*names, *([holds] if holds else []))]
        each = exp.TableAlias(this=exp.to_identifier("each"), columns=every)
        found.append("laterals", exp.Lateral(this=exp.Inline(this=made), view=True, alias=each))
        return found
    inner = select(
        relation(source), [*map(column, query.carried.values()), alias(exp.Unnest(expressions=[made]), "each")]
    )
    parts = [alias(_field(name), name) for name in names]
    unrolled = inner.subquery("unrolled", copy=False)
    return select(unrolled, [*query.carrying(), *parts], where=None if holds is None else _field(holds))


_SPARK = ("spark", "spark2", "databricks")


def _field(name: str) -> exp.Expr:
    return exp.Dot(this=column("each"), expression=exp.to_identifier(name, quoted=True))
