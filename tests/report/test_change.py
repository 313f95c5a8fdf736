"""Two periods held against each other: who surely rose or fell, and what cannot be said."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.populations import commune, ruleset

import ntm_rules as ntm
from ntm_rules import report


def period(communes: list[ntm.Commune], previous: Any = None, **options: Any) -> report.Report:
    return report.summarise(ruleset(), ntm.evaluate_many(ruleset(), communes), previous=previous, **options)


def since(before: list[ntm.Commune], now: list[ntm.Commune]) -> report.Change:
    change = period(now, period(before)).change
    assert change is not None
    return change


@st.composite
def populations(draw: st.DrawFn) -> list[ntm.Commune]:
    """Communes of codes 1 to 8, each once, some without a code but with a name."""
    found = []
    for code in draw(st.sets(st.integers(1, 8))):
        met = draw(st.sets(st.integers(0, 4)))
        open_ = draw(st.sets(st.integers(0, 4), max_size=2))
        identity: dict[str, Any] = {"code": code} if code % 2 else {"name": f"Xã {code}", "district": "Gò Dầu"}
        found.append(commune(met - open_, undetermined=open_, **identity))
    return found


def by_name(communes: list[ntm.Commune]) -> dict[str, tuple[int, int]]:
    """(criteria met, criteria that may be met) of each commune, by what it is called."""
    found = {}
    for each in communes:
        verdicts = [result.verdict for result in ntm.evaluate(ruleset(), each).criteria]
        least = verdicts.count(ntm.Verdict.MET)
        found[f"({each.code})" if each.code else str(each.name)] = (
            least,
            least + verdicts.count(ntm.Verdict.UNDETERMINED),
        )
    return found


@given(populations(), populations())
def test_who_rose_and_fell_is_what_holds_however_the_open_criteria_turn_out(
    before: list[ntm.Commune], now: list[ntm.Commune]
) -> None:
    change, then, today = since(before, now), by_name(before), by_name(now)
    both = then.keys() & today.keys()
    always: dict[str, set[str]] = {"risen": set(), "fallen": set(), "same": set(), "open": set()}
    for name in both:
        differences = {
            new - old
            for old in range(then[name][0], then[name][1] + 1)
            for new in range(today[name][0], today[name][1] + 1)
        }
        kind = (
            "risen"
            if min(differences) > 0
            else "fallen"
            if max(differences) < 0
            else "same"
            if differences == {0}
            else "open"
        )
        always[kind].add(name)
    assert {move.commune for move in change.risen} == always["risen"]
    assert {move.commune for move in change.fallen} == always["fallen"]
    assert {move.commune for move in change.uncertain} == always["open"]
    assert change.unchanged == len(always["same"])
    assert change.matched == len(both)
    assert set(change.new) == today.keys() - both
    assert set(change.gone) == then.keys() - both


@given(populations(), populations())
def test_looked_at_the_other_way_round_risen_are_fallen(before: list[ntm.Commune], now: list[ntm.Commune]) -> None:
    there, back = since(before, now), since(now, before)
    assert {move.commune for move in there.risen} == {move.commune for move in back.fallen}
    assert (there.gained, there.lost) == (back.lost, back.gained)
    assert (set(there.new), set(there.gone)) == (set(back.gone), set(back.new))
    assert set(there.newly_met) == set(back.no_longer_met)


@given(populations())
def test_against_itself_nobody_surely_rose_or_fell(communes: list[ntm.Commune]) -> None:
    change = since(communes, communes)
    assert {change.risen, change.fallen, change.new, change.gone, change.ambiguous} == {()}
    assert change.unchanged + len(change.uncertain) == change.matched == len(communes)


@given(populations(), populations())
def test_the_json_of_a_report_is_as_good_as_the_report(before: list[ntm.Commune], now: list[ntm.Commune]) -> None:
    whole = period(before, by="district")
    kept = json.loads(whole.to_json())
    assert period(now, whole, by="district").to_dict() == period(now, kept, by="district").to_dict()


@given(populations())
def test_the_figures_of_the_period_before_are_those_of_its_own_report(communes: list[ntm.Commune]) -> None:
    first = period(communes, by="district")
    later = period([], json.loads(first.to_json()), by="district")
    assert later.before == first.all
    assert [(group.place, group.before) for group in later.groups] == [(g.place, g.counts) for g in first.groups]
    assert all(group.counts.communes == 0 for group in later.groups)  # gone, and shown as gone


def test_missing_facts_are_no_fall() -> None:
    """A commune of which nothing is known today has not fallen back."""
    change = since([commune(range(19), code=1)], [commune([], undetermined=range(19), code=1)])
    assert change.fallen == ()
    assert [(move.met, move.undetermined) for move in change.uncertain] == [(0, 19)]
    assert change.no_longer_met == ("(00001)",)


def test_gains_of_open_criteria_are_a_span() -> None:
    change = since([commune([0], code=1)], [commune([0, 1], undetermined=[2, 3], code=1)])
    assert change.gained == (1, 3)
    assert (
        "1 (1–3 tiêu chí)"
        in period([commune([0, 1], undetermined=[2, 3], code=1)], period([commune([0], code=1)])).text()
    )


def test_communes_that_cannot_be_told_apart_are_not_compared() -> None:
    nobody = commune([0])
    twins = [commune([0], code=7), commune([1], code=7)]
    change = since([*twins, nobody, commune([], name="A")], [twins[0], nobody, commune([0], name="A", district="B")])
    assert change.matched == 0
    assert change.ambiguous.count("(00007)") == 3  # both of then, and the one of now that may be either
    assert change.ambiguous.count("?") == 2
    assert (change.new, change.gone) == (("A",), ("A",))


def test_names_are_one_only_within_their_district_and_province() -> None:
    here, there = (commune([0], name="Tân Lập", district=name) for name in ("Tân Biên", "Bắc Tân Uyên"))
    assert since([here], [there]).matched == 0
    assert since([here], [here]).matched == 1


def test_another_text_of_the_same_criteria_is_compared_and_said_to_be_another() -> None:
    before = ntm.load_ruleset("2021-2025/xa-ntm")
    attested = {f"{before.id}:{no}": True for no in before.numbers}
    first = report.summarise(
        before, [ntm.evaluate(before, ntm.Commune(code=1, region="tn", year=2023, attested=attested))]
    )
    later = period([commune(range(18), code=1)], first)
    assert later.change is not None
    assert (later.change.comparable, later.change.same_text) == (True, False)
    assert [move.most for move in later.change.fallen] == [-1]
    assert later.before is not None
    assert later.before.criteria == ()
    assert later.before.bands[0].communes.count == 1
    assert "Quy định đã khác" in later.text("vi")


def test_a_change_that_the_text_alone_makes_is_said_to_be_one() -> None:
    """211/QĐ-TTg changed the rules of 2021-2025 and kept most numbers."""
    old, new = (ntm.load_ruleset("2021-2025/xa-ntm", on=day) for day in ("2024-02-29", "2024-03-01"))
    first = report.summarise(old, [ntm.evaluate(old, ntm.Commune(code=1, region="tn", year=2023))])
    later = report.summarise(new, [], previous=first)
    assert "Quy định đã khác" in later.text("vi")
    assert "Quy định đã khác" not in report.summarise(old, [], previous=first).text("vi")


def test_a_ruleset_of_another_count_is_not_compared() -> None:
    four = ntm.load_ruleset("2021-2025/xa-ntm-kieu-mau")
    first = report.summarise(four, [ntm.evaluate(four, ntm.Commune(code=1, region="tn", year=2023))])
    later = period([commune(range(19), code=1)], first)
    assert later.change is not None
    assert (later.change.comparable, later.change.matched) == (False, 1)
    assert later.change.risen == later.change.uncertain == ()
    assert later.before is not None
    assert later.before.bands == ()
    assert "không so tăng giảm" in later.text("vi")
    assert later.to_html("en")
    assert later.to_csv("en")


# -- what is no previous report


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(period([commune([0, 1, 2], code=1)]).to_json())
    return found


@pytest.mark.parametrize("data", [{}, [], "x", 5, {"format": "ntm-rules/impact/1"}, {"format": "ntm-rules/report/2"}])
def test_something_else_is_said_to_be_no_report(data: Any) -> None:
    with pytest.raises(ntm.NtmRulesError) as caught:
        period([], data)
    (problem,) = caught.value.problems
    assert problem.code == "not_a_report"
    assert "--format json" in problem.describe("vi")


def test_every_damaged_place_is_named() -> None:
    data = copy.deepcopy(document())
    data["communes"][0]["criteria_met"] = -1
    data["communes"][0]["verdict"] = "đạt"
    del data["ruleset"]
    with pytest.raises(ntm.NtmRulesError) as caught:
        period([], data)
    assert {problem.code for problem in caught.value.problems} == {"bad_report"}
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"previous.ruleset", "previous.communes.0.criteria_met", "previous.communes.0.verdict"}


@pytest.mark.parametrize(("met", "undetermined"), [(99, 0), (2, 99)])
def test_more_criteria_than_there_are_is_damage(met: int, undetermined: int) -> None:
    data = copy.deepcopy(document())
    data["communes"][0] |= {"criteria_met": met, "criteria_undetermined": undetermined}
    with pytest.raises(ntm.NtmRulesError, match="bad_report") as caught:
        period([], data)
    assert [problem.key for problem in caught.value.problems] == ["previous.communes.0.criteria_met"]


def test_the_order_of_keys_in_json_means_nothing() -> None:
    """Databases keep JSON with its keys in an order of their own."""
    data = json.loads(json.dumps(document(), sort_keys=True))
    one, other = (period([commune([0, 1], code=1)], each) for each in (data, document()))
    assert one.to_dict() == other.to_dict()
    assert one.before is not None
    assert [each.no for each in one.before.criteria if each.met.count] == ["1", "2", "3"]
