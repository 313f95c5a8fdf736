"""A ruleset at one place as formulas over the facts of a commune, for z3: exact rationals, never a float.

A clause becomes three formulas: when it is met, missing, not applicable. What holds with ANY values of the thresholds that are not
known, each a constant of its own, holds whatever they are. A witness passes clauses that SURE values cannot fail, and misses
those that the engine has KNOWN to be missing.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import attrs
import z3

from ntm_rules.changes.places import Place, parts_of, table_of, tops
from ntm_rules.model.checking import fact_named
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    SetBy,
    Unstated,
    never,
)
from ntm_rules.model.ruleset import Catalogue, Ruleset
from ntm_rules.model.text import Text

__all__ = ["Facts", "Outcomes", "Reading", "Spot", "Term", "all_of", "any_of", "negation", "outcomes_of", "reach_of"]

# A formula; a plain bool where no fact decides, so that what is always so never reaches the solver.
Term: TypeAlias = "bool | z3.BoolRef"
Number: TypeAlias = Any  # a z3 term of a number; z3 has no types of its own worth naming


def all_of(terms: Iterable[Term]) -> Term:
    """The conjunction, without what is always true."""
    kept = [term for term in terms if term is not True]
    if any(term is False for term in kept):
        return False
    return True if not kept else kept[0] if len(kept) == 1 else z3.And(kept)


def any_of(terms: Iterable[Term]) -> Term:
    """The disjunction, without what is always false."""
    kept = [term for term in terms if term is not False]
    if any(term is True for term in kept):
        return True
    return False if not kept else kept[0] if len(kept) == 1 else z3.Or(kept)


def negation(term: Term) -> Term:
    """The opposite; of an opposite, the term itself, so that equal requirements become equal terms."""
    if isinstance(term, bool):
        return not term
    return term.arg(0) if z3.is_not(term) else z3.Not(term)


def _at_least(needed: int, terms: list[Term]) -> Term:
    """At least so many of the terms."""
    sure = sum(term is True for term in terms)
    open_ = [term for term in terms if not isinstance(term, bool)]
    if sure >= needed:
        return True
    if sure + len(open_) < needed:
        return False
    if needed - sure == 1:
        return any_of(open_)
    if needed - sure == len(open_):
        return all_of(open_)
    return z3.PbGe([(term, 1) for term in open_], needed - sure)


# -- the facts


class Reading(enum.Enum):
    """How formulas take a threshold that is not known.

    ANY: it has some value, a constant of its own, so that of the outcomes of a clause exactly one is so. SURE: every outcome that
    some value leads to may be so, more than one at a time. KNOWN: an outcome is so where the engine says it, else none is.
    """

    ANY = "any"
    SURE = "sure"
    KNOWN = "known"


Reach: TypeAlias = Mapping[str, tuple[Decimal, Decimal] | None]


def reach_of(rulesets: Iterable[Ruleset]) -> Reach:
    """For each fact, the least and greatest threshold that any column or year sets; None where facts are held against facts."""
    found: dict[str, tuple[Decimal, Decimal] | None] = {}
    for requirement in (held for ruleset in rulesets for clause in tops(ruleset) for _, held in parts_of(clause)):
        if isinstance(requirement, FactComparison):
            found |= {requirement.fact: None, requirement.other: None}
        elif isinstance(requirement, Comparison):
            values = [cell.value for *_, cell in requirement.threshold.cells() if isinstance(cell.value, Decimal)]
            known = found.get(requirement.fact, (Decimal(0), Decimal(0)))
            if known is not None:
                found[requirement.fact] = min(*values, *known), max(*values, *known)
    return found


class Facts:
    """The facts of a commune, and the thresholds that are not known, as unknowns within the catalogue's bounds."""

    def __init__(self, reach: Reach) -> None:
        self.context = z3.Context()  # of its own: z3's shared one is not safe to use from several threads
        self.terms: dict[str, Any] = {}
        self.known: dict[str, Fact] = {}
        self.stated: dict[Any, Term] = {}
        self.limits: list[z3.BoolRef] = []
        self._reach = reach

    def term(self, catalogue: Catalogue, key: str) -> Any:
        """The unknown of a fact; NtmRulesError where two rulebooks mean different things by its key."""
        fact = fact_named(catalogue, key)
        assert fact is not None
        if key not in self.terms:
            self.known[key] = fact
            self.terms[key] = self._unknown(key, fact)
            if fact.by_sex:
                self._total_between(fact.key)
        elif _measure(self.known[key]) != _measure(fact):
            raise NtmRulesError([_two_meanings(key)])
        return self.terms[key]

    def threshold(self, name: str, fact: Fact) -> Number:
        """A threshold that is not known, as a constant; the same name is the same threshold."""
        if name not in self.terms:
            self.terms[name] = self._unknown(name, fact)
        return self.terms[name]

    def content(self, name: str) -> Term:
        """Whether content that is not known is met, as a constant; the same name is the same content."""
        return z3.Bool(name, self.context)

    def _unknown(self, name: str, fact: Fact) -> Any:
        if fact.kind is FactKind.BOOLEAN:
            return z3.Bool(name, self.context)
        low, high = fact.low, fact.high
        if fact.kind is FactKind.CATEGORY:
            low, high = Decimal(0), Decimal(len(fact.values) - 1)
        whole = fact.kind in (FactKind.CATEGORY, FactKind.COUNT)
        unknown = z3.Int(name, self.context) if whole else z3.Real(name, self.context)
        self.limits += [] if low is None else [unknown >= self.number(low)]
        self.limits += [] if high is None else [unknown <= self.number(high)]
        return unknown

    def _total_between(self, key: str) -> None:
        """A total lies between men and women."""
        total, male, female = (self.terms.get(name) for name in (key, *(f"{key}.{sex}" for sex in SEXES)))
        if total is not None and male is not None and female is not None:
            self.limits += [z3.Or(total >= male, total >= female), z3.Or(total <= male, total <= female)]

    def number(self, value: Decimal | int) -> Number:
        """An exact number."""
        if value == int(value):
            return z3.IntVal(int(value), self.context)
        return z3.RealVal(format(value, "f"), self.context)

    def best(self, fact: Fact, direction: Direction) -> Decimal | None:
        """A value that meets whatever threshold is set, or None where there is none.

        Where a fact has no bound any threshold can be met all the same: what is asked of a value beyond all known thresholds
        is asked of every greater one, so that one stands for all.
        """
        if direction is Direction.EQUAL or fact.kind is FactKind.BOOLEAN:
            return None
        up = direction is Direction.AT_LEAST
        if fact.kind is FactKind.CATEGORY:
            return Decimal(len(fact.values) - 1 if up else 0)
        bound = fact.high if up else fact.low
        reach = self._reach.get(fact.key)
        if bound is not None or reach is None:
            return bound
        return Decimal(int(reach[1]) + 1 if up else int(reach[0]) - 1)


def _measure(fact: Fact) -> tuple[Any, ...]:
    return fact.kind, fact.values, fact.low, fact.high


def _two_meanings(key: str) -> Problem:
    return Problem(
        code="two_meanings",
        key=key,
        message=Text(
            "hai bộ quy tắc hiểu số liệu này khác nhau", "the two rulebooks mean different things by this fact"
        ),
    )


# -- clauses


@attrs.frozen(slots=True)
class Outcomes:
    """When a clause is met, is missing, and is not applicable; see `Reading` for what each formula says.

    `passed` is that it is surely not missing.
    """

    met: Term
    missing: Term
    idle: Term = False
    passed: Term = attrs.field(init=False)

    @passed.default
    def _passed(self) -> Term:
        return negation(self.missing)


_MET, _IDLE, _UNDECIDED = Outcomes(True, False), Outcomes(False, False, True), Outcomes(False, False)


def _decided(met: Term) -> Outcomes:
    return Outcomes(met, negation(met))


@attrs.frozen(slots=True, kw_only=True)
class Spot:
    """Where and how a clause is read.

    `path` leads to it through the ruleset, by the numbers and letters of clauses. `apart` tells its cells from those of other
    texts that judge the same place: by column or province, where these differ. `citation` is that of the nearest clause
    that has one; `conditional` is true within a condition; `free` reads what is left to the province as asking nothing.
    `clauses_of` gives the outcomes of another ruleset's clauses at the same place.
    """

    facts: Facts
    ruleset: Ruleset
    place: Place
    column: str
    reading: Reading
    clauses_of: Callable[[Ruleset], list[Outcomes]]
    path: tuple[str, ...]
    apart: tuple[str, ...] = ()
    free: bool = False
    clause: Clause | None = None
    citation: str = ""
    conditional: bool = False

    def cell(self, requirement: Requirement) -> Cell | None:
        """The cell of the place; None where the year has no row."""
        table = table_of(requirement)
        return table.cell(self.column, self.place.year) if table is not None else None

    def within(self, step: str) -> Spot:
        """The spot a step further on; no two parts of a clause are reached by the same steps."""
        return attrs.evolve(self, path=(*self.path, step))

    def name(self, requirement: Requirement) -> str:
        """The name of what is not known here: the same where two texts leave the same cell of the same decision open.

        Only the same path of the same ruleset, by the same citation, leads to the same cell: what cannot be told to be the same is
        not. A citation that changed says that another text sets the threshold now. Places are asked about one at a time, so that
        a name need not say which.
        """
        assert self.clause is not None
        table = table_of(requirement)
        by_year = table is not None and table.varies_by_year
        # Of content that is not stated the label says all there is; the rest of a clause may be put in other words.
        label = self.clause.label.vi if isinstance(requirement, Unstated) else ""
        held = (type(requirement).__name__, *_held_against(requirement), by_year, label)
        return "?" + repr((self.ruleset.id, self.apart, self.path, self.citation, held))

    def left_open(self, requirement: Requirement) -> bool:
        """Whether the content of a requirement is left to the province, and read as asking nothing."""
        cell = self.cell(requirement)
        delegated = cell is not None and cell.state is CellState.DELEGATED
        by_province = isinstance(requirement, Unstated) and requirement.set_by is SetBy.PROVINCE
        return self.free and not self.conditional and (delegated or by_province)


def _held_against(requirement: Requirement) -> Iterator[object]:
    """What is held against a threshold, and how."""
    if isinstance(requirement, Comparison):
        relation = requirement.relation
        yield from (requirement.fact, requirement.direction.value, requirement.both_sexes)
        yield relation and (relation.ruleset, relation.indicator, relation.factor, relation.base_citation)
    elif isinstance(requirement, FactComparison):
        yield from (requirement.fact, requirement.direction.value, requirement.other)
    elif isinstance(requirement, OneOf):
        yield from (requirement.fact, requirement.values)
    elif isinstance(requirement, RulesetMet):
        yield requirement.ruleset.id
    elif isinstance(requirement, Unstated):
        yield requirement.set_by.value


def outcomes_of(clause: Clause, spot: Spot) -> Outcomes:
    """What the facts allow a clause to be, at a spot."""
    spot = attrs.evolve(spot, clause=clause, path=(*spot.path, clause.id), citation=clause.citation or spot.citation)
    if clause.columns is not None and spot.column not in clause.columns:
        return _IDLE
    found = _requirement(clause.requirement, spot)
    if clause.applies_if is None:
        return found
    asked = _condition(clause.applies_if, spot.within("applies_if"))
    return Outcomes(
        all_of([asked.met, found.met]),
        all_of([asked.met, found.missing]),
        any_of([asked.missing, all_of([asked.met, found.idle])]),
    )


def _condition(requirement: Requirement, spot: Spot) -> Outcomes:
    """Whether a condition holds: one of which nothing is asked does."""
    found = _requirement(requirement, attrs.evolve(spot, conditional=True))
    return Outcomes(any_of([found.met, found.idle]), found.missing)


def _requirement(requirement: Requirement, spot: Spot) -> Outcomes:
    if isinstance(requirement, Combination):
        return _combination(requirement, spot)
    if isinstance(requirement, Branch):
        return _branch(requirement, spot)
    if spot.left_open(requirement):
        return _MET
    if isinstance(requirement, Unstated):
        return _content(requirement, spot)
    cell = spot.cell(requirement)
    known = cell.value if cell is not None and cell.state is CellState.SET else None
    if isinstance(requirement, Comparison):
        return _open(requirement, spot) if known is None else _known(requirement, known, spot)
    if isinstance(requirement, FactComparison):
        return _fact_comparison(requirement, known, spot)
    if isinstance(requirement, OneOf):
        return _content(requirement, spot) if known is None else _one_of(requirement, spot)
    if isinstance(requirement, RulesetMet):
        return _content(requirement, spot) if known is None else _standing(requirement.ruleset, spot)
    return never(requirement)


def _content(requirement: Requirement, spot: Spot) -> Outcomes:
    """Content that is not known: only the agency responsible can say that it is met, and it says nothing of conditions."""
    if spot.reading is Reading.ANY:
        return _decided(spot.facts.content(spot.name(requirement)))
    return Outcomes(True, spot.conditional) if spot.reading is Reading.SURE else _UNDECIDED


def _terms(requirement: Comparison, spot: Spot) -> list[Any]:
    """The facts that a comparison holds against its threshold: one, or those of men and of women."""
    keys = [f"{requirement.fact}.{sex}" for sex in SEXES] if requirement.both_sexes else [requirement.fact]
    return [spot.facts.term(spot.ruleset.catalogue, key) for key in keys]


def _held(direction: Direction, left: Number, right: Number) -> Term:
    term: Term = left >= right if direction is Direction.AT_LEAST else left <= right
    return left == right if direction is Direction.EQUAL else term


def _known(requirement: Comparison, value: Decimal | bool | str, spot: Spot) -> Outcomes:
    """A fact against a known threshold."""
    terms = _terms(requirement, spot)
    if isinstance(value, bool):
        return _decided(terms[0] if value else negation(terms[0]))
    if isinstance(value, str):
        fact = fact_named(spot.ruleset.catalogue, requirement.fact)
        assert fact is not None
        value = Decimal(fact.values.index(value))
    threshold = spot.facts.number(value)
    return _decided(all_of([_held(requirement.direction, term, threshold) for term in terms]))


def _open(requirement: Comparison, spot: Spot) -> Outcomes:
    """A fact against a threshold that is not known."""
    terms, fact = _terms(requirement, spot), fact_named(spot.ruleset.catalogue, requirement.fact)
    assert fact is not None
    if fact.kind is FactKind.BOOLEAN:
        return _content(requirement, spot)
    if spot.reading is Reading.ANY:
        threshold = spot.facts.threshold(spot.name(requirement), fact)
        return _decided(all_of([_held(requirement.direction, term, threshold) for term in terms]))
    if spot.reading is Reading.KNOWN:
        return _UNDECIDED
    best = spot.facts.best(fact, requirement.direction)
    if best is None:
        return Outcomes(True, True)
    reached = [_held(requirement.direction, term, spot.facts.number(best)) for term in terms]
    return Outcomes(True, negation(all_of(reached)))


def _fact_comparison(requirement: FactComparison, factor: Any, spot: Spot) -> Outcomes:
    """A fact against a multiple of another. Of a factor that is not known, only whether it holds is left open: a product of two
    unknowns might never be decided.
    """
    fact, other = (spot.facts.term(spot.ruleset.catalogue, key) for key in (requirement.fact, requirement.other))
    if factor is not None:
        times = z3.RealVal(format(factor, "f"), spot.facts.context)
        return _decided(_held(requirement.direction, fact, other * times))
    if spot.reading is Reading.ANY:
        return _decided(spot.facts.content(spot.name(requirement)))
    return Outcomes(True, True) if spot.reading is Reading.SURE else _UNDECIDED


def _one_of(requirement: OneOf, spot: Spot) -> Outcomes:
    fact, term = (
        fact_named(spot.ruleset.catalogue, requirement.fact),
        spot.facts.term(spot.ruleset.catalogue, requirement.fact),
    )
    assert fact is not None
    ranks = sorted({fact.values.index(value) for value in requirement.values})
    return _decided(any_of([term == spot.facts.number(rank) for rank in ranks]))


def _combination(requirement: Combination, spot: Spot) -> Outcomes:
    parts = [outcomes_of(part, spot) for part in requirement.parts]
    idle = all_of([part.idle for part in parts])
    if requirement.needed == len(parts):
        passed = all_of([any_of([part.met, part.idle]) for part in parts])
        met = all_of([passed, any_of([part.met for part in parts])])
        return Outcomes(met, any_of([part.missing for part in parts]), idle)
    too_few = _may_be_too_few if spot.reading is Reading.SURE else _too_few
    met = _at_least(requirement.needed, [part.met for part in parts])
    return Outcomes(met, too_few(requirement.needed, parts), idle)


def _too_few(needed: int, parts: list[Outcomes]) -> Term:
    """So many parts are missing or not asked that too few are left; where none is decided, all of them may yet not apply."""
    out = [any_of([part.missing, part.idle]) for part in parts]
    decided = any_of([term for part in parts for term in (part.met, part.missing)])
    return all_of([_at_least(len(parts) - needed + 1, out), decided])


def _may_be_too_few(needed: int, parts: list[Outcomes]) -> Term:
    """Something may be asked, and fewer parts than needed may be met."""
    surely = [negation(any_of([part.missing, part.idle])) for part in parts]
    asked = [part.missing for part in parts] + surely
    if needed > 1:
        asked += [part.met for part in parts]
    return all_of([negation(_at_least(needed, surely)), any_of(asked)])


def _branch(requirement: Branch, spot: Spot) -> Outcomes:
    condition = _condition(requirement.condition, spot.within("condition"))
    then = outcomes_of(requirement.then, spot.within("then"))
    otherwise = outcomes_of(requirement.otherwise, spot.within("otherwise"))

    def either(one: Term, other: Term) -> Term:
        chosen = [all_of([condition.met, one]), all_of([condition.missing, other])]
        # Where the condition is not known, both parts may still agree.
        return any_of([*chosen, all_of([one, other])] if spot.reading is Reading.KNOWN else chosen)

    return Outcomes(
        either(then.met, otherwise.met), either(then.missing, otherwise.missing), either(then.idle, otherwise.idle)
    )


def _standing(ruleset: Ruleset, spot: Spot) -> Outcomes:
    """Another ruleset's verdict and prerequisites; one of which not all criteria are known has content that is not known."""
    asked = list(spot.clauses_of(ruleset))
    if not ruleset.complete:
        rest = attrs.evolve(spot, ruleset=ruleset, path=("rest", ruleset.content_hash), apart=(), citation="")
        asked.append(_content(Unstated(SetBy.UNCLEAR), rest))
    met = all_of([any_of([clause.met, clause.idle]) for clause in asked])
    return Outcomes(met, any_of([clause.missing for clause in asked]))
