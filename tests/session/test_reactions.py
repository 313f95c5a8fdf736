"""What a session is asked to tell: declared reactions and functions."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from tests.session.helpers import DAY, NTM, Clock, commune, reactions_of, told, up, written

import ntm_rules as ntm
from ntm_rules.engine.session import telling
from ntm_rules.engine.session.events import Event
from ntm_rules.model.reaction import Reaction
from ntm_rules.rulebook.lint import lint_path


def reacting(ruleset: ntm.Ruleset, clock: Clock, *reactions: Any, path: Path | None = None) -> ntm.Session:
    return ntm.Session(ruleset, reactions=reactions, clock=clock, journal=path)


KEY_LOST = """reactions:
  - name: mat-tieu-chi-bat-buoc
    when: {events: [criterion_lost], key_criteria: true, holds: recognised_ntm}
    tell: Sở NN&MT
    say: {vi: Xã đã được công nhận mất một tiêu chí bắt buộc, en: A recognised commune lost a key criterion}
"""


def test_a_recognised_commune_loses_a_key_criterion(ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path) -> None:
    # 18/2022/QĐ-TTg names 10, 17 and 19; 18.6 and 15 are not among them.
    with reacting(ruleset, clock, *written(tmp_path, KEY_LOST)) as session:
        facts = {"income_per_capita": 60, "health_insurance_pct": {"male": 96, "female": 96}}
        session.load([commune("1", recognised_ntm=True, **facts), commune("2", recognised_ntm=False, **facts)])
        for code in ("1", "2"):
            up(session, 50, code)
            up(session, 50, code, key="health_insurance_pct.male")
        (event,) = [event for event in session.events() if event.name == "reaction"]
        assert (event.commune, event.id, event.about) == ("00001", "mat-tieu-chi-bat-buoc", "10")
        assert event.tell == "Sở NN&MT"
        assert "Xã đã được công nhận mất một tiêu chí bắt buộc" in event.explain("vi")
        assert event.causes[0].key == "income_per_capita"


THREE = """reactions:
  - name: ba-xa-mot-huyen
    when: {events: [indicator_missing], communes: 3, of_one: district, within_days: 90}
    say: {vi: Ba xã cùng huyện mất cùng một chỉ tiêu, en: Three communes of one district lost the same indicator}
"""


def test_three_communes_of_one_district_within_90_days(ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path) -> None:
    reactions, path = written(tmp_path, THREE), tmp_path / "so.db"
    first = DAY
    with reacting(ruleset, clock, *reactions, path=path) as session:
        for code, district in (("1", "Vụ Bản"), ("2", "Vụ Bản"), ("3", "Vụ Bản"), ("4", "Ý Yên"), ("5", "Vụ Bản")):
            session.load(commune(code, income_per_capita=60).replace(district=district))
        up(session, 50, "1", as_of=first)
        clock.day = first + datetime.timedelta(days=60)
        up(session, 50, "2", as_of=clock.day)
        up(session, 50, "4", as_of=clock.day)
        assert reactions_of(session) == []
        clock.day = first + datetime.timedelta(days=91)  # the first is 91 days ago by now
        up(session, 50, "3", as_of=clock.day)
        assert reactions_of(session) == []
    with reacting(ruleset, clock, *reactions, path=path) as session:  # which remembers what the last one saw
        up(session, 50, "5", as_of=clock.day)
        assert reactions_of(session) == [("00005", "ba-xa-mot-huyen", "10")]
        again = [event for event in session.events(since=0) if event.name == "reaction"]
        assert [(event.commune, event.id) for event in again] == [("00005", "ba-xa-mot-huyen")]


PLAN = """reactions:
  - name: ke-hoach-du
    when: {plan_closes_gap: true}
    say: {vi: Kế hoạch đủ để đạt, en: The plan would suffice}
"""
SMALL = {
    "layer": "một chỉ tiêu",
    "of": NTM,
    "kind": "amendment",
    "decision": {"number": "unknown", "issued": "unknown", "in_force": "unknown"},
}


def test_a_plan_that_would_close_the_last_gap(clock: Clock, tmp_path: Path) -> None:
    plain = ntm.load_ruleset(NTM, on="2023-12-31")
    gone = [indicator.id for indicator in plain.indicators if indicator.id not in ("10", "17.11")]
    ruleset = ntm.load_ruleset(NTM, on="2023-12-31", overlays=[SMALL | {"remove_indicators": gone}])
    sorting = fact_of(ruleset, "17.11")
    with reacting(ruleset, clock, *written(tmp_path, PLAN)) as session:
        session.load(commune("1", income_per_capita=50, **{sorting: 10}))
        plan: dict[str, Any] = {"as_of": datetime.date(2025, 12, 31), "source": "Nghị quyết"}
        session.plan("1", "income_per_capita", 58, **plan)
        assert reactions_of(session) == []  # one gap is left
        session.plan("1", sorting, 95, **plan)
        assert reactions_of(session) == [("00001", "ke-hoach-du", NTM)]
        assert session.assessment("1").indicator("10").status is ntm.Status.MISSING  # a plan judges nothing
        session.plan("1", "income_per_capita", 59, **plan)
        assert reactions_of(session) == []  # it would have sufficed before


def causes_of(session: ntm.Session) -> list[tuple[str, list[tuple[str, str]]]]:
    told_of = (event for event in session.events() if event.name == "reaction")
    return [(event.id, [(change.kind, change.key) for change in event.causes]) for event in told_of]


def test_what_else_closes_the_last_gap_is_the_cause(clock: Clock, tmp_path: Path) -> None:
    """A verdict, or the year, may be what the plan still lacked."""
    plain = ntm.load_ruleset(NTM, on="2023-12-31")
    gone = [indicator.id for indicator in plain.indicators if indicator.id not in ("10", "17.11")]
    ruleset = ntm.load_ruleset(NTM, on="2023-12-31", overlays=[SMALL | {"remove_indicators": gone}])
    with reacting(ruleset, clock, *written(tmp_path, PLAN)) as session:
        session.load([commune("1", income_per_capita=50), commune("2", income_per_capita=50).replace(year=2025)])
        for code in ("1", "2"):
            session.plan(code, "income_per_capita", 58, as_of=datetime.date(2025, 12, 31), source="Nghị quyết")
        assert causes_of(session) == []
        for code in ("1", "2"):
            session.attest(code, "17.11", True, as_of=DAY, source="Sở")
        assert causes_of(session) == [("ke-hoach-du", [("attested", "17.11")])]
        session.load(session.commune("2").replace(year=2023, district="Ý Yên"))
        assert causes_of(session) == [("ke-hoach-du", [("identity", "year")])]


def test_what_else_brings_an_indicator_near_is_the_cause(ruleset: ntm.Ruleset, clock: Clock) -> None:
    """61 is within 5 percent of the 62 asked in 2025; of 3.2 a verdict says what the facts leave open beside a score of 49 for 50."""
    with reacting(ruleset, clock, *ntm.load_reactions()) as session:
        session.load(commune("1", income_per_capita=61, disaster_preparedness_score=49))
        session.load(session.commune("1").replace(year=2025, district="Ý Yên"))
        assert causes_of(session) == [("near-miss", [("identity", "year")])]
        session.attest("1", "3.2", True, as_of=DAY, source="Sở")
        assert causes_of(session) == [("near-miss", [("attested", "3.2")])]
        session.load(session.commune("1").replace(name="Tên Khác"))
        assert causes_of(session) == []
        assert len([event for event in session.events(since=0) if event.name == "reaction"]) == 2


def fact_of(ruleset: ntm.Ruleset, number: str) -> str:
    fact = ruleset.indicator(number).requirement.fact  # type: ignore[union-attr]
    assert isinstance(fact, str)
    return fact


def test_shipped_near_miss(ruleset: ntm.Ruleset, clock: Clock) -> None:
    # Five percent of 56 is 2.8: from 53.2 upwards is near.
    with reacting(ruleset, clock, *ntm.load_reactions()) as session:
        session.load(commune("1", income_per_capita=40))
        seen = []
        for value in (53, "53.19", "53.2", 54, 56, 55, 60):
            up(session, value, "1")
            seen.append(reactions_of(session))
        near = [("00001", "near-miss", "10")]
        assert seen == [[], [], near, [], [], near, []]


def test_shipped_title_at_risk(ruleset: ntm.Ruleset, clock: Clock) -> None:
    """18/2022/QĐ-TTg: half of the 19 criteria not met, or 30 % of them with a key one."""
    with reacting(ruleset, clock, *ntm.load_reactions()) as session:
        attested = {f"{NTM}:{number}": True for number in ruleset.numbers}
        holder: dict[str, Any] = {"code": "1", "region": "dbsh", "year": 2023, "attested": attested}
        session.load([ntm.Commune(**holder, facts={"recognised_ntm": True}), ntm.Commune(**holder | {"code": "2"})])
        lost = [
            criterion.indicators[0].id
            for criterion in ruleset.criteria
            if criterion.no in ["1", "2", "3", "4", "5", "10"]
        ]
        for code in ("1", "2"):
            for number in lost[:-1]:
                session.attest(code, f"{NTM}:{number}", False, as_of=DAY, source="Sở")
        assert reactions_of(session) == []  # 5 of 19, no key criterion
        for code in ("1", "2"):
            session.attest(code, f"{NTM}:10", False, as_of=DAY, source="Sở")
        assert reactions_of(session) == [("00001", "title-at-risk", NTM)]  # 6 of 19 and criterion 10
        session.attest("1", f"{NTM}:10", True, as_of=DAY, source="Sở")
        assert ("title_safe", NTM) in told(session.events())


def test_a_function_may_react(ruleset: ntm.Ruleset, clock: Clock) -> None:
    def tell_chief(event: Event, assessment: ntm.Assessment) -> ntm.Text | None:
        if event.name != "criterion_lost":
            return None
        return ntm.Text(f"còn {assessment.criteria_met} tiêu chí", f"{assessment.criteria_met} criteria left")

    with reacting(ruleset, clock, tell_chief) as session:
        session.load(commune("1", income_per_capita=60))
        up(session, 50, "1")
        (event,) = [event for event in session.events() if event.name == "reaction"]
        assert (event.id, event.about, event.explain("en")) == ("tell_chief", "10", "0 criteria left")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reactions: []", "too few"),
        ("reactions: [{name: a, when: {}, say: {vi: x, en: y}}]", "exactly one of"),
        ("reactions: [{name: a, when: {events: [lost]}, say: {vi: x, en: y}}]", "not an allowed value"),
        ("reactions: [{name: a, when: {near: 5, events: [conflict]}, say: {vi: x, en: y}}]", "exactly one of"),
        ("reactions: [{name: a, when: {near: 100}, say: {vi: x, en: y}}]", "below 100"),
        ("reactions: [{name: a, when: {near: 5, of_one: region}, say: {vi: x, en: y}}]", "go with"),
        (
            "reactions: [{name: a, when: {near: 5}, say: {vi: x, en: y}}, {name: a, when: {near: 6}, say: {vi: x, en: y}}]",
            "repeated",
        ),
        ("reactions: [{name: a, wen: {near: 5}, say: {vi: x, en: y}}]", "no such key"),
        ("reactions: [{name: a, when: {near: 5, communes: 2}, say: {vi: x, en: y}}]", "go with events"),
        ("reactions: [{name: a, when: {events: [conflict], communes: 0}, say: {vi: x, en: y}}]", "1 or more"),
        (
            "reactions: [{name: a, when: {events: [conflict], communes: 2, within_days: 0}, say: {vi: x, en: y}}]",
            "1 or",
        ),
    ],
)
def test_a_bad_file_of_reactions_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ntm.RulebookError, match=said):
        written(tmp_path, text)


@pytest.mark.parametrize(
    ("when", "key", "found"),
    [
        ("events: [tier_lost], ids: ['10']", "events[0]", "tier_lost"),
        ("events: [indicator_missing, recognition_lost], ids: ['10']", "events[1]", "recognition_lost"),
        ("events: [title_at_risk], key_criteria: true", "events[0]", "title_at_risk"),
        ("events: [condition_missing], key_criteria: true", "events[0]", "condition_missing"),
        ("plan_closes_gap: true, ids: ['10']", "ids", "10"),
        ("plan_closes_gap: true, key_criteria: true", "key_criteria", "True"),
    ],
)
def test_what_could_never_be_told_is_refused(tmp_path: Path, when: str, key: str, found: str) -> None:
    text = f"reactions:\n  - name: a\n    when: {{{when}}}\n    say: {{vi: x, en: y}}\n"
    with pytest.raises(ntm.RulebookError) as raised:
        written(tmp_path, text)
    (problem,) = raised.value.problems
    assert (problem.code, problem.line, problem.key) == ("never_told", 3, f"reactions[0].when.{key}")
    assert problem.source == str(tmp_path / "phan-ung.yaml")
    assert found in str(problem.found)
    assert problem.wanted is not None
    assert [finding.problem.code for finding in lint_path(tmp_path / "phan-ung.yaml")] == ["never_told"]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("events: [indicator_mising]", "did you mean 'indicator_missing'"),
        ("events: [conflict], rulesets: [xa-ntm]", "such as 2021-2025/xa-ntm"),
        ("events: [conflict], communes: 2, within_days: -1", "found '-1'; wanted a whole number of 1 or more"),
        ("events: [conflict], communes: 2, within_days: unknown", "wanted a whole number of 1 or more"),
        ("events: [conflict], communes: 1.5", "wanted a whole number of 1 or more"),
        ("near: 5, communes: 2, of_one: district, within_days: 9", "found 'near, communes, of_one, within_days';"),
    ],
)
def test_what_is_wrong_in_a_file_of_reactions_is_put_plainly(tmp_path: Path, when: str, said: str) -> None:
    with pytest.raises(ntm.RulebookError) as raised:
        written(tmp_path, f"reactions: [{{name: a, when: {{{when}}}, say: {{vi: x, en: y}}}}]")
    assert said in raised.value.describe("en")
    assert "^" not in str(raised.value)


SUFFICES = """reactions:
  - name: ke-hoach-du
    when: {plan_closes_gap: true}
    say: {vi: Kế hoạch đủ để đạt, en: The plan would suffice}
"""
BY_SEX = {"male": 80, "female": 82, "total": 81}


def test_a_plan_that_contradicts_the_facts_is_refused(ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path) -> None:
    with reacting(ruleset, clock, *written(tmp_path, SUFFICES)) as session:
        session.load(commune("1", health_insurance_pct=BY_SEX))
        rows = len(list(session.history()))
        with pytest.raises(ntm.FactError, match="inconsistent"):
            session.plan("1", "health_insurance_pct", 95, as_of=DAY, source="Nghị quyết")
        assert len(list(session.history())) == rows
        session.plan("1", "health_insurance_pct", {"male": 95, "female": 97, "total": 96}, as_of=DAY, source="NQ")


def test_facts_may_contradict_a_plan_later(ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path) -> None:
    reactions, path = written(tmp_path, SUFFICES), tmp_path / "so.db"
    with reacting(ruleset, clock, *reactions, path=path) as session:
        session.load(commune("1", income_per_capita=60))
        session.plan("1", "health_insurance_pct", 95, as_of=DAY, source="Nghị quyết")
        session.update("1", "health_insurance_pct.male", 80, as_of=DAY, source="BHXH")
        session.update("1", "health_insurance_pct.female", 82, as_of=DAY, source="BHXH")
        up(session, 50, "1")
        assert ("criterion_lost", "10") in told(session.events())
    with reacting(ruleset, clock, *reactions, path=path) as session:
        assert ("criterion_lost", "10") in told(session.events(since=0))


def falls(session: ntm.Session, *codes: str) -> None:
    session.load([commune(code, income_per_capita=50) for code in codes], as_of=DAY, source="Cục")


@pytest.mark.parametrize("place", range(8))
def test_who_listens_and_fails_loses_no_event(ruleset: ntm.Ruleset, place: int) -> None:
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        if len(heard) == place + 1:
            raise RuntimeError("the queue is down")

    with ntm.Session(ruleset, on_event=listen) as session:
        session.load([commune(code, income_per_capita=60) for code in ("1", "2")])
        with pytest.raises(RuntimeError):
            falls(session, "1", "2")
        events = list(session.events())
        assert {event.commune for event in events} == {"00001", "00002"}
        assert events == list(session.events(since=0))
        assert heard == events
        session.update("1", "income_per_capita", 60, as_of=DAY, source="Cục")
        assert ("criterion_gained", "10") in told(session.events())


def test_every_function_is_called_whoever_fails(ruleset: ntm.Ruleset, clock: Clock) -> None:
    calls: list[str] = []

    def fails(event: Event, _: ntm.Assessment) -> None:
        raise RuntimeError("second")

    def react(event: Event, _: ntm.Assessment) -> ntm.Text:
        calls.append(event.id)
        return ntm.Text("a", "b")

    def listen(event: Event) -> None:
        raise RuntimeError("first")

    with ntm.Session(ruleset, reactions=[fails, react], on_event=listen, clock=clock) as session:
        session.load(commune("1", income_per_capita=60))
        with pytest.raises(RuntimeError, match="first"):
            falls(session, "1")
        events = list(session.events())
        assert calls == [event.id for event in events if event.name != "reaction"]
        assert len(events) == 2 * len(calls)


def test_a_function_is_called_once_for_what_happens(ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path) -> None:
    """Opened again or told again, no mail goes out twice, and a function that fails stops nothing from opening."""
    path, calls = tmp_path / "so.db", list[str]()

    def mail(event: Event, _: ntm.Assessment) -> None:
        calls.append(event.commune)

    counting = written(tmp_path, THREE)
    with reacting(ruleset, clock, *counting, mail, path=path) as session:
        session.load([commune(code, income_per_capita=60) for code in ("1", "2")])
        falls(session, "1", "2")
        assert set(calls) == {"00001", "00002"}
        count = len(calls)
        list(session.events(since=0))

    def fails(event: Event, assessment: ntm.Assessment) -> ntm.Text | None:
        raise RuntimeError("no line to the chief")

    with reacting(ruleset, clock, *counting, mail, fails, path=path) as session:
        list(session.events(since=0))
        assert len(calls) == count


def test_a_session_that_cannot_open_frees_the_journal(
    ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "so.db"
    with monkeypatch.context() as broken:
        broken.setattr(telling.Telling, "_remembering", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ntm.Session(ruleset, journal=path)
    with ntm.Session(ruleset, journal=path) as session:
        assert session.communes() == ()


def test_a_function_that_gives_no_text_is_told_so(ruleset: ntm.Ruleset, clock: Clock) -> None:
    with reacting(ruleset, clock, lambda event, assessment: "hello") as session:
        session.load(commune("1", income_per_capita=60))
        with pytest.raises(ntm.NtmRulesError, match="not_a_text"):
            up(session, 50, "1")
        assert told(session.events()) == told(session.events(since=0))


# -- counting communes


def two(of_one: str = "", more: str = "", events: str = "indicator_missing", communes: int = 2) -> str:
    group = f", of_one: {of_one}" if of_one else ""
    when = f"events: [{events}], ids: ['10'], communes: {communes}{group}{more}"
    return f"reactions: [{{name: hai, when: {{{when}}}, say: {{vi: a, en: b}}}}]"


def counted(session: ntm.Session) -> list[str]:
    return [code for code, name, _ in reactions_of(session) if name == "hai"]


def poor(code: str, **identity: Any) -> ntm.Commune:
    return ntm.Commune(code=code, year=2023, facts={"income_per_capita": 80}, **({"region": "dbsh"} | identity))


@pytest.mark.parametrize(
    ("of_one", "first", "second", "fires"),
    [
        ("region", {"region": None, "province": "Nam Định"}, {"region": None, "province": "Hà Nam"}, True),
        ("region", {"region": None, "province": "Nam Định"}, {}, True),
        ("region", {}, {"region": "tn"}, False),
        ("province", {"province": "Nam Định"}, {"region": None, "province": "nam-dinh"}, True),
        ("province", {"province": "Nam Định"}, {"province": "Hà Nam"}, False),
        ("province", {}, {}, False),
        ("district", {"district": "Châu Thành"}, {"district": "Châu Thành"}, True),
        ("district", {"province": "Nam Định", "district": "A"}, {"province": "Hà Nam", "district": "A"}, False),
        ("district", {"province": "Nam Định", "district": "A"}, {"province": "Nam Định", "district": "A"}, True),
        ("district", {}, {}, False),
        ("", {}, {"region": "tn"}, True),
    ],
)
def test_who_is_counted_together(
    ruleset: ntm.Ruleset, tmp_path: Path, of_one: str, first: Any, second: Any, fires: bool
) -> None:
    with ntm.Session(ruleset, reactions=written(tmp_path, two(of_one))) as session:
        session.load([poor("1", **first), poor("2", **second)])
        for code in ("1", "2"):
            up(session, 5, code)
        assert counted(session) == (["00002"] if fires else [])


def test_who_has_regained_it_is_not_counted(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    with ntm.Session(ruleset, reactions=written(tmp_path, two())) as session:
        session.load([poor("1"), poor("2"), poor("3")])
        up(session, 5, "1")
        up(session, 80, "1")
        up(session, 5, "2")
        assert counted(session) == []
        up(session, 5, "1")
        assert counted(session) == ["00001"]
        up(session, 5, "3")  # a third tells nothing new
        up(session, 80, "3")
        up(session, 5, "3")
        assert counted(session) == []
        up(session, 80, "3")
        up(session, 80, "2")  # one is left
        up(session, 5, "3")
        assert counted(session) == ["00003"]


def test_what_is_merely_open_is_not_regained(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """A criterion that goes from missing to undetermined has not come back."""
    with ntm.Session(ruleset, reactions=written(tmp_path, two(events="criterion_lost"))) as session:
        session.load([poor("1"), poor("2")])
        up(session, 5, "1")
        session.retract_fact("1", "income_per_capita", as_of=DAY, source="Cục")
        up(session, 5, "2")
        assert counted(session) == ["00002"]


@pytest.mark.parametrize(("days", "fires"), [(29, True), (30, True), (31, False)])
def test_days_are_those_of_the_figures(ruleset: ntm.Ruleset, tmp_path: Path, days: int, fires: bool) -> None:
    reactions = written(tmp_path, two(more=", within_days: 30"))
    for first, last in ((0, days), (days, 0)):  # reported in order, or late
        with ntm.Session(ruleset, reactions=reactions) as session:
            session.load([poor("1"), poor("2")])
            up(session, 5, "1", as_of=DAY + datetime.timedelta(days=first))
            up(session, 5, "2", as_of=DAY + datetime.timedelta(days=last))
            assert counted(session) == (["00002"] if fires else [])


FALLS = [("1", 0), ("2", 10), ("3", 20)]


@pytest.mark.parametrize(
    ("falls", "told_of"),
    [
        (FALLS, ["00003"]),
        ([("4", 200), *FALLS], ["00003"]),  # one figure of a later day silences none that come late
        ([*FALLS, ("4", 200), ("5", 205)], ["00003"]),
        ([*FALLS, ("4", 30)], ["00003"]),  # a fourth tells nothing new
        ([*FALLS, ("4", 105), ("5", 106)], ["00003", "00005"]),  # three others of one window, after it was below
        ([("1", 0), ("3", 80), ("2", 160)], []),  # no 90 days hold the three
        ([("1", 0), ("2", 10), ("3", 140), ("4", 145), ("5", 60)], ["00005"]),
        ([*FALLS, ("4", 140), ("5", 145), ("6", 60)], ["00003", "00006"]),  # of the two windows that hold it one is new
    ],
)
def test_any_days_that_hold_the_new_event_count(
    ruleset: ntm.Ruleset, tmp_path: Path, falls: list[tuple[str, int]], told_of: list[str]
) -> None:
    with ntm.Session(ruleset, reactions=written(tmp_path, two(more=", within_days: 90", communes=3))) as session:
        session.load([poor(str(code)) for code in range(1, 7)])
        for code, days in falls:
            up(session, 5, code, as_of=DAY - datetime.timedelta(days=300 - days))
        assert counted(session) == told_of
        assert [event.commune for event in session.events(since=0) if event.name == "reaction"] == told_of


def taken_back(session: ntm.Session, code: str) -> None:
    session.retract_fact(code, "income_per_capita", as_of=DAY, source="Cục")


def test_what_is_no_longer_known_is_not_regained(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """An indicator that goes from missing to undetermined has not come back, as a criterion has not."""
    with ntm.Session(ruleset, reactions=written(tmp_path, two())) as session:
        session.load([poor("1"), poor("2")])
        up(session, 5, "1")
        taken_back(session, "1")
        up(session, 5, "2")
        assert counted(session) == ["00002"]
        up(session, 5, "1")  # the same two as before
        assert counted(session) == []
        up(session, 80, "1")
        up(session, 5, "1")
        assert counted(session) == ["00001"]


def test_what_is_no_longer_known_is_met_no_longer(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """Whoever counts communes that meet an indicator does not count one whose figure was taken back."""
    with ntm.Session(ruleset, reactions=written(tmp_path, two(events="indicator_met"))) as session:
        session.load([poor("1"), poor("2")])
        for code in ("1", "2"):
            up(session, 5, code)
        up(session, 80, "1")
        taken_back(session, "1")
        up(session, 80, "2")
        assert counted(session) == []
        up(session, 80, "1")
        assert counted(session) == ["00001"]


def test_the_same_communes_are_told_again_after_the_days_are_over(
    ruleset: ntm.Ruleset, tmp_path: Path, clock: Clock
) -> None:
    clock.day = DAY + datetime.timedelta(days=200)
    with reacting(ruleset, clock, *written(tmp_path, two(more=", within_days: 30"))) as session:
        session.load([poor("1"), poor("2")])
        seen = []
        for code, days in (("1", 0), ("2", 10), ("1", 15), ("1", 100), ("2", 110)):
            day = DAY + datetime.timedelta(days=days)
            session.retract_fact(code, "income_per_capita", as_of=day, source="Cục")
            up(session, 5, code, as_of=day)
            seen.append(counted(session))
        assert seen == [[], ["00002"], [], [], ["00002"]]


def moved(session: ntm.Session, code: str, **identity: Any) -> None:
    session.load(session.commune(code).replace(**identity))


def test_who_moves_is_counted_where_it_is_now(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    with ntm.Session(ruleset, reactions=written(tmp_path, two("district"))) as session:
        session.load([poor(code, district="XXYY"[place]) for place, code in enumerate("1234")])
        up(session, 5, "1")
        moved(session, "1", district="Y")
        up(session, 5, "2")
        assert counted(session) == []  # one of each
        up(session, 5, "3")
        assert counted(session) == ["00003"]
        moved(session, "3", district="X")
        up(session, 5, "4")  # one was left
        assert counted(session) == ["00004"]


@pytest.mark.parametrize(("of_one", "place"), [("district", {"district": "X"}), ("province", {"province": "Hà Nam"})])
def test_who_is_placed_after_the_loss_is_counted(
    ruleset: ntm.Ruleset, tmp_path: Path, of_one: str, place: dict[str, str]
) -> None:
    path, reactions = tmp_path / "so.db", written(tmp_path, two(of_one, communes=3))
    with ntm.Session(ruleset, reactions=reactions, journal=path) as session:
        session.load([poor("1"), poor("2"), poor("3", **place), poor("4", **place)])
        up(session, 5, "1")
        up(session, 5, "2")
        moved(session, "1", **place)
        moved(session, "2", **place)
    with ntm.Session(ruleset, reactions=reactions, journal=path) as session:
        up(session, 5, "3")
        up(session, 5, "4")
        assert counted(session) == ["00003"]


def test_three_that_a_move_brings_together_are_told_at_the_next_event(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """A reaction tells of an event; a move is none."""
    with ntm.Session(ruleset, reactions=written(tmp_path, two("district"))) as session:
        session.load([poor(code, district="XYX"[place]) for place, code in enumerate("123")])
        up(session, 5, "1")
        up(session, 5, "2")
        moved(session, "2", district="X")
        assert counted(session) == []
        up(session, 5, "3")
        assert counted(session) == ["00003"]


def test_holds_is_asked_of_every_commune_counted(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    with ntm.Session(ruleset, reactions=written(tmp_path, two(more=", holds: recognised_ntm"))) as session:
        session.load([commune(code, income_per_capita=80, recognised_ntm=code != "3") for code in "1234"])
        up(session, 5, "1")
        up(session, False, "1", key="recognised_ntm")
        up(session, 5, "2")
        assert counted(session) == []  # one of them is recognised
        up(session, 5, "3")
        assert counted(session) == []
        up(session, True, "3", key="recognised_ntm")  # as it lost the indicator before
        up(session, 5, "4")
        assert counted(session) == ["00004"]


COUNTING = """reactions:
  - name: hai
    when: {events: [indicator_missing], communes: 2}
    say: {vi: a, en: b}
  - name: hai-mot-huyen
    when: {events: [criterion_lost], communes: 2, of_one: district, within_days: 40}
    say: {vi: a, en: b}
  - name: ba-mot-vung
    when: {events: [tier_open, tier_lost], communes: 3, of_one: region, within_days: 9999}
    say: {vi: a, en: b}
  - name: hai-da-dat
    when: {events: [indicator_missing], communes: 2, of_one: district, holds: recognised_ntm}
    say: {vi: a, en: b}
"""
STEPS = st.tuples(
    st.integers(1, 4),
    st.sampled_from([5, 80, None]),
    st.integers(0, 90),
    st.integers(0, 50),
    st.booleans(),
    st.booleans(),
)


@settings(deadline=None, max_examples=20)
@drawn(st.lists(STEPS, min_size=3, max_size=14))
def test_what_is_told_does_not_hang_on_when_it_was_opened(steps: list[tuple[Any, ...]]) -> None:
    """Live with restarts, live without, and told again from the journal: the same events."""
    ruleset, told_of = ntm.load_ruleset(NTM, on="2023-12-31"), list[Any]()
    with tempfile.TemporaryDirectory() as folder:
        reactions = written(Path(folder), COUNTING)
        for restarts in (False, True):
            clock, path = Clock(), Path(folder) / f"{restarts}.db"
            session = ntm.Session(ruleset, journal=path, reactions=reactions, clock=clock)
            session.load([poor(str(code), district="AB"[code % 2]) for code in range(1, 5)])
            found = []
            for code, value, day, passes, restart, moves in steps:
                clock.day += datetime.timedelta(days=passes)
                known = session.commune(code)
                if moves:
                    session.load(known.replace(district="B" if known.district == "A" else "A"))
                    up(session, day % 2 == 0, str(code), key="recognised_ntm", as_of=clock.day)
                with contextlib.suppress(ntm.FactError):  # of an earlier day, or not known
                    given: dict[str, Any] = {"as_of": clock.day - datetime.timedelta(days=day), "source": "Cục"}
                    if value is None:
                        session.retract_fact(code, "income_per_capita", **given)
                    else:
                        session.update(code, "income_per_capita", value, **given)
                found += [event.to_dict() for event in session.events()]
                if restarts and restart:
                    session.close()
                    session = ntm.Session(ruleset, journal=path, reactions=reactions, clock=clock)
            told_of += [found, [event.to_dict() for event in session.events(since=0)]]
            session.close()
    assert told_of[0] == told_of[1] == told_of[2] == told_of[3]


# -- bounds of a reaction


@pytest.mark.parametrize(
    ("bound", "heard"),
    [
        ("events: [indicator_missing]", {"10", "15.1"}),
        ("events: [indicator_missing], ids: ['10']", {"10"}),
        (f"events: [indicator_missing], rulesets: [{NTM}]", {"10", "15.1"}),
        ("events: [indicator_missing], rulesets: [2021-2025/xa-ntm-nang-cao]", set()),
        ("events: [indicator_missing], key_criteria: true", {"10"}),
        ("events: [criterion_open, criterion_lost], key_criteria: true", {"10"}),
        ("events: [tier_open]", {NTM}),
        ("events: [indicator_missing], holds: recognised_ntm", set()),
        ("near: 10, ids: ['10']", {"10"}),
        ("near: 10, ids: ['15.1']", set()),
        ("near: 10, key_criteria: true", {"10"}),
    ],
)
def test_what_a_reaction_is_bound_to(ruleset: ntm.Ruleset, tmp_path: Path, bound: str, heard: set[str]) -> None:
    """18/2022/QĐ-TTg: 10 is a key criterion, 15 is not."""
    text = f"reactions: [{{name: a, when: {{{bound}}}, say: {{vi: x, en: y}}}}]"
    heard_of: list[Event] = []
    with ntm.Session(ruleset, reactions=written(tmp_path, text), on_event=heard_of.append) as session:
        session.load([commune("1", income_per_capita=60, health_insurance_pct={"male": 96, "female": 96})])
        up(session, 51, "1")
        up(session, 20, "1", key="health_insurance_pct.male")
        events = list(session.events())
        assert events == heard_of  # reactions are handed on too
        assert {event.about for event in events if event.name == "reaction"} == heard


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("holds: recognised_ntmm", "recognised_ntm'"),
        ("holds: income_per_capita", "wrong_kind"),
        ("ids: ['99.9']", "unknown_number"),
        ("ids: ['17.111']", "17.11'"),
        ("rulesets: [2021-2025/xa-ntmm]", "2021-2025/xa-ntm'"),
        ("ids: ['17']", "unknown_number"),  # a criterion, of which other events tell
        ("ids: ['15.1'], key_criteria: true", "never_told"),
    ],
)
def test_a_reaction_that_names_nothing_is_refused(ruleset: ntm.Ruleset, tmp_path: Path, bound: str, said: str) -> None:
    text = f"reactions: [{{name: b, when: {{near: 3}}, say: {{vi: x, en: y}}}},\n{{name: a, when: {{events: [indicator_missing], {bound}}}, say: {{vi: x, en: y}}}}]"
    with pytest.raises(ntm.RulebookError, match=said) as raised:
        ntm.Session(ruleset, reactions=written(tmp_path, text))
    (problem,) = raised.value.problems
    assert (problem.source, problem.line, problem.key) == (str(tmp_path / "phan-ung.yaml"), 2, "a")
    assert raised.value.describe("vi") != raised.value.describe("en")
    elsewhere = text.replace("rulesets: [2021-2025/xa-ntmm]", "holds: x").replace(
        "[indicator_missing]", "[indicator_missing], rulesets: [2031-2035/xa-ntm]"
    )
    ntm.Session(ruleset, reactions=written(tmp_path, elsewhere)).close()  # which speaks of rulesets of another rulebook


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("events: [criterion_lost], ids: ['17.1']", "unknown_number"),
        ("near: 5, ids: ['17']", "unknown_number"),
        ("events: [criterion_lost, indicator_missing], ids: ['17.1']", "never_told"),
    ],
)
def test_a_number_of_what_is_not_waited_for_is_refused(
    ruleset: ntm.Ruleset, tmp_path: Path, when: str, code: str
) -> None:
    text = f"reactions: [{{name: a, when: {{{when}}}, say: {{vi: x, en: y}}}}]"
    with pytest.raises(ntm.RulebookError, match=code):
        ntm.Session(ruleset, reactions=written(tmp_path, text))


@pytest.mark.parametrize("waited_for", [{"events": ("tier_lost",)}, {"plan_closes_gap": True}])
def test_a_number_of_a_whole_ruleset_is_refused_of_code_too(ruleset: ntm.Ruleset, waited_for: dict[str, Any]) -> None:
    reaction = Reaction(name="a", say=ntm.Text("x", "y"), ids=("10",), **waited_for)
    with pytest.raises(ntm.RulebookError, match="unknown_number"):
        ntm.Session(ruleset, reactions=[reaction])


def test_key_criteria_of_a_ruleset_without_any_are_refused(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """A model commune's title falls with the criteria of the advanced ruleset; a reaction to any ruleset may find none."""
    model = ntm.load_ruleset(f"{NTM}-kieu-mau", on="2023-12-31")
    text = "reactions: [{name: a, when: {events: [criterion_lost], key_criteria: true}, say: {vi: x, en: y}}]"
    ntm.Session(model, reactions=written(tmp_path, text)).close()
    with pytest.raises(ntm.RulebookError, match="never_told"):
        ntm.Session(model, reactions=written(tmp_path, text.replace("true}", f"true, rulesets: [{model.id}]}}")))


def test_two_reactions_of_one_name_are_refused(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    text = "reactions: [{name: near-miss, when: {near: 50}, say: {vi: x, en: y}}]"
    with pytest.raises(ntm.RulebookError, match="given_twice"):
        ntm.Session(ruleset, reactions=[*written(tmp_path, text), *ntm.load_reactions()])
    with pytest.raises(ntm.RulebookError, match="not_a_reaction"):
        ntm.Session(ruleset, reactions=["near-miss"])  # type: ignore[list-item]
    for one in (7, ntm.load_reactions()[0]):
        with pytest.raises(ntm.RulebookError, match="not_a_reaction"):
            ntm.Session(ruleset, reactions=one)  # type: ignore[arg-type]


# -- titles


def test_a_title_won_while_at_risk_is_told(ruleset: ntm.Ruleset, clock: Clock) -> None:
    with reacting(ruleset, clock, *ntm.load_reactions()) as session:
        session.load(commune("1").replace(attested=dict.fromkeys(ruleset.numbers, False)))
        up(session, True, "1", key="recognised_ntm")
        (event,) = list(session.events())
        assert (event.id, event.about, [change.key for change in event.causes]) == (
            "title-at-risk",
            NTM,
            ["recognised_ntm"],
        )
        assert "title" in event.explain("en").lower()
        up(session, 20, "1")
        session.update("1", "recognised_ntm", True, as_of=DAY, source="Sở khác")
        assert reactions_of(session) == []  # told once


COUNTED_TITLES = """reactions:
  - name: hai
    when: {events: [title_at_risk], holds: recognised_ntm, communes: 2}
    say: {vi: a, en: b}
"""


@pytest.mark.parametrize("safe_again", [False, True])
def test_titles_won_and_titles_that_fall_are_counted_together(
    ruleset: ntm.Ruleset, tmp_path: Path, clock: Clock, safe_again: bool
) -> None:
    every, none = dict.fromkeys(ruleset.numbers, True), dict.fromkeys(ruleset.numbers, False)
    with reacting(ruleset, clock, *written(tmp_path, COUNTED_TITLES)) as session:
        session.load([commune("1").replace(attested=none), commune("2", recognised_ntm=True).replace(attested=every)])
        up(session, True, "1", key="recognised_ntm")
        if safe_again:
            session.load(commune("1").replace(attested=every))
        session.load(commune("2").replace(attested=none))
        assert reactions_of(session) == ([] if safe_again else [("00002", "hai", NTM)])


def test_every_title_with_a_rule_of_withdrawal_is_watched() -> None:
    """Of a model commune's title no fact of the catalogue says that it is held."""
    watched = {ruleset for reaction in ntm.load_reactions() for ruleset in reaction.rulesets if reaction.holds}
    every = [ntm.load_ruleset(info.id) for info in ntm.list_rulesets()]
    ruled = {ruleset.id for ruleset in every if ruleset.withdrawal is not None}
    assert ruled - watched == {f"{NTM}-kieu-mau"}
    assert not any("kieu_mau" in fact for fact in every[0].catalogue.facts)
