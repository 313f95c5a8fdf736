"""The meaning of a ruleset, written to be read: each requirement judged on its own, with gap and reasons.

`native` compiles the same meaning to one function per ruleset, column and year; property tests hold the two equal, and every
result shown to people comes from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from ntm_rules.explain import EXPLAINER
from ntm_rules.model.assessment import Assessment, FactNeeded, Reason, Result, Status, Verdict
from ntm_rules.model.checking import clean_value, fact_named
from ntm_rules.model.commune import Commune, facts_given
from ntm_rules.model.errors import Problem
from ntm_rules.model.facts import SEXES
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
    SetBy,
    Unstated,
    never,
    weakest,
)
from ntm_rules.model.ruleset import Catalogue, Ruleset, SpecialCommunes, setter_of
from ntm_rules.model.values import FactValue, Ratio, exact, to_decimal, units_short

__all__ = ["Details", "Judge", "elsewhere", "judge_of", "satisfies", "under"]

Fields = dict[str, Any]


def satisfies(actual: Decimal | Ratio, direction: Direction, threshold: Decimal) -> bool:
    """Whether an exact number passes a threshold; a ratio by cross-multiplication."""
    left, right = (actual, threshold) if isinstance(actual, Decimal) else (actual.percent, Fraction(threshold))
    if direction is Direction.AT_LEAST:
        return left >= right
    if direction is Direction.AT_MOST:
        return left <= right
    return left == right


def judge_of(assessment: Assessment) -> Judge:
    """The judge that works out an assessment's results in full."""
    ruleset, commune = assessment.ruleset, assessment.commune
    return Judge(
        ruleset=ruleset,
        commune=commune,
        facts=_Facts(ruleset.catalogue, facts_given(commune)),
        attested=assessment.attested,
        column=assessment.column,
        column_rule=assessment.column_rule,
        year=assessment.year,
        strict=assessment.strict,
    )


class _Facts(dict[str, FactValue]):
    """The known facts as exact values, each cleaned when first asked for: the engine has refused bad ones already."""

    def __init__(self, catalogue: Catalogue, given: Mapping[str, Any]) -> None:
        super().__init__()
        self.catalogue, self.given = catalogue, given

    def __contains__(self, key: object) -> bool:
        return self.given.get(key) is not None  # type: ignore[call-overload]

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401  # get would not fill in what is missing

    def __missing__(self, key: str) -> FactValue:
        fact = fact_named(self.catalogue, key)
        assert fact is not None
        value = clean_value(fact, key, self.given[key])
        assert value is not None
        assert not isinstance(value, Problem)
        self[key] = value
        return value


@attrs.frozen(slots=True, kw_only=True)
class Judge:
    """One commune under one ruleset, column and fact year."""

    ruleset: Ruleset
    commune: Commune
    facts: Mapping[str, FactValue]
    attested: Mapping[str, bool]
    column: str
    column_rule: SpecialCommunes | None
    year: int | None
    strict: bool

    def result(self, clause: Clause) -> Result:
        """The result of an indicator, condition or prerequisite: measured, else attested (docs/semantics.md)."""
        measured = self.measured(clause)
        verdict = self.attested.get(clause.id)
        if verdict is None:
            return measured
        named = f"{self.ruleset.id}:{clause.id}"
        measured = attrs.evolve(
            measured, attested=verdict, attested_as=named if named in self.commune.attested else clause.id
        )
        if measured.status is not Status.UNDETERMINED:
            return attrs.evolve(measured, conflict=verdict is (measured.status is Status.MISSING))
        # Strict evaluation decides neither by an unconfirmed threshold nor, where one speaks against the agency, by its word.
        loose = attrs.evolve(self, strict=False).measured(clause) if self.strict else measured
        if loose.status is not Status.UNDETERMINED and verdict is (loose.status is Status.MISSING):
            return attrs.evolve(measured, reason=Reason.UNCONFIRMED, conflict=True)
        # The agency's word stands in for the threshold, so how surely that is known says nothing of the result.
        status = Status.MET if verdict else Status.MISSING
        return attrs.evolve(measured, status=status, reason=None, facts_wanted=(), evidence=None)

    def measured(self, clause: Clause) -> Result:
        """What the facts alone say."""
        if clause.columns is not None and self.column not in clause.columns:
            return self._made(clause, self._not_asked())
        if clause.applies_if is not None:
            asked = self.condition(clause.applies_if, clause)
            if asked["status"] is Status.MISSING:
                return self._made(
                    clause, {"status": Status.NOT_APPLICABLE, "fact": asked.get("fact"), "actual": asked.get("actual")}
                )
            if asked["status"] is Status.UNDETERMINED:
                return self._made(
                    clause,
                    {name: asked[name] for name in ("status", "reason", "facts_wanted", "fact") if name in asked},
                )
        return self._made(clause, self.requirement(clause.requirement, clause))

    def _not_asked(self) -> Fields:
        """Of a clause that the column does not ask; strict evaluation must know why the column is this one."""
        fields: Fields = {"status": Status.NOT_APPLICABLE, "column": self.column, "column_rule": self.column_rule}
        if self.column_rule is None:
            return fields
        fields["evidence"] = self.column_rule.evidence
        doubted = self.strict and self.column_rule.evidence is not Evidence.CONFIRMED
        return fields | (_undetermined(Reason.UNCONFIRMED) if doubted else {})

    def condition(self, requirement: Requirement, clause: Clause) -> Fields:
        """A condition on the commune, which is not held to how surely its column is known."""
        judge = self if self.column_rule is None else attrs.evolve(self, column_rule=None)
        return judge.requirement(requirement, clause)

    def _made(self, clause: Clause, fields: Fields) -> Result:
        named: Fields = {"set_by": clause.set_by} | fields
        return Result(clause=clause, ruleset=self.ruleset, texts=EXPLAINER, **named)

    def requirement(self, requirement: Requirement, clause: Clause) -> Fields:
        """What the facts say of a requirement, as fields of a result."""
        if isinstance(requirement, Comparison):
            return self._comparison(requirement, clause)
        if isinstance(requirement, FactComparison):
            return self._fact_comparison(requirement)
        if isinstance(requirement, OneOf):
            return self._one_of(requirement)
        if isinstance(requirement, Combination):
            return self._combination(requirement)
        if isinstance(requirement, Branch):
            return self._branch(requirement, clause)
        if isinstance(requirement, RulesetMet):
            return self._ruleset_met(requirement)
        if isinstance(requirement, Unstated):
            return _undetermined(Reason.NO_THRESHOLD, set_by=requirement.set_by, evidence=Evidence.UNSET)
        return never(requirement)

    def _threshold(self, cell: Cell | None, fields: Fields, *, by_column: bool = True) -> bool:
        """Add what a cell says to `fields`; False, with the reason, where it cannot decide."""
        rule = self.column_rule if by_column else None
        fields |= {"column": self.column, "column_rule": rule}
        if cell is None:
            fields |= _undetermined(Reason.NO_THRESHOLD_FOR_YEAR, year=self.year, evidence=Evidence.UNSET)
            return False
        fields["evidence"] = evidence = cell.evidence if rule is None else weakest(cell.evidence, rule.evidence)
        if cell.state is not CellState.SET:
            fields |= _undetermined(Reason.NO_THRESHOLD)
            if cell.state is CellState.DELEGATED:
                fields["set_by"] = SetBy.PROVINCE
            return False
        fields["required"] = cell.value
        if self.strict and evidence is not Evidence.CONFIRMED:
            fields |= _undetermined(Reason.UNCONFIRMED)
            return False
        return True

    def _comparison(self, requirement: Comparison, clause: Clause) -> Fields:
        threshold, key, direction = requirement.threshold, requirement.fact, requirement.direction
        fields: Fields = {"fact": key, "direction": direction, "actual": self.facts.get(key)}
        if threshold.varies_by_year:
            fields["year"] = self.year
        wanted = tuple(f"{key}.{sex}" for sex in ("male", "female")) if requirement.both_sexes else (key,)
        lacking = tuple(name for name in wanted if name not in self.facts)
        known = self._threshold(threshold.cell(self.column, self.year), fields)
        if not known:
            set_by = setter_of(clause, threshold.cell(self.column, self.year), self.column, self.year)
            return fields | {"facts_wanted": lacking, "set_by": set_by}
        if requirement.both_sexes:
            return self._both_sexes(fields, lacking, clause)
        if lacking:
            return fields | _undetermined(Reason.NO_FACT, facts_wanted=lacking)
        return fields | self._held(key, direction, fields["required"], self.facts[key])

    def _both_sexes(self, fields: Fields, lacking: tuple[str, ...], clause: Clause) -> Fields:
        """Men and women each; a total below the threshold proves that one of them is."""
        key, direction, required = fields["fact"], fields["direction"], fields["required"]
        parts = []
        for sex, word in SEXES.items():
            name = f"{key}.{sex}"
            if name in self.facts:
                held = fields | {"fact": name, "actual": self.facts[name]}
                held |= self._held(key, direction, required, self.facts[name])
                own = attrs.evolve(clause, id=f"{clause.id}.{sex}", label=word, citation="", means=(), note=None)
                parts.append(self._made(own, held))
        fields["parts"] = tuple(parts)
        failing = [part for part in parts if part.status is Status.MISSING]
        if failing:
            worst = max(failing, key=lambda part: part.gap or 0)
            found: Fields = {"fact": worst.fact, "actual": worst.actual, "gap": worst.gap}
            counts = [part.gap_count for part in failing if part.gap_count is not None]
            if len(counts) == len(failing):  # who is lacking among men and among women, all have to be found
                found["gap_count"] = sum(counts)
            return fields | found | {"status": Status.MISSING}
        if not lacking:
            return fields | {"status": Status.MET}
        if fields["actual"] is not None:
            total = self._held(key, direction, required, fields["actual"])
            if total["status"] is Status.MISSING:
                return fields | total
        return fields | _undetermined(Reason.NO_FACT, facts_wanted=lacking)

    def _held(self, key: str, direction: Direction, required: Any, actual: FactValue) -> Fields:
        """A known fact held against a known threshold, with the gap."""
        if direction is Direction.MET:
            return {"status": Status.MET if actual is required else Status.MISSING}
        if isinstance(required, str):
            fact = fact_named(self.ruleset.catalogue, key)
            assert fact is not None
            actual, required = (Decimal(fact.values.index(str(value))) for value in (actual, required))
        assert isinstance(actual, (Decimal, Ratio))
        if satisfies(actual, direction, required):
            return {"status": Status.MET}
        gap = exact(actual) - Fraction(required)
        fields: Fields = {"status": Status.MISSING, "gap": to_decimal(abs(gap))}
        if isinstance(actual, Ratio) and _whole(actual):
            fields["gap_count"] = units_short(actual, required, at_most=gap > 0)
        return fields

    def _fact_comparison(self, requirement: FactComparison) -> Fields:
        actual, other = self.facts.get(requirement.fact), self.facts.get(requirement.other)
        fields: Fields = {"fact": requirement.fact, "direction": requirement.direction, "actual": actual}
        fields |= {"other_fact": requirement.other, "other_actual": other}
        if requirement.factor.varies_by_year:
            fields["year"] = self.year
        lacking = tuple(key for key in (requirement.fact, requirement.other) if key not in self.facts)
        known = self._threshold(requirement.factor.cell(self.column, self.year), fields)
        if not known:
            return fields | {"facts_wanted": lacking}
        factor = fields["factor"] = fields.pop("required")
        if isinstance(other, (Decimal, Ratio)):
            fields["required"] = to_decimal(exact(other) * Fraction(factor))
        if lacking:
            return fields | _undetermined(Reason.NO_FACT, facts_wanted=lacking)
        assert isinstance(actual, (Decimal, Ratio))
        assert isinstance(other, (Decimal, Ratio))
        difference = exact(actual) - exact(other) * Fraction(factor)
        passed = {
            Direction.AT_LEAST: difference >= 0,
            Direction.AT_MOST: difference <= 0,
        }.get(requirement.direction, difference == 0)
        if passed:
            return fields | {"status": Status.MET}
        return fields | {"status": Status.MISSING, "gap": to_decimal(abs(difference))}

    def _one_of(self, requirement: OneOf) -> Fields:
        key = requirement.fact
        fields: Fields = {"fact": key, "actual": self.facts.get(key)}
        lacking = () if key in self.facts else (key,)
        if not self._threshold(requirement.threshold.cell(self.column, self.year), fields):
            return fields | {"facts_wanted": lacking}
        fields["required"] = " | ".join(requirement.values)
        if lacking:
            return fields | _undetermined(Reason.NO_FACT, facts_wanted=lacking)
        return fields | {"status": Status.MET if fields["actual"] in requirement.values else Status.MISSING}

    def _combination(self, requirement: Combination) -> Fields:
        parts = tuple(self.measured(part) for part in requirement.parts)
        asked = [part for part in parts if part.status is not Status.NOT_APPLICABLE]
        fields = _of_parts(parts, requirement.needed)
        if not asked:
            return fields | {"status": Status.NOT_APPLICABLE}
        needed = len(asked) if requirement.needed == len(parts) else requirement.needed
        met = sum(part.status is Status.MET for part in asked)
        unknown = [part for part in asked if part.status is Status.UNDETERMINED]
        if met >= needed:
            return fields | {"status": Status.MET}
        # Where nothing asked is decided, all of it may yet not apply: not missing, though too few parts are left.
        if met + len(unknown) < needed and len(unknown) < len(asked):
            return fields | {"status": Status.MISSING}
        return fields | _unknown_because(unknown)

    def _branch(self, requirement: Branch, clause: Clause) -> Fields:
        condition = self.condition(requirement.condition, clause)
        then, otherwise = self.measured(requirement.then), self.measured(requirement.otherwise)
        if condition["status"] is not Status.UNDETERMINED:
            chosen = then if condition["status"] is not Status.MISSING else otherwise
            reasons = {} if chosen.status is not Status.UNDETERMINED else _unknown_because([chosen])
            return _of_parts((chosen,), 1) | {"status": chosen.status} | reasons
        both = _of_parts((then, otherwise), 1)
        if then.status is otherwise.status and then.status is not Status.UNDETERMINED:
            return both | {"status": then.status}
        lacking = condition.get("facts_wanted", ()) + then.facts_wanted + otherwise.facts_wanted
        return both | _undetermined(Reason.NO_FACT, facts_wanted=tuple(dict.fromkeys(lacking)))

    def _ruleset_met(self, requirement: RulesetMet) -> Fields:
        fields: Fields = {}
        # The other ruleset chooses its own column, and is held to its own rule.
        if not self._threshold(requirement.threshold.cell(self.column, self.year), fields, by_column=False):
            return fields
        assessment = under(requirement.ruleset, self)
        verdict = assessment.standing
        fields = {"evidence": fields["evidence"], "blocking": _blocking(assessment, verdict)}
        if verdict is not Verdict.UNDETERMINED:
            return fields | {"status": Status(verdict.value)}
        unknown = [r for r in (*assessment.prerequisites, *assessment.undetermined) if r.status is Status.UNDETERMINED]
        return fields | (_unknown_because(unknown) if unknown else _undetermined(Reason.NO_THRESHOLD))


def elsewhere(commune: Commune) -> Commune:
    """The commune as another ruleset sees it: attested verdicts without a ruleset speak of the one being judged only."""
    if not commune.attested:
        return commune
    return commune.replace(attested={key: value for key, value in commune.attested.items() if ":" in key})


def under(ruleset: Ruleset, judged: Judge | Assessment) -> Assessment:
    """The same commune, year and strictness under another ruleset."""
    from ntm_rules.engine.native import evaluate

    return evaluate(ruleset, elsewhere(judged.commune), strict=judged.strict, threshold_year=judged.year)


def _blocking(assessment: Assessment, verdict: Verdict) -> tuple[str, ...]:
    """The prerequisites and indicators of another ruleset that make it missing or undetermined, with its id."""
    if verdict is Verdict.MET:
        return ()
    status = Status(verdict.value)
    own = [result.id for result in assessment.prerequisites if result.status is status]
    return tuple(f"{assessment.ruleset.id}:{number}" for number in (*own, *assessment.numbers(status)))


class Details:
    """Works out results in full for an assessment; see `ntm_rules.model.assessment.Details`."""

    texts = EXPLAINER

    def results(self, assessment: Assessment, clauses: tuple[Clause, ...]) -> tuple[Result, ...]:
        """The results of several clauses."""
        judge = judge_of(assessment)
        return tuple(judge.result(clause) for clause in clauses)

    def under(self, assessment: Assessment, ruleset: Ruleset) -> Assessment:
        """The assessment of the same commune under another ruleset, as a required ruleset is judged."""
        return under(ruleset, assessment)

    def needed(self, assessment: Assessment) -> tuple[FactNeeded, ...]:
        """What would decide the assessment's verdict."""
        from ntm_rules.engine.needs import facts_needed

        return facts_needed(assessment)


def _of_parts(parts: tuple[Result, ...], needed: int) -> Fields:
    """What a result has from its parts: the weakest evidence of their thresholds, and the rule that chose their column."""
    rule = next((part.column_rule for part in parts if part.column_rule is not None), None)
    return {"parts": parts, "needed": needed, "evidence": _weakest_of(parts), "column_rule": rule}


def _weakest_of(parts: Iterable[Result]) -> Evidence | None:
    """The weakest evidence among parts that used a threshold."""
    used = [part.evidence for part in parts if part.evidence is not None]
    return weakest(*used) if used else None


def _whole(ratio: Ratio) -> bool:
    return all(side == side.to_integral_value() for side in (ratio.numerator, ratio.denominator))


def _undetermined(reason: Reason, **fields: Any) -> Fields:
    return {"status": Status.UNDETERMINED, "reason": reason, **fields}


def _unknown_because(unknown: list[Result]) -> Fields:
    """Undetermined for the reason of the first unknown part; facts wanted by all of them."""
    reason = unknown[0].reason or Reason.NO_FACT
    wanted = tuple(dict.fromkeys(key for part in unknown for key in part.facts_wanted))
    return _undetermined(reason, facts_wanted=wanted, set_by=unknown[0].set_by)
