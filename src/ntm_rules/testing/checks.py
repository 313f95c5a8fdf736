"""Checks that any ruleset must pass, whatever it says: monotone, total, exact at its boundaries, able to decide, reachable, in order.

Each is a function of a ruleset that yields what it finds. Boundaries, decisions and columns are gone through one by one, so nothing
there is left to chance; the two laws over all communes are tried on examples drawn towards the thresholds, always the same ones.
What is expected is worked out from the cells in fractions (`reaching`), not by an engine; both engines are held to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any, TypeAlias, TypeVar

import attrs
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy

from ntm_rules.engine.native import evaluate
from ntm_rules.model.assessment import Assessment, Result, Status
from ntm_rules.model.commune import Commune
from ntm_rules.model.facts import Fact
from ntm_rules.model.requirement import (
    Branch,
    Clause,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    SetBy,
    leaves,
    nodes,
)
from ntm_rules.model.ruleset import Ruleset, requirement_facts
from ntm_rules.model.text import Text
from ntm_rules.testing.deciding import can_count, decides_with
from ntm_rules.testing.findings import Finding
from ntm_rules.testing.layers import layers_commute
from ntm_rules.testing.near import forms_of, pools
from ntm_rules.testing.reaching import Goal, Sketch, Wanted, measure, reach
from ntm_rules.testing.strategies import communes, regions, years
from ntm_rules.testing.view import Outcome, Place, View, outcomes

__all__ = [
    "CHECKS",
    "Check",
    "Finding",
    "boundary_exact",
    "can_decide",
    "check_ruleset",
    "columns_reachable",
    "layers_commute",
    "monotone",
    "total",
]

Found = TypeVar("Found")
Check: TypeAlias = Callable[[Ruleset, int], Iterator[Finding]]

EXAMPLES = 100

_RANK = {Status.MISSING: 0, Status.UNDETERMINED: 1, Status.MET: 2, Status.NOT_APPLICABLE: 2}


def check_ruleset(
    ruleset: Ruleset, *, examples: int = EXAMPLES, checks: Iterable[str] | None = None
) -> tuple[Finding, ...]:
    """Everything the checks find in a ruleset; those of `checks`, or all of `CHECKS`.

    `examples` is how many communes the laws over all communes are tried on. In a test: ``assert not [f for f in
    check_ruleset(ruleset) if f.fails]``.

    >>> import ntm_rules as ntm
    >>> ruleset = ntm.load_ruleset("2016-2020/xa-ntm-kieu-mau")
    >>> [finding.describe("en") for finding in check_ruleset(ruleset, examples=5) if finding.fails]
    []
    """
    chosen = CHECKS if checks is None else {name: CHECKS[name] for name in checks}
    return tuple(finding for check in chosen.values() for finding in check(ruleset, examples))


def _first(strategy: SearchStrategy[Found], breaks: Callable[[Found], bool], examples: int) -> Found | None:
    """The simplest of so many examples that breaks a law; None where none does. The same examples every time."""
    chosen = settings(max_examples=examples, database=None, deadline=None, phases=(Phase.generate, Phase.shrink))
    try:
        return find(strategy, breaks, settings=chosen, random=Random(1980))  # noqa: S311 - examples, no secret
    except NoSuchExample:
        return None


# -- total


def total(ruleset: Ruleset, examples: int = EXAMPLES) -> Iterator[Finding]:
    """Every commune gets an answer, both engines give the same one, and it can be put into words and data."""
    commune = _first(communes(ruleset, attested=True), lambda each: _complaint(ruleset, each) is not None, examples)
    if commune is not None:
        complaint = _complaint(ruleset, commune)
        assert complaint is not None
        yield Finding(check="total", message=complaint, ruleset=ruleset, witness=commune)


def _complaint(ruleset: Ruleset, commune: Commune) -> Text | None:
    """What is wrong with the answer a commune gets; None where nothing is."""
    try:
        assessment = evaluate(ruleset, commune)
        different = [result.id for result in assessment.results if result.status is not assessment.statuses[result.id]]
        assessment.to_dict()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
        text = f"{type(error).__name__}: {error}"
        return Text(f"không ra kết quả: {text}", f"no answer: {text}")
    if different:
        numbers = ", ".join(different)
        return Text(f"hai bộ máy xét khác nhau ở {numbers}", f"the two engines differ at {numbers}")
    return None


# -- monotone


def monotone(ruleset: Ruleset, examples: int = EXAMPLES) -> Iterator[Finding]:
    """A better fact makes nothing worse, and a fact taken away decides nothing."""
    yield from _leaving_out(ruleset)
    ways = _ways_up(ruleset)
    for key, directions in ways.items():
        if len(directions) > 1:
            yield from _torn(ruleset, key, directions)
    yield from _improving(ruleset, {key: next(iter(way)) for key, way in ways.items() if len(way) == 1}, examples)
    yield from _forgetting(ruleset, examples)


def _ways_up(ruleset: Ruleset) -> dict[str, dict[Direction, Clause]]:
    """For each fact the directions in which it is asked for, each with the first clause that does."""
    found: dict[str, dict[Direction, Clause]] = {}
    for indicator in ruleset.indicators:
        for leaf in leaves(indicator):
            for key, direction in _meant(ruleset.catalogue.facts, leaf.requirement):
                found.setdefault(key, {}).setdefault(direction, leaf)
    return found


def _meant(facts: Mapping[str, Fact], requirement: Requirement) -> Iterator[tuple[str, Direction]]:
    """The facts of a requirement, each with the direction in which it is the better the further it goes."""
    if isinstance(requirement, Comparison):
        fact = facts[requirement.fact]
        yield from ((requirement.fact, direction) for direction in _of_comparison(fact, requirement))
    elif isinstance(requirement, OneOf):
        fact = facts[requirement.fact]
        if not _left_out(fact, requirement) and set(fact.values) != set(requirement.values):
            yield requirement.fact, Direction.AT_LEAST
    elif isinstance(requirement, FactComparison):
        yield requirement.fact, requirement.direction
        # What it is held against is a measure: the smaller it is, the less is asked for.
        for *_, cell in requirement.factor.cells():
            if isinstance(cell.value, Decimal) and cell.value and requirement.direction in _OPPOSITE:
                same = requirement.direction if cell.value < 0 else _OPPOSITE[requirement.direction]
                yield requirement.other, same


_OPPOSITE = {Direction.AT_LEAST: Direction.AT_MOST, Direction.AT_MOST: Direction.AT_LEAST}


def _of_comparison(fact: Fact, requirement: Comparison) -> Iterator[Direction]:
    """The direction of a requirement; exactly the most a fact can have is at least that."""
    if requirement.direction is Direction.MET:
        yield Direction.AT_LEAST
        return
    lowest, highest = (fact.values[0], fact.values[-1]) if fact.values else (fact.low, fact.high)
    for *_, cell in requirement.threshold.cells():
        if cell.value is None:
            continue
        if requirement.direction is not Direction.EQUAL:
            yield requirement.direction
        elif cell.value in (lowest, highest):
            yield Direction.AT_LEAST if cell.value == highest else Direction.AT_MOST
        else:
            yield Direction.EQUAL


def _left_out(fact: Fact, requirement: OneOf) -> tuple[str, ...]:
    """The categories above one that passes that do not pass themselves."""
    lowest = min(fact.values.index(value) for value in requirement.values)
    return tuple(value for value in fact.values[lowest:] if value not in requirement.values)


def _leaving_out(ruleset: Ruleset) -> Iterator[Finding]:
    for leaf in (leaf for indicator in ruleset.indicators for leaf in leaves(indicator)):
        requirement = leaf.requirement
        fact = ruleset.catalogue.facts[requirement.fact] if isinstance(requirement, OneOf) else None
        if isinstance(requirement, OneOf) and fact is not None and (better := _left_out(fact, requirement)):
            passing, failing = " | ".join(requirement.values), " | ".join(better)
            message = Text(
                f"{leaf.id}: {fact.key} đạt ở {passing} mà không đạt ở bậc cao hơn {failing}; nếu thấp hơn là tốt, viết at_most",
                f"{leaf.id}: {fact.key} passes as {passing} but not as {failing}, which is higher; where lower is better, write at_most",
            )
            yield Finding(check="monotone", message=message, ruleset=ruleset)


def _torn(ruleset: Ruleset, key: str, directions: Mapping[Direction, Clause]) -> Iterator[Finding]:
    numbers = ", ".join(f"{clause.id} ({direction.value})" for direction, clause in directions.items())
    message = Text(
        f"số liệu {key} vừa phải cao vừa phải thấp: {numbers}", f"the fact {key} has to be high and low: {numbers}"
    )
    yield Finding(check="monotone", message=message, ruleset=ruleset)


def _improving(ruleset: Ruleset, better: Mapping[str, Direction], examples: int) -> Iterator[Finding]:
    for key, direction in better.items():
        if direction is Direction.EQUAL:
            yield from _exactly(ruleset, key)
    rising = {key for key, direction in better.items() if direction is not Direction.EQUAL}
    values = {key: near for key, near in pools(ruleset).items() if key.partition(".")[0] in rising}
    if not values:
        return

    @st.composite
    def pairs(draw: st.DrawFn) -> tuple[Commune, Commune, str]:
        commune = draw(communes(ruleset))
        key = draw(st.sampled_from(sorted(values)))
        name = key.partition(".")[0]
        fact = ruleset.catalogue.facts[name]
        two = sorted((draw(st.sampled_from(values[key])) for _ in "12"), key=lambda value: measure(fact, value))
        worse, good = reversed(two) if better[name] is Direction.AT_MOST else two
        rest = {other: value for other, value in commune.given.items() if other.partition(".")[0] != name}
        return commune.replace(facts={**rest, key: worse}), commune.replace(facts={**rest, key: good}), key

    found = _first(pairs(), lambda pair: bool(_worsened(ruleset, *pair)), examples)
    if found is not None:
        before, after, key = found
        yield from _worse(ruleset, before, after, key)


def _exactly(ruleset: Ruleset, key: str) -> Iterator[Finding]:
    message = Text(
        f"{key} phải bằng đúng một mức: cao hơn hay thấp hơn đều không đạt",
        f"{key} has to be exactly one value: more fails, and so does less",
    )
    yield Finding(check="monotone", message=message, ruleset=ruleset)


def _condition_facts(clause: Clause) -> Iterator[str]:
    """The facts that say what is asked: whether there are craft villages, how many schools there are."""
    for node in nodes(clause):
        requirement = node.requirement
        if node.applies_if is not None:
            yield from requirement_facts(node.applies_if)
        if isinstance(requirement, Branch):
            yield from requirement_facts(requirement.condition)
        elif isinstance(requirement, RulesetMet):
            for indicator in requirement.ruleset.indicators:
                yield from _condition_facts(indicator)


def _worsened(ruleset: Ruleset, before: Commune, after: Commune, key: str) -> list[str]:
    """The indicators that a better fact makes worse, but for those of which it changes what is asked."""
    one, other = evaluate(ruleset, before), evaluate(ruleset, after)
    name = key.partition(".")[0]
    worse = [no for no, status in one.statuses.items() if _RANK[other.statuses[no]] < _RANK[status]]
    return [
        no
        for no in worse
        if name not in _condition_facts(ruleset.indicator(no)) or _asks_the_same(one.indicator(no), other.indicator(no))
    ]


def _asks_the_same(one: Result, other: Result) -> bool:
    asked = _asked(one)
    return asked is not None and asked == _asked(other)


def _asked(result: Result) -> Any:
    """What an indicator asks of a commune, part by part; None where another ruleset decides, of which this cannot be seen."""
    if isinstance(result.clause.requirement, RulesetMet):
        return None
    parts = [_asked(part) for part in result.parts]
    return None if None in parts else (result.id, result.status is Status.NOT_APPLICABLE, parts)


def _worse(ruleset: Ruleset, before: Commune, after: Commune, key: str) -> Iterator[Finding]:
    numbers, what = ", ".join(_worsened(ruleset, before, after, key)), f"{key} → {after.to_dict()['facts'][key]}"
    message = Text(f"số liệu tốt hơn ({what}) làm xấu đi {numbers}", f"a better fact ({what}) makes {numbers} worse")
    yield Finding(check="monotone", message=message, ruleset=ruleset, witness=after)


def _forgetting(ruleset: Ruleset, examples: int) -> Iterator[Finding]:
    @st.composite
    def less(draw: st.DrawFn) -> tuple[Commune, str]:
        commune = draw(communes(ruleset).filter(lambda each: bool(each.given)))
        return commune, draw(st.sampled_from(sorted(commune.given)))

    found = _first(less(), lambda pair: bool(_decided_without(ruleset, *pair)), examples) if pools(ruleset) else None
    if found is not None:
        commune, key = found
        numbers = ", ".join(_decided_without(ruleset, commune, key))
        message = Text(
            f"thiếu số liệu {key} lại kết luận được {numbers}", f"without the fact {key} {numbers} are decided"
        )
        yield Finding(check="monotone", message=message, ruleset=ruleset, witness=commune)


def _decided_without(ruleset: Ruleset, commune: Commune, key: str) -> list[str]:
    """The indicators that are decided otherwise once a fact is not known."""
    less = commune.replace(facts={other: value for other, value in commune.given.items() if other != key})
    statuses = evaluate(ruleset, commune).statuses
    return [
        number
        for number, status in evaluate(ruleset, less).statuses.items()
        if status is not statuses[number] and status is not Status.UNDETERMINED
    ]


# -- every cell, one by one


def _views(ruleset: Ruleset, clause: Clause) -> Iterator[View]:
    """Every column that asks a clause, and every year its table tells apart."""
    rows = {year for leaf in leaves(clause) for year in _rows(leaf.requirement)}
    usual = [year for year in years(ruleset) if year in rows] or years(ruleset)[-2:-1]
    for place in _places(ruleset):
        for year in usual:
            view = View(ruleset, attrs.evolve(place, year=year))
            if outcomes(clause, view) != {Outcome.LAPSED}:
                yield view


def _places(ruleset: Ruleset) -> Iterator[Place]:
    """A place for every column: a region of its own, or the zone whose communes a rule sends there."""
    own, special = regions(ruleset), ruleset.special_communes
    for region in own[: 1 if ruleset.columns == ("common",) else None]:
        yield Place(region=region)
    if special is not None and special.zones and special.column not in own:
        yield Place(region=own[0], zones=(special.zones[0],))


def _rows(requirement: Requirement) -> set[int]:
    if isinstance(requirement, (Comparison, OneOf)):
        return {year for year in requirement.threshold.rows if year is not None}
    return set()


def boundary_exact(ruleset: Ruleset, examples: int = EXAMPLES) -> Iterator[Finding]:  # noqa: ARG001 - nothing is left to chance
    """On each threshold, one unit and one person to either side, both engines decide as the cell says, in every form of number.

    A cell of a part that decides nothing, whatever stands beside it, cannot be tried, and is noted.
    """
    for indicator in ruleset.indicators:
        for leaf in leaves(indicator):
            idle: dict[tuple[Wanted, ...], list[View]] = {}
            for view in _views(ruleset, indicator):
                if isinstance(leaf.requirement, (Comparison, FactComparison, OneOf)) and can_count(
                    indicator, leaf, view
                ):
                    found = {wanted: decides_with(indicator, leaf, view, wanted) for wanted in _WANTED}
                    yield from _around(indicator, leaf, view, found.values())
                    idle.setdefault(tuple(wanted for wanted, way in found.items() if way is None), []).append(view)
            if leaf is not indicator:  # of what decides alone, can-decide says it
                yield from (_idle(leaf, never, views) for never, views in idle.items() if never)


def _idle(leaf: Clause, never: tuple[Wanted, ...], views: Sequence[View]) -> Finding:
    where = ", ".join(dict.fromkeys(" ".join(map(str, (view.column, view.place.year))) for view in views))
    words: dict[tuple[Wanted, ...], Text] = {
        (Wanted.MISSING,): Text("chỉ có thể đạt ở chỗ nó quyết định", "can only be met where it would decide"),
        (Wanted.MET,): Text("chỉ có thể chưa đạt ở chỗ nó quyết định", "can only be missing where it would decide"),
    }
    said = words.get(never, Text("không bao giờ quyết định", "never decides"))
    message = Text(f"ô của {leaf.id} ({where}) {said.vi}", f"the cell of {leaf.id} ({where}) {said.en}")
    return Finding(check="boundary-exact", message=message, severity="note", ruleset=views[0].ruleset)


def _around(
    indicator: Clause, leaf: Clause, view: View, ways: Iterable[tuple[Sketch, Outcome] | None]
) -> Iterator[Finding]:
    for sketch, outcome in (way for way in ways if way is not None):
        status = Status(outcome.value)
        for commune in _each(view, leaf, sketch):
            assessment = evaluate(view.ruleset, commune)
            judged = {assessment.statuses[indicator.id], assessment.indicator(indicator.id).status}
            if judged != {status}:
                yield _inexact(indicator, leaf, view, assessment, status)
                return


def _each(view: View, leaf: Clause, sketch: Sketch) -> Iterator[Commune]:
    """A commune for each value, in each of its forms, that the facts of a leaf may have."""
    values, place = sketch.values(), view.place
    facts = {key: allowed[0] for key, allowed in values.items()}
    requirement = leaf.requirement
    assert isinstance(requirement, (Comparison, FactComparison, OneOf))
    for key in (key for key in values if key.partition(".")[0] == requirement.fact):
        for value in values[key]:
            for form in forms_of(value) if isinstance(value, Decimal) else [value]:
                yield Commune(region=place.region, zone=place.zones, year=place.year, facts=facts | {key: form})


def _inexact(indicator: Clause, leaf: Clause, view: View, assessment: Assessment, status: Status) -> Finding:
    where, said = f"{leaf.id}, {view.column}, {view.place.year}", assessment.indicator(indicator.id)
    compiled = assessment.statuses[indicator.id].value
    message = Text(
        f"{where}: theo ô trong bảng là {status.value}, xét ra {compiled} / {said.status.value}. {said.explain('vi')}",
        f"{where}: {status.value} by the cell of the table, judged {compiled} / {said.status.value}. {said.explain('en')}",
    )
    return Finding(check="boundary-exact", message=message, ruleset=view.ruleset, witness=assessment.commune)


# -- every indicator can decide


def can_decide(ruleset: Ruleset, examples: int = EXAMPLES) -> Iterator[Finding]:  # noqa: ARG001
    """Where its threshold is set, some commune meets an indicator and some misses it; who must set the others is noted.

    The same of the conditions of recognition and of the prerequisites.
    """
    lacking: dict[SetBy, list[str]] = {}
    for indicator in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites):
        views = list(_views(ruleset, indicator))
        found = {view: _decided(indicator, view) for view in views}
        open_ = [view for view, (_, lacks) in found.items() if lacks]
        if open_:
            columns = dict.fromkeys(view.column for view in open_)
            some = f" ({', '.join(columns)})" if len(open_) < len(views) else ""
            lacking.setdefault(_setter(indicator, open_[0]), []).append(f"{indicator.id}{some}")
        stuck = ((view, never) for view, (never, _) in found.items() if never)
        yield from (_stuck(indicator, view, never) for view, never in itertools.islice(stuck, 1))
    for setter, numbers in lacking.items():
        who = _SETTERS[setter]
        listed = ", ".join(numbers)
        message = Text(
            f"chưa có mức, {who.vi} phải quy định: {listed}", f"no threshold, to be set by {who.en}: {listed}"
        )
        yield Finding(check="can-decide", message=message, severity="note", ruleset=ruleset)


def _decided(clause: Clause, view: View) -> tuple[list[Wanted], list[Wanted]]:
    """What no facts make of a clause, met or missing; and what they cannot only for want of a threshold."""
    stuck: list[Wanted] = []
    lacking: list[Wanted] = []
    for wanted in (Wanted.MET, Wanted.MISSING):
        if reach([Goal(clause, wanted, view)]) is None:
            open_ = Outcome.OPEN in outcomes(clause, view) and reach([Goal(clause, wanted, view, lenient=True)])
            (lacking if open_ else stuck).append(wanted)
    return stuck, lacking


_SETTERS = {
    SetBy.NATIONAL: Text("trung ương", "the national text"),
    SetBy.PROVINCE: Text("UBND cấp tỉnh", "the province"),
    SetBy.MINISTRY: Text("bộ, ngành", "a ministry"),
    SetBy.UNCLEAR: Text("cấp chưa rõ", "whom is not clear"),
}


def _setter(indicator: Clause, view: View) -> SetBy:
    """Who sets the first threshold that is lacking."""
    lacking = (leaf for leaf in leaves(indicator) if Outcome.OPEN in outcomes(leaf, view))
    return next(lacking, indicator).set_by


def _stuck(clause: Clause, view: View, never: Sequence[Wanted]) -> Finding:
    where = f"{clause.id} ({view.column}, {view.place.year})"
    vi, en = (" / ".join(_WANTED[wanted].in_(lang) for wanted in never) for lang in ("vi", "en"))
    message = Text(f"không số liệu nào làm {where} {vi}", f"no facts make {where} {en}")
    return Finding(check="can-decide", message=message, ruleset=view.ruleset)


_WANTED = {Wanted.MET: Text("đạt", "met"), Wanted.MISSING: Text("chưa đạt", "missing")}


# -- every column can be reached


def columns_reachable(ruleset: Ruleset, examples: int = EXAMPLES) -> Iterator[Finding]:  # noqa: ARG001
    """Some commune is judged by every column, and every region has one."""
    if ruleset.columns == ("common",):
        return
    known = ruleset.catalogue.regions
    special = ruleset.special_communes
    reached = {region for region in known if region in ruleset.columns} | ({special.column} if special else set())
    for column in ruleset.columns:
        if column not in reached:
            message = Text(f"không xã nào được xét theo cột {column}", f"no commune is judged by the column {column}")
            yield Finding(check="columns-reachable", message=message, ruleset=ruleset)
    for region in known:
        if region not in ruleset.columns:
            message = Text(f"vùng {region} không có cột", f"the region {region} has no column")
            yield Finding(check="columns-reachable", message=message, ruleset=ruleset, witness=Commune(region=region))


CHECKS: Mapping[str, Check] = {
    "total": total,
    "monotone": monotone,
    "boundary-exact": boundary_exact,
    "can-decide": can_decide,
    "columns-reachable": columns_reachable,
    "layers-commute": layers_commute,
}
