"""What may befall a journal: killed writers, a full disk, flipped bytes, cut ends, two writers. Nothing acknowledged is lost unseen."""

from __future__ import annotations

import contextlib
import datetime
import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ntm_rules as ntm
from ntm_rules.engine.session import journal as journals
from ntm_rules.engine.session.journal import JournalError

DAY = datetime.date(2023, 11, 16)
OFFICE: dict[str, Any] = {"as_of": DAY, "source": "Sở"}


@pytest.fixture(scope="module")
def ruleset() -> ntm.Ruleset:
    return ntm.load_ruleset("2021-2025/xa-ntm", on="2023-12-31")


def nhan_binh(**facts: object) -> ntm.Commune:
    return ntm.Commune(code="13570", name="Nhân Bình", region="dbsh", year=2023, facts=facts)


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
with ntm.Session(rs, journal=sys.argv[1]) as session:
    session.load(ntm.Commune(code="13570", region="dbsh", year=2023))
    known = session.commune("13570").facts.get("income_per_capita", 0)
    while True:
        known += 1
        session.update("13570", "income_per_capita", known, as_of=datetime.date(2023, 11, 16), source="Sở")
        print(known, flush=True)
"""


def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path, last, chance = tmp_path / "so.db", 0, random.Random(7)  # noqa: S311 - the same in every run
    for _ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
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
        last = int(known)


# -- the disk refuses


def test_a_full_disk_is_said_and_nothing_is_half_known(ruleset: ntm.Ruleset, tmp_path: Path) -> None:
    path = tmp_path / "so.db"
    with ntm.Session(ruleset, journal=path) as session:
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
            assert session.assessment("13570") == ntm.evaluate(ruleset, known)
            with pytest.raises(JournalError, match="cannot_record"):
                session.update("13570", "income_per_capita", 50 + place, as_of=DAY, source="S" * 200)
        assert refused
        assert before.statuses != {}
        list(session.events())
        known = session.commune("13570")
    with ntm.Session(ruleset, journal=path) as session:
        assert session.commune("13570") == known
        session.update("13570", "income_per_capita", 61, as_of=DAY, source="Sở")  # there is room again


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


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
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
    for statement in ("UPDATE journal SET value = '1'", "DELETE FROM journal"):
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


# -- two writers


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
