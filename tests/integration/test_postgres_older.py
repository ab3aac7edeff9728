"""A database of the older system: nothing of it is lost, and its programs go on working."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from reconciler.adapters.postgres_leadership import PostgresLeadership
from reconciler.adapters.postgres_migrations import migrate
from reconciler.adapters.postgres_pool import Database
from reconciler.adapters.postgres_reports import PostgresReports
from reconciler.adapters.postgres_store import PostgresStore
from reconciler.errors import Rejected
from reconciler.model.desired import DesiredPlaylist
from reconciler.model.ids import AssetId, ChannelName, NodeName
from tests.store_values import (
    MCR1,
    NEWS,
    SDI,
    asrun,
    asset_item,
    catalogue,
    channel,
    decklink,
    fact,
    lineup,
    node,
    playlist,
)

pytestmark = pytest.mark.postgres

N1 = UUID("11111111-0000-4000-8000-000000000001")
C1 = UUID("22222222-0000-4000-8000-000000000001")
C2 = UUID("22222222-0000-4000-8000-000000000002")
L1 = UUID("33333333-0000-4000-8000-000000000001")
L2 = UUID("33333333-0000-4000-8000-000000000002")
I1 = UUID("44444444-0000-4000-8000-000000000001")
A1 = UUID("55555555-0000-4000-8000-000000000001")
R1 = UUID("66666666-0000-4000-8000-000000000001")

OLDER = """
create table cluster_nodes (id uuid primary key default gen_random_uuid(), hostname text not null,
  ip_address text, api_url text, last_seen_at timestamptz);
create table playout_channels (id uuid primary key default gen_random_uuid(),
  name varchar(120) not null, node_id uuid references cluster_nodes (id),
  output_type text not null default 'srt'
    check (output_type in ('decklink', 'ndi', 'srt', 'rtmp')),
  output_config jsonb not null default '{}', video_format text not null default '1080p5994',
  status text not null default 'stopped', container_id text, container_meta jsonb,
  error_message text, project_id uuid, restart_count int default 0, last_restart_at timestamptz,
  last_heartbeat_at timestamptz, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now());
create table playout_playlists (id uuid primary key default gen_random_uuid(),
  channel_id uuid references playout_channels (id) on delete cascade, name text not null,
  loop boolean default false, created_at timestamptz default now());
create table assets (id uuid primary key default gen_random_uuid(), filename text not null,
  duration_ms integer);
create table playout_items (id uuid primary key default gen_random_uuid(),
  playlist_id uuid references playout_playlists (id) on delete cascade,
  asset_id uuid not null references assets (id), sort_order int not null,
  in_point double precision, out_point double precision, transition text default 'cut',
  transition_ms int default 0, media_status text default 'pending', media_path text,
  updated_at timestamptz default now());
create table playout_as_run (id uuid primary key default gen_random_uuid(),
  channel_id uuid references playout_channels (id) on delete cascade, item_id uuid,
  started_at timestamptz not null default now(), ended_at timestamptz);
create table recorders (id uuid primary key default gen_random_uuid(), node_id uuid,
  device_index int, status text not null, source_type text not null);

insert into cluster_nodes values
  ('11111111-0000-4000-8000-000000000001', 'mcr-1', '10.0.0.1',
   'http://10.0.0.1:8080', now());
insert into playout_channels (id, name, node_id, output_type, output_config, status, project_id)
values
  ('22222222-0000-4000-8000-000000000001', 'News', '11111111-0000-4000-8000-000000000001',
   'decklink', '{"device_index": 1}', 'running',
   '55555555-0000-4000-8000-000000000001'),
       ('22222222-0000-4000-8000-000000000002', 'sport',
   null, 'srt', '{"url": "srt://a:1"}', 'stopped', null);
insert into playout_playlists (id, channel_id, name, loop) values
  ('33333333-0000-4000-8000-000000000001', '22222222-0000-4000-8000-000000000001', 'day', true),
  ('33333333-0000-4000-8000-000000000002', '22222222-0000-4000-8000-000000000001', 'by hand',
   false);
insert into assets values
  ('55555555-0000-4000-8000-000000000001', 'A-1', 61000);
insert into playout_items (id, playlist_id, asset_id, sort_order, in_point)
values
  ('44444444-0000-4000-8000-000000000001', '33333333-0000-4000-8000-000000000001',
   '55555555-0000-4000-8000-000000000001', 0, 1.5);
insert into playout_as_run (channel_id, started_at) values
  ('22222222-0000-4000-8000-000000000001', '2026-01-01 10:00+00'),
   ('22222222-0000-4000-8000-000000000001', '2026-01-01 11:00+00');
insert into recorders values
  ('66666666-0000-4000-8000-000000000001', '11111111-0000-4000-8000-000000000001', 2,
   'recording', 'sdi'),
  ('33333333-0000-4000-8000-000000000002', null, null, 'idle', 'sdi');
"""


@pytest.fixture
def url(empty_database_url: str) -> str:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(OLDER.encode())
    migrate(empty_database_url)
    return empty_database_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database(url) as database:
        yield database


@pytest.fixture
def store(url: str, database: Database) -> Iterator[PostgresStore]:
    leadership = PostgresLeadership(url)
    leadership.try_lead()
    yield PostgresStore(database, leadership.term)
    leadership.close()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def imported() -> tuple[DesiredPlaylist, ...]:
    """The lineup that an import would have written: the older item keeps its id."""
    day = playlist("day", asset_item(str(I1), "A-1"), asset_item("new", "A-2"))
    return (day, playlist("idents", asset_item("i", "ID-1")))


def test_every_older_row_survives_the_migration(url: str) -> None:
    tables = ["playout_channels", "playout_playlists", "playout_items", "playout_as_run"]
    counts = [len(rows(url, f"table {table}")) for table in [*tables, "recorders"]]
    assert counts == [2, 2, 1, 2, 2]
    assert rows(url, "select distinct row_no from playout_as_run order by 1") == [(1,), (2,)]


def test_devices_in_use_are_claimed(store: PostgresStore) -> None:
    claims = store.read().claims
    assert [(one.node, one.device, one.owner_kind, one.owner) for one in claims] == [
        ("mcr-1", 1, "channel", "News"),
        ("mcr-1", 2, "recorder", str(R1)),
    ]


def test_older_channels_are_read(store: PostgresStore) -> None:
    channels = store.read().channels
    assert (channels[ChannelName("News")].status, channels[ChannelName("News")].node) == (
        "running",
        "mcr-1",
    )
    assert channels[ChannelName("sport")].digest == ""


def test_an_imported_channel_keeps_its_ids(url: str, store: PostgresStore) -> None:
    desired = lineup(channel("news", decklink()), playlists=imported())
    store.write_channel(desired, desired.channels[NEWS], catalogue())
    assert rows(url, "select id, name, title from playout_channels where title is not null") == [
        (C1, "news", "News")
    ]
    lists = rows(url, "select id, name from playout_playlists order by name")
    assert (L1, "day") in lists
    assert (L2, "by hand") in lists
    items = rows(
        url,
        "select i.id, asset_id, asset from playout_items i join playout_playlists p"
        " on p.id = playlist_id where p.name = 'day' order by sort_order",
    )
    assert items[0] == (I1, A1, "A-1")
    assert items[1][1:] == (None, "A-2")


def test_writing_an_imported_channel_twice_changes_no_row(url: str, store: PostgresStore) -> None:
    desired = lineup(channel("news", decklink()), playlists=imported())
    every = (
        "select 'c', xmin::text, id from playout_channels"
        " union all select 'p', xmin::text, id from playout_playlists"
        " union all select 'i', xmin::text, id from playout_items order by 1, 3"
    )
    store.write_channel(desired, desired.channels[NEWS], catalogue())
    before = rows(url, every)
    store.write_channel(desired, desired.channels[NEWS], catalogue())
    assert rows(url, every) == before


def test_a_title_that_is_another_channels_name_adopts_nothing(
    url: str, store: PostgresStore
) -> None:
    desired = lineup(channel("other", title="sport"), channel("sport"))
    store.write_channel(desired, desired.channels[ChannelName("other")], catalogue())
    assert rows(url, "select name from playout_channels where title is null order by 1") == [
        ("News",),
        ("sport",),
    ]


def test_outputs_that_the_older_system_did_not_know_can_be_written(
    url: str, store: PostgresStore
) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("update playout_channels set output_type = 'udp' where name = 'sport'")
    desired = lineup(channel("sport"))
    store.write_channel(desired, desired.channels[ChannelName("sport")], catalogue())
    assert rows(url, "select output_type from playout_channels where name = 'sport'") == [("none",)]


def test_older_asrun_is_shown_and_outlives_its_channel(
    store: PostgresStore, database: Database
) -> None:
    desired = lineup(channel("news", decklink()))
    store.write_channel(desired, desired.channels[NEWS], catalogue())
    store.store_asrun([asrun(1)])
    reports = PostgresReports(database)
    shown = reports.asrun(NEWS, limit=9)
    assert [row["started_at"] for row in shown] == [
        "2026-11-23T12:00:01.000Z",
        "2026-01-01T11:00:00.000Z",
        "2026-01-01T10:00:00.000Z",
    ]
    assert shown[0]["channel_id"] == str(C1)
    store.remove_channel(NEWS)
    with database.transaction("count", reading=True) as session:
        found = session.connection.execute("select count(*) from playout_as_run").fetchone()
    assert found == (3,)


def test_a_node_of_the_older_system_keeps_its_id(url: str, store: PostgresStore) -> None:
    store.write_node(node("mcr-1"), "n1")
    assert rows(url, "select id, ip_address, api_url, lineup_digest from cluster_nodes") == [
        (N1, "10.0.0.1", "http://10.0.0.1:8080", "n1")
    ]
    store.remove_node(MCR1)
    assert rows(url, "select node_id from playout_channels where name = 'News'") == [(None,)]


def test_the_unnamed_recorder_on_a_device_is_the_lineups(url: str, store: PostgresStore) -> None:
    store.write_recorder("ingest-1", MCR1, 2)
    assert rows(url, "select id, name, status from recorders where name is not null") == [
        (R1, "ingest-1", "recording")
    ]
    assert [claim.owner for claim in store.read().claims] == ["News", "ingest-1"]
    desired = lineup(channel("news"))
    store.write_channel(desired, desired.channels[NEWS], catalogue())
    with pytest.raises(Rejected, match="held by recorder ingest-1"):
        store.claim(NEWS, SDI, MCR1, 2)


def test_a_recorder_without_a_device_index_means_the_first_on_the_control_host(
    url: str, store: PostgresStore
) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("update recorders set status = 'recording' where node_id is null")
    local = [claim for claim in store.read().claims if claim.node == "local"]
    assert [claim.device for claim in local] == [1]
    store.write_node(node("studio"), "n")
    assert NodeName("studio") in store.read().nodes


def test_a_running_older_channel_passes_its_device_to_its_successor(store: PostgresStore) -> None:
    desired = lineup(channel("sport"))
    store.write_channel(desired, desired.channels[ChannelName("sport")], catalogue())
    with pytest.raises(Rejected, match="held by channel News"):
        store.begin_spawn(
            ChannelName("sport"), MCR1, 1, devices=[(SDI, 1)], counts_as_restart=False
        )


def test_asset_names_match_the_media_library(url: str, database: Database) -> None:
    assert fact("A-1").asset == AssetId("A-1")
    reports = PostgresReports(database)
    (row,) = reports.items(str(L1))
    assert (row["clip_name"], row["asset_duration_ms"], row["in_point"]) == ("A-1", 61000, 1.5)
