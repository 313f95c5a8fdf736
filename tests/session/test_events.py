"""What a session tells, worked out by hand: events with their causes, reactions, what was known when, and who gave it."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.test_cli import run

import ntm_rules as ntm
from ntm_rules.engine.session import session as sessions
from ntm_rules.engine.session.events import Event
from ntm_rules.model.reaction import EVENTS
from ntm_rules.rulebook.schema import schemas

DAY = datetime.date(2023, 11, 16)
NTM = "2021-2025/xa-ntm"


@pytest.fixture(scope="module")
def ruleset() -> ntm.Ruleset:
    return ntm.load_ruleset(NTM, on="2023-12-31")


class Clock:
    """Noon of a day in Vietnam, which tests turn on."""

    def __init__(self) -> None:
        self.day = DAY

    def __call__(self) -> datetime.datetime:
        return datetime.datetime.combine(self.day, datetime.time(5), datetime.timezone.utc)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(ruleset: ntm.Ruleset, clock: Clock) -> Iterator[ntm.Session]:
    with ntm.Session(ruleset, clock=clock) as found:
        found.load(commune("13570", income_per_capita=60))
        yield found


def commune(code: str, **facts: Any) -> ntm.Commune:
    return ntm.Commune(code=code, name=f"Xã {code}", region="dbsh", year=2023, facts=facts)


def told(events: Iterator[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.id) for event in events]


def up(session: ntm.Session, value: Any, code: str = "13570", key: str = "income_per_capita", **more: Any) -> None:
    session.update(code, key, value, **(_OFFICE | more))


_OFFICE: dict[str, Any] = {"as_of": DAY, "source": "Chi cục Thống kê"}

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
    monkeypatch.setattr(sessions, "_WAITING", 7)
    for place in range(10):
        up(session, 50 if place % 2 else 60)
        assert len(session._waiting) <= 7
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


# -- reactions


def reacting(ruleset: ntm.Ruleset, clock: Clock, *reactions: Any, path: Path | None = None) -> ntm.Session:
    return ntm.Session(ruleset, reactions=reactions, clock=clock, journal=path)


def written(path: Path, text: str) -> tuple[Any, ...]:
    file = path / "phan-ung.yaml"
    file.write_text(text, "utf-8")
    return ntm.load_reactions(file)


def reactions_of(session: ntm.Session) -> list[tuple[str, str, str | None]]:
    return [(event.commune, event.id, event.about) for event in session.events() if event.name == "reaction"]


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
            session.load(commune(code, income_per_capita=60), district=district)
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
        ("reactions: [{name: a, when: {near: 5, of_one: region}, say: {vi: x, en: y}}]", "go with communes"),
        (
            "reactions: [{name: a, when: {near: 5}, say: {vi: x, en: y}}, {name: a, when: {near: 6}, say: {vi: x, en: y}}]",
            "repeated",
        ),
        ("reactions: [{name: a, wen: {near: 5}, say: {vi: x, en: y}}]", "no such key"),
    ],
)
def test_a_bad_file_of_reactions_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ntm.RulebookError, match=said):
        written(tmp_path, text)


# -- opening, and the command


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


FEED = """{"load": {"code": 754, "region": "dbsh", "year": 2023, "facts": {"income_per_capita": 60}}, "source": "UBND xã"}
{"commune": "00754", "fact": "income_per_capita", "value": 55.55555555555555555555, "as_of": "2023-11-16", "source": "Cục"}

{"commune": "00754", "fact": "income_per_capit", "value": 1, "as_of": "2023-11-16", "source": "Cục"}
{"commune": "00754", "fact": "income_per_capita", "value": 1, "as_of": "16/11/2023", "source": "Cục"}
{"commune": "00754", "fact": "income_per_capita", "value": 1, "sorce": "Cục"}
{"commune": "00754", "value": 1}
[1]
{"commune"
{"commune": 754, "attested": "10", "value": true, "as_of": "2023-11-16", "source": "Sở"}
{"commune": "00754", "plan": "income_per_capita", "value": 60, "as_of": "2025-12-31", "source": "Cục"}
{"commune": "00754", "fact": "income_per_capita", "value": null, "as_of": "2023-11-16", "source": "Cục"}
"""


def test_the_command_watches(tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    ended = run("watch", str(path), "--on", "2023-12-31", given=FEED)
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 2
    assert [a["line"] for a in answers if "error" in a] == [4, 5, 6, 7, 8, 9]
    events = [answer for answer in answers if "event" in answer]
    assert {"indicator_missing", "conflict", "conflict_settled", "indicator_met"} <= {
        event["event"] for event in events
    }
    assert events[0]["causes"][0]["new"] == "55.55555555555555555555"
    again = run("watch", str(path), "--on", "2023-12-31", "--since", "0", given="")
    assert again.code == 0
    assert [json.loads(line) for line in again.out.splitlines()] == events
