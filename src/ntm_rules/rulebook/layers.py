"""Layers applied: national text, amendments, a province's overlay, each a document in normal form changing the one below."""

from __future__ import annotations

import copy
from typing import Any

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.normal import each_clause

__all__ = ["apply_layer"]

Normal = dict[str, Any]


def apply_layer(document: Normal, layer: Normal, source: str) -> Normal:
    """The ruleset document with a layer applied; the one given stays as it was.

    RulebookError where the layer names an indicator, criterion or condition that is not there, or adds one that is.
    """
    changed = copy.deepcopy(document)
    problems: list[Problem] = []

    def unknown(number: str, known: list[str]) -> None:
        problems.append(
            Problem(
                code="unknown_indicator",
                source=source,
                key=number,
                found=shown(number),
                nearest=nearest(number, known),
                message=Text(
                    "lớp này sửa một mục không có trong bộ tiêu chí", "the layer changes what the ruleset does not have"
                ),
            )
        )

    numbers = [indicator["id"] for criterion in changed["criteria"] for indicator in criterion["indicators"]]
    for indicator in layer["replace_indicators"]:
        if not _replace(changed, indicator):
            unknown(indicator["id"], numbers)
    for number in layer["remove_indicators"]:
        if not _replace(changed, None, number):
            unknown(number, numbers)
    for added in layer["add_indicators"]:
        criterion = next((c for c in changed["criteria"] if c["no"] == added["criterion"]), None)
        if criterion is None or added["indicator"]["id"] in numbers:
            unknown(added["criterion"] if criterion is None else added["indicator"]["id"], numbers)
        else:
            criterion["indicators"].append(added["indicator"])
    for criterion in layer["add_criteria"]:
        if any(criterion["no"] == c["no"] for c in changed["criteria"]):
            unknown(criterion["no"], [])
        changed["criteria"].append(criterion)
    for name in ("conditions", "prerequisites"):
        for clause in layer[name]:
            _put(changed[name], clause)
    for number in layer["remove_conditions"]:
        if all(number != clause["id"] for clause in changed["conditions"]):
            unknown(number, [clause["id"] for clause in changed["conditions"]])
        changed["conditions"] = [clause for clause in changed["conditions"] if clause["id"] != number]
    for change in layer["set_thresholds"]:
        if not _set_threshold(changed, change):
            unknown(change["id"], [clause["id"] for clause in each_clause(changed)])
    for name in ("special_communes", "withdrawal", "totals", "complete"):
        if layer[name] is not None:
            changed[name] = layer[name]
    changed["criteria"] = [criterion for criterion in changed["criteria"] if criterion["indicators"]]
    if problems:
        raise RulebookError(problems)
    return changed


def _replace(document: Normal, indicator: Normal | None, number: str = "") -> bool:
    """Put an indicator in place of the one of its number, or (None) take that one out."""
    number = indicator["id"] if indicator else number
    for criterion in document["criteria"]:
        for place, old in enumerate(criterion["indicators"]):
            if old["id"] == number:
                criterion["indicators"][place : place + 1] = [indicator] if indicator else []
                return True
    return False


def _put(clauses: list[Normal], clause: Normal) -> None:
    for place, old in enumerate(clauses):
        if old["id"] == clause["id"]:
            clauses[place] = clause
            return
    clauses.append(clause)


def _set_threshold(document: Normal, change: Normal) -> bool:
    clause = next((clause for clause in each_clause(document) if clause["id"] == change["id"]), None)
    if clause is None or clause["requirement"]["kind"] != "comparison":
        return False
    requirement = clause["requirement"]
    rows = {year: dict(cells) for year, cells in requirement["rows"]}
    if requirement.pop("relation", None) is not None or (None in rows) != (None in dict(change["rows"])):
        rows = {}  # from now on absolute, or by year where it was not: nothing of the old row says the same
    for year, cells in change["rows"]:
        rows[year] = rows.get(year, {}) | cells
    requirement["rows"] = [[year, cells] for year, cells in rows.items()]
    if change["citation"]:
        clause["citation"] = change["citation"]
    return True
