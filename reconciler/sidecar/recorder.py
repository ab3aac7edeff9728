"""Evidence into as-run rows: which showing a key meant, how it ended, and why.

Rows go to the spool in the order of what happened. While the disk refuses, they wait here, in
order, and the sidecar says so; nothing is dropped to make the picture go on.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from reconciler.errors import Unreachable
from reconciler.model.rundown import Clip, EventKind, Live, SlatePicture
from reconciler.model.video import FrameClock
from reconciler.rundown.timeline import PART
from reconciler.sidecar.asrun import SpoolRow
from reconciler.sidecar.engine_port import (
    Began,
    Ended,
    EngineLost,
    EngineSeen,
    Evidence,
    Failed,
    OnAir,
)
from reconciler.sidecar.showing import Showing
from reconciler.sidecar.spool import Spool

log = logging.getLogger(__name__)

KEYS_KNOWN = 4_000  # showings whose keys are remembered after they left the timeline
BEGUN_KNOWN = 4_000  # events remembered as begun, so that they do not count as missed
WAITING_MOST = 50_000  # writes that wait for a disk
_NEAR = Fraction(1, 2)  # seconds between an act and the end that it caused

Write = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Cut:
    at: int
    why: str


class Recorder:
    """The one writer of a spool. Its owner calls it under its lock, but for `flush`.

    Only `flush` touches the disk, in one thread and under no lock, so that nobody waits for it.
    """

    def __init__(self, spool: Spool, rate: Fraction) -> None:
        self._spool = spool
        self._clock = FrameClock(rate)
        self._near = round(_NEAR * rate)
        self._meant: OrderedDict[str, Showing] = OrderedDict()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._begun_before: frozenset[str] = frozenset()
        self._open: dict[str, SpoolRow] = {}
        self._writes: deque[Write] = deque()
        self._cuts: deque[_Cut] = deque(maxlen=16)
        self.trouble = ""

    def learn(self, shown: Mapping[str, Showing]) -> None:
        """Remember what keys mean, from the timeline that the engine is told."""
        for key, showing in shown.items():
            self._meant[key] = showing
            self._meant.move_to_end(key)
        while len(self._meant) > KEYS_KNOWN:
            self._meant.popitem(last=False)

    def meaning(self, key: str) -> Showing | None:
        """What a key meant."""
        return self._meant.get(key)

    def has_begun(self, event: str) -> bool:
        """Whether an event was on air, in this life of the sidecar or the ones before."""
        return event in self._begun or event in self._begun_before

    def remember(self, begun: frozenset[str]) -> None:
        """Take over what had begun before this life."""
        self._begun_before = begun

    def cut(self, at: int, why: str) -> None:
        """Note that an act ends what is on air at frame `at`."""
        self._cuts.append(_Cut(at, why))

    def take(self, evidence: Evidence) -> None:
        """Write down one piece of evidence."""
        match evidence:
            case Began():
                self._begin(evidence)
            case Ended():
                self._end(evidence)
            case EngineLost():
                self._lose(evidence)
            case Failed():
                pass  # its showing is replaced; `missed` accounts for it in its time
            case _:
                assert_never(evidence)

    def refresh(self, seen: EngineSeen) -> None:
        """Bring the row of what is on air up to date."""
        on_air = seen.on_air
        if on_air is not None and on_air.key in self._open:
            row = self._moved(self._open[on_air.key], on_air, seen.tick)
            self._open[on_air.key] = row
            key = on_air.key
            if not self._writes:  # an old update is worth nothing behind a full disk
                self._write(lambda: self._spool.update(key, row))

    def add(self, rows: Sequence[SpoolRow]) -> None:
        """Write rows that are complete."""
        self._write(lambda: self._spool.add(rows))

    def account(self, rows: Sequence[SpoolRow], *, until: int, forget: int) -> None:
        """Write rows of what was missed up to `until`."""
        self._write(lambda: self._spool.account(rows, until=until, forget=forget))

    def flush(self) -> None:
        """Do what waits, in order, until the disk refuses."""
        while self._writes:
            try:
                self._writes[0]()
            except Unreachable as error:
                if not self.trouble:
                    log.error("as-run: %s; %d writes wait", error, len(self._writes))  # noqa: TRY400  # the sentence says it
                self.trouble = str(error)
                return
            self._writes.popleft()
        self.trouble = ""

    @property
    def waiting(self) -> int:
        """How many writes wait for the disk."""
        return len(self._writes)

    def _write(self, write: Write) -> None:
        if len(self._writes) >= WAITING_MOST:
            log.error("as-run: %d writes wait for the disk; one more is lost", len(self._writes))
            return
        self._writes.append(write)

    def _begin(self, began: Began) -> None:
        showing = self._meant.get(began.key)
        row = self._row(showing, began)
        self._open[began.key] = row
        event, until = began.key, began.tick + 1
        if showing is not None:
            event, until = str(showing.event.id), showing.end
        self._begun[event] = None
        while len(self._begun) > BEGUN_KNOWN:
            self._begun.popitem(last=False)
        self._write(lambda: self._spool.open_row(began.key, row, event=event, until=until))

    def _row(self, showing: Showing | None, began: Began) -> SpoolRow:
        row = blank(showing) if showing is not None else _unknown(began.key)
        return replace(
            row,
            started_at=self._clock.instant(began.tick),
            first_tick=began.tick,
            last_tick=began.tick,
            first_source_frame=began.source_frame,
            last_source_frame=began.source_frame,
            start_error_frames=began.start_error_frames,
            evidence="engine",
        )

    def _moved(self, row: SpoolRow, on_air: OnAir, tick: int) -> SpoolRow:
        return replace(
            row,
            last_tick=tick,
            last_source_frame=on_air.source_frame,
            ended_at=self._clock.instant(tick + 1),
        )

    def _end(self, ended: Ended) -> None:
        row = self._open.pop(ended.key, None)
        if row is None:
            return
        row = replace(
            row,
            first_tick=ended.first_tick,
            last_tick=ended.last_tick,
            first_source_frame=ended.first_source_frame,
            last_source_frame=ended.last_source_frame,
            ended_at=self._clock.instant(ended.last_tick + 1),
            why=self._why(ended),
            error=ended.error,
        )
        self._close(ended.key, row)

    def _close(self, key: str, row: SpoolRow) -> None:
        self._write(lambda: self._spool.close_row(key, row))

    def _why(self, ended: Ended) -> str:
        match ended.why:
            case "short" | "failed":
                return "failed"
            case "quit":
                return "stopped"
            case _:
                pass
        showing = self._meant.get(ended.key)
        for cut in reversed(self._cuts):
            if abs(cut.at - ended.last_tick - 1) <= self._near and ended.last_tick >= cut.at - 2:
                return cut.why
        if ended.why == "replaced":
            return "cut"
        return "cut" if showing is not None and _is_cut_short(showing) else "end"

    def _lose(self, lost: EngineLost) -> None:
        for key, row in self._open.items():
            last = max(row.last_tick, lost.tick)
            closed = replace(
                row,
                last_tick=last,
                last_source_frame=row.last_source_frame + last - row.last_tick,
                ended_at=self._clock.instant(last + 1),
                evidence="partial",
                why="crash",
                error=lost.why,
            )
            self._close(key, closed)
        self._open.clear()


def blank(showing: Showing) -> SpoolRow:
    """A row of `showing` with nothing in it of what really happened."""
    event = showing.event
    clock_zero = FrameClock(Fraction(1)).instant(0)
    return SpoolRow(
        event=event.id.partition(PART)[0],
        title="pause" if showing.frozen else event.title,
        asset=_asset(showing),
        playlist=event.playlist,
        item=event.item,
        kind=kind_of(showing),
        started_at=clock_zero,
        ended_at=None,
        first_tick=showing.start,
        last_tick=showing.start,
        first_source_frame=0,
        last_source_frame=0,
        start_error_frames=0,
        evidence="none",
        why="",
    )


def kind_of(showing: Showing) -> str:
    """What a showing is to the as-run; a frozen picture is an act."""
    if showing.frozen:
        return "act"
    if isinstance(showing.event.material, Live):
        return "live"
    if isinstance(showing.event.material, SlatePicture):
        return EventKind.SLATE.value
    return showing.event.kind.value


def _asset(showing: Showing) -> str:
    match showing.event.material:
        case Clip(asset=asset):
            return asset
        case Live(name=name):
            return name
        case _:
            return ""


def _is_cut_short(showing: Showing) -> bool:
    return not showing.frozen and 0 < showing.frames < showing.event.nominal


def _unknown(key: str) -> SpoolRow:
    """A row of something that the engine showed and we did not ask for, or no longer know."""
    return SpoolRow(
        event=key,
        title=key,
        asset="",
        playlist="",
        item="",
        kind=EventKind.PROGRAMME.value,
        started_at=FrameClock(Fraction(1)).instant(0),
        ended_at=None,
        first_tick=0,
        last_tick=0,
        first_source_frame=0,
        last_source_frame=0,
        start_error_frames=0,
        evidence="engine",
        why="",
    )
