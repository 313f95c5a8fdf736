"""The conformance battery run against `ntm_rules.evaluate`, as a host runs it against its own implementation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import ntm_rules as ntm

BATTERY = Path(__file__).resolve().parent / "conformance"
FORMAT = "ntm-rules/conformance/1"
FILES = sorted(BATTERY.glob("*.json"))

# What a case may say and expect; docs/conformance.md explains each.
KEYS = {"id", "pins", "ruleset", "on", "province", "strict", "threshold_year", "commune", "expected"}
EXPECTED = {
    "column",
    "verdict",
    "recognition",
    "criteria_met",
    "criteria_total",
    "indicators_met",
    "indicators_total",
    "criteria",
    "statuses",
    "reasons",
    "gaps",
    "gap_counts",
    "parts",
    "conflicts",
    "conditions",
    "prerequisites",
    "at_risk",
    "errors",
}

Case = dict[str, Any]


def _cases(path: Path) -> list[Case]:
    document = json.loads(path.read_text("utf-8"))
    assert document["format"] == FORMAT
    found: list[Case] = document["cases"]
    return found


def _ruleset(case: Case) -> ntm.Ruleset:
    return ntm.load_ruleset(
        case["ruleset"], on=case["on"], province=case["province"], overlays=case.get("overlays", ())
    )


def _judge(case: Case) -> ntm.Assessment:
    commune = ntm.Commune(**case["commune"])
    return ntm.evaluate(_ruleset(case), commune, strict=case["strict"], threshold_year=case["threshold_year"])


def _all_parts(result: ntm.Result) -> Iterator[ntm.Result]:
    for part in result.parts:
        yield part
        yield from _all_parts(part)


def _actual(found: ntm.Assessment, key: str, wanted: Any) -> Any:
    """What the assessment says where the case expects something."""
    if key in ("column", "criteria_met", "criteria_total", "indicators_met", "indicators_total"):
        return getattr(found, key)
    if key in ("verdict", "recognition"):
        return getattr(found, key).value
    if key == "criteria":
        return {number: found.criterion(number).verdict.value for number in wanted}
    if key == "conflicts":
        return [result.id for result in found.conflicts]
    if key in ("conditions", "prerequisites"):
        statuses = {result.id: result.status.value for result in getattr(found, key)}
        return {number: statuses.get(number) for number in wanted}
    if key == "at_risk":
        return {"answer": found.at_risk.answer, "key_missing": list(found.at_risk.key_missing)}
    if key == "statuses":
        # Both ways of asking: the compiled judge's statuses and the results in full.
        asked = {number: found.statuses[number].value for number in wanted}
        assert asked == {number: found.indicator(number).status.value for number in wanted}
        return asked
    return _details(found, key, wanted)


def _details(found: ntm.Assessment, key: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    if key == "parts":
        indicators = {number.rpartition(".")[0] for number in wanted}
        parts = {part.id: part.status.value for name in indicators for part in _all_parts(found.indicator(name))}
        return {number: parts.get(number) for number in wanted}
    results = {number: found.indicator(number) for number in wanted}
    if key == "reasons":
        return {number: result.reason and result.reason.value for number, result in results.items()}
    if key == "gap_counts":
        return {number: result.gap_count for number, result in results.items()}
    assert key == "gaps"
    # Gaps are numbers: 0.5 and 0.50 are one.
    return {
        number: wanted[number] if result.gap is not None and result.gap == Decimal(wanted[number]) else result.gap
        for number, result in results.items()
    }


def _problems(case: Case) -> list[str]:
    expected = case["expected"]
    if "errors" in expected:
        try:
            _judge(case)
        except ntm.NtmRulesError as error:
            codes = sorted(problem.code for problem in error.problems)
            return [] if codes == expected["errors"] else [f"{case['id']}: errors are {codes}"]
        return [f"{case['id']}: no error"]
    found = _judge(case)
    return [
        f"{case['id']}: {key} is {actual}, expected {wanted}"
        for key, wanted in expected.items()
        if (actual := _actual(found, key, wanted)) != wanted
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_battery(path: Path) -> None:
    problems = [problem for case in _cases(path) for problem in _problems(case)]
    assert problems == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_battery_is_well_formed(path: Path) -> None:
    for case in _cases(path):
        assert set(case) - {"overlays"} == KEYS
        assert set(case["expected"]) <= EXPECTED
        assert case["expected"]
        assert case["pins"]
    assert not _floats(json.loads(path.read_text("utf-8"))), "a decimal stands as text, never as a binary float"


def _floats(data: Any) -> list[float]:
    if isinstance(data, dict):
        return [found for value in data.values() for found in _floats(value)]
    if isinstance(data, list):
        return [found for value in data for found in _floats(value)]
    return [data] if isinstance(data, float) else []


def test_ids_are_unique_and_the_battery_is_whole() -> None:
    ids = [case["id"] for path in FILES for case in _cases(path)]
    assert len(ids) == len(set(ids))
    assert len(ids) > 2500


def test_the_battery_notices_a_changed_expectation() -> None:
    cases = {case["id"]: case for path in FILES for case in _cases(path)}
    met = cases["ratio exactly at the threshold"]
    for key, wanted in (("statuses", {"4.2": "missing"}), ("column", "dbsh"), ("gaps", {"4.2": "1"})):
        assert _problems({**met, "expected": {key: wanted}})
    error = cases["error: denominator 0"]
    assert _problems({**error, "expected": {"errors": ["bad_kind"]}})
    assert _problems({**met, "expected": {"errors": ["bad_value"]}})


def test_the_files_are_as_the_tables_give_them() -> None:
    root = BATTERY.parents[1]
    command = [sys.executable, "-m", "tests.conformance.generate", "--check"]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_page_shows_a_case_as_it_stands() -> None:
    page = (BATTERY.parents[1] / "docs" / "conformance.md").read_text("utf-8")
    shown = json.loads(page.partition("```json not-run\n")[2].partition("```")[0])
    cases = {case["id"]: case for case in _cases(BATTERY / "semantics.json")}
    assert cases[shown["id"]] == shown
    for name in (*EXPECTED, *(path.name for path in FILES)):
        assert f"`{name}`" in page
