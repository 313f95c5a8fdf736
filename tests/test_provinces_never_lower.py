"""A province may raise, add and fill in what is left to it; loading refuses what asks for less than the national text.

What counts as less is held cell by cell in test_lint.py; here, that loading refuses it, and says where.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.property.tables import Row, number, rows
from tests.test_lint import HEAD, LOOSER, NATIONAL, OTHERWISE_LOOSER, STRICTER, indicator, overlaid
from tests.test_rulebook_errors import OVERLAY_FILE, Book

import ntm_rules as ntm
from ntm_rules.model.ruleset import Month
from ntm_rules.rulebook.rulebook import rulebook, shipped

NTM = "2021-2025/xa-ntm"
ONE_OF_EACH_REGION = {
    "tdmnpb": "lao-cai",
    "dbsh": "nam-dinh",
    "btb": "nghe-an",
    "dhntb": "quang-nam",
    "tn": "dak-nong",
    "dnb": "dong-nai",
    "dbscl": "dong-thap",
}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "so")


def overlay(province: str = "nam-dinh", **content: Any) -> dict[str, Any]:
    decision = {"number": "unknown", "issued": "unknown", "in_force": "unknown"}
    return {"layer": "own", "of": NTM, "kind": "province", "province": province, "decision": decision} | content


def setting(*changes: dict[str, Any], province: str = "nam-dinh", kind: str = "province") -> dict[str, Any]:
    made = overlay(province, set_thresholds=[change | {"evidence": "confirmed"} for change in changes], kind=kind)
    return made if kind == "province" else {key: value for key, value in made.items() if key != "province"}


def refused(*overlays: dict[str, Any], on: str | None = None) -> list[ntm.Problem]:
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset(NTM, on=on, overlays=overlays)
    return list(caught.value.problems)


# -- every number of the national table


def moved(row: Row, by: str) -> dict[str, Any]:
    """The row's cell moved towards the easier ("-") or the harder ("+") side, by a hundredth."""
    value = number(row.value)
    assert value is not None
    step = Decimal("0.01") if (row.direction == ">=") is (by == "+") else Decimal("-0.01")
    cells = {row.column: str(value + step)}
    where = {"by_column": cells} if row.year is None else {"by_year": {str(row.year): cells}}
    return {"indicator": row.indicator, **({"part": row.part} if row.part else {}), **where}


def numeric(region: str) -> list[Row]:
    """The numbers of a region that the national text itself sets, of the text of 2023."""
    return [
        row
        for row in rows(NTM)
        if row.column == region
        and row.version in ("", "original")
        and row.direction in (">=", "<=")
        and row.kind != "category"
        and (value := number(row.value)) is not None
        and Decimal(0) < value < (100 if row.kind == "percent" else 10**9)
    ]


@pytest.mark.parametrize("region", ONE_OF_EACH_REGION)
def test_no_number_of_the_national_table_can_be_lowered(region: str) -> None:
    wanted = numeric(region)
    assert len(wanted) > 12
    province = ONE_OF_EACH_REGION[region]
    problems = refused(*(setting(moved(row, "-"), province=province) for row in wanted), on="2023-12-31")
    assert {problem.code for problem in problems} == {"loosens"}
    assert {problem.message.en.partition(":")[0] for problem in problems} == {row.clause for row in wanted}


@pytest.mark.parametrize("region", ONE_OF_EACH_REGION)
def test_every_number_of_the_national_table_can_be_raised(region: str) -> None:
    changes = [setting(moved(row, "+"), province=ONE_OF_EACH_REGION[region]) for row in numeric(region)]
    ruleset = ntm.load_ruleset(NTM, on="2023-12-31", overlays=changes)
    assert len(ruleset.layers) >= len(changes)


# -- every kind of requirement, as test_lint.py has them


def national_and_own(book: Book, national: str, body: str) -> None:
    overlaid(book, NATIONAL[national], body)


@pytest.mark.parametrize(("national", "own", "code"), LOOSER)
def test_what_asks_for_less_is_refused(book: Book, national: str, own: str, code: str) -> None:
    national_and_own(book, national, "replace_indicators:\n" + indicator("17.1", own))
    problems = book.problems(province="nam-dinh")
    assert [problem.code for problem in problems] == [code]
    assert problems[0].source == str(book.directory / OVERLAY_FILE)
    assert problems[0].line in range(HEAD.count("\n") + 2, HEAD.count("\n") + 5)


@pytest.mark.parametrize(("national", "own"), STRICTER)
def test_what_asks_for_as_much_loads(book: Book, national: str, own: str) -> None:
    national_and_own(book, national, "replace_indicators:\n" + indicator("17.1", own))
    assert book.load(province="nam-dinh").layers[-1].kind == "province"


@pytest.mark.parametrize(("body", "code"), OTHERWISE_LOOSER)
def test_what_takes_away_is_refused(book: Book, body: str, code: str) -> None:
    national_and_own(book, "number", body)
    same = body.startswith("special_communes")  # what the national text says of them already
    if same:
        assert book.load(province="nam-dinh").province == "nam-dinh"
    else:
        assert code in {problem.code for problem in book.problems(province="nam-dinh")}


POWER = "households_registered_reliable_power_pct"
OTHER = {"met": "power_system_meets_standard"}


def power(value: Any) -> dict[str, Any]:
    return {"at_least": {"fact": POWER, "value": value, "evidence": "confirmed"}}


def in_parts(*requirements: dict[str, Any]) -> list[dict[str, Any]]:
    words = {"vi": "Phần", "en": "A part"}
    return [{"part": letter, "label": words, "requires": r} for letter, r in zip("abc", requirements, strict=False)]


def branching(condition: dict[str, Any], then: dict[str, Any], otherwise: dict[str, Any]) -> dict[str, Any]:
    one, other = in_parts(then, otherwise)
    return {"when": {"condition": condition, "then": one, "otherwise": other}}


def replacing(requires: dict[str, Any], province: str = "dak-nong", **more: Any) -> dict[str, Any]:
    clause = {"no": "4.2", "label": {"vi": "Điện", "en": "Power"}, "set_by": "province", "requires": requires} | more
    return overlay(province, replace_indicators=[clause])


MANY_SCHOOLS = {"at_least": {"fact": "schools_total", "value": 99}}


@pytest.mark.parametrize(
    "requires",
    [
        {"all": in_parts(power(50))},
        {"all": in_parts(power(50), OTHER)},
        {"any": in_parts(power(50), power(99))},
        {"any": in_parts(power(99), OTHER)},
        {"some": {"at_least": 2, "of": in_parts(power(99), OTHER, power(50))}},
        branching(MANY_SCHOOLS, power(99), power(50)),
        {"at_least": {"fact": POWER, "times_fact": {"fact": POWER, "factor": 1}}},
        OTHER,
        {"unstated": "province"},
        power("UBND"),
        {"at_most": {"fact": POWER, "value": 100}},
    ],
    ids=str,
)
def test_a_national_threshold_cannot_be_got_round(requires: dict[str, Any]) -> None:
    """4.2 asks for 98 % in Tây Nguyên: nothing that a commune of 50 % may meet takes its place, in whatever form."""
    (problem,) = refused(replacing(requires))
    assert problem.message.en.startswith("4.2: ")


@pytest.mark.parametrize(
    "requires",
    [
        power(98),
        {"all": in_parts(power(98))},
        {"all": in_parts(power(98), OTHER)},
        {"any": in_parts(power(98), power(99))},
        {"any": in_parts({"all": in_parts(OTHER, power(98))}, power(99))},
        {"some": {"at_least": 2, "of": in_parts(power(99), OTHER, power(98))}},
        branching(MANY_SCHOOLS, power(99), power(98)),
    ],
    ids=str,
)
def test_what_is_shown_to_be_as_strict_loads(requires: dict[str, Any]) -> None:
    assert ntm.load_ruleset(NTM, overlays=[replacing(requires)]).province == "dak-nong"


@pytest.mark.parametrize(
    "requires",
    [
        {"met": "registered_in_district_plan"},
        {"any": in_parts({"met": "no_outstanding_construction_debt"}, {"met": "registered_in_district_plan"})},
    ],
    ids=str,
)
def test_a_condition_of_recognition_cannot_be_got_round(requires: dict[str, Any]) -> None:
    debt = {"id": "construction_debt", "label": {"vi": "Nợ", "en": "Debt"}, "requires": requires}
    (problem,) = refused(overlay(conditions=[debt]))
    assert problem.message.en.startswith("construction_debt: ")


def test_an_indicator_cannot_be_moved_out_of_its_criterion() -> None:
    """Income counts as the key criterion 10: under another one the rule of withdrawal would not see it."""
    (income,) = (clause for clause in ntm.load_ruleset(NTM).indicators if clause.id == "10")
    same = {"no": "10", "label": {"vi": "Thu nhập", "en": "Income"}, "citation": income.citation}
    years = {str(year): 99 for year in range(2021, 2026)}
    moved_to = same | {"criterion": "4", "requires": {"at_least": {"fact": "income_per_capita", "by_year": years}}}
    codes = {problem.code for problem in refused(overlay(remove_indicators=["10"], add_indicators=[moved_to]))}
    assert codes == {"removes_criterion"}


def test_what_the_national_text_sets_binds_though_the_province_words_it() -> None:
    """319/QĐ-TTg leaves to the province what a smart village is, and asks for one at least."""
    none = {"indicator": "3", "value": 0, "evidence": "confirmed"}
    own = overlay(set_thresholds=[none]) | {"of": "2021-2025/xa-ntm-kieu-mau"}
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau", overlays=[own])
    assert [problem.code for problem in caught.value.problems] == ["loosens"]


def test_a_province_does_not_say_who_is_judged_by_another_column() -> None:
    special = {"column": "tdmnpb", "zones": ["I", "II", "III"], "citation": "x"}
    assert [problem.code for problem in refused(overlay(special_communes=special))] == ["not_for_province"]


# -- what the error says


def test_the_error_names_file_line_indicator_column_and_both_values(tmp_path: Path) -> None:
    path = tmp_path / "cua-tinh.yaml"
    lines = [
        "layer: VÍ DỤ 00/QĐ-UBND",
        f"of: {NTM}",
        "kind: province",
        "province: nam-dinh",
        "decision: {number: VÍ DỤ, issued: 2022-06-01, in_force: 2022-06-15}",
        "set_thresholds:",
        '  - {indicator: "2.1", value: 100, evidence: confirmed}',
        '  - {indicator: "4.2", by_column: {dbsh: 75}, evidence: confirmed}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ntm.RulebookError) as caught:
        ntm.load_ruleset(NTM, overlays=[path])
    (problem,) = caught.value.problems
    assert (problem.source, problem.line, problem.key) == (str(path), 8, "set_thresholds[1]")
    assert problem.found == "dbsh: ≥ 99 → ≥ 75"
    assert problem.message == ntm.Text(
        "4.2: mức của tỉnh dễ hơn mức quốc gia", "4.2: the province's threshold is easier than the national one"
    )


def test_the_error_says_where_the_national_value_itself_is_not_sure() -> None:
    """9.2 repeats the pattern of 2016-2020 and may be false recollection: then the national text is what to correct."""
    lower = {"indicator": "9.2", "by_column": {"dbscl": 60}}
    (problem,) = refused(setting(lower, province="dong-thap"))
    assert problem.wanted is not None
    assert "not confirmed" in problem.wanted.en
    corrected = setting({"indicator": "9.2", "by_column": {"dbscl": 60}}, kind="amendment")
    own = setting(lower, province="dong-thap")
    assert ntm.load_ruleset(NTM, overlays=[corrected, own]).threshold("9.2", region="dbscl").value == 60


# -- which text, which columns, which layers


def test_an_amendment_may_lower() -> None:
    lower = setting({"indicator": "4.2", "value": 50}, kind="amendment")
    assert ntm.load_ruleset(NTM, overlays=[lower]).threshold("4.2", region="tn").value == 50


def test_a_column_of_other_provinces_judges_nobody_here() -> None:
    elsewhere = setting({"indicator": "4.2", "by_column": {"tn": 50}})
    assert ntm.load_ruleset(NTM, overlays=[elsewhere]).province == "nam-dinh"
    special = setting({"indicator": "4.2", "by_column": {"tdmnpb": 50}})
    assert [problem.code for problem in refused(special)] == ["loosens"]  # special communes of Nam Định


def test_the_text_in_force_on_the_day_is_what_counts() -> None:
    """An overlay that was as strict when issued is refused from the day a later amendment asks for more."""
    own = setting({"indicator": "4.2", "by_column": {"dbsh": "99.2"}})
    decision = {"number": "x", "issued": "2024-06-01", "in_force": "2024-07-01"}
    raised = setting({"indicator": "4.2", "by_column": {"dbsh": "99.5"}}, kind="amendment") | {"decision": decision}
    assert ntm.load_ruleset(NTM, on="2024-06-30", overlays=[raised, own]).threshold(
        "4.2", region="dbsh"
    ).value == Decimal("99.2")
    assert [problem.found for problem in refused(raised, own)] == ["dbsh: ≥ 99.5 → ≥ 99.2"]


def test_only_what_decides_in_the_end_counts() -> None:
    """A second overlay of the province that raises what the first had lowered; and one that goes back to the national value."""
    low, high = (setting({"indicator": "4.2", "by_column": {"dbsh": value}}) for value in (50, "99.5"))
    national = setting({"indicator": "4.2", "by_column": {"dbsh": 99}})
    assert ntm.load_ruleset(NTM, overlays=[low, high]).threshold("4.2", region="dbsh").value == Decimal("99.5")
    assert ntm.load_ruleset(NTM, overlays=[high, national]).threshold("4.2", region="dbsh").value == 99
    (problem,) = refused(high | {"layer": "one"}, low | {"layer": "two"}, setting({"indicator": "2.1", "value": 9}))
    assert problem.source == "two"


def test_an_amendment_after_a_provinces_overlay_is_national_too() -> None:
    own = setting({"indicator": "4.2", "by_column": {"dbsh": "99.5"}})
    eased = setting({"indicator": "4.2", "by_column": {"dbsh": 60}}, kind="amendment")
    assert ntm.load_ruleset(NTM, overlays=[own, eased]).threshold("4.2", region="dbsh").value == 60
    low = setting({"indicator": "4.2", "by_column": {"dbsh": 80}})
    assert [
        problem.found for problem in refused(own, setting({"indicator": "4.1", "value": True}, kind="amendment"), low)
    ]


def test_what_only_the_province_has_an_amendment_may_change() -> None:
    added = {
        "criterion": "17",
        "no": "17.99",
        "label": {"vi": "Thêm", "en": "More"},
        "set_by": "province",
        "requires": {"at_least": {"fact": "domestic_waste_collected_treated_pct", "value": 90}},
    }
    eased = setting({"indicator": "17.99", "value": 10}, kind="amendment")
    ruleset = ntm.load_ruleset(NTM, overlays=[overlay(add_indicators=[added]), eased])
    assert ruleset.threshold("17.99", region="dbsh").value == 10


# -- what is shipped


def first_day(date: datetime.date | Month) -> datetime.date:
    return date.first if isinstance(date, Month) else date


def test_no_shipped_overlay_is_refused_on_any_day() -> None:
    """Loading checks it whenever a text changes: the days on which a layer takes effect or is issued, and the latest text."""
    home = rulebook(shipped())
    checked = 0
    for ruleset_id in home.ids:
        for province in home.provinces_with_overlay(ruleset_id):
            layers = home.load(ruleset_id, province=province).layers
            known = {
                first_day(day) for layer in layers for day in (layer.decision.issued, layer.decision.in_force) if day
            }
            first = home.load(ruleset_id).decision.in_force or datetime.date.min
            for day in (None, *sorted(day for day in known if day >= first_day(first))):
                assert home.load(ruleset_id, province=province, on=day).id == ruleset_id
                checked += 1
    assert checked > 12
