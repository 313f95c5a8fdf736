"""The order of facts does not matter, and a fact moves only the indicators that name it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, loaded, pools

import ntm_rules as ntm
from ntm_rules.model.requirement import Clause, RulesetMet, leaves
from ntm_rules.model.ruleset import clause_facts


def named_facts(clause: Clause) -> set[str] | None:
    """The facts a clause may depend on; None where it stands for a whole other ruleset."""
    if any(isinstance(leaf.requirement, RulesetMet) for leaf in leaves(clause)):
        return None
    return set(clause_facts(clause))


@pytest.mark.parametrize("which", SHIPPED[::3], ids=str)
@given(data=st.data())
def test_any_order_of_facts_gives_the_same_answers(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    commune = data.draw(communes(ruleset, attested=True))
    shuffled = dict(data.draw(st.permutations(sorted(commune.given.items(), key=lambda item: item[0]))))
    other = commune.replace(facts=shuffled, attested=dict(reversed(list(commune.attested.items()))))
    assert other == commune
    assert hash(other) == hash(commune)
    assert ntm.evaluate(ruleset, other).to_dict() == ntm.evaluate(ruleset, commune).to_dict()


@given(documents=generated_rulesets(), data=st.data())
def test_a_fact_changes_only_the_indicators_that_name_it(documents: Documents, data: st.DataObject) -> None:
    assert_local(built(documents), data)


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_a_fact_of_a_shipped_ruleset_stands_alone(which: Loaded, data: st.DataObject) -> None:
    assert_local(loaded(which), data)


def assert_local(ruleset: ntm.Ruleset, data: st.DataObject) -> None:
    values = pools(ruleset)
    if not values:
        return
    commune = data.draw(communes(ruleset))
    key = data.draw(st.sampled_from(sorted(values)))
    own = key.partition(".")[0]
    rest = {name: value for name, value in commune.facts.items() if name.partition(".")[0] != own}
    before = ntm.evaluate(ruleset, commune.replace(facts=rest)).statuses
    after = ntm.evaluate(
        ruleset, commune.replace(facts={**rest, key: data.draw(st.sampled_from(values[key]))})
    ).statuses
    for indicator in ruleset.indicators:
        named = named_facts(indicator)
        if named is not None and own not in named:
            assert after[indicator.id] is before[indicator.id], (indicator.id, key)


def test_one_fact_given_twice_is_refused_in_either_order() -> None:
    """By sex and by its own key: which of two values would count must not depend on their order."""
    key = "health_insurance_pct"
    one = {f"{key}.male": 80, key: {"male": 95, "female": 95}}
    for facts in (one, dict(reversed(one.items()))):
        with pytest.raises(ntm.FactError):
            ntm.Commune(facts=facts)
