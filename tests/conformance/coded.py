"""Clips whose frames carry their own number, and whose sound carries pulses tied to frames.

A frame is a grid of 8 x 4 cells, black or white: clip id (6 bits), frame number (16), checksum
(10). The cells survive scaling, padding and a low bit rate; a blend of two grids, a slate or
black does not pass for one. In the sound, a pulse begins with every frame whose number is a
multiple of the clip's `beat`.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

ACROSS, DOWN = 8, 4
NUMBER_BITS, SUM_BITS = 16, 10
MARGIN = 0.06  # of the picture, around the grid: what padding and ringing may touch
DARK, LIGHT = 90, 165  # a cell between the two says nothing
_BLACK, _WHITE, _FRAME = 24, 228, 110
PULSE = 0.004  # seconds
PULSE_PITCH = 3000.0
PULSE_PEAK = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """One coded clip: what it is, and how it is stored. `audio` is a codec's name, or none."""

    id: int
    width: int
    height: int
    rate: Fraction
    frames: int
    suffix: str = ".mp4"
    video: str = "libx264"
    audio: str | None = "aac"
    audio_rate: int = 48_000
    layout: str = "stereo"

    @property
    def beat(self) -> int:
        """Frames from pulse to pulse: about half a second."""
        return round(self.rate / 2)

    def frame_at(self, position: int, rate: Fraction) -> int:
        """The frame that is due at `position` of an output at `rate`: each begins at the nearest.

        Frame n is shown from position round(n * rate / own rate) on, until the next one is.
        """
        number = math.floor((position + 1) * self.rate / rate) + 1
        while self._shown_from(number, rate) > position:
            number -= 1
        return number

    def _shown_from(self, number: int, rate: Fraction) -> int:
        time = number / self.rate
        if self.suffix == ".mkv":  # stores whole milliseconds
            time = Fraction(round(time * 1000), 1000)
        return math.floor(time * rate + Fraction(1, 2))

    @property
    def file(self) -> str:
        """The file's name."""
        return f"CODED-{self.id:02}{self.suffix}"


# As different as an archive is.
PAL = Coded(id=1, width=424, height=240, rate=Fraction(25), frames=250)
FAST = Coded(id=2, width=320, height=180, rate=Fraction(50), frames=300, audio_rate=44_100)
OLD = Coded(
    id=3, width=352, height=288, rate=Fraction(25), frames=150,
    suffix=".ts", video="mpeg2video", audio="mp2", layout="mono",
)  # fmt: skip
MUTE = Coded(id=4, width=480, height=270, rate=Fraction(30_000, 1001), frames=120, audio=None)
WEB = Coded(
    id=5, width=320, height=180, rate=Fraction(24_000, 1001), frames=96,
    suffix=".mkv", video="libvpx-vp9", audio="libopus", layout="mono",
)  # fmt: skip
TALL = Coded(id=6, width=180, height=320, rate=Fraction(25), frames=100, audio=None)
ALL = (PAL, FAST, OLD, MUTE, WEB, TALL)

_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "26"},
    "mpeg2video": {"qscale": "4", "flags": "+qscale"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "b": "400k"},
}


def draw(clip: int, number: int, width: int, height: int) -> Grey:
    """The luma of one coded frame."""
    bits = _bits(clip, number)
    picture = np.full((height, width), _FRAME, np.uint8)
    rows, columns = edges(height, DOWN), edges(width, ACROSS)
    for place, bit in enumerate(bits):
        row, column = divmod(place, ACROSS)
        cell = np.s_[rows[row] : rows[row + 1], columns[column] : columns[column + 1]]
        picture[cell] = _WHITE if bit else _BLACK
    return picture


def read(picture: Grey) -> tuple[int, int] | None:
    """The clip's id and the frame's number, if `picture` is one whole coded frame."""
    rows, columns = edges(picture.shape[0], DOWN), edges(picture.shape[1], ACROSS)
    value = 0
    for place in range(ACROSS * DOWN):
        row, column = divmod(place, ACROSS)
        level = _middle(picture, rows[row : row + 2], columns[column : column + 2])
        if DARK < level < LIGHT:
            return None
        value = value << 1 | (level >= LIGHT)
    clip, number = value >> NUMBER_BITS + SUM_BITS, value >> SUM_BITS & (1 << NUMBER_BITS) - 1
    return (clip, number) if value & (1 << SUM_BITS) - 1 == _sum(clip, number) else None


def edges(length: int, cells: int) -> list[int]:
    """Where the cells begin and end along one side of `length` pixels."""
    return [round(length * (MARGIN + (1 - 2 * MARGIN) * n / cells)) for n in range(cells + 1)]


def make(clip: Coded, folder: Path) -> Path:
    """Encode `clip` into `folder`."""
    path = folder / clip.file
    with av.open(str(path), "w") as out:
        video = out.add_stream(clip.video, rate=clip.rate, options=_OPTIONS[clip.video])
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        video.codec_context.gop_size = 50
        audio = _audio(out, clip)
        sound, delivered = pulses(clip), 0
        for number in range(clip.frames):
            frame = _frame(clip, number)
            out.mux(video.encode(frame))
            until = round((number + 1) / clip.rate * clip.audio_rate)
            while audio is not None and delivered < until:
                size = audio.codec_context.frame_size or 1024
                out.mux(audio.encode(_samples(clip, sound, delivered, size)))
                delivered += size
        out.mux(video.encode())
        if audio is not None:
            out.mux(audio.encode())
    return path


def _audio(out: OutputContainer, clip: Coded) -> AudioStream | None:
    if clip.audio is None:
        return None
    stream = out.add_stream(clip.audio, rate=clip.audio_rate, layout=clip.layout)
    assert isinstance(stream, AudioStream)
    return stream


def pulses(clip: Coded) -> NDArray[np.float32]:
    """The clip's sound, one channel."""
    total = round(clip.frames / clip.rate * clip.audio_rate)
    sound = np.zeros(total, np.float32)
    t = np.arange(round(PULSE * clip.audio_rate)) / clip.audio_rate
    burst = (PULSE_PEAK * np.sin(2 * np.pi * PULSE_PITCH * t)).astype(np.float32)
    for number in range(0, clip.frames, clip.beat):
        at = round(number / clip.rate * clip.audio_rate)
        piece = sound[at : at + len(burst)]
        piece[:] = burst[: len(piece)]
    return sound


def _frame(clip: Coded, number: int) -> av.VideoFrame:
    luma = draw(clip.id, number, clip.width, clip.height)
    chroma = np.full((clip.height // 2, clip.width), 128, np.uint8)
    frame = av.VideoFrame.from_ndarray(np.concatenate([luma, chroma]), format="yuv420p")
    frame.pts, frame.time_base = number, 1 / clip.rate
    return frame


def _samples(clip: Coded, sound: NDArray[np.float32], at: int, size: int) -> av.AudioFrame:
    piece = np.zeros(size, np.float32)
    part = sound[at : at + size]
    piece[: len(part)] = part
    channels = 2 if clip.layout == "stereo" else 1
    shape = "s16" if clip.audio in ("mp2", "libopus") else "fltp"
    planes = np.stack([piece] * channels)
    if shape == "s16":
        packed = np.ascontiguousarray((planes * 32767).astype(np.int16).T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=clip.layout)
    else:
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=clip.layout)
    frame.sample_rate, frame.pts = clip.audio_rate, at
    frame.time_base = Fraction(1, clip.audio_rate)
    return frame


def _bits(clip: int, number: int) -> list[int]:
    value = (clip << NUMBER_BITS | number) << SUM_BITS | _sum(clip, number)
    return [value >> place & 1 for place in reversed(range(ACROSS * DOWN))]


def _sum(clip: int, number: int) -> int:
    # All black and all white must both be wrong; the checksum of nothing is not nothing.
    return zlib.crc32(b"%d/%d" % (clip, number)) & (1 << SUM_BITS) - 1


def _middle(picture: Grey, rows: list[int], columns: list[int]) -> float:
    """Mean of the middle of one cell, where neighbours do not bleed in."""
    quarter_down, quarter_across = (rows[1] - rows[0]) // 4, (columns[1] - columns[0]) // 4
    inside = picture[
        rows[0] + quarter_down : rows[1] - quarter_down,
        columns[0] + quarter_across : columns[1] - quarter_across,
    ]
    return float(inside.mean())
