"""A seam: the frame at which one sender of a channel ends, and another begins.

Whoever ends lets out all that lies before it, whoever begins keeps what lies behind it until it
may send. So nothing is missing and nothing comes twice, however long the word between them takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from reconciler.engine.encoder import Chunk

_KEPT_SECONDS = 4  # a hand-over takes one; what is older would only come as a burst out of time
_KEPT_MOST = 12_000_000  # bytes; a sink takes this much at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """What leaves as of a tick, as the clock knows it; the encoder is some ticks behind.

    `since`: from this tick on all that is shown. `until`: the tick before which that ended, at a
    seam. `keeps_from`: from this tick on it is kept. `quiet`: nothing is on its way out either.
    """

    since: int | None
    until: int | None
    keeps_from: int | None
    quiet: bool


class Kept:
    """The chunks behind a seam, until they may leave or have become too many."""

    def __init__(self, seam: int, rate: Fraction) -> None:
        self.seam = seam
        self._last = seam + round(_KEPT_SECONDS * rate)
        self._chunks: list[Chunk] = []
        self._bytes = 0
        self.is_over = False

    def put(self, chunk: Chunk) -> None:
        """Keep one chunk, if it lies behind the seam; the first one is a key picture."""
        begins = chunk.tick is not None and chunk.tick >= self.seam and chunk.is_key
        if self.is_over or not (self._chunks or begins):
            return
        self._chunks.append(chunk)
        self._bytes += len(chunk.data)
        if self._bytes > _KEPT_MOST or (chunk.tick is not None and chunk.tick > self._last):
            self._chunks.clear()
            self.is_over = True

    @property
    def first(self) -> int | None:
        """The tick of the first picture kept."""
        return self._chunks[0].tick if self._chunks else None

    def take(self) -> list[Chunk]:
        """All that is kept, in order."""
        taken, self._chunks = self._chunks, []
        return taken
