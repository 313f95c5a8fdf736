"""Documents read and checked: YAML or data → document model → problems with file, line and key, or the document."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar, get_args

import attrs
from pydantic import BaseModel, ValidationError

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.refusals import why_refused
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook import documents
from ntm_rules.rulebook.lined import Steps, Tree, dotted, line_of
from ntm_rules.rulebook.repair import repaired
from ntm_rules.rulebook.yaml_text import flaw_problems, read_tree

__all__ = ["Read", "problem_at", "read_document", "read_leniently"]

Model = TypeVar("Model", bound=BaseModel)

_MESSAGES = {
    "missing": Text("thiếu khóa", "a required key is missing"),
    "extra_forbidden": Text("không có khóa này", "no such key"),
    "string_pattern_mismatch": Text("sai dạng", "of the wrong form"),
    "string_too_short": Text("để trống", "is empty"),
    "literal_error": Text("không phải một giá trị được phép", "not an allowed value"),
    "enum": Text("không phải một giá trị được phép", "not an allowed value"),
    "model_type": Text("phải là bảng khóa: giá trị", "must be a mapping"),
    "dict_type": Text("phải là bảng khóa: giá trị", "must be a mapping"),
    "list_type": Text("phải là danh sách", "must be a list"),
    "string_type": Text("phải là chữ", "must be text"),
    "too_short": Text("quá ít mục", "has too few items"),
    "too_long": Text("quá nhiều mục", "has too many items"),
}


@attrs.frozen(slots=True)
class Read(Generic[Model]):
    """A document as far as it could be read.

    `problems` are those of its text and form. Where there are any, `document` is one in which something that says nothing stands
    at the places `touched`, for the rest to be checked against; None where too much is wrong. `tree` is that of the document.
    """

    document: Model | None
    tree: Any
    problems: tuple[Problem, ...] = ()
    touched: tuple[Steps, ...] = ()

    def is_touched(self, path: Steps) -> bool:
        """Whether what stands at a path, or around it, is not what the file says."""
        return any(path[: len(place)] == place for place in self.touched)

    @property
    def keeps_numbers(self) -> bool:
        """Whether all indicators and criteria are there under their own numbers."""
        structure = ("no", "part", "id", "criterion", "indicators", "criteria", "conditions", "prerequisites")
        places = [place for place in self.touched if place[:1] != ("totals",)]
        return not any(isinstance(place[-1], int) or place[-1] in structure for place in places)


def read_document(data: bytes | str | Mapping[str, Any], source: str, model: type[Model]) -> tuple[Model, Any]:
    """The document and the tree it was read from. RulebookError with every problem of the file, each with its line."""
    read = read_leniently(data, source, model)
    if read.problems or read.document is None:
        raise RulebookError(read.problems)
    return read.document, read.tree


def read_leniently(data: bytes | str | Mapping[str, Any], source: str, model: type[Model]) -> Read[Model]:
    """The document as far as it can be read, with what is wrong. RulebookError where its text has no tree at all."""
    found = Tree(data) if isinstance(data, Mapping) else read_tree(data, source)
    tree, lost = found.root, [(flaw.path, "lost") for flaw in found.flaws if flaw.lost]
    problems = flaw_problems(found, source)
    wrong: list[tuple[Steps, str]] = []
    try:
        document = model.model_validate(tree)
        if not problems:
            return Read(document, tree)
    except ValidationError as error:
        unreadable = [path for path, _ in lost]
        for detail in error.errors():
            path = _steps(tree, detail["loc"], detail["type"])
            if not any(path[: len(place)] == place for place in unreadable):
                problems.append(_problem(detail, tree, source, model))
                wrong.append((path, detail["type"]))
    made = repaired(tree, model, [*lost, *wrong], _wrong)
    if made is None:
        return Read(None, tree, tuple(problems))
    whole, repair = made
    assert isinstance(whole, model)
    return Read(whole, repair.tree, tuple(problems), tuple(repair.touched))


def _wrong(error: ValidationError, tree: Any) -> Iterator[tuple[Steps, str]]:
    for detail in error.errors():
        yield _steps(tree, detail["loc"], detail["type"]), detail["type"]


def problem_at(tree: Any, source: str, path: Steps, code: str, message: Text, **fields: Any) -> Problem:
    """A problem at a path of the tree, with its line."""
    return Problem(code=code, source=source, line=line_of(tree, path), key=dotted(path), message=message, **fields)


def _problem(detail: Any, tree: Any, source: str, model: type[BaseModel]) -> Problem:
    kind, raw = detail["type"], detail["loc"]
    path = _steps(tree, raw, kind)
    fields: dict[str, Any] = {}
    if kind == "extra_forbidden":
        fields["found"] = shown(raw[-1])
        if str(raw[-1]) in _known_keys(model):
            message = Text("không có khóa này ở đây", "no such key here")
            return problem_at(tree, source, path, kind, message, **fields)
        fields["nearest"] = nearest(str(raw[-1]), _known_keys(model))
    elif kind != "missing":
        fields["found"] = _brief(detail["input"])
    context = detail.get("ctx") or {}
    if kind == "value_error":
        message = Text("giá trị không dùng được", "cannot be used")
        fields["wanted"] = _said(context["error"])
    else:
        message = _MESSAGES.get(kind, Text("giá trị không hợp lệ", "not a valid value"))
        expected = context.get("expected") or context.get("pattern")
        if expected:
            plain = Text(str(expected).replace(" or ", " hoặc "), str(expected))
            fields["wanted"] = _PATTERNS.get(str(expected), plain)
        if kind == "literal_error":
            fields["nearest"] = nearest(str(detail["input"]), re.findall(r"'([^']*)'", str(expected)))
    return problem_at(tree, source, path, kind, message, **fields)


# What a form is called, by the pattern that documents write it in.
_PATTERNS: Mapping[str, Text] = {
    r"^[0-9]{4}-[0-9]{4}/[a-z0-9-]+$": Text(
        "giai đoạn/tên, như 2021-2025/xa-ntm", "a phase and a name, such as 2021-2025/xa-ntm"
    ),
    r"^[a-z0-9][a-z0-9-]*$": Text(
        "chữ thường, số và dấu -, như sat-muc", "small letters, digits and -, such as near-miss"
    ),
}

_WANTED: Mapping[str, str] = {
    "near: percent, above 0 and below 100": "near: phần trăm, trên 0 và dưới 100",
    "of_one and within_days go with communes, 2 or more": "of_one và within_days đi cùng communes, từ 2 trở lên",
    "a whole number of 1 or more": "số nguyên từ 1 trở lên",
    "communes, of_one and within_days go with events": "communes, of_one và within_days đi cùng events",
    "a year from 2010 to 2100": "năm từ 2010 đến 2100",
    "at least one thing that must hold": "ít nhất một điều phải đúng",
    "error alone, or with thresholds": "chỉ error, hoặc error với thresholds",
    "a number such as 95 or 6.5": "một số, như 95 hoặc 6.5",
    "true or false": "true hoặc false",
    "a date such as 2024-03-01, a month such as 2024-03, or unknown": "ngày viết như 2024-03-01, tháng viết như 2024-03, hoặc unknown",
    "any_share, key_share and key_criteria; or by_ruleset alone": "any_share, key_share và key_criteria; hoặc chỉ by_ruleset",
    "a whole number, or unknown": "số nguyên, hoặc unknown",
    "a requirement, not nothing": "một yêu cầu, không để trống",
    "a province is named exactly when kind is province": "có province khi và chỉ khi kind là province",
    "values are named exactly when kind is category": "có values khi và chỉ khi kind là category",
    "value_labels for each of values, or for none": "value_labels cho từng mức trong values, hoặc không có",
    "a number, count or money has a unit": "số, số đếm và tiền phải có đơn vị (unit)",
    "bounds from low to high": "giới hạn từ thấp đến cao",
}


def _said(error: Exception) -> Text:
    """What one of our own checks of form wants, in both languages."""
    said = str(error)
    opening, _, names = said.partition("exactly one of ")
    if names and not opening:
        return Text(f"đúng một trong {names}", said)
    return Text(_WANTED[said], said) if said in _WANTED else why_refused(error)


def _steps(tree: Any, raw: tuple[int | str, ...], kind: str) -> tuple[int | str, ...]:
    """The steps of a location that are steps of the file; pydantic puts in the alternatives it tried."""
    path: list[int | str] = []
    for place, step in enumerate(raw):
        lacking = kind == "missing" and place == len(raw) - 1
        if isinstance(tree, Mapping) and (step in tree or lacking):
            path.append(step)
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            path.append(step)
            tree = tree[step]
    return tuple(path)


def _brief(value: Any) -> str:
    if isinstance(value, Mapping) and len(value) > 3:
        return shown(", ".join(map(str, value)))
    return type(value).__name__ if isinstance(value, list) and len(value) > 3 else shown(value)


@functools.cache
def _known_keys(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a document and, as one file is easily taken for another, of those of a rulebook."""
    names: set[str] = set()
    for start in (model, *(getattr(documents, name) for name in documents.__all__)):
        pending = [start]
        while pending:
            found = pending.pop()
            names.update(found.model_fields)
            for field in found.model_fields.values():
                pending += [kind for kind in _models_in(field.annotation) if not set(kind.model_fields) <= names]
    return tuple(sorted(names))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
