"""Small real media files of many kinds, and the same ones hurt on purpose.

path = film(folder / "a.mp4", video="libx264", audio="aac", gop=50)
zeroed(path)                  a stretch in its middle is nothing but zeros
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE, FPS = 48_000, 25
WIDTH, HEIGHT = 192, 108
_SOUND = {"aac": "fltp", "libmp3lame": "fltp", "libopus": "flt"}


def film(
    path: Path,
    *,
    video: str = "",
    audio: str = "",
    seconds: float = 8,
    sound_seconds: float | None = None,
    gop: int = 25,
    form: str | None = None,
    pix: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    first: int = 0,
    skip: Mapping[int, int] | None = None,
) -> Path:
    """Encode pictures that move and hold detail, and a tone; `skip[n]` frames are left out at n."""
    with av.open(str(path), "w", format=form, options=dict(container_options or {})) as out:
        pictures: Any = (
            out.add_stream(video, rate=FPS, options=dict(options or {})) if video else None
        )
        sound: Any = out.add_stream(audio, rate=RATE) if audio else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = WIDTH, HEIGHT, pix
            pictures.bit_rate, pictures.codec_context.gop_size = 1_500_000, gop
        if sound is not None:
            sound.layout = "stereo"
        samples = tone(
            seconds if sound_seconds is None else sound_seconds, _SOUND.get(audio, "s16")
        )
        heard = 0
        for number in range(round(seconds * FPS)):
            if pictures is not None and not _left_out(number, skip or {}):
                frame = picture(number).reformat(format=pix)
                frame.pts, frame.time_base = number + first, Fraction(1, FPS)
                out.mux(pictures.encode(frame))
            while sound is not None and heard < (number + 1) * RATE // FPS:
                part = next(samples, None)
                if part is None:
                    break
                heard += part.samples
                part.pts = (part.pts or 0) + first * RATE // FPS
                out.mux(sound.encode(part))
        for stream in (pictures, sound):
            if stream is not None:
                out.mux(stream.encode(None))
    return path


def _left_out(number: int, skip: Mapping[int, int]) -> bool:
    return any(at <= number < at + count for at, count in skip.items())


def picture(number: int) -> av.VideoFrame:
    """One picture, unlike the one before it, with noise that fills a file."""
    noise = np.random.default_rng(number % 7)
    shown = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    shown[:, :, 0] = (np.arange(WIDTH)[None, :] + number * 3) % 256
    shown[20:80, 40:150] = noise.integers(0, 255, (60, 110, 3), dtype=np.uint8)
    return av.VideoFrame.from_ndarray(shown, format="rgb24")


def tone(seconds: float, form: str) -> Iterator[av.AudioFrame]:
    """997 Hz at a tenth, in two channels."""
    wave = 0.1 * np.sin(2 * np.pi * 997 * np.arange(round(RATE * seconds)) / RATE)
    for at in range(0, len(wave), 1152):
        both = np.stack([wave[at : at + 1152]] * 2)
        shown: Any = both.astype(np.float32)
        if form == "flt":
            shown = shown.T.reshape(1, -1).copy()
        elif form == "s16":
            shown = (both * 32767).astype(np.int16).T.reshape(1, -1).copy()
        frame = av.AudioFrame.from_ndarray(shown, format=form, layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        yield frame


# ── hurt ─────────────────────────────────────────────────────────────────────────────────────────


def zeroed(path: Path, share: float = 0.2) -> Path:
    """A stretch from the middle on holds zeros, as where a disk lost blocks."""
    whole = bytearray(path.read_bytes())
    at, count = len(whole) // 2, int(len(whole) * share)
    whole[at : at + count] = bytes(count)
    path.write_bytes(whole)
    return path


def flipped(path: Path, count: int = 200) -> Path:
    """Single bits in a fifth of it from the middle on are the other way round."""
    whole, dice = bytearray(path.read_bytes()), random.Random(4)  # noqa: S311  # the same each time
    for _ in range(count):
        at = len(whole) // 2 + dice.randrange(len(whole) // 5)
        whole[at] ^= 1 << dice.randrange(8)
    path.write_bytes(whole)
    return path


def missing(path: Path, share: float = 0.2) -> Path:
    """A stretch from the middle on is not there."""
    whole = bytearray(path.read_bytes())
    at = len(whole) // 2
    del whole[at : at + int(len(whole) * share)]
    path.write_bytes(whole)
    return path


def cut_short(path: Path, keep: float = 0.7) -> Path:
    """The end is not there."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    return path
