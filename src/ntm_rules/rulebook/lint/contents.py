"""What a document in normal form holds: the clauses it brings, the rulesets and the facts it names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ntm_rules.rulebook.clauses import each_clause

__all__ = ["Normal", "as_ruleset", "facts_named", "references_of"]

Normal: TypeAlias = dict[str, Any]


def as_ruleset(document: Normal) -> Normal:
    """A ruleset's document as it is; of a layer's, what it brings, in the shape of a ruleset."""
    if "criteria" in document:
        return document
    brought = [*document["replace_indicators"], *(added["indicator"] for added in document["add_indicators"])]
    return document | {"criteria": [{"no": "", "indicators": brought}, *document["add_criteria"]]}


def references_of(document: Normal) -> Iterator[tuple[str, str | None, str]]:
    """(ruleset, indicator or None, the clause that refers to it) of a ruleset's or layer's document."""
    if "by_ruleset" in (document["withdrawal"] or {}):
        yield document["withdrawal"]["by_ruleset"], None, "withdrawal rule"

    def asked(clause: Normal, owner: str | None) -> Iterator[tuple[str, str | None, str]]:
        # The parts of a condition have no number of their own: the clause it belongs to stands for them.
        name = owner or clause["id"]
        yield from inside(clause["requirement"], name, owner)
        yield from inside(clause["applies_if"], name, name)

    def inside(requirement: Normal | None, name: str, owner: str | None) -> Iterator[tuple[str, str | None, str]]:
        if requirement is None:
            return
        if requirement["kind"] == "ruleset_met":
            yield requirement["ruleset"], None, name
        elif requirement.get("relation"):
            yield requirement["relation"][0], requirement["relation"][1], name
        yield from inside(requirement.get("condition"), name, name)
        branches = (requirement[key] for key in ("then", "otherwise") if key in requirement)
        for part in (*requirement.get("parts", ()), *branches):
            yield from asked(part, owner)

    shaped = as_ruleset(document)
    indicators = [indicator for criterion in shaped["criteria"] for indicator in criterion["indicators"]]
    for clause in (*indicators, *document["conditions"], *document["prerequisites"]):
        yield from asked(clause, None)


def facts_named(document: Normal) -> set[str]:
    """The facts that the clauses of a document, and their conditions, name."""
    found: set[str] = set()
    for clause in each_clause(document):
        for requirement in (clause["requirement"], clause["applies_if"], clause["requirement"].get("condition")):
            found |= {requirement[name] for name in ("fact", "other") if requirement and name in requirement}
            for part in (requirement or {}).get("parts", ()):
                found |= facts_named({"criteria": [], "conditions": [part], "prerequisites": []})
    return found
