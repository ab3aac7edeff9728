"""Acts on clips that go round: as quick as on any other, and each picture in its turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.sidecar.casparcg.cueing import nearest
from reconciler.sidecar.engine_port import Cue, FreezeSource
from tests.casparcg.media import Clip
from tests.unit.sidecar.casparcg.test_virtual import clip, library
from tests.unit.sidecar.casparcg.virtual import ZERO, Virtual

ROUND = 30  # frames of the file


def looped(key: str, start: int, frames: int | None, begin: int = 0, file: str = "a") -> Cue:
    return clip(key, start, frames, file=file, begin=begin % ROUND, loop=True)


def story_of(*cues: Cue) -> Virtual:
    return Virtual(library(a=Clip(frames=ROUND), b=Clip(frames=ROUND)), cues)


def ordered(story: Virtual, words: str) -> list[str]:
    return [line.partition(": ")[2] for line in story.log if words in line]


def held_at(at: int) -> Virtual:
    """A loop that began at 20, and was held at `at` for nobody knows how long, until `at` + 40."""
    held = Cue(key="hold", start=ZERO + at, frames=None, source=FreezeSource())
    story = story_of(looped("a", 20, at - 20), held)
    story.until(at + 40)
    return story


def go_on(story: Virtual, cue: Cue) -> None:
    """Somebody presses resume."""
    hold = next(each for each in story.cues if each.key == "hold")
    story.show(replace(hold, frames=cue.start - hold.start), cue)
    story.turn()


@pytest.mark.parametrize("at", [78, 79, 80, 81, 82, 95])
def test_a_loop_that_was_held_goes_on_with_its_next_picture(at: int) -> None:
    """Its file begins anew at 50, 80 and 110; it is held before, at and after such a frame."""
    story = held_at(at)
    go_on(story, looped("a2", at + 41, None, begin=at - 20))
    story.until(at + 100)
    assert len(ordered(story, "RESUME")) == 1
    assert len(ordered(story, "LOADBG")) == 1, "nothing is loaded again"
    pictures = story.pictures(at, at + 100)
    stood = next(number for number, each in enumerate(pictures) if each != pictures[0])
    assert 40 <= stood <= 43
    assert pictures == [("a", (at - 21) % ROUND)] * stood + [
        ("a", (at - 20 + number) % ROUND) for number in range(100 - stood)
    ]
    assert [key for key, *_ in story.began] == ["a", "hold", "a2"]


def test_a_loop_that_is_to_go_on_elsewhere_is_loaded_for_it() -> None:
    story = held_at(80)
    go_on(story, looped("a2", 121, None, begin=15))
    story.until(180)
    assert ordered(story, "RESUME") == []
    pictures = [frame for _, frame in story.pictures(120, 180)]
    first = next(number for number, frame in enumerate(pictures) if frame != 29)
    assert first <= 8
    begun = pictures[first]
    assert pictures[first:] == [(begun + number) % ROUND for number in range(60 - first)]


def test_a_held_loop_does_not_go_on_as_a_clip_of_its_file() -> None:
    """Going on, it would begin anew where the clip has its end."""
    story = held_at(70)
    go_on(story, clip("a2", 111, 10, file="a", begin=20))
    story.until(165)
    assert ordered(story, "RESUME") == []
    pictures = story.pictures(111, 165)
    assert ("a", 0) not in pictures
    assert pictures[-1][0] == "slate"


def test_a_skip_onto_a_loop_takes_what_waits() -> None:
    story = story_of(clip("c", 20, 300), looped("b", 320, 200, file="b"))
    story.until(60)
    story.show(clip("c", 20, 41), looped("b2", 61, 200, file="b"))
    story.turn()
    story.until(120)
    assert len(ordered(story, "-3.mp4 LOOP")) == len(ordered(story, "LOOP")) == 1
    first = next(tick for tick in range(60, 70) if story.pictures(tick, tick + 1)[0][0] == "b")
    assert first <= 63
    assert story.pictures(first, 120) == [("b", n % ROUND) for n in range(120 - first)]


@pytest.mark.parametrize(
    ("off", "total", "way"),
    [(3, 60, 3), (-3, 60, -3), (59, 60, -1), (-59, 60, 1), (121, 60, 1), (59, None, 59), (7, 0, 7)],
)
def test_a_loop_is_off_by_the_shorter_way_round(off: int, total: int | None, way: int) -> None:
    assert nearest(off, total) == way
