"""What a report says beside its tables: what was counted, and lists of communes by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ntm_rules.explain.names import named
from ntm_rules.model.text import LANGUAGES, Text
from ntm_rules.report.cells import count
from ntm_rules.report.change import Move
from ntm_rules.report.document import PLACES

if TYPE_CHECKING:
    from ntm_rules.report.summary import Report

__all__ = ["intro", "lists"]


def intro(report: Report) -> list[Text]:
    """What was counted, of which year, how it is rounded, and what is to be known of the population."""
    ruleset, communes = report.ruleset, count(report.all.communes)
    layers = ", ".join(layer.name for layer in ruleset.layers)
    since = f" ({layers})" if layers else ""
    years = [
        (Text("chưa ghi", "not given") if year is None else _same(str(year)), count(n))
        for year, n in report.years.items()
    ]
    said = [
        Text(f"{ruleset.title.vi}: {ruleset.id}{since}", f"{ruleset.title.en}: {ruleset.id}{since}"),
        Text(f"{communes.vi} xã đã xét", f"{communes.en} communes judged"),
    ]
    if years:
        listed = Text("; ".join(f"{y.vi}: {n.vi} xã" for y, n in years), "; ".join(f"{y.en}: {n.en}" for y, n in years))
        said.append(Text(f"Năm số liệu: {listed.vi}", f"Year of facts: {listed.en}"))
    said.append(
        Text(
            f"Tỷ lệ và bình quân tính chính xác, khi in làm tròn {PLACES} chữ số theo cách {report.rounding}; không kết luận nào dựa vào số đã làm tròn",
            f"Shares and averages are exact, and rounded to {PLACES} digits where shown, {report.rounding}; no verdict rests on a rounded number",
        )
    )
    if not ruleset.complete:
        said.append(
            Text(
                "CHÚ Ý: bộ tiêu chí ở đây chưa đủ, còn tiêu chí chưa rõ nội dung",
                "NOTE: the ruleset is not complete here, some criteria are not known",
            )
        )
    if report.refused:
        refused = count(len(report.refused))
        said.append(
            Text(
                f"{refused.vi} xã KHÔNG xét được, không có trong số nào dưới đây",
                f"{refused.en} communes could NOT be judged and are in no figure below",
            )
        )
    if report.repeated:
        codes = ", ".join(report.repeated)
        said.append(
            Text(
                f"CHÚ Ý: mã xã lặp lại, mỗi lần đều được tính: {codes}",
                f"NOTE: codes given more than once, each time counted: {codes}",
            )
        )
    return said


def lists(report: Report) -> list[tuple[Text, list[Text]]]:
    """Communes by name: titles at risk, who rose and fell, who could not be judged; nothing of an empty list."""
    risks = [named(commune) for commune in report.communes if commune.at_risk]
    open_risks = [named(each) for each in report.communes if each.recognised and each.at_risk is None]
    found = [
        (Text("Danh hiệu có nguy cơ bị thu hồi", "Titles at risk of withdrawal"), _names(risks)),
        (
            Text("Danh hiệu chưa xác định được nguy cơ", "Titles of which the risk is not determined"),
            _names(open_risks),
        ),
    ]
    change = report.change
    if change is not None:
        found += [
            (Text("Tăng số tiêu chí", "More criteria than before"), list(map(_moved, change.risen))),
            (Text("Giảm số tiêu chí", "Fewer criteria than before"), list(map(_moved, change.fallen))),
            (Text("Chưa rõ tăng hay giảm", "Not known whether more or fewer"), list(map(_moved, change.uncertain))),
            (Text("Mới đạt bộ tiêu chí", "Newly meet the ruleset"), _names(change.newly_met)),
            (Text("Không còn được tính là đạt", "No longer counted as meeting it"), _names(change.no_longer_met)),
            (Text("Xã không có ở kỳ trước", "Communes not in the previous report"), _names(change.new)),
            (
                Text("Xã của kỳ trước không có ở kỳ này", "Communes of the previous report not in this one"),
                _names(change.gone),
            ),
            (
                Text(
                    "Không đối chiếu được: trùng mã, trùng tên hoặc không có tên",
                    "Not matched: same code or name, or no name",
                ),
                _names(change.ambiguous),
            ),
        ]
    refused = [
        Text(*(f"{name}: {'; '.join(problem.describe(lang) for problem in problems)}" for lang in LANGUAGES))
        for name, problems in report.refused
    ]
    found.append((Text("Không xét được", "Not judged"), refused))
    return [(title, items) for title, items in found if items]


def _moved(move: Move) -> Text:
    before, now = (
        f"{low}" if not more else f"{low}–{low + more}"
        for low, more in ((move.before, move.before_undetermined), (move.met, move.undetermined))
    )
    return _same(f"{move.commune}: {before} → {now}")


def _same(words: str) -> Text:
    return Text(words, words)


def _names(names: Iterable[str]) -> list[Text]:
    return list(map(_same, names))
