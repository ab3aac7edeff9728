"""How fast a node fetches: how many connections are worth it, and what a limited line allows.

Decisions on numbers alone; time comes in as an argument.
"""

from __future__ import annotations

from threading import Lock

FIRST = 4  # connections to begin with: enough for most lines, measured in docs/measurements.md
MOST = 8  # more only make a server slower for its other clients
_BETTER = 1.15  # another connection stays if the rate grows by so much; noise is below
_SETTLED = 4  # windows without a gain before no more are tried
_BURST = 0.25  # seconds of a limited line that may be taken at once


class Pace:
    """How many connections one file is fetched by, from the rate that they were seen to reach."""

    def __init__(self) -> None:
        self.hands = FIRST
        self._best = 0.0
        self._idle = 0

    def measured(self, rate: float) -> None:
        """In the last window all connections together brought `rate` bytes per second."""
        if rate > self._best * _BETTER:
            self._best = rate
            self._idle = 0
            self.hands = min(self.hands + 1, MOST)
        elif self._idle < _SETTLED:
            self._idle += 1
            if self._idle == _SETTLED:
                self.hands = max(self.hands - 1, FIRST)  # the last one brought nothing

    def pushed_back(self) -> None:
        """The server asked for less."""
        self.hands = max(1, self.hands // 2)
        self._idle = _SETTLED


class Bucket:
    """What a node's line allows, for all its transfers together. `rate` None: no limit."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._lock = Lock()
        self._free_at = 0.0

    @property
    def is_limited(self) -> bool:
        """Whether what is taken may have to wait."""
        return self._rate is not None

    def take(self, count: int, now: float) -> float:
        """Take `count` bytes; returns how many seconds later they were due."""
        if self._rate is None:
            return 0.0
        with self._lock:
            self._free_at = max(self._free_at, now - _BURST) + count / self._rate
            return max(0.0, self._free_at - now)


class Share:
    """One transfer's part of a limited line: never less than it takes to be there in time.

    `due` is in seconds from `now` until the file airs; it should be there by half of that. A file
    that is due already is not held up at all.
    """

    def __init__(self, bucket: Bucket, *, left: int, due: int | None, now: float) -> None:
        self._bucket = bucket
        self._began = now
        self._taken = 0
        self._floor = None if due is None else left / max(due / 2, 0.001)
        self._lock = Lock()

    def take(self, count: int, now: float) -> float:
        """Take `count` bytes; returns how many seconds to wait before taking more."""
        wait = self._bucket.take(count, now)
        if self._floor is None or not wait:
            return wait
        with self._lock:
            self._taken += count
            return max(0.0, min(wait, self._began + self._taken / self._floor - now))
