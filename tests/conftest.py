"""Settings of all tests: hypothesis profiles, and the repository's root on the path so that tests share helpers.

Profiles, chosen by HYPOTHESIS_PROFILE: `default` is quick, `ci` looks longer, `fuzz` is for long runs by hand.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

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
