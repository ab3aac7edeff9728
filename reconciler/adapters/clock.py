"""The machine's clocks, and the one source of chance."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime


class SystemClock:
    """The time as this machine has it."""

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never step."""
        return time.monotonic()


class Jitter:
    """Spreads waits, so that many who failed together do not come back together."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311  # spreads load; guards nothing

    def spread(self, seconds: float, share: float = 0.25) -> float:
        """Lengthen or shorten `seconds` by up to `share` of it."""
        return seconds * (1 + share * (2 * self._random.random() - 1))
