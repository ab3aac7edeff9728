"""The contract of `ports.Store`, on the fake and on every real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.errors import Rejected
from reconciler.model.ids import AssetId, ChannelName, OutputName, RecorderName
from reconciler.model.observed import ClaimSeen, OverrideSeen
from tests.store_kit import KINDS, StoreKit, open_kit
from tests.store_values import (
    MCR1,
    MCR2,
    NEWS,
    SDI,
    SPORT,
    catalogue,
    channel,
    decklink,
    lineup,
    node,
    observed,
    rundown,
)

pytestmark = pytest.mark.postgres
MINUTE = timedelta(minutes=1)
BRIEF = timedelta(milliseconds=30)


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest) -> Iterator[StoreKit]:
    with open_kit(request) as kit:
        yield kit


def written(kit: StoreKit, *names: str) -> None:
    channels = [channel(name, decklink()) for name in names or ("news",)]
    for one in channels:
        kit.store.write_channel(lineup(*channels), one, catalogue())


def spawned(kit: StoreKit, epoch: int = 1) -> None:
    kit.store.begin_spawn(NEWS, MCR1, epoch, devices=[], counts_as_restart=False)


def soon(act: Callable[[], object]) -> None:
    """Repeat what is refused for a moment only."""
    until = time.monotonic() + 10
    while True:
        try:
            act()
        except Rejected:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


# ── the lineup's rows ────────────────────────────────────────────────────────────────────────────


def test_an_empty_database_reads_as_nothing(kit: StoreKit) -> None:
    seen = kit.store.read()
    assert not seen.channels
    assert (seen.claims, seen.overrides, seen.alarms) == ((), (), ())


def test_a_written_channel_is_read_with_its_digest(kit: StoreKit) -> None:
    written(kit, "sport", "news")
    seen = kit.store.read()
    assert list(seen.channels) == [NEWS, SPORT]
    row = seen.channels[NEWS]
    assert (row.digest, row.status, row.node, row.epoch) == ("d1", "stopped", None, 0)
    assert (row.sending_epoch, row.lease_expires_at, row.rundown_digest) == (0, None, "")
    assert seen.stored_names[AssetId("A-1")] == "a-1-0a1b.mp4"


def test_writing_again_changes_only_the_lineups_part(kit: StoreKit) -> None:
    written(kit)
    spawned(kit)
    kit.store.write_channel(lineup(), channel("news", digest="d2"), catalogue())
    row = kit.store.read().channels[NEWS]
    assert (row.digest, row.epoch, row.node) == ("d2", 1, MCR1)


def test_a_removed_channel_is_gone_and_its_epochs_are_not_reused(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 3)
    kit.store.save_rundown(NEWS, rundown(), "r1", "i1")
    kit.store.remove_channel(NEWS)
    kit.store.remove_channel(NEWS)
    assert not kit.store.read().channels
    written(kit)
    row = kit.store.read().channels[NEWS]
    assert (row.epoch, row.rundown_digest) == (3, "")
    with pytest.raises(Rejected, match="3 was given out"):
        spawned(kit, 3)


def test_nodes_are_written_and_removed(kit: StoreKit) -> None:
    kit.store.write_node(node("mcr-1"), "n1")
    kit.store.write_node(node("mcr-2", address="ssh://root:pw@10.0.0.2"), "n2")
    kit.store.write_node(node("mcr-1"), "n3")
    assert kit.store.read().nodes == {MCR1: "n3", MCR2: "n2"}
    kit.store.remove_node(MCR1)
    kit.store.remove_node(MCR1)
    assert kit.store.read().nodes == {MCR2: "n2"}


def test_a_recorder_keeps_its_status(kit: StoreKit) -> None:
    kit.store.write_recorder("ingest-1", MCR1, 2)
    kit.set_recording("ingest-1", recording=True)
    kit.store.write_recorder("ingest-1", MCR1, 2)
    recorder = kit.store.read().recorders[RecorderName("ingest-1")]
    assert (recorder.node, recorder.device, recorder.recording, recorder.sdi) == (
        MCR1,
        2,
        True,
        True,
    )


# ── epochs and devices ───────────────────────────────────────────────────────────────────────────


def test_a_spawn_takes_epoch_node_and_devices_at_once(kit: StoreKit) -> None:
    written(kit)
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[(SDI, 2)], counts_as_restart=False)
    seen = kit.store.read()
    row = seen.channels[NEWS]
    assert (row.epoch, row.node, row.status, row.restart_count) == (1, MCR1, "starting", 0)
    assert seen.claims == (
        ClaimSeen(node=MCR1, device=2, owner_kind="channel", owner="news", output=SDI),
    )


@pytest.mark.parametrize("epoch", [1, 2])
def test_an_epoch_that_is_not_the_newest_is_refused(kit: StoreKit, epoch: int) -> None:
    written(kit)
    spawned(kit, 2)
    with pytest.raises(Rejected, match="2 was given out"):
        spawned(kit, epoch)
    assert kit.store.read().channels[NEWS].epoch == 2


def test_a_channel_without_a_row_cannot_be_spawned(kit: StoreKit) -> None:
    with pytest.raises(Rejected, match="no row"):
        spawned(kit)


def test_a_held_device_refuses_the_spawn_as_a_whole(kit: StoreKit) -> None:
    written(kit, "news", "sport")
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[(SDI, 2)], counts_as_restart=False)
    with pytest.raises(Rejected, match=r"device 2 of mcr-1 is held by channel news"):
        kit.store.begin_spawn(
            SPORT, MCR1, 1, devices=[(OutputName("b"), 1), (SDI, 2)], counts_as_restart=True
        )
    seen = kit.store.read()
    assert seen.channels[SPORT].epoch == 0
    assert [claim.owner for claim in seen.claims] == ["news"]


def test_a_respawn_takes_over_the_devices_of_its_channel(kit: StoreKit) -> None:
    written(kit)
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[(SDI, 2)], counts_as_restart=False)
    kit.store.begin_spawn(NEWS, MCR1, 2, devices=[(SDI, 2)], counts_as_restart=True)
    kit.store.sidecar_gone(NEWS, 1)
    assert len(kit.store.read().claims) == 1
    kit.store.sidecar_gone(NEWS, 2)
    kit.store.sidecar_gone(NEWS, 2)
    assert kit.store.read().claims == ()


def test_restarts_are_counted_on_the_node_where_the_channel_is(kit: StoreKit) -> None:
    written(kit)
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[], counts_as_restart=False)
    kit.store.begin_spawn(NEWS, MCR1, 2, devices=[], counts_as_restart=True)
    kit.store.begin_spawn(NEWS, MCR1, 3, devices=[], counts_as_restart=True)
    row = kit.store.read().channels[NEWS]
    assert (row.restart_count, row.recent_restarts) == (2, 2)
    assert row.last_restart_at is not None
    kit.store.begin_spawn(NEWS, MCR2, 4, devices=[], counts_as_restart=True)
    row = kit.store.read().channels[NEWS]
    assert (row.restart_count, row.recent_restarts) == (3, 1)


def test_claiming_twice_is_claiming_once(kit: StoreKit) -> None:
    written(kit)
    kit.store.claim(NEWS, SDI, MCR1, 4)
    kit.store.claim(NEWS, SDI, MCR1, 4)
    assert len(kit.store.read().claims) == 1


def test_only_the_holder_releases(kit: StoreKit) -> None:
    written(kit, "news", "sport")
    kit.store.claim(NEWS, SDI, MCR1, 4)
    kit.store.release(SPORT, SDI, MCR1, 4)
    assert len(kit.store.read().claims) == 1
    kit.store.release(NEWS, SDI, MCR1, 4)
    kit.store.release(NEWS, SDI, MCR1, 4)
    assert kit.store.read().claims == ()
    kit.store.claim(SPORT, SDI, MCR1, 4)


def test_a_recording_recorder_holds_its_device(kit: StoreKit) -> None:
    written(kit)
    kit.store.write_recorder("ingest-1", MCR1, 2)
    kit.set_recording("ingest-1", recording=True)
    claim = ClaimSeen(node=MCR1, device=2, owner_kind="recorder", owner="ingest-1")
    assert kit.store.read().claims == (claim,)
    with pytest.raises(Rejected, match="held by recorder ingest-1"):
        kit.store.begin_spawn(NEWS, MCR1, 1, devices=[(SDI, 2)], counts_as_restart=False)
    kit.set_recording("ingest-1", recording=False)
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[(SDI, 2)], counts_as_restart=False)


def test_a_recorder_cannot_start_on_a_channels_device(kit: StoreKit) -> None:
    written(kit)
    kit.store.write_recorder("ingest-1", MCR1, 2)
    kit.store.claim(NEWS, SDI, MCR1, 2)
    with pytest.raises(Rejected, match="held"):
        kit.set_recording("ingest-1", recording=True)
    assert not kit.store.read().recorders[RecorderName("ingest-1")].recording


def test_of_many_that_race_for_one_device_one_wins(kit: StoreKit) -> None:
    names = [f"c{number}" for number in range(6)]
    written(kit, *names)

    def take(name: str) -> bool:
        try:
            kit.store.begin_spawn(
                ChannelName(name), MCR1, 1, devices=[(SDI, 1)], counts_as_restart=False
            )
        except Rejected:
            return False
        return True

    with ThreadPoolExecutor(len(names)) as pool:
        won = [name for name, won in zip(names, pool.map(take, names), strict=True) if won]
    assert [claim.owner for claim in kit.store.read().claims] == won
    assert len(won) == 1


def test_adopting_makes_a_found_epoch_the_channels(kit: StoreKit) -> None:
    written(kit)
    kit.store.adopt(NEWS, MCR2, 7)
    kit.store.adopt(NEWS, MCR2, 7)
    row = kit.store.read().channels[NEWS]
    assert (row.epoch, row.node, row.status) == (7, MCR2, "stopped")
    with pytest.raises(Rejected, match="7 was given out"):
        kit.store.adopt(NEWS, MCR1, 6)


# ── the right to send ────────────────────────────────────────────────────────────────────────────


def test_a_grant_lasts_by_the_databases_clock(kit: StoreKit) -> None:
    written(kit)
    spawned(kit)
    kit.store.grant(NEWS, 1, MINUTE)
    row = kit.store.read().channels[NEWS]
    assert row.sending_epoch == 1
    assert row.lease_expires_at is not None
    left = row.lease_expires_at - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= MINUTE


def lapse(kit: StoreKit) -> datetime:
    expires_at = kit.store.read().channels[NEWS].lease_expires_at
    assert expires_at is not None
    return expires_at


def test_a_lapsed_lease_tells_when_it_lapsed_and_can_be_renewed_by_its_epoch(
    kit: StoreKit,
) -> None:
    written(kit)
    spawned(kit)
    kit.store.grant(NEWS, 1, timedelta(0))
    assert kit.store.read().channels[NEWS].sending_epoch == 1
    assert lapse(kit) <= datetime.now(UTC)
    kit.store.grant(NEWS, 1, MINUTE)
    assert lapse(kit) > datetime.now(UTC)


def test_a_lease_without_limit_has_no_end(kit: StoreKit) -> None:
    written(kit)
    spawned(kit)
    kit.store.grant(NEWS, 1, None)
    row = kit.store.read().channels[NEWS]
    assert (row.sending_epoch, row.lease_expires_at) == (1, None)
    end = kit.store.grant(NEWS, 1, MINUTE)
    assert kit.store.read().channels[NEWS].lease_expires_at is None, "it may still believe so"
    kit.store.confirm_leases({NEWS: (1, end)})
    assert lapse(kit) > datetime.now(UTC)


def test_nobody_else_sends_while_a_lease_runs(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, MINUTE)
    spawned(kit, 2)
    with pytest.raises(Rejected, match="epoch 2 may not send yet: epoch 1 may"):
        kit.store.grant(NEWS, 2, MINUTE)
    assert kit.store.read().channels[NEWS].sending_epoch == 1


def test_the_sender_renews_while_its_successor_gets_ready(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, BRIEF)
    spawned(kit, 2)
    kit.store.grant(NEWS, 1, MINUTE)
    with pytest.raises(Rejected):
        kit.store.grant(NEWS, 2, MINUTE)


def test_the_right_passes_on_from_the_one_that_fell_silent_and_no_other(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, None)
    spawned(kit, 2)
    with pytest.raises(Rejected, match="epoch 2 may not send yet: epoch 1 may"):
        kit.store.grant(NEWS, 2, MINUTE, instead_of=7)
    kit.store.grant(NEWS, 2, MINUTE, instead_of=1)
    kit.store.grant(NEWS, 2, MINUTE, instead_of=1)  # the answer to the first was lost
    row = kit.store.read().channels[NEWS]
    assert row.sending_epoch == 2
    assert lapse(kit) > datetime.now(UTC), "what the old one was promised counts no more"
    assert not kit.store.renew_leases({NEWS: (1, MINUTE)})
    with pytest.raises(Rejected, match="2 is the newest"):
        kit.store.grant(NEWS, 1, MINUTE, instead_of=2)


def test_rights_taken_back_from_a_node_are_nobodys(kit: StoreKit) -> None:
    written(kit, "news", "sport")
    spawned(kit, 1)
    kit.store.begin_spawn(SPORT, MCR2, 1, devices=[], counts_as_restart=False)
    kit.store.grant(NEWS, 1, None)
    kit.store.grant(SPORT, 1, None)
    spawned(kit, 2)

    assert kit.store.take_back_rights(MCR1) == (NEWS,)
    assert kit.store.take_back_rights(MCR1) == ()
    rows = kit.store.read().channels
    assert (rows[NEWS].sending_epoch, rows[SPORT].sending_epoch) == (0, 1)
    assert not kit.store.renew_leases({NEWS: (1, None)})
    kit.store.grant(NEWS, 2, MINUTE)


def test_a_successor_sends_once_the_old_lease_has_lapsed(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, BRIEF)
    spawned(kit, 2)
    soon(lambda: kit.store.grant(NEWS, 2, MINUTE))
    with pytest.raises(Rejected, match="2 is the newest"):
        kit.store.grant(NEWS, 1, MINUTE)


def test_a_successor_sends_at_once_when_the_old_one_is_known_to_be_gone(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, None)
    spawned(kit, 2)
    with pytest.raises(Rejected, match="epoch 1"):
        kit.store.grant(NEWS, 2, None)
    kit.store.sidecar_gone(NEWS, 1)
    assert kit.store.read().channels[NEWS].sending_epoch == 0
    kit.store.grant(NEWS, 2, None)
    assert kit.store.read().channels[NEWS].sending_epoch == 2


def test_another_epochs_end_leaves_the_lease(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, MINUTE)
    spawned(kit, 2)
    kit.store.sidecar_gone(NEWS, 2)
    assert kit.store.read().channels[NEWS].sending_epoch == 1


def test_a_shorter_renewal_never_ends_what_was_promised(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, MINUTE)
    end = kit.store.grant(NEWS, 1, BRIEF)
    spawned(kit, 2)
    with pytest.raises(Rejected):
        kit.store.grant(NEWS, 2, MINUTE)
    kit.store.confirm_leases({NEWS: (1, end)})
    soon(lambda: kit.store.grant(NEWS, 2, MINUTE))


def test_an_epoch_that_is_not_the_newest_never_gets_the_lease(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    spawned(kit, 2)
    with pytest.raises(Rejected, match="2 is the newest"):
        kit.store.grant(NEWS, 1, MINUTE)


def test_many_leases_are_renewed_together(kit: StoreKit) -> None:
    written(kit, "news", "sport")
    spawned(kit)
    kit.store.begin_spawn(SPORT, MCR1, 1, devices=[], counts_as_restart=False)
    kit.store.grant(NEWS, 1, MINUTE)
    assert kit.store.renew_leases({NEWS: (1, None), SPORT: (1, MINUTE)}).keys() == {NEWS}


# ── what passes leave behind ─────────────────────────────────────────────────────────────────────


def test_what_was_seen_is_recorded(kit: StoreKit) -> None:
    written(kit, "news", "sport")
    kit.store.record(
        [observed("news"), observed("sport", "error", on=None, error="no node"), observed("ghost")]
    )
    channels = kit.store.read().channels
    assert (channels[NEWS].status, channels[NEWS].node) == ("running", MCR1)
    assert (channels[SPORT].status, channels[SPORT].error_message) == ("error", "no node")
    kit.store.record([observed("news", "error", on=None), observed("sport", "stopped", on=None)])
    channels = kit.store.read().channels
    assert (channels[NEWS].node, channels[SPORT].node) == (MCR1, None)
    assert channels[SPORT].error_message == ""


def test_recording_nothing_is_allowed(kit: StoreKit) -> None:
    kit.store.record([])
    kit.store.store_asrun([])
    kit.store.journal([])


def test_a_rundown_is_kept_for_a_successor(kit: StoreKit) -> None:
    written(kit)
    assert kit.store.load_rundown(NEWS) is None
    kit.store.save_rundown(NEWS, rundown(until=2000), "r1", "i1")
    kit.store.save_rundown(NEWS, rundown(until=3000), "r2", "i1")
    assert kit.store.load_rundown(NEWS) == rundown(until=3000)
    row = kit.store.read().channels[NEWS]
    assert (row.rundown_digest, row.rundown_until) == ("r2", 3000)


def test_an_alarm_is_raised_once_and_keeps_its_beginning(kit: StoreKit) -> None:
    kit.store.raise_alarm(NEWS, "picture", "frozen for 3 s")
    (first,) = kit.store.read().alarms
    kit.store.raise_alarm(NEWS, "picture", "frozen for 9 s")
    (second,) = kit.store.read().alarms
    assert second == replace(first, text="frozen for 9 s")
    kit.store.clear_alarm(NEWS, "picture")
    kit.store.clear_alarm(NEWS, "picture")
    assert kit.store.read().alarms == ()


# ── overrides ────────────────────────────────────────────────────────────────────────────────────


def override(kind: str = "off", *, expires_at: datetime | None = None) -> OverrideSeen:
    return OverrideSeen(
        id=0,
        channel=NEWS,
        kind=kind,
        value="",
        owner="kari",
        reason="maintenance",
        expires_at=expires_at,
    )


def test_an_override_holds_until_it_is_ended(kit: StoreKit) -> None:
    number = kit.store.add_override(override())
    assert kit.store.read().overrides == (replace(override(), id=number),)
    kit.store.end_override(number, "ola")
    assert kit.store.overrides() == ()
    with pytest.raises(Rejected, match="over"):
        kit.store.end_override(number, "ola")


def test_an_expired_override_is_not_read(kit: StoreKit) -> None:
    past = datetime.now(UTC) - timedelta(minutes=5)
    number = kit.store.add_override(override(expires_at=past))
    assert kit.store.read().overrides == ()
    with pytest.raises(Rejected, match="over"):
        kit.store.end_override(number, "ola")


def test_a_new_override_replaces_the_one_of_its_kind(kit: StoreKit) -> None:
    kit.store.add_override(override())
    placed = kit.store.add_override(replace(override("node"), value="mcr-2"))
    later = datetime.now(UTC) + timedelta(hours=1)
    again = kit.store.add_override(override(expires_at=later))
    assert {one.id for one in kit.store.overrides()} == {placed, again}


# ── fencing ──────────────────────────────────────────────────────────────────────────────────────


def deciding(kit: StoreKit) -> list[Callable[[], object]]:
    """Every write that only a leader may make, by a store of an old term."""
    old = kit.store_of(lambda: kit.term - 1)
    return [
        lambda: old.write_channel(lineup(), channel(), catalogue()),
        lambda: old.remove_channel(NEWS),
        lambda: old.write_node(node(), "n"),
        lambda: old.remove_node(MCR1),
        lambda: old.write_recorder("r", MCR1, 1),
        lambda: old.begin_spawn(NEWS, MCR1, 9, devices=[], counts_as_restart=False),
        lambda: old.claim(NEWS, SDI, MCR1, 1),
        lambda: old.release(NEWS, SDI, MCR1, 1),
        lambda: old.sidecar_gone(NEWS, 1),
        lambda: old.adopt(NEWS, MCR1, 9),
        lambda: old.grant(NEWS, 2, MINUTE),
        lambda: old.record([observed()]),
        lambda: old.raise_alarm(NEWS, "k", "t"),
        lambda: old.clear_alarm(NEWS, "k"),
    ]


def test_a_deposed_leader_decides_nothing(kit: StoreKit) -> None:
    written(kit)
    spawned(kit, 1)
    kit.store.grant(NEWS, 1, MINUTE)
    spawned(kit, 2)
    before = kit.store.read()
    for act in deciding(kit):
        with pytest.raises(Rejected, match="no longer leading"):
            act()
    assert kit.store.read() == before


def test_who_never_led_decides_nothing(kit: StoreKit) -> None:
    with pytest.raises(Rejected, match="no longer leading"):
        kit.store_of(lambda: None).remove_channel(NEWS)


def test_any_reconciler_keeps_a_lease_alive(kit: StoreKit) -> None:
    written(kit)
    spawned(kit)
    kit.store.grant(NEWS, 1, timedelta(0))
    kit.store_of(lambda: None).grant(NEWS, 1, MINUTE)
    assert lapse(kit) > datetime.now(UTC)
