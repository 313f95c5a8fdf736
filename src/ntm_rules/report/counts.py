"""Communes counted: by band, criterion and indicator, by what they registered for and hold."""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text
from ntm_rules.report.bands import Band
from ntm_rules.report.communes import ReportedCommune
from ntm_rules.report.figures import Average, Share

__all__ = ["BandCount", "Counts", "CriterionCount", "Held", "IndicatorCount", "counted"]


@attrs.frozen(slots=True)
class BandCount:
    """Communes by criteria met; `uncertain` are those of them that reach a higher band if undetermined criteria turn out met."""

    band: Band
    communes: Share
    uncertain: int


@attrs.frozen(slots=True)
class CriterionCount:
    """How many communes meet a criterion, of all; `missing` do not, and of `undetermined` it is not known."""

    no: str
    title: Text
    met: Share
    missing: int
    undetermined: int


@attrs.frozen(slots=True)
class IndicatorCount:
    """How many communes meet an indicator, of all.

    One that does not apply counts as met, as published counts do; `not_applicable` says of how many that is so.
    """

    no: str
    label: Text
    met: Share
    missing: int
    undetermined: int
    not_applicable: int


@attrs.frozen(slots=True)
class Held:
    """Communes of which a fact is true, false or not known (None), each by the verdict of today."""

    verdicts: Mapping[tuple[bool | None, Verdict], int] = attrs.field(hash=False)

    def communes(self, held: bool | None) -> int:
        """How many there are of which it is so."""
        return sum(self.verdicts.get((held, verdict), 0) for verdict in Verdict)

    def met(self, held: bool | None) -> Share:
        """How many of them meet the ruleset today."""
        return Share(self.verdicts.get((held, Verdict.MET), 0), self.communes(held))


@attrs.frozen(slots=True, kw_only=True)
class Counts:
    """The figures of some communes, each with its denominator.

    `average` is over all of them, `average_unrecognised` over those known not to be recognised. `uncertain_bands` communes have
    criteria that cannot be decided and reach another band if these are met. `at_risk` counts the titles held by whether they
    would be withdrawn; None is not determined. Criteria and indicators are in official order.
    """

    communes: int
    verdicts: Mapping[Verdict, int] = attrs.field(hash=False)
    bands: tuple[BandCount, ...]
    average: Average
    average_unrecognised: Average
    criteria: tuple[CriterionCount, ...]
    indicators: tuple[IndicatorCount, ...]
    registered: Held
    recognised: Held
    at_risk: Mapping[bool | None, int] = attrs.field(hash=False)

    @property
    def uncertain_bands(self) -> int:
        """How many communes may belong to a higher band."""
        return sum(counted.uncertain for counted in self.bands)

    @property
    def most_missed(self) -> tuple[IndicatorCount, ...]:
        """The indicators that some commune does not meet, most missed first, in official order among equals."""
        missed = (indicator for indicator in self.indicators if indicator.missing)
        return tuple(sorted(missed, key=lambda indicator: -indicator.missing))


def counted(communes: Sequence[ReportedCommune], ruleset: Ruleset | None, bands: Sequence[Band]) -> Counts:
    """The figures of communes; those of criteria and indicators where they are those of `ruleset`."""
    return Counts(
        communes=len(communes),
        verdicts=_tally(communes, lambda commune: commune.verdict),
        bands=tuple(_in_band(band, communes) for band in bands),
        average=_average(communes),
        average_unrecognised=_average([commune for commune in communes if commune.recognised is False]),
        criteria=() if ruleset is None else _criteria(communes, ruleset),
        indicators=() if ruleset is None else _indicators(communes, ruleset),
        registered=Held(_tally(communes, lambda commune: (commune.registered, commune.verdict))),
        recognised=Held(_tally(communes, lambda commune: (commune.recognised, commune.verdict))),
        at_risk=_tally([commune for commune in communes if commune.recognised], lambda commune: commune.at_risk),
    )


def _tally(communes: Sequence[ReportedCommune], of: Callable[[ReportedCommune], Any]) -> dict[Any, int]:
    return dict(collections.Counter(map(of, communes)))


def _in_band(band: Band, communes: Sequence[ReportedCommune]) -> BandCount:
    held = [commune for commune in communes if commune.met in band]
    uncertain = sum(commune.met + commune.undetermined not in band for commune in held)
    return BandCount(band, Share(len(held), len(communes)), uncertain)


def _average(communes: Sequence[ReportedCommune]) -> Average:
    met, undetermined = (sum(commune.met for commune in communes), sum(commune.undetermined for commune in communes))
    return Average(met, undetermined, len(communes))


def _criteria(communes: Sequence[ReportedCommune], ruleset: Ruleset) -> tuple[CriterionCount, ...]:
    found = []
    for place, criterion in enumerate(ruleset.criteria):
        of = collections.Counter(commune.verdicts[place] for commune in communes)
        met = Share(of[Verdict.MET], len(communes))
        found.append(CriterionCount(criterion.no, criterion.title, met, of[Verdict.MISSING], of[Verdict.UNDETERMINED]))
    return tuple(found)


def _indicators(communes: Sequence[ReportedCommune], ruleset: Ruleset) -> tuple[IndicatorCount, ...]:
    found = []
    for place, indicator in enumerate(ruleset.indicators):
        of = collections.Counter(commune.statuses[place] for commune in communes)
        without = of[Status.NOT_APPLICABLE]
        met = Share(of[Status.MET] + without, len(communes))
        found.append(
            IndicatorCount(indicator.id, indicator.label, met, of[Status.MISSING], of[Status.UNDETERMINED], without)
        )
    return tuple(found)
