"""On the threshold of the published table an indicator is met, one smallest step on the wrong side it is missing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.property.strategies import forms_of, ratios_of, step_beside
from tests.property.tables import TABLES, Row, number, rows

import ntm_rules as ntm
from ntm_rules.model.assessment import Result, Status

BEFORE_AMENDMENT, AFTER_AMENDMENT = "2023-12-31", "2024-03-01"


def loaded_for(row: Row) -> ntm.Ruleset:
    if row.ruleset.startswith("2016"):
        return ntm.load_ruleset(row.ruleset)
    return ntm.load_ruleset(row.ruleset, on=AFTER_AMENDMENT if row.version == "amended-211" else BEFORE_AMENDMENT)


def found_of(result: Result, number: str) -> Result | None:
    """The result of a clause, or of a part of it, by number."""
    if result.id == number:
        return result
    return next((found for part in result.parts if (found := found_of(part, number)) is not None), None)


def judged(ruleset: ntm.Ruleset, row: Row, value: object) -> Result:
    # What makes the question be asked at all, and the count of schools that chooses between 5.b and 5.c.
    facts: dict[str, object] = {key: True for key in ruleset.catalogue.facts if key.startswith("has_")}
    if row.indicator == "5" and row.part in ("b", "c"):
        facts["schools_total"] = 4 if row.part == "b" else 3
    by_sex = ruleset.catalogue.facts[row.fact].by_sex
    facts[row.fact] = {"male": value, "female": value, "total": value} if by_sex else value
    region = row.column if row.column != "common" else "dbsh"
    year = row.year or 2023
    result = ntm.evaluate(ruleset, ntm.Commune(region=region, year=year, facts=facts)).indicator(row.indicator)
    part = found_of(result, row.clause)
    assert part is not None, (row.clause, result)
    return part


def numeric(table: str) -> list[tuple[Row, Decimal]]:
    found = []
    for row in rows(table):
        threshold = number(row.value)
        if threshold is not None and row.kind != "category" and row.direction in (">=", "<=", "="):
            found.append((row, threshold))
    return found


def is_times_another_fact(row: Row) -> bool:
    return (row.ruleset, row.indicator) == ("2016-2020/xa-ntm-kieu-mau", "1.2")


@pytest.mark.parametrize("table", TABLES)
def test_exactly_at_the_threshold_and_one_step_beside_it(table: str) -> None:
    wrong, asked = [], 0
    for row, threshold in numeric(table):
        if is_times_another_fact(row):
            continue
        ruleset = loaded_for(row)
        if row.ruleset.startswith("2021") and row.column not in _columns_asked(ruleset, row):
            continue
        step = Decimal(1) if row.kind == "count" else step_beside(threshold)
        worse = threshold + step if row.direction == "<=" or threshold == 0 else threshold - step
        values: list[object] = [*forms_of(threshold)]
        if row.kind == "percent":
            values.append(ratios_of(threshold))
        for value in values:
            asked += 1
            if judged(ruleset, row, value).status is not Status.MET:
                wrong.append((row, value, "not met at the threshold"))
        for value in forms_of(worse):
            if judged(ruleset, row, value).status is not Status.MISSING:
                wrong.append((row, value, "not missing one step beside"))
    assert not wrong
    assert asked > 50


def _columns_asked(ruleset: ntm.Ruleset, row: Row) -> tuple[str, ...]:
    """A row for every region but two stands in the table with empty cells there."""
    columns = ruleset.clause(row.clause).columns
    return columns if columns is not None else ruleset.columns


@pytest.mark.parametrize("table", TABLES)
def test_a_cell_the_table_leaves_empty_decides_nothing(table: str) -> None:
    """An unset or delegated cell never makes an indicator met or missing, whatever the fact."""
    wrong = []
    for row in rows(table):
        if row.value not in ("", "UBND") or row.column == "common" or row.kind == "category":
            continue
        ruleset = loaded_for(row)
        if row.column not in _columns_asked(ruleset, row):
            continue
        for value in (True, False) if row.kind == "boolean" else (0, 100):
            if row.indicator == "14.?":
                continue
            status = judged(ruleset, row, value).status
            if status is not Status.UNDETERMINED:
                wrong.append((row, value, status))
    assert not wrong


@pytest.mark.parametrize("table", TABLES)
def test_dat_is_met_by_true_and_missing_by_false(table: str) -> None:
    wrong = []
    for row in rows(table):
        if row.value != "Đạt" or row.kind != "boolean" or row.indicator == "14.?":
            continue
        ruleset = loaded_for(row)
        for value, wanted in ((True, Status.MET), (False, Status.MISSING)):
            if judged(ruleset, row, value).status is not wanted:
                wrong.append((row, value))
    assert not wrong
