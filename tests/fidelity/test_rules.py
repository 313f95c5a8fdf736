"""The rules written around the tables: regions, schools, both sexes, poverty, the factors of kiểu mẫu, what a rule becomes when."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

import ntm_rules as ntm
from ntm_rules.model.requirement import Comparison, FactComparison, leaves

from .checks import CONDITIONS
from .expected import BOTH_SEXES
from .tables import NATIONAL, REGIONS

# The 63 provinces before 2025-07-01 by the socio-economic regions of the criteria.
PROVINCES = {
    "tdmnpb": "Hà Giang, Cao Bằng, Bắc Kạn, Tuyên Quang, Lào Cai, Yên Bái, Thái Nguyên, Lạng Sơn, Bắc Giang, Phú Thọ, "
    "Điện Biên, Lai Châu, Sơn La, Hòa Bình",
    "dbsh": "Hà Nội, Vĩnh Phúc, Bắc Ninh, Quảng Ninh, Hải Dương, Hải Phòng, Hưng Yên, Thái Bình, Hà Nam, Nam Định, Ninh Bình",
    "btb": "Thanh Hóa, Nghệ An, Hà Tĩnh, Quảng Bình, Quảng Trị, Thừa Thiên Huế",
    "dhntb": "Đà Nẵng, Quảng Nam, Quảng Ngãi, Bình Định, Phú Yên, Khánh Hòa, Ninh Thuận, Bình Thuận",
    "tn": "Kon Tum, Gia Lai, Đắk Lắk, Đắk Nông, Lâm Đồng",
    "dnb": "Bình Phước, Tây Ninh, Bình Dương, Đồng Nai, Bà Rịa - Vũng Tàu, Hồ Chí Minh",
    "dbscl": "Long An, Tiền Giang, Bến Tre, Trà Vinh, Vĩnh Long, Đồng Tháp, An Giang, Kiên Giang, Cần Thơ, Hậu Giang, "
    "Sóc Trăng, Bạc Liêu, Cà Mau",
}


def test_the_63_provinces_and_their_regions() -> None:
    catalogue = ntm.load_ruleset("2021-2025/xa-ntm").catalogue
    wanted = {name: region for region, names in PROVINCES.items() for name in names.split(", ")}
    assert len(wanted) == 63
    assert {province.name: province.region for province in catalogue.provinces.values()} == wanted
    assert tuple(catalogue.regions) == REGIONS


@pytest.mark.parametrize(("name", "region"), [(n, r) for r, names in PROVINCES.items() for n in names.split(", ")])
def test_a_commune_of_a_province_is_judged_by_the_column_of_its_region(name: str, region: str) -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm")
    assert ntm.evaluate(ruleset, ntm.Commune(province=name, year=2024)).column == region


# (region, number of schools) → level-1 share in percent; and whether all must be at the minimum level (README, "5").
def _schools(region: str, schools: int) -> tuple[int, bool]:
    if region in ("dbsh", "dnb"):
        return 100, False
    return (70 if schools > 3 else 50), True


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("schools", [1, 3, 4, 9])
def test_schools(region: str, schools: int) -> None:
    ruleset = ntm.load_ruleset("2021-2025/xa-ntm", on=datetime.date(2023, 12, 31))
    share, minimum = _schools(region, schools)

    def status(level1: str, at_minimum: str) -> ntm.Status:
        facts = {
            "schools_total": schools,
            "schools_facility_level1_pct": level1,
            "schools_minimum_facilities_pct": at_minimum,
        }
        return ntm.evaluate(ruleset, ntm.Commune(region=region, year=2023, facts=facts)).statuses["5"]

    assert status(str(share), "100") is ntm.Status.MET
    assert status(str(Decimal(share) - Decimal("0.01")), "100") is ntm.Status.MISSING
    assert status("100", "99.99") is (ntm.Status.MISSING if minimum else ntm.Status.MET)


def _both_sexes(ruleset: ntm.Ruleset) -> set[str]:
    return {
        indicator.id
        for indicator in ruleset.indicators
        for leaf in leaves(indicator)
        if isinstance(leaf.requirement, Comparison) and leaf.requirement.both_sexes
    }


@pytest.mark.parametrize("name", NATIONAL)
@pytest.mark.parametrize("on", [None, datetime.date(2024, 2, 29)])
def test_what_must_hold_for_men_and_for_women(name: str, on: datetime.date | None) -> None:
    ruleset = ntm.load_ruleset(name, on=on)
    assert _both_sexes(ruleset) == {number for of, number in BOTH_SEXES if of == name}


def _fact(ruleset: ntm.Ruleset, number: str) -> str:
    requirement = ruleset.indicator(number).requirement
    assert isinstance(requirement, (Comparison, FactComparison))
    return requirement.fact


def test_poverty_is_another_fact_in_each_phase() -> None:
    assert _fact(ntm.load_ruleset("2016-2020/xa-ntm"), "11") == "poor_households_pct"
    for name in ("2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao"):
        assert _fact(ntm.load_ruleset(name), "11") == "poor_and_near_poor_households_pct"


def test_standards_of_one_name_and_two_contents_are_two_facts() -> None:
    first = _fact(ntm.load_ruleset("2016-2020/xa-ntm"), "18.5")
    second = _fact(ntm.load_ruleset("2021-2025/xa-ntm", on=datetime.date(2023, 1, 1)), "18.4")
    assert first != second


@pytest.mark.parametrize("province", [None, "dong-thap", "ha-noi", "quang-nam"])
def test_model_income_is_a_factor_of_the_advanced_one(province: str | None) -> None:
    model = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau", province=province)
    advanced = ntm.load_ruleset("2021-2025/xa-ntm-nang-cao", province=province)
    part = "2.qg" if province in ("ha-noi", "quang-nam") else "2"
    for region in REGIONS:
        for year in range(2020, 2027):
            found = model.threshold(part, region=region, year=year)
            base = advanced.threshold("10", region=region, year=year)
            assert found.reason == base.reason
            assert found.value == (base.value * Decimal("1.1") if isinstance(base.value, Decimal) else None)


def test_model_income_of_the_first_phase_is_a_factor_of_the_income_at_recognition() -> None:
    requirement = ntm.load_ruleset("2016-2020/xa-ntm-kieu-mau").indicator("1.2").requirement
    assert isinstance(requirement, FactComparison)
    assert (requirement.other, requirement.direction.value) == ("income_per_capita_at_recognition", "at_least")
    assert [cell.value for _, _, cell in requirement.factor.cells()] == [Decimal("1.5")]


def test_a_stunting_rate_and_poverty_are_maxima_everywhere() -> None:
    maxima = {
        (name, leaf.id)
        for name in NATIONAL
        for indicator in ntm.load_ruleset(name).indicators
        for leaf in leaves(indicator)
        if isinstance(leaf.requirement, Comparison) and leaf.requirement.direction.value == "at_most"
    }
    assert maxima == {
        ("2016-2020/xa-ntm", "11"),
        ("2016-2020/xa-ntm", "15.3"),
        ("2021-2025/xa-ntm", "11"),
        ("2021-2025/xa-ntm", "15.3"),
        ("2021-2025/xa-ntm-nang-cao", "11"),
    }


def test_income_of_the_first_phase_has_no_threshold_but_that_of_2020() -> None:
    ruleset = ntm.load_ruleset("2016-2020/xa-ntm")
    commune = ntm.Commune(region="dbscl", year=2017, facts={"income_per_capita": "34.93"})
    result = ntm.evaluate(ruleset, commune).indicator("10")
    assert (result.status, result.reason) == (ntm.Status.UNDETERMINED, ntm.Reason.NO_THRESHOLD_FOR_YEAR)


@pytest.mark.parametrize(("name", "province", "day", "asked"), CONDITIONS, ids=str)
def test_conditions_are_decided_by_their_facts(
    name: str, province: str, day: str, asked: tuple[tuple[str, str, str], ...]
) -> None:
    on = datetime.date.fromisoformat(day) if day else None
    ruleset = ntm.load_ruleset(name, on=on, province=province or None)
    region = None if ruleset.columns == ("common",) else "dhntb"
    facts: dict[str, object] = {
        fact: direction == "met" or 100 for _, direction, fact in asked if direction in ("met", "at_least")
    }
    found = ntm.evaluate(ruleset, ntm.Commune(region=region, year=2024, facts=facts)).conditions
    # No percentage of satisfied residents is known, and where no rule stands yet nothing can be decided.
    open_ = {"satisfaction", "recognition_rule"}
    assert {result.id: result.status.value for result in found} == {
        number: "undetermined" if number in open_ else "met" for number, _, _ in asked
    }
