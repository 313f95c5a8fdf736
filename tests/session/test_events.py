"""What a session tells, worked out by hand: events with their causes, what was known when, and who gave it."""

from __future__ import annotations

import datetime
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from jsonschema import Draft202012Validator
from tests.session.helpers import DAY, NTM, Clock, commune, told, up

import ntm_rules as ntm
from ntm_rules.engine.session import telling
from ntm_rules.engine.session.events import Event
from ntm_rules.engine.session.judging import clauses_of, ruleset_facts
from ntm_rules.model.reaction import EVENTS
from ntm_rules.rulebook.schema import schemas

# -- events


def test_an_event_says_what_why_from_what_to_what_when_and_from_whom(session: ntm.Session) -> None:
    # 318/QĐ-TTg, PL I, 10: the delta's threshold of 2023 is 56.
    up(session, Decimal("55.5"), who="lan@thongke")
    first = next(session.events())
    (cause,) = first.causes
    assert (first.name, first.id, first.before, first.after) == ("indicator_missing", "10", "met", "missing")
    assert (cause.key, cause.old, cause.new) == ("income_per_capita", Decimal(60), Decimal("55.5"))
    assert (cause.as_of, cause.source, cause.who) == (DAY, "Chi cục Thống kê", "lan@thongke")
    assert cause.recorded_at.date() == DAY
    for lang, words in (
        (
            "vi",
            ("Xã 13570 (13570): chỉ tiêu 10 từ “đạt” thành “chưa đạt”", "từ 60 ", "thành 55,5 ", "16/11/2023", "≥ 56"),
        ),
        ("en", ("indicator 10 from “met” to “missing”", "from 60 ", "to 55.5 ", "as of 2023-11-16", "Short by 0.5")),
    ):
        for word in words:
            assert word in first.explain(lang)  # type: ignore[arg-type]


def test_every_event_is_named_and_validates(session: ntm.Session) -> None:
    check = Draft202012Validator(schemas()["event"])
    session.attest("13570", f"{NTM}:10", True, as_of=DAY, source="Sở")
    up(session, 50)
    session.retract_fact("13570", "income_per_capita", as_of=DAY, source="Sở")
    events = list(session.events())
    assert events
    for event in events:
        assert event.name in EVENTS
        assert list(check.iter_errors(json.loads(event.to_json()))) == []


def test_facts_against_the_word_of_an_agency(session: ntm.Session) -> None:
    session.attest("13570", f"{NTM}:10", True, as_of=DAY, source="Sở")
    assert told(session.events()) == []
    up(session, 50)
    assert ("conflict", "10") in told(session.events())
    session.attest("13570", f"{NTM}:10", False, as_of=DAY, source="Sở")
    assert told(session.events()) == [("conflict_settled", "10")]
    session.retract_fact("13570", "income_per_capita", as_of=DAY, source="Sở")
    assert told(session.events()) == []  # the agency says missing, and so it stays


def test_the_first_word_of_a_commune_is_no_difference(session: ntm.Session) -> None:
    session.load(commune("00001", income_per_capita=1))
    session.assert_fact("00002", "income_per_capita", 1, as_of=DAY, source="Sở")  # its region is not known yet
    assert told(session.events()) == []
    with pytest.raises(ntm.CommuneError, match="no_region"):
        session.assessment("00002")
    session.load(ntm.Commune(code="00002", region="dbsh", year=2023))
    assert session.assessment("00002").indicator("10").status is ntm.Status.MISSING
    with pytest.raises(ntm.CommuneError, match="unknown_commune"):
        session.assessment("00003")


def test_the_same_value_changes_nothing(session: ntm.Session) -> None:
    session.assert_fact("13570", "income_per_capita", "60.0", as_of=DAY, source="Sở")
    rows = len(list(session.history()))
    session.assert_fact("13570", "income_per_capita", 60, as_of=DAY, source="Sở")
    assert len(list(session.history())) == rows
    with pytest.raises(ntm.FactError, match="already_known"):
        session.assert_fact("13570", "income_per_capita", 61, as_of=DAY, source="Sở")


def test_days(session: ntm.Session) -> None:
    up(session, 61)
    with pytest.raises(ntm.FactError, match="older_than_known"):
        up(session, 50, as_of=DAY - datetime.timedelta(days=1))
    with pytest.raises(ntm.DateError, match="not_yet"):
        up(session, 50, as_of=DAY + datetime.timedelta(days=1))
    with pytest.raises(ntm.DateError, match="bad_date"):
        up(session, 50, as_of="2023-11-16")
    with pytest.raises(ntm.FactError, match="not_known"):
        session.retract_fact("13570", "health_insurance_pct", as_of=DAY, source="Sở")


def test_men_women_and_all(session: ntm.Session) -> None:
    session.assert_fact("13570", "health_insurance_pct", {"male": 96, "female": 94}, as_of=DAY, source="BHXH")
    session.events()
    up(session, {"male": 96, "female": 80}, key="health_insurance_pct")
    assert session.assessment("13570").indicator("15.1").status is ntm.Status.MISSING
    with pytest.raises(ntm.FactError, match="inconsistent"):
        up(session, 97, key="health_insurance_pct")


def test_men_women_and_all_agree_in_facts_that_nothing_asks_for(session: ntm.Session) -> None:
    key = "telehealth_users_pct"
    assert key not in ruleset_facts(ntm.load_ruleset(NTM, on="2023-12-31"))
    session.assert_fact("13570", key, {"male": 30, "female": 40}, as_of=DAY, source="Sở Y tế")
    with pytest.raises(ntm.FactError, match="inconsistent"):
        session.assert_fact("13570", key, 50, as_of=DAY, source="Sở Y tế")
    session.assert_fact("13570", key, 35, as_of=DAY, source="Sở Y tế")
    with pytest.raises(ntm.FactError, match="inconsistent"):
        up(session, 36, key=f"{key}.male")
    assert session.commune("13570").facts[f"{key}.male"] == 30


# -- what was known when, and who gave it


def test_what_was_known_on_a_day(session: ntm.Session, clock: Clock, ruleset: ntm.Ruleset) -> None:
    clock.day = datetime.date(2023, 12, 1)
    up(session, 50, as_of=DAY)  # known only in December, of November
    assert session.assessment("13570", known_on=DAY).indicator("10").status is ntm.Status.MET
    assert session.assessment("13570", known_on=clock.day).indicator("10").status is ntm.Status.MISSING
    assert session.commune("13570", known_on=DAY) == commune("13570", income_per_capita=60)
    history = [(c.key, c.old, c.new, c.source) for c in session.history("13570") if c.kind == "fact"]
    assert history == [
        ("income_per_capita", None, Decimal(60), None),
        ("income_per_capita", Decimal(60), Decimal(50), "Chi cục Thống kê"),
    ]


def test_a_clock_that_is_set_back_does_not_turn_the_journal_round(session: ntm.Session, clock: Clock) -> None:
    clock.day = datetime.date(2023, 12, 1)
    up(session, 61)
    clock.day = DAY
    up(session, 62)
    recorded = [change.recorded_at for change in session.history()]
    assert recorded == sorted(recorded)


def test_a_consumer_goes_on_where_it_stopped(session: ntm.Session) -> None:
    up(session, 50)
    up(session, 60)
    up(session, 51)
    every = [event.to_dict() for event in session.events()]
    middle = every[len(every) // 2]["sequence"]
    assert [event.to_dict() for event in session.events(since=middle)] == [e for e in every if e["sequence"] > middle]


def test_events_that_nobody_takes_are_not_held_for_ever(session: ntm.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_WAITING", 7)
    for place in range(10):
        up(session, 50 if place % 2 else 60)
        assert len(session._telling._waiting) <= 7
    again = [event.to_dict() for event in session.events(since=0)]
    assert len(again) > 7
    taken = []
    for _ in again[:-1]:  # one at a time, as from a queue
        taken.append(next(session.events()).to_dict())
    up(session, 61)
    up(session, 50)
    taken += [event.to_dict() for event in session.events()]
    assert taken == [event.to_dict() for event in session.events(since=0)]
    assert list(session.events()) == []
    up(session, 61)
    assert told(session.events())


def test_a_reaction_that_fails_loses_nothing(ruleset: ntm.Ruleset) -> None:
    fails = [True]

    def react(event: Event, assessment: ntm.Assessment) -> ntm.Text | None:
        if fails[0]:
            raise RuntimeError("no line to the chief")
        return None

    with ntm.Session(ruleset, reactions=[react]) as session:
        session.load(commune("13570", income_per_capita=60))
        with pytest.raises(RuntimeError):
            up(session, 50)
        assert session.assessment("13570").indicator("10").status is ntm.Status.MISSING  # it is recorded
        fails[0] = False
        assert ("criterion_lost", "10") in told(session.events())
        assert list(session.events()) == []


def test_events_are_handed_on_as_they_happen(ruleset: ntm.Ruleset) -> None:
    heard: list[Event] = []
    with ntm.Session(ruleset, on_event=heard.append) as session:
        session.load(commune("13570", income_per_capita=60))
        up(session, 50)
        assert heard
        assert heard == list(session.events())


# -- opening


def test_what_cannot_be_opened(ruleset: ntm.Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    for rulesets in ((), (ruleset, ruleset), NTM):
        with pytest.raises(ntm.NtmRulesError):
            ntm.Session(rulesets)  # type: ignore[arg-type]
    with pytest.raises(ntm.UnknownNameError, match="native, durable"):
        ntm.Session(ruleset, engine="nativ")  # type: ignore[arg-type]
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ntm.NtmRulesError) as raised:
        ntm.Session(ruleset, engine="durable")
    for lang in ("vi", "en"):
        (line,) = raised.value.describe(lang).splitlines()
        assert 'pip install "ntm-rules[session]"' in line
        assert 'engine="native"' in line


def test_a_newer_python_is_said_to_be_too_new(ruleset: ntm.Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    with pytest.raises(ntm.NtmRulesError, match=r"Python 3\.10-3\.12"):
        ntm.Session(ruleset, engine="durable")


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.assert_fact("13570", ["a"], 1, as_of=DAY, source="Sở"),
        lambda s: s.update("13570", ["a"], 1, as_of=DAY, source="Sở"),
        lambda s: s.retract_fact("13570", ["a"], as_of=DAY, source="Sở"),
        lambda s: s.plan("13570", ["a"], None, as_of=DAY, source="Sở"),
        lambda s: s.plan("13570", "nope", None, as_of=DAY, source="Sở"),
        lambda s: s.attest("13570", 7, None, as_of=DAY, source="Sở"),
        lambda s: s.attest("13570", "zzz", None, as_of=DAY, source="Sở"),
        lambda s: s.update("13570", "income_per_capita", 1, as_of=DAY, source=" "),
        lambda s: s.load(None),
        lambda s: s.load(5),
        lambda s: s.load("13570"),
        lambda s: s.load([{"code": 1}]),
        lambda s: list(s.events(since=-1)),
        lambda s: list(s.events(since="a")),
        lambda s: s.assessment("13570", ["x"]),
    ],
)
def test_what_names_nothing_is_refused_in_words(session: ntm.Session, call: Callable[[ntm.Session], object]) -> None:
    rows = len(list(session.history()))
    with pytest.raises(ntm.NtmRulesError) as raised:
        call(session)
    assert raised.value.describe("vi") != raised.value.describe("en")
    assert len(list(session.history())) == rows
    assert list(session.events(since=10**30)) == []


def test_a_commune_brings_its_district(session: ntm.Session, ruleset: ntm.Ruleset) -> None:
    """Everything that a commune says is in the assessment, as `evaluate` has it."""
    given = commune("1", income_per_capita=60).replace(
        district="Vụ Bản",
        province="Nam Định",
        zone=["III", "atk-poor-district"],
        host_id=1.5,
        attested={f"{NTM}:7": True},
    )
    session.load(given)
    assert session.commune("1") == given
    assert session.assessment("1").to_json() == ntm.evaluate(ruleset, given).to_json()
    session.load(commune("1"))
    assert session.commune("1").district is None


@pytest.mark.parametrize("host_id", [1.5, "1.5", "001", 2**70, True, [1, {"b": None, "c": 0.1}], {"a": 1.0}])
def test_the_host_gets_its_own_identifier_back(ruleset: ntm.Ruleset, tmp_path: Path, host_id: object) -> None:
    for _ in range(2):
        with ntm.Session(ruleset, journal=tmp_path / "so.db") as session:
            session.load(commune("1").replace(host_id=host_id))
            assert repr(session.commune("1").host_id) == repr(session.assessment("1").commune.host_id) == repr(host_id)
            assert len(list(session.history())) == 4


@pytest.mark.parametrize("host_id", [float("nan"), object(), (1, 2), {1: 2}, {(1, 2): 3}, "\ud800", Decimal, [{1}]])
def test_an_identifier_that_json_cannot_carry_is_refused(session: ntm.Session, host_id: object) -> None:
    with pytest.raises(ntm.CommuneError, match="bad_host_id"):
        session.load(commune("1").replace(host_id=host_id))


def rows_of(session: ntm.Session, kind: str = "fact", code: str = "13570") -> list[tuple[Any, Any, Any]]:
    return [(change.new, change.as_of, change.source) for change in session.history(code) if change.kind == kind]


EARLIER, LATER = DAY - datetime.timedelta(days=400), DAY
VERDICT = f"{NTM}:7"
WAYS: dict[str, Callable[[ntm.Session, Any, datetime.date], None]] = {
    "update": lambda s, value, day: s.update("13570", "income_per_capita", value, as_of=day, source="Cục"),
    "load": lambda s, value, day: s.load(commune("13570", income_per_capita=value), as_of=day, source="Cục"),
    "attest": lambda s, value, day: s.attest("13570", VERDICT, value > 50, as_of=day, source="Cục"),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_nothing_speaks_of_an_earlier_day_than_is_known(session: ntm.Session, way: str) -> None:
    say, kind = WAYS[way], "attested" if way == "attest" else "fact"
    say(session, 61, LATER)
    known = rows_of(session, kind)
    with pytest.raises(ntm.NtmRulesError, match="older_than_known"):
        say(session, 40, EARLIER)
    say(session, 61, EARLIER)  # the same value: nothing new
    say(session, 61, LATER)
    assert rows_of(session, kind) == known


def test_nothing_is_taken_back_as_of_an_earlier_day(session: ntm.Session) -> None:
    up(session, 61, as_of=LATER)
    session.attest("13570", VERDICT, True, as_of=LATER, source="Sở")
    session.assert_fact("13570", "income_per_capita", 61, as_of=EARLIER, source="Cục")
    with pytest.raises(ntm.FactError, match="older_than_known"):
        session.retract_fact("13570", "income_per_capita", as_of=EARLIER, source="Cục")
    with pytest.raises(ntm.FactError, match="older_than_known"):
        session.attest("13570", VERDICT, None, as_of=EARLIER, source="Sở")
    session.load(commune("13570").replace(region="tn"), as_of=LATER)
    with pytest.raises(ntm.CommuneError, match="older_than_known"):
        session.load(commune("13570").replace(region="btb"), as_of=EARLIER)
    assert session.commune("13570").attested == {VERDICT: True}
    session.retract_fact("13570", "income_per_capita", as_of=LATER, source="Cục")
    up(session, 50, as_of=EARLIER)  # what is not known has no day
    assert session.commune("13570").facts["income_per_capita"] == 50


def test_a_confirmation_is_recorded(session: ntm.Session) -> None:
    """The same value for a later day, or from another source, leaves a row; said again by any of them it does not."""
    up(session, 60, as_of=EARLIER, source="A")
    for _ in range(2):
        up(session, 60, as_of=LATER, source="A")
        up(session, 60, as_of=LATER, source="B")
        up(session, 60, as_of=EARLIER, source="C")
        session.load(commune("13570", income_per_capita=60))
    assert rows_of(session)[1:] == [(60, EARLIER, "A"), (60, LATER, "A"), (60, LATER, "B")]
    for _ in range(2):
        session.attest("13570", VERDICT, True, as_of=EARLIER, source="A")
        session.attest("13570", VERDICT, True, as_of=LATER, source="B")
    assert rows_of(session, "attested") == [(True, EARLIER, "A"), (True, LATER, "B")]
    with pytest.raises(ntm.FactError, match="older_than_known"):
        up(session, 50, as_of=EARLIER)


def test_a_plan_may_be_brought_forward(session: ntm.Session) -> None:
    for day, value in ((datetime.date(2025, 12, 31), 70), (datetime.date(2024, 12, 31), 65), (LATER, 65)):
        session.plan("13570", "income_per_capita", value, as_of=day, source="Nghị quyết")
    assert [new for new, _, _ in rows_of(session, "plan")] == [70, 65, 65]


def test_the_plain_name_takes_back_what_was_given_by_sex(session: ntm.Session) -> None:
    key = "health_insurance_pct"
    session.assert_fact("13570", key, {"male": 96, "female": 94}, as_of=DAY, source="BHXH")
    session.plan("13570", key, {"male": 97, "female": 96}, as_of=DAY, source="NQ")
    session.plan("13570", key, None, as_of=DAY, source="NQ")
    session.retract_fact("13570", f"{key}.male", as_of=DAY, source="BHXH")
    session.retract_fact("13570", key, as_of=DAY, source="BHXH")
    assert dict(session.commune("13570").facts) == {"income_per_capita": 60}
    assert [new for new, _, _ in rows_of(session, "plan")] == [97, 96, None, None]
    with pytest.raises(ntm.FactError, match="not_known"):
        session.retract_fact("13570", key, as_of=DAY, source="BHXH")


# -- other rules than those under which it was recorded


def narrowed(ruleset: ntm.Ruleset, **facts: Any) -> ntm.Ruleset:
    """The ruleset over a catalogue with some facts otherwise, or gone."""
    every = dict(ruleset.catalogue.facts)
    for key, changes in facts.items():
        fact = every.pop(key)
        if changes is not None:
            every[key] = attrs.evolve(fact, **changes)
    return attrs.evolve(ruleset, catalogue=attrs.evolve(ruleset.catalogue, facts=every))


def test_a_value_that_the_catalogue_no_longer_allows(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load([commune("1", income_per_capita=60), commune("2", income_per_capita=60)])
        up(session, 900, "1")
        up(session, 50, "2")
        before = list(session.history())
        of_the_other = [event.to_dict() for event in session.events() if event.commune == "00002"]
    with ntm.Session(narrowed(ruleset, income_per_capita={"high": 500}), journal=path) as session:
        assert [change.key for change in session.history()] == [change.key for change in before]
        assert [change.new for change in session.history("1")][-1] == 900
        assert [event.to_dict() for event in session.events(since=0)] == of_the_other
        with pytest.raises(ntm.FactError, match="out_of_bounds"):
            session.assessment("1")
        up(session, 96, "1", key="health_insurance_pct.male")
        with pytest.raises(ntm.FactError, match="out_of_bounds"):
            session.assessment("1")
        up(session, 55, "1")
        assert session.assessment("1").indicator("10").status is ntm.Status.MISSING
        up(session, 56, "1")
        assert ("indicator_met", "10") in told(session.events())


def test_what_is_no_longer_allowed_is_put_right_one_by_one(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    key, path = "health_insurance_pct", tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(commune("13570"))
        up(session, {"male": 96, "female": 95}, key=key)
    with ntm.Session(narrowed(ruleset, **{key: {"high": Decimal(90)}}), journal=path) as session:
        up(session, 85, key=f"{key}.male")
        up(session, 86, key=f"{key}.female")
        assert session.commune("13570").facts[f"{key}.male"] == 85
        session.assessment("13570")


def test_a_fact_that_the_catalogue_no_longer_has(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path, key = tmp_path / "so.db", "provincial_ntm_set_met"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(commune("1", income_per_capita=60, **{key: True}))
        session.plan("1", key, False, as_of=DAY, source="NQ")
    without = narrowed(ruleset, **{key: None})
    with ntm.Session(without, journal=path) as session:
        with pytest.raises(ntm.FactError, match="unknown_fact"):
            session.assessment("1")
        with pytest.raises(ntm.FactError, match="unknown_fact"):
            session.update("1", key, True, as_of=DAY, source="Sở")
        session.retract_fact("1", key, as_of=DAY, source="Sở")
        session.plan("1", key, None, as_of=DAY, source="Sở")
        assert session.assessment("1") == ntm.evaluate(without, commune("1", income_per_capita=60))
        assert [change.new for change in session.history() if change.key == key] == [True, False, None, None]


def test_a_verdict_on_what_the_ruleset_does_not_have(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path, upper = tmp_path / "so.db", ntm.load_ruleset(f"{NTM}-nang-cao", on="2023-12-31")
    (number, *_) = [number for number in ruleset.numbers if number not in upper.numbers]
    with ntm.Session(ruleset, journal=path) as session:
        session.load(commune("1").replace(attested={number: True}))
    with ntm.Session([ruleset, upper], journal=path) as session:
        assert session.assessment("1") == ntm.evaluate(ruleset, session.commune("1"))
        with pytest.raises(ntm.CommuneError, match="unknown_attested"):
            session.assessment("1", upper.id)
        up(session, 30, "1")
        assert {event.ruleset for event in session.events()} == {ruleset.id}
        session.attest("1", number, None, as_of=DAY, source="Sở")
        assert session.assessment("1", upper.id) == ntm.evaluate(upper, session.commune("1"))


def test_each_ruleset_judges_by_itself(clock: Clock) -> None:
    """One that has one column for all judges a commune whose region nobody has said."""
    common, regional = (ntm.load_ruleset(f"2016-2020/{name}") for name in ("xa-ntm-kieu-mau", "xa-ntm"))
    assert common.columns == ("common",)
    key = "environment_model_active"
    for rulesets in ([common], [common, regional], [regional, common]):
        with ntm.Session(rulesets, clock=clock) as session:
            session.assert_fact("1", key, True, as_of=DAY, source="Sở")
            assert told(session.events()) == []
            session.update("1", key, False, as_of=DAY, source="Sở")
            assert ("indicator_missing", "3.5") in told(session.events())
            session.retract_fact("1", key, as_of=DAY, source="Sở")
            assert told(session.events())[0] == ("indicator_undetermined", "3.5")
            assert told(session.events(since=0))[0] == ("indicator_missing", "3.5")
            assert session.assessment("1", common.id) == ntm.evaluate(common, session.commune("1"))
            if regional in rulesets:
                with pytest.raises(ntm.CommuneError, match="no_region"):
                    session.assessment("1", regional.id)


# -- because of what


def causes(session: ntm.Session) -> dict[str, list[str]]:
    """The keys of the causes of each event, by its id."""
    return {f"{event.name} {event.id}": [change.key for change in event.causes] for event in session.events()}


def test_each_event_has_its_own_causes(session: ntm.Session) -> None:
    session.load(commune("13570", income_per_capita=60, health_insurance_pct=97))
    list(session.events())
    session.load(
        commune("13570", income_per_capita=50, health_insurance_pct=70, recognised_ntm=True).replace(name="Tên khác"),
        source="UBND xã",
    )
    both = ["income_per_capita", "health_insurance_pct"]
    found = causes(session)
    assert found["indicator_missing 10"] == found["criterion_lost 10"] == ["income_per_capita"]
    assert found["indicator_missing 15.1"] == found["criterion_open 15"] == ["health_insurance_pct"]
    assert found[f"tier_open {NTM}"] == found[f"recognition_open {NTM}"] == both
    every = {f"{NTM}:{clause.id}": True for clause in clauses_of(ntm.load_ruleset(NTM, on="2023-12-31"))}
    session.load(commune("1", income_per_capita=60, health_insurance_pct=97).replace(attested=every))
    session.load(commune("1", income_per_capita=50, health_insurance_pct=96), source="UBND xã")
    found = causes(session)
    assert found[f"tier_lost {NTM}"] == found[f"recognition_lost {NTM}"] == ["income_per_capita"]


def test_the_place_is_a_cause_where_it_decides(session: ntm.Session) -> None:
    """318/QĐ-TTg, PL I, 10, 2023: 56 in the Red River delta, 47 in the Central Highlands; 50 is between."""
    up(session, 50)
    list(session.events())
    session.load(commune("13570").replace(region="tn", name="Tên khác", host_id=7), source="Sở")
    found = causes(session)
    assert found["indicator_met 10"] == found["criterion_gained 10"] == ["region"]
    session.load(commune("13570", income_per_capita=1).replace(region="tn", province="Đắk Lắk"), source="Sở")
    assert causes(session)["indicator_missing 10"] == ["income_per_capita"]  # the province moved it nowhere


def test_the_year_is_a_cause(session: ntm.Session) -> None:
    up(session, 50)
    list(session.events())
    session.load(commune("13570").replace(year=2021), source="Sở")
    assert causes(session)["indicator_met 10"] == ["year"]


def test_a_verdict_is_no_cause_under_another_ruleset(clock: Clock, ruleset: ntm.Ruleset) -> None:
    upper = ntm.load_ruleset(f"{NTM}-nang-cao", on="2023-12-31")
    assert "10" in ruleset.numbers
    assert "10" in upper.numbers
    with ntm.Session([ruleset, upper], clock=clock) as session:
        session.load(commune("1"))
        verdicts = {f"{NTM}:10": True, f"{upper.id}:10": False}
        session.load(commune("1").replace(attested=verdicts), source="Sở")
        own = {(e.ruleset, e.id): [c.key for c in e.causes] for e in session.events() if e.name.startswith("indicator")}
        assert own == {(NTM, "10"): [f"{NTM}:10"], (upper.id, "10"): [f"{upper.id}:10"]}


def test_what_a_prerequisite_rests_on_is_its_cause(clock: Clock, ruleset: ntm.Ruleset) -> None:
    """The advanced tier rests on the first one: its facts, its verdicts and its column."""
    upper = ntm.load_ruleset(f"{NTM}-nang-cao", on="2023-12-31")
    every = {f"{NTM}:{number}": True for number in ruleset.numbers}
    with ntm.Session(upper, clock=clock) as session:
        session.load(commune("1").replace(attested=every))
        session.attest("1", f"{NTM}:10", False, as_of=DAY, source="Sở")
        found = causes(session)
        assert found["prerequisite_missing ntm"] == found[f"tier_open {upper.id}"] == [f"{NTM}:10"]
        session.load(commune("1").replace(attested=every, region="tn"), source="Sở")
        assert causes(session)["prerequisite_met ntm"] == ["region", f"{NTM}:10"]  # and no verdict merely confirmed


def test_a_title_that_falls_by_another_ruleset(clock: Clock) -> None:
    """18/2022/QĐ-TTg: a model commune's title falls with the criteria of the advanced tier."""
    upper, model = (ntm.load_ruleset(f"{NTM}-{name}", on="2023-12-31") for name in ("nang-cao", "kieu-mau"))
    with ntm.Session(model, clock=clock) as session:
        session.load(commune("1").replace(attested={f"{upper.id}:{number}": True for number in upper.numbers}))
        falls = {f"{upper.id}:{number}": False for number in upper.numbers}
        session.load(commune("1", recognised_ntm=True).replace(attested=falls, name="Khác"), source="Sở")
        assert set(causes(session)[f"title_at_risk {model.id}"]) == set(falls)


# -- names


NAMES = ("EngineError", "Event", "JournalError", "Reaction", "Session", "SessionEngine")


def test_what_left_the_other_ruleset_as_it_was_is_no_cause_of_the_title(clock: Clock) -> None:
    upper, model = (ntm.load_ruleset(f"{NTM}-{name}", on="2023-12-31") for name in ("nang-cao", "kieu-mau"))
    with ntm.Session((model, upper), clock=clock) as session:
        good = {f"{upper.id}:{number}": True for number in upper.numbers}
        falls = {f"{upper.id}:{clause.id}": False for one in upper.criteria[:11] for clause in one.indicators}
        session.load(commune("1").replace(attested=good))
        session.load(commune("1", cremation_pct=100).replace(attested=falls))
        titles = [event for event in session.events() if event.name.startswith("title")]
        assert {event.ruleset for event in titles} == {model.id, upper.id}
        for event in titles:
            assert {change.kind for change in event.causes} == {"attested"}


def test_the_names_of_sessions_are_to_be_had() -> None:
    package = importlib.import_module("ntm_rules.engine.session")
    assert sorted(package.__all__) == sorted(dir(package)) == sorted(NAMES)
    for name in NAMES:
        assert getattr(package, name) is getattr(ntm, name)
        assert name in dir(ntm)
    with pytest.raises(AttributeError, match="Sessions"):
        _ = package.Sessions
    # The library, and the process that durable-rules runs in, load none of it.
    for module in ("ntm_rules", "ntm_rules.engine.session.deriving"):
        code = f"import sys, {module}; print('ntm_rules.engine.session.session' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_a_journal_that_fails_is_not_called_a_bad_commune(session: ntm.Session) -> None:
    session.close()
    with pytest.raises(ntm.JournalError, match="closed"):
        session.load(commune("2"))
