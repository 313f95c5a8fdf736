"""A report as JSON-ready data, and a report of a previous period read back from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown
from ntm_rules.report.bands import Band
from ntm_rules.report.change import Change, Earlier
from ntm_rules.report.communes import Lack, ReportedCommune
from ntm_rules.report.counts import Counts, Held
from ntm_rules.report.figures import Average, Rounding, Share

if TYPE_CHECKING:
    from ntm_rules.report.summary import Report
    from ntm_rules.rulebook.report_documents import CommuneOfReport

__all__ = ["FORMAT", "PLACES", "document", "earlier"]

FORMAT = "ntm-rules/report/1"
# Digits after the point of every percentage and average that is shown.
PLACES = 2


def document(report: Report) -> dict[str, Any]:
    """The report as stable, versioned, JSON-ready data."""
    ruleset, rounding = report.ruleset, report.rounding
    return {
        "format": FORMAT,
        "ruleset": ruleset.reference(),
        "rounding": {"mode": rounding, "places": PLACES},
        "bands": [str(band) for band in report.bands],
        "criteria_total": report.criteria_total,
        "facts": {"registered": report.registered_by, "recognised": report.recognised_by},
        "years": [{"year": year, "communes": count} for year, count in report.years.items()],
        "criteria": [{"no": each.no, "title": attrs.asdict(each.title)} for each in ruleset.criteria],
        "indicators": [{"no": each.id, "label": attrs.asdict(each.label)} for each in ruleset.indicators],
        "all": _counts(report.all, rounding),
        "before": report.before and _counts(report.before, rounding),
        "groups": [
            {
                "by": group.place.by,
                "key": group.place.key,
                "province": group.place.province,
                "label": attrs.asdict(group.place.label),
                "counts": _counts(group.counts, rounding),
                "before": group.before and _counts(group.before, rounding),
            }
            for group in report.groups
        ],
        "change": report.change and _change(report.change),
        "communes": [_commune(commune, ruleset, report.bands) for commune in report.communes],
        "repeated": list(report.repeated),
        "refused": [{"commune": name, "problems": [p.to_dict() for p in found]} for name, found in report.refused],
    }


def _counts(counts: Counts, rounding: Rounding) -> dict[str, Any]:
    return {
        "communes": counts.communes,
        "verdicts": {verdict.value: counts.verdicts.get(verdict, 0) for verdict in Verdict},
        "bands": [
            {
                "band": str(found.band),
                "low": found.band.low,
                "high": found.band.high,
                "communes": found.communes.count,
                "of": found.communes.of,
                "percent": _percent(found.communes, rounding),
                "uncertain": found.uncertain,
            }
            for found in counts.bands
        ],
        "uncertain_bands": counts.uncertain_bands,
        "average": _average(counts.average, rounding),
        "average_unrecognised": _average(counts.average_unrecognised, rounding),
        "criteria": [
            _met(each.no, each.met, rounding) | {"missing": each.missing, "undetermined": each.undetermined}
            for each in counts.criteria
        ],
        "indicators": [
            _met(each.no, each.met, rounding)
            | {"missing": each.missing, "undetermined": each.undetermined, "not_applicable": each.not_applicable}
            for each in counts.indicators
        ],
        "most_missed": [each.no for each in counts.most_missed],
        "registered": _held(counts.registered, rounding),
        "recognised": _held(counts.recognised, rounding),
        "at_risk": {
            word: counts.at_risk.get(answer, 0)
            for word, answer in (("yes", True), ("no", False), ("undetermined", None))
        },
    }


def _met(no: str, met: Share, rounding: Rounding) -> dict[str, Any]:
    return {"no": no, "met": met.count, "of": met.of, "percent": _percent(met, rounding)}


def _held(held: Held, rounding: Rounding) -> list[dict[str, Any]]:
    return [
        {
            "held": answer,
            "communes": held.communes(answer),
            **{verdict.value: held.verdicts.get((answer, verdict), 0) for verdict in Verdict},
            "percent_met": _percent(held.met(answer), rounding),
        }
        for answer in (True, False, None)
    ]


def _average(average: Average, rounding: Rounding) -> dict[str, Any]:
    return {
        "criteria": average.criteria,
        "undetermined": average.undetermined,
        "of": average.of,
        "average": _text(average.value(PLACES, rounding)),
        "possible": _text(average.possible(PLACES, rounding)),
    }


def _percent(share: Share, rounding: Rounding) -> str | None:
    return _text(share.percent(PLACES, rounding))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _commune(commune: ReportedCommune, ruleset: Ruleset, bands: tuple[Band, ...]) -> dict[str, Any]:
    with_status = {
        status: [no for no, found in zip(ruleset.numbers, commune.statuses, strict=True) if found is status]
        for status in (Status.UNDETERMINED, Status.NOT_APPLICABLE)
    }
    return {
        "code": commune.code,
        "name": commune.name,
        "host_id": commune.host_id,
        "province": commune.province,
        "district": commune.district,
        "region": commune.region,
        "zones": list(commune.zones),
        "year": commune.year,
        "verdict": commune.verdict.value,
        "criteria_met": commune.met,
        "criteria_undetermined": commune.undetermined,
        "band": next(str(band) for band in bands if commune.met in band),
        "criteria": {each.no: verdict.value for each, verdict in zip(ruleset.criteria, commune.verdicts, strict=True)},
        "missing": [{"id": lack.id, "gap": _text(lack.gap), "gap_count": lack.gap_count} for lack in commune.lacks],
        "undetermined": with_status[Status.UNDETERMINED],
        "not_applicable": with_status[Status.NOT_APPLICABLE],
        "registered": commune.registered,
        "recognised": commune.recognised,
        "at_risk": commune.at_risk,
    }


def _change(change: Change) -> dict[str, Any]:
    plain = attrs.asdict(change) | {"gained": list(change.gained), "lost": list(change.lost)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


# -- a previous report


def earlier(data: Mapping[str, Any], ruleset: Ruleset, criteria_total: int) -> Earlier:
    """The report of a previous period, to be held against one of `ruleset`; `NtmRulesError` where it is none."""
    given = data.get("format") if isinstance(data, Mapping) else data
    if given != FORMAT:
        message = Text("không phải báo cáo kỳ trước", "not a report of a previous period")
        problem = Problem(code="not_a_report", key="previous", found=shown(given), wanted=_WANTED, message=message)
        raise NtmRulesError([problem])
    # Slow to import, and of no use to a report without a previous one.
    from pydantic import ValidationError

    from ntm_rules.rulebook.report_documents import ReportDocument

    try:
        found = ReportDocument.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        wrong = ((each["loc"], each["input"]) for each in error.errors(include_url=False))
        raise NtmRulesError(_damage(*each) for each in wrong) from None
    if too_many := [
        _damage(("communes", place, "criteria_met"), each.criteria_met)
        for place, each in enumerate(found.communes)
        if each.criteria_met + each.criteria_undetermined > found.criteria_total
    ]:
        raise NtmRulesError(too_many)
    criteria, numbers = [each.no for each in found.criteria], [each.no for each in found.indicators]
    same = (
        found.ruleset.id == ruleset.id
        and criteria == [each.no for each in ruleset.criteria]
        and tuple(numbers) == ruleset.numbers
    )
    return Earlier(
        ruleset=found.ruleset.model_dump(),
        communes=tuple(_earlier_commune(commune, criteria, numbers) for commune in found.communes),
        comparable=found.criteria_total == criteria_total,
        same_numbers=same,
        same_text=found.ruleset.content_hash == ruleset.content_hash,
    )


_WANTED = Text(
    f"kết quả của `ntm-rules report --format json` ({FORMAT})",
    f"what `ntm-rules report --format json` gives ({FORMAT})",
)


def _damage(place: Iterable[object], found: object) -> Problem:
    """A place of a report that is not as reports are."""
    message = Text("báo cáo kỳ trước đã bị sửa hỏng ở đây", "the report of the previous period is damaged here")
    return Problem(
        code="bad_report",
        key=".".join(map(str, ("previous", *place))),
        found=shown(found),
        wanted=_WANTED,
        message=message,
    )


def _earlier_commune(commune: CommuneOfReport, criteria: list[str], numbers: list[str]) -> ReportedCommune:
    lacks = tuple(
        Lack(lack.id, None if lack.gap is None else Decimal(lack.gap), lack.gap_count, Text("", ""))
        for lack in commune.missing
    )
    other = (
        dict.fromkeys((lack.id for lack in lacks), Status.MISSING)
        | dict.fromkeys(commune.undetermined, Status.UNDETERMINED)
        | dict.fromkeys(commune.not_applicable, Status.NOT_APPLICABLE)
    )
    return ReportedCommune(
        code=commune.code,
        name=commune.name,
        host_id=commune.host_id,
        province=commune.province,
        district=commune.district,
        region=commune.region,
        zones=tuple(commune.zones),
        year=commune.year,
        verdict=commune.verdict,
        verdicts=tuple(commune.criteria.get(no, Verdict.UNDETERMINED) for no in criteria),
        statuses=tuple(other.get(no, Status.MET) for no in numbers),
        met=commune.criteria_met,
        undetermined=commune.criteria_undetermined,
        lacks=lacks,
        registered=commune.registered,
        recognised=commune.recognised,
        at_risk=commune.at_risk,
    )
