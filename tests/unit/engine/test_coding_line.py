"""Overload: pictures are left out and counted; sound and time are kept."""

from __future__ import annotations

import io
import threading
from fractions import Fraction

import av
import pytest

from reconciler.engine.coding_line import CodingLine
from reconciler.engine.encoder import Chunk, Coding
from reconciler.engine.picture import black, silence

pytestmark = pytest.mark.media

RATE = Fraction(25)
TICKS = 60


def test_overload_leaves_out_pictures_and_keeps_sound_and_time() -> None:
    may_go_on = threading.Event()
    chunks: list[Chunk] = []

    def deliver(chunk: Chunk) -> None:
        may_go_on.wait(20)
        chunks.append(chunk)

    coding = Coding(
        width=160, height=96, rate=RATE, interlaced=False, preset="ultrafast", bitrate=None
    )
    line = CodingLine(coding, deliver, name="test")
    picture = black(160, 96)
    first = 44_100_000_050  # a key frame by its number
    for tick in range(first, first + TICKS):
        line.put(tick, picture, silence(1_920))
    dropped = line.dropped
    may_go_on.set()
    line.finish(20)

    assert TICKS - 25 < dropped < TICKS - 10
    pictures, sound = _times(b"".join(chunk.data for chunk in chunks))
    assert len(pictures) == TICKS - dropped
    assert pictures[-1] - pictures[0] == (len(pictures) - 1) / RATE  # the first ones, in order
    assert sound > Fraction(TICKS - 2) / RATE


def _times(data: bytes) -> tuple[list[Fraction], Fraction]:
    """When each picture is shown, and how long the sound lasts."""
    pictures: list[Fraction] = []
    samples = 0
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        for packet in container.demux():
            for frame in packet.decode():
                if isinstance(frame, av.AudioFrame):
                    samples += frame.samples
                elif isinstance(frame, av.VideoFrame) and frame.pts is not None:
                    pictures.append(frame.pts * Fraction(frame.time_base or 1))
    return pictures, Fraction(samples, 48_000)
