"""Sources that are out of the ordinary: fields, turned pictures, stills, sound alone; soft cuts."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

from reconciler.model.video import VideoFormat
from tests.conformance.checker import Report, check
from tests.conformance.coded import FAST, PAL, Coded, Grey, draw, read
from tests.conformance.driver import Cue, Embedded
from tests.conformance.processes import ffmpeg
from tests.conformance.suite import LEAD, Media

RATE = Fraction(25)
FIELDS = VideoFormat.parse("320x180i5000")
TONE = 441  # Hz
OURS = Coded(id=9, width=320, height=180, rate=RATE, frames=25, audio=None)  # made here


def interlaced_output_has_each_instant_in_its_own_lines(folder: Path, media: Media) -> None:
    """50 pictures a second in 25 frames: even lines the earlier one, odd lines the later."""
    with Embedded(folder=folder, video=FIELDS) as engine:
        at = engine.now() + LEAD
        engine.show(
            Cue(key="a", start=at, frames=50, path=media[FAST], begin=10),
            Cue(key="b", start=at + 50, frames=20, path=media[PAL]),
        )
        engine.wait_for(at + 75)
        shown = _fields(engine.stop())
    begin = shown.index((True, (2, 20), (2, 21)))
    assert shown[begin : begin + 50] == [
        (True, (2, 20 + 2 * n), (2, 21 + 2 * n)) for n in range(50)
    ]
    assert shown[begin + 50 : begin + 70] == [(True, (1, n), (1, n)) for n in range(20)]


def interlaced_source_is_taken_apart_and_put_together_again(folder: Path, media: Media) -> None:
    """Field for field on an interlaced channel; one picture of each frame on a progressive one."""
    source = _interlaced(media[FAST], folder / "fields.ts")
    with Embedded(folder=folder, video=FIELDS) as engine:
        at = engine.now() + LEAD
        engine.show(Cue(key="a", start=at, frames=40, path=source, begin=12))
        engine.wait_for(at + 45)
        shown = _fields(engine.stop())
    begin = shown.index((True, (2, 24), (2, 25)))
    due = [(True, (2, 24 + 2 * n), (2, 25 + 2 * n)) for n in range(40)]
    assert shown[begin : begin + 40] == due

    for name, step in (("320x180p2500", 2), ("320x180p5000", 1)):
        again = folder / name
        again.mkdir()
        with Embedded(folder=again, video=VideoFormat.parse(name)) as engine:
            at = engine.now() + 2 * LEAD
            engine.show(Cue(key="a", start=at, frames=50, path=source))
            engine.wait_for(at + 60)
            shown = _fields(engine.stop())
        begin = next(n for n, (_, even, _) in enumerate(shown) if even == (2, 0))
        for n, (_, *fields) in enumerate(shown[begin : begin + 50]):
            number = step * n  # its own lines are as they were; those between are made up
            assert fields[number % 2] == (2, number)
            assert fields[1 - number % 2] in (None, (2, number))


def turned_pictures_are_put_upright(folder: Path, media: Media) -> None:
    """A camera that lay on its side says so in the file; the grid reads back upright."""
    del media
    turned = []
    for degrees in (90, 180, 270):
        lying = _moving(folder / f"{degrees}.src.mp4", turns=degrees // 90)
        turned.append(folder / f"{degrees}.mp4")
        copy = ("-i", str(lying), "-c", "copy", str(turned[-1]))
        with ffmpeg("-display_rotation", str(degrees), *copy) as tool:
            assert tool.wait(20) == 0
    with Embedded(folder=folder) as engine:
        at = engine.now() + LEAD
        engine.show(*(Cue(key=str(p), start=at + 20 * n, frames=20, path=p)
                      for n, p in enumerate(turned)))  # fmt: skip
        engine.wait_for(at + 65)
        report = check(engine.stop(), (OURS,), rate=RATE)
    seen = [number for _, number in report.coded(0, len(report.shown))]
    assert seen == [*range(20)] * 3, report.describe()


def stills_and_a_given_slate_are_shown(folder: Path, media: Media) -> None:
    """A picture file, the first picture of a clip, and the channel's own slate; all in silence."""
    card, slate = _png(folder / "card.png", 41), _png(folder / "slate.png", 42)
    with Embedded(folder=folder, slate=slate) as engine:
        at = engine.now() + LEAD
        engine.show(
            Cue(key="a", start=at, frames=20, path=card, still=True),
            Cue(key="b", start=at + 20, frames=20, path=media[PAL], still=True),
            Cue(key="c", start=at + 40, frames=20),
            Cue(key="d", start=at + 60, frames=10, path=media.missing, still=True),
        )
        engine.wait_for(at + 75)
        report = check(engine.stop(), (PAL, FAST, OURS), rate=RATE)
    begin = next(place for place, s in enumerate(report.shown) if (s.clip, s.number) == (9, 41))
    due = [(9, 41)] * 20 + [(1, 0)] * 20 + [(9, 42)] * 30
    assert report.coded(begin, begin + 70) == due, report.describe()
    assert report.loudest(0, len(report.shown)) < 0.01
    assert any(failed["key"] == "d" for failed in engine.seen("failed"))


def sound_alone_is_heard_over_the_slate(folder: Path, media: Media) -> None:
    """A radio item is no failure: it has its length, its in point, its place; and it may loop."""
    radio = folder / "radio.m4a"
    with ffmpeg("-f", "lavfi", "-i", f"sine=f={TONE}:d=3:r=44100", "-c:a", "aac", str(radio)) as t:
        assert t.wait(20) == 0
    with Embedded(folder=folder) as engine:
        at = engine.now() + LEAD
        engine.show(
            Cue(key="a", start=at, frames=25, path=media[PAL], begin=1),
            Cue(key="b", start=at + 25, frames=40, path=radio, begin=20),
            Cue(key="c", start=at + 65, frames=30, path=radio, begin=60, loop=True),
            Cue(key="d", start=at + 95, frames=20, path=media[FAST]),
            Cue(key="e", start=at + 115, frames=40, path=radio, begin=65),
        )
        engine.wait_for(at + 160)
        report = check(engine.stop(), rate=RATE)
    assert not engine.seen("failed")
    whys = [(ended["key"], ended["why"]) for ended in engine.seen("ended")]
    assert whys[:4] == [(key, "end") for key in "abcd"]
    assert whys[4] == ("e", "short")
    base = report.runs[0].at
    assert {report.between[place] for place in range(base + 25, base + 95)} == {"other"}
    heard = report.sound[_sample(report, base + 26) : _sample(report, base + 94)]
    assert _share_of_tone(heard) > 0.9
    assert report.coded(base + 95, base + 115) == [(2, 2 * n) for n in range(20)]


def cuts_in_the_sound_do_not_click(folder: Path, media: Media) -> None:
    """Cut, freeze, resume: from one moment to the next the wave never leaps."""
    del media
    bass = folder / "bass.mp4"
    tone, picture = "sine=f=50:d=8", "color=c=gray:s=160x96:r=25:d=8"
    with ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"{tone},volume=6",
                "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le", "-f", "mov",
                str(bass)) as tool:  # fmt: skip
        assert tool.wait(20) == 0
    with Embedded(folder=folder) as engine:
        at = engine.now() + LEAD
        # One frame is two whole waves: these in points, counted in frames, would leap by themselves
        # only at the file's ends; the freeze cuts the wave wherever the frame ends.
        cues = [Cue(key="a", start=at, frames=13, path=bass)]
        for n in range(6):
            begin = at + 13 + 24 * n
            cues.append(Cue(key=f"hold{n}", start=begin, frames=11, freeze=True))
            cues.append(Cue(key=f"on{n}", start=begin + 11, frames=13, path=bass, begin=20 + n))
        engine.show(*cues)
        engine.wait_for(cues[-1].start + 20)
        report = check(engine.stop(), rate=RATE)
    wave = report.sound
    assert np.abs(wave).max() > 0.3
    # A 50 Hz wave moves by 2 pi 50 / 48000 of its height from sample to sample.
    assert np.abs(np.diff(wave)).max() < 0.04, json.dumps(_steepest(wave))


STORIES: tuple[Callable[[Path, Media], None], ...] = (
    interlaced_output_has_each_instant_in_its_own_lines,
    interlaced_source_is_taken_apart_and_put_together_again,
    turned_pictures_are_put_upright,
    stills_and_a_given_slate_are_shown,
    sound_alone_is_heard_over_the_slate,
    cuts_in_the_sound_do_not_click,
)

Seen = tuple[int, int] | None


def _fields(recording: Path) -> list[tuple[bool, Seen, Seen]]:
    """Of each frame: whether it is coded as top field first, and what each field shows."""
    found = []
    with av.open(str(recording)) as container:
        for frame in container.decode(video=0):
            luma = cast("Grey", frame.to_ndarray(format="gray"))
            is_top_first = bool(frame.interlaced_frame)
            found.append((is_top_first, read(luma[0::2]), read(luma[1::2])))
    return found


def _interlaced(source: Path, path: Path) -> Path:
    """`source`, 50 pictures a second, as 25 frames of two fields: even lines 2n, odd 2n + 1."""
    weave = ("-vf", "tinterlace=mode=interleave_top,setfield=tff", "-an")
    stored = ("-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "3", "-f", "mpegts")
    with ffmpeg("-i", str(source), *weave, *stored, str(path)) as tool:
        assert tool.wait(20) == 0
    return path


def _moving(path: Path, *, turns: int) -> Path:
    """Twenty-five coded frames, each turned by quarter turns before it is stored."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        first = np.rot90(draw(9, 0, 320, 180), -turns)
        video.height, video.width = first.shape
        video.pix_fmt = "yuv420p"
        for number in range(25):
            lying = np.ascontiguousarray(np.rot90(draw(9, number, 320, 180), -turns))
            frame = _frame(lying)
            frame.pts, frame.time_base = number, 1 / RATE
            out.mux(video.encode(frame))
        out.mux(video.encode())
    return path


def _png(path: Path, number: int) -> Path:
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as out:
        stream = out.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "rgb24"
        out.mux(stream.encode(_frame(draw(9, number, 320, 180)).reformat(format="rgb24")))
        out.mux(stream.encode())
    return path


def _frame(luma: NDArray[np.uint8]) -> av.VideoFrame:
    height, width = luma.shape
    chroma = np.full((height // 2, width), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), format="yuv420p")


def _sample(report: Report, place: int) -> int:
    return round((report.shown[place].at - report.sound_from) * 48_000)


def _share_of_tone(heard: NDArray[np.float32]) -> float:
    """How much of the power lies at the tone."""
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard)))) ** 2
    middle = round(TONE * len(heard) / 48_000)
    return float(power[middle - 12 : middle + 13].sum() / power.sum())


def _steepest(wave: NDArray[np.float32]) -> list[tuple[float, float]]:
    leaps = np.abs(np.diff(wave))
    return [(round(int(at) / 48_000, 4), float(leaps[at])) for at in np.argsort(leaps)[-5:]]
