"""Small rulesets with a defect or without, for the tests of the testing kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ntm_rules as ntm
from ntm_rules.testing.documents import built, ruleset_document

TEXT = {"vi": "chữ", "en": "text"}
DAY = "2023-12-31"
NTM = "2021-2025/xa-ntm"


def shipped(on: str | None = DAY, ruleset: str = NTM) -> ntm.Ruleset:
    """A shipped ruleset."""
    return ntm.load_ruleset(ruleset, on=on)


def overlaid(*changes: dict[str, Any], on: str | None = DAY, ruleset: str = NTM, **more: Any) -> ntm.Ruleset:
    """A shipped ruleset with thresholds changed by a layer."""
    layer: dict[str, Any] = {"layer": "9/QĐ", "of": ruleset, "kind": "amendment", "set_thresholds": list(changes)}
    layer["decision"] = {"number": "9/QĐ", "issued": "2022-09-01", "in_force": "2022-09-01"}
    return ntm.load_ruleset(ruleset, on=on, overlays=[layer | more])


def small(*indicators: dict[str, Any], **more: Any) -> ntm.Ruleset:
    """A ruleset of a few requirements, numbered from 1.1."""
    clauses = [{"no": f"1.{place}", "label": TEXT, "requires": each} for place, each in enumerate(indicators, 1)]
    criteria = [{"no": "1", "title": TEXT, "indicators": clauses}]
    return built([ruleset_document({"met": "yes0"}, criteria=criteria, **more)])


def numbers(ruleset: ntm.Ruleset, commune: ntm.Commune, status: ntm.Status) -> set[str]:
    """The indicators of a status."""
    return set(ntm.evaluate(ruleset, commune).numbers(status))


def written(path: Path, text: str) -> Path:
    """A file with a text."""
    path.write_text(text, "utf-8")
    return path
