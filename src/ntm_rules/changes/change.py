"""One change of a rule: what kind it is, where it stands, and what stood and stands there."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any, TypeAlias

import attrs

from ntm_rules.model.text import Text
from ntm_rules.model.values import to_plain

__all__ = ["Change", "ChangeKind", "Value"]

Value: TypeAlias = Decimal | bool | str | None


class ChangeKind(str, enum.Enum):
    """What a change does.

    TIGHTENED and LOOSENED: fewer, or more, communes can meet it, and none the other way. CHANGED: neither of the two, or it
    cannot be told, as where another thing is measured. SET and UNSET: a threshold becomes known, or is no longer. TEXT: words,
    numbers of decisions, order, and cells that no commune is judged by. EVIDENCE: only how surely a threshold is known.
    """

    ADDED = "added"
    REMOVED = "removed"
    TIGHTENED = "tightened"
    LOOSENED = "loosened"
    CHANGED = "changed"
    DELEGATED = "delegated"
    UNDELEGATED = "undelegated"
    SET = "set"
    UNSET = "unset"
    RENUMBERED = "renumbered"
    TEXT = "text"
    EVIDENCE = "evidence"


@attrs.frozen(slots=True, kw_only=True)
class Change:
    """One change between two rulesets.

    `subject` says what is changed: ``"indicator"``, ``"condition"`` or ``"prerequisite"`` (parts included), ``"criterion"``,
    ``"ruleset"`` or ``"catalogue"``; `aspect` what of it: ``"threshold"``, ``"columns"``, ``"applies_if"``, ``"label"`` … `indicator`
    is the number of the whole indicator or condition, `old_number` and `new_number` those of the clause itself (a part: "17.1.a"),
    None where it is not there. `column` and `year` name the cell (None: the change is of every one). `old` and `new` are what
    stands there, as shown to people; `old_value` and `new_value` the thresholds themselves. `fact` is what is measured. `akin`,
    of what is added or removed, is the number of an indicator on the other side that reads alike but measures something else.
    """

    kind: ChangeKind
    subject: str
    aspect: str
    indicator: str | None = None
    old_number: str | None = None
    new_number: str | None = None
    label: Text | None = None
    column: str | None = None
    year: int | None = None
    fact: str | None = None
    unit: Text | None = None
    old: Text | None = None
    new: Text | None = None
    old_value: Value = None
    new_value: Value = None
    akin: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON-ready data; thresholds that are no whole numbers as text, so that nothing is lost."""
        words = {name: getattr(self, name) for name in ("label", "unit", "old", "new")}
        return {
            "kind": self.kind.value,
            "subject": self.subject,
            "aspect": self.aspect,
            "indicator": self.indicator,
            "old_number": self.old_number,
            "new_number": self.new_number,
            "column": self.column,
            "year": self.year,
            "fact": self.fact,
            "old_value": to_plain(self.old_value),
            "new_value": to_plain(self.new_value),
            "akin": self.akin,
            **{name: text and attrs.asdict(text) for name, text in words.items()},
        }
