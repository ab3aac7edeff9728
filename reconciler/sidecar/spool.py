"""The as-run spool: what went out, on this disk until someone has it.

An event on air has an *open* row that is brought up to date each second; when it ends, the row is
*closed*: it gets its sequence number and is never touched again until it is acknowledged. Opening,
closing and the mark of how far the account reaches are single transactions on disk
(synchronous=FULL), so a kill at any moment neither loses nor doubles a row.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from reconciler.errors import Unreachable
from reconciler.sidecar.asrun import SpoolRow, row_from_wire, silent_or

SPOOL_FILE = "spool.sqlite"
_BUSY = 2.0  # seconds to wait for another process that reads the same spool
_TABLES = """
create table if not exists closed (seq integer primary key autoincrement, row text not null);
create table if not exists open (key text primary key, row text not null);
create table if not exists marks (name text primary key, value text not null);
create table if not exists begun (event text primary key, until integer not null);
"""


class Spool:
    """One folder's spool, for any thread. Raises `Unreachable` when the disk fails."""

    def __init__(self, path: Path, *, label: str) -> None:
        self._path = path
        self._lock = Lock()
        self._reading = Lock()  # its own connection: who reads does not wait for a slow disk
        with self._translated():
            self._db = self._connect()
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.executescript(_TABLES)
            self._db.execute(
                "insert or ignore into marks values ('spool', ?)",
                (f"{label}-{secrets.token_hex(6)}",),
            )
            self._reader = self._connect()
        self.spool_id = self.mark("spool")

    def open_row(self, key: str, row: SpoolRow, *, event: str, until: int) -> None:
        """Begin a row, unless `key` is open. `event` has begun, and is due to `until`."""
        with self._write() as db:
            db.execute("insert or ignore into open values (?, ?)", (key, _text(row)))
            db.execute(
                "insert into begun values (?, ?) on conflict (event)"
                " do update set until = max(until, excluded.until)",
                (event, until),
            )

    def update(self, key: str, row: SpoolRow) -> None:
        """Bring an open row up to date; nothing happens if it is not open."""
        with self._write() as db:
            db.execute("update open set row = ? where key = ?", (_text(row), key))

    def close_row(self, key: str, row: SpoolRow) -> None:
        """End an open row for ever; nothing happens if it is not open."""
        with self._write() as db:
            if db.execute("delete from open where key = ?", (key,)).rowcount:
                db.execute("insert into closed (row) values (?)", (_text(row),))

    def add(self, rows: Sequence[SpoolRow]) -> None:
        """Add rows that are complete."""
        with self._write() as db:
            db.executemany("insert into closed (row) values (?)", [(_text(row),) for row in rows])

    def account(self, rows: Sequence[SpoolRow], *, until: int, forget: int) -> None:
        """Add rows of what was missed and move the account to `until`.

        What had begun is no longer remembered where it was due to end before `forget`.
        """
        with self._write() as db:
            db.executemany("insert into closed (row) values (?)", [(_text(row),) for row in rows])
            _set_mark(db, "accounted", str(until))
            db.execute("delete from begun where until < ?", (forget,))

    def begun(self) -> frozenset[str]:
        """Events that have begun, as far as the account may still ask."""
        with self._read() as db:
            return frozenset(event for (event,) in db.execute("select event from begun"))

    def open_rows(self) -> dict[str, SpoolRow]:
        """Rows that are open, by key."""
        with self._read() as db:
            found = db.execute("select key, row from open order by rowid").fetchall()
        return {key: row_from_wire(json.loads(text)) for key, text in found}

    def close_crashed(self, ended_at: datetime | None = None) -> int:
        """Close what a dead predecessor left open, as far as it is known; returns how many."""
        with self._write() as db:
            found = db.execute("select key, row from open order by rowid").fetchall()
            for key, text in found:
                row = row_from_wire(json.loads(text))
                row = replace(
                    row,
                    evidence=row.evidence if row.evidence == "none" else "partial",
                    why=silent_or(row, "crash"),
                    ended_at=row.ended_at or ended_at,
                )
                db.execute("delete from open where key = ?", (key,))
                db.execute("insert into closed (row) values (?)", (_text(row),))
        return len(found)

    def rows(self, *, after: int, limit: int) -> tuple[tuple[int, SpoolRow], ...]:
        """Closed rows with a number above `after`, oldest first."""
        with self._read() as db:
            found = db.execute(
                "select seq, row from closed where seq > ? order by seq limit ?", (after, limit)
            ).fetchall()
        return tuple((seq, row_from_wire(json.loads(text))) for seq, text in found)

    def acknowledge(self, seq: int) -> int:
        """Forget rows up to `seq`; returns how many there were."""
        with self._write() as db:
            return db.execute("delete from closed where seq <= ?", (seq,)).rowcount

    def waiting(self) -> int:
        """How many closed rows nobody has acknowledged."""
        with self._read() as db:
            count: int = db.execute("select count(*) from closed").fetchone()[0]
        return count

    def mark(self, name: str) -> str:
        """A remembered text; empty when there is none."""
        with self._read() as db:
            found = db.execute("select value from marks where name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_mark(self, name: str, value: str) -> None:
        """Remember a text."""
        with self._write() as db:
            _set_mark(db, name, value)

    def close(self) -> None:
        """Close the file; it holds everything that was said."""
        with self._reading, self._lock:
            self._reader.close()
            self._db.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._reading, self._translated():
            yield self._reader

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            self._db.execute("begin immediate")
            try:
                yield self._db
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Unreachable(f"{self._path}: {error}", system="spool") from error


def _text(row: SpoolRow) -> str:
    return json.dumps(row.to_wire(), ensure_ascii=False)


def _set_mark(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute(
        "insert into marks values (?, ?) on conflict (name) do update set value = excluded.value",
        (name, value),
    )
