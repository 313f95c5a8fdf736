"""References to other rulesets: whether they are there, have what is asked of them, and do not go in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from ntm_rules.model.text import nearest, shown
from ntm_rules.rulebook.clauses import each_clause
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.contents import Normal, as_ruleset, references_of
from ntm_rules.rulebook.lint.findings import Report, Steps
from ntm_rules.rulebook.places import place_of

__all__ = ["references_hold"]


def references_hold(document: Normal, own: str, book: Book, report: Report, places: Mapping[str, Steps]) -> bool:
    """Whether every ruleset and indicator referred to exists, and none leads back to itself."""
    sound, province = True, document.get("province")
    for other, indicator, clause in references_of(document):
        path = place_of(places, clause)
        if other != own and book.ruleset(other) is None:
            vi, en = (
                "dẫn chiếu bộ tiêu chí không có hoặc không đọc được",
                "refers to a ruleset that is not there or does not load",
            )
            report.add("error", "unknown_ruleset", path, vi, en, found=shown(other), nearest=nearest(other, book.ids))
        elif _leads_back(other, own, book, province):
            vi, en = "dẫn chiếu vòng: bộ tiêu chí dựa vào chính nó", "circular: the ruleset rests on itself"
            report.add("error", "circular_reference", path, vi, en, found=shown(other))
        elif indicator is not None and not _has_threshold(book, other, indicator, province):
            vi, en = (
                "chỉ tiêu được dẫn chiếu không có hoặc không có mức",
                "the indicator referred to is not there or has no threshold",
            )
            report.add("error", "unknown_indicator", path, vi, en, found=shown(f"{other}:{indicator}"))
        else:
            continue
        sound = False
    return sound


def _leads_back(start: str, own: str, book: Book, province: str | None) -> bool:
    """Whether following references from `start` reaches `own`, or goes round in a circle elsewhere."""

    def follow(ruleset_id: str, trail: tuple[str, ...]) -> bool:
        if ruleset_id == own or ruleset_id in trail:
            return True
        return any(follow(other, (*trail, ruleset_id)) for other in book.references(ruleset_id, province))

    return follow(start, ())


def _has_threshold(book: Book, ruleset_id: str, indicator: str, province: str | None) -> bool:
    for document in (book.ruleset(ruleset_id), *(layer for _, layer in book.layers(ruleset_id, province))):
        for clause in each_clause(as_ruleset(document)) if document else ():
            if clause["id"] == indicator and clause["requirement"]["kind"] == "comparison":
                return True
    return False
