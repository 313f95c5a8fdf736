"""A report as CSV: every figure a row of one table, to be opened in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from ntm_rules.explain import VERDICT_WORDS
from ntm_rules.explain.names import named
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.text import Language, Text, in_cell, printable
from ntm_rules.report.counts import Counts, Held
from ntm_rules.report.document import PLACES
from ntm_rules.report.figures import Average, Share

if TYPE_CHECKING:
    from ntm_rules.report.change import Change
    from ntm_rules.report.communes import ReportedCommune
    from ntm_rules.report.summary import Report

__all__ = ["to_csv"]

_COLUMNS = ("period", "section", "by", "group", "item", "label", "count", "of", "value", "missing", "undetermined")
_NOW, _BEFORE = "now", "before"
_ALL = Text("tất cả", "all")

Cells = tuple[object, ...]


def to_csv(report: Report, lang: Language) -> str:
    """The report as a spreadsheet of the language takes it: in Vietnamese with ";" between cells and a decimal comma."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if lang == "vi" else ",", lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in _rows(report, lang):
        writer.writerow([_cell(value, lang) for value in row])
    return written.getvalue().rstrip("\n")


def _cell(value: object, lang: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", "," if lang == "vi" else ".")
    text = printable(str(value))
    return in_cell(text) if isinstance(value, str) else text


def _rows(report: Report, lang: Language) -> Iterator[Cells]:
    places = [("", _ALL.in_(lang), report.all, report.before)]
    places += [(each.place.by, each.place.label.in_(lang), each.counts, each.before) for each in report.groups]
    for by, group, now, before in places:
        for period, counts in ((_NOW, now), (_BEFORE, before)):
            if counts is not None:
                for section, *cells in _figures(report, counts, lang):
                    yield (period, section, by, group, *cells)
    if report.change is not None:
        yield from _change(report.change)
    for commune in report.communes:
        yield _commune(report, commune)
    for name, problems in report.refused:
        for problem in problems:
            yield (_NOW, "refused", "", "", name, problem.describe(lang), None, None, None, None, None)


def _change(change: Change) -> Iterator[Cells]:
    """How many communes of those matched did what; of those that rose and fell, by how many criteria at least and at most."""
    for item, moves, criteria in (("risen", change.risen, change.gained), ("fallen", change.fallen, change.lost)):
        least, most = criteria
        label = str(least) if least == most else f"{least}–{most}"
        yield (_NOW, "change", "", "", item, label, len(moves), change.matched, None, None, None)
    for item, count in (("unchanged", change.unchanged), ("uncertain", len(change.uncertain))):
        yield (_NOW, "change", "", "", item, "", count, change.matched, None, None, None)


def _figures(report: Report, counts: Counts, lang: Language) -> Iterator[Cells]:
    """The figures of some communes: section, item, label, count, of, value, missing, undetermined."""
    rounding = report.rounding

    def share(section: str, item: str, label: str, of: Share, missing: object = None, open_: object = None) -> Cells:
        return (section, item, label, of.count, of.of, of.percent(PLACES, rounding), missing, open_)

    def average(section: str, of: Average) -> Cells:
        return (section, "", "", of.criteria, of.of, of.value(PLACES, rounding), None, of.undetermined)

    def held(section: str, of: Held) -> Iterator[Cells]:
        for answer, item in ((True, "yes"), (False, "no"), (None, "unknown")):
            missing, open_ = (
                of.verdicts.get((answer, verdict), 0) for verdict in (Verdict.MISSING, Verdict.UNDETERMINED)
            )
            yield share(section, item, VERDICT_WORDS[Verdict.MET].in_(lang), of.met(answer), missing, open_)

    yield ("communes", "", "", counts.communes, None, None, None, None)
    for band in counts.bands:
        yield share("band", str(band.band), band.band.label.in_(lang), band.communes, None, band.uncertain)
    yield average("average", counts.average)
    yield average("average_unrecognised", counts.average_unrecognised)
    yield from held("registered", counts.registered)
    yield from held("recognised", counts.recognised)
    titles = sum(counts.at_risk.values())
    yield ("at_risk", "", "", counts.at_risk.get(True, 0), titles, None, None, counts.at_risk.get(None, 0))
    for criterion in counts.criteria:
        label = f"{criterion.no} {criterion.title.in_(lang)}"
        yield share("criterion", criterion.no, label, criterion.met, criterion.missing, criterion.undetermined)
    for each in counts.indicators:
        # With its number: a spreadsheet takes 17.10 for 17.1.
        label = f"{each.no} {each.label.in_(lang)}"
        yield share("indicator", each.no, label, each.met, each.missing, each.undetermined)


def _commune(report: Report, commune: ReportedCommune) -> Cells:
    numbers = zip(report.ruleset.numbers, commune.statuses, strict=True)
    open_ = " ".join(no for no, status in numbers if status is Status.UNDETERMINED)
    missing = " ".join(lack.id for lack in commune.lacks)
    place = ", ".join(part for part in (commune.district, commune.province) if part)
    total = report.criteria_total
    return (_NOW, "commune", "", place, commune.code or "", named(commune), commune.met, total, None, missing, open_)
