"""The open sources, by cue: opens what the timeline says, keeps what can go on, closes the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.clip import ClipSource
from reconciler.engine.director import Readiness, Reading
from reconciler.engine.live import LiveSource
from reconciler.engine.protocol import Clip, Cue, Freeze, Live, Slate, Still
from reconciler.engine.protocol import Source as CueSource
from reconciler.engine.source import Grid, Source, StillSource
from reconciler.engine.timeline import position_at

if TYPE_CHECKING:
    from collections.abc import Iterable

_RETRY_SECONDS = 2  # a file that is still being staged may be there then


@dataclass(slots=True)
class _Entry:
    cue: Cue
    source: Source
    opened_at: int
    error: str | None = None  # of the attempt before, while another is made


class Shelf:
    """Every open source. Only the clock's thread uses it; nothing in it waits."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._entries: dict[tuple[str, CueSource], _Entry] = {}
        self._parked: ClipSource | None = None
        self._told: dict[str, str] = {}

    def arrange(self, wanted: Iterable[Cue], tick: int, *, frozen: bool) -> None:
        """Make the open sources those of `wanted`. Repeating it changes nothing.

        While the picture is `frozen`, the clip that was left is kept, so that it can be resumed.
        """
        cues = {(cue.key, cue.source): cue for cue in wanted}
        gone = [name for name in self._entries if name not in cues]
        spare = [self._entries.pop(name).source for name in gone]
        if self._parked is not None:
            spare.append(self._parked)
            self._parked = None
        for cue in cues.values():
            self._keep_or_open(cue, tick, spare)
        for source in spare:
            if frozen and self._parked is None and isinstance(source, ClipSource):
                self._parked = source
            else:
                source.close()

    def source(self, cue: Cue) -> Source | None:
        """The open source of `cue`."""
        entry = self._entries.get((cue.key, cue.source))
        return None if entry is None else entry.source

    def source_frame(self, cue: Cue, position: int) -> int:
        """The frame of the source that `cue` shows at `position`: a loop begins anew at 0."""
        source = self.source(cue)
        return position if source is None else source.source_frame(position)

    def read(self, cue: Cue, position: int) -> Reading:
        """How ready `cue` is for `position`."""
        if isinstance(cue.source, Slate | Freeze):
            return Reading(Readiness.READY)
        source = self.source(cue)
        return Reading(Readiness.WAITING) if source is None else source.reading(position)

    def readings(self) -> dict[str, Reading]:
        """How ready each opened cue is to begin; keyed by cue."""
        return {key: _opened(entry) for (key, _), entry in self._entries.items()}

    def failures(self) -> list[tuple[str, str]]:
        """Cues that are newly known to be unplayable, with the reason; each told once."""
        news: list[tuple[str, str]] = []
        readings = self.readings()
        for key, reading in readings.items():
            if reading.readiness is Readiness.FAILED:
                error = reading.error or "unknown"
                if self._told.get(key) != error:
                    self._told[key] = error
                    news.append((key, error))
        for key in [key for key in self._told if key not in readings]:
            del self._told[key]
        return news

    def close(self) -> None:
        """Close everything."""
        self.arrange((), 0, frozen=False)

    def _keep_or_open(self, cue: Cue, tick: int, spare: list[Source]) -> None:
        entry = self._entries.get((cue.key, cue.source))
        if entry is None:
            source = self._reuse(cue, tick, spare) or self._open(cue, tick)
            self._entries[cue.key, cue.source] = _Entry(cue, source, tick)
            return
        if entry.cue.start != cue.start and isinstance(entry.source, ClipSource):
            self._move(entry, cue, tick)
        entry.cue = cue
        self._retry(entry, tick)

    def _move(self, entry: _Entry, cue: Cue, tick: int) -> None:
        position = position_at(cue, max(tick, cue.start))
        source = entry.source
        if isinstance(source, ClipSource) and isinstance(cue.source, Clip):
            if not source.serves(cue.source, position):
                source.close()
                entry.source = self._open(cue, tick)
            entry.opened_at = tick

    def _retry(self, entry: _Entry, tick: int) -> None:
        reading = entry.source.opened()
        if reading.readiness is Readiness.READY:
            entry.error = None
        waited = tick - entry.opened_at >= _RETRY_SECONDS * self._grid.rate
        if reading.readiness is Readiness.FAILED and waited:
            entry.error = reading.error
            entry.source.close()
            entry.source, entry.opened_at = self._open(entry.cue, tick), tick

    def _reuse(self, cue: Cue, tick: int, spare: list[Source]) -> Source | None:
        if not isinstance(cue.source, Clip):
            return None
        position = position_at(cue, max(tick, cue.start))
        for source in spare:
            if isinstance(source, ClipSource) and source.serves(cue.source, position):
                spare.remove(source)
                return source
        return None

    def _open(self, cue: Cue, tick: int) -> Source:
        match cue.source:
            case Clip():
                position = position_at(cue, max(tick, cue.start))
                return ClipSource(cue.source, self._grid, position=position)
            case Live(url=url):
                return LiveSource(url, self._grid)
            case Still(path=path):
                return StillSource(path, self._grid)
            case Slate() | Freeze():
                raise AssertionError("slate and freeze have nothing to open")


def _opened(entry: _Entry) -> Reading:
    reading = entry.source.opened()
    if reading.readiness is Readiness.WAITING and entry.error is not None:
        return Reading(Readiness.FAILED, entry.error)
    return reading
