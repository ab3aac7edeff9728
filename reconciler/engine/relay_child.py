"""The program at the far side of a relay's pipe: SRT by way of ffmpeg, RTMP by itself.

Started by path, outside the package, so that it is up within a blink. Its first line of standard
input is its order as JSON, which keeps addresses with secrets out of argv; what follows is the
transport stream. It reports on standard error: `Input #0` (wants data), `Output #0` (connected;
the words are ffmpeg's, so that both kinds read alike), anything else (why not).
It dies with the process that started it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import struct
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

HEAD = struct.Struct(">BI")  # kind, length of what follows
DATA, FRESH = 0, 1
RETRY_AFTER = 0.5  # seconds; knocking at a refusing port costs next to nothing
MOST_KNOCKS = 600  # then a new process takes over, whatever this one may have gathered
_PR_SET_PDEATHSIG = 1
_PROBE = {"fpsprobesize": "0", "analyzeduration": "1000000", "fflags": "nobuffer"}


class Feed:
    """Standard input as a file: the payload of data frames, up to or from the fresh mark."""

    def __init__(self) -> None:
        self._left = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, waiting for the first; empty at the end."""
        while not self._left:
            head = _read_exactly(HEAD.size)
            if len(head) < HEAD.size:
                return b""
            kind, length = HEAD.unpack(head)
            self._left = length if kind == DATA else 0
        piece = os.read(0, min(size, self._left))
        self._left -= len(piece)
        return piece

    def skip_to_fresh(self) -> bool:
        """Throw away everything before the fresh mark; false at the end of input."""
        while True:
            if len(_read_exactly(self._left)) < self._left:
                return False
            self._left = 0
            head = _read_exactly(HEAD.size)
            if len(head) < HEAD.size:
                return False
            kind, self._left = HEAD.unpack(head)
            if kind == FRESH:
                return True


def main() -> None:
    """Read the order and obey it."""
    _die_with_parent()
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    order = json.loads(line)
    if os.getppid() != order["parent"]:
        return  # it died before the wish to die with it was heard
    if "exec" in order:
        os.execv(order["exec"][0], order["exec"])  # noqa: S606  # an argv list of our own making
    _send_rtmp(order["rtmp"])


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _send_rtmp(url: str) -> None:
    import av  # ffmpeg's half of this program has no need of it

    av.logging.set_level(None)
    _say("Input #0")
    feed = Feed()
    try:
        sample = av.open(feed, "r", format="mpegts", options=_PROBE)
    except Exception as error:  # noqa: BLE001  # whatever it was, the parent shall read it
        _fail(f"the stream cannot be read: {_words(error)}")
    out, streams = _connect(url, sample)
    _say("Output #0")
    if feed.skip_to_fresh():
        _copy(feed, out, streams)


def _connect(url: str, sample: InputContainer) -> tuple[OutputContainer, dict[str, Any]]:
    """Knock until somebody opens; the parent ends us if nobody says anything at all."""
    import av

    tried = 0
    while True:
        try:
            out = av.open(url, "w", format="flv", options={"flvflags": "no_duration_filesize"})
            streams: dict[str, Any] = {
                s.type: out.add_stream_from_template(s, opaque=True) for s in _wanted(sample)
            }
            out.start_encoding()
        except Exception as error:  # noqa: BLE001
            tried += 1
            if tried == MOST_KNOCKS:
                _fail(_words(error))
            _say(f"Waiting: {_words(error)}")
            time.sleep(RETRY_AFTER)
        else:
            return out, streams


def _copy(feed: Feed, out: OutputContainer, streams: dict[str, Any]) -> None:
    import av

    base: int | None = None
    try:
        with av.open(feed, "r", format="mpegts", options=_PROBE) as source:
            for packet in source.demux(_wanted(source)):
                if packet.dts is None or packet.pts is None or packet.stream.type not in streams:
                    continue
                if base is None and packet.stream.type == "video":
                    base = packet.dts
                if base is None or packet.dts < base:
                    continue
                packet.dts, packet.pts = packet.dts - base, packet.pts - base
                packet.stream = streams[packet.stream.type]
                out.mux_one(packet)
    except Exception as error:  # noqa: BLE001
        _fail(f"connection lost: {_words(error)}")


def _wanted(source: InputContainer) -> list[Stream]:
    return [*source.streams.video[:1], *source.streams.audio[:1]]


def _read_exactly(size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        piece = os.read(0, size - len(got))
        if not piece:
            break
        got += piece
    return bytes(got)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _say(line: str) -> None:
    os.write(2, line.encode() + b"\n")


def _fail(line: str) -> NoReturn:
    _say(line)
    os._exit(1)  # a tidy close could wait for the far end for ever


if __name__ == "__main__":
    main()
