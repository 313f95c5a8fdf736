"""The default engine: each (ruleset, column, year, strictness) compiled once to one straight-line Python function.

The function reads each fact once, refuses bad values, and gives every indicator a code: 0 met, 1 not applicable,
2 undetermined, 4 missing; a bitwise or of codes is a criterion's. `reference` says the same in words one can read.

Comparing a float with a threshold here is exact although both are binary: the shortest decimal form of a float and a decimal
of at most 15 digits compare as the floats nearest to them do, because rounding is monotone and keeps such decimals apart.
Longer thresholds, texts, Decimals and ratios take an exact path (docs/semantics.md, "Numbers").
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ntm_rules.engine.reference import Details, elsewhere, judge_of, standing
from ntm_rules.model.assessment import Assessment, Ladder, Status, Verdict
from ntm_rules.model.checking import check_facts, clean_facts, fact_named, place_of
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import CommuneError, FactError, Problem
from ntm_rules.model.facts import FactKind
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
from ntm_rules.model.ruleset import Ruleset, clause_facts
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.values import FactValue, Ratio, exact

__all__ = ["evaluate", "evaluate_many", "evaluate_tiers", "judge_source"]

_DETAILS = Details()
_CODES = {Status.MET: 0, Status.NOT_APPLICABLE: 1, Status.UNDETERMINED: 2, Status.MISSING: 4}
_VERDICTS = {Verdict.MET: 0, Verdict.UNDETERMINED: 2, Verdict.MISSING: 4}

Judged = tuple[tuple[int, ...], tuple[int, ...]]


def evaluate(
    ruleset: Ruleset, commune: Commune, *, strict: bool = False, threshold_year: int | None = None
) -> Assessment:
    """Judge a commune under a ruleset.

    `strict` refuses to decide by a threshold that is not confirmed: such indicators are undetermined, reason "unconfirmed".
    `threshold_year` takes the thresholds of that year in place of the fact year's, to ask what another year would require.

    Raises `FactError` (every bad fact at once) and `CommuneError` (region, zone, attested indicator).

    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> c = ntm.Commune(region="dbsh", year=2023, facts={"households_registered_reliable_power_pct": "98.9"})
    >>> ntm.evaluate(rs, c).indicator("4.2").gap
    Decimal('0.1')
    """
    if commune.province is None and not commune.zones and commune.region in ruleset.columns:
        column: str = commune.region  # type: ignore[assignment]
    else:
        column = place_of(ruleset, commune)
    year = commune.year if threshold_year is None else threshold_year
    judge = ruleset._judges.get((column, year, strict))
    if judge is None:
        judge = ruleset._judges[column, year, strict] = _compile(ruleset, column, year, strict)
    codes, criteria = judge(commune._given, commune)
    assessment = Assessment(
        ruleset=ruleset,
        commune=commune,
        column=column,
        year=year,
        strict=strict,
        codes=codes,
        criteria=criteria,
        details=_DETAILS,
    )
    return _attested(assessment) if commune.attested else assessment


def evaluate_many(
    ruleset: Ruleset, communes: Iterable[Commune], *, strict: bool = False, threshold_year: int | None = None
) -> Iterator[Assessment]:
    """Judge communes one after another, as they come, holding none of them.

    A commune with bad facts raises at its turn, naming it; the iterator may be resumed by calling `evaluate` oneself.
    """
    for commune in communes:
        yield evaluate(ruleset, commune, strict=strict, threshold_year=threshold_year)


def evaluate_tiers(
    rulesets: Iterable[Ruleset], commune: Commune, *, strict: bool = False, threshold_year: int | None = None
) -> Ladder:
    """Judge a commune under the tiers of a phase, lowest first; see `ntm_rules.evaluate_tiers`."""
    plain = [key for key in commune.attested if ":" not in key]
    if plain:
        raise CommuneError(
            [
                Problem(
                    code="ambiguous_attested",
                    key=f"attested.{key}",
                    message=Text(
                        "không rõ xác nhận này thuộc bộ tiêu chí nào",
                        "it is not clear which ruleset this verdict speaks of",
                    ),
                    wanted=Text(f"2021-2025/xa-ntm:{key}", f"2021-2025/xa-ntm:{key}"),
                )
                for key in plain
            ]
        )
    assessments = tuple(evaluate(r, commune, strict=strict, threshold_year=threshold_year) for r in rulesets)
    reached = list(itertools.takewhile(lambda a: standing(a) is Verdict.MET, assessments))
    return Ladder(
        assessments=assessments,
        highest=reached[-1].ruleset.id if reached else None,
        next=assessments[len(reached)] if len(reached) < len(assessments) else None,
        texts=_DETAILS.texts,
    )


def _attested(assessment: Assessment) -> Assessment:
    """The same assessment with attested verdicts deciding what the facts leave open."""
    ruleset, attested = assessment.ruleset, assessment.attested
    known = {clause.id for clause in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)}
    problems = [
        Problem(
            code="unknown_attested",
            key=f"attested.{number}",
            found=shown(number),
            message=Text("bộ tiêu chí không có chỉ tiêu này", "the ruleset has no such indicator"),
            nearest=nearest(number, known),
        )
        for number in attested
        if number not in known
    ]
    if problems:
        raise CommuneError(problems)
    judge = judge_of(assessment)
    codes = tuple(
        _CODES[judge.result(clause).status] if clause.id in attested else code
        for clause, code in zip(ruleset.indicators, assessment._codes, strict=True)
    )
    each = iter(codes)
    criteria = []
    for criterion in ruleset.criteria:
        combined = 0
        for code in itertools.islice(each, len(criterion.indicators)):
            combined |= code
        criteria.append(combined)
    return Assessment(
        ruleset=ruleset,
        commune=assessment.commune,
        column=assessment.column,
        year=assessment.year,
        strict=assessment.strict,
        codes=codes,
        criteria=tuple(criteria),
        details=_DETAILS,
    )


# -- the compiler


class _Exact:
    """An exact number in compiled comparisons; a float it meets is a threshold literal and stands for its shortest decimal."""

    __slots__ = ("value",)

    def __init__(self, value: Fraction) -> None:
        self.value = value

    def _other(self, literal: Any) -> Fraction:
        return literal.value if isinstance(literal, _Exact) else Fraction(repr(literal))

    def __ge__(self, literal: Any) -> bool:
        return self.value >= self._other(literal)

    def __le__(self, literal: Any) -> bool:
        return self.value <= self._other(literal)

    def __eq__(self, literal: object) -> bool:
        return self.value == self._other(literal)

    __hash__ = None  # type: ignore[assignment]


def judge_source(ruleset: Ruleset, column: str, year: int | None, *, strict: bool = False) -> str:
    """The Python source of a compiled judge, for those who want to read what decides."""
    return _Writer(ruleset, column, year, strict).source()


def _compile(ruleset: Ruleset, column: str, year: int | None, strict: bool) -> Callable[..., Judged]:
    writer = _Writer(ruleset, column, year, strict)
    source = writer.source()
    name = f"<ntm_rules {ruleset.id} {column} {year} {'strict ' if strict else ''}{ruleset.content_hash[:12]}>"
    # Registered so that a traceback or a debugger shows the compiled lines.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace = writer.names
    exec(
        compile(source, name, "exec"), namespace
    )  # the source is generated from validated data only: no text of a file is in it
    judge: Callable[..., Judged] = namespace["judge"]
    return judge


_OPERATORS = {Direction.AT_LEAST: ">=", Direction.AT_MOST: "<=", Direction.EQUAL: "=="}


class _Writer:
    """Writes the judge of one (ruleset, column, year, strictness): lines of source, and the names they use."""

    def __init__(self, ruleset: Ruleset, column: str, year: int | None, strict: bool) -> None:
        self.ruleset, self.column, self.year, self.strict = ruleset, column, year, strict
        self.lines: list[str] = []
        self.variables: dict[str, str] = {}
        self.counter = itertools.count()
        catalogue = ruleset.catalogue

        def refuse(facts: Mapping[str, Any]) -> None:
            clean_facts(catalogue, facts)

        def check_rest(facts: Mapping[str, Any]) -> None:
            check_facts(catalogue, facts, facts.keys() - USED)

        USED: frozenset[str] = frozenset()
        self.names: dict[str, Any] = {"refuse": refuse, "check_rest": check_rest, "PLAIN": frozenset((int, float))}
        body = self._body()
        USED = frozenset(self.variables)
        self.names["USED"] = USED
        self.text = (
            "\n".join(
                [
                    "def judge(facts, commune):",
                    "    get = facts.get",
                    "    if not USED.issuperset(facts):",
                    "        check_rest(facts)",
                    *body,
                ]
            )
            + "\n"
        )

    def source(self) -> str:
        return self.text

    def _body(self) -> list[str]:
        criteria, codes = [], []
        for criterion in self.ruleset.criteria:
            own = [self._named(self._clause(indicator)) for indicator in criterion.indicators]
            codes += own
            criteria.append(" | ".join(own) or "0")
        self.lines.append(f"return ({_tuple(codes)}, {_tuple(criteria)})")
        return [f"    {line}" for line in self.lines]

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

    def _fact(self, key: str) -> str:
        """The variable of a fact: None, or a checked value that compares exactly with a literal."""
        if key in self.variables:
            return self.variables[key]
        name = self.variables[key] = f"v{len(self.variables)}"
        fact = fact_named(self.ruleset.catalogue, key)
        assert fact is not None  # the rulebook refuses requirements on facts that are not in the catalogue
        self.lines.append(f"{name} = get({key!r})")
        if fact.kind is FactKind.BOOLEAN:
            self.lines.append(f"if {name} is not True and {name} is not False and {name} is not None: refuse(facts)")
            return name
        if fact.kind is FactKind.CATEGORY:
            rank_of = self._constant("rank", _rank_of(self.ruleset, key))
            self.lines.append(f"if {name} is not None: {name} = {rank_of}(facts, {name})")
            return name
        low = "" if fact.low is None else f"{_literal(fact.low)} <= "
        high = "" if fact.high is None else f" <= {_literal(fact.high)}"
        plain = "type({0}) is int" if fact.kind is FactKind.COUNT else "type({0}) in PLAIN"
        bounds = f" and {low}{name}{high}" if low or high else ""
        exact_of = self._constant("exact", _exact_of(self.ruleset, key))
        self.lines.append(
            f"if {name} is not None and not ({plain.format(name)}{bounds}): {name} = {exact_of}(facts, {name})"
        )
        return name

    def _clause(self, clause: Clause) -> str:
        """An expression for the code of a clause."""
        if clause.columns is not None and self.column not in clause.columns:
            for key in clause_facts(clause):
                self._fact(key)
            return "1"
        if clause.applies_if is None:
            return self._requirement(clause.requirement)
        asked = self._named(self._requirement(clause.applies_if))
        inner = self._requirement(clause.requirement)
        return f"1 if {asked} == 4 else 2 if {asked} == 2 else {_group(inner)}"

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
            condition = self._named(self._requirement(requirement.condition))
            then, otherwise = (self._named(self._clause(c)) for c in (requirement.then, requirement.otherwise))
            return f"{otherwise} if {condition} == 4 else {then} if {condition} != 2 or {then} == {otherwise} else 2"
        if isinstance(requirement, RulesetMet):
            if not self._decides(requirement.threshold.cell(self.column, self.year)):
                return "2"
            name = self._constant("standing", _standing_of(requirement.ruleset, self.strict, self.year))
            return f"{name}(commune)"
        if isinstance(requirement, Unstated):
            return "2"
        never(requirement)

    def _decides(self, cell: Cell | None) -> bool:
        return (
            cell is not None
            and cell.state is CellState.SET
            and not (self.strict and cell.evidence is not Evidence.CONFIRMED)
        )

    def _comparison(self, requirement: Comparison) -> str:
        cell = requirement.threshold.cell(self.column, self.year)
        decides = self._decides(cell)
        if requirement.both_sexes:
            male, female, total = (self._fact(f"{requirement.fact}{end}") for end in (".male", ".female", ""))
            self.lines.append(f"if {male} is not None and {female} is not None and {total} is not None: refuse(facts)")
            if not decides:
                return "2"
            assert cell is not None
            m, f, t = (self._named(self._held(requirement, v, cell.value)) for v in (male, female, total))
            return f"4 if {m} == 4 or {f} == 4 else 0 if {m} == 0 == {f} else 4 if {t} == 4 else 2"
        variable = self._fact(requirement.fact)
        if not decides:
            return "2"
        assert cell is not None
        return self._held(requirement, variable, cell.value)

    def _held(self, requirement: Comparison, variable: str, threshold: Any) -> str:
        if requirement.direction is Direction.MET:
            return f"0 if {variable} is {threshold} else 2 if {variable} is None else 4"
        if isinstance(threshold, str):
            fact = fact_named(self.ruleset.catalogue, requirement.fact)
            assert fact is not None
            literal = repr(fact.values.index(threshold))
        else:
            literal = _literal(threshold) or self._constant("long", _Exact(Fraction(threshold)))
        if literal.startswith("long"):  # beyond 15 digits: floats and ints must be made exact first
            self.names["exactly"] = _exactly
            return f"2 if {variable} is None else 0 if exactly({variable}) {_OPERATORS[requirement.direction]} {literal} else 4"
        return f"2 if {variable} is None else 0 if {variable} {_OPERATORS[requirement.direction]} {literal} else 4"

    def _fact_comparison(self, requirement: FactComparison) -> str:
        actual, other = self._fact(requirement.fact), self._fact(requirement.other)
        cell = requirement.factor.cell(self.column, self.year)
        if not self._decides(cell):
            return "2"
        assert cell is not None and isinstance(cell.value, Decimal)
        factor = self._constant("factor", Fraction(cell.value))
        self.names["exactly"] = _exactly
        compared = f"exactly({actual}).value {_OPERATORS[requirement.direction]} exactly({other}).value * {factor}"
        return f"2 if {actual} is None or {other} is None else 0 if {compared} else 4"

    def _one_of(self, requirement: OneOf) -> str:
        variable = self._fact(requirement.fact)
        fact = fact_named(self.ruleset.catalogue, requirement.fact)
        assert fact is not None
        if not self._decides(requirement.threshold.cell(self.column, self.year)):
            return "2"
        allowed = _tuple([repr(fact.values.index(value)) for value in requirement.values])
        return f"2 if {variable} is None else 0 if {variable} in {allowed} else 4"

    def _combination(self, requirement: Combination) -> str:
        parts = [self._named(self._clause(part)) for part in requirement.parts]
        self.names["combined"] = _combined
        if requirement.needed < len(parts):
            return f"combined({requirement.needed}, {_tuple(parts)})"
        both = self._named(" | ".join(parts))
        none_asked = f"1 if {' & '.join(parts)} else 0"
        return f"4 if {both} >= 4 else 2 if {both} >= 2 else {none_asked}"


def _combined(needed: int, codes: tuple[int, ...]) -> int:
    """At least `needed` of the parts that are asked."""
    met, unknown = codes.count(0), codes.count(2)
    if codes.count(1) == len(codes):
        return 1
    return 0 if met >= needed else 2 if met + unknown >= needed else 4


def _exactly(value: Any) -> _Exact:
    return value if isinstance(value, _Exact) else _Exact(Fraction(repr(value)))


def _tuple(items: list[str]) -> str:
    return "(" + "".join(f"{item}, " for item in items) + ")"


def _group(expression: str) -> str:
    return expression if expression.isidentifier() else f"({expression})"


def _literal(value: Decimal) -> str:
    """A decimal as source that compares exactly with ints and floats; empty where it has more than 15 digits."""
    number = value.normalize()
    if len(number.as_tuple().digits) > 15 or not -20 < number.adjusted() < 15:
        return ""
    return repr(int(number)) if number == number.to_integral_value() else repr(float(number))


def _reader(ruleset: Ruleset, key: str) -> Callable[[Mapping[str, Any], Any], FactValue]:
    """Reads a value off the fast path: canonical, or FactError with every problem of the commune."""
    catalogue = ruleset.catalogue

    def read(facts: Mapping[str, Any], value: Any) -> FactValue:
        try:
            return clean_facts(catalogue, {key: value})[key]
        except FactError:
            clean_facts(catalogue, facts)
            raise

    return read


def _rank_of(ruleset: Ruleset, key: str) -> Callable[[Mapping[str, Any], Any], int]:
    """The place of a category among its values, in ascending order."""
    fact = fact_named(ruleset.catalogue, key)
    assert fact is not None
    read, places = _reader(ruleset, key), {value: place for place, value in enumerate(fact.values)}
    return lambda facts, value: places[str(read(facts, value))]


def _exact_of(ruleset: Ruleset, key: str) -> Callable[[Mapping[str, Any], Any], _Exact]:
    """An exact number of a value that is not a plain int or float within bounds."""
    read = _reader(ruleset, key)

    def number(facts: Mapping[str, Any], value: Any) -> _Exact:
        found = read(facts, value)
        assert isinstance(found, (Decimal, Ratio))
        return _Exact(exact(found))

    return number


def _standing_of(ruleset: Ruleset, strict: bool, year: int | None) -> Callable[[Commune], int]:
    def judged(commune: Commune) -> int:
        assessment = evaluate(ruleset, elsewhere(commune), strict=strict, threshold_year=year)
        return _VERDICTS[standing(assessment)]

    return judged
