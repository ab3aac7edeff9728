"""The steering on the fake CasparCG in virtual time, judged by what that shows, tick by tick."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from reconciler.model.desired import TransitionType
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    Ended,
    FreezeSource,
    LiveSource,
    SlateSource,
)
from tests.casparcg.media import Clip
from tests.unit.sidecar.casparcg.virtual import ZERO, Virtual

EVENTS = 300


def clip(
    key: str, start: int, frames: int | None, *, file: str = "", begin: int = 0, loop: bool = False
) -> Cue:
    path = f"/library/{file or key}.mp4"
    source = ClipSource(path=path, in_frame=begin, loop=loop)
    return Cue(key=key, start=ZERO + start, frames=frames, source=source)


def library(**clips: Clip) -> dict[str, Clip]:
    plain = {name: Clip(frames=500) for name in "abcde"}
    return {f"/library/{name}.mp4": each for name, each in (plain | clips).items()}


def frames(name: str, begin: int, end: int) -> list[tuple[str, int]]:
    return [(name, number) for number in range(begin, end)]


def begin_of(number: int) -> int:
    return (number * 37) % 400


def rundown(mode_rate: int = 25) -> list[Cue]:
    return [
        clip(
            f"e{n}",
            mode_rate + n * mode_rate,
            mode_rate,
            file="abcde"[n % 5],
            begin=begin_of(n),
        )
        for n in range(EVENTS)
    ]


@pytest.mark.slow
def test_300_events_of_a_second_with_in_points_none_skipped_none_late() -> None:
    story = Virtual(library(), rundown())
    story.until(25 + EVENTS * 25 + 5)
    for n in range(EVENTS):
        shown = story.pictures(25 + n * 25, 50 + n * 25)
        assert shown == frames("abcde"[n % 5], begin_of(n), begin_of(n) + 25), n
    assert [(key, at) for key, at, _ in story.began] == [
        (f"e{n}", 25 + n * 25) for n in range(EVENTS)
    ]
    assert {why for *_, why in story.ended} == {"end"}
    assert story.helm.memory.late == 0
    assert story.failed == []


@pytest.mark.parametrize("decode_ticks", [3, 5])
def test_long_groups_of_pictures_are_not_skipped_either(decode_ticks: int) -> None:
    slow = {name: Clip(frames=500, decode_ticks=decode_ticks, gop=250) for name in "abcde"}
    story = Virtual(library(**slow), rundown()[:40])
    story.until(25 + 40 * 25 + 5)
    assert [key for key, _, _ in story.began] == [f"e{n}" for n in range(40)]
    for n in range(1, 40):
        shown = story.pictures(25 + n * 25, 50 + n * 25)
        assert shown == frames("abcde"[n % 5], begin_of(n), begin_of(n) + 25), n


def lose_connection(story: Virtual) -> None:
    story.hang_up()
    story.until(story.frame + 3)
    story.call()


TROUBLES: dict[str, Callable[[Virtual], None]] = {
    "the connection": lose_connection,
    "the engine": Virtual.crash,
    "the sidecar": Virtual.forget,
}


@pytest.mark.parametrize("what", TROUBLES)
@pytest.mark.parametrize("at", range(1, 96))
def test_whatever_dies_at_whatever_step_the_right_event_is_on_air(what: str, at: int) -> None:
    cues = [
        clip("a", 16, 25, begin=7),
        clip("b", 41, 25),
        clip("c", 66, 25, file="b", begin=30),
        clip("d", 91, 60),
    ]
    story = Virtual(library(), cues)
    story.until(at)
    TROUBLES[what](story)
    story.until(at + 26)
    last = at + 25
    due = next(
        (cue for cue in cues if cue.start - ZERO <= last < cue.start - ZERO + (cue.frames or 0)),
        None,
    )
    if due is not None:
        assert isinstance(due.source, ClipSource)
        name = due.source.path.rpartition("/")[2].partition(".")[0]
        number = due.source.in_frame + last - (due.start - ZERO)
        ((shown, frame),) = story.pictures(last, last + 1)
        assert shown == name
        assert abs(frame - number) <= 1


@pytest.mark.parametrize("at", range(16, 30))
def test_a_file_is_not_called_unopened_that_nobody_looked_at_again(at: int) -> None:
    """The read-back is lost for three seconds, at each step of getting the next ready."""
    story = Virtual(library(), [clip("a", 20, 300), clip("b", 320, 100)])
    story.until(at)
    story.deaf = True
    story.until(at + 75)
    story.deaf = False
    story.until(420)
    assert story.failed == []
    assert story.pictures(320, 420) == frames("b", 0, 100)


@pytest.mark.parametrize("ticks", [45, 75, 100, 130])
def test_what_went_on_while_the_sidecar_stood_still_is_told_as_it_was(ticks: int) -> None:
    story = Virtual(library(), [clip("a", 20, 80), clip("b", 100, 300), clip("c", 400, 50)])
    story.until(30)
    story.stand_still(ticks)
    story.until(455)
    assert [(key, at) for key, at, _ in story.began] == [("a", 20), ("b", 100), ("c", 400)]
    assert story.pictures(20, 450) == frames("a", 0, 80) + frames("b", 0, 300) + frames("c", 0, 50)


def test_the_same_clip_again_and_again_is_an_event_each_time() -> None:
    story = Virtual(library(), [clip(f"r{n}", 20 + n * 30, 30, file="a") for n in range(6)])
    story.until(210)
    assert story.pictures(20, 200) == frames("a", 0, 30) * 6
    assert [(key, at) for key, at, _ in story.began] == [(f"r{n}", 20 + n * 30) for n in range(6)]


def test_skip_takes_the_loaded_next_within_four_frames() -> None:
    story = Virtual(library(), [clip("a", 20, 300), clip("b", 320, 100)])
    story.until(60)
    story.show(clip("b2", 62, 100, file="b"), clip("c", 162, 50))
    story.until(220)
    first = next(tick for tick in range(60, 70) if story.pictures(tick, tick + 1)[0][0] == "b")
    assert first <= 64
    assert story.pictures(first, 162) == frames("b", first - 62, 100)
    assert story.pictures(162, 212) == frames("c", 0, 50)


def test_a_mix_and_a_wipe_begin_and_end_at_their_frames() -> None:
    def blended(cue: Cue, kind: TransitionType) -> Cue:
        return Cue(
            key=cue.key,
            start=cue.start,
            frames=cue.frames,
            source=cue.source,
            transition=kind,
            transition_frames=12,
        )

    story = Virtual(
        library(),
        [
            clip("a", 20, 50),
            blended(clip("b", 70, 50), TransitionType.MIX),
            blended(clip("c", 120, 50), TransitionType.WIPE),
        ],
    )
    story.until(175)
    assert story.pictures(20, 70) == frames("a", 0, 50)
    assert story.pictures(82, 120) == frames("b", 12, 50)
    assert story.pictures(132, 170) == frames("c", 12, 50)
    kinds = [story.shown[tick].kind for tick in range(68, 84)]
    assert kinds == ["film"] * 2 + ["mix"] * 12 + ["film"] * 2
    under = [part.frame for part in story.shown[75].parts]
    assert under == [55, 5]


def test_a_pause_holds_one_frame_and_goes_on_with_the_next() -> None:
    held = Cue(key="hold", start=ZERO + 60, frames=30, source=FreezeSource())
    story = Virtual(library(), [clip("a", 20, 40), held, clip("a2", 90, 40, file="a", begin=40)])
    story.until(135)
    assert story.pictures(20, 60) == frames("a", 0, 40)
    assert story.pictures(60, 90) == [("a", 39)] * 30
    assert story.pictures(90, 130) == frames("a", 40, 80)
    assert [key for key, *_ in story.began] == ["a", "hold", "a2"]


def test_a_loop_a_slate_and_a_live_input_are_left_at_the_next_start() -> None:
    story = Virtual(
        library(l=Clip(frames=30)),
        [
            clip("l", 20, 70, begin=10, loop=True),
            Cue(key="s", start=ZERO + 90, frames=30, source=SlateSource()),
            Cue(
                key="live",
                start=ZERO + 120,
                frames=60,
                source=LiveSource(url="srt://127.0.0.1:9999"),
            ),
            clip("b", 180, 40),
        ],
    )
    story.caspar.machine.inputs["srt://127.0.0.1:9999"] = Clip(frames=100_000)
    story.until(225)
    assert story.pictures(20, 90) == [("l", (10 + n) % 30) for n in range(70)]
    assert {name for name, _ in story.pictures(90, 120)} == {"slate"}
    assert story.pictures(180, 220) == frames("b", 0, 40)
    assert [(key, at) for key, at, _ in story.began] == [
        ("l", 20),
        ("s", 90),
        ("live", 120),
        ("b", 180),
    ]


def test_what_stood_while_a_dead_address_was_tried_is_told_as_long_as_it_played() -> None:
    dead = Cue(
        key="dead", start=ZERO + 70, frames=150, source=LiveSource(url="srt://127.0.0.1:9998")
    )
    story = Virtual(library(), [clip("b", 20, 50, begin=20), dead, clip("c", 220, 40)])
    story.until(120)
    seen = story.helm.on_air()
    assert seen is not None
    assert (seen.key, seen.moving) == ("b", False)
    story.until(250)
    assert story.pictures(20, 70) == frames("b", 20, 70)
    assert story.pictures(70, 150) == [("b", 69)] * 80, "it stands, for want of something better"
    (told,) = (each for each in story.told if isinstance(each, Ended) and each.key == "b")
    assert abs(told.last_tick - ZERO - 69) <= 1
    assert told.last_source_frame <= 70
    assert story.pictures(220, 250) == frames("c", 0, 30)


def test_a_picture_that_comes_late_begins_when_it_comes() -> None:
    story = Virtual(library(), [clip("a", 20, 60), clip("b", 80, 60, begin=6)])
    story.until(60)
    story.show(clip("a", 20, 60), clip("b", 62, 60, begin=6))
    story.until(90)
    first = next(tick for tick in range(60, 90) if story.pictures(tick, tick + 1)[0][0] == "b")
    (told,) = (each for each in story.told if isinstance(each, Began) and each.key == "b")
    assert abs(told.tick - ZERO - first) <= 1
    ((_, shown),) = story.pictures(first, first + 1)
    assert abs(told.source_frame - shown - (told.tick - ZERO - first)) <= 1


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(Clip(damage="unreadable"), id="cannot be opened"),
        pytest.param(None, id="is not there"),
    ],
)
def test_what_cannot_be_played_is_known_before_its_time(broken: Clip | None) -> None:
    files = library() if broken is None else library(x=broken)
    story = Virtual(files, [clip("a", 20, 100), clip("x", 120, 50), clip("b", 170, 50)])
    story.until(80)
    assert story.failed == ["x"]
    story.show(clip("a", 20, 100), clip("filler", 120, 50, file="c"), clip("b", 170, 50))
    story.until(225)
    assert story.pictures(20, 220) == [
        *frames("a", 0, 100),
        *frames("c", 0, 50),
        *frames("b", 0, 50),
    ]


def test_a_clip_that_holds_less_than_it_promises_is_told_and_left() -> None:
    story = Virtual(
        library(x=Clip(frames=200, holds=60)),
        [clip("x", 20, 150), clip("b", 170, 50)],
    )
    story.until(225)
    assert any(
        key == "x" and why in {"short", "replaced", "failed"} for key, _, _, why in story.ended
    )
    assert story.pictures(170, 220) == frames("b", 0, 50)


def test_nothing_black_from_the_first_slate_on() -> None:
    story = Virtual(
        library(x=Clip(damage="unreadable")),
        [clip("a", 40, 30), clip("x", 70, 30), clip("gone", 100, 20), clip("b", 120, 30)],
    )
    story.until(200)
    assert "black" not in [name for name, _ in story.pictures(4, 200)]


@pytest.mark.parametrize("mode", ["720p5000", "1080i5000", "PAL", "720p2500"])
def test_frames_are_the_channels_own_in_every_format(mode: str) -> None:
    files = {name: Clip(frames=1000, rate=Fraction(25)) for name in "ab"}
    story = Virtual(library(**files), [clip("a", 20, 50, begin=10), clip("b", 70, 50)], mode)
    story.until(125)
    assert [(key, at, source) for key, at, source in story.began] == [("a", 20, 10), ("b", 70, 0)]
    assert [key for key, *_ in story.ended] == ["a", "b"]
