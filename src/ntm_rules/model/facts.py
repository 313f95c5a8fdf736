"""The fact catalogue: what may be measured about a commune, in which unit and within which bounds."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from decimal import Decimal

import attrs

from ntm_rules.model.text import Text

__all__ = ["SEXES", "SIDES", "Fact", "FactKind"]

SEXES: Mapping[str, Text] = {"male": Text("nam", "men"), "female": Text("nữ", "women")}
SIDES = ("numerator", "denominator")


class FactKind(str, enum.Enum):
    """What kind of value a fact has."""

    BOOLEAN = "boolean"
    PERCENT = "percent"
    NUMBER = "number"
    COUNT = "count"
    MONEY = "money"
    CATEGORY = "category"

    @property
    def is_number(self) -> bool:
        """Whether values of the kind are numbers."""
        return self not in (FactKind.BOOLEAN, FactKind.CATEGORY)


@attrs.frozen(slots=True, kw_only=True)
class Fact:
    """One entry of the catalogue.

    `unit` is shown after values; `counts` says what a percentage's numerator and denominator count (people, households);
    `low` and `high` are inclusive bounds; `values` are a category's values in ascending order, and `value_labels` what people
    are shown in their place ("mức độ 2" for "2"), one for each, or none where the values are words themselves; a `by_sex` fact may
    also be given for men and for women.
    """

    key: str
    kind: FactKind
    label: Text
    unit: Text | None = None
    counts: Text | None = None
    by_sex: bool = False
    low: Decimal | None = None
    high: Decimal | None = None
    values: tuple[str, ...] = ()
    value_labels: tuple[Text, ...] = ()

    def value_text(self, value: str) -> Text:
        """A category's value as people are shown it."""
        return self.value_labels[self.values.index(value)] if self.value_labels else Text(value, value)
