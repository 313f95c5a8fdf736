"""A report as one HTML page: tables with bars, a heat map of criteria by commune, and what each commune lacks.

Words stand in both languages, and a switch of plain CSS shows one of them; there is no script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ntm_rules.explain import STATUS_WORDS
from ntm_rules.explain.names import named
from ntm_rules.explain.numbers import number
from ntm_rules.explain.page import page, safe
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.text import LANGUAGES, Language, Text
from ntm_rules.report.remarks import intro, lists
from ntm_rules.report.tables import Row, Table, tables

if TYPE_CHECKING:
    from ntm_rules.report.communes import ReportedCommune
    from ntm_rules.report.summary import Report

__all__ = ["fragment", "html"]

# A cell says its verdict by a sign too, not by colour alone.
_SIGNS = {Verdict.MET: ("m", "✓"), Verdict.UNDETERMINED: ("u", "?"), Verdict.MISSING: ("x", "✗")}
_STYLE = """
body { color: #1c1c1c; background: #fff; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.note { color: #555; font-size: .85rem; margin: .3rem 0; }
.box { overflow: auto; }
.box thead th { background: #f0f0f0; font-weight: 600; }
.box tbody th { text-align: left; font-weight: 400; min-width: 8rem; }
td { text-align: right; white-space: nowrap; }
.bar { display: block; height: .35rem; margin-top: .2rem; background: #2e7d32; border-radius: .1rem; }
.tall { max-height: 85vh; }
.map th, .map td { padding: .1rem .3rem; line-height: 1.3; font-size: .8rem; vertical-align: middle; }
.map thead th { position: sticky; top: 0; z-index: 1; }
.map tbody th { position: sticky; left: 0; background: #fff; min-width: 6rem; max-width: 14rem; }
.map thead th:first-child { left: 0; z-index: 2; }
.map td { text-align: center; min-width: 1.1rem; }
.map .m { background: #cfe8d1; color: #1b5e20; }
.map .x { background: #b3261e; color: #fff; }
.map .u { background: #fff3c4; color: #5f4b00; }
input[name=language] { margin: 1rem .3rem 0 0; }
#vi:checked ~ main [lang=en], #en:checked ~ main [lang=vi] { display: none; }
@media print { input[name=language], input[name=language] + label { display: none; } .tall { max-height: none; } }
""".rstrip()


def html(report: Report, lang: Language) -> str:
    """The whole report as a page of its own, opened in a language."""
    title = Text("Báo cáo nông thôn mới", "New rural commune report")
    switch = "".join(
        f'<input type="radio" name="language" id="{each}"{" checked" if each == lang else ""}><label for="{each}" lang="{each}">{name}</label>\n'
        for each, name in (("vi", "Tiếng Việt"), ("en", "English"))
    )
    content = f"{_both(title, 'h1')}\n{_content(report)}"
    heading = f"{title.in_(lang)}: {report.ruleset.id}"
    return page(heading, f"{switch}<main>{content}</main>", lang, style=_STYLE)


def fragment(report: Report, lang: Language) -> str:
    """Counts by band in one language, for a notebook."""
    said = "<br>".join(safe(text.in_(lang)) for text in intro(report))
    table = tables(report)[0]
    head = "".join(f"<th>{safe(cell.in_(lang))}</th>" for cell in table.header)
    rows = ("".join(f"<td>{safe(cell.in_(lang))}</td>" for cell in row.cells) for row in table.rows)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div><p>{said}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _content(report: Report) -> str:
    parts = [f"<p>{'<br>'.join(_both(text) for text in intro(report))}</p>"]
    parts += map(_table, tables(report))
    parts.append(_map(report))
    parts += (_list(title, items) for title, items in lists(report))
    parts.append(_lacks(report))
    return "\n".join(parts)


def _both(text: Text, tag: str = "span") -> str:
    """Words in both languages, once where they are the same."""
    if text.vi == text.en:
        return safe(text.vi) if tag == "span" else f"<{tag}>{safe(text.vi)}</{tag}>"
    return f'<{tag} lang="vi">{safe(text.vi)}</{tag}><{tag} lang="en">{safe(text.en)}</{tag}>'


def _section(title: Text, note: Text | None, content: str) -> str:
    said = "" if note is None else f'<p class="note">{_both(note)}</p>'
    return f"<section><h2>{_both(title)}</h2>{said}{content}</section>"


def _box(kind: str, head: str, rows: Iterable[str]) -> str:
    """A table that moves within its own box where it is wider than a phone."""
    table = f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return f'<div class="box{" tall" if kind == "map" else ""}" tabindex="0">{table}</div>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_both(cell)}</th>' for cell in table.header)
    return _section(table.title, table.note, _box("figures", head, map(_row, table.rows)))


def _row(row: Row) -> str:
    first, *others = row.cells
    bar = "" if row.bar is None else f'<span class="bar" style="width:{_width(row.bar)}%"></span>'
    return f'<tr><th scope="row">{_both(first)}{bar}</th>{"".join(f"<td>{_both(cell)}</td>" for cell in others)}</tr>'


def _width(share: Fraction) -> int:
    """The width of a bar in whole percent; the least share is seen too."""
    return max(1, round(share)) if share else 0


# -- communes


def _map(report: Report) -> str:
    """Criteria by commune, fewest criteria met first."""
    criteria = report.ruleset.criteria
    if not report.communes or not criteria:
        return ""
    head = f'<th scope="col">{_both(Text("Xã", "Commune"))}</th><th scope="col">{_both(Text("Đạt", "Met"))}</th>'
    head += "".join(
        f'<th scope="col" title="{safe(each.title.vi)} / {safe(each.title.en)}">{safe(each.no)}</th>'
        for each in criteria
    )
    ends = _ends(report)
    order = sorted(enumerate(report.communes), key=lambda item: item[1].met)
    rows = (_map_row(report, place, commune, ends) for place, commune in order)
    signs = ", ".join(f"{_SIGNS[verdict][1]} {{{verdict.value}}}" for verdict in Verdict)
    note = Text(
        *(signs.format(**{v.value: STATUS_WORDS[Status(v.value)].in_(lang) for v in Verdict}) for lang in LANGUAGES)
    )
    title = Text("Từng xã, từng tiêu chí", "Each commune, each criterion")
    return _section(title, note, _box("map", head, rows))


def _ends(report: Report) -> list[tuple[int, int]]:
    """Where the indicators of each criterion begin and end among those of the ruleset."""
    found, start = [], 0
    for criterion in report.ruleset.criteria:
        found.append((start, start + len(criterion.indicators)))
        start += len(criterion.indicators)
    return found


def _map_row(report: Report, place: int, commune: ReportedCommune, ends: Sequence[tuple[int, int]]) -> str:
    numbers, cells = report.ruleset.numbers, []
    for verdict, (start, end) in zip(commune.verdicts, ends, strict=True):
        kind, sign = _SIGNS[verdict]
        why = ""
        if verdict is not Verdict.MET:
            open_ = [
                no
                for no, status in zip(numbers[start:end], commune.statuses[start:end], strict=True)
                if status.value == verdict.value
            ]
            why = f' title="{safe(", ".join(open_))}"'
        cells.append(f'<td class="{kind}"{why}>{sign}</td>')
    name = f'<a href="#xa{place}">{safe(named(commune))}</a>' if _open(commune) else safe(named(commune))
    return f'<tr><th scope="row">{name}</th><td>{commune.met}</td>{"".join(cells)}</tr>'


def _open(commune: ReportedCommune) -> bool:
    return bool(commune.lacks) or Status.UNDETERMINED in commune.statuses


def _lacks(report: Report) -> str:
    """What each commune lacks, in lists that open."""
    found = [_lacks_of(report, place, commune) for place, commune in enumerate(report.communes) if _open(commune)]
    if not found:
        return ""
    return _section(Text("Mỗi xã còn thiếu", "Missing in each commune"), None, "".join(found))


def _lacks_of(report: Report, place: int, commune: ReportedCommune) -> str:
    numbers = zip(report.ruleset.numbers, commune.statuses, strict=True)
    open_ = [no for no, status in numbers if status is Status.UNDETERMINED]
    missing, unknown, total = len(commune.lacks), len(open_), report.criteria_total
    said = Text(
        f"{commune.met}/{total} tiêu chí, {missing} chỉ tiêu chưa đạt, {unknown} chưa xác định",
        f"{commune.met}/{total} criteria, {missing} indicators missing, {unknown} undetermined",
    )
    items = []
    for lack in commune.lacks:
        label = report.ruleset.indicator(lack.id).label
        items.append(Text(f"{lack.id} {label.vi}. {lack.words.vi}", f"{lack.id} {label.en}. {lack.words.en}"))
    if open_:
        listed = ", ".join(open_)
        items.append(Text(f"Chưa xác định: {listed}", f"Undetermined: {listed}"))
    entries = "".join(f"<li>{_both(item)}</li>" for item in items)
    summary = f"<summary>{safe(named(commune))}: {_both(said)}</summary>"
    return f'<details id="xa{place}">{summary}<ul>{entries}</ul></details>'


def _list(title: Text, items: Sequence[Text]) -> str:
    """A list that opens, with its count."""
    shown = Text(f"{title.vi} ({number(len(items), 'vi')})", f"{title.en} ({number(len(items), 'en')})")
    entries = "".join(f"<li>{_both(item)}</li>" for item in items)
    return f"<details><summary>{_both(shown)}</summary><ul>{entries}</ul></details>"
