"""One leader among reconcilers: a row with a term and an expiry by the database's clock.

The lead is kept by a thread of its own on a connection of its own, so that a slow pass does not
lose it. The database lets nobody else in before the expiry; we stop acting earlier, by our own
steady clock counted from before a renewal was sent. Where both fail, the term in every deciding
write still decides (`postgres_pool.hold_term`).

A leader of this installation that is known to be dead (`lifeline`) is not waited for.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Event, Lock, Thread

import psycopg
from psycopg.rows import TupleRow

from reconciler.adapters.lifeline import Lifeline
from reconciler.adapters.postgres_errors import translated
from reconciler.adapters.postgres_pool import Session, connect, hang_up
from reconciler.errors import AdapterError

TTL = timedelta(seconds=5)  # how long a killed leader stands in the way; a few renewals long
_RENEWALS_PER_TTL = 4
_MARGIN = 0.1  # share of the ttl by which we stop acting before the database lets another in


class PostgresLeadership:
    """See `ports.Leadership`. `close` it; a program that is killed loses the lead after `ttl`."""

    def __init__(
        self,
        url: str,
        *,
        ttl: timedelta = TTL,
        name: str = "",
        lifeline: Lifeline | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name or f"{socket.gethostname()}/{os.getpid()}"
        self._lifeline = lifeline
        own = secrets.token_hex(4) if lifeline is None else lifeline.name
        self._holder = f"{self.name}/{own}"
        self._url = url
        self._ttl = ttl
        self._monotonic = monotonic
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._line = Lock()  # one statement at a time on the connection
        self._lead: tuple[int, float] | None = None  # term, deadline
        self._stop = Event()
        self._keeper: Thread | None = None

    def try_lead(self) -> int | None:
        """See `Leadership.try_lead`; raises `Unreachable` when the database cannot be asked."""
        term = self.term()
        if term is not None:
            return term
        if not self._line.acquire(timeout=self._ttl.total_seconds()):
            return None  # the keeper is waiting for an answer; nobody leads by that
        try:
            term = self.term() or self._ask(self._take)
            if term is not None:
                self._keep_on()
            return term
        finally:
            self._line.release()

    def is_leading(self) -> bool:
        """See `Leadership.is_leading`."""
        return self.term() is not None

    def term(self) -> int | None:
        """The term in which we lead now, or None; what `PostgresStore` is constructed with."""
        lead = self._lead
        return lead[0] if lead is not None and self._monotonic() < lead[1] else None

    def resign(self) -> None:
        """See `Leadership.resign`; does nothing where the lead is lost already."""
        self._end_keeper()
        lead, self._lead = self._lead, None
        if lead is None:
            return
        with self._line, suppress(AdapterError):  # unsaid, it lapses
            self._ask(lambda session: self._give_up(session, lead[0]))

    def close(self) -> None:
        """Resign and disconnect."""
        self.resign()
        with self._line:
            self._disconnect()
        if self._lifeline is not None:
            self._lifeline.close()

    # ── on the connection, one at a time ─────────────────────────────────────────────────────

    def _ask(self, act: Callable[[Session], int | None]) -> int | None:
        before = self._monotonic()
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url, "lead")
                self._limit(self._connection)
            with translated("lead"), self._connection.transaction():
                term = act(Session(self._connection))
        except AdapterError:
            self._disconnect()
            raise
        life = self._ttl.total_seconds() * (1 - _MARGIN)
        self._lead = None if term is None else (term, before + life)
        return term

    def _limit(self, connection: psycopg.Connection[TupleRow]) -> None:
        # An answer that comes later than this is worth nothing.
        limit = f"{int(self._ttl.total_seconds() * 500)}ms"
        with translated("lead"):
            connection.execute("select set_config('statement_timeout', %s, false)", [limit])

    def _take(self, session: Session) -> int | None:
        if self._lifeline is not None:
            self._lifeline.hold()
        row = self._take_from(session, "") or self._take_from(session, self._dead_leader(session))
        if row is None:
            return None
        if session.one("begin_term", term=row[0], leader=self.name) is None:
            return None
        session.all("notify", what="leader")
        if self._lifeline is not None:
            self._lifeline.bury()
        return int(row[0])

    def _take_from(self, session: Session, dead: str) -> TupleRow | None:
        return session.one("take_lead_lease", holder=self._holder, ttl=self._ttl, dead=dead)

    def _dead_leader(self, session: Session) -> str:
        """Who leads, and has died; empty where nobody is known to have."""
        row = session.one("lead_holder")
        holder = "" if row is None else str(row[0])
        name = holder.rpartition("/")[2]
        if self._lifeline is None or not self._lifeline.is_dead(name):
            return ""
        return holder

    def _renew(self, session: Session) -> int | None:
        lead = self._lead
        if lead is None:
            return None
        row = session.one("renew_lead", holder=self._holder, term=lead[0], ttl=self._ttl)
        return None if row is None else int(row[0])

    def _give_up(self, session: Session, term: int) -> None:
        if session.one("resign_lead", holder=self._holder, term=term) is not None:
            session.all("notify", what="leader")

    def _disconnect(self) -> None:
        hang_up(self._connection)
        self._connection = None

    # ── the keeper ───────────────────────────────────────────────────────────────────────────

    def _keep_on(self) -> None:
        if self._keeper is not None:
            return
        self._stop.clear()
        self._keeper = Thread(target=self._keep, name="keep the lead", daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        while not self._stop.wait(self._ttl.total_seconds() / _RENEWALS_PER_TTL):
            with self._line:
                if self._lead is None:
                    self._keeper = None
                    return
                # Unanswered, the deadline stands; answered "no", the lead is over at once.
                with suppress(AdapterError):
                    self._ask(self._renew)

    def _end_keeper(self) -> None:
        self._stop.set()
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.join()
