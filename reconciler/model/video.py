"""Video formats, exact rates, frames, timecode, and the frame grid that all times stand on.

**The grid.** A channel's frames are numbered from the Unix epoch: frame `n` begins at
`n * den / num` seconds after 1970-01-01T00:00:00Z. An event's start is such a number, so an
absolute instant is one exact integer at any rate, nothing drifts, and a restart continues where
the clock stands. `FrameClock` converts; nothing else does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMED = {"PAL": "576i5000", "NTSC": "486i5994"}
_DRIFTING = {"2398": 24, "2997": 30, "5994": 60, "11988": 120}  # N * 1000/1001
_WIDTHS = {486: 720, 576: 720, 1556: 2048, 2160: 3840, 4320: 7680}
_NAME = re.compile(r"(?:(\d{2,4})x)?(\d{2,4})([pi])(\d{4,5})")


class Scan(Enum):
    """How a frame is made up of lines."""

    PROGRESSIVE = "progressive"
    INTERLACED = "interlaced"


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """One channel's picture: size in pixels, whole frames per second, and scan.

    Names are CasparCG's (`1080p5000`, `1080i5000`, `PAL`), or custom small ones (`360p2500`,
    `424x240p2500`). The four digits of an interlaced name count fields; `rate` counts frames.
    """

    name: str
    width: int
    height: int
    rate: Fraction
    scan: Scan

    @staticmethod
    def parse(name: str) -> VideoFormat:
        """Read a format's name; raise `ValueError` with what was expected."""
        match = _NAME.fullmatch(_NAMED.get(name.upper(), name))
        if match is None:
            raise ValueError(
                f"expected a video format such as 1080p5000 or 1080i5000, found {name!r}"
            )
        width, height, scan, digits = match.groups()
        rate = _rate(digits)
        lines = int(height)
        across = int(width) if width else _WIDTHS.get(lines, round(lines * 16 / 9 / 2) * 2)
        if scan == "i":
            return VideoFormat(name, across, lines, rate / 2, Scan.INTERLACED)
        return VideoFormat(name, across, lines, rate, Scan.PROGRESSIVE)

    @property
    def clock(self) -> FrameClock:
        """The frame grid of a channel in this format."""
        return FrameClock(self.rate)

    def __str__(self) -> str:
        return self.name


def _rate(digits: str) -> Fraction:
    if digits in _DRIFTING:
        return Fraction(_DRIFTING[digits] * 1000, 1001)
    rate = Fraction(int(digits), 100)
    if not 1 <= rate <= 240:  # noqa: PLR2004  # the span of rates that exist in television
        raise ValueError(f"expected a rate such as 2500, 2997, 5000 or 5994, found {digits!r}")
    return rate


@dataclass(frozen=True, slots=True)
class FrameClock:
    """Convert between instants and frame numbers on the grid of `rate` frames per second."""

    rate: Fraction

    def first_at(self, instant: datetime) -> int:
        """The first frame that begins at or after `instant` (aware)."""
        return -(
            (-_microseconds(instant) * self.rate.numerator) // (1_000_000 * self.rate.denominator)
        )

    def showing_at(self, instant: datetime) -> int:
        """The frame that is showing at `instant` (aware): the last to begin at or before it."""
        return (_microseconds(instant) * self.rate.numerator) // (1_000_000 * self.rate.denominator)

    def instant(self, frame: int) -> datetime:
        """When `frame` begins, in UTC, rounded up to a microsecond (`showing_at` inverts it)."""
        scaled = frame * self.rate.denominator * 1_000_000
        return _EPOCH + -((-scaled) // self.rate.numerator) * _MICROSECOND

    def frames_in(self, span: timedelta | Fraction) -> int:
        """Whole frames in `span` (a `Fraction` is in seconds), rounded to the nearest, half up."""
        seconds = span if isinstance(span, Fraction) else Fraction(span // _MICROSECOND, 1_000_000)
        return (
            2 * seconds.numerator * self.rate.numerator
            + seconds.denominator * self.rate.denominator
        ) // (2 * seconds.denominator * self.rate.denominator)

    def span(self, frames: int) -> timedelta:
        """How long `frames` last, to the nearest microsecond."""
        return timedelta(microseconds=round(Fraction(frames * 1_000_000) / self.rate))


def _microseconds(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - _EPOCH) // _MICROSECOND


_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;])(\d{2,3})")


def parse_timecode(text: str, rate: Fraction) -> int:
    """Frames named by `HH:MM:SS:FF` (or drop-frame `HH:MM:SS;FF`) at `rate`.

    Raises `ValueError` for a malformed value, a frame number past the rate, drop-frame at a rate
    that has none, or a label that drop-frame skips. Source: SMPTE ST 12-1, drop-frame counting.
    """
    match = _TIMECODE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a timecode HH:MM:SS:FF, found {text!r}")
    hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
    base = -(-rate.numerator // rate.denominator)
    if minutes > 59 or seconds > 59 or frames >= base:  # noqa: PLR2004  # sexagesimal
        raise ValueError(
            f"expected minutes and seconds to 59 and frames to {base - 1}, found {text!r}"
        )
    total = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if match[4] == ":":
        return total
    dropped = _dropped_per_minute(text, rate, base)
    if frames < dropped and seconds == 0 and minutes % 10:
        raise ValueError(f"drop-frame counting skips {text}; the next label is frame {dropped}")
    every = hours * 60 + minutes
    return total - dropped * (every - every // 10)


def _dropped_per_minute(text: str, rate: Fraction, base: int) -> int:
    if rate.denominator != 1001 or base not in (30, 60):  # noqa: PLR2004  # 29.97 and 59.94 only
        raise ValueError(
            f"drop-frame ({text!r} has a semicolon) exists at 29.97 and 59.94 only; use ':'"
        )
    return base // 15


def format_timecode(frames: int, rate: Fraction) -> str:
    """Write `frames` as a non-drop `HH:MM:SS:FF`; the inverse of `parse_timecode`."""
    base = -(-rate.numerator // rate.denominator)
    seconds, rest = divmod(frames, base)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}:{rest:02}"
