"""What the parsers of JSON, YAML and CSV say, in both languages.

They speak English only. The common sayings are put into Vietnamese; the saying itself is kept beside them, marked as such, for
it is what a search finds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ntm_rules.model.text import Text

__all__ = ["csv_words", "json_words", "original", "yaml_words"]

_JSON: Mapping[str, str] = {
    "Expecting value": "thiếu giá trị, hoặc giá trị viết sai",
    "Expecting ',' delimiter": "thiếu dấu phẩy",
    "Expecting ':' delimiter": "thiếu dấu hai chấm",
    "Expecting property name enclosed in double quotes": "thiếu khóa trong ngoặc kép",
    "Illegal trailing comma before end of object": "thừa dấu phẩy trước '}'",
    "Illegal trailing comma before end of array": "thừa dấu phẩy trước ']'",
    "Unterminated string starting at": "chuỗi không có ngoặc kép đóng",
    "Invalid control character at": "có ký tự điều khiển trong chuỗi",
    "Invalid \\escape": "sau '\\' là ký tự lạ",
    "Invalid \\uXXXX escape": "sau '\\u' phải là bốn chữ số thập lục phân",
    "Extra data": "còn chữ thừa sau khi hết dữ liệu",
}
_YAML: Mapping[str, str] = {
    "did not find expected key": "chỗ này phải là một khóa: xem lại thụt lề và dấu ngoặc",
    "did not find expected ',' or ']'": "thiếu ',' hoặc ']'",
    "did not find expected ',' or '}'": "thiếu ',' hoặc '}'",
    "did not find expected '-' indicator": "chỗ này phải bắt đầu bằng '-'",
    "did not find expected node content": "thiếu giá trị",
    "did not find expected <document start>": "còn chữ thừa sau khi hết tài liệu",
    "could not find expected ':'": "thiếu ':' sau khóa",
    "mapping values are not allowed in this context": "dấu ':' không đứng được ở đây: xem lại thụt lề, hoặc đặt chữ trong ngoặc kép",
    "mapping keys are not allowed in this context": "khóa không đứng được ở đây",
    "block sequence entries are not allowed in this context": "dấu '-' không đứng được ở đây",
    "found character that cannot start any token": "ký tự này không mở đầu được một giá trị (dấu tab, hay dấu riêng của YAML: đặt trong ngoặc kép)",
    "found a tab character that violates indentation": "thụt lề bằng dấu tab: dùng dấu cách",
    "found a tab character where an indentation space is expected": "thụt lề bằng dấu tab: dùng dấu cách",
    "found unexpected end of stream": "chuỗi không có ngoặc kép đóng",
    "found unexpected document indicator": "tài liệu hết khi chuỗi chưa đóng",
    "found unknown escape character": "sau '\\' là ký tự lạ",
    "control characters are not allowed": "có ký tự điều khiển",
    "special characters are not allowed": "có ký tự điều khiển",
    "found undefined tag handle": "thẻ kiểu (!) không được nhận",
    "did not find the expected '>'": "thẻ kiểu (!) không được nhận",
    "did not find expected '!'": "thẻ kiểu (!) không được nhận",
    "found incompatible YAML document": "phiên bản YAML này không được nhận",
    "did not find expected comment or line break": "sau '|' hoặc '>' phải xuống dòng",
    "did not find expected hexdecimal number": "sau '\\x', '\\u' phải là chữ số thập lục phân",
    "did not find expected alphabetic or numeric character": "sau '&' hoặc '*' không có tên",
}
_CSV: Mapping[str, str] = {
    "unexpected end of data": "ô có ngoặc kép mở mà không đóng",
    "quote after a space": "ngoặc kép đứng sau dấu cách",
    "line contains NUL": "có ký tự rỗng (NUL)",
    "new-line character seen in unquoted field - do you need to open the file with newline=''?": "có dấu xuống dòng lẻ trong ô",
}
_CSV_FORMS = ((re.compile(r"'(.)' expected after '(.)'"), r"sau '\2' phải là '\1'"),
              (re.compile(r"field larger than field limit \((\d+)\)"), r"ô dài quá \1 ký tự"))  # fmt: skip


def original(said: str) -> str:
    """A parser's own words, marked as such, for `Problem.found`."""
    return f"nguyên văn/original: {said}"


def json_words(said: str) -> Text:
    """What is wrong with a JSON text."""
    return _in_both(_JSON.get(said), said)


def yaml_words(said: str) -> Text:
    """What is wrong with a YAML text."""
    return _in_both(_YAML.get(said), said)


def csv_words(said: str) -> Text:
    """What is wrong with a CSV text."""
    for form, vietnamese in _CSV_FORMS:
        if form.fullmatch(said):
            return Text(form.sub(vietnamese, said), said)
    return _in_both(_CSV.get(said), said)


def _in_both(vietnamese: str | None, said: str) -> Text:
    """A saying that has no translation says in Vietnamese only that the text is broken here."""
    return Text(vietnamese or "cú pháp sai ở chỗ này", said)
