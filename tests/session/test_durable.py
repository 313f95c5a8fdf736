"""The engine on durable-rules says what the native one says; its failures stay with the commune that caused them."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from tests.session.model import Sessions

pytest.importorskip("durable_rules_engine", reason="durable-rules is not installed; see `make sessions-test`")


class DurableSessions(Sessions):
    engine = "durable"


class TestDurable(DurableSessions.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=4, stateful_step_count=20, phases=[Phase.generate])
