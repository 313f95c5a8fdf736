"""What cannot be seen in a file's text: stray spaces, tabs, Unicode that is not composed, hidden characters."""

from __future__ import annotations

import re
import unicodedata

from ntm_rules.rulebook.lint.findings import Report

__all__ = ["check_hygiene"]

_INVISIBLE = re.compile("[\u00a0\u200b-\u200f\u2028\u2029\ufeff\u00ad]")


def check_hygiene(data: bytes, report: Report) -> None:
    """What cannot be seen in the text, line by line."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        if line != line.rstrip():
            report.note_line("trailing_space", number, "thừa khoảng trắng cuối dòng", "spaces at the end of the line")
        if "\t" in line.rstrip():
            report.note_line("tab", number, "có dấu tab; dùng dấu cách", "a tab; use spaces")
        if not unicodedata.is_normalized("NFC", line):
            vi, en = "chữ chưa ở dạng Unicode dựng sẵn (NFC)", "text is not in composed Unicode (NFC)"
            report.note_line("not_nfc", number, vi, en)
        if hidden := _INVISIBLE.search(line):
            vi, en = "có ký tự không nhìn thấy", "a character that cannot be seen"
            report.note_line("invisible_character", number, vi, en, f"U+{ord(hidden[0]):04X}")
