"""Which source frame stands at which position: rate conversion and damaged timestamps, purely."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class Slots(Generic[Frame]):
    """Lay frames of any rate onto the channel's positions: each holds the last frame due by then.

    A frame is known to fill its positions only when the next one has come, so it is given out
    then (or at `finish`). No position is ever left out or given twice.
    """

    def __init__(self, rate: Fraction, first: int) -> None:
        self._rate = rate
        self._next = first
        self._pending: Frame | None = None
        self._end = first

    def put(self, frame: Frame, time: Fraction, duration: Fraction) -> tuple[Frame | None, range]:
        """Take the next frame; say which positions the one before it fills."""
        slot = _nearest(time * self._rate)
        filled = self._fill(slot)
        before = self._pending
        self._pending = frame
        self._end = max(_nearest((time + duration) * self._rate), slot)
        return before, filled

    def finish(self) -> tuple[Frame | None, range]:
        """Say which positions the last frame fills."""
        filled = self._fill(self._end)
        before, self._pending = self._pending, None
        return before, filled

    @property
    def next(self) -> int:
        """The first position not yet filled."""
        return self._next

    def _fill(self, until: int) -> range:
        if self._pending is None:
            return range(0)
        filled = range(self._next, max(self._next, until))
        self._next = filled.stop
        return filled


def _nearest(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


class Steady:
    """Carry the streams of one container over leaps in their timestamps, keeping them together.

    `leap` is how far a time may jump before it is taken for damage rather than for a long frame.
    """

    def __init__(self, leap: Fraction) -> None:
        self._leap = leap
        self._shift = Fraction(0)
        self._shifts: dict[int, Fraction] = {}
        self._ends: dict[int, Fraction] = {}

    def place(self, stream: int, time: Fraction, duration: Fraction) -> Fraction:
        """The time on one steady line."""
        shift = self._shifts.get(stream, self._shift)
        end = self._ends.get(stream)
        if end is not None and not self._fits(time + shift, end):
            shift = self._shift
            if not self._fits(time + shift, end):
                shift = self._shift = end - time
        self._shifts[stream] = shift
        self._ends[stream] = time + shift + duration
        return time + shift

    def _fits(self, time: Fraction, end: Fraction) -> bool:
        return end - 1 <= time <= end + self._leap


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a picture lies inside the channel's."""

    width: int
    height: int
    left: int
    top: int


def fit(source: tuple[int, int], sample_aspect: Fraction, into: tuple[int, int, Fraction]) -> Box:
    """The largest box of the source's shape that fits; even, for 4:2:0.

    `into` is the channel's width, height and sample aspect ratio.
    """
    width, height, channel_aspect = into
    shape = Fraction(source[0], source[1]) * (sample_aspect or 1) / channel_aspect
    if shape * height >= width:
        across, down = width, _even(width / shape, height)
    else:
        across, down = _even(height * shape, width), height
    return Box(
        width=across,
        height=down,
        left=(width - across) // 4 * 2,
        top=(height - down) // 4 * 2,
    )


def _even(value: Fraction, most: int) -> int:
    return max(2, min(most, 2 * _nearest(value / 2)))


def sample_aspect_of(width: int, height: int) -> Fraction:
    """The shape of a channel's pixels: standard definition is not square.

    Source: ITU-R BT.601 sizes, shown 16:9 for 625 lines and 4:3 for 525.
    """
    match (width, height):
        case (720, 576):
            return Fraction(64, 45)
        case (720, 486):
            return Fraction(9, 10)
        case _:
            return Fraction(1)
