"""What arrives at a channel's UDP output, with when and from whom; and what it shows, tick by tick.

A `Receiver` listens from before the channel starts. `seen` decodes a stretch of what it took down:
every output frame with its number on the channel's frame grid, which its time stamp tells.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import av

from tests.conformance.checker import Report, check
from tests.loopback import datagrams
from tests.stack_clips import CLIPS, RATE

_PACKET = 188
OUTSET, _TAIL = 2, 4  # frames: before the first key picture, and out of order at the end
_PTS_WRAP = (1 << 33) / 90_000  # seconds after which time stamps begin anew


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram: seconds on the wall clock, the sender's port, its bytes."""

    at: float
    port: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Aired:
    """One output frame: `tick` on the channel's grid, and what it showed (clip 0: none of ours)."""

    tick: int
    clip: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One sender's stretch of output."""

    port: int
    first_at: float
    last_at: float
    frames: tuple[Aired, ...]  # without those at either end that a cut stream leaves unsure
    lost: tuple[str, ...]  # transport packets that are missing
    report: Report

    @property
    def runs(self) -> list[tuple[int, int, int]]:
        """Clip, first and last frame of each run."""
        return [run.brief for run in self.report.runs]


class Receiver:
    """A receiver on a free loopback port; `close` ends it."""

    def __init__(self) -> None:
        self._socket, self.url = datagrams(0.1)
        self._taken: list[Datagram] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def mark(self) -> int:
        """How many datagrams there are so far: a place to begin or end a stretch."""
        return len(self._taken)

    def taken(self, begin: int = 0, end: int | None = None) -> Sequence[Datagram]:
        return self._taken[begin:end]

    def is_quiet(self, seconds: float) -> bool:
        """Whether nothing came for so long."""
        return not self._taken or time.time() - self._taken[-1].at > seconds

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _take(self) -> None:
        while not self._over.is_set():
            try:
                data, (_, port) = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            self._taken.append(Datagram(time.time(), port, data))


def seen(datagrams: Iterable[Datagram]) -> tuple[Seen, ...]:
    """Decode a stretch, one `Seen` for each unbroken turn of one sender."""
    turns = (list(turn) for _, turn in groupby(datagrams, key=lambda datagram: datagram.port))
    return tuple(found for turn in turns if (found := _decode(turn)) is not None)


def joined(datagrams: Sequence[Datagram]) -> Seen:
    """Decode a stretch as one stream, as a receiver does who is not told of a change of senders."""
    found = _decode(datagrams)
    assert found is not None, "too little to make a picture of"
    return found


def _decode(turn: Sequence[Datagram]) -> Seen | None:
    stream = b"".join(datagram.data for datagram in turn)
    try:
        report = check(whole_units(stream), CLIPS, rate=RATE)
    except (OSError, IndexError, ValueError):  # too little to make a picture of
        return None
    return Seen(
        port=turn[0].port,
        first_at=turn[0].at,
        last_at=turn[-1].at,
        frames=_on_grid(report, turn[0].at)[OUTSET:-_TAIL],
        lost=tuple(lost_packets(stream)),
        report=report,
    )


def _on_grid(report: Report, about: float) -> tuple[Aired, ...]:
    if not report.shown:
        return ()
    rounds = round((about - report.shown[0].at) / _PTS_WRAP)
    return tuple(
        Aired(round((one.at + rounds * _PTS_WRAP) * RATE), one.clip, one.number)
        for one in report.shown
    )


def senders(datagrams: Iterable[Datagram]) -> dict[int, tuple[float, float]]:
    """When each sender was first and last heard, by its port, in order of appearance."""
    heard: dict[int, tuple[float, float]] = {}
    for datagram in datagrams:
        first, _ = heard.get(datagram.port, (datagram.at, 0.0))
        heard[datagram.port] = (first, datagram.at)
    return heard


def gaps(datagrams: Iterable[Datagram]) -> list[float]:
    """Seconds from one sender's last datagram to the next one's first; negative: they overlap."""
    spans = sorted(senders(datagrams).values())
    return [after[0] - before[1] for before, after in pairwise(spans)]


def whole_units(stream: bytes) -> bytes:
    """A stretch cut anywhere, without the packets of units that are not whole at its ends."""
    begun: dict[int, list[int]] = {}
    for at in range(0, len(stream) - _PACKET + 1, _PACKET):
        high, low = stream[at + 1 : at + 3]
        if high & 0x40:  # a unit starts here
            begun.setdefault((high & 31) << 8 | low, []).append(at)
    kept: list[bytes] = []
    for at in range(0, len(stream) - _PACKET + 1, _PACKET):
        high, low = stream[at + 1 : at + 3]
        starts = begun.get((high & 31) << 8 | low, [])
        is_table = (high & 31) << 8 | low in (0, 0x1000)
        if is_table or (starts and starts[0] <= at < starts[-1]):
            kept.append(stream[at : at + _PACKET])
    return b"".join(kept)


def sound_breaks(datagrams: Iterable[Datagram]) -> list[str]:
    """Where one frame of sound (1,024 samples of AAC) is not followed by the next, in samples."""
    stream = whole_units(b"".join(datagram.data for datagram in datagrams))
    with av.open(io.BytesIO(stream), "r", format="mpegts") as container:
        times = [
            round(packet.pts * packet.time_base * 48_000)
            for packet in container.demux(audio=0)
            if packet.pts is not None and packet.time_base is not None
        ]
    return [
        f"sample {before} is followed by {after - before} more"
        for before, after in pairwise(times)
        if abs(after - before - 1_024) > 1  # time stamps count ninety thousandths
    ]


def lost_packets(stream: bytes) -> list[str]:
    """Breaks in the continuity counters of a transport stream (ISO/IEC 13818-1, 2.4.3.3)."""
    last: dict[int, int] = {}
    faults: list[str] = []
    for at in range(0, len(stream) - _PACKET + 1, _PACKET):
        sync, high, low, flags = stream[at : at + 4]
        pid, counter = (high & 31) << 8 | low, flags & 15
        if sync != 0x47 or not flags & 0x10:  # not a packet of ours, or without payload
            continue
        if pid in last and counter != (last[pid] + 1) % 16 and pid != 0x1FFF:
            faults.append(f"pid {pid}: packet {last[pid]} is followed by {counter} at {at}")
        last[pid] = counter
    return faults
