"""A file as a source: a thread decodes ahead of the tick, the tick only picks up.

Positions are channel frames from the file's beginning. With `loop` they go on past the end, as if
the whole file were joined to itself for ever: position `p` shows the frame `p` modulo its length.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from reconciler.engine.decode import Decoder
from reconciler.engine.director import Readiness, Reading
from reconciler.engine.passage import Passage, samples_of
from reconciler.engine.picture import NO_PICTURE
from reconciler.engine.sound import SoundLine
from reconciler.engine.source import Grid, Pictures, describe, start_thread

if TYPE_CHECKING:
    import av

    from reconciler.engine.picture import Sound
    from reconciler.engine.protocol import Clip

_REACH = 3  # seconds that decoding on is tried for, before seeking
_PREFILL = 3  # pictures, so that the first ticks do not starve
_NEAR_END = 1  # seconds; before that, a file's own word on its length is good enough


class ClipSource:
    """One open file. See `source.Source`."""

    def __init__(self, clip: Clip, grid: Grid, *, position: int) -> None:
        self.clip = clip
        self._grid = grid
        self._wake = threading.Condition()
        self._pictures: deque[tuple[int, av.VideoFrame]] = deque()
        self._sound = SoundLine(0)
        self._goal = position  # channel frames; what to decode towards
        self._jump: int | None = position
        self._opened = False
        self._finished = False
        self._error: str | None = None
        self._closed = False
        self._length: int | None = None  # of the file, in pictures, once it matters
        start_thread(self._run, "clip")

    # The clock's side

    def reading(self, position: int) -> Reading:
        """Whether `position` is decoded; what lies before it is forgotten."""
        with self._wake:
            self._forget_before(position)
            return self._read(position)

    def pictures(self, position: int) -> Pictures | None:
        """The pictures at `position`, if they are decoded; empty in a file of sound alone."""
        per_tick = self._grid.per_tick
        with self._wake:
            self._forget_before(position)
            if len(self._pictures) < per_tick and not (self._finished and self._pictures):
                return None
            got = [frame for _, frame in list(self._pictures)[:per_tick]]
        if got[0] is NO_PICTURE:
            return ()
        return tuple(got) + (got[-1],) * (per_tick - len(got))

    def sound(self, first: int, count: int) -> Sound:
        """The samples from `first` on."""
        with self._wake:
            return self._sound.take(first, count)

    def opened(self) -> Reading:
        """Whether it could be shown from where it was opened."""
        with self._wake:
            if self._opened:
                return Reading(Readiness.READY)
            if self._finished:
                return Reading(Readiness.FAILED, self._error or "there is no picture there")
            return Reading(Readiness.WAITING)

    def source_frame(self, position: int) -> int:
        """The frame of the file, also after it has begun anew."""
        if not self.clip.loop or not self._length:
            return position
        return position % max(1, self._length // self._grid.per_tick)

    def serves(self, clip: Clip, position: int) -> bool:
        """Whether it could go on with `position` of `clip` without opening anything."""
        if (clip.path, clip.loop) != (self.clip.path, self.clip.loop) or self._error is not None:
            return False
        with self._wake:
            if self._finished and not self._pictures:
                return False
            head = self._pictures[0][0] // self._grid.per_tick if self._pictures else self._goal
            return head <= position <= head + self._grid.depth

    def close(self) -> None:
        """Let the thread end; it closes the file."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _read(self, position: int) -> Reading:
        wanted = position * self._grid.per_tick + self._grid.per_tick - 1
        last = self._pictures[-1][0] if self._pictures else None
        if last is not None and self._opened and last >= wanted:
            return Reading(Readiness.READY)
        if not self._finished:
            return Reading(Readiness.WAITING)
        if last is not None and last >= wanted - self._grid.per_tick + 1:
            return Reading(Readiness.READY)
        if self._opened:
            return Reading(Readiness.ENDED, self._error)
        return Reading(Readiness.FAILED, self._error or "there is no picture there")

    def _forget_before(self, position: int) -> None:
        per_tick = self._grid.per_tick
        while self._pictures and self._pictures[0][0] < position * per_tick:
            self._pictures.popleft()
        if position > self._goal:
            reach = _REACH * self._grid.rate
            if not self._pictures and not self._finished and position - self._goal > reach:
                self._jump = position
            self._goal = position
            self._sound.drop_before(self._grid.samples_at(position) - 1)
        self._wake.notify()

    # The thread's side

    def _run(self) -> None:
        decoder: Decoder | None = None
        try:
            decoder = Decoder(f"file:{self.clip.path}", timeout=(20, 20))
            self._decode(decoder)
        except Exception as error:  # noqa: BLE001  # a decoder may raise anything; the clip ends with it
            self._fail(describe(error))
        finally:
            if decoder is not None:
                decoder.close()
            with self._wake:
                if self._closed:
                    self._pictures.clear()

    def _fail(self, error: str) -> None:
        with self._wake:
            self._error = error
            self._opened = self._opened or bool(self._pictures)
            self._finished = True

    def _decode(self, decoder: Decoder) -> None:
        passage: Passage | None = None
        while True:
            with self._wake:
                while not self._closed and self._jump is None and self._is_full(passage):
                    self._wake.wait()
                if self._closed:
                    return
                jump, self._jump = self._jump, None
            if jump is not None:
                passage = self._enter(decoder, jump)
            elif passage is not None and not passage.step():
                passage = self._round_off(decoder, passage)
            if passage is not None:
                self._collect(passage)

    def _is_full(self, passage: Passage | None) -> bool:
        if passage is None or self._finished:
            return True
        return len(self._pictures) >= self._grid.depth and not passage.needs_sound

    def _collect(self, passage: Passage) -> None:
        with self._wake:
            pictures, sounds = passage.take()
            self._pictures.extend(pictures)
            for at, sound in sounds:
                self._sound.put(at, sound)
            passage.sound_end = self._sound.end
            passage.wants_pictures = len(self._pictures) < self._grid.depth
            filled = len(self._pictures) >= _PREFILL * self._grid.per_tick
            if not self._opened and self._pictures and (filled or self._finished):
                self._opened = self._finished or not passage.needs_sound

    def _enter(self, decoder: Decoder, position: int) -> Passage:
        """Begin decoding so that the next picture out is the one at `position`."""
        into, shift = position * self._grid.per_tick, 0
        if self.clip.loop:
            self._length = self._length or self._measure(decoder, into)
            if self._length:
                shift = into // self._length * self._length
        with self._wake:
            self._pictures.clear()
            self._sound = SoundLine(self._grid.samples_at(position))
        return Passage.enter(decoder, self._grid, into=into - shift, shift=shift)

    def _measure(self, decoder: Decoder, wanted: int) -> int | None:
        """The file's length in pictures; None while there is time to find it by playing."""
        rate = self._grid.shape.rate
        if decoder.duration is not None and wanted < (decoder.duration - _NEAR_END) * rate:
            return None
        if not wanted:
            return None
        seconds = decoder.measure()
        decoder.rewind()
        return round(seconds * rate) if seconds else None

    def _round_off(self, decoder: Decoder, passage: Passage) -> Passage | None:
        """The file is over: begin the next round, or finish."""
        self._collect(passage)
        if self.clip.loop and passage.next > 0:
            self._length = self._length or passage.next
            shift = passage.shift + passage.next
            with self._wake:
                self._sound.cut(samples_of(shift, self._grid))
            return Passage.enter(decoder, self._grid, into=0, shift=shift)
        with self._wake:
            self._finished = True
            self._opened = self._opened or bool(self._pictures)
        return None
