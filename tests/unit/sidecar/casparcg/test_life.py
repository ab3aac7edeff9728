"""One life of an engine: what was read is told first, and a new time line need not wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.helm import Helm
from reconciler.sidecar.casparcg.life import PING_EVERY, PONG_WITHIN, Life
from reconciler.sidecar.casparcg.names import name_for
from reconciler.sidecar.casparcg.osc_packets import State
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.ticks import WallClock
from reconciler.sidecar.engine_port import Began, ClipSource, Cue, Evidence, FreezeSource
from tests.unit.sidecar.casparcg.peer import Peer, obedient

FOLLOWING = Cue(key="b", start=1100, frames=None, source=ClipSource(path="/m/b.mp4", in_frame=0))
ON_AIR = Cue(key="a", start=1000, frames=100, source=ClipSource(path="/m/a.mp4", in_frame=0))
NAME = name_for(ON_AIR, "/m/a.mp4", 1)
FRONT = "/channel/1/stage/layer/10/foreground"


class Linked:
    """What was linked to be loaded: the first thing that is done for a file."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def link(self, path: str, name: str) -> None:
        assert name
        self.paths.append(path)


@pytest.fixture
def linked() -> Linked:
    return Linked()


@pytest.fixture
def helm(linked: Linked) -> Helm:
    return Helm(VideoFormat.parse("720p2500"), linked, Path("/slate.png"))


@pytest.fixture
def life(helm: Helm) -> Iterator[Life]:
    """Frames last a second here, so that no test is short of time; it has no connection."""
    now = time.monotonic_ns()
    wall = WallClock(Fraction(1), wall=1021 * 1_000_000_000, mono=now)
    made = Life(("127.0.0.1", 9), "phrase", helm, Sending(), wall)
    yield made
    made.close()


def hear(life: Life, frame: int, count: int = 70) -> None:
    """The clip is read back at its `frame`."""
    values: dict[str, tuple[str | float | bool | int, ...]] = {
        f"{FRONT}/producer": ("ffmpeg",),
        f"{FRONT}/file/name": (NAME,),
        f"{FRONT}/file/time": (frame / 25, 20.0),
        f"{FRONT}/file/clip": (0.0, 4.0),
        f"{FRONT}/paused": (False,),
    }
    life._hear(State(time_tag=count, values=values), time.monotonic())


def test_what_was_read_is_told_before_anything_is_ordered(
    life: Life, helm: Helm, linked: Linked
) -> None:
    helm.show([ON_AIR, FOLLOWING], 1)
    told: list[Evidence] = []
    done: list[int] = []

    def tell(known: tuple[Evidence, ...]) -> None:
        told.extend(known)
        done.append(len(linked.paths))

    hear(life, 20)
    rest = life.turn(0, tell)

    assert [each.key for each in told if isinstance(each, Began)] == ["a"]
    assert done == [0]
    assert linked.paths == ["/m/b.mp4"]
    assert not any(isinstance(each, Began) for each in rest)


def test_an_act_is_ordered_by_the_last_reading_until_the_next_is_due(
    life: Life, helm: Helm
) -> None:
    helm.show([ON_AIR], 1)
    hear(life, 20)
    life.turn(0)
    helm.show([Cue(key="held", start=1000, frames=None, source=FreezeSource())], 2)

    assert life.read_at is not None
    life.read_at -= 1.5
    life.again()
    assert "pause" not in helm.memory.told_at, "the next reading is overdue"
    life.read_at += 0.9
    life.again()
    assert "pause" in helm.memory.told_at


def test_the_picture_does_not_wait_for_a_pong() -> None:
    peer = Peer(lambda line: b"" if line.startswith("PING") else obedient(line))
    helm = Helm(VideoFormat.parse("720p2500"), Linked(), Path("/slate.png"))
    wall = WallClock(Fraction(25), wall=0, mono=0)
    life = Life(peer.address, "phrase", helm, Sending(), wall)
    try:
        life.call()
        life._pinged -= PING_EVERY
        assert life.trouble() == "", "it has a second, which nobody waits for"
        life._pinged -= PONG_WITHIN
        assert "no PONG" in life.trouble()
    finally:
        life.close()
        peer.close()


def test_who_stood_still_himself_does_not_call_the_engine_hung() -> None:
    peer = Peer(lambda line: b"" if line.startswith("PING") else obedient(line))
    helm = Helm(VideoFormat.parse("720p2500"), Linked(), Path("/slate.png"))
    life = Life(peer.address, "phrase", helm, Sending(), WallClock(Fraction(25), wall=0, mono=0))
    try:
        life.call()
        life._pinged -= PING_EVERY
        life.trouble()
        life._pinged -= 5
        life._looked -= 5
        assert life.trouble() == ""
    finally:
        life.close()
        peer.close()
