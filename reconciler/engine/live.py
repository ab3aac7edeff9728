"""A stream that somebody sends to us, as a source: it opens, loses and finds the stream by itself.

The stream's own clock is not the channel's: a little is kept in hand; when that runs out, or grows
too much, the source steps to where the stream is now. What is fetched in pieces (HLS) comes in
bursts: there more is kept, and no more is fetched while there is enough.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from reconciler.engine.clock import SAMPLE_RATE
from reconciler.engine.decode import Decoder
from reconciler.engine.director import Readiness, Reading
from reconciler.engine.normal import Normaliser
from reconciler.engine.sound import SoundLine
from reconciler.engine.source import Grid, Pictures, describe, start_thread
from reconciler.engine.srt_feed import SrtFeed
from reconciler.errors import Rejected

if TYPE_CHECKING:
    import av
    from av.packet import Packet
    from av.stream import Stream

    from reconciler.engine.picture import Sound


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """How a kind of stream arrives. Spans in seconds; `patience`: to open, between two packets."""

    in_hand: Fraction
    too_much: Fraction
    patience: tuple[float, float]
    enough: Fraction | None = None  # then stop fetching


_PUSHED = _Habit(in_hand=Fraction(1, 5), too_much=Fraction(1), patience=(5.0, 5.0))
_FETCHED = _Habit(
    in_hand=Fraction(1), too_much=Fraction(5), patience=(10.0, 20.0), enough=Fraction(2)
)
_RETRY = 1.0
_UNWATCHED_AFTER = 0.5  # seconds without being asked for a picture
_UDP = {"overrun_nonfatal": "1", "fifo_size": "50000", "buffer_size": "2000000"}
_RTMP = {"rtmp_live": "live", "rtmp_buffer": "200"}
_EAGER = {"fflags": "nobuffer", "analyzeduration": "1500000", "probesize": "2000000"}


class LiveSource:
    """One stream by its address. See `source.Source`."""

    def __init__(self, url: str, grid: Grid) -> None:
        self._url = url
        self._grid = grid
        self._habit = _FETCHED if url.startswith(("http:", "https:")) else _PUSHED
        self._lock = threading.Lock()
        self._pictures: deque[tuple[int, av.VideoFrame]] = deque()
        self._sound = SoundLine(0)
        self._shift: int | None = None  # the stream's position less the channel's, in pictures
        self._asked_at = 0.0
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
            self._asked_at = time.monotonic()
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
        return max(2, round(self._habit.in_hand * self._grid.shape.rate))

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
        too_much = round(self._habit.too_much * self._grid.shape.rate)
        if self._shift is None or last - (here + self._shift) > too_much:
            if len(self._pictures) < self._in_hand():
                return None
            begin = self._pictures[0][0] if self._habit.enough else last - self._in_hand() + 1
            self._shift = begin - here
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
        with contextlib.ExitStack() as stack:
            decoder = self._open(stack)
            stack.callback(decoder.close)
            if decoder.video is None:
                raise Rejected("there is no picture in it that can be decoded")
            with self._lock:
                origin = self._pictures[-1][0] + 1 if self._pictures else 0
                self._error = None
            normal = Normaliser(self._grid.shape, first=0, sample_aspect=decoder.sample_aspect)
            while not self._stop.is_set():
                packet = decoder.packet()
                if packet is None:
                    raise EOFError("the stream ended")
                self._take(decoder, packet, normal, origin=origin)
                self._rest_while_full()

    def _open(self, stack: contextlib.ExitStack) -> Decoder:
        scheme = self._url.partition(":")[0]
        if scheme == "srt":
            feed = SrtFeed(self._url, self._stop)
            stack.callback(feed.close)
            return Decoder(feed, timeout=self._habit.patience, options=_EAGER)
        own = {"udp": _UDP, "rtmp": _RTMP, "rtmps": _RTMP}.get(scheme, {})
        options = (_EAGER if self._habit is _PUSHED else {}) | own
        return Decoder(self._url, timeout=self._habit.patience, options=options)

    def _take(
        self, decoder: Decoder, packet: Packet[Stream], normal: Normaliser, *, origin: int
    ) -> None:
        try:
            if decoder.is_picture(packet):
                for time, span, frame in decoder.pictures(packet):
                    self._keep(normal.put(frame, time, span), origin)
            else:
                for time, sound in decoder.sounds(packet):
                    self._hear(time, sound, origin)
        except (ValueError, OSError):  # damage on the way: the next packet may be whole
            return

    def _rest_while_full(self) -> None:
        """Fetch no more for now; what nobody asks for grows old all the same."""
        if self._habit.enough is None:
            return
        rate = self._grid.shape.rate
        while len(self._pictures) > self._habit.enough * rate and not self._stop.is_set():
            self._stop.wait(float(1 / rate))
            with self._lock:
                if self._pictures and time.monotonic() - self._asked_at > _UNWATCHED_AFTER:
                    self._pictures.popleft()

    def _keep(self, pictures: list[tuple[int, av.VideoFrame]], origin: int) -> None:
        with self._lock:
            self._pictures.extend((origin + position, frame) for position, frame in pictures)
            keep = round(2 * self._habit.too_much * self._grid.shape.rate)
            while len(self._pictures) > keep:
                self._pictures.popleft()
            if self._pictures:
                self._sound.drop_before(self._samples(self._pictures[0][0]) - SAMPLE_RATE // 10)

    def _hear(self, time: Fraction, sound: Sound, origin: int) -> None:
        with self._lock:
            self._sound.put(round(time * SAMPLE_RATE) + self._samples(origin), sound)
