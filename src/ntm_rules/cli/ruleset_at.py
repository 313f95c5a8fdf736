"""Rulesets as commands name them: an id, or an id as in force on a day."""

from __future__ import annotations

from collections.abc import Sequence

from ntm_rules.model.ruleset import Ruleset
from ntm_rules.public import load_ruleset

__all__ = ["ruleset_at"]


def ruleset_at(
    text: str, *, province: str | None = None, overlays: Sequence[str] = (), source: str | None = None
) -> Ruleset:
    """The ruleset of ``ID`` or ``ID@DATE``, as `load_ruleset` gives it; raises what it raises.

    >>> ruleset_at("2021-2025/xa-ntm@2024-02-29").on
    datetime.date(2024, 2, 29)
    """
    ruleset_id, dated, day = text.partition("@")
    return load_ruleset(ruleset_id, on=day if dated else None, province=province, overlays=overlays, source=source)
