"""Local times of a channel's zone on its frame grid, and frames in words for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from reconciler.model.video import FrameClock

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ClockNote(Enum):
    """What a change of the clock does to a local time."""

    SKIPPED = "does not exist that day and moves forward"
    TWICE = "comes twice that day; the first is meant"


@dataclass(frozen=True, slots=True)
class LocalClock:
    """A zone's clock over a frame grid."""

    zone: ZoneInfo
    rate: Fraction

    @staticmethod
    def of(zone: str, rate: Fraction) -> LocalClock:
        """The clock of the zone with this IANA name; raises `ZoneInfoNotFoundError`."""
        return LocalClock(ZoneInfo(zone), rate)

    def frame(self, day: date, at: time) -> int:
        """The first frame at or after `at` on `day`.

        A time that does not exist moves forward by the gap; of one that comes twice, the first.
        """
        return _frame(self.zone, self.rate, day, at)

    def note(self, day: date, at: time) -> ClockNote | None:
        """Whether a change of the clock touches `at` on `day`."""
        first = datetime.combine(day, at, tzinfo=self.zone)
        if first.utcoffset() == first.replace(fold=1).utcoffset():
            return None
        back = first.astimezone(UTC).astimezone(self.zone)
        same = back.replace(tzinfo=None) == first.replace(tzinfo=None)
        return ClockNote.TWICE if same else ClockNote.SKIPPED

    def midnight(self, day: date) -> int:
        """The frame at which `day` begins."""
        return self.frame(day, time(0))

    def day(self, frame: int) -> date:
        """The local day that `frame` lies in, counted from the frame its midnight falls on."""
        day = self.local(frame).date()
        return day if self.midnight(day) <= frame else day - _DAY

    def next_at(self, frame: int, at: time) -> int:
        """The first frame at or after `frame` at which the clock shows `at`."""
        day = self.day(frame) - _DAY
        while self.frame(day, at) < frame:
            day += _DAY
        return self.frame(day, at)

    def local(self, frame: int) -> datetime:
        """When `frame` begins, on the zone's clock."""
        return FrameClock(self.rate).instant(frame).astimezone(self.zone)

    def words(self, frame: int) -> str:
        """The frame's local time, as in `21:00:00 Sat`, with `+ff` where it is inside a second."""
        rest = _inside_second(frame, self.rate)
        return f"{self.local(frame):%H:%M:%S}{rest} {_WEEKDAYS[self.local(frame).weekday()]}"


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@lru_cache(maxsize=65_536)
def _frame(zone: ZoneInfo, rate: Fraction, day: date, at: time) -> int:
    instant = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
    return FrameClock(rate).first_at(instant)


def describe(frame: int, zone: str, rate: Fraction) -> str:
    """Name a frame for people: `21:00:00 Sat`, or `21:00:00+12 Sat` inside a second."""
    return LocalClock.of(zone, rate).words(frame)


def stamp(frame: int, rate: Fraction) -> str:
    """Name a frame for ever: `2026-11-24T05:00:00Z`, with `+ff` frames inside the second.

    The first frame of a second is the first that begins in it, so every frame has its own name.
    """
    second = (frame * rate.denominator) // rate.numerator
    return f"{_EPOCH + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}Z{_inside_second(frame, rate)}"


def _inside_second(frame: int, rate: Fraction) -> str:
    second = (frame * rate.denominator) // rate.numerator
    first = -((-second * rate.numerator) // rate.denominator)
    return f"+{frame - first:02}" if frame > first else ""


def length(frames: int, rate: Fraction) -> str:
    """Say how long `frames` last: `0:28:00`, or frames where it is under a second."""
    seconds = (frames * rate.denominator) // rate.numerator
    if not seconds:
        return f"{frames} frames"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
