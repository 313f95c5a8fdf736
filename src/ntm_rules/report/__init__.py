"""Reports on many communes: how many meet what, by band, criterion, indicator and place, and what changed.

>>> import ntm_rules as ntm
>>> from ntm_rules import report
>>> rs = ntm.load_ruleset("2021-2025/xa-ntm")
>>> communes = [ntm.Commune(code=1, district="A", region="dbsh", attested=dict.fromkeys(rs.numbers, True))]
>>> report.summarise(rs, ntm.evaluate_many(rs, communes), by="district")
<Report 2021-2025/xa-ntm: 1 communes, 19.00 criteria each>

`Report.text`, `to_html`, `to_csv` and `to_json` show it; `Report.all` and `Report.groups` have the figures, each with its
denominator.
"""

from __future__ import annotations

from ntm_rules.report.bands import Band
from ntm_rules.report.change import Change, Move
from ntm_rules.report.communes import Lack, ReportedCommune
from ntm_rules.report.counts import BandCount, Counts, CriterionCount, Held, IndicatorCount
from ntm_rules.report.figures import Average, Share
from ntm_rules.report.groups import Group, Place
from ntm_rules.report.summary import Report, summarise

__all__ = [
    "Average",
    "Band",
    "BandCount",
    "Change",
    "Counts",
    "CriterionCount",
    "Group",
    "Held",
    "IndicatorCount",
    "Lack",
    "Move",
    "Place",
    "Report",
    "ReportedCommune",
    "Share",
    "summarise",
]
