"""What a report keeps of each assessment: whose it is, what was found, and what is lacking."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from ntm_rules.explain import EXPLAINER
from ntm_rules.model.assessment import STATUS_OF_CODE, Assessment, Result, Status, Verdict
from ntm_rules.model.commune import facts_given
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text

__all__ = ["Lack", "ReportedCommune", "recognised_by", "registered_by", "reported"]

# The facts that say so. Of other tiers the catalogue has none, and what nobody says is not known.
_RECOGNISED = {"ntm": "recognised_ntm", "nang-cao": "recognised_nang_cao"}
_REGISTERED = "registered_in_district_plan"


@attrs.frozen(slots=True)
class Lack:
    """An indicator not met, and by how much where figures say it."""

    id: str
    gap: Decimal | None
    gap_count: int | None
    words: Text = attrs.field(eq=False)


@attrs.frozen(slots=True, kw_only=True)
class ReportedCommune:
    """A commune as a report counts it.

    `verdicts` are those of its criteria and `statuses` those of its indicators, in official order; `undetermined` counts the
    criteria that may yet be met, those too that the ruleset does not have in full. `registered` and `recognised` are facts, None
    where not known; `at_risk` is of a title held, None where that is not determined or no title is known to be held.
    """

    code: str | None
    name: str | None
    host_id: Any
    province: str | None
    district: str | None
    region: str | None
    zones: tuple[str, ...]
    year: int | None
    verdict: Verdict
    verdicts: tuple[Verdict, ...]
    statuses: tuple[Status, ...]
    met: int
    undetermined: int
    lacks: tuple[Lack, ...]
    registered: bool | None
    recognised: bool | None
    at_risk: bool | None

    @property
    def identity(self) -> tuple[str | None, ...]:
        """By what the commune is known again in another period: its code, or its name with district and province."""
        return (self.code,) if self.code is not None else (self.province, self.district, self.name)


def recognised_by(ruleset: Ruleset) -> str | None:
    """The fact that says whether a commune holds the title of the ruleset's tier; None where there is no such fact."""
    return _known(ruleset, _RECOGNISED.get(ruleset.tier))


def registered_by(ruleset: Ruleset) -> str | None:
    """The fact that says whether a commune has registered to meet the ruleset; None where there is no such fact."""
    return _known(ruleset, _REGISTERED)


def _known(ruleset: Ruleset, key: str | None) -> str | None:
    return key if key in ruleset.catalogue.facts else None


def reported(assessment: Assessment) -> ReportedCommune:
    """What a report keeps of an assessment."""
    ruleset, commune = assessment.ruleset, assessment.commune
    province, region = _place(assessment)
    verdicts = tuple(result.verdict for result in assessment.criteria)
    facts = facts_given(commune)
    registered, recognised = (
        None if key is None else facts.get(key) for key in (registered_by(ruleset), recognised_by(ruleset))
    )
    return ReportedCommune(
        code=commune.code,
        name=commune.name,
        host_id=commune.host_id,
        province=province,
        district=commune.district,
        region=region,
        zones=commune.zones,
        year=commune.year,
        verdict=assessment.verdict,
        verdicts=verdicts,
        statuses=tuple(map(STATUS_OF_CODE.__getitem__, assessment.codes)),
        met=assessment.criteria_met,
        undetermined=verdicts.count(Verdict.UNDETERMINED) + assessment.criteria_total - len(verdicts),
        lacks=tuple(map(_lack, assessment.missing)),
        registered=registered,
        recognised=recognised,
        at_risk=assessment.at_risk.answer if recognised else None,
    )


def _place(assessment: Assessment) -> tuple[str | None, str | None]:
    """The name of the commune's province, that of the ruleset where it was judged by one, and its region."""
    catalogue, commune = assessment.ruleset.catalogue, assessment.commune
    province = catalogue.province(commune.province or assessment.ruleset.province or "")
    if province is None:
        return commune.province, commune.region
    return province.name, commune.region or province.region


def _lack(result: Result) -> Lack:
    words = Text(EXPLAINER.shortfall(result, "vi"), EXPLAINER.shortfall(result, "en"))
    return Lack(result.id, result.gap, result.gap_count, words)
