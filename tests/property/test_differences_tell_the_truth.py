"""What `compare` says is what evaluation shows: nothing changes unseen, tightened is never easier, text never matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.changes.edits import edited, essence, loadable, mirrored, near_communes

import ntm_rules as ntm
from ntm_rules import ChangeKind, Status

from .strategies import COLUMNS, SHIPPED, Loaded, built, communes, document_of, generated_rulesets, loaded

HARMLESS = {ChangeKind.TEXT, ChangeKind.EVIDENCE, ChangeKind.RENUMBERED}
LABEL = {"vi": "phần", "en": "part"}
HOLDS = (Status.MET, Status.NOT_APPLICABLE)


def both(documents: tuple[Any, Any]) -> tuple[ntm.Ruleset, ntm.Ruleset]:
    old, new = (loadable((document,), built) for document in documents)
    assume(old is not None and new is not None)
    assert old is not None
    assert new is not None
    return old, new


@given(edited())
def test_changes_are_there_exactly_when_the_content_differs(documents: tuple[Any, Any]) -> None:
    old, new = both(documents)
    assert bool(ntm.compare(old, new)) is (old.content_hash != new.content_hash)


@given(generated_rulesets(), generated_rulesets())
def test_two_generated_rulesets(before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
    old, new = built(before), built(after)
    difference = ntm.compare(old, new)
    assert bool(difference) is (old.content_hash != new.content_hash)
    assert mirrored(difference) == Counter(map(essence, ntm.compare(new, old).changes))


@given(edited())
def test_the_other_way_round_is_the_mirror(documents: tuple[Any, Any]) -> None:
    old, new = both(documents)
    assert mirrored(ntm.compare(old, new)) == Counter(map(essence, ntm.compare(new, old).changes))


def named(name: str, requires: Any) -> Any:
    return {"part": name, "label": LABEL, "requires": requires}


@st.composite
def dealt_out(draw: st.DrawFn) -> Any:
    """A document of few things measured, some of them often, dealt out to indicators and to their parts."""
    dealt = draw(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=3), min_size=3, max_size=5))
    document = document_of({})
    like = document["criteria"][0].pop("indicators")[0]
    document["criteria"][0]["indicators"] = [
        like | {"no": f"1.{place}", "requires": requires(measured, draw(st.sampled_from(["all", "all", "all", "any"])))}
        for place, measured in enumerate(dealt, start=1)
    ]
    return document


def requires(measured: list[int], needed: str) -> Any:
    parts = [named(name, {"met": f"yes{n}"}) for name, n in zip("abc", measured, strict=False)]
    return {needed: parts} if len(parts) > 1 else parts[0]["requires"]


@given(dealt_out(), dealt_out(), st.booleans())
def test_the_same_dealt_out_otherwise_mirrors(before: Any, after: Any, same: bool) -> None:
    old, new = built((before,)), built((after if same else after | {"ruleset": "2030-2035/xa-khac"},))
    difference = ntm.compare(old, new)
    assert bool(difference) is (old.content_hash != new.content_hash)
    assert mirrored(difference) == Counter(map(essence, ntm.compare(new, old).changes))


@pytest.mark.parametrize("which", SHIPPED, ids=str)
def test_a_ruleset_does_not_differ_from_itself(which: Loaded) -> None:
    assert ntm.compare(loaded(which), loaded(which)).changes == ()


@given(st.sampled_from(SHIPPED), st.sampled_from(SHIPPED))
def test_shipped_rulesets_mirror(one: Loaded, other: Loaded) -> None:
    old, new = loaded(one), loaded(other)
    difference = ntm.compare(old, new)
    assert bool(difference) is (old.content_hash != new.content_hash)
    assert mirrored(difference) == Counter(map(essence, ntm.compare(new, old).changes))


@given(edited(whole=False, most=1), st.integers(0, 2**32))
def test_kinds_are_what_evaluation_shows(documents: tuple[Any, Any], seed: int) -> None:
    tell_the_truth(*both(documents), seed)


def when(then: Any, otherwise: Any) -> Any:
    return {"when": {"condition": {"met": "yes1"}, "then": named("a", then), "otherwise": named("b", otherwise)}}


# What a rule keeper makes of a requirement, and of the same with an edit.
BUILT_ON: list[Callable[[Any, Any], Any]] = [
    when,
    lambda first, second: when(second, first),
    lambda _, second: when(second, second),
    lambda _, second: {"all": [named("a", second), named("b", {"met": "yes1"})]},
    lambda _, second: {"any": [named("a", second), named("b", {"met": "yes1"})]},
    lambda first, second: {"any": [named("a", second), named("b", when(first, second))]},
]


@given(edited(whole=False, most=1), st.sampled_from(BUILT_ON), st.booleans(), st.integers(0, 2**32))
def test_kinds_of_what_came_to_have_parts(
    documents: tuple[Any, Any], build: Callable[[Any, Any], Any], turned: bool, seed: int
) -> None:
    """A requirement held against one built on it, either way round."""
    first, second = (document["criteria"][0]["indicators"][0]["requires"] for document in documents)
    old, new = both((documents[0], document_of(build(first, second))))
    tell_the_truth(*((new, old) if turned else (old, new)), seed)
    assert mirrored(ntm.compare(old, new)) == Counter(map(essence, ntm.compare(new, old).changes))


def tell_the_truth(old: ntm.Ruleset, new: ntm.Ruleset, seed: int) -> None:
    difference = ntm.compare(old, new)
    for commune in near_communes(old, new, seed, 60):
        before, after = ntm.evaluate(old, commune), ntm.evaluate(new, commune)
        kinds = {
            change.kind
            for change in difference.changes
            if change.subject == "indicator" and change.column in (None, after.column)
        }
        check(kinds, before.statuses["1"], after.statuses["1"])


def check(kinds: set[ChangeKind], before: Status, after: Status) -> None:
    effects = kinds - HARMLESS
    if not effects:
        assert before is after
    if effects <= {ChangeKind.TIGHTENED}:
        assert after not in HOLDS or before is not Status.MISSING
    if effects <= {ChangeKind.LOOSENED}:
        assert before not in HOLDS or after is not Status.MISSING


@given(edited(), st.data())
def test_narrowed_to_a_region_and_year_is_what_judges_there(documents: tuple[Any, Any], data: st.DataObject) -> None:
    """A commune of a region and year whose statuses differ has a change in the narrowed comparison."""
    old, new = both(documents)
    commune = data.draw(communes(old))
    before, after = ntm.evaluate(old, commune), ntm.evaluate(new, commune)
    if after.year is None:
        return
    narrowed = ntm.compare(old, new, region=commune.region, year=after.year)
    for number in set(old.numbers) & set(new.numbers):
        if before.statuses[number] is not after.statuses[number]:
            assert any(
                change.kind not in HARMLESS and (change.indicator == number or change.aspect == "special_communes")
                for change in narrowed.changes
            )


SPECIAL = {"column": "tn", "zones": ["III"], "citation": "1/QĐ"}
rules_of_zones = st.sampled_from([None, SPECIAL, SPECIAL | {"zones": ["dbkk-coast"]}, SPECIAL | {"column": "dnb"}])


@given(
    cells=st.fixed_dictionaries(dict.fromkeys(COLUMNS, st.sampled_from(["80", "90"]))),
    changed=st.fixed_dictionaries(dict.fromkeys(COLUMNS, st.sampled_from(["80", "90"]))),
    rules=st.tuples(rules_of_zones, rules_of_zones),
    region=st.sampled_from(COLUMNS),
)
@settings(max_examples=max(100, settings().max_examples))
def test_where_a_region_sees_no_change_none_of_its_communes_is_judged_otherwise(
    cells: dict[str, str], changed: dict[str, str], rules: tuple[Any, Any], region: str
) -> None:
    """Communes of whatever zones, by the column of whatever rule about these."""
    old, new = (
        built((document_of({"at_least": {"fact": "pct1", "by_column": row}}) | special(rule),))
        for row, rule in zip((cells, changed), rules, strict=True)
    )
    difference = ntm.compare(old, new, region=region)
    for zones in ((), ("III",), ("dbkk-coast",), ("III", "dbkk-coast")):
        commune = ntm.Commune(region=region, zone=zones or None, year=2030, facts={"pct1": 85})
        if ntm.evaluate(old, commune).statuses != ntm.evaluate(new, commune).statuses:
            assert difference.of("tightened", "loosened", "changed")
    assert mirrored(difference) == Counter(map(essence, ntm.compare(new, old, region=region).changes))


def special(rule: Any) -> dict[str, Any]:
    return {} if rule is None else {"special_communes": rule}
