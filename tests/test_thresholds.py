"""What `Ruleset.threshold` answers, and how rulesets and thresholds are shown."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

import ntm_rules as ntm
from ntm_rules.model.requirement import Evidence
from ntm_rules.model.text import Language

NTM, MODEL = "2021-2025/xa-ntm", "2021-2025/xa-ntm-kieu-mau"
RULES = ntm.load_ruleset(NTM)


# -- indicators of parts


def test_an_indicator_of_parts_names_them() -> None:
    found = RULES.threshold("5", region="tn", year=2023)
    assert (bool(found), found.reason, found.parts) == (False, "parts", ("5.a", "5.bc"))
    assert "chỉ tiêu có các phần" in found.explain()
    assert "5.a Trường đạt tiêu chuẩn CSVC tối thiểu" in found.explain("vi")
    assert "the indicator has parts" in found.explain("en")
    assert "5.a Schools at minimum facility standard" in found.explain("en")


def test_parts_that_a_region_is_not_asked_are_not_named() -> None:
    assert RULES.threshold("5", region="dbsh").parts == ("5.bc",)


def test_a_part_that_branches_by_school_count_names_its_branches() -> None:
    found = RULES.threshold("5.bc", region="tn")
    assert (found.reason, found.parts) == ("parts", ("5.b", "5.c"))
    assert [RULES.threshold(part, region="tn").value for part in found.parts] == [70, 50]
    assert "5.b Trường đạt CSVC mức độ 1 (xã có trên 3 trường)" in found.explain()


def test_every_part_named_has_an_answer_of_its_own() -> None:
    for summary in ntm.list_rulesets():
        ruleset = ntm.load_ruleset(summary.id)
        for indicator in ruleset.indicators:
            found = ruleset.threshold(indicator.id, region="dbsh", year=2023)
            assert (found.reason == "parts") is bool(found.parts)
            for part in found.parts:
                assert ruleset.threshold(part, region="dbsh", year=2023).column == found.column


# -- a number that is a criterion's


@pytest.mark.parametrize("ask", [RULES.threshold, RULES.clause, RULES.indicator])
def test_the_number_of_a_criterion_is_said_to_be_one(ask: object) -> None:
    with pytest.raises(ntm.UnknownNameError) as caught:
        ask("17")  # type: ignore[operator]
    (problem,) = caught.value.problems
    assert problem.code == "unknown_indicator"
    assert problem.nearest is None
    assert problem.wanted is not None
    assert problem.wanted.vi.startswith("17.1, 17.2")
    assert "tiêu chí" in problem.message.vi
    assert "criterion" in problem.message.en


# -- multiples of another ruleset's threshold


def test_a_multiple_parts_the_factor_from_what_it_multiplies() -> None:
    """319/QĐ-TTg, Đ1: 1.1 times the income of nâng cao (318/QĐ-TTg, PL II, TC 10), each seen at its own place."""
    found = ntm.load_ruleset(MODEL).threshold("2", region="dbsh", year=2023)
    base = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao").threshold("10", region="dbsh", year=2023)
    multiple = found.multiple
    assert multiple is not None
    assert (multiple.ruleset, multiple.indicator) == ("2021-2025/xa-ntm-nang-cao", "10")
    assert (multiple.factor.value, multiple.factor.evidence) == (Decimal("1.1"), Evidence.CONFIRMED)
    assert (multiple.base.value, multiple.base.evidence, multiple.base.seen_at) == (
        base.value,
        base.evidence,
        base.seen_at,
    )
    assert found.seen_at == multiple.factor.seen_at
    assert found.evidence is base.evidence
    assert RULES.threshold("10", region="tn", year=2023).multiple is None


def test_a_multiple_says_both_in_words() -> None:
    found = ntm.load_ruleset(MODEL).threshold("2", region="dbsh", year=2023)
    assert "≥ 74,8" in found.explain()
    assert "1,1 × mức nâng cao của cùng năm, cùng vùng" in found.explain()
    assert "= 1,1 × 68" in found.explain()
    assert "1.1 × the nâng cao threshold of the same year and column" in found.explain("en")


# -- in words and in notebooks


def test_a_threshold_says_itself_in_words() -> None:
    found = RULES.threshold("17.1", region="tn")
    assert found.explain() == found.explain("vi")
    assert str(found) == found.explain("vi")
    said = RULES.threshold("4.2", region="dbsh").explain()
    assert said.startswith("4.2 ")
    assert "≥ 99%" in said
    assert "318/QĐ-TTg, PL I, TC 4.2" in said
    assert "UBND cấp tỉnh" in RULES.threshold("2.1", region="tn").explain()
    assert "2020" in RULES.threshold("10", region="tn", year=2020).explain("en")
    with pytest.raises(ntm.UnknownNameError):
        RULES.threshold("10", region="tn").explain("fr")  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_threshold_can_be_said(lang: Language) -> None:
    for summary in ntm.list_rulesets():
        ruleset = ntm.load_ruleset(summary.id)
        for clause in (*ruleset.indicators, *ruleset.conditions, *ruleset.prerequisites):
            found = ruleset.threshold(clause.id, region="dbsh", year=2023)
            assert clause.label.in_(lang) in found.explain(lang)
            assert clause.id in found._repr_html_()


def evil(text: str) -> ntm.Ruleset:
    label = {"vi": text, "en": text}
    parts = [{"part": "a", "label": label, "requires": {"met": "postal_service_point"}}]
    own = {"no": "7", "label": label, "citation": text, "set_by": "national", "requires": {"all": parts}}
    unknown = {"number": text, "issued": "unknown", "in_force": "unknown"}
    layer = {"layer": text, "of": NTM, "kind": "amendment", "decision": unknown, "replace_indicators": [own]}
    criterion = {"no": "20", "title": label, "indicators": [own | {"no": "20.1"}]}
    return ntm.load_ruleset(NTM, overlays=[layer | {"add_criteria": [criterion]}])


def test_a_ruleset_shows_itself_in_a_notebook() -> None:
    page = RULES._repr_html_()
    assert "Bộ tiêu chí quốc gia" in page
    assert "318/QĐ-TTg" in page
    assert page.count("<tr>") == 1 + len(RULES.criteria)
    assert "<table>" in page
    assert len(page) < 6000


def test_what_notebooks_show_is_escaped() -> None:
    ruleset = evil("<b>&</b>")
    for page in (ruleset._repr_html_(), ruleset.threshold("7", region="tn")._repr_html_()):
        assert "<b>&</b>" not in page
        assert "&lt;b&gt;&amp;&lt;/b&gt;" in page


def test_a_threshold_comes_back_from_a_pickle() -> None:
    found = RULES.threshold("4.2", region="dbsh")
    back = pickle.loads(pickle.dumps(found))  # noqa: S301
    assert back == found
    assert back.explain() == found.explain()
