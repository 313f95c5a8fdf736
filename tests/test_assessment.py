"""What an assessment answers: verdict, counts, lists in official order, recognition, risk, what is needed, tiers."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from tests.property.strategies import built, document_of

import ntm_rules as ntm
from ntm_rules.model.assessment import Reason, Status, Verdict
from ntm_rules.model.requirement import Evidence, SetBy

RULES = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
NUMBERS = [clause.id for clause in RULES.indicators]


def judged(facts: dict[str, Any] | None = None, attested: dict[str, bool] | None = None, **more: Any) -> ntm.Assessment:
    rules, strict = more.pop("rules", RULES), more.pop("strict", False)
    fields: dict[str, Any] = {"region": "dbsh", "year": 2023, "facts": facts or {}, "attested": attested}
    return ntm.evaluate(rules, ntm.Commune(**fields | more), strict=strict)


def all_but(*missing: str, unknown: tuple[str, ...] = (), **more: Any) -> ntm.Assessment:
    return judged(attested={no: no not in missing for no in NUMBERS if no not in unknown}, **more)


def test_the_verdict_is_missing_when_any_criterion_is_and_met_only_when_all_are() -> None:
    assert all_but().verdict is Verdict.MET
    assert all_but("17.3").verdict is Verdict.MISSING
    assert all_but(unknown=("17.3",)).verdict is Verdict.UNDETERMINED
    assert all_but("17.3", unknown=("1.1",)).verdict is Verdict.MISSING


def test_a_criterion_lost_by_one_of_its_indicators_is_one_criterion() -> None:
    assessment = all_but("17.3", "17.4", "10")
    assert (assessment.criteria_met, assessment.criteria_total) == (17, 19)
    assert (assessment.indicators_met, assessment.indicators_total) == (54, 57)
    assert assessment.criterion("17").verdict is Verdict.MISSING
    assert [c.no for c in assessment.criteria] == [str(n) for n in range(1, 20)]


def test_lists_are_in_official_order_not_in_that_of_text() -> None:
    assessment = all_but("17.10", "17.2", "2.1", "10", unknown=("9.2", "15.1"))
    assert [result.id for result in assessment.missing] == ["2.1", "10", "17.2", "17.10"]
    assert [result.id for result in assessment.undetermined] == ["9.2", "15.1"]
    assert [result.id for result in assessment.results] == NUMBERS


def test_not_applicable_counts_as_met_and_is_listed() -> None:
    assessment = all_but(unknown=("13.4",), facts={"has_craft_villages": False})
    assert assessment.statuses["13.4"] is Status.NOT_APPLICABLE
    assert [result.id for result in assessment.not_applicable] == ["13.4"]
    assert assessment.indicators_met == 57
    assert assessment.verdict is Verdict.MET


def test_a_measured_fact_decides_against_the_agency_s_word_and_the_conflict_is_listed() -> None:
    assessment = judged({"income_per_capita": 55}, {"10": True, "7": True})
    assert [(r.id, r.status, r.attested, r.conflict) for r in assessment.conflicts] == [
        ("10", Status.MISSING, True, True)
    ]
    other = judged({"income_per_capita": 56}, {"10": False})
    assert other.statuses["10"] is Status.MET
    assert [r.id for r in other.conflicts] == ["10"]
    assert judged({"income_per_capita": 56}, {"10": True}).conflicts == ()


def test_an_attested_verdict_decides_where_no_figure_does() -> None:
    result = judged(attested={"17.1": True}).indicator("17.1")
    assert (result.status, result.attested, result.conflict, result.reason) == (Status.MET, True, False, None)
    assert judged(attested={"17.1": False}).statuses["17.1"] is Status.MISSING


def test_an_attested_verdict_of_another_ruleset_is_not_this_one_s() -> None:
    verdicts = {"2021-2025/xa-ntm-nang-cao:7": True, "2021-2025/xa-ntm:8.1": True}
    assessment = judged(attested=verdicts)
    assert dict(assessment.attested) == {"8.1": True}
    assert assessment.statuses["7"] is Status.UNDETERMINED
    assert assessment.statuses["8.1"] is Status.MET


def test_recognition_takes_the_conditions_too_and_the_verdict_does_not() -> None:
    conditions = [clause.id for clause in RULES.conditions]
    assert len(conditions) == 3
    whole = dict.fromkeys(NUMBERS, True)
    assert judged(attested=whole).verdict is Verdict.MET
    assert judged(attested=whole).recognition is Verdict.UNDETERMINED
    assert judged(attested=whole | dict.fromkeys(conditions, True)).recognition is Verdict.MET
    lost = judged(attested=whole | dict.fromkeys(conditions, True) | {conditions[0]: False})
    assert (lost.verdict, lost.recognition) == (Verdict.MET, Verdict.MISSING)
    assert [result.id for result in lost.conditions] == conditions
    assert lost.prerequisites == ()


def test_the_lower_tier_is_a_prerequisite_of_the_higher() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", on="2023-12-31")
    own = {f"{rules.id}:{clause.id}": True for clause in (*rules.indicators, *rules.conditions)}
    lower = {f"{RULES.id}:{clause.id}": True for clause in RULES.indicators}
    alone = judged(attested=own, rules=rules)
    assert (alone.verdict, alone.standing, alone.recognition) == (
        Verdict.MET,
        Verdict.UNDETERMINED,
        Verdict.UNDETERMINED,
    )
    assert [result.status for result in alone.prerequisites] == [Status.UNDETERMINED]
    assert judged(attested=own | lower, rules=rules).recognition is Verdict.MET
    short = judged(attested=own | lower | {f"{RULES.id}:7": False}, rules=rules)
    assert (short.verdict, short.standing, short.recognition) == (Verdict.MET, Verdict.MISSING, Verdict.MISSING)


def test_standing_takes_the_prerequisites_and_no_conditions() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", on="2023-12-31")
    own = {f"{rules.id}:{clause.id}": True for clause in rules.indicators}
    lower = {f"{RULES.id}:{clause.id}": True for clause in RULES.indicators}
    failing = {f"{rules.id}:{clause.id}": False for clause in rules.conditions}
    lost = judged(attested=own | lower | failing, rules=rules)
    assert (lost.verdict, lost.standing, lost.recognition) == (Verdict.MET, Verdict.MET, Verdict.MISSING)


def test_strict_evaluation_decides_by_confirmed_thresholds_only() -> None:
    facts = {"income_per_capita": 10, "households_registered_reliable_power_pct": 10, "health_insurance_pct": 10}
    assessment = judged(facts, strict=True)
    loose = judged(facts)
    for result in loose.missing:
        found = assessment.indicator(result.id)
        if result.evidence is Evidence.CONFIRMED:
            assert found.status is Status.MISSING
        else:
            assert (found.status, found.reason) == (Status.UNDETERMINED, Reason.UNCONFIRMED)
    assert {result.evidence for result in loose.missing} > {Evidence.CONFIRMED} or len(loose.missing) == 3


def test_what_is_needed_names_facts_and_who_sets_the_threshold() -> None:
    needed = {item.id: item for item in judged({"clean_water_households_pct": 50}).facts_needed}
    assert needed["10"].facts == ("income_per_capita",)
    assert needed["10"].threshold_set_by is None
    assert needed["15.1"].facts == ("health_insurance_pct.male", "health_insurance_pct.female")
    assert needed["2.1"].threshold_set_by is SetBy.PROVINCE
    assert needed["2.1"].reason is Reason.NO_THRESHOLD
    assert "clean_water_households_pct" not in needed["17.1"].facts
    assert [item.id for item in judged().facts_needed] == [r.id for r in judged().undetermined]


def test_a_result_says_what_was_found() -> None:
    result = judged({"income_per_capita": "55.9"}).indicator("10")
    assert result.status is Status.MISSING
    assert (result.fact, str(result.actual), str(result.required), str(result.gap)) == (
        "income_per_capita",
        "55.9",
        "56",
        "0.1",
    )
    assert (result.column, result.year, result.gap_count) == ("dbsh", 2023, None)
    assert "318/QĐ-TTg" in result.citation
    data = result.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert (data["actual"], data["required"], data["gap"]) == ("55.9", 56, "0.1")


def test_another_year_s_thresholds_may_be_asked_for_on_purpose() -> None:
    commune = ntm.Commune(region="dbsh", year=2023, facts={"income_per_capita": 56})
    assert ntm.evaluate(RULES, commune).statuses["10"] is Status.MET
    later = ntm.evaluate(RULES, commune, threshold_year=2025)
    assert (later.statuses["10"], later.year, later.commune.year) == (Status.MISSING, 2025, 2023)


@pytest.mark.parametrize("number", ["99", "17", "", "17.1.z"])
def test_an_unknown_indicator_is_refused(number: str) -> None:
    with pytest.raises(ntm.UnknownNameError):
        judged().indicator(number)


def test_an_unknown_criterion_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        judged().criterion("20")
    assert "19" in str(caught.value)


def test_the_risk_of_withdrawal_is_known_only_when_the_unknown_cannot_change_it() -> None:
    assert all_but().at_risk.answer is False
    assert judged().at_risk.answer is None
    key = all_but(*[no for no in NUMBERS if no.partition(".")[0] in ("1", "2", "3", "4", "10", "5")]).at_risk
    assert (key.answer, key.key_missing) == (True, ("10",))
    assert key.citation is not None
    assert "18/2022" in key.citation
    before = judged(rules=ntm.load_ruleset("2021-2025/xa-ntm", on="2022-03-08")).at_risk
    assert (before.answer, before.citation) == (None, None)


def test_the_summary_is_one_line_with_counts_and_words() -> None:
    assessment = all_but("17.3", unknown=("10",))
    for line, words in ((assessment.summary("vi"), "CHƯA ĐẠT"), (assessment.summary("en"), "MISSING")):
        assert "\n" not in line
        assert "17/19" in line
        assert "55/57" in line
        assert words in line
        assert "17.3" in line


def test_the_report_names_commune_ruleset_and_every_open_indicator() -> None:
    assessment = all_but("17.3", "10", unknown=("2.1",), name="Tân Lập", code=5)
    for lang in ("vi", "en"):
        text = assessment.report(lang)
        for wanted in ("Tân Lập", "00005", "17.3", "10 ", "2.1", "2023"):
            assert wanted in text
    assert str(assessment) == assessment.report("vi")


def test_html_is_escaped() -> None:
    evil = '<script>alert("x")</script>&'
    page = all_but("17.3", name=evil)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<table") == page.count("</table>") == 1


def test_the_data_is_stable_and_complete() -> None:
    data = all_but("17.3", unknown=("10",), name="Tân Lập", host_id=7).to_dict()
    assert data["format"] == "ntm-rules/assessment/1"
    assert (data["verdict"], data["criteria_met"], data["indicators_met"]) == ("missing", 17, 55)
    assert list(data["statuses"]) == NUMBERS
    assert [item["id"] for item in data["missing"]] == ["17.3"]
    assert [item["id"] for item in data["undetermined"]] == ["10"]
    assert data["commune"]["host_id"] == 7
    assert data["ruleset"]["content_hash"] == RULES.content_hash
    assert json.loads(json.dumps(data)) == data


def test_what_was_attested_is_not_said_to_rest_on_a_threshold() -> None:
    """`unconfirmed` lists what an unconfirmed threshold decided; the agency's word decided this."""
    data = judged({"income_per_capita": 10}, {"4.2": True, "7": True}).to_dict()
    assert "4.2" not in data["unconfirmed"]


def test_repr_says_who_and_how() -> None:
    assert repr(all_but("17.3", name="Tân Lập")) == "<Assessment 2021-2025/xa-ntm Tân Lập: missing, 18/19, 56/57>"


def test_equal_questions_have_equal_answers() -> None:
    assert judged({"income_per_capita": 55}) == judged({"income_per_capita": "55"})
    assert judged({"income_per_capita": 55}) != judged({"income_per_capita": 56})
    assert judged() != judged(strict=True)


# -- tiers


def verdicts_of(*tiers: str) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for tier in tiers:
        rules = ntm.load_ruleset(f"2021-2025/{tier}", on="2023-12-31")
        found |= {f"{rules.id}:{clause.id}": True for clause in rules.indicators}
    return found


@pytest.mark.parametrize(
    ("tiers", "highest", "following"),
    [
        ((), None, "xa-ntm"),
        (("xa-ntm",), "xa-ntm", "xa-ntm-nang-cao"),
        (("xa-ntm-nang-cao",), None, "xa-ntm"),
        (("xa-ntm", "xa-ntm-nang-cao"), "xa-ntm-nang-cao", "xa-ntm-kieu-mau"),
        (("xa-ntm", "xa-ntm-nang-cao", "xa-ntm-kieu-mau"), "xa-ntm-kieu-mau", None),
    ],
    ids=str,
)
def test_the_highest_tier_needs_every_tier_below(
    tiers: tuple[str, ...], highest: str | None, following: str | None
) -> None:
    commune = ntm.Commune(region="dbsh", year=2023, attested=verdicts_of(*tiers))
    ladder = ntm.evaluate_tiers("2021-2025", commune, on="2023-12-31")
    assert ladder.highest == (highest and f"2021-2025/{highest}")
    assert (ladder.next and ladder.next.ruleset.id) == (following and f"2021-2025/{following}")
    assert [a.ruleset.tier for a in ladder.assessments] == ["ntm", "nang-cao", "kieu-mau"]
    assert bool(ladder.blocking) is (following is not None)
    assert json.loads(json.dumps(ladder.to_dict())) == ladder.to_dict()
    for lang in ("vi", "en"):
        assert ladder.explain(lang)


def test_in_tiers_a_verdict_that_does_not_say_its_ruleset_speaks_of_the_lowest() -> None:
    """7 is the market in xã NTM and a model market in nâng cao: one must not stand for the other."""
    ladder = ntm.evaluate_tiers("2021-2025", ntm.Commune(region="dbsh", attested={"7": True}))
    assert [rung.statuses.get("7") for rung in ladder.assessments[:2]] == [ntm.Status.MET, ntm.Status.UNDETERMINED]


def test_tiers_of_an_unknown_phase() -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        ntm.evaluate_tiers("2021-2026", ntm.Commune(region="dbsh"))
    assert caught.value.problems[0].nearest == "2021-2025"


def test_tiers_of_2016_2020() -> None:
    ladder = ntm.evaluate_tiers("2016-2020", ntm.Commune(region="dbsh", year=2020))
    assert ladder.highest is None
    assert ladder.next is not None
    assert ladder.next.ruleset.id == "2016-2020/xa-ntm"


def test_strict_does_not_hide_that_the_facts_speak_against_the_agency() -> None:
    """Income 10 against 59 (2024), attested as met: strict evaluation takes neither's word, and says they disagree."""
    commune = ntm.Commune(region="dbsh", year=2024, facts={"income_per_capita": 10}, attested={"10": True})
    assessment = ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm"), commune, strict=True)
    (result,) = assessment.conflicts
    assert (result.status, result.reason) == (Status.UNDETERMINED, Reason.UNCONFIRMED)
    assert "Mâu thuẫn" in result.explain("vi")


@pytest.mark.parametrize(("value", "verdict"), [(90, True), (99, False)])
def test_strict_never_turns_what_the_facts_say_into_its_contrary(value: int, verdict: bool) -> None:
    """Power for 90 % against a recalled 99 %, attested as met: missing is not to become met by asking more strictly."""
    facts, attested = {"households_registered_reliable_power_pct": value}, {"4.2": verdict}
    loose, strict = (judged(facts, attested, strict=how) for how in (False, True))
    assert loose.statuses["4.2"] is (Status.MISSING if verdict else Status.MET)
    assert strict.statuses["4.2"] is Status.UNDETERMINED
    found = strict.indicator("4.2")
    assert (found.reason, found.conflict, found.attested) == (Reason.UNCONFIRMED, True, verdict)
    assert "4.2" not in strict.to_dict()["unconfirmed"]


@pytest.mark.parametrize("facts", [{}, {"households_registered_reliable_power_pct": 99}])
def test_strict_takes_an_agency_s_word_that_no_fact_contradicts(facts: dict[str, Any]) -> None:
    found = judged(facts, {"4.2": True}, strict=True).indicator("4.2")
    assert (found.status, found.conflict, found.evidence) == (Status.MET, False, None)


def test_a_conflict_hidden_behind_a_threshold_that_lacks_is_seen_by_strict_evaluation() -> None:
    """A part without a threshold comes first, the part that the facts fail is not confirmed: loosely it is missing."""
    words = {"vi": "chữ", "en": "text"}
    at_least = {"fact": "pct1", "value": "50", "evidence": "recalled"}
    parts = [
        {"part": "a", "label": words, "requires": {"unstated": "province"}},
        {"part": "b", "label": words, "requires": {"at_least": at_least}},
    ]
    commune = ntm.Commune(region="tn", facts={"pct1": 10}, attested={"1": True})
    found = ntm.evaluate(built((document_of({"all": parts}),)), commune, strict=True).indicator("1")
    assert (found.status, found.reason, found.conflict) == (Status.UNDETERMINED, Reason.UNCONFIRMED, True)


def test_conflicts_on_prerequisites_and_conditions_are_listed_after_the_indicators() -> None:
    rules = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", on="2023-12-31")
    facts = {"no_outstanding_construction_debt": False, "value_chain_cooperatives": 0, "income_per_capita": 1}
    attested = {"construction_debt": True, "ntm": True, "13.1": True, "7": True}
    assessment = judged(facts, attested, rules=rules)
    assert [result.id for result in assessment.conflicts] == ["13.1", "ntm", "construction_debt"]
    assert assessment.to_dict()["conflicts"] == ["13.1", "ntm", "construction_debt"]
    assert all(result.status is Status.MISSING for result in assessment.conflicts)
    assert "MÂU THUẪN giữa số liệu và xác nhận (3)" in assessment.report("vi")


@pytest.mark.parametrize("given", ["2021-2025/xa-ntm", None, 7, ntm.Commune(region="dbsh")], ids=repr)
def test_only_a_loaded_ruleset_judges(given: Any) -> None:
    with pytest.raises(ntm.NtmRulesError) as caught:
        ntm.evaluate(given, ntm.Commune(region="dbsh"))
    (problem,) = caught.value.problems
    assert problem.code == "not_a_ruleset"
    assert "load_ruleset" in problem.describe("en")


def test_people_lacking_are_all_that_are_lacking_not_those_of_the_sex_further_off() -> None:
    """5 of 10 men and 890 of 1,000 women against 90 %: 4 men and 10 women, though men are 40 points away."""
    shares = {"male": {"numerator": 5, "denominator": 10}, "female": {"numerator": 890, "denominator": 1000}}
    commune = ntm.Commune(region="tn", year=2023, facts={"health_insurance_pct": shares})
    result = ntm.evaluate(RULES, commune).indicator("15.1")
    assert (str(result.gap), result.gap_count) == ("40", 14)
    assert [part.gap_count for part in result.parts] == [4, 10]
    known_of_men = commune.replace(facts={"health_insurance_pct": shares | {"female": 89}})
    assert ntm.evaluate(RULES, known_of_men).indicator("15.1").gap_count is None
    only_men = commune.replace(facts={"health_insurance_pct": shares | {"female": 90}})
    assert ntm.evaluate(RULES, only_men).indicator("15.1").gap_count == 4


def test_men_and_women_each_have_their_figure() -> None:
    shares = {"male": {"numerator": 80, "denominator": 100}, "female": {"numerator": 50, "denominator": 100}}
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    result = ntm.evaluate(ruleset, ntm.Commune(region="tn", facts={"health_insurance_pct": shares})).indicator("15.1")
    assert [(part.id, part.gap_count) for part in result.parts] == [("15.1.male", 10), ("15.1.female", 40)]
    assert (result.fact, result.gap_count) == ("health_insurance_pct.female", 50)
    assert "cần thêm 50 người (cả nam và nữ)" in result.explain("vi")
    assert "50 more people needed (men and women together)" in result.explain("en")
    both = ntm.Commune(region="tn", facts={"health_insurance_pct": {"male": 91, "female": "90.5"}})
    text = ntm.evaluate(ruleset, both).indicator("15.1").explain("vi")
    assert "91%" in text
    assert "90,5%" in text


def test_a_required_ruleset_says_what_blocks_it() -> None:
    commune = ntm.Commune(region="dbsh", year=2023, facts={"income_per_capita": 10})
    (result,) = ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm-nang-cao"), commune).prerequisites
    assert result.blocking == ("2021-2025/xa-ntm:10",)
    assert "True" not in result.explain("vi")
    assert "2021-2025/xa-ntm:10" in result.explain("en")


def test_at_risk_says_why() -> None:
    nothing = ntm.Commune(region="dbsh", year=2023)
    assert ntm.evaluate(ntm.load_ruleset("2016-2020/xa-ntm"), nothing).at_risk.reason == "no_rule"
    assert ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm"), nothing).at_risk.reason == "undetermined"


def test_texts_are_in_two_languages_only() -> None:
    assessment = ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm"), ntm.Commune(region="dbsh"))
    for ask in (assessment.summary, assessment.report, assessment.indicator("10").explain):
        with pytest.raises(ntm.UnknownNameError):
            ask("fr")  # type: ignore[arg-type]


def test_only_a_commune_is_judged() -> None:
    with pytest.raises(ntm.CommuneError):
        ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm"), {"region": "dbsh"})  # type: ignore[arg-type]


def test_a_result_is_short_on_a_terminal() -> None:
    assessment = ntm.evaluate(ntm.load_ruleset("2021-2025/xa-ntm"), ntm.Commune(region="dbsh"))
    assert max(len(repr(result)) for result in assessment.results) < 200


ADVANCED, MODEL = "2021-2025/xa-ntm-nang-cao", "2021-2025/xa-ntm-kieu-mau"


def advanced_but(missing: tuple[str, ...], unknown: tuple[str, ...] = ()) -> dict[str, bool]:
    """Nâng cao attested as met but for some criteria."""
    criteria = {c.no: c.indicators for c in ntm.load_ruleset(ADVANCED).criteria if c.no not in unknown}
    return {f"{ADVANCED}:{i.id}": no not in missing for no, indicators in criteria.items() for i in indicators}


@pytest.mark.parametrize(
    ("missing", "unknown", "answer", "reason", "key_missing"),
    [
        ((), (), False, "below", ()),
        (("1", "2", "3", "4", "5"), (), False, "below", ()),
        (("1", "2", "3", "4", "5", "18"), (), True, "key_share", ("18",)),
        (("1", "2", "3", "4", "5", "18"), ("10",), True, "key_share", ("18",)),
        (("1", "2", "3", "4", "5"), ("18",), None, "undetermined", ()),
        (("1", "2", "3", "4", "5", "6", "7", "8", "9", "11"), (), True, "any_share", ()),
    ],
    ids=str,
)
def test_a_model_title_is_withdrawn_by_the_advanced_criteria_it_rests_on(
    missing: tuple[str, ...], unknown: tuple[str, ...], answer: bool | None, reason: str, key_missing: tuple[str, ...]
) -> None:
    """18/2022/QĐ-TTg counts 19 criteria for kiểu mẫu too, of which 319/QĐ-TTg has none: they are those of nâng cao."""
    commune = ntm.Commune(region="dbsh", year=2023, attested=advanced_but(missing, unknown))
    assessment = ntm.evaluate(ntm.load_ruleset(MODEL), commune)
    risk = assessment.at_risk
    assert (risk.answer, risk.reason, risk.key_missing) == (answer, reason, key_missing)
    assert (risk.ruleset, risk.citation) == (ADVANCED, "18/2022/QĐ-TTg")
    assert (risk.share, risk.possible_share) == (
        Fraction(100 * len(missing), 19),
        Fraction(100 * (len(missing) + len(unknown)), 19),
    )
    assert assessment.to_dict()["at_risk"]["ruleset"] == ADVANCED
    assert f"số tiêu chí của {ADVANCED} không đạt" in assessment.report("vi")
    assert f"of criteria of {ADVANCED} not met" in assessment.report("en")
    assert "Chưa đối chiếu văn bản" in assessment.report("vi")


def test_a_number_alone_says_nothing_of_the_ruleset_by_which_a_title_is_withdrawn() -> None:
    own = {criterion.no: False for criterion in ntm.load_ruleset(MODEL).criteria}
    risk = ntm.evaluate(ntm.load_ruleset(MODEL), ntm.Commune(region="dbsh", year=2023, attested=own)).at_risk
    assert (risk.answer, risk.share, risk.reason) == (None, Fraction(0), "undetermined")


def test_no_title_was_withdrawn_before_there_was_a_rule() -> None:
    rules = ntm.load_ruleset(MODEL, on="2022-08-01")
    risk = ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2022)).at_risk
    assert (risk.answer, risk.reason, risk.citation, risk.ruleset) == (None, "no_rule", None, MODEL)


def test_a_rule_by_another_ruleset_that_has_none_is_no_rule() -> None:
    layer = {
        "layer": "thử",
        "of": MODEL,
        "kind": "amendment",
        "decision": {"number": "1", "issued": "unknown", "in_force": "unknown"},
        "withdrawal": {"by_ruleset": "2016-2020/xa-ntm", "citation": "1"},
    }
    rules = ntm.load_ruleset(MODEL, overlays=[layer])
    risk = ntm.evaluate(rules, ntm.Commune(region="dbsh", year=2022)).at_risk
    assert (risk.answer, risk.reason, risk.ruleset) == (None, "no_rule", "2016-2020/xa-ntm")
