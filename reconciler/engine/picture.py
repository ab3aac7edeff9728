"""Pictures as planes: blend two, weave two into one interlaced, hold one black."""

from __future__ import annotations

from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

from reconciler.engine.protocol import Blend

Planes = NDArray[np.uint8]  # YUV 4:2:0, planar, as one array of 3/2 the height
Sound = NDArray[np.float32]  # (samples, 2)
PIXELS = "yuv420p"
NO_PICTURE = av.VideoFrame(2, 2, PIXELS)  # stands where a source has sound and nothing to see
_ONE = 128  # so that a difference of two pixels times a weight fits 16 bits
_ROWS = 32  # mixed at a time, so that they stay in the cache: five times as fast


def planes_of(frame: av.VideoFrame) -> Planes:
    """A copy of the frame's planes."""
    return cast("Planes", frame.to_ndarray(format=PIXELS))


def frame_of(planes: Planes) -> av.VideoFrame:
    """A frame holding a copy of the planes."""
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format=PIXELS)


def blend(under: av.VideoFrame, over: av.VideoFrame, *, how: Blend, share: float) -> av.VideoFrame:
    """`over` over `under`; `share` is how much of `over` there is, from 0 to 1."""
    below, above = planes_of(under), planes_of(over)
    match how:
        case Blend.CUT:
            return over
        case Blend.MIX:
            return frame_of(_mixed(below, above, weight=round(share * _ONE)))
        case Blend.WIPE:
            return frame_of(_wiped(below, above, share=share))


def _mixed(below: Planes, above: Planes, *, weight: int) -> Planes:
    room = np.empty((_ROWS, below.shape[1]), np.int16)
    for top in range(0, len(below), _ROWS):
        low = below[top : top + _ROWS]
        change = room[: len(low)]
        np.subtract(above[top : top + _ROWS], low, out=change, dtype=np.int16)
        change *= weight
        change += _ONE // 2
        change >>= 7
        change += low
        low[:] = change
    return below


def _wiped(below: Planes, above: Planes, *, share: float) -> Planes:
    height = below.shape[0] * 2 // 3
    width = below.shape[1]
    edge = round(share * width / 2) * 2
    below[:height, :edge] = above[:height, :edge]
    chroma_below = _chroma(below, height)
    chroma_below[..., : edge // 2] = _chroma(above, height)[..., : edge // 2]
    return below


def _chroma(planes: Planes, height: int) -> Planes:
    return planes[height:].reshape(2, height // 2, planes.shape[1] // 2)


def weave(first: av.VideoFrame, second: av.VideoFrame) -> av.VideoFrame:
    """One interlaced frame, top field first: even lines of the first, odd lines of the second."""
    woven, other = planes_of(first), planes_of(second)
    height = woven.shape[0] * 2 // 3
    woven[1:height:2] = other[1:height:2]
    _chroma(woven, height)[:, 1::2] = _chroma(other, height)[:, 1::2]
    return frame_of(woven)


def crossfade(under: Sound, over: Sound, *, begin: float, end: float) -> Sound:
    """Equal-power fade from one sound into another, from share `begin` to share `end`."""
    share = np.linspace(begin, end, len(over), endpoint=False, dtype=np.float32)[:, None]
    angle = share * np.float32(np.pi / 2)
    mixed: Sound = (over * np.sin(angle) + under * np.cos(angle)).astype(np.float32)
    return mixed


def joined(before: Sound, after: Sound, samples: int) -> Sound:
    """`after`, with its first samples faded in while what went on of `before` fades out.

    Linear, so that sound which simply goes on from one to the other stays as it is.
    """
    share = (np.arange(1, samples + 1, dtype=np.float32) / (samples + 1))[:, None]
    whole = after.copy()
    whole[:samples] = after[:samples] * share + before[:samples] * (1 - share)
    return whole


def silence(samples: int) -> Sound:
    """No sound, for so many samples."""
    return np.zeros((samples, 2), np.float32)


def black(width: int, height: int) -> av.VideoFrame:
    """A black picture."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = 16
    return frame_of(planes)
