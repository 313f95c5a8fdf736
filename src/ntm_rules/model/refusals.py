"""Why a number or a ratio is refused, in both languages: Python's and our own errors speak English only."""

from __future__ import annotations

from collections.abc import Mapping

from ntm_rules.model.text import Text

__all__ = ["why_refused"]

_WHOLE: Mapping[str, str] = {
    "a ratio within a ratio": "tỷ số nằm trong tỷ số",
    "denominator must be greater than 0": "mẫu số phải lớn hơn 0",
    "numerator must not be negative": "tử số không được âm",
    "a ratio has exactly the keys numerator and denominator": "tỷ số có đúng hai khóa numerator và denominator",
    "a number of more than 40 digits": "số dài quá 40 chữ số",
    "not a finite number": "không phải số hữu hạn",
}
# Messages that end with what was found.
_OPENINGS: Mapping[str, str] = {"not a number": "không phải số", "not a fact value": "không phải kiểu số liệu"}


def why_refused(error: Exception) -> Text:
    """Why a value was refused; an error that is not one of ours is only said to be unreadable.

    >>> why_refused(ValueError("denominator must be greater than 0")).vi
    'mẫu số phải lớn hơn 0'
    """
    said = str(error)
    if said in _WHOLE:
        return Text(_WHOLE[said], said)
    opening, _, found = said.partition(": ")
    if opening in _OPENINGS:
        return Text(f"{_OPENINGS[opening]}: {found}", said)
    return Text("không đọc được", "cannot be read")
