"""A ruleset, a clock, and a session with one commune."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.session.helpers import NTM, Clock, commune

import ntm_rules as ntm


@pytest.fixture(scope="module")
def ruleset() -> ntm.Ruleset:
    return ntm.load_ruleset(NTM, on="2023-12-31")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(ruleset: ntm.Ruleset, clock: Clock) -> Iterator[ntm.Session]:
    with ntm.Session(ruleset, clock=clock) as found:
        found.load(commune("13570", income_per_capita=60))
        yield found
