"""What may befall the process of durable-rules: garbage for answers, no room for it, no end. Shown on one that does without the package."""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.session.fake_worker import BAD
from tests.session.test_faults import POSIX, says_what_evaluate_says
from tests.session.test_network import worked_out

import ntm_rules as ntm
from ntm_rules.engine.session import durable
from ntm_rules.engine.session.durable import Durable
from ntm_rules.engine.session.judging import EngineError
from ntm_rules.engine.session.network import Network
from ntm_rules.model.errors import NtmRulesError

GOOD = "00001"
DAY = datetime.date(2023, 11, 16)
Fake = Callable[..., ntm.Session]
FAKE = "import sys; sys.path[:] = {{path!r}}; from tests.session.fake_worker import main; main({garbage}, {what!r})"


def commune(code: str, **facts: Any) -> ntm.Commune:
    return ntm.Commune(code=code, region="dbsh", year=2023, facts={"income_per_capita": 60} | facts)


def up(session: ntm.Session, code: str, value: object) -> None:
    session.update(code, "income_per_capita", value, as_of=DAY, source="Sở")


@pytest.fixture(scope="module")
def ruleset() -> ntm.Ruleset:
    return ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")


@pytest.fixture
def fake(ruleset: ntm.Ruleset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """A session on a process that gives some garbage for answers about the bad commune."""
    sessions: list[ntm.Session] = []

    def begun(garbage: bytes = b"", what: str = "put", **given: Any) -> ntm.Session:
        text = repr(garbage).replace("{", "{{").replace("}", "}}")
        monkeypatch.setattr(durable, "_MAIN", FAKE.format(garbage=text, what=what))
        monkeypatch.setattr(durable, "_need_durable_rules", lambda: None)
        sessions.append(ntm.Session(ruleset, engine="durable", **given))
        return sessions[-1]

    yield begun
    for session in sessions:
        session.close()


def engine_of(session: ntm.Session) -> Durable:
    found = session._engine
    assert isinstance(found, Durable)
    return found


def codes(said: bytes) -> bytes:
    return b'{"n":@N,"codes":' + said + b"}\n"


def all_nodes(code: int) -> bytes:
    return codes(str([[node, code] for node in range(1, 600)]).encode())


GARBAGE = {
    "no text": b"\xff\xfe\n",
    "no text of UTF-8": b'"\xff\n',
    "nothing": b"\n",
    "null": b"null\n",
    "a list": b"[]\n",
    "deep": b"[" * 100_000 + b"\n",
    "long": b'{"n":@N,"error":"' + b"x" * 100_000 + b'"}\n',
    "no number": b'{"codes":[]}\n',
    "another number": b'{"n":0,"codes":[]}\n',
    "no codes": b'{"n":@N}\n',
    "null codes": codes(b"null"),
    "text codes": codes(b'["12"]'),
    "no pairs": codes(b"[[1]]"),
    "not all codes": codes(b"[]"),
    "infinite": codes(b"[[1,1e400]]"),
    "no number as code": codes(b"[[1,NaN]]"),
    "many digits": codes(b"[[1," + b"9" * 5000 + b"]]"),
    "texts": codes(b'[["1","-4"]]'),
    "no error": b'{"n":@N,"error":null}\n',
    "half a character": b'{"n":@N,"error":"\\ud800"}\n',
    **{f"code {code}": all_nodes(code) for code in (7, 99, 3, -4, 5, 1)},
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_said_and_stays_with_its_commune(fake: Fake, garbage: bytes) -> None:
    session = fake(garbage)
    session.load(commune(GOOD))
    with pytest.raises(EngineError) as raised:
        session.load(commune(BAD))
    (problem,) = raised.value.problems
    assert (problem.code, problem.source) == ("engine_failed", BAD)
    assert str(raised.value).encode()
    assert session.quarantined == {BAD: problem}
    assert engine_of(session)._process is None
    up(session, GOOD, 50)
    assert says_what_evaluate_says(session, GOOD)
    assert session.communes() == (GOOD,)


def test_a_line_without_end_is_not_read_for_ever(fake: Fake) -> None:
    session = fake(b"@X")
    with pytest.raises(EngineError, match="engine_failed"):
        session.load(commune(BAD))


@pytest.mark.parametrize("what", ["put", "forget"])
def test_an_answer_too_many_hurts_nobody(fake: Fake, what: str) -> None:
    """It is not taken for the next one's: the process is begun anew, and asked once more."""
    session = fake(b'@A{"n":@N,"codes":[]}\n', what)
    session.load([commune(GOOD), commune(BAD)])
    for value in (50, 60):
        for code in (BAD, GOOD, BAD):
            up(session, code, value)
            assert says_what_evaluate_says(session, code)
        session.release(BAD)
    assert session.quarantined == {}


@pytest.mark.parametrize("garbage", [b"null\n", b'{"n":@N,"error":"no"}\n', b'{"n":0,"codes":[]}\n'])
def test_a_commune_that_cannot_be_forgotten_hurts_no_other(
    fake: Fake, garbage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is gone with the process."""
    monkeypatch.setattr(durable, "_STATES", 1)
    session = fake(garbage, "forget")
    session.load(commune(BAD))
    session.load(commune(GOOD))
    up(session, BAD, 50)
    up(session, GOOD, 50)
    assert says_what_evaluate_says(session, GOOD)
    assert says_what_evaluate_says(session, BAD)
    assert session.quarantined == {}


@pytest.mark.parametrize("attests", [False, True])
def test_codes_that_a_network_cannot_have(ruleset: ntm.Ruleset, attests: bool) -> None:
    network = Network(ruleset, attests=attests)
    session = ntm.Session(ruleset)
    session.load(commune(GOOD))
    known = session._of(GOOD).known
    session.close()
    given = network.program()["codes"]
    codes = {node: code for node, code in worked_out(network, known).items() if node not in given}
    assert network.can_have(codes)
    tallies = {node for node, kind, *_ in network.program()["derive"] if kind == "tally"}
    sums = network.outputs.criteria[0]
    assert isinstance(sums, int)
    for wrong in (
        codes | {10**6: 0},
        dict(list(codes.items())[1:]),
        codes | {sums: codes[sums] ^ 4},
        *(codes | {node: code} for node in codes.keys() - tallies for code in (-1, 3, 8, 10**12)),
    ):
        assert not network.can_have(wrong)


# -- the process cannot be begun


def refused(error: Exception) -> Callable[..., Any]:
    def popen(*_: Any, **__: Any) -> Any:
        raise error

    return popen


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("subprocess.Popen", refused(OSError(24, "Too many open files"))),
        ("tempfile.TemporaryFile", refused(FileNotFoundError(2, "No usable temporary directory found"))),
        ("threading.Thread.start", refused(RuntimeError("can't start new thread"))),
        ("sys.executable", None),
        ("sys.executable", ""),
        ("sys.executable", "/no/such/python"),
    ],
)
def test_a_process_that_cannot_be_begun_is_no_fault_of_a_commune(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, what: str, value: Any
) -> None:
    session = fake()
    with monkeypatch.context() as patched:
        patched.setattr(what, value)
        for _ in range(2):
            with pytest.raises(NtmRulesError, match="engine_not_started") as raised:
                session.load(commune(GOOD))
            assert not isinstance(raised.value, EngineError)
    assert session.quarantined == {}
    session.load(commune(GOOD))
    assert says_what_evaluate_says(session, GOOD)


def test_of_sys_path_only_texts_are_for_the_process(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python itself reads it."""
    monkeypatch.setattr(sys, "path", [*sys.path, Path("thu-muc")])
    session = fake()
    session.load(commune(GOOD))
    assert says_what_evaluate_says(session, GOOD)


@pytest.mark.parametrize("lacking", ["durable", "durable_rules_engine"])
def test_both_parts_of_durable_rules_are_needed(
    ruleset: ntm.Ruleset, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == lacking else object())
    with pytest.raises(NtmRulesError, match="no_durable_rules"):
        ntm.Session(ruleset, engine="durable")


# -- its end

HANGING = """
import json, sys, types
class Ruleset:
    def __init__(self, *_):
        while {loops}: pass
module = types.ModuleType("durable.engine")
module.Ruleset = Ruleset
sys.modules["durable"], sys.modules["durable.engine"] = types.ModuleType("durable"), module
from ntm_rules.engine.session.worker import main
main()
"""
RULES: dict[str, Any] = {"compare": [], "derive": [], "codes": []}


@contextlib.contextmanager
def asked(loops: bool) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that was asked for something, and given half a second."""
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING.format(loops=loops)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"n": 1, "seconds": 0.5, "program": "p", "rules": RULES}).encode() + b"\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def ignores_alarms() -> Iterator[None]:
    """What a process begun meanwhile inherits."""
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGALRM, before)


@POSIX
@pytest.mark.usefixtures("ignores_alarms")
def test_a_worker_that_hangs_ends_by_itself() -> None:
    """Its parent may be gone, and with it the watchdog."""
    with asked(loops=True) as process:
        assert process.wait(20) == -signal.SIGALRM


@POSIX
def test_a_worker_that_has_answered_may_wait_for_ever() -> None:
    with asked(loops=False) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"n": 1, "codes": []}
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.communicate(timeout=20)
        assert process.returncode == 0


@POSIX
def test_a_request_says_how_long_the_worker_may_take(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than the watchdog waits, which says why the process is ended."""
    requests: list[dict[str, Any]] = []
    dumps = json.dumps

    def kept(request: Any, **given: Any) -> str:
        if isinstance(request, dict) and "program" in request:
            requests.append(request)
        return dumps(request, **given)

    session = fake()
    with monkeypatch.context() as patched:
        patched.setattr(json, "dumps", kept)
        session.load(commune(GOOD))
    assert requests
    assert {request["seconds"] > engine_of(session)._patience for request in requests} == {True}


class Interrupted(BaseException):
    pass


def closed_but_for(call: str, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close an engine, interrupted at a call of its process."""

    def interrupted(*_: Any, **__: Any) -> Any:
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(subprocess.Popen, call, interrupted)
        with pytest.raises(Interrupted):
            engine.close()


@pytest.mark.parametrize("call", ["kill", "wait"])
def test_an_end_that_is_interrupted_is_brought_about_by_the_next(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    session = fake()
    session.load(commune(GOOD))
    engine = engine_of(session)
    process = engine._process
    assert process is not None
    closed_but_for(call, engine, monkeypatch)
    session.close()
    assert process.returncode is not None
    assert all(stream is not None and stream.closed for stream in (process.stdin, process.stdout))


def test_after_an_end_that_was_interrupted_another_process_is_begun(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is believed to be in it yet."""
    session = fake()
    session.load(commune(GOOD))
    engine = engine_of(session)
    first = engine._process
    assert first is not None
    closed_but_for("wait", engine, monkeypatch)
    up(session, GOOD, 50)
    assert says_what_evaluate_says(session, GOOD)
    assert engine._process is not first
    assert first.returncode is not None


def in_child(act: Callable[[], object]) -> str:
    """What a forked child finds."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - said to the parent
            said = f"{type(error).__name__} {error}"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        found = answer.read()
    os.waitpid(child, 0)
    return found


@POSIX
def test_a_forked_child_does_not_share_the_process(fake: Fake) -> None:
    """Answers would go to one or the other."""
    session = fake()
    session.load(commune(GOOD))
    engine, known = engine_of(session), session._of(GOOD).known
    process = engine._process
    assert process is not None

    def judged() -> None:
        try:
            engine.judge(known)
        except EngineError as error:
            raise AssertionError from error

    assert "other_process" in in_child(judged)
    assert in_child(lambda: engine.forget(GOOD)) == "nothing"
    assert in_child(engine.close) == "nothing"
    assert process.poll() is None
    up(session, GOOD, 50)
    assert says_what_evaluate_says(session, GOOD)
    assert engine._process is process


@POSIX
def test_a_forked_child_holds_the_process_no_longer_than_it_is_told(fake: Fake) -> None:
    session = fake()
    session.load(commune(GOOD))
    engine = engine_of(session)

    def closed() -> None:
        process = engine._process
        assert process is not None
        engine.close()
        assert engine._process is None
        assert all(stream is not None and stream.closed for stream in (process.stdin, process.stdout))
        assert process.returncode is None

    assert in_child(closed) == "nothing"
