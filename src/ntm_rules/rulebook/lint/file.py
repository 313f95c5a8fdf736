"""One file: what kind of document it is, and all that is checked of one of that kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.catalogue import lint_facts, lint_regions
from ntm_rules.rulebook.lint.evidence import check_evidence, evidence_rows, note_unset_cells
from ntm_rules.rulebook.lint.findings import Report
from ntm_rules.rulebook.lint.hygiene import check_hygiene
from ntm_rules.rulebook.lint.layers import check_layer_dates, check_layer_effect, check_layer_place, check_overlaps
from ntm_rules.rulebook.lint.places import places_in
from ntm_rules.rulebook.lint.references import references_hold
from ntm_rules.rulebook.lint.requirements import check_clause
from ntm_rules.rulebook.lint.spans import tops
from ntm_rules.rulebook.lint.statements import (
    NUMBERING,
    check_columns,
    check_decision_dates,
    check_identity,
    check_totals,
    numbering,
)
from ntm_rules.rulebook.normal import Surroundings, normal_layer, normal_ruleset
from ntm_rules.rulebook.parser_words import file_words
from ntm_rules.rulebook.reading import read_document
from ntm_rules.rulebook.yaml_text import read_yaml

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
        why = file_words(error)
        report.add("error", "cannot_read", (), f"không đọc được tệp ({why.vi})", f"cannot read the file ({why.en})")
        return
    check_hygiene(data, report)
    try:
        report.tree = read_yaml(data, report.source)
        _lint_document(data, path, book, report)
    except NtmRulesError as error:
        report.refused(error)


OF_COMMUNES = {"code", "name", "region", "province", "zone", "year", "attested", "host_id"}

OF_RULEBOOKS = {"rulebook", "facts", "regions", "layer", "of", "ruleset", "criteria"}


def _lint_document(data: bytes, path: Path, book: Book, report: Report) -> None:
    tree, relative = report.tree, book.inside(path)
    keys = set(tree) if isinstance(tree, Mapping) else set()
    if path.name.endswith(".test.yaml"):
        return  # examples of a ruleset, no document of the rulebook
    if "rulebook" in keys:
        from ntm_rules.rulebook.documents import RulebookDocument

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


def _lint_ruleset(data: bytes, book: Book, report: Report, relative: str | None) -> None:
    rows = evidence_rows(book, relative, report)
    normal = normal_ruleset(data, Surroundings(report.source, book.catalogue, rows or {}, book.ids), {})
    places = places_in(report.tree)
    check_identity(normal, report, relative)
    check_decision_dates(normal["decision"], report)
    for number, code, vi, en in numbering(normal["criteria"]):
        report.add(NUMBERING[code], code, places.get(number, ()), vi, en, found=shown(number.rpartition(" ")[2]))
    check_totals(normal, report)
    check_columns(normal, book.catalogue, report, places)
    check_evidence(normal, rows, report, places)
    note_unset_cells(normal, report)
    if references_hold(normal, normal["ruleset"], book, report, places):
        ruleset = book.build(normal, None)
        for clause in tops(ruleset):
            check_clause(clause, ruleset, report, places)


def _lint_layer(data: bytes, book: Book, report: Report, relative: str | None) -> None:
    rows, tree = evidence_rows(book, relative, report), report.tree
    target = tree.get("of")
    base = book.ruleset(target) if target in book.ids else None
    if base is None:
        _unknown_target(target, book, report)
        return
    place = Surroundings(report.source, book.catalogue, rows or {}, book.ids)
    layer = normal_layer(data, place, book.below(target, relative), {})
    places = places_in(tree)
    check_layer_place(layer, report, relative)
    check_layer_dates(layer, base, report)
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
