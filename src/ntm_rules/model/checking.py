"""Facts held against the catalogue: right key, right kind, within bounds. All problems of a commune in one error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import attrs

from ntm_rules.model.errors import CommuneError, FactError, Problem
from ntm_rules.model.facts import SEXES, SIDES, Fact, FactKind
from ntm_rules.model.refusals import why_refused
from ntm_rules.model.ruleset import Catalogue, Province, Ruleset, SpecialCommunes
from ntm_rules.model.text import Text, nearest, shown
from ntm_rules.model.values import FactValue, Ratio, canonical, exact

if TYPE_CHECKING:
    from ntm_rules.model.commune import Commune

__all__ = [
    "LEVEL_WORDS",
    "check_facts",
    "clean_facts",
    "clean_value",
    "fact_named",
    "half_ratio",
    "place_of",
    "place_problems",
    "unknown_province",
]

_WANTED = {
    FactKind.BOOLEAN: Text("true hoặc false", "true or false"),
    FactKind.PERCENT: Text("tỷ lệ %, hoặc tử số/mẫu số", "a percentage, or numerator/denominator"),
    FactKind.NUMBER: Text("số", "a number"),
    FactKind.COUNT: Text("số nguyên", "a whole number"),
    FactKind.MONEY: Text("số", "a number"),
}


# "Mức độ 2", as the tables write it, is the value "2".
LEVEL_WORDS = ("mức độ", "mức", "level")
_LEVEL = re.compile(rf"^({'|'.join(LEVEL_WORDS)})\s+(?=\d)")


def fact_named(catalogue: Catalogue, key: str) -> Fact | None:
    """The catalogue's fact of a key, ``KEY.male`` and ``KEY.female`` included; None where there is none."""
    fact = catalogue.facts.get(key)
    if fact is None:
        name, _, sex = key.rpartition(".")
        fact = catalogue.facts.get(name) if sex in SEXES else None
        if fact is not None and not fact.by_sex:
            return None
    return fact


def clean_facts(catalogue: Catalogue, given: Mapping[str, Any]) -> dict[str, FactValue]:
    """The facts as exact values of the catalogue's kinds; FactError with every problem found."""
    problems: list[Problem] = []
    clean: dict[str, FactValue] = {}
    for key, value in given.items():
        found = _clean(catalogue, key, value)
        if isinstance(found, Problem):
            problems.append(found)
        elif found is not None:
            clean[key] = found
    problems.extend(
        _sexes_disagree(key, clean) for key in clean if key.endswith(".male") and not _sexes_agree(key, clean)
    )
    if problems:
        raise FactError(problems)
    return clean


def check_facts(catalogue: Catalogue, given: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Check some of the facts; where any is bad, or belongs to a sex, all are checked and every problem is raised."""
    for key in keys:
        if "." in str(key) or isinstance(_clean(catalogue, key, given[key]), Problem):
            clean_facts(catalogue, given)
            return


def _sexes_agree(male_key: str, facts: Mapping[str, FactValue]) -> bool:
    total, male, female = (facts.get(male_key[: -len(".male")] + end) for end in ("", ".male", ".female"))
    if not all(isinstance(value, (Decimal, Ratio)) for value in (total, male, female)):
        return True
    _low, middle, _high = sorted((exact(male), exact(total), exact(female)))  # type: ignore[arg-type]
    return middle == exact(total)  # type: ignore[arg-type]


def _sexes_disagree(male_key: str, facts: Mapping[str, FactValue]) -> Problem:
    key = male_key[: -len(".male")]
    return Problem(
        code="inconsistent",
        key=key,
        found=shown(facts[key]),
        message=Text("tỷ lệ chung không nằm giữa tỷ lệ nam và nữ", "the total does not lie between men and women"),
        wanted=Text("ba số khớp nhau", "three figures that agree"),
    )


def _clean(catalogue: Catalogue, key: str, given: Any) -> FactValue | Problem | None:
    fact = fact_named(catalogue, key) if isinstance(key, str) else None
    if fact is None:
        return Problem(
            code="unknown_fact",
            key=str(key),
            found=shown(key),
            message=Text("không có số liệu này trong danh mục", "no such fact in the catalogue"),
            nearest=nearest(key, catalogue.facts),
        )
    return clean_value(fact, key, given)


def clean_value(fact: Fact, key: str, given: Any) -> FactValue | Problem | None:
    """The exact value of a fact, what is wrong with it, or None for no fact."""
    try:
        value = canonical(given)
    except (ValueError, ArithmeticError) as error:
        why = why_refused(error)
        return Problem(
            code="bad_value",
            key=key,
            found=shown(given),
            message=Text(f"không phải giá trị hợp lệ ({why.vi})", f"not a value ({why.en})"),
        )
    if value is None:
        return None
    if fact.kind is FactKind.CATEGORY:
        return _category(fact, key, value)
    if fact.kind is FactKind.BOOLEAN:
        return value if isinstance(value, bool) else _wrong_kind(fact, key, given)
    if isinstance(value, Ratio) and fact.kind is FactKind.PERCENT:
        number: Decimal | Fraction = value.percent
    elif isinstance(value, Decimal) and (fact.kind is not FactKind.COUNT or value == value.to_integral_value()):
        number = value
    else:
        return _wrong_kind(fact, key, given)
    if not _within(number, fact):
        bounds = f"{fact.low if fact.low is not None else '…'} – {fact.high if fact.high is not None else '…'}"
        return Problem(
            code="out_of_bounds",
            key=key,
            found=shown(given),
            message=Text("ngoài giới hạn", "out of bounds"),
            wanted=Text(bounds, bounds),
        )
    return value


def _within(number: Decimal | Fraction, fact: Fact) -> bool:
    low, high = fact.low, fact.high
    if isinstance(number, Fraction):
        return (low is None or number >= Fraction(low)) and (high is None or number <= Fraction(high))
    return (low is None or number >= low) and (high is None or number <= high)


def _wrong_kind(fact: Fact, key: str, given: Any) -> Problem:
    return Problem(
        code="wrong_kind",
        key=key,
        found=shown(given),
        message=Text("sai loại giá trị", "the wrong kind of value"),
        wanted=_WANTED[fact.kind],
    )


def _category(fact: Fact, key: str, value: FactValue) -> FactValue | Problem:
    if not isinstance(value, (bool, Ratio)):
        wanted = _LEVEL.sub("", str(value).casefold()) if isinstance(value, str) else str(value)
        for known in fact.values:
            if known.casefold() == wanted:
                return known
    names = ", ".join(fact.values)
    return Problem(
        code="wrong_kind",
        key=key,
        found=shown(value),
        message=Text("không phải một mức của danh mục", "not one of the catalogue's values"),
        wanted=Text(names, names),
        nearest=nearest(value, fact.values),
    )


def place_of(ruleset: Ruleset, commune: Commune) -> tuple[str, SpecialCommunes | None]:
    """The column that judges the commune, and the rule that sends it there where that is not its region's own.

    Raises CommuneError where its region, province or zone is not known.
    """
    catalogue = ruleset.catalogue
    problems = list(place_problems(catalogue, commune.region, commune.province, commune.zones))
    province = catalogue.province(commune.province) if commune.province is not None else None
    region = commune.region or (province.region if province else None)
    if region is None and ruleset.columns != ("common",) and not problems:
        names = ", ".join(catalogue.regions)
        problems.append(
            Problem(
                code="no_region",
                key="region",
                message=Text("chưa biết vùng của xã", "the commune's region is not known"),
                wanted=Text(
                    f"region ({names}) hoặc province (tỉnh cũ)", f"region ({names}) or province (as before 2025-07-01)"
                ),
            )
        )
    problems += _of_another_province(ruleset, commune.region, province)
    if problems:
        raise CommuneError(problems)
    return ruleset.column_for(region, commune.zones), ruleset.column_rule(region, commune.zones)


def _of_another_province(ruleset: Ruleset, region: str | None, province: Province | None) -> Iterator[Problem]:
    """A commune of another province than the one whose overlay the ruleset has, or of a region in which that does not lie."""
    own = ruleset.catalogue.provinces.get(ruleset.province or "")
    if own is None or province == own or (province is None and region in (None, own.region)):
        return
    key, found, wanted = ("province", province.name, own.name) if province else ("region", region, own.region)
    yield Problem(
        code="another_province",
        key=key,
        found=shown(found),
        message=Text(
            f"bộ tiêu chí này có quy định riêng của {own.name}", f"this ruleset has the overlay of {own.name}"
        ),
        wanted=Text(wanted, wanted),
    )


def place_problems(
    catalogue: Catalogue, region: str | None, province_name: str | None, zones: Iterable[str]
) -> Iterator[Problem]:
    """What is wrong with a commune's region, province and zones, as far as they are given."""
    if region is not None and region not in catalogue.regions:
        yield _unknown("region", region, list(catalogue.regions))
    for zone in zones:
        if zone not in catalogue.zones:
            yield _unknown("zone", zone, list(catalogue.zones))
    if province_name is None:
        return
    province = catalogue.province(province_name)
    if province is None:
        yield unknown_province(catalogue, province_name)
    elif region in catalogue.regions and region != province.region:
        yield Problem(
            code="region_mismatch",
            key="region",
            found=shown(region),
            message=Text(f"tỉnh {province.name} không thuộc vùng này", f"{province.name} is not in this region"),
            wanted=Text(province.region, province.region),
        )


def unknown_province(catalogue: Catalogue, name: Any) -> Problem:
    """What is wrong where a province is named that the catalogue does not have, by name or by key."""
    names = [province.name for province in catalogue.provinces.values()]
    return attrs.evolve(_unknown("province", name, names), nearest=nearest(name, [*names, *catalogue.provinces]))


def _unknown(field: str, name: Any, known: list[str]) -> Problem:
    words = {
        "region": Text("không có vùng này", "no such region"),
        "zone": Text("không có khu vực này", "no such zone"),
        "province": Text(
            "không có tỉnh này (tên tỉnh trước ngày 01/7/2025)", "no such province (as named before 2025-07-01)"
        ),
    }
    return Problem(
        code=f"unknown_{field}",
        key=field,
        found=shown(name),
        message=words[field],
        wanted=Text(", ".join(known), ", ".join(known)),
        nearest=nearest(name, known),
    )


def half_ratio(key: str, side: str, found: str) -> Problem:
    """One side of a ratio without the other."""
    other = next(name for name in SIDES if name != side)
    words = {"numerator": Text("tử số", "the numerator"), "denominator": Text("mẫu số", "the denominator")}
    return Problem(
        code="half_ratio",
        key=key,
        found=found,
        message=Text(f"chỉ có {words[side].vi}", f"only {words[side].en} is given"),
        wanted=Text(f"cả {words[other].vi} ({other})", f"{words[other].en} too ({other})"),
    )
