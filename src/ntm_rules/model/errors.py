"""What can be wrong with input, said to people.

Every error this library raises for bad input is an `NtmRulesError`. It holds ALL problems found in the input, not the first;
each `Problem` says where it is, what was found, what was wanted, and the nearest right name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from ntm_rules.model.text import Language, Text, printable, shown

__all__ = [
    "CommuneError",
    "DateError",
    "FactError",
    "NtmRulesError",
    "Problem",
    "RulebookError",
    "UnknownNameError",
    "check_language",
    "unreadable",
    "unwritable",
]


@attrs.frozen(slots=True, kw_only=True)
class Problem:
    """One thing wrong with the input.

    `code` is stable and documented in docs/facts.md and docs/authoring.md; `key` is the fact, field or path;
    `line` counts from 1; `nearest` is the known name most like the one found.
    """

    code: str
    message: Text
    source: str | None = None
    line: int | None = None
    key: str | None = None
    found: str | None = None
    wanted: Text | None = None
    nearest: str | None = None

    def describe(self, lang: Language = "vi") -> str:
        """The problem on one line: place, message, what was found and wanted."""
        found, wanted, near = ("found", "wanted", "did you mean") if lang == "en" else ("gặp", "cần", "có phải là")
        place = ":".join(str(part) for part in (self.source, self.line) if part is not None)
        text = " ".join(part for part in (place and f"{place}:", self.key and f"{self.key}:") if part)
        text = f"{text} {self.message.in_(lang)}".strip()
        if self.found is not None:
            text += f"; {found} {self.found}"
        if self.wanted is not None:
            text += f"; {wanted} {self.wanted.in_(lang)}"
        if self.nearest is not None:
            text += f"; {near} '{self.nearest}'?"
        return printable(f"{text} [{self.code}]")

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON-ready data."""
        return {
            "code": self.code,
            "source": self.source,
            "line": self.line,
            "key": self.key,
            "found": self.found,
            "wanted": None if self.wanted is None else attrs.asdict(self.wanted),
            "nearest": self.nearest,
            "message": attrs.asdict(self.message),
        }


_UNREADABLE = (
    (FileNotFoundError, Text("không có tệp này", "no such file")),
    (IsADirectoryError, Text("là thư mục, không phải tệp", "is a directory, not a file")),
    (PermissionError, Text("không có quyền đọc", "no permission to read it")),
)


def unreadable(source: str, error: BaseException) -> Problem:
    """The problem of a file that cannot be read, and why."""
    other = getattr(error, "strerror", None) or type(error).__name__
    why = next((words for kind, words in _UNREADABLE if isinstance(error, kind)), Text(other, other))
    message = Text(f"không đọc được tệp ({why.vi})", f"cannot read the file ({why.en})")
    return Problem(code="cannot_read", source=source, message=message)


def unwritable(source: str, error: BaseException) -> Problem:
    """The problem of a file that cannot be written, and why."""
    why = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), type(error).__name__)
    message = Text(f"không ghi được tệp ({why})", f"cannot write the file ({why})")
    return Problem(code="cannot_write", source=source, message=message, found=shown(source))


class NtmRulesError(Exception):
    """Bad input. `problems` lists everything found wrong with it; nothing of the input was used.

    `str(error)` shows Vietnamese then English; `describe("vi")` and `describe("en")` show one language.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def describe(self, lang: Language = "vi") -> str:
        """All problems, one a line, in one language."""
        return "\n".join(problem.describe(lang) for problem in self.problems)

    def __str__(self) -> str:
        return f"{self.describe('vi')}\n{self.describe('en')}"


def check_language(lang: Language) -> Language:
    """The language asked for; UnknownNameError where there are no texts in it."""
    if lang in ("vi", "en"):
        return lang
    message = Text("không có ngôn ngữ này", "no texts in this language")
    raise UnknownNameError(
        [
            Problem(
                code="unknown_language", key="lang", found=shown(lang), message=message, wanted=Text("vi, en", "vi, en")
            )
        ]
    )


class FactError(NtmRulesError, ValueError):
    """A fact cannot be taken: unknown key, wrong kind, out of bounds, denominator 0. Correct the value at the named key."""


class CommuneError(NtmRulesError, ValueError):
    """A commune's identity cannot be taken: code, region, province, zone, year or an attested verdict. Correct that field."""


class RulebookError(NtmRulesError, ValueError):
    """A ruleset, layer or catalogue file cannot be taken. Correct the file at the named lines."""


class UnknownNameError(NtmRulesError, LookupError):
    """A name asked for does not exist: ruleset, indicator, criterion, province, column. Use the nearest right name it offers."""


class DateError(NtmRulesError, ValueError):
    """No text was in force, or known, on the date asked for. Ask for a later date."""
