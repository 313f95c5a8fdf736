"""One value as its fact's kind reads it: numbers the plain or the Vietnamese way, words for verdicts, ratios."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import attrs

from ntm_rules.model.checking import fact_named, half_ratio
from ntm_rules.model.errors import Problem
from ntm_rules.model.facts import SIDES, FactKind
from ntm_rules.model.ruleset import Catalogue
from ntm_rules.model.text import Text, clean_text, nearest, shown
from ntm_rules.model.values import PLAIN_NUMBER

__all__ = ["WORDS", "Numbers", "Values", "as_written"]

Numbers = Literal["plain", "vi"]

WORDS = {"true": True, "false": False, "đạt": True, "có": True, "chưa đạt": False, "không đạt": False, "không": False}
_VI_NUMBER = re.compile(r"[+-]?(\d{1,40}|[1-9]\d{0,2}(\.\d{3})+)(,\d{1,40})?", re.ASCII)


@attrs.frozen(slots=True)
class Values:
    """Reads the values of a file."""

    catalogue: Catalogue
    numbers: Numbers

    def value(self, key: Any, value: Any, textual: bool) -> Any:
        """The value as its fact's kind reads it, or a tuple of what is wrong with it."""
        fact = fact_named(self.catalogue, key) if isinstance(key, str) else None
        if fact is None:
            return value
        if isinstance(value, Mapping):
            if len(sides := [side for side in SIDES if value.get(side) is not None]) == 1:
                return (half_ratio(key, sides[0], shown(dict(value))),)
            parts = {
                part: self._text_number(key, inner) if isinstance(inner, str) else inner
                for part, inner in value.items()
            }
            return tuple(inner for inner in parts.values() if isinstance(inner, Problem)) or parts
        if not isinstance(value, str):
            return value
        found: Any = value
        if fact.kind is FactKind.BOOLEAN and textual:
            found = self.word(key, value)
        elif fact.kind.is_number:
            found = self._text_number(key, value)
        return (found,) if isinstance(found, Problem) else found

    def word(self, key: str, value: Any) -> bool | Problem:
        """A verdict written as a word; never 1 or 0."""
        word = clean_text(value).casefold() if isinstance(value, str) else None
        if word in WORDS:
            return WORDS[word]
        return Problem(
            code="wrong_kind",
            key=key,
            found=as_written(value),
            message=Text("không phải đạt hay chưa đạt", "neither met nor not met"),
            wanted=Text(", ".join(WORDS), ", ".join(WORDS)),
            nearest=nearest(word or "", WORDS),
        )

    def _text_number(self, key: str, value: str) -> Any:
        text = clean_text(value)
        vietnamese, plain = _VI_NUMBER.fullmatch(text), PLAIN_NUMBER.fullmatch(text)
        swapped = text.replace(".", "").replace(",", ".")
        if self.numbers == "plain":
            return text if plain else _not_plain(key, value, swapped if vietnamese else None)
        if vietnamese and plain and Decimal(swapped) != Decimal(text):
            return Problem(
                code="ambiguous_number",
                key=key,
                found=shown(value),
                message=Text("có thể đọc theo hai cách", "can be read in two ways"),
                wanted=Text(
                    f"{swapped} hay {text.replace('.', ',')}: viết rõ ra", f"either {swapped} or {text}: spell it out"
                ),
            )
        return swapped if vietnamese else text if plain else _not_plain(key, value, None)


def _not_plain(key: str, value: str, vietnamese: str | None) -> Problem:
    """A text that is no plain number, with what to do about it."""
    if vietnamese is not None:
        option = f'numbers="vi" (--numbers vi), → {vietnamese}'
        return Problem(
            code="not_plain_number",
            key=key,
            found=shown(value),
            message=Text("số viết theo kiểu Việt Nam", "a number written the Vietnamese way"),
            wanted=Text(f"dấu chấm thập phân, hoặc tùy chọn {option}", f"a decimal point, or the option {option}"),
        )
    return Problem(
        code="wrong_kind",
        key=key,
        found=shown(value),
        message=Text("không phải số", "not a number"),
        wanted=Text(
            "chỉ chữ số và dấu thập phân, không kèm chữ, %, hay phép chia; đếm được thì ghi numerator và denominator",
            "digits and a decimal mark only, no words, % or fractions; give counts as numerator and denominator",
        ),
    )


def as_written(value: Any) -> str:
    """A value as the file has it: a number without Python's wrapping."""
    return str(value)[:80] if isinstance(value, Decimal) else shown(value)
