"""A commune as a file that `ntm-rules evaluate` takes as it is: what a failing check or property leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ntm_rules.model.commune import Commune
from ntm_rules.model.ruleset import Ruleset

__all__ = ["COMMAND", "commune_file"]

COMMAND = "# ntm-rules evaluate"


def commune_file(commune: Commune, ruleset: Ruleset | None = None) -> str:
    """The commune as YAML; with a ruleset its first line is the command that judges it.

    >>> print(commune_file(Commune(region="dbsh", year=2023, facts={"income_per_capita": "52.9"})), end="")
    region: "dbsh"
    year: 2023
    facts:
      income_per_capita: 52.9
    """
    head = [] if ruleset is None else [f"{COMMAND} FILE.yaml {_options(ruleset)}"]
    return "\n".join([*head, *_lines(commune.to_dict())]) + "\n"


def _options(ruleset: Ruleset) -> str:
    options = {"ruleset": ruleset.id, "on": ruleset.on, "known-on": ruleset.known_on, "province": ruleset.province}
    return " ".join(f"--{name} {value}" for name, value in options.items() if value is not None)


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
