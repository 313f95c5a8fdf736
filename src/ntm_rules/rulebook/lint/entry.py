"""The ways in: a path, or a rulebook's directory."""

from __future__ import annotations

from pathlib import Path

from ntm_rules.model.errors import NtmRulesError
from ntm_rules.rulebook.lint.book import Book
from ntm_rules.rulebook.lint.directory import lint_directory
from ntm_rules.rulebook.lint.file import lint_one
from ntm_rules.rulebook.lint.findings import Finding, Report, in_order
from ntm_rules.rulebook.rulebook import shipped

__all__ = ["lint_path", "lint_rulebook"]


def lint_path(path: str | Path, *, source: str | Path | None = None) -> tuple[Finding, ...]:
    """Everything found in a file, or in a rulebook's directory, in the order of files and lines.

    `source` is the directory of the rulebook whose rulesets and facts the file is held against: by default the one it lies
    in, else the one shipped with the package.
    """
    path = Path(path)
    home = source or _home(path)
    if path.is_dir() and ((path / "rulebook.yaml").is_file() or home is None):
        return lint_rulebook(path)
    report = Report(str(path))
    try:
        book = Book(home or shipped())
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            lint_one(file, book, report)
    except NtmRulesError as error:
        report.refused(error)
    return in_order(report.findings)


def lint_rulebook(directory: str | Path) -> tuple[Finding, ...]:
    """Everything found in a rulebook's directory: each file by itself, and what shows only when they are seen together."""
    report = Report(str(directory))
    try:
        book = Book(directory)
        lint_directory(book, report)
    except NtmRulesError as error:
        report.refused(error)
    return in_order(report.findings)


def _home(path: Path) -> Path | None:
    return next((parent for parent in path.resolve().parents if (parent / "rulebook.yaml").is_file()), None)
