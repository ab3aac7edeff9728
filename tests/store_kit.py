"""One database to test a contract on: the fake, or a fresh one on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import psycopg
import pytest

from reconciler.adapters.postgres_errors import translated
from reconciler.adapters.postgres_leadership import PostgresLeadership
from reconciler.adapters.postgres_pool import Database
from reconciler.adapters.postgres_reports import PostgresReports
from reconciler.adapters.postgres_store import PostgresStore
from reconciler.model.ids import RecorderName
from reconciler.model.media import StagedSeen
from reconciler.ports import Leadership, Reports
from tests import postgres_fixtures
from tests.fakes_store import FakeDatabase, FakeLeadership, FakeReports, FakeStore

KINDS = ("fake", *postgres_fixtures.KINDS)
LONG = timedelta(minutes=5)


class Leader(Leadership, Protocol):
    """A leadership with what both kinds add."""

    def term(self) -> int | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreKit:
    """`store` leads in `term`; the rest makes more of the same database's views."""

    store: PostgresStore | FakeStore
    reports: Reports
    term: int
    url: str  # empty for the fake
    store_of: Callable[[Callable[[], int | None]], PostgresStore | FakeStore]
    leader: Callable[[timedelta], Leader]
    set_recording_of: Callable[[RecorderName, bool], None]

    def set_recording(self, name: str, *, recording: bool) -> None:
        """What the older system does when a recorder starts or stops."""
        self.set_recording_of(RecorderName(name), recording)

    @staticmethod
    def staged(*names: str) -> dict[str, StagedSeen]:
        """Files in a node's media folder."""
        return {name: StagedSeen(stored=name, size=1000) for name in names}


@contextmanager
def open_kit(request: pytest.FixtureRequest, *, leading: bool = True) -> Iterator[StoreKit]:
    """The kit of kind `request.param`; `leading` False leaves the lead to the test."""
    if request.param == "fake":
        yield _fake_kit(leading=leading)
        return
    server = request.getfixturevalue(request.param)
    with postgres_fixtures.fresh_database(server) as url, ExitStack() as stack:
        yield _postgres_kit(url, stack, leading=leading)


def _fake_kit(*, leading: bool) -> StoreKit:
    database = FakeDatabase()
    lead = FakeLeadership(database)
    term = lead.try_lead() if leading else None
    return StoreKit(
        store=FakeStore(database, lead.term),
        reports=FakeReports(database),
        term=term or 0,
        url="",
        store_of=lambda term: FakeStore(database, term),
        leader=lambda ttl: FakeLeadership(database, ttl=ttl),
        set_recording_of=lambda name, on: database.set_recording(name, recording=on),
    )


def _postgres_kit(url: str, stack: ExitStack, *, leading: bool) -> StoreKit:
    database = stack.enter_context(Database(url))
    lead = PostgresLeadership(url, ttl=LONG)
    stack.callback(lead.close)
    term = lead.try_lead() if leading else None

    def leader(ttl: timedelta) -> Leader:
        another = PostgresLeadership(url, ttl=ttl)
        stack.callback(another.close)
        return another

    def set_recording(name: RecorderName, on: bool) -> None:  # noqa: FBT001  # shape of the kit's field
        status = "recording" if on else "idle"
        with translated("record"), psycopg.connect(url) as connection:
            connection.execute("update recorders set status = %s where name = %s", [status, name])

    return StoreKit(
        store=PostgresStore(database, lead.term),
        reports=PostgresReports(database),
        term=term or 0,
        url=url,
        store_of=lambda term: PostgresStore(database, term),
        leader=leader,
        set_recording_of=set_recording,
    )
