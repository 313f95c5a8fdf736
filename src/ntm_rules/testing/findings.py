"""What a check finds: what is wrong, in words, with a commune that shows it."""

from __future__ import annotations

from typing import Literal

import attrs

from ntm_rules.model.commune import Commune
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Language, Text
from ntm_rules.testing.witness import commune_file

__all__ = ["Finding"]

_WORDS = {"failure": Text("HỎNG", "FAILED"), "note": Text("ghi chú", "note")}


@attrs.frozen(slots=True, kw_only=True)
class Finding:
    """One thing a check found. A failure is a defect of the ruleset or an engine; a note says what no check can decide.

    `witness` is a commune that shows it, where there is one; `file` is that commune as `ntm-rules evaluate` takes it.
    """

    check: str
    message: Text
    severity: Literal["failure", "note"] = "failure"
    ruleset: Ruleset | None = attrs.field(default=None, repr=False)
    witness: Commune | None = None

    @property
    def fails(self) -> bool:
        """Whether it is a defect."""
        return self.severity == "failure"

    @property
    def file(self) -> str | None:
        """The witness as a file; None where there is none."""
        return None if self.witness is None else commune_file(self.witness, self.ruleset)

    def describe(self, lang: Language = "vi") -> str:
        """The finding on one line."""
        return f"{_WORDS[self.severity].in_(lang)}: {self.check}: {self.message.in_(lang)}"
