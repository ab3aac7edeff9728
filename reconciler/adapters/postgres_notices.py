"""Hears of changes in the database: another leader, a recorder, an override, an edit by hand."""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow

from reconciler.adapters.postgres_errors import translated
from reconciler.adapters.postgres_pool import Session, connect, hang_up
from reconciler.errors import AdapterError


class PostgresNotices:
    """Listens on a connection of its own; for one thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[TupleRow] | None = None

    def wait_for_notice(self, timeout: float) -> frozenset[str]:
        """Wait at most `timeout` seconds; what changed: leader, recorders, overrides, drift.

        After every (re)connection it answers `reconnected` at once, since nothing is kept for
        those who were away. Raises `Unreachable` when the line is dead; call again to reconnect.
        """
        if self._connection is None:
            self._connection = self._listen()
            return frozenset({"reconnected"})
        try:
            with translated("listen"):
                found = {
                    notice.payload
                    for notice in self._connection.notifies(timeout=timeout, stop_after=1)
                }
        except AdapterError:
            self.close()
            raise
        return frozenset(found)

    def close(self) -> None:
        """Stop listening; calling it twice does nothing."""
        hang_up(self._connection)
        self._connection = None

    def _listen(self) -> psycopg.Connection[TupleRow]:
        connection = connect(self._url, "listen")
        try:
            with translated("listen"):
                Session(connection).do("listen")
        except AdapterError:
            connection.close()
            raise
        return connection
