"""What waits to be sent by one relay: bounded in time, and always cut at a key frame.

Decides what to keep; the caller says what time it is. Adding never waits.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

SPAN = 1.0  # seconds; a far end that is further behind is better served by the next key frame
MOST_BYTES = 16 << 20  # a picture group that is larger is not worth holding for a lost far end


class ChunkQueue:
    """Chunks of a transport stream in order, each marked whether it begins with a key frame.

    It has two ways of keeping: *latest* holds the newest picture group only (nobody is connected),
    *flowing* holds what was added since, at most `SPAN` seconds. Either begins at a key frame.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._chunks: deque[tuple[bytes, float]] = deque()
        self._held = 0
        self._flowing = False
        self._begun = False
        self._added_at: float | None = None
        self._overflows = 0

    @property
    def overflows(self) -> int:
        """How often everything was dropped because it had become too old."""
        return self._overflows

    def put(self, chunk: bytes, *, is_key: bool, now: float) -> None:
        """Add one chunk at monotonic time `now`; drop what no longer fits."""
        with self._lock:
            self._added_at = now
            if self._flowing and self._is_late(now):
                self._clear()
                self._overflows += 1
            elif not self._flowing and (is_key or self._held > MOST_BYTES):
                self._clear()
            self._begun = self._begun or is_key
            if self._begun:
                self._chunks.append((chunk, now))
                self._held += len(chunk)

    def take(self) -> bytes | None:
        """Remove and return the oldest chunk."""
        with self._lock:
            if not self._chunks:
                return None
            chunk, _ = self._chunks.popleft()
            self._held -= len(chunk)
            return chunk

    def flow(self, *, fresh: bool) -> None:
        """Keep from now on what is added; `fresh` forgets what is held and awaits a key frame."""
        with self._lock:
            self._flowing = True
            if fresh:
                self._clear()

    def hold_latest(self) -> None:
        """Forget what is held, and keep the newest picture group only."""
        with self._lock:
            self._flowing = False
            self._clear()

    def idle_for(self, now: float) -> float:
        """Seconds since something was last offered; infinite if nothing ever was."""
        with self._lock:
            return float("inf") if self._added_at is None else now - self._added_at

    def forget(self) -> None:
        """Be as new: nothing held, nothing ever offered."""
        with self._lock:
            self._clear()
            self._added_at = None

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def _is_late(self, now: float) -> bool:
        return bool(self._chunks) and (now - self._chunks[0][1] > SPAN or self._held > MOST_BYTES)

    def _clear(self) -> None:
        self._chunks.clear()
        self._held = 0
        self._begun = False
