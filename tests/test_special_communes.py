"""Communes that a rule sends to another column: the rule is cited, and its evidence counts as that of a threshold does."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.cli.line import LineWriter
from ntm_rules.model.assessment import Reason, Status
from ntm_rules.model.requirement import Evidence

RULES = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
SCHOOLS = {"schools_total": 5, "schools_facility_level1_pct": 70, "schools_minimum_facilities_pct": 100}
CITATION = "318/QĐ-TTg, Điều 1"


def judged(zone: str | None = "III", region: str = "dbsh", **options: Any) -> ntm.Assessment:
    return ntm.evaluate(RULES, ntm.Commune(region=region, zone=zone, year=2023, facts=SCHOOLS), **options)


def test_a_result_by_the_rule_is_no_surer_than_the_rule() -> None:
    """70 % of schools is a confirmed threshold of a column in which a recalled rule puts the commune."""
    found = judged().indicator("5")
    assert (found.status, found.evidence) == (Status.MET, Evidence.RECALLED)
    assert "5" in judged().to_dict()["unconfirmed"]


def test_strict_evaluation_does_not_decide_by_a_rule_that_is_not_confirmed() -> None:
    assessment = judged(strict=True)
    found = assessment.indicator("5")
    assert assessment.statuses["5"] is found.status is Status.UNDETERMINED
    assert found.reason is Reason.UNCONFIRMED
    assert set(assessment.statuses.values()) == {Status.UNDETERMINED}
    for text in (found.explain("vi"), found.explain("en")):
        assert CITATION in text


@pytest.mark.parametrize(("zone", "region"), [(None, "dbsh"), ("I", "dbsh"), ("III", "tdmnpb")])
def test_where_the_column_is_the_region_s_own_no_rule_is_used(zone: str | None, region: str) -> None:
    assessment = judged(zone, region)
    assert assessment.column_rule is assessment.indicator("5").column_rule is None
    assert assessment.to_dict()["column_rule"] is None
    assert assessment.indicator("5").evidence is Evidence.CONFIRMED
    assert judged(zone, region, strict=True).statuses["5"] is not Status.UNDETERMINED
    assert CITATION not in assessment.report("vi")


def test_one_commune_s_judge_does_not_serve_a_neighbour_of_the_same_column() -> None:
    for order in (("dbsh", "tdmnpb"), ("tdmnpb", "dbsh")):
        rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31", overlays=())
        rules.cache.clear()
        for region in order:
            commune = ntm.Commune(region=region, zone="III", year=2023, facts=SCHOOLS)
            status = ntm.evaluate(rules, commune, strict=True).statuses["5"]
            assert status is (Status.MET if region == "tdmnpb" else Status.UNDETERMINED)


def test_what_the_column_does_not_ask_is_left_out_by_the_rule_too() -> None:
    """5.a is not asked in the Southeast: a rule that sent a commune there would decide that as well."""
    rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31", overlays=[to_the_southeast()])
    commune = ntm.Commune(region="tn", zone="III", year=2023, facts=SCHOOLS)
    part = ntm.evaluate(rules, commune).indicator("5").parts[0]
    assert (part.status, part.evidence) == (Status.NOT_APPLICABLE, Evidence.RECALLED)
    part = ntm.evaluate(rules, commune, strict=True).indicator("5").parts[0]
    assert (part.status, part.reason) == (Status.UNDETERMINED, Reason.UNCONFIRMED)


def to_the_southeast(evidence: str = "recalled") -> dict[str, Any]:
    return {
        "layer": "thử",
        "of": RULES.id,
        "kind": "amendment",
        "decision": {"number": "1", "issued": "2023-01-01", "in_force": "2023-01-01"},
        "special_communes": {"column": "dnb", "zones": ["III"], "citation": "1/QĐ", "evidence": evidence},
    }


def test_a_confirmed_rule_changes_nothing_of_what_is_known() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31", overlays=[to_the_southeast("confirmed")])
    special, own = (
        ntm.evaluate(rules, ntm.Commune(region=region, zone="III", year=2023, facts=SCHOOLS), strict=True)
        for region in ("tn", "dnb")
    )
    assert special.statuses == own.statuses
    assert [result.evidence for result in special.results] == [result.evidence for result in own.results]
    assert special.column_rule is not None


def test_the_rule_is_cited_wherever_the_column_is_named() -> None:
    assessment = judged()
    assert f"cột TDMNPB, xã đặc biệt theo {CITATION}" in assessment.indicator("5").explain("vi")
    assert f"column Northern midlands, special commune by {CITATION}" in assessment.indicator("5").explain("en")
    assert f"Cột TDMNPB, xã đặc biệt theo {CITATION}" in assessment.report("vi").splitlines()[2]
    assert CITATION in assessment.indicator("1.1").explain("vi")
    data = json.loads(assessment.to_json())
    cited = {"citation": CITATION, "evidence": "recalled"}
    assert data["column_rule"] == cited
    assert [result["column_rule"] for result in data["undetermined"] if result["id"] in ("5", "10")] == [cited]
    assert f"xã đặc biệt theo {CITATION}" in RULES.threshold("5.b", region="dbsh", zones=("III",)).explain("vi")


def test_a_threshold_looked_up_by_the_rule_is_no_surer_than_the_rule() -> None:
    assert RULES.threshold("5.b", region="tdmnpb", zones=("III",)).evidence is Evidence.CONFIRMED
    found = RULES.threshold("5.b", region="dbsh", zones=("III",))
    assert (found.column, found.evidence) == ("tdmnpb", Evidence.RECALLED)
    assert found.column_rule is RULES.special_communes


def test_lines_say_what_rests_on_the_rule() -> None:
    writer = LineWriter(RULES)
    for region, unconfirmed in (("tdmnpb", []), ("dbsh", ["5"]), ("tdmnpb", [])):
        assert json.loads(writer.line(judged(region=region)))["unconfirmed"] == unconfirmed


def test_an_agency_s_word_stands_in_for_the_rule_as_it_does_for_a_threshold() -> None:
    commune = ntm.Commune(region="dbsh", zone="III", year=2023, attested={"5": True})
    found = ntm.evaluate(RULES, commune, strict=True).indicator("5")
    assert (found.status, found.evidence, found.conflict) == (Status.MET, None, False)
