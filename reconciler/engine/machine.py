"""What this machine can do: cores we may use, and how fast one of them encodes."""

from __future__ import annotations

import os
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from reconciler.engine.events import Machine
from reconciler.engine.picture import PIXELS, frame_of
from reconciler.model.cost import choose_preset

if TYPE_CHECKING:
    from reconciler.model.video import VideoFormat

_WIDTH, _HEIGHT, _PICTURES = 424, 240, 16
_REFERENCE = 0.040  # CPU-seconds on the machine that the cost table was measured on


def probe() -> Machine:
    """Measure, in CPU time so that busy neighbours do not count; takes about 50 ms."""
    cores = len(os.sched_getaffinity(0))
    return Machine(cores=cores, score=round(_REFERENCE / max(0.001, _encode_some()), 2))


def preset_for(video: VideoFormat, machine: Machine) -> str:
    """The preset that this machine carries with room for others."""
    speed = Fraction(min(1.5, max(0.25, machine.score))).limit_denominator(100)
    return choose_preset(video, machine.cores * speed)


def _encode_some() -> float:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = _WIDTH, _HEIGHT, PIXELS
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.options = {"preset": "superfast", "x264-params": "threads=1"}
    pictures = [frame_of(_pattern(number)) for number in range(_PICTURES)]
    began = time.process_time()
    for number, picture in enumerate(pictures):
        picture.pts = number
        context.encode(picture)
    context.encode(None)
    return time.process_time() - began


def _pattern(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows = np.arange(_HEIGHT * 3 // 2, dtype=np.uint32)[:, None]
    columns = np.arange(_WIDTH, dtype=np.uint32)[None, :]
    return ((rows * 7 + columns * 13 + (rows * columns >> 5) + number * 11) % 220 + 16).astype(
        np.uint8
    )
