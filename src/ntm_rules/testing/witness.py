"""A commune as a file that `ntm-rules evaluate` takes as it is: what a failing check or property leaves behind."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ntm_rules.model.commune import Commune
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.rulebook.rulebook import rulebooks

__all__ = ["COMMAND", "commune_file"]

COMMAND = "# ntm-rules evaluate"


def commune_file(commune: Commune, ruleset: Ruleset | None = None) -> str:
    """The commune as YAML; with a ruleset its first line is the command that judges it, given the same text.

    An overlay that was a document and no file is named in the command all the same, and written out in a comment.

    >>> print(commune_file(Commune(region="dbsh", year=2023, facts={"income_per_capita": "52.9"})), end="")
    region: "dbsh"
    year: 2023
    facts:
      income_per_capita: 52.9
    """
    head = [] if ruleset is None else _head(ruleset)
    return "\n".join([*head, *_lines(commune.to_dict())]) + "\n"


def _head(ruleset: Ruleset) -> list[str]:
    """The command that judges a commune by a ruleset, and the overlays that lie in no file."""
    home = ruleset.loaded_from
    options: list[tuple[str, Any]] = [("ruleset", ruleset.id), ("on", ruleset.on), ("known-on", ruleset.known_on)]
    options.append(("province", ruleset.province if home is None else home.province))
    written: list[str] = []
    for place, overlay in enumerate(home.overlays if home is not None else (), 1):
        options.append(("overlay", overlay if not isinstance(overlay, Mapping) else f"overlay-{place}.yaml"))
        if isinstance(overlay, Mapping):
            content = json.dumps(overlay, ensure_ascii=False, default=str)
            written.append(f"# overlay-{place}.yaml (a document, no file / tài liệu, không phải tệp): {content}")
    if home is not None and _needs_naming(home.directory):
        options.append(("source", home.directory))
    said = " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in options if value is not None)
    return [f"{COMMAND} FILE.yaml {said}", *written]


def _needs_naming(directory: str) -> bool:
    """Whether a rulebook is found by its directory only; one that is gone, as a generated one, by nothing."""
    place = Path(directory)
    return place.is_dir() and not any(place.samefile(book.directory) for book in rulebooks(None))


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        if key in ("facts", "attested"):
            yield f"{key}:" if value else f"{key}: {{}}"
            yield from (f"  {_key(name)}: {_scalar(item)}" for name, item in value.items())
        else:
            yield f"{key}: {json.dumps(value, ensure_ascii=False)}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[a-z][a-z0-9_.]*", name) else json.dumps(name, ensure_ascii=False)


def _scalar(value: Any) -> str:
    """A value on one line; a number bare, as the digits it is made of."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_scalar(item)}" for key, item in value.items()) + "}"
    bare = isinstance(value, str) and value.removeprefix("-").replace(".", "", 1).isdigit() and value.isascii()
    return str(value) if bare else json.dumps(value, ensure_ascii=False)
