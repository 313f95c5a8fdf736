"""The answer to "what is the threshold here?"."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ntm_rules.model.errors import check_language
from ntm_rules.model.requirement import Cell, Clause, Evidence, SetBy
from ntm_rules.model.text import Language
from ntm_rules.model.values import to_plain

if TYPE_CHECKING:
    from ntm_rules.model.ruleset import Ruleset, SpecialCommunes

__all__ = ["FoundThreshold", "Multiple", "RuleTexts"]


class RuleTexts(Protocol):
    """Who puts rulesets and thresholds into words; the builder hands one in, so that the model writes no text."""

    def threshold(self, found: FoundThreshold, lang: Language) -> str: ...
    def threshold_html(self, found: FoundThreshold, lang: Language) -> str: ...
    def ruleset_html(self, ruleset: Ruleset, lang: Language) -> str: ...


@attrs.frozen(slots=True)
class Multiple:
    """What a threshold is worked out from: the cell of a factor, and the cell of another ruleset's indicator it multiplies."""

    ruleset: str
    indicator: str
    factor: Cell
    base: Cell


def _plain_cell(cell: Cell) -> dict[str, Any]:
    return {"value": to_plain(cell.value), "evidence": cell.evidence.value, "seen_at": cell.seen_at}


@attrs.frozen(slots=True, kw_only=True)
class FoundThreshold:
    """The answer to "what is the threshold here?": a value with its evidence and citation, or the reason there is none.

    False in a truth test where no threshold is known. `reason` is None, ``"no_threshold"``, ``"no_threshold_for_year"``,
    ``"not_asked"``: the column does not ask it, or ``"parts"``: the indicator has `parts`, each with an answer of its own.
    `set_by` says who sets it; `seen_at` where the clause's own figure was seen. `column_rule` is the rule that sent the commune
    to another column than its region's; `evidence` is then no better than that rule's. Of a threshold that is a multiple of
    another ruleset's, `multiple` has the two cells it is made of, each with its evidence and place; `evidence` is then the
    weaker of theirs.

    >>> import ntm_rules as ntm
    >>> rs = ntm.load_ruleset("2021-2025/xa-ntm")
    >>> rs.threshold("5", region="tn").parts
    ('5.a', '5.bc')
    >>> print(rs.threshold("5.b", region="tn").explain("en").partition(". ")[0])
    5.b Schools at facility level 1 (commune with more than 3 schools): ≥ 70% (column Central highlands)
    """

    value: Decimal | bool | str | None
    reason: str | None
    evidence: Evidence
    citation: str
    seen_at: str | None
    column: str
    column_rule: SpecialCommunes | None = None
    year: int | None
    set_by: SetBy
    parts: tuple[str, ...] = ()
    multiple: Multiple | None = None
    clause: Clause = attrs.field(repr=False)
    ruleset: Ruleset = attrs.field(repr=False, eq=False)
    _texts: RuleTexts = attrs.field(repr=False, eq=False)

    def __bool__(self) -> bool:
        return self.reason is None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready data: its value or the reason there is none, and where it stands."""
        multiple = self.multiple
        return {
            "ruleset": self.ruleset.id,
            "id": self.clause.id,
            "label": attrs.asdict(self.clause.label),
            "value": to_plain(self.value),
            "reason": self.reason,
            "evidence": self.evidence.value,
            "citation": self.citation,
            "seen_at": self.seen_at,
            "column": self.column,
            "year": self.year,
            "set_by": self.set_by.value,
            "parts": list(self.parts),
            "multiple": multiple
            and {"ruleset": multiple.ruleset, "indicator": multiple.indicator}
            | {name: _plain_cell(getattr(multiple, name)) for name in ("factor", "base")},
            "explanation": {"vi": self.explain("vi"), "en": self.explain("en")},
        }

    def explain(self, lang: Language = "vi") -> str:
        """The threshold in words: its value, how surely it is known, its source; or why there is none, or its parts."""
        return self._texts.threshold(self, check_language(lang))

    def __str__(self) -> str:
        return self.explain("vi")

    def _repr_html_(self) -> str:
        return self._texts.threshold_html(self, "vi")
