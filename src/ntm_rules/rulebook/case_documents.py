"""Test files (`*.test.yaml`) as pydantic models: communes, and what a ruleset must say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.commune import FIRST_YEAR, LAST_YEAR
from ntm_rules.rulebook.documents import Bilingual, Count, Document, Flag, Number, Numbered, RulesetId, Words

__all__ = ["CaseDocument", "CasesDocument", "ExampleDocument", "ExpectedDocument"]


def _year(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or not FIRST_YEAR <= value <= LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _zones(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Year = Annotated[int, BeforeValidator(_year), WithJsonSchema({"type": ["integer", "string"], "pattern": "^[0-9]{4}$"})]
Zones = Annotated[
    list[Words],
    BeforeValidator(_zones),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
AtRisk = Annotated[
    Literal["true", "false", "unknown"], WithJsonSchema({"enum": [True, False, "true", "false", "unknown"]})
]
DayText = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
FactMap = Annotated[
    dict[str, Any], WithJsonSchema({"type": "object", "description": "facts by key; null takes one away"})
]


class ExampleDocument(Document):
    """A commune, or what sets one apart from the one it is based on."""

    based_on: Name | None = Field(default=None, description="a commune of `communes` whose facts this one takes over")
    code: Words | None = None
    name: Words | None = None
    region: Words | None = None
    province: Words | None = None
    zone: Zones | None = None
    year: Year | None = None
    facts: FactMap = Field(default_factory=dict)
    attested: FactMap = Field(default_factory=dict)


class ExpectedDocument(Document):
    """What must come out; what is not named may be anything."""

    missing: list[Numbered] | None = Field(default=None, description="the numbers of exactly these indicators")
    undetermined: list[Numbered] | None = Field(default=None, description="exactly these")
    not_applicable: list[Numbered] | None = Field(default=None, description="exactly these")
    statuses: dict[str, Status] = Field(default_factory=dict, description="of these indicators")
    gaps: dict[str, Number] = Field(default_factory=dict, description="what these indicators lack")
    criteria: dict[str, Verdict] = Field(default_factory=dict, description="of these criteria")
    conditions: dict[str, Status] = Field(default_factory=dict, description="of these conditions of recognition")
    prerequisites: dict[str, Status] = Field(default_factory=dict, description="of these prerequisites")
    verdict: Verdict | None = None
    recognition: Verdict | None = None
    criteria_met: Count = None
    criteria_total: Count = None
    indicators_met: Count = None
    indicators_total: Count = None
    column: Words | None = Field(default=None, description="the column that judges the commune")
    at_risk: AtRisk | None = Field(default=None, description="would a held title be withdrawn")
    thresholds: dict[Numbered, dict[str, Any]] = Field(
        default_factory=dict,
        description="rows of the table entered a second time: fact, direction, values, times_fact, condition, applies_if, columns, and each cell by column, by year and column, or "
        '"*" for every column that judges',
    )
    error: Words | None = Field(
        default=None,
        description="the code of the problem: nothing can be judged, so that only thresholds may stand beside it",
    )

    @field_validator("error")
    @classmethod
    def _alone(cls, error: str | None, info: ValidationInfo) -> str | None:
        """Nothing is judged where there is an error: what is expected of a result would be held against nothing."""
        if error is not None and _saying(info.data) - {"thresholds"}:
            raise ValueError("error alone, or with thresholds")
        return error

    @model_validator(mode="after")
    def _something(self) -> ExpectedDocument:
        if not self.said:
            raise ValueError("at least one thing that must hold")
        return self

    @property
    def said(self) -> set[str]:
        """The keys that say what must hold."""
        return _saying(dict(self))


def _saying(expected: Mapping[str, Any]) -> set[str]:
    """An empty list says that there are none; an empty mapping says nothing."""
    return {name for name, value in expected.items() if value is not None and value != {}}


class _Options(Document):
    """Which text is in force; what a test does not say is as the file says."""

    on: DayText | None = None
    known_on: DayText | None = None
    province: Words | None = None
    overlays: list[Words] | None = Field(default=None, description="layer files, relative to this file")
    strict: Flag | None = None
    threshold_year: Year | None = None


class CaseDocument(_Options):
    """One test: a commune, and what must come out."""

    name: Words | Bilingual
    commune: ExampleDocument = Field(default_factory=ExampleDocument)
    expect: ExpectedDocument


class CasesDocument(_Options):
    """A test file."""

    ruleset: RulesetId
    communes: dict[Name, ExampleDocument] = Field(
        default_factory=dict, description="communes by a name of your own, that others are based on"
    )
    tests: list[CaseDocument] = Field(min_length=1)
