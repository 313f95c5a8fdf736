"""Compiles a ruleset, for one column with the rule that chose it, year and strictness, to one straight-line Python function.

The function reads each fact once, refuses bad values, and gives every indicator a code: 0 met, 1 not applicable,
2 undetermined, 4 missing; a bitwise or of codes is a criterion's. `reference` says the same in words one can read.

Comparing a float with a threshold here is exact although both are binary: the shortest decimal form of a float and a decimal
of at most 15 digits compare as the floats nearest to them do, because rounding is monotone and keeps such decimals apart.
Longer thresholds, texts, Decimals and ratios take an exact path (docs/semantics.md, "Numbers").
"""

from __future__ import annotations

import collections
import functools
import itertools
import linecache
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import attrs

from ntm_rules.model.checking import check_facts, clean_facts, clean_value, fact_named
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import Problem
from ntm_rules.model.facts import Fact, FactKind
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    Evidence,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Unstated,
    never,
)
from ntm_rules.model.ruleset import Criterion, Ruleset, SpecialCommunes, clause_facts
from ntm_rules.model.values import PLAIN_NUMBER, FactValue, Ratio, to_decimal

__all__ = ["Codes", "Lean", "compile_clauses", "compile_judge", "judge_source"]

# Codes of the indicators, of the criteria, and of the conditions of recognition together.
Codes = tuple[tuple[int, ...], tuple[int, ...], int]
StandingOf = Callable[[Ruleset, bool, int | None, Commune], int]

_OPERATORS = {Direction.AT_LEAST: ">=", Direction.AT_MOST: "<=", Direction.EQUAL: "=="}


class Lean(NamedTuple):
    """Every number within `percent` of its threshold counts as passing it, or as failing it. Conditions on the commune stay as they are."""

    percent: Decimal
    passing: bool

    def around(self, threshold: Decimal) -> tuple[Decimal, Decimal]:
        """The lowest and the highest number within the margin, exactly."""
        width = abs(Fraction(threshold)) * Fraction(self.percent) / 100
        return to_decimal(Fraction(threshold) - width), to_decimal(Fraction(threshold) + width)


def judge_source(ruleset: Ruleset, column: str, year: int | None, *, strict: bool = False) -> str:
    """The Python source of a compiled judge, for those who want to read what decides."""
    return _Writer(ruleset, column, year, strict, None, _no_standing).source


def compile_judge(
    ruleset: Ruleset,
    column: str,
    year: int | None,
    strict: bool,
    column_rule: SpecialCommunes | None,
    standing_of: StandingOf,
    lean: Lean | None = None,
) -> Callable[[Mapping[str, Any], Commune], Codes]:
    """The judge of a ruleset; `standing_of` gives the code of another ruleset that it requires to be met.

    With `lean` it is for communes that a judge without has accepted, and says what would become of their indicators.
    """
    writer = _Writer(ruleset, column, year, strict, column_rule, standing_of, lean)
    mode = ("strict " if strict else "") + ("special " if column_rule else "") + (f"{lean} " if lean else "")
    return _compiled(writer, f"<ntm_rules {ruleset.id} {column} {year} {mode}{ruleset.content_hash[:12]}>")


def compile_clauses(
    ruleset: Ruleset,
    clauses: tuple[Clause, ...],
    column: str,
    year: int | None,
    column_rule: SpecialCommunes | None,
    standing_of: StandingOf,
) -> Callable[[Mapping[str, Any], Commune], Codes]:
    """A judge of some clauses of a ruleset alone, conditions and prerequisites among them; their codes come first, in order.

    It refuses bad values of the facts that they name, and of all others it is given.
    """
    part = attrs.evolve(
        ruleset, criteria=(Criterion("", ruleset.title, clauses),), conditions=(), prerequisites=(), loaded_from=None
    )
    writer = _Writer(part, column, year, False, column_rule, standing_of, None)
    names = ",".join(clause.id for clause in clauses)
    special = "special " if column_rule else ""
    return _compiled(writer, f"<ntm_rules {ruleset.id} {column} {year} {special}{names} {ruleset.content_hash[:12]}>")


def _compiled(writer: _Writer, name: str) -> Callable[[Mapping[str, Any], Commune], Codes]:
    # Registered so that a traceback or a debugger shows the compiled lines.
    linecache.cache[name] = (len(writer.source), None, writer.source.splitlines(keepends=True), name)
    # No text of a file is in the source: names are our own, and literals are the repr of checked numbers and keys.
    exec(compile(writer.source, name, "exec"), writer.names)  # noqa: S102
    judge: Callable[[Mapping[str, Any], Commune], Codes] = writer.names["judge"]
    return judge


def _no_standing(ruleset: Ruleset, strict: bool, year: int | None, commune: Commune) -> int:
    raise NotImplementedError


class _Exact:
    """An exact number in compiled comparisons. A float it meets is a threshold literal and stands for its shortest decimal."""

    __slots__ = ("over", "under")

    def __init__(self, over: int, under: int) -> None:
        self.over, self.under = over, under

    def times(self, over: int, under: int) -> _Exact:
        return _Exact(self.over * over, self.under * under)

    def __ge__(self, other: Any) -> bool:
        over, under = _pair(other)
        return self.over * under >= over * self.under

    def __le__(self, other: Any) -> bool:
        over, under = _pair(other)
        return self.over * under <= over * self.under

    def __eq__(self, other: object) -> bool:
        over, under = _pair(other)
        return self.over * under == over * self.under

    __hash__ = None  # type: ignore[assignment]


def _pair(value: Any) -> tuple[int, int]:
    return (value.over, value.under) if type(value) is _Exact else _literal_pair(value)


@functools.lru_cache(maxsize=4096)
def _literal_pair(value: float) -> tuple[int, int]:
    return Decimal(repr(value)).as_integer_ratio()


def _exactly(value: Any) -> _Exact:
    return value if type(value) is _Exact else _Exact(*_literal_pair(value))


def _reader(ruleset: Ruleset, key: str) -> Callable[[Mapping[str, Any], Any], FactValue]:
    """Reads a value off the fast path: canonical, or FactError with every problem of the commune."""
    catalogue, fact = ruleset.catalogue, _fact_of(ruleset, key)

    def read(facts: Mapping[str, Any], value: Any) -> FactValue:
        found = clean_value(fact, key, value)
        if found is None or isinstance(found, Problem):
            clean_facts(catalogue, facts)
            raise AssertionError(found)  # clean_facts has refused the same value
        return found

    return read


def _exact_reader(ruleset: Ruleset, key: str) -> Callable[[Mapping[str, Any], Any], _Exact]:
    """Reads a number that is not a plain int or float within bounds."""
    read, fact = _reader(ruleset, key), _fact_of(ruleset, key)
    shares = fact.kind is FactKind.PERCENT and fact.low == 0 and fact.high == 100

    def number(facts: Mapping[str, Any], value: Any) -> _Exact:
        if shares and type(value) is Ratio and value.numerator <= value.denominator:
            return _Exact(*value.percent_pair)
        if shares and type(value) is str and PLAIN_NUMBER.fullmatch(value) and 0 <= (decimal := Decimal(value)) <= 100:
            return _Exact(*decimal.as_integer_ratio())
        found = read(facts, value)
        assert isinstance(found, (Decimal, Ratio))
        return _Exact(*(found.percent_pair if isinstance(found, Ratio) else found.as_integer_ratio()))

    return number


def _fact_of(ruleset: Ruleset, key: str) -> Fact:
    fact = fact_named(ruleset.catalogue, key)
    assert fact is not None  # the rulebook refuses requirements on facts that are not in the catalogue
    return fact


def _may_not_apply(clause: Clause) -> bool:
    """Whether a clause can come out as not applicable."""
    requirement = clause.requirement
    inside: tuple[Clause, ...] = ()
    if isinstance(requirement, Combination):
        inside = requirement.parts
    elif isinstance(requirement, Branch):
        inside = (requirement.then, requirement.otherwise)
    return clause.columns is not None or clause.applies_if is not None or any(map(_may_not_apply, inside))


def combined(needed: int, codes: tuple[int, ...]) -> int:
    """At least `needed` of the parts that are asked."""
    if codes.count(1) == len(codes):
        return 1
    met, unknown = codes.count(0), codes.count(2)
    if met < needed and not (met or codes.count(4)):
        return 2  # what is not known may yet not apply, and then nothing is asked
    return 0 if met >= needed else 2 if met + unknown >= needed else 4


def _literal(value: Decimal) -> str | None:
    """A decimal as source that compares exactly with ints and floats; None where it has more than 15 digits."""
    number = Decimal(f"{value:f}")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > 15 or not -20 < number.adjusted() < 15:
        return None
    return repr(int(number)) if number == int(number) else repr(float(number))


def _tuple(items: list[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


class _Writer:
    """Writes the judge of one (ruleset, column, year, strictness): lines of source, and the names they use."""

    def __init__(
        self,
        ruleset: Ruleset,
        column: str,
        year: int | None,
        strict: bool,
        column_rule: SpecialCommunes | None,
        standing_of: StandingOf,
        lean: Lean | None = None,
    ) -> None:
        self.ruleset, self.column, self.year, self.strict = ruleset, column, year, strict
        self.standing_of, self.lean = standing_of, lean
        # Whether strict evaluation refuses to decide by this column at all.
        self.column_doubted = strict and column_rule is not None and column_rule.evidence is not Evidence.CONFIRMED
        self.lines: list[str] = []
        self.variables: dict[str, str] = {}
        self.counter = itertools.count()
        clauses = (*ruleset.indicators, *ruleset.conditions)
        self.uses = collections.Counter(key for clause in clauses for key in clause_facts(clause))
        catalogue = ruleset.catalogue

        def refuse(facts: Mapping[str, Any]) -> None:
            clean_facts(catalogue, facts)

        self.names: dict[str, Any] = {"refuse": refuse, "exactly": _exactly, "combined": combined}
        criteria = self._criteria()
        conditions = " | ".join(self._named(self._clause(clause)) for clause in ruleset.conditions) or "0"
        for clause in ruleset.prerequisites:
            for key in clause_facts(clause):
                self._fact(key)
        used = frozenset(self.variables)

        def check_rest(facts: Mapping[str, Any]) -> None:
            check_facts(catalogue, facts, facts.keys() - used)

        self.names |= {"check_rest": check_rest, "USED": used}
        checked = lean is not None  # such communes are accepted already
        head = [*(["if not USED.issuperset(facts): check_rest(facts)"] if not checked else []), "get = facts.get"]
        body = [*head, *self.lines, f"return ({criteria}, {conditions})"]
        self.source = "\n    ".join(["def judge(facts, commune):", *body]) + "\n"

    def _criteria(self) -> str:
        codes, criteria = [], []
        for criterion in self.ruleset.criteria:
            own = [self._named(self._clause(indicator)) for indicator in criterion.indicators]
            codes += own
            criteria.append(" | ".join(own) or "0")
        return f"{_tuple(codes)}, {_tuple(criteria)}"

    def _named(self, expression: str) -> str:
        """A variable holding the value of an expression."""
        if expression.isidentifier():
            return expression
        name = f"r{next(self.counter)}"
        self.lines.append(f"{name} = {expression}")
        return name

    def _constant(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{next(self.counter)}"
        self.names[name] = value
        return name

    # -- facts

    def _read(self, key: str) -> str:
        """The variable of a fact as given, not yet checked."""
        name = self.variables[key] = f"v{len(self.variables)}"
        self.lines.append(f"{name} = get({key!r})")
        return name

    def _plain(self, fact: Fact, name: str, low: str | None, high: str | None) -> str:
        """A test for a plain number between two literals, the fact's bounds where None."""
        kinds = (
            f"type({name}) is int" if fact.kind is FactKind.COUNT else f"(type({name}) is float or type({name}) is int)"
        )
        if any(bound is not None and _literal(bound) is None for bound in (fact.low, fact.high)):
            return "False"  # bounds too long for plain comparison: every value takes the exact path
        low = low or (None if fact.low is None else _literal(fact.low))
        high = high or (None if fact.high is None else _literal(fact.high))
        # Without bounds a float is still held against itself, which NaN alone is not equal to.
        between = " <= ".join(filter(None, (low, name, high))) if low or high else f"{name} == {name}"
        return f"{kinds} and {between}"

    def _fact(self, key: str) -> str:
        """The variable of a fact: None, or a checked value that compares exactly with a literal."""
        if key in self.variables:
            return self.variables[key]
        fact, name = _fact_of(self.ruleset, key), self._read(key)
        if fact.kind is FactKind.BOOLEAN:
            self.lines.append(f"if {name} is not True and {name} is not False and {name} is not None: refuse(facts)")
        elif fact.kind is FactKind.CATEGORY:
            ranks: dict[str | int, int] = {value: place for place, value in enumerate(fact.values)}
            ranks |= {
                int(value): place for value, place in ranks.items() if isinstance(value, str) and value.isdecimal()
            }
            names, read = self._constant("ranks", ranks), self._constant("read", _reader(self.ruleset, key))
            known = f"(type({name}) is str or type({name}) is int) and {name} in {names}"
            self.lines.append(f"if {name} is not None: {name} = {names}[{name} if {known} else {read}(facts, {name})]")
        else:
            read = self._constant("read", _exact_reader(self.ruleset, key))
            plain = self._plain(fact, name, None, None)
            self.lines.append(f"if {name} is not None and not ({plain}): {name} = {read}(facts, {name})")
        return name

    # -- clauses and requirements: each an expression for a code

    def _clause(self, clause: Clause) -> str:
        if clause.columns is not None and self.column not in clause.columns:
            for key in clause_facts(clause):
                self._fact(key)
            return "2" if self.column_doubted else "1"
        if clause.applies_if is None:
            return self._requirement(clause.requirement)
        asked = self._named(self._condition(clause.applies_if))
        inner = self._named(self._requirement(clause.requirement))
        return f"1 if {asked} == 4 else 2 if {asked} == 2 else {inner}"

    def _condition(self, requirement: Requirement) -> str:
        """A condition on the commune, which is not held to how surely its column is known."""
        before = self.column_doubted, self.lean
        self.column_doubted, self.lean = False, None
        code = self._requirement(requirement)
        self.column_doubted, self.lean = before
        return code

    def _requirement(self, requirement: Requirement) -> str:
        if isinstance(requirement, Comparison):
            return self._comparison(requirement)
        if isinstance(requirement, FactComparison):
            return self._fact_comparison(requirement)
        if isinstance(requirement, OneOf):
            return self._one_of(requirement)
        if isinstance(requirement, Combination):
            return self._combination(requirement)
        if isinstance(requirement, Branch):
            condition = self._named(self._condition(requirement.condition))
            then, otherwise = (self._named(self._clause(c)) for c in (requirement.then, requirement.otherwise))
            return f"{otherwise} if {condition} == 4 else {then} if {condition} != 2 or {then} == {otherwise} else 2"
        if isinstance(requirement, RulesetMet):
            # The other ruleset chooses its own column.
            if not self._known(requirement.threshold.cell(self.column, self.year)):
                return "2"
            standing, other = (
                self._constant("standing", self.standing_of),
                self._constant("ruleset", requirement.ruleset),
            )
            return f"{standing}({other}, {self.strict}, {self.year}, commune)"
        if isinstance(requirement, Unstated):
            return "2"
        return never(requirement)

    def _decides(self, cell: Cell | None) -> bool:
        return not self.column_doubted and self._known(cell)

    def _known(self, cell: Cell | None) -> bool:
        known = cell is not None and cell.state is CellState.SET
        return known and not (self.strict and cell.evidence is not Evidence.CONFIRMED)  # type: ignore[union-attr]

    def _comparison(self, requirement: Comparison) -> str:
        cell = requirement.threshold.cell(self.column, self.year)
        decides, threshold = self._decides(cell), cell.value if cell else None
        if requirement.both_sexes:
            return self._both_sexes(requirement, decides, threshold)
        if not decides:
            self._fact(requirement.fact)
            return "2"
        if requirement.direction is Direction.MET:
            name = self.variables.get(requirement.fact) or self._read(requirement.fact)
            return f"0 if {name} is True else 4 if {name} is False else 2 if {name} is None else refuse(facts)"
        if self.lean is not None and isinstance(threshold, Decimal):
            return self._leaning(self._fact(requirement.fact), requirement.direction, threshold, self.lean)
        literal = self._threshold(requirement, threshold)
        once = self.uses[requirement.fact] == 1 and requirement.fact not in self.variables
        if once and not literal.startswith("long") and isinstance(threshold, Decimal):
            return self._compared_once(requirement, literal)
        return self._held(self._fact(requirement.fact), requirement.direction, literal)

    def _both_sexes(self, requirement: Comparison, decides: bool, threshold: Any) -> str:
        male, female, total = (self._fact(f"{requirement.fact}{end}") for end in (".male", ".female", ""))
        self.lines.append(f"if {male} is not None and {female} is not None and {total} is not None: refuse(facts)")
        if not decides:
            return "2"
        direction, lean = requirement.direction, self.lean
        if lean is not None:
            each = [self._leaning(name, direction, threshold, lean) for name in (male, female, total)]
        else:
            literal = self._threshold(requirement, threshold)
            each = [self._held(name, direction, literal) for name in (male, female, total)]
        m, f, t = map(self._named, each)
        return f"4 if {m} == 4 or {f} == 4 else 0 if {m} == 0 == {f} else 4 if {t} == 4 else 2"

    def _threshold(self, requirement: Comparison, threshold: Any) -> str:
        """The literal of a threshold, a rank for a category; a name where it is too long for exact comparison with floats."""
        if isinstance(threshold, str):
            return repr(_fact_of(self.ruleset, requirement.fact).values.index(threshold))
        return self._number(threshold)

    def _number(self, value: Decimal) -> str:
        return _literal(value) or self._constant("long", _Exact(*value.as_integer_ratio()))

    def _held(self, name: str, direction: Direction, literal: str) -> str:
        value = f"exactly({name})" if literal.startswith("long") else name
        return f"2 if {name} is None else 0 if {value} {_OPERATORS[direction]} {literal} else 4"

    def _leaning(self, name: str, direction: Direction, threshold: Decimal, lean: Lean) -> str:
        """A number of which those within the margin all pass, or all fail."""
        low, high = map(self._number, lean.around(threshold))
        value = f"exactly({name})" if "long" in low + high else name
        if lean.passing:
            passes = {
                Direction.AT_LEAST: f"{value} >= {low}",
                Direction.AT_MOST: f"{value} <= {high}",
            }.get(direction, f"{low} <= {value} <= {high}")
            return f"2 if {name} is None else 0 if {passes} else 4"
        # Whatever equals the threshold is within the margin, so of "equal" nothing passes.
        fails = {Direction.AT_LEAST: f"{value} <= {high}", Direction.AT_MOST: f"{value} >= {low}"}.get(
            direction, "True"
        )
        return f"2 if {name} is None else 4 if {fails} else 0"

    def _compared_once(self, requirement: Comparison, literal: str) -> str:
        """A fact that no other indicator names: check and comparison in one, the common answers first."""
        fact, name, direction = (
            _fact_of(self.ruleset, requirement.fact),
            self._read(requirement.fact),
            requirement.direction,
        )
        code = f"r{next(self.counter)}"
        low = None if direction is Direction.AT_MOST else literal
        high = None if direction is Direction.AT_LEAST else literal
        read = self._constant("read", _exact_reader(self.ruleset, requirement.fact))
        self.lines += [
            f"if {self._plain(fact, name, low, high)}: {code} = 0",
            f"elif {name} is None: {code} = 2",
            f"elif {self._plain(fact, name, None, None)}: {code} = 4",
            f"else: {code} = 0 if {read}(facts, {name}) {_OPERATORS[direction]} {literal} else 4",
        ]
        return code

    def _fact_comparison(self, requirement: FactComparison) -> str:
        actual, other = self._fact(requirement.fact), self._fact(requirement.other)
        cell = requirement.factor.cell(self.column, self.year)
        if not self._decides(cell):
            return "2"
        assert cell is not None
        assert isinstance(cell.value, Decimal)
        if self.lean is not None:
            decided = self._leaning_facts(actual, other, requirement.direction, cell.value, self.lean)
            return f"2 if {actual} is None or {other} is None else {decided}"
        factor = ", ".join(map(repr, cell.value.as_integer_ratio()))
        compared = f"exactly({actual}) {_OPERATORS[requirement.direction]} exactly({other}).times({factor})"
        return f"2 if {actual} is None or {other} is None else 0 if {compared} else 4"

    def _leaning_facts(self, actual: str, other: str, direction: Direction, factor: Decimal, lean: Lean) -> str:
        """As `_leaning`; which end of the margin is the lower one turns on the sign of the other fact."""
        one, two = (
            f"exactly({other}).times({', '.join(map(repr, end.as_integer_ratio()))})" for end in lean.around(factor)
        )
        value = f"exactly({actual})"
        above, below = f"{value} >= {one} or {value} >= {two}", f"{value} <= {one} or {value} <= {two}"
        if lean.passing:
            passes = {Direction.AT_LEAST: above, Direction.AT_MOST: below}.get(direction, f"({above}) and ({below})")
            return f"0 if {passes} else 4"
        fails = {Direction.AT_LEAST: below, Direction.AT_MOST: above}.get(direction, "True")
        return f"4 if {fails} else 0"

    def _one_of(self, requirement: OneOf) -> str:
        name = self._fact(requirement.fact)
        if not self._decides(requirement.threshold.cell(self.column, self.year)):
            return "2"
        values = _fact_of(self.ruleset, requirement.fact).values
        allowed = _tuple([repr(values.index(value)) for value in requirement.values])
        return f"2 if {name} is None else 0 if {name} in {allowed} else 4"

    def _combination(self, requirement: Combination) -> str:
        parts = [self._named(self._clause(part)) for part in requirement.parts]
        if requirement.needed < len(parts):
            return f"combined({requirement.needed}, {_tuple(parts)})"
        together = self._named(" | ".join(parts))
        none_asked = f"1 if {' & '.join(parts)} else 0" if all(map(_may_not_apply, requirement.parts)) else "0"
        return f"4 if {together} >= 4 else 2 if {together} >= 2 else {none_asked}"
