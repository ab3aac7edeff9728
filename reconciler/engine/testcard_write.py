"""Write one sample: pictures and sound into a file that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from reconciler.engine.testcard_canvas import Canvas
from reconciler.engine.testcard_scenes import Card, Painter
from reconciler.engine.testcard_sound import RATE, Sound

MARK = "reconciler sample media 1"  # raise the number to have everything made anew
_VIDEO = {"preset": "ultrafast", "crf": "22", "threads": "2", "sc_threshold": "0"}
_PIECE = 1024  # samples of one AAC frame


def is_whole(path: Path, frames: int) -> bool:
    """Whether `path` holds every frame of the present make."""
    try:
        with av.open(str(path)) as container:
            if container.metadata.get("comment") != MARK:
                return False
            return sum(1 for packet in container.demux(video=0) if packet.size) == frames
    except (OSError, IndexError, FFmpegError):
        return False


def write_clip(path: Path, card: Card, aspect: Fraction, *, paint: Painter, sound: Sound) -> None:
    """Encode `card.frames` pictures with `sound`; `aspect` is the shape of one pixel."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        out.metadata["comment"] = MARK
        out.metadata["title"] = card.title
        video = out.add_stream("libx264", rate=card.rate, options=_VIDEO)
        video.width, video.height, video.pix_fmt = card.width, card.height, "yuv420p"
        video.codec_context.sample_aspect_ratio = aspect
        video.codec_context.gop_size = round(card.rate * 2)
        audio = out.add_stream("aac", rate=RATE, layout="stereo", options={"aac_coder": "fast"})
        audio.bit_rate = 128_000
        _interleave(out, _pictures(video, card, paint), _sounds(audio, sound))
    part.replace(path)


def write_png(path: Path, canvas: Canvas) -> None:
    """Write one picture."""
    part = path.with_name(f".{path.stem}.part")
    picture = canvas.frame().reformat(format="rgb24")
    coder = av.CodecContext.create("png", "w")
    coder.width, coder.height, coder.pix_fmt = picture.width, picture.height, "rgb24"
    coder.time_base = Fraction(1)
    part.write_bytes(
        b"".join(bytes(packet) for packet in [*coder.encode(picture), *coder.encode()])
    )
    part.replace(path)


Packets: TypeAlias = "Iterator[tuple[float, Packet[Stream]]]"


def _interleave(out: OutputContainer, *streams: Packets) -> None:
    """Mux packets in the order of their times, so that players need not look far ahead."""
    waiting = [(packet, stream) for stream in streams if (packet := next(stream, None)) is not None]
    while waiting:
        place = min(range(len(waiting)), key=lambda number: waiting[number][0][0])
        packet, stream = waiting[place]
        out.mux_one(packet[1])
        following = next(stream, None)
        if following is None:
            waiting.pop(place)
        else:
            waiting[place] = (following, stream)


def _pictures(stream: VideoStream, card: Card, paint: Painter) -> Packets:
    canvas = Canvas(card.width, card.height)
    for number in range(card.frames):
        paint(canvas, number)
        frame = canvas.frame()
        frame.pts, frame.time_base = number, 1 / card.rate
        for packet in stream.encode(frame):
            yield _timed(packet)
    for packet in stream.encode():
        yield _timed(packet)


def _sounds(stream: AudioStream, sound: Sound) -> Packets:
    for begin in range(0, sound.shape[1], _PIECE):
        piece = np.ascontiguousarray(sound[:, begin : begin + _PIECE])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
        for packet in stream.encode(frame):
            yield _timed(packet)
    for packet in stream.encode():
        yield _timed(packet)


def _timed(packet: Packet[Stream]) -> tuple[float, Packet[Stream]]:
    return float((packet.dts or 0) * packet.time_base), packet
