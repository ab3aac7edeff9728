"""Which cue covers a tick, where in its source that is, and what to open ahead of time.

Pure: the cues and a tick in, an answer out. What is then shown is decided in `director.py`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from reconciler.engine.protocol import Clip, Cue, Freeze, Live, Slate, Still

if TYPE_CHECKING:
    from collections.abc import Collection

PLAYABLE_AHEAD = 2  # a depth of one shows a hole for each broken item
SECONDS_AHEAD = 10
OPEN_AT_MOST = 6  # each open clip holds half a second of pictures


class Timeline:
    """The cues of one `show`, in order of start."""

    def __init__(self, cues: tuple[Cue, ...] = (), serial: int = 0) -> None:
        self.cues = cues
        self.serial = serial
        self._starts = [cue.start for cue in cues]

    def covering(self, tick: int) -> Cue | None:
        """The cue that should be on at `tick`; None: nothing covers it."""
        index = bisect_right(self._starts, tick) - 1
        if index < 0:
            return None
        end = self._end(index)
        return self.cues[index] if end is None or tick < end else None

    def end_of(self, cue: Cue) -> int | None:
        """The tick at which `cue`, one of these, is over; None: never."""
        return self._end(bisect_right(self._starts, cue.start) - 1)

    def _end(self, index: int) -> int | None:
        cue = self.cues[index]
        following = self._starts[index + 1] if index + 1 < len(self.cues) else None
        if cue.frames is None:
            return following
        own = cue.start + cue.frames
        return own if following is None else min(own, following)

    def to_open(self, tick: int, *, per_second: int, failed: Collection[str]) -> tuple[Cue, ...]:
        """The cues whose sources should be open at `tick`: the one that is on, then those ahead.

        Broken ones (`failed`, by key) stay in the answer, so that they are tried again, but do
        not count as something to play next.
        """
        chosen: list[Cue] = []
        playable = 0
        first = max(0, bisect_right(self._starts, tick) - 1)
        for index in range(first, len(self.cues)):
            cue = self.cues[index]
            end = self._end(index)
            if end is not None and end <= tick:
                continue
            soon = cue.start <= tick + SECONDS_AHEAD * per_second
            if len(chosen) >= OPEN_AT_MOST or (playable >= PLAYABLE_AHEAD and not soon):
                break
            if needs_opening(cue):
                chosen.append(cue)
            if cue.start > tick and cue.key not in failed:
                playable += 1
        return tuple(chosen)


def needs_opening(cue: Cue) -> bool:
    """Whether the cue has a source of its own to open."""
    return isinstance(cue.source, Clip | Live | Still)


def position_at(cue: Cue, tick: int) -> int:
    """Where in its source the cue is at `tick`, in channel frames."""
    match cue.source:
        case Clip(start=start):
            return start + tick - cue.start
        case Live() | Still() | Slate() | Freeze():
            return tick - cue.start
