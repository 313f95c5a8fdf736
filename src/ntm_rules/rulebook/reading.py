"""Documents read and checked: YAML or data → document model → problems with file, line and key, or the document."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook import documents
from ntm_rules.rulebook.yaml_text import line_of, read_yaml

__all__ = ["problem_at", "read_document"]

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


def read_document(data: bytes | str | Mapping[str, Any], source: str, model: type[Model]) -> tuple[Model, Any]:
    """The document and the tree it was read from. RulebookError with every problem of the file, each with its line."""
    tree = data if isinstance(data, Mapping) else read_yaml(data, source)
    try:
        return model.model_validate(tree), tree
    except ValidationError as error:
        raise RulebookError([_problem(detail, tree, source, model) for detail in error.errors()]) from None


def problem_at(tree: Any, source: str, path: tuple[int | str, ...], code: str, message: Text, **fields: Any) -> Problem:
    """A problem at a path of the tree, with its line."""
    return Problem(code=code, source=source, line=line_of(tree, path), key=_dotted(path), message=message, **fields)


def _dotted(path: tuple[int | str, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".")


def _problem(detail: Any, tree: Any, source: str, model: type[BaseModel]) -> Problem:
    kind, raw = detail["type"], detail["loc"]
    path = _steps(tree, raw, kind)
    fields: dict[str, Any] = {}
    if kind == "extra_forbidden":
        fields["nearest"] = nearest(str(raw[-1]), _known_keys(model))
        fields["found"] = shown(raw[-1])
    elif kind != "missing":
        fields["found"] = _brief(detail["input"])
    context = detail.get("ctx") or {}
    if kind == "value_error":
        wanted = str(context["error"])
        message = Text("giá trị không dùng được", "cannot be used")
        fields["wanted"] = Text(wanted, wanted)
    else:
        message = _MESSAGES.get(kind, Text("giá trị không hợp lệ", "not a valid value"))
        expected = context.get("expected") or context.get("pattern")
        if expected:
            fields["wanted"] = Text(str(expected), str(expected))
    return problem_at(tree, source, path, kind, message, **fields)


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
    return type(value).__name__ if isinstance(value, (Mapping, list)) and len(value) > 3 else shown(value)


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
