"""A commune: who it is, the facts known of it, and the verdicts attested by the agencies responsible."""

from __future__ import annotations

import contextlib
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import attrs

from ntm_rules.model.by_number import by_number
from ntm_rules.model.checking import clean_facts, place_of
from ntm_rules.model.errors import CommuneError, FactError, NtmRulesError, Problem
from ntm_rules.model.facts import SEXES
from ntm_rules.model.refusals import why_refused
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.model.text import Text, clean_text, name_of, nearest, shown
from ntm_rules.model.values import FactValue, Ratio, add, canonical, to_plain
from ntm_rules.model.years import FIRST_YEAR, LAST_YEAR, fact_year

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "Commune",
    "check_fields",
    "fact_year",
    "facts_given",
    "freeze_facts",
    "given_before",
    "not_a_commune",
]

_PLAIN = frozenset((bool, int, float, str))
_LIMIT = 10**40
_SEX_KEYS = frozenset(SEXES) | {"total"}


def _problem(code: str, key: str, found: Any, vi: str, en: str, wanted_vi: str, wanted_en: str) -> Problem:
    return Problem(code=code, key=key, found=shown(found), message=Text(vi, en), wanted=Text(wanted_vi, wanted_en))


def unit_code(code: int | str | None) -> str | None:
    """A commune's code as five digits with its leading zeros; CommuneError where it is none.

    >>> unit_code(754)
    '00754'
    """
    if code is None or (type(code) is str and len(code) == 5 and code.isascii() and code.isdigit()):
        return code
    text = clean_text(code) if isinstance(code, str) else shown(code)
    if isinstance(code, bool) or not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise CommuneError(
            [
                _problem(
                    "bad_code",
                    "code",
                    code,
                    "mã xã không hợp lệ",
                    "not a commune code",
                    "1 đến 5 chữ số",
                    "1 to 5 digits",
                )
            ]
        )
    return text.zfill(5)


def _text(field: str, text: str | None) -> str | None:
    """A field that is text, trimmed and NFC."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise CommuneError([_problem(f"bad_{field}", field, text, "không phải chữ", "is not text", "chữ", "text")])
    return text.strip() if text.isascii() else clean_text(text)  # ASCII text is NFC already


def _name(text: str | None) -> str | None:
    return _text("name", text)


def _region(text: str | None) -> str | None:
    return _text("region", text)


def _province(text: str | None) -> str | None:
    return _text("province", text)


def _district(text: str | None) -> str | None:
    return _text("district", text)


def _zones(zone: str | Iterable[str] | None) -> tuple[str, ...]:
    if zone is None:
        return ()
    zones = (zone,) if isinstance(zone, str) else tuple(zone) if isinstance(zone, Iterable) else (zone,)
    if not all(isinstance(item, str) for item in zones):
        raise CommuneError(
            [_problem("bad_zone", "zone", zone, "khu vực không phải chữ", "the zone is not text", "chữ", "text")]
        )
    return tuple(clean_text(item) for item in zones)


def _attested(attested: Mapping[str, bool] | None) -> Mapping[str, bool]:
    if attested is None:
        return _NONE
    if not isinstance(attested, Mapping):
        wanted = ("bảng số chỉ tiêu → đúng/sai", "a mapping of indicator number to true or false")
        raise CommuneError(
            [_problem("bad_attested", "attested", attested, "phải là bảng", "must be a mapping", *wanted)]
        )
    problems = [
        _problem(
            "bad_attested",
            f"attested.{name_of(key)}",
            value,
            "xác nhận phải là đúng hoặc sai",
            "an attested verdict is true or false",
            "true/false",
            "true/false",
        )
        for key, value in attested.items()
        if not isinstance(value, bool) or not isinstance(key, str)
    ]
    if problems:
        raise CommuneError(problems)
    clean = {clean_text(key): value for key, value in attested.items()}
    if len(clean) < len(attested):
        keys = sorted(map(clean_text, attested))
        twice = dict.fromkeys(key for key, after in itertools.pairwise(keys) if key == after)
        wanted = ("một lần", "once")
        raise CommuneError(
            _problem(
                "given_twice", f"attested.{key}", key, "xác nhận ghi hai lần", "the verdict is given twice", *wanted
            )
            for key in twice
        )
    return MappingProxyType(clean)


def _host_id(value: Any) -> Any:
    """The host's own identifier as it is; a number that JSON gave as a decimal as what it stands for."""
    if type(value) is not Decimal:
        return value
    whole = value.is_finite() and value.adjusted() < 40 and value == value.to_integral_value()
    return int(value) if whole else str(value)


def freeze_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as given, checked to be exact values; a fact of None is no fact.

    Booleans, ints and finite floats stay as they are; everything else becomes its canonical value. A fact given by sex
    (``{"male": …, "female": …}``) becomes the facts ``KEY.male`` and ``KEY.female`` (and ``KEY`` for its "total").
    """
    if type(facts) is not dict and not isinstance(facts, Mapping):
        raise FactError(
            [
                _problem(
                    "bad_facts",
                    "facts",
                    facts,
                    "số liệu phải là bảng khóa → giá trị",
                    "facts must map keys to values",
                    "bảng",
                    "a mapping",
                )
            ]
        )
    clean: dict[str, Any] = dict(facts)
    # Plain values cannot change later and stay as given. A finite sum has no text, NaN or infinity in it: one pass in C on
    # the path most communes take.
    with contextlib.suppress(TypeError, ArithmeticError):
        total = sum(clean.values())
        "".join(clean)  # a key that is not text
        if (type(total) is float or type(total) is int) and -_LIMIT < total < _LIMIT:
            return clean
    for key, value in clean.items():
        kind = type(value)
        plain = kind is bool or kind is str or ((kind is float or kind is int) and -_LIMIT < value < _LIMIT)
        if not plain or type(key) is not str:
            break
    else:
        return clean
    problems: list[Problem] = []
    for key, value in list(clean.items()):
        if not isinstance(key, str):
            problems.append(
                _problem(
                    "bad_key", name_of(key), key, "tên số liệu phải là chữ", "a fact key must be text", "chữ", "text"
                )
            )
        elif value is None:
            del clean[key]
        elif type(value) not in _PLAIN or (type(value) in (int, float) and not -_LIMIT < value < _LIMIT):
            _freeze_other(clean, key, value, problems)
    if problems:
        raise FactError(problems)
    return clean


def _freeze_other(clean: dict[str, Any], key: str, value: Any, problems: list[Problem]) -> None:
    """Put in the canonical value, or what is wrong with it; a value by sex becomes a fact for each."""
    if type(value) is not dict and not isinstance(value, Mapping):
        given = {key: value}
    elif value and _SEX_KEYS.issuperset(value):
        del clean[key]
        given = {key if sex == "total" else f"{key}.{sex}": item for sex, item in value.items()}
        problems += [_given_twice(name, clean[name]) for name in given if name in clean]
    else:
        given = {key: value}
    for name, item in given.items():
        try:
            frozen = canonical(dict(item) if isinstance(item, Mapping) else item)
        except (ValueError, ArithmeticError) as error:
            problems.append(_bad_value(name, item, error))
        else:
            if frozen is not None:
                clean[name] = frozen
    male, female = (clean.get(f"{key}.{sex}") for sex in SEXES)
    if key not in clean and isinstance(male, Ratio) and isinstance(female, Ratio):
        clean[key] = add(male, female)


def _given_twice(key: str, value: Any) -> Problem:
    wanted = ("một lần: theo nam, nữ, hoặc theo khóa riêng", "once: by sex, or by its own key")
    return _problem("given_twice", key, value, "số liệu ghi hai lần", "the fact is given twice", *wanted)


def _bad_value(key: str, value: Any, error: Exception) -> Problem:
    why = why_refused(error)
    return _problem(
        "bad_value",
        key,
        value,
        f"không phải giá trị hợp lệ ({why.vi})",
        f"not a value ({why.en})",
        "đúng/sai, số, chữ, hoặc tử số/mẫu số",
        "a boolean, number, text, or numerator/denominator",
    )


def _against_catalogue(ruleset: Ruleset, facts: Mapping[str, Any], said: set[str | None]) -> list[Problem]:
    """What judging would refuse in facts that are refused already for another reason; `said` are the keys named."""
    try:
        clean_facts(ruleset.catalogue, facts)
    except FactError as error:
        return [problem for problem in error.problems if problem.key not in said]
    return []


_NONE: Mapping[str, Any] = MappingProxyType({})


_FIELDS: Mapping[str, Callable[[Any], Any] | None] = {
    "code": unit_code,
    "name": _name,
    "region": _region,
    "province": _province,
    "district": _district,
    "zone": _zones,
    "year": fact_year,
    "facts": freeze_facts,
    "attested": _attested,
    "host_id": _host_id,
}


def _unknown_field(key: Any) -> Problem:
    names = ", ".join(_FIELDS)
    return Problem(
        code="unknown_field",
        key=name_of(key),
        message=Text("không có trường này", "no such field"),
        wanted=Text(names, names),
        nearest=nearest(key, _FIELDS),
    )


def check_fields(data: Mapping[Any, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The fields of a commune that can be taken, and all that is wrong with the others: each is tried alone."""
    clean: dict[str, Any] = {}
    problems = [_unknown_field(key) for key in data if key not in _FIELDS]
    for key, converter in _FIELDS.items():
        try:
            if key in data:
                clean[key] = data[key] if converter is None else converter(data[key])
        except NtmRulesError as error:
            problems += error.problems
    return clean, problems


def not_a_commune(data: Any) -> Problem:
    """What is wrong where a commune was wanted and something else came."""
    names = ", ".join(_FIELDS)
    return Problem(
        code="not_a_commune",
        found=shown(data),
        message=Text("không phải dữ liệu một xã", "not the data of a commune"),
        wanted=Text(f"bảng có các khóa {names}", f"a mapping with the keys {names}"),
    )


@attrs.frozen(slots=True, kw_only=True, eq=False, repr=False, init=False)
class Commune:
    """A commune and what is known of it.

    `code` (int or text) is kept as five digits; `region` is a region's key ("dbsh") or, where absent, follows from `province`,
    the province as it was before 2025-07-01; `district` names the district for reports and decides nothing; `zone` is one zone or several ("III", "atk-poor-district"), None saying that the
    commune lies in none; `year` is the year of the facts. `facts` maps keys of the fact catalogue to exact values: True/False,
    int, Decimal, float (taken by its shortest decimal form), text, ``{"numerator": …, "denominator": …}``, or by sex
    ``{"male": …, "female": …}``. `attested` maps indicator numbers to the verdict of the agency responsible, best with their
    ruleset: ``{"2021-2025/xa-ntm:7": True}``. A number alone, "7", means indicator 7 of whichever ruleset the commune is judged
    under, so the same commune says another thing under another ruleset; results say under which it was read (`attested_as`).
    `host_id` keeps the host's own identifier. `given` are the facts as they came.

    The constructor checks what can be checked without a ruleset: that the code has 1 to 5 digits, that texts are text, that the
    year may be one, that facts and verdicts have a form that can be a value (text is read later, by the kind of its fact). It raises `FactError` naming every bad fact, or
    `CommuneError` naming the problems of all fields where one beside facts is bad. Names of regions, provinces, zones and
    indicators, and keys, kinds and bounds of facts, are held against the ruleset when the commune is judged.

    >>> c = Commune(code=13570, name="Nhân Bình", region="dbsh", year=2023, facts={"households_registered_reliable_power_pct": "99.1"})
    >>> c.code, c.facts["households_registered_reliable_power_pct"]
    ('13570', Decimal('99.1'))
    """

    code: str | None = attrs.field(default=None, converter=unit_code)
    name: str | None = attrs.field(default=None, converter=_name)
    region: str | None = attrs.field(default=None, converter=_region)
    province: str | None = attrs.field(default=None, converter=_province)
    district: str | None = attrs.field(default=None, converter=_district)
    zones: tuple[str, ...] = attrs.field(default=None, converter=_zones, alias="zone")
    year: int | None = attrs.field(default=None, converter=fact_year)
    _given: dict[str, Any] = attrs.field(factory=dict, converter=freeze_facts, alias="facts")
    attested: Mapping[str, bool] = attrs.field(default=None, converter=_attested)
    host_id: Any = attrs.field(default=None, converter=_host_id)

    def __init__(
        self,
        *,
        code: int | str | None = None,
        name: str | None = None,
        region: str | None = None,
        province: str | None = None,
        district: str | None = None,
        zone: str | Iterable[str] | None = None,
        year: int | None = None,
        facts: Mapping[str, Any] = _NONE,
        attested: Mapping[str, bool] | None = None,
        host_id: Any = None,
    ) -> None:
        try:
            self.__attrs_init__(
                code=code,
                name=name,
                region=region,
                province=province,
                district=district,
                zone=zone,
                year=year,
                facts=facts,
                attested=attested,
                host_id=host_id,
            )
        except NtmRulesError as error:  # the first field that is bad: say what is wrong with the others too
            identity = {
                "code": code,
                "name": name,
                "region": region,
                "province": province,
                "district": district,
                "zone": zone,
                "year": year,
            }
            _, problems = check_fields(identity | {"facts": facts, "attested": attested})
            only_facts = isinstance(error, FactError) and len(problems) == len(error.problems)
            raise (FactError if only_facts else CommuneError)(problems) from None

    @property
    def zone(self) -> str | tuple[str, ...] | None:
        """The zone, several zones, or None."""
        return self.zones[0] if len(self.zones) == 1 else self.zones or None

    @property
    def given(self) -> Mapping[str, Any]:
        """The facts as they came."""
        return MappingProxyType(self._given)

    @property
    def facts(self) -> Mapping[str, FactValue]:
        """The facts as exact values, by key; facts by sex as ``KEY.male`` and ``KEY.female``."""
        return MappingProxyType(dict(self._canonical()))

    def _canonical(self) -> Iterator[tuple[str, FactValue]]:
        """The facts by key as exact values; FactError for an object that is no fact value."""
        for key, value in self._given.items():
            try:
                found = canonical(value)
            except (ValueError, ArithmeticError) as error:
                raise FactError([_bad_value(key, value, error)]) from None
            if found is not None:
                yield key, found

    def replace(self, **changes: Any) -> Commune:
        """A copy with some fields changed, named as in the constructor."""
        fields: dict[str, Any] = {
            "code": self.code,
            "name": self.name,
            "region": self.region,
            "province": self.province,
            "district": self.district,
            "zone": self.zones,
            "year": self.year,
            "facts": self._given,
            "attested": self.attested,
            "host_id": self.host_id,
        }
        return Commune(**fields | changes)

    def to_dict(self) -> dict[str, Any]:
        """The commune as JSON-ready data; `from_dict` reads it back to an equal commune."""
        facts = {key: to_plain(value) for key, value in self._canonical()}
        plain = {
            "code": self.code,
            "name": self.name,
            "region": self.region,
            "province": self.province,
            "district": self.district,
            "zone": list(self.zones) if len(self.zones) > 1 else self.zone,
            "year": self.year,
            "facts": facts,
            "attested": dict(self.attested),
            "host_id": self.host_id,
        }
        left_out = {key for key, value in plain.items() if value is None} | (
            {"attested"} if not self.attested else set()
        )
        return {key: value for key, value in plain.items() if key not in left_out}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Commune:
        """A commune from data as `to_dict` gives it; every problem of identity and facts in one error."""
        if not isinstance(data, Mapping):
            raise CommuneError([not_a_commune(data)])
        if _FIELDS.keys() >= data.keys():
            with contextlib.suppress(NtmRulesError):
                return cls(**data)
        _, problems = check_fields(data)
        raise CommuneError(problems)

    @classmethod
    def from_indicators(cls, ruleset: Ruleset, values: Mapping[str, Any], **identity: Any) -> Commune:
        """A commune from values by indicator number, as offices report them.

        A figure becomes the indicator's fact; True or False the fact of a plain "Đạt", else an attested verdict; an indicator of
        parts takes ``{"a": …, "b": …}``. `identity` is what the constructor takes beside facts. Raises `FactError` naming every
        number that is not the ruleset's, takes no such value, or has a value that is none; `CommuneError` where something is
        wrong with the identity too.
        """
        fields, problems = check_fields(identity)
        own = cls(
            **{key: fields.get(key, value) for key, value in identity.items() if key in fields or key not in _FIELDS}
        )
        column = None
        try:
            column = place_of(ruleset, own)[0] if own.region or own.province else None
        except CommuneError as error:
            problems += error.problems
        reported = by_number(ruleset, values, column)
        stated = reported.facts | (dict(identity["facts"]) if "facts" in fields else {})
        facts, wrong = check_fields({"facts": stated})
        if problems or reported.problems or wrong:
            wrong += _against_catalogue(ruleset, stated, {problem.key for problem in wrong})
            raise (CommuneError if problems else FactError)([*problems, *reported.problems, *wrong])
        return own.replace(attested=reported.attested | dict(own.attested), **facts)

    def to_json(self) -> str:
        """The commune as one JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, default=str)

    def _identity(self) -> tuple[Any, ...]:
        facts = frozenset((key, type(value), value) for key, value in self._canonical())
        return (
            self.code,
            self.name,
            self.region,
            self.province,
            self.district,
            self.zones,
            self.year,
            facts,
            frozenset(self.attested.items()),
            repr(self.host_id),
        )

    def __eq__(self, other: object) -> bool:
        return self._identity() == other._identity() if isinstance(other, Commune) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items() if name != "facts")
        return f"Commune({shown}{', ' if shown else ''}facts=<{len(self._given)}>)"

    def __getstate__(self) -> dict[str, Any]:
        return self.to_dict()

    def __setstate__(self, state: dict[str, Any]) -> None:
        restored = Commune(**state)
        for field in attrs.fields(Commune):
            object.__setattr__(self, field.name, getattr(restored, field.name))


# The facts as they came, for engines, which read the dict itself: a read-only view costs each reading some time.
facts_given: Callable[[Commune], dict[str, Any]] = operator.attrgetter("_given")


def given_before(commune: Commune, place: str, seen: dict[Any, str]) -> Problem | None:
    """That a commune's code and year were given before, and where; `seen` holds the places so far, of communes that have a code."""
    if commune.code is None:
        return None
    key = (commune.code, commune.year)
    if key not in seen:
        seen[key] = place
        return None
    first = seen[key]
    year = Text("không rõ năm", "no year") if commune.year is None else Text(str(commune.year), str(commune.year))
    return Problem(
        code="commune_twice",
        key="code",
        found=shown(commune.code),
        message=Text(
            f"xã này, năm này ({year.vi}) đã có ở {first}",
            f"this commune of this year ({year.en}) was given at {first}",
        ),
        wanted=Text("mỗi xã một lần cho mỗi năm", "each commune once for a year"),
    )
