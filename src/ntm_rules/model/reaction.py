"""What someone wants to be told when the standing of communes changes: declared, not programmed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import attrs

from ntm_rules.model.text import Text

__all__ = ["EVENTS", "Group", "Reaction"]

Group = Literal["district", "province", "region"]

# The names of all events that a reaction may wait for.
EVENTS = (
    *(
        f"{kind}_{status}"
        for kind in ("indicator", "condition", "prerequisite")
        for status in ("met", "not_applicable", "undetermined", "missing")
    ),
    *(f"criterion_{became}" for became in ("gained", "lost", "open")),
    *(f"tier_{became}" for became in ("reached", "lost", "open")),
    *(f"recognition_{became}" for became in ("gained", "lost", "open")),
    *(f"title_{became}" for became in ("at_risk", "safe", "undetermined")),
    "conflict",
    "conflict_settled",
)


@attrs.frozen(slots=True, kw_only=True)
class Reaction:
    """When to tell whom what.

    What it waits for is one of: `events`, the names of events; `near`, an indicator not met that has come within so many percent of its
    threshold; `plan_closes_gap`, planned values with which a ruleset would be met that is not. It may be bound to `rulesets`, to
    `ids` (numbers of indicators or criteria), to `key_criteria` of the withdrawal rule in force, and to communes for which the
    boolean fact `holds` is true. With `communes` it waits for `events` until as many communes of one group (`of_one`) have had the
    same within `within_days`, and not the contrary since. `source` and `line` say where it stands. Load such from YAML with `ntm_rules.load_reactions`.
    """

    name: str
    say: Text
    tell: str | None = None
    events: tuple[str, ...] = ()
    near: Decimal | None = None
    plan_closes_gap: bool = False
    rulesets: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    key_criteria: bool = False
    holds: str | None = None
    communes: int = 1
    of_one: Group | None = None
    within_days: int | None = None
    source: str | None = attrs.field(default=None, eq=False, repr=False)
    line: int | None = attrs.field(default=None, eq=False, repr=False)
