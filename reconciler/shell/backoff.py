"""How long something that failed waits: doubling, with jitter, and forgotten once it is well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

FIRST = 0.5  # seconds; a sidecar that lost a race is ready again by then
LONGEST = 60.0  # seconds; an operator who mended the cause should not wait longer
_DOUBLINGS = 16  # more than it takes from the first to the longest

Key = TypeVar("Key", bound=Hashable)


class Backoff(Generic[Key]):
    """Remember failures by key: a channel, a file on a node. Times are monotonic seconds."""

    def __init__(self, jitter: Callable[[float], float]) -> None:
        self._jitter = jitter
        self._failures: dict[Key, int] = {}
        self._until: dict[Key, float] = {}

    def failed(self, key: Key, now: float) -> None:
        """Count a failure; `key` waits twice as long as after the one before."""
        count = self._failures[key] = self._failures.get(key, 0) + 1
        span = min(LONGEST, FIRST * 2 ** min(count - 1, _DOUBLINGS))
        self._until[key] = now + self._jitter(span)

    def worked(self, key: Key) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)
        self._until.pop(key, None)

    def keep(self, unwell: Collection[Key]) -> None:
        """Forget every failure but those of `unwell`: the others have nothing left to do."""
        for key in [key for key in self._failures if key not in unwell]:
            self.worked(key)

    def waiting(self, now: float) -> frozenset[Key]:
        """Those that wait."""
        return frozenset(key for key, until in self._until.items() if until > now)

    def soonest(self, now: float) -> float:
        """Seconds until the first of them may be tried again; infinite when none waits."""
        return min((u - now for u in self._until.values() if u > now), default=float("inf"))
