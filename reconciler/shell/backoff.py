"""How long a channel waits after a failure: doubling, with jitter, and forgotten on success."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.ids import ChannelName

FIRST = 0.5  # seconds; a sidecar that lost a race is ready again by then
LONGEST = 60.0  # seconds; an operator who mended the cause should not wait longer


class Backoff:
    """Remember failures per channel. Times are monotonic seconds."""

    def __init__(self, jitter: Callable[[float], float]) -> None:
        self._jitter = jitter
        self._failures: dict[ChannelName, int] = {}
        self._until: dict[ChannelName, float] = {}

    def failed(self, channel: ChannelName, now: float) -> None:
        """Count a failure; the channel waits twice as long as after the one before."""
        count = self._failures[channel] = self._failures.get(channel, 0) + 1
        span = min(LONGEST, FIRST * 2 ** (count - 1))
        self._until[channel] = now + self._jitter(span)

    def worked(self, channel: ChannelName) -> None:
        """Forget a channel's failures."""
        self._failures.pop(channel, None)
        self._until.pop(channel, None)

    def waiting(self, now: float) -> frozenset[ChannelName]:
        """The channels that wait."""
        return frozenset(name for name, until in self._until.items() if until > now)

    def soonest(self, now: float) -> float:
        """Seconds until the first of them may be tried again; infinite when none waits."""
        return min((u - now for u in self._until.values() if u > now), default=float("inf"))
