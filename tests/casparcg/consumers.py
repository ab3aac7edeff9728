"""Consumers: what ADD starts, how it dies behind a `202`, and the far ends of streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from tests.casparcg.pictures import Picture

Answer = Literal["listens", "refuses", "absent", "mute"]
ENCODERS = {
    "libx264",
    "libx265",
    "h264_nvenc",
    "mpeg2video",
    "prores_ks",
    "dnxhd",
    "aac",
    "ac3",
    "libopus",
    "pcm_s16le",
    "copy",
    "libmp3lame",
    "mp2",
}
FILTERS = {
    "format",
    "pan",
    "aformat",
    "scale",
    "fps",
    "null",
    "yadif",
    "bwdif",
    "volume",
    "aresample",
    "crop",
    "interlace",
    "setfield",
    "amerge",
    "join",
}
CONTAINERS = {"mp4", "mov", "mkv", "mxf", "ts", "flv", "m3u8", "avi", "wav", "mpg"}
SRT_PATIENCE = 3000  # milliseconds without a listener before the port vanishes, unless told
HLS_CUT = 2.1  # seconds until a relative playlist's first segment cannot be opened


class FarEnds:
    """The other sides of streams. One listens unless a test says otherwise."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._lost: dict[str, float] = {}
        self.now = 0.0

    def set(self, url: str, answer: Answer) -> None:
        """How the far end of `url` (its part before `?`) answers a new stream."""
        self._answers[bare(url)] = answer
        self._lost.pop(bare(url), None)

    def lose(self, url: str, *, after: float = 0.0) -> None:
        """The far end goes away: running streams freeze `after` seconds later, new ones fail."""
        absent: Answer = "absent" if url.startswith("srt:") else "refuses"
        self._answers[bare(url)] = absent
        self._lost[bare(url)] = self.now + after

    def answer(self, url: str) -> Answer:
        return self._answers.get(bare(url), "listens")

    def broke(self, url: str, since: float) -> bool:
        """Whether a stream that began at `since` has lost its far end by now."""
        lost_at = self._lost.get(bare(url))
        return lost_at is not None and since < lost_at <= self.now


def bare(url: str) -> str:
    return url.partition("?")[0]


@dataclass(kw_only=True)
class Consumer:
    """One port of a channel. `got` is every picture it took, for tests to judge joins by."""

    port: int
    kind: str
    path: str = ""
    arguments: str = ""
    rate: Fraction = Fraction(25)
    began: float = 0.0
    frame: int | None = None
    got: list[Picture] = field(default_factory=list)
    sent: int = 0  # how many of them a UDP stream has passed on
    _broken: bool = False

    def forget(self, kept: int) -> None:
        """Remember only the newest pictures."""
        gone = max(0, len(self.got) - kept)
        del self.got[:gone]
        self.sent = max(0, self.sent - gone)

    @property
    def is_file(self) -> bool:
        return self.kind in {"file", "stream"}

    def take(self, picture: Picture, far_ends: FarEnds) -> bool:
        """Take one picture; false when the consumer is gone from the channel."""
        if not self.is_file:
            self.got.append(picture)
            return True
        if has_wrong_words(self.kind, self.path, self.arguments):
            return False
        return self._send(picture, far_ends)

    def _send(self, picture: Picture, far_ends: FarEnds) -> bool:
        if self._broken:
            return True
        if self.frame is None and not self._connects(far_ends):
            return self._still_waits(far_ends)
        if far_ends.broke(self.path, self.began) or self._loses_segments(far_ends.now):
            self._broken = True  # listed for ever, its frame number frozen
            return True
        self.frame = 0 if self.frame is None else self.frame + 1
        self.got.append(picture)
        return True

    def _connects(self, far_ends: FarEnds) -> bool:
        return "://" not in self.path or far_ends.answer(self.path) == "listens"

    def _still_waits(self, far_ends: FarEnds) -> bool:
        match far_ends.answer(self.path):
            case "mute":
                return True
            case "absent":
                patience = float(_options(self.arguments).get("-connect_timeout", SRT_PATIENCE))
                return far_ends.now - self.began < patience / 1000
            case _:
                return False

    def _loses_segments(self, now: float) -> bool:
        relative = self.path.endswith(".m3u8") and not self.path.startswith("/")
        return relative and now - self.began > HLS_CUT


def has_wrong_words(kind: str, path: str, arguments: str) -> bool:
    """An encoder, filter, container or folder that does not exist: ADD said 202 all the same."""
    options = _options(arguments)
    encoders = (
        options.get("-codec:v"),
        options.get("-codec:a"),
        options.get("-c:v"),
        options.get("-c:a"),
    )
    if any(name is not None and name not in ENCODERS for name in encoders):
        return True
    chains = (options.get("-filter:v", ""), options.get("-filter:a", ""))
    filters = [
        part.partition("=")[0].strip() for chain in chains for part in chain.split(",") if part
    ]
    if any(name not in FILTERS for name in filters):
        return True
    if "://" in path:
        return False
    extension = path.rpartition(".")[2].lower()
    return path.startswith("/proc/") or ("-format" not in options and extension not in CONTAINERS)


def _options(arguments: str) -> dict[str, str]:
    words = arguments.split()
    return {words[at]: words[at + 1] for at in range(len(words) - 1) if words[at].startswith("-")}


def port_of(path: str) -> int:
    """The port of an ADD without one: 100000 + the path's CRC-16 (`port_113601` for file1.mp4)."""
    checksum = 0
    for byte in path.encode():
        checksum ^= byte
        for _ in range(8):
            checksum = (checksum >> 1) ^ 0xA001 if checksum & 1 else checksum >> 1
    return 100000 + checksum
