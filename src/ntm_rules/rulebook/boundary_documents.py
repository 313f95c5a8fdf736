"""Communes and assessments as they cross the boundary to hosts, as pydantic models: what `to_dict` gives and `from_dict` takes.

The library itself reads and writes them without these models, which cost more than judging does; they exist for the JSON
Schemas (`rulesets/schema/`), and tests hold the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, StringConstraints, WithJsonSchema

from ntm_rules.model.assessment import Reason, Status, Verdict
from ntm_rules.model.commune import FIRST_YEAR, LAST_YEAR
from ntm_rules.model.requirement import Direction, Evidence, SetBy
from ntm_rules.rulebook.documents import Bilingual, Document

__all__ = [
    "AssessedRuleset",
    "AssessmentDocument",
    "CommuneDocument",
    "DifferenceDocument",
    "EventDocument",
    "Gap",
    "Given",
    "HostId",
    "ImpactDocument",
    "LadderDocument",
    "LineDocument",
    "ProofDocument",
    "RefusedCommune",
    "ResultDocument",
]

FACT_KEY = r"^[a-z][a-z0-9_]*(\.(male|female))?$"
ATTESTED_KEY = r"^([0-9]{4}-[0-9]{4}/[a-z0-9-]+:)?[0-9A-Za-zĐđ?][0-9A-Za-zĐđ._-]*$"

_NUMBER: dict[str, Any] = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[+-]?[0-9]{1,40}(\.[0-9]{1,40})?\s*$"}]
}
_RATIO: dict[str, Any] = {
    "type": "object",
    "description": "so many of so many: never divided or rounded by the host",
    "properties": {"numerator": _NUMBER, "denominator": _NUMBER},
    "required": ["numerator", "denominator"],
    "additionalProperties": False,
}
_PLAIN: dict[str, Any] = {"type": ["boolean", "number", "string", "null"]}
_BY_SEX: dict[str, Any] = {
    "type": "object",
    "description": "a fact given for men and for women, each",
    "properties": {key: {"anyOf": [_PLAIN, _RATIO]} for key in ("male", "female", "total")},
    "additionalProperties": False,
    "minProperties": 1,
}

FactValue = Annotated[
    Any,
    WithJsonSchema(
        {
            "description": "true/false (met or not), a number (as text where it must stay exact), a category, a ratio, or by sex; "
            "null or left out where not known: never 0 or false",
            "anyOf": [_PLAIN, _RATIO, _BY_SEX],
        }
    ),
]
PlainValue = Annotated[Any, WithJsonSchema({"anyOf": [_PLAIN, _RATIO]})]
Facts = Annotated[
    dict[str, FactValue],
    WithJsonSchema(
        {
            "type": "object",
            "description": "facts by their key in the catalogue (facts.yaml); KEY.male and KEY.female where given by sex",
            "propertyNames": {"pattern": FACT_KEY},
            "additionalProperties": {
                "description": "true/false (met or not), a number (as text where it must stay exact), a category, a ratio, or by "
                "sex; null or left out where not known: never 0 or false",
                "anyOf": [_PLAIN, _RATIO, _BY_SEX],
            },
        }
    ),
]
Attested = Annotated[
    dict[str, bool],
    WithJsonSchema(
        {
            "type": "object",
            "description": "verdicts of the agencies responsible by indicator number, plain (7) or with the ruleset "
            "(2021-2025/xa-ntm:7)",
            "propertyNames": {"pattern": ATTESTED_KEY},
            "additionalProperties": {"type": "boolean"},
        }
    ),
]
Code = Annotated[
    str | int | None,
    WithJsonSchema(
        {
            "description": "the commune's code, five digits with leading zeros",
            "anyOf": [
                {"type": "string", "pattern": r"^\s*[0-9]{1,5}\s*$"},
                {"type": "integer", "minimum": 0, "maximum": 99999},
                {"type": "null"},
            ],
        }
    ),
]
HostId = Annotated[Any, WithJsonSchema({"description": "the host's own identifier, kept as given"})]
Share = Annotated[str, StringConstraints(pattern=r"^[0-9]+(/[1-9][0-9]*)?$")]
Gap = Annotated[str, StringConstraints(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class CommuneDocument(Document):
    """A commune and what is known of it, as `Commune.from_dict` takes it and `Commune.to_dict` gives it."""

    code: Code = None
    name: str | None = None
    region: str | None = Field(
        default=None, description="a region's key (dbsh); may be left out where province is given"
    )
    province: str | None = Field(default=None, description="the province as it was before 2025-07-01, name or key")
    district: str | None = Field(default=None, description="the name of its district, for reports")
    zone: str | list[str] | None = Field(
        default=None, description="the zone or zones the commune lies in; none where left out"
    )
    year: int | None = Field(default=None, ge=FIRST_YEAR, le=LAST_YEAR, description="the year of the facts")
    facts: Facts = Field(default_factory=dict)
    attested: Attested = Field(default_factory=dict)
    host_id: HostId = None


class Given(Document):
    """What is always given in full, null where there is nothing to say."""

    model_config = ConfigDict(strict=True, json_schema_serialization_defaults_required=True)


class ColumnRuleDocument(Given):
    """The rule that sends special communes to another column than their region's, and how surely it is known."""

    citation: str
    evidence: Evidence


class ResultDocument(Given):
    """What was found of one indicator, part, condition or prerequisite."""

    id: str = Field(description="the official number (17.3), with a part's letter (17.1.a), or a condition's id")
    label: Bilingual
    status: Status
    reason: Reason | None = Field(description="why the status is undetermined")
    fact: str | None
    actual: PlainValue = Field(description="the fact as given")
    direction: Direction | None
    required: PlainValue = Field(description="the threshold; true for Đạt")
    gap: Gap | None = Field(description="what is lacking in the fact's unit, rounded up where it has no end")
    gap_count: int | None = Field(description="what is lacking in people or households, where both were given")
    factor: Gap | None = Field(description="where a fact is held against another: required is factor times that fact")
    other_fact: str | None = Field(description="the fact that is multiplied")
    other_actual: PlainValue
    column: str | None
    column_rule: ColumnRuleDocument | None
    year: int | None = Field(description="the year of the row used")
    evidence: Evidence | None = Field(
        description="how surely the threshold and its column are known; null where none was used"
    )
    citation: str
    set_by: SetBy | None
    attested: bool | None
    attested_as: str | None = Field(description="the key it was given under: a number alone, or ruleset:number")
    conflict: bool = Field(description="the facts contradict the verdict attested, and decided or left it undetermined")
    blocking: list[str] = Field(description="what makes another required ruleset not met")
    parts: list[ResultDocument]
    explanation: Bilingual


class AssessedRuleset(Given):
    """Which ruleset judged or was compared: the content hash identifies it."""

    id: str
    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    province: str | None
    on: Day | None
    known_on: Day | None
    layers: list[str] = Field(description="the amendments and overlays applied, in order")
    rulebook: str
    rulebook_version: str


class AssessedCommune(Given):
    """Who was judged."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None
    name: str | None
    region: str | None
    province: str | None
    district: str | None
    zones: list[str]
    year: int | None
    host_id: HostId


class AtRiskDocument(Given):
    """Whether a held title would be withdrawn; shares are exact percentages of criteria, as fractions (700/19)."""

    answer: bool | None
    share: Share
    possible_share: Share
    key_missing: list[str]
    reason: Literal["no_rule", "any_share", "key_share", "undetermined", "below"]
    citation: str | None
    ruleset: str = Field(description="whose criteria were counted: the ruleset judged, or the one its title rests on")


class AssessmentDocument(Given):
    """A commune judged under a ruleset, as `Assessment.to_dict` gives it. A minor version may add keys; none is removed under one format number."""

    format: Literal["ntm-rules/assessment/1"]
    ruleset: AssessedRuleset
    commune: AssessedCommune
    column: str = Field(description="the column that judged the commune")
    column_rule: ColumnRuleDocument | None = Field(description="why it is not the region's own; null where it is")
    threshold_year: int | None
    strict: bool
    verdict: Verdict
    recognition: Verdict
    criteria_met: int = Field(ge=0)
    criteria_total: int = Field(ge=0)
    indicators_met: int = Field(ge=0, description="indicators met; those that do not apply count as met")
    indicators_total: int = Field(ge=0)
    criteria: dict[str, Verdict]
    statuses: dict[str, Status] = Field(description="the status of every indicator by number")
    missing: list[ResultDocument]
    undetermined: list[ResultDocument]
    not_applicable: list[ResultDocument]
    conflicts: list[str] = Field(
        description="indicators, prerequisites and conditions whose facts contradict an agency"
    )
    unconfirmed: list[str] = Field(description="indicators decided by a threshold or column that is not confirmed")
    prerequisites: list[ResultDocument]
    conditions: list[ResultDocument]
    at_risk: AtRiskDocument
    summary: Bilingual


class ChangeDocument(Given):
    """One change of a rule."""

    kind: Literal[
        "added",
        "removed",
        "tightened",
        "loosened",
        "changed",
        "delegated",
        "undelegated",
        "set",
        "unset",
        "renumbered",
        "text",
        "evidence",
    ]
    subject: Literal["indicator", "condition", "prerequisite", "criterion", "ruleset", "catalogue"]
    aspect: str = Field(description="what of it: threshold, columns, applies_if, label …")
    indicator: str | None = Field(
        description="the number of the whole indicator, condition or criterion; a name of the catalogue"
    )
    old_number: str | None = Field(
        description="the number of the clause before (of a part 17.1.a); null where it was not there"
    )
    new_number: str | None
    column: str | None = Field(description="null where the change is of every column")
    year: int | None
    fact: str | None
    old_value: PlainValue = Field(description="the threshold before; true for Đạt")
    new_value: PlainValue
    akin: str | None = Field(
        description="of what is added or removed: what reads alike on the other side and measures otherwise"
    )
    label: Bilingual | None
    unit: Bilingual | None
    old: Bilingual | None = Field(description="what stood there, as shown to people")
    new: Bilingual | None


class DifferenceDocument(Given):
    """What changes between two rulesets, as `Difference.to_dict` gives it. New keys may come with a new format number only."""

    format: Literal["ntm-rules/difference/1"]
    old: AssessedRuleset
    new: AssessedRuleset
    region: str | None = Field(description="what the comparison was narrowed to")
    year: int | None
    changes: list[ChangeDocument]
    summary: Bilingual


class ProblemDocument(Given):
    """One thing that is wrong with what was given."""

    code: str = Field(description="stable; see the tables of codes in the documentation")
    source: str | None
    line: int | None
    key: str | None
    found: str | None
    wanted: Bilingual | None
    nearest: str | None
    message: Bilingual


class VerdictMove(Given):
    """How many communes went from one verdict to another."""

    old: Verdict
    new: Verdict
    communes: int = Field(ge=1)


class EffectDocument(Given):
    """What a change does to one commune. Numbers are those of the new ruleset."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None
    name: str | None
    host_id: HostId
    old: Verdict
    new: Verdict
    lost: list[str] = Field(description="indicators missing now and not before")
    won: list[str] = Field(
        description="indicators missing before and no longer; under their old number where they are gone"
    )
    opened: list[str] = Field(description="indicators that can no longer be decided")
    missing: list[str] = Field(description="every indicator missing now")
    near: list[str] = Field(
        description="indicators not met that would be if every number within the margin passed its threshold"
    )
    thin: list[str] = Field(
        description="indicators met that would not be if every number within the margin failed its threshold"
    )
    undetermined: int = Field(ge=0, description="how many indicators are undetermined now")


class StatusMove(Given):
    """How many communes went from one status of an indicator to another; null where a ruleset does not have it."""

    old: Status | None
    new: Status | None
    communes: int = Field(ge=1)


class IndicatorImpactDocument(Given):
    """What becomes of one indicator; the counts are of communes."""

    old: str | None = Field(description="its number in the old ruleset; null where that does not have it")
    new: str | None
    label: Bilingual
    lost: int = Field(ge=0)
    won: int = Field(ge=0)
    opened: int = Field(ge=0)
    near: int = Field(ge=0)
    thin: int = Field(ge=0)
    moves: list[StatusMove]


class RefusedCommune(Given):
    """A commune that could not be read or judged."""

    commune: str = Field(description="its name and code, or what is known of it")
    problems: list[ProblemDocument] = Field(min_length=1)


class ImpactDocument(Given):
    """What a rule change does to a population, as `Impact.to_dict` gives it. New keys may come with a new format number only."""

    format: Literal["ntm-rules/impact/1"]
    old: AssessedRuleset
    new: AssessedRuleset
    margin_percent: Gap = Field(description="of the threshold")
    communes: int = Field(ge=0, description="how many were judged")
    verdicts: list[VerdictMove]
    gains: list[EffectDocument] = Field(description="communes that meet the new ruleset and did not meet the old one")
    loses: list[EffectDocument] = Field(description="communes that met the old ruleset and do not meet the new one")
    falls: list[EffectDocument] = Field(description="communes that were open and now miss the ruleset for sure")
    rises: list[EffectDocument] = Field(description="communes that missed the old ruleset and may meet the new one")
    almost: list[EffectDocument] = Field(
        description="communes of which all that is missing is near, and nothing undetermined"
    )
    near: list[EffectDocument] = Field(description="communes with indicators near being met")
    thin: list[EffectDocument] = Field(description="communes with indicators met by no more than the margin")
    indicators: list[IndicatorImpactDocument] = Field(description="every indicator of either ruleset")
    recognition: list[str] = Field(
        description="conditions of recognition and prerequisites of which something else is asked: the rest is about verdicts"
    )
    refused: list[RefusedCommune]


class PlaceDocument(Given):
    """All that decides which cells of the tables judge a commune."""

    region: str | None = Field(description="null where there is one column for all")
    zones: list[str]
    year: int = Field(description="the year of the facts")


class OpenThresholdDocument(Given):
    """A threshold that is not known and that an answer hangs on."""

    ruleset: str
    clause: str
    column: str
    year: int | None = Field(description="null where it is of every year")


class ProofDocument(Given):
    """The answer to a question about rulesets, as `Proof.to_dict` gives it. A minor version may add keys; none is removed under one format number."""

    format: Literal["ntm-rules/proof/1"]
    question: Literal["implies", "equivalent", "disjoint", "tightens", "satisfiable", "redundant", "possible"]
    answer: Literal["proved", "refuted", "unknown"]
    code: Literal[
        "everywhere",
        "vacuous",
        "witness",
        "loosened",
        "impossible",
        "open_thresholds",
        "incomplete",
        "empty",
        "not_confirmed",
        "gave_up",
    ] = Field(description="which reason was given")
    new: AssessedRuleset
    old: AssessedRuleset | None = Field(description="null where the question is about one ruleset")
    indicator: str | None = Field(description="the indicator asked about; null where the question is about none")
    place: PlaceDocument | None = Field(description="where the witness lies, or the first place that the answer is of")
    missed: AssessedRuleset | None = Field(description="the ruleset of which the witness misses the indicators")
    indicators: list[str] = Field(
        description="what the witness misses; all that are loosened; what cannot be met together; what hangs on thresholds"
    )
    changed: list[str] = Field(description="the facts in which the witness is not plain")
    witness: CommuneDocument | None = Field(
        description="a commune that refutes it, or an example; the engine has judged it"
    )
    thresholds: list[OpenThresholdDocument] = Field(description="those that must be known before there is an answer")
    reason: Bilingual
    explanation: Bilingual


class LadderDocument(Given):
    """A commune judged under every tier of a phase, as `Ladder.to_dict` gives it. A minor version may add keys; none is removed under one format number."""

    format: Literal["ntm-rules/ladder/1"]
    highest: str | None = Field(
        description="the highest tier met, with every tier below it; null where the lowest is not"
    )
    next: str | None = Field(description="the tier above it, whose assessment says what blocks; null at the top")
    not_in_force: list[str] = Field(description="tiers left out, whose texts came after the day asked for")
    assessments: list[AssessmentDocument] = Field(description="lowest tier first")


class LineGap(Given):
    """An indicator that is missing, and what is lacking."""

    id: str
    gap: Gap | None
    gap_count: int | None


class _Line(Given):
    """Whose line it is."""

    format: Literal["ntm-rules/line/1"]
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None
    name: str | None
    host_id: HostId


class JudgedLine(_Line):
    """A commune judged: what the full assessment says, without words."""

    year: int | None = Field(description="the year of the facts")
    ruleset: str
    content_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    column: str
    threshold_year: int | None
    verdict: Verdict
    recognition: Verdict
    criteria_met: int = Field(ge=0)
    criteria_total: int = Field(ge=0)
    indicators_met: int = Field(ge=0)
    indicators_total: int = Field(ge=0)
    statuses: dict[str, Status]
    missing: list[LineGap]
    unconfirmed: list[str] = Field(description="indicators decided by a threshold that is not confirmed")
    conflicts: list[str]


class LineProblems(Given):
    """Everything that is wrong with one commune."""

    problems: list[ProblemDocument] = Field(min_length=1)


class RefusedLine(Given):
    """A commune that could not be judged: who it is, as far as that can be read, where it stands, and what is wrong."""

    format: Literal["ntm-rules/line/1"]
    source: str | None
    line: int | None
    code: str | int | None
    name: str | None
    host_id: HostId
    error: LineProblems


class LineDocument(RootModel[JudgedLine | RefusedLine]):
    """One line of the compact output, for a commune judged or refused. A minor version may add keys; none is removed under one format number."""


class FactChangeDocument(Given):
    """What became known otherwise, as `Change.to_dict` gives it."""

    sequence: int = Field(description="its row in the journal, from 1")
    commune: str = Field(description="the commune's code")
    kind: Literal["identity", "fact", "attested", "plan"]
    key: str = Field(description="the fact, number or field")
    old: Any = Field(description="the value before, exact; null where not known")
    new: Any = Field(description="the value after, exact; null where no longer known")
    as_of: str | None = Field(description="the day the value speaks of, YYYY-MM-DD")
    source: str | None = Field(description="who the figure comes from")
    who: str | None = Field(description="the person or system that gave it")
    recorded_at: str = Field(description="when it was recorded, ISO 8601 with offset")


class EventDocument(Given):
    """What a change brought about, as `Event.to_dict` gives it. A minor version may add keys; none is removed under one format number."""

    format: Literal["ntm-rules/event/1"]
    sequence: int = Field(description="the place in the journal after which it holds")
    event: str = Field(description="what happened, as indicator_missing; or reaction")
    commune: str = Field(description="the commune's code")
    ruleset: str = Field(description="the ruleset it is said under")
    id: str = Field(description="the indicator, criterion, condition or ruleset; of a reaction its name")
    before: str | None = Field(description="the status or verdict before")
    after: str | None = Field(description="the status or verdict after")
    about: str | None = Field(description="of a reaction, the indicator, criterion or ruleset it is about")
    tell: str | None = Field(description="whom a reaction is for")
    causes: list[FactChangeDocument] = Field(description="the changes that brought it about")
    explanation: Bilingual
