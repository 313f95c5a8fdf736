"""A report: many assessments counted in one pass, and the ways it is shown."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from ntm_rules.model.assessment import Assessment
from ntm_rules.model.errors import NtmRulesError, Problem, check_language
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text, shown
from ntm_rules.report import page, rows, text
from ntm_rules.report.bands import Band, bands_of
from ntm_rules.report.change import Change, Earlier, changed
from ntm_rules.report.communes import ReportedCommune, recognised_by, registered_by, reported
from ntm_rules.report.counts import Counts, counted
from ntm_rules.report.document import document, earlier
from ntm_rules.report.figures import Rounding, check_rounding
from ntm_rules.report.groups import Group, Grouping, check_groupings, places

__all__ = ["Report", "summarise"]

Refused = tuple[str, tuple[Problem, ...]]


@attrs.frozen(slots=True, kw_only=True, repr=False, eq=False)
class Report:
    """Many communes counted; see `summarise`.

    `all` has the figures of all communes, `groups` those of each place, `before` those of the previous period. `communes` are
    in the order given, `refused` those that could not be judged, each by name with what is wrong; `repeated` are codes that more
    than one of the communes has, each of which is counted. `registered_by` and `recognised_by` are the facts that say so, None
    where the catalogue has none.
    """

    ruleset: Ruleset
    bands: tuple[Band, ...]
    rounding: Rounding
    criteria_total: int
    registered_by: str | None
    recognised_by: str | None
    all: Counts
    before: Counts | None
    groups: tuple[Group, ...]
    change: Change | None
    communes: tuple[ReportedCommune, ...]
    refused: tuple[Refused, ...]

    @property
    def years(self) -> dict[int | None, int]:
        """How many communes have facts of which year, earliest first; None where it is not given."""
        found = collections.Counter(commune.year for commune in self.communes)
        return dict(sorted(found.items(), key=lambda item: (item[0] is None, item[0] or 0)))

    @property
    def repeated(self) -> tuple[str, ...]:
        """The codes that more than one commune has."""
        found = collections.Counter(commune.code for commune in self.communes if commune.code is not None)
        return tuple(code for code, count in found.items() if count > 1)

    def text(self, lang: Language = "vi") -> str:
        """The report as plain text, fit to be pasted into a document."""
        return text.text(self, check_language(lang))

    def to_csv(self, lang: Language = "vi") -> str:
        """Every figure as a row of one table: what it counts, of which group, the count, of how many, the figure as shown."""
        return rows.to_csv(self, check_language(lang))

    def to_html(self, lang: Language = "vi") -> str:
        """The report as one HTML page that needs nothing else, in both languages, opened in `lang`."""
        return page.html(self, check_language(lang))

    def to_dict(self) -> dict[str, Any]:
        """The report as stable, versioned, JSON-ready data (schema: rulesets/schema/report.schema.json).

        It has every commune, and is what a report of the next period takes as `previous`.
        """
        return document(self)

    def to_json(self) -> str:
        """`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, default=str)

    def __repr__(self) -> str:
        return f"<Report {self.ruleset.id}: {len(self.communes)} communes, {self.all.average.value()} criteria each>"

    def __str__(self) -> str:
        return self.text("vi")

    def _repr_html_(self) -> str:
        return page.fragment(self, "vi")


def summarise(
    ruleset: Ruleset,
    assessments: Iterable[Assessment],
    *,
    by: Grouping | Sequence[Grouping] = (),
    bands: str | None = None,
    rounding: Rounding = "half-up",
    previous: Report | Mapping[str, Any] | None = None,
    refused: Iterable[Refused] = (),
) -> Report:
    """Count many assessments under one ruleset: communes per band, averages, who meets what, titles at risk.

    Assessments are taken as they come and not kept. `by` groups them too: "district" (`Commune.district`), "province", "region",
    "zone", one or several. `bands` are ranges of criteria met, as ``"19,15-18,10-14,0-9"``. `rounding` is how percentages and
    averages are rounded when shown, a mode of the `decimal` module by name ("half-up", "down", "half-even" …); nothing is decided
    by a rounded number. `previous` is the report of an earlier period, or its `to_dict`. `refused` are communes that could not be
    judged, read after the last assessment: they are in no count, and listed.

    What is not known is counted apart, everywhere: undetermined criteria neither as met nor as missing, communes of which it is
    not known whether they are recognised or registered neither way.

    Raises `NtmRulesError` where bands leave a gap or overlap, an assessment is of another ruleset or `previous` is no report,
    `UnknownNameError` for an unknown grouping or rounding mode.

    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm")
    >>> attested = {number: True for number in rs.numbers}
    >>> communes = [ntm.Commune(code=1, region="dbsh", attested=attested), ntm.Commune(code=2, region="dbsh", attested=attested | {"17.1": False})]
    >>> found = summarise(rs, ntm.evaluate_many(rs, communes))
    >>> [(str(each.band), each.communes.count, str(each.communes.percent())) for each in found.all.bands]
    [('19', 1, '50.00'), ('15-18', 1, '50.00'), ('10-14', 0, '0.00'), ('0-9', 0, '0.00')]
    >>> found.all.average.value(), [indicator.no for indicator in found.all.most_missed]
    (Decimal('18.50'), ['17.1'])
    """
    check_rounding(rounding)
    groupings = check_groupings(by)
    total = ruleset.criteria_total or len(ruleset.criteria)
    ranges = bands_of(bands, total)
    data = previous.to_dict() if isinstance(previous, Report) else previous
    past = None if data is None else earlier(data, ruleset, total)
    communes = tuple(reported(_of(ruleset, assessment)) for assessment in assessments)
    return Report(
        ruleset=ruleset,
        bands=ranges,
        rounding=rounding,
        criteria_total=total,
        registered_by=registered_by(ruleset),
        recognised_by=recognised_by(ruleset),
        all=counted(communes, ruleset, ranges),
        before=None if past is None else _before(past, past.communes, ruleset, ranges),
        groups=tuple(group for grouping in groupings for group in _groups(grouping, ruleset, ranges, communes, past)),
        change=None if past is None else changed(past, communes),
        communes=communes,
        refused=tuple(refused),
    )


def _of(ruleset: Ruleset, assessment: Assessment) -> Assessment:
    """The assessment, where it is one of the ruleset."""
    given = assessment.ruleset
    if given is ruleset or given.content_hash == ruleset.content_hash:
        return assessment
    message = Text(
        "kết quả của bộ tiêu chí khác với bộ của báo cáo", "an assessment of another ruleset than the report's"
    )
    wanted = f"{ruleset.id} ({ruleset.content_hash[:12]})"
    raise NtmRulesError(
        [
            Problem(
                code="another_ruleset",
                key="assessments",
                found=shown(f"{given.id} ({given.content_hash[:12]})"),
                wanted=Text(wanted, wanted),
                message=message,
            )
        ]
    )


def _groups(
    by: Grouping,
    ruleset: Ruleset,
    bands: tuple[Band, ...],
    communes: Sequence[ReportedCommune],
    past: Earlier | None,
) -> Iterable[Group]:
    earlier_ones = () if past is None else past.communes
    now, then = (places(ones, by, ruleset.catalogue) for ones in (communes, earlier_ones))
    for place in places((*communes, *earlier_ones), by, ruleset.catalogue):  # a place that is gone is shown as gone
        before = None if past is None else _before(past, then.get(place, []), ruleset, bands)
        yield Group(place=place, counts=counted(now.get(place, []), ruleset, bands), before=before)


def _before(past: Earlier, communes: Sequence[ReportedCommune], ruleset: Ruleset, bands: tuple[Band, ...]) -> Counts:
    """The figures of a previous period, as far as they can be held against those of this one."""
    return counted(communes, ruleset if past.same_numbers else None, bands if past.comparable else ())
