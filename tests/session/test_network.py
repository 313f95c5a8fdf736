"""The network of a ruleset, worked out node by node without durable-rules, says what `evaluate` says."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, loaded, pools
from tests.session.fake_worker import codes_of

import ntm_rules as ntm
from ntm_rules.engine.session.deriving import derive
from ntm_rules.engine.session.network import Network, Node
from ntm_rules.engine.session.state import Known
from ntm_rules.model.assessment import Verdict
from ntm_rules.model.checking import clean_facts
from ntm_rules.model.errors import NtmRulesError


def worked_out(network: Network, known: Known) -> dict[int, int]:
    """The code of every node, one after another, from the program as the other process is sent it."""
    program = json.loads(json.dumps(network.program()))
    inputs: dict[str, Any] = json.loads(json.dumps(network.inputs(known, network.wheres(known))))
    return codes_of(program, inputs)


def assert_same(network: Network, ruleset: ntm.Ruleset, commune: ntm.Commune) -> None:
    identity = {"region": commune.region, "zone": commune.zone, "year": commune.year}
    known = Known(
        "00001",
        {key: value for key, value in identity.items() if value is not None},
        clean_facts(ruleset.catalogue, commune.facts),
        dict(commune.attested),
    )
    assessment = ntm.evaluate(ruleset, commune)
    codes = worked_out(network, known)

    def verdict(node: Node) -> Verdict:
        code = node[0] if isinstance(node, tuple) else codes[node]
        return Verdict.MISSING if code >= 4 else Verdict.UNDETERMINED if code >= 2 else Verdict.MET

    out = network.outputs
    found = tuple(node[0] if isinstance(node, tuple) else codes[node] for node in out.codes)
    assert found[: len(assessment.codes)] == assessment.codes
    assert [verdict(node) for node in out.criteria] == [result.verdict for result in assessment.criteria]
    assert verdict(out.verdict) is assessment.verdict
    assert verdict(out.standing) is assessment.standing
    assert verdict(out.recognition) is assessment.recognition
    answer = {True: Verdict.MISSING, False: Verdict.MET, None: Verdict.UNDETERMINED}[assessment.at_risk.answer]
    assert verdict(out.at_risk) is answer


@pytest.mark.parametrize("which", SHIPPED, ids=str)
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    """One network judges every commune, wherever it lies and whatever its year."""
    ruleset = loaded(which)
    network = Network(ruleset, attests=True)
    for _ in range(2):
        assert_same(network, ruleset, data.draw(communes(ruleset, attested=True)))


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    network = Network(ruleset, attests=True)
    for _ in range(3):
        assert_same(network, ruleset, data.draw(communes(ruleset, attested=True, most=8)))


@pytest.mark.parametrize("which", [which for which in SHIPPED if which[2] is None][::2], ids=str)
def test_every_column_and_year(which: Loaded) -> None:
    ruleset = loaded(which)
    network = Network(ruleset, attests=False)
    for column in ("dbsh", "tdmnpb", "btb", "tn", "dbscl"):
        for year in (None, 2021, 2024, 2027):
            for zone in (None, "III"):
                facts = {key: values[len(column) % len(values)] for key, values in pools(ruleset).items()}
                facts = {key: value for key, value in facts.items() if "." not in key}
                assert_same(network, ruleset, ntm.Commune(region=column, zone=zone, year=year, facts=facts))


# -- at risk, against the rule in words (18/2022/QĐ-TTg): half of the criteria, or 30 % with a key one


@given(
    codes=st.lists(st.sampled_from([0, 1, 2, 4]), min_size=1, max_size=20),
    keys=st.sets(st.integers(0, 19), max_size=4),
    unseen=st.integers(0, 5),
)
def test_a_title_is_at_risk_by_the_counts_there_could_be(codes: list[int], keys: set[int], unseen: int) -> None:
    keys = {key for key in keys if key < len(codes)}
    total = len(codes) + unseen
    groups = [range(first, min(first + 8, len(codes))) for first in range(0, len(codes), 8)]
    tallies = [
        derive(
            "tally", [codes[place] for place in group], {"keys": [place - group[0] for place in group if place in keys]}
        )
        for group in groups
    ]
    options = {"unseen": unseen, "total": total, "any_share": (50, 1), "key_share": (30, 1)}
    code = derive("at_risk", tallies, options)

    def withdrawn(missing: int, key: bool) -> bool:
        share = Fraction(100 * missing, total)
        return share >= 50 or (share >= 30 and key)

    missing = {place for place, one in enumerate(codes) if one == 4}
    open_ = {place for place, one in enumerate(codes) if one == 2}
    least = withdrawn(len(missing), bool(missing & keys))
    most = withdrawn(len(missing | open_) + unseen, bool((missing | open_) & keys))
    assert code == (4 if least else 2 if most else 0)


def test_more_parts_than_the_engine_can_join_are_refused() -> None:
    part = {
        "label": {"vi": "phần", "en": "part"},
        "requires": {"met": {"fact": "recognised_ntm", "evidence": "recalled"}},
    }
    parts = [part | {"part": f"p{place}"} for place in range(20)]
    indicator = {"no": "1.1", "label": part["label"], "citation": "1/QĐ", "set_by": "national"}
    decision = {"number": "unknown", "issued": "unknown", "in_force": "unknown"}
    layer = {"layer": "x", "of": "2021-2025/xa-ntm", "kind": "amendment", "decision": decision}
    for requires, refused in (({"all": parts}, False), ({"some": {"at_least": "3", "of": parts}}, True)):
        changed = layer | {"replace_indicators": [indicator | {"requires": requires}]}
        ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31", overlays=[changed])
        if refused:
            with pytest.raises(NtmRulesError, match="engine_limit"):
                Network(ruleset, attests=False)
        else:
            assert_same(
                Network(ruleset, attests=False),
                ruleset,
                ntm.Commune(region="dbsh", year=2023, facts={"recognised_ntm": True}),
            )
