"""The documents of a rulebook as pydantic models: what a file may say, checked before anything is built.

The JSON Schemas that editors use are generated from these models (`rulesets/schema/`).
"""

from __future__ import annotations

import contextlib
import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import Evidence, SetBy
from ntm_rules.model.values import canonical

__all__ = [
    "CatalogueDocument",
    "ClauseDocument",
    "ComparableDocument",
    "FactsDocument",
    "LayerDocument",
    "RegionsDocument",
    "RequirementDocument",
    "RulebookDocument",
    "RulesetDocument",
]

COLUMNS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl", "common")


def _number(value: Any) -> Decimal:
    found = canonical(value)
    if not isinstance(found, Decimal):
        raise ValueError("a number such as 95 or 6.5")
    return found


def _flag(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _day(value: Any) -> str | None:
    """A date as it is written, or a month: text of either sorts by time, a month before the days in it."""
    if value == "unknown":
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", value):
        with contextlib.suppress(ValueError):  # the 30th of February, the 13th month
            datetime.date.fromisoformat(f"{value}-01"[:10])
            return value
    raise ValueError("a date such as 2024-03-01, a month such as 2024-03, or unknown")


def _count(value: Any) -> int | None:
    if value == "unknown":
        return None
    number = _number(value)
    if number != number.to_integral_value() or not 0 <= number < 10_000:
        raise ValueError("a whole number, or unknown")
    return int(number)


def _maybe(value: Any) -> Any:
    return None if value == "unknown" else value


_SCALAR = {"type": ["string", "number"]}
Number = Annotated[
    Decimal, BeforeValidator(_number), WithJsonSchema(_SCALAR | {"pattern": r"^[+-]?[0-9]+(\.[0-9]+)?$"})
]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
Day = Annotated[
    str | None,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": r"^(\d{4}-\d{2}(-\d{2})?|unknown)$"}),
]
Count = Annotated[int | None, BeforeValidator(_count), WithJsonSchema({"type": ["integer", "string"]})]
OrUnknown = Annotated[str | None, BeforeValidator(_maybe), WithJsonSchema({"type": "string", "minLength": 1})]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Numbered = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-zĐđ?][0-9A-Za-zĐđ._-]*$", max_length=20)]
# A document given as data may name years by number.
YearKey = Annotated[str, BeforeValidator(lambda year: str(year) if type(year) is int else year)]
RulesetId = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{4}/[a-z0-9-]+$")]
CellValue = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": ["string", "number", "boolean"],
            "description": "a number, Đạt, a category, UBND (delegated to the province) or unset (not known)",
        }
    ),
]
CellMap = Annotated[
    dict[str, CellValue],
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"enum": list(COLUMNS)},
            "additionalProperties": _SCALAR,
            "minProperties": 1,
        }
    ),
]


class Document(BaseModel):
    """What all documents share: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Document):
    """The same words in Vietnamese and in English."""

    vi: Words
    en: Words


class DecisionDocument(Document):
    """A decision; `unknown` where number or date is not known, a month (2022-09) where the day is not."""

    number: OrUnknown
    issued: Day
    in_force: Day


class TimesThreshold(Document):
    """A multiple of another ruleset's threshold, in the same column and year."""

    ruleset: RulesetId
    indicator: Numbered
    factor: Number


class TimesFact(Document):
    """A multiple of another fact."""

    fact: Key
    factor: Number


class ComparableDocument(Document):
    """A fact and the threshold it is held against: exactly one of value, by_column, by_year, times_threshold, times_fact."""

    fact: Key
    value: CellValue = None
    by_column: CellMap | None = None
    by_year: dict[YearKey, Any] | None = Field(
        default=None, description="year → one value for every column, or column → value"
    )
    times_threshold: TimesThreshold | None = None
    times_fact: TimesFact | None = None
    both_sexes: Flag = False
    evidence: Evidence | None = None
    seen_at: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> ComparableDocument:
        forms = [
            name
            for name in ("value", "by_column", "by_year", "times_threshold", "times_fact")
            if getattr(self, name) is not None
        ]
        if len(forms) != 1:
            raise ValueError("exactly one of value, by_column, by_year, times_threshold, times_fact")
        return self


class OneOfDocument(Document):
    """A category fact and the values that satisfy."""

    fact: Key
    values: list[Words] = Field(min_length=1)
    evidence: Evidence | None = None
    seen_at: str | None = None


class MetDocument(Document):
    """A boolean fact, with the columns in which it is set nationally (Đạt), delegated (UBND) or not known (unset)."""

    fact: Key
    by_column: CellMap | None = None
    evidence: Evidence | None = None
    seen_at: str | None = None


class RulesetMetDocument(Document):
    """Another ruleset that must be met, and how surely that is known."""

    ruleset: RulesetId
    evidence: Evidence | None = None
    seen_at: str | None = None


class SomeDocument(Document):
    """At least so many of the parts."""

    at_least: Count
    of: list[PartDocument] = Field(min_length=1)


class WhenDocument(Document):
    """One part where a condition on the commune holds, another where it does not."""

    condition: RequirementDocument
    then: PartDocument
    otherwise: PartDocument


class RequirementDocument(Document):
    """What is required: exactly one of these keys."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    met: Key | MetDocument | None = None
    at_least: ComparableDocument | None = None
    at_most: ComparableDocument | None = None
    equal: ComparableDocument | None = None
    one_of: OneOfDocument | None = None
    all: list[PartDocument] | None = Field(default=None, min_length=1)
    any: list[PartDocument] | None = Field(default=None, min_length=1)
    some: SomeDocument | None = None
    when: WhenDocument | None = None
    ruleset_met: RulesetId | RulesetMetDocument | None = None
    unstated: SetBy | None = None

    @model_validator(mode="after")
    def _one_key(self) -> RequirementDocument:
        if len(self.model_fields_set) != 1 or next(iter(self.model_fields_set)) is None:
            raise ValueError(
                "exactly one of met, at_least, at_most, equal, one_of, all, any, some, when, ruleset_met, unstated"
            )
        if getattr(self, next(iter(self.model_fields_set))) is None:
            raise ValueError("a requirement, not nothing")
        return self


class MeaningDocument(Bilingual):
    """What "Đạt" means, and where that stands."""

    source: Words


class ClauseDocument(Document):
    """What an indicator, a part, a condition and a prerequisite share."""

    label: Bilingual
    requires: RequirementDocument
    citation: str = ""
    set_by: SetBy | None = None
    applies_if: RequirementDocument | None = None
    columns: list[str] | None = Field(default=None, min_length=1)
    means: list[MeaningDocument] = Field(default_factory=list)
    note: Bilingual | None = None


class PartDocument(ClauseDocument):
    """A part of an indicator."""

    part: Numbered


class IndicatorDocument(ClauseDocument):
    """An indicator by its official number."""

    no: Numbered


class AddedIndicatorDocument(IndicatorDocument):
    """An indicator and the criterion it is added to."""

    criterion: Numbered


class ConditionDocument(ClauseDocument):
    """A condition of recognition or a prerequisite."""

    id: Key


class CriterionDocument(Document):
    """A criterion and its indicators."""

    no: Numbered
    title: Bilingual
    indicators: list[IndicatorDocument] = Field(min_length=1)


class TotalsDocument(Document):
    """The official counts."""

    criteria: Count = None
    indicators: Count = None


class SpecialCommunesDocument(Document):
    """Who is judged by another column."""

    column: str
    zones: list[str] = Field(min_length=1)
    citation: str
    evidence: Evidence = Evidence.UNCERTAIN


class WithdrawalDocument(Document):
    """When a held title is withdrawn, in percent of criteria not met; or by which ruleset's rule and criteria."""

    any_share: Number | None = None
    key_share: Number | None = None
    key_criteria: list[Numbered] | None = None
    by_ruleset: RulesetId | None = None
    citation: str
    note: Bilingual | None = None

    @model_validator(mode="after")
    def _one_form(self) -> WithdrawalDocument:
        shares = [getattr(self, name) is not None for name in ("any_share", "key_share", "key_criteria")]
        if not all(shares) if self.by_ruleset is None else any(shares):
            raise ValueError("any_share, key_share and key_criteria; or by_ruleset alone")
        return self


class RulesetDocument(Document):
    """A ruleset: the text as first issued."""

    ruleset: RulesetId
    title: Bilingual
    phase: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{4}$")]
    level: Literal["thon", "xa", "huyen", "tinh"]
    tier: Literal["ntm", "nang-cao", "kieu-mau"]
    decision: DecisionDocument
    columns: list[str] = Field(min_length=1)
    totals: TotalsDocument = TotalsDocument()
    complete: Flag = True
    special_communes: SpecialCommunesDocument | None = None
    withdrawal: WithdrawalDocument | None = None
    prerequisites: list[ConditionDocument] = Field(default_factory=list)
    conditions: list[ConditionDocument] = Field(default_factory=list)
    criteria: list[CriterionDocument] = Field(default_factory=list)


class SetThresholdDocument(Document):
    """Fills or changes cells of an indicator (or a part) that is compared with a threshold."""

    indicator: Numbered
    part: Numbered | None = None
    value: CellValue = None
    by_column: CellMap | None = None
    by_year: dict[YearKey, Any] | None = None
    evidence: Evidence | None = None
    seen_at: str | None = None
    citation: str | None = None
    note: Bilingual | None = Field(
        default=None, description="replaces the note on the threshold, which spoke of the old one"
    )

    @model_validator(mode="after")
    def _one_form(self) -> SetThresholdDocument:
        if sum(getattr(self, name) is not None for name in ("value", "by_column", "by_year")) != 1:
            raise ValueError("exactly one of value, by_column, by_year")
        return self


class LayerDocument(Document):
    """An amendment, or a province's overlay, on a ruleset."""

    layer: Words
    of: RulesetId
    kind: Literal["amendment", "province"]
    province: str | None = None
    decision: DecisionDocument
    note: Bilingual | None = None
    totals: TotalsDocument | None = None
    complete: Flag | None = None
    replace_indicators: list[IndicatorDocument] = Field(default_factory=list)
    add_criteria: list[CriterionDocument] = Field(default_factory=list)
    add_indicators: list[AddedIndicatorDocument] = Field(default_factory=list)
    remove_indicators: list[Numbered] = Field(default_factory=list)
    set_thresholds: list[SetThresholdDocument] = Field(default_factory=list)
    conditions: list[ConditionDocument] = Field(default_factory=list)
    remove_conditions: list[Key] = Field(default_factory=list)
    prerequisites: list[ConditionDocument] = Field(default_factory=list)
    special_communes: SpecialCommunesDocument | None = None
    withdrawal: WithdrawalDocument | None = None

    @model_validator(mode="after")
    def _province_named(self) -> LayerDocument:
        if (self.kind == "province") != (self.province is not None):
            raise ValueError("a province is named exactly when kind is province")
        return self


class FactDocument(Document):
    """One fact of the catalogue."""

    kind: FactKind
    label: Bilingual
    unit: Bilingual | None = None
    counts: Bilingual | None = None
    by_sex: Flag = False
    bounds: list[Number] | None = Field(default=None, min_length=2, max_length=2)
    values: list[Words] = Field(default_factory=list)
    value_labels: dict[Words, Bilingual] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_kind(self) -> FactDocument:
        if (self.kind is FactKind.CATEGORY) != bool(self.values):
            raise ValueError("values are named exactly when kind is category")
        if self.value_labels and self.value_labels.keys() != set(self.values):
            raise ValueError("value_labels for each of values, or for none")
        if self.kind in (FactKind.NUMBER, FactKind.COUNT, FactKind.MONEY) and self.unit is None:
            raise ValueError("a number, count or money has a unit")
        if self.bounds is not None and self.bounds[0] >= self.bounds[1]:
            raise ValueError("bounds from low to high")
        return self


class FactsDocument(Document):
    """The fact catalogue."""

    facts: dict[Key, FactDocument]


class RegionDocument(Bilingual):
    """A region's name, and a short one."""

    short: Bilingual


class ProvinceDocument(Document):
    """A province as it was before 2025-07-01."""

    name: Words
    region: str


class RegionsDocument(Document):
    """Regions, zones and provinces."""

    regions: dict[str, RegionDocument]
    zones: dict[str, Bilingual]
    provinces: dict[str, ProvinceDocument]


class CatalogueDocument(FactsDocument, RegionsDocument):
    """facts.yaml and regions.yaml together."""


class RulebookDocument(Document):
    """The rulebook's own name and version."""

    rulebook: Words
    version: Words


for _model in (SomeDocument, WhenDocument, RequirementDocument, ClauseDocument, PartDocument):
    _model.model_rebuild()
