"""Connections to PostgreSQL: none hangs, broken ones are replaced, and failures are ours.

Who needs SQL asks for a `Session` inside `Database.transaction`, and names its statements.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import psycopg
from psycopg import conninfo
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolTimeout

from reconciler.adapters.postgres_errors import SYSTEM, translated
from reconciler.adapters.postgres_queries import queries
from reconciler.errors import Rejected, Unreachable

# A cut link is noticed in about three seconds instead of hours (INFRA §D.2: 1/1/3 on both ends).
_CLIENT = {
    "keepalives": 1,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 3000,
    "connect_timeout": 3,
}
_SERVER = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "3000",
    "statement_timeout": "15s",  # the largest single write is one channel's items: far below
    "lock_timeout": "1s",  # a claim that waits longer is retried by the next pass
    "idle_in_transaction_session_timeout": "10s",  # a stopped leader must not hold its term's row
    "TimeZone": "UTC",
}
_PATIENCE = 4.0  # seconds for a connection: long enough for a server that restarts within one
_KNOCK = 1.0  # seconds between new attempts; the pool's own back-off doubles past any use
_LIFETIME = 3600.0


def complete(url: str, *, application: str = "reconcile") -> str:
    """Add to a URL or conninfo what keeps it from hanging; what it says itself is kept."""
    said = conninfo.conninfo_to_dict(url)
    server = " ".join(f"-c {name}={value}" for name, value in _SERVER.items())
    said["options"] = f"{server} {said.get('options') or ''}".strip()
    return conninfo.make_conninfo(
        **{"application_name": application, **_CLIENT, **{k: v for k, v in said.items() if v}}  # type: ignore[arg-type]  # every value is text or a number
    )


def connect(url: str, what: str) -> psycopg.Connection[TupleRow]:
    """Open one connection of its own, autocommitting; raise `Unreachable`."""
    with translated(what):
        return psycopg.connect(complete(url), autocommit=True)


def hang_up(connection: psycopg.Connection[TupleRow] | None) -> None:
    """Close a connection, whatever state it is in."""
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()


class Session:
    """One transaction's statements, by name."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self.connection = connection

    def all(self, name: str, /, **values: object) -> list[TupleRow]:
        """Every row that the query `name` gives."""
        return self._execute(name, values).fetchall()

    def one(self, name: str, /, **values: object) -> TupleRow | None:
        """The first row, or None."""
        return self._execute(name, values).fetchone()

    def do(self, name: str, /, **values: object) -> int:
        """Run it for its effect; how many rows it touched."""
        return self._execute(name, values).rowcount

    def records(self, name: str, /, **values: object) -> list[dict[str, Any]]:
        """Every row by its column names."""
        cursor = self._execute(name, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def many(self, names: tuple[str, ...]) -> list[list[TupleRow]]:
        """The rows of several queries without values, sent together."""
        with self.connection.pipeline():
            cursors = [self.connection.execute(queries()[name]) for name in names]
            return [cursor.fetchall() for cursor in cursors]

    def _execute(self, name: str, values: dict[str, object]) -> psycopg.Cursor[TupleRow]:
        return self.connection.execute(queries()[name], values or None)


class Database:
    """A pool of connections to one database; may be used from many threads."""

    def __init__(self, url: str, *, size: int = 8) -> None:
        self.url = url
        self._pool: ConnectionPool[psycopg.Connection[TupleRow]] = ConnectionPool(
            complete(url),
            min_size=1,
            max_size=size,
            open=False,
            check=ConnectionPool.check_connection,
            reconnect_timeout=_KNOCK,
            max_lifetime=_LIFETIME,
            name="reconcile",
        )
        self._pool.open(wait=False)

    def close(self) -> None:
        """Close every connection; it cannot be used again."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, what: str, *, reading: bool = False) -> Iterator[Session]:
        """Give a session whose statements take effect together, or not at all.

        `reading` sees one instant of the whole database and may write nothing. Raises
        `Unreachable` or `Rejected`, saying `what` was attempted.
        """
        with translated(what), self._connection(what) as connection, connection.transaction():
            if reading:
                connection.execute("set transaction isolation level repeatable read, read only")
            yield Session(connection)

    @contextmanager
    def _connection(self, what: str) -> Iterator[psycopg.Connection[TupleRow]]:
        connection = self._take(what)
        try:
            yield connection
        finally:
            self._pool.putconn(connection)

    def _take(self, what: str) -> psycopg.Connection[TupleRow]:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._pool.getconn(timeout=_KNOCK)
            except PoolTimeout as error:
                if time.monotonic() >= until:
                    raise Unreachable(
                        f"{SYSTEM}: {what}: {self._why()}", system=SYSTEM, attempt=what
                    ) from error

    def _why(self) -> str:
        try:
            psycopg.connect(complete(self.url)).close()
        except psycopg.Error as error:
            return " ".join(str(error).split())
        return f"every connection was busy for {_PATIENCE:g} s"


def hold_term(session: Session, term: int | None, what: str) -> None:
    """Let this transaction commit only while `term` is the newest; raise `Rejected` otherwise."""
    if term is None or session.one("hold_term", term=term) is None:
        raise Rejected(
            f"{SYSTEM}: {what}: no longer leading"
            + (f" (term {term} is over)" if term is not None else ""),
            system=SYSTEM,
            attempt=what,
        )
