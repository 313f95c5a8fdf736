"""Words for people, in Vietnamese and English."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

import attrs

__all__ = ["Language", "Text", "clean_text", "nearest", "shown"]

Language = Literal["vi", "en"]


@attrs.frozen(slots=True)
class Text:
    """The same words in Vietnamese and in English.

    >>> Text("Thu nhập", "Income").in_("en")
    'Income'
    """

    vi: str
    en: str

    def in_(self, lang: Language) -> str:
        """The words in one language, ``"vi"`` or ``"en"``."""
        return self.en if lang == "en" else self.vi


def clean_text(text: str) -> str:
    """Text trimmed and in Unicode NFC, as every text that enters is kept.

    >>> clean_text("  Đạt ") == "Đạt"
    True
    """
    return unicodedata.normalize("NFC", text).strip()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like a misspelt one, or None.

    >>> nearest("healt_insurance_pct", ["health_insurance_pct", "income_per_capita"])
    'health_insurance_pct'
    """
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def shown(value: Any) -> str:
    """The value as an error message shows it: never longer than a line."""
    try:
        text = format(value, "f") if isinstance(value, Decimal) else repr(value)
    except ValueError:  # an integer of more digits than Python prints
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}…"
