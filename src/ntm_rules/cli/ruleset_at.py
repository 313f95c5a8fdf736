"""A ruleset as the command line names it: ID, or ID@DATE for the text in force on a day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ntm_rules.model.ruleset import Ruleset

__all__ = ["ruleset_at"]


def ruleset_at(
    text: str, *, province: str | None = None, overlays: Sequence[str] = (), source: str | Path | None = None
) -> Ruleset:
    """The ruleset of "ID" or "ID@YYYY-MM-DD", for a province and with layer files of the caller.

    Raises what `load_ruleset` raises.

    >>> ruleset_at("2021-2025/xa-ntm@2023-12-31").on
    datetime.date(2023, 12, 31)
    """
    from ntm_rules.public import load_ruleset

    ruleset_id, _, day = text.partition("@")
    return load_ruleset(
        ruleset_id, on=day if "@" in text else None, province=province, overlays=overlays, source=source
    )
