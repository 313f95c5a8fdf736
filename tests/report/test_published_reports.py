"""Published reports: what their own figures close to comes out of this library to the digit.

`tests/data/cases/reports.csv` says of every line of aggregates.csv what can be made of it:

- reproduced: computed from other published figures, half-up; truncated: the same, cut off instead;
- fits: the sum of criteria is not published; communes with every published count and this average exist;
- does not close: no communes have these figures; no denominator, count alone: there is nothing to compute;
- not of communes: households, villages, districts.
"""

from __future__ import annotations

import collections
import csv
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.report.populations import Bands, assessments, commune, judged, ruleset, spread, with_average

import ntm_rules as ntm
from ntm_rules import report
from ntm_rules.model.assessment import Verdict
from ntm_rules.report.figures import Rounding

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "data" / "cases"


def read(name: str) -> list[dict[str, str]]:
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PUBLISHED = read("aggregates")
OUTCOMES = read("reports")
LINES = [published | outcome for published, outcome in zip(PUBLISHED, OUTCOMES, strict=True)]
COMPUTED = [line for line in LINES if line["outcome"] in ("reproduced", "truncated", "fits")]
OF_ONE_PERIOD = [line for line in COMPUTED if line["figure"] not in ("risen", "fallen")]

# So many communes, in each band from the fewest to the most criteria; how many of the first are recognised; and the bands asked.
BANDS: dict[str, tuple[Bands, int | None, str | None]] = {
    "HUE-2018": ([(44, 19, 19), (29, 15, 18), (28, 10, 14), (3, 8, 9)], None, "19,15-18,10-14,8-9,0-7"),
    "TAYNINH-2020": ([(35, 19, 19), (14, 15, 18), (20, 10, 14), (2, 5, 9)], None, "19,15-18,10-14,5-9,0-4"),
    "YENBAI-2021": ([(86, 19, 19), (3, 15, 18), (33, 10, 14), (28, 6, 9)], 78, "19,15-18,10-14,6-9,0-5"),
    "LAMDONG-2014": ([(6, 19, 19), (21, 15, 18), (50, 10, 14), (40, 5, 9)], 4, "19,15-18,10-14,5-9,0-4"),
    "LAMDONG-2015": ([(21, 19, 19), (28, 15, 18), (46, 10, 14), (22, 7, 9)], 21, "19,15-18,10-14,7-9,0-6"),
    "LAMDONG-2016": ([(60, 19, 19), (19, 15, 18), (30, 10, 14), (8, 0, 9)], 60, None),
    "PHUTHO-2012": ([(6, 15, 16), (47, 10, 14), (71, 7, 9), (123, 0, 6)], None, "17-19,15-16,10-14,7-9,0-6"),
    "THAINGUYEN-2022": ([(109, 19, 19), (28, 10, 18)], 109, None),
    "QUANGNAM-2019": ([(99, 19, 19), (105, 0, 18)], 99, None),
    "QUANGNAM-2020": ([(117, 19, 19), (83, 0, 18)], 117, None),
    "QUANGNAM-2022": ([(123, 19, 19), (70, 0, 18)], 123, None),
    "HATINH-2018": ([(158, 19, 19), (71, 11, 18)], 158, "19,15-18,11-14,0-10"),
    "HAIDUONG-2020": ([(160, 19, 19), (18, 0, 18)], 160, None),
    "CAMAU-2019": ([(30, 19, 19), (52, 0, 18)], 30, None),
    "VN-2022-06": ([(5775, 19, 19), (2452, 0, 18)], 5775, None),
    "VN-2025-06": ([(6084, 19, 19), (1585, 0, 18)], 6084, None),
}
# Of these the sum of criteria is published, or none is needed.
SUMS: dict[str, tuple[Bands, int]] = {
    "HUE-2015": ([(92, 0, 19)], 1286),
    "NONGSON-2018": ([(7, 0, 18)], 87),
}


def counted(given: Iterable[ntm.Assessment], bands: str | None = None) -> report.Report:
    return report.summarise(ruleset(), given, bands=bands)


def ia_grai() -> Iterable[ntm.Assessment]:
    """12 communes and 161 criteria: 4 meet all, 7 criterion 11 (poverty), 6 criterion 10 (income)."""
    poverty, income, others = 10, 9, [place for place in range(19) if place not in (9, 10)]
    left = 161 - 4 * 19 - 3 - 2
    for place in range(8):
        met = set(others[: left // 8 + (place < left % 8)])
        met |= {poverty} if place < 3 else set()
        met |= {income} if place < 2 else set()
        yield judged(frozenset(met), False)
    yield from assessments([19] * 4, 4)


def vinh_long_2021() -> Iterable[ntm.Assessment]:
    """55 of 87 recognised, of which 48 keep all 19 criteria."""
    yield from assessments(spread([(48, 19, 19), (7, 18, 18), (32, 12, 12)]), 55)


def plans_2023() -> Iterable[ntm.Assessment]:
    """6,022 of 8,177 communes recognised; 7,484 meet criterion 1."""
    yield from assessments([19] * 6022, 6022)
    for place in range(8177 - 6022):
        yield judged(frozenset(range(18) if place < 7484 - 6022 else range(1, 19)), False)


WHOLE = {"IAGRAI-2019": ia_grai, "VINHLONG-2021": vinh_long_2021, "VN-2023-06": plans_2023}
_MADE: dict[str, report.Report] = {}


def made(line: dict[str, str]) -> report.Report:
    """The report of a published case; of a line that stands alone ("13/15"), of these communes."""
    case = line["case_id"].removeprefix("AGG-")
    if case not in BANDS and case not in SUMS and case not in WHOLE:
        return alone(line)
    if case not in _MADE:
        if case in BANDS:
            bands, recognised, asked = BANDS[case]
            average = next(
                (x["value"] for x in LINES if x["case_id"] == line["case_id"] and x["figure"] == "average"), None
            )
            counts = spread(bands) if average is None else with_average(bands, average)
            _MADE[case] = counted(assessments(counts, recognised), asked)
        elif case in SUMS:
            _MADE[case] = counted(assessments(spread(*SUMS[case])))
        else:
            _MADE[case] = counted(WHOLE[case]())
    return _MADE[case]


def alone(line: dict[str, str]) -> report.Report:
    count, of = (int(part.replace(".", "")) for part in line["value"].split("/"))
    if line["figure"] == "recognised":
        return counted(assessments(spread([(count, 19, 19), (of - count, 0, 18)]), count))
    every, none = frozenset(range(19)), frozenset[int]()
    return counted(judged(every if place < count else none, None, True) for place in range(of))


def figure(found: report.Report, name: str) -> report.Share | report.Average | int:
    """The figure of a report that a published line is about."""
    counts = found.all
    kind, _, which = name.partition(" ")
    if kind == "band":
        return next(each.communes for each in counts.bands if str(each.band) == which)
    if kind == "criterion":
        return next(each.met for each in counts.criteria if each.no == which)
    if name == "recognised missing":
        return report.Share(counts.recognised.verdicts[True, Verdict.MISSING], counts.recognised.communes(True))
    named: dict[str, report.Share | report.Average | int] = {
        "communes": counts.communes,
        "criteria": counts.average.criteria,
        "average": counts.average,
        "recognised": report.Share(counts.recognised.communes(True), counts.communes),
        "recognised met": counts.recognised.met(True).count,
        "unrecognised met": counts.recognised.met(False).count,
        "registered met": counts.registered.met(True),
    }
    return named[name]


def shown(value: Decimal | None) -> str:
    assert value is not None
    return format(value, "f")


@pytest.mark.parametrize("line", OF_ONE_PERIOD, ids=lambda line: f"{line['case_id']}-{line['label']}")
def test_a_published_line_comes_out_to_the_digit(line: dict[str, str]) -> None:
    rounding: Rounding = "down" if line["outcome"] == "truncated" else "half-up"
    found, value = (
        figure(made(line), line["figure"]),
        line["value"].replace(".", "") if "/" in line["value"] else line["value"],
    )
    if isinstance(found, report.Average):
        assert shown(found.value(len(value.partition(".")[2]), rounding)) == value
        if line["outcome"] == "truncated":
            assert shown(found.value(len(value.partition(".")[2]))) != value
        return
    if isinstance(found, int):
        assert str(found) == value
        return
    assert value in (str(found.count), f"{found.count}/{found.of}")
    percent = re.search(r"(?<![\d,.])(\d+(?:,\d+)?)%", line["notes"])
    if percent:
        figures = percent[1].replace(",", ".")
        places = len(figures.partition(".")[2])
        assert shown(found.percent(places, rounding)) == figures
        if line["outcome"] == "truncated":
            assert shown(found.percent(places)) != figures


def test_the_averages_that_are_printed_are_tested() -> None:
    """A check that finds nothing to hold against would pass: so many lines show a percentage or an average."""
    averages = [line for line in COMPUTED if line["figure"] == "average"]
    percentages = [line for line in COMPUTED if line["figure"] != "average" and "%" in line["notes"]]
    assert (len(averages), len(percentages)) == (16, 23)


def test_vinh_long_fell_when_the_criteria_changed() -> None:
    """21 communes with 34 criteria more, 58 with 189 fewer, against the end of 2016."""
    before = [10] * 21 + [16] * 58
    rises, falls = [2] * 13 + [1] * 8, [4] * 15 + [3] * 43
    now = [met + rise for met, rise in zip(before[:21], rises, strict=True)]
    now += [met - fall for met, fall in zip(before[21:], falls, strict=True)]

    def period(counts: list[int], previous: report.Report | None = None) -> report.Report:
        communes = [commune(range(met), code=place) for place, met in enumerate(counts)]
        return report.summarise(ruleset(), ntm.evaluate_many(ruleset(), communes), previous=previous)

    change = period(now, period(before)).change
    assert change is not None
    lines = [line for line in LINES if line["figure"] in ("risen", "fallen")]
    published = [(line["value"], *re.findall(r"(?:tăng|giảm) (\d+) tiêu chí", line["notes"])) for line in lines]
    assert published == [("21", "34"), ("58", "189")]
    assert (len(change.risen), change.gained) == (21, (34, 34))
    assert (len(change.fallen), change.lost) == (58, (189, 189))


@pytest.mark.parametrize(
    ("communes", "before", "now", "rise"),
    [(204, "14.10", "15.28", "1.18"), (229, "14.65", "17.70", "3.05")],
    ids=["Quảng Nam 2019", "Hà Tĩnh 2018"],
)
def test_a_published_rise_of_the_average(communes: int, before: str, now: str, rise: str) -> None:
    def period(average: str, previous: report.Report | None = None) -> report.Report:
        counts = with_average([(communes, 0, 19)], average)
        return report.summarise(ruleset(), assessments(counts), previous=previous)

    found = period(now, period(before))
    assert f"{now.replace('.', ',')}" in found.text()
    assert f"  {before.replace('.', ',')}  " in found.text()
    assert f"+{rise.replace('.', ',')}" in found.text()


def test_every_published_line_has_an_outcome_and_what_cannot_be_computed_a_reason() -> None:
    assert [(r["case_id"], r["label"]) for r in OUTCOMES] == [(r["case_id"], r["label"]) for r in PUBLISHED]
    for row in OUTCOMES:
        computed = row["outcome"] in ("reproduced", "truncated")
        assert bool(row["figure"]) == (computed or row["outcome"] == "fits"), row
        assert bool(row["why"]) != computed, row


def test_the_page_says_how_many_lines_of_which_outcome_there_are() -> None:
    page = (ROOT / "docs" / "reports.md").read_text("utf-8")
    said = {word: int(count) for word, count in re.findall(r"(?m)^\| ([a-z ]+) \| (\d+) \|", page)}
    assert said == collections.Counter(row["outcome"] for row in OUTCOMES)
