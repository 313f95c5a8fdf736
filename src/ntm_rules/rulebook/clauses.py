"""The clauses of a document in normal form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["each_clause", "find_clause"]

Normal = dict[str, Any]


def each_clause(document: Normal) -> Iterator[Normal]:
    """Every clause of a normal document, parts included: indicators, conditions, prerequisites."""

    def inside(clause: Normal) -> Iterator[Normal]:
        yield clause
        requirement = clause["requirement"]
        if requirement["kind"] == "combination":
            for part in requirement["parts"]:
                yield from inside(part)
        elif requirement["kind"] == "branch":
            yield from inside(requirement["then"])
            yield from inside(requirement["otherwise"])

    for criterion in document["criteria"]:
        for indicator in criterion["indicators"]:
            yield from inside(indicator)
    for clause in (*document["conditions"], *document["prerequisites"]):
        yield from inside(clause)


def find_clause(document: Normal, indicator: str, part: str | None) -> Normal | None:
    """The clause of an indicator's number, or of a part of it."""
    number = f"{indicator}.{part}" if part else indicator
    return next((clause for clause in each_clause(document) if clause["id"] == number), None)
