from __future__ import annotations

import threading

import pytest

from reconciler.errors import Unreachable
from reconciler.model.ids import AssetId, NodeName
from reconciler.plan.actions import Cause, StageMedia, Staging
from reconciler.shell.backoff import FIRST
from reconciler.shell.stage import Stager
from tests.fakes_world import FakeClock

LONG = 10.0  # seconds; only a test that fails waits so long


def stage(stored: str, *, due: int = 0, node: str = "rack1") -> StageMedia:
    return StageMedia(
        asset=AssetId(stored),
        node=NodeName(node),
        uri=f"file:///{stored}",
        stored=stored,
        size=1,
        due=due,
        channels=(),
        cause=Cause.DUE,
    )


class Bench:
    """A stager with its ends recorded, and a door that files under way wait at."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ended: list[tuple[str, str | None]] = []
        self.began: list[str] = []
        self.door = threading.Event()
        self.busy = threading.Semaphore(0)
        self.stager = Stager(
            lambda action, error: self.ended.append((action.stored, error)),
            self.clock,
            lambda seconds: seconds,
        )

    def through(self, action: Staging) -> None:
        self.began.append(action.stored)

    def at_door(self, action: Staging) -> None:
        self.began.append(action.stored)
        self.busy.release()
        assert self.door.wait(LONG)

    def fill(self) -> None:
        """Four files are under way, and stay so until the door opens."""
        for number in range(4):
            self.stager.offer(stage(f"busy-{number}"), self.at_door)
        for _ in range(4):
            assert self.busy.acquire(timeout=LONG)
        self.began.clear()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_airs_next_goes_first(bench: Bench) -> None:
    bench.fill()
    one_by_one = threading.Lock()

    def noted(action: Staging) -> None:
        with one_by_one:
            bench.began.append(action.stored)

    for due in (30, 10, 20):
        bench.stager.offer(stage(f"in-{due}", due=due), noted)
    assert list(bench.stager._waiting) == [("rack1", f"in-{due}") for due in (30, 10, 20)]
    assert [bench.stager._next() for _ in range(3)] == [
        (stage(f"in-{due}", due=due), noted) for due in (10, 20, 30)
    ]
    bench.door.set()


def test_a_newer_offer_says_when_it_is_due(bench: Bench) -> None:
    bench.fill()
    bench.stager.offer(stage("late", due=900), bench.through)
    bench.stager.offer(stage("soon", due=60), bench.through)
    bench.stager.offer(stage("late", due=0), bench.through)
    first = bench.stager._next()
    assert first is not None
    assert first[0] == stage("late", due=0)
    bench.door.set()


def test_each_file_is_brought_once_at_a_time(bench: Bench) -> None:
    bench.fill()
    bench.stager.offer(stage("busy-0"), bench.through)
    bench.stager.offer(stage("next"), bench.through)
    bench.stager.offer(stage("next"), bench.through)
    bench.stager.offer(stage("next", node="rack2"), bench.through)
    bench.door.set()
    assert bench.stager.wait(LONG)
    assert bench.began == ["next", "next"]


def test_a_failure_is_told_and_the_others_go_on(bench: Bench) -> None:
    def fails(action: Staging) -> None:
        raise Unreachable(f"{action.stored}: the store does not answer")

    bench.stager.offer(stage("bad"), fails)
    bench.stager.offer(stage("good"), bench.through)
    assert bench.stager.wait(LONG)
    assert sorted(bench.ended) == [("bad", "bad: the store does not answer"), ("good", None)]


def test_a_file_that_failed_waits_before_it_is_tried_again(bench: Bench) -> None:
    tries: list[str] = []

    def fails(action: Staging) -> None:
        tries.append(action.stored)
        raise Unreachable("no")

    for _ in range(3):
        bench.stager.offer(stage("bad"), fails)
        assert bench.stager.wait(LONG)
    assert len(tries) == 1
    bench.clock.tick(FIRST)
    bench.stager.offer(stage("bad"), fails)
    assert bench.stager.wait(LONG)
    assert len(tries) == 2


def test_a_file_that_came_after_all_has_failed_never(bench: Bench) -> None:
    def fails(_: Staging) -> None:
        raise Unreachable("no")

    for act in (fails, bench.through, fails):
        bench.stager.offer(stage("bad"), act)
        assert bench.stager.wait(LONG)
        bench.clock.tick(FIRST)
    assert [error for _, error in bench.ended] == ["no", None, "no"]


def test_a_bug_is_logged_and_does_not_end_staging(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(_: Staging) -> None:
        raise ZeroDivisionError

    bench.stager.offer(stage("odd"), bug)
    assert bench.stager.wait(LONG)
    assert "staging odd on rack1" in caplog.text
    bench.stager.offer(stage("odd"), bench.through)
    bench.stager.offer(stage("good"), bench.through)
    assert bench.stager.wait(LONG)
    assert bench.ended == [("good", None)]


def test_waiting_ends_with_its_time(bench: Bench) -> None:
    bench.fill()
    assert not bench.stager.wait(0.01)
    bench.door.set()
    assert bench.stager.wait(LONG)
    assert len(bench.ended) == 4


def test_an_end_is_told_before_nothing_is_left(bench: Bench) -> None:
    for number in range(50):
        bench.stager.offer(stage(f"file-{number}"), bench.through)
    assert bench.stager.wait(LONG)
    assert len(bench.ended) == 50


def test_a_closed_stager_starts_nothing_more(bench: Bench) -> None:
    bench.fill()
    bench.stager.offer(stage("next"), bench.through)
    bench.stager.close()
    bench.stager.offer(stage("later"), bench.through)
    bench.door.set()
    assert bench.stager.wait(LONG)
    assert bench.began == []


def test_what_is_under_way_does_not_hold_up_the_end_of_the_process(bench: Bench) -> None:
    bench.fill()
    workers = [thread for thread in threading.enumerate() if thread.name == "stage"]
    assert len(workers) >= 4
    assert all(thread.daemon for thread in workers)
    bench.door.set()
