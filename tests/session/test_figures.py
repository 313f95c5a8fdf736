"""The figures of docs/sessions.md are those of benchmarks/sessions.json, and say what the page promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "benchmarks/sessions.json").read_text("utf-8"))
    return found


def figures(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(figures(item) | {str(key)} for key, item in value.items()))
    return {str(value)}


def test_every_figure_of_the_page_was_measured(measured: dict[str, Any]) -> None:
    page = (ROOT / "docs/sessions.md").read_text("utf-8")
    shown = page.partition("<!-- figures -->")[2].partition("<!-- end of figures -->")[0]
    cells = [cell.strip() for line in shown.splitlines() if line.startswith("|") for cell in line.split("|")]
    numbers = {cell for cell in cells if re.fullmatch(r"[\d.]+", cell)}
    assert len(numbers) > 20
    assert numbers <= figures(measured)


def test_ten_thousand_communes_stay_under_500_mb(measured: dict[str, Any]) -> None:
    """In every region and several years, and with a ruleset that rests on another."""
    assert measured["growth_over"]["regions"] == 7
    assert measured["growth_over"]["years"] >= 5
    for engine in ("native", "durable"):
        row = measured["growth"][f"{engine}, 10000"]
        assert row["facts"] >= 570_000
        assert measured["growth"][f"{engine}, 1000, the advanced tier too"]["rulesets"] == 2
    assert max(row["memory_mb"] for row in measured["growth"].values()) < 500
