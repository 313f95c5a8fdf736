"""A commune that shows something about rulesets: as plain as can be, and confirmed by the engine before anybody sees it."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import attrs
import z3

from ntm_rules.changes.encoding import Facts, Reading, Term, any_of, negation
from ntm_rules.changes.places import Place, involved, parts_of, table_of, tops
from ntm_rules.changes.solving import Solver
from ntm_rules.engine import native
from ntm_rules.model.assessment import Assessment, Status
from ntm_rules.model.checking import fact_named
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import (
    Cell,
    CellState,
    Clause,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    RulesetMet,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.values import FactValue, Ratio, to_decimal, trimmed

__all__ = ["Case", "Part", "Values", "Witness", "find_witness", "passed", "plain_values", "seen_by", "terms_of"]

Values: TypeAlias = dict[str, FactValue]


@attrs.frozen(slots=True)
class Part:
    """Clauses of a ruleset. To pass an `asked` part is to meet its clauses: one that does not apply is not enough."""

    ruleset: Ruleset
    clauses: tuple[Clause, ...]
    asked: bool = False


@attrs.frozen(slots=True)
class Case:
    """What a commune is looked for that does: pass all the clauses of some parts, and miss one of another.

    `free` reads what is left to the province, in the part that is missed, as asking nothing.
    """

    passes: tuple[Part, ...]
    misses: Part | None = None
    free: bool = False


@attrs.frozen(slots=True)
class Witness:
    """A commune, what it misses of the part that it was to miss, and the facts in which it is not plain."""

    commune: Commune
    missing: tuple[str, ...]
    changed: tuple[str, ...]


# -- formulas


def terms_of(case: Case, solver: Solver, place: Place, reading: Reading) -> list[Term]:
    """What is true together where a commune of a place does what a case asks, with ANY thresholds or SURE whatever they are."""
    terms = [term for part in case.passes for term in passed(part, solver, place, reading)]
    if case.misses is None:
        return terms
    part = case.misses
    known = {term.get_id() for term in terms if not isinstance(term, bool)}
    seen = Reading.KNOWN if reading is Reading.SURE else reading
    found = [solver.outcomes(part.ruleset, clause, place, seen, free=case.free) for clause in part.clauses]
    # What the case has the commune pass, it cannot miss: most clauses of two texts are the same, and need no solver.
    return [*terms, any_of([each.missing for each in found if not _among(each.passed, known)])]


def _among(term: Term, known: set[int]) -> bool:
    return not isinstance(term, bool) and term.get_id() in known


def passed(part: Part, solver: Solver, place: Place, reading: Reading) -> list[Term]:
    """What is true together of a commune that passes a part."""
    found = [solver.outcomes(part.ruleset, clause, place, reading) for clause in part.clauses]
    asked = [negation(each.idle) for each in found] if part.asked else []
    return [*asked, *(each.passed for each in found)]


# -- what a plain commune would report


@attrs.frozen(slots=True)
class _Mark:
    """A threshold that a fact is held against at a place: None where it is not known."""

    direction: Direction
    value: FactValue | None


Marks: TypeAlias = Mapping[str, Sequence[_Mark]]


def _marks(rulesets: Iterable[Ruleset], place: Place) -> dict[str, list[_Mark]]:
    """Every fact that the rulesets name, by sex where it is asked so, with the thresholds it is held against."""
    found: dict[str, list[_Mark]] = {}
    for ruleset in rulesets:
        column = ruleset.column_for(place.region, place.zones)
        for _, requirement in (part for clause in tops(ruleset) for part in parts_of(clause)):
            table = table_of(requirement)
            cell = table.cell(column, place.year) if table is not None else None
            if isinstance(requirement, Comparison):
                sexes = [f"{requirement.fact}.{sex}" for sex in SEXES] if requirement.both_sexes else [requirement.fact]
                for key in sexes:
                    found.setdefault(key, []).append(_Mark(requirement.direction, _value(cell)))
            elif isinstance(requirement, OneOf):
                found.setdefault(requirement.fact, []).extend(_Mark(Direction.EQUAL, v) for v in requirement.values)
            elif isinstance(requirement, FactComparison):
                found.setdefault(requirement.fact, [])
                found.setdefault(requirement.other, [])
    return found


def _value(cell: Cell | None) -> FactValue | None:
    return cell.value if cell is not None and cell.state is CellState.SET else None


def _plain(facts: Facts, key: str, marks: Sequence[_Mark]) -> FactValue:
    """What a commune reports that meets the strictest threshold and no more: booleans true, an open threshold met for sure."""
    fact = facts.known[key]
    if fact.kind is FactKind.BOOLEAN:
        return True
    if fact.kind is FactKind.CATEGORY:
        return fact.values[int(_strictest(facts, fact, marks))]
    return _strictest(facts, fact, marks)


def _strictest(facts: Facts, fact: Fact, marks: Sequence[_Mark]) -> Decimal:
    wanted = {direction: _asked(facts, fact, direction, marks) for direction in Direction}
    if wanted[Direction.EQUAL]:
        return wanted[Direction.EQUAL][0]
    if wanted[Direction.AT_LEAST]:
        return max(wanted[Direction.AT_LEAST])
    return min(wanted[Direction.AT_MOST], default=fact.low if fact.low is not None else Decimal(0))


def _asked(facts: Facts, fact: Fact, direction: Direction, marks: Sequence[_Mark]) -> list[Decimal]:
    """The thresholds of a direction, as numbers; the best that can be where one is not known."""
    best = facts.best(fact, direction)
    found = [
        _rank(fact, mark.value) if mark.value is not None else best for mark in marks if mark.direction is direction
    ]
    return [value for value in found if value is not None]


def _rank(fact: Fact, value: FactValue) -> Decimal:
    if isinstance(value, str):
        return Decimal(fact.values.index(value))
    assert isinstance(value, Decimal)
    return value


def _candidates(fact: Fact, marks: Sequence[_Mark], plain: FactValue) -> Iterator[FactValue]:
    """Values worth trying where the plain one does not do: thresholds, one step beside them, the bounds."""
    if fact.kind is FactKind.BOOLEAN:
        yield not plain
    elif fact.kind is FactKind.CATEGORY:
        yield from sorted(fact.values, key=lambda value: abs(fact.values.index(value) - fact.values.index(str(plain))))
    else:
        known = [mark.value for mark in marks if isinstance(mark.value, Decimal)]
        yield from known
        for value in known:
            step = Decimal(1) if fact.kind is FactKind.COUNT else _step(value)
            yield from (value - step, value + step)
        yield from (bound for bound in (fact.low, fact.high) if bound is not None)


def _step(value: Decimal) -> Decimal:
    """One unit of the digit after the last one of a threshold."""
    exponent = trimmed(value).as_tuple().exponent
    return Decimal((0, (1,), min(int(exponent), 0) - 1))


# -- the commune nearest to a plain one


def nearest_values(
    solver: Solver, goal: Sequence[Term], plain: Values, marks: Marks, *, decided_by: Collection[str] | None = None
) -> Values | None:
    """Values that meet a goal and differ from plain ones in as few facts as can be; None where nothing meets it.

    `decided_by` names the facts that the goal is about (None: any): the others keep their plain values, and the solver is not
    asked about them.
    """
    facts = solver.facts
    kept = {key: _is(facts, key, plain[key]) for key in plain if decided_by is None or key in decided_by}
    changed = _fewest_changes(solver, goal, kept)
    if changed is None:
        return None
    values = _let_go(solver, goal, kept, plain, marks, changed)
    if values is None:
        # A multiple of a plain value may be a number without end: what it is held against is let go too.
        tied = {key for pair in solver.multiples if changed & set(pair) for key in pair if key in kept}
        values = _let_go(solver, goal, kept, plain, marks, changed, tied - changed) if tied - changed else None
    return values


def _let_go(
    solver: Solver,
    goal: Sequence[Term],
    kept: Mapping[str, Term],
    plain: Values,
    marks: Marks,
    changed: AbstractSet[str],
    tied: AbstractSet[str] = frozenset(),
) -> Values | None:
    """Plain values but for what is changed, and for what is tied to it where it must be; None where a fact has no value to write."""
    facts = solver.facts
    held = [*goal, *(term for key, term in kept.items() if key not in changed | tied)]
    values = dict(plain)
    for key in _multiplied_first(sorted(changed | tied, key=list(plain).index), solver.multiples):
        own = [plain[key]] if key in tied else []
        found = _settled(solver, held, key, [*own, *_candidates(facts.known[key], marks[key], plain[key])])
        if found is None:
            return None
        values[key] = found
        held.append(_is(facts, key, found))
    return values


def _multiplied_first(keys: Sequence[str], multiples: Sequence[tuple[str, str]]) -> list[str]:
    """Facts in such an order that what is multiplied comes before what is held against the multiple: a product has an end."""
    left, order = list(keys), []
    while left:
        free = (key for key in left if not any(fact == key and other in left for fact, other in multiples))
        order.append(next(free, left[0]))
        left.remove(order[-1])
    return order


def _is(facts: Facts, key: str, value: FactValue) -> Term:
    """That a fact has a value; made once, as plain values are asked about again and again."""
    known = facts.stated.get((key, value))
    if known is None:
        known = facts.stated[key, value] = _stated(facts, key, value)
    return known


def _stated(facts: Facts, key: str, value: FactValue) -> Term:
    term = facts.terms[key]
    if isinstance(value, bool):
        return term if value else negation(term)
    if isinstance(value, Ratio):
        numerator, denominator = value.percent_pair
        return term * facts.number(denominator) == facts.number(numerator)
    return term == facts.number(_rank(facts.known[key], value))


def _fewest_changes(solver: Solver, goal: Sequence[Term], kept: Mapping[str, Term]) -> frozenset[str] | None:
    """The fewest facts to let go of so that a goal can be: a smallest set that breaks every conflict met so far."""
    conflicts: list[frozenset[str]] = []
    while True:
        changed = _smallest_cover(conflicts)
        conflict = solver.conflict(goal, {key: term for key, term in kept.items() if key not in changed})
        if conflict is None:
            return changed
        if not conflict:
            return None
        conflicts.append(frozenset(conflict))


def _smallest_cover(conflicts: Sequence[frozenset[str]]) -> frozenset[str]:
    """The smallest set with something of every conflict; beyond three facts, a set that is small enough."""
    every = sorted(frozenset().union(*conflicts))
    for size in range(4):
        for chosen in itertools.combinations(every, size):
            if all(conflict.intersection(chosen) for conflict in conflicts):
                return frozenset(chosen)
    cover: set[str] = set()
    for conflict in conflicts:
        if not cover & conflict:
            cover.add(max(sorted(conflict), key=lambda key: sum(key in other for other in conflicts)))
    return frozenset(cover)


def _settled(solver: Solver, held: Sequence[Term], key: str, candidates: Iterable[FactValue]) -> FactValue | None:
    """A value for a fact: the first candidate that does, else a short one near the solver's own; None where it has none to write."""
    facts = solver.facts
    for value in dict.fromkeys(candidates):
        if solver.possible([*held, _is(facts, key, value)]):
            return value
    assert solver.conflict(held, {}) is None
    near = _shorter(solver.value(key), facts.known[key])
    return next((value for value in near if solver.possible([*held, _is(facts, key, value)])), None)


def _shorter(model: Any, fact: Fact) -> Iterator[FactValue]:
    """The value of a model, of numbers the shortest forms first."""
    if fact.kind is FactKind.BOOLEAN:
        yield z3.is_true(model)
        return
    if fact.kind is FactKind.CATEGORY:
        yield fact.values[model.as_long()]
        return
    share = Fraction(model.as_fraction()) if z3.is_rational_value(model) else Fraction(model.as_long())
    for places in range(13):
        scaled = share * 10**places
        # The nearest first; where it lies on the wrong side of a limit, the next one.
        for whole in dict.fromkeys((round(scaled), math.floor(scaled), math.ceil(scaled))):
            yield Decimal(f"{whole}E-{places}")
    yield to_decimal(share, places=40)
    if fact.kind is FactKind.PERCENT:
        with contextlib.suppress(ValueError):  # more digits than a fact may have
            yield Ratio(share.numerator, 100 * share.denominator)


# -- the witness


def find_witness(
    case: Case, solver: Solver, place: Place, *, plain: Values, wider: Case | None = None
) -> Witness | None:
    """A commune of a place that surely does what a case asks, confirmed by the engine; None where there is none.

    It differs from `plain` facts in as few as can be; `wider` asks for more of the commune, where that can be had.
    """
    marks = _marks(solver.rulesets, place)
    for each in (wider, case):
        if each is None or not solver.possible(goal := terms_of(each, solver, place, Reading.SURE)):
            continue
        values = nearest_values(solver, goal, plain, marks, decided_by=_deciding(each, solver, plain))
        if values is not None:
            return _confirmed(case, place, values, tuple(key for key in values if values[key] != plain[key]))
    return None


def _deciding(case: Case, solver: Solver, plain: Values) -> set[str]:
    """The facts that a case is about, and all that are given by sex: these must agree with each other."""
    parts = case.passes if case.misses is None else (*case.passes, case.misses)
    named = {key for part in parts for key in _named(part.clauses)}
    return {key for key in plain if key.partition(".")[0] in named or solver.facts.known[key].by_sex}


def _named(clauses: Iterable[Clause]) -> Iterator[str]:
    """The facts that clauses name, and those that the rulesets name which they require to be met."""
    for _, requirement in (part for clause in clauses for part in parts_of(clause)):
        if isinstance(requirement, RulesetMet):
            yield from _named(tops(requirement.ruleset))
        elif isinstance(requirement, (Comparison, OneOf, FactComparison)):
            yield requirement.fact
        if isinstance(requirement, FactComparison):
            yield requirement.other


def plain_values(solver: Solver, place: Place, *wanted: Sequence[Part]) -> Values:
    """All facts of a plain commune: one that passes, at their thresholds, the first of the wanted parts that can be passed."""
    marks = _marks(solver.rulesets, place)
    for ruleset, key in itertools.product(solver.rulesets, marks):
        if fact_named(ruleset.catalogue, key) is not None:
            solver.facts.term(ruleset.catalogue, key)
    wished = {key: _plain(solver.facts, key, marks[key]) for key in marks}
    for parts in wanted:
        goal = [term for part in parts for term in passed(part, solver, place, Reading.SURE)]
        if solver.possible(goal) and (values := nearest_values(solver, goal, wished, marks)) is not None:
            return values
    return wished


def _confirmed(case: Case, place: Place, values: Values, changed: tuple[str, ...]) -> Witness | None:
    """The witness, where the native engine says of it what the case asks."""
    commune = Commune(
        code="00000",
        name="Xã làm chứng",
        region=place.region,
        zone=place.zones or None,
        year=place.year,
        facts={key: _written(value) for key, value in values.items()},
    )
    try:
        for part in case.passes:
            commune = _attested(part, commune)
        if not all(_passes(part, commune) for part in case.passes):
            return None
        missing = () if case.misses is None else _missing(case.misses, commune)
    except NtmRulesError:
        return None
    return None if case.misses is not None and not missing else Witness(commune, missing, changed)


def _written(value: FactValue) -> Any:
    return trimmed(value) if isinstance(value, Decimal) else value


def _statuses(ruleset: Ruleset, clauses: Iterable[Clause], commune: Commune) -> dict[str, Status]:
    wanted = [clause.id for clause in clauses]
    if not wanted:
        return {}
    assessment = native.evaluate(ruleset, seen_by(ruleset, commune))
    statuses = dict(assessment.statuses)
    if not set(wanted) <= set(statuses):
        statuses |= {result.id: result.status for result in _others(assessment)}
    return {number: statuses[number] for number in wanted}


def _others(assessment: Assessment) -> Iterator[Any]:
    yield from assessment.prerequisites
    yield from assessment.conditions


def seen_by(ruleset: Ruleset, commune: Commune) -> Commune:
    """The commune with only those attested verdicts that the ruleset, and the rulesets it requires to be met, have clauses for."""
    if not commune.attested:
        return commune
    known = {f"{each.id}:{clause.id}" for each in involved(ruleset) for clause in tops(each)}
    return commune.replace(attested={key: said for key, said in commune.attested.items() if key in known})


def _attested(part: Part, commune: Commune) -> Commune:
    """The commune with the clauses attested as met that its facts leave open: known facts, thresholds that are not."""
    statuses = _statuses(part.ruleset, part.clauses, commune)
    left_open = {f"{part.ruleset.id}:{number}": True for number, s in statuses.items() if s is Status.UNDETERMINED}
    return commune.replace(attested=dict(commune.attested) | left_open) if left_open else commune


def _passes(part: Part, commune: Commune) -> bool:
    enough = (Status.MET,) if part.asked else (Status.MET, Status.NOT_APPLICABLE)
    return all(status in enough for status in _statuses(part.ruleset, part.clauses, commune).values())


def _missing(part: Part, commune: Commune) -> tuple[str, ...]:
    statuses = _statuses(part.ruleset, part.clauses, commune)
    return tuple(number for number, status in statuses.items() if status is Status.MISSING)
