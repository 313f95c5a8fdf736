"""A session that others have a hand in: threads, forked processes, handlers of signals, and iterators that are not taken to their end."""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

import pytest
from tests.session.helpers import Clock, commune, up

import ntm_rules as ntm
from ntm_rules.engine.session import telling
from ntm_rules.engine.session.journal import Journal

CODES = ("00001", "00002", "00003")


def loaded(ruleset: ntm.Ruleset, journal: Path | None = None) -> ntm.Session:
    session = ntm.Session(ruleset, journal=journal, clock=Clock())
    session.load(commune(code, income_per_capita=60) for code in CODES)
    return session


# -- threads


def test_threads_wait_for_each_other(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """What was acknowledged to any is recorded, nothing else is, and no thread gets an error."""
    path, values = tmp_path / "so.db", range(1, 40)
    acknowledged: dict[str, list[int]] = {code: [] for code in CODES}
    failed: list[Exception] = []

    def work(code: str) -> None:
        try:
            for value in values:
                up(session, value, code)
                acknowledged[code].append(value)
                session.assessment(code)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    with loaded(ruleset, path) as session:
        threads = [threading.Thread(target=work, args=(code,)) for code in CODES]
        for thread in threads:
            thread.start()
        taken = list(session.events())
        for thread in threads:
            thread.join()
        taken += session.events()
        assert failed == []
        for code in CODES:
            assert session.assessment(code) == ntm.evaluate(ruleset, session.commune(code))
    with ntm.Session(ruleset, journal=path) as again:
        recorded = {code: [int(change.new) for change in again.history(code) if change.source] for code in CODES}
        assert [event.to_dict() for event in taken] == [event.to_dict() for event in again.events(since=0)]
    assert recorded == acknowledged == {code: [*values] for code in CODES}


def test_a_thread_may_close_what_another_uses(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    session = loaded(ruleset, tmp_path / "so.db")
    said: list[str] = []

    def work() -> None:
        try:
            for value in itertools.count(1):
                up(session, value % 100, CODES[0])
        except ntm.NtmRulesError as error:
            said.append(error.problems[0].code)

    thread = threading.Thread(target=work)
    thread.start()
    session.close()
    thread.join()
    assert said == ["closed"]


# -- processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_no_part_in_a_session(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    reader, writer = os.pipe()
    go, stop = os.pipe()
    session = loaded(ruleset, path)
    events = session.events()
    child = os.fork()
    if not child:
        said = []
        for call in (lambda: up(session, 1, CODES[0]), session.communes, lambda: next(events)):
            try:
                call()
                said.append("taken")
            except ntm.NtmRulesError as error:
                said.append(error.problems[0].code)
        session.close()
        os.write(writer, " ".join(said).encode())
        os.close(stop)
        os.read(go, 1)  # stays until the other is done
        os._exit(0)
    assert os.read(reader, 999).decode() == "other_process other_process other_process"
    up(session, 2, CODES[0])
    session.close()
    with ntm.Session(ruleset, journal=path) as again:  # the child's part of the lock holds nobody up
        assert [change.new for change in again.history(CODES[0]) if change.source] == [2]
    os.close(stop)
    assert os.waitpid(child, 0)[1] == 0
    for end in (reader, writer, go):
        os.close(end)


def test_a_change_within_the_recording_of_another_is_refused(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """As from the handler of a signal, between the begin and the end of a transaction."""
    with loaded(ruleset, tmp_path / "so.db") as session:
        session._journal._open.execute("BEGIN")
        with pytest.raises(ntm.NtmRulesError, match="being_recorded"):
            up(session, 1, CODES[0])
        session._journal._open.execute("COMMIT")
        up(session, 2, CODES[0])
        assert [change.new for change in session.history(CODES[0]) if change.source] == [2]


# -- iterators


def test_what_is_not_read_to_its_end_does_not_hold_the_journal(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with loaded(ruleset, path) as session:
        up(session, 50, CODES[0])
        begun = session.history(), session.events(since=0)
        for one in begun:
            next(one)
    with ntm.Session(ruleset, journal=path) as again:
        assert again.communes() == CODES


def test_histories_longer_than_a_page_are_whole(
    ruleset: ntm.Ruleset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with loaded(ruleset, tmp_path / "so.db") as session:
        whole = [*session.history()]
        for size in (1, 2, 3, len(whole) - 1, len(whole), len(whole) + 1):
            monkeypatch.setattr("ntm_rules.engine.session.journal._PAGE", size)
            assert [*session.history()] == whole
            assert [change.commune for change in session.history(CODES[1])] == [CODES[1]] * (len(whole) // 3)


def test_two_who_take_events_get_each_once(ruleset: ntm.Ruleset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of those that are told again from the journal."""
    monkeypatch.setattr(telling, "_WAITING", 3)
    with loaded(ruleset) as session:
        for value in (50, 60) * 10:
            up(session, value, CODES[0])
        every = [event.to_dict() for event in session.events(since=0)]
        one = session.events()
        taken = [event.to_dict() for event in (*itertools.islice(one, 5), *session.events(), *one)]
        assert taken == every


def test_a_row_within_a_step_is_told_of_with_the_whole_of_it(ruleset: ntm.Ruleset) -> None:
    with loaded(ruleset) as session:
        before = session._journal.last
        session.load(commune(code, income_per_capita=50, health_insurance_pct=50) for code in CODES)
        live = list(session.events())
        last = max(event.sequence for event in live)
        assert len({event.sequence for event in live}) == len(CODES)
        for since in range(before, last + 1):
            assert list(session.events(since=since)) == [event for event in live if event.sequence > since]


# -- files


@pytest.mark.parametrize("end", ["-wal", "-shm", "-lock", "-journal"])
def test_a_file_of_somebody_else_beside_a_journal_stays(end: str, ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    beside = Path(f"{path}{end}")
    for there in (False, True):
        if there:
            beside.unlink()
            loaded(ruleset, path).close()
            beside.unlink(missing_ok=True)
        beside.write_text("của người khác", "utf-8")
        with pytest.raises(ntm.NtmRulesError, match="name_taken"):
            ntm.Session(ruleset, journal=path)
        assert beside.read_text("utf-8") == "của người khác"


def test_no_byte_gone_wrong_in_the_tables_ends_in_anything_but_words(tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    Journal(path).close()
    whole = path.read_bytes()
    first, last = whole.index(b"CREATE TRIGGER never_altered"), whole.rindex(b"append only")
    for place in range(first, last, 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x80]) + whole[place + 1 :])
        with pytest.raises(ntm.NtmRulesError, match="journal_damaged"):
            Journal(path)


def test_a_name_that_no_file_has_is_refused_in_words(ruleset: ntm.Ruleset) -> None:
    with pytest.raises(ntm.NtmRulesError, match="no_journal_file"):
        ntm.Session(ruleset, journal="so\0.db")


def test_a_journal_may_be_read_by_those_who_may_read_other_files(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    loaded(ruleset, tmp_path / "so.db").close()
    (tmp_path / "other").touch()
    assert (tmp_path / "so.db").stat().st_mode == (tmp_path / "other").stat().st_mode
