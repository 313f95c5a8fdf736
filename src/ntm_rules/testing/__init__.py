"""The testing kit: properties, checks and examples for rulesets and for the engines and tools that use them.

Strategies for hypothesis (extra ``testing``)::

    @given(commune=communes(ruleset))                        # near the thresholds; missing facts; special zones
    @given(commune=passing_communes(ruleset))
    @given(commune=communes_missing(ruleset, "17.1"))        # exactly these
    @given(documents=rulesets())                             # built(documents) makes a ruleset of them
    @given(layer=overlays(of=ruleset))

Checks that any ruleset must pass: `check_ruleset`, and `ntm-rules check`. Examples beside a ruleset, in ``*.test.yaml``: `run_tests`,
`ntm-rules test`, and collected by pytest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ntm_rules.testing.checks import CHECKS, Finding, check_ruleset
    from ntm_rules.testing.documents import built, overlays, rulesets, written
    from ntm_rules.testing.files import CaseResult, run_tests
    from ntm_rules.testing.strategies import CannotBeError, communes, communes_missing, passing_communes, show
    from ntm_rules.testing.witness import commune_file

__all__ = [
    "CHECKS",
    "CannotBeError",
    "CaseResult",
    "Finding",
    "built",
    "check_ruleset",
    "commune_file",
    "communes",
    "communes_missing",
    "overlays",
    "passing_communes",
    "rulesets",
    "run_tests",
    "show",
    "written",
]

# Names are fetched when asked for: running `*.test.yaml` needs no hypothesis, which takes longer to import than they do to run.
_HOMES = {
    "checks": ("CHECKS", "Finding", "check_ruleset"),
    "documents": ("built", "overlays", "rulesets", "written"),
    "files": ("CaseResult", "run_tests"),
    "strategies": ("CannotBeError", "communes", "communes_missing", "passing_communes", "show"),
    "witness": ("commune_file",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
