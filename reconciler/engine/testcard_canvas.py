"""A picture that is drawn directly in the planes of 4:2:0 video.

Knows rectangles, masks and words; what they mean is the scenes' affair. Everything is clipped at
the edges, so that things may slide in and out.
"""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from reconciler.engine.font import BOLD, REGULAR, Mask, baseline, text_mask

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ink:
    """One colour: luma and both chromas as they are stored (BT.601, studio swing)."""

    y: int
    u: int
    v: int


def ink(code: str) -> Ink:
    """The colour written `rrggbb`."""
    r, g, b = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    return Ink(
        round(16 + 219 * luma),
        round(128 + 224 * (b - luma) / 1.772),
        round(128 + 224 * (r - luma) / 1.402),
    )


NIGHT, PANEL, LINE = ink("10161b"), ink("1c252d"), ink("3a4855")
MUTED, PAPER = ink("93a4b4"), ink("eaeff3")
TEAL, AMBER, RED = ink("2aa79a"), ink("e2a13c"), ink("c93f45")
BLUE, VIOLET, GREEN = ink("3b78d8"), ink("8560c8"), ink("4d9a57")


class Canvas:
    """One picture of even width and height. Coordinates are in luma pixels from the top left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._buffer = np.empty(width * height * 3 // 2, np.uint8)
        luma, chroma = width * height, width * height // 4
        self.y: Plane = self._buffer[:luma].reshape(height, width)
        self.u: Plane = self._buffer[luma : luma + chroma].reshape(height // 2, width // 2)
        self.v: Plane = self._buffer[luma + chroma :].reshape(height // 2, width // 2)

    def copy_from(self, other: Canvas) -> None:
        """Become the same picture as `other`, which is of the same size."""
        np.copyto(self._buffer, other._buffer)

    def fill(self, colour: Ink) -> None:
        """Cover everything."""
        self.rect(0, 0, (self.width, self.height), colour)

    def rect(self, x: int, y: int, size: tuple[int, int], colour: Ink) -> None:
        """Cover the rectangle of `size` (width, height) whose top left is at `x`, `y`."""
        right, bottom = max(0, x + size[0]), max(0, y + size[1])
        x, y = max(0, x), max(0, y)
        self.y[y:bottom, x:right] = colour.y
        half = np.s_[(y + 1) // 2 : (bottom + 1) // 2, (x + 1) // 2 : (right + 1) // 2]
        self.u[half] = colour.u
        self.v[half] = colour.v

    def stamp(self, mask: Mask, x: int, y: int, colour: Ink) -> None:
        """Lay `colour` over the picture where `mask` covers it, its top left at even `x`, `y`."""
        x, y = x & ~1, y & ~1
        left, top = max(0, -x), max(0, -y)
        mask = mask[top : self.height - y, left : self.width - x]
        if not mask.size:
            return
        x, y = max(0, x), max(0, y)
        _blend(self.y, mask, x, y, colour.y)
        small = mask[::2, ::2]
        _blend(self.u, small, x // 2, y // 2, colour.u)
        _blend(self.v, small, x // 2, y // 2, colour.v)

    def stamp_luma(self, mask: Mask, x: int, y: int, level: int) -> None:
        """Like `stamp` for a colourless ink on a colourless ground, at a third of the cost."""
        left, top = max(0, -x), max(0, -y)
        mask = mask[top : self.height - y, left : self.width - x]
        if mask.size:
            _blend(self.y, mask, max(0, x), max(0, y), level)

    def write(self, words: str, at: tuple[int, int], size: float, colour: Ink) -> int:
        """Write `words` with their baseline's left end at `at`; return their width."""
        mask = text_mask(words, size, weight=REGULAR)
        self.stamp(mask, at[0], at[1] - baseline(size), colour)
        return int(mask.shape[1])

    def headline(self, words: str, at: tuple[int, int], size: float, colour: Ink) -> None:
        """Write `words` in bold about the middle `at[0]`, their baseline at `at[1]`."""
        mask = text_mask(words, size, weight=BOLD)
        self.stamp(mask, at[0] - mask.shape[1] // 2, at[1] - baseline(size), colour)

    def frame(self) -> av.VideoFrame:
        """A copy of the picture as it is now."""
        return av.VideoFrame.from_ndarray(
            self._buffer.reshape(self.height * 3 // 2, self.width), format="yuv420p"
        )


def _blend(plane: Plane, mask: Mask, x: int, y: int, level: int) -> None:
    ground = plane[y : y + mask.shape[0], x : x + mask.shape[1]]
    mask = mask[: ground.shape[0], : ground.shape[1]]
    np.copyto(
        ground, ground + mask * (np.float32(level) - ground) + np.float32(0.5), casting="unsafe"
    )
