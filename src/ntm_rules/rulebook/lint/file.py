"""One file: what kind of document it is, and all that is checked of one of that kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ntm_rules.model.errors import NtmRulesError, RulebookError, unreadable
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.documents import LayerDocument, RulebookDocument, RulesetDocument
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.catalogue import lint_facts, lint_regions
from ntm_rules.rulebook.lint.contents import Normal
from ntm_rules.rulebook.lint.evidence import check_evidence, evidence_rows, note_unset_cells
from ntm_rules.rulebook.lint.findings import Report
from ntm_rules.rulebook.lint.hygiene import check_hygiene
from ntm_rules.rulebook.lint.layers import check_layer_dates, check_layer_effect, check_layer_place, check_overlaps
from ntm_rules.rulebook.lint.references import references_hold
from ntm_rules.rulebook.lint.requirements import check_clause
from ntm_rules.rulebook.lint.statements import (
    NUMBERING,
    check_columns,
    check_decision_dates,
    check_identity,
    check_totals,
    numbering,
)
from ntm_rules.rulebook.normal import Checked, Surroundings, checked_layer, checked_ruleset
from ntm_rules.rulebook.places import places_in
from ntm_rules.rulebook.reactions import reactions_in
from ntm_rules.rulebook.reading import read_document, read_leniently
from ntm_rules.rulebook.spans import tops
from ntm_rules.rulebook.yaml_text import read_tree, read_yaml

__all__ = ["OF_COMMUNES", "OF_RULEBOOKS", "lint_one"]


def lint_one(path: Path, book: Book, report: Report) -> None:
    """Lint a file into the report of a folder."""
    inner = Report(str(path))
    _lint_file(path, book, inner)
    report.findings += inner.findings


def _lint_file(path: Path, book: Book, report: Report) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        why = unreadable(report.source, error).message
        report.add("error", "cannot_read", (), why.vi, why.en)
        return
    check_hygiene(data, report)
    try:
        report.tree = read_tree(data, report.source).root
        _lint_document(data, path, book, report)
    except NtmRulesError as error:
        report.refused(error)


OF_COMMUNES = {"code", "name", "region", "province", "district", "zone", "year", "attested", "host_id"}

OF_RULEBOOKS = {"rulebook", "facts", "regions", "layer", "of", "ruleset", "criteria"}


def _lint_document(data: bytes, path: Path, book: Book, report: Report) -> None:
    tree, relative = report.tree, book.inside(path)
    keys = set(tree) if isinstance(tree, Mapping) else set()
    if path.name.endswith(".test.yaml"):
        return  # examples of a ruleset, no document of the rulebook
    if keys == {"reactions"}:
        reactions_in(data, report.source)
    elif "rulebook" in keys:
        read_document(data, report.source, RulebookDocument)
    elif "facts" in keys and not keys & OF_COMMUNES:
        lint_facts(data, path, report)
    elif keys & {"regions", "zones", "provinces"}:
        lint_regions(data, report)
    elif keys & {"layer", "of"}:
        _lint_layer(data, book, report, relative)
    elif keys & {"ruleset", "criteria"}:
        _lint_ruleset(data, book, report, relative)
    else:
        wanted = "ruleset, layer, facts, regions, rulebook"
        report.add(
            "error",
            "unknown_document",
            (),
            "không nhận ra đây là tài liệu gì",
            "not a document of a rulebook",
            found=shown(", ".join(map(str, keys)) or type(tree).__name__),
            wanted=Text(wanted, wanted),
        )
        read_yaml(data, report.source)  # its flaws are said by the readers of the other kinds


def _lint_ruleset(data: bytes, book: Book, report: Report, relative: str | None) -> None:
    rows = evidence_rows(book, relative, report)
    catalogue = _catalogue(book, report)
    if catalogue is None:
        report.refused(RulebookError(read_leniently(data, report.source, RulesetDocument).problems))
        return
    checked = checked_ruleset(data, Surroundings(report.source, catalogue, rows or {}, book.ids), {})
    report.refused(RulebookError(checked.problems))
    normal = checked.normal
    if normal is None:
        return
    report.read(checked.read)
    places = places_in(report.tree)
    _lint_statements(normal, checked, catalogue, report, relative)
    check_evidence(normal, rows, report, places)
    if checked.problems:
        return  # what follows needs every cell, or the ruleset built
    note_unset_cells(normal, report)
    if references_hold(normal, normal["ruleset"], book, report, places):
        ruleset = book.build(normal, None)
        for clause in tops(ruleset):
            check_clause(clause, ruleset, report, places)


def _lint_statements(
    normal: Normal, checked: Checked, catalogue: Catalogue, report: Report, relative: str | None
) -> None:
    """What a ruleset says of itself, as far as its form is right: none of this needs the ruleset to load."""
    places = places_in(report.tree)
    if not checked.read.is_touched(("ruleset",)):
        check_identity(normal, report, relative)
    check_decision_dates(normal["decision"], report)
    if checked.read.keeps_numbers:
        for number, code, vi, en in numbering(normal["criteria"]):
            report.add(NUMBERING[code], code, places.get(number, ()), vi, en, found=shown(number.rpartition(" ")[2]))
        check_totals(normal, report)
    check_columns(normal, catalogue, report, places)


def _catalogue(book: Book, report: Report) -> Catalogue | None:
    """The catalogue, None where it does not load (which is reported)."""
    try:
        return book.catalogue
    except NtmRulesError as error:
        report.refused(error)
        return None


def _lint_layer(data: bytes, book: Book, report: Report, relative: str | None) -> None:
    rows, target = evidence_rows(book, relative, report), report.tree.get("of")
    catalogue = _catalogue(book, report)
    base = book.ruleset(target) if catalogue is not None and target in book.ids else None
    if catalogue is None or base is None:
        report.refused(RulebookError(read_leniently(data, report.source, LayerDocument).problems))
        if catalogue is not None:
            _unknown_target(target, book, report)
        return
    place = Surroundings(report.source, catalogue, rows or {}, book.ids)
    checked = checked_layer(data, place, book.below(target, relative), {})
    report.refused(RulebookError(checked.problems))
    layer = checked.normal
    if layer is None:
        return
    report.read(checked.read)
    if not any(checked.read.is_touched((name,)) for name in ("of", "kind", "province")):
        check_layer_place(layer, report, relative)
    check_layer_dates(layer, base, report)
    if checked.problems:
        return  # what follows needs every cell, or the layer applied
    places = places_in(report.tree)
    check_evidence(layer, rows, report, places)
    note_unset_cells(layer, report)
    check_overlaps(layer, book, report, relative)
    if references_hold(layer, target, book, report, places):
        check_layer_effect(layer, book, report, relative, places)


def _unknown_target(target: Any, book: Book, report: Report) -> None:
    if target in book.ids:
        vi, en = "bộ tiêu chí mà lớp này sửa không đọc được", "the ruleset that the layer changes does not load"
    else:
        vi, en = "lớp này không nói nó sửa bộ tiêu chí nào có ở đây", "the layer names no ruleset that is here"
    names = ", ".join(book.ids)
    fields = {"found": shown(target), "wanted": Text(names, names), "nearest": nearest(target, book.ids)}
    report.add("error", "unknown_ruleset", ("of",), vi, en, **fields)
