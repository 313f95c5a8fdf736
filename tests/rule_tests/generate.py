"""Write the test files shipped beside the rulesets: `python -m tests.rule_tests.generate` (`--check`: only say whether they are current).

What they expect comes from the criteria tables, through the small evaluator of the conformance battery; nothing is read from a
ruleset. Of each text of a ruleset, in every column and year, they hold a commune exactly at every threshold, one a unit on the
wrong side of every one and one a unit on the right side; each fact moved alone; who is judged by another column; the days before
and after each amendment; what is not asked; and when a title is at risk.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.conformance.evaluator import (
    CATEGORIES,
    KEY_CRITERIA,
    REGION_OF,
    WITHDRAWN_BY,
    Outcome,
    Question,
    conditions_of,
    evaluate,
    prerequisites_of,
)
from tests.conformance.generate import default_year, fact_at, give, plain, set_cell, worse
from tests.fidelity.expected import Cell, Item, expected
from tests.fidelity.tables import NATIONAL, PROVINCIAL, REGIONS, fact_lines

from .yaml_out import lines

ROOT = Path(__file__).resolve().parents[2] / "rulesets"
CONDITIONS = ("construction_debt", "satisfaction", "security")
ZONES = ("I", "II", "III", "dbkk-coast", "atk-poor-district", "atk-left-poverty-2018-2020")
ALL_NORMAL = {"2021-2025": ("2024-02-29", None), "2016-2020": (None,)}
# The days on which a national text changes, and the eve of each.
EVES = ("2022-03-08", "2022-08-01", "2022-08-02", "2024-02-29", "2024-03-01", "2024-03-06", "2024-03-07")
FIRST_DAYS = {"2016-2020/xa-ntm": "2016-10-17", "2016-2020/xa-ntm-kieu-mau": "2018-06-05"}
# Of overlays: from which day one applies, and by which day it was issued; of the last two only the issue is known, of one its month.
OVERLAY_DAYS = {
    ("2021-2025/xa-ntm-kieu-mau", "nam-dinh"): ("2022-08-20", "2022-08-08"),
    ("2021-2025/xa-ntm-kieu-mau", "ha-noi"): ("2022-08-29", "2022-08-29"),
    ("2021-2025/xa-ntm-nang-cao", "quang-nam"): ("2022-09-08", "2022-09-08"),
    ("2016-2020/xa-ntm-nang-cao", "thai-binh"): ("2018-10-05", "2018-10-05"),
    ("2021-2025/xa-ntm-kieu-mau", "dong-thap"): ("2023-04-03", "2023-04-03"),
    ("2021-2025/xa-ntm-kieu-mau", "quang-nam"): ("2022-09-01", "2022-09-01"),
}
# What such a decision speaks of where the rest of the province's set is of another, of no known day.
OF_THE_DAY = {("2021-2025/xa-ntm-kieu-mau", "dong-thap"): ("3",)}

Facts = dict[str, Any]
Case = dict[str, Any]


def day_before(day: str) -> str:
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()


@dataclass
class File:
    """A test file in the making: communes by name, and tests based on them."""

    ruleset: str
    province: str | None = None
    communes: dict[str, Case] = field(default_factory=dict)
    full: dict[str, Case] = field(default_factory=dict)
    tests: list[Case] = field(default_factory=list)

    @property
    def path(self) -> Path:
        phase, _, name = self.ruleset.partition("/")
        folder = ROOT / phase if self.province is None else ROOT / phase / "provinces" / self.province
        return folder / f"{name}.test.yaml"

    def question(self, on: str | None, commune: Case, *, strict: bool = False) -> Question:
        return Question(self.ruleset, commune, on=on, province=self.province, strict=strict)

    def base(self, name: str, commune: Case, based_on: str | None = None) -> None:
        """A commune that tests may be based on, written as what sets it apart from another."""
        self.full[name] = commune
        self.communes[name] = self.apart(commune, based_on)

    def apart(self, commune: Case, based_on: str | None) -> Case:
        if based_on is None:
            return commune
        below = self.full[based_on]
        found: Case = {"based_on": based_on}
        found |= {key: value for key, value in commune.items() if key not in _MAPS and below.get(key) != value}
        for key in _MAPS:
            mine, theirs = commune.get(key, {}), below.get(key, {})
            changed = {name: value for name, value in mine.items() if theirs.get(name, _LACKING) != value}
            changed |= {name: None for name in theirs if name not in mine}
            if changed:
                found[key] = changed
        return found

    def test(
        self, vi: str, en: str, on: str | None, commune: Case, based_on: str, keys: Iterable[str], **more: Any
    ) -> None:
        """A test of a commune, with what the tables say of it."""
        asked = more.pop("asked", None) or self.question(on, commune, strict=more.get("strict", False))
        found = told(evaluate(asked), keys)
        options = {"on": on} if on is not None and "known_on" not in more else {}
        case = {
            "name": {"vi": vi, "en": en},
            **options,
            **more,
            "commune": self.apart(commune, based_on),
            "expect": found,
        }
        self.tests.append(case)

    def text(self) -> str:
        head: Case = {"ruleset": self.ruleset} | ({"province": self.province} if self.province else {})
        body = lines(head | ({"communes": self.communes} if self.communes else {}) | {"tests": self.tests})
        return _HEAD + "\n".join(body) + "\n"


_LACKING = object()
_MAPS = ("facts", "attested")
_HEAD = """# Viết ra từ các bảng tiêu chí, không từ bộ quy tắc; chạy: ntm-rules test TỆP-NÀY
# Written from the criteria tables, not from the ruleset; run: ntm-rules test THIS-FILE
"""

USUAL = ("missing", "undetermined", "not_applicable", "verdict", "criteria_met", "indicators_met")
ALL = (*USUAL, "recognition", "criteria_total", "indicators_total", "column", "criteria", "conditions", "prerequisites")


def told(found: Outcome, keys: Iterable[str]) -> Case:
    """What the evaluator found, in the words of test files."""
    statuses = found["statuses"]
    out: Case = {}
    for key in keys:
        if key in ("missing", "undetermined", "not_applicable"):
            out[key] = [number for number, status in statuses.items() if status == key]
        elif key == "at_risk":
            out[key] = {True: "true", False: "false", None: "unknown"}[found["at_risk"]["answer"]]
        elif key == "parts":
            out |= {"statuses": found["parts"]} if found["parts"] else {}
        elif found[key] != {}:
            out[key] = found[key]
    return out


# -- facts


def leaves(question: Question) -> list[Item]:
    return [
        leaf
        for criterion in expected(question.ruleset, question.day, question.province or "")
        for item in criterion.items
        for leaf in item.leaves()
        if leaf.kind in ("compare", "times_fact")
    ]


def filler(leaf: Item) -> Any:
    """Some value of a fact whose threshold is not set: whatever it is, it must decide nothing."""
    if leaf.direction == "met":
        return True
    return CATEGORIES[leaf.fact][0] if leaf.fact in CATEGORIES else 60


def value_of(leaf: Item, question: Question, column: str, steps: int) -> Any:
    """The fact so many steps to the right side of its threshold (fewer than 0: to the wrong side)."""
    cell = set_cell(leaf, question, column)
    if cell is None:
        return filler(leaf)
    up = -worse(leaf) * steps
    found = fact_at(leaf, cell, up)
    if found is None and steps < 0:
        found = fact_at(leaf, cell, -up)  # of "none at all", one is as wrong as one too few
    return fact_at(leaf, cell, 0) if found is None else found


def facts_of(question: Question, steps: int, *, schools: int = 4) -> Facts:
    """Every fact so many steps beside its threshold; what makes a question be asked at all holds."""
    facts: Facts = {}
    column = question.column()
    for leaf in leaves(question):
        other_branch = leaf.id == ("5.c" if schools >= 4 else "5.b") and question.ruleset == "2021-2025/xa-ntm"
        if leaf.fact not in facts and not other_branch:
            give(facts, leaf, value_of(leaf, question, column, steps))
        if leaf.applies_if:
            facts[leaf.applies_if] = True
    if question.ruleset == "2021-2025/xa-ntm":
        facts["schools_total"] = schools
    return facts | around(question)


def around(question: Question) -> Facts:
    """The facts that conditions and prerequisites ask for, of any day."""
    return dict.fromkeys(
        (
            "no_outstanding_construction_debt",
            "security_not_complicated",
            "security_safe_standard",
            "registered_in_district_plan",
            "recognised_nang_cao",
            "recognised_ntm",
            "provincial_ntm_set_met",
            "no_unlawful_unpayable_construction_debt",
        ),
        True,
    ) | {"resident_satisfaction_pct": 90, "model_villages_recognised": 2}


def lower_tiers(ruleset: str) -> dict[str, bool]:
    """Every indicator of the tiers below, attested."""
    below = {"2021-2025/xa-ntm-nang-cao": 1, "2021-2025/xa-ntm-kieu-mau": 2}.get(ruleset, 0)
    return {
        f"{tier}:{item.id}": True
        for tier in ("2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao")[:below]
        for criterion in expected(tier)
        for item in criterion.items
    }


def numbers_of(question: Question) -> list[str]:
    return [i.id for c in expected(question.ruleset, question.day, question.province or "") for i in c.items]


# -- the tests of a ruleset


def texts_of(file: File) -> tuple[str | None, ...]:
    """The days on which to ask: the last of the first text, and none (every amendment applies)."""
    return ALL_NORMAL[file.ruleset[:9]] if file.province is None else (None,)


def columns_of(file: File) -> tuple[str, ...]:
    if file.province is not None:
        return (REGION_OF[file.province],)
    return ("dbsh",) if file.ruleset == "2016-2020/xa-ntm-kieu-mau" else REGIONS


def years_of(file: File) -> range:
    return range(2021, 2027) if file.ruleset.startswith("2021") else range(2019, 2022)


def place(file: File, region: str, year: int) -> Case:
    return {"region": region, "year": year}


SIDES = {
    0: ("đúng mức", "exactly at the threshold"),
    -1: ("kém mức một đơn vị", "one unit on the wrong side"),
    1: ("hơn mức một đơn vị", "one unit on the right side"),
}
NAMES = {0: "at", -1: "worse", 1: "better"}


def thresholds(file: File) -> None:
    """Every threshold of every column and year from three sides."""
    for on in texts_of(file):
        day = "" if on is None else f"-{on}"
        for steps, (vi, en) in SIDES.items():
            first = f"{NAMES[steps]}{day}"
            for region in columns_of(file):
                year = default_year(file.ruleset)
                commune = at(file, on, region, year, steps)
                name = first if region == columns_of(file)[0] else f"{first}-{region}"
                if region == columns_of(file)[0]:
                    file.base(name, commune, None if steps == 0 else f"at{day}")
                else:
                    file.base(name, commune, first)
                keys = ALL if region == columns_of(file)[0] else (*USUAL, "conditions")
                file.test(f"{region}: mọi chỉ tiêu {vi}", f"{region}: everything {en}", on, commune, name, keys)
                for other in years_of(file):
                    if other != year and steps < 1:
                        of_year(file, on, region, other, steps, name)


def at(file: File, on: str | None, region: str, year: int, steps: int, schools: int = 4) -> Case:
    where = place(file, region, year)
    facts = facts_of(file.question(on, where), steps, schools=schools)
    attested = lower_tiers(file.ruleset)
    return where | {"facts": facts} | ({"attested": attested} if attested else {})


def of_year(file: File, on: str | None, region: str, year: int, steps: int, based_on: str) -> None:
    vi, en = SIDES[steps]
    commune = at(file, on, region, year, steps)
    name = (f"{region}, {year}: mọi chỉ tiêu {vi}", f"{region}, {year}: everything {en}")
    file.test(*name, on, commune, based_on, ("missing", "undetermined"))


def one_by_one(file: File) -> None:
    """Each fact alone a unit short, all others at their thresholds; and for men alone, for women alone."""
    for on in texts_of(file):
        day = "" if on is None else f"-{on}"
        whole = file.full[f"at{day}"]
        question = file.question(on, whole)
        for leaf in leaves(question):
            value = value_of(leaf, question, question.column(), -1)
            for facts, vi, en in alone(leaf, whole["facts"], value):
                name = (f"chỉ {leaf.id} kém mức{vi}", f"{leaf.id} alone on the wrong side{en}")
                commune = whole | {"facts": facts}
                file.test(*name, on, commune, f"at{day}", ("missing", "gaps"))


def alone(leaf: Item, facts: Facts, value: Any) -> Iterator[tuple[Facts, str, str]]:
    if leaf.id == "5.c":
        yield facts | {"schools_total": 3, leaf.fact: value}, " (3 trường)", " (3 schools)"
    elif leaf.both_sexes:
        own = facts[leaf.fact]
        yield facts | {leaf.fact: own | {"male": value}}, " (nam)", " (men)"
        yield facts | {leaf.fact: own | {"female": value}}, " (nữ)", " (women)"
    else:
        yield facts | {leaf.fact: False if leaf.direction == "met" else value}, "", ""


def asked_about() -> set[str]:
    """Whatever any indicator of any set may be asked about: of another's, nothing here may depend."""
    tables = [fact_lines(ruleset) for ruleset in NATIONAL] + [fact_lines(*which) for which in PROVINCIAL]
    return {line.fact for table_ in tables for lines in table_.values() for line in lines if line.role == "applies_if"}


def not_asked(file: File) -> None:
    """Each thing a commune may be without, one at a time; and everything of it."""
    for on in texts_of(file):
        day = "" if on is None else f"-{on}"
        whole = file.full[f"at{day}"]
        facts = sorted(asked_about())
        for fact in [*facts, *(["*"] if len(facts) > 1 else [])]:
            gone = dict.fromkeys(facts if fact == "*" else [fact], False)
            name = (
                ("không có gì để hỏi", "nothing of it there")
                if fact == "*"
                else (f"không có: {fact}", f"without: {fact}")
            )
            keys = ("not_applicable", "missing", "indicators_met", *(["parts"] if fact == "*" else []))
            file.test(*name, on, whole | {"facts": whole["facts"] | gone}, f"at{day}", keys)


def schools(file: File) -> None:
    """5 of xã NTM 2021-2025: three schools or fewer, four or more; and the minimum standard, in every column."""
    if file.ruleset != "2021-2025/xa-ntm":
        return
    level = "schools_facility_level1_pct"
    for on in texts_of(file):
        day = "" if on is None else f"-{on}"
        for region in REGIONS:
            base = f"at{day}" if region == REGIONS[0] else f"at{day}-{region}"
            commune = at(file, on, region, default_year(file.ruleset), 0)
            # The count of schools, and beside which threshold, of how many schools, the share of them lies.
            for count, like, steps in ((3, 3, 0), (3, 3, -1), (3, 3, 1), (4, 3, 0), (3, 4, 0), (5, 3, 0), (5, 4, 0)):
                share = at(file, on, region, default_year(file.ruleset), steps, like)["facts"][level]
                facts = commune["facts"] | {"schools_total": count, level: share}
                name = (f"{region}: {count} trường, {share}%", f"{region}: {count} schools, {share}%")
                file.test(*name, on, commune | {"facts": facts}, base, ("missing",))
            facts = commune["facts"] | {"schools_minimum_facilities_pct": 99}
            name = (f"{region}: 99% trường đạt CSVC tối thiểu", f"{region}: 99% of schools at the minimum standard")
            file.test(*name, on, commune | {"facts": facts}, base, ("missing",))


def special(file: File) -> None:
    """Zones, each on the days either side of the amendment: which column judges."""
    if not file.ruleset.startswith("2021") or file.province is not None:
        return
    for on in ("2022-03-08", "2024-02-29", "2024-03-01", None):
        whole = file.full["at-2024-02-29" if on and on < "2024-03" else "at"] | {"region": "dbsh"}
        base = "at-2024-02-29" if on and on < "2024-03" else "at"
        for zone in ZONES:
            name = (f"khu vực {zone}", f"zone {zone}")
            file.test(*name, on, whole | {"zone": zone}, base, ("column", "missing"))
            if on is not None:
                name = (f"khu vực {zone}, biết đến {on}", f"zone {zone}, known on {on}")
                file.test(*name, on, whole | {"zone": zone}, base, ("column", "missing"), known_on=on)


def days(file: File) -> None:
    """The day before and the day of each change, by entry into force and by issue."""
    first = FIRST_DAYS.get(file.ruleset) or ("2022-03-08" if file.ruleset.startswith("2021") else None)
    commune = file.full["at"]
    bare = {key: commune[key] for key in ("region", "year")}
    if first is not None and file.province is None:
        for option in ("on", "known_on"):
            name = {"vi": f"{option}: trước ngày đầu tiên", "en": f"{option}: before the first day"}
            refused = {"name": name, option: day_before(first), "commune": bare, "expect": {"error": "not_in_force"}}
            file.tests.append(refused)
            if not file.ruleset.startswith("2021"):
                file.test(
                    f"{option}: ngày đầu tiên",
                    f"{option}: the first day",
                    first,
                    commune,
                    "at",
                    ALL,
                    **({"known_on": first} if option == "known_on" else {}),
                )
    if file.ruleset.startswith("2021") and file.province is None:
        # That the standard of 03/2024/QĐ-TTg is not met shows from which day it counts.
        commune = commune | {"facts": commune["facts"] | {"security_safe_standard": False}}
        for day in EVES:
            for option in ("on", "known_on"):
                more = {"known_on": day} if option == "known_on" else {}
                file.test(f"{option} {day}", f"{option} {day}", day, commune, "at", ALL, **more)
    elif (file.ruleset, file.province) in OVERLAY_DAYS:
        overlay_days(file, commune)
    elif file.province is not None:  # of which no day is known: it applies on every day
        day = "2022-03-08" if file.ruleset.startswith("2021") else "2018-06-05"
        for option in ("on", "known_on"):
            more = {"known_on": day} if option == "known_on" else {}
            file.test(f"{option} {day}", f"{option} {day}", day, commune, "at", USUAL, **more)


def new_conditions(file: File, before: Question) -> list[str]:
    """The conditions that an overlay adds."""
    there = [item.id for item in conditions_of(file.ruleset, before.day, None)]
    latest = conditions_of(file.ruleset, None, file.province)
    return [item.id for item in latest if item.id not in there]


def overlay_days(file: File, commune: Case) -> None:
    in_force, issued = OVERLAY_DAYS[file.ruleset, str(file.province)]
    # What only the province asks for is lacking, and shows whether its overlay applies.
    lacking = {"model_villages_recognised": 1, "no_unlawful_unpayable_construction_debt": False}
    commune = commune | {"facts": commune["facts"] | lacking}
    for option, day in (("on", in_force), ("known_on", issued)):
        for asked, applies in ((day_before(day), False), (day, True)):
            # What is known on the day of issue applies, though it takes effect later.
            question = replace(file.question(max(asked, in_force) if applies else asked, commune))
            spoken_of = OF_THE_DAY.get((file.ruleset, str(file.province)))
            if not applies and spoken_of is None:
                question = replace(question, province=None)
            name = (f"{option} {asked}", f"{option} {asked}")
            keys = ("missing", "undetermined", "criteria", "conditions", "prerequisites", "recognition")
            more = {"known_on": asked} if option == "known_on" else {}
            if (
                question.province is None and file.ruleset not in NATIONAL
            ):  # without an overlay there is nothing to meet
                bare = {
                    "name": dict(zip(("vi", "en"), name, strict=True)),
                    option: asked,
                    "commune": {"based_on": "at"},
                }
                file.tests.append(bare | {"expect": {"indicators_met": 0, "missing": [], "undetermined": []}})
                continue
            file.test(*name, asked, commune, "at", keys, asked=question, **more)
            rows = rows_of(question)
            if not applies and spoken_of is not None:
                national = rows_of(replace(question, province=None))
                rows |= {number: national[number] for number in spoken_of}
            file.tests[-1]["expect"]["thresholds"] = rows
            if not applies and (own := new_conditions(file, question)):
                # A verdict on a condition that does not hold yet is refused.
                refused: Case = {"based_on": "at", "attested": dict.fromkeys(own, True)}
                named = {"vi": f"{name[0]}: chưa có {own[0]}", "en": f"{name[1]}: no {own[0]} yet"}
                file.tests.append(
                    {"name": named, option: asked, "commune": refused, "expect": {"error": "unknown_attested"}}
                )


def attested(file: File) -> None:
    """Verdicts of agencies: what facts leave open they decide; and which criteria put a title at risk."""
    for on in texts_of(file):
        day = "" if on is None else f"-{on}"
        whole = file.full[f"at{day}"]
        question = file.question(on, whole)
        own = dict.fromkeys(numbers_of(question), True)
        conditions = evaluate(question)["conditions"]
        everything = whole | {"attested": lower_tiers(file.ruleset) | own | dict.fromkeys(conditions, True)}
        file.test("cơ quan xác nhận đạt", "all attested", on, everything, f"at{day}", ALL)
        word = {"region": whole["region"], "year": whole["year"], "attested": everything["attested"]}
        file.base(f"attested{day}", word)
        file.test("chỉ có xác nhận", "nothing but verdicts", on, word, f"attested{day}", ALL)
        for fact in around(question):
            commune = whole | {"facts": whole["facts"] | {fact: False if whole["facts"][fact] is True else 1}}
            name = (f"kém: {fact}", f"lacking: {fact}")
            file.test(*name, on, commune, f"at{day}", ("conditions", "prerequisites", "recognition"))


def strict(file: File) -> None:
    """Which thresholds are confirmed, in every column."""
    for region in columns_of(file):
        base = "at" if region == columns_of(file)[0] else f"at-{region}"
        commune = file.full[base]
        keys = ("missing", "undetermined")
        file.test(
            f"{region}: chỉ mức đã xác nhận",
            f"{region}: confirmed thresholds only",
            None,
            commune,
            base,
            keys,
            strict=True,
        )


def at_risk(file: File) -> None:
    """Six criteria missing with one of each among them; and the shares either side of half and of three tenths."""
    rests_on = WITHDRAWN_BY.get(file.ruleset, file.ruleset)
    if rests_on not in KEY_CRITERIA or file.province is not None:
        return
    before = "" if rests_on == file.ruleset else f"{rests_on}:"
    by_criterion = {c.no: f"{before}{c.items[0].id}" for c in expected(rests_on)}
    key = KEY_CRITERIA[rests_on]
    others = [no for no in by_criterion if no not in key]
    sets = [[no, *[other for other in others if other != no][:5]] for no in by_criterion]
    sets += [others[:9], others[:10], [key[0], *others[:4]], [key[0], *others[:3]]]
    word = file.full["attested"]
    for missing in sets:
        verdicts = word["attested"] | {by_criterion[no]: False for no in missing}
        listed = ", ".join(missing)
        name = (f"thiếu tiêu chí {listed}", f"missing criteria {listed}")
        file.test(*name, None, word | {"attested": verdicts}, "attested", ("at_risk", "criteria_met"))
    verdicts = {number: verdict for number, verdict in word["attested"].items() if number not in CONDITIONS}
    verdicts |= {by_criterion[no]: False for no in others[:10]}
    for day in ("2022-08-01", "2022-08-02"):
        file.test(
            f"rút danh hiệu, {day}", f"withdrawal, {day}", day, word | {"attested": verdicts}, "attested", ("at_risk",)
        )


def table(file: File) -> None:
    """The table itself, entered a second time: what no commune can show, as the general column, stands in it too."""
    for on in texts_of(file):
        name = {"vi": "bảng mức", "en": "the table"}
        rows = rows_of(file.question(on, {}))
        file.tests.append({"name": name} | ({"on": on} if on else {}) | {"expect": {"thresholds": rows}})


def rows_of(question: Question) -> Case:
    """Every row of the tables behind a ruleset, and behind what stands around its criteria."""
    province = question.province or ""
    items = [item for criterion in expected(question.ruleset, question.day, province) for item in criterion.items]
    items += conditions_of(question.ruleset, question.day, question.province)
    items += prerequisites_of(question.ruleset, question.province)
    rows: Case = {leaf.id: row(leaf) for item in items for leaf in item.leaves() if leaf.cells}
    rows |= {each.id: whole(each) for item in items for each in nodes(item) if each.parts}
    if "satisfaction" in rows:  # 18/2022/QĐ-TTg: the percentage for communes is not known, written out column by column
        rows["satisfaction"]["common"] = "unset"
    return rows


def nodes(item: Item) -> Iterator[Item]:
    """An item and every part in it."""
    yield item
    for part in item.parts:
        yield from nodes(part)


def whole(item: Item) -> Case:
    """The row of an indicator of parts: how many must pass, or on what it depends which."""
    needed = 1 if item.kind == "some 1" else len(item.parts)
    head: Case = {"direction": f"{needed}/{len(item.parts)}"}
    if item.when is not None:
        fact, direction, number = item.when
        head = {"direction": "when", "condition": f"{fact} {direction} {plain(Fraction(str(number)))}"}
    return head | asked(item)


def asked(item: Item) -> Case:
    """Of which communes it is asked, where not of all: by a condition, by columns."""
    found: Case = {"applies_if": item.applies_if} if item.applies_if else {}
    return found | ({"columns": list(item.columns)} if item.columns is not None else {})


def row(leaf: Item) -> Case:
    cells = {" ".join(str(part) for part in place if part): printed(cell) for place, cell in leaf.cells.items()}
    head: Case = {"fact": leaf.fact or leaf.ruleset, "direction": leaf.direction if leaf.kind != "ruleset" else "met"}
    head |= {"both_sexes": "true"} if leaf.both_sexes else {}
    head |= {"times_fact": leaf.other} if leaf.other else {}
    head |= asked(leaf)
    if len(set(map(str, cells.values()))) > 1 or None not in {year for year, _ in leaf.cells}:
        return head | cells
    general = {"common": cells["common"]} if "common" in cells else {}  # of which "*" does not speak
    return head | {"*": next(iter(cells.values()))} | general


def printed(cell: Cell) -> Any:
    if cell.state != "set":
        return "UBND" if cell.state == "delegated" else "unset"
    if isinstance(cell.value, bool):
        return "Đạt"
    return cell.value if isinstance(cell.value, str) else plain(Fraction(str(cell.value)))


def made(ruleset: str, province: str | None = None) -> File:
    file = File(ruleset, province)
    for part in (table, thresholds, one_by_one, not_asked, schools, special, days, attested, strict, at_risk):
        part(file)
    return file


def of_provinces_only() -> File:
    """Nâng cao of 2016-2020 has no national text: nothing to meet in any region, on any day."""
    file = File("2016-2020/xa-ntm-nang-cao")
    for region in REGIONS:
        expect: Case = {
            "column": region,
            "indicators_met": 0,
            "missing": [],
            "undetermined": [],
            "verdict": "undetermined",
        }
        expect |= {"criteria_total": 0, "indicators_total": 0, "conditions": {"recognition_rule": "undetermined"}}
        name = {"vi": f"{region}: không có quy định chung", "en": f"{region}: no national text"}
        commune = {"region": region, "year": 2019, "facts": {"recognised_ntm": True}}
        options: list[Case] = [{}, {"on": "2018-01-01"}, {"known_on": "2018-01-01"}]
        for option in options if region == REGIONS[0] else options[:1]:
            file.tests.append({"name": name, **option, "commune": commune, "expect": expect})
    return file


def files() -> list[File]:
    national = [made(ruleset) for ruleset in NATIONAL]
    return [*national, of_provinces_only(), *(made(ruleset, province) for ruleset, province in PROVINCIAL)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not as generated")
    options = parser.parse_args()
    stale = []
    for file in files():
        text = file.text()
        sys.stdout.write(f"{file.path.relative_to(ROOT)}: {len(file.tests)} tests, {len(text.splitlines())} lines\n")
        if not options.check:
            file.path.write_text(text, encoding="utf-8")
        elif not file.path.is_file() or file.path.read_text(encoding="utf-8") != text:
            stale.append(f"{file.path} is not as generated: run python -m tests.rule_tests.generate\n")
    sys.stdout.write("".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
