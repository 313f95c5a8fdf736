"""The query of a ruleset: facts, thresholds, then step by step indicators, criteria and verdicts, and what the caller asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
from sqlglot import exp

from ntm_rules.engine.sql.gaps import measured
from ntm_rules.engine.sql.judging import Judged, Judging, Node, judging
from ntm_rules.engine.sql.refused import Refusal, refusals
from ntm_rules.engine.sql.sources import IDENTITY, Facts, required_rulesets
from ntm_rules.engine.sql.terms import (
    alias,
    any_of,
    case,
    column,
    negated,
    number,
    one_of,
    relation,
    select,
    text,
    together,
)
from ntm_rules.model.requirement import Clause
from ntm_rules.model.ruleset import Ruleset

__all__ = ["OUTPUTS", "Query", "build", "holding", "refusals_of"]

OUTPUTS = ("communes", "indicators", "statuses", "rejected")

# Of these a table has few different values, however many its rows are; every row has a code of its own.
_PLACE = tuple(name for name in IDENTITY if name != "code")
_STATUS = {0: "met", 1: "not_applicable", 2: "undetermined", 4: "missing"}


@attrs.frozen(slots=True, kw_only=True)
class Query:
    """What a query is written from.

    `carried` are the columns of the source that every output repeats; `in_one_pass` says that the engine reads a relation anew
    for each SELECT of a union, as Spark does, and has to make several rows of one instead.
    """

    ruleset: Ruleset
    facts: Facts
    carried: tuple[str, ...]
    source: exp.Query
    strict: bool
    threshold_year: int | None
    in_one_pass: bool = False


def refusals_of(query: Query) -> tuple[Refusal, ...]:
    """Everything that may be wrong with a row of the source."""
    return tuple(refusals(query.ruleset, query.facts, tuple(required_rulesets(query.ruleset))))


def holding(query: Query, refused: Sequence[Refusal]) -> exp.Query:
    """One row that says of each refusal whether it holds of any row: what holds of none need not be asked of each.

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


def build(query: Query, output: str, refused: Sequence[Refusal]) -> exp.Query:
    """The query for one of `OUTPUTS`, as a syntax tree; rows of which any of `refused` holds are not judged."""
    if output == "rejected":
        return _with([("source", query.source)], _rejected(query, refused))
    steps = Judging(query.facts, query.strict, query.threshold_year, reasons=output == "indicators")
    judged = judging(steps, query.ruleset)
    stages = [("source", query.source), ("facts", _facts(steps, refused)), *_steps(steps)]
    if output == "indicators":
        return _with(stages, _indicators(query, judged))
    wanted = _counts(judged) if output == "communes" else {i: node.code for i, node in judged.indicators.items()}
    return _with(stages, select(relation("judged"), [*map(column, query.carried), *_named(wanted)]))


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
    bad = exp.Coalesce(this=exp.Paren(this=any_of(each.when for each in refused)), expressions=[exp.false()])
    return select(relation("source"), terms, where=negated(bad))


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


def _how_many(nodes: Sequence[Node], *codes: int) -> exp.Expr:
    total: exp.Expr | None = None
    for node in nodes:
        counted = one_of(node.code, map(number, codes))
        one = case((counted, number(1)), otherwise=number(0))
        total = one if total is None else exp.Add(this=total, expression=one)
    return total or number(0)


def _counts(judged: Judged) -> dict[str, exp.Expr]:
    """A commune's column, verdict, recognition, and the published counts."""
    ruleset = judged.ruleset
    indicators, criteria = list(judged.indicators.values()), list(judged.criteria.values())
    return {
        "column": judged.places.term,
        "verdict": _verdict(judged.verdict),
        "recognition": _verdict(judged.recognition),
        "criteria_met": _how_many(criteria, 0, 1),
        "criteria_total": number(ruleset.criteria_total or len(criteria)),
        "indicators_met": _how_many(indicators, 0, 1),
        "indicators_missing": _how_many(indicators, 4),
        "indicators_undetermined": _how_many(indicators, 2),
        "indicators_total": number(ruleset.indicators_total or len(indicators)),
    }


def _indicators(query: Query, judged: Judged) -> exp.Query:
    """A row per commune and indicator: status, reason, and what was measured against what."""

    def row(place: int, clause: Clause) -> dict[str, exp.Expr]:
        node = judged.indicators[clause.id]
        words = {"status": _status(node), "reason": exp.cast(node.reason, "TEXT", copy=False)}
        return (
            {"indicator": text(clause.id), "place": number(place)}
            | words
            | measured(query.facts, judged.places, clause, node)
        )

    indicators = query.ruleset.indicators
    if not indicators:
        names = ("indicator", "place", "status", "reason", "fact", "actual", "required", "gap")
        nothing = _named({name: exp.null() for name in names})
        return select(relation("judged"), [*map(column, query.carried), *nothing], where=exp.false())
    return _unrolled(query, "judged", [(row(place, clause), None) for place, clause in enumerate(indicators, 1)])


def _rejected(query: Query, refused: Iterable[Refusal]) -> exp.Query:
    """A row per thing that is wrong: which column, what (as `Problem.code`), and what stood there."""

    def row(refusal: Refusal) -> dict[str, exp.Expr]:
        stood = f"{refusal.key} written" if refusal.key in query.facts.written else refusal.key
        found = exp.cast(column(stood), "TEXT", copy=False)
        return {"key": text(refusal.key), "problem": text(refusal.code), "found": found}

    return _unrolled(query, "source", [(row(refusal), refusal.when) for refusal in refused])


def _unrolled(query: Query, source: str, rows: Sequence[tuple[dict[str, exp.Expr], exp.Expr | None]]) -> exp.Query:
    """Several rows for each row of a relation, each where its condition holds."""
    carried = [*map(column, query.carried)]
    if not query.in_one_pass:
        return together(
            select(relation(source), [*(term.copy() for term in carried), *_named(row)], where=when)
            for row, when in rows
        )
    structs = [
        exp.Struct(
            expressions=[
                exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=term)
                for name, term in (row | ({} if when is None else {"holds": when})).items()
            ]
        )
        for row, when in rows
    ]
    names = [*rows[0][0], *(() if rows[0][1] is None else ("holds",))]
    each = exp.TableAlias(
        this=exp.to_identifier("each"), columns=[exp.to_identifier(name, quoted=True) for name in names]
    )
    unrolled = exp.Lateral(this=exp.Inline(this=exp.Array(expressions=structs)), view=True, alias=each)
    found = select(relation(source), [*carried, *map(column, rows[0][0])])
    found.append("laterals", unrolled)
    return found if rows[0][1] is None else found.where(column("holds"), copy=False)
