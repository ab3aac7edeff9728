"""What a stop hides runs on out of sight, and is on air at once when one goes on."""

from __future__ import annotations

import pytest

from reconciler.sidecar.casparcg.airing import observe
from reconciler.sidecar.casparcg.orders import Material
from reconciler.sidecar.casparcg.state import Back, Layer, Memory
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.engine_port import Began, Cue, FreezeSource, LiveSource, SlateSource
from tests.casparcg.media import Clip
from tests.unit.sidecar.casparcg.test_virtual import clip, library
from tests.unit.sidecar.casparcg.virtual import ZERO, Virtual

STOP = Cue(key="stop", start=ZERO + 60, frames=None, source=SlateSource())
ON = clip("a", 20, 40)
HIDDEN = clip("a", 60, 300, begin=40)


def stopped(*hidden: Cue, **files: Clip) -> Virtual:
    """A clip was on air, and the slate of a stop is since frame 60."""
    story = Virtual(library(**files), [ON, STOP])
    story.until(64)
    story.helm.lie_beneath(hidden)
    return story


def go_on(story: Virtual, *cues: Cue) -> None:
    """Somebody presses play; what lies beneath is taken back a little later, as it is by him."""
    start = min(cue.start for cue in cues)
    held = Cue(key="stop", start=STOP.start, frames=start - STOP.start, source=SlateSource())
    story.show(held, *cues)
    story.turn()
    story.helm.lie_beneath(())


def first_of(story: Virtual, name: str, since: int) -> int:
    """The first tick from `since` on at which a file was shown."""
    return next(
        tick for tick in range(since, since + 12) if story.pictures(tick, tick + 1)[0][0] == name
    )


def ordered(story: Virtual, words: str) -> list[str]:
    return [line.partition(": ")[2] for line in story.log if words in line]


def test_what_runs_beneath_a_stop_is_on_air_two_ticks_after_it_is_asked_for() -> None:
    story = stopped(HIDDEN)
    story.until(150)
    assert {name for name, _ in story.pictures(63, 150)} == {"slate"}

    go_on(story, clip("a2", 151, 60, file="a", begin=131), clip("b", 211, 50))
    story.until(265)

    first = first_of(story, "a", 150)
    assert first <= 153
    assert story.pictures(first, 211) == [("a", 131 + tick - 151) for tick in range(first, 211)]
    assert story.pictures(211, 260) == [("b", number) for number in range(49)]
    (began,) = (each for each in story.told if isinstance(each, Began) and each.key == "a2")
    assert began.source_frame == 131 + began.tick - ZERO - 151
    assert 9 not in story.caspar.channel().layers, "nothing is left of it"


def test_it_is_silent_and_out_of_sight_before_it_plays() -> None:
    story = stopped(HIDDEN)
    story.until(80)
    orders = [line.split()[:3] for line in ordered(story, " 1-9")]
    assert orders[:3] == [
        ["MIXER", "1-9", "OPACITY"],
        ["MIXER", "1-9", "VOLUME"],
        ["PLAY", "1-9", orders[2][2]],
    ]
    assert ordered(story, "MIXER 1-10") == []


def test_what_is_not_there_yet_is_loaded_as_ever() -> None:
    story = stopped(HIDDEN)
    story.until(66)
    go_on(story, clip("a2", 68, 60, file="a", begin=48))
    story.until(100)
    assert ordered(story, "SWAP") == []
    first = first_of(story, "a", 66)
    ((_, frame),) = story.pictures(first, first + 1)
    assert abs(frame - 48 - (first - 68)) <= 1
    assert story.pictures(first, 100) == [("a", frame + n) for n in range(100 - first)]


def test_what_comes_next_beneath_a_stop_takes_over_there_too() -> None:
    story = stopped(clip("a", 60, 80, begin=40), clip("b", 140, 200, begin=7))
    story.until(220)
    go_on(story, clip("b2", 221, 60, file="b", begin=88))
    story.until(260)
    assert len(ordered(story, "SWAP")) == 1
    first = first_of(story, "b", 220)
    assert story.pictures(first, 260) == [("b", 88 + tick - 221) for tick in range(first, 260)]


@pytest.mark.parametrize("opens", [1, 3])
@pytest.mark.parametrize("at", [100, 117, 118, 119, 120, 121, 122])
def test_a_loop_runs_beneath_a_stop_round_and_round(at: int, opens: int) -> None:
    """Sixty frames of a file that is joined at its fortieth: it begins anew at 80, 140, …."""
    loop = Clip(frames=60, open_ticks=opens, decode_ticks=opens)
    story = stopped(clip("a", 60, 500, begin=40, loop=True), a=loop)
    story.until(at)
    assert {name for name, _ in story.pictures(63, at)} == {"slate"}
    go_on(story, clip("a2", at + 1, 200, file="a", begin=(at + 1 - 60 + 40) % 60, loop=True))
    story.until(at + 100)
    assert len(ordered(story, "SWAP")) == 1
    first = first_of(story, "a", at)
    assert first <= at + 3
    assert story.pictures(first, at + 100) == [
        ("a", (40 + tick - 60) % 60) for tick in range(first, at + 100)
    ]


def test_a_loop_is_no_clip_of_the_same_file() -> None:
    """What plays once would end with its file, and the loop's first round with it."""
    story = stopped(clip("a", 60, 300))
    story.until(150)
    go_on(story, clip("a2", 151, 900, file="a", begin=91, loop=True))
    story.until(760)
    assert ordered(story, "SWAP") == []
    first = first_of(story, "a", 150)
    ((_, frame),) = story.pictures(first, first + 1)
    assert story.pictures(first, 760) == [
        ("a", (frame + number) % 500) for number in range(760 - first)
    ]


@pytest.mark.parametrize("opens", [2, 5])
def test_a_file_that_opens_slowly_is_brought_to_its_frame_all_the_same(opens: int) -> None:
    story = stopped(HIDDEN, a=Clip(frames=500, open_ticks=opens, decode_ticks=opens))
    story.until(150)
    mine = story.helm.memory.beneath
    assert mine is not None
    assert mine.frame == 40 + mine.tick - STOP.start
    assert len(ordered(story, "PLAY 1-9")) <= 3
    assert {name for name, _ in story.pictures(63, 150)} == {"slate"}


def test_what_stands_there_is_loaded_again_and_one_reading_is_no_standing() -> None:
    story = stopped(HIDDEN)
    story.until(120)
    once = len(ordered(story, "PLAY 1-9"))
    story.caspar.channel().layers[9].paused = True
    story.until(122)
    story.caspar.channel().layers[9].paused = False
    story.until(150)
    assert len(ordered(story, "PLAY 1-9")) <= once + 1, "two frames off by then"
    again = len(ordered(story, "PLAY 1-9"))
    story.caspar.channel().layers[9].paused = True
    story.until(210)
    assert len(ordered(story, "PLAY 1-9")) == again + 1
    assert {name for name, _ in story.pictures(63, 210)} == {"slate"}


def test_how_long_a_file_takes_to_open_is_known_the_next_time() -> None:
    story = stopped(HIDDEN, a=Clip(frames=500, open_ticks=5), b=Clip(frames=500, open_ticks=5))
    story.until(90)
    story.helm.lie_beneath((clip("b", 60, 300, begin=7),))
    story.until(102)
    mine = story.helm.memory.beneath
    assert mine is not None
    assert (mine.tries, mine.moves) == (1, True)
    assert mine.frame == 7 + mine.tick - STOP.start


def test_something_else_than_what_lies_beneath_is_loaded() -> None:
    story = stopped(HIDDEN)
    story.until(150)
    go_on(story, clip("c", 151, 60))
    story.until(200)
    assert ordered(story, "SWAP") == []
    first = first_of(story, "c", 150)
    assert story.pictures(first, 200) == [("c", tick - 151) for tick in range(first, 200)]


def test_an_engine_that_dies_beneath_a_stop_hides_it_anew() -> None:
    story = stopped(HIDDEN)
    story.until(120)
    story.crash()
    story.until(200)
    assert {name for name, _ in story.pictures(130, 200)} == {"slate"}
    go_on(story, clip("a2", 201, 60, file="a", begin=181))
    story.until(240)
    assert len(ordered(story, "SWAP")) == 1
    first = first_of(story, "a", 200)
    assert story.pictures(first, 240) == [("a", 181 + tick - 201) for tick in range(first, 240)]


def test_a_steering_that_knows_nothing_takes_it_away_or_loads_it_anew() -> None:
    story = stopped(HIDDEN)
    story.until(120)
    story.forget()
    story.until(140)
    assert 9 not in story.caspar.channel().layers
    story.helm.lie_beneath((HIDDEN,))
    story.until(200)
    assert story.helm.memory.beneath is not None
    assert story.helm.memory.beneath.moves


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(
            Cue(key="l", start=ZERO + 60, frames=None, source=LiveSource(url="srt://x:1")),
            id="live",
        ),
        pytest.param(Cue(key="s", start=ZERO + 60, frames=None, source=SlateSource()), id="slate"),
        pytest.param(clip("a", 60, 300, begin=480), id="at its end"),
        pytest.param(clip("x", 60, 300), id="not known"),
    ],
)
def test_what_cannot_run_out_of_sight_does_not(hidden: Cue) -> None:
    story = stopped(hidden)
    story.until(150)
    assert ordered(story, " 1-9") == []


def test_a_loop_of_one_picture_stands_and_is_left_alone() -> None:
    story = stopped(clip("a", 60, 300, loop=True), a=Clip(frames=1))
    story.until(150)
    assert ordered(story, " 1-9") == []


def test_an_empty_background_is_not_emptied_again_and_again() -> None:
    story = Virtual(library(), [clip("a", 20, 200), clip("b", 220, 50)])
    story.until(60)
    held = Cue(key="hold", start=ZERO + 61, frames=100_000, source=FreezeSource())
    story.show(clip("a", 20, 41), held, clip("c", 100_061, 50))
    story.until(160)
    assert len(ordered(story, "LOADBG 1-10 EMPTY")) == 1


def test_an_event_that_an_act_began_some_frames_ago_is_not_sought_first() -> None:
    story = Virtual(library(), [clip("a", 20, 300), clip("b", 320, 100)])
    story.until(60)
    story.show(clip("a", 20, 38), clip("b2", 58, 100, file="b"))
    story.until(100)
    assert ordered(story, "SEEK") == []
    first = first_of(story, "b", 60)
    assert first <= 62
    assert story.pictures(first, 100) == [("b", tick - first) for tick in range(first, 100)]


@pytest.mark.parametrize(("timed", "lag"), [(True, 4), (False, 2)])
def test_what_a_take_needs_is_learned_only_where_it_was_ordered_at_once(
    *, timed: bool, lag: int
) -> None:
    back = Back(
        cue=ON,
        what=Material(name="x.mp4", path="/library/a.mp4"),
        auto=False,
        take_at=100,
        loaded_at=50,
        ready=True,
        probed_at=50,
        taken_at=100,
        timed=timed,
    )
    layer = Layer(tick=104, name="x.mp4", producer="transition")
    memory, _ = observe(layer, Timeline((ON,)), Memory(back=back))
    assert (memory.lag, memory.back) == (lag, None)


def test_a_take_with_its_load_is_not_measured() -> None:
    story = Virtual(library(), [ON, STOP])
    story.until(59)
    assert story.helm.memory.back is not None
    timed = []
    while (back := story.helm.memory.back) is not None:
        timed.append(back.timed)
        story.turn()
    assert not any(timed)
