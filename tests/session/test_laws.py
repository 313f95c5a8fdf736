"""Any sequence of steps ends in what `evaluate` gives, and events are exactly the differences on the way."""

from __future__ import annotations

from hypothesis import settings
from tests.session.model import Sessions


class TestNative(Sessions.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(stateful_step_count=25)
