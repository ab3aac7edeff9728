"""A file as a source: a thread decodes ahead of the tick, the tick only picks up.

Positions are channel frames from the file's beginning. With `loop` they go on past the end, as if
the part from the in point on were joined to itself for ever.
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
    from av.packet import Packet
    from av.stream import Stream

    from reconciler.engine.picture import Sound
    from reconciler.engine.protocol import Clip

_BACKLOG = 2_000  # packets of one stream kept while the other is waited for; then it has none
_REACH = 3  # seconds that decoding on is tried for, before seeking
_PREFILL = 3  # pictures, so that the first ticks do not starve
_BACK_OFFS = (Fraction(0), Fraction(2), Fraction(10))  # seconds to seek earlier if it landed late


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
        self._length: int | None = None  # of one round, in pictures, once known
        start_thread(self._run, "clip")

    # The clock's side

    def reading(self, position: int) -> Reading:
        """Whether `position` is decoded; what lies before it is forgotten."""
        with self._wake:
            self._forget_before(position)
            return self._read(position)

    def pictures(self, position: int) -> Pictures | None:
        """The pictures at `position`, if they are decoded."""
        per_tick = self._grid.per_tick
        with self._wake:
            self._forget_before(position)
            if len(self._pictures) < per_tick and not (self._finished and self._pictures):
                return None
            got = [frame for _, frame in list(self._pictures)[:per_tick]]
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
        start = self.clip.start
        if not self.clip.loop or not self._length or position < start:
            return position
        return start + (position - start) % max(1, self._length // self._grid.per_tick)

    def serves(self, clip: Clip, position: int) -> bool:
        """Whether it could go on with `position` of `clip` without opening anything."""
        if (clip.path, clip.loop) != (self.clip.path, self.clip.loop) or self._error is not None:
            return False
        if clip.loop and clip.start != self.clip.start:
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
        passage: _Passage | None = None
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

    def _is_full(self, passage: _Passage | None) -> bool:
        if passage is None or self._finished:
            return True
        return len(self._pictures) >= self._grid.depth and not passage.needs_sound

    def _collect(self, passage: _Passage) -> None:
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

    def _enter(self, decoder: Decoder, position: int) -> _Passage:
        """Begin decoding so that the next picture out is the one at `position`."""
        wanted = position * self._grid.per_tick
        begin = self.clip.start * self._grid.per_tick
        if self.clip.loop and wanted > begin:
            self._length = self._length or self._guess_length(decoder)
        into, shift = wanted, 0
        if self.clip.loop and self._length and wanted > begin:
            shift = (wanted - begin) // self._length * self._length
            into = wanted - shift
        with self._wake:
            self._pictures.clear()
            self._sound = SoundLine(self._grid.samples_at(position))
        return _Passage.enter(decoder, self._grid, into=into, shift=shift)

    def _guess_length(self, decoder: Decoder) -> int | None:
        if decoder.duration is None:
            return None
        whole = round(decoder.duration * self._grid.shape.rate)
        length = whole - self.clip.start * self._grid.per_tick
        return length if length > 0 else None

    def _round_off(self, decoder: Decoder, passage: _Passage) -> _Passage | None:
        """The file is over: begin the next round, or finish."""
        self._collect(passage)
        begin = self.clip.start * self._grid.per_tick
        if self.clip.loop and passage.next > begin:
            self._length = passage.next - begin
            shift = passage.shift + self._length
            seam = (begin + shift) // self._grid.per_tick
            with self._wake:
                self._sound.cut(self._grid.samples_at(seam))
            return _Passage.enter(decoder, self._grid, into=begin, shift=shift)
        with self._wake:
            self._finished = True
            self._opened = self._opened or bool(self._pictures)
        return None


class _Passage:
    """One way through the file, from a position to its end."""

    def __init__(self, decoder: Decoder, grid: Grid, *, into: int, shift: int) -> None:
        self._decoder = decoder
        self._grid = grid
        self._into = into
        self.shift = shift  # pictures that earlier rounds took
        aspect = decoder.video.sample_aspect_ratio or Fraction(1)
        self._normal = Normaliser(grid.shape, first=into, sample_aspect=Fraction(aspect))
        self._waiting: dict[bool, deque[Packet[Stream]]] = {True: deque(), False: deque()}
        self._out: list[tuple[int, av.VideoFrame]] = []
        self._heard: list[tuple[int, Sound]] = []
        self._at_end = False
        self._mute = decoder.audio is None
        self.sound_end = 0
        self.wants_pictures = True

    @staticmethod
    def enter(decoder: Decoder, grid: Grid, *, into: int, shift: int) -> _Passage:
        """Seek, and make sure of having landed at or before `into`."""
        if into == 0 and shift == 0:
            return _Passage(decoder, grid, into=into, shift=shift)
        seconds = Fraction(into) / grid.shape.rate
        for earlier in _BACK_OFFS if into else ():
            decoder.seek(seconds - earlier)
            passage = _Passage(decoder, grid, into=into, shift=shift)
            if passage.lands_before(seconds):
                return passage
        decoder.rewind()
        return _Passage(decoder, grid, into=into, shift=shift)

    @property
    def next(self) -> int:
        """The picture after the last one out, within the file."""
        return self._normal.next

    @property
    def needs_sound(self) -> bool:
        """Whether the sound is behind the pictures."""
        if self._mute or (self._at_end and not self._waiting[False]):
            return False
        ahead = (self.next + self.shift) // self._grid.per_tick + 1
        return self.sound_end < self._grid.samples_at(ahead)

    def lands_before(self, seconds: Fraction) -> bool:
        """Decode up to the first picture; whether it is not after `seconds`."""
        while (packet := self._decoder.packet()) is not None:
            if not self._decoder.is_picture(packet):
                self._waiting[False].append(packet)
                continue
            first: Fraction | None = None
            for time, span, frame in self._safely(packet):
                first = time if first is None else first
                self._out += self._normal.put(frame, time, span)
            if first is not None:
                return first <= seconds + Fraction(1, 1000)
        return False

    def step(self) -> bool:
        """Do one packet's work; False when the file is over and all is out."""
        pictures, sounds = self._waiting[True], self._waiting[False]
        if pictures and self.wants_pictures:
            self._see(pictures.popleft())
        elif sounds and (self.needs_sound or self._at_end):
            self._hear(sounds.popleft())
        elif not self._at_end:
            self._fetch()
        elif pictures:
            self._see(pictures.popleft())
        else:
            self._see(None)
            self._hear(None)
            self._out += self._normal.finish()
            return False
        return True

    def take(self) -> tuple[list[tuple[int, av.VideoFrame]], list[tuple[int, Sound]]]:
        """What has come out since the last call, at positions of the whole."""
        pictures = [(position + self.shift, frame) for position, frame in self._out]
        heard = self._heard
        self._out, self._heard = [], []
        return pictures, heard

    def _fetch(self) -> None:
        packet = self._decoder.packet()
        if packet is None:
            self._at_end = True
            return
        kind = self._decoder.is_picture(packet)
        self._waiting[kind].append(packet)
        if len(self._waiting[True]) > _BACKLOG:
            self._mute = True

    def _see(self, packet: Packet[Stream] | None) -> None:
        for time, span, frame in self._safely(packet):
            self._out += self._normal.put(frame, time, span)

    def _safely(
        self, packet: Packet[Stream] | None
    ) -> list[tuple[Fraction, Fraction, av.VideoFrame]]:
        try:
            return list(self._decoder.pictures(packet))
        except (ValueError, OSError):  # damage: the next packet may be whole
            return []

    def _hear(self, packet: Packet[Stream] | None) -> None:
        offset = Fraction(self.shift) / self._grid.shape.rate
        try:
            for time, sound in self._decoder.sounds(packet):
                self._heard.append((round((time + offset) * SAMPLE_RATE), sound))
        except (ValueError, OSError):  # as with pictures
            return
