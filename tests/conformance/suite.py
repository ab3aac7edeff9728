"""What every engine must do, told as scenarios and judged by its output alone.

Each scenario drives an engine through `Driver` in real time, reads the recording back and asserts.
A scenario that starts at frame `t` expects the output frame at which the first coded frame appears
to be `t`; every other place is counted from there, so that a start that is late by one frame shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.checker import Report, check
from tests.conformance.coded import FAST, MUTE, OLD, PAL, TALL, WEB, Coded
from tests.conformance.driver import Cue, Driver

LEAD = 32  # frames from a command to the first cue at 25 a second: opening on a busy machine
SWITCH = 25  # frames in which a replaced timeline must show; generous, speed is a bench's affair
SAME_RATE_MS, CONVERTED_MS = 6.0, 22.0  # sound against picture; half a frame where the rate differs
_SILENT = 0.02


@dataclass(frozen=True, slots=True)
class Media:
    """Coded clips on disk, whole and broken."""

    whole: Mapping[int, Path]
    missing: Path
    truncated: Path
    garbage: Path

    def __getitem__(self, clip: Coded) -> Path:
        return self.whole[clip.id]


Scenario = Callable[[Driver, Media], None]


def lead(engine: Driver) -> int:
    """Frames from a command to the first cue."""
    return math.ceil(LEAD * engine.video.rate / 25)


def joins_of_mixed_clips(engine: Driver, media: Media) -> None:
    """Six formats one after another: nothing missing, nothing between, sound in step."""
    order = ((PAL, 50), (FAST, 40), (OLD, 40), (MUTE, 35), (WEB, 40), (TALL, 30))
    start = at = engine.now() + lead(engine)
    cues = []
    for clip, frames in order:
        cues.append(Cue(key=f"c{clip.id}", start=at, frames=frames, path=media[clip]))
        at += frames
    engine.show(*cues)
    report = _finish(engine, at)

    base = report.runs[0].at
    for (clip, frames), cue in zip(order, cues, strict=True):
        _expect(report, base + cue.start - start, clip, range(frames), engine)
    assert not report.faults, report.describe()
    _expect_in_step(report, engine, {PAL, FAST, OLD, WEB})
    began = [(b["key"], b["tick"], b["source_frame"]) for b in engine.seen("began")]
    assert began == [(cue.key, cue.start, 0) for cue in cues]
    assert {ended["why"] for ended in engine.seen("ended")} == {"end"}
    assert engine.seen("status")[-1]["dropped"] == 0


def in_and_out_to_the_frame(engine: Driver, media: Media) -> None:
    """Cues that begin inside a clip show exactly the frames that were asked for."""
    order = ((PAL, 34, 40), (FAST, 20, 30), (OLD, 51, 30), (WEB, 25, 40), (PAL, 120, 25))
    start = at = engine.now() + lead(engine)
    cues = []
    for clip, begin, frames in order:
        cues.append(Cue(key=f"{at}", start=at, frames=frames, path=media[clip], begin=begin))
        at += frames
    engine.show(*cues)
    report = _finish(engine, at)

    base = report.runs[0].at
    for (clip, begin, frames), cue in zip(order, cues, strict=True):
        _expect(report, base + cue.start - start, clip, range(begin, begin + frames), engine)
    assert not report.faults, report.describe()


def in_step_for_long(engine: Driver, media: Media) -> None:
    """Twenty seconds: every frame is the one that is due, and the sound does not wander."""
    at = engine.now() + lead(engine)
    second = math.ceil(engine.video.rate)
    cues = [
        Cue(key="a", start=at, frames=9 * second, path=media[PAL]),
        Cue(key="b", start=at + 9 * second, frames=5 * second, path=media[FAST]),
        Cue(key="c", start=at + 14 * second, frames=6 * second, path=media[PAL], begin=second),
    ]
    engine.show(*cues)
    report = _finish(engine, at + 20 * second)

    base = report.runs[0].at
    _expect(report, base, PAL, range(9 * second), engine)
    _expect(report, base + 9 * second, FAST, range(5 * second), engine)
    _expect(report, base + 14 * second, PAL, range(second, 7 * second), engine)
    assert not report.faults, report.describe()
    _expect_in_step(report, engine, {PAL, FAST})


def a_replaced_timeline_leaves_what_is_on_air_alone(engine: Driver, media: Media) -> None:
    """The same cue in ever new timelines goes on untouched; then a cut in the middle of it."""
    at = engine.now() + lead(engine)
    first = Cue(key="a", start=at, frames=200, path=media[PAL])
    for change in range(12):
        later = Cue(key=f"x{change}", start=at + 200, frames=50, path=media[FAST], begin=change)
        engine.show(first, later)
        _wait(engine, at + change * 4)
    cut = at + 75
    engine.show(
        Cue(key="a", start=at, frames=75, path=media[PAL]),
        Cue(key="b", start=cut, frames=30, path=media[FAST]),
    )
    report = _finish(engine, cut + 30)

    assert _briefs(report) == [(1, 0, 74), (2, 0, 58)]
    assert not report.faults, report.describe()


def skip_shows_the_next_at_once(engine: Driver, media: Media) -> None:
    """What is cued next is shown when the timeline says now, at the frame it should be at."""
    at = engine.now() + lead(engine)
    engine.show(
        Cue(key="a", start=at, frames=200, path=media[PAL]),
        Cue(key="b", start=at + 200, frames=100, path=media[FAST]),
    )
    _wait(engine, at + 30)
    skipped = engine.now() + 1
    engine.show(
        Cue(key="a", start=at, frames=skipped - at, path=media[PAL]),
        Cue(key="b", start=skipped, frames=45, path=media[FAST]),
    )
    report = _finish(engine, skipped + 45)

    old, new = report.runs
    assert (old.clip, new.clip) == (1, 2), report.describe()
    assert new.at - old.at == old.shown, report.describe()  # nothing between
    assert new.first == 2 * (new.at - old.at - (skipped - at)), report.describe()
    assert new.at - old.at - (skipped - at) <= SWITCH, report.describe()
    assert old.held <= SWITCH
    assert new.last == 88, report.describe()


def freeze_holds_the_picture_in_silence(engine: Driver, media: Media) -> None:
    """Pause and resume: the picture stands, nothing is heard, the next frame follows."""
    at = engine.now() + lead(engine)
    before = Cue(key="a", start=at, frames=35, path=media[PAL])
    engine.show(before, Cue(key="hold", start=at + 35, freeze=True))
    _wait(engine, at + 50)
    until = engine.now() + 25
    engine.show(
        before,
        Cue(key="hold", start=at + 35, frames=until - at - 35, freeze=True),
        Cue(key="a2", start=until, frames=35, path=media[PAL], begin=35),
    )
    report = _finish(engine, until + 35)

    held = until - at - 35
    base, rate = report.runs[0].at, engine.video.rate
    due = [PAL.frame_at(place, rate) for place in (*range(35), *[34] * held, *range(35, 70))]
    shown = report.coded(base, base + 70 + held)
    assert shown == [(PAL.id, number) for number in due], report.describe()
    assert report.loudest(base + 37, base + 33 + held) < _SILENT


def joined_in_progress(engine: Driver, media: Media) -> None:
    """A cue that began in the past is shown at the frame it should be at."""
    at = engine.now() - 75
    engine.show(
        Cue(key="a", start=at, frames=150, path=media[PAL]),
        Cue(key="b", start=at + 150, frames=40, path=media[FAST]),
    )
    report = _finish(engine, at + 190)

    first, second = report.runs
    assert first.clip == 1, report.describe()
    assert first.first >= 75
    assert first.last == 149
    assert (second.first, second.last, second.at) == (0, 78, first.at + first.shown)
    assert not report.faults, report.describe()
    began = engine.seen("began")[0]
    assert began["source_frame"] == first.first
    assert began["tick"] == at + first.first


def mix_and_wipe(engine: Driver, media: Media) -> None:
    """Both sides of a transition are at the frames they would be at without it."""
    at = engine.now() + lead(engine)
    engine.show(
        Cue(key="a", start=at, frames=50, path=media[PAL]),
        Cue(key="b", start=at + 50, frames=50, path=media[FAST], blend="mix", blend_frames=12),
        Cue(key="c", start=at + 100, frames=50, path=media[OLD], blend="wipe", blend_frames=12),
        Cue(key="d", start=at + 150, frames=25, path=media[PAL], begin=100),
    )
    report = _finish(engine, at + 175)

    base = report.runs[0].at
    coded = {i: (s.clip, s.number) for i, s in enumerate(report.shown) if s.kind == "coded"}
    for place in range(50):
        assert coded[base + place] == (1, place), report.describe()
    for place in range(62, 100):
        assert coded[base + place] == (2, 2 * (place - 50)), report.describe()
    for place in range(112, 150):
        assert coded[base + place] == (3, place - 100), report.describe()
    for place in range(50, 62):  # both sides go on beneath, while either may be the stronger
        assert coded.get(base + place) in (None, (1, place), (2, 2 * (place - 50)))
    for place in range(100, 112):
        assert coded.get(base + place) in (None, (2, 2 * (place - 50)), (3, place - 100))
    for begin in (50, 100):
        blended = [place for place in range(begin, begin + 12) if base + place not in coded]
        assert len(blended) >= 3, report.describe()
    assert _briefs(report)[-1] == (1, 100, 124)
    assert report.offsets[PAL.id] < SAME_RATE_MS


def broken_media_never_stop_it(engine: Driver, media: Media) -> None:
    """Missing, cut short and garbage: something holds the picture, the next is on time."""
    at = engine.now() + lead(engine)
    engine.show(
        Cue(key="a", start=at, frames=40, path=media[PAL]),
        Cue(key="gone", start=at + 40, frames=20, path=media.missing),
        Cue(key="b", start=at + 60, frames=30, path=media[FAST]),
        Cue(key="short", start=at + 90, frames=100, path=media.truncated),
        Cue(key="rot", start=at + 190, frames=15, path=media.garbage),
        Cue(key="c", start=at + 205, frames=30, path=media[OLD]),
    )
    engine.wait("the missing clip to be told", lambda: _told(engine, "gone"), 8)
    told_early = engine.now() < at + 40
    report = _finish(engine, at + 235)

    base = report.runs[0].at
    by_place = {run.at - base: run for run in report.runs}
    assert by_place[0].brief == (1, 0, 39), report.describe()
    assert by_place[60].brief == (2, 0, 58), report.describe()
    assert by_place[205].brief == (3, 0, 29), report.describe()
    cut_short = by_place[90]
    assert (cut_short.clip, cut_short.first) == (TALL.id, 0), report.describe()
    assert 20 < cut_short.last < 70, report.describe()
    assert told_early
    assert _told(engine, "rot")
    assert not [kind for kind in report.between.values() if kind == "black"], report.describe()
    ended = {str(e["key"]): e for e in engine.seen("ended")}
    assert ended["short"]["why"] == "short", ended["short"]


def a_loop_has_no_seam(engine: Driver, media: Media) -> None:
    """A clip that is shorter than its cue begins again with the very next frame."""
    at = engine.now() + lead(engine)
    engine.show(
        Cue(key="a", start=at, frames=60, path=media[TALL], begin=70, loop=True),
        Cue(key="b", start=at + 60, frames=45, path=media[WEB], begin=70, loop=True),
        Cue(key="c", start=at + 105, frames=20, path=media[MUTE]),
        Cue(key="d", start=at + 125, frames=30, path=media[TALL], begin=630, loop=True),
    )
    report = _finish(engine, at + 155)

    base = report.runs[0].at
    numbers = [number for _, number in report.coded(base, base + 60)]
    assert numbers == [(70 + place) % TALL.frames for place in range(60)], report.describe()
    rate = engine.video.rate
    whole = round(WEB.frames / WEB.rate * rate)
    due = [(WEB.id, WEB.frame_at((70 + place) % whole, rate)) for place in range(45)]
    assert report.coded(base + 60, base + 105) == due, report.describe()
    _expect(report, base + 105, MUTE, range(20), engine)
    _expect(report, base + 125, TALL, [place % TALL.frames for place in range(630, 660)], engine)
    last = {str(e["key"]): e["last_source_frame"] for e in engine.seen("ended")}
    assert last == {"a": 29, "b": (70 + 44) % whole, "c": 19, "d": 59}


AT_ANY_RATE: tuple[Scenario, ...] = (
    joins_of_mixed_clips,
    in_and_out_to_the_frame,
    freeze_holds_the_picture_in_silence,
)
SCENARIOS: tuple[Scenario, ...] = (
    joins_of_mixed_clips,
    in_and_out_to_the_frame,
    a_replaced_timeline_leaves_what_is_on_air_alone,
    skip_shows_the_next_at_once,
    freeze_holds_the_picture_in_silence,
    joined_in_progress,
    mix_and_wipe,
    broken_media_never_stop_it,
    a_loop_has_no_seam,
)


def _finish(engine: Driver, frame: int) -> Report:
    """Let it play until shortly after `frame`, stop it, and read the recording."""
    _wait(engine, frame + 5)
    return check(engine.stop(), rate=engine.video.rate)


def _expect(report: Report, at: int, clip: Coded, positions: Iterable[int], engine: Driver) -> None:
    """From output frame `at` on, each position of `clip` is shown by the frame that is due."""
    due = [(clip.id, clip.frame_at(position, engine.video.rate)) for position in positions]
    shown = report.coded(at, at + len(due))
    assert shown == due, report.describe()


def _expect_in_step(report: Report, engine: Driver, clips: set[Coded]) -> None:
    assert set(report.offsets) == {clip.id for clip in clips}, report.describe()
    for clip in clips:
        ratio = clip.rate / engine.video.rate
        exact = 1 in (ratio.numerator, ratio.denominator)
        limit = SAME_RATE_MS if exact else CONVERTED_MS
        assert abs(report.offsets[clip.id]) <= limit, report.describe()


def _wait(engine: Driver, frame: int) -> None:
    within = max(0.0, float((frame - engine.now()) / engine.video.rate)) + 10
    engine.wait(f"frame {frame}", lambda: engine.now() >= frame, within)


def _told(engine: Driver, key: str) -> bool:
    return any(failure["key"] == key for failure in engine.seen("failed"))


def _briefs(report: Report) -> list[tuple[int, int, int]]:
    return [run.brief for run in report.runs]
