"""What is proved of generated rulesets is what judging communes finds: exhaustively for small ones, by samples for large ones."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from tests.property.strategies import (
    COLUMNS,
    Documents,
    _requirement,
    built,
    communes,
    document_of,
    generated_rulesets,
    judge,
    step_beside,
)

import ntm_rules as ntm
from ntm_rules.changes.matching import match_clauses, match_moved
from ntm_rules.changes.places import parts_of, tops
from ntm_rules.changes.proof import Question
from ntm_rules.changes.witness import seen_by
from ntm_rules.model.assessment import Status, Verdict
from ntm_rules.model.errors import NtmRulesError
from ntm_rules.model.facts import SEXES, Fact, FactKind
from ntm_rules.model.requirement import Comparison, FactComparison, OneOf
from ntm_rules.model.ruleset import Ruleset

pytest.importorskip("z3")

QUESTIONS: tuple[Question, ...] = ("implies", "disjoint", "tightens")
PASSED = (Status.MET, Status.NOT_APPLICABLE)
Requires = dict[str, Any]


# -- one cell changed


def numbers_in(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where thresholds of numbers stand in a ruleset document."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(value, str) and (key == "value" or key in COLUMNS or key.isdigit()) and is_number(value):
                yield (*path, key)
            yield from numbers_in(value, (*path, key))
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from numbers_in(value, (*path, place))


def is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def with_cell(document: dict[str, Any], path: tuple[Any, ...], change: Decimal) -> dict[str, Any]:
    """The document with one threshold moved."""
    changed: Any = copy.deepcopy(document)
    spot = changed
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = format(Decimal(spot[path[-1]]) + change, "f")
    return changed  # type: ignore[no-any-return]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Documents, Documents]:
    """Two texts: one with a threshold of the other moved, or two that have nothing in common but their facts."""
    new = draw(generated_rulesets())
    paths = list(numbers_in(new[-1]["criteria"]))
    if draw(st.booleans()) and paths:
        place = draw(st.integers(0, len(paths) - 1))
        moved = with_cell(new[-1], ("criteria", *paths[place]), draw(st.sampled_from(CHANGES)))
        return new, (*new[:-1], moved)
    return new, draw(generated_rulesets())


CHANGES = [Decimal(text) for text in ("-1", "1", "0.5", "-0.01")]


def both_built(pair: tuple[Documents, Documents]) -> tuple[Ruleset, Ruleset]:
    try:
        return built(pair[0]), built(pair[1])
    except ntm.RulebookError:  # the moved threshold left the bounds of its fact
        assume(condition=False)
        raise


# -- what a witness and a proof must be


def statuses(ruleset: Ruleset, commune: ntm.Commune) -> dict[str, Status]:
    """By both engines, which agree."""
    assessment = ntm.evaluate(ruleset, seen_by(ruleset, commune))
    reference = judge(assessment)
    found = {clause.id: reference.result(clause).status for clause in tops(ruleset)}
    assert {number: found[number] for number in assessment.statuses} == assessment.statuses
    return found


def assert_witness(proof: ntm.Proof) -> None:
    """A refutation of "every commune that meets one meets the other" by the commune as a file would hold it."""
    assert proof.witness is not None
    assert proof.missed is not None
    assert proof.old is not None
    commune = ntm.Commune.from_dict(json.loads(proof.witness.to_json()))
    met = proof.old if proof.missed is proof.new else proof.new
    assert ntm.evaluate(met, seen_by(met, commune)).verdict is Verdict.MET
    assert all(statuses(met, commune)[number] in PASSED for number in met.numbers)
    assert ntm.evaluate(proof.missed, seen_by(proof.missed, commune)).verdict is Verdict.MISSING
    assert all(statuses(proof.missed, commune)[number] is Status.MISSING for number in proof.indicators)


@given(pair=pairs(), data=st.data())
def test_generated_pairs(pair: tuple[Documents, Documents], data: st.DataObject) -> None:
    new, old = both_built(pair)
    try:
        proofs = {question: ntm.prove(question, new, old) for question in QUESTIONS}
    except NtmRulesError:
        return
    for question, proof in proofs.items():
        event(f"{question}: {proof.answer} ({proof.code})")
        assert proof.explain("vi")
        assert proof.explain("en")
        assert json.loads(proof.to_json())["answer"] == proof.answer
        # Facts held against multiples of facts may meet only in numbers without end, which no file can hold.
        assert proof.code != "not_confirmed" or "times_fact" in json.dumps(pair)
    if proofs["implies"].answer == "refuted":
        assert_witness(proofs["implies"])
    for ruleset in (new, old):
        for _ in range(4):
            assert_not_contradicted(proofs, data.draw(communes(ruleset, most=8)), new, old)


def assert_not_contradicted(
    proofs: Mapping[Question, ntm.Proof], commune: ntm.Commune, new: Ruleset, old: Ruleset
) -> None:
    """The commune is no counterexample, under the texts asked about or under what they may come to be."""
    try:
        found = [ntm.evaluate(ruleset, commune) for ruleset in (new, old)]
        by_clause = [statuses(ruleset, commune) for ruleset in (new, old)]
    except NtmRulesError:
        return
    verdicts = [assessment.verdict for assessment in found]
    assert proofs["implies"].answer != "proved" or verdicts != [Verdict.MET, Verdict.MISSING]
    assert proofs["disjoint"].answer != "proved" or verdicts != [Verdict.MET, Verdict.MET]
    if "tightens" in proofs and proofs["tightens"].answer == "proved":
        now = renumbered(new, old)
        for number, status in by_clause[1].items():
            passed = all(by_clause[0][each] in PASSED for each in now.get(number, ()))
            assert status is not Status.MISSING or not passed


def renumbered(new: Ruleset, old: Ruleset) -> dict[str, set[str]]:
    """The numbers in the new text of what became of each clause of the old one."""
    found: dict[str, set[str]] = {}
    for name in ("indicators", "prerequisites", "conditions"):
        matched = match_clauses(old, new, name)
        moved = [(before, after) for (_, before), (_, after) in match_moved(old, new, name, matched)]
        for before, after in (*matched.pairs, *moved):
            found.setdefault(before.id, set()).add(after.id)
    return found


# -- small rulesets, judged exhaustively


def small(clauses: list[dict[str, Any]]) -> dict[str, Any]:
    """A ruleset of a few indicators, without zones and years."""
    document = document_of(clauses[0]["requires"])
    first = document["criteria"][0]["indicators"][0]
    document["criteria"][0]["indicators"] = [
        {**first, **clause, "no": str(place)} for place, clause in enumerate(clauses, 1)
    ]
    return document


def plainly_known(requires: Requires) -> bool:
    text = json.dumps(requires, ensure_ascii=False)
    return not any(word in text for word in ("UBND", "unset", "unstated", "by_year", "times_fact", "num2"))


requirements = st.integers(0, 3).flatmap(lambda depth: _requirement(COLUMNS, COLUMNS, depth)).filter(plainly_known)
conditions = _requirement(COLUMNS, COLUMNS, 0).filter(plainly_known)
some_columns = st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=2, unique=True)


@st.composite
def small_clauses(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Indicators, of parts and parts of parts, some asked in some columns only, and some of some communes only."""
    clauses = []
    for requires in draw(st.lists(requirements, min_size=1, max_size=2)):
        clause = {"requires": requires}
        if draw(st.integers(0, 3)) == 0:
            clause["applies_if"] = draw(conditions)
        if draw(st.integers(0, 3)) == 0:
            clause = asked_in(clause, draw(some_columns))
        clauses.append(clause)
    return clauses


def has_parts(clause: dict[str, Any]) -> bool:
    return bool({"all", "any", "some", "when"} & clause["requires"].keys())


def clauses_of(tree: Any) -> Iterator[dict[str, Any]]:
    """Every clause of a document, and every part."""
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from clauses_of(value)
    if isinstance(tree, dict) and "requires" in tree:
        yield tree


def asked_in(tree: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    """The clause asked in some columns only, without cells in the others."""
    found = copy.deepcopy(tree) | {"columns": columns}
    requirement = next(iter(found["requires"].values()))
    if isinstance(requirement, dict) and isinstance(requirement.get("by_column"), dict):
        requirement["by_column"] = {name: c for name, c in requirement["by_column"].items() if name in columns}
    return found


@st.composite
def small_pairs(draw: st.DrawFn) -> tuple[Ruleset, Ruleset]:
    document = small(draw(small_clauses()))
    paths = list(numbers_in(document["criteria"]))
    if draw(st.booleans()) and paths:
        place = draw(st.integers(0, len(paths) - 1))
        other = with_cell(document, ("criteria", *paths[place]), draw(st.sampled_from(CHANGES)))
    else:
        other = small(draw(small_clauses()))
    return both_built(((document,), (other,)))


LEAVES: list[Requires] = [{"met": "yes0"}, {"met": "yes1"}, {"at_least": {"fact": "pct1", "value": "90"}}]
in_columns = st.one_of(st.none(), some_columns)


@st.composite
def clauses_of_parts(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    """What is asked in the same words in every column, but only in some of them, at any depth."""
    asked = draw(in_columns)
    found: dict[str, Any] = {} if asked is None else {"columns": asked}
    if depth == 0:
        return found | {"requires": draw(st.sampled_from(LEAVES))}
    letters = "abc"[: draw(st.integers(1, 3))]
    parts = [
        {"part": letter, "label": {"vi": "a", "en": "a"}} | draw(clauses_of_parts(draw(st.integers(0, depth - 1))))
        for letter in letters
    ]
    if len(parts) > 1 and draw(st.booleans()):
        when = {"condition": draw(st.sampled_from(LEAVES)), "then": parts[0], "otherwise": parts[1]}
        return found | {"requires": {"when": when}}
    some = {"at_least": str(draw(st.integers(1, len(parts)))), "of": parts}
    return found | {"requires": draw(st.sampled_from([{"all": parts}, {"any": parts}, {"some": some}]))}


@st.composite
def asked_elsewhere(draw: st.DrawFn) -> tuple[Ruleset, Ruleset]:
    """Two texts that differ in the columns in which one clause of parts is asked."""
    document = small([draw(clauses_of_parts(2)) for _ in range(draw(st.integers(1, 2)))])
    other = copy.deepcopy(document)
    clauses = [clause for clause in clauses_of(other["criteria"]) if has_parts(clause)]
    clause = draw(st.sampled_from(clauses))
    clause.pop("columns", None)
    asked = draw(in_columns)
    clause |= {} if asked is None else {"columns": asked}
    return both_built(((document,), (other,)))


def grid(*rulesets: Ruleset) -> list[dict[str, Any]]:
    """Communes that stand for all there could be: every fact at, below and above every threshold."""
    held: dict[str, set[Decimal]] = {}
    keys: set[str] = set()
    facts: dict[str, Fact] = dict(rulesets[0].catalogue.facts)
    for requirement in (r for ruleset in rulesets for clause in ruleset.indicators for _, r in parts_of(clause)):
        assert isinstance(requirement, (Comparison, OneOf)), FactComparison
        both = isinstance(requirement, Comparison) and requirement.both_sexes
        keys |= {f"{requirement.fact}.{sex}" for sex in SEXES} if both else {requirement.fact}
        cells = requirement.threshold.cells()
        held.setdefault(requirement.fact, set()).update(c.value for *_, c in cells if isinstance(c.value, Decimal))
    assume(len(keys) <= 4)
    values = [points(facts[key.partition(".")[0]], held.get(key.partition(".")[0], set())) for key in sorted(keys)]
    size = 1
    for options in values:
        size *= len(options)
    assume(size <= 1500)
    return [dict(zip(sorted(keys), chosen, strict=True)) for chosen in itertools.product(*values)]


def points(fact: Fact, thresholds: set[Decimal]) -> list[Any]:
    if fact.kind is FactKind.BOOLEAN:
        return [True, False]
    if fact.kind is FactKind.CATEGORY:
        return list(fact.values)
    near = {bound for bound in (fact.low, fact.high) if bound is not None}
    for threshold in thresholds:
        if fact.kind is FactKind.COUNT:
            near |= {threshold.to_integral_value(ROUND_FLOOR) + beside for beside in (-1, 0, 1, 2)}
        else:
            near |= {threshold + beside * step_beside(threshold) for beside in (-1, 0, 1)}
    return sorted(v for v in near if (fact.low is None or v >= fact.low) and (fact.high is None or v <= fact.high))


def statuses_of(ruleset: Ruleset, facts: dict[str, Any], region: str) -> Mapping[str, Status] | None:
    try:
        found = ntm.evaluate(ruleset, ntm.Commune(region=region, year=2030, facts=facts)).statuses
    except ntm.FactError:  # a total that does not lie between men and women
        return None
    assert Status.UNDETERMINED not in found.values()
    return found


def judged(ruleset: Ruleset, facts: dict[str, Any], region: str) -> dict[str, bool] | None:
    found = statuses_of(ruleset, facts, region)
    return None if found is None else {number: status in PASSED for number, status in found.items()}


@settings(max_examples=max(40, settings().max_examples))
@given(pair=st.one_of(small_pairs(), asked_elsewhere()))
def test_small_pairs_exhaustively(pair: tuple[Ruleset, Ruleset]) -> None:
    new, old = pair
    met = [
        (one, other)
        for region, facts in itertools.product(COLUMNS, grid(new, old))
        if (one := judged(new, facts, region)) is not None and (other := judged(old, facts, region)) is not None
    ]
    now = renumbered(new, old)
    expected = {
        "implies": not any(all(one.values()) and not all(other.values()) for one, other in met),
        "equivalent": not any(all(one.values()) is not all(other.values()) for one, other in met),
        "disjoint": not any(all(one.values()) and all(other.values()) for one, other in met),
        "tightens": not any(
            all(one[each] for each in now.get(no, ())) and not passed
            for one, other in met
            for no, passed in other.items()
        ),
    }
    for question, holds in expected.items():
        proof = ntm.prove(question, new, old)  # type: ignore[arg-type]
        event(f"{question}: {proof.answer}")
        assert proof.answer == ("proved" if holds else "refuted"), proof
        if question == "implies" and not holds:
            assert_witness(proof)


@settings(max_examples=max(40, settings().max_examples))
@given(pair=st.one_of(small_pairs(), asked_elsewhere()))
def test_small_rulesets_exhaustively(pair: tuple[Ruleset, Ruleset]) -> None:
    new, _ = pair
    held = grid(new)
    found = {region: [s for facts in held if (s := statuses_of(new, facts, region)) is not None] for region in COLUMNS}
    met = {
        region: [{no: status in PASSED for no, status in one.items()} for one in found[region]] for region in COLUMNS
    }
    satisfiable = all(any(all(one.values()) for one in each) for each in met.values())
    assert ntm.prove("satisfiable", new).answer == ("proved" if satisfiable else "refuted")
    for number in new.numbers:
        seen = [{one[number] for one in each} - {Status.NOT_APPLICABLE} for each in found.values()]
        possible = all(Status.MET in each for each in seen if each)
        proof = ntm.prove("possible", new, indicator=number)
        assert proof.answer == ("proved" if possible else "refuted")
        assert proof.witness is None or ntm.evaluate(new, proof.witness).statuses[number] is Status.MET
        assert (proof.witness is not None) is (possible and any(seen))
        redundant = not any(
            not one[number] and all(passed for other, passed in one.items() if other != number)
            for each in met.values()
            for one in each
        )
        assert ntm.prove("redundant", new, indicator=number).answer == ("proved" if redundant else "refuted")


# -- the same, joined and split


ASKED: dict[str, str] = {"pct0": "60", "pct1": "70", "pct2": "80", "cnt0": "3", "num1": "5"}


@st.composite
def groupings(draw: st.DrawFn) -> list[list[str]]:
    """The facts asked for, dealt out to indicators."""
    facts = draw(st.permutations(sorted(ASKED)))
    cuts = sorted(draw(st.sets(st.integers(1, len(facts) - 1))))
    return [list(facts[start:end]) for start, end in itertools.pairwise([0, *cuts, len(facts)])]


def grouped(groups: list[list[str]], asked: Mapping[str, str]) -> dict[str, Any]:
    """A ruleset in which each group is an indicator: of parts where there are several."""
    clauses = []
    for facts in groups:
        leaves = [{"at_least": {"fact": fact, "value": asked[fact]}} for fact in facts]
        label = {"vi": "a", "en": "a"}
        parts = [
            {"part": letter, "label": label, "requires": leaf} for letter, leaf in zip("abcde", leaves, strict=False)
        ]
        clauses.append({"requires": {"all": parts} if len(parts) > 1 else leaves[0]})
    return small(clauses)


@settings(max_examples=max(40, settings().max_examples))
@given(before=groupings(), after=groupings(), less=st.sampled_from([None, *ASKED]))
def test_what_is_joined_or_split_is_still_asked(
    before: list[list[str]], after: list[list[str]], less: str | None
) -> None:
    """The same asked in another grouping, of another tier, tightens; with one threshold lowered it does not."""
    lowered = ASKED if less is None else ASKED | {less: "2"}
    old, new = (
        built((grouped(before, ASKED),)),
        built((grouped(after, lowered) | {"ruleset": "2030-2035/xa-nang-cao"},)),
    )
    proof = ntm.prove("tightens", new, old)
    assert proof.answer == ("proved" if less is None else "refuted")
    if less is not None:
        number = next(str(place) for place, facts in enumerate(before, 1) if less in facts)
        assert proof.indicators == (number,)
    kinds = {change.kind.value for change in ntm.compare(old, new).changes if change.subject == "indicator"}
    assert ("loosened" in kinds) is (less is not None)
