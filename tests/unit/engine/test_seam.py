"""Two sets of outputs that change places at a frame, fed by hand; what left is in their files."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.engine.encoder import Chunk
from reconciler.engine.outputs import OutputSet
from reconciler.engine.protocol import OutputSpec
from reconciler.engine.seam import Kept

RATE = Fraction(25)
SEAM = 60
LATE = 7  # ticks that an encoder is behind the clock


class Sender:
    """A set with one file as its output; each picture is one line."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.outputs = OutputSet(RATE, 24, lambda: None)
        self.outputs.want((OutputSpec(name="main", type="file", url=str(self.path)),))
        self.tick = 0

    def run(self, until: int) -> None:
        """The clock goes on; the encoder follows, in the order of coding."""
        while self.tick < until:
            self.tick += 1
            self.outputs.reach(self.tick)
            if self.outputs.is_to_begin:
                self.outputs.begin_at(self.tick)
            self._encoded(self.tick - LATE)

    def _encoded(self, tick: int) -> None:
        is_key = tick % 24 == 0 or tick == SEAM
        self.outputs.offer(Chunk(data=f"{tick}\n".encode(), is_key=is_key, tick=tick))

    def is_quiet(self) -> bool:
        """Whether all has left; its thread may take a moment."""
        for _ in range(200):
            if self.outputs.leaves(self.tick).quiet:
                return True
            time.sleep(0.01)
        return False

    def calls_far_end(self) -> bool:
        """Whether its relay is at work; its thread may take a moment."""
        for _ in range(200):
            if "silent" not in {s.state for s in self.outputs.seen() if s.name == "far"}:
                return True
            time.sleep(0.01)
        return False

    def left(self) -> list[int]:
        self.outputs.close()
        return [int(line) for line in self.path.read_text().split()] if self.path.exists() else []


@pytest.fixture
def old(tmp_path: Path) -> Sender:
    sender = Sender(tmp_path, "old")
    sender.outputs.send(on=True)
    sender.run(40)
    return sender


@pytest.fixture
def new(tmp_path: Path) -> Sender:
    sender = Sender(tmp_path, "new")
    sender.run(40)
    return sender


def test_what_the_old_one_ends_with_the_new_one_goes_on_from(old: Sender, new: Sender) -> None:
    new.outputs.send(on=False, seam=SEAM)
    old.outputs.send(on=True, seam=SEAM)
    for sender in (old, new):
        sender.run(SEAM + LATE + 12)
    assert not new.path.exists(), "nothing leaves before it may"
    assert old.is_quiet()
    new.outputs.send(on=True)
    new.run(100)

    assert new.outputs.leaves(100).since == SEAM
    before, after = old.left(), new.left()
    assert before[-1] == SEAM - 1
    assert before + after == list(range(before[0], 100 - LATE + 1))


def test_from_the_seam_on_nothing_is_told_as_leaving_though_the_encoder_is_behind(
    old: Sender,
) -> None:
    old.outputs.send(on=True, seam=SEAM)
    old.run(SEAM - 1)
    assert old.outputs.leaves(SEAM - 1).since is not None
    old.run(SEAM)
    leaves = old.outputs.leaves(SEAM)
    assert (leaves.since, leaves.until, leaves.quiet) == (None, SEAM, False)
    old.run(SEAM + LATE)
    assert old.is_quiet()
    assert old.left()[-1] == SEAM - 1


def test_an_order_that_is_repeated_does_not_open_what_the_seam_has_shut(old: Sender) -> None:
    old.outputs.send(on=True, seam=SEAM)
    old.run(SEAM + LATE)
    old.outputs.send(on=True, seam=SEAM, until=time.monotonic_ns() + 10**10)
    old.run(SEAM + 20)
    assert old.left()[-1] == SEAM - 1


def test_who_is_let_go_on_begins_with_a_key_picture(old: Sender) -> None:
    old.outputs.send(on=True, seam=SEAM)
    old.run(SEAM + LATE)
    assert old.is_quiet()
    old.outputs.send(on=True)
    old.run(90)
    assert old.outputs.leaves(90).since == SEAM + LATE + 1
    left = old.left()
    assert left[left.index(SEAM - 1) + 1 :] == list(range(72, 90 - LATE + 1))


def test_who_is_let_go_on_before_its_last_picture_left_goes_on_without_a_gap(old: Sender) -> None:
    old.outputs.send(on=True, seam=SEAM)
    old.run(SEAM + 2)
    old.outputs.send(on=True)
    old.run(90)
    assert old.outputs.leaves(90).since == SEAM, "what it says it ended before"
    left = old.left()
    assert left == list(range(left[0], 90 - LATE + 1))


def test_far_ends_that_are_connected_to_are_left_as_soon_as_there_is_a_seam(old: Sender) -> None:
    """Taking leave of them lasts a second; the others go on up to the seam meanwhile."""
    file = OutputSpec(name="main", type="file", url=str(old.path))
    far = OutputSpec(name="far", type="srt", url="srt://127.0.0.1:9")
    old.outputs.want((file, far))
    old.run(45)
    assert old.calls_far_end()
    old.outputs.send(on=True, seam=SEAM)
    old.run(50)
    (state,) = (seen.state for seen in old.outputs.seen() if seen.name == "far")
    assert state == "silent"
    old.outputs.send(on=True)  # given up
    old.run(70)
    assert old.calls_far_end()
    left = old.left()
    assert left == list(range(left[0], 70 - LATE + 1))


def test_far_ends_stay_up_to_the_seam_where_there_is_nothing_else(old: Sender) -> None:
    old.outputs.want((OutputSpec(name="far", type="srt", url="srt://127.0.0.1:9"),))
    old.outputs.send(on=True, seam=SEAM)
    old.run(50)
    assert old.calls_far_end()
    old.outputs.close()


def test_a_seam_that_nobody_sends_before_opens_nothing(new: Sender) -> None:
    new.outputs.send(on=True, seam=30)
    new.run(80)
    assert new.left() == []


def test_what_is_kept_is_thrown_away_when_it_is_not_wanted_any_more(new: Sender) -> None:
    new.outputs.send(on=False, seam=SEAM)
    new.run(SEAM + LATE + 5)
    assert new.outputs.leaves(new.tick).keeps_from == SEAM
    new.outputs.send(on=False)
    assert new.outputs.leaves(new.tick).keeps_from is None
    new.outputs.send(on=True)
    new.run(110)
    assert new.left()[0] == 96


def test_what_is_kept_too_long_is_worth_nothing() -> None:
    kept = Kept(SEAM, RATE)
    for tick in range(SEAM - 3, SEAM + 102):
        kept.put(Chunk(data=b"x", is_key=tick == SEAM, tick=tick))
    assert kept.is_over
    assert kept.take() == []


def test_only_a_key_picture_behind_the_seam_begins_what_is_kept() -> None:
    kept = Kept(SEAM, RATE)
    kept.put(Chunk(data=b"early", is_key=True, tick=SEAM - 1))
    kept.put(Chunk(data=b"sound", is_key=False, tick=None))
    kept.put(Chunk(data=b"no key", is_key=False, tick=SEAM))
    kept.put(Chunk(data=b"key", is_key=True, tick=SEAM + 1))
    kept.put(Chunk(data=b"sound", is_key=False, tick=None))
    assert kept.first == SEAM + 1
    assert [chunk.data for chunk in kept.take()] == [b"key", b"sound"]
