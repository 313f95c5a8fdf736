"""The job every engine is given: 57 indicators, a dict of facts in, the failed indicators and the passed criteria out.

The ruleset is 2021-2025/xa-ntm as on 2023-12-31, northern midlands column, facts of 2023. Cells that are not known are filled
by a made-up overlay, so that all 57 indicators decide; the numbers in it are NOT law.
"""

from __future__ import annotations

import itertools
from typing import Any

import ntm_rules as ntm
from ntm_rules.model.requirement import Branch, CellState, Clause, Combination, Comparison, Requirement, leaves
from ntm_rules.model.ruleset import clause_facts

COLUMN, YEAR, DAY = "tdmnpb", 2023, "2023-12-31"

Test = tuple[str, str, Any]  # fact, operator, threshold


def full_ruleset() -> ntm.Ruleset:
    """The ruleset with the cells that are not known filled; the numbers in them are NOT law."""
    plain = ntm.load_ruleset("2021-2025/xa-ntm", on=DAY)
    changes: list[dict[str, Any]] = []
    for indicator in plain.indicators:
        for leaf in leaves(indicator):
            asked = leaf.columns or plain.columns
            cells = {column: plain.cell(leaf, column, YEAR) for column in asked}
            unset = {c: 70 for c, cell in cells.items() if cell is not None and cell.state is not CellState.SET}
            if unset:
                number, _, part = leaf.id.rpartition(".") if leaf is not indicator else (leaf.id, "", "")
                change: dict[str, Any] = {"indicator": number, "by_column": unset, "evidence": "uncertain"}
                changes.append(change | ({"part": part} if part else {}))
    overlay = {
        "layer": "benchmark, not law",
        "of": plain.id,
        "kind": "amendment",
        "decision": {"number": "unknown", "issued": "unknown", "in_force": "unknown"},
        "set_thresholds": changes,
    }
    return ntm.load_ruleset("2021-2025/xa-ntm", on=DAY, overlays=[overlay])


def facts_of(ruleset: ntm.Ruleset, *, failing: int = 3) -> dict[str, Any]:
    """Plain JSON facts of a commune that meets all but the first `failing` numeric indicators."""
    facts: dict[str, Any] = {}
    catalogue = ruleset.catalogue.facts
    for place, key in enumerate(key for indicator in ruleset.indicators for key in clause_facts(indicator)):
        kind = catalogue[key].kind.value
        plain = {"boolean": True, "percent": (100, 99.5)[place % 2], "number": 60.5, "count": 5, "money": 61.25}
        facts[key] = int(catalogue[key].values[-1]) if kind == "category" else plain[kind]
    tests = list(itertools.chain.from_iterable(flat(ruleset).values()))
    facts |= {key: 3.5 for key, operator, _ in tests if operator == "<="}
    facts |= {key: threshold for key, operator, threshold in tests if operator == "=="}
    percentages = [
        key
        for key, operator, _ in tests
        if operator == ">=" and catalogue.get(key) and catalogue[key].kind.value == "percent"
    ]
    facts |= dict.fromkeys(percentages[:failing], 12.5)
    for key, fact in ruleset.catalogue.facts.items():
        if fact.by_sex and key in facts:
            value = facts.pop(key)
            facts |= {f"{key}.male": value, f"{key}.female": value}
    return facts


def flat(ruleset: ntm.Ruleset) -> dict[str, list[Test]]:
    """Per indicator the comparisons that must all hold, as the peers are given them."""
    return {indicator.id: list(_tests(ruleset, indicator)) for indicator in ruleset.indicators}


def _tests(ruleset: ntm.Ruleset, clause: Clause) -> list[Test]:
    if clause.columns is not None and COLUMN not in clause.columns:
        return []
    return _requirement(ruleset, clause.requirement)


def _requirement(ruleset: ntm.Ruleset, requirement: Requirement) -> list[Test]:
    if isinstance(requirement, Combination):
        return list(itertools.chain.from_iterable(_tests(ruleset, part) for part in requirement.parts))
    if isinstance(requirement, Branch):  # five schools: the first branch
        return _tests(ruleset, requirement.then)
    assert isinstance(requirement, Comparison)
    cell = requirement.threshold.cell(COLUMN, YEAR)
    assert cell is not None
    value: Any = cell.value
    if not isinstance(value, bool):
        value = float(value)
        value = int(value) if value == int(value) else value
    operator = {"met": "==", "at_least": ">=", "at_most": "<=", "equal": "=="}[requirement.direction.value]
    names = [f"{requirement.fact}.male", f"{requirement.fact}.female"] if requirement.both_sexes else [requirement.fact]
    return [(name, operator, value) for name in names]


def criteria_of(ruleset: ntm.Ruleset) -> dict[str, list[str]]:
    """The indicator numbers of each criterion."""
    return {criterion.no: [indicator.id for indicator in criterion.indicators] for criterion in ruleset.criteria}
