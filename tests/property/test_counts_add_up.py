"""Counts and verdicts follow from the statuses, and the risk of withdrawal from every way the unknown may turn out."""

from __future__ import annotations

import itertools
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.strategies import (
    SHIPPED,
    Documents,
    Loaded,
    built,
    communes,
    document_of,
    generated_rulesets,
    loaded,
)

import ntm_rules as ntm
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.ruleset import Withdrawal, WithdrawalByRuleset


def assert_adds_up(a: ntm.Assessment) -> None:
    statuses = list(a.statuses.values())
    parts = (a.missing, a.undetermined, a.not_applicable)
    met = statuses.count(Status.MET)
    assert len(statuses) == len(a.ruleset.indicators) == met + sum(map(len, parts))
    assert a.indicators_met == met + len(a.not_applicable)
    assert a.indicators_met <= a.indicators_total
    verdicts = [criterion.verdict for criterion in a.criteria]
    assert a.criteria_met == verdicts.count(Verdict.MET) <= a.criteria_total
    assert verdicts.count(Verdict.MISSING) <= len(a.missing)
    assert [result.id for result in a.results] == [indicator.id for indicator in a.ruleset.indicators]
    for listed in parts:
        assert [result.id for result in listed] == [no for no in a.statuses if no in {r.id for r in listed}]
        assert all(result.status is a.statuses[result.id] for result in listed)
    assert all((result.reason is None) is (result.status is not Status.UNDETERMINED) for result in a.results)


def all_of(verdicts: list[Verdict]) -> Verdict:
    if Verdict.MISSING in verdicts:
        return Verdict.MISSING
    return Verdict.UNDETERMINED if Verdict.UNDETERMINED in verdicts else Verdict.MET


def as_verdict(status: Status) -> Verdict:
    return Verdict.MET if status is Status.NOT_APPLICABLE else Verdict(status.value)


def assert_three_valued(a: ntm.Assessment) -> None:
    whole = [] if a.ruleset.complete else [Verdict.UNDETERMINED]
    assert a.verdict is all_of([*whole, *(criterion.verdict for criterion in a.criteria)])
    assert a.standing is all_of([a.verdict, *(as_verdict(result.status) for result in a.prerequisites)])
    assert a.recognition is all_of([a.standing, *(as_verdict(result.status) for result in a.conditions)])


def withdrawn(a: ntm.Assessment, not_met: set[str]) -> bool:
    rule = a.ruleset.withdrawal
    assert isinstance(rule, Withdrawal)
    share = Fraction(100 * len(not_met), a.criteria_total)
    any_share, key_share = Fraction(rule.any_share), Fraction(rule.key_share)
    return share >= any_share or (share >= key_share and bool(not_met & set(rule.key_criteria)))


def assert_risk_by_every_completion(a: ntm.Assessment) -> None:
    """The answer is known exactly when every way the undetermined criteria may turn out gives the same."""
    risk = a.at_risk
    rule = a.ruleset.withdrawal
    if rule is None:
        assert risk.answer is None
        return
    if isinstance(rule, WithdrawalByRuleset):
        named = {key: verdict for key, verdict in a.commune.attested.items() if ":" in key}
        rests_on = ntm.evaluate(rule.ruleset, a.commune.replace(attested=named), strict=a.strict, threshold_year=a.year)
        assert attrs.evolve(risk, citation=rests_on.at_risk.citation) == rests_on.at_risk
        assert risk.citation in (None, rule.citation)
        assert risk.ruleset == rule.ruleset.id
        assert_risk_by_every_completion(rests_on)
        return
    assert risk.ruleset == a.ruleset.id
    if not a.ruleset.complete or a.criteria_total != len(a.criteria):
        return
    surely = {c.no for c in a.criteria if c.verdict is Verdict.MISSING}
    unknown = [c.no for c in a.criteria if c.verdict is Verdict.UNDETERMINED]
    ends = [set(), set(unknown)] if len(unknown) > 10 else None
    ways = ends or [set(w) for n in range(len(unknown) + 1) for w in itertools.combinations(unknown, n)]
    answers = {withdrawn(a, surely | way) for way in ways}
    assert risk.answer is (answers.pop() if len(answers) == 1 else None)
    assert risk.share == Fraction(100 * len(surely), a.criteria_total)
    assert risk.possible_share == Fraction(100 * (len(surely) + len(unknown)), a.criteria_total)


@pytest.mark.parametrize("which", SHIPPED[::2], ids=str)
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    assessment = ntm.evaluate(ruleset, data.draw(communes(ruleset, attested=True)), strict=data.draw(st.booleans()))
    assert_adds_up(assessment)
    assert_three_valued(assessment)
    assert_risk_by_every_completion(assessment)


@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    ruleset = built(documents)
    for _ in range(3):
        assessment = ntm.evaluate(ruleset, data.draw(communes(ruleset, attested=True)))
        assert_adds_up(assessment)
        assert_three_valued(assessment)
        assert_risk_by_every_completion(assessment)


def test_a_ruleset_of_which_criteria_are_not_known_answers_no_risk_with_not_known() -> None:
    """Where the criteria themselves are not all known, "no" would be a guess."""
    rule = {"any_share": "50", "key_share": "30", "key_criteria": ["10"], "citation": "1"}
    document = document_of({"met": "yes0"}, complete="false", withdrawal=rule)
    risk = ntm.evaluate(built((document,)), ntm.Commune(region="tn", facts={"yes0": True})).at_risk
    assert risk.answer is None


@pytest.mark.parametrize(
    ("missing", "answer"),
    [
        ([], False),
        (["1", "2", "3", "4", "5"], False),  # 5 of 19 is 26 %
        (["1", "2", "3", "4", "5", "6"], False),  # 31 %, but no key criterion
        (["1", "2", "3", "4", "5", "10"], True),  # 31 % with income
        (["1", "2", "3", "4", "5", "6", "7", "8", "9"], False),  # 47 %, no key criterion
        (["1", "2", "3", "4", "5", "6", "7", "8", "9", "11"], True),  # 53 %
    ],
    ids=str,
)
def test_withdrawal_by_18_2022(missing: list[str], answer: bool) -> None:
    """18/2022/QĐ-TTg: from 30 % with a key criterion (10, 17, 19), or half of them whichever they are."""
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
    first = {criterion.no: criterion.indicators for criterion in ruleset.criteria}
    attested = {clause.id: no not in missing for no, clauses in first.items() for clause in clauses}
    assert ntm.evaluate(ruleset, ntm.Commune(region="dbsh", year=2023, attested=attested)).at_risk.answer is answer
