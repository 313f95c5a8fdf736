"""Sessions as a machine of hypothesis: whatever is done to one, it says what `evaluate` says of the facts then known.

The oracle keeps its own book of facts and asks `evaluate` before and after every step; it reads nothing of the session but what a
host can.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.property.strategies import loaded, pools

import ntm_rules as ntm
from ntm_rules.engine.session.events import Event
from ntm_rules.model.errors import NtmRulesError

RULESETS = tuple(loaded((f"2021-2025/{name}", "2023-12-31", None)) for name in ("xa-ntm", "xa-ntm-nang-cao"))
POOL = pools(RULESETS[0]) | pools(RULESETS[1]) | {"recognised_ntm": [True, False]}
CODES = ("00754", "13570")
TOWNS: tuple[dict[str, Any], ...] = (
    {"region": "dbsh", "year": 2023},
    {"region": "tn", "year": 2022, "zone": "III", "district": "Krông Nô"},
    {"region": "tdmnpb", "year": 2025, "name": "Xã Một", "host_id": 1.5},
    {"province": "Nam Định", "year": 2023, "district": "Vụ Bản"},
)
DAYS = st.integers(0, 3)  # before today
Said = dict[tuple[str, str, str], str]


def said(assessment: ntm.Assessment) -> Said:
    """Everything that an assessment says and an event may be about, by kind, ruleset and id."""
    ruleset = assessment.ruleset.id
    found: Said = {("indicator", ruleset, number): status.value for number, status in assessment.statuses.items()}
    for kind, results in (("condition", assessment.conditions), ("prerequisite", assessment.prerequisites)):
        found |= {(kind, ruleset, result.id): result.status.value for result in results}
    found |= {("criterion", ruleset, result.no): result.verdict.value for result in assessment.criteria}
    found["tier", ruleset, ruleset] = assessment.standing.value
    found["recognition", ruleset, ruleset] = assessment.recognition.value
    answer = assessment.at_risk.answer
    found["title", ruleset, ruleset] = "undetermined" if answer is None else "at_risk" if answer else "safe"
    every = (*assessment.results, *assessment.conditions, *assessment.prerequisites)
    found |= {("conflict", ruleset, result.id): "yes" if result.conflict else "no" for result in every}
    return found


def differences(before: Said, after: Said) -> set[tuple[str, str, str, str, str]]:
    return {(*thing, before[thing], value) for thing, value in after.items() if before[thing] != value}


def kind_of(event: Event) -> str:
    return event.name.partition("_")[0]


class Sessions(RuleBasedStateMachine):
    """One journal, two communes, two tiers of which the upper rests on the lower."""

    engine = ntm.SessionEngine.NATIVE
    live = 1  # so that communes leave memory and come back all the time

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.now = datetime.datetime(2023, 11, 16, 8, tzinfo=datetime.timezone.utc)
        self.communes: dict[str, ntm.Commune] = {}
        self.days: list[tuple[datetime.date, dict[str, ntm.Commune]]] = []
        self.told: list[Any] = []
        self.as_of: dict[tuple[str, str], datetime.date] = {}
        self.copies = itertools.count()
        self.path = Path(self.folder.name) / "so.db"
        self.session = self.opened()

    def opened(self) -> ntm.Session:
        return ntm.Session(
            RULESETS,
            journal=self.path,
            engine=self.engine,
            live=self.live,
            clock=lambda: self.now,
        )

    def teardown(self) -> None:
        self.session.close()
        self.folder.cleanup()

    # -- steps

    @initialize()
    def first(self) -> None:
        self.load(CODES[0], TOWNS[0], {})

    @rule(
        code=st.sampled_from(CODES),
        town=st.sampled_from(TOWNS),
        facts=st.dictionaries(st.sampled_from(sorted(POOL)), st.integers(0, 99), max_size=9),
    )
    def load(self, code: str, town: dict[str, Any], facts: dict[str, int]) -> None:
        given = {key: POOL[key][place % len(POOL[key])] for key, place in facts.items()}
        old = self.communes.get(code)
        after = ntm.Commune(
            code=code,
            facts=({} if old is None else dict(old.facts)) | given,
            attested={} if old is None else dict(old.attested),
            **town,
        )
        self.step(code, after, lambda: self.session.load(ntm.Commune(code=code, facts=given, **town)))
        for key in given:  # which speaks of no day
            if self.communes.get(code) == after and (old is None or old.facts.get(key) != after.facts[key]):
                self.as_of.pop((code, key), None)

    @precondition(lambda self: self.communes)
    @rule(data=st.data(), key=st.sampled_from(sorted(POOL)), place=st.integers(0, 99), before=DAYS)
    def put(self, data: st.DataObject, key: str, place: int, before: int) -> None:
        code = data.draw(st.sampled_from(sorted(self.communes)))
        value, old = POOL[key][place % len(POOL[key])], self.communes[code]
        after = old.replace(facts=dict(old.facts) | {key: value})
        call = self.session.update if key in old.facts else self.session.assert_fact
        self.say(code, key, after, before, lambda day: call(code, key, value, as_of=day, source="Sở"))

    @precondition(lambda self: any(commune.facts for commune in self.communes.values()))
    @rule(data=st.data(), before=DAYS)
    def retract(self, data: st.DataObject, before: int) -> None:
        code = data.draw(st.sampled_from(sorted(code for code, commune in self.communes.items() if commune.facts)))
        old = self.communes[code]
        key = data.draw(st.sampled_from(sorted(old.facts)))
        gone = (key, f"{key}.male", f"{key}.female")
        after = old.replace(facts={name: value for name, value in old.facts.items() if name not in gone})
        self.say(code, key, after, before, lambda day: self.session.retract_fact(code, key, as_of=day, source="Sở"))

    @precondition(lambda self: self.communes)
    @rule(data=st.data(), verdict=st.sampled_from([True, False, None]), before=DAYS)
    def attest(self, data: st.DataObject, verdict: bool | None, before: int) -> None:
        code = data.draw(st.sampled_from(sorted(self.communes)))
        ruleset = data.draw(st.sampled_from(RULESETS))
        key = f"{ruleset.id}:{data.draw(st.sampled_from(ruleset.numbers))}"
        old = self.communes[code]
        attested = {name: value for name, value in old.attested.items() if name != key}
        after = old.replace(attested=attested | ({} if verdict is None else {key: verdict}))
        self.say(code, key, after, before, lambda day: self.session.attest(code, key, verdict, as_of=day, source="Sở"))

    def say(self, code: str, key: str, after: ntm.Commune, before: int, call: Any) -> None:
        """Something said of a day: refused where it is otherwise than what is known of a later one."""
        day, old = self.now.date() - datetime.timedelta(days=before), self.communes[code]
        was, now = ({**one.facts, **one.attested} for one in (old, after))
        changed = {key for key in {**was, **now} if was.get(key) != now.get(key)}
        if any(self.as_of.get((code, key), day) > day for key in changed):
            try:
                call(day)
            except NtmRulesError:
                return
            raise AssertionError("taken, though of an earlier day than what is known")
        self.step(code, after, lambda: call(day))
        if self.communes[code] == after:  # it was not refused
            for one in changed - now.keys():
                self.as_of.pop((code, one), None)
            if key in now:
                known = day if key in changed else self.as_of.get((code, key), day)
                self.as_of[code, key] = max(day, known)

    @precondition(lambda self: self.communes)
    @rule(
        key=st.sampled_from(sorted(POOL)),
        poison=st.sampled_from(
            [float("nan"), float("inf"), "1e400", {"numerator": 1, "denominator": 0}, [], "nhiều", -1e39]
        ),
    )
    def poison(self, key: str, poison: Any) -> None:
        code = min(self.communes)
        try:
            self.session.update(code, key, poison, as_of=self.now.date(), source="Sở")
        except NtmRulesError:
            assert list(self.session.events()) == []
        else:
            raise AssertionError(f"taken: {key} {poison}")

    @rule()
    def crash(self) -> None:
        """The process is gone without a word; another opens what is on the disk at that moment."""
        copied = Path(self.folder.name) / f"so-{next(self.copies)}.db"
        shutil.copyfile(self.path, copied)
        self.session.close()
        self.path = copied
        self.session = self.opened()

    @rule()
    def a_day_passes(self) -> None:
        self.days.append((self.now.date(), dict(self.communes)))
        self.now += datetime.timedelta(days=1)

    def step(self, code: str, after: ntm.Commune, call: Any) -> None:
        before = self.communes.get(code)
        expected: set[tuple[str, str, str, str, str]] = set()
        try:
            expected_after = [said(ntm.evaluate(ruleset, after)) for ruleset in RULESETS]
        except NtmRulesError:  # men, women and all do not agree: refused, and nothing happens
            try:
                call()
            except NtmRulesError:
                return
            raise AssertionError("taken, though evaluate refuses it") from None
        if before is not None:
            for ruleset, new in zip(RULESETS, expected_after, strict=True):
                expected |= differences(said(ntm.evaluate(ruleset, before)), new)
        call()
        self.communes[code] = after
        events = list(self.session.events())
        found = [(kind_of(e), e.ruleset, e.id, e.before, e.after) for e in events]
        assert len(found) == len(set(found))
        assert set(found) == expected
        assert all(event.commune == code for event in events)
        if before is not None:
            for event in events:
                self.suffices(event, before)
        self.told += events

    def suffices(self, event: Event, before: ntm.Commune) -> None:
        """The causes alone bring about what became of a clause."""
        assert event.causes
        if kind_of(event) not in ("indicator", "condition", "prerequisite", "conflict"):
            return
        fields: dict[str, Any] = before.to_dict() | {"facts": dict(before.facts), "attested": dict(before.attested)}
        for cause in event.causes:
            place = {"fact": fields["facts"], "attested": fields["attested"], "identity": fields}[cause.kind]
            place[cause.key] = cause.new
        attested = {key: verdict for key, verdict in fields.pop("attested").items() if verdict is not None}
        ruleset = next(one for one in RULESETS if one.id == event.ruleset)
        with contextlib.suppress(NtmRulesError):  # men, women and all may agree only with what else came
            then = said(ntm.evaluate(ruleset, ntm.Commune(**fields, attested=attested)))
            assert then[kind_of(event), event.ruleset, event.id] == event.after

    # -- what always holds

    @invariant()
    def says_what_evaluate_says(self) -> None:
        for code, commune in self.communes.items():
            for ruleset in RULESETS:
                assessment = self.session.assessment(code, ruleset.id)
                again = ntm.evaluate(ruleset, commune)
                assert assessment == again
                assert said(assessment) == said(again)

    @precondition(lambda self: self.days)
    @rule(data=st.data())
    def what_was_known_then(self, data: st.DataObject) -> None:
        day, communes = data.draw(st.sampled_from(self.days))
        for code, commune in communes.items():
            assert self.session.assessment(code, known_on=day) == ntm.evaluate(RULESETS[0], commune)

    @rule()
    def told_again(self) -> None:
        """The journal tells every event again, word for word."""
        assert [event.to_dict() for event in self.session.events(since=0)] == [event.to_dict() for event in self.told]
