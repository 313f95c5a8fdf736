"""Settings of all tests: hypothesis profiles, and the repository's root on the path so that tests share helpers.

Profiles, chosen by HYPOTHESIS_PROFILE: `default` is quick, `ci` looks longer, `fuzz` is for long runs by hand.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # `tests.property.strategies` is imported by its full name
    sys.path.insert(0, str(ROOT))

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

# Without the phase that explains: it costs minutes for rulesets as large as these.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

# The same examples every time: what a machine says of a commit must not hang on luck. The other profiles draw anew.
settings.register_profile(
    "default",
    max_examples=10,
    deadline=None,
    suppress_health_check=_QUIET,
    phases=_PHASES,
    database=None,
    derandomize=True,
)
settings.register_profile("ci", max_examples=200, deadline=None, suppress_health_check=_QUIET, print_blob=True)
settings.register_profile("fuzz", max_examples=5000, deadline=None, suppress_health_check=_QUIET, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Tests that go over a whole space say nothing of coverage that tests of single things do not, and counting their lines doubles their time.
_WIDE = (
    "tests/changes/test_one_change_is_found.py",
    "tests/changes/test_proof",
    "tests/fidelity/",
    "tests/property/",
    "tests/report/test_published_reports.py",
    "tests/rule_tests/",
    "tests/session/test_laws.py",
    "tests/sql/test_engines_agree.py",
    "tests/test_conformance.py",
    "tests/test_docs.py",
    "tests/test_fuzz.py",
    "tests/test_thresholds.py",
    "tests/testing/test_files.py",
    "tests/testing/test_strategies.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count the lines that tests of single things reach."""
    for item in items:
        if item.nodeid.startswith(_WIDE):
            item.add_marker("no_cover")
