"""The checks catch planted defects, and find none in the shipped rulesets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from tests.property.strategies import SHIPPED, Loaded, loaded
from tests.testing.helpers import TEXT, shipped, small

import ntm_rules as ntm
from ntm_rules.engine import native
from ntm_rules.model.assessment import Status
from ntm_rules.model.requirement import RulesetMet
from ntm_rules.testing import CHECKS, Finding, built, check_ruleset, rulesets
from ntm_rules.testing.checks import boundary_exact, can_decide, columns_reachable, monotone, total
from ntm_rules.testing.documents import ruleset_document, written
from ntm_rules.testing.layers import layers_commute


def failures(findings: Any) -> list[Finding]:
    return [finding for finding in findings if finding.fails]


@pytest.mark.parametrize("which", SHIPPED[::3], ids=str)
def test_shipped_rulesets_pass(which: Loaded) -> None:
    assert failures(check_ruleset(loaded(which), examples=10)) == []


def test_checks_can_be_chosen() -> None:
    assert check_ruleset(shipped(), checks=["columns-reachable"]) == ()
    assert set(CHECKS) == {
        "total",
        "monotone",
        "boundary-exact",
        "can-decide",
        "columns-reachable",
        "layers-commute",
    }


# -- planted defects


def test_a_fact_asked_for_high_and_low() -> None:
    torn = small({"at_least": {"fact": "pct1", "value": "80"}}, {"at_most": {"fact": "pct1", "value": "90"}})
    (finding,) = failures(monotone(torn, 5))
    assert finding.message.en == "the fact pct1 has to be high and low: 1.1 (at_least), 1.2 (at_most)"


def test_exactly_a_value_in_the_middle() -> None:
    finding, *_ = failures(monotone(small({"equal": {"fact": "pct1", "value": "95"}}), 5))
    assert finding.message.vi == "pct1 phải bằng đúng một mức: cao hơn hay thấp hơn đều không đạt"
    assert failures(monotone(small({"equal": {"fact": "pct1", "value": "100"}}), 5)) == []


@pytest.mark.parametrize(
    ("values", "left_out"),
    [(["khá"], "tốt"), (["yếu"], "trung bình | khá | tốt"), (["yếu", "tốt"], "trung bình | khá")],
)
def test_a_choice_that_leaves_out_a_better_category(values: list[str], left_out: str) -> None:
    (finding,) = failures(monotone(small({"one_of": {"fact": "cat0", "values": values}}), 5))
    assert f"but not as {left_out}, which is higher" in finding.message.en


def test_a_choice_up_to_the_best_category_is_monotone() -> None:
    upward = {"one_of": {"fact": "cat0", "values": ["khá", "tốt"]}}
    assert failures(monotone(small(upward), 5)) == []
    (finding,) = failures(monotone(small(upward, {"at_most": {"fact": "cat0", "value": "khá"}}), 5))
    assert finding.message.en == "the fact cat0 has to be high and low: 1.1 (at_least), 1.2 (at_most)"


def test_a_fact_held_against_another_has_a_direction_too() -> None:
    against = {"at_most": {"fact": "num0", "times_fact": {"fact": "num1", "factor": "2"}}}
    assert failures(monotone(small(against), 5)) == []
    (finding,) = failures(monotone(small(against, {"at_least": {"fact": "num0", "value": "5"}}), 5))
    assert finding.message.en == "the fact num0 has to be high and low: 1.1 (at_most), 1.2 (at_least)"
    (finding,) = failures(monotone(small(against, {"at_most": {"fact": "num1", "value": "5"}}), 5))
    assert finding.message.en == "the fact num1 has to be high and low: 1.1 (at_least), 1.2 (at_most)"


def test_a_fact_that_is_a_condition_too_is_improved_where_it_changes_nothing_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More of it may bring in what was not asked; where that is asked already, more of it must not make it worse."""
    condition = {"at_least": {"fact": "num1", "value": "50"}}
    asked = {"part": "b", "label": TEXT, "requires": {"met": "yes0"}, "applies_if": condition}
    measured = {"part": "a", "label": TEXT, "requires": {"at_least": {"fact": "num1", "value": "20"}}}
    ruleset = small({"all": [measured, asked]}, {"at_least": {"fact": "num1", "value": "20"}})
    assert failures(monotone(ruleset, 200)) == []

    def change(assessment: ntm.Assessment) -> ntm.Assessment:
        number = assessment.commune.facts.get("num1")
        return attrs.evolve(assessment, codes=(4, *assessment.codes[1:])) if number == 51 else assessment

    broken(monkeypatch, change)
    assert any("makes 1.1 worse" in finding.message.en for finding in failures(monotone(ruleset, 400)))


def test_an_indicator_that_can_never_be_missing() -> None:
    (finding,) = failures(can_decide(small({"at_least": {"fact": "pct1", "value": "0"}}), 1))
    assert finding.message.en == "no facts make 1.1 (dbsh, 2035) missing"


def test_conditions_and_prerequisites_that_never_decide() -> None:
    always, useful = ({"at_least": {"fact": "pct1", "value": value}} for value in ("0", "50"))
    conditions = [{"id": "always", "label": TEXT, "requires": always}, {"id": "open", "label": TEXT, "requires": OPEN}]
    conditions.append({"id": "useful", "label": TEXT, "requires": useful})
    lower = ruleset_document({"at_least": {"fact": "pct1", "value": "0"}})
    upon = {"id": "lower_tier", "label": TEXT, "requires": {"ruleset_met": "2030-2035/xa-khac"}}
    upper = lower | {"ruleset": "2030-2035/xa-nang-cao", "conditions": conditions, "prerequisites": [upon]}
    upper["criteria"] = ruleset_document({"met": "yes0"})["criteria"]
    found = list(can_decide(built([lower, upper]), 1))
    assert [finding.message.en for finding in failures(found)] == [
        "no facts make always (dbsh, 2035) missing",
        "no facts make lower_tier (dbsh, 2035) missing",
    ]
    assert [finding.message.en.rpartition(": ")[2] for finding in found if not finding.fails] == ["open"]


def test_a_cell_that_decides_nothing_is_said() -> None:
    sides = {"then": "40", "otherwise": "60"}
    when: dict[str, Any] = {
        side: {"part": name, "label": TEXT, "requires": {"at_least": {"fact": "num1", "value": value}}}
        for name, (side, value) in zip("ab", sides.items(), strict=True)
    }
    when["condition"] = {"at_least": {"fact": "num1", "value": "50"}}
    notes = [finding.message.en for finding in boundary_exact(small({"when": when}, columns=["dbsh"]), 1)]
    assert notes == [
        "the cell of 1.1.a (dbsh 2035) can only be met where it would decide",
        "the cell of 1.1.b (dbsh 2035) can only be missing where it would decide",
    ]
    either = parts({"at_least": {"fact": "num1", "value": "50"}}, {"at_least": {"fact": "num1", "value": "60"}})
    notes = [finding.message.en for finding in boundary_exact(small({"any": either}, columns=["dbsh"]), 1)]
    assert notes == ["the cell of 1.1.b (dbsh 2035) can only be missing where it would decide"]


def test_what_has_no_threshold_is_noted_with_who_must_set_it() -> None:
    cells = {"dbsh": "90", "tn": "UBND", "dnb": "unset"}
    (note,) = can_decide(small({"at_least": {"fact": "pct1", "by_column": cells}}), 1)
    assert (note.severity, note.fails) == ("note", False)
    assert "1.1 (tn, dnb)" in note.message.en


UNSET = {"dbsh": "unset", "tn": "UBND", "dnb": "unset"}
OPEN = {"at_least": {"fact": "pct1", "by_column": UNSET}}
YES = [{"met": f"yes{place}"} for place in range(3)]


def parts(*requirements: dict[str, Any]) -> list[dict[str, Any]]:
    """Parts named a, b, c; one that has a condition of applying brings it."""
    named = [each if "requires" in each else {"requires": each} for each in requirements]
    return [{"part": name, "label": TEXT, **each} for name, each in zip("abc", named, strict=False)]


BESIDE_WHAT_IS_OPEN = [
    {"any": parts(YES[0], OPEN)},
    {"any": parts(YES[0], {"applies_if": YES[1], "requires": OPEN})},
    {"any": parts(YES[0], {"applies_if": {"at_least": {"fact": "num1", "value": "0"}}, "requires": OPEN})},
    {"any": parts(YES[0], {"all": parts(YES[1], OPEN)})},
    {"some": {"at_least": "2", "of": parts(YES[0], YES[1], OPEN)}},
    {"all": parts(YES[0], {"applies_if": OPEN, "requires": YES[1]})},
    {"all": parts(YES[0], {"applies_if": YES[1], "requires": OPEN})},
    {"when": {"condition": OPEN, "then": parts(YES[0])[0], "otherwise": parts({}, YES[1])[1]}},
]


@pytest.mark.parametrize("requirement", BESIDE_WHAT_IS_OPEN, ids=lambda each: json.dumps(each)[:60])
def test_a_part_without_a_threshold_is_no_defect_of_those_beside_it(requirement: dict[str, Any]) -> None:
    ruleset = small(requirement)
    assert failures([*can_decide(ruleset, 1), *boundary_exact(ruleset, 1)]) == []


def test_a_part_beside_one_without_a_threshold_is_still_held_to_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ruleset = small({"any": parts(YES[0], {"at_least": {"fact": "num1", "value": "5"}}, OPEN)})

    def change(assessment: ntm.Assessment) -> ntm.Assessment:
        exactly = assessment.commune.facts.get("num1") == 5
        return attrs.evolve(assessment, codes=(4,)) if exactly else assessment

    broken(monkeypatch, change)
    assert "1.1.b" in failures(boundary_exact(ruleset, 1))[0].message.en


@given(documents=rulesets())
def test_what_can_be_met_agrees_with_proof(documents: tuple[dict[str, Any], ...]) -> None:
    """But for indicators that ask for another ruleset, of which the check tries no more than a few communes."""
    ruleset = built(documents)
    said = [finding.message.en for finding in can_decide(ruleset, 1) if finding.fails]
    for indicator in ruleset.indicators:
        if not isinstance(indicator.requirement, RulesetMet):
            answer = ntm.prove("possible", ruleset, indicator=indicator.id).answer
            never = [each for each in said if re.search(rf" {indicator.id} \(\w+, 203\d\) met", each)]
            assert not (never and answer == "proved"), never
            assert never or answer != "refuted", indicator.id


def test_a_column_that_no_region_has_and_a_region_without_column() -> None:
    odd = attrs.evolve(small({"met": "yes0"}), columns=("dbsh", "tn", "btb"))
    found = {finding.message.en for finding in columns_reachable(odd, 1)}
    assert found == {"no commune is judged by the column btb", "the region dnb has no column"}


# -- planted defects of an engine


def broken(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Both the checks and the kit see an engine that answers otherwise."""
    true = native.evaluate

    def evaluate(ruleset: ntm.Ruleset, commune: ntm.Commune, **options: Any) -> ntm.Assessment:
        found: ntm.Assessment = change(true(ruleset, commune, **options))
        return found

    monkeypatch.setattr("ntm_rules.testing.checks.evaluate", evaluate)


def test_an_engine_that_fails_on_the_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """One code turned round where the fact is exactly 90: seen, with a commune that shows it."""
    ruleset = small({"at_least": {"fact": "pct1", "value": "90"}})

    def change(assessment: ntm.Assessment) -> ntm.Assessment:
        exactly = assessment.commune.facts.get("pct1") == 90
        return attrs.evolve(assessment, codes=(4,)) if exactly else assessment

    broken(monkeypatch, change)
    finding = failures(boundary_exact(ruleset, 1))[0]
    assert finding.witness is not None
    assert finding.witness.facts["pct1"] == 90
    assert "met by the cell of the table, judged missing / met" in finding.message.en
    assert "pct1: 90" in str(finding.file)
    assert failures(total(ruleset, 200))[0].message.en == "the two engines differ at 1.1"


def test_an_engine_that_takes_unknown_for_met(monkeypatch: pytest.MonkeyPatch) -> None:
    ruleset = small({"at_least": {"fact": "pct1", "value": "90"}})
    met = {
        code: (0 if status is Status.UNDETERMINED else code)
        for code, status in {0: Status.MET, 2: Status.UNDETERMINED, 4: Status.MISSING}.items()
    }
    broken(monkeypatch, lambda found: attrs.evolve(found, codes=tuple(met[code] for code in found.codes)))
    messages = [finding.message.en for finding in failures(monotone(ruleset, 100))]
    assert any("without the fact pct1" in message for message in messages)


def test_an_engine_that_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(assessment: ntm.Assessment) -> ntm.Assessment:
        raise ZeroDivisionError("no denominator")

    broken(monkeypatch, change)
    (finding,) = total(small({"met": "yes0"}), 5)
    assert finding.message.en == "no answer: ZeroDivisionError: no denominator"
    assert finding.witness is not None


# -- layers


def book_with(folder: Path, *layers: tuple[str, str, str, str]) -> ntm.Ruleset:
    """A rulebook with amendments: file, number, day in force, cell of tn."""
    requires = {"at_least": {"fact": "pct1", "by_column": {"dbsh": "90", "tn": "80", "dnb": "85"}}}
    written(folder, [ruleset_document(requires)])
    place = folder / "2030-2035/amendments/xa-khac"
    place.mkdir(parents=True)
    for file, number, day, cell in layers:
        change = {"indicator": "1", "by_column": {cell: "95"} if cell == "dbsh" else {cell: number}}
        layer = {
            "layer": f"{number}/QĐ",
            "of": "2030-2035/xa-khac",
            "kind": "amendment",
            "decision": {"number": f"{number}/QĐ", "issued": "2030-01-01", "in_force": day},
            "set_thresholds": [change],
        }
        (place / file).write_text(json.dumps(layer), "utf-8")
    return ntm.load_ruleset("2030-2035/xa-khac", source=folder)


def test_layers_of_one_day_on_one_cell_do_not_commute(tmp_path: Path) -> None:
    ruleset = book_with(tmp_path, ("a.yaml", "81", "2031-01-01", "tn"), ("b.yaml", "82", "2031-01-01", "tn"))
    (finding,) = layers_commute(ruleset)
    assert finding.fails
    assert finding.message.en == "81/QĐ → 82/QĐ: both change 1 (tn); no date says which is the later one"


def test_layers_of_two_days_are_ordered_by_them(tmp_path: Path) -> None:
    ruleset = book_with(tmp_path, ("a.yaml", "81", "2031-01-01", "tn"), ("b.yaml", "82", "2032-01-01", "tn"))
    (finding,) = layers_commute(ruleset)
    assert finding.severity == "note"
    assert finding.message.vi == "81/QĐ → 82/QĐ: cùng sửa 1 (tn); lớp sau thắng"


def test_layers_on_different_cells_commute(tmp_path: Path) -> None:
    ruleset = book_with(tmp_path, ("a.yaml", "81", "2031-01-01", "tn"), ("b.yaml", "86", "2031-01-01", "dnb"))
    assert list(layers_commute(ruleset)) == []


def own(number: str, cells: dict[str, str], day: str = "2031-01-01") -> dict[str, Any]:
    """A province's overlay on the ruleset of `book_with`."""
    decision = {"number": f"{number}/QĐ", "issued": "2030-01-01", "in_force": day}
    layer = {"layer": f"{number}/QĐ", "of": "2030-2035/xa-khac", "kind": "province", "province": "kon-tum"}
    return layer | {"decision": decision, "set_thresholds": [{"indicator": "1", "by_column": cells}]}


def test_overlays_given_are_held_against_each_other(tmp_path: Path) -> None:
    book_with(tmp_path)
    given = [own("81", {"tn": "81"}), own("82", {"tn": "82"})]
    ruleset = ntm.load_ruleset("2030-2035/xa-khac", source=tmp_path, overlays=given)
    (finding,) = failures(check_ruleset(ruleset, checks=["layers-commute"]))
    assert finding.message.en == "81/QĐ → 82/QĐ: both change 1 (tn); no date says which is the later one"
    later = [given[0], own("82", {"tn": "82"}, "2032-01-01")]
    ruleset = ntm.load_ruleset("2030-2035/xa-khac", source=tmp_path, overlays=later)
    assert [finding.severity for finding in layers_commute(ruleset)] == ["note"]


def test_a_draft_is_held_against_the_layers_of_the_rulebook(tmp_path: Path) -> None:
    """Of a layer given anew only the new text counts."""
    book_with(tmp_path)
    place = tmp_path / "2030-2035/provinces/kon-tum/xa-khac"
    place.mkdir(parents=True)
    (place / "a.yaml").write_text(json.dumps(own("81", {"tn": "81"})), "utf-8")
    other, anew = own("82", {"tn": "82"}), own("81", {"tn": "82"})
    found = [
        list(layers_commute(ntm.load_ruleset("2030-2035/xa-khac", source=tmp_path, overlays=[draft])))
        for draft in (other, anew)
    ]
    assert [len(findings) for findings in found] == [1, 0]
    assert found[0][0].fails


def test_layers_that_cannot_stand_together_are_said(tmp_path: Path) -> None:
    book_with(tmp_path)
    place = tmp_path / "2030-2035/provinces/kon-tum/xa-khac"
    place.mkdir(parents=True)
    new = {
        "add_criteria": [{"no": "9", "title": TEXT, "indicators": [{"no": "9.1", "label": TEXT, "requires": YES[0]}]}]
    }
    (place / "a.yaml").write_text(json.dumps(own("81", {"tn": "81"}) | new), "utf-8")
    ruleset = ntm.load_ruleset("2030-2035/xa-khac", source=tmp_path, overlays=[own("82", {"tn": "82"}) | new])
    (finding,) = failures(layers_commute(ruleset))
    assert finding.message.en.startswith("82/QĐ cannot be put on the layers before it")


def test_a_rulebook_that_is_gone_is_said(tmp_path: Path) -> None:
    (note,) = layers_commute(small({"met": "yes0"}))
    assert note.message.en == "the rulebook with its layers is no longer there"
