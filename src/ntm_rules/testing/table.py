"""A row of a ruleset's table as test files enter it a second time."""

from __future__ import annotations

from ntm_rules.model.errors import UnknownNameError
from ntm_rules.model.requirement import (
    Cell,
    CellState,
    Clause,
    Combination,
    Comparison,
    FactComparison,
    OneOf,
    RulesetMet,
)
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.values import trimmed

__all__ = ["row_of"]


def row_of(ruleset: Ruleset, number: str) -> dict[str, str] | None:
    """Fact, direction (and both sexes) and cells of a clause, each cell by column, or by year and column; of parts how many must pass
    ("2/2"). None where it has no row.

    >>> from ntm_rules import load_ruleset
    >>> row_of(load_ruleset("2021-2025/xa-ntm"), "6.3")["dbsh"]
    '100'
    """
    try:
        clause = ruleset.clause(number)
    except UnknownNameError:
        return None
    requirement = clause.requirement
    if isinstance(requirement, FactComparison):
        table = requirement.factor
    elif isinstance(requirement, (Comparison, OneOf, RulesetMet)):
        table = requirement.threshold
    elif isinstance(requirement, Combination):
        return {"direction": f"{requirement.needed}/{len(requirement.parts)}"}
    else:
        return None
    cells = {
        " ".join(str(part) for part in (year, column) if part): cell_text(cell) for year, column, cell in table.cells()
    }
    return _head(clause) | cells


def _head(clause: Clause) -> dict[str, str]:
    requirement = clause.requirement
    if isinstance(requirement, (Comparison, FactComparison)):
        head = {"fact": requirement.fact, "direction": requirement.direction.value}
        sexes = isinstance(requirement, Comparison) and requirement.both_sexes
        return head | ({"both_sexes": "true"} if sexes else {})
    if isinstance(requirement, OneOf):
        return {"fact": requirement.fact, "direction": "one_of"}
    return {"fact": requirement.ruleset.id if isinstance(requirement, RulesetMet) else "", "direction": "met"}


def cell_text(cell: Cell) -> str:
    """A cell as files write it: a number, a category, Đạt, UBND or unset."""
    if cell.state is not CellState.SET:
        return "UBND" if cell.state is CellState.DELEGATED else "unset"
    if isinstance(cell.value, bool):
        return "Đạt"
    return (
        cell.value if isinstance(cell.value, str) else f"{trimmed(cell.value):f}" if cell.value is not None else "unset"
    )
