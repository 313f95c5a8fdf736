"""The journal of a session: one row per change, appended and never altered, in one SQLite file.

The file is kept in SQLite's rollback mode with full synchronisation: when `append` returns, its rows are in the file itself and
the disk has said so. Every row carries a checksum over itself and the row before it, so that a row altered, taken away or torn
is noticed when the journal is opened. A session has the file to itself while it is open: SQLite's own lock on it is lost when the
host closes any other descriptor of it, as after a copy, so a file beside it, NAME-lock, is locked too, and what another program has
written all the same is noticed before anything is written over it.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import functools
import hashlib
import json
import os
import secrets
import sqlite3
import sys
import weakref
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Text, shown
from ntm_rules.model.values import to_plain

__all__ = ["VIETNAM", "Journal", "JournalError", "Kind", "Row", "encoded", "stamp"]

# The day of a change is the day in Vietnam, wherever the computer stands.
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))

Kind = Literal["identity", "fact", "attested", "plan"]

_FORMAT = 0x6E746D31  # "ntm1"
# In memory, for SQLite would play what a killed process left of its own journal into the next file of that name.
_TABLES = f"""
PRAGMA journal_mode=MEMORY;
PRAGMA synchronous=FULL;
BEGIN;
PRAGMA application_id={_FORMAT};
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    step INTEGER NOT NULL,
    commune TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT,
    as_of TEXT,
    source TEXT,
    who TEXT,
    recorded_at TEXT NOT NULL,
    checksum TEXT NOT NULL
);
CREATE INDEX of_commune ON journal (commune, sequence);
CREATE TRIGGER never_altered BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER never_removed BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER only_at_the_end BEFORE INSERT ON journal
WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM journal)
BEGIN SELECT RAISE(ABORT, 'append only'); END;
COMMIT;
"""  # noqa: S608 - our own number
_COLUMNS = "sequence, step, commune, kind, key, value, as_of, source, who, recorded_at"


# What SQLite says where not the file is wrong but the disk, or the right to write.
_REFUSED = ("unable to open", "readonly", "disk I/O", "is full", "out of memory", "interrupted")


# Rows read at once: a query that is not read to its end would hold the file after it is closed.
_PAGE = 1000

# Names of files that go with a journal of the rest of the name.
_BESIDE = ("-lock", "-journal", "-wal", "-shm")
# What SQLite's own journal begins with; zeros where it has been done with.
_ROLLBACK = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"


_MADE_OF = "SELECT type, name, sql FROM sqlite_master"


@functools.cache
def _made_of() -> frozenset[tuple[str, str, str]]:
    """The table, index and triggers of a journal, as SQLite keeps them."""
    with contextlib.closing(_connected(":memory:")) as new:
        new.executescript(_TABLES)
        return frozenset(new.execute(_MADE_OF))


class JournalError(NtmRulesError, OSError):
    """A journal cannot be opened, read or written: in use, damaged, not a journal, or the disk refuses. Nothing was recorded."""


@attrs.frozen(slots=True, kw_only=True)
class Row:
    """One change as recorded. `value` is JSON with exact numbers as text, None where something is no longer known.

    Rows of one call share a `step`, the sequence of the first of them. `recorded_at` never goes back.
    """

    sequence: int
    step: int
    commune: str
    kind: Kind
    key: str
    value: str | None
    as_of: str | None
    source: str | None
    who: str | None
    recorded_at: str

    @property
    def content(self) -> Any:
        """The value as plain data, numbers exact."""
        return None if self.value is None else json.loads(self.value, parse_float=Decimal)


def encoded(value: Any) -> str | None:
    """A value as the journal keeps it."""
    plain = to_plain(value)
    return None if plain is None else json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=str)


def _checksum(before: str, values: tuple[Any, ...]) -> str:
    # A byte gone wrong may have turned text into something else, which repr sets apart from any text.
    text = json.dumps([before, *values], ensure_ascii=False, separators=(",", ":"), default=repr)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Journal:
    """An open journal; `path` None keeps it in memory, for as long as the session lasts.

    Raises `JournalError` where the file is another program's, is damaged, may not be written, or is open in another session.

    >>> Journal(None).last
    0
    """

    def __init__(self, path: str | Path | None) -> None:
        self._name = ":memory:" if path is None else str(path)
        self._connection: sqlite3.Connection | None = None
        self._file: IO[bytes] | None = None
        self._lock: IO[bytes] | None = None
        try:
            with self._said():
                if path is None:
                    self._connection = _connected(":memory:")
                    self._connection.executescript(_TABLES)
                else:
                    self._path = self._place(path)
                    self._take()
            self.last, self.last_recorded_at, self._tip = self._verified()
            self._left = self._header()
        except BaseException:
            self.close()
            raise

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise self._error("closed", Text("sổ ghi đã đóng", "the journal is closed"))
        return self._connection

    def _place(self, path: str | Path) -> Path:
        """Where a file is, wherever the host goes; JournalError for names that SQLite takes for memory."""
        name = str(path)
        if name in ("", ".", ":memory:") or name.startswith("file:") or "\0" in name:
            message = Text("không phải tên tệp", "not the name of a file")
            wanted = Text("tên tệp; None thì chỉ giữ trong bộ nhớ", "a file; None keeps it in memory")
            raise self._error("no_journal_file", message, found=name, wanted=wanted)
        return Path(os.path.realpath(path))

    def _refuse_name(self, path: Path) -> None:
        """JournalError where a file beside it would have to be lost, or where it would be taken for one of another's own."""
        if path.name.endswith(_BESIDE):
            message = Text("tên này dành cho tệp đi kèm sổ ghi", "the name of a file that goes with a journal")
            ends = ", ".join(_BESIDE)
            wanted = Text(f"tên không kết thúc bằng {ends}", f"a name that does not end in {ends}")
            raise self._error("no_journal_file", message, found=path.name, wanted=wanted)
        for end in _BESIDE:
            beside = Path(f"{path}{end}")
            if (beside.is_symlink() or beside.exists()) and not _ours(beside, end):
                message = Text(
                    "bên cạnh có tệp khác mang tên mà sổ ghi cần",
                    "another file beside has a name that the journal needs",
                )
                wanted = Text("tệp đó ở chỗ khác, hoặc sổ ghi tên khác", "that file elsewhere, or another name")
                raise self._error("name_taken", message, found=str(beside), wanted=wanted)

    def _take(self) -> None:
        """Have the file to ourselves, made where there is none."""
        if self._path.exists() and not self._path.is_file():
            raise self._not_a_journal()
        self._refuse_name(self._path)
        self._lock = _locked(self._path)
        if not self._path.exists():
            self._make()
        if not self._path.stat().st_size:
            raise self._damaged(None, "0 bytes")  # a new journal would hide that there was one
        # Open for as long as SQLite is: closing it would drop SQLite's lock. A file that may only be read is refused here.
        self._file = self._path.open("rb+", buffering=0)
        self._connection = _connected(self._path)
        ask = self._connection.execute
        ask("PRAGMA locking_mode=EXCLUSIVE")
        ask("PRAGMA journal_mode=TRUNCATE")
        ask("PRAGMA synchronous=FULL")
        ask("BEGIN EXCLUSIVE")  # the lock is kept until the file is closed, or the process dies
        (format_id,) = ask("PRAGMA application_id").fetchone()
        ask("COMMIT")
        if format_id != _FORMAT:
            raise self._not_a_journal(another_version=format_id >> 8 == _FORMAT >> 8)
        if not _made_of() <= set(ask(_MADE_OF)):
            raise self._damaged(None, "sqlite_master")  # what keeps rows as they are is not as it was made

    def _make(self) -> None:
        try:
            with _put_when_whole(self._path) as new, contextlib.closing(_connected(new)) as connection:
                connection.executescript(_TABLES)
        except BaseException:
            Path(f"{self._path}-lock").unlink()  # nothing is to be left
            raise

    def _verified(self) -> tuple[int, str, str]:
        """The last sequence, when it was recorded and its checksum, every row having been held against its checksum."""
        last, recorded_at, tip = 0, "", ""
        with self._said():
            # The index too: rows that it misleads to would be read as not there.
            for (result,) in self._open.execute("PRAGMA integrity_check(1)"):
                if result != "ok":
                    raise self._damaged(None, result)
            for *values, checksum in self._open.execute(f"SELECT {_COLUMNS}, checksum FROM journal ORDER BY sequence"):  # noqa: S608 - our own names
                if values[0] != last + 1 or checksum != _checksum(tip, tuple(values)):
                    raise self._damaged(values[0], None)
                last, recorded_at, tip = values[0], values[-1], checksum
            (count,) = self._open.execute("PRAGMA user_version").fetchone()
            if count != last:  # rows are lacking at the end, which no checksum would tell
                raise self._damaged(last + 1, None)
        return last, recorded_at, tip

    # -- writing

    def append(self, rows: Iterable[Row]) -> None:
        """Record rows, all or none; when this returns they are on the disk. `JournalError` where they are not."""
        last, recorded_at, tip = self.last, self.last_recorded_at, self._tip
        written = []
        for row in rows:
            values = attrs.astuple(row)
            tip = _checksum(tip, values)
            written.append((*values, tip))
            last, recorded_at = row.sequence, row.recorded_at
        with self._said():
            self._refuse_changed()
            if self._open.in_transaction:
                raise self._being_recorded()
            try:
                self._open.execute("BEGIN")
                self._open.executemany(
                    f"INSERT INTO journal ({_COLUMNS}, checksum) VALUES (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
                    written,
                )
                self._open.execute(f"PRAGMA user_version={last}")  # within the transaction, as the rows are
                self._open.execute("COMMIT")
                self.last, self.last_recorded_at, self._tip = last, recorded_at, tip
                self._left = self._header()
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself where the disk refused
                    self._open.execute("ROLLBACK")
                self._read_end()
                raise

    def _read_end(self) -> None:
        """Know again where the journal ends: an exception, of a signal say, may have come just after the commit."""
        found = self._open.execute(
            "SELECT sequence, recorded_at, checksum FROM journal ORDER BY sequence DESC LIMIT 1"
        ).fetchone()
        self.last, self.last_recorded_at, self._tip = found or (0, "", "")
        self._left = self._header()

    def _header(self) -> bytes:
        """What any program's write changes: the first bytes of the file, with its counter of changes and number of rows."""
        if self._file is None:
            return b""
        self._file.seek(0)
        return self._file.read(100)

    def _refuse_changed(self) -> None:
        """JournalError where the file is not as we left it: SQLite, which has the lock as it thinks, would not look."""
        if self._file is None:
            return
        try:
            there = os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            there = False
        if not there or self._header() != self._left:
            self.close()
            message = Text(
                "chương trình khác đã ghi hoặc thay sổ này", "another program has written or replaced this journal"
            )
            wanted = Text("mở lại phiên", "the session opened anew")
            raise self._error("journal_changed", message, wanted=wanted)

    # -- reading

    def rows(self, *, commune: str | None = None, after: int = 0, until: int | None = None) -> Iterator[Row]:
        """The rows after a sequence and up to another, in order; of one commune or of all."""
        last = self.last if until is None else until
        where = "sequence > ? AND sequence <= ?" + ("" if commune is None else " AND commune = ?")
        query = f"SELECT {_COLUMNS} FROM journal WHERE {where} ORDER BY sequence LIMIT {_PAGE}"  # noqa: S608
        own = () if commune is None else (commune,)
        while True:
            with self._said():
                page = self._open.execute(query, (after, last, *own)).fetchall()
            for values in page:
                yield Row(**dict(zip(_FIELDS, values, strict=True)))
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def begins(self, sequence: int) -> int:
        """The first of the rows of one commune that were recorded with a row; the row itself where there is none such."""
        query = (
            "SELECT min(step.sequence) FROM journal row JOIN journal step USING (step, commune) WHERE row.sequence = ?"
        )
        with self._said():
            (first,) = self._open.execute(query, [sequence]).fetchone()
        return sequence if first is None else first

    def last_by(self, moment: datetime.datetime) -> int:
        """The sequence of the last row recorded by a moment; 0 where there is none."""
        with self._said():
            (found,) = self._open.execute(
                "SELECT max(sequence) FROM journal WHERE recorded_at <= ?", [stamp(moment)]
            ).fetchone()
        return found or 0

    def communes(self) -> list[str]:
        """The codes of all communes that something was recorded of."""
        with self._said():
            return [code for (code,) in self._open.execute("SELECT DISTINCT commune FROM journal ORDER BY commune")]

    def backup(self, path: str | Path) -> None:
        """Copy the journal as it is now into a new file, which opens as a journal; `JournalError` where there is a file already."""
        target = self._place(path)
        self._refuse_name(target)
        with self._said(), _locked(target):
            try:
                with _put_when_whole(target) as new, contextlib.closing(_connected(new)) as copy:
                    copy.execute("PRAGMA journal_mode=MEMORY")
                    self._open.backup(copy)
            finally:
                Path(f"{target}-lock").unlink()

    def close(self) -> None:
        """Give the file free."""
        held = (self._connection, self._file, self._lock)
        self._connection = self._file = self._lock = None
        for one in held:
            if one is not None:
                one.close()

    # -- what can go wrong

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Say what SQLite refuses in words for people."""
        try:
            yield
        except (JournalError, TimeoutError):  # the latter of the host's, by a signal
            raise
        except BlockingIOError:
            raise self._in_use() from None
        except OSError as error:
            raise self._cannot_record(error.strerror or str(error)) from None
        except UnicodeDecodeError as error:  # in what the file says of its own tables
            self.close()
            raise self._damaged(None, str(error)) from None
        except UnicodeEncodeError as error:
            message = Text("chữ không ghi được bằng UTF-8", "text that UTF-8 cannot write")
            raise self._error("cannot_record", message, found=error.object) from None
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "") or ""  # not before Python 3.11
            said = str(error)
            if "BUSY" in name or "LOCKED" in name or "locked" in said:
                self.close()
                raise self._in_use() from None
            if "not a database" in said:
                self.close()
                raise self._not_a_journal() from None
            if not any(words in said for words in _REFUSED):
                raise self._damaged(None, said) from None
            raise self._cannot_record(said) from None

    def _in_use(self) -> JournalError:
        return self._error(
            "journal_in_use",
            Text("một phiên khác đang ghi vào sổ này", "another session is writing to this journal"),
            wanted=Text("mỗi lúc một phiên; đóng phiên kia trước", "one session at a time; close the other first"),
        )

    def _being_recorded(self) -> JournalError:
        message = Text("đang ghi dở một thay đổi", "a change is being recorded")
        wanted = Text(
            "ghi sau khi xong, không phải trong lúc xử lý tín hiệu", "after it, not while a signal is handled"
        )
        return self._error("being_recorded", message, wanted=wanted)

    def _not_a_journal(self, *, another_version: bool = False) -> JournalError:
        if another_version:
            message = Text("sổ ghi của một phiên bản khác", "the journal of another version of ntm-rules")
            return self._error("journal_version", message)
        return self._error("not_a_journal", Text("không phải sổ ghi của phiên", "not the journal of a session"))

    def _cannot_record(self, said: str) -> JournalError:
        message = Text(f"sổ ghi không dùng được ({said})", f"the journal cannot be used ({said})")
        return self._error("cannot_record", message)

    def _damaged(self, sequence: int | None, said: str | None) -> JournalError:
        where = Text("", "") if sequence is None else Text(f" ở dòng {sequence}", f" at row {sequence}")
        return self._error(
            "journal_damaged",
            Text(
                f"sổ ghi bị hỏng hoặc bị sửa{where.vi}; không dùng dòng nào",
                f"the journal is damaged or was altered{where.en}; none of it is used",
            ),
            found=said,
            wanted=Text("bản sao lưu còn nguyên", "a sound copy of it"),
        )

    def _error(self, code: str, message: Text, *, found: str | None = None, wanted: Text | None = None) -> JournalError:
        found = None if found is None else shown(found)
        return JournalError([Problem(code=code, source=self._name, message=message, found=found, wanted=wanted)])


_FIELDS = [field.name for field in attrs.fields(Row)]


def stamp(moment: datetime.datetime) -> str:
    """A moment as the journal writes it: in Vietnam's time, of one width, so that text sorts as time does."""
    return moment.astimezone(VIETNAM).isoformat(timespec="microseconds")


def _connected(path: str | Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)


# The locks held, which a forked process has too and would hold on to.
_LOCKS: weakref.WeakSet[IO[bytes]] = weakref.WeakSet()


def _let_locks_go() -> None:
    for lock in _LOCKS:
        lock.close()  # the process it was forked from still has it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_locks_go)


def _locked(path: Path) -> IO[bytes]:
    """A file's NAME-lock, locked until it is closed; BlockingIOError where another has it."""
    lock = os.fdopen(os.open(f"{path}-lock", os.O_RDONLY | os.O_CREAT, 0o666), "rb", buffering=0)
    if sys.platform != "win32":  # where no copy frees SQLite's lock
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise
        except OSError:  # a disk that knows no such locks
            pass
    _LOCKS.add(lock)
    return lock


def _ours(path: Path, end: str) -> bool:
    """Whether a file beside a journal goes with it: an empty lock, or what SQLite left of a change; a journal of ours has no other."""
    if path.is_symlink() or not path.is_file() or end not in ("-lock", "-journal"):
        return False
    with path.open("rb") as file:
        found = file.read(len(_ROLLBACK))
    return not found or (end == "-journal" and found in (_ROLLBACK, bytes(len(_ROLLBACK))))


@contextlib.contextmanager
def _put_when_whole(path: Path) -> Iterator[Path]:
    """A new file, which gets its name when it is done; FileExistsError where another has that name."""
    new = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
    try:
        yield new
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        # SQLite's, as its header says, of a file that is gone: it would be played back into this one.
        Path(f"{path}-journal").unlink(missing_ok=True)
        try:
            os.link(new, path)  # unlike a renaming, over no other file
        except FileExistsError:
            raise
        except OSError:  # a disk that knows no second names
            new.rename(path)
        if os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    finally:
        new.unlink(missing_ok=True)
