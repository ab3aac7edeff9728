"""The contract of `ports.Store`: kept rundowns, leases renewed together, what passes record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from reconciler.errors import Rejected
from reconciler.model.ids import AssetId, ChannelName, EventId
from reconciler.model.observed import Life, SidecarSeen
from reconciler.model.rundown import Clip, SlatePicture
from tests.store_kit import KINDS, StoreKit, open_kit
from tests.store_values import (
    MCR1,
    MCR2,
    NEWS,
    NOON,
    SPORT,
    catalogue,
    channel,
    lineup,
    node,
    observed,
    rundown,
)

pytestmark = pytest.mark.postgres
MINUTE = timedelta(minutes=1)
FILE = "a-1-0a1b.mp4"


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest) -> Iterator[StoreKit]:
    with open_kit(request) as kit:
        for name in ("news", "sport"):
            kit.store.write_channel(lineup(), channel(name), catalogue())
        yield kit


def granted(kit: StoreKit, name: ChannelName = NEWS, ttl: timedelta | None = MINUTE) -> None:
    kit.store.begin_spawn(name, MCR1, 1, devices=[], counts_as_restart=False)
    kit.store.grant(name, 1, ttl)


def expires(kit: StoreKit, name: ChannelName = NEWS) -> datetime:
    found = kit.store.read().channels[name].lease_expires_at
    assert found is not None
    return found


# ── kept rundowns ────────────────────────────────────────────────────────────────────────────────


def test_what_a_rundown_was_made_from_is_read_with_its_channel(kit: StoreKit) -> None:
    assert kit.store.read().channels[NEWS].rundown_inputs == ""
    kit.store.save_rundown(NEWS, rundown(), "r1", "i1")
    row = kit.store.read().channels[NEWS]
    assert (row.rundown_digest, row.rundown_inputs) == ("r1", "i1")
    assert kit.store.read().channels[SPORT].rundown_inputs == ""


def test_the_newest_live_act_in_a_rundown_is_known_and_unknown_without_one(kit: StoreKit) -> None:
    assert kit.store.read().channels[NEWS].rundown_acts_seq is None
    kit.store.save_rundown(NEWS, replace(rundown(), acts_seq=0), "r1", "i1")
    assert kit.store.read().channels[NEWS].rundown_acts_seq == 0
    kit.store.save_rundown(NEWS, replace(rundown(), acts_seq=7), "r2", "i1")
    assert kit.store.read().channels[NEWS].rundown_acts_seq == 7
    kept = kit.store.load_rundown(NEWS)
    assert kept is not None
    assert kept.acts_seq == 7


def test_inputs_can_be_noted_without_touching_the_rundown(kit: StoreKit) -> None:
    kit.store.save_rundown(NEWS, rundown(), "r1", "i1")
    kit.store.note_inputs({NEWS: "i2", SPORT: "i9", ChannelName("ghost"): "i9"})
    seen = kit.store.read().channels
    assert (seen[NEWS].rundown_digest, seen[NEWS].rundown_inputs) == ("r1", "i2")
    assert (seen[SPORT].rundown_digest, seen[SPORT].rundown_inputs) == ("", "")
    assert kit.store.load_rundown(NEWS) == rundown()


def test_noting_nothing_is_allowed(kit: StoreKit) -> None:
    kit.store.note_inputs({})


def test_the_files_of_kept_rundowns_are_read_together(kit: StoreKit) -> None:
    kit.store.save_rundown(NEWS, rundown(), "r1", "i1")
    assert kit.store.read_needs([NEWS, SPORT, ChannelName("ghost")]) == {NEWS: rundown().due}
    assert kit.store.read_needs([SPORT]) == {}
    assert kit.store.read_needs([]) == {}


def test_where_kept_rundowns_play_some_of_their_files_is_picked_out(kit: StoreKit) -> None:
    whole = rundown()
    (first,) = whole.events
    ident, slate, late = (
        Clip(asset=AssetId(name), stored=f"{name}.mp4", in_frame=0) for name in ("ID", "S", "LATE")
    )
    events = (
        replace(first, frames=100, playlist="day", item="open", alternate=late),
        replace(first, id=EventId("e2"), start=1100, frames=400, material=SlatePicture()),
        replace(first, id=EventId("e3"), start=1500, frames=500, title=""),
    )
    both = replace(whole, events=events, filler=(ident, ident), slate=slate)
    kit.store.save_rundown(NEWS, both, "r1", "i1")
    kit.store.save_rundown(SPORT, replace(whole, channel=SPORT), "r2", "i1")

    files = [FILE, "LATE.mp4", "ID.mp4", "S.mp4", "nowhere.mp4"]
    found = kit.store.read_plays({NEWS: files, SPORT: ["S.mp4"], ChannelName("ghost"): files})

    assert found.keys() == {NEWS}
    assert sorted(found[NEWS], key=str) == sorted(both.plays(), key=str)
    assert [(play.event, play.start) for play in found[NEWS]] == [
        ("", 1000),
        ("", 1000),
        ("", 1000),
        ("e1", 1000),
        ("e1", 1000),
        ("e3", 1500),
    ]
    assert kit.store.read_plays({NEWS: [FILE]})[NEWS] == tuple(
        play for play in both.plays() if play.stored == FILE
    )
    assert kit.store.read_plays({}) == {}


def test_a_rundown_that_plays_no_file_needs_none(kit: StoreKit) -> None:
    kit.store.save_rundown(NEWS, replace(rundown(), events=(), end=1000), "r1", "i1")
    assert kit.store.read_needs([NEWS]) == {NEWS: {}}


def test_a_rundown_is_kept_while_another_transaction_holds_the_copies_of_its_files(
    kit: StoreKit,
) -> None:
    kit.store.record_media(MCR1, kit.staged(FILE))
    with copies_held(kit):
        kit.store.save_rundown(NEWS, rundown(), "r1", "i1")
    assert kit.store.load_rundown(NEWS) == rundown()


@contextmanager
def copies_held(kit: StoreKit) -> Iterator[None]:
    """Another transaction works on copies that were not played for long; the fake has no locks."""
    if not kit.url:
        yield
        return
    with psycopg.connect(kit.url) as other:
        other.execute("update media_copies set used_at = null")
        other.commit()
        other.execute("select 1 from media_copies for update")
        yield


def test_a_deposed_leader_keeps_no_rundown(kit: StoreKit) -> None:
    old = kit.store_of(lambda: kit.term - 1)
    acts: list[Callable[[], None]] = [
        lambda: old.save_rundown(NEWS, rundown(), "r1", "i1"),
        lambda: old.note_inputs({NEWS: "i1"}),
        lambda: old.record_nodes([MCR1]),
        lambda: old.record_sidecars([]),
        lambda: old.record_media(MCR1, {}),
    ]
    for act in acts:
        with pytest.raises(Rejected, match="no longer leading"):
            act()
    assert kit.store.load_rundown(NEWS) is None


# ── leases renewed together ──────────────────────────────────────────────────────────────────────


def test_only_epochs_that_have_the_lease_are_renewed(kit: StoreKit) -> None:
    granted(kit)
    granted(kit, SPORT)
    before = expires(kit, SPORT)
    two = 2 * MINUTE
    renewed = kit.store.renew_leases({NEWS: (1, two), SPORT: (2, two), ChannelName("x"): (1, two)})
    assert renewed.keys() == {NEWS}
    assert expires(kit) - datetime.now(UTC) > timedelta(seconds=100)
    assert expires(kit, SPORT) == before


def test_a_lapsed_lease_is_renewed_while_nobody_else_took_it(kit: StoreKit) -> None:
    granted(kit, ttl=timedelta(0))
    assert kit.store.renew_leases({NEWS: (1, MINUTE)}).keys() == {NEWS}
    assert expires(kit) > datetime.now(UTC)


def test_whoever_leads_anyone_renews(kit: StoreKit) -> None:
    granted(kit)
    standby = kit.store_of(lambda: None)
    end = standby.renew_leases({NEWS: (1, 2 * MINUTE)})[NEWS]
    standby.confirm_leases({NEWS: (1, end)})
    assert expires(kit) - datetime.now(UTC) > timedelta(seconds=100)


def test_renewing_nothing_renews_nothing(kit: StoreKit) -> None:
    assert kit.store.renew_leases({}) == {}


def test_a_lease_is_shortened_only_once_the_sidecar_knows(kit: StoreKit) -> None:
    granted(kit)
    before = expires(kit)
    end = kit.store.renew_leases({NEWS: (1, timedelta(seconds=1))})[NEWS]
    assert expires(kit) == before
    kit.store.confirm_leases({NEWS: (1, end)})
    assert expires(kit) < before


def test_a_confirmation_by_another_epoch_changes_nothing(kit: StoreKit) -> None:
    granted(kit)
    before = expires(kit)
    end = kit.store.renew_leases({NEWS: (1, timedelta(seconds=1))})[NEWS]
    kit.store.confirm_leases({NEWS: (2, end)})
    kit.store.confirm_leases({SPORT: (1, end)})
    assert expires(kit) == before


# ── what passes record ───────────────────────────────────────────────────────────────────────────


def test_a_channel_that_a_pass_could_not_judge_stays_as_it_was(kit: StoreKit) -> None:
    kit.store.record([observed("news"), observed("sport")])
    kit.store.record([observed("sport", "error", error="dead")])
    seen = kit.store.read().channels
    assert (seen[NEWS].status, seen[SPORT].status) == ("running", "error")


def test_nodes_that_answered_are_noted_and_unknown_ones_do_not_matter(kit: StoreKit) -> None:
    kit.store.write_node(node("mcr-1"), "n1")
    kit.store.record_nodes([MCR1, MCR2])
    kit.store.record_nodes([])
    assert kit.store.read().nodes == {MCR1: "n1"}


def sidecar(name: ChannelName = NEWS, epoch: int = 1, **changes: object) -> SidecarSeen:
    base = SidecarSeen(
        channel=name,
        node=MCR1,
        epoch=epoch,
        fingerprint="f1",
        commit="c" * 40,
        handle="pid-1",
        url="http://127.0.0.1:3002",
        life=Life.RUNNING,
        started_at=NOON,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # by keyword


def test_sidecars_are_described_again_and_again(kit: StoreKit) -> None:
    granted(kit)
    kit.store.record_sidecars([sidecar(), sidecar(ChannelName("ghost"), 4)])
    kit.store.record_sidecars([sidecar(url="http://127.0.0.1:4000")])
    kit.store.record_sidecars([])
    row = kit.store.read().channels[NEWS]
    assert (row.epoch, row.sending_epoch) == (1, 1), "a description gives no right"


def test_media_of_a_node_is_recorded_again_and_again(kit: StoreKit) -> None:
    kit.store.record_media(MCR1, kit.staged(FILE, "b.mp4"))
    kit.store.record_media(MCR1, kit.staged(FILE, "b.mp4"))
    kit.store.record_media(MCR1, {})
    kit.store.record_media(MCR2, kit.staged(FILE))
