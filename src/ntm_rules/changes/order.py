"""That things which stayed stand in another order."""

from __future__ import annotations

from collections.abc import Iterator

from ntm_rules.changes.change import Change, ChangeKind
from ntm_rules.changes.scope import Pair
from ntm_rules.changes.shown import listed

__all__ = ["order_change"]


def order_change(pairs: list[tuple[str, str]], old_order: list[str], pair: Pair | None) -> Iterator[Change]:
    """That items which stayed stand in another order; `pair` is the clause whose parts they are, None for the ruleset itself."""
    now = [old for old, _ in pairs]
    before = sorted(now, key=old_order.index)
    if before == now:
        return
    to_new = dict(pairs)
    old = listed(tuple(one for one, other in zip(before, now, strict=True) if one != other))
    new = listed(tuple(to_new[one] for one, other in zip(now, before, strict=True) if one != other))
    if pair is not None:
        yield pair.change(ChangeKind.TEXT, "order", old=old, new=new)
    else:
        yield Change(kind=ChangeKind.TEXT, subject="ruleset", aspect="order", old=old, new=new)
