"""Which frame of the wall's grid a tick of the engine is. Pure.

The engine counts its ticks, and sends one state for each. A state may come late, never early, so
the earliest ones of the last while tell where the count lies on the grid; what comes late by a busy
machine, or in a burst after we stood still, moves nothing. A channel that is slow, or clocks that
drift, move it in the end.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

WINDOW = 60  # ticks that are looked back over; a stall of two seconds is caught up in less
BEHIND = (
    1  # ticks: a state tells of the picture before the one that is being made (recordings, 04b)
)
SLACK = 0.25  # of a frame that an arrival must be beyond its frame before the count moves
_SECOND = 1_000_000_000
_SLEW_PPM = 500  # half a millisecond in a second: a frame in a minute and a half
JUMP = 250  # ticks; a count that leaps is another life of the engine


class TickGrid:
    """Lays the engine's count onto the grid, one arrival after the other.

    `base` is where it lay for who watched the same engine before: where two frames are as good as
    each other, the picture stays in its place.
    """

    def __init__(self, base: int | None = None) -> None:
        self._heard: deque[tuple[float, float]] = deque(maxlen=WINDOW)  # off by what, and when
        self._base = base
        self._last: int | None = None

    @property
    def base(self) -> int | None:
        """Where it lies."""
        return self._base

    @property
    def phase(self) -> float:
        """How much later than its frame a tick begins, in frames: as its earliest state came."""
        return min(self._heard)[0] - self._base if self._base is not None and self._heard else 0.0

    def frame(self, count: int, at: Fraction) -> int:
        """The frame whose picture state `count` tells of; it arrived at frame `at` of the grid."""
        if self._last is not None and not 0 <= count - self._last < JUMP:
            self._heard.clear()
            self._base = None
        self._last = count
        self._heard.append((float(at - count), float(at)))
        earliest = min(self._heard)[0]
        if self._base is None or self._has_moved(earliest - self._base):
            self._base = int(earliest // 1)
        return count + self._base - BEHIND

    def _has_moved(self, off: float) -> bool:
        """Few arrivals say little of how late the count is, and a burst of them no more."""
        if off < -SLACK:
            return True
        if len(self._heard) < WINDOW:
            return off >= WINDOW
        took = self._heard[-1][1] - self._heard[0][1]
        return off >= 1 + SLACK and took >= WINDOW / 2


class WallClock:
    """The wall's grid on the monotonic clock, so that a stepped wall clock moves no picture.

    What lies between the two is measured at each `steer`, and slewed away once it is a frame.
    """

    def __init__(self, rate: Fraction, *, wall: int, mono: int) -> None:
        self._rate = rate
        self._wall, self._mono = wall, mono
        self._offset = 0  # by how much the wall clock is ahead of the grid, in nanoseconds

    @property
    def period(self) -> float:
        """How long a frame lasts, in seconds."""
        return float(1 / self._rate)

    def frame(self, mono: int) -> Fraction:
        """The frame, and the part of it, that it is at `mono` nanoseconds."""
        return Fraction(self._wall + mono - self._mono, _SECOND) * self._rate

    def late_ms(self, phase: float) -> float:
        """How much later than its frame a tick begins that lies `phase` of one after the grid."""
        return round(phase * 1000 / float(self._rate) + self._offset / 1e6, 3)

    def steer(self, *, wall: int, mono: int) -> int:
        """Move towards the wall clock, slowly; returns by how much it is ahead, in nanoseconds."""
        passed = mono - self._mono
        self._offset = offset = wall - (self._wall + passed)
        self._wall, self._mono = self._wall + passed, mono
        if abs(offset) * self._rate > _SECOND:
            most = passed * _SLEW_PPM // 1_000_000
            self._wall += max(-most, min(most, offset))
        return offset
