"""When each tick is due: the frame grid laid onto the monotonic clock.

The two clocks are tied together once, at the start. From then on only the monotonic clock counts,
so that a stepped wall clock never disturbs the picture; what lies between the two is measured and,
above one frame, slewed away by making ticks up to 500 ppm longer or shorter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

SAMPLE_RATE = 48_000
_SECOND = 1_000_000_000
_MILLION = 1_000_000
_SLEW_PPM = 500  # half a millisecond in a second: no receiver's clock recovery minds


def samples_before(tick: int, rate: Fraction) -> int:
    """How many samples lie before `tick`; exact at every rate, so that sound never drifts."""
    return tick * SAMPLE_RATE * rate.denominator // rate.numerator


class TickClock:
    """Tell when tick `n` is due, and which is due now. All times are nanoseconds."""

    def __init__(self, rate: Fraction, *, wall: int, mono: int) -> None:
        self._rate = rate
        self._mono = mono
        self._grid = wall
        self._ppm = 0
        self.frame = _SECOND * rate.denominator // rate.numerator

    def due(self, tick: int) -> int:
        """The monotonic time at which `tick` begins."""
        begins = tick * _SECOND * self._rate.denominator // self._rate.numerator
        return self._mono + (begins - self._grid) * (_MILLION + self._ppm) // _MILLION

    def tick_at(self, mono: int) -> int:
        """The tick that is showing at monotonic time `mono`."""
        shown = self._grid_at(mono) * self._rate.numerator
        return shown // (_SECOND * self._rate.denominator)

    def offset(self, *, wall: int, mono: int) -> int:
        """How far the wall clock is ahead of the ticks."""
        return wall - self._grid_at(mono)

    def steer(self, *, wall: int, mono: int) -> int:
        """Decide whether to slew from now on; return the offset. Call about once a second."""
        offset = self.offset(wall=wall, mono=mono)
        self._grid, self._mono = self._grid_at(mono), mono
        settled = self.frame // 8 if self._ppm else self.frame
        if abs(offset) <= settled:
            self._ppm = 0
        else:
            self._ppm = -_SLEW_PPM if offset > 0 else _SLEW_PPM
        return offset

    def _grid_at(self, mono: int) -> int:
        return self._grid + (mono - self._mono) * _MILLION // (_MILLION + self._ppm)
