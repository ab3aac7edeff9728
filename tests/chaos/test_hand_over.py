"""A hand-over that is cut after every single call of it, by every kind of death.

Whatever dies, no channel is ever sent by two; it is on air again with the first pass that can act.
Only a successor that dies when it has the right already is mourned as any sender is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import AdapterError, Unreachable
from reconciler.model.desired import Desired, StreamOutput
from reconciler.model.ids import NodeName
from reconciler.model.observed import Life
from reconciler.plan.actions import HandOver
from reconciler.shell.converge import Reconciler
from tests.builders import channel, lineup, machine, srt, udp
from tests.fakes_world import FakeWorld

OLD, NEW = 1, 2
CALLS = 11  # of a hand-over that goes well, from the first word to the last
_WATCHED = frozenset({"turn", "status", "grant", "renew_leases", "confirm_leases"})


class Crash(BaseException):
    """The process ends here: nothing may catch it."""


class Spy:
    """A port that calls `after` with the name of each call of a hand-over, once it was done."""

    def __init__(self, port: object, after: Callable[[str], None]) -> None:
        self._port, self._after = port, after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)
        if name not in _WATCHED:
            return call

        def spied(*args: object, **named: object) -> object:
            answer = call(*args, **named)
            self._after(name)
            return answer

        return spied


def desired(*outputs: StreamOutput, drained: bool) -> Desired:
    return lineup(
        channel("news", *outputs, fence=8, prefer=["rack1"]),
        machine("rack1", maintenance=drained),
        machine("rack2"),
        machine("rack3"),
    )


def die() -> None:
    """What befalls a reconciler that is killed."""
    raise Crash


class Story:
    """A channel whose successor is ready, and a reconciler that begins to hand over."""

    def __init__(self, *outputs: StreamOutput) -> None:
        self.world = FakeWorld(desired(*outputs, drained=False))
        self.world.converge()
        self.world.lineup.set(desired(*outputs, drained=True))
        for _ in range(6):
            judgement = self.world.judge()
            if any(isinstance(a, HandOver) for a in judgement.plan.actions):
                break
            self.world.one_pass()
            self.world.clock.tick(1)
        assert self.world.on_air() == ["news"]
        self.judgement = judgement
        self.calls: list[str] = []
        self.at = 0
        self.trouble: Callable[[], None] = lambda: None

    def hand_over(self, at: int, trouble: Callable[[], None]) -> None:
        """Perform the plan; `trouble` comes after call number `at`."""
        with self._spied(at, trouble) as acting:
            acting.converge(self.judgement, may_act=self.world.leadership.is_leading)

    def finish(self, at: int = 0, trouble: Callable[[], None] = lambda: None) -> None:
        """What a new leader does first; `trouble` comes after call number `at`."""
        assert self.world.leadership.try_lead() is not None
        with self._spied(at, trouble) as acting:
            acting.finish(self.world.desired, self.world.leadership.is_leading)

    @contextmanager
    def _spied(self, at: int, trouble: Callable[[], None]) -> Iterator[Reconciler]:
        self.at, self.trouble = at, trouble
        ports = self.world.ports
        spied: Any = {
            "store": Spy(ports.store, self._after),
            "sidecars": Spy(ports.sidecars, self._after),
        }
        try:
            yield Reconciler(replace(ports, **spied), self.world.stager)
        except (Crash, AdapterError):
            self.world.leadership.resign()  # its term ends
        finally:
            self.trouble = lambda: None

    def _after(self, name: str) -> None:
        self.world.on_air()  # never two senders
        self.calls.append(name)
        if len(self.calls) == self.at:
            self.trouble()

    def pass_on(self) -> None:
        """The hush has ended by now, if it was not sealed; then somebody looks again."""
        self.world.clock.tick(1.5)
        self.world.on_air()
        try:
            self.world.one_pass()
        finally:
            self.world.on_air()

    def passes_until_on_air(self, most: int = 6) -> int:
        for passes in range(most):
            if self.world.on_air() == ["news"]:
                return passes
            self.pass_on()
        raise AssertionError(f"not on air after {most} passes; calls: {self.calls[: self.at]}")

    def right(self) -> int:
        """Whose the right to send is."""
        return self.world.database.leases["news"].epoch  # type: ignore[index]  # a name

    def is_sealed(self) -> bool:
        """Whether the old one is silent until somebody lifts that."""
        hush = self.world.yard.at("news", OLD).hush
        return hush is not None and hush.is_sealed

    def successor(self) -> None:
        """Another reconciler, which remembers nothing."""
        self.world = self.world.another()

    def settles(self) -> None:
        self.world.converge(passes=40, tick=2)
        assert self.world.on_air() == ["news"]
        (left,) = [s for s in self.world.yard.sidecars.values() if s.life is Life.RUNNING]
        assert left.node == "rack2"


def test_a_hand_over_that_nothing_disturbs() -> None:
    story = Story()
    story.hand_over(0, lambda: None)

    print(story.calls)  # noqa: T201  # every place where it is cut below
    assert len(story.calls) == CALLS
    assert story.world.on_air() == ["news"]
    assert story.right() == NEW
    assert story.world.yard.at("news", NEW).joins is not None
    story.settles()


@pytest.mark.parametrize(
    ("outputs", "frames"), [((udp(),), 13), ((srt(),), 13), ((udp(), srt("far")), 38)]
)
def test_there_is_time_to_leave_far_ends_where_others_would_wait_for_it(
    outputs: tuple[StreamOutput, ...], frames: int
) -> None:
    story = Story(*outputs)
    now = story.world.yard.frame(story.world.yard.at("news", NEW))
    story.hand_over(0, lambda: None)
    seam = story.world.yard.at("news", NEW).joins
    assert seam is not None
    assert seam - now == frames


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_reconciler_dies(at: int) -> None:
    story = Story()
    story.hand_over(at, die)
    old, new = story.world.yard.at("news", OLD), story.world.yard.at("news", NEW)
    sealed, ended = story.is_sealed(), old.ended
    story.successor()
    assert story.passes_until_on_air() <= 1
    if sealed:
        assert new.joins == ended == old.ended, "the seam that was agreed on stays"
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_a_new_leader_finishes_it_before_it_looks_at_everything(at: int) -> None:
    story = Story()
    story.hand_over(at, die)
    story.world.clock.tick(1.5)
    sealed = story.is_sealed()
    story.successor()
    others = story.world.yard.nodes[NodeName("rack3")]
    others.calls.clear()
    story.finish()
    assert story.world.on_air() == ["news"]
    assert others.calls == []
    if not sealed:
        assert len(story.calls) == at, "there was nothing to finish"
    story.settles()


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("cut", range(1, CALLS + 1))
@pytest.mark.parametrize("at", range(5, CALLS + 1))
def test_finishing_it_is_cut_as_well(at: int, cut: int, *, lost: bool) -> None:
    def lose() -> None:
        raise Unreachable("no answer")

    story = Story()
    story.hand_over(at, die)
    story.world.clock.tick(1.5)
    story.successor()
    story.calls.clear()
    story.finish(cut, lose if lost else die)
    story.world.clock.tick(1.5)
    story.world.on_air()  # never two senders
    story.world.leadership.resign()
    story.successor()
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_nobody_takes_the_dead_reconcilers_place(at: int) -> None:
    """Before the seal it is no matter; after it, this is what a hand-over costs at the worst."""

    story = Story()
    story.hand_over(at, die)
    story.world.clock.tick(1.5)
    sealed = story.is_sealed()
    told = story.world.yard.at("news", NEW).lease.granted
    assert (story.world.on_air() == ["news"]) == (not sealed or told)


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_old_one_dies(at: int) -> None:
    story = Story()
    story.hand_over(at, lambda: story.world.yard.kill("news", OLD))
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_successor_dies(at: int) -> None:
    story = Story()
    story.hand_over(at, lambda: story.world.yard.kill("news", NEW))
    moved = story.right() == NEW
    assert story.passes_until_on_air() <= (4 if moved else 1)
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_successors_engine_dies_for_a_while(at: int) -> None:
    story = Story()

    def break_engine() -> None:
        story.world.yard.at("news", NEW).engine_dead = True

    story.hand_over(at, break_engine)
    if story.right() == OLD:
        assert story.passes_until_on_air() <= 1
    story.world.yard.at("news", NEW).engine_dead = False
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_database_goes_and_comes_back(at: int) -> None:
    story = Story()

    def go() -> None:
        story.world.database.silent = True

    story.hand_over(at, go)
    story.world.clock.tick(1.5)
    story.world.on_air()
    story.world.database.silent = False
    story.successor()
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_an_answer_is_lost(at: int) -> None:
    def lose() -> None:
        raise Unreachable("no answer")

    story = Story()
    story.hand_over(at, lose)
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_another_leads_from_there_on(at: int) -> None:
    """The first does not know that it was deposed, and goes on between the second's steps."""
    story = Story()

    def depose() -> None:
        first, story.world = story.world, story.world.another()
        first.database.leader = None
        story.world.one_pass()

    story.hand_over(at, depose)
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_reconciler_and_the_successor_die(at: int) -> None:
    story = Story()

    def die() -> None:
        story.world.yard.kill("news", NEW)
        raise Crash

    story.hand_over(at, die)
    moved = story.right() == NEW
    story.successor()
    assert story.passes_until_on_air() <= (4 if moved else 1)
    story.settles()


@pytest.mark.parametrize("at", range(1, CALLS + 1))
def test_the_reconciler_dies_and_the_successor_is_not_ready_any_more(at: int) -> None:
    story = Story()

    def die() -> None:
        story.world.yard.at("news", NEW).ready = False
        raise Crash

    story.hand_over(at, die)
    moved = story.right() == NEW
    story.successor()
    if not moved:
        assert story.passes_until_on_air() <= 1, "back to the old one"
    story.world.yard.at("news", NEW).ready = True
    assert story.passes_until_on_air() <= 1
    story.settles()


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("at", range(3, CALLS + 1))
@pytest.mark.parametrize("first", range(5, CALLS))
def test_two_that_act_on_the_same_plan(first: int, at: int, *, lost: bool) -> None:
    """One dies after some calls; the other, whose look is older than that, is cut as well."""

    def lose() -> None:
        raise Unreachable("no answer")

    story = Story()
    story.hand_over(first, die)
    story.successor()
    story.world.leadership.try_lead()
    story.calls.clear()
    story.hand_over(at, lose if lost else die)
    story.world.clock.tick(1.5)
    story.world.on_air()  # never two senders
    story.world.leadership.resign()
    story.successor()
    assert story.passes_until_on_air() <= 1


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("cut", range(3, CALLS + 1))
@pytest.mark.parametrize("at", range(5, CALLS))
def test_another_acts_on_an_older_look_in_between(at: int, cut: int, *, lost: bool) -> None:
    """The other leads by then, and is cut as well; the first goes on where it was."""

    def lose() -> None:
        raise Unreachable("no answer")

    first, other = Story(), object.__new__(Story)
    other.__dict__.update(first.__dict__)
    other.world, other.calls = first.world.another(), []

    def act() -> None:
        first.world.database.leader = None
        other.world.leadership.try_lead()
        other.hand_over(cut, lose if lost else die)

    first.hand_over(at, act)
    first.world.clock.tick(1.5)
    first.world.on_air()  # never two senders
    first.world.database.leader = None
    first.successor()
    assert first.passes_until_on_air() <= 1
