"""Words for people, in Vietnamese and English."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal

import attrs

__all__ = [
    "FORMULA",
    "LANGUAGES",
    "Language",
    "Text",
    "clean_text",
    "in_cell",
    "name_of",
    "nearest",
    "printable",
    "shown",
]

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

# How a text begins that a spreadsheet would run when it opens a CSV; a number with a sign it would not.
FORMULA = r"[=@\t\r\n]|[+-][0-9.,]*[^0-9.,]"


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


def printable(text: str) -> str:
    r"""Text from outside as people are shown it: one line that moves nothing on a terminal or page.

    Control characters and marks that turn the direction of writing are spelled out; line breaks and tabs become a space. Every
    text for people goes through here; data (JSON) keeps what was given.

    >>> print(printable("Xã\x1b[2J\tMột\u202e"))
    Xã\x1b[2J Một\u202e
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _spelled(letter) for letter in text.replace("\r\n", "\n"))


def in_cell(text: str) -> str:
    """A text as CSV keeps it, so that no spreadsheet runs it.

    >>> in_cell("=1+1"), in_cell("-1.5")
    ("'=1+1", '-1.5')
    """
    return f"'{text}" if re.match(FORMULA, text) else text


def _spelled(letter: str) -> str:
    if letter.isspace() and letter not in "\x1c\x1d\x1e\x1f":
        return letter if unicodedata.category(letter) == "Zs" else " "  # a space that does not break stays one
    return letter.encode("unicode_escape").decode("ascii")


def name_of(value: Any) -> str:
    """A key as an error message names it: itself where it is text."""
    return value if isinstance(value, str) else shown(value)


def nearest(word: Any, known: Iterable[str]) -> str | None:
    """The known word most like a misspelt one, or None.

    >>> nearest("healt_insurance_pct", ["health_insurance_pct", "income_per_capita"])
    'health_insurance_pct'
    """
    matches = difflib.get_close_matches(name_of(word), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def shown(value: Any) -> str:
    """The value as an error message shows it: never longer than a line."""
    try:
        # In full only where that is short: a few bytes of text can stand for more digits than there is memory.
        short = isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 80
        text = format(value, "f") if short else str(value) if isinstance(value, Decimal) else repr(value)
    except (ValueError, RecursionError):  # more digits or levels than Python prints
        text = type(value).__name__
    return text if len(text) <= 80 else f"{text[:77]}…"
