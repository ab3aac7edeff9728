"""Which bytes of a file are there, which are being fetched, and which come next.

Bookkeeping alone: no socket, no disk, no clock; whoever uses it from several threads locks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LEAST = 1 << 20  # bytes; below, asking costs more than answering
MOST = (
    32 << 20
)  # bytes; above, a part that fails costs too much, and the last one keeps all waiting

Extent = tuple[int, int]  # from, to (exclusive)


@dataclass(slots=True, eq=False)
class Part:
    """Bytes that one connection fetches: `at` is how far it has come."""

    start: int
    end: int
    at: int

    @property
    def is_done(self) -> bool:
        """Whether nothing of it is left."""
        return self.at >= self.end


class Parts:
    """All bytes of one file of `size`; `there` are extents that an earlier run brought."""

    def __init__(self, size: int, there: Iterable[Extent] = ()) -> None:
        self.size = size
        self._there = joined((max(0, a), min(size, b)) for a, b in there if a < min(size, b))
        self._missing = _gaps(size, self._there)
        self._parts: list[Part] = []

    @property
    def done(self) -> int:
        """How many bytes are there."""
        return sum(b - a for a, b in self._there) + sum(p.at - p.start for p in self._parts)

    @property
    def is_whole(self) -> bool:
        """Whether every byte is there."""
        return self.done >= self.size

    @property
    def left(self) -> int:
        """How many bytes nobody has taken yet."""
        return sum(b - a for a, b in self._missing)

    def claim(self, hands: int) -> Part | None:
        """Take the first bytes that nobody has, as many as suit so many connections (1: all)."""
        if not self._missing:
            return None
        left, (start, end) = self.left, self._missing.pop(0)
        # Smaller towards the end, so that the connections finish together.
        fair = min(max(left // (2 * hands), LEAST), MOST) if hands > 1 else end - start
        stop = end if end - start < fair + LEAST else start + fair
        if stop < end:
            self._missing.insert(0, (stop, end))
        part = Part(start, stop, start)
        self._parts.append(part)
        return part

    def holds(self, part: Part) -> bool:
        """Whether `part` still counts: a restart forgets those under way."""
        return part in self._parts

    def restart(self) -> None:
        """Forget what is there: every byte is fetched again, in one part."""
        self._there, self._missing = [], [(0, self.size)]
        self._parts = []

    def put_down(self, part: Part) -> None:
        """Nobody is at `part` any more; somebody else must fetch what is left of it."""
        if not self.holds(part):
            return
        self._parts.remove(part)
        if part.at > part.start:
            self._there = joined([*self._there, (part.start, part.at)])
        if not part.is_done:
            self._missing = joined([*self._missing, (part.at, part.end)])

    def ready(self, at: int) -> int:
        """How far every byte from `at` on is there."""
        extents = joined([*self._there, *((p.start, p.at) for p in self._parts if p.at > p.start)])
        return next((end for start, end in extents if start <= at < end), at)


def joined(extents: Iterable[Extent]) -> list[Extent]:
    """The same bytes in order, with what touches or overlaps in one piece."""
    found: list[Extent] = []
    for start, end in sorted(extents):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _gaps(size: int, there: Iterable[Extent]) -> list[Extent]:
    found: list[Extent] = []
    at = 0
    for start, end in there:
        if start > at:
            found.append((at, start))
        at = end
    if at < size:
        found.append((at, size))
    return found
