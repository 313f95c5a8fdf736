"""Values reported by indicator number, as offices report them, turned into facts and attested verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.requirement import (
    Branch,
    CellState,
    Clause,
    Combination,
    Comparison,
    Direction,
    FactComparison,
    OneOf,
    RulesetMet,
    Unstated,
    never,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, shown

__all__ = ["Reported", "by_number"]


@attrs.frozen
class Reported:
    """The facts and attested verdicts that values by number stand for."""

    facts: dict[str, Any] = attrs.field(factory=dict)
    attested: dict[str, bool] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)


def by_number(ruleset: Ruleset, values: Mapping[str, Any], column: str | None) -> Reported:
    """The facts and attested verdicts of values by indicator number.

    A figure is the indicator's fact. True or False is the fact where the indicator is a plain "Đạt" set for `column`, else a
    verdict attested for the indicator. An indicator of parts takes a mapping of part letter to value. What is reported names as
    problems every number that does not exist or takes no such value.
    """
    reported = Reported()
    for number, value in values.items():
        try:
            clause = ruleset.clause(number)
        except NtmRulesError as error:
            reported.problems.extend(error.problems)
            continue
        if value is not None:
            _report(reported, ruleset, clause, value, column)
    return reported


def _report(reported: Reported, ruleset: Ruleset, clause: Clause, value: Any, column: str | None) -> None:
    requirement = clause.requirement
    if isinstance(requirement, Comparison) and requirement.direction is Direction.MET:
        cell = requirement.threshold.cell(column or "", None)
        if cell is None or cell.state is CellState.SET or not isinstance(value, bool):
            _fact(reported, clause, requirement.fact, value)
        else:
            reported.attested[f"{ruleset.id}:{clause.id}"] = value
    elif isinstance(value, bool):
        reported.attested[f"{ruleset.id}:{clause.id}"] = value
    elif isinstance(requirement, (Comparison, FactComparison, OneOf)):
        _fact(reported, clause, requirement.fact, value)
    elif isinstance(requirement, (Combination, Branch)):
        _parts(reported, ruleset, clause, value, column)
    elif isinstance(requirement, (RulesetMet, Unstated)):
        _refuse(reported, clause, value, Text("true hoặc false", "true or false"))
    else:
        never(requirement)


def _fact(reported: Reported, clause: Clause, key: str, value: Any) -> None:
    if key in reported.facts and reported.facts[key] != value:
        _refuse(
            reported,
            clause,
            value,
            Text(f"như đã ghi cho cùng số liệu {key}", f"the value already given for the fact {key}"),
        )
    reported.facts[key] = value


def _parts(reported: Reported, ruleset: Ruleset, clause: Clause, value: Any, column: str | None) -> None:
    parts = {part.id.removeprefix(f"{clause.id}."): part for part in _parts_of(clause)}
    if not isinstance(value, Mapping) or not set(value) <= set(parts):
        letters = ", ".join(parts)
        _refuse(
            reported,
            clause,
            value,
            Text(f"true/false, hoặc giá trị từng phần: {letters}", f"true/false, or values by part: {letters}"),
        )
        return
    for letter, item in value.items():
        if item is not None:
            _report(reported, ruleset, parts[letter], item, column)


def _parts_of(clause: Clause) -> list[Clause]:
    """The parts one may name: those of a branch stand beside their siblings, as the table letters them."""
    requirement = clause.requirement
    parts = requirement.parts if isinstance(requirement, Combination) else ()
    if isinstance(requirement, Branch):
        parts = (requirement.then, requirement.otherwise)
    found: list[Clause] = []
    for part in parts:
        found += _parts_of(part) if isinstance(part.requirement, (Combination, Branch)) else [part]
    return found


def _refuse(reported: Reported, clause: Clause, value: Any, wanted: Text) -> None:
    reported.problems.append(
        Problem(
            code="wrong_kind",
            key=clause.id,
            found=shown(value),
            message=Text("chỉ tiêu này không nhận giá trị như vậy", "this indicator takes no such value"),
            wanted=wanted,
        )
    )
