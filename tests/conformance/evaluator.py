"""A small evaluator over the criteria tables, written apart from the library: it gives the battery its expected values.

It is slow, does one thing after another in fractions, and knows nothing of how the library does it. What it evaluates are the
items `tests.fidelity.expected` makes of the tables.
"""

from __future__ import annotations

import datetime
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.fidelity.expected import Cell, Cells, Criterion, Item, expected
from tests.fidelity.tables import REGIONS

Fact = bool | Fraction | str
Outcome = dict[str, Any]

# The values of categories, in ascending order (README: Mức độ 1 < 2 < 3; Trung bình < Khá < Tốt).
RATING = ("yếu", "trung bình", "khá", "tốt")
CATEGORIES = {
    "universal_primary_level": ("1", "2", "3"),
    "universal_lower_secondary_level": ("1", "2", "3"),
    "literacy_level": ("1", "2"),
    "disaster_preparedness_rating": RATING,
    "learning_community_rating": RATING,
}

# Provinces the battery uses, before 2025-07-01.
REGION_OF = {
    "Nam Định": "dbsh",
    "Thái Bình": "dbsh",
    "Đồng Tháp": "dbscl",
    "Quảng Nam": "dhntb",
    "nam-dinh": "dbsh",
    "ha-noi": "dbsh",
    "hai-duong": "dbsh",
    "thai-binh": "dbsh",
    "dong-thap": "dbscl",
    "quang-nam": "dhntb",
    "dak-nong": "tn",
}


@dataclass(frozen=True)
class Found:
    """What an item comes to."""

    status: str
    reason: str | None = None
    gap: str | None = None
    gap_count: int | None = None
    parts: tuple[tuple[str, Found], ...] = ()


def unknown(reason: str) -> Found:
    """Undetermined, for a reason."""
    return Found("undetermined", reason)


@dataclass(frozen=True)
class Question:
    """One evaluation: which ruleset, when, where, of which commune."""

    ruleset: str
    commune: Mapping[str, Any]
    on: str | None = None
    province: str | None = None
    strict: bool = False
    threshold_year: int | None = None

    @property
    def day(self) -> datetime.date | None:
        """The day as a date."""
        return datetime.date.fromisoformat(self.on) if self.on else None

    @property
    def year(self) -> int | None:
        """The row of the tables."""
        year: int | None = self.commune.get("year") if self.threshold_year is None else self.threshold_year
        return year

    def fact(self, key: str) -> Any:
        """A fact as given; by sex under KEY.male and KEY.female, the total under KEY."""
        facts = self.commune.get("facts", {})
        name, _, sex = key.partition(".")
        given = facts.get(name)
        if isinstance(given, Mapping) and not {"numerator", "denominator"} & set(given):
            return given.get(sex or "total")
        return facts.get(key)

    def attested(self) -> dict[str, bool]:
        """The attested verdicts that speak of this ruleset."""
        found = {}
        for key, verdict in self.commune.get("attested", {}).items():
            of, _, number = key.rpartition(":")
            if of in ("", self.ruleset):
                found[number] = verdict
        return found

    def column(self) -> str:
        """The column that judges: the region's, or that of the northern midlands and mountains for special communes."""
        if self.ruleset == "2016-2020/xa-ntm-kieu-mau":
            return "common"
        zone = self.commune.get("zone")
        zones = [zone] if isinstance(zone, str) else zone or []
        if self.ruleset.startswith("2021-2025"):
            amended = self.day is None or self.day >= datetime.date(2024, 3, 1)
            special = (
                ("II", "III", "dbkk-coast", "atk-poor-district")
                if amended
                else ("III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020")
            )
            if any(one in special for one in zones):
                return "tdmnpb"
        return self.own_column()

    def own_column(self) -> str:
        """The column of the region, whatever the zones."""
        region = self.commune.get("region") or REGION_OF[self.commune["province"]]
        assert region in REGIONS
        return str(region)

    def column_doubted(self) -> bool:
        """Whether a strict evaluation refuses the column: the rule on special communes, which sent it there, is recalled only."""
        column = self.column()
        return self.strict and column != "common" and column != self.own_column()


def number(given: Any) -> tuple[Fraction, tuple[int, int] | None]:
    """A number exactly; for a ratio its percentage, and both sides where they are whole."""
    if isinstance(given, Mapping):
        top, bottom = (Fraction(str(given[side])) for side in ("numerator", "denominator"))
        whole = top.denominator == bottom.denominator == 1
        return top * 100 / bottom, (int(top), int(bottom)) if whole else None
    return Fraction(str(given)), None


def decimal_text(value: Fraction) -> str:
    """An exact decimal, or one rounded up at the fourth place where it has no end."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator > 1:
        value = Fraction(math.ceil(value * 10000), 10000)
    places = 0
    while (value * 10**places).denominator > 1:
        places += 1
    digits = str(int(value * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def compare(direction: str, actual: Fraction, limit: Fraction) -> bool:
    """Whether a number passes."""
    return {"at_least": actual >= limit, "at_most": actual <= limit, "equal": actual == limit}[direction]


def held(fact: str, direction: str, limit: Decimal | bool | str, given: Any) -> Found:
    """A known fact held against a known threshold."""
    if isinstance(limit, bool):
        return Found("met" if given is True else "missing")
    sides = None
    if isinstance(limit, str):
        values = CATEGORIES[fact]
        text = unicodedata.normalize("NFC", str(given)).strip().casefold()
        actual, wanted = Fraction(values.index(text)), Fraction(values.index(limit))
    else:
        actual, sides = number(given)
        wanted = Fraction(limit)
    if compare(direction, actual, wanted):
        return Found("met")
    count = None
    if sides is not None:
        target, top = wanted * sides[1] / 100, sides[0]
        count = math.ceil(top - target if actual > wanted else target - top)
    return Found("missing", gap=decimal_text(abs(actual - wanted)), gap_count=count)


def cell_reason(item: Item, question: Question, column: str) -> tuple[Cell | None, str | None]:
    """The cell that decides, or why none does."""
    years = {year for year, _ in item.cells}
    cell = item.cells.get((None if None in years else question.year, column))
    if cell is None:
        return None, "no_threshold_for_year"
    if cell.state != "set":
        return None, "no_threshold"
    # Another ruleset chooses its own column.
    if question.strict and (cell.evidence != "confirmed" or (item.kind != "ruleset" and question.column_doubted())):
        return None, "unconfirmed"
    return cell, None


def judge(item: Item, question: Question, column: str) -> Found:
    """The status of an item by facts alone."""
    if item.columns is not None and column not in item.columns:
        return unknown("unconfirmed") if question.column_doubted() else Found("not_applicable")
    if item.applies_if:
        asked = question.fact(item.applies_if)
        if asked is None:
            return unknown("no_fact")
        if asked is False:
            return Found("not_applicable")
    if item.kind.startswith("unstated"):
        return unknown("no_threshold")
    if item.kind == "all":
        return _all(item, question, column)
    if item.kind == "some 1":
        return _any(item, question, column)
    if item.kind == "branch":
        return _branch(item, question, column)
    cell, reason = cell_reason(item, question, column)
    if cell is None:
        assert reason is not None
        return unknown(reason)
    if item.kind == "ruleset":
        found = standing(replace(question, ruleset=item.ruleset, commune=elsewhere(question.commune)))
        return found if found.status != "undetermined" else unknown(found.reason or "")
    assert cell.value is not None
    if item.kind == "times_fact":
        return _times_fact(item, question, cell.value)
    if item.both_sexes:
        return _both_sexes(item, question, cell.value)
    given = question.fact(item.fact)
    return unknown("no_fact") if given is None else held(item.fact, item.direction, cell.value, given)


def _times_fact(item: Item, question: Question, factor: Decimal | bool | str) -> Found:
    given, other = question.fact(item.fact), question.fact(item.other)
    if given is None or other is None:
        return unknown("no_fact")
    assert isinstance(factor, Decimal)
    actual, limit = number(given)[0], number(other)[0] * Fraction(factor)
    if compare(item.direction, actual, limit):
        return Found("met")
    return Found("missing", gap=decimal_text(abs(actual - limit)))


def _both_sexes(item: Item, question: Question, limit: Decimal | bool | str) -> Found:
    """Each sex must pass; a failing total shows that one of them fails.

    The gap is that of the sex further off, the count all that are lacking, where it is known of each sex that fails.
    """
    sexes = [question.fact(f"{item.fact}.{sex}") for sex in ("male", "female")]
    found = [held(item.fact, item.direction, limit, given) for given in sexes if given is not None]
    failing = [one for one in found if one.status == "missing"]
    if failing:
        furthest = max(failing, key=lambda one: Fraction(one.gap or 0))
        counts = [one.gap_count for one in failing if one.gap_count is not None]
        return replace(furthest, gap_count=sum(counts) if len(counts) == len(failing) else None)
    if len(found) == 2:
        return Found("met")
    total = question.fact(item.fact)
    if total is not None:
        of_all = held(item.fact, item.direction, limit, total)
        if of_all.status == "missing":
            return of_all
    return unknown("no_fact")


def _all(item: Item, question: Question, column: str) -> Found:
    parts = tuple((part.id, judge(part, question, column)) for part in item.parts)
    statuses = [part.status for _, part in parts]
    if "missing" in statuses:
        return Found("missing", parts=parts)
    if "undetermined" in statuses:
        first = next(part for _, part in parts if part.status == "undetermined")
        return Found("undetermined", first.reason, parts=parts)
    return Found("met" if "met" in statuses else "not_applicable", parts=parts)


def _any(item: Item, question: Question, column: str) -> Found:
    """One part is enough; all of the tables' parts are asked of everyone."""
    parts = tuple((part.id, judge(part, question, column)) for part in item.parts)
    statuses = [part.status for _, part in parts]
    assert "not_applicable" not in statuses
    if "met" in statuses:
        return Found("met", parts=parts)
    if "undetermined" in statuses:
        first = next(part for _, part in parts if part.status == "undetermined")
        return Found("undetermined", first.reason, parts=parts)
    return Found("missing", parts=parts)


def _branch(item: Item, question: Question, column: str) -> Found:
    assert item.when is not None
    fact, direction, limit = item.when
    then, otherwise = (judge(part, question, column) for part in item.parts)
    given = question.fact(fact)
    if given is not None:
        chosen = compare(direction, number(given)[0], Fraction(limit))
        return replace(then if chosen else otherwise, gap=None, gap_count=None)
    if then.status == otherwise.status != "undetermined":
        return Found(then.status)
    return unknown("no_fact")


def elsewhere(commune: Mapping[str, Any]) -> dict[str, Any]:
    """The commune as another ruleset sees it: plain attested verdicts speak only of the ruleset asked about."""
    attested = {key: verdict for key, verdict in commune.get("attested", {}).items() if ":" in key}
    return {**commune, "attested": attested}


def answer(item: Item, question: Question, column: str) -> tuple[Found, bool]:
    """An attested verdict decides what facts leave open; where facts say otherwise they stand, in conflict.

    A strict evaluation does not decide by the word of an agency that the facts, held against thresholds not confirmed, contradict.
    """
    found, verdict = judge(item, question, column), question.attested().get(item.id)
    if verdict is None:
        return found, False
    if found.status != "undetermined":
        return found, verdict is (found.status == "missing")
    facts = judge(item, replace(question, strict=False), column) if question.strict else found
    if facts.status != "undetermined" and verdict is (facts.status == "missing"):
        return replace(found, reason="unconfirmed"), True
    return replace(found, status="met" if verdict else "missing", reason=None), False


def combined(statuses: Sequence[str]) -> str:
    """Of a criterion, a ruleset, a recognition: not applicable counts as met."""
    if "missing" in statuses:
        return "missing"
    return "undetermined" if "undetermined" in statuses else "met"


# -- around the criteria


def _met(number_: str, fact: str, columns: Sequence[str] = REGIONS, evidence: str = "recalled") -> Item:
    cells: Cells = {(None, column): Cell("set", True, evidence, None) for column in columns}
    return Item(number_, ("", ""), "", "", "compare", "met", fact, cells=cells)


def _at_least(number_: str, fact: str, value: Decimal | None, evidence: str) -> Item:
    cell = Cell("unset" if value is None else "set", value, evidence, None)
    cells: Cells = {(None, column): cell for column in REGIONS}
    return Item(number_, ("", ""), "", "", "compare", "at_least", fact, cells=cells)


def conditions_of(ruleset: str, day: datetime.date | None, province: str | None) -> list[Item]:
    """The conditions of recognition on a day (2540/QĐ-TTg; 18/2022/QĐ-TTg; 03/2024/QĐ-TTg)."""
    unstated = [Item("recognition_rule", ("", ""), "", "", "unstated")]
    if ruleset == "2016-2020/xa-ntm-nang-cao":
        return unstated
    if ruleset.startswith("2016-2020"):
        model = ruleset.endswith("kieu-mau")
        columns, evidence = (("common",), "uncertain") if model else (REGIONS, "recalled")
        return [
            _met("registered", "registered_in_district_plan", columns, evidence),
            _met("construction_debt", "no_outstanding_construction_debt", columns, evidence),
        ]
    if day is not None and day < datetime.date(2022, 8, 2):
        return unstated
    safe = day is None or day >= datetime.date(2024, 3, 7)
    found = [
        _met("construction_debt", "no_outstanding_construction_debt"),
        _at_least("satisfaction", "resident_satisfaction_pct", None, "unset"),
        _met("security", "security_safe_standard" if safe else "security_not_complicated"),
    ]
    if (ruleset, province) == ("2021-2025/xa-ntm-nang-cao", "quang-nam"):
        found.append(_at_least("qn_2", "model_villages_recognised", Decimal(2), "confirmed"))
        found.append(_met("qn_3", "no_unlawful_unpayable_construction_debt", evidence="confirmed"))
    return found


def prerequisites_of(ruleset: str, province: str | None) -> list[Item]:
    """The tiers and titles recognition presupposes."""
    if ruleset == "2016-2020/xa-ntm-kieu-mau":
        return [_met("nang_cao", "recognised_nang_cao", ("common",))]
    if ruleset == "2016-2020/xa-ntm-nang-cao" and province:
        return [_met("ntm", "recognised_ntm")]
    if ruleset != "2021-2025/xa-ntm-nang-cao":
        return []
    cells: Cells = {(None, column): Cell("set", True, "uncertain", None) for column in REGIONS}
    found = [Item("ntm", ("", ""), "", "", "ruleset", ruleset="2021-2025/xa-ntm", cells=cells)]
    if province == "quang-nam":
        found.append(_met("qn_1", "provincial_ntm_set_met", evidence="confirmed"))
    return found


TOTALS = {
    ("2016-2020/xa-ntm", None): (19, 49),
    ("2016-2020/xa-ntm-kieu-mau", None): (4, 14),
    ("2016-2020/xa-ntm-kieu-mau", "hai-duong"): (4, 15),
    ("2016-2020/xa-ntm-nang-cao", "hai-duong"): (18, 1),
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"): (11, 11),
    ("2021-2025/xa-ntm", None): (19, 57),
    ("2021-2025/xa-ntm-nang-cao", None): (19, 75),
    ("2021-2025/xa-ntm-kieu-mau", None): (4, 4),
}
INCOMPLETE = {("2016-2020/xa-ntm-nang-cao", None), ("2016-2020/xa-ntm-nang-cao", "hai-duong")}
KEY_CRITERIA = {
    "2021-2025/xa-ntm": ("10", "17", "19"),
    "2021-2025/xa-ntm-nang-cao": ("10", "17", "18", "19"),
}
# Of kiểu mẫu the rule counts 19 criteria with the keys of nâng cao: those of the set its title rests on.
WITHDRAWN_BY = {"2021-2025/xa-ntm-kieu-mau": "2021-2025/xa-ntm-nang-cao"}


def standing(question: Question) -> Found:
    """The verdict of a ruleset together with its prerequisites, and why it is open."""
    found = evaluate(question)
    status = combined([found["verdict"], *found["prerequisites"].values()])
    reasons = [*found["prerequisite_reasons"].values(), *found["reasons"].values()]
    return Found(status, reasons[0] if status == "undetermined" and reasons else None)


def evaluate(question: Question) -> Outcome:
    """Everything the battery may expect of an evaluation."""
    criteria: tuple[Criterion, ...] = expected(question.ruleset, question.day, question.province or "")
    column = question.column()
    out: Outcome = {"column": column}
    results: dict[str, Found] = {}
    conflicts = []
    verdicts: dict[str, str] = {}
    for criterion in criteria:
        for item in criterion.items:
            results[item.id], conflict = answer(item, question, column)
            if conflict:
                conflicts.append(item.id)
        verdicts[criterion.no] = combined([results[item.id].status for item in criterion.items])
    complete = (question.ruleset, question.province) not in INCOMPLETE
    out["verdict"] = combined([*verdicts.values(), *([] if complete else ["undetermined"])])
    out["criteria"] = verdicts
    out["statuses"] = {name: found.status for name, found in results.items()}
    out["reasons"] = {name: found.reason for name, found in results.items() if found.reason}
    out["gaps"] = {name: found.gap for name, found in results.items() if found.gap is not None}
    out["gap_counts"] = {name: found.gap_count for name, found in results.items() if found.gap_count is not None}
    out["parts"] = {part: found.status for item in results.values() for part, found in item.parts}
    out["conflicts"] = conflicts
    out["criteria_met"] = list(verdicts.values()).count("met")
    out["indicators_met"] = sum(found.status in ("met", "not_applicable") for found in results.values())
    totals = TOTALS.get((question.ruleset, question.province)) or TOTALS[question.ruleset, None]
    out["criteria_total"], out["indicators_total"] = totals
    out |= _around(question, column, out)
    out["at_risk"] = _at_risk(question, verdicts, totals[0])
    return out


def _around(question: Question, column: str, out: Outcome) -> Outcome:
    found: Outcome = {"conflicts": list(out["conflicts"])}
    for name, items in (
        ("prerequisites", prerequisites_of(question.ruleset, question.province)),
        ("conditions", conditions_of(question.ruleset, question.day, question.province)),
    ):
        answers = {item.id: answer(item, question, column) for item in items}
        judged = {number_: one for number_, (one, _) in answers.items()}
        found["conflicts"] += [number_ for number_, (_, conflict) in answers.items() if conflict]
        found[name] = {number_: one.status for number_, one in judged.items()}
        reasons = {number_: one.reason for number_, one in judged.items() if one.reason}
        found["prerequisite_reasons" if name == "prerequisites" else "condition_reasons"] = reasons
    statuses = [out["verdict"], *found["prerequisites"].values(), *found["conditions"].values()]
    found["recognition"] = combined(statuses)
    return found


def _at_risk(question: Question, verdicts: Mapping[str, str], total: int) -> Outcome:
    """18/2022/QĐ-TTg: 50 % of criteria failed, or 30 % with a key one among them; open while undetermined ones could tip it."""
    in_force = question.day is None or question.day >= datetime.date(2022, 8, 2)
    rests_on = WITHDRAWN_BY.get(question.ruleset)
    if rests_on is not None and in_force:
        other: Outcome = evaluate(replace(question, ruleset=rests_on, commune=elsewhere(question.commune)))["at_risk"]
        return other
    key = KEY_CRITERIA.get(question.ruleset)
    if key is None or not in_force:
        return {"answer": None, "key_missing": []}
    failed = [no for no, verdict in verdicts.items() if verdict == "missing"]
    open_ = [no for no, verdict in verdicts.items() if verdict == "undetermined"]

    def withdrawn(numbers: list[str]) -> bool:
        share = Fraction(100 * len(numbers), total)
        return share >= 50 or (share >= 30 and any(no in key for no in numbers))

    surely, possibly = withdrawn(failed), withdrawn([*failed, *open_])
    answer = True if surely else None if possibly else False
    return {"answer": answer, "key_missing": [no for no in failed if no in key]}
