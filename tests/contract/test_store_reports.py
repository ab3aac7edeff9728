"""The contract of `ports.Reports`, on the fake and on every real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from reconciler.model.ids import row_id
from tests.store_kit import KINDS, StoreKit, open_kit
from tests.store_values import (
    MCR1,
    NEWS,
    NOON,
    SPORT,
    asrun,
    catalogue,
    channel,
    decklink,
    entry,
    lineup,
    ndi,
    node,
    observed,
    secret_stream,
)

pytestmark = pytest.mark.postgres


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest) -> Iterator[StoreKit]:
    with open_kit(request) as kit:
        yield kit


def only(rows: tuple[object, ...]) -> dict[str, object]:
    (row,) = rows
    assert isinstance(row, dict)
    return row


OLDER = [
    "id",
    "name",
    "node_id",
    "output_type",
    "output_config",
    "video_format",
    "status",
    "container_id",
    "error_message",
    "project_id",
    "restart_count",
    "last_restart_at",
    "last_heartbeat_at",
    "created_at",
    "updated_at",
]


def test_a_channel_has_the_older_shape(kit: StoreKit) -> None:
    kit.store.write_node(node(), "n1")
    kit.store.write_channel(lineup(), channel("news", decklink(2), ndi()), catalogue())
    kit.store.record([observed()])
    row = only(kit.reports.channels())
    assert row.keys() >= set(OLDER)
    assert row["id"] == str(row_id("channel", "news"))
    assert row["node_id"] == str(row_id("node", "mcr-1"))
    assert (row["name"], row["title"], row["status"]) == ("news", "News", "running")
    assert (row["output_type"], row["output_config"]) == ("decklink", {"device_index": 2})
    assert row["container_meta"] == {"sidecar_url": "http://127.0.0.1:3002"}
    assert (row["container_id"], row["project_id"]) == ("pid-1", "newsroom")
    assert str(row["last_heartbeat_at"]).endswith("Z")


def test_no_secret_reaches_a_screen(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel("news", secret_stream()), catalogue())
    row = only(kit.reports.channels())
    assert "hunter" not in json.dumps(row)
    assert row["output_config"] == {
        "url": "rtmp://live.example/app/•••",
        "latency": "200",
        "passphrase": "•••",
    }


def test_playlists_are_those_that_the_channel_uses(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel(), catalogue())
    lists = kit.reports.playlists(NEWS)
    assert sorted((row["name"], row["loop"]) for row in lists) == [("day", True), ("idents", False)]
    assert kit.reports.playlists(SPORT) == ()


def day_of(kit: StoreKit) -> tuple[dict[str, object], ...]:
    (day,) = (row for row in kit.reports.playlists(NEWS) if row["name"] == "day")
    return tuple(dict(row) for row in kit.reports.items(str(day["id"])))


def test_items_are_flat_and_in_order_with_seconds(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel(), catalogue())
    rows = day_of(kit)
    assert [row["item"] for row in rows] == ["open", "brk/1", "brk/2", "feature", "studio"]
    assert [row["sort_order"] for row in rows] == [0, 1, 2, 3, 4]
    assert (rows[0]["in_point"], rows[0]["out_point"]) == (2.0, 17.0)
    assert (rows[1]["in_point"], rows[1]["out_point"]) == (None, None)
    assert (rows[3]["transition"], rows[3]["transition_ms"]) == ("mix", 240)
    assert (rows[3]["clip_name"], rows[3]["asset_duration_ms"]) == ("Feature", 20_000)
    assert (rows[4]["live"], rows[4]["asset"], rows[4]["out_point"]) == ("studio-a", None, 1680.0)


def test_media_is_pending_until_it_is_on_the_channels_node(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel(), catalogue("A-2"))
    assert [row["media_status"] for row in day_of(kit)] == [
        "pending",
        "error",
        "pending",
        "pending",
        "ready",
    ]
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[], counts_as_restart=False)
    kit.store.record_media(MCR1, kit.staged("a-1-0a1b.mp4"))
    assert [row["media_status"] for row in day_of(kit)] == [
        "ready",
        "error",
        "ready",
        "pending",
        "ready",
    ]
    assert day_of(kit)[0]["media_path"] == "a-1-0a1b.mp4"
    kit.store.record_media(MCR1, kit.staged("a-3-0a1b.mp4"))
    assert [row["media_status"] for row in day_of(kit)][::3] == ["pending", "ready"]


@pytest.mark.parametrize("wrong", ["nonsense", str(row_id("playlist", "none"))])
def test_an_unknown_playlist_has_no_items(kit: StoreKit, wrong: str) -> None:
    assert kit.reports.items(wrong) == ()


def test_asrun_is_stored_once_and_read_newest_first_by_pages(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel(), catalogue())
    kit.store.store_asrun([asrun(2), asrun(1), asrun(3), asrun(1, name="sport", spool="s2")])
    kit.store.store_asrun([asrun(3, title="changed"), asrun(4)])
    first = kit.reports.asrun(NEWS, limit=3)
    assert [row["seq"] for row in first] == [4, 3, 2]
    assert first[1]["title"] == "Event 3"
    last = first[-1]["id"]
    assert isinstance(last, int)
    rest = kit.reports.asrun(NEWS, limit=3, before=last)
    assert [row["seq"] for row in rest] == [1]
    assert rest[0]["started_at"] == "2026-11-23T12:00:01.000Z"
    assert (rest[0]["evidence"], rest[0]["why"]) == ("output", "end")
    assert [row["start_error_ms"] for row in (*first, *rest)] == [7, None, 7, None]


def test_the_newest_asrun_says_up_to_where_it_accounts(kit: StoreKit) -> None:
    assert kit.store.asrun_until(NEWS) is None
    rows = [asrun(2), asrun(1), asrun(9, name="sport", spool="s2")]
    kit.store.store_asrun(rows)
    assert kit.store.asrun_until(NEWS) == rows[0].last_tick + 1


def test_asrun_of_a_channel_outlives_it(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel(), catalogue())
    kit.store.store_asrun([asrun(1)])
    kit.store.remove_channel(NEWS)
    assert len(kit.reports.asrun(NEWS, limit=10)) == 1


def test_a_spool_of_thousands_is_stored(kit: StoreKit) -> None:
    kit.store.store_asrun([asrun(number) for number in range(1, 1201)])
    assert len(kit.reports.asrun(NEWS, limit=5000)) == 1200


def test_alarms_come_oldest_first(kit: StoreKit) -> None:
    kit.store.raise_alarm(SPORT, "output", "srt is down")
    kit.store.raise_alarm(NEWS, "picture", "frozen")
    assert [row["text"] for row in kit.reports.alarms()] == ["srt is down", "frozen"]


def test_the_journal_is_read_newest_first(kit: StoreKit) -> None:
    kit.store.journal([entry("a"), entry("b")])
    kit.store.journal([entry("c")])
    rows = kit.reports.journal_tail(2)
    assert [row["what"] for row in rows] == ["c", "b"]
    assert rows[0]["at"] == "2026-11-23T12:00:00.000Z"
    assert (rows[0]["channel"], rows[0]["commit"]) == ("news", "c" * 40)


def test_the_last_pass_is_kept_to_the_byte(kit: StoreKit) -> None:
    assert kit.reports.last_pass() is None
    plan = '{"b": 1,  "a": "é"}'
    for number in range(25):
        kit.store.keep_pass("c" * 40, f"label {number}", plan, "done")
    last = kit.reports.last_pass()
    assert last is not None
    assert (last.label, last.plan_json, last.outcome) == ("label 24", plan, "done")
    assert last.at > NOON - timedelta(days=365)


def test_everything_that_a_screen_reads_is_json(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel("news", ndi()), catalogue())
    kit.store.store_asrun([asrun(1)])
    kit.store.journal([entry()])
    kit.store.raise_alarm(NEWS, "k", "t")
    reports = kit.reports
    shown = [reports.channels(), reports.asrun(NEWS, limit=9), reports.playlists(NEWS)]
    shown += [day_of(kit), reports.alarms(), reports.journal_tail(9)]
    assert all(json.loads(json.dumps(one)) for one in shown)
