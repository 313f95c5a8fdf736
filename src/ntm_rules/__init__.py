"""Vietnam's new-rural-commune criteria as rulesets, and the engine that judges communes by them.

The flow, one direction::

    rulesets/*.yaml ── load_ruleset ──▶ Ruleset ──┐
                                                  ├─ evaluate ─▶ Assessment ─▶ explain, report, to_json
    facts: dict, JSON, YAML, CSV ────▶ Commune ───┘

>>> import ntm_rules as ntm
>>> rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
>>> commune = ntm.Commune.from_indicators(rs, {"15.1": {"numerator": 8705, "denominator": 10162}}, region="dbsh", year=2023)
>>> result = ntm.evaluate(rs, commune).indicator("15.1")
>>> result.status.value, result.gap_count
('missing', 441)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ntm_rules.engine.native import evaluate, evaluate_many
from ntm_rules.model.assessment import (
    Assessment,
    AtRisk,
    CriterionResult,
    FactNeeded,
    Ladder,
    Reason,
    Result,
    Status,
    Verdict,
)
from ntm_rules.model.commune import Commune
from ntm_rules.model.errors import (
    CommuneError,
    DateError,
    FactError,
    NtmRulesError,
    Problem,
    RulebookError,
    UnknownNameError,
)
from ntm_rules.model.found import FoundThreshold
from ntm_rules.model.requirement import Clause, Evidence
from ntm_rules.model.ruleset import Criterion, Ruleset
from ntm_rules.model.text import Text
from ntm_rules.model.values import Ratio
from ntm_rules.public import (
    evaluate_tiers,
    list_rulesets,
    load_reactions,
    load_ruleset,
    read_communes,
    rulebook_version,
)

if TYPE_CHECKING:
    from ntm_rules.adapters.tables import JudgedTable, evaluate_table
    from ntm_rules.changes.change import Change, ChangeKind
    from ntm_rules.changes.difference import Difference, compare
    from ntm_rules.changes.impact import Impact, impact
    from ntm_rules.changes.proof import Proof, prove
    from ntm_rules.engine.session.events import Event
    from ntm_rules.engine.session.journal import JournalError
    from ntm_rules.engine.session.judging import EngineError
    from ntm_rules.engine.session.session import Session, SessionEngine
    from ntm_rules.engine.sql import compile_sql
    from ntm_rules.model.reaction import Reaction

__all__ = [
    "Assessment",
    "AtRisk",
    "Change",
    "ChangeKind",
    "Clause",
    "Commune",
    "CommuneError",
    "Criterion",
    "CriterionResult",
    "DateError",
    "Difference",
    "EngineError",
    "Event",
    "Evidence",
    "FactError",
    "FactNeeded",
    "FoundThreshold",
    "Impact",
    "JournalError",
    "JudgedTable",
    "Ladder",
    "NtmRulesError",
    "Problem",
    "Proof",
    "Ratio",
    "Reaction",
    "Reason",
    "Result",
    "RulebookError",
    "Ruleset",
    "Session",
    "SessionEngine",
    "Status",
    "Text",
    "UnknownNameError",
    "Verdict",
    "__version__",
    "compare",
    "compile_sql",
    "evaluate",
    "evaluate_many",
    "evaluate_table",
    "evaluate_tiers",
    "impact",
    "list_rulesets",
    "load_reactions",
    "load_ruleset",
    "prove",
    "read_communes",
    "rulebook_version",
]

__version__ = "0.1.0"


# Fetched when asked for: a host that only judges need not import what compares and proves.
_HOMES = {
    "adapters.tables": ("JudgedTable", "evaluate_table"),
    "changes.change": ("Change", "ChangeKind"),
    "changes.difference": ("Difference", "compare"),
    "changes.impact": ("Impact", "impact"),
    "changes.proof": ("Proof", "prove"),
    "engine.session.events": ("Event",),
    "engine.session.journal": ("JournalError",),
    "engine.session.judging": ("EngineError",),
    "engine.session.session": ("Session", "SessionEngine"),
    "engine.sql": ("compile_sql",),
    "model.reaction": ("Reaction",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
