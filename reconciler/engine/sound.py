"""Sound by sample number: a line that decoding fills and the tick empties; its level."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from reconciler.engine.clock import SAMPLE_RATE
from reconciler.engine.picture import Sound, silence

_JITTER = SAMPLE_RATE // 50  # 20 ms: containers round their timestamps; more is a real hole
_LONGEST_HOLE = 30 * SAMPLE_RATE
FLOOR_DB = -96.0


class SoundLine:
    """Samples of one source, numbered from its beginning. Not for two threads at once."""

    def __init__(self, first: int) -> None:
        self._parts: deque[tuple[int, Sound]] = deque()
        self._placed = False
        self.end = first

    def put(self, at: int, sound: Sound) -> None:
        """Append what begins at sample `at`: holes become silence, overlaps are cut."""
        if self._placed and abs(at - self.end) <= _JITTER:
            at = self.end
        if at < self.end:
            sound = sound[self.end - at :]
            at = self.end
        if not len(sound):
            return
        at = min(at, self.end + _LONGEST_HOLE)
        self._placed = True
        self._parts.append((at, sound))
        self.end = at + len(sound)

    def take(self, first: int, count: int) -> Sound:
        """The samples from `first` on, and forget all before them; missing ones are silent.

        They can be taken again: a picture that is frozen goes on where its sound was faded out.
        """
        self.drop_before(first)
        taken = silence(count)
        last = first + count
        for at, sound in self._parts:
            if at >= last:
                break
            begin, end = max(at, first), min(at + len(sound), last)
            taken[begin - first : end - first] = sound[begin - at : end - at]
        return taken

    def cut(self, at: int) -> None:
        """Forget what lies after sample `at`, where something else begins."""
        while self._parts and self._parts[-1][0] + len(self._parts[-1][1]) > at:
            begin, sound = self._parts.pop()
            if begin < at:
                self._parts.append((begin, sound[: at - begin]))
                break
        self.end = min(self.end, at)
        self._placed = False

    def drop_before(self, first: int) -> None:
        """Forget what lies wholly before sample `first`."""
        while self._parts and self._parts[0][0] + len(self._parts[0][1]) <= first:
            self._parts.popleft()


class Meter:
    """RMS level per channel since the last reading."""

    def __init__(self) -> None:
        self._power = np.zeros(2, np.float64)
        self._samples = 0

    def add(self, sound: Sound) -> None:
        """Take account of what was just sent."""
        self._power += np.einsum("ij,ij->j", sound, sound, dtype=np.float64)
        self._samples += len(sound)

    def read(self) -> tuple[float, float]:
        """The levels in dBFS, and begin anew."""
        power, samples = self._power, max(1, self._samples)
        self._power, self._samples = np.zeros(2, np.float64), 0
        return _db(float(power[0]) / samples), _db(float(power[1]) / samples)


def _db(power: float) -> float:
    return round(max(FLOOR_DB, 10 * math.log10(power)), 1) if power > 0 else FLOOR_DB
