"""The cues in order: which covers a frame, what comes after it. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from reconciler.sidecar.casparcg.names import same_showing
from reconciler.sidecar.engine_port import Cue


class Timeline:
    """The cues of one `show`, by start."""

    def __init__(self, cues: Iterable[Cue] = (), serial: int = 0) -> None:
        self.cues = tuple(sorted(cues, key=lambda cue: cue.start))
        self.serial = serial
        self._starts = [cue.start for cue in self.cues]

    def covering(self, frame: int) -> Cue | None:
        """The cue that should be on at `frame`; None: nothing covers it."""
        index = bisect_right(self._starts, frame) - 1
        if index < 0:
            return None
        end = self._end(index)
        return self.cues[index] if end is None or frame < end else None

    def after(self, frame: int) -> tuple[int, Cue | None]:
        """What follows whatever is on at `frame`: its first frame, and its cue (None: a gap).

        Far-off, `None` when nothing follows at all.
        """
        index = bisect_right(self._starts, frame) - 1
        end = self._end(index) if index >= 0 else None
        if end is not None and frame < end:
            return end, self.covering(end)
        if index + 1 < len(self.cues):
            return self._starts[index + 1], self.cues[index + 1]
        return FOREVER, None

    def end_of(self, cue: Cue | None) -> int | None:
        """The first frame after `cue`; None: never, or it is not of this time line."""
        for index, mine in enumerate(self.cues):
            if same_showing(mine, cue):
                return self._end(index)
        return None

    def has(self, cue: Cue | None) -> bool:
        """Whether `cue` is still to be shown at its time."""
        return any(same_showing(mine, cue) for mine in self.cues)

    def _end(self, index: int) -> int | None:
        cue = self.cues[index]
        following = self._starts[index + 1] if index + 1 < len(self.cues) else None
        if cue.frames is None:
            return following
        own = cue.start + cue.frames
        return own if following is None else min(own, following)


FOREVER = 1 << 60  # a frame that nobody lives to see
