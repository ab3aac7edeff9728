"""A stream that somebody sends to us, as a source: it opens, loses and finds the stream by itself.

The stream's own clock is not the channel's: a fifth of a second is kept in hand; when that runs
out, or grows past a second, the source steps to where the stream is now.
"""

from __future__ import annotations

import threading
from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

from reconciler.engine.clock import SAMPLE_RATE
from reconciler.engine.decode import Decoder
from reconciler.engine.director import Readiness, Reading
from reconciler.engine.normal import Normaliser
from reconciler.engine.sound import SoundLine
from reconciler.engine.source import Grid, Pictures, describe, start_thread

if TYPE_CHECKING:
    import av

    from reconciler.engine.picture import Sound

_IN_HAND = Fraction(1, 5)  # seconds
_TOO_MUCH = Fraction(1)
_PATIENCE = (5.0, 5.0)  # seconds to open, and between two packets
_RETRY = 1.0
_UDP = {"overrun_nonfatal": "1", "fifo_size": "50000", "buffer_size": "2000000"}
_EAGER = {"fflags": "nobuffer", "analyzeduration": "1500000", "probesize": "2000000"}


class LiveSource:
    """One stream by its address. See `source.Source`."""

    def __init__(self, url: str, grid: Grid) -> None:
        self._url = url
        self._grid = grid
        self._lock = threading.Lock()
        self._pictures: deque[tuple[int, av.VideoFrame]] = deque()
        self._sound = SoundLine(0)
        self._shift: int | None = None  # the stream's position less the channel's, in pictures
        self._error: str | None = None
        self._stop = threading.Event()
        start_thread(self._run, "live")

    def reading(self, position: int) -> Reading:
        """Whether there is a picture for now."""
        with self._lock:
            wanted = self._align(position)
            if wanted is None:
                return Reading(Readiness.WAITING, self._error)
            return Reading(Readiness.READY)

    def pictures(self, position: int) -> Pictures | None:
        """The pictures for now."""
        per_tick = self._grid.per_tick
        with self._lock:
            if self._align(position) is None:
                return None
            return tuple(frame for _, frame in list(self._pictures)[:per_tick])

    def sound(self, first: int, count: int) -> Sound:
        """The samples that belong to the pictures."""
        with self._lock:
            shift = self._shift or 0
            return self._sound.take(first + self._samples(shift), count)

    def opened(self) -> Reading:
        """Whether the stream is coming in."""
        with self._lock:
            if len(self._pictures) >= self._in_hand():
                return Reading(Readiness.READY)
            return Reading(Readiness.WAITING, self._error)

    def source_frame(self, position: int) -> int:
        """The position itself: a stream has no beginning."""
        return position

    def close(self) -> None:
        """Let the thread end."""
        self._stop.set()

    def _in_hand(self) -> int:
        return max(2, round(_IN_HAND * self._grid.shape.rate)) * 1

    def _samples(self, pictures: int) -> int:
        return round(Fraction(pictures) / self._grid.shape.rate * SAMPLE_RATE)

    def _align(self, position: int) -> int | None:
        """The stream's position for now; the pictures before it are forgotten."""
        if not self._pictures:
            self._shift = None
            return None
        per_tick = self._grid.per_tick
        last = self._pictures[-1][0]
        here = position * per_tick
        too_much = round(_TOO_MUCH * self._grid.shape.rate)
        if self._shift is None or last - (here + self._shift) > too_much:
            if len(self._pictures) < self._in_hand():
                return None
            self._shift = last - self._in_hand() + 1 - here
        wanted = here + self._shift
        if wanted + per_tick - 1 > last:
            self._shift = None
            return None
        while self._pictures[0][0] < wanted:
            self._pictures.popleft()
        return wanted

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._receive()
            except Exception as error:  # noqa: BLE001  # a decoder may raise anything; we try again
                with self._lock:
                    self._error = describe(error)
            self._stop.wait(_RETRY)

    def _receive(self) -> None:
        options = _EAGER | (_UDP if self._url.startswith("udp:") else {})
        decoder = Decoder(self._url, timeout=_PATIENCE, options=options)
        try:
            with self._lock:
                origin = self._pictures[-1][0] + 1 if self._pictures else 0
                self._error = None
            aspect = Fraction(decoder.video.sample_aspect_ratio or 1)
            normal = Normaliser(self._grid.shape, first=0, sample_aspect=aspect)
            while not self._stop.is_set():
                packet = decoder.packet()
                if packet is None:
                    raise EOFError("the stream ended")
                try:
                    if decoder.is_picture(packet):
                        for time, span, frame in decoder.pictures(packet):
                            self._keep(normal.put(frame, time, span), origin)
                    else:
                        for time, sound in decoder.sounds(packet):
                            self._hear(time, sound, origin)
                except (ValueError, OSError):  # damage on the way: the next packet may be whole
                    continue
        finally:
            decoder.close()

    def _keep(self, pictures: list[tuple[int, av.VideoFrame]], origin: int) -> None:
        with self._lock:
            self._pictures.extend((origin + position, frame) for position, frame in pictures)
            keep = round(2 * _TOO_MUCH * self._grid.shape.rate)
            while len(self._pictures) > keep:
                self._pictures.popleft()
            if self._pictures:
                self._sound.drop_before(self._samples(self._pictures[0][0]) - SAMPLE_RATE // 10)

    def _hear(self, time: Fraction, sound: Sound, origin: int) -> None:
        with self._lock:
            self._sound.put(round(time * SAMPLE_RATE) + self._samples(origin), sound)
