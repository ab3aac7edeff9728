"""The contract of what a store says of media, on the fake and on every real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import Rejected
from reconciler.model.copies import CopyProgress, CopyState, CopyWanted
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId
from tests.store_kit import KINDS, StoreKit, open_kit
from tests.store_values import MCR1, MCR2, NEWS, NOON, catalogue, channel, lineup, rundown

pytestmark = pytest.mark.postgres
A1, FILE = AssetId("A-1"), "a-1-0a1b.mp4"


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest) -> Iterator[StoreKit]:
    with open_kit(request) as kit:
        kit.store.write_channel(lineup(), channel(), catalogue())
        kit.store.begin_spawn(NEWS, MCR1, 1, devices=[], counts_as_restart=False)
        yield kit


def want(stored: str = FILE, asset: str = "A-1", error: str = "") -> CopyWanted:
    return CopyWanted(stored=stored, asset=AssetId(asset), size=1000, due_at=NOON, error=error)


def half(state: CopyState = CopyState.STAGING, error: str = "") -> CopyProgress:
    later = NOON + timedelta(seconds=9) if state is CopyState.STAGING else None
    return CopyProgress(
        stored=FILE, asset=A1, state=state, size=1000, done=500, eta_at=later, error=error
    )


def told(kit: StoreKit, *, whole: bool = True) -> list[tuple[object, ...]]:
    names = ("asset", "node", "media_status", "size", "done", "error")
    return [tuple(row[n] for n in names) for row in kit.reports.media(whole=whole, limit=99)]


def statuses(kit: StoreKit) -> set[object]:
    """The older status of the items that play the file."""
    (day,) = (row for row in kit.reports.playlists(NEWS) if row["name"] == "day")
    items = kit.reports.items(str(day["id"]))
    return {row["media_status"] for row in items if row["media_path"] == FILE}


def test_a_copy_is_wanted_comes_and_is_there(kit: StoreKit) -> None:
    assert statuses(kit) == {"pending"}
    kit.store.want_media(MCR1, [want()])
    assert told(kit) == [("A-1", "mcr-1", "pending", 1000, 0, "")]
    kit.store.note_copy(MCR1, half())
    (row,) = kit.reports.media(whole=False, limit=9)
    assert (row["due_at"], row["eta_at"]) == (
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T12:00:09.000Z",
    )
    assert statuses(kit) == {"staging"}
    kit.store.note_copy(MCR1, replace(half(CopyState.READY), done=1000))
    assert statuses(kit) == {"ready"}
    assert told(kit) == [("A-1", "mcr-1", "ready", 1000, 1000, "")]
    assert told(kit, whole=False) == []
    kit.store.record_media(MCR1, kit.staged(FILE))
    assert told(kit) == [("A-1", "mcr-1", "ready", 1000, 1000, "")]


def test_a_copy_that_failed_says_why_until_it_is_there(kit: StoreKit) -> None:
    kit.store.want_media(MCR1, [want()])
    kit.store.note_copy(MCR1, half(CopyState.ERROR, "no answer"))
    assert statuses(kit) == {"error"}
    kit.store.want_media(MCR1, [want()])
    assert told(kit, whole=False) == [("A-1", "mcr-1", "error", 1000, 500, "no answer")]
    kit.store.record_media(MCR1, kit.staged(FILE))
    assert told(kit) == [("A-1", "mcr-1", "ready", 1000, 1000, "")]
    assert statuses(kit) == {"ready"}


def test_what_has_no_room_says_so_and_what_nobody_wants_is_forgotten(kit: StoreKit) -> None:
    kit.store.want_media(MCR1, [want(error="no room"), want("b.mp4", "B")])
    assert told(kit) == [
        ("A-1", "mcr-1", "pending", 1000, 0, "no room"),
        ("B", "mcr-1", "pending", 1000, 0, ""),
    ]
    kit.store.note_copy(MCR2, half())
    kit.store.want_media(MCR1, [])
    assert told(kit) == [("A-1", "mcr-2", "staging", 1000, 500, "")]
    assert statuses(kit) == {"pending"}


def test_wanting_leaves_what_is_there_alone(kit: StoreKit) -> None:
    kit.store.record_media(MCR1, kit.staged(FILE))
    kit.store.want_media(MCR1, [want()])
    kit.store.want_media(MCR1, [])
    assert told(kit) == [("A-1", "mcr-1", "ready", 1000, 1000, "")]


def test_a_file_that_is_gone_from_the_disk_is_forgotten_and_what_comes_is_not(
    kit: StoreKit,
) -> None:
    kit.store.record_media(MCR1, kit.staged(FILE, "old.mp4"))
    kit.store.want_media(MCR1, [want("b.mp4", "B")])
    kit.store.record_media(MCR1, kit.staged("old.mp4"))
    assert [row[:3] for row in told(kit)] == [
        ("B", "mcr-1", "pending"),
        (None, "mcr-1", "ready"),
    ]


def test_a_rundown_that_is_kept_or_replaced_has_used_its_files(kit: StoreKit) -> None:
    kit.store.record_media(MCR1, kit.staged("a.mp4", "b.mp4"))
    before = kit.store.read_uses(MCR1)
    assert before.keys() == {"a.mp4", "b.mp4"}
    assert kit.store.read_uses(MCR2) == {}
    kit.store.save_rundown(NEWS, rundown(), "r1", "")
    after = kit.store.read_uses(MCR1)
    assert all(after[name] >= before[name] for name in before)


def test_a_new_copy_is_asked_for_once_and_read_until_it_is_there(kit: StoreKit) -> None:
    assert kit.store.ask_restage(A1, MCR1, "anna") == (MCR1,)
    assert kit.store.ask_restage(A1, MCR1, "ola") == (MCR1,)
    (found,) = kit.store.read().restages
    assert (found.asset, found.node, found.who) == (A1, MCR1, "anna")
    kit.store.record_media(MCR1, kit.staged(FILE))
    (row,) = kit.reports.media(whole=False, limit=9)
    assert row["asked_by"] == "anna"
    kit.store.end_restage(found.id, "done")
    kit.store.end_restage(found.id, "done")
    assert kit.store.read().restages == ()
    kit.store.ask_restage(A1, MCR1, "ola")
    assert [one.who for one in kit.store.read().restages] == ["ola"]


def test_a_new_copy_is_asked_for_wherever_one_is_or_is_wanted(kit: StoreKit) -> None:
    assert kit.store.ask_restage(A1, None, "anna") == ()
    kit.store.record_media(MCR2, kit.staged(FILE))
    kit.store.want_media(MCR1, [want()])
    assert kit.store.ask_restage(A1, None, "anna") == (MCR1, MCR2)
    assert [one.node for one in kit.store.read().restages] == [MCR1, MCR2]


def test_an_item_is_found_with_its_channel_and_node(kit: StoreKit) -> None:
    (day,) = (row for row in kit.reports.playlists(NEWS) if row["name"] == "day")
    first = kit.reports.items(str(day["id"]))[0]
    found = kit.reports.item(str(first["id"]).upper())
    assert found is not None
    assert (found["channel"], found["node"], found["asset"]) == ("news", "mcr-1", "A-1")
    assert kit.reports.item(str(day["id"])) is None
    assert kit.reports.item("nonsense") is None
    assert json.loads(json.dumps(found))


def test_a_deposed_leader_decides_nothing_of_media_and_may_tell_facts(kit: StoreKit) -> None:
    other = kit.store_of(lambda: kit.term - 1)
    with pytest.raises(Rejected):
        other.want_media(MCR1, [want()])
    other.note_copy(MCR1, half())
    assert told(kit) == [("A-1", "mcr-1", "staging", 1000, 500, "")]


def test_what_was_found_in_a_file_is_kept_by_content(kit: StoreKit) -> None:
    assert kit.store.read().findings == {}
    found = Findings(container="mov,mp4", width=1920, height=1080, rate="25", loudness=-22.9)
    kit.store.keep_findings(FILE, found)
    kit.store.keep_findings(FILE, found)
    assert kit.store.read().findings == {FILE: found}
    worse = replace(found, damage="its last pictures are missing")
    kit.store.keep_findings(FILE, worse)
    assert kit.store.read().findings == {FILE: worse}
    kit.store.record_media(MCR1, kit.staged(FILE))
    (row,) = kit.reports.media(whole=True, limit=9)
    assert row["loudness"] == -22.9
