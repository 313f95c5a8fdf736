"""Layers applied: national text, amendments, a province's overlay, each a document in normal form changing the one below."""

from __future__ import annotations

import copy
from typing import Any

from ntm_rules.model.errors import Problem, RulebookError
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.rulebook.clauses import each_clause

__all__ = ["apply_layer", "differing"]

Normal = dict[str, Any]


def apply_layer(document: Normal, layer: Normal, source: str) -> Normal:
    """The ruleset document with a layer applied; the one given stays as it was.

    RulebookError where the layer names an indicator, criterion or condition that is not there, or adds one that is.
    """
    changed = copy.deepcopy(document)
    numbers = _numbers(changed)
    conditions = [clause["id"] for clause in changed["conditions"]]
    wrong: list[tuple[str, list[str]]] = []
    wrong += [(i["id"], numbers) for i in layer["replace_indicators"] if not _replace(changed, i["id"], [i])]
    wrong += [(number, numbers) for number in layer["remove_indicators"] if not _replace(changed, number, [])]
    wrong += [(added["indicator"]["id"], []) for added in layer["add_indicators"] if not _add(changed, added)]
    wrong += [(number, conditions) for number in layer["remove_conditions"] if number not in conditions]
    changed["conditions"] = [
        clause for clause in changed["conditions"] if clause["id"] not in layer["remove_conditions"]
    ]
    for name in ("conditions", "prerequisites"):
        for clause in layer[name]:
            _put(changed[name], clause)
    present = [criterion["no"] for criterion in changed["criteria"]]
    wrong += [(criterion["no"], []) for criterion in layer["add_criteria"] if criterion["no"] in present]
    there = _numbers(changed)
    wrong += [(i["id"], []) for criterion in layer["add_criteria"] for i in criterion["indicators"] if i["id"] in there]
    changed["criteria"] = [c for c in changed["criteria"] if c["indicators"]] + copy.deepcopy(layer["add_criteria"])
    known = [clause["id"] for clause in each_clause(changed)]
    wrong += [(change["id"], known) for change in layer["set_thresholds"] if not _set_threshold(changed, change)]
    for name in ("special_communes", "withdrawal", "totals", "complete"):
        if layer[name] is not None:
            changed[name] = layer[name]
    if wrong:
        raise RulebookError([_not_there(source, number, names) for number, names in wrong])
    return changed


def differing(document: Normal, other: Normal) -> Normal:
    """A ruleset document with only those clauses that another does not have word for word."""
    there = {criterion["no"]: criterion["indicators"] for criterion in other["criteria"]}

    def changed(clauses: list[Normal], others: list[Normal]) -> list[Normal]:
        return [clause for clause in clauses if clause not in others]

    criteria = [c | {"indicators": changed(c["indicators"], there.get(c["no"], []))} for c in document["criteria"]]
    return document | {
        "criteria": [criterion for criterion in criteria if criterion["indicators"]],
        "conditions": changed(document["conditions"], other["conditions"]),
        "prerequisites": changed(document["prerequisites"], other["prerequisites"]),
    }


def _not_there(source: str, number: str, known: list[str]) -> Problem:
    return Problem(
        code="unknown_indicator",
        source=source,
        key=number,
        found=shown(number),
        message=Text(
            "lớp này sửa một mục không có, hoặc thêm một mục đã có trong bộ tiêu chí",
            "the layer changes what the ruleset does not have, or adds what it has",
        ),
        nearest=nearest(number, known),
    )


def _numbers(document: Normal) -> list[str]:
    return [indicator["id"] for criterion in document["criteria"] for indicator in criterion["indicators"]]


def _add(document: Normal, added: Normal) -> bool:
    """Put an indicator at the end of a criterion."""
    criterion = next((c for c in document["criteria"] if c["no"] == added["criterion"]), None)
    if criterion is None or added["indicator"]["id"] in _numbers(document):
        return False
    criterion["indicators"].append(added["indicator"])
    return True


def _replace(document: Normal, number: str, by: list[Normal]) -> bool:
    """Put other indicators (or none) in place of the one of a number."""
    for criterion in document["criteria"]:
        for place, old in enumerate(criterion["indicators"]):
            if old["id"] == number:
                criterion["indicators"][place : place + 1] = by
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
    if requirement["type"] != change["type"]:
        return False  # the text in force compares another kind of value
    rows = {year: dict(cells) for year, cells in requirement["rows"]}
    if requirement.pop("relation", None) is not None or (None in rows) != (None in dict(change["rows"])):
        rows = {}  # from now on absolute, or by year where it was not: nothing of the old row says the same
    for year, cells in change["rows"]:
        rows[year] = rows.get(year, {}) | cells
    requirement["rows"] = [[year, cells] for year, cells in rows.items()]
    if change["citation"]:
        clause["citation"] = change["citation"]
    clause["note"] = change["note"]  # a doubt about the old threshold says nothing of the new one
    return True
