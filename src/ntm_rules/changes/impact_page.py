"""The impact of a rule change as HTML: a table with bars, alone or as a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ntm_rules.changes.impact_words import NEAR, REFUSED, THIN, groups, noted, numbers_of, title, verdict_lines
from ntm_rules.explain.names import named
from ntm_rules.explain.numbers import number
from ntm_rules.explain.page import page as framed
from ntm_rules.explain.page import safe
from ntm_rules.model.text import Language, Text

if TYPE_CHECKING:
    from ntm_rules.changes.impact import Impact, IndicatorImpact

__all__ = ["fragment", "page"]

_HEAD = (
    Text("Số (cũ → mới)", "No. (old → new)"),
    Text("Chỉ tiêu", "Indicator"),
    Text("thêm xã trượt", "newly missing"),
    Text("thêm xã đạt", "newly met"),
    Text("thêm xã chưa rõ", "newly open"),
    NEAR,
    THIN,
)


def page(impact: Impact, lang: Language) -> str:
    """The whole impact as one HTML page of its own."""
    heading = Text("Tác động của thay đổi quy định", "Impact of a change of rules").in_(lang)
    return framed(f"{heading}: {impact.new.id}", f"<h1>{heading}</h1>\n{fragment(impact, lang)}", lang)


def fragment(impact: Impact, lang: Language) -> str:
    """Counts, lists that open, and the table: for a notebook, or within a page."""
    lists = [
        _list(group.title, [f"{named(effect)}: {group.why(effect, lang)}" for effect in group.effects], lang)
        for group in groups(impact)
    ]
    refused = [f"{name}: {problem.describe(lang)}" for name, problems in impact.refused for problem in problems]
    lists.append(_list(REFUSED, refused, lang, count=len(impact.refused)))
    said = "<br>".join(map(safe, (title(impact, lang), *verdict_lines(impact, lang))))
    return f"<div><p>{said}</p>{''.join(lists)}{_table(impact, lang)}</div>"


def _list(head: Text, items: list[str], lang: Language, *, count: int | None = None) -> str:
    """A list that opens; nothing of an empty one."""
    if not items:
        return ""
    entries = "".join(f"<li>{safe(item)}</li>" for item in items)
    shown = number(len(items) if count is None else count, lang)
    return f"<details><summary>{safe(head.in_(lang))} ({shown})</summary><ul>{entries}</ul></details>"


def _table(impact: Impact, lang: Language) -> str:
    shown = noted(impact)
    if not shown:
        return f"<p>{Text('Không chỉ tiêu nào đổi kết quả.', 'No indicator changes its result.').in_(lang)}</p>"
    most = max(max(found.lost, found.won) for found in shown) or 1
    head = "".join(f"<th>{safe(text.in_(lang))}</th>" for text in _HEAD)
    rows = "".join(_row(found, most, lang) for found in shown)
    return f"<div style='overflow-x:auto'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(found: IndicatorImpact, most: int, lang: Language) -> str:
    def bar(count: int, colour: str) -> str:
        width = round(100 * count / most)
        drawn = f"<div style='background:{colour};width:{width}px;height:0.8em;display:inline-block'></div> "
        return f"<td>{drawn if count else ''}{number(count, lang)}</td>"

    plain: Iterable[str] = (f"<td>{number(count, lang)}</td>" for count in (found.opened, found.near, found.thin))
    return (
        f"<tr><td>{safe(numbers_of(found))}</td><td style='text-align:left'>{safe(found.label.in_(lang))}</td>"
        f"{bar(found.lost, '#b3261e')}{bar(found.won, '#2e7d32')}{''.join(plain)}</tr>"
    )
