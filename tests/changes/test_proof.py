"""What is proved of the shipped rulesets, what refutes it, and what is left unknown."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from tests.changes.test_proofs_agree import assert_witness
from tests.property.strategies import built, document_of

import ntm_rules as ntm
from ntm_rules.changes.places import places_of
from ntm_rules.changes.proof import OpenThreshold, Question
from ntm_rules.cli.commands import ntm_rules as command
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.errors import NtmRulesError, UnknownNameError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.requirement import CellState, Comparison, Direction
from ntm_rules.model.ruleset import Ruleset
from ntm_rules.rulebook.boundary_documents import ProofDocument
from ntm_rules.rulebook.schema import schemas

pytest.importorskip("z3")

NTM, ADVANCED, MODEL = "2021-2025/xa-ntm", "2021-2025/xa-ntm-nang-cao", "2021-2025/xa-ntm-kieu-mau"
BEFORE = "2023-12-31"
POWER = "households_registered_reliable_power_pct"


def loaded(ruleset_id: str, on: str | None = None, **more: Any) -> Ruleset:
    return ntm.load_ruleset(ruleset_id, on=on, **more)


def layer(of: str, *thresholds: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A layer of the caller's that applies to everyone."""
    decision = {"number": "1/QĐ", "issued": "2025-01-01", "in_force": "2025-01-01"}
    base: dict[str, Any] = {"layer": "1/QĐ", "of": of, "kind": "amendment", "decision": decision}
    return base | ({"set_thresholds": list(thresholds)} if thresholds else {}) | more


def power(**cells: str) -> dict[str, Any]:
    return {"indicator": "4.2", "by_column": cells}


def changed(**cells: str) -> Ruleset:
    """The set of 2021-2025 with levels of 4.2 changed."""
    return loaded(NTM, overlays=[layer(NTM, power(**cells))])


# -- two texts


def test_a_text_implies_itself_and_equals_itself() -> None:
    ruleset = loaded(NTM)
    for question in ("implies", "equivalent", "tightens"):
        proof = ntm.prove(question, ruleset, ruleset)
        assert (proof.answer, proof.code, proof.witness) == ("proved", "everywhere", None)


@pytest.mark.parametrize(("new", "old", "missed"), [(None, BEFORE, ("18.4",)), (BEFORE, None, ("15.4",))])
def test_the_amendment_of_2024_against_the_text_before(
    new: str | None, old: str | None, missed: tuple[str, ...]
) -> None:
    proof = ntm.prove("implies", loaded(NTM, new), loaded(NTM, old))
    assert proof.answer == "refuted"
    assert proof.indicators == missed
    assert len(proof.changed) == 1
    assert_witness(proof)


def test_the_amendment_sends_other_communes_to_the_mountain_column() -> None:
    """One commune of zone II, and one of a district that left poverty, are asked less by one text than by the other."""
    new, old = loaded(NTM), loaded(NTM, BEFORE)
    proof = ntm.prove("tightens", new, old)
    assert {"4.2", "10", "13.1", "15.4", "18.4"} <= set(proof.indicators)
    assert proof.place is not None
    assert proof.place.zones == ("II",)
    back = ntm.prove("tightens", old, new)
    assert back.place is not None
    assert back.place.zones == ("atk-left-poverty-2018-2020",)


def test_tiers() -> None:
    assert ntm.prove("implies", loaded(MODEL), loaded(ADVANCED)).answer == "proved"
    proof = ntm.prove("implies", loaded(ADVANCED), loaded(NTM))  # by the verdict; the tier below is a prerequisite
    assert proof.answer == "refuted"
    assert_witness(proof)
    assert ntm.prove("disjoint", loaded(ADVANCED), loaded(NTM)).answer == "refuted"


@pytest.mark.parametrize("province", ["nam-dinh", "ha-noi", "dong-thap", "quang-nam"])
def test_shipped_overlays_loosen_nothing_that_is_known(province: str) -> None:
    proof = ntm.prove("tightens", loaded(MODEL, province=province), loaded(MODEL))
    assert proof.answer in ("proved", "unknown"), proof.explain("en")
    if proof.answer == "unknown":
        assert proof.code == "open_thresholds"
        assert OpenThreshold(MODEL, "2", "tdmnpb", 2024) in proof.thresholds


def test_an_overlay_that_only_tightens_is_proved_to() -> None:
    stricter = changed(dbsh="99.5", dnb="100")
    assert ntm.prove("tightens", stricter, loaded(NTM)).answer == "proved"
    assert ntm.prove("implies", stricter, loaded(NTM)).answer == "proved"
    proof = ntm.prove("equivalent", stricter, loaded(NTM))
    assert (proof.answer, proof.missed, proof.indicators) == ("refuted", stricter, ("4.2",))
    assert_witness(proof)


def test_an_overlay_that_loosens_is_refuted_at_its_threshold() -> None:
    proof = ntm.prove("tightens", changed(dbsh="98.5"), loaded(NTM))
    assert (proof.answer, proof.code, proof.indicators, proof.changed) == ("refuted", "loosened", ("4.2",), (POWER,))
    assert proof.witness is not None
    assert proof.witness.facts[POWER] == Decimal("98.5")
    assert "98,5" in proof.explain("vi")
    assert "98.5" in proof.explain("en")


def masked() -> Ruleset:
    """4.2 asks less, and a new indicator makes up for it."""
    text = {"vi": "chữ", "en": "text"}
    added = {
        "criterion": "4",
        "no": "4.9",
        "label": text,
        "citation": "1/QĐ",
        "set_by": "national",
        "requires": {"at_least": {"fact": POWER, "value": "100"}},
    }
    return loaded(NTM, overlays=[layer(NTM, power(dbsh="50"), add_indicators=[added])])


def test_an_indicator_that_another_makes_up_for_is_named_as_loosened() -> None:
    new = masked()
    assert ntm.prove("implies", new, loaded(NTM)).answer == "proved"
    proof = ntm.prove("tightens", new, loaded(NTM))
    assert proof.indicators == ("4.2",)
    assert proof.witness is not None
    assert ntm.evaluate(new, proof.witness).statuses["4.2"] is Status.MET
    assert ntm.evaluate(new, proof.witness).statuses["4.9"] is Status.MISSING


def test_a_removed_indicator_is_loosened() -> None:
    new = loaded(NTM, overlays=[layer(NTM, remove_indicators=["7"])])
    assert ntm.prove("tightens", new, loaded(NTM)).indicators == ("7",)
    assert ntm.prove("implies", new, loaded(NTM)).indicators == ("7",)
    assert ntm.prove("implies", loaded(NTM), new).answer == "proved"


def test_a_renumbered_clause_is_held_against_what_measures_the_same() -> None:
    """As `compare` matches them: 17.6 and 17.8 of 2016-2020 are 17.8 and 17.10 of 2021-2025."""
    new, old = loaded(NTM), loaded("2016-2020/xa-ntm")
    assert not {"17.6", "17.8"} & set(ntm.prove("tightens", new, old).indicators)
    requires = {"met": "rural_market_or_trading_place"}
    moved = {"criterion": "8", "no": "8.9", "label": {"vi": "chữ", "en": "text"}, "requires": requires}
    more = {"remove_indicators": ["7"], "add_indicators": [moved | {"citation": "1/QĐ", "set_by": "national"}]}
    proof = ntm.prove("tightens", loaded(NTM, overlays=[layer(NTM, **more)]), loaded(NTM))
    assert (proof.answer, proof.code) == ("proved", "everywhere")


def loosened_cells() -> Iterator[tuple[str, int | None, str, str]]:
    """Every numeric cell of the set, eased by a tenth: clause, year, column, new level."""
    ruleset = loaded(NTM)
    for _, leaf, year, column, cell in ruleset.cells():
        requirement = leaf.requirement
        if cell.state is not CellState.SET or column == "common" or not isinstance(requirement, Comparison):
            continue
        fact = ruleset.catalogue.facts[requirement.fact]
        if isinstance(cell.value, Decimal) and requirement.direction is not Direction.MET:
            step = Decimal(1) if fact.kind is FactKind.COUNT else Decimal("0.1")
            up = requirement.direction is Direction.AT_MOST
            yield leaf.id, year, column, format(cell.value + step if up else cell.value - step, "f")


def test_every_cell_loosened_by_a_tenth_is_refuted_where_it_lies() -> None:
    old = loaded(NTM)
    eased = [cell for cell in loosened_cells() if cell[2]]
    assert len(eased) > 80
    for number, year, column, level in eased[::7]:
        assert_loosened(old, number, year, column, level)


def assert_loosened(old: Ruleset, number: str, year: int | None, column: str, level: str) -> None:
    indicator = next(i.id for i in old.indicators if number == i.id or number.startswith(f"{i.id}."))
    change: dict[str, Any] = {"indicator": indicator}
    if number != indicator:
        change["part"] = number.removeprefix(f"{indicator}.")
    change |= {"by_column": {column: level}} if year is None else {"by_year": {str(year): {column: level}}}
    proof = ntm.prove("implies", loaded(NTM, overlays=[layer(NTM, change)]), old)
    assert proof.answer == "refuted", (number, year, column, proof.explain("en"))
    assert proof.place is not None
    assert proof.indicators == (indicator,)
    assert old.column_for(proof.place.region, proof.place.zones) == column
    assert year in (None, proof.place.year)
    assert_witness(proof)
    if column != "tdmnpb":  # which judges special communes of every region
        elsewhere = "dbsh" if column != "dbsh" else "dnb"
        assert ntm.prove("implies", proof.new, old, region=elsewhere, year=proof.place.year).answer == "proved"


# -- thresholds that are not known


def test_what_hangs_on_an_unknown_threshold_is_unknown_and_says_which() -> None:
    new = loaded(NTM, overlays=[layer(NTM, {"indicator": "2.1", "by_column": {"dbsh": "80"}})])
    proof = ntm.prove("implies", new, loaded(NTM))
    assert (proof.answer, proof.code) == ("unknown", "open_thresholds")
    assert proof.thresholds == (OpenThreshold(NTM, "2.1", "dbsh", None),)
    assert "2.1" in proof.explain("vi")


def test_asking_everything_is_enough_whatever_the_threshold() -> None:
    new = loaded(NTM, overlays=[layer(NTM, {"indicator": "2.1", "by_column": {"dbsh": "100"}})])
    assert ntm.prove("implies", new, loaded(NTM)).answer == "proved"


def test_a_witness_has_its_level_in_words() -> None:
    lower = layer(ADVANCED, {"indicator": "5.4", "by_column": {"dbsh": "1"}})
    proof = ntm.prove("tightens", loaded(ADVANCED, overlays=[lower]), loaded(ADVANCED), region="dbsh", year=2024)
    assert "[literacy_level]: mức độ 1" in proof.explain("vi")
    assert "[literacy_level]: level 1" in proof.explain("en")


def test_a_witness_meets_open_thresholds_at_their_best_and_is_attested() -> None:
    proof = ntm.prove("implies", changed(dbsh="98.5"), loaded(NTM))
    assert proof.witness is not None
    assert proof.witness.facts["commune_roads_paved_pct"] == 100
    assert proof.witness.attested[f"{NTM}:2.1"] is True


def test_a_witness_lies_where_the_least_is_unknown() -> None:
    """The income of 2020 is the only one known: a commune of that year need not be attested in it."""
    old = "2016-2020/xa-ntm"
    new = loaded(old, overlays=[layer(old, remove_indicators=["8.1"])])
    proof = ntm.prove("implies", new, loaded(old))
    assert proof.place is not None
    assert proof.witness is not None
    assert proof.place.year == 2020
    assert f"{old}:10" not in proof.witness.attested
    first = ntm.prove("implies", new, loaded(old), year=2016).witness
    assert first is not None
    assert set(proof.witness.attested) < set(first.attested)


def test_another_text_makes_an_unknown_threshold_another_one() -> None:
    """Where a later decision sets a level and neither is known, nothing follows from the one for the other."""
    change = {"indicator": "2.1", "by_column": {"dbsh": "unset"}}
    untouched = loaded(NTM, overlays=[layer(NTM, change)])
    assert ntm.prove("implies", untouched, loaded(NTM)).answer == "proved"
    amended = loaded(NTM, overlays=[layer(NTM, change | {"citation": "1/QĐ, Điều 1"})])
    proof = ntm.prove("implies", amended, loaded(NTM), region="dbsh", year=2024)
    assert proof.answer == "unknown"
    assert OpenThreshold(NTM, "2.1", "dbsh", None) in proof.thresholds


# -- one ruleset


@pytest.mark.parametrize("ruleset_id", [NTM, ADVANCED, MODEL, "2016-2020/xa-ntm", "2016-2020/xa-ntm-kieu-mau"])
def test_every_ruleset_can_be_met_everywhere(ruleset_id: str) -> None:
    proof = ntm.prove("satisfiable", loaded(ruleset_id))
    assert proof.answer == "proved", proof.explain("en")
    assert proof.witness is not None
    assert ntm.evaluate(loaded(ruleset_id), proof.witness).verdict is Verdict.MET


def test_no_indicator_of_the_set_follows_from_the_others() -> None:
    ruleset = loaded(NTM)
    answers = {number: ntm.prove("redundant", ruleset, indicator=number) for number in ruleset.numbers}
    refuted = {number for number, proof in answers.items() if proof.answer == "refuted"}
    unknown = {number: proof.code for number, proof in answers.items() if proof.answer == "unknown"}
    assert not [number for number, proof in answers.items() if proof.answer == "proved"]
    assert set(unknown.values()) <= {"open_thresholds"}
    assert len(refuted) >= 40


def test_an_indicator_that_follows_from_another_is_redundant() -> None:
    new = masked()
    assert ntm.prove("redundant", new, indicator="4.2").answer == "proved"
    proof = ntm.prove("redundant", new, indicator="4.9")
    assert (proof.answer, proof.indicators) == ("refuted", ("4.9",))
    assert ntm.prove("possible", new, indicator="4.2").answer == "proved"


AT_LEAST_90: list[dict[str, Any]] = [
    {"part": letter, "label": {"vi": "a", "en": "a"}, "requires": {"at_least": {"fact": fact, "value": "90"}}}
    for letter, fact in (("a", "pct1"), ("b", "pct2"))
]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda clause: clause,
        lambda clause: {"requires": {"all": [{"part": "c", "label": {"vi": "c", "en": "c"}} | clause]}},
    ],
    ids=["indicator", "part"],
)
@pytest.mark.parametrize("parts", [{"all": AT_LEAST_90}, {"any": AT_LEAST_90}], ids=["all", "any"])
@pytest.mark.parametrize("column", ["dbsh", "tn", "dnb"])
def test_where_what_has_parts_is_asked_is_part_of_the_question(
    column: str, parts: dict[str, Any], wrapped: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Of a clause with parts that is asked in one column only, nothing is asked in the others."""
    everywhere, there = (
        built([document_of({}) | criteria(wrapped({"requires": parts} | more))]) for more in ({}, {"columns": [column]})
    )
    assert ntm.prove("implies", everywhere, there).answer == "proved"
    for question in ("implies", "tightens", "equivalent"):
        proof = ntm.prove(question, there, everywhere)
        assert proof.answer == "refuted"
        assert proof.witness is not None
        assert proof.witness.region != column
    assert ntm.prove("redundant", there, indicator="1").answer == "refuted"


def criteria(clause: dict[str, Any]) -> dict[str, Any]:
    """The criteria of a ruleset of one indicator."""
    indicator = {"no": "1", "label": {"vi": "a", "en": "a"}} | clause
    return {"criteria": [{"no": "1", "title": {"vi": "a", "en": "a"}, "indicators": [indicator]}]}


def test_what_only_does_not_apply_is_not_met() -> None:
    """An indicator that no commune can meet is impossible where some commune is asked it."""
    never = {"all": [AT_LEAST_90[0], AT_LEAST_90[1] | {"requires": {"at_most": {"fact": "pct1", "value": "80"}}}]}
    asked_of_some: dict[str, Any] = {"requires": never, "applies_if": {"met": "yes0"}}
    narrowed: tuple[dict[str, Any], ...] = ({}, {"columns": ["tn"]})
    for more in narrowed:
        proof = ntm.prove("possible", built([document_of({}) | criteria(asked_of_some | more)]), indicator="1")
        assert (proof.answer, proof.code, proof.indicators) == ("refuted", "impossible", ("1",))
        assert proof.place is not None
        assert proof.place.region == (more.get("columns") or ["dbsh"])[0]
    nowhere: dict[str, Any] = {
        "requires": {"all": [AT_LEAST_90[0] | {"applies_if": {"at_least": {"fact": "pct2", "value": "90"}}}]}
    }
    nowhere |= {"applies_if": {"at_most": {"fact": "pct2", "value": "80"}}}
    proof = ntm.prove("possible", built([document_of({}) | criteria(nowhere)]), indicator="1")
    assert (proof.answer, proof.code, proof.witness) == ("proved", "vacuous", None)


def test_the_example_of_what_is_possible_meets_it() -> None:
    asked_of_some = {"requires": {"all": AT_LEAST_90}, "applies_if": {"at_most": {"fact": "pct1", "value": "95"}}}
    for more in ({}, {"columns": ["dnb"]}):
        ruleset = built([document_of({}) | criteria(asked_of_some | more)])
        proof = ntm.prove("possible", ruleset, indicator="1")
        assert proof.answer == "proved"
        assert proof.witness is not None
        assert ntm.evaluate(ruleset, proof.witness).statuses["1"] is Status.MET


def test_indicators_that_contradict_each_other_are_named() -> None:
    text = {"vi": "chữ", "en": "text"}
    requires = {"at_most": {"fact": POWER, "by_column": dict.fromkeys(loaded(NTM).columns, "99.5") | {"tn": "50"}}}
    indicator = {
        "criterion": "4",
        "no": "4.9",
        "label": text,
        "citation": "1/QĐ",
        "set_by": "national",
        "requires": requires,
    }
    new = loaded(NTM, overlays=[layer(NTM, add_indicators=[indicator])])
    proof = ntm.prove("satisfiable", new)
    assert (proof.answer, proof.code, proof.indicators) == ("refuted", "impossible", ("4.2", "4.9"))
    assert proof.place is not None
    assert proof.place.region == "tn"
    assert ntm.prove("satisfiable", new, region="dbsh").answer == "proved"
    vacuous = ntm.prove("implies", new, loaded(NTM))
    assert (vacuous.answer, vacuous.code) == ("proved", "vacuous")
    assert "5 of 35" in vacuous.reason.en


def test_a_ruleset_of_which_not_all_is_known_is_never_met() -> None:
    open_ = loaded("2016-2020/xa-ntm-nang-cao", province="thai-binh")
    empty = loaded("2016-2020/xa-ntm-nang-cao")
    assert ntm.prove("satisfiable", empty).code == "empty"
    assert ntm.prove("implies", open_, empty).answer == "unknown"
    incomplete = loaded("2016-2020/xa-ntm-nang-cao", province="hai-duong")
    proof = ntm.prove("satisfiable", incomplete)
    assert (proof.answer, proof.code) == ("unknown", "incomplete")


# -- facts held against multiples of facts


def times(direction: str, fact: str, factor: str, other: str) -> dict[str, Any]:
    return {direction: {"fact": fact, "times_fact": {"fact": other, "factor": factor}}}


@pytest.mark.parametrize(
    "requires",
    [
        # At 6.5 for num0, num1 would be a number that no file can hold.
        [{"at_most": {"fact": "num0", "value": "6.5"}}, times("equal", "num0", "1.5", "num1")],
        [times("equal", "num0", "1.5", "num1"), times("equal", "num1", "1.1", "num2")],
        [{"at_most": {"fact": "num2", "value": "1"}}, times("equal", "num2", "1.5", "num1")],
        [{"at_least": {"fact": "num1", "value": "0.5"}}, times("at_most", "num1", "0.333333333333333333333", "num0")],
    ],
)
def test_what_is_held_against_a_multiple_is_given_a_number_with_an_end(requires: list[Any]) -> None:
    other = built([with_indicators([{"met": "yes0"}])])
    for each in (requires, requires[::-1]):
        proof = ntm.prove("disjoint", built([with_indicators(each)]), other)
        assert proof.answer == "refuted", proof.explain("en")
    assert ntm.prove("satisfiable", built([with_indicators(requires)])).witness is not None


def with_indicators(requires: list[Any]) -> dict[str, Any]:
    document = document_of({"met": "yes0"})
    label = {"vi": "chữ", "en": "text"}
    document["criteria"][0]["indicators"] = [
        {"no": str(no), "label": label, "requires": each} for no, each in enumerate(requires, 1)
    ]
    return document


# -- places


def test_a_province_judges_its_own_region() -> None:
    places = places_of([loaded(MODEL, province="nam-dinh")])
    assert {place.region for place in places} == {"dbsh"}
    assert {place.year for place in places} == set(range(2021, 2026))


def test_two_provinces_of_different_regions_have_no_commune_in_common() -> None:
    with pytest.raises(NtmRulesError, match="no_common_place"):
        ntm.prove("implies", loaded(MODEL, province="nam-dinh"), loaded(MODEL, province="dong-thap"))


def test_a_year_and_a_region_narrow_the_question() -> None:
    new = loaded(NTM, overlays=[layer(NTM, {"indicator": "10", "by_year": {"2024": {"dbsh": "50"}}})])
    assert ntm.prove("implies", new, loaded(NTM), year=2023).answer == "proved"
    assert ntm.prove("implies", new, loaded(NTM), region="tn").answer == "proved"
    proof = ntm.prove("implies", new, loaded(NTM), region="dbsh", year=2024)
    assert (proof.indicators, proof.changed) == (("10",), ("income_per_capita",))
    assert proof.witness is not None
    assert proof.witness.facts["income_per_capita"] == 50


# -- what cannot be asked


def test_questions_that_cannot_be_asked() -> None:
    ruleset = loaded(NTM)
    asked: list[tuple[dict[str, Any], str]] = [
        ({"question": "implied", "new": ruleset}, "unknown_question"),
        ({"question": "implies", "new": ruleset}, "no_ruleset"),
        ({"question": "satisfiable", "new": NTM}, "no_ruleset"),
        ({"question": "redundant", "new": ruleset}, "no_indicator"),
        ({"question": "redundant", "new": ruleset, "indicator": "4.22"}, "unknown_indicator"),
        ({"question": "satisfiable", "new": ruleset, "old": ruleset}, "not_of_question"),
        ({"question": "redundant", "new": ruleset, "old": ruleset, "indicator": "4.2"}, "not_of_question"),
        ({"question": "implies", "new": ruleset, "old": ruleset, "indicator": "4.2"}, "not_of_question"),
        ({"question": "satisfiable", "new": ruleset, "indicator": "4.2"}, "not_of_question"),
        ({"question": "satisfiable", "new": ruleset, "region": "dbhs"}, "unknown_region"),
        ({"question": "satisfiable", "new": ruleset, "year": 1900}, "bad_year"),
    ]
    for arguments, code in asked:
        with pytest.raises(NtmRulesError) as raised:
            ntm.prove(**arguments)
        assert [problem.code for problem in raised.value.problems] == [code]
    with pytest.raises(UnknownNameError, match="implies"):
        ntm.prove("implied", ruleset)  # type: ignore[arg-type]


def test_without_z3_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NtmRulesError, match=r"ntm-rules\[prove\]"):
        ntm.prove("satisfiable", loaded(NTM))


def test_importing_the_package_does_not_import_z3() -> None:
    code = "import sys, ntm_rules; sys.exit('z3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_answers_are_what_their_schema_says() -> None:
    asked: list[tuple[Question, Ruleset, Ruleset | None, str | None]] = [
        ("implies", loaded(NTM), loaded(NTM, BEFORE), None),
        ("tightens", loaded(MODEL, province="nam-dinh"), loaded(MODEL), None),
        ("satisfiable", loaded(MODEL), None, None),
        ("possible", masked(), None, "4.2"),
        ("satisfiable", loaded("2016-2020/xa-ntm-nang-cao"), None, None),
    ]
    codes = set()
    for question, new, old, indicator in asked:
        proof = ntm.prove(question, new, old, indicator=indicator)
        document = json.loads(proof.to_json())
        assert list(Draft202012Validator(schemas()["proof"]).iter_errors(document)) == []
        assert list(document) == list(ProofDocument.model_fields)
        ProofDocument.model_validate_json(proof.to_json())
        codes.add(proof.code)
    assert codes == {"witness", "open_thresholds", "everywhere", "empty"}


def test_a_proof_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="answer"):
        bool(ntm.prove("satisfiable", loaded(MODEL), region="dbsh", year=2024))


# -- the command


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["prove", *arguments])
    return result.exit_code, result.output


def test_the_command_writes_a_witness_that_evaluate_reads(tmp_path: Path) -> None:
    file = tmp_path / "xa.json"
    code, out = run("implies", NTM, f"{NTM}@{BEFORE}", "--witness", str(file), "--lang", "en")
    assert code == 0
    assert "REFUTED" in out
    judged = CliRunner().invoke(command, ["evaluate", str(file), "--format", "jsonl"])
    assert judged.exit_code == 0
    assert json.loads(judged.output)["verdict"] == "met"


def test_the_witness_is_there_for_who_reads_one_line_only(tmp_path: Path) -> None:
    file = tmp_path / "xa.json"
    asked = ["prove", "implies", NTM, f"{NTM}@{BEFORE}", "--region", "tn", "--year", "2024", "--witness", str(file)]
    nobody, end = os.pipe()
    os.close(nobody)
    subprocess.run([sys.executable, "-m", "ntm_rules.cli", *asked], stdout=end, stderr=subprocess.DEVNULL, check=False)
    os.close(end)
    assert ntm.Commune.from_dict(json.loads(file.read_text("utf-8"))).region == "tn"


def test_the_command_without_an_indicator_asks_of_every_one() -> None:
    code, out = run("possible", MODEL, "--format", "json", "--region", "dbsh", "--year", "2024")
    assert code == 0
    assert [json.loads(line)["indicator"] for line in out.splitlines()] == ["1", "2", "3", "4"]


def test_the_command_compares_an_overlay_with_the_text_below_it() -> None:
    code, out = run("tightens", MODEL, "--province", "Nam Định")
    assert code == 0
    assert "CHƯA BIẾT" in out


def test_the_command_asks_the_other_way_round(tmp_path: Path) -> None:
    raised = tmp_path / "draft.yaml"
    raised.write_text(json.dumps(layer(NTM, power(dbsh="99.5"))), "utf-8")
    asked = ["implies", NTM, "--overlay", str(raised), "--region", "dbsh", "--year", "2024", "--format", "json"]
    there, back = (json.loads(run(*asked, *reverse)[1]) for reverse in ([], ["--reverse"]))
    assert (there["answer"], back["answer"], back["indicators"]) == ("proved", "refuted", ["4.2"])


def test_the_command_holds_a_draft_against_another(tmp_path: Path) -> None:
    files = []
    for value in ("99.5", "99.8"):
        files.append(tmp_path / f"{value}.yaml")
        files[-1].write_text(json.dumps(layer(NTM, power(dbsh=value))), "utf-8")
    for old, new, answer in ((*files, "proved"), (*reversed(files), "refuted")):
        asked = [
            "tightens",
            NTM,
            "--overlay",
            str(new),
            "--old-overlay",
            str(old),
            "--region",
            "dbsh",
            "--format",
            "json",
        ]
        assert json.loads(run(*asked)[1])["answer"] == answer


@pytest.mark.parametrize(
    "arguments",
    [
        ("satisfiable", NTM, ADVANCED),
        ("implies", NTM, ADVANCED, "--indicator", "4.2"),
        ("satisfiable", NTM, "--indicator", "4.2"),
        ("satisfiable", NTM, "--reverse"),
    ],
)
def test_the_command_ignores_no_argument(arguments: tuple[str, ...]) -> None:
    code, out = run(*arguments)
    assert code == 2
    assert "câu hỏi này không dùng" in out
    assert "the question takes no" in run(*arguments, "--lang", "en")[1]


@pytest.mark.parametrize("more", [(), ("--reverse",), ("--province", "Lào Cai")])
def test_the_command_refuses_to_hold_a_text_against_itself_for_want_of_another(more: tuple[str, ...]) -> None:
    for named in (NTM, f"{NTM}@{BEFORE}"):
        code, out = run("implies", named, *more, "--lang", "en")
        assert (code, "no_ruleset" in out, "OLD" in out) == (2, True, True), out
    assert run("implies", NTM, NTM, "--region", "dbsh", "--year", "2024")[0] == 0  # asked for


def test_the_command_says_what_is_wrong() -> None:
    assert run("implies", f"{NTM}@2023")[0] == 2
    assert run("implied", NTM)[0] == 2
    assert run("redundant", NTM, "--indicator", "99")[0] == 2
    assert (
        run("satisfiable", MODEL, "--witness", "/no/such/folder/xa.json", "--region", "dbsh", "--year", "2024")[0] == 2
    )
