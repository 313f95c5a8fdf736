"""What `compare` says of the shipped rulesets, of single edits, in words, as JSON and as a command."""

from __future__ import annotations

import copy
import csv
import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from tests.changes.edits import essence, mirrored
from tests.property.strategies import REGIONS, SHIPPED, Loaded, built, document_of, loaded

import ntm_rules as ntm
from ntm_rules import Change, ChangeKind, Difference
from ntm_rules.changes.matching import counterparts
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.rulebook.schema import schemas

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
CRITERIA = Path(__file__).resolve().parent.parent / "data" / "criteria"
NTM, ADVANCED = "2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao"
WORDS = {ChangeKind.TEXT, ChangeKind.EVIDENCE}


def at(ruleset_id: str, *days: str) -> Difference:
    old, new = (ntm.load_ruleset(ruleset_id, on=day) for day in days)
    return ntm.compare(old, new)


def effects(difference: Difference) -> list[Change]:
    return [change for change in difference.changes if change.kind not in WORDS]


def told(changes: list[Change]) -> list[tuple[Any, ...]]:
    return [(c.kind.value, c.aspect, c.new_number or c.old_number, c.column) for c in changes]


# -- 211/QĐ-TTg, held against the tables of the criteria, not against the rulesets


def table_rows(ruleset_id: str) -> dict[tuple[str, str], dict[str, str]]:
    with (CRITERIA / f"{ruleset_id}.csv").open(encoding="utf-8") as lines:
        return {(row["indicator_no"], row["part"]): row for row in csv.DictReader(lines)}


AMENDED = {NTM: ("13.1", "15.4", "17.1", "18.4"), ADVANCED: ("3.4", "8.4", "14.2", "14.3", "14.4", "17.10", "18.1")}


@pytest.mark.parametrize("ruleset_id", [NTM, ADVANCED])
def test_211_changes_these_indicators_and_no_others(ruleset_id: str) -> None:
    difference = at(ruleset_id, "2024-02-29", "2024-03-01")
    assert difference.numbers(*ChangeKind) == AMENDED[ruleset_id]


@pytest.mark.parametrize("ruleset_id", [NTM, ADVANCED])
def test_211_sends_other_zones_to_the_mountain_column(ruleset_id: str) -> None:
    difference = at(ruleset_id, "2024-02-29", "2024-03-01")
    special = [c for c in effects(difference) if c.aspect == "special_communes"]
    zones = ntm.load_ruleset(ruleset_id).catalogue.zones
    gone, come = ((c.old and c.old.vi, c.new and c.new.vi) for c in special)
    assert gone == (f"{zones['atk-left-poverty-2018-2020'].vi}: cột tdmnpb", None)
    assert come == (None, f"{zones['II'].vi}: cột tdmnpb")


# Where 211/QĐ-TTg put a row in place of another: the rows of the table whose cells are before and after (None: now unknown).
REPLACED = [
    (NTM, "15.4", "original", "amended-211"),
    (NTM, "17.1", "original", "amended-211"),
    (ADVANCED, "3.4", "original", "amended-211"),
    (ADVANCED, "8.4", "original", "amended-211"),
    (ADVANCED, "14.3", "original", None),
    (ADVANCED, "14.4", "original", None),
    (ADVANCED, "17.10", "original", "amended-211"),
    (ADVANCED, "18.1", "original", "amended-211"),
]


@pytest.mark.parametrize(("ruleset_id", "number", "before", "after"), REPLACED)
def test_211_cell_by_cell(ruleset_id: str, number: str, before: str, after: str | None) -> None:
    rows = table_rows(ruleset_id)
    old, new = rows[number, before], rows[number, after] if after else dict.fromkeys(REGIONS, "")
    wanted = {}
    for region in REGIONS:
        if bool(old[region]) is not bool(new[region]):
            wanted[region] = "set" if new[region] else "unset"
        elif old[region] != new[region]:
            wanted[region] = "changed"
    found = at(ruleset_id, "2024-02-29", "2024-03-01")
    assert wanted == {
        c.column: c.kind.value for c in effects(found) if c.indicator == number and c.aspect == "threshold"
    }


def test_211_takes_a_cooperative_group_too() -> None:
    changes = [c for c in effects(at(NTM, "2024-02-29", "2024-03-01")) if c.indicator == "13.1"]
    assert {(c.kind.value, c.aspect, c.old_number, c.new_number) for c in changes} == {
        ("loosened", "parts", "13.1", "13.1"),
        ("loosened", "threshold", None, "13.1.b"),
    }


def test_211_asks_three_contents_of_access_to_law() -> None:
    changes = [c for c in effects(at(NTM, "2024-02-29", "2024-03-01")) if c.indicator == "18.4"]
    assert {(c.kind.value, c.old_number, c.new_number) for c in changes} == {
        ("changed", "18.4", None),
        *(("changed", None, f"18.4.{part}") for part in "abc"),
    }
    assert len(changes) == 4 * len(REGIONS)


def test_nothing_changes_between_amendments() -> None:
    assert not at(NTM, "2024-03-07", "2025-06-30")


def test_the_decision_on_recognition_states_what_was_not_stated() -> None:
    difference = at(NTM, "2022-08-01", "2022-08-02")
    conditions = {(c.kind.value, c.old_number or c.new_number) for c in effects(difference) if c.subject == "condition"}
    assert conditions == {
        ("removed", "recognition_rule"),
        ("added", "construction_debt"),
        ("added", "satisfaction"),
        ("added", "security"),
    }
    assert [c.kind for c in difference.changes if c.aspect == "withdrawal"] == [ChangeKind.TIGHTENED]


# -- two phases


def test_two_phases_are_matched_by_facts() -> None:
    pairs = dict(counterparts(loaded(("2016-2020/xa-ntm", None, None)), loaded((NTM, None, None))))
    assert {number: pairs[number] for number in ("15.1", "17.6", "17.8", "17.1")} == {
        "15.1": "15.1",
        "17.6": "17.8",
        "17.8": "17.10",
        "17.1": "17.1",
    }
    assert pairs["18.5"] is None  # 18.5 is another thing in each phase


# From the tables of both phases by hand: health insurance 85 → 90 and now of each sex; stunting by region.
STUNTING = {
    "tdmnpb": ("26.7", "24", "tightened"),
    "dbsh": ("13.9", "16.5", "loosened"),
    "btb": ("24.2", "25", "loosened"),
    "dhntb": ("24.2", "22", "tightened"),
    "tn": ("31.4", "26.5", "tightened"),
    "dnb": ("14.3", "14.5", "loosened"),
    "dbscl": ("20.5", "19", "tightened"),
}


@pytest.mark.parametrize("region", REGIONS)
def test_higher_and_lower_by_region(region: str) -> None:
    old, new = loaded(("2016-2020/xa-ntm", None, None)), loaded((NTM, None, None))
    difference = ntm.compare(old, new, region=region)
    found = {c.indicator: c for c in effects(difference) if c.column == region and c.aspect == "threshold"}
    before, after, kind = STUNTING[region]
    stunting, insurance = found["15.3"], found["15.1"]
    assert (str(stunting.old_value), str(stunting.new_value), stunting.kind.value) == (before, after, kind)
    assert (str(insurance.old_value), str(insurance.new_value), insurance.kind.value) == ("85", "90", "tightened")


def test_rows_by_year_of_two_phases_are_held_against_the_last_of_the_earlier() -> None:
    old, new = loaded(("2016-2020/xa-ntm", None, None)), loaded((NTM, None, None))
    income = [
        c for c in ntm.compare(old, new, region="dnb").of("tightened") if (c.indicator, c.column) == ("10", "dnb")
    ]
    assert [(c.year, c.old and c.old.en, str(c.new_value)) for c in income] == [
        (2022, "≥ 59 (year 2020)", "62"),
        (2023, "≥ 59 (year 2020)", "65"),
        (2024, "≥ 59 (year 2020)", "68"),
        (2025, "≥ 59 (year 2020)", "71"),
    ]
    back = [c for c in ntm.compare(new, old, region="dnb").of("loosened") if (c.indicator, c.column) == ("10", "dnb")]
    assert [(c.year, c.new and c.new.en) for c in back] == [(c.year, c.old and c.old.en) for c in income]


def test_a_general_column_judges_every_region() -> None:
    old, new = loaded(("2016-2020/xa-ntm-kieu-mau", None, None)), loaded((NTM, None, None))
    insurance = [c for c in effects(ntm.compare(old, new)) if c.fact == "health_insurance_pct" and c.old and c.new]
    assert [c.column for c in insurance] == list(REGIONS) or insurance == []
    income = [c for c in ntm.compare(old, new).changes if c.fact == "income_per_capita"]
    assert {c.column for c in income} <= {*REGIONS, None}


def test_what_reads_alike_is_named() -> None:
    old, new = loaded(("2016-2020/xa-ntm", None, None)), loaded((NTM, None, None))
    difference = ntm.compare(old, new)
    akin = {c.indicator: c.akin for c in difference.of("added") if c.subject == "indicator"}
    assert akin["4.2"] == "4.2"
    assert akin["18.3"] == "18.4"
    assert {number for number, other in akin.items() if other is None} >= {"13.5", "17.4", "17.11", "17.12", "18.6"}


# -- single edits of a small ruleset


def edited(before: dict[str, Any], after: dict[str, Any]) -> Difference:
    return ntm.compare(built((document_of(before),)), built((document_of(after),)))


def part(name: str, requires: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"part": name, "label": {"vi": f"phần {name}", "en": f"part {name}"}, "requires": requires, **more}


def at_least(value: str, **more: Any) -> dict[str, Any]:
    return {"at_least": {"fact": "pct0", "value": value, **more}}


YES = [{"met": f"yes{i}"} for i in range(4)]
PARTS = [part(name, requires) for name, requires in zip("abcd", YES, strict=True)]
ROW = {"dbsh": "50", "tn": "60", "dnb": "unset"}


def when(then: dict[str, Any], otherwise: dict[str, Any]) -> dict[str, Any]:
    return {"when": {"condition": YES[2], "then": part("a", then), "otherwise": part("b", otherwise)}}


EDITS: list[tuple[dict[str, Any], dict[str, Any], set[tuple[str, str]]]] = [
    (at_least("50"), at_least("51"), {("tightened", "threshold")}),
    ({"at_most": {"fact": "pct0", "value": "50"}}, {"at_most": {"fact": "pct0", "value": "51"}}, {("loosened", "threshold")}),
    ({"equal": {"fact": "pct0", "value": "50"}}, {"equal": {"fact": "pct0", "value": "51"}}, {("changed", "threshold")}),
    (at_least("100"), {"equal": {"fact": "pct0", "value": "100"}}, {("text", "requirement")}),
    (at_least("50"), {"equal": {"fact": "pct0", "value": "50"}}, {("tightened", "threshold")}),
    (at_least("50"), {"at_most": {"fact": "pct0", "value": "50"}}, {("changed", "threshold")}),
    (at_least("50"), at_least("50.0"), {("text", "threshold")}),
    (at_least("50"), at_least("50", both_sexes="true"), {("tightened", "threshold")}),
    (at_least("50"), at_least("40", both_sexes="true"), {("changed", "threshold")}),
    (at_least("50"), at_least("50", evidence="confirmed"), {("evidence", "evidence")}),
    (at_least("50"), {"at_least": {"fact": "pct1", "value": "50"}}, {("changed", "fact")}),
    (at_least("50"), {"at_least": {"fact": "pct1", "value": "60"}}, {("changed", "fact"), ("changed", "threshold")}),
    ({"at_least": {"fact": "pct0", "by_column": ROW}}, {"at_least": {"fact": "pct0", "by_column": ROW | {"dnb": "UBND"}}}, {("delegated", "threshold")}),
    ({"at_least": {"fact": "pct0", "by_column": ROW | {"dnb": "UBND"}}}, {"at_least": {"fact": "pct0", "by_column": ROW}}, {("undelegated", "threshold")}),
    ({"at_least": {"fact": "pct0", "by_column": ROW}}, {"at_least": {"fact": "pct0", "by_column": ROW | {"tn": "unset"}}}, {("unset", "threshold")}),
    ({"at_least": {"fact": "pct0", "by_year": {"2031": "50"}}}, at_least("50"), {("set", "threshold")}),
    ({"at_least": {"fact": "cat0", "value": "khá"}}, {"at_least": {"fact": "cat0", "value": "tốt"}}, {("tightened", "threshold")}),
    ({"at_least": {"fact": "cat0", "value": "khá"}}, {"one_of": {"fact": "cat0", "values": ["khá", "tốt"]}}, {("text", "requirement")}),
    ({"one_of": {"fact": "cat0", "values": ["yếu", "tốt"]}}, {"one_of": {"fact": "cat0", "values": ["tốt"]}}, {("tightened", "threshold")}),
    ({"all": PARTS[:2]}, {"all": PARTS[:3]}, {("tightened", "threshold")}),
    ({"all": PARTS[:3]}, {"all": PARTS[:2]}, {("loosened", "threshold")}),
    ({"any": PARTS[:2]}, {"any": PARTS[:3]}, {("loosened", "threshold"), ("loosened", "parts")}),
    ({"all": PARTS}, {"any": PARTS}, {("loosened", "parts")}),
    ({"some": {"at_least": "2", "of": PARTS}}, {"some": {"at_least": "3", "of": PARTS}}, {("tightened", "parts")}),
    ({"some": {"at_least": "2", "of": PARTS[:3]}}, {"some": {"at_least": "3", "of": PARTS}}, {("tightened", "threshold"), ("tightened", "parts")}),
    (YES[0], {"all": PARTS[:2]}, {("tightened", "threshold")}),
    (YES[0], {"any": PARTS[:2]}, {("loosened", "threshold"), ("loosened", "parts")}),
    (YES[0], {"all": PARTS[1:3]}, {("changed", "threshold")}),
    (YES[0], {"all": PARTS[:1]}, {("text", "parts")}),
    ({"all": PARTS[:2]}, {"all": PARTS[1::-1]}, {("text", "order")}),
    ({"all": PARTS[:2]}, {"all": [PARTS[0], part("b", YES[1], applies_if=YES[2])]}, {("loosened", "applies_if")}),
    ({"any": PARTS[:2]}, {"any": [PARTS[0], part("b", YES[1], applies_if=YES[2])]}, {("changed", "applies_if")}),
    ({"all": PARTS[:2]}, {"all": [PARTS[0], part("z", YES[1])]}, {("renumbered", "number"), ("text", "label")}),
    ({"when": {"condition": YES[2], "then": PARTS[0], "otherwise": PARTS[1]}}, {"when": {"condition": YES[3], "then": PARTS[0], "otherwise": PARTS[1]}}, {("changed", "condition")}),
    (at_least("50"), when(at_least("60"), at_least("50")), {("tightened", "threshold"), ("text", "requirement")}),
    (at_least("50"), when(at_least("40"), at_least("50")), {("loosened", "threshold"), ("text", "requirement")}),
    (at_least("50"), when(at_least("40"), at_least("60")), {("loosened", "threshold"), ("tightened", "threshold"), ("text", "requirement")}),
    (at_least("50"), when(at_least("50"), at_least("50")), {("text", "requirement")}),
    (at_least("50"), when({"all": [part("a", at_least("50")), PARTS[1]]}, at_least("50")), {("tightened", "threshold"), ("text", "requirement")}),
    (at_least("50"), when(at_least("50"), YES[0]), {("changed", "threshold"), ("changed", "requirement")}),
    (at_least("50"), {"all": [part("a", when(at_least("60"), at_least("50"))), PARTS[1]]}, {("tightened", "threshold"), ("text", "requirement")}),
    (at_least("50"), {"all": [part("a", at_least("50")), PARTS[1]]}, {("tightened", "threshold")}),
    (at_least("50"), {"any": [part("a", at_least("50")), PARTS[1]]}, {("loosened", "threshold"), ("loosened", "parts")}),
    ({"unstated": "province"}, at_least("50"), {("changed", "fact"), ("undelegated", "threshold")}),
    ({"unstated": "national"}, at_least("50"), {("changed", "fact"), ("set", "threshold")}),
    ({"unstated": "national"}, {"all": PARTS[:2]}, {("changed", "requirement"), ("changed", "threshold")}),
    ({"at_least": {"fact": "mon0", "times_fact": {"fact": "num1", "factor": "1.1"}}}, {"at_least": {"fact": "mon0", "times_fact": {"fact": "num1", "factor": "1.2"}}}, {("tightened", "threshold")}),
    ({"at_least": {"fact": "cnt0", "times_fact": {"fact": "num0", "factor": "1.1"}}}, {"at_least": {"fact": "cnt0", "times_fact": {"fact": "num0", "factor": "1.2"}}}, {("changed", "threshold")}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "wanted"), EDITS)
def test_an_edit_is_what_it_is(before: dict[str, Any], after: dict[str, Any], wanted: set[tuple[str, str]]) -> None:
    assert {(c.kind.value, c.aspect) for c in edited(before, after).changes} == wanted


def of_two(first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A ruleset of two criteria with one indicator each."""
    document = document_of(first, **more)
    other = copy.deepcopy(document["criteria"][0]) | {"no": "2"}
    other["indicators"][0] |= {"no": "2.1", "requires": second}
    document["criteria"].append(other)
    return document


def test_a_part_that_became_an_indicator_is_the_same_thing_under_another_number() -> None:
    old = built((document_of({"all": [*PARTS[:2], part("c", at_least("50"))]}),))
    new = built((of_two({"all": PARTS[:2]}, at_least("60")),))
    changes = [c for c in ntm.compare(old, new).changes if c.subject == "indicator"]
    assert {(c.kind.value, c.old_number, c.new_number, c.aspect) for c in changes} == {
        ("renumbered", "1.c", "2.1", "number"),
        ("text", "1.c", "2.1", "label"),
        ("tightened", "1.c", "2.1", "threshold"),
    }


def test_one_of_two_like_parts_becomes_an_indicator_the_same_one_either_way_round() -> None:
    """Both parts measure what the new indicator measures, and the indicators they are of changed places."""
    before = of_two({"all": [PARTS[0], PARTS[3]]}, {"all": [PARTS[1], PARTS[3]]})
    after = of_two(YES[1], YES[0])
    after["criteria"].append(copy.deepcopy(after["criteria"][0]) | {"no": "3"})
    after["criteria"][2]["indicators"][0] |= {"no": "3.1", "requires": YES[3]}
    assert_mirrored(before, after)


def test_what_has_the_letter_of_a_part_that_moved_is_not_passed_over() -> None:
    """Parts of parts go by letters too, so that a number may stand twice in one indicator."""
    old = built((document_of({"all": [PARTS[0], part("b", YES[3])]}),))
    choice = part("b", {"any": [part("a", YES[1]), part("b", YES[2])]})
    new = built((of_two(YES[3], {"all": [PARTS[0], choice]}),))
    added = {(c.new_number, c.fact) for c in ntm.compare(old, new).of("added") if c.aspect == "threshold"}
    assert added == {("2.1.a", "yes1"), ("2.1.b", "yes2")}


def assert_mirrored(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = built((before,)), built((after,))
    assert mirrored(ntm.compare(old, new)) == Counter(map(essence, ntm.compare(new, old).changes))


def test_shifted_numbers_are_renumbered_and_nothing_else() -> None:
    old = built((of_two(YES[0], YES[1]),))
    new = built((of_two(YES[1], YES[0]),))
    kinds = {c.kind for c in ntm.compare(old, new).changes}
    assert ChangeKind.RENUMBERED in kinds
    assert kinds <= {ChangeKind.RENUMBERED, ChangeKind.TEXT}


def test_columns_in_which_it_is_asked() -> None:
    def only(*columns: str) -> ntm.Ruleset:
        document = document_of(YES[0])
        document["criteria"][0]["indicators"][0]["columns"] = list(columns)
        return built((document,))

    assert told(list(ntm.compare(only("dbsh", "tn"), only("tn", "dnb")).changes)) == [
        ("loosened", "columns", "1", "dbsh"),
        ("tightened", "columns", "1", "dnb"),
    ]
    assert told(list(ntm.compare(only("dbsh", "tn"), only("tn", "dbsh")).changes)) == [("text", "columns", "1", None)]


@pytest.mark.parametrize(
    ("edit", "kind", "aspect"),
    [
        ({"withdrawal": {"any_share": "40", "key_share": "30", "key_criteria": ["1"], "citation": "2/QĐ"}}, "tightened", "withdrawal"),
        ({"withdrawal": {"any_share": "50", "key_share": "30", "key_criteria": [], "citation": "2/QĐ"}}, "loosened", "key_criteria"),
        ({"complete": "false"}, "changed", "complete"),
        ({"totals": {"criteria": "2", "indicators": "unknown"}}, "changed", "criteria_total"),
        ({"title": {"vi": "khác", "en": "other"}}, "text", "title"),
        ({"special_communes": {"column": "dnb", "zones": ["III"], "citation": "1/QĐ"}}, "changed", "special_communes"),
    ],
)  # fmt: skip
def test_around_the_indicators(edit: dict[str, Any], kind: str, aspect: str) -> None:
    whole = {
        "withdrawal": {"any_share": "50", "key_share": "30", "key_criteria": ["1"], "citation": "2/QĐ"},
        "special_communes": {"column": "tn", "zones": ["III"], "citation": "1/QĐ"},
    }
    old, new = (built((document_of(YES[0], **content),)) for content in (whole, whole | edit))
    assert [(c.kind.value, c.aspect) for c in ntm.compare(old, new).changes] == [(kind, aspect)]


# -- narrowed, in words, as data


def test_an_unknown_region_is_refused() -> None:
    ruleset = loaded((NTM, None, None))
    with pytest.raises(ntm.UnknownNameError, match="tn"):
        ntm.compare(ruleset, ruleset, region="tnn")
    general = loaded(("2016-2020/xa-ntm-kieu-mau", None, None))
    with pytest.raises(ntm.UnknownNameError):
        ntm.compare(general, general, region="tnn")


LOWER, UPPER = "2030-2035/xa-khac", "2030-2035/xa-nang-cao"
WITHDRAWAL = {"any_share": "50", "key_share": "30", "key_criteria": ["1"], "citation": "2/QĐ"}


def of_column(fact: str, value: str, **columns: str) -> dict[str, Any]:
    cells = {"by_column": dict.fromkeys(("dbsh", "tn", "dnb"), value) | columns}
    return {"at_least": {"fact": fact, **cells}}


def condition(requires: dict[str, Any]) -> dict[str, Any]:
    return {"conditions": [{"id": "condition", "label": {"vi": "a", "en": "a"}, "requires": requires, "citation": "x"}]}


@pytest.mark.parametrize(
    ("before", "after", "region", "kind"),
    [
        ({}, {"withdrawal": WITHDRAWAL}, None, "text"),
        ({"withdrawal": WITHDRAWAL}, {"withdrawal": WITHDRAWAL | {"any_share": "60"}}, None, "text"),
        ({}, condition(of_column("pct2", "50")), None, "text"),
        (condition(of_column("pct2", "50")), {"requires": of_column("pct1", "95")}, None, "tightened"),
        (condition(of_column("pct2", "50")), {"requires": of_column("pct1", "85")}, None, "loosened"),
        ({}, {"requires": of_column("pct1", "90", dbsh="95")}, None, "tightened"),
        ({}, {"requires": of_column("pct1", "90", dbsh="95")}, "dbsh", "tightened"),
        ({}, {"requires": of_column("pct1", "90", dbsh="95")}, "tn", "text"),
        ({}, {"special_communes": {"column": "tn", "zones": ["III"], "citation": "1/QĐ"}}, None, "changed"),
        ({}, {"complete": "false"}, None, "changed"),
        (
            {},
            {"requires": {"at_least": of_column("pct1", "90")["at_least"] | {"evidence": "recalled"}}},
            None,
            "evidence",
        ),
    ],
)
def test_a_ruleset_to_be_met_changes_by_what_it_is_met_by(
    before: dict[str, Any], after: dict[str, Any], region: str | None, kind: str
) -> None:
    """Its verdict and prerequisites, where it judges; a tier above reads neither its recognition nor its withdrawal."""
    known = {"evidence": "confirmed"}
    old, new = (
        built(
            (
                document_of(of_column("pct1", "90")) | base(more, known),
                document_of({"ruleset_met": LOWER}) | {"ruleset": UPPER},
            )
        )
        for more in (before, after)
    )
    (change,) = (change for change in ntm.compare(old, new, region=region).changes if change.aspect == "ruleset")
    assert change.kind.value == kind
    if kind in ("text", "evidence"):
        for value in (84, 90, 94, 95):
            commune = ntm.Commune(region=region or "dnb", year=2030, facts={"pct1": value})
            assert ntm.evaluate(old, commune).statuses == ntm.evaluate(new, commune).statuses


def base(more: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What is changed of the lower tier; its one requirement is surely known where nothing else is said."""
    requires = more.get("requires", of_column("pct1", "90"))
    requires = {"at_least": known | requires["at_least"]}
    criterion = document_of(requires)["criteria"]
    return {name: value for name, value in more.items() if name != "requires"} | {"criteria": criterion}


def test_what_is_sure_of_the_security_condition_changes_no_prerequisite() -> None:
    """03/2024/QĐ-TTg states the security condition of each tier; what the tier below is met by stays as it was."""
    for name in ("xa-ntm-nang-cao", "xa-ntm-kieu-mau"):
        old, new = (ntm.load_ruleset(f"2021-2025/{name}", on=day) for day in ("2024-03-01", "2024-03-07"))
        effects = {
            (c.subject, c.kind.value) for c in ntm.compare(old, new).changes if c.kind.value not in ("text", "evidence")
        }
        assert effects == {("condition", "changed")}


def test_a_region_is_told_what_changes_for_its_special_communes() -> None:
    """A commune of zone III in the delta is judged by the mountain column, the level of which is lowered."""
    old = ntm.load_ruleset(NTM)
    decision = {"number": "1/QĐ", "issued": "2025-01-01", "in_force": "2025-01-01"}
    lowered = {"indicator": "4.2", "by_column": {"tdmnpb": "90"}}
    layer = {"layer": "1/QĐ", "of": NTM, "kind": "amendment", "decision": decision, "set_thresholds": [lowered]}
    difference = ntm.compare(old, ntm.load_ruleset(NTM, overlays=[layer]), region="dbsh")
    (change,) = difference.of("loosened")
    assert (change.new_number, change.column) == ("4.2", "tdmnpb")
    assert "Only region Red River delta, with communes judged by column Northern" in difference.text("en")
    assert ntm.compare(old, ntm.load_ruleset(NTM, overlays=[layer]), region="tdmnpb").of("loosened") == (change,)


def test_narrowed_to_a_year() -> None:
    old, new = loaded(("2016-2020/xa-ntm", None, None)), loaded((NTM, None, None))
    years = {c.year for c in ntm.compare(old, new, year=2024).changes}
    assert years == {None, 2024}


PAIRS: list[tuple[Loaded, Loaded]] = [
    ((NTM, "2024-02-29", None), (NTM, "2024-03-01", None)),
    ((NTM, "2022-03-08", None), (NTM, None, None)),
    (("2016-2020/xa-ntm", None, None), (NTM, None, None)),
    ((NTM, None, None), (ADVANCED, None, None)),
    (("2021-2025/xa-ntm-kieu-mau", None, None), ("2021-2025/xa-ntm-kieu-mau", None, "nam-dinh")),
    (("2016-2020/xa-ntm-kieu-mau", None, None), ("2021-2025/xa-ntm-kieu-mau", None, "ha-noi")),
    (SHIPPED[0], SHIPPED[0]),
]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=str)
def test_it_can_be_said_and_sent(one: Loaded, other: Loaded) -> None:
    difference = ntm.compare(loaded(one), loaded(other))
    document = json.loads(difference.to_json())
    assert list(Draft202012Validator(schemas()["difference"]).iter_errors(document)) == []
    assert len(document["changes"]) == len(difference.changes)
    assert pickle.loads(pickle.dumps(difference)) == difference  # noqa: S301 - our own
    for lang in ("vi", "en"):
        said = (difference.text(lang), difference.markdown(lang))
        for change in difference.changes:
            for number in filter(None, (change.old_number, change.new_number)):
                assert all(number in text for text in said)
    assert "<table>" in difference._repr_html_()
    assert str(difference) == difference.text("vi")
    with pytest.raises(ntm.UnknownNameError):
        difference.text("fr")  # type: ignore[arg-type]


def test_every_row_of_the_markdown_page_has_five_cells() -> None:
    page = ntm.compare(loaded((NTM, "2022-03-08", None)), loaded((ADVANCED, None, None))).markdown("vi")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert rows
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}


def test_nothing_changed_is_said() -> None:
    ruleset = loaded((NTM, None, None))
    same = ntm.compare(ruleset, ruleset)
    assert not same
    assert same.text("vi").endswith("Không có thay đổi.")
    assert repr(same) == "<Difference 2021-2025/xa-ntm → 2021-2025/xa-ntm: No changes.>"


def applying(**condition: Any) -> dict[str, Any]:
    """A ruleset of one indicator with a condition of applying."""
    document = document_of({"at_least": {"fact": "pct1", "value": "50"}})
    document["criteria"][0]["indicators"][0]["applies_if"] = condition
    return document


NUM1 = {"fact": "num1", "evidence": "confirmed"}


@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ({"value": "5"}, {"value": "10"}, "loosened", ("≥ 5", "≥ 10")),
        (
            {"by_column": {"dbsh": "5", "tn": "6", "dnb": "5"}},
            {"by_column": {"dbsh": "5", "tn": "7", "dnb": "5"}},
            "loosened",
            ("≥ 5 (text, text), ≥ 6 (text)", "≥ 5 (text, text), ≥ 7 (text)"),
        ),
        (
            {"by_year": {"2031": "5", "2032": {"dbsh": "6", "tn": "7", "dnb": "7"}}},
            {"by_year": {"2031": "4", "2032": {"dbsh": "6", "tn": "7", "dnb": "unset"}}},
            "changed",
            (
                "≥ 5 (2031), ≥ 6 (text 2032), ≥ 7 (text, text 2032)",
                "≥ 4 (2031), ≥ 6 (text 2032), ≥ 7 (text 2032), — (text 2032)",
            ),
        ),
    ],
)
def test_a_condition_of_applying_shows_its_thresholds(
    old: dict[str, Any], new: dict[str, Any], kind: str, said: tuple[str, str]
) -> None:
    before, after = (built([applying(at_least=NUM1 | cells)]) for cells in (old, new))
    (change,) = ntm.compare(before, after).changes
    assert (change.kind.value, change.aspect) == (kind, "applies_if")
    assert (change.old and change.old.en, change.new and change.new.en) == tuple(f"text [num1]: {s}" for s in said)


def test_a_condition_of_two_facts_shows_its_factor() -> None:
    one, two = (
        built([applying(at_least={"fact": "mon0", "times_fact": {"fact": "num1", "factor": factor}})])
        for factor in ("1", "1.5")
    )
    (change,) = ntm.compare(one, two).changes
    assert (change.old and change.old.vi, change.new and change.new.vi) == (
        "chữ [mon0]: ≥ 1 × chữ",
        "chữ [mon0]: ≥ 1,5 × chữ",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("equal", "at_least", ("= khá??", "≥ khá??")),
        ("at_least", "at_most", ("≥ khá??", "≤ khá??")),
        ("at_most", "equal", ("≤ khá??", "= khá??")),
    ],
)
def test_how_a_category_is_held_is_shown(old: str, new: str, said: tuple[str, str]) -> None:
    before, after = (built([document_of({kind: {"fact": "cat0", "value": "khá"}})]) for kind in (old, new))
    found = ntm.compare(before, after).changes
    assert {(change.old and change.old.en, change.new and change.new.en) for change in found} == {said}


# -- the command


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["compare", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_the_command_writes_the_three_forms() -> None:
    names = (f"{NTM}@2024-02-29", f"{NTM}@2024-03-01")
    difference = at(NTM, "2024-02-29", "2024-03-01")
    assert run(*names) == (0, difference.text("vi") + "\n")
    assert run(*names, "--format", "markdown", "--lang", "en") == (0, difference.markdown("en"))
    code, output = run(*names, "--format", "json")
    assert (code, json.loads(output)) == (0, difference.to_dict())


def test_province_and_overlay_are_of_the_new_one() -> None:
    code, output = run(
        "2021-2025/xa-ntm-kieu-mau", "2021-2025/xa-ntm-kieu-mau", "--province", "Nam Định", "--lang", "en"
    )
    assert code == 0
    before, after = output.splitlines()[:2]
    assert "Nam Định" not in before
    assert "province Nam Định" in after


def draft(folder: Path, value: str) -> str:
    """A file of a province's overlay that asks for so much power (4.2)."""
    file = folder / f"du-thao-{value}.json"
    threshold = {"indicator": "4.2", "by_column": {"dbsh": value}, "evidence": "confirmed"}
    layer = {"layer": "dự thảo", "of": NTM, "kind": "province", "province": "nam-dinh", "set_thresholds": [threshold]}
    unknown = dict.fromkeys(("number", "issued", "in_force"), "unknown")
    file.write_text(json.dumps(layer | {"decision": unknown}), "utf-8")  # JSON is YAML
    return str(file)


def test_a_province_compares_its_decision_with_the_next(tmp_path: Path) -> None:
    first, second = draft(tmp_path, "99.5"), draft(tmp_path, "99.8")
    code, output = run(NTM, NTM, "--old-overlay", first, "--overlay", second, "--lang", "en")
    assert code == 0
    assert "tightened: 1\n" in output
    assert "≥ 99.5% → ≥ 99.8%" in output


def test_two_provinces_are_compared() -> None:
    own = "2021-2025/xa-ntm-kieu-mau"
    code, output = run(own, own, "--old-province", "Nam Định", "--province", "Quảng Nam", "--lang", "en")
    assert code == 0
    before, after = output.splitlines()[:2]
    assert "province Nam Định" in before
    assert "province Quảng Nam" in after


def test_the_old_one_may_be_of_another_rulebook() -> None:
    own, book = "2026-2030/xa-vi-du", str(EXAMPLES / "rulebook")
    code, output = run(own, own, "--source", book)
    assert (code, "unknown_ruleset" in output) == (2, True)
    code, output = run(own, own, "--source", book, "--old-source", book)
    assert (code, output.splitlines()[-1]) == (0, "Không có thay đổi.")


@pytest.mark.parametrize(
    "names", [("2021-2025/xa", NTM), (f"{NTM}@", NTM), (f"{NTM}@01/03/2024", NTM), (NTM, f"{NTM}@2020-01-01")]
)
def test_a_wrong_name_is_said(names: tuple[str, str]) -> None:
    code, output = run(*names)
    assert code == 2
    assert output.count("\n") == 1
