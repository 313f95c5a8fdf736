"""What the linter finds: findings, the report that collects those of one file, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Language, Text
from ntm_rules.rulebook.lined import Steps
from ntm_rules.rulebook.reading import Read, problem_at

__all__ = ["Finding", "Report", "Severity", "Steps", "brief", "in_order"]

Severity = Literal["error", "warning", "note"]

_SEVERITIES: Mapping[str, Text] = {
    "error": Text("lỗi", "error"),
    "warning": Text("cảnh báo", "warning"),
    "note": Text("ghi chú", "note"),
}


@attrs.frozen(slots=True)
class Finding:
    """Something to look at: a problem, and how grave it is."""

    problem: Problem
    severity: Severity

    def describe(self, lang: Language = "vi") -> str:
        """The finding on one line: severity, place, message, what was found and wanted."""
        return f"{_SEVERITIES[self.severity].in_(lang)}: {self.problem.describe(lang)}"

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready data."""
        return {"severity": self.severity, **self.problem.to_dict()}


class Report:
    """Collects what is found in one file."""

    def __init__(self, source: str, tree: Any = None) -> None:
        self.source, self.tree = source, tree
        self.findings: list[Finding] = []
        self._read: Read[Any] | None = None

    def read(self, read: Read[Any]) -> None:
        """Findings speak of this document; those of places where its form is wrong say nothing new and are left out."""
        self._read, self.tree = read, read.tree

    def add(self, severity: Severity, code: str, path: Steps, vi: str, en: str, **fields: Any) -> None:
        if self._read is not None and path and self._read.is_touched(path):
            return
        problem = problem_at(self.tree, self.source, path, code, Text(vi, en), **fields)
        self.findings.append(Finding(problem, severity))

    def refused(self, error: NtmRulesError) -> None:
        """What the loader refuses; each problem keeps its own file and line where it has one."""
        for problem in error.problems:
            named = problem if problem.source is not None else attrs.evolve(problem, source=self.source)
            self.findings.append(Finding(named, "error"))

    def note_line(self, code: str, line: int, vi: str, en: str, found: str | None = None) -> None:
        problem = Problem(code=code, source=self.source, line=line, message=Text(vi, en), found=found)
        self.findings.append(Finding(problem, "warning"))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, each once, in the order of files and lines."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (finding.problem.source or "", finding.problem.line or 0)))


def brief(items: Sequence[str], most: int = 8) -> str:
    """The first few of a list, and how many there are in all where it is cut short."""
    return ", ".join(items[:most]) + (f" … ({len(items)})" if len(items) > most else "")
