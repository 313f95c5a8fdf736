"""What `evaluate` returns: statuses, counts, verdict, recognition; everything beyond the statuses is worked out when asked."""

from __future__ import annotations

import enum
import itertools
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

import attrs

from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import Problem, UnknownNameError, check_language
from ntm_rules.model.requirement import Clause, Direction, Evidence, SetBy
from ntm_rules.model.ruleset import Criterion, Ruleset, SpecialCommunes, WithdrawalByRuleset
from ntm_rules.model.text import Language, Text, nearest, printable, shown
from ntm_rules.model.values import FactValue, to_plain

__all__ = [
    "CODE_OF_STATUS",
    "STATUS_OF_CODE",
    "Assessment",
    "AtRisk",
    "CriterionResult",
    "FactNeeded",
    "Ladder",
    "Reason",
    "Result",
    "Status",
    "Verdict",
    "attested_under",
]


class Status(str, enum.Enum):
    """Of an indicator, a part of one, a condition or a prerequisite."""

    MET = "met"
    NOT_APPLICABLE = "not_applicable"
    UNDETERMINED = "undetermined"
    MISSING = "missing"


class Verdict(str, enum.Enum):
    """Of a criterion or a ruleset, and of recognition."""

    MET = "met"
    UNDETERMINED = "undetermined"
    MISSING = "missing"


class Reason(str, enum.Enum):
    """Why a status is UNDETERMINED."""

    NO_FACT = "no_fact"
    NO_THRESHOLD = "no_threshold"
    NO_THRESHOLD_FOR_YEAR = "no_threshold_for_year"
    UNCONFIRMED = "unconfirmed"


class Texts(Protocol):
    """Who turns results into words; the engine hands one in, so that the model writes no text."""

    def result(self, result: Result, lang: Language) -> str: ...
    def summary(self, assessment: Assessment, lang: Language) -> str: ...
    def report(self, assessment: Assessment, lang: Language) -> str: ...
    def html(self, assessment: Assessment, lang: Language) -> str: ...
    def result_html(self, result: Result, lang: Language) -> str: ...
    def ladder(self, ladder: Ladder, lang: Language) -> str: ...


@attrs.frozen(slots=True, kw_only=True, repr=False)
class Result:
    """What was found of one indicator, part, condition or prerequisite.

    `actual` is the fact as given, `required` the threshold (True for "Đạt"), `direction` how they are compared. `gap` is what
    is lacking in the fact's unit (percentage points for a percentage): exact, or rounded up at the fourth decimal where it has
    no end; `gap_count` the same in people or households, where numerator and denominator are known. Where a fact is held against
    another, `required` is `factor` times `other_actual`, the value of `other_fact`. `column` and `year` name
    the table cell used, `column_rule` the rule that sends the commune to another column than its region's, `evidence` how surely it is known (None where no threshold was used), `citation` where it stands. `reason` says why the status is
    undetermined. `attested` is the agency's verdict where one was given, `attested_as` the key it was given under, a number
    alone ("7") or with its ruleset ("2021-2025/xa-ntm:7"); `conflict` is true where the facts contradict it, and decide, or in
    strict evaluation leave it undetermined.
    `parts` are the results of the parts, or of men and women. `blocking` names what makes another required ruleset not met.
    """

    clause: Clause
    status: Status
    reason: Reason | None = None
    fact: str | None = None
    actual: FactValue | None = None
    required: Decimal | bool | str | None = None
    direction: Direction | None = None
    gap: Decimal | None = None
    gap_count: int | None = None
    factor: Decimal | None = None
    other_fact: str | None = None
    other_actual: FactValue | None = None
    column: str | None = None
    column_rule: SpecialCommunes | None = None
    year: int | None = None
    evidence: Evidence | None = None
    set_by: SetBy | None = None
    attested: bool | None = None
    attested_as: str | None = None
    conflict: bool = False
    parts: tuple[Result, ...] = ()
    needed: int | None = None
    facts_wanted: tuple[str, ...] = ()
    blocking: tuple[str, ...] = ()
    ruleset: Ruleset = attrs.field(repr=False, eq=False)
    _texts: Texts = attrs.field(repr=False, eq=False)

    @property
    def id(self) -> str:
        """The official number, the number and part, or the id of a condition."""
        return self.clause.id

    @property
    def citation(self) -> str:
        """The decision and the place in it."""
        return self.clause.citation

    def explain(self, lang: Language = "vi") -> str:
        """The result in words: fact, actual value, threshold with its column or year, gap, citation, or who must supply what."""
        return self._texts.result(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready data."""
        return {
            "id": self.id,
            "label": attrs.asdict(self.clause.label),
            "status": self.status.value,
            "reason": self.reason and self.reason.value,
            "fact": self.fact,
            "actual": to_plain(self.actual),
            "direction": self.direction and self.direction.value,
            "required": to_plain(self.required),
            "gap": None if self.gap is None else format(self.gap, "f"),
            "gap_count": self.gap_count,
            "factor": to_plain(self.factor),
            "other_fact": self.other_fact,
            "other_actual": to_plain(self.other_actual),
            "column": self.column,
            "column_rule": self.column_rule and self.column_rule.to_dict(),
            "year": self.year,
            "evidence": self.evidence and self.evidence.value,
            "citation": self.citation,
            "set_by": self.set_by and self.set_by.value,
            "attested": self.attested,
            "attested_as": self.attested_as,
            "conflict": self.conflict,
            "blocking": list(self.blocking),
            "parts": [part.to_dict() for part in self.parts],
            "explanation": {"vi": self.explain("vi"), "en": self.explain("en")},
        }

    def __repr__(self) -> str:
        reason = f" ({self.reason.value})" if self.reason else ""
        gap = f", gap {self.gap:f}" if self.gap is not None else ""
        return f"<Result {self.id} {self.status.value}{reason}: {to_plain(self.actual)} for {to_plain(self.required)}{gap}>"

    def __str__(self) -> str:
        return self.explain("vi")

    def _repr_html_(self) -> str:
        return self._texts.result_html(self, "vi")


@attrs.frozen(slots=True)
class CriterionResult:
    """A criterion and its verdict."""

    criterion: Criterion
    verdict: Verdict

    @property
    def no(self) -> str:
        """The official number."""
        return self.criterion.no


@attrs.frozen(slots=True, kw_only=True)
class FactNeeded:
    """What would decide an undetermined indicator: facts to supply, and who must set a threshold (None: nobody).

    `facts` has every fact it may take, those too that are asked only where another turns out one way; `reason` is the result's.
    """

    id: str
    facts: tuple[str, ...]
    threshold_set_by: SetBy | None
    reason: Reason

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready data."""
        return {
            "id": self.id,
            "facts": list(self.facts),
            "threshold_set_by": self.threshold_set_by and self.threshold_set_by.value,
            "reason": self.reason.value,
        }


@attrs.frozen(slots=True)
class AtRisk:
    """Would a held title be withdrawn: yes, no, or not known (None), under the withdrawal rule in force.

    Shares are percentages of the criteria of `ruleset`, which is the one judged or that on which its title rests: `share` are
    surely not met, `possible_share` may be not met.
    `key_missing` are key criteria surely not met. `reason` says why: "no_rule" (none is known), "any_share" or "key_share"
    (that share is reached), "undetermined" (open criteria could tip it), "below" (no share can be reached).
    """

    answer: bool | None
    share: Fraction
    possible_share: Fraction
    key_missing: tuple[str, ...]
    reason: str
    citation: str | None
    ruleset: str

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready data; shares are exact, as fractions where they have no end (700/19)."""
        return {
            "answer": self.answer,
            "share": str(self.share),
            "possible_share": str(self.possible_share),
            "key_missing": list(self.key_missing),
            "reason": self.reason,
            "citation": self.citation,
            "ruleset": self.ruleset,
        }


# Codes of the compiled judge: a bitwise or of indicators gives the criterion, of criteria the verdict.
STATUS_OF_CODE = {0: Status.MET, 1: Status.NOT_APPLICABLE, 2: Status.UNDETERMINED, 4: Status.MISSING}
CODE_OF_STATUS = {status: code for code, status in STATUS_OF_CODE.items()}


def _verdict(code: int) -> Verdict:
    return Verdict.MISSING if code >= 4 else Verdict.UNDETERMINED if code >= 2 else Verdict.MET


def attested_under(ruleset_id: str, given: Mapping[str, bool]) -> Mapping[str, bool]:
    """Attested verdicts that speak of a ruleset, by number; one that names the ruleset before one that does not."""
    prefix = f"{ruleset_id}:"
    plain = {key: verdict for key, verdict in given.items() if ":" not in key}
    return plain | {key[len(prefix) :]: verdict for key, verdict in given.items() if key.startswith(prefix)}


class Details(Protocol):
    """Who works out results in full; the engine hands it in."""

    @property
    def texts(self) -> Texts: ...
    def results(self, assessment: Assessment, clauses: tuple[Clause, ...]) -> tuple[Result, ...]: ...
    def under(self, assessment: Assessment, ruleset: Ruleset) -> Assessment: ...
    def needed(self, assessment: Assessment) -> tuple[FactNeeded, ...]: ...


@attrs.frozen(slots=True, kw_only=True, repr=False)
class Assessment:
    """A commune judged under a ruleset.

    `column` judged, its region's own unless `column_rule`, the ruleset's rule on special communes, sent it there.
    Holds the status of every indicator; counts, results with gaps, recognition and texts are worked out when asked for.
    Equal where ruleset, commune and options are equal.
    """

    ruleset: Ruleset
    commune: Commune
    column: str
    column_rule: SpecialCommunes | None
    year: int | None
    strict: bool
    codes: tuple[int, ...] = attrs.field(eq=False)
    _criteria: tuple[int, ...] = attrs.field(eq=False)
    _conditions: int = attrs.field(eq=False)
    _details: Details = attrs.field(eq=False)

    # -- the verdict and the published counts

    @property
    def verdict(self) -> Verdict:
        """MET when every criterion is met, MISSING when any is missing, else UNDETERMINED."""
        return _verdict(self._code())

    def _code(self) -> int:
        code = 0 if self.ruleset.complete else 2
        for criterion in self._criteria:
            code |= criterion
        return code

    @property
    def criteria(self) -> tuple[CriterionResult, ...]:
        """Every criterion with its verdict, in official order."""
        return tuple(
            CriterionResult(criterion, _verdict(code))
            for criterion, code in zip(self.ruleset.criteria, self._criteria, strict=True)
        )

    @property
    def criteria_met(self) -> int:
        """How many criteria are met."""
        return self._criteria.count(0) + self._criteria.count(1)

    @property
    def criteria_total(self) -> int:
        """How many criteria the ruleset has, by its official count where it states one."""
        return self.ruleset.criteria_total or len(self.ruleset.criteria)

    @property
    def indicators_met(self) -> int:
        """How many indicators are met; one that does not apply counts as met, as published counts do."""
        return self.codes.count(0) + self.codes.count(1)

    @property
    def indicators_total(self) -> int:
        """How many indicators the ruleset has, by its official count where it states one."""
        return self.ruleset.indicators_total or len(self.codes)

    @property
    def statuses(self) -> dict[str, Status]:
        """The status of every indicator by its number, in official order."""
        return {number: STATUS_OF_CODE[code] for number, code in zip(self.ruleset.numbers, self.codes, strict=True)}

    def numbers(self, status: Status) -> tuple[str, ...]:
        """The numbers of the indicators of a status, in official order: cheap where only the numbers are wanted."""
        wanted = CODE_OF_STATUS[status]
        return tuple(itertools.compress(self.ruleset.numbers, map(wanted.__eq__, self.codes)))

    # -- results in full

    def indicator(self, number: str) -> Result:
        """The result of one indicator; `UnknownNameError` where there is none of that number."""
        return self._results(self.ruleset.indicator(number))[0]

    def criterion(self, number: str) -> CriterionResult:
        """The result of one criterion; `UnknownNameError` where there is none of that number."""
        for result in self.criteria:
            if result.no == number:
                return result
        known = ", ".join(criterion.no for criterion in self.ruleset.criteria)
        raise UnknownNameError(
            [
                Problem(
                    code="unknown_criterion",
                    source=self.ruleset.id,
                    found=shown(number),
                    message=Text("không có tiêu chí", "no such criterion"),
                    nearest=nearest(number, [criterion.no for criterion in self.ruleset.criteria]),
                    wanted=Text(known, known),
                )
            ]
        )

    def _results(self, *clauses: Clause) -> tuple[Result, ...]:
        return self._details.results(self, clauses) if clauses else ()

    def _with_code(self, wanted: int) -> tuple[Result, ...]:
        return self._results(
            *(c for c, code in zip(self.ruleset.indicators, self.codes, strict=True) if code == wanted)
        )

    @property
    def results(self) -> tuple[Result, ...]:
        """The result of every indicator, in official order."""
        return self._results(*self.ruleset.indicators)

    @property
    def missing(self) -> tuple[Result, ...]:
        """The indicators not met, in official order."""
        return self._with_code(4)

    @property
    def undetermined(self) -> tuple[Result, ...]:
        """The indicators that cannot be decided, in official order."""
        return self._with_code(2)

    @property
    def not_applicable(self) -> tuple[Result, ...]:
        """The indicators not asked of this commune, in official order."""
        return self._with_code(1)

    @property
    def conflicts(self) -> tuple[Result, ...]:
        """The indicators, then prerequisites and conditions, whose facts contradict the verdict an agency attested."""
        attested, ruleset = self.attested, self.ruleset
        if not attested:
            return ()
        clauses = (*ruleset.indicators, *ruleset.prerequisites, *ruleset.conditions)
        found = self._results(*(clause for clause in clauses if clause.id in attested))
        return tuple(result for result in found if result.conflict)

    @property
    def attested(self) -> Mapping[str, bool]:
        """The attested verdicts that speak of this ruleset, by indicator number; one that names the ruleset before one that does not."""
        return attested_under(self.ruleset.id, self.commune.attested)

    @property
    def attested_by_number(self) -> tuple[str, ...]:
        """The numbers attested without their ruleset ("7"), which were read as this ruleset's."""
        given = self.commune.attested
        return tuple(key for key in given if ":" not in key and f"{self.ruleset.id}:{key}" not in given)

    # -- recognition

    @property
    def prerequisites(self) -> tuple[Result, ...]:
        """The rulesets and titles that recognition presupposes."""
        return self._results(*self.ruleset.prerequisites)

    @property
    def conditions(self) -> tuple[Result, ...]:
        """The conditions of recognition beside the criteria: debt, satisfaction, security."""
        return self._results(*self.ruleset.conditions)

    @property
    def standing(self) -> Verdict:
        """The verdict AND the prerequisites: whether the tier is reached, conditions of recognition apart."""
        return _verdict(self._with_prerequisites(self._code()))

    @property
    def recognition(self) -> Verdict:
        """The verdict AND the prerequisites AND the conditions."""
        return _verdict(self._with_prerequisites(self._code() | self._conditions))

    def _with_prerequisites(self, code: int) -> int:
        if code < CODE_OF_STATUS[Status.MISSING]:  # which would decide, whatever the prerequisites
            for prerequisite in self.prerequisites:
                code |= CODE_OF_STATUS[prerequisite.status]
        return code

    @property
    def at_risk(self) -> AtRisk:
        """Whether a held title would be withdrawn under the withdrawal rule in force, and why."""
        rule = self.ruleset.withdrawal
        if isinstance(rule, WithdrawalByRuleset):
            risk = self._details.under(self, rule.ruleset).at_risk
            return risk if risk.citation is None else attrs.evolve(risk, citation=rule.citation)
        total = self.criteria_total or 1
        missing = tuple(r.no for r in self.criteria if r.verdict is Verdict.MISSING)
        unknown = tuple(r.no for r in self.criteria if r.verdict is Verdict.UNDETERMINED)
        possible = len(missing) + len(unknown) + max(0, self.criteria_total - len(self._criteria))
        share, possible_share = Fraction(100 * len(missing), total), Fraction(100 * possible, total)
        uncounted = not self.ruleset.complete and self.ruleset.criteria_total is None
        if rule is None or uncounted:
            citation, reason = (rule.citation, "undetermined") if rule else (None, "no_rule")
            return AtRisk(None, share, possible_share, (), reason, citation, self.ruleset.id)
        key_missing = tuple(no for no in missing if no in rule.key_criteria)
        key_possible = bool(key_missing) or any(no in rule.key_criteria for no in unknown)
        answer: bool | None = None
        reason = "undetermined"
        if share >= rule.any_share:
            answer, reason = True, "any_share"
        elif share >= rule.key_share and key_missing:
            answer, reason = True, "key_share"
        elif possible_share < rule.key_share or (possible_share < rule.any_share and not key_possible):
            answer, reason = False, "below"
        return AtRisk(answer, share, possible_share, key_missing, reason, rule.citation, self.ruleset.id)

    @property
    def facts_needed(self) -> tuple[FactNeeded, ...]:
        """For each undetermined indicator, every fact that it may take to decide it and who must set a threshold it lacks.

        An indicator that requires another ruleset is followed by what is open there, each under its ruleset
        ("2021-2025/xa-ntm-nang-cao:10").
        """
        return self._details.needed(self)

    # -- words and data

    @property
    def texts(self) -> Texts:
        """Who puts this assessment into words."""
        return self._details.texts

    def summary(self, lang: Language = "vi") -> str:
        """One line: counts, verdict, recognition."""
        return self.texts.summary(self, check_language(lang))

    def report(self, lang: Language = "vi") -> str:
        """The whole assessment as plain text, fit to be pasted into a report."""
        return self.texts.report(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The assessment as stable, versioned, JSON-ready data (schema: rulesets/schema/assessment.schema.json).

        `statuses` has every indicator; indicators that are missing, undetermined or not applicable, and conflicts, are given in
        full; `unconfirmed` names those decided with a threshold, or by a column, that is not confirmed.
        """
        ruleset = self.ruleset
        results = self.results
        by_status = {
            status: [r.to_dict() for r in results if r.status is status]
            for status in Status
            if status is not Status.MET
        }
        return {
            "format": "ntm-rules/assessment/1",
            "ruleset": ruleset.reference(),
            "commune": {
                "code": self.commune.code,
                "name": self.commune.name,
                "region": self.commune.region,
                "province": self.commune.province,
                "district": self.commune.district,
                "zones": list(self.commune.zones),
                "year": self.commune.year,
                "host_id": self.commune.host_id,
            },
            "column": self.column,
            "column_rule": self.column_rule and self.column_rule.to_dict(),
            "threshold_year": self.year,
            "strict": self.strict,
            "verdict": self.verdict.value,
            "recognition": self.recognition.value,
            "criteria_met": self.criteria_met,
            "criteria_total": self.criteria_total,
            "indicators_met": self.indicators_met,
            "indicators_total": self.indicators_total,
            "criteria": {result.no: result.verdict.value for result in self.criteria},
            "statuses": {number: status.value for number, status in self.statuses.items()},
            "missing": by_status[Status.MISSING],
            "undetermined": by_status[Status.UNDETERMINED],
            "not_applicable": by_status[Status.NOT_APPLICABLE],
            "conflicts": [r.id for r in self.conflicts],
            "unconfirmed": [
                r.id
                for r in results
                if r.status is not Status.UNDETERMINED and r.evidence not in (None, Evidence.CONFIRMED)
            ],
            "prerequisites": [result.to_dict() for result in self.prerequisites],
            "conditions": [result.to_dict() for result in self.conditions],
            "at_risk": self.at_risk.to_dict(),
            "summary": {"vi": self.summary("vi"), "en": self.summary("en")},
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __repr__(self) -> str:
        who = printable(self.commune.name or self.commune.code or "?")
        return f"<Assessment {self.ruleset.id} {who}: {self.verdict.value}, {self.criteria_met}/{self.criteria_total}, {self.indicators_met}/{self.indicators_total}>"

    def __str__(self) -> str:
        return self.report("vi")

    def _repr_html_(self) -> str:
        return self.texts.html(self, "vi")


@attrs.frozen(slots=True, kw_only=True)
class Ladder:
    """A commune judged under every tier of a phase, lowest first.

    `highest` is the id of the highest tier whose verdict and prerequisites are met, with every tier below it met; None where
    the lowest is not. `next` is the assessment of the tier above it, which says what blocks; None at the top.
    `not_in_force` names, with its ruleset as `source`, each tier left out because its text was not in force or not issued on
    the day asked for.
    """

    assessments: tuple[Assessment, ...]
    highest: str | None
    next: Assessment | None
    not_in_force: tuple[Problem, ...] = ()
    _texts: Texts = attrs.field(repr=False, eq=False)

    @property
    def blocking(self) -> tuple[Result, ...]:
        """What keeps the commune from the next tier: prerequisites and indicators missing or undetermined there."""
        if self.next is None:
            return ()
        open_ = (Status.MISSING, Status.UNDETERMINED)
        return tuple(r for r in (*self.next.prerequisites, *self.next.results) if r.status in open_)

    def explain(self, lang: Language = "vi") -> str:
        """The ladder in words."""
        return self._texts.ladder(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The ladder as stable, versioned, JSON-ready data (schema: rulesets/schema/ladder.schema.json)."""
        return {
            "format": "ntm-rules/ladder/1",
            "highest": self.highest,
            "next": self.next and self.next.ruleset.id,
            "not_in_force": [problem.source for problem in self.not_in_force],
            "assessments": [assessment.to_dict() for assessment in self.assessments],
        }

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)
