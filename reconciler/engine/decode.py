"""One container opened, and its packets turned into pictures and sound with exact times.

Times are seconds from the beginning of the picture stream, so that sound lies where the picture
puts it; in a file of sound alone, from the sound's. Anything that libav raises comes out of here as
it is: its caller ends the source with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np
from av.audio.resampler import AudioResampler

from reconciler.engine.clock import SAMPLE_RATE
from reconciler.engine.slots import Steady
from reconciler.errors import Rejected

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

    from reconciler.engine.picture import Sound

_HD_LINES = 720  # from here on one thread may not keep up with double rate
_LEAPING = frozenset({"mpegts", "mpeg", "flv"})  # containers whose clocks may jump
_TAIL = Fraction(5)  # seconds before the end in which the last packet of every stream lies


class Decoder:
    """Packets in, pictures and sound out. For one thread; `close` it."""

    def __init__(
        self,
        target: object,
        *,
        timeout: tuple[float, float],
        options: dict[str, str] | None = None,
    ) -> None:
        self._target = target
        self._timeout = timeout
        self._options = options
        self._open()
        self.duration = self._duration()

    def _open(self) -> None:
        self._container = av.open(
            self._target,
            mode="r",
            timeout=self._timeout,
            metadata_errors="replace",
            container_options=self._options,
        )
        try:
            self.video = self._pick_video()
            self.audio = self._pick_audio()
            self._main = self._pick_main()
        except BaseException:
            self._container.close()
            raise
        rate = _rate(self.video) if self.video is not None else None
        self._frame_span = 1 / (rate or Fraction(25))
        self._zero = _exact(self._main.start_time, self._main.time_base) or Fraction(0)
        self._known_zero = self._main.start_time is not None
        self._begin_at(Fraction(0))

    @property
    def sample_aspect(self) -> Fraction:
        """The shape of the picture's pixels; square if nothing is said of it."""
        said = self.video.sample_aspect_ratio if self.video is not None else None
        return Fraction(said or 1)

    def _begin_at(self, seconds: Fraction) -> None:
        names = set(self._container.format.name.split(","))
        self._steady = Steady(Fraction(1) if names & _LEAPING else Fraction(30))
        self._resampler = _resampler()
        self._picture_end = self._sound_end = seconds
        wanted = [s for s in (self.video, self.audio) if s is not None]
        self._packets = self._container.demux(*wanted)

    def packet(self) -> Packet[Stream] | None:
        """The next packet of the picture or its sound; None at the end."""
        for packet in self._packets:
            if packet.size:
                return packet
        return None

    def is_picture(self, packet: Packet[Stream]) -> bool:
        """Whether the packet belongs to the picture stream."""
        return self.video is not None and bool(packet.stream.index == self.video.index)

    def measure(self) -> Fraction | None:
        """Where the last packet ends, which is surer than what the container claims.

        Leaves the container anywhere: seek or rewind afterwards.
        """
        if self.duration is not None:
            self.seek(self.duration - _TAIL)
        end: Fraction | None = None
        while (packet := self.packet()) is not None:
            began = _exact(packet.pts, packet.time_base)
            if packet.stream.index == self._main.index and began is not None:
                span = _exact(packet.duration or None, packet.time_base) or self._frame_span
                end = max(end or Fraction(0), began + span - self._zero)
        if end is None or self.duration is None or abs(end - self.duration) > _TAIL:
            return self.duration  # its clock leaps: what it claims is all there is
        return end

    def pictures(
        self, packet: Packet[Stream] | None
    ) -> Iterator[tuple[Fraction, Fraction, av.VideoFrame]]:
        """Time, duration and frame for each picture that comes out; None flushes."""
        if self.video is None:
            return
        for frame in self.video.codec_context.decode(packet):
            raw = _exact(frame.pts, frame.time_base)
            span = _exact(frame.duration or None, frame.time_base) or self._frame_span
            if not self._known_zero:
                self._zero, self._known_zero = raw or Fraction(0), True
            time = self._picture_end if raw is None else raw - self._zero
            time = self._steady.place(0, time, span)
            self._picture_end = time + span
            yield time, span, frame

    def sounds(self, packet: Packet[Stream] | None) -> Iterator[tuple[Fraction, Sound]]:
        """Time and stereo samples at 48 kHz for each piece of sound; None flushes."""
        if self.audio is None:
            return
        for frame in self.audio.codec_context.decode(packet):
            raw = _exact(frame.pts, frame.time_base)
            span = Fraction(frame.samples, frame.sample_rate or SAMPLE_RATE)
            time = self._sound_end if raw is None else raw - self._zero
            time = self._steady.place(1, time, span)
            self._sound_end = time + span
            frame.pts = None
            for part in self._resampler.resample(frame):
                yield time, cast("Sound", part.to_ndarray().reshape(-1, 2).astype(np.float32))
                time += Fraction(part.samples, SAMPLE_RATE)

    def seek(self, seconds: Fraction) -> None:
        """Go to the last key picture at or before `seconds`, if the container can tell."""
        target = max(Fraction(0), seconds) + self._zero
        self._container.seek(int(target * 1_000_000), backward=True)
        if self.video is not None:
            self.video.codec_context.flush_buffers()
        if self.audio is not None:
            self.audio.codec_context.flush_buffers()
        self._begin_at(max(Fraction(0), seconds))

    def rewind(self) -> None:
        """Go to the very first packet, for containers that cannot seek that far back."""
        self._container.close()
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def _pick_main(self) -> VideoStream | AudioStream:
        main = self.video or self.audio
        if main is None:
            raise Rejected("there is neither picture nor sound in it that can be decoded")
        return main

    def _pick_video(self) -> VideoStream | None:
        for stream in self._container.streams.video:
            is_cover = bool(stream.disposition & av.stream.Disposition.attached_pic)
            context: VideoCodecContext | None = stream.codec_context  # none for an unknown codec
            if context is not None and not is_cover:
                if context.height >= _HD_LINES:
                    context.thread_count = 2
                    context.thread_type = "AUTO"
                else:
                    context.thread_count = 1
                return stream
        return None

    def _pick_audio(self) -> AudioStream | None:
        for stream in self._container.streams.audio:
            context: AudioCodecContext | None = stream.codec_context  # likewise
            if context is not None:
                return stream
        return None

    def _duration(self) -> Fraction | None:
        own = _exact(self._main.duration, self._main.time_base)
        if own is not None:
            return own
        whole = self._container.duration
        return Fraction(whole, 1_000_000) if whole else None


def _resampler() -> AudioResampler:
    return AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)


def _exact(value: int | None, base: Fraction | None) -> Fraction | None:
    return None if value is None or base is None else value * Fraction(base)


def _rate(stream: VideoStream) -> Fraction | None:
    rate = stream.average_rate or stream.base_rate
    return Fraction(rate) if rate else None
