"""One way through a file, from a position to its end: packets in, what each tick needs out."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

from reconciler.engine.clock import SAMPLE_RATE
from reconciler.engine.normal import Normaliser
from reconciler.engine.picture import NO_PICTURE

if TYPE_CHECKING:
    import av
    from av.packet import Packet
    from av.stream import Stream

    from reconciler.engine.decode import Decoder
    from reconciler.engine.picture import Sound
    from reconciler.engine.source import Grid

_BACKLOG = 2_000  # packets of one stream kept while the other is waited for; then it has none
_BACK_OFFS = (Fraction(0), Fraction(2), Fraction(10))  # seconds to seek earlier if it landed late


class Passage:
    """Pictures and sound from picture `into` of the file on, at positions `shift` later.

    In a file of sound alone each position has `NO_PICTURE`, so that it lasts as long as its sound.
    """

    def __init__(self, decoder: Decoder, grid: Grid, *, into: int, shift: int) -> None:
        self._decoder = decoder
        self._grid = grid
        self._into = into
        self.shift = shift  # pictures that earlier rounds took
        self._normal = Normaliser(grid.shape, first=into, sample_aspect=decoder.sample_aspect)
        self._blind = decoder.video is None
        self._blank_next = into
        self._waiting: dict[bool, deque[Packet[Stream]]] = {True: deque(), False: deque()}
        self._out: list[tuple[int, av.VideoFrame]] = []
        self._heard: list[tuple[int, Sound]] = []
        self._heard_until = Fraction(0)
        self._at_end = False
        self._mute = decoder.audio is None
        self.sound_end = 0
        self.wants_pictures = True

    @staticmethod
    def enter(decoder: Decoder, grid: Grid, *, into: int, shift: int) -> Passage:
        """Seek, and make sure of having landed at or before `into`."""
        if into == 0 and shift == 0:
            return Passage(decoder, grid, into=into, shift=shift)
        seconds = Fraction(into) / grid.shape.rate
        for earlier in _BACK_OFFS if into else ():
            decoder.seek(seconds - earlier)
            passage = Passage(decoder, grid, into=into, shift=shift)
            if passage.lands_before(seconds):
                return passage
        decoder.rewind()
        return Passage(decoder, grid, into=into, shift=shift)

    @property
    def next(self) -> int:
        """The picture after the last one out, within the file."""
        return self._blank_next if self._blind else self._normal.next

    @property
    def needs_sound(self) -> bool:
        """Whether the sound is behind the pictures."""
        if self._mute or (self._at_end and not self._waiting[False]):
            return False
        if self._blind:
            return self.wants_pictures
        ahead = (self.next + self.shift) // self._grid.per_tick + 1
        return self.sound_end < self._grid.samples_at(ahead)

    def lands_before(self, seconds: Fraction) -> bool:
        """Decode up to the first picture (or sound); whether it is not after `seconds`."""
        while (packet := self._decoder.packet()) is not None:
            if not self._blind and not self._decoder.is_picture(packet):
                self._waiting[False].append(packet)
                continue
            first = self._hear(packet) if self._blind else self._see(packet)
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
            if self._blind:
                self._blank(self._heard_until, last=True)
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

    def _see(self, packet: Packet[Stream] | None) -> Fraction | None:
        first: Fraction | None = None
        for time, span, frame in self._safely(packet):
            first = time if first is None else first
            self._out += self._normal.put(frame, time, span)
        return first

    def _safely(
        self, packet: Packet[Stream] | None
    ) -> list[tuple[Fraction, Fraction, av.VideoFrame]]:
        try:
            return list(self._decoder.pictures(packet))
        except (ValueError, OSError):  # damage: the next packet may be whole
            return []

    def _hear(self, packet: Packet[Stream] | None) -> Fraction | None:
        first: Fraction | None = None
        offset = samples_of(self.shift, self._grid)
        try:
            for time, sound in self._decoder.sounds(packet):
                first = time if first is None else first
                self._heard.append((round(time * SAMPLE_RATE) + offset, sound))
                self._heard_until = time + Fraction(len(sound), SAMPLE_RATE)
                if self._blind:
                    self._blank(self._heard_until, last=False)
        except (ValueError, OSError):  # as with pictures
            return first
        return first

    def _blank(self, until: Fraction, *, last: bool) -> None:
        """Every position whose sound is there has no picture; the `last` one need not be whole."""
        pictures = until * self._grid.shape.rate
        end = round(pictures) if last else int(pictures)
        self._out += [(position, NO_PICTURE) for position in range(self._blank_next, end)]
        self._blank_next = max(self._blank_next, end)


def samples_of(pictures: int, grid: Grid) -> int:
    """The sample at which that many pictures are over."""
    return round(Fraction(pictures) / grid.shape.rate * SAMPLE_RATE)
