"""The engine on durable-rules says what the native one says; its failures stay with the commune that caused them."""

from __future__ import annotations

import datetime
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.property.strategies import SHIPPED, Documents, Loaded, built, communes, generated_rulesets, loaded
from tests.session.model import POOL, RULESETS, Sessions
from tests.session.test_faults import says_what_evaluate_says

import ntm_rules as ntm
from ntm_rules.engine.session import durable
from ntm_rules.engine.session.durable import Durable
from ntm_rules.engine.session.judging import EngineError, Incremental
from ntm_rules.engine.session.network import Network
from ntm_rules.engine.session.state import Known
from ntm_rules.model.checking import clean_facts

pytest.importorskip("durable_rules_engine", reason="durable-rules is not installed; see `make sessions-test`")
DAY = datetime.date(2023, 11, 16)
QUICK = settings(max_examples=8, phases=[Phase.generate])


class DurableSessions(Sessions):
    engine = ntm.SessionEngine("durable")
    live = 2


class TestDurable(DurableSessions.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=4, stateful_step_count=20, phases=[Phase.generate])


# -- both engines agree


def known_of(ruleset: ntm.Ruleset, commune: ntm.Commune) -> Known:
    identity = {"region": commune.region, "zone": commune.zone, "year": commune.year}
    facts = clean_facts(ruleset.catalogue, commune.facts)
    return Known("00001", {k: v for k, v in identity.items() if v is not None}, facts, dict(commune.attested))


def assert_agree(ruleset: ntm.Ruleset, before: ntm.Commune, after: ntm.Commune) -> None:
    """The same from nothing, and by going from one commune to another, fact by fact."""
    native, chained = Incremental((ruleset,)), Durable((ruleset,))
    try:
        old, new = known_of(ruleset, before), known_of(ruleset, after.replace(attested=before.attested))
        new.identity.update(old.identity)
        judged = chained.judge(old)
        assert judged == native.judge(old)
        keys = [key for key in {**old.fact, **new.fact} if old.fact.get(key) != new.fact.get(key)]
        step = Known(old.code, old.identity, dict(old.fact), old.attested)
        for key in keys:
            step.fact.pop(key, None)
            if key in new.fact:
                step.fact[key] = new.fact[key]
            judged = chained.rejudge(step, judged, [key])
        assert judged == native.judge(step)
        assert judged == Durable.judge(chained, step)
    finally:
        chained.close()


@pytest.mark.parametrize("which", SHIPPED[::3], ids=str)
@settings(max_examples=2, phases=[Phase.generate])
@given(data=st.data())
def test_shipped_rulesets(which: Loaded, data: st.DataObject) -> None:
    ruleset = loaded(which)
    assert_agree(ruleset, data.draw(communes(ruleset, attested=True)), data.draw(communes(ruleset)))


@QUICK
@given(documents=generated_rulesets(), data=st.data())
def test_generated_rulesets(documents: Documents, data: st.DataObject) -> None:
    """Every kind of requirement, nested and combined."""
    ruleset = built(documents)
    assert_agree(ruleset, data.draw(communes(ruleset, attested=True)), data.draw(communes(ruleset)))


# -- its limits


@pytest.fixture
def engine() -> Iterator[Durable]:
    found = Durable(RULESETS, patience=5.0, memory_mb=80)  # three communes
    yield found
    found.close()


def commune(code: int, **facts: Any) -> Known:
    return Known(f"{code:05}", {"region": "dbsh", "year": 2023}, clean_facts(RULESETS[0].catalogue, facts))


def test_more_communes_than_the_engine_has_states_for() -> None:
    """The engine itself ends at 1,024 states; here they are given back."""
    engine, native = Durable(RULESETS[:1], memory_mb=25), Incremental(RULESETS[:1])
    for place in range(1100):
        one = commune(place, income_per_capita=50 + place % 10)
        if place % 100 in (0, 1, 99):
            assert engine.judge(one) == native.judge(one)
        else:
            engine.judge(one)
    assert len(engine._states) == 3
    again = commune(0, income_per_capita=50)
    assert engine.rejudge(again, native.judge(again), ["income_per_capita"]) == native.judge(again)
    engine.close()


def test_a_network_of_more_than_512_facts() -> None:
    """The first table of the engine holds 512 tests, and it hangs where one more is put in."""
    known = Known("00001", {"region": "dbsh", "year": 2023}, {}, {"2021-2025/xa-ntm:7": True})
    program = Network(RULESETS[1], attests=True).program()
    tested = sum(len(compare["ranges"]) + 1 for _, compare in program["compare"])
    assert tested + len(program["derive"]) + len(program["codes"]) > 512
    chained = Durable(RULESETS, patience=10.0)
    try:
        assert chained.judge(known) == Incremental(RULESETS).judge(known)
    finally:
        chained.close()


def test_what_enters_is_a_small_integer(engine: Durable) -> None:
    """Texts, True, exponents and long numbers, which the engine takes for others or refuses, never reach it."""
    known = commune(
        1,
        income_per_capita="56.000000000000000000000000000000000001",
        health_insurance_pct={"numerator": 10**30, "denominator": 10**30 + 1},
        recognised_ntm=True,
    )
    network = Network(RULESETS[0], attests=True)
    for what, value in network.inputs(known, network.wheres(known)).values():
        assert type(value) is int
        assert value in {"u": (1,), "v": (0, 1, 2), "c": (0, 1, 2, 4)}[what]
    assert engine.judge(known) == Incremental(RULESETS).judge(known)


class Failing(Durable):
    """A durable engine that is asked something it cannot do for one commune."""

    def __init__(self, request: dict[str, Any], *, patience: float = 5.0) -> None:
        super().__init__(RULESETS, patience=patience)
        self.request = request

    def _ask(self, code: str, request: dict[str, Any]) -> Any:
        return super()._ask(code, request | self.request if code == "00666" else request)


@pytest.mark.parametrize(
    "request_",
    [
        {"put": {"1": ["v", 1e300]}},  # an exponent
        {"put": {"1": ["v", float("inf")]}},
        {"put": {"999999": ["v", 1]}},  # a fact that no rule matches
        {"put": {f"9{place}": ["v", 1] for place in range(400)}},
        {"program": "none"},
        {"rules": {"compare": [], "derive": [[place, "all", [place + 1], {}] for place in range(5)], "codes": []}},
    ],
    ids=["exponent", "infinity", "no-rule", "many", "no-network", "other-rules"],
)
def test_what_the_engine_refuses_stays_with_its_commune(request_: dict[str, Any]) -> None:
    failing, native = Failing(request_), Incremental(RULESETS)
    try:
        good = commune(1, income_per_capita=60)
        before = failing.judge(good)
        with pytest.raises(EngineError) as raised:
            failing.judge(commune(666, income_per_capita=60))
        (problem,) = raised.value.problems
        assert (problem.code, problem.source) == ("engine_failed", "00666")
        after = commune(1, income_per_capita=50)
        assert failing.rejudge(after, before, ["income_per_capita"]) == native.judge(after)
    finally:
        failing.close()


LOOP = "import sys, time\nfor line in sys.stdin: time.sleep(60)"


def test_a_process_that_never_answers_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Durable(RULESETS, patience=0.5)
    with monkeypatch.context() as patched:
        patched.setattr(durable, "_MAIN", LOOP.replace("{", "{{"))
        with pytest.raises(EngineError, match=r"did not answer within 0\.5 seconds"):
            engine.judge(commune(666))
    engine._patience = 20.0
    assert engine.judge(commune(1)) == Incremental(RULESETS).judge(commune(1))
    engine.close()


def test_a_process_that_dies_between_requests_is_begun_anew(engine: Durable) -> None:
    """The commune asked about next is none the worse for it."""
    before = engine.judge(commune(1, income_per_capita=60))
    for income in (50, 60):
        assert engine._process is not None
        engine._process.kill()  # and is not waited for: the request may still reach it
        after = commune(1, income_per_capita=income)
        before = engine.rejudge(after, before, ["income_per_capita"])
        assert before == Incremental(RULESETS).judge(after)


DYING = "import os, sys\nfor line in sys.stdin:\n    if '00666' in line: sys.exit('worn out')"


def test_a_process_that_dies_of_a_commune_twice_is_its_fault(monkeypatch: pytest.MonkeyPatch, engine: Durable) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(durable, "_MAIN", DYING)
        with pytest.raises(EngineError, match="worn out"):
            engine.judge(commune(666))
    assert engine.judge(commune(1)) == Incremental(RULESETS).judge(commune(1))


def test_why_the_process_cannot_begin_is_said(monkeypatch: pytest.MonkeyPatch, engine: Durable) -> None:
    monkeypatch.setattr(durable, "_MAIN", "import no_such_module")
    with pytest.raises(EngineError, match="No module named 'no_such_module'"):
        engine.judge(commune(1))


def busy(engine: Durable, knowns: dict[int, Known], judged: dict[int, Any]) -> None:
    """Some requests, and time for a signal that comes late."""
    knowns[1] = commune(1, income_per_capita=50)
    judged[1] = engine.rejudge(knowns[1], judged[1], ["income_per_capita"])
    for code in range(10, 20):
        engine.judge(commune(code))
    time.sleep(1)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError])
@pytest.mark.parametrize("delay", [0.0005, 0.002, 0.01, 0.05, 0.2, 0.3])
def test_an_interrupted_request_leaves_no_answer_behind(delay: float, error: type[BaseException]) -> None:
    """An answer left unread would be taken for the next one's: verdicts of another commune."""

    def interrupt(*_: Any) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, interrupt)
    engine, native = Durable(RULESETS), Incremental(RULESETS)
    knowns = {code: commune(code, income_per_capita=60) for code in (1, 2, 3)}
    try:
        judged = {code: engine.judge(known) for code, known in knowns.items()}
        process = engine._process
        assert process is not None
        if delay > 0.1:  # it is sure to be at work when the signal comes
            process.send_signal(signal.SIGSTOP)
            threading.Timer(delay + 0.2, process.send_signal, [signal.SIGCONT]).start()
        signal.setitimer(signal.ITIMER_REAL, delay)
        with pytest.raises(error):
            busy(engine, knowns, judged)
        for code in (2, 3, 2, 1):
            knowns[code] = commune(code, income_per_capita=40 + 10 * code)
            assert engine.rejudge(knowns[code], judged[code], ["income_per_capita"]) == native.judge(knowns[code])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        engine.close()


@pytest.mark.parametrize(
    "answer", ["{}", '{"n": 0, "codes": []}', "5", "none", '{"n": 1, "codes": [[1]]}', '{"n": 1, "codes": []}']
)
def test_an_answer_that_is_none_is_said(answer: str, monkeypatch: pytest.MonkeyPatch, engine: Durable) -> None:
    """Of another request, cut, of another shape, or without the codes: never a verdict, never a KeyError."""
    with monkeypatch.context() as patched:
        patched.setattr(
            durable,
            "_MAIN",
            f"import sys\nfor line in sys.stdin: print({answer!r}, flush=True)".replace("{", "{{").replace("}", "}}"),
        )
        with pytest.raises(EngineError, match="engine_failed"):
            engine.judge(commune(1))
    assert engine._process is None
    assert engine.judge(commune(1)) == Incremental(RULESETS).judge(commune(1))


LATE = """
import json, sys
sys.path[:] = {path!r}
from ntm_rules.engine.session import worker
loads = json.loads
worker.json.loads = lambda line: dict(loads(line), n=0)
worker.main()
"""


def test_an_answer_to_another_request_is_no_verdict(monkeypatch: pytest.MonkeyPatch, engine: Durable) -> None:
    """However right it looks."""
    monkeypatch.setattr(durable, "_MAIN", LATE)
    with pytest.raises(EngineError, match="answer 0 to request 2"):
        engine.judge(commune(1))


REGIONS = ("tdmnpb", "dbsh", "btb", "dhntb", "tn", "dnb", "dbscl")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measured by /proc")
def test_memory_is_bounded_wherever_communes_lie(tmp_path: Path) -> None:
    """Both processes together, over regions, years, with and without attested verdicts."""
    facts = {key: values[0] for key, values in POOL.items() if "." not in key}
    with ntm.Session(RULESETS, journal=tmp_path / "so.db", engine="durable") as session:
        engine: Any = session._engine
        most = 0
        for place in range(60):
            verdicts = {"2021-2025/xa-ntm:1.1": True} if place % 2 else {}
            region, year = REGIONS[place % 7], 2021 + place % 5
            session.load(ntm.Commune(code=place + 1, region=region, year=year, facts=facts, attested=verdicts))
            most = max(most, kilobytes("self") + kilobytes(str(engine._process.pid)))
        assert len(engine._programs) <= 4
        assert 3 <= len(engine._states) <= 20
        assert says_what_evaluate_says(session, "00001")
    assert most < 500 * 1024


def kilobytes(process: str) -> int:
    (line,) = (line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def test_a_session_sets_a_commune_apart_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = "00001", "00666"
    with ntm.Session(RULESETS, engine="durable") as session:
        for code in (good, bad):
            session.load(ntm.Commune(code=code, region="dbsh", year=2023, facts={"income_per_capita": 60}))
        ask = Durable._ask

        def poisoned(self: Durable, code: str, request: dict[str, Any]) -> Any:
            return ask(self, code, request | ({"program": "none"} if code == bad and "put" in request else {}))

        with monkeypatch.context() as patched:
            patched.setattr(Durable, "_ask", poisoned)
            with pytest.raises(EngineError, match="engine_failed"):
                session.update(bad, "income_per_capita", 50, as_of=DAY, source="Sở")
            session.update(good, "income_per_capita", 50, as_of=DAY, source="Sở")
            assert {event.commune for event in session.events()} == {good}
            assert set(session.quarantined) == {bad}
            for call in (
                lambda: session.assessment(bad),
                lambda: session.update(bad, "income_per_capita", 51, as_of=DAY, source="Sở"),
            ):
                with pytest.raises(EngineError, match="quarantined"):
                    call()
        # What failed was not recorded; what was known before still is.
        assert session.commune(bad).facts["income_per_capita"] == 60
        session.release(bad)
        session.update(bad, "income_per_capita", 50, as_of=DAY, source="Sở")
        assert says_what_evaluate_says(session, bad)
        assert session.quarantined == {}


def test_derived_facts_go_when_their_support_goes(engine: Durable) -> None:
    known = commune(1, income_per_capita=60)
    before = engine.judge(known)
    place = RULESETS[0].numbers.index("10")
    assert before[0].codes[place] == 0
    after = engine.rejudge(commune(1), before, ["income_per_capita"])
    assert after[0].codes[place] == 2
    assert engine.rejudge(known, after, ["income_per_capita"]) == before
