"""The default engine: a ruleset compiled once per column and year, then one call a commune."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from ntm_rules.engine.attested_names import unknown_names
from ntm_rules.engine.compiler import Lean, compile_judge
from ntm_rules.engine.reference import Details, elsewhere, judge_of
from ntm_rules.model.assessment import CODE_OF_STATUS, Assessment, Ladder, Status, Verdict
from ntm_rules.model.checking import place_of
from ntm_rules.model.commune import Commune, fact_year, facts_given, not_a_commune
from ntm_rules.model.errors import CommuneError, NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown

__all__ = ["DETAILS", "criteria_of", "evaluate", "evaluate_many", "evaluate_tiers", "leaning", "standing_of"]

DETAILS = Details()


def evaluate(
    ruleset: Ruleset, commune: Commune, *, strict: bool = False, threshold_year: int | None = None
) -> Assessment:
    """Judge a commune under a ruleset.

    `strict` refuses to decide by a threshold that is not confirmed: such indicators are undetermined, reason "unconfirmed".
    `threshold_year` takes the thresholds of that year in place of the fact year's, to ask what another year would require.

    Raises `FactError` (every bad fact at once), `CommuneError` (region, zone, attested indicator), and `NtmRulesError` where
    `ruleset` is something else, such as a ruleset's name.

    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    >>> c = ntm.Commune(region="dbsh", year=2023, facts={"households_registered_reliable_power_pct": "98.9"})
    >>> ntm.evaluate(rs, c).indicator("4.2").gap
    Decimal('0.1')
    """
    if type(commune) is not Commune:
        raise CommuneError([not_a_commune(commune)])
    try:
        region = commune.region
        # "common" is a column of tables, and no region.
        plain = region in ruleset.columns and region != "common"
        if plain and commune.province is ruleset.province is None and not commune.zones:
            assert region is not None
            column, rule = region, None
        else:
            column, rule = place_of(ruleset, commune)
    except AttributeError:
        if isinstance(ruleset, Ruleset):
            raise
        raise NtmRulesError([_not_a_ruleset(ruleset)]) from None
    year = commune.year if threshold_year is None else fact_year(threshold_year, "threshold_year")
    judge = ruleset.cache.get((column, year, strict, rule))
    if judge is None:
        judge = compile_judge(ruleset, column, year, strict, rule, standing_of)
        ruleset.cache[column, year, strict, rule] = judge
    codes, criteria, conditions = judge(facts_given(commune), commune)
    assessment = Assessment(
        ruleset=ruleset,
        commune=commune,
        column=column,
        column_rule=rule,
        year=year,
        strict=strict,
        codes=codes,
        criteria=criteria,
        conditions=conditions,
        details=DETAILS,
    )
    return _attested(assessment, conditions) if commune.attested else assessment


def evaluate_many(
    ruleset: Ruleset, communes: Iterable[Commune], *, strict: bool = False, threshold_year: int | None = None
) -> Iterator[Assessment]:
    """Judge communes one after another, as they come, holding none of them.

    A commune with bad facts raises at its turn and ends the stream. Where one must not stop the rest, call `evaluate` for each
    and handle `NtmRulesError`.
    """
    for commune in communes:
        yield evaluate(ruleset, commune, strict=strict, threshold_year=threshold_year)


def evaluate_tiers(
    rulesets: Iterable[Ruleset],
    commune: Commune,
    *,
    strict: bool = False,
    threshold_year: int | None = None,
    not_in_force: tuple[Problem, ...] = (),
) -> Ladder:
    """Judge a commune under the tiers of a phase, lowest first; see `ntm_rules.evaluate_tiers`.

    `not_in_force` says of tiers left out that their texts came later.
    """
    rulesets = tuple(rulesets)
    as_named = _naming_rulesets(commune, rulesets[0].id) if rulesets else commune
    assessments = tuple(
        evaluate(ruleset, as_named if place else commune, strict=strict, threshold_year=threshold_year)
        for place, ruleset in enumerate(rulesets)
    )
    reached = list(itertools.takewhile(lambda a: a.standing is Verdict.MET, assessments))
    return Ladder(
        assessments=assessments,
        highest=reached[-1].ruleset.id if reached else None,
        next=assessments[len(reached)] if len(reached) < len(assessments) else None,
        not_in_force=not_in_force,
        texts=DETAILS.texts,
    )


def leaning(*, margin: Decimal, passing: bool) -> Callable[[Assessment], tuple[int, ...]]:
    """What the codes of an assessment, not a strict one, would be if every number near its threshold passed it, or failed it.

    Near is within `margin` percent of the threshold. What is given back keeps the judges it compiles; it takes no other ruleset
    than that of its first assessment.
    """
    lean = Lean(margin, passing)
    judges: dict[Any, Any] = {}

    def codes(assessment: Assessment) -> tuple[int, ...]:
        column, year, rule = key = (assessment.column, assessment.year, assessment.column_rule)
        judge = judges.get(key)
        if judge is None:
            judge = judges[key] = compile_judge(assessment.ruleset, column, year, False, rule, standing_of, lean)
        commune = assessment.commune
        found: tuple[int, ...] = judge(facts_given(commune), commune)[0]
        return _with_attested(assessment, found) if commune.attested else found

    return codes


def _with_attested(assessment: Assessment, codes: tuple[int, ...]) -> tuple[int, ...]:
    """The codes with the agencies' verdicts where the facts decide nothing."""
    verdicts = {number: 0 if met else CODE_OF_STATUS[Status.MISSING] for number, met in assessment.attested.items()}
    unknown = CODE_OF_STATUS[Status.UNDETERMINED]
    numbers = assessment.ruleset.numbers
    return tuple(
        verdicts.get(number, code) if code == unknown else code for number, code in zip(numbers, codes, strict=True)
    )


def _not_a_ruleset(given: object) -> Problem:
    """What is wrong where a ruleset was wanted and something else came, most often its name."""
    return Problem(
        code="not_a_ruleset",
        key="ruleset",
        found=shown(given),
        message=Text("không phải bộ tiêu chí đã nạp", "not a loaded ruleset"),
        wanted=Text("Ruleset, từ load_ruleset(...)", "a Ruleset, from load_ruleset(...)"),
    )


def _naming_rulesets(commune: Commune, lowest: str) -> Commune:
    """The commune as the tiers above the lowest see it: a number alone is the lowest's, for they number otherwise."""
    plain = {f"{lowest}:{key}": verdict for key, verdict in commune.attested.items() if ":" not in key}
    if not plain:
        return commune
    return commune.replace(attested=plain | {key: v for key, v in commune.attested.items() if ":" in key})


def _attested(assessment: Assessment, conditions: int) -> Assessment:
    """The same assessment with attested verdicts deciding what the facts leave open; `conditions` is the code without them."""
    ruleset, attested = assessment.ruleset, assessment.attested
    problems = unknown_names(ruleset, assessment.commune.attested)
    if problems:
        raise CommuneError(problems)
    judge = judge_of(assessment)
    if assessment.strict:  # whether an unconfirmed threshold speaks against an agency, only the reference knows
        codes = tuple(
            CODE_OF_STATUS[judge.result(clause).status] if clause.id in attested else code
            for clause, code in zip(ruleset.indicators, assessment.codes, strict=True)
        )
    else:
        codes = _with_attested(assessment, assessment.codes)
    if any(clause.id in attested for clause in ruleset.conditions):
        conditions = 0
        for clause in ruleset.conditions:
            conditions |= CODE_OF_STATUS[judge.result(clause).status]
    return Assessment(
        ruleset=ruleset,
        commune=assessment.commune,
        column=assessment.column,
        column_rule=assessment.column_rule,
        year=assessment.year,
        strict=assessment.strict,
        codes=codes,
        criteria=criteria_of(ruleset, codes),
        conditions=conditions,
        details=DETAILS,
    )


def criteria_of(ruleset: Ruleset, codes: Iterable[int]) -> tuple[int, ...]:
    """The codes of the criteria, from those of their indicators in official order."""
    each = iter(codes)
    return tuple(
        functools.reduce(operator.or_, itertools.islice(each, len(criterion.indicators)), 0)
        for criterion in ruleset.criteria
    )


def standing_of(ruleset: Ruleset, strict: bool, year: int | None, commune: Commune) -> int:
    """The code of a ruleset that another requires to be met."""
    assessment = evaluate(ruleset, elsewhere(commune), strict=strict, threshold_year=year)
    return CODE_OF_STATUS[Status(assessment.standing.value)]
