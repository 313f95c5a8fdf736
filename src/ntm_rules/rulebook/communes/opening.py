"""A source opened: what format it has, its bytes, and what problems call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ntm_rules.model.errors import CommuneError, unreadable
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.communes.problems import refusal

__all__ = ["FORMATS", "Format", "opened"]

Format = Literal["json", "jsonl", "yaml", "csv"]

FORMATS = ("json", "jsonl", "yaml", "csv")
SUFFIXES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".yaml": "yaml", ".yml": "yaml", ".csv": "csv"}


def opened(source: Any, format: str | None) -> tuple[str, Any, str | None]:  # noqa: A002
    """The format, the bytes or lines, and what problems call them."""
    if format is not None and format not in FORMATS:
        raise refusal(
            "unknown_format",
            None,
            None,
            Text("không có định dạng này", "no such format"),
            found=shown(format),
            wanted=", ".join(FORMATS),
        )
    if isinstance(source, Path) or (isinstance(source, str) and format is None):
        path = Path(source)
        kind = format or SUFFIXES.get(path.suffix.lower())
        if kind is None and path.is_dir():
            raise CommuneError([unreadable(str(path), IsADirectoryError())])
        if kind is None:
            raise refusal(
                "unknown_format",
                str(path),
                None,
                Text("đuôi tệp không cho biết định dạng", "the suffix names no format"),
                found=shown(path.suffix),
                wanted=", ".join(SUFFIXES),
            )
        try:
            return kind, path.read_bytes(), str(path)
        except OSError as error:
            raise CommuneError([unreadable(str(path), error)]) from None
    if format is None:
        raise refusal(
            "unknown_format",
            None,
            None,
            Text("chưa nói định dạng", "the format is not named"),
            wanted=", ".join(f"format={known!r}" for known in FORMATS),
        )
    return format, source.encode() if isinstance(source, str) else source, None
