"""Ships the rulebook with its compiled form: normal documents by the hash of their files, so that loading needs no YAML."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Writes rulesets/compiled.json into the wheel; the checkout is left as it was."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the rulebook; a rulebook that does not load fails the build."""
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        try:
            from ntm_rules.rulebook.rulebook import compile_rulebook
        finally:
            sys.path.pop(0)
        compiled = Path(self.directory) / "compiled.json"
        compiled.parent.mkdir(parents=True, exist_ok=True)
        compiled.write_text(compile_rulebook(root / "rulesets"), encoding="utf-8")
        build_data["force_include"][str(compiled)] = "ntm_rules/rulesets/compiled.json"
