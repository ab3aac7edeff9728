"""The loop over fakes in which everything goes wrong: it ends on air, once, with nothing lost.

Trouble is drawn from a seeded source, so that a failure is repeated by its seed. Time is the
fakes' own. After every single action nobody may be sent by two, whatever has died by then.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired, Policy
from reconciler.model.ids import NodeName
from reconciler.model.observed import Life
from reconciler.plan.actions import Leave, StageMedia
from reconciler.plan.safety import without_interruptions
from reconciler.shell.leases import LeaseKeeper
from reconciler.shell.perform import Hand
from tests.builders import channel, decklink, lineup, machine, udp
from tests.fakes_world import FakeWorld

NAMES = ("a", "b", "c")
RACKS = ("rack1", "rack2")


class Crash(BaseException):
    """The process ends here: nothing may catch it."""


def desired(edition: int = 1, *, on_air: tuple[str, ...] = NAMES) -> Desired:
    return lineup(
        *(
            channel(name, edition=edition, fence=8, prefer=["rack1"], on_air=name in on_air)
            for name in NAMES
        ),
        *(machine(rack) for rack in RACKS),
        policy=Policy(lost_after=timedelta(seconds=4), max_interrupted=None),
    )


class Process:
    """One reconciler: it leads if it can, keeps leases, and may die after any action."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self.keeper = LeaseKeeper(world.ports)

    def turn(self) -> None:
        """One pass, as the loop does it; trouble of the outside ends the pass, not the process."""
        world = self.world
        try:
            found = world.reconciler.look(world.desired)
            self.keeper.follow(world.desired, found)
            self.keeper.renew()
            if world.leadership.try_lead() is None:
                return
            judgement = world.judge(Leave())
            assert not without_interruptions(judgement.plan).refused
            world.reconciler.converge(judgement, may_act=world.leadership.is_leading)
        except AdapterError:
            pass
        finally:
            assert world.stager.wait(10)

    def successor(self) -> Process:
        """What is started after this one was killed: it remembers nothing."""
        return Process(self.world.another())


def settle(process: Process, *, wanted: tuple[str, ...] = NAMES, turns: int = 60) -> None:
    """With no more trouble, everything comes on air."""
    for _ in range(turns):
        process.turn()
        if process.world.on_air() == list(wanted) and settled(process):
            return
        process.world.clock.tick(2)
    journal = [o for o in process.world.journal() if o[1] != "done"][-6:]
    raise AssertionError(f"on air: {process.world.on_air()} of {wanted}; {journal}")


def settled(process: Process) -> bool:
    world = process.world
    if world.leadership.try_lead() is None:
        return False
    return world.one_pass().settled


# ── a crash after each action ────────────────────────────────────────────────────────────────────


def watched(monkeypatch: pytest.MonkeyPatch, after: Callable[[int], None]) -> list[str]:
    """Call `after` with how many actions were performed, after each; returns their names."""
    performed: list[str] = []
    perform = Hand.perform

    def one(self: Hand, action: object) -> None:
        perform(self, action)  # type: ignore[arg-type]  # an action
        if isinstance(action, StageMedia):
            return  # in a thread of its own
        performed.append(type(action).__name__)
        after(len(performed))

    monkeypatch.setattr(Hand, "perform", one)
    return performed


@pytest.mark.parametrize("point", range(1, 40, 4))
def test_a_crash_after_any_action_ends_in_the_same_place(
    point: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.shell.apply._AT_ONCE", 1)  # the order of actions is the plan's
    process = Process(FakeWorld(desired()))
    left = [point]

    def die(count: int) -> None:
        process.world.on_air()  # never two senders
        if count == left[0]:
            raise Crash

    watched(monkeypatch, die)
    steps = iter([lambda: None, lambda: process.world.lineup.set(desired(2)), kill_a(process)])
    for step in steps:
        step()
        for _ in range(8):
            try:
                process.turn()
            except Crash:
                process.world.leadership.resign()  # its term ends
                process = process.successor()
            process.world.clock.tick(1)
    settle(process)
    assert_once(process.world)


def kill_a(process: Process) -> Callable[[], None]:
    def kill() -> None:
        living = [
            s
            for s in process.world.yard.sidecars.values()
            if s.start.channel == "a" and s.life is Life.RUNNING
        ]
        for sidecar in living:
            process.world.yard.kill("a", sidecar.start.epoch)

    return kill


def alone(world: FakeWorld) -> None:
    """No channel is sent by two."""
    world.on_air()


def assert_once(world: FakeWorld) -> None:
    """Every row that was ever written is stored once, or waits in a spool that is still there."""
    written = world.yard.written
    stored = Counter((row.spool, row.seq) for row in world.database.asrun.values())
    waiting = {(r.spool, r.seq) for s in world.yard.sidecars.values() for r in s.rows}
    assert written, "something went out"
    assert set(stored) | waiting == set(written)
    assert set(stored.values()) == {1}


# ── whatever happens ─────────────────────────────────────────────────────────────────────────────


class Trouble:
    """What may go wrong, drawn from a seed; `end` takes every trouble away."""

    def __init__(self, world: FakeWorld, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)  # noqa: S311  # draws trouble
        self.rows: list[str] = []

    def strike(self) -> None:
        """One trouble begins, or one ends."""
        self.dice.choice(
            [
                self.silence_node,
                self.refuse_node,
                self.silence_database,
                self.refuse_store,
                self.kill,
                self.mute,
                self.break_engine,
                self.wipe_media,
                self.edit,
                self.write_row,
                self.end,
            ]
        )()

    def silence_node(self) -> None:
        self.world.yard.nodes[self._rack()].silent = self.dice.random() < 0.6

    def refuse_node(self) -> None:
        self.world.yard.nodes[self._rack()].refuses = self.dice.choice(["no room", ""])

    def silence_database(self) -> None:
        self.world.database.silent = self.dice.random() < 0.3

    def refuse_store(self) -> None:
        calls = ["begin_spawn", "grant", "store_asrun", "save_rundown", "journal", "sidecar_gone"]
        self.world.database.refuse = set(self.dice.sample(calls, self.dice.randint(0, 2)))

    def kill(self) -> None:
        living = [s for s in self.world.yard.sidecars.values() if s.life is Life.RUNNING]
        if living:
            start = self.dice.choice(living).start
            self.world.yard.kill(start.channel, start.epoch)

    def mute(self) -> None:
        for sidecar in self.world.yard.sidecars.values():
            sidecar.mute = self.dice.random() < 0.2

    def break_engine(self) -> None:
        for sidecar in self.world.yard.sidecars.values():
            sidecar.engine_dead = self.dice.random() < 0.2

    def wipe_media(self) -> None:
        self.world.yard.nodes[self._rack()].media.clear()

    def edit(self) -> None:
        on_air = tuple(name for name in NAMES if self.dice.random() < 0.8)
        self.world.lineup.set(desired(self.dice.randint(1, 9), on_air=on_air))

    def write_row(self) -> None:
        for sidecar in self.world.yard.sidecars.values():
            if sidecar.life is Life.RUNNING:
                self.world.yard.add_row(sidecar, why="end")

    def end(self) -> None:
        for node in self.world.yard.nodes.values():
            node.silent, node.refuses = False, ""
        for sidecar in self.world.yard.sidecars.values():
            sidecar.mute, sidecar.engine_dead = False, False
        self.world.database.silent = False
        self.world.database.refuse.clear()

    def _rack(self) -> NodeName:
        return self.dice.choice(list(self.world.yard.nodes))


@pytest.mark.parametrize("seed", range(16))
def test_whatever_happens_it_ends_on_air_with_every_row_once(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(FakeWorld(desired()))
    world = process.world
    trouble = Trouble(world, seed)
    watched(monkeypatch, lambda _: alone(world))
    for _ in range(40):
        trouble.strike()
        process.turn()
        world.on_air()
        if trouble.dice.random() < 0.15:  # the reconciler is killed
            world.leadership.resign()
            process = process.successor()
            trouble.world = world = process.world
        world.clock.tick(trouble.dice.choice([0.2, 1, 3]))
    trouble.end()
    world.lineup.set(desired(5))
    world.clock.tick(3600)  # restarts within the hour are forgotten
    settle(process)
    assert_once(world)


# ── two at once ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(4))
def test_two_that_both_believe_to_lead_never_make_two_senders(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Process(FakeWorld(desired()))
    second = first.successor()
    world, dice = first.world, random.Random(seed)  # noqa: S311  # draws trouble
    watched(monkeypatch, lambda _: alone(world))
    for _ in range(25):
        if dice.random() < 0.4:  # the leader is frozen; its term ends without its knowing
            world.database.leader = None
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(Process.turn, dice.sample([first, second], 2)))
        world.on_air()
        if dice.random() < 0.2:
            kill_a(first)()
        world.clock.tick(dice.choice([0.5, 2]))
    world.database.leader = None
    settle(first)
    assert_once(world)


def test_two_race_for_one_device_and_one_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def sdi(name: str) -> object:
        return channel(name, decklink(1), udp(), fence=8)

    rack = machine("rack1", devices=[1])
    one = FakeWorld(lineup(sdi("news"), rack))  # type: ignore[arg-type]  # a channel
    other = one.another()
    one.leadership.try_lead()
    first = one.judge()
    one.leadership.lapse()
    other.leadership.try_lead()
    second = other.judge()
    # Both hold a plan that spawns; the older leader acts late, and is turned away.
    other.reconciler.converge(second)
    with pytest.raises(AdapterError, match="no longer leading"):
        one.reconciler.converge(first)
    assert one.stager.wait(10)
    assert other.stager.wait(10)
    assert len(one.yard.sidecars) == 1
    assert len(one.database.claims) == 1
