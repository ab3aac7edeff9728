"""Pictures and sound by tick into one MPEG transport stream, given out as chunks of bytes.

Timestamps derive from the tick, and key frames stand on ticks that divide by the segment length,
so a restarted process continues both. One thread; it may fall behind, the clock does not care.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
from av.filter import Graph

from reconciler.engine.clock import SAMPLE_RATE, samples_before
from reconciler.engine.picture import PIXELS
from reconciler.engine.slots import sample_aspect_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream

    from reconciler.engine.picture import Sound

_AAC_FRAME = 1_024
_SEGMENT_SECONDS = 1  # players begin three segments back: what a page shows is 4 s old, not 7
_REFERENCE_BITS, _REFERENCE_PIXELS = 4_000_000, 1280 * 720 * 25  # measured to look well
_HD_LINES = 720
_ONE_THREAD = 360 * 30  # lines a second that one thread always keeps up with
_HALVED_ABOVE = 30  # pictures a second that a preview needs at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some whole transport packets. `tick`: of the picture in it, if it holds one."""

    data: bytes
    is_key: bool
    tick: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How to encode."""

    width: int
    height: int
    rate: Fraction
    interlaced: bool
    preset: str
    bitrate: int | None
    sound_bitrate: int = 128_000
    every: int = 1  # encode every so many pictures

    @property
    def segment(self) -> int:
        """Ticks between key frames; even, so that a halved preview has its key frames there too."""
        return segment_ticks(self.rate)

    def for_preview(self, height: int) -> Coding:
        """The same programme, smaller and cheaper."""
        lines = min(self.height, height) // 2 * 2
        width = (
            round(
                Fraction(self.width * lines, self.height)
                * sample_aspect_of(self.width, self.height)
                / 2
            )
            * 2
        )
        return Coding(
            width=width,
            height=lines,
            rate=self.rate,
            interlaced=False,
            preset="ultrafast",
            bitrate=None,
            sound_bitrate=96_000,
            every=2 if self.rate > _HALVED_ABOVE else 1,
        )


def segment_ticks(rate: Fraction) -> int:
    """Ticks in one segment: about two seconds, an even number."""
    return 2 * round(rate * _SEGMENT_SECONDS / 2)


class _Pipe:
    """What the muxer writes into."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class Encoder:
    """Encode ticks in order; not every tick needs a picture, all need their sound."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._pipe = _Pipe()
        self._out = av.open(
            self._pipe,
            mode="w",
            format="mpegts",
            options={"flush_packets": "1", "mpegts_flags": "+pat_pmt_at_frames"},
        )
        self._video = self._add_video()
        self._audio = self._add_audio()
        self._scaling: Graph | None = None
        self._key_due = True
        self._sound: deque[Sound] = deque()
        self._sound_at: int | None = None
        self._sound_held = 0

    def force_key(self) -> None:
        """Make the next picture a key frame, for somebody who begins to listen."""
        self._key_due = True

    def encode(self, tick: int, picture: av.VideoFrame | None, sound: Sound) -> list[Chunk]:
        """Encode one tick."""
        chunks: list[Chunk] = []
        if tick % self._coding.segment == 0:
            self._key_due = True
        if picture is not None and (self._coding.every == 1 or tick % self._coding.every == 0):
            chunks += self._encode_picture(tick, picture)
        self._put_sound(tick, sound)
        while self._sound_held >= _AAC_FRAME:
            chunks += self._encode_sound()
        return chunks

    def finish(self) -> list[Chunk]:
        """Everything still inside."""
        chunks = [self._chunk(packet, video=True) for packet in self._video.encode(None)]
        chunks += [self._chunk(packet, video=False) for packet in self._audio.encode(None)]
        self._out.close()
        rest = self._pipe.take()
        return [*chunks, Chunk(data=rest, is_key=False, tick=None)] if rest else chunks

    def _add_video(self) -> VideoStream:
        coding = self._coding
        threads = 1 if coding.height * coding.rate <= _ONE_THREAD else 2
        params = [
            f"keyint={coding.segment}",
            "min-keyint=1",
            "scenecut=0",
            "rc-lookahead=5",
            "sync-lookahead=0",
            f"threads={threads}",
            "sliced-threads=0",
            "bframes=2",
        ]
        bits = coding.bitrate or usual_bitrate(coding)
        options = {
            "preset": coding.preset,
            "maxrate": str(bits),
            "bufsize": str(bits),
            "forced-idr": "1",
        }
        if coding.interlaced:
            options["flags"] = "+ildct+ilme"
            params.append("tff=1")
        if coding.bitrate is None:
            options["crf"] = "21"
        options["x264-params"] = ":".join(params)
        stream = self._out.add_stream("libx264", rate=coding.rate / coding.every, options=options)
        stream.width, stream.height, stream.pix_fmt = coding.width, coding.height, PIXELS
        context = stream.codec_context
        context.time_base = 1 / coding.rate
        context.sample_aspect_ratio = (
            Fraction(1)
            if coding.every > 1 or coding.preset == ""
            else sample_aspect_of(coding.width, coding.height)
        )
        if coding.bitrate is not None:
            stream.bit_rate = bits
        high = coding.height >= _HD_LINES
        context.color_range = 1
        context.colorspace = context.color_primaries = context.color_trc = 1 if high else 6
        return stream

    def _add_audio(self) -> AudioStream:
        options = {"aac_coder": "fast"}
        stream = self._out.add_stream("aac", rate=SAMPLE_RATE, options=options)
        stream.codec_context.layout = "stereo"
        stream.codec_context.format = "fltp"
        stream.bit_rate = self._coding.sound_bitrate
        return stream

    def _encode_picture(self, tick: int, picture: av.VideoFrame) -> list[Chunk]:
        if (picture.width, picture.height) != (self._coding.width, self._coding.height):
            picture = self._scaled(picture)
        picture.pts = tick
        picture.time_base = 1 / self._coding.rate
        picture.pict_type = 1 if self._key_due else 0
        self._key_due = False
        return [self._chunk(packet, video=True) for packet in self._video.encode(picture)]

    def _put_sound(self, tick: int, sound: Sound) -> None:
        at = samples_before(tick, self._coding.rate)
        expected = None if self._sound_at is None else self._sound_at + self._sound_held
        if expected is not None and at != expected:  # ticks were jumped over
            self._sound.clear()
            self._sound_held = 0
            self._sound_at = None
        if self._sound_at is None:
            # On one grid for all encoders of a channel, so that the sound of two senders joins.
            sound = sound[-at % _AAC_FRAME :]
            if not len(sound):
                return
            self._sound_at = at + -at % _AAC_FRAME
        self._sound.append(sound)
        self._sound_held += len(sound)

    def _encode_sound(self) -> list[Chunk]:
        whole = np.concatenate(list(self._sound))
        self._sound.clear()
        self._sound.append(whole[_AAC_FRAME:])
        self._sound_held -= _AAC_FRAME
        planar = np.ascontiguousarray(whole[:_AAC_FRAME].T)
        frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = self._sound_at
        self._sound_at = (self._sound_at or 0) + _AAC_FRAME
        return [self._chunk(packet, video=False) for packet in self._audio.encode(frame)]

    def _chunk(self, packet: Packet[VideoStream] | Packet[AudioStream], *, video: bool) -> Chunk:
        tick = packet.pts if video else None
        is_key = video and packet.is_keyframe
        self._out.mux_one(packet)
        return Chunk(data=self._pipe.take(), is_key=is_key, tick=tick)

    def _scaled(self, picture: av.VideoFrame) -> av.VideoFrame:
        if self._scaling is None:
            self._scaling = Graph()
            self._scaling.threads = 1
            source = self._scaling.add_buffer(
                width=picture.width,
                height=picture.height,
                format=picture.format,
                time_base=1 / self._coding.rate,
            )
            size = f"{self._coding.width}:{self._coding.height}:flags=fast_bilinear"
            scale = self._scaling.add("scale", size)
            self._scaling.link_nodes(source, scale, self._scaling.add("buffersink")).configure()
        self._scaling.vpush(picture)
        return self._scaling.vpull()


def usual_bitrate(coding: Coding) -> int:
    """Bits a second at most that look well: grows with the root of the pixel rate."""
    pixels = coding.width * coding.height * coding.rate / coding.every
    return int(_REFERENCE_BITS * float(pixels / _REFERENCE_PIXELS) ** 0.5)
