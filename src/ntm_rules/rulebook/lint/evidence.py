"""Evidence: thresholds for which nothing says how surely they are known, and cells that are not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.requirement import SetBy
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.contents import Normal, as_ruleset
from ntm_rules.rulebook.lint.findings import Report, Steps, brief
from ntm_rules.rulebook.places import place_of

__all__ = ["check_evidence", "evidence_rows", "note_unset_cells"]


def evidence_rows(book: Book, relative: str | None, report: Report) -> Any:
    """The evidence of a document, None where its file is wrong (which is reported)."""
    try:
        return book.evidence(relative)
    except NtmRulesError as error:
        report.refused(error)
        return None


def check_evidence(document: Normal, rows: Any, report: Report, places: Mapping[str, Steps]) -> None:
    """Thresholds for which nothing says how surely they are known."""
    if rows is None:
        return
    tables = [
        (place_of(places, clause["id"]), clause["indicator"], clause["part"], clause["requirement"].get("rows", ()))
        for clause in each_clause(as_ruleset(document))
    ]
    for place, change in enumerate(document.get("set_thresholds", ())):
        item = report.tree["set_thresholds"][place]
        tables.append((("set_thresholds", place), item["indicator"], item.get("part") or "", change["rows"]))
    for path, indicator, part, years in tables:
        bare = [
            column if year is None else f"{year} {column}"
            for year, cells in years
            for column, (state, *_) in cells.items()
            if state == "set" and (indicator, part, "" if year is None else str(year), column) not in rows
        ]
        if bare and not _has_evidence(report.tree, path):
            vi, en = "chưa ghi nguồn kiểm chứng cho mức này", "nothing says how surely this threshold is known"
            report.add("warning", "no_evidence", path, vi, en, found=brief(bare))


def _has_evidence(tree: Any, path: Steps) -> bool:
    """Whether the clause at a path states its evidence itself."""
    for step in path:
        tree = tree[step]
    requires = tree.get("requires", tree)
    return "evidence" in requires or any(isinstance(c, Mapping) and "evidence" in c for c in requires.values())


def note_unset_cells(document: Normal, report: Report) -> None:
    """One note for the cells that are not known and that no province sets."""
    unset: list[str] = []
    count = 0
    for clause in each_clause(as_ruleset(document)):
        cells = [cell for _, row in clause["requirement"].get("rows", ()) for cell in row.values()]
        open_ = sum(state == "unset" for state, *_ in cells)
        if open_ and clause["set_by"] != SetBy.PROVINCE.value:
            count += open_
            unset.append(clause["id"])
    if unset:
        vi, en = f"{count} ô chưa biết mức", f"{count} cells whose threshold is not known"
        report.add("note", "unset_cells", (), vi, en, found=brief(unset))
