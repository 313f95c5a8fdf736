"""What is proved of rulesets with thresholds that are not known holds whatever they are: of every completion of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.changes.test_proofs_agree import assert_not_contradicted, pairs
from tests.property.strategies import COLUMNS, Documents, built, communes, document_of, generated_catalogue

import ntm_rules as ntm
from ntm_rules.changes.proof import Question
from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.facts import FactKind
from ntm_rules.model.ruleset import Ruleset

pytest.importorskip("z3")

PAIRED: tuple[Question, ...] = ("implies", "equivalent", "disjoint", "tightens")
TEXT = {"vi": "chữ", "en": "text"}
OPEN = dict.fromkeys(COLUMNS, "unset")
Tree = Any


# -- two cells of one ruleset


def asking(*clauses: dict[str, Any], **more: Any) -> Ruleset:
    """A ruleset of indicators "1", "2" …, all with one citation."""
    document = document_of({"met": "yes0"}) | more
    document["criteria"][0]["indicators"] = [
        {"no": str(no), "label": TEXT, "citation": "1/QĐ", **clause} for no, clause in enumerate(clauses, 1)
    ]
    return built([document])


def open_level(fact: str = "num1", direction: str = "at_least", **cells: str) -> dict[str, Any]:
    return {direction: {"fact": fact, "by_column": OPEN | cells}}


def part(letter: str, requires: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"part": letter, "label": TEXT, "requires": requires, **more}


YES = {"requires": {"met": "yes0"}}


def test_when_a_clause_applies_is_another_threshold_than_what_it_requires() -> None:
    """False of 5 and 50: a commune at 10 is asked, and misses it."""
    ruleset = asking(YES, {"applies_if": open_level(), "requires": open_level()})
    assert ntm.prove("redundant", ruleset, indicator="2").answer == "unknown"


def test_the_condition_of_a_branch_is_another_threshold_than_its_parts() -> None:
    branch = {"condition": open_level(), "then": part("a", open_level()), "otherwise": part("b", {"met": "yes0"})}
    assert ntm.prove("redundant", asking(YES, {"requires": {"when": branch}}), indicator="2").answer == "unknown"


def test_parts_within_parts_that_repeat_a_letter_have_thresholds_of_their_own() -> None:
    first, within = part("a", open_level()), part("b", {"any": [part("a", open_level()), part("c", {"met": "yes1"})]})
    new, old = asking({"requires": {"all": [first]}}), asking({"requires": {"all": [first, within]}})
    assert ntm.prove("implies", new, old).answer == "unknown"
    assert ntm.prove("implies", old, new).answer == "proved"


def test_what_is_held_against_the_threshold_tells_thresholds_apart() -> None:
    either, both = ({"at_least": {"fact": "pct0", "by_column": OPEN} | sexes} for sexes in ({}, {"both_sexes": "true"}))
    assert ntm.prove("implies", asking({"requires": both}), asking({"requires": either})).answer == "unknown"


def test_content_that_is_not_stated_is_the_same_where_its_label_is() -> None:
    unstated, other = {"requires": {"unstated": "ministry"}}, {"vi": "khác", "en": "other"}
    assert ntm.prove("implies", asking(unstated), asking(unstated)).answer == "proved"
    assert ntm.prove("implies", asking(unstated | {"label": other}), asking(unstated)).answer == "unknown"


def test_a_multiple_of_an_unknown_threshold_is_not_another_multiple_of_it() -> None:
    def above(factor: str, citation: str) -> Ruleset:
        lower = document_of(open_level()) | {"ruleset": "2030-2035/xa-duoi"}
        lower["criteria"][0]["indicators"][0]["citation"] = citation
        times = {"ruleset": "2030-2035/xa-duoi", "indicator": "1", "factor": factor}
        return built([lower, document_of({"at_least": {"fact": "num1", "times_threshold": times}})])

    assert ntm.prove("implies", above("1.1", "1/QĐ"), above("1.1", "1/QĐ")).answer == "proved"
    assert ntm.prove("implies", above("1.1", "1/QĐ"), above("1.2", "1/QĐ")).answer == "unknown"
    assert ntm.prove("implies", above("1.1", "1/QĐ"), above("1.1", "2/QĐ")).answer == "unknown"


def test_what_two_provinces_each_leave_open_is_not_one_threshold() -> None:
    def of(province: str) -> Ruleset:
        document = document_of({"at_least": {"fact": "num1", "value": "UBND"}}) | {"columns": ["common"]}
        layer = {"layer": "2/QĐ", "of": document["ruleset"], "kind": "province", "province": province}
        return built([document], layers=[layer | {"decision": document["decision"]}])

    assert ntm.prove("implies", of("ha-noi"), of("ha-noi")).answer == "proved"
    assert ntm.prove("implies", of("ha-noi"), of("kon-tum")).answer == "unknown"


def test_a_cell_elsewhere_that_changes_leaves_an_open_one_what_it_is() -> None:
    known = part("a", {"at_least": {"fact": "num0", "value": "5"}})
    old = asking({"requires": {"all": [known, part("b", open_level())]}})
    new = asking({"requires": {"all": [part("b", open_level())]}})
    assert ntm.prove("implies", old, new).answer == "proved"


# -- generated texts, and what they may come to be


@st.composite
def completions(draw: st.DrawFn, pair: tuple[Documents, Documents], *, delegated: bool) -> tuple[Documents, Documents]:
    """Both texts with their open cells filled in, the same cell of both alike; what is left to the province only if `delegated`.

    A cell is known by the numbers and letters around it.
    """
    known: dict[tuple[str, ...], str] = {}
    open_, left = (("UBND", "unset"), ()) if delegated else (("unset",), ("province",))

    def filled(tree: Tree, path: tuple[str, ...], fact: str) -> Tree:
        if isinstance(tree, dict):
            if "unstated" in tree:
                return tree if tree["unstated"] in left else {"met": once(path, st.sampled_from(["yes1", "yes2"]))}
            return {key: filled(value, (*path, key), str(tree.get("fact", fact))) for key, value in tree.items()}
        if isinstance(tree, list):
            return [filled(each, (*path, *own_name(each)), fact) for each in tree]
        return once(path, levels(fact)) if fact and tree in open_ else tree

    def once(path: tuple[str, ...], of: st.SearchStrategy[str]) -> str:
        if path not in known:
            known[path] = draw(of)
        return known[path]

    new, old = (tuple(filled(document, (document["ruleset"],), "") for document in side) for side in pair)
    return new, old


def own_name(tree: Tree) -> tuple[str, ...]:
    return tuple(str(tree[key]) for key in ("no", "id", "part") if key in tree) if isinstance(tree, dict) else ()


def levels(fact: str) -> st.SearchStrategy[str]:
    known = generated_catalogue().facts[fact]
    if known.kind is FactKind.BOOLEAN:
        return st.just("Đạt")
    return st.sampled_from(known.values or ("5", "6", "50", "99"))


def leaf(draw: st.DrawFn) -> dict[str, Any]:
    """A requirement without parts, of few facts: what is asked twice of one fact is where thresholds could be mixed up."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from([{"met": "yes0"}, {"unstated": "ministry"}, {"unstated": "province"}]))
    cell = st.sampled_from(["unset", "unset", "UBND", "5", "50"])
    cells = dict.fromkeys(COLUMNS, draw(cell)) if draw(st.booleans()) else {column: draw(cell) for column in COLUMNS}
    direction = draw(st.sampled_from(["at_least", "at_least", "at_most"]))
    return {direction: {"fact": draw(st.sampled_from(["num1", "pct1"])), "by_column": cells}}


def clause(draw: st.DrawFn, depth: int, **names: str) -> dict[str, Any]:
    """A clause whose parts repeat the letters of those around them."""
    found: dict[str, Any] = {"label": TEXT, "citation": "1/QĐ", **names}
    if draw(st.integers(0, 2)) == 0:
        found["applies_if"] = leaf(draw)
    kind = draw(st.sampled_from(["leaf", "leaf", "all", "any", "when"])) if depth else "leaf"
    if kind == "leaf":
        return found | {"requires": leaf(draw)}
    one, other = (clause(draw, depth - 1, part=letter) for letter in "ab")
    if kind == "when":
        return found | {"requires": {"when": {"condition": leaf(draw), "then": one, "otherwise": other}}}
    return found | {"requires": {kind: [one, other]}}


@st.composite
def open_pairs(draw: st.DrawFn) -> tuple[Documents, Documents]:
    """A text that leaves much open, and the same with one thing changed."""
    document = document_of({"met": "yes0"})
    document["criteria"][0]["indicators"] = [clause(draw, 2, no=no) for no in "12"[: draw(st.integers(1, 2))]]
    if draw(st.integers(0, 2)) == 0:
        document["conditions"] = [clause(draw, 1, id="1")]
    changed = copy.deepcopy(document)
    indicators = changed["criteria"][0]["indicators"]
    change = draw(st.sampled_from(["cell", "indicator", "applies_if", "part", "nothing"]))
    cells = list(rows_in(indicators))
    if change == "cell" and cells:
        draw(st.sampled_from(cells))[draw(st.sampled_from(COLUMNS))] = draw(st.sampled_from(["unset", "5", "50"]))
    elif change == "indicator":
        indicators[-1] = clause(draw, 2, no=indicators[-1]["no"])
    elif change == "applies_if":
        indicators[-1].pop("applies_if", None)
    elif change == "part":
        combined = [each["requires"] for each in indicators if {"all", "any"} & set(each["requires"])]
        for requires in combined:
            next(iter(requires.values())).pop(draw(st.integers(0, 1)))
    return draw(st.sampled_from([((document,), (changed,)), ((changed,), (document,))]))


def rows_in(tree: Tree) -> list[dict[str, str]]:
    if isinstance(tree, list):
        return [row for each in tree for row in rows_in(each)]
    if not isinstance(tree, dict):
        return []
    return [tree["by_column"]] if "by_column" in tree else [row for each in tree.values() for row in rows_in(each)]


def both(pair: tuple[Documents, Documents]) -> tuple[Ruleset, Ruleset]:
    try:
        return built(pair[0]), built(pair[1])
    except ntm.RulebookError:  # a threshold outside the bounds of its fact
        assume(condition=False)
        raise


@given(pair=st.one_of(open_pairs(), pairs()), data=st.data())
def test_what_is_proved_holds_of_every_completion(pair: tuple[Documents, Documents], data: st.DataObject) -> None:
    new, old = both(pair)
    try:
        proofs = {question: ntm.prove(question, new, old) for question in PAIRED}
    except NtmRulesError:  # no place in common
        return
    redundant = [number for number in new.numbers if ntm.prove("redundant", new, indicator=number).answer == "proved"]
    for _ in range(2):
        known = both(data.draw(completions(pair, delegated=True)))
        # What the old text leaves to the province asks nothing in this question, whatever the province sets.
        by_province = both(data.draw(completions(pair, delegated=False)))
        for question, proof in proofs.items():
            event(f"{question}: {proof.answer}")
            again = ntm.prove(question, *(by_province if question == "tightens" else known))
            assert proof.answer != "proved" or again.answer in ("proved", "unknown"), (proof, again)
            assert proof.answer != "proved" or again.code != "open_thresholds" or question == "tightens"
        for number in redundant:
            assert ntm.prove("redundant", known[0], indicator=number).answer == "proved"
        # Judging knows nothing of what "tightens" leaves to the province; that answer is held to the proofs above alone.
        judged: dict[Question, ntm.Proof] = {
            question: proof for question, proof in proofs.items() if question != "tightens"
        }
        for ruleset in known:
            assert_not_contradicted(judged, data.draw(communes(ruleset, most=8)), *known)
