"""Attested verdicts whose names say nothing: no such ruleset, no such indicator."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from ntm_rules.model.errors import Problem
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, nearest, shown

__all__ = ["names_no_ruleset", "unknown_names"]

_RULESET_ID = re.compile(r"\d{4}-\d{4}/[a-z]+(-[a-z]+)*")


def unknown_names(ruleset: Ruleset, names: Collection[str]) -> list[Problem]:
    """What is wrong with the names under which verdicts are attested: "7", or "2021-2025/xa-ntm:7"."""
    return _unknown_numbers(ruleset, names) + _unknown_rulesets(ruleset, names)


def _misspelt(name: str, known: Iterable[str]) -> bool:
    """Whether a name is one letter or two from a known ruleset's, nearer than that of another phase."""
    return bool(difflib.get_close_matches(name, list(known), n=1, cutoff=0.9))


def _unknown_rulesets(ruleset: Ruleset, names: Collection[str]) -> list[Problem]:
    """Attested verdicts of no ruleset: misspelt, or of a phase that the rulebook has without such a ruleset.

    Other rulesets are left alone: another rulebook may judge the same commune.
    """
    known = ruleset.catalogue.rulesets
    named = [(key, key.rpartition(":")[0]) for key in names if ":" in key]
    return [
        Problem(
            code="unknown_attested",
            key=f"attested.{key}",
            found=shown(name),
            message=Text("không có bộ tiêu chí này", "no such ruleset"),
            nearest=nearest(name, known),
        )
        for key, name in named
        if names_no_ruleset(name, known)
    ]


def names_no_ruleset(name: str, known: Collection[str]) -> bool:
    """Whether a name is that of no ruleset, rather than that of another rulebook's."""
    phases = {name.partition("/")[0] for name in known}
    return name not in known and (
        name.partition("/")[0] in phases or not _RULESET_ID.fullmatch(name) or _misspelt(name, known)
    )


def _unknown_numbers(ruleset: Ruleset, names: Collection[str]) -> list[Problem]:
    """Attested verdicts on indicators that the ruleset does not have, by the key each was given under."""
    known = {clause.id for clause in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites)}
    prefix = f"{ruleset.id}:"
    named = [(key, key.removeprefix(prefix)) for key in names if ":" not in key or key.startswith(prefix)]
    return [
        Problem(
            code="unknown_attested",
            key=f"attested.{key}",
            found=shown(number),
            message=Text("bộ tiêu chí không có chỉ tiêu này", "the ruleset has no such indicator"),
            nearest=nearest(number, known),
        )
        for key, number in named
        if number not in known
    ]
