"""The evidence of a document's cells: how surely each is known, and where it was seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.requirement import Evidence
from ntm_rules.model.text import Text, shown
from ntm_rules.rulebook.parser_words import csv_words, original

__all__ = ["EvidenceRows", "read_evidence"]

EvidenceRows = Mapping[tuple[str, str, str, str], tuple[str, str]]

_EVIDENCE_HEADER = ["indicator", "part", "year", "column", "status", "seen_at"]


def read_evidence(path: Path) -> EvidenceRows:
    """The rows of an evidence file by (indicator, part, year, column): status and where it was seen."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        lines = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError:
        raise _evidence_error(path, "not_utf8", None, Text("không phải UTF-8", "not UTF-8")) from None
    except csv.Error as error:
        words = csv_words(str(error))
        message = Text(f"không phải CSV hợp lệ: {words.vi}", f"not valid CSV: {words.en}")
        raise _evidence_error(path, "bad_csv", reader.line_num, message, found=original(str(error))) from None
    header = ",".join(_EVIDENCE_HEADER)
    if not lines or lines[0][1] != _EVIDENCE_HEADER:
        found = ",".join(lines[0][1]) if lines else ""
        message = Text("sai dòng đầu", "wrong header")
        raise _evidence_error(path, "bad_header", 1, message, found=shown(found), wanted=Text(header, header))
    rows: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    problems: list[Problem] = []
    names = [evidence.value for evidence in Evidence]
    for line, row in lines[1:]:
        indicator, part, year, column, status, seen_at = [*row, *[""] * 6][:6]
        key = (indicator, part, year, column)
        if len(row) != len(_EVIDENCE_HEADER) or status not in names or key in rows:
            listed = ", ".join(names)
            message = Text(
                "dòng lặp lại, thừa hay thiếu ô, hoặc mức độ tin lạ",
                "a repeated row, a cell too many or too few, or an unknown status",
            )
            problems += _evidence_error(
                path,
                "bad_evidence",
                line,
                message,
                key=".".join(filter(None, key)),
                found=shown(",".join(row)),
                wanted=Text(listed, listed),
            ).problems
        rows[key] = (status, seen_at)
    if problems:
        raise RulebookError(problems)
    return rows


def _evidence_error(path: Path, code: str, line: int | None, message: Text, **fields: Any) -> RulebookError:
    return RulebookError([Problem(code=code, source=str(path), line=line, message=message, **fields)])
