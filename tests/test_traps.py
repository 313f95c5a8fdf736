"""What goes wrong in other engines on this very job, each made impossible here."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.model.assessment import Reason, Status, Verdict
from ntm_rules.rulebook.documents import RulebookDocument, RulesetDocument
from ntm_rules.rulebook.reading import read_document

RULES = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
OLD = ntm.load_ruleset("2016-2020/xa-ntm")
STUNTING, INSURED, INCOME = "stunting_under_5_pct", "health_insurance_pct", "income_per_capita"


def judged(
    facts: dict[str, Any], *, rules: ntm.Ruleset = RULES, region: str | None = "dbsh", **fields: Any
) -> ntm.Assessment:
    given: dict[str, Any] = {"region": region, "year": 2023, "facts": facts}
    return ntm.evaluate(rules, ntm.Commune(**given | fields))


def perfect(rules: ntm.Ruleset = RULES, **fields: Any) -> ntm.Commune:
    """Everything attested as met."""
    verdicts = {clause.id: True for clause in (*rules.indicators, *rules.conditions, *rules.prerequisites)}
    given: dict[str, Any] = {"region": "dbsh", "year": 2023, "attested": verdicts}
    return ntm.Commune(**given | fields)


def test_a_missing_fact_under_at_most_does_not_pass() -> None:
    """OpenFisca, JSONLogic engines and decision tables pass it."""
    for facts in ({}, {STUNTING: None}):
        result = judged(facts).indicator("15.3")
        assert (result.status, result.reason, result.facts_wanted) == (
            Status.UNDETERMINED,
            Reason.NO_FACT,
            (STUNTING,),
        )


@pytest.mark.parametrize(
    "form", [13.9, "13.9", Decimal("13.9"), Decimal("13.90"), {"numerator": 139, "denominator": 1000}]
)
def test_a_commune_exactly_at_a_decimal_threshold_passes(form: Any) -> None:
    """13.9 as a 32-bit float is 13.8999996: engines that keep such thresholds fail the commune (12.7 likewise)."""
    assert judged({STUNTING: form}, rules=OLD).indicator("15.3").status is Status.MET
    assert judged({STUNTING: 13.900001}, rules=OLD).indicator("15.3").status is Status.MISSING


def test_text_of_a_number_is_that_number() -> None:
    """'9' is 9, less than 90; as texts '9' would come after '90'."""
    for text, status in (("9", Status.MISSING), ("90", Status.MET), ("100", Status.MET), ("089.9", Status.MISSING)):
        facts = {INSURED: {"male": text, "female": text}}
        assert judged(facts).indicator("15.1").status is status


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")]
)
def test_nan_and_infinity_are_refused(value: Any) -> None:
    """NaN is not greater than anything, so it passes "at most" elsewhere."""
    with pytest.raises(ntm.FactError, match=STUNTING):
        ntm.Commune(facts={STUNTING: value})
    with pytest.raises(ntm.FactError, match=STUNTING):  # nor may two of them cancel
        ntm.Commune(facts={INCOME: float("-inf"), STUNTING: value})


@pytest.mark.parametrize("text", ["NaN", "nan", "inf", "-Infinity", "1e3", "0x10", "１２", "1_000", "٣"])
def test_texts_that_python_reads_as_numbers_are_not_numbers_here(text: str) -> None:
    with pytest.raises(ntm.FactError, match=STUNTING):
        judged({STUNTING: text})


@pytest.mark.parametrize("key", ["rulesset", "Ruleset", "at_leats", "VALUE", "f(x)", "a[0]", "đạt"])
def test_an_unknown_key_in_a_rules_file_is_named(key: str) -> None:
    for model in (RulebookDocument, RulesetDocument):
        with pytest.raises(ntm.RulebookError) as caught:
            read_document(f"rulebook: a\nversion: b\n{key}: c\n", "rules.yaml", model)
        named = [problem for problem in caught.value.problems if problem.code == "extra_forbidden"]
        assert any(problem.found == repr(key) and problem.line == 3 for problem in named)


def test_a_misspelt_key_deep_in_a_rules_file_is_named_with_its_line_and_the_right_name() -> None:
    overlay = {
        "layer": "x",
        "of": "2021-2025/xa-ntm",
        "kind": "amendment",
        "decision": {"number": "1", "issued": "2020-01-01", "in_force": "2020-01-01"},
        "set_thresholds": [{"indicator": "4.2", "valeu": "98"}],
    }
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset("2021-2025/xa-ntm", overlays=[overlay])
    assert any(p.found == "'valeu'" and p.nearest == "value" for p in caught.value.problems)


def test_a_date_before_the_first_text_is_refused() -> None:
    """Not the nearest text: none was in force."""
    with pytest.raises(ntm.DateError, match="2022-03-08"):
        ntm.load_ruleset("2021-2025/xa-ntm", on="2022-03-07")
    assert ntm.load_ruleset("2021-2025/xa-ntm", on="2022-03-08")


@pytest.mark.parametrize("year", [2010, 2020, 2026, 2100, None])
def test_a_fact_year_before_the_first_or_after_the_last_row_has_no_threshold(year: int | None) -> None:
    result = judged({INCOME: 1000}, year=year).indicator("10")
    assert (result.status, result.reason) == (Status.UNDETERMINED, Reason.NO_THRESHOLD_FOR_YEAR)


def test_a_perfect_commune_is_a_result_like_any_other() -> None:
    """Elsewhere a commune with nothing to report raises "message not handled"."""
    assessment = ntm.evaluate(RULES, perfect())
    assert assessment.verdict is Verdict.MET
    assert (assessment.criteria_met, assessment.indicators_met) == (19, 57)
    assert set(assessment.statuses.values()) == {Status.MET}
    assert not assessment.facts_needed
    assert assessment.recognition is Verdict.MET
    assert assessment.at_risk.answer is False


def test_fifty_seven_failures_are_reported_as_fifty_seven() -> None:
    """An engine that hands an event to one rule reports one."""
    everything = {clause.id: False for clause in RULES.indicators}
    assessment = ntm.evaluate(RULES, ntm.Commune(region="dbsh", year=2023, attested=everything))
    assert [result.id for result in assessment.missing] == [clause.id for clause in RULES.indicators]
    assert len(assessment.missing) == 57
    assert assessment.criteria_met == assessment.indicators_met == 0
    assert "57" in assessment.summary("vi")


def test_the_1025th_commune_is_judged_like_the_first() -> None:
    """Nothing is kept of the communes judged: no state runs full."""
    communes = (ntm.Commune(code=place, region="dbsh", year=2023, facts={STUNTING: 16.5}) for place in range(3000))
    last = None
    for last in ntm.evaluate_many(RULES, communes):
        assert last.indicator("15.3").status is Status.MET if last.commune.code in ("00000", "01024") else True
    assert last is not None
    assert last.commune.code == "02999"


def test_one_bad_row_does_not_stop_a_batch_the_host_handles() -> None:
    rows: list[dict[str, Any]] = [{STUNTING: 10}, {STUNTING: "chưa rõ"}, {STUNTING: 20}]
    found: list[str | None] = []
    for row in rows:
        try:
            found.append(judged(row).indicator("15.3").status.value)
        except ntm.FactError as error:
            found.append(error.problems[0].key)
    assert found == ["met", STUNTING, "missing"]


def test_a_bad_row_in_evaluate_many_is_raised_at_its_turn() -> None:
    communes = [ntm.Commune(region="dbsh", facts={STUNTING: value}) for value in (10, "chưa rõ", 20)]
    answers = ntm.evaluate_many(RULES, communes)
    assert next(answers).indicator("15.3").status is Status.MET
    with pytest.raises(ntm.FactError, match=STUNTING):
        next(answers)


def test_evaluate_many_takes_communes_as_they_come_and_holds_none() -> None:
    taken: list[int] = []

    def endless() -> Iterator[ntm.Commune]:
        for place in itertools.count():
            taken.append(place)
            yield ntm.Commune(region="dbsh", year=2023)

    answers = ntm.evaluate_many(RULES, endless())
    assert taken == []
    assert len(list(itertools.islice(answers, 3))) == 3
    assert taken == [0, 1, 2]


@pytest.mark.parametrize("value", ["true", "True", "Đạt", "đạt", "Đat", "có", 1, 0, "1", 1.0, Decimal(1), "", "x"])
def test_only_true_and_false_are_booleans(value: Any) -> None:
    """ "true" is not 1, 1 is not true, and "Đat" is nothing at all."""
    with pytest.raises(ntm.FactError, match="rural_market_or_trading_place"):
        judged({"rural_market_or_trading_place": value})


@pytest.mark.parametrize("value", [True, False])
def test_true_is_not_one(value: bool) -> None:
    for key in (INCOME, STUNTING, "schools_total"):
        with pytest.raises(ntm.FactError, match=key):
            judged({key: value})
    with pytest.raises(ntm.FactError):
        judged({STUNTING: {"numerator": value, "denominator": 2}})


def test_one_by_one_and_in_a_batch_the_answer_is_the_same() -> None:
    communes = [
        ntm.Commune(code=place, region=("dbsh", "tn")[place % 2], year=2021 + place % 6, facts={INCOME: 35 + place})
        for place in range(60)
    ]
    single = [ntm.evaluate(RULES, commune) for commune in communes]
    assert list(ntm.evaluate_many(RULES, communes)) == single
    backwards = list(ntm.evaluate_many(RULES, reversed(communes)))
    assert [a.statuses for a in reversed(backwards)] == [a.statuses for a in single]


@pytest.mark.parametrize(
    ("ask", "right"),
    [
        (lambda: ntm.load_ruleset("2021-2025/xa-nmt"), "2021-2025/xa-ntm"),
        (lambda: ntm.load_ruleset("2021-2025/xa-ntm", province="nam-dihn"), "nam-dinh"),
        (lambda: judged({"healt_insurance_pct": 90}), INSURED),
        (lambda: judged({"health_insurance_pct.mal": 90}), INSURED),
        (lambda: judged({}, region="dbshh"), "dbsh"),
        (lambda: judged({}, zone="dbkk-coas"), "dbkk-coast"),
        (lambda: judged({}, region=None, province="Nam Đin"), "Nam Định"),
        (lambda: judged({}, attested={"17.13": True}), "17."),
        (
            lambda: ntm.evaluate_tiers("2021-2025", ntm.Commune(region="dbsh", attested={"2021-2025/xa-nmt:7": True})),
            "2021-2025/xa-ntm",
        ),
        (lambda: judged({}).indicator("17.13"), "17."),
        (lambda: RULES.threshold("17.13", region="dbsh"), "17."),
        (lambda: judged({}).criterion("190"), "19"),
        (lambda: ntm.Commune.from_dict({"regoin": "dbsh"}), "region"),
    ],
    ids=[
        "ruleset",
        "province",
        "fact",
        "fact by sex",
        "region",
        "zone",
        "commune's province",
        "attested indicator",
        "attested ruleset",
        "indicator",
        "threshold",
        "criterion",
        "field",
    ],
)
def test_a_misspelt_name_is_refused_with_the_right_one(ask: Any, right: str) -> None:
    with pytest.raises(ntm.NtmRulesError) as caught:
        ask()
    offered = [problem.nearest for problem in caught.value.problems]
    assert any(near is not None and near.startswith(right) for near in offered), caught.value


@pytest.mark.parametrize("text", ["≥ 90%", ">= 90", "90%", "97,5", "1.234,5", "khoảng 90", "trên 36", "gần 50", "90 %"])
def test_texts_around_a_number_are_refused_not_guessed(text: str) -> None:
    """ "≥ 90%" is no measurement, and "97,5" is not 97."""
    with pytest.raises(ntm.FactError, match=STUNTING):
        judged({STUNTING: text})


@pytest.mark.parametrize("empty", ["", " ", "\t", "-", "—"])
def test_an_empty_text_is_not_nought(empty: str) -> None:
    """Elsewhere it becomes 0 and passes "at most"."""
    with pytest.raises(ntm.FactError, match=STUNTING):
        judged({STUNTING: empty})


def test_a_denominator_of_nought_is_an_error_not_all() -> None:
    for ratio in ({"numerator": 0, "denominator": 0}, {"numerator": 5, "denominator": 0}):
        with pytest.raises(ntm.FactError, match=INSURED):
            ntm.Commune(facts={INSURED: ratio})


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_decomposed_and_composed_vietnamese_are_one() -> None:
    one, other = (
        ntm.Commune(name=form("Nhân Bình"), province=form("Nam Định"), facts={"a": form("khá")}) for form in (str, nfd)
    )
    assert one == other
    assert ntm.evaluate(RULES, ntm.Commune(province=nfd("Hà Nội"))).column == "dbsh"
    advanced = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", on="2023-12-31")
    for text in ("khá", nfd("khá"), "Khá", " khá\t", nfd("Tốt")):
        assert judged({"disaster_preparedness_rating": text}, rules=advanced).statuses["3.6"] is Status.MET


@pytest.mark.parametrize("name", ["Nam Định", nfd("Nam Định"), "nam-dinh", " nam-dinh\t", "NAM ĐỊNH", nfd("nam định")])
def test_a_province_is_found_however_its_name_is_typed(name: str) -> None:
    assert ntm.load_ruleset("2021-2025/xa-ntm", province=name).province == "nam-dinh"
    assert ntm.evaluate(RULES, ntm.Commune(province=name)).column == "dbsh"


def test_a_trailing_tab_changes_nothing() -> None:
    """One system's tier code carries one."""
    commune = ntm.Commune(region="dbsh\t", zone=["III\t"], name="Tiến Bộ\t", attested={"7\t": True}, code="754\t")
    assert (commune.region, commune.zones, commune.name, commune.code) == ("dbsh", ("III",), "Tiến Bộ", "00754")
    assert ntm.evaluate(RULES, commune).statuses["7"] is Status.MET


def test_a_ruleset_id_with_a_trailing_tab_is_refused_by_name() -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        ntm.load_ruleset("2021-2025/xa-ntm\t")
    assert caught.value.problems[0].nearest == "2021-2025/xa-ntm"


@pytest.mark.parametrize("code", [754, "754", "00754", " 00754 "])
def test_the_leading_noughts_of_a_commune_s_code_are_kept(code: Any) -> None:
    assert ntm.Commune(code=code).code == "00754"
    assert '"00754"' in ntm.Commune(code=code).to_json()


class Index:
    """An object that is a whole number to Python's `operator.index` only, as numpy's integers are."""

    def __index__(self) -> int:
        return 95


class Int(int):
    """A whole number of another kind, as some drivers of databases give."""


class Float(float):
    """What numpy's float64 is to Python: a subclass of float with another repr."""

    def __repr__(self) -> str:
        return f"Float({float(self)})"


@pytest.mark.parametrize("value", [Int(95), Float(95.0), Float(95)])
def test_numbers_of_other_libraries_are_numbers(value: Any) -> None:
    for facts in ({INSURED: {"male": value, "female": value}}, {f"{INSURED}.male": value, f"{INSURED}.female": value}):
        commune = ntm.Commune(region="dbsh", year=2023, facts=facts)
        assert ntm.evaluate(RULES, commune).statuses["15.1"] is Status.MET
        assert ntm.Commune.from_dict(commune.to_dict()) == commune
        assert set(map(type, commune.facts.values())) == {Decimal}


@pytest.mark.parametrize(
    "beside", [{}, {INCOME: 50.5}, {INCOME: 50}, {"rural_market_or_trading_place": True}], ids=repr
)
def test_what_is_no_number_is_refused_whatever_stands_beside_it(beside: dict[str, Any]) -> None:
    from fractions import Fraction

    for value in (Index(), Fraction(1, 2), 1 + 0j, [95], {95}, b"95", object()):
        for facts in ({STUNTING: value, **beside}, {**beside, STUNTING: value}):
            with pytest.raises(ntm.FactError, match=STUNTING):
                ntm.Commune(facts=facts).to_json()
            with pytest.raises(ntm.FactError, match=STUNTING):
                judged(facts)


@pytest.mark.parametrize("pair", [(1e300, -1e300), (10**60, -(10**60)), (1e40, -1e40)])
def test_numbers_too_large_do_not_cancel(pair: tuple[Any, Any]) -> None:
    facts = dict(zip((INCOME, STUNTING), pair, strict=True))
    with pytest.raises(ntm.FactError):
        ntm.Commune(facts=facts).to_json()
    with pytest.raises(ntm.FactError):
        judged(facts)


def test_a_key_that_is_not_text_is_refused_even_among_plain_numbers() -> None:
    bad: list[Any] = [{1: 2}, {None: 2.5}, {INCOME: 1, 7: 2}]
    for facts in bad:
        with pytest.raises(ntm.FactError):
            ntm.Commune(facts=facts).to_json()


def test_the_facts_of_a_commune_cannot_be_changed_behind_its_back() -> None:
    facts: dict[str, Any] = {STUNTING: 10, INSURED: {"numerator": 1, "denominator": 2}}
    commune = ntm.Commune(region="dbsh", facts=facts)
    before = commune.to_json()
    facts[STUNTING] = 99
    facts[INSURED]["numerator"] = 2
    assert commune.to_json() == before
    with pytest.raises(TypeError):
        commune.facts[STUNTING] = Decimal(1)  # type: ignore[index]
    with pytest.raises(AttributeError):
        commune.year = 2020  # type: ignore[misc]


@pytest.mark.parametrize("year", ["2024", 2024.0, True, [2024], Decimal(2024)])
def test_a_threshold_year_that_is_no_year_is_refused(year: Any) -> None:
    """Taken as it comes it would silently have no row in any table."""
    with pytest.raises((ntm.NtmRulesError, TypeError)):
        ntm.evaluate(RULES, ntm.Commune(region="dbsh", year=2023), threshold_year=year)


def test_poor_and_near_poor_apart_are_not_mistaken_for_their_sum() -> None:
    """2021-2025 counts both: the share of poor households alone decides nothing."""
    assert judged({"poor_households_pct": 1}, region="btb").indicator("11").status is Status.UNDETERMINED


def test_not_applicable_is_said_by_a_fact_not_by_a_number() -> None:
    """Without craft villages 13.4 is not asked; where that is not known, it is not known."""
    for facts, status in (
        ({"has_craft_villages": False}, Status.NOT_APPLICABLE),
        ({"has_craft_villages": True, "craft_village_plan": False}, Status.MISSING),
        ({"craft_village_plan": False}, Status.UNDETERMINED),
        ({}, Status.UNDETERMINED),
    ):
        assert judged(facts).statuses["13.4"] is status
