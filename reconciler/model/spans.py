"""Spans of time as authors write them, kept exact until a channel's rate is known.

Playlists are shared by channels of different rates, so `12f` or `00:00:30:00` is a number of
frames only once a channel plays it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from reconciler.model.video import FrameClock, parse_timecode

_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600)}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


@dataclass(frozen=True, slots=True)
class Seconds:
    """A span on the clock; `value` is exact and in seconds."""

    value: Fraction

    def frames(self, rate: Fraction) -> int:
        """Whole frames at `rate`, rounded to the nearest."""
        return FrameClock(rate).frames_in(self.value)


@dataclass(frozen=True, slots=True)
class Frames:
    """A span counted in the channel's own frames."""

    value: int

    def frames(self, rate: Fraction) -> int:  # noqa: ARG002  # the same at every rate; one shape for every span
        """The count itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class Timecode:
    """A span, or a position in a file, as `HH:MM:SS:FF` (`;` before FF for drop-frame)."""

    text: str

    def frames(self, rate: Fraction) -> int:
        """Frames at `rate`; raises `ValueError` where the label does not exist at it."""
        return parse_timecode(self.text, rate)


Span = Seconds | Frames | Timecode


def parse_span(text: str) -> Span:
    """Read `90s`, `1.5s`, `15m`, `200ms`, `1h30m`, `12f` or a timecode; raise `ValueError`."""
    if re.fullmatch(r"\d{2}:\d{2}:\d{2}[:;]\d{2,3}", text):
        return Timecode(text)
    if re.fullmatch(r"\d+f", text):
        return Frames(int(text[:-1]))
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"expected a span such as 90s, 15m, 12f or 00:00:30:00, found {text!r}")
    return Seconds(sum((Fraction(number) * _UNITS[unit] for number, unit in parts), Fraction(0)))
