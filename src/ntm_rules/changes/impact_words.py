"""The impact of a rule change in words, with bars where people would rather look than read."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ntm_rules.explain import VERDICT_WORDS
from ntm_rules.explain.numbers import number
from ntm_rules.model.text import Language, Text

if TYPE_CHECKING:
    from ntm_rules.changes.impact import Effect, Impact, IndicatorImpact

__all__ = ["WORDS"]

_LISTED = 20
_BAR = 24

_HEAD = (
    Text("Số (cũ → mới)", "No. (old → new)"),
    Text("Chỉ tiêu", "Indicator"),
    Text("thêm xã trượt", "newly missing"),
    Text("thêm xã đạt", "newly met"),
    Text("thêm xã chưa rõ", "newly open"),
    Text("trượt sát mức", "near"),
    Text("đạt sát mức", "thin"),
)


class _Words:
    """Puts an impact into text and HTML."""

    def report(self, impact: Impact, lang: Language) -> str:
        """Plain text: counts, who gains and loses, and a bar chart of the indicators that cause it."""
        lines = [self._title(impact, lang), "", *self._verdicts(impact, lang)]
        for title, effects in self._groups(impact):
            if effects:
                lines += ["", f"{title.in_(lang)} ({len(effects)})", *self._listed(effects, lang)]
        lines += ["", Text("Theo chỉ tiêu", "By indicator").in_(lang), *self._chart(impact, lang)]
        if impact.refused:
            lines += ["", Text("Không xét được", "Could not be judged").in_(lang) + f" ({len(impact.refused)})"]
            lines += [f"  {name}: {found[0].describe(lang)}" for name, found in impact.refused[:_LISTED]]
        return "\n".join(lines)

    def html(self, impact: Impact, lang: Language) -> str:
        """A table with bars."""
        moved = _moved(impact)
        most = max((max(i.lost, i.won) for i in moved), default=1) or 1
        head = "".join(f"<th>{html.escape(text.in_(lang))}</th>" for text in _HEAD)
        rows = "".join(self._row(found, most, lang) for found in moved)
        said = "<br>".join(html.escape(line) for line in (self._title(impact, lang), *self._verdicts(impact, lang)))
        groups = "".join(
            f"<details><summary>{html.escape(title.in_(lang))} ({len(effects)})</summary>"
            f"<pre>{html.escape(chr(10).join(self._listed(effects, lang, limit=len(effects))))}</pre></details>"
            for title, effects in self._groups(impact)
        )
        return f"<div><p>{said}</p>{groups}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"

    def _title(self, impact: Impact, lang: Language) -> str:
        old, new = (
            f"{r.id}{f'@{r.on}' if r.on else ''}{f' ({r.province})' if r.province else ''}"
            for r in (impact.old, impact.new)
        )
        count = number(len(impact.effects), lang)
        margin = number(impact.margin, lang)
        return Text(
            f"Tác động {old} → {new}: {count} xã; sát mức nghĩa là cách mức không quá {margin}% của mức",
            f"Impact of {old} → {new}: {count} communes; near means within {margin}% of the threshold",
        ).in_(lang)

    def _verdicts(self, impact: Impact, lang: Language) -> list[str]:
        counted = sorted(impact.verdicts.items(), key=lambda item: -item[1])
        return [
            f"  {VERDICT_WORDS[old].in_(lang)} → {VERDICT_WORDS[new].in_(lang)}: {number(count, lang)}"
            for (old, new), count in counted
        ]

    def _groups(self, impact: Impact) -> Sequence[tuple[Text, tuple[Effect, ...]]]:
        return (
            (Text("MẤT: đạt bộ cũ, không đạt bộ mới", "LOSE: met the old, do not meet the new"), impact.loses),
            (Text("ĐƯỢC: không đạt bộ cũ, đạt bộ mới", "GAIN: did not meet the old, meet the new"), impact.gains),
            (Text("XUỐNG: trước chưa rõ, nay chắc chắn không đạt", "FALL: were open, now miss for sure"), impact.falls),
            (Text("LÊN: trước không đạt, nay còn có thể đạt", "RISE: missed, now may meet"), impact.rises),
            (Text("SÁT MỨC: chỉ còn thiếu trong biên", "ALMOST: all that is missing is near"), impact.almost),
        )

    def _listed(self, effects: Sequence[Effect], lang: Language, limit: int = _LISTED) -> list[str]:
        lines = [f"  {_who(effect)}: {self._why(effect, lang)}" for effect in effects[:limit]]
        left = len(effects) - limit
        return [*lines, f"  … {Text(f'và {left} xã nữa', f'and {left} more').in_(lang)}"] if left > 0 else lines

    def _why(self, effect: Effect, lang: Language) -> str:
        said = [
            f"{text.in_(lang)} {', '.join(numbers)}"
            for text, numbers in (
                (Text("nay trượt", "now missing"), effect.lost),
                (Text("nay đạt", "now met"), effect.won),
                (Text("nay chưa rõ", "now open"), effect.opened),
                (Text("trượt sát mức", "near"), effect.near if effect.almost else ()),
            )
            if numbers
        ]
        return "; ".join(said) or VERDICT_WORDS[effect.new].in_(lang)

    def _chart(self, impact: Impact, lang: Language) -> list[str]:
        moved = _moved(impact)
        if not moved:
            return ["  " + Text("không chỉ tiêu nào đổi kết quả", "no indicator changes its result").in_(lang)]
        most = max(max(found.lost, found.won, found.opened) for found in moved)
        names = [_numbers(found) for found in moved]
        width = max(map(len, names))
        legend = Text("█ nay trượt  ▓ nay đạt  ░ nay chưa rõ", "█ now missing  ▓ now met  ░ now open").in_(lang)
        lines = [f"  {legend}"]
        for name, found in zip(names, moved, strict=True):
            bars = [
                f"{sign * max(1, round(_BAR * count / most))} {number(count, lang)}"
                for sign, count in (("█", found.lost), ("▓", found.won), ("░", found.opened))
                if count
            ]
            near = Text(
                f"sát mức: {found.near} trượt, {found.thin} đạt",
                f"within the margin: {found.near} missing, {found.thin} met",
            )
            said = [*bars, f"({near.in_(lang)})"] if found.near or found.thin else bars
            lines += [f"  {name.ljust(width)}  {found.label.in_(lang)}", f"  {' ' * width}  {'  '.join(said)}"]
        return lines

    def _row(self, found: IndicatorImpact, most: int, lang: Language) -> str:
        def bar(count: int, colour: str) -> str:
            width = round(100 * count / most)
            return f"<td><div style='background:{colour};width:{width}px;height:0.8em;display:inline-block'></div> {count}</td>"

        plain = "".join(f"<td>{count}</td>" for count in (found.opened, found.near, found.thin))
        label = html.escape(found.label.in_(lang))
        return (
            f"<tr><td>{html.escape(_numbers(found))}</td><td style='text-align:left'>{label}</td>"
            f"{bar(found.lost, '#b3261e')}{bar(found.won, '#2e7d32')}{plain}</tr>"
        )


def _moved(impact: Impact) -> list[IndicatorImpact]:
    return [found for found in impact.indicators if found.lost or found.won or found.opened]


def _numbers(found: IndicatorImpact) -> str:
    return found.new or "" if found.old == found.new else f"{found.old or '—'} → {found.new or '—'}"


def _who(effect: Effect) -> str:
    named: Iterable[str] = (part for part in (effect.name, f"({effect.code})" if effect.code else None) if part)
    return " ".join(named) or str(effect.host_id or "?")


WORDS = _Words()
