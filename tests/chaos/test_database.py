"""The database dies, freezes and comes back; leaders are cut off; nobody hangs or doubles."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest

from reconciler.adapters.embedded_postgres import EmbeddedPostgres
from reconciler.adapters.lifeline import Lifeline
from reconciler.adapters.postgres_leadership import PostgresLeadership
from reconciler.adapters.postgres_migrations import migrate
from reconciler.adapters.postgres_notices import PostgresNotices
from reconciler.adapters.postgres_pool import Database, complete
from reconciler.adapters.postgres_store import PostgresStore
from reconciler.errors import Rejected, Unreachable
from reconciler.model.ids import ChannelName
from reconciler.model.records import AsRunRow
from tests.postgres_fixtures import fresh_database, short_folder
from tests.store_values import NEWS, asrun, catalogue, channel, entry, lineup
from tests.waiting import eventually

pytestmark = pytest.mark.postgres
PATIENCE = 30.0
TTL = timedelta(seconds=1)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    with short_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres")
        migrate(server.ensure())
        yield server
        server.stop()


@pytest.fixture
def url(any_server: str) -> Iterator[str]:
    with fresh_database(any_server) as url:
        yield url


def postmaster(server: EmbeddedPostgres) -> int:
    assert server.home is not None
    return int((server.home.data / "postmaster.pid").read_text().split()[0])


def test_the_pool_recovers_when_the_server_is_killed(server: EmbeddedPostgres) -> None:
    with Database(server.ensure()) as database:
        store = PostgresStore(database)
        store.journal([entry("before")])
        dead = postmaster(server)
        os.kill(dead, signal.SIGKILL)

        def another_serves() -> bool:  # what the dead one had begun may still answer once
            with suppress(OSError, IndexError):
                return postmaster(server) != dead
            return False

        def again() -> bool:
            with suppress(Unreachable):
                store.journal([entry("after")])
                return store.read().alarms == ()
            return False

        eventually(another_serves, within=PATIENCE)
        eventually(again, within=PATIENCE)


def test_asrun_is_exactly_once_through_a_kill(server: EmbeddedPostgres) -> None:
    rows = [asrun(number, spool="killed") for number in range(1, 301)]
    with Database(server.ensure()) as database, ThreadPoolExecutor(1) as pool:
        store = PostgresStore(database)

        def deliver() -> None:
            for start in range(0, len(rows), 20):
                eventually(partial(stored, rows[start : start + 20]), within=PATIENCE)

        def stored(part: list[AsRunRow]) -> bool:
            with suppress(Unreachable):
                store.store_asrun(part)
                return True
            return False

        delivery = pool.submit(deliver)
        for _ in range(2):
            eventually(server.is_running, within=PATIENCE)
            os.kill(postmaster(server), signal.SIGKILL)
        delivery.result(timeout=PATIENCE)
        with database.transaction("count", reading=True) as session:
            found = session.connection.execute(
                "select count(*), count(distinct seq) from playout_as_run where spool = 'killed'"
            ).fetchone()
    assert found == (300, 300)


def test_a_frozen_server_is_unreachable_not_endless(server: EmbeddedPostgres) -> None:
    url = server.ensure()
    with Database(url) as database:
        store = PostgresStore(database)
        store.read()
        pid = postmaster(server)
        with psycopg.connect(url) as connection:
            backends = connection.execute(
                "select pid from pg_stat_activity where backend_type = 'client backend'"
            ).fetchall()
        frozen = [pid, *(row[0] for row in backends)]
        for one in frozen:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
        try:
            with Database(url) as another, pytest.raises(Unreachable):
                PostgresStore(another).read()
        finally:
            for one in frozen:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)
        eventually(lambda: store.read() is not None, within=PATIENCE)


def test_no_server_is_unreachable_with_the_reason() -> None:
    with (
        short_folder() as folder,
        Database(f"postgresql://playout@/playout?host={folder}") as database,
        pytest.raises(Unreachable, match="No such file"),
    ):
        PostgresStore(database).read()


def test_a_password_is_in_no_message() -> None:
    with (
        Database("postgresql://u:hunter2@127.0.0.1:1/x") as database,
        pytest.raises(Unreachable) as caught,
    ):
        PostgresStore(database).read()
    assert "hunter2" not in str(caught.value)


# ── leaders ──────────────────────────────────────────────────────────────────────────────────────


def backend_of(url: str, leadership: PostgresLeadership) -> int:
    connection = leadership._connection
    assert connection is not None
    return connection.info.backend_pid


def test_a_killed_connection_does_not_cost_the_lead(url: str) -> None:
    leader = PostgresLeadership(url, ttl=TTL)
    other = PostgresLeadership(url, ttl=TTL)
    try:
        assert leader.try_lead() == 1
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("select pg_terminate_backend(%s)", [backend_of(url, leader)])
        until = time.monotonic() + 2 * TTL.total_seconds()
        while time.monotonic() < until:
            assert other.try_lead() is None
            time.sleep(0.1)
        assert leader.term() == 1
    finally:
        leader.close()
        other.close()


def test_a_frozen_leader_stops_acting_before_another_begins(url: str) -> None:
    """Its keeper sees no answer; at no instant do two believe that they lead."""
    leader, other = PostgresLeadership(url, ttl=TTL), PostgresLeadership(url, ttl=TTL)
    with Database(url) as database:
        store = PostgresStore(database, lambda: 1)
        try:
            assert leader.try_lead() == 1
            store.write_channel(lineup(), channel(), catalogue())
            leader._line.acquire()  # the keeper is stuck as in a dead line
            eventually(lambda: _neither_both(leader, other), within=PATIENCE)
            leader._line.release()
            assert other.term() == 2
            with pytest.raises(Rejected, match=r"no longer leading \(term 1 is over\)"):
                store.remove_channel(NEWS)
            assert NEWS in store.read().channels
            assert leader.try_lead() is None
        finally:
            leader.close()
            other.close()


def _neither_both(leader: PostgresLeadership, other: PostgresLeadership) -> bool:
    taken = other.try_lead() is not None
    assert not (taken and leader.is_leading())
    return taken


def test_a_write_under_way_ends_before_the_next_term_begins(url: str) -> None:
    with Database(url) as database, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("update leadership set term = 1")
        old = PostgresStore(database, lambda: 1)
        with old._deciding("a long write") as session, ThreadPoolExecutor(1) as pool:
            taking = PostgresLeadership(url, ttl=timedelta(seconds=20))
            taken = pool.submit(taking.try_lead)
            session.do("raise_alarm", channel=ChannelName("a"), key="k", text="t")
            with pytest.raises(Unreachable, match="another transaction"):
                taken.result()  # it does not wait for ever, and does not lead
            assert not taking.is_leading()
        assert taking.try_lead() == 2
        with pytest.raises(Rejected, match="no longer leading"):
            old.raise_alarm(ChannelName("a"), "k", "t2")
        taking.close()


def test_of_many_that_want_to_lead_one_does_at_every_instant(url: str) -> None:
    leaders = [PostgresLeadership(url, ttl=TTL) for _ in range(5)]
    try:
        with ThreadPoolExecutor(len(leaders)) as pool:
            terms = [term for term in pool.map(lambda one: one.try_lead(), leaders) if term]
        assert terms == [1]
        for expected in range(2, 5):
            (leading,) = (one for one in leaders if one.is_leading())
            leading.resign()
            with ThreadPoolExecutor(len(leaders)) as pool:
                terms = [term for term in pool.map(lambda one: one.try_lead(), leaders) if term]
            assert terms == [expected]
    finally:
        for one in leaders:
            one.close()


# ── notices ──────────────────────────────────────────────────────────────────────────────────────


def test_a_change_of_leader_wakes_who_listens(url: str) -> None:
    notices, leader = PostgresNotices(url), PostgresLeadership(url)
    try:
        assert notices.wait_for_notice(0.1) == {"reconnected"}
        assert notices.wait_for_notice(0.05) == frozenset()
        leader.try_lead()
        assert notices.wait_for_notice(PATIENCE) == {"leader"}
    finally:
        leader.close()
        notices.close()


def test_a_listener_reconnects_after_its_line_died(url: str) -> None:
    notices = PostgresNotices(url)
    notices.wait_for_notice(0.1)
    assert notices._connection is not None
    with psycopg.connect(url, autocommit=True) as connection:
        backend = notices._connection.info.backend_pid
        connection.execute("select pg_terminate_backend(%s)", [backend])
    with pytest.raises(Unreachable, match="listen"):
        notices.wait_for_notice(PATIENCE)
    assert notices.wait_for_notice(PATIENCE) == {"reconnected"}
    notices.close()


def test_an_edit_by_hand_is_drift_and_wakes_the_loop(url: str) -> None:
    leader, notices = PostgresLeadership(url), PostgresNotices(url)
    with Database(url) as database:
        leader.try_lead()
        store = PostgresStore(database, leader.term)
        store.write_channel(lineup(), channel(), catalogue())
        notices.wait_for_notice(0.1)
        assert store.read().channels[NEWS].digest == "d1"
        with psycopg.connect(complete(url), autocommit=True) as connection:
            connection.execute("delete from playout_items where item = 'open'")
        assert notices.wait_for_notice(PATIENCE) == {"drift"}
        assert store.read().channels[NEWS].digest == ""
        store.write_channel(lineup(), channel(), catalogue())
        assert store.read().channels[NEWS].digest == "d1"
    leader.close()
    notices.close()


def test_a_leader_that_is_known_to_be_dead_is_not_waited_for(url: str, tmp_path: Path) -> None:
    long = timedelta(minutes=5)
    held, next_one, stranger = (Lifeline(tmp_path / n) for n in ("here", "here", "elsewhere"))
    dead = PostgresLeadership(url, ttl=long, lifeline=held)
    heir = PostgresLeadership(url, ttl=long, lifeline=next_one)
    other = PostgresLeadership(url, ttl=long, lifeline=stranger)
    assert dead.try_lead() == 1
    assert (heir.try_lead(), other.try_lead()) == (None, None)
    die(dead, held)
    assert other.try_lead() is None, "it knows nothing of other folders"
    assert heir.try_lead() == 2
    assert other.try_lead() is None
    for leadership in (heir, other):
        leadership.close()


def die(leadership: PostgresLeadership, lifeline: Lifeline) -> None:
    """What the kernel does at a process's end: its connection and its lock are gone."""
    leadership._end_keeper()
    leadership._disconnect()
    assert lifeline._held is not None
    os.close(lifeline._held)
