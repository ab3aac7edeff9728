from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import Fault, LineupError
from reconciler.model.desired import Desired, Policy
from reconciler.model.ids import NodeName
from reconciler.model.observed import Snapshot
from reconciler.shell.backoff import FIRST
from reconciler.shell.converge import Judgement
from reconciler.shell.leases import LeaseKeeper
from reconciler.shell.loop import Loop, Wake
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

RACK1, RACK2 = NodeName("rack1"), NodeName("rack2")
INTERVAL, SETTLING, STANDBY, AGAIN = 10.0, 0.25, 0.25, 1.0
BAD = LineupError((Fault(file="channels/news.yaml", line=6, field="format", problem="wrong"),))


class Looped:
    """A loop in a world of fakes, turned by hand."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self.published: list[tuple[Judgement, str]] = []
        self.followed: list[Snapshot] = []
        self.wake = Wake()
        self.keeper = LeaseKeeper(world.ports)
        self.loop = Loop(
            world.ports,
            world.reconciler,
            self.wake,
            publish=lambda judgement, error: self.published.append((judgement, error)),
            follow=self.follow,
        )

    def follow(self, desired: Desired, seen: Snapshot) -> None:
        self.followed.append(seen)
        self.keeper.follow(desired, seen)

    def turn(self) -> float:
        self.keeper.renew()
        wait = self.loop.turn()
        assert self.world.stager.wait(10)
        return wait

    def until_settled(self) -> None:
        for _ in range(12):
            if self.turn() == INTERVAL:
                return
            self.world.clock.tick(SETTLING)
        raise AssertionError("not settled")


@pytest.fixture
def looped(caplog: pytest.LogCaptureFixture) -> Looped:
    caplog.set_level(logging.INFO, "reconciler.shell.loop")
    return Looped(FakeWorld(lineup(channel("news"))))


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "reconciler.shell.loop"]


# ── going on air ─────────────────────────────────────────────────────────────────────────────────


def test_a_start_is_followed_step_by_step_then_the_loop_rests(looped: Looped) -> None:
    waits = [looped.turn() for _ in range(4)]
    assert waits == [SETTLING, SETTLING, SETTLING, INTERVAL]
    assert looped.world.on_air() == ["news"]


def test_it_stays_awake_while_an_engine_gets_ready(looped: Looped) -> None:
    looped.turn()
    looped.world.yard.at("news", 1).ready = False
    assert [looped.turn() for _ in range(3)] == [SETTLING] * 3
    looped.world.clock.tick(61)
    assert looped.turn() == INTERVAL, "by then it is not starting but stuck"


def test_media_under_way_does_not_keep_it_awake(looped: Looped) -> None:
    looped.until_settled()
    world = looped.world
    door = threading.Event()
    rack = world.yard.nodes[RACK1]
    rack.media.clear()

    def slow(what: str) -> None:
        if what.startswith("stage"):
            door.wait(10)

    rack.delay = slow
    assert looped.loop.turn() == INTERVAL
    assert looped.published[-1][0].plan.actions
    door.set()
    assert world.stager.wait(10)


def test_every_snapshot_is_followed_and_every_pass_published(looped: Looped) -> None:
    looped.turn()
    assert len(looped.followed) == 1
    ((judgement, error),) = looped.published
    assert (judgement.seen, error) == (looped.followed[0], "")


# ── the lead ─────────────────────────────────────────────────────────────────────────────────────


def test_who_does_not_lead_stands_by_and_does_nothing(
    looped: Looped, caplog: pytest.LogCaptureFixture
) -> None:
    other = looped.world.another()
    assert other.leadership.try_lead() is not None
    assert [looped.turn() for _ in range(3)] == [STANDBY] * 3
    assert looped.world.database.channels == {}
    assert lines(caplog) == ["standing by: another reconciler leads"]


def test_who_stands_by_looks_now_and_then_to_keep_leases(looped: Looped) -> None:
    looped.world.another().leadership.try_lead()
    for _ in range(3):
        looped.turn()
    assert len(looped.followed) == 1
    looped.world.clock.tick(INTERVAL)
    looped.turn()
    assert len(looped.followed) == 2
    assert looped.published == []


def test_who_stands_by_without_a_lineup_has_nothing_to_look_at(looped: Looped) -> None:
    looped.world.another().leadership.try_lead()
    looped.world.lineup.set(BAD)
    assert looped.turn() == STANDBY
    assert looped.followed == []


def test_the_lead_is_taken_when_it_is_free(looped: Looped) -> None:
    other = looped.world.another()
    other.leadership.try_lead()
    looped.turn()
    other.leadership.resign()
    looped.until_settled()
    assert looped.world.on_air() == ["news"]


def test_a_lead_lost_in_the_middle_of_a_pass_stops_it(looped: Looped) -> None:
    world = looped.world
    steps = iter([True, True, False])
    world.leadership.is_leading = lambda: next(steps, False)  # type: ignore[method-assign]  # it lapses
    looped.turn()
    assert world.yard.sidecars == {}


# ── the lineup ───────────────────────────────────────────────────────────────────────────────────


def test_without_a_lineup_it_waits_and_says_so_once(
    looped: Looped, caplog: pytest.LogCaptureFixture
) -> None:
    looped.world.lineup.set(BAD)
    assert [looped.turn(), looped.turn()] == [INTERVAL, INTERVAL]
    assert lines(caplog) == [f"no lineup is in force: {BAD}"]


def test_a_bad_commit_changes_nothing_and_is_told_to_the_screens(looped: Looped) -> None:
    looped.until_settled()
    looped.world.lineup.set(BAD)
    assert looped.turn() == INTERVAL
    assert looped.world.on_air() == ["news"]
    assert looped.published[-1][1] == str(BAD)


# ── refusals and failures ────────────────────────────────────────────────────────────────────────


def four(edition: int = 1, **changes: object) -> Desired:
    names = ("a", "b", "c", "d")
    channels = [
        channel(name, edition=edition, allow_interrupt=True, **changes)  # type: ignore[arg-type]  # by keyword
        for name in names
    ]
    return lineup(*channels, policy=Policy(max_interrupted=1, max_interrupted_percent=1))


def test_a_daring_plan_is_performed_without_its_daring_part(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "reconciler.shell.loop")
    looped = Looped(FakeWorld(four()))
    looped.until_settled()
    epochs = {name: row.epoch for name, row in looped.world.database.channels.items()}
    daring = four(preview_hls=True, fmt="424x240p2500")
    more = replace(daring, channels={**daring.channels, channel("z").name: channel("z")})
    looped.world.lineup.set(more)
    caplog.clear()
    for _ in range(6):
        looped.turn()
        looped.world.clock.tick(1)
    assert looped.world.on_air() == ["a", "b", "c", "d", "z"]
    kept = {n: r.epoch for n, r in looped.world.database.channels.items() if n != "z"}
    assert kept == epochs, "none of the four was interrupted"
    errors = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert errors, "someone must act"
    assert "held='this plan interrupts 4 of 5 channels" in errors[-1]


def test_a_daring_plan_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    looped = Looped(FakeWorld(four()))
    looped.until_settled()
    looped.world.lineup.set(four(preview_hls=True, fmt="424x240p2500"))
    looped.turn()
    caplog.set_level(logging.INFO, "reconciler.shell.loop")
    caplog.clear()
    for _ in range(5):
        looped.world.clock.tick(INTERVAL)
        looped.turn()
    assert len(lines(caplog)) <= 1, "one line per change of mind, not per pass"


def test_a_failing_channel_backs_off_and_the_others_go_on() -> None:
    world = FakeWorld(
        lineup(
            channel("news", labels={"site": "oslo"}),
            channel("sport", labels={"site": "bergen"}),
            machine("rack1", labels={"site": "oslo"}),
            machine("rack2", labels={"site": "bergen"}),
        )
    )
    looped = Looped(world)
    world.yard.nodes[RACK1].refuses = "no room"
    waits = []
    for _ in range(8):
        waits.append(looped.turn())
        world.clock.tick(0.2)
    assert world.on_air() == ["sport"]
    tries = [call for call in world.yard.nodes[RACK1].calls if call.startswith("spawn news")]
    assert 1 < len(tries) <= 3
    assert min(waits) == SETTLING
    world.yard.nodes[RACK1].refuses = ""
    for _ in range(12):
        world.clock.tick(max(looped.turn(), 1))
    assert world.on_air() == ["news", "sport"]


def test_after_a_failure_it_waits_no_longer_than_the_back_off(looped: Looped) -> None:
    looped.until_settled()
    looped.world.yard.kill("news", 1)
    looped.world.database.refuse.add("begin_spawn")
    assert looped.turn() == SETTLING  # the dead one was collected
    assert looped.turn() <= max(FIRST, SETTLING) + 60


def test_an_absent_database_is_a_warning_and_tried_again(
    looped: Looped, caplog: pytest.LogCaptureFixture
) -> None:
    looped.until_settled()
    caplog.clear()
    looped.world.database.silent = True
    assert [looped.turn(), looped.turn()] == [AGAIN, AGAIN]
    assert len(lines(caplog)) == 1
    assert "the next pass will try again" in lines(caplog)[0]
    looped.world.database.silent = False
    assert looped.turn() == INTERVAL
    assert looped.world.on_air() == ["news"]


def test_a_silent_node_is_looked_at_again_when_it_counts_as_lost() -> None:
    desired = lineup(
        channel("news", prefer=["rack1"], fence=5),
        machine("rack1"),
        machine("rack2"),
        policy=Policy(lost_after=timedelta(seconds=3)),
    )
    looped = Looped(FakeWorld(desired))
    looped.until_settled()
    looped.world.yard.nodes[RACK1].silent = True
    looped.world.clock.tick(1)
    waits = looped.turn()
    assert waits <= 3
    total = 1.0
    while looped.world.on_air() != ["news"] or not any(
        s.node == RACK2 for s in looped.world.sending("news")
    ):
        looped.world.clock.tick(waits)
        total += waits
        waits = looped.turn()
        assert total < 9, "lost after 3 s, its lease over after 5 and 2 more: it should be there"


# ── one line per change of mind ──────────────────────────────────────────────────────────────────


def test_a_quiet_cluster_says_nothing(looped: Looped, caplog: pytest.LogCaptureFixture) -> None:
    looped.until_settled()
    caplog.clear()
    for _ in range(5):
        looped.world.clock.tick(INTERVAL)
        assert looped.turn() == INTERVAL
    assert lines(caplog) == []


def test_holds_are_told_when_they_are_new(caplog: pytest.LogCaptureFixture) -> None:
    looped = Looped(FakeWorld(lineup(channel("news", labels={"site": "nowhere"}))))
    caplog.set_level(logging.INFO, "reconciler.shell.loop")
    for _ in range(4):
        looped.turn()
    held = [line for line in lines(caplog) if line.startswith("hold ")]
    assert held[-1].startswith("hold channel=news what='spawn' because=")
    assert len(held) == len(set(held))


# ── running ──────────────────────────────────────────────────────────────────────────────────────


def test_a_bell_rung_twice_rings_once() -> None:
    wake = Wake()
    wake.ring()
    wake.ring()
    assert wake.wait(0)
    assert not wake.wait(0)


def test_told_to_stop_it_ends_and_gives_the_lead_up(looped: Looped) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=looped.loop.run, args=(stop,))
    thread.start()
    stop.set()
    looped.wake.ring()
    thread.join(10)
    assert not thread.is_alive()
    assert looped.world.another().leadership.try_lead() is not None
