"""HLS in a folder: the same bytes, cut at the key frames that stand on segment boundaries.

Segment `n` holds the ticks from `n` times the segment's length on, so the media sequence goes on
over a restart; a new process says so by a discontinuity. The playlist appears by rename, and never
names a segment that is not wholly there.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from reconciler.model.video import FrameClock

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from reconciler.engine.encoder import Chunk

PLAYLIST = "index.m3u8"
_LISTED = 8  # segments in the playlist
_KEPT = 4  # more on disk, for players that are behind
_OURS = re.compile(r"seg-\d+\.ts(\.part)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    number: int
    tick: int
    ticks: int
    breaks: bool  # something is missing before it

    @property
    def name(self) -> str:
        return f"seg-{self.tick}.ts"


class HlsWriter:
    """Write one programme into `folder`. Raises `OSError`; make a new one then."""

    def __init__(self, folder: Path, rate: Fraction, segment: int) -> None:
        self._folder = folder
        self._clock = FrameClock(rate)
        self._rate = rate
        self._length = segment
        self._listed: deque[_Segment] = deque()
        self._gone: deque[str] = deque()
        self._open: tuple[int, BinaryIO] | None = None
        self._last_tick = 0
        self._breaks = 0
        self._breaks_next = True
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if _OURS.fullmatch(old.name):
                self._gone.append(old.name)

    def write(self, chunk: Chunk) -> None:
        """Take one chunk; cut before it if it begins a segment."""
        if chunk.is_key and chunk.tick is not None:
            begun = self._open[0] if self._open else None
            if begun is None or chunk.tick // self._length != begun // self._length:
                self._cut(chunk.tick)
        if chunk.tick is not None:
            self._last_tick = max(self._last_tick, chunk.tick)
        if self._open is not None:
            self._open[1].write(chunk.data)

    def abort(self) -> None:
        """The segment that is being written is never listed; nothing else could leave."""

    def close(self) -> None:
        """Close the segment that was being written; it is not listed."""
        if self._open is not None:
            self._open[1].close()
            self._part(self._open[0]).unlink(missing_ok=True)
            self._open = None

    def _cut(self, tick: int) -> None:
        if self._open is not None:
            begun, file = self._open
            file.close()
            self._part(begun).rename(self._folder / f"seg-{begun}.ts")
            self._list(begun, tick)
        self._open = (tick, self._part(tick).open("wb"))

    def _part(self, tick: int) -> Path:
        return self._folder / f"seg-{tick}.ts.part"

    def _list(self, begun: int, end: int) -> None:
        number = begun // self._length
        if self._listed and number != self._listed[-1].number + 1:
            self._breaks_next = True
            while self._listed:
                self._retire()
        self._listed.append(
            _Segment(number=number, tick=begun, ticks=end - begun, breaks=self._breaks_next)
        )
        if len(self._listed) == 1:
            self._breaks = max(self._breaks, number)
        self._breaks_next = False
        while len(self._listed) > _LISTED:
            self._retire()
        self._publish()
        while len(self._gone) > _KEPT:
            (self._folder / self._gone.popleft()).unlink(missing_ok=True)

    def _retire(self) -> None:
        segment = self._listed.popleft()
        self._breaks += segment.breaks
        self._gone.append(segment.name)

    def _publish(self) -> None:
        draft = self._folder / f"{PLAYLIST}.part"
        draft.write_text("\n".join(self._lines()) + "\n", encoding="ascii")
        draft.rename(self._folder / PLAYLIST)

    def _lines(self) -> list[str]:
        longest = max(segment.ticks for segment in self._listed)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:6",
            f"#EXT-X-TARGETDURATION:{max(1, round(longest / self._rate))}",
            f"#EXT-X-MEDIA-SEQUENCE:{self._listed[0].number}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._breaks}",
            "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        for segment in self._listed:
            if segment.breaks:
                lines.append("#EXT-X-DISCONTINUITY")
            at = self._clock.instant(segment.tick).isoformat(timespec="milliseconds")
            lines += [
                f"#EXT-X-PROGRAM-DATE-TIME:{at.replace('+00:00', 'Z')}",
                f"#EXTINF:{float(segment.ticks / self._rate):.5f},",
                segment.name,
            ]
        return lines
