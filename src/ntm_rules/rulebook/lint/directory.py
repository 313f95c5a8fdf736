"""A whole directory: each file, and what shows only when they are seen together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.contents import as_ruleset, facts_named
from ntm_rules.rulebook.lint.file import OF_COMMUNES, OF_RULEBOOKS, lint_one
from ntm_rules.rulebook.lint.findings import Report
from ntm_rules.rulebook.yaml_text import read_yaml

__all__ = ["lint_directory"]


def lint_directory(book: Book, report: Report) -> None:
    """Every file of a rulebook, files that are never read, and facts that nothing uses."""
    reached = _reached(book)
    for relative in reached:
        path = book.directory / relative
        if path.is_file() or relative == "rulebook.yaml":
            lint_one(path, book, report)
    for path in sorted(book.directory.rglob("*.y*ml")):
        relative = path.relative_to(book.directory).as_posix()
        if relative not in reached and not path.name.endswith(".test.yaml") and _of_a_rulebook(path):
            vi, en = "tệp không được đọc: sai tên hoặc sai thư mục", "the file is never read: wrong name or folder"
            inner = Report(str(path))
            inner.add("error", "unreached_file", (), vi, en)
            report.findings += inner.findings
    _stray_evidence_files(book, reached, report)
    if (book.directory / "facts.yaml").is_file():
        _unused_facts(book, report)


def _of_a_rulebook(path: Path) -> bool:
    """Whether a file looks like a ruleset or layer; communes and other files may lie beside them."""
    try:
        tree = read_yaml(path.read_bytes(), str(path))
    except (NtmRulesError, OSError):
        return True
    keys = set(tree) if isinstance(tree, Mapping) else set()
    return bool(keys & OF_RULEBOOKS) and not keys & OF_COMMUNES - {"province"}


def _reached(book: Book) -> dict[str, None]:
    """The files that loading may read, relative to the directory."""
    found = dict.fromkeys(("rulebook.yaml", "facts.yaml", "regions.yaml"))
    for ruleset_id in book.ids:
        found[f"{ruleset_id}.yaml"] = None
        for province in (None, *book.loader.provinces_with_overlay(ruleset_id)):
            found.update(dict.fromkeys(book.loader.layer_paths(ruleset_id, province)))
    return found


def _stray_evidence_files(book: Book, reached: Mapping[str, None], report: Report) -> None:
    folder = book.directory / "evidence"
    for path in sorted(folder.rglob("*.csv")):
        if path.relative_to(folder).with_suffix(".yaml").as_posix() not in reached:
            inner = Report(str(path))
            vi, en = "nguồn kiểm chứng cho một tệp không có", "evidence for a file that is not there"
            inner.add("error", "stray_evidence_file", (), vi, en)
            report.findings += inner.findings


def _unused_facts(book: Book, report: Report) -> None:
    path = book.directory / "facts.yaml"
    used = set()
    for ruleset_id in book.ids:
        for province in (None, *book.loader.provinces_with_overlay(ruleset_id)):
            documents = [book.ruleset(ruleset_id), *(layer for _, layer in book.layers(ruleset_id, province))]
            for document in filter(None, documents):
                used |= facts_named(as_ruleset(document))
    inner = Report(str(path), read_yaml(path.read_bytes(), str(path)))
    for key in book.catalogue.facts:
        if key not in used:
            vi, en = "không bộ tiêu chí nào dùng số liệu này", "no ruleset uses this fact"
            inner.add("warning", "unused_fact", ("facts", key), vi, en)
    report.findings += inner.findings
