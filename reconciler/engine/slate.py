"""The holding picture: a given one, or one drawn here with the channel's title.

The drawn one has a light that travels along a line, so that anyone can see that the channel lives.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reconciler.engine.font import BOLD, REGULAR, text_mask
from reconciler.engine.picture import frame_of

if TYPE_CHECKING:
    from fractions import Fraction

    import av
    from numpy.typing import NDArray

    from reconciler.engine.picture import Planes

MESSAGE = "We will be right back"
_SWEEP_SECONDS = 6
_WIDEST = 0.86  # of the picture's width: what every screen shows
_INK, _PALE, _LINE = 225, 165, 62  # luma
_TOP, _BOTTOM = 46, 24  # luma of the background, dark above darker
_BLUE, _RED = 146, 118  # its tint


class DrawnSlate:
    """A picture for every tick."""

    def __init__(self, title: str, width: int, height: int, rate: Fraction) -> None:
        self._size = (width, height)
        self._period = float(rate) * _SWEEP_SECONDS
        self._planes = _background(width, height)
        luma = self._planes[:height]
        _write(luma, title or " ", middle=height * 2 // 5, height=height / 10, weight=BOLD)
        _write(luma, MESSAGE, middle=height * 23 // 40, height=height / 22, weight=REGULAR)
        self._line = self._place_line()
        self._last: tuple[int, av.VideoFrame] | None = None

    def picture(self, tick: int) -> av.VideoFrame:
        """The slate as it is at `tick`."""
        if self._last is None or self._last[0] != tick:
            self._last = (tick, self._draw(tick))
        return self._last[1]

    def _place_line(self) -> tuple[slice, int, int]:
        width, height = self._size
        top = height * 3 // 4
        return slice(top, top + max(2, height // 120)), width // 4, width - width // 4

    def _draw(self, tick: int) -> av.VideoFrame:
        rows, left, right = self._line
        planes = self._planes.copy()
        where = (1 - math.cos(2 * math.pi * (tick % self._period) / self._period)) / 2
        along = np.linspace(0, 1, right - left)
        glow = np.exp(-(((along - where) / 0.06) ** 2))
        planes[rows, left:right] = (_LINE + (_INK - _LINE) * glow).astype(np.uint8)
        return frame_of(planes)


def _background(width: int, height: int) -> Planes:
    planes = np.empty((height * 3 // 2, width), np.uint8)
    shade = np.linspace(_TOP, _BOTTOM, height)[:, None] + _grain(height, width)
    planes[:height] = shade.astype(np.uint8)
    chroma = planes[height:].reshape(2, -1)
    chroma[0], chroma[1] = _BLUE, _RED
    return planes


def _grain(height: int, width: int) -> NDArray[np.float64]:
    """An ordered pattern below one step of luma, against visible bands."""
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    return ((rows * 3 + columns * 5) % 8) / 8


def _write(luma: Planes, text: str, *, middle: int, height: float, weight: float) -> None:
    """Write one line, centred; smaller if it would not fit."""
    mask = text_mask(text, height, weight=weight)
    room = luma.shape[1] * _WIDEST / mask.shape[1]
    if room < 1:
        mask = text_mask(text, height * room, weight=weight)
    mask = mask[: luma.shape[0] - middle, : luma.shape[1]]
    top = middle - mask.shape[0] // 2
    left = (luma.shape[1] - mask.shape[1]) // 2
    place = luma[top : top + mask.shape[0], left : left + mask.shape[1]]
    ink = _INK if weight == BOLD else _PALE
    place[:] = (place + (ink - place.astype(np.float32)) * mask).astype(np.uint8)
