"""What may befall a journal: killed writers, a full disk, flipped bytes, cut ends, two writers. Nothing acknowledged is lost unseen."""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.engine.session import journal as journals
from ntm_rules.engine.session.journal import Journal, JournalError, Row

DAY = datetime.date(2023, 11, 16)
HAS_DURABLE = importlib.util.find_spec("durable_rules_engine") is not None
NEEDS = pytest.mark.skipif(not HAS_DURABLE, reason="durable-rules is not installed; see `make sessions-test`")
ENGINES: tuple[Any, ...] = ("native", pytest.param("durable", marks=NEEDS))
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="of POSIX")
OFFICE: dict[str, Any] = {"as_of": DAY, "source": "Sở"}


@pytest.fixture(scope="module")
def ruleset() -> ntm.Ruleset:
    return ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")


def nhan_binh(**facts: object) -> ntm.Commune:
    return ntm.Commune(code="13570", name="Nhân Bình", region="dbsh", year=2023, facts=facts)


def says_what_evaluate_says(session: ntm.Session, code: str) -> bool:
    """An assessment is equal to another by ruleset and commune: here what it says is compared."""
    found = session.assessment(code)
    return found.codes == ntm.evaluate(found.ruleset, session.commune(code)).codes


def filled(ruleset: ntm.Ruleset, path: Path, updates: int = 20) -> dict[str, object]:
    """A journal with some updates; what is known at its end."""
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
        for place in range(updates):
            session.update("13570", "income_per_capita", 50 + place, as_of=DAY, source="Sở")
        return dict(session.commune("13570").facts)


# -- killed while writing

WRITER = """
import datetime, sys
import ntm_rules as ntm
rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
with ntm.Session(rs, journal=sys.argv[1], engine=sys.argv[2]) as session:
    session.load(ntm.Commune(code="13570", region="dbsh", year=2023))
    known = session.commune("13570").facts.get("income_per_capita", 0)
    while True:
        known += 1
        session.update("13570", "income_per_capita", known, as_of=datetime.date(2023, 11, 16), source="Sở")
        print(known, flush=True)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(
    ruleset: ntm.Ruleset, tmp_path: Path, engine: str
) -> None:
    path, last, chance = tmp_path / "so.db", 0, random.Random(7)  # noqa: S311 - the same in every run
    for _ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), engine], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        with writer.stdout as said:
            for _ in range(chance.randint(1, 25)):
                last = int(said.readline())
            writer.kill()  # as kill -9
            rest = said.read().split()
        writer.wait()
        last = int(rest[-1]) if rest and rest[-1].isdigit() else last
        with ntm.Session(ruleset, journal=path) as session:
            known = session.commune("13570").facts["income_per_capita"]
            # One more may have been recorded than there was time to say.
            assert known in (last, last + 1)
            changes = [change.new for change in session.history("13570") if change.key == "income_per_capita"]
            assert changes == list(range(1, int(known) + 1))
            assert says_what_evaluate_says(session, "13570")
        last = int(known)


OPENER = """
import sys, time
from ntm_rules.engine.session.journal import Journal
print("beginning", flush=True)
Journal(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""


def test_killed_while_a_journal_is_first_made_leaves_none_or_a_whole_one(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    chance, made = random.Random(5), 0  # noqa: S311 - the same in every run
    for place in range(25):
        path = tmp_path / f"{place}.db"
        writer = subprocess.Popen([sys.executable, "-c", OPENER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        with writer.stdout as said:
            said.readline()
            time.sleep(chance.random() * 0.006)
            writer.kill()  # as kill -9
        writer.wait()
        made += path.exists()
        assert not path.exists() or path.stat().st_size
        with ntm.Session(ruleset, journal=path) as session:
            session.load(nhan_binh(income_per_capita=60))
        with ntm.Session(ruleset, journal=path) as session:
            assert session.commune("13570").facts["income_per_capita"] == 60
    assert 0 < made < 25


def test_what_a_lost_journal_left_behind_is_not_played_into_a_new_one(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    filled(ruleset, path)
    writer = subprocess.Popen([sys.executable, "-c", HALF, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    with writer.stdout as said:
        said.readline()
        writer.kill()
    writer.wait()
    assert Path(f"{path}-journal").stat().st_size
    path.unlink()
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
    assert opens(ruleset, path) == {"income_per_capita": 60}


# A transaction that is on the disk in part: the old pages in so.db-journal, new ones in so.db.
HALF = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=1")
connection.execute("BEGIN")
connection.execute("CREATE TABLE other (x)")
for place in range(3000):
    connection.execute("INSERT INTO other VALUES (?)", ["x" * 500])
print("half", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("when", ["before", "within", "after"])
def test_an_interrupted_write_leaves_the_journal_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """What was recorded when an exception came, of a signal say, is known, what was not is not; the journal goes on."""

    class Interrupted(BaseException):
        pass

    journal = Journal(tmp_path / "so.db")
    journal.append([row_after(journal, "trước")])
    header, calls = Journal._header, {"before": 1, "after": 2}.get(when, 3)

    def interrupted(self: Journal) -> bytes:
        nonlocal calls
        calls -= 1
        if calls == 0:
            raise Interrupted
        return header(self)

    def rows() -> Iterator[Row]:
        yield row_after(journal, "giữa")
        raise Interrupted

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_header", interrupted)
        with pytest.raises(Interrupted):
            journal.append(rows() if when == "within" else [row_after(journal, "giữa")])
    assert journal.last == (2 if when == "after" else 1)
    journal.append([row_after(journal, "sau")])
    names = [row.content for row in journal.rows()]
    assert names == ["trước", *(["giữa"] if when == "after" else []), "sau"]
    journal.close()
    Journal(tmp_path / "so.db").close()


def row_after(journal: Journal, value: str) -> Row:
    place = journal.last + 1
    return Row(
        sequence=place,
        step=place,
        commune="13570",
        kind="identity",
        key="name",
        value=json.dumps(value),
        as_of=None,
        source=None,
        who=None,
        recorded_at=journal.last_recorded_at,
    )


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "so.db")
    for pragma, value in (("synchronous", 2), ("journal_mode", "truncate"), ("locking_mode", "exclusive")):
        assert journal._open.execute(f"PRAGMA {pragma}").fetchone() == (value,)
    journal.close()


# -- the disk refuses


@pytest.mark.parametrize("engine", ENGINES)
def test_a_full_disk_is_said_and_nothing_is_half_known(ruleset: ntm.Ruleset, tmp_path: Path, engine: Any) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path, engine=engine) as session:
        session.load(nhan_binh(income_per_capita=60))
        (pages,) = session._journal._open.execute("PRAGMA page_count").fetchone()
        session._journal._open.execute(f"PRAGMA max_page_count={pages}")  # no page more, as on a full disk
        before, refused = session.assessment("13570"), 0
        for place in range(200):
            known = session.commune("13570")
            with contextlib.suppress(JournalError):
                session.update("13570", "income_per_capita", 50 + place, as_of=DAY, source="S" * 200)
                continue
            refused += 1
            assert session.commune("13570") == known
            assert says_what_evaluate_says(session, "13570")
            with pytest.raises(JournalError, match="cannot_record"):
                session.update("13570", "income_per_capita", 50 + place, as_of=DAY, source="S" * 200)
        assert refused
        assert before.statuses != {}
        list(session.events())
        known = session.commune("13570")
    with ntm.Session(ruleset, journal=path) as session:
        assert session.commune("13570") == known
        session.update("13570", "income_per_capita", 61, as_of=DAY, source="Sở")  # there is room again


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_refused_judges_nothing_later(ruleset: ntm.Ruleset, tmp_path: Path, engine: Any) -> None:
    """The engine had derived what follows from it before the disk refused."""
    with ntm.Session(ruleset, journal=tmp_path / "so.db", engine=engine) as session:
        session.load(nhan_binh(income_per_capita=60))
        ask = session._journal._open.execute
        (pages,) = ask("PRAGMA page_count").fetchone()
        ask(f"PRAGMA max_page_count={pages}")
        with pytest.raises(JournalError, match="cannot_record"):
            session.update("13570", "income_per_capita", 1, as_of=DAY, source="S" * 10_000)
        ask("PRAGMA max_page_count=1000000")
        session.update("13570", "health_insurance_pct", 99, as_of=DAY, source="Sở")
        assert session.commune("13570").facts["income_per_capita"] == 60
        assert says_what_evaluate_says(session, "13570")


LIMITED = """
import datetime, resource, signal, sys
import ntm_rules as ntm
rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with ntm.Session(rs, journal=sys.argv[1]) as session:
    session.load(ntm.Commune(code="13570", region="dbsh", year=2023))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))
    for known in range(2000):
        try:
            session.update("13570", "income_per_capita", known, as_of=datetime.date(2023, 11, 16), source="S" * 100)
        except ntm.NtmRulesError as error:
            print(error.problems[0].code)
            break
        print(known)
"""


NO_ROOM = """
import resource, signal, sys
from ntm_rules.engine.session.journal import Journal, JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    Journal(sys.argv[1])
except JournalError as error:
    print(error.problems[0].code)
"""


@POSIX
@pytest.mark.parametrize("room", [0, 4096, 9000])
def test_a_disk_full_at_the_first_opening_leaves_nothing(ruleset: ntm.Ruleset, tmp_path: Path, room: int) -> None:
    path = tmp_path / "so.db"
    arguments = [sys.executable, "-c", NO_ROOM, str(path), str(room)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "cannot_record"
    assert list(tmp_path.iterdir()) == []
    with ntm.Session(ruleset, journal=path) as session:  # there is room again
        session.load(nhan_binh())


@POSIX
def test_a_file_that_may_not_grow(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    ended = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    *_, last, code = ended.stdout.split()
    assert code == "cannot_record"
    with ntm.Session(ruleset, journal=path) as session:
        assert session.commune("13570").facts["income_per_capita"] == int(last)


# -- the file is damaged


def opens(ruleset: ntm.Ruleset, path: Path) -> dict[str, object] | None:
    """What a session on the file knows; None where it refuses the file."""
    with contextlib.suppress(JournalError), ntm.Session(ruleset, journal=path) as session:
        return dict(session.commune("13570").facts)
    with pytest.raises(JournalError, match=r"journal_damaged|not_a_journal"):
        ntm.Session(ruleset, journal=path)
    return None


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bytes_are_noticed_or_change_nothing(ruleset: ntm.Ruleset, tmp_path: Path, seed: int) -> None:
    known = filled(ruleset, tmp_path / "so.db")
    sound, chance = (tmp_path / "so.db").read_bytes(), random.Random(seed)  # noqa: S311
    noticed = 0
    for _ in range(40):
        spoilt = bytearray(sound)
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        path = tmp_path / "hong.db"
        path.write_bytes(spoilt)
        found = opens(ruleset, path)
        noticed += found is None
        assert found in (None, known)
    assert noticed > 5


def test_every_cell_of_the_last_row_is_held_to_its_checksum(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    filled(ruleset, tmp_path / "so.db", updates=2)
    sound = (tmp_path / "so.db").read_bytes()
    columns = [name.strip() for name in journals._COLUMNS.split(",")]
    for column in (*columns, "checksum"):
        path = tmp_path / "sua.db"
        path.write_bytes(sound)
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TRIGGER never_altered")
            connection.execute(
                f"UPDATE journal SET {column} = coalesce({column}, '') || '0' WHERE sequence = (SELECT max(sequence) FROM journal)"  # noqa: S608
            )
        connection.close()
        assert opens(ruleset, path) is None, column


@pytest.mark.parametrize("row", [1, 5, "last"])
def test_a_row_taken_away_is_noticed(ruleset: ntm.Ruleset, tmp_path: Path, row: int | str) -> None:
    path = tmp_path / "so.db"
    filled(ruleset, path, updates=6)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER never_removed")
        last = connection.execute("SELECT max(sequence) FROM journal").fetchone()[0]
        connection.execute("DELETE FROM journal WHERE sequence = ?", [last if row == "last" else row])
    connection.close()
    assert opens(ruleset, path) is None


def test_a_file_cut_short_is_noticed(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    known = filled(ruleset, tmp_path / "so.db", updates=60)
    sound = (tmp_path / "so.db").read_bytes()
    path = tmp_path / "cut.db"
    for length in range(0, len(sound), 1999):
        path.write_bytes(sound[:length])
        assert opens(ruleset, path) is None, length
    path.write_bytes(sound)
    assert opens(ruleset, path) == known


def test_rows_are_never_altered_from_within(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    filled(ruleset, path)
    connection = sqlite3.connect(path)
    columns = journals._COLUMNS
    other = columns.replace("value", "'99'")
    for statement in (
        "UPDATE journal SET value = '1'",
        "DELETE FROM journal",
        f"REPLACE INTO journal SELECT {other}, checksum FROM journal WHERE sequence = 1",  # noqa: S608
        f"INSERT INTO journal SELECT {columns.replace('sequence', 'sequence + 1000', 1)}, checksum FROM journal",  # noqa: S608
        f"INSERT INTO journal SELECT {columns.replace('sequence', 'NULL', 1)}, checksum FROM journal",  # noqa: S608
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append only"):
            connection.execute(statement)
    connection.close()


def test_another_file_is_no_journal(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    text, other = tmp_path / "xa.yaml", tmp_path / "khac.db"
    text.write_text("code: 754\n" * 500)
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE xa (code TEXT)")
    connection.close()
    for path in (text, other):
        before = path.read_bytes()
        with pytest.raises(JournalError, match="not the journal of a session"):
            ntm.Session(ruleset, journal=path)
        assert path.read_bytes() == before


def test_a_journal_of_another_format_is_said_to_be_one(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    filled(ruleset, path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id={journals._FORMAT + 1}")
    connection.close()
    with pytest.raises(JournalError, match="another version"):
        Journal(path)


@pytest.mark.parametrize("name", ["", ":memory:", "file:so.db", "file::memory:?cache=shared", Path(), Path(":memory:")])
def test_a_name_that_would_keep_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(JournalError, match="None keeps it in memory"):
        Journal(name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["khong/so.db", "thu-muc"])
def test_a_place_where_no_file_can_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "thu-muc").mkdir()
    with pytest.raises(JournalError, match=r"cannot_record|not_a_journal"):
        Journal(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"thu-muc"}


@POSIX
def test_a_journal_that_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite would open it to read, and then lock nobody out."""
    path = tmp_path / "so.db"
    Journal(path).close()

    def refused(*given: Any, **more: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    if os.geteuid():
        path.chmod(0o400)
    else:  # who may do everything
        monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(JournalError, match="cannot_record"):
        Journal(path)


# -- copies


def test_a_backup_is_a_journal(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path, copy = tmp_path / "so.db", tmp_path / "sao.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
        session.backup(copy)
        session.update("13570", "income_per_capita", 61, as_of=DAY, source="Sở")
        with pytest.raises(JournalError, match="cannot_record"):
            session.backup(copy)  # never over another file
        with pytest.raises(JournalError, match="None keeps it in memory"):
            session.backup("")
        with pytest.raises(JournalError, match="journal_in_use"):
            session.backup(path)
    assert {file.name for file in tmp_path.iterdir()} <= {f"so.db{end}" for end in ("", "-lock", "-journal")} | {
        "sao.db"
    }
    assert opens(ruleset, copy) == {"income_per_capita": 60}
    assert opens(ruleset, path) == {"income_per_capita": 61}


def test_a_backup_of_a_journal_in_memory(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    with ntm.Session(ruleset) as session:
        session.load(nhan_binh(income_per_capita=60))
        session.backup(tmp_path / "sao.db")
    assert opens(ruleset, tmp_path / "sao.db") == {"income_per_capita": 60}


# -- files beside


def test_no_other_file_beside_is_lost(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path, copy = tmp_path / "so-ghi", tmp_path / "so-ghi-new"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
        session.backup(copy)
        session.backup(tmp_path / "so-ghi-hai")
        for end in ("-lock", "-journal"):
            with pytest.raises(JournalError, match="no_journal_file"):
                session.backup(tmp_path / f"khac{end}")
    assert opens(ruleset, path) == opens(ruleset, copy) == {"income_per_capita": 60}
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("end", ["-lock", "-journal"])
@pytest.mark.parametrize("made", [True, False])
def test_a_file_that_is_not_ours_is_neither_deleted_nor_written(
    ruleset: ntm.Ruleset, tmp_path: Path, end: str, made: bool
) -> None:
    path = tmp_path / "so.db"
    if made:
        filled(ruleset, path)
    beside = Path(f"{path}{end}")
    beside.write_text("công văn", "utf-8")
    with pytest.raises(JournalError, match="name_taken"):
        Journal(path)
    assert path.exists() is made
    with ntm.Session(ruleset) as session, pytest.raises(JournalError, match="name_taken"):
        session.backup(path)
    assert beside.read_text("utf-8") == "công văn"
    with pytest.raises(JournalError, match="no_journal_file"):
        Journal(beside)


# -- two writers


OTHER = """
import datetime, sys
import ntm_rules as ntm
rs = ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")
try:
    with ntm.Session(rs, journal=sys.argv[1]) as session:
        for known in range(5):
            session.update("13570", "income_per_capita", 41 + known, as_of=datetime.date(2023, 11, 16), source="khác")
        print("acknowledged")
except ntm.NtmRulesError as error:
    print(error.problems[0].code)
"""


def other(path: Path) -> str:
    """What a session in another process comes to."""
    ended = subprocess.run([sys.executable, "-c", OTHER, str(path)], capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_a_copy_of_the_journal_lets_nobody_in(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """POSIX drops a process's locks on a file when any descriptor of it is closed there, as after a copy."""
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
        assert other(path) == "journal_in_use"
        shutil.copy(path, tmp_path / "sao.db")
        assert other(path) == "journal_in_use"
        session.update("13570", "income_per_capita", 50, as_of=DAY, source="Sở")
    assert opens(ruleset, path) == {"income_per_capita": 50}
    assert opens(ruleset, tmp_path / "sao.db") == {"income_per_capita": 60}
    assert other(path) == "acknowledged"


@POSIX
def test_of_several_starters_one_makes_the_journal(tmp_path: Path) -> None:
    for place in range(20):
        path, begin = tmp_path / f"{place}.db", threading.Barrier(4)
        opened: list[Journal] = []
        said: list[str] = []

        def start(path: Path = path, begin: threading.Barrier = begin) -> None:
            begin.wait()
            try:
                opened.append(Journal(path))  # noqa: B023
            except JournalError as error:
                said.append(error.problems[0].code)  # noqa: B023

        starters = [threading.Thread(target=start) for _ in range(4)]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()
        (journal,) = opened
        journal.append([row_after(journal, "một")])
        journal.close()
        assert said == ["journal_in_use"] * 3
        with contextlib.closing(Journal(path)) as again:
            assert again.last == 1


@POSIX
def test_what_another_has_written_is_never_written_over(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    """Where no lock keeps it out, as on a disk that knows none."""
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
        shutil.copy(path, tmp_path / "sao.db")
        Path(f"{path}-lock").unlink()
        assert other(path) == "acknowledged"
        with pytest.raises(JournalError, match="journal_changed"):
            session.update("13570", "income_per_capita", 50, as_of=DAY, source="Sở")
        with pytest.raises(JournalError, match="closed"):
            session.update("13570", "income_per_capita", 50, as_of=DAY, source="Sở")
    assert opens(ruleset, path) == {"income_per_capita": 45}


@POSIX
@pytest.mark.parametrize("gone", [True, False])
def test_nothing_is_acknowledged_to_a_file_that_is_no_longer_there(
    ruleset: ntm.Ruleset, tmp_path: Path, gone: bool
) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh(income_per_capita=60))
        shutil.copy(path, tmp_path / "sao.db")
        if gone:
            path.unlink()
        else:
            (tmp_path / "sao.db").replace(path)
        with pytest.raises(JournalError, match="journal_changed"):
            session.update("13570", "income_per_capita", 50, as_of=DAY, source="Sở")


def test_a_journal_is_found_again_from_another_directory(
    ruleset: ntm.Ruleset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with ntm.Session(ruleset, journal="so.db") as session:
        session.load(nhan_binh(income_per_capita=60))
        monkeypatch.chdir("/")
        session.update("13570", "income_per_capita", 50, as_of=DAY, source="Sở")
    assert opens(ruleset, tmp_path / "so.db") == {"income_per_capita": 50}


def test_a_second_session_is_refused_and_the_first_goes_on(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as first:
        first.load(nhan_binh(income_per_capita=60))
        for _ in range(2):
            with pytest.raises(JournalError, match="one session at a time"):
                ntm.Session(ruleset, journal=path)
        first.update("13570", "income_per_capita", 61, as_of=DAY, source="Sở")
    with ntm.Session(ruleset, journal=path) as second:
        assert second.commune("13570").facts["income_per_capita"] == 61


def test_another_process_is_refused_too(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh())
        arguments = [sys.executable, "-m", "ntm_rules.cli", "watch", str(path), "--lang", "en"]
        ended = subprocess.run(arguments, input="", capture_output=True, text=True, check=False, encoding="utf-8")
    assert ended.returncode == 2
    assert "another session is writing to this journal" in ended.stderr


# -- poison


def test_poison_stays_outside(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    good = nhan_binh(income_per_capita=60)
    with ntm.Session(ruleset, journal=tmp_path / "so.db") as session:
        session.load(good)
        for key, value in (
            ("income_per_capita", float("nan")),
            ("income_per_capita", "1e5"),
            ("income_per_capita", True),
            ("income_per_capita", 10**50),
            ("income_per_capita", None),
            ("health_insurance_pct", {"numerator": 1, "denominator": 0}),
            ("health_insurance_pct", 101),
            ("health_insurance_pct", {"male": 90, "female": 80, "total": 95}),
            ("recognised_ntm", 1),
            ("no_such_fact", 1),
            ("", 1),
        ):
            with pytest.raises(ntm.NtmRulesError):
                session.update("13570", key, value, as_of=DAY, source="Sở")
            with pytest.raises(ntm.NtmRulesError):
                session.assert_fact("13570", key, value, as_of=DAY, source="Sở")
        for more in ({"source": None}, {"source": 7}, {"who": ["lan"]}, {"source": "\ud800"}, {"as_of": None}):
            with pytest.raises(ntm.NtmRulesError) as raised:
                session.update("13570", "income_per_capita", 61, **(OFFICE | more))
            assert "journal_damaged" not in str(raised.value)
        for commune in ("x", "1234567", None):
            with pytest.raises(ntm.NtmRulesError):
                session.update(commune, "income_per_capita", 1, as_of=DAY, source="Sở")  # type: ignore[arg-type]
        assert session._journal.last == len(list(session.history()))
        assert session.commune("13570") == good
        assert list(session.events()) == []


def test_all_that_is_wrong_with_a_load_is_said_at_once(ruleset: ntm.Ruleset) -> None:
    with ntm.Session(ruleset) as session:
        bad = [
            ntm.Commune(code="1", region="khong-co"),
            ntm.Commune(code="2", region="dbsh", facts={"income_per_capita": -(10**9), "no_such_fact": 1}),
            ntm.Commune(code="3", region="dbsh"),
            ntm.Commune(code="3", region="dbsh"),
        ]
        with pytest.raises(ntm.CommuneError) as raised:
            session.load(bad)
        said = {(problem.source, problem.code) for problem in raised.value.problems}
        assert {("00001", "unknown_region"), ("00002", "unknown_fact"), ("00003", "given_twice")} <= said
        assert session.communes() == ()


def test_the_journal_keeps_numbers_as_given(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
        session.load(nhan_binh())
        session.assert_fact("13570", "income_per_capita", "55.10", as_of=DAY, source="Sở")
        ratio = {"numerator": 8705, "denominator": 10162}
        session.assert_fact("13570", "health_insurance_pct", ratio, as_of=DAY, source="BHXH")
    connection = sqlite3.connect(path)
    rows = dict(connection.execute("SELECT key, value FROM journal WHERE kind = 'fact'"))
    connection.close()
    assert rows["income_per_capita"] == '"55.10"'
    assert json.loads(rows["health_insurance_pct"]) == ratio
