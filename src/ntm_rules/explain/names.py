"""What a commune is called where people read of it."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["named"]


class _Named(Protocol):
    """Whatever has a name, a code and an identifier of its host: a commune, or what was found of one."""

    @property
    def code(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def host_id(self) -> Any: ...


def named(commune: _Named) -> str:
    """A commune by name and code, or by whatever is known of it."""
    known = [part for part in (commune.name, commune.code and f"({commune.code})") if part]
    return " ".join(known) or ("?" if commune.host_id is None else str(commune.host_id))
