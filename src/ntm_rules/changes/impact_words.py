"""The impact of a rule change in words, with bars where people would rather look than read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ntm_rules.explain import VERDICT_WORDS
from ntm_rules.explain.columns import listed
from ntm_rules.explain.names import named
from ntm_rules.explain.numbers import number
from ntm_rules.model.text import Language, Text

if TYPE_CHECKING:
    from ntm_rules.changes.impact import Effect, Impact, IndicatorImpact

__all__ = [
    "NEAR",
    "REFUSED",
    "THIN",
    "Group",
    "groups",
    "noted",
    "numbers_of",
    "report",
    "title",
    "verdict_lines",
]

_BAR = 24

NEAR, THIN = Text("gần đạt", "near"), Text("đạt sát mức", "thin")
REFUSED = Text("KHÔNG XÉT ĐƯỢC", "NOT JUDGED")


class Group(NamedTuple):
    """Communes to which the same happens, and what is said of each."""

    title: Text
    effects: tuple[Effect, ...]
    why: Callable[[Effect, Language], str]


def groups(impact: Impact) -> Sequence[Group]:
    """Who gains and loses, and who is within the margin; some have nobody."""
    return (
        Group(Text("MẤT: đạt bộ cũ, không đạt bộ mới", "LOSE: met the old, do not meet the new"), impact.loses, _moves),
        Group(
            Text("ĐƯỢC: không đạt bộ cũ, đạt bộ mới", "GAIN: did not meet the old, meet the new"), impact.gains, _moves
        ),
        Group(
            Text("XUỐNG: trước chưa rõ, nay chắc chắn không đạt", "FALL: were open, now miss for sure"),
            impact.falls,
            _moves,
        ),
        Group(Text("LÊN: trước không đạt, nay còn có thể đạt", "RISE: missed, now may meet"), impact.rises, _moves),
        Group(Text("SẮP ĐẠT: chỉ còn thiếu trong biên", "ALMOST: all that is missing is near"), impact.almost, _near),
        Group(
            Text(
                "GẦN ĐẠT: có chỉ tiêu chưa đạt, sẽ đạt nếu số trong biên đều đạt mức",
                "NEAR: indicators not met that would be if every number within the margin passed",
            ),
            impact.near,
            _near,
        ),
        Group(
            Text(
                "ĐẠT SÁT MỨC: có chỉ tiêu đang đạt, sẽ không đạt nếu số trong biên đều hụt mức",
                "THIN: indicators met that would not be if every number within the margin failed",
            ),
            impact.thin,
            lambda effect, _: ", ".join(effect.thin),
        ),
    )


def _near(effect: Effect, _: Language) -> str:
    return ", ".join(effect.near)


def _moves(effect: Effect, lang: Language) -> str:
    said = [
        f"{text.in_(lang)} {', '.join(numbers)}"
        for text, numbers in (
            (Text("nay trượt", "now missing"), effect.lost),
            (Text("nay đạt", "now met"), effect.won),
            (Text("nay chưa rõ", "now open"), effect.opened),
        )
        if numbers
    ]
    return "; ".join(said) or VERDICT_WORDS[effect.new].in_(lang)


def title(impact: Impact, lang: Language) -> str:
    """What is compared, over how many communes, with which margin."""
    old, new = (
        f"{r.id}{f'@{r.on}' if r.on else ''}{f' ({r.province})' if r.province else ''}"
        for r in (impact.old, impact.new)
    )
    count, margin = number(len(impact.effects), lang), number(impact.margin, lang)
    return Text(
        f"Tác động {old} → {new}: {count} xã; trong biên nghĩa là cách mức không quá {margin}% của mức",
        f"Impact of {old} → {new}: {count} communes; the margin is {margin}% of the threshold",
    ).in_(lang)


def verdict_lines(impact: Impact, lang: Language) -> list[str]:
    """How many communes have which verdict before and after, most first; and whether that is all that changes."""
    counted = sorted(impact.verdicts.items(), key=lambda item: -item[1])
    lines = [
        f"{VERDICT_WORDS[old].in_(lang)} → {VERDICT_WORDS[new].in_(lang)}: {number(count, lang)}"
        for (old, new), count in counted
    ]
    return [*lines, *_of_recognition(impact, lang)]


def _of_recognition(impact: Impact, lang: Language) -> list[str]:
    """That more changes than verdicts tell."""
    if not impact.recognition:
        return []
    listed = ", ".join(impact.recognition)
    return [
        Text(
            f"Chỉ xét đạt bộ tiêu chí; điều kiện công nhận cũng thay đổi: {listed}",
            f"Verdicts only; conditions of recognition change too: {listed}",
        ).in_(lang)
    ]


def report(impact: Impact, lang: Language) -> str:
    """Plain text: counts, who gains and loses, who is within the margin, and a bar chart of the indicators that cause it."""
    lines = [title(impact, lang), "", *(f"  {line}" for line in verdict_lines(impact, lang))]
    for group in groups(impact):
        said = [f"{named(effect)}: {group.why(effect, lang)}" for effect in group.effects]
        lines += listed(group.title.in_(lang), said, lang)
    lines += ["", Text("Theo chỉ tiêu", "By indicator").in_(lang), *_chart(impact, lang)]
    lines += listed(REFUSED.in_(lang), [f"{name}: {found[0].describe(lang)}" for name, found in impact.refused], lang)
    return "\n".join(lines)


def noted(impact: Impact) -> list[IndicatorImpact]:
    """The indicators of which there is something to say: some commune moves, or is within the margin."""
    return [found for found in impact.indicators if _moved(found) or found.near or found.thin]


def _moved(found: IndicatorImpact) -> int:
    return max(found.lost, found.won, found.opened)


def numbers_of(found: IndicatorImpact) -> str:
    """The indicator's number, or both where it changed."""
    return found.new or "" if found.old == found.new else f"{found.old or '—'} → {found.new or '—'}"


def _chart(impact: Impact, lang: Language) -> list[str]:
    shown = noted(impact)
    most = max(map(_moved, shown), default=0)
    if most:
        lines = ["  " + Text("█ nay trượt  ▓ nay đạt  ░ nay chưa rõ", "█ now missing  ▓ now met  ░ now open").in_(lang)]
    else:
        lines = ["  " + Text("không chỉ tiêu nào đổi kết quả", "no indicator changes its result").in_(lang)]
    width = max((len(numbers_of(found)) for found in shown), default=0)
    for found in shown:
        bars = [
            f"{sign * max(1, round(_BAR * count / most))} {number(count, lang)}"
            for sign, count in (("█", found.lost), ("▓", found.won), ("░", found.opened))
            if count
        ]
        within = [f"{number(n, lang)} {word.in_(lang)}" for word, n in ((NEAR, found.near), (THIN, found.thin)) if n]
        if within:
            bars.append(f"({Text('trong biên', 'within the margin').in_(lang)}: {', '.join(within)})")
        lines += [f"  {numbers_of(found).ljust(width)}  {found.label.in_(lang)}", f"  {' ' * width}  {'  '.join(bars)}"]
    return lines
