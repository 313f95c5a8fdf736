"""The linter of rulebooks: what a rule keeper should look at, with file, line and key, in plain words.

``lint_path(path, *, source=None) -> tuple[Finding, ...]`` takes a ruleset, a layer or overlay, a facts.yaml, a regions.yaml, a
rulebook.yaml, a folder of such files, or a whole rulebook's directory, as ``lint_rulebook(directory)`` does. A `Finding` is a `problem`
(`ntm_rules.Problem`: code, source, line, key, message …) with a `severity`: ``"error"`` (wrong, or what the loader refuses),
``"warning"`` (probably not meant) or ``"note"`` (known and worth seeing); ``describe(lang)`` is one line, ``to_dict()``
JSON-ready. Bad content is never raised: errors of the loader are findings too. A file is read with the rulebook it lies in;
`source` names another one.
"""

from __future__ import annotations

from ntm_rules.rulebook.lint.entry import lint_path, lint_rulebook
from ntm_rules.rulebook.lint.findings import Finding, Severity

__all__ = ["Finding", "Severity", "lint_path", "lint_rulebook"]
