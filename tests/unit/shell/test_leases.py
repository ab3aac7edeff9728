from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from reconciler.model.ids import ChannelName
from reconciler.shell.leases import LeaseKeeper
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld

NEWS = ChannelName("news")
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
        with ThreadPoolExecutor(4) as pool:
            self.keeper.renew(pool)

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


def test_one_that_is_slow_to_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.shell.leases._PATIENCE", 0.1)
    kept = Kept(names=("news", "sport"))
    kept.world.clock.tick(20)
    door, rack = threading.Event(), kept.world.yard.nodes[next(iter(kept.world.desired.nodes))]

    def stuck(what: str) -> None:
        if what == "status news 1":
            assert door.wait(DEADLINE)

    rack.delay = stuck
    with ThreadPoolExecutor(1) as pool:
        threading.Timer(0.3, door.set).start()
        kept.keeper.renew(pool)
        assert kept.keeper._silent == {"news", "sport"}, "sport was behind it in the queue"
    rack.delay = lambda _: None
    kept.renew()
    assert kept.left("sport") == 29


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


def test_a_silent_channel_without_a_file_is_left_alone() -> None:
    kept = Kept()
    kept.world.lineup.set(lineup())
    kept.world.yard.at("news", 1).mute = True
    kept.follow()
    assert kept.keeper._kept == ()


# ── its thread ───────────────────────────────────────────────────────────────────────────────────


def until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.005)


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
    until(lambda: sidecar.calls.count("grant") >= 3)
    stop.set()
    thread.join(DEADLINE)
    assert not thread.is_alive()


def test_it_renews_three_times_within_a_lease() -> None:
    assert Kept(fence=30).keeper._pause() == 10.0


def test_with_nothing_to_keep_it_looks_now_and_then() -> None:
    assert LeaseKeeper(FakeWorld(lineup()).ports)._pause() == 1.0
