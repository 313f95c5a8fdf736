"""Improving a fact never makes an indicator, a criterion or the verdict worse.

Which way is better stands in the published tables, not in the rulesets under test.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.strategies import communes, pools
from tests.property.tables import TABLES, better

import ntm_rules as ntm
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.facts import FactKind
from ntm_rules.model.values import Ratio, exact

RANK: dict[Status | Verdict, int] = {
    Status.MISSING: 0,
    Status.UNDETERMINED: 1,
    Status.MET: 2,
    Status.NOT_APPLICABLE: 2,
    Verdict.MISSING: 0,
    Verdict.UNDETERMINED: 1,
    Verdict.MET: 2,
}
DAYS = {"2016-2020": (None,), "2021-2025": ("2023-12-31", "2024-03-01")}


def number(value: Any) -> Any:
    found = ntm.Commune(facts={"x": value}).facts["x"]
    return exact(found) if isinstance(found, (Decimal, Ratio)) else found


def ordered(ruleset: ntm.Ruleset, key: str, one: Any, other: Any, direction: str) -> tuple[Any, Any] | None:
    """The two values, the worse first; None where they do not differ."""
    fact = ruleset.catalogue.facts[key.partition(".")[0]]
    if fact.kind is FactKind.CATEGORY:
        left, right = fact.values.index(one), fact.values.index(other)
    else:
        left, right = number(one), number(other)
    if left == right:
        return None
    return (one, other) if (left < right) is (direction != "<=") else (other, one)


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
def test_an_improved_fact_makes_nothing_worse(table: str, data: st.DataObject) -> None:
    ruleset = ntm.load_ruleset(table, on=data.draw(st.sampled_from(DAYS[table[:9]])))
    directions, values = better(table), pools(ruleset)
    commune = data.draw(communes(ruleset))
    usable = sorted(key for key in values if key.partition(".")[0] in directions)
    key = data.draw(st.sampled_from(usable))
    pair = ordered(
        ruleset,
        key,
        data.draw(st.sampled_from(values[key])),
        data.draw(st.sampled_from(values[key])),
        directions[key.partition(".")[0]],
    )
    assume(pair is not None)
    assert pair is not None
    facts = {name: value for name, value in commune.facts.items() if name != key}
    if "." in key:  # the total would have to move with it
        facts.pop(key.partition(".")[0], None)
    elif ruleset.catalogue.facts[key].by_sex:
        facts = {name: value for name, value in facts.items() if not name.startswith(f"{key}.")}
    before, after = (ntm.evaluate(ruleset, commune.replace(facts={**facts, key: value})) for value in pair)
    for no, status in before.statuses.items():
        assert RANK[after.statuses[no]] >= RANK[status], (no, key, pair)
    assert all(RANK[a.verdict] >= RANK[b.verdict] for a, b in zip(after.criteria, before.criteria, strict=True))
    assert RANK[after.verdict] >= RANK[before.verdict]
    assert RANK[after.recognition] >= RANK[before.recognition]
    assert after.criteria_met >= before.criteria_met
    assert after.indicators_met >= before.indicators_met
