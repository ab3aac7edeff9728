"""The checker must itself be proved: on clean input it is silent, on damaged input it says what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.conformance.checker import Report, check
from tests.conformance.coded import ALL, PAL, Coded, draw, make, pulses, read
from tests.conformance.suite import Media

pytestmark = pytest.mark.media

SHORT = replace(PAL, id=9, frames=75)
FRAME = Fraction(1, 25)
Order = Callable[[list[int]], list[int]]


def write(
    path: Path, numbers: list[int], *, late: float = 0.0, clip: Coded = SHORT, crf: str = "30"
) -> Report:
    """An output of `numbers` of `clip`, one per frame (-1: black), its sound `late` seconds."""
    with av.open(str(path), "w", format="mpegts") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": crf})
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        for place, number in enumerate(numbers):
            luma = np.full((clip.height, clip.width), 16, np.uint8)
            if number >= 0:
                luma = draw(clip.id, number, clip.width, clip.height)
            chroma = np.full((clip.height // 2, clip.width), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), format="yuv420p")
            frame.pts, frame.time_base = place, FRAME
            out.mux(video.encode(frame))
        for piece in sound(clip, late):
            out.mux(audio.encode(piece))
        out.mux(video.encode())
        out.mux(audio.encode())
    return check(path, [clip], rate=Fraction(25))


def sound(clip: Coded, late: float) -> Iterator[av.AudioFrame]:
    line = np.concatenate([np.zeros(round(late * 48_000), np.float32), pulses(clip)])
    for at in range(0, len(line) - 1024, 1024):
        frame = av.AudioFrame.from_ndarray(line[None, at : at + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        yield frame


def test_every_clip_reads_back_whole(media: Media) -> None:
    for clip in ALL:
        report = check(media[clip], rate=clip.rate)
        assert [run.brief for run in report.runs] == [(clip.id, 0, clip.frames - 1)]
        assert report.faults == ()
        assert all(abs(late) < 1.5 for late in report.offsets.values())


def test_clean_output_has_no_fault_and_no_offset(tmp_path: Path) -> None:
    report = write(tmp_path / "clean.ts", list(range(75)))
    assert [(run.brief, run.shown) for run in report.runs] == [((9, 0, 74), 75)]
    assert report.faults == ()
    assert abs(report.offsets[9]) < 1.5


def test_dropped_frame_is_named(tmp_path: Path) -> None:
    numbers = [n for n in range(75) if n != 31]
    report = write(tmp_path / "dropped.ts", numbers)
    assert report.faults == ("clip 9 at output frame 31: missing 31",)
    assert [run.brief for run in report.runs] == [(9, 0, 30), (9, 32, 74)]


def test_repeated_frame_is_counted(tmp_path: Path) -> None:
    numbers = [*range(32), 31, *range(32, 74)]
    report = write(tmp_path / "repeated.ts", numbers)
    assert report.faults == ("clip 9 from output frame 0: 1 repeated",)
    assert report.runs[0].held == 1


def test_swapped_frames_are_out_of_order(tmp_path: Path) -> None:
    numbers = list(range(75))
    numbers[40], numbers[41] = 41, 40
    report = write(tmp_path / "swapped.ts", numbers)
    assert "clip 9 at output frame 41: out of order, 40 after 41" in report.faults
    assert "clip 9 at output frame 40: missing 40" in report.faults


def test_black_between_is_seen(tmp_path: Path) -> None:
    numbers = [*range(30), -1, -1, *range(30, 73)]
    report = write(tmp_path / "black.ts", numbers)
    assert report.between == {30: "black", 31: "black"}
    assert [run.at for run in report.runs] == [0, 32]


@pytest.mark.parametrize("late", [0.04, 0.08])
def test_shifted_sound_is_measured(tmp_path: Path, late: float) -> None:
    report = write(tmp_path / "late.ts", list(range(75)), late=late)
    assert report.offsets[9] == pytest.approx(late * 1000, abs=1.5)


def test_lost_output_frames_show_in_the_clock(tmp_path: Path) -> None:
    whole = tmp_path / "whole.ts"
    write(whole, list(range(75)))
    cut = tmp_path / "cut.mkv"
    with av.open(str(whole)) as source, av.open(str(cut), "w") as out:
        copy = out.add_stream_from_template(source.streams.video[0])
        for place, packet in enumerate(source.demux(video=0)):
            if packet.size and place < 74:  # the last frame in coding order is needed by no other
                packet.stream = copy
                if packet.pts is not None and place > 40:
                    packet.pts += 7200
                    packet.dts = (packet.dts or 0) + 7200
                out.mux(packet)
    faults = check(cut, [SHORT], rate=Fraction(25)).faults
    assert [fault for fault in faults if "ms after the one before" in fault]


def test_a_hard_bit_rate_still_reads(tmp_path: Path) -> None:
    report = write(tmp_path / "hard.ts", list(range(75)), crf="44")
    assert [run.brief for run in report.runs] == [(9, 0, 74)]


def test_what_is_no_whole_coded_frame_does_not_pass_for_one() -> None:
    one, other = draw(1, 10, 424, 240), draw(2, 20, 424, 240)
    half = np.concatenate([one[:, :212], other[:, 212:]], axis=1)
    mixed = ((one.astype(np.uint16) + other) // 2).astype(np.uint8)
    for picture in (half, mixed, np.full_like(one, 16), np.full_like(one, 235), one // 4 + 100):
        assert read(picture) is None
    assert read(one) == (1, 10)


def test_clips_are_quick_to_make(tmp_path: Path) -> None:
    assert make(SHORT, tmp_path).stat().st_size < 200_000
