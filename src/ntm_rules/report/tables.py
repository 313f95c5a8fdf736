"""What a report says, as tables in both languages: plain text and the HTML page show the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import attrs

from ntm_rules.explain import VERDICT_WORDS
from ntm_rules.model.assessment import Verdict
from ntm_rules.model.text import Text
from ntm_rules.report.cells import (
    against,
    count,
    decimal,
    difference,
    percent,
    with_communes,
    with_counts,
    with_criteria,
)
from ntm_rules.report.change import Change
from ntm_rules.report.counts import Counts, Held, IndicatorCount
from ntm_rules.report.document import PLACES
from ntm_rules.report.figures import Average, Rounding, Share
from ntm_rules.report.groups import Group

if TYPE_CHECKING:
    from ntm_rules.report.summary import Report

__all__ = ["MOST_MISSED", "Row", "Table", "tables"]

# Of the indicators most missed, so many stand in a list of their own.
MOST_MISSED = 10

_COMMUNES = Text("Số xã", "Communes")
_SHARE = Text("Tỷ lệ", "Share")
_BEFORE, _CHANGE = Text("Kỳ trước", "Before"), Text("Thay đổi", "Change")
_MET, _MISSING = Text("Đạt", "Met"), Text("Chưa đạt", "Missing")
_UNDETERMINED = Text("Chưa xác định", "Undetermined")
_ANSWERS = {True: Text("có", "yes"), False: Text("không", "no"), None: Text("chưa rõ", "not known")}


@attrs.frozen(slots=True)
class Row:
    """Cells in both languages; `bar` is a percentage to be drawn beside the first."""

    cells: tuple[Text, ...]
    bar: Fraction | None = None


@attrs.frozen(slots=True)
class Table:
    """A table with a title, and a note on how to read it."""

    title: Text
    note: Text | None
    header: tuple[Text, ...]
    rows: tuple[Row, ...]


def tables(report: Report) -> list[Table]:
    """Every table of the report, in the order of reading."""
    found = [
        _bands(report),
        _averages(report),
        *_held(report),
        _criteria(report),
        _most_missed(report),
        _indicators(report),
    ]
    groupings = dict.fromkeys(group.place.by for group in report.groups)
    found += [_groups(report, [group for group in report.groups if group.place.by == by]) for by in groupings]
    if report.change is not None:
        found.append(_change(report.change))
    return [table for table in found if table.rows]


# -- each table


def _bands(report: Report) -> Table:
    counts, before = report.all, _bands_before(report)
    header = [
        Text("Tiêu chí đạt", "Criteria met"),
        _COMMUNES,
        _SHARE,
        Text("Có thể lên dải cao hơn", "Maybe in a higher band"),
    ]
    if before:
        header += [_BEFORE, _CHANGE]
    rows = []
    for found in counts.bands:
        cells = [
            found.band.label,
            count(found.communes.count),
            percent(found.communes, report.rounding),
            count(found.uncertain),
        ]
        if before:
            cells += against(found.communes.count, before[str(found.band)].count)
        rows.append(Row(tuple(cells), found.communes.exact))
    of = count(counts.communes)
    note = Text(
        f"Tỷ lệ trên {of.vi} xã. Xếp theo số tiêu chí chắc chắn đạt. Số xã còn tiêu chí chưa xác định, có thể ở dải cao hơn: {count(counts.uncertain_bands).vi}.",
        f"Shares of {of.en} communes, by criteria surely met. Communes with undetermined criteria that may be in a higher band: {count(counts.uncertain_bands).en}.",
    )
    return Table(Text("Xã theo số tiêu chí đạt", "Communes by criteria met"), note, tuple(header), tuple(rows))


def _bands_before(report: Report) -> dict[str, Share]:
    return {} if report.before is None else {str(found.band): found.communes for found in report.before.bands}


def _averages(report: Report) -> Table:
    header = [
        Text("Bình quân tiêu chí/xã", "Criteria per commune"),
        Text("Bình quân", "Average"),
        Text("Tổng tiêu chí", "Criteria"),
        _COMMUNES,
        Text("Cao nhất có thể", "At most"),
    ]
    before = report.before if report.change is not None and report.change.comparable else None
    if before is not None:
        header += [_BEFORE, _CHANGE]
    averages: dict[Text, Callable[[Counts], Average]] = {
        Text("Mọi xã", "All communes"): lambda counts: counts.average,
        Text("Xã chưa được công nhận", "Not yet recognised"): lambda counts: counts.average_unrecognised,
    }
    rows = []
    for label, of in averages.items():
        average = of(report.all)
        value, most = average.value(PLACES, report.rounding), average.possible(PLACES, report.rounding)
        cells = [label, decimal(value), count(average.criteria), count(average.of), decimal(most)]
        if before is not None:
            cells += [
                decimal(of(before).value(PLACES, report.rounding)),
                difference(average, of(before), report.rounding),
            ]
        rows.append(Row(tuple(cells)))
    unknown = count(report.all.recognised.communes(None))
    note = Text(
        f"“Cao nhất có thể”: nếu mọi tiêu chí chưa xác định đều đạt. Chưa rõ đã được công nhận hay chưa: {unknown.vi} xã, không tính vào dòng dưới.",
        f"“At most”: if every undetermined criterion were met. Communes of which it is not known whether they are recognised, not in the second row: {unknown.en}.",
    )
    return Table(Text("Bình quân", "Averages"), note, tuple(header), tuple(rows))


def _held(report: Report) -> list[Table]:
    """Registered and recognised against meeting today, and titles at risk."""
    found = []
    for title, asked, key, held in (
        (
            Text("Đăng ký và kết quả hiện nay", "Registered, and meeting today"),
            Text("Đã đăng ký?", "Registered?"),
            report.registered_by,
            report.all.registered,
        ),
        (
            Text("Công nhận và kết quả hiện nay", "Recognised, and meeting today"),
            Text("Đã công nhận?", "Recognised?"),
            report.recognised_by,
            report.all.recognised,
        ),
    ):
        note = Text("Danh mục không có số liệu này.", "The catalogue has no such fact.")
        if key is not None:
            label = report.ruleset.catalogue.facts[key].label
            note = Text(f"Theo số liệu: {label.vi}.", f"By the fact: {label.en}.")
        found.append(_held_table(title, note, asked, held, report.rounding))
    risk = report.all.at_risk
    rows = [Row((words, count(risk.get(answer, 0)))) for answer, words in _RISKS.items()]
    held_titles = count(sum(risk.values()))
    note = Text(
        f"Trong {held_titles.vi} xã đang giữ danh hiệu.", f"Of {held_titles.en} communes known to hold the title."
    )
    title = Text("Nguy cơ bị thu hồi danh hiệu", "Titles at risk of withdrawal")
    return [*found, Table(title, note, (Text("Nguy cơ", "Risk"), _COMMUNES), tuple(rows))]


_RISKS = {
    True: Text("có nguy cơ", "at risk"),
    False: Text("không", "not at risk"),
    None: Text("chưa xác định", "undetermined"),
}


def _held_table(title: Text, note: Text, asked: Text, held: Held, rounding: Rounding) -> Table:
    header = (
        asked,
        _COMMUNES,
        *(_capital(VERDICT_WORDS[verdict]) for verdict in Verdict),
        Text("Tỷ lệ đạt", "Share met"),
    )
    rows = tuple(
        Row(
            (
                words,
                count(held.communes(answer)),
                *(count(held.verdicts.get((answer, verdict), 0)) for verdict in Verdict),
                with_counts(held.met(answer), rounding),
            )
        )
        for answer, words in _ANSWERS.items()
    )
    return Table(title, note, header, rows)


def _criteria(report: Report) -> Table:
    before = {} if report.before is None else {each.no: each.met for each in report.before.criteria}
    header = [Text("Tiêu chí", "Criterion"), _MET, _SHARE, _MISSING, _UNDETERMINED]
    if before:
        header += [_BEFORE, _CHANGE]
    rows = []
    for each in report.all.criteria:
        label = Text(f"{each.no} {each.title.vi}", f"{each.no} {each.title.en}")
        cells = [
            label,
            count(each.met.count),
            percent(each.met, report.rounding),
            count(each.missing),
            count(each.undetermined),
        ]
        if before:
            cells += against(each.met.count, before[each.no].count)
        rows.append(Row(tuple(cells), each.met.exact))
    return Table(
        Text("Xã đạt từng tiêu chí", "Communes meeting each criterion"), _of_all(report), tuple(header), tuple(rows)
    )


def _most_missed(report: Report) -> Table:
    rows = []
    for each in report.all.most_missed[:MOST_MISSED]:
        missed = Share(each.missing, each.met.of)
        rows.append(Row((_label(each), count(each.missing), percent(missed, report.rounding)), missed.exact))
    title = Text("Chỉ tiêu nhiều xã chưa đạt nhất", "Indicators most often missed")
    return Table(title, _of_all(report), (Text("Chỉ tiêu", "Indicator"), _MISSING, _SHARE), tuple(rows))


def _indicators(report: Report) -> Table:
    header = (
        Text("Chỉ tiêu", "Indicator"),
        _MET,
        _SHARE,
        _MISSING,
        _UNDETERMINED,
        Text("Không áp dụng", "Not applicable"),
    )
    rows = tuple(
        Row(
            (
                _label(each),
                count(each.met.count),
                percent(each.met, report.rounding),
                count(each.missing),
                count(each.undetermined),
                count(each.not_applicable),
            ),
            each.met.exact,
        )
        for each in report.all.indicators
    )
    of = count(report.all.communes)
    note = Text(
        f"Tỷ lệ trên {of.vi} xã. Không áp dụng được tính như đạt.",
        f"Shares of {of.en} communes. Not applicable counts as met.",
    )
    return Table(Text("Xã đạt từng chỉ tiêu", "Communes meeting each indicator"), note, header, rows)


_BY = {
    "district": Text("Theo huyện", "By district"),
    "province": Text("Theo tỉnh", "By province"),
    "region": Text("Theo vùng", "By region"),
    "zone": Text("Theo khu vực", "By zone"),
}


def _groups(report: Report, groups: Sequence[Group]) -> Table:
    by = groups[0].place.by
    header = [
        _BY[by],
        _COMMUNES,
        *(band.label for band in report.bands),
        Text("Chưa chắc dải", "Band not certain"),
        Text("Bình quân", "Average"),
        Text("Bình quân xã chưa công nhận", "Average not recognised"),
        Text("Đã công nhận", "Recognised"),
        Text("trong đó nay đạt", "of them meeting today"),
        Text("Chưa rõ công nhận", "Recognition not known"),
        Text("Nguy cơ thu hồi", "At risk"),
    ]
    if report.change is not None and report.change.comparable:
        header += [_BEFORE, _CHANGE]
    rows = tuple(Row(tuple(_group_cells(report, group))) for group in groups)
    note = Text(
        "Các ô ở giữa là số xã; bình quân là số tiêu chí mỗi xã.",
        "Cells count communes; averages are criteria per commune.",
    )
    if by == "zone":
        also = Text(
            " Xã thuộc nhiều khu vực được tính ở từng khu vực.", " A commune of several zones is counted in each."
        )
        note = Text(note.vi + also.vi, note.en + also.en)
    return Table(_BY[by], note, tuple(header), rows)


def _group_cells(report: Report, group: Group) -> Iterable[Text]:
    counts, rounding = group.counts, report.rounding
    yield group.place.label
    yield count(counts.communes)
    yield from (count(found.communes.count) for found in counts.bands)
    yield count(counts.uncertain_bands)
    yield decimal(counts.average.value(PLACES, rounding))
    yield with_communes(counts.average_unrecognised, rounding)
    yield count(counts.recognised.communes(True))
    yield count(counts.recognised.met(True).count)
    yield count(counts.recognised.communes(None))
    yield count(counts.at_risk.get(True, 0))
    if group.before is not None and report.change is not None and report.change.comparable:
        yield decimal(group.before.average.value(PLACES, rounding))
        yield difference(counts.average, group.before.average, rounding)


def _change(change: Change) -> Table:
    title = Text("So với kỳ trước", "Against the previous period")
    rows = [
        (Text("Xã kỳ trước", "Communes of the previous period"), count(change.communes)),
        (Text("Đối chiếu được", "Matched"), count(change.matched)),
    ]
    if change.comparable:
        rows += [
            (Text("Tăng tiêu chí", "More criteria"), with_criteria(len(change.risen), change.gained)),
            (Text("Giảm tiêu chí", "Fewer criteria"), with_criteria(len(change.fallen), change.lost)),
            (Text("Không đổi", "Unchanged"), count(change.unchanged)),
            (Text("Chưa rõ tăng hay giảm", "Not known whether more or fewer"), count(len(change.uncertain))),
        ]
    rows += [
        (Text("Mới đạt bộ tiêu chí", "Newly meet the ruleset"), count(len(change.newly_met))),
        (Text("Không còn được tính là đạt", "No longer counted as meeting it"), count(len(change.no_longer_met))),
        (Text("Xã mới", "New communes"), count(len(change.new))),
        (Text("Xã không còn", "Communes gone"), count(len(change.gone))),
        (Text("Không đối chiếu được", "Not matched"), count(len(change.ambiguous))),
    ]
    id_ = str(change.previous["id"])
    of = Text(f"Kỳ trước xét theo {id_}.", f"The previous period was judged under {id_}.")
    open_ = Text(
        "Dải và bình quân của hai kỳ chỉ tính tiêu chí chắc chắn đạt.",
        "Bands and averages of both periods count what is surely met.",
    )
    of = Text(f"{of.vi} {open_.vi}", f"{of.en} {open_.en}")
    if not change.same_text:
        of = Text(
            f"{of.vi} Quy định đã khác: tăng giảm có thể do quy định đổi.",
            f"{of.en} The rules were others: a change may be theirs.",
        )
    if not change.comparable:
        of = Text(
            f"{of.vi} Số tiêu chí khác nhau nên không so tăng giảm.",
            f"{of.en} It has another count of criteria, so none is compared.",
        )
    return Table(title, of, (title, _COMMUNES), tuple(map(Row, rows)))


def _label(indicator: IndicatorCount) -> Text:
    return Text(f"{indicator.no} {indicator.label.vi}", f"{indicator.no} {indicator.label.en}")


def _of_all(report: Report) -> Text:
    of = count(report.all.communes)
    return Text(f"Tỷ lệ trên {of.vi} xã.", f"Shares of {of.en} communes.")


def _capital(words: Text) -> Text:
    return Text(words.vi.capitalize(), words.en.capitalize())
