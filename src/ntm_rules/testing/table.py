"""A row of a ruleset's table as test files enter it a second time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

from ntm_rules.model.errors import UnknownNameError
from ntm_rules.model.requirement import (
    Branch,
    Cell,
    CellState,
    Combination,
    Comparison,
    FactComparison,
    OneOf,
    Requirement,
    RulesetMet,
    Threshold,
    Unstated,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.values import PLAIN_NUMBER, trimmed

__all__ = ["HEAD", "reads_alike", "row_of"]

Row: TypeAlias = dict[str, str | list[str]]


def row_of(ruleset: Ruleset, number: str) -> Row | None:
    """The row of a clause: what it asks (`HEAD`), and each cell by column, or by year and column. None where it has none.

    Of parts it is said how many must pass ("2/2"), of a branch its condition, of a choice the categories, of a multiple of another
    fact that fact; and of each the condition under which it is asked, and the columns where it is not asked in all.

    >>> from ntm_rules import load_ruleset
    >>> row_of(load_ruleset("2021-2025/xa-ntm"), "6.3")["dbsh"]
    '100'
    """
    try:
        clause = ruleset.clause(number)
    except UnknownNameError:
        return None
    requirement = clause.requirement
    if isinstance(requirement, Unstated):
        return None
    table = _table(requirement)
    cells = table.cells() if table is not None else ()
    asked: Row = {} if clause.applies_if is None else {"applies_if": _in_words(clause.applies_if)}
    asked |= {} if clause.columns is None else {"columns": list(clause.columns)}
    return (
        _head(requirement)
        | asked
        | {" ".join(str(part) for part in (year, column) if part): cell_text(cell) for year, column, cell in cells}
    )


def _table(requirement: Requirement) -> Threshold | None:
    if isinstance(requirement, FactComparison):
        return requirement.factor
    return requirement.threshold if isinstance(requirement, (Comparison, OneOf, RulesetMet)) else None


# What a row says besides its cells.
HEAD = ("fact", "direction", "both_sexes", "values", "times_fact", "condition", "applies_if", "columns")


def reads_alike(one: Any, other: Any) -> bool:
    """Whether two entries of a row say the same: numbers by their value, columns in any order.

    >>> reads_alike("100.0", "100"), reads_alike(["tn", "dnb"], ["dnb", "tn"]), reads_alike("100", None)
    (True, True, False)
    """
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return bool(one == other) or (_is_number(one) and _is_number(other) and Decimal(one) == Decimal(other))


def _is_number(entry: Any) -> bool:
    return isinstance(entry, str) and PLAIN_NUMBER.fullmatch(entry) is not None


def _head(requirement: Requirement) -> dict[str, str]:
    if isinstance(requirement, Combination):
        return {"direction": f"{requirement.needed}/{len(requirement.parts)}"}
    if isinstance(requirement, Branch):
        return {"direction": "when", "condition": _in_words(requirement.condition)}
    if isinstance(requirement, OneOf):
        return {"fact": requirement.fact, "direction": "one_of", "values": " | ".join(requirement.values)}
    if isinstance(requirement, FactComparison):
        head = {"fact": requirement.fact, "direction": requirement.direction.value}
        return head | {"times_fact": requirement.other}
    if isinstance(requirement, Comparison):
        head = {"fact": requirement.fact, "direction": requirement.direction.value}
        return head | ({"both_sexes": "true"} if requirement.both_sexes else {})
    return {"fact": requirement.ruleset.id if isinstance(requirement, RulesetMet) else "", "direction": "met"}


def _in_words(condition: Requirement) -> str:
    """A condition on one line: "schools_total at_least 4", the fact alone where it has to be met."""
    if isinstance(condition, Combination):
        parts = "; ".join(_in_words(part.requirement) for part in condition.parts)
        return f"{condition.needed}/{len(condition.parts)} ({parts})"
    head, table = _head(condition), _table(condition)
    if head["direction"] == "met":
        return head["fact"]
    cells = [cell for *_, cell in table.cells()] if table is not None else []
    numbers = dict.fromkeys(map(cell_text, cells)) if not isinstance(condition, OneOf) else ()
    return " ".join([*head.values(), " / ".join(numbers)]).strip()


def cell_text(cell: Cell) -> str:
    """A cell as files write it: a number, a category, Đạt, UBND or unset."""
    if cell.state is not CellState.SET:
        return "UBND" if cell.state is CellState.DELEGATED else "unset"
    if isinstance(cell.value, bool):
        return "Đạt"
    return (
        cell.value if isinstance(cell.value, str) else f"{trimmed(cell.value):f}" if cell.value is not None else "unset"
    )
