"""A report on many communes as it crosses the boundary to hosts, as pydantic models; see `boundary_documents`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ntm_rules.model.assessment import Verdict
from ntm_rules.rulebook.boundary_documents import AssessedRuleset, Gap, Given, HostId, RefusedCommune
from ntm_rules.rulebook.documents import Bilingual

__all__ = ["CommuneOfReport", "CountsOfReport", "ReportDocument"]

# One that is rounded for showing; the numbers it is made of stand beside it.
Rounded = Annotated[str, StringConstraints(pattern=r"^-?[0-9]+\.[0-9]{2}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
Count = Annotated[int, Field(ge=0)]


class RoundingOfReport(Given):
    """How percentages and averages were rounded, once, from exact values."""

    mode: Literal["half-up", "half-even", "half-down", "up", "down", "ceiling", "floor", "05up"]
    places: int


class BandOfReport(Given):
    """A range of counts of criteria met, and the communes in it."""

    band: str
    low: Count
    high: Count
    communes: Count
    of: Count
    percent: Rounded | None = Field(description="null of none")
    uncertain: Count = Field(description="of them, those in a higher band if undetermined criteria turn out met")


class AverageOfReport(Given):
    """Criteria met per commune."""

    criteria: Count = Field(description="met by the communes together")
    undetermined: Count = Field(description="criteria that cannot be decided")
    of: Count = Field(description="how many communes")
    average: Rounded | None
    possible: Rounded | None = Field(description="if every undetermined criterion were met")


class CriterionOfReport(Given):
    """How many communes meet a criterion."""

    no: str
    met: Count
    of: Count
    percent: Rounded | None
    missing: Count
    undetermined: Count


class IndicatorOfReport(CriterionOfReport):
    """How many communes meet an indicator; one that does not apply counts as met."""

    not_applicable: Count


class HeldOfReport(Given):
    """Communes of which a fact is true, false or not known (null), by the verdict of today."""

    held: bool | None
    communes: Count
    met: Count
    undetermined: Count
    missing: Count
    percent_met: Rounded | None


class VerdictsOfReport(Given):
    """How many communes have which verdict."""

    met: Count
    undetermined: Count
    missing: Count


class RiskOfReport(Given):
    """How many titles held would be withdrawn; they are counted where a commune is known to hold one."""

    yes: Count
    no: Count
    undetermined: Count


class CountsOfReport(Given):
    """The figures of some communes."""

    communes: Count
    verdicts: VerdictsOfReport
    bands: list[BandOfReport] = Field(description="highest first; empty where the previous ruleset has another count")
    uncertain_bands: Count
    average: AverageOfReport
    average_unrecognised: AverageOfReport = Field(description="over communes known not to be recognised")
    criteria: list[CriterionOfReport] = Field(description="in official order; empty of another ruleset")
    indicators: list[IndicatorOfReport]
    most_missed: list[str] = Field(description="indicators that some commune does not meet, most missed first")
    registered: list[HeldOfReport]
    recognised: list[HeldOfReport]
    at_risk: RiskOfReport


class GroupOfReport(Given):
    """The figures of the communes of a place."""

    by: Literal["district", "province", "region", "zone"]
    key: str | None = Field(description="null where it is not given, or the commune lies in no zone")
    province: str | None = Field(description="the province of a district")
    label: Bilingual
    counts: CountsOfReport
    before: CountsOfReport | None


class LackOfReport(Given):
    """An indicator not met, and by how much where figures say it."""

    id: str
    gap: Gap | None
    gap_count: int | None


class CommuneOfReport(Given):
    """A commune as it was counted."""

    code: Code | None
    name: str | None
    host_id: HostId
    province: str | None
    district: str | None
    region: str | None
    zones: list[str]
    year: int | None
    verdict: Verdict
    criteria_met: Count
    criteria_undetermined: Count
    band: str
    criteria: dict[str, Verdict]
    missing: list[LackOfReport]
    undetermined: list[str]
    not_applicable: list[str]
    registered: bool | None
    recognised: bool | None
    at_risk: bool | None = Field(description="of a title held; null where not determined, or no title is known")


class MoveOfReport(Given):
    """A commune whose count of criteria met is another, or may be."""

    commune: str
    before: Count
    before_undetermined: Count
    met: Count
    undetermined: Count


class ChangeOfReport(Given):
    """What became of the communes since the previous period, matched by code, or by name and place."""

    previous: AssessedRuleset
    same_text: bool = Field(description="it was judged by the same rules; otherwise a change may be theirs")
    comparable: bool = Field(description="it has as many criteria; otherwise no commune is said to rise or fall")
    communes: Count = Field(description="of the previous report")
    matched: Count
    unchanged: Count
    risen: list[MoveOfReport] = Field(description="surely more criteria met")
    fallen: list[MoveOfReport] = Field(description="surely fewer")
    uncertain: list[MoveOfReport] = Field(description="criteria that cannot be decided leave it open")
    gained: list[Count] = Field(description="criteria gained by those risen, at least and at most", min_length=2)
    lost: list[Count] = Field(description="criteria lost by those fallen, at least and at most", min_length=2)
    newly_met: list[str]
    no_longer_met: list[str]
    new: list[str] = Field(description="communes not in the previous report")
    gone: list[str] = Field(description="communes of the previous report that are not in this one")
    ambiguous: list[str] = Field(description="communes that cannot be matched, for two have the same name or code")


class NamedCriterion(Given):
    """A criterion by number."""

    no: str
    title: Bilingual


class NamedIndicator(Given):
    """An indicator by number."""

    no: str
    label: Bilingual


class FactsOfReport(Given):
    """The facts that say what a commune registered for and holds; null where the catalogue has none."""

    registered: str | None
    recognised: str | None


class YearOfReport(Given):
    """How many communes have facts of a year; null where it is not given."""

    year: int | None
    communes: Count


class ReportDocument(Given):
    """A report on many communes, as `Report.to_dict` gives it. A minor version may add keys; none is removed under one format number."""

    format: Literal["ntm-rules/report/1"]
    ruleset: AssessedRuleset
    rounding: RoundingOfReport
    bands: list[str]
    criteria_total: Count
    facts: FactsOfReport
    years: list[YearOfReport]
    criteria: list[NamedCriterion]
    indicators: list[NamedIndicator]
    all: CountsOfReport
    before: CountsOfReport | None = Field(description="of the previous period, in the bands of this report")
    groups: list[GroupOfReport]
    change: ChangeOfReport | None
    communes: list[CommuneOfReport]
    repeated: list[str] = Field(description="codes that more than one commune has; each of them was counted")
    refused: list[RefusedCommune]
