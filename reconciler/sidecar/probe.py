"""What is in a media file: exact length, still or moving, and what is wrong with it (PyAV)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_COUNT_BELOW = 1 << 30  # bytes; a file without an index is read through up to this size
_FETCH_BELOW = 1 << 26  # bytes; the same for one that would have to be fetched for it
_TRIES = 400  # packets in which a first picture or sound must be found


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What one file holds; `problem` says why it cannot be played, and is empty if it can."""

    mark: str = ""
    duration: Fraction | None = None
    still: bool = False
    problem: str = ""


def probe(path: Path, size: int) -> Probed:
    """Open `path` and find out; never raises for what is in the file, only for the disk."""
    import av

    av.logging.set_level(None)  # another level can deadlock the process: ENGINE pitfall 1
    try:
        with av.open(str(path), mode="r") as container:
            return _judge(container, size)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  # a damaged file may raise anything: ENGINE pitfall 7
        return Probed(problem=f"it cannot be opened: {_plain(error)}")


def probe_address(url: str, size: int, timeout: float) -> Probed:
    """Open what is at a web address, and find out by reading parts of it.

    Raises `OSError` where the server is at fault, or takes longer than `timeout` seconds for an
    answer; never tells the address, which may be presigned.
    """
    import av

    av.logging.set_level(None)
    # Media may name other media: none of this machine's files, and through no proxy of ours.
    options = {"protocol_whitelist": "http,https,tls,tcp", "http_proxy": ""}
    try:
        with av.open(url, mode="r", options=options, timeout=timeout) as container:
            return _judge(container, size, whole_below=_FETCH_BELOW)
    except (OSError, av.error.ExitError) as error:
        raise OSError(_plain(error)) from None
    except Exception as error:  # noqa: BLE001  # a damaged file may raise anything: ENGINE pitfall 7
        return Probed(problem=f"it cannot be opened: {_plain(error)}")


def _judge(container: InputContainer, size: int, whole_below: int = _COUNT_BELOW) -> Probed:
    video = next((s for s in container.streams.video if _has_decoder(s)), None)
    audio = next((s for s in container.streams.audio if _has_decoder(s)), None)
    if video is None and audio is None:
        return Probed(problem="it holds neither video nor audio that can be decoded")
    if video is not None and "attached_pic" in str(video.disposition):
        video = None
    if video is not None and _is_still(container):
        problem = "" if _decodes(container, video) else "its picture cannot be decoded"
        return Probed(still=not problem, problem=problem)
    main = video if video is not None else audio
    assert main is not None  # noqa: S101  # one of the two is there
    short = _promised_end(main) - size
    if short > 0:
        return Probed(problem=f"it is truncated: its index promises {short} bytes more")
    if not _decodes(container, main):
        return Probed(problem=f"its {main.type} cannot be decoded")
    duration = _duration(container, main, is_read=size <= whole_below)
    if duration is None or duration <= 0:
        return Probed(problem="its length cannot be told")
    return Probed(duration=duration)


def _has_decoder(stream: Stream) -> bool:
    return getattr(stream, "codec_context", None) is not None


def _is_still(container: InputContainer) -> bool:
    names = container.format.name
    return names.endswith("_pipe") or names == "image2"


def _promised_end(stream: Stream) -> int:
    """Where the last indexed sample ends; 0 for a format without an index."""
    entries = getattr(stream, "index_entries", None)
    if not entries:
        return 0
    return max(int(entry.pos) + int(entry.size) for entry in entries)


def _decodes(container: InputContainer, stream: Stream) -> bool:
    for count, packet in enumerate(container.demux(stream)):
        if packet.decode():
            return True
        if count > _TRIES:
            break
    return False


def _duration(container: InputContainer, stream: Stream, *, is_read: bool) -> Fraction | None:
    rate = _rate(stream)
    if rate and stream.frames:
        return Fraction(stream.frames) / rate
    if rate and is_read:
        return Fraction(_count(container, stream)) / rate
    if stream.duration and stream.time_base:
        return Fraction(stream.duration) * Fraction(stream.time_base)
    return Fraction(container.duration, 1_000_000) if container.duration else None


def _rate(stream: Stream) -> Fraction | None:
    if stream.type != "video":
        return None
    video: VideoStream = stream  # type: ignore[assignment]  # its type says so
    found = video.average_rate or video.guessed_rate or video.base_rate
    return Fraction(found) if found else None


def _count(container: InputContainer, stream: Stream) -> int:
    """How many pictures a file without an index holds, by reading it through."""
    container.seek(0)
    return sum(1 for packet in container.demux(stream) if packet.size)


def _plain(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).lower().rstrip(".")
