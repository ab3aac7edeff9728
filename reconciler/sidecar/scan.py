"""Read a media file through, decoding all of its sound and the pictures that need no others.

What the container and the decoders say goes to `tracks`, which judges it; the sound goes to a meter
besides. A picture between two key pictures is read and not decoded: that is where the time would
go. Of a stream of key pictures alone no more than two a second are decoded while they are good.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.findings import Loss
from reconciler.sidecar.tracks import SECOND, Track, judge

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.frame import Frame
    from av.packet import Packet
    from av.stream import Stream

Progress = Callable[[int], None]  # bytes read
Hear = Callable[["AudioFrame"], None]

_APART = SECOND * 12 // 25  # between two decoded pictures of a stream that has no others
_MACHINE = frozenset(
    {errno.EIO, errno.ENOENT, errno.EACCES, errno.ESTALE, errno.EMFILE, errno.ENFILE}
)
_STUCK = 100_000  # attempts to find the next packet; each looks through 64 KiB of what is none
_REFUSED = 16  # attempts after an answer that promises nothing
_STEADY = ("mpegts",)  # containers in which sound never pauses
_PROMISING = ("matroska",)  # whose header says how long the file is, as it was closed
_PROMISED_EACH = ("mxf",)  # the same of each stream


@dataclass(slots=True)
class _Reading:
    """One stream while it is read."""

    stream: Stream
    track: Track
    start: int
    decoded_at: int | None = None
    was_key: bool = False
    is_well: bool = True


def scan(
    container: InputContainer, hear: Hear, progress: Progress
) -> tuple[tuple[Loss, ...], tuple[str, ...]]:
    """What is lost of an open file, and what else should be known of it.

    Raises `OSError` only for the disk.
    """
    readings = {one.stream.index: one for one in _opened(container)}
    if not readings:
        return (), ()
    for packet in _packets(container, readings):
        if packet.size:
            progress(packet.pos or 0)
        _take(readings[packet.stream.index], packet, hear)
    name = container.format.name
    whole = container.duration if name.startswith(_PROMISING) else None
    tracks = [one.track for one in readings.values()]
    return judge(tracks, promised=whole, is_steady=name.startswith(_STEADY))


def is_of_machine(error: Exception) -> bool:
    """Whether the disk or the memory is at fault, and not what is in the file."""
    import av

    if isinstance(error, av.FFmpegError | OSError):
        return error.errno in _MACHINE  # no memory, says FFmpeg, where a file asks for too much
    return isinstance(error, MemoryError)


def main_streams(container: InputContainer) -> tuple[Stream, ...]:
    """The moving pictures and the sound that are played: the first of each that is no cover."""
    covers = ("attached_pic", "still_image", "timed_thumbnails")
    video = [
        stream
        for stream in container.streams.video
        if not any(cover in str(stream.disposition) for cover in covers)
    ]
    return (*video[:1], *container.streams.audio[:1])


def _opened(container: InputContainer) -> Iterator[_Reading]:
    begins = container.start_time or 0
    for stream in main_streams(container):
        if getattr(stream, "codec_context", None) is None:
            continue  # nothing here decodes it; who plays it says so
        stream.codec_context.thread_count = 1
        if stream.type == "video":
            stream.codec_context.skip_frame = "NONKEY"
        each = container.format.name.startswith(_PROMISED_EACH)
        promised = _micro(stream, stream.duration) if each and stream.duration else None
        what = "pictures" if stream.type == "video" else "sound"
        yield _Reading(stream, Track(what, promised), begins)


def _packets(container: InputContainer, readings: dict[int, _Reading]) -> Iterator[Packet[Stream]]:
    """Every packet; where there is none the next is looked for, and it is a fault of all."""
    import av

    streams = [one.stream for one in readings.values()]
    refused = stuck = 0
    while stuck < _STUCK and refused < _REFUSED:
        try:
            for packet in container.demux(streams):
                refused = stuck = 0
                yield packet
        except av.error.BlockingIOError:
            stuck += 1
        except av.FFmpegError as error:
            if is_of_machine(error):
                raise
            refused += 1
        else:
            return
        if stuck + refused == 1:
            for one in readings.values():
                one.track.fault(one.track.end or 0, 0)


def _take(one: _Reading, packet: Packet[Stream], hear: Hear) -> None:
    at, lasts = one.track.end or 0, 0
    if packet.size:
        at, lasts = _note(one, packet)
        if packet.is_corrupt:
            one.track.fault(at, lasts)
        if _is_spare(one, packet, at):
            return
    _decode(one, packet, at, lasts, hear)


def _note(one: _Reading, packet: Packet[Stream]) -> tuple[int, int]:
    """Enter a packet into its track; where it is shown, and how long."""
    lasts = _micro(one.stream, packet.duration or 0)
    come = packet.dts if packet.dts is not None else packet.pts
    shown = packet.pts if packet.pts is not None else packet.dts
    if come is None or shown is None:
        return one.track.end or 0, lasts
    at = _micro(one.stream, shown) - one.start
    is_key = one.track.what == "pictures" and packet.is_keyframe
    one.track.packet(_micro(one.stream, come) - one.start, lasts, begins=at if is_key else None)
    return at, lasts


def _is_spare(one: _Reading, packet: Packet[Stream], at: int) -> bool:
    """Whether a key picture among nothing but key pictures need not be decoded."""
    if one.track.what != "pictures":
        return False
    was_key, one.was_key = one.was_key, packet.is_keyframe
    if not packet.is_keyframe:
        return False
    last = one.decoded_at
    if was_key and one.is_well and last is not None and last <= at < last + _APART:
        return True
    one.decoded_at = at
    return False


def _decode(one: _Reading, packet: Packet[Stream], at: int, lasts: int, hear: Hear) -> None:
    import av

    try:
        frames = packet.decode()
    except av.FFmpegError:
        one.track.fault(at, lasts)
        one.is_well = False
        return
    for frame in frames:
        if not isinstance(frame, av.VideoFrame | av.AudioFrame):
            continue
        one.is_well = not frame.is_corrupt
        if frame.is_corrupt:
            one.track.fault(_shown(one, frame, at), lasts)
        if isinstance(frame, av.AudioFrame):
            hear(frame)


def _shown(one: _Reading, frame: Frame, at: int) -> int:
    return at if frame.pts is None else _micro(one.stream, frame.pts) - one.start


def _micro(stream: Stream, count: int) -> int:
    base = stream.time_base
    assert base is not None  # noqa: S101  # a stream that has packets has a time base
    return count * base.numerator * SECOND // base.denominator
