"""Where a channel stands in time: by its engine while that is read back, else by the wall."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from reconciler.model.video import FrameClock
from reconciler.sidecar.engine_port import EngineSeen

FRESH = timedelta(seconds=1)  # older than this, a reading says nothing about what is on air
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Position:
    """The present in frames."""

    def __init__(self, clock: FrameClock, rate: Fraction, read: Callable[[], EngineSeen]) -> None:
        self._clock = clock
        self._rate = rate
        self._read = read

    def exact(self) -> Fraction:
        """Now, as part of a frame."""
        seen = self._read()
        if seen.read_at is None or _age(seen) > FRESH.total_seconds():
            micros = (datetime.now(UTC) - _EPOCH) // _MICROSECOND
            return Fraction(micros, 1_000_000) * self._rate
        return seen.tick + Fraction(time.monotonic() - seen.read_at) * self._rate

    def frame(self) -> int:
        """The frame that it is."""
        return int(self.exact())


def wall_frame(clock: FrameClock) -> int:
    """The frame that the wall clock shows."""
    return clock.showing_at(datetime.now(UTC))


def is_fresh(seen: EngineSeen) -> bool:
    """Whether a reading is young enough to say what is on air."""
    return seen.engine == "running" and _age(seen) <= FRESH.total_seconds()


def _age(seen: EngineSeen) -> float:
    return float("inf") if seen.read_at is None else time.monotonic() - seen.read_at
