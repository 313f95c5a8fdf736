"""A report as plain text that pastes into a document."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ntm_rules.explain.columns import aligned, listed
from ntm_rules.explain.names import named
from ntm_rules.model.text import Language, Text, printable
from ntm_rules.report.remarks import intro, lists
from ntm_rules.report.tables import Table, tables

if TYPE_CHECKING:
    from ntm_rules.report.summary import Report

__all__ = ["text"]

_BAR = 20


def text(report: Report, lang: Language) -> str:
    """The whole report; of long lists the first twenty."""
    lines = [said.in_(lang) for said in intro(report)]
    for table in tables(report):
        lines += ["", table.title.in_(lang).upper(), *_table(table, lang)]
        if table.note is not None:
            lines.append(f"  {table.note.in_(lang)}")
    for title, items in lists(report):
        lines += listed(title.in_(lang).upper(), [item.in_(lang) for item in items], lang)
    missing = Text("MỖI XÃ CÒN THIẾU", "MISSING IN EACH COMMUNE")
    lines += listed(missing.in_(lang), _missing(report, lang), lang)
    return "\n".join(map(printable, lines))


def _table(table: Table, lang: Language) -> list[str]:
    rows = [[cell.in_(lang) for cell in cells] for cells in (table.header, *(row.cells for row in table.rows))]
    if any(row.bar is not None for row in table.rows):
        bars = ["", *(_bar(row.bar) for row in table.rows)]
        rows = [[*cells, bar] for cells, bar in zip(rows, bars, strict=True)]
    return [f"  {line}" for line in aligned([list(map(printable, row)) for row in rows])]


def _bar(share: Fraction | None) -> str:
    """A bar of a percentage; the least share is seen too."""
    return "█" * max(1, round(_BAR * share / 100)) if share else ""


def _missing(report: Report, lang: Language) -> list[str]:
    """What each commune misses, those that miss nothing left out."""
    of = Text("tiêu chí", "criteria").in_(lang)
    return [
        f"{named(commune)}: {commune.met}/{report.criteria_total} {of}; {', '.join(lack.id for lack in commune.lacks)}"
        for commune in report.communes
        if commune.lacks
    ]
