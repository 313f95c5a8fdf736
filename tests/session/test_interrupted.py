"""An exception at any line of a change, as a signal raises it: what the journal says is known, judged and told, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.session.helpers import Clock, commune, up, written

import ntm_rules as ntm
from ntm_rules.engine.session.session import Session

CODES = ("00001", "00002")
TRACED = tuple(f"session/{name}.py" for name in ("session", "telling", "journal", "durable"))


class Interrupted(BaseException):
    pass


def interrupted(act: Callable[[], object], line: int) -> bool:
    """Whether an act was interrupted, at one of the lines of the session and its journal that it runs through."""
    passed, begun = 0, False

    def trace(frame: FrameType, what: str, _: object) -> Any:
        nonlocal passed, begun
        begun = begun or frame.f_code.co_name == "_change_all"  # before it nothing changes
        if not begun or not frame.f_code.co_filename.endswith(TRACED):
            return None
        if what == "line":
            passed += 1
            if passed == line:
                sys.settrace(None)
                raise Interrupted
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except Interrupted:
        return True
    finally:
        sys.settrace(before)
    return False


def all_at(value: object) -> list[ntm.Commune]:
    return [commune(code, income_per_capita=value) for code in CODES]


def changes(session: ntm.Session) -> Iterator[Callable[[object], None]]:
    """What is done to communes at once, and to one."""
    yield lambda value: session.load(all_at(value))
    yield lambda value: up(session, value, CODES[0])


@pytest.mark.parametrize("way", [0, 1])
def test_what_is_known_is_what_the_file_says_with_durable_rules_too(
    ruleset: ntm.Ruleset, clock: Clock, way: int, tmp_path: Path
) -> None:
    pytest.importorskip("durable_rules_engine", reason="durable-rules is not installed; see `make sessions-test`")
    line, done = 0, False
    while not done:
        path = tmp_path / f"{line}.db"
        with ntm.Session(ruleset, clock=clock, journal=path, engine="durable") as session:
            session.load(all_at(60))
            change = list(changes(session))[way]
            for _ in range(20):
                line += 3  # every third, for the process is begun anew each time
                done = not interrupted(lambda: change(50), line)  # noqa: B023
                for code in CODES:
                    assert session.assessment(code).codes == ntm.evaluate(ruleset, session.commune(code)).codes, line
                change(60)
                if done:
                    break
            known = [session.commune(code) for code in CODES]
            assert session.quarantined == {}
        with ntm.Session(ruleset, clock=clock, journal=path) as again:
            assert [again.commune(code) for code in CODES] == known
            for code, one in zip(CODES, known, strict=True):
                assert again.assessment(code).codes == ntm.evaluate(ruleset, one).codes
    assert line > 30


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("live", [1000, 1])
def test_what_is_known_is_what_the_journal_says(ruleset: ntm.Ruleset, clock: Clock, way: int, live: int) -> None:
    line = 0
    while True:
        with ntm.Session(ruleset, clock=clock, live=live) as session:
            session.load(all_at(60))
            change = list(changes(session))[way]
            for _ in range(20):  # a journal that grows for long is slow to read
                line += 1
                if not interrupted(lambda: change(50), line):  # noqa: B023
                    assert line > 30
                    return
                known = [session.commune(code) for code in CODES]
                for code, one in zip(CODES, known, strict=True):
                    assert session.assessment(code).codes == ntm.evaluate(ruleset, one).codes, line
                change(60)
                assert {session.commune(code).facts["income_per_capita"] for code in CODES} == {60}, line


def test_what_was_recorded_before_a_signal_is_not_lost_to_the_next_change(
    ruleset: ntm.Ruleset, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Session._keep
    with ntm.Session(ruleset) as session:
        session.load(commune("13570", income_per_capita=60))

        def kept(self: Session, live: Any) -> None:
            if live.known.fact["income_per_capita"] == 50:
                raise Interrupted
            keep(self, live)

        with monkeypatch.context() as patched:
            patched.setattr(Session, "_keep", kept)
            with pytest.raises(Interrupted):
                up(session, 50)
        assert session.assessment("13570").indicator("10").status is ntm.Status.MISSING
        up(session, 60)
        assert session.commune("13570").facts["income_per_capita"] == 60
        assert session.assessment("13570").indicator("10").status is ntm.Status.MET


TWO = """reactions:
  - name: hai-xa
    when: {events: [indicator_missing], communes: 2}
    say: {vi: Hai xã, en: Two communes}
"""


@pytest.mark.parametrize("way", [0, 1])
def test_no_event_is_lost_or_told_twice(ruleset: ntm.Ruleset, clock: Clock, tmp_path: Path, way: int) -> None:
    """Those of a reaction that counts too, live as when told again."""
    line, reactions = 0, written(tmp_path, TWO)
    while True:
        with ntm.Session(ruleset, clock=clock, reactions=reactions) as session:
            session.load(all_at(60))
            change, heard = list(changes(session))[way], list[Any]()
            for _ in range(20):
                line += 1
                if not interrupted(lambda: change(50), line):  # noqa: B023
                    assert line > 30
                    return
                if line % 2:
                    heard += session.events()
                up(session, 50, CODES[1])
                change(60)
                heard += session.events()
            assert [one.to_dict() for one in heard] == [one.to_dict() for one in session.events(since=0)], line
