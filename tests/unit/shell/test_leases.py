from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from reconciler.model.ids import ChannelName
from reconciler.shell.leases import LeaseKeeper
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld
from tests.waiting import eventually

NEWS, SPORT = ChannelName("news"), ChannelName("sport")
DEADLINE = 10.0


class Kept:
    """A cluster on air, and a keeper that follows it."""

    def __init__(self, fence: float | None = 30, names: tuple[str, ...] = ("news",)) -> None:
        self.world = FakeWorld(lineup(*(channel(name, fence=fence) for name in names)))
        self.world.converge()
        self.keeper = LeaseKeeper(self.world.ports)
        self.follow()

    def follow(self) -> None:
        self.keeper.follow(self.world.desired, self.world.reconciler.look(self.world.desired))

    def renew(self) -> None:
        self.keeper.renew()

    def left(self, name: str = "news") -> float:
        """Seconds of sending that a sidecar has left, by its own account."""
        sidecar = self.world.yard.at(name, 1)
        left = sidecar.lease.left(self.world.clock.monotonic())
        assert left is not None
        return left.total_seconds()

    def expires(self, name: str = "news") -> datetime:
        return self.world.database.leases[ChannelName(name)].expires


def test_a_renewal_gives_the_sidecar_its_time_again() -> None:
    kept = Kept()
    kept.world.clock.tick(20)
    kept.renew()
    assert kept.left() == 29  # its margin is taken off
    assert (kept.expires() - kept.world.clock.now()).total_seconds() == 30


def test_the_database_knows_of_a_renewal_before_the_sidecar_does() -> None:
    kept = Kept()
    kept.world.clock.tick(20)
    kept.world.yard.at("news", 1).refuses = "busy"
    kept.renew()
    assert kept.left() < 10
    assert (kept.expires() - kept.world.clock.now()).total_seconds() == 30


def test_without_the_database_nobody_is_told_of_more_time() -> None:
    kept = Kept()
    kept.world.clock.tick(20)
    kept.world.database.silent = True
    kept.renew()
    assert kept.left() < 10
    kept.world.database.silent = False
    kept.renew()
    assert kept.left() == 29


def test_a_silent_sidecar_does_not_cost_the_others_their_lease() -> None:
    kept = Kept(names=("news", "sport"))
    kept.world.clock.tick(20)
    kept.world.yard.at("news", 1).mute = True
    kept.renew()
    assert kept.left("sport") == 29
    assert kept.left("news") < 10
    kept.world.yard.at("news", 1).mute = False
    kept.renew()
    assert kept.left("news") == 29


def test_a_round_is_confirmed_once_and_only_for_those_that_were_told() -> None:
    kept = Kept(names=("news", "sport", "films"))
    kept.world.clock.tick(20)
    kept.world.database.leases[NEWS].expires += timedelta(seconds=60)  # it ran longer before
    kept.world.database.leases[SPORT].expires += timedelta(seconds=60)
    kept.world.yard.at("sport", 1).refuses = "busy"
    opened = kept.world.database.opened
    opened.clear()

    kept.renew()

    assert opened == ["renew_leases", "confirm_leases"]
    now = kept.world.clock.now()
    assert (kept.expires("news") - now).total_seconds() == 30
    assert (kept.expires("sport") - now).total_seconds() > 30, "it may not have heard"


def test_a_superseded_sidecar_is_not_kept_sending() -> None:
    kept = Kept()
    kept.world.database.leases[NEWS].epoch = 2
    kept.follow()
    kept.world.clock.tick(20)
    kept.renew()
    assert kept.left() < 10


def test_a_lease_that_went_to_another_in_the_meantime_is_not_told_of() -> None:
    kept = Kept()
    kept.world.clock.tick(20)
    kept.world.database.leases[NEWS].epoch = 2
    kept.renew()
    assert kept.left() < 10


def test_a_channel_fenced_never_has_no_lease_to_keep() -> None:
    kept = Kept(fence=None)
    kept.world.yard.at("news", 1).calls.clear()
    kept.renew()
    assert kept.world.yard.at("news", 1).calls == []


@pytest.mark.parametrize("fence", [30.0, None])
def test_a_channel_whose_file_was_deleted_goes_on_sending(fence: float | None) -> None:
    kept = Kept(fence=fence, names=("news", "sport"))
    kept.world.lineup.set(lineup(channel("sport", fence=fence)))
    for _ in range(4):
        kept.world.clock.tick(20)
        kept.follow()
        kept.renew()
    assert kept.world.on_air() == ["news", "sport"]


@pytest.mark.parametrize(("before", "after"), [(30.0, None), (None, 30.0), (60.0, 8.0)])
def test_a_fence_that_is_changed_in_the_lineup_costs_nobody_the_right(
    before: float | None, after: float | None
) -> None:
    kept = Kept(fence=before)
    kept.world.lineup.set(lineup(channel("news", fence=after)))
    for _ in range(30):
        kept.world.one_pass()
        kept.follow()
        kept.renew()
        kept.world.clock.tick(2.5)
        assert kept.world.on_air() == ["news"]
    if after is not None:
        assert (kept.expires() - kept.world.clock.now()).total_seconds() <= after
        assert kept.left() <= after


def test_a_silent_channel_without_a_file_is_left_alone() -> None:
    kept = Kept()
    kept.world.lineup.set(lineup())
    kept.world.yard.at("news", 1).mute = True
    kept.follow()
    assert kept.keeper._kept == ()


# ── its thread ───────────────────────────────────────────────────────────────────────────────────


def test_it_renews_again_and_again_until_it_is_told_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = Kept()
    monkeypatch.setattr("reconciler.shell.leases._SHARE", 1_500)
    assert kept.keeper._pause() == pytest.approx(0.02)
    stop = threading.Event()
    thread = threading.Thread(target=kept.keeper.run, args=(stop,))
    thread.start()
    sidecar = kept.world.yard.at("news", 1)
    sidecar.calls.clear()
    eventually(lambda: sidecar.calls.count("grant") >= 3)
    stop.set()
    thread.join(DEADLINE)
    assert not thread.is_alive()


def test_a_bug_in_one_round_does_not_end_the_keeping(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Kept()
    monkeypatch.setattr("reconciler.shell.leases._SHARE", 1_500)
    renew, stop, rounds = kept.keeper.renew, threading.Event(), iter(range(3))

    def stumble() -> None:
        if next(rounds) == 0:
            raise ZeroDivisionError
        renew()
        stop.set()

    monkeypatch.setattr(kept.keeper, "renew", stumble)
    kept.keeper.run(stop)
    assert "a bug ended this round of leases" in caplog.text
    assert kept.left() == 29


def test_it_renews_three_times_within_a_lease() -> None:
    assert Kept(fence=30).keeper._pause() == 10.0


def test_with_nothing_to_keep_it_looks_now_and_then() -> None:
    assert LeaseKeeper(FakeWorld(lineup()).ports)._pause() == 1.0
