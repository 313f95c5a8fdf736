"""The journal of a session: one row per change, appended and never altered, in one SQLite file.

The file is kept in SQLite's rollback mode with full synchronisation: when `append` returns, its rows are in the file itself and
the disk has said so. Every row carries a checksum over itself and the row before it, so that a row altered, taken away or torn
is noticed when the journal is opened. A session has the file to itself while it is open.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import attrs

from ntm_rules.model.errors import NtmRulesError, Problem
from ntm_rules.model.text import Text, shown
from ntm_rules.model.values import to_plain

__all__ = ["VIETNAM", "Journal", "JournalError", "Kind", "Row", "encoded", "stamp"]

# The day of a change is the day in Vietnam, wherever the computer stands.
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))

Kind = Literal["identity", "fact", "attested", "plan"]

_FORMAT = 0x6E746D31  # "ntm1"
_TABLES = """
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
"""
_COLUMNS = "sequence, step, commune, kind, key, value, as_of, source, who, recorded_at"


# What SQLite says where not the file is wrong but the disk, or the right to write.
_REFUSED = ("unable to open", "readonly", "disk I/O", "is full", "out of memory", "interrupted")


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

    Raises `JournalError` where the file is another program's, is damaged, or is open in another session.
    """

    def __init__(self, path: str | Path | None) -> None:
        self._name = ":memory:" if path is None else str(path)
        self._connection: sqlite3.Connection | None = None
        if path is not None and Path(path).is_file() and not Path(path).stat().st_size:
            raise self._damaged(None, "0 bytes")  # a new journal would hide that there was one
        try:
            with self._said():
                self._connection = sqlite3.connect(self._name, isolation_level=None, timeout=0, check_same_thread=False)
                self._prepare()
            self.last, self.last_recorded_at, self._tip = self._verified()
        except BaseException:
            self.close()
            raise

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise self._error("closed", Text("sổ ghi đã đóng", "the journal is closed"))
        return self._connection

    def _prepare(self) -> None:
        ask = self._open.execute
        ask("PRAGMA locking_mode=EXCLUSIVE")
        ask("PRAGMA journal_mode=TRUNCATE")
        ask("PRAGMA synchronous=FULL")
        ask("BEGIN EXCLUSIVE")  # the lock is kept until the file is closed, or the process dies
        (format_id,), (tables,) = ask("PRAGMA application_id"), ask("SELECT count(*) FROM sqlite_master")
        if not tables[0]:
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    ask(statement)
            ask(f"PRAGMA application_id={_FORMAT}")
        elif format_id[0] != _FORMAT:
            ask("ROLLBACK")
            raise self._error("not_a_journal", Text("không phải sổ ghi của phiên", "not the journal of a session"))
        ask("COMMIT")

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
            self._open.execute("BEGIN")
            try:
                self._open.executemany(
                    f"INSERT INTO journal ({_COLUMNS}, checksum) VALUES (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
                    written,
                )
                self._open.execute(f"PRAGMA user_version={last}")  # within the transaction, as the rows are
                self._open.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # SQLite has rolled back by itself where the disk refused
                    self._open.execute("ROLLBACK")
                raise
        self.last, self.last_recorded_at, self._tip = last, recorded_at, tip

    # -- reading

    def rows(self, *, commune: str | None = None, after: int = 0, until: int | None = None) -> Iterator[Row]:
        """The rows after a sequence and up to another, in order; of one commune or of all."""
        bound = self.last if until is None else until
        where, given = "sequence > ? AND sequence <= ?", list[Any]([after, bound])
        if commune is not None:
            where, given = f"commune = ? AND {where}", [commune, *given]
        with self._said():
            found = self._open.execute(f"SELECT {_COLUMNS} FROM journal WHERE {where} ORDER BY sequence", given)  # noqa: S608
            for values in found:
                yield Row(**dict(zip(_FIELDS, values, strict=True)))

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

    def close(self) -> None:
        """Give the file free."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- what can go wrong

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Say what SQLite refuses in words for people."""
        try:
            yield
        except UnicodeEncodeError as error:
            message = Text("chữ không ghi được bằng UTF-8", "text that UTF-8 cannot write")
            raise self._error("cannot_record", message, found=error.object) from None
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "") or ""  # not before Python 3.11
            said = str(error)
            if "BUSY" in name or "LOCKED" in name or "locked" in said:
                self.close()
                raise self._error(
                    "journal_in_use",
                    Text("một phiên khác đang ghi vào sổ này", "another session is writing to this journal"),
                    wanted=Text(
                        "mỗi lúc một phiên; đóng phiên kia trước", "one session at a time; close the other first"
                    ),
                ) from None
            if "not a database" in said:
                self.close()
                raise self._error(
                    "not_a_journal", Text("không phải sổ ghi của phiên", "not the journal of a session")
                ) from None
            if not any(words in said for words in _REFUSED):
                raise self._damaged(None, said) from None
            raise self._error(
                "cannot_record", Text(f"sổ ghi không dùng được ({said})", f"the journal cannot be used ({said})")
            ) from None

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
