"""Evidence into as-run rows: which showing a key meant, how it ended, and why.

What was shown inside while the gate was shut went out nowhere: its row has no evidence, and `why`
is silent. Rows go to the spool in the order of what happened. While the disk refuses, they wait
here, in order, and the sidecar says so; nothing is dropped to make the picture go on.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from reconciler.errors import Unreachable
from reconciler.model.video import FrameClock
from reconciler.sidecar.asrun import SpoolRow, silent_or
from reconciler.sidecar.engine_port import (
    Began,
    Ended,
    EngineLost,
    EngineSeen,
    Evidence,
    Failed,
    GateTurned,
    OnAir,
)
from reconciler.sidecar.rows import blank, in_ms, unknown
from reconciler.sidecar.showing import Showing
from reconciler.sidecar.spool import Spool

log = logging.getLogger(__name__)

KEYS_KNOWN = 4_000  # showings whose keys are remembered after they left the timeline
BEGUN_KNOWN = 4_000  # events remembered as begun, so that they do not count as missed
WAITING_MOST = 50_000  # writes that wait for a disk
_NEAR = Fraction(1, 2)  # seconds between an act and the end that it caused
_EARLY = 2  # frames that such an end may lie before its act

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
        self._aired_from: dict[str, int] = {}  # the frame, where it was not the first one
        self._hushed: set[str] = set()  # shown inside, after a part of them was sent
        self._left_open: dict[str, SpoolRow] = {}  # open rows of a life before
        self._continued: set[str] = set()  # those of them that were: they began before we came
        self._gate_is_open = False
        self._keeps_from: int | None = None  # the gate shut: from this frame on it may yet leave
        self._may_leave: list[tuple[str, SpoolRow]] = []  # and these ended meanwhile
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

    def take_over(self, rows: Mapping[str, SpoolRow]) -> None:
        """Go on with rows of a life before, whose engine plays on, once their keys are seen."""
        self._left_open = dict(rows)

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
            case GateTurned():
                self.note_gate(evidence.seen)
            case Failed():
                pass  # its showing is replaced; `missed` accounts for it in its time
            case _:
                assert_never(evidence)

    def note_gate(self, seen: EngineSeen) -> None:
        """Learn from a reading whether anything leaves: rows go as far as it did."""
        if seen.engine != "running":
            return  # its loss is evidence of its own
        self._gate_is_open = seen.sending
        self._keeps_from = seen.keeps_from
        if not seen.sending:
            self._hush(seen)
            if seen.keeps_from is None:
                self._settle(None)
            return
        since = seen.tick if seen.sending_since is None else seen.sending_since
        self._settle(since)
        if seen.on_air is not None:
            self._air(seen.on_air, since, seen.tick)

    def _settle(self, since: int | None) -> None:
        """What was kept has left from `since` on, or will never leave."""
        for key, row in self._may_leave:
            if since is None or row.last_tick < since:
                self._close(key, replace(row, why=silent_or(row, row.why)))
            else:
                self._close(key, self._from(replace(row, evidence="engine"), since))
        self._may_leave.clear()

    def _air(self, on_air: OnAir, since: int, tick: int) -> None:
        """What is shown at `tick` leaves from `since` on, at the latest."""
        key, row = on_air.key, self._open.get(on_air.key)
        first = max(on_air.since, min(since, tick))
        if row is None and key in self._hushed:
            source = on_air.source_frame - (tick - first if on_air.moving else 0)
            self._begin(Began(key=key, tick=first, source_frame=max(0, source)))
            self._aired_from[key] = first
        elif row is not None and row.evidence == "none":
            self._aired_from[key] = first
            moved = self._moved(replace(row, evidence="engine"), on_air, tick)
            whole = self._open[key] = self._from(moved, first)
            self._write(lambda: self._spool.update(key, whole))

    def _hush(self, seen: EngineSeen) -> None:
        """Nothing leaves any more: what was sent of a showing is a row of its own."""
        for key, row in tuple(self._open.items()):
            if row.evidence == "none":
                continue
            del self._open[key]
            self._hushed.add(key)
            self._continued.discard(key)
            self._aired_from.pop(key, None)
            row = self._left(key, row, seen)  # noqa: PLW2901  # the same row
            ended_at = row.ended_at or self._clock.instant(row.last_tick + 1)
            self._close(key, replace(row, ended_at=ended_at, why="silent"))

    def _left(self, key: str, row: SpoolRow, seen: EngineSeen) -> SpoolRow:
        """The row as far as it left: up to the seam, where one was agreed on."""
        on_air = seen.on_air if seen.on_air is not None and seen.on_air.key == key else None
        if seen.sent_until is None:
            return row if on_air is None else self._moved(row, on_air, seen.tick)
        last = max(row.first_tick, seen.sent_until - 1)
        if on_air is not None:
            source = on_air.source_frame - (seen.tick - last if on_air.moving else 0)
        else:  # it ended with the seam, or after it
            stands = row.last_source_frame == row.first_source_frame
            stands = stands and row.last_tick > row.first_tick
            source = row.last_source_frame + (0 if stands else last - row.last_tick)
        return replace(
            row,
            last_tick=last,
            last_source_frame=max(row.first_source_frame, source),
            ended_at=self._clock.instant(last + 1),
        )

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

    def _go_on(self, key: str) -> bool:
        """Whether `key` was on air already when we came; what else was then is not any more."""
        row = self._left_open.pop(key, None)
        self._leave()
        if row is None:
            return False
        self._open[key] = row
        self._continued.add(key)
        return True

    def _leave(self) -> None:
        """Close what a life before left open and nobody saw again: no further than it was noted."""
        for key, row in self._left_open.items():
            evidence = "none" if row.evidence == "none" else "partial"
            closed = replace(row, evidence=evidence, why=silent_or(row, "crash"))
            self._close(key, closed)
        self._left_open.clear()

    def _begin(self, began: Began) -> None:
        if self._left_open and self._go_on(began.key):
            return
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
        row = blank(showing) if showing is not None else unknown(began.key)
        error = began.start_error_frames
        return replace(
            row,
            started_at=self._clock.instant(began.tick),
            first_tick=began.tick,
            last_tick=began.tick,
            first_source_frame=began.source_frame,
            last_source_frame=began.source_frame,
            start_error_frames=error,
            start_error_ms=in_ms(error, self._clock.rate, began.offset_ms),
            evidence="engine" if self._gate_is_open else "none",
        )

    def _from(self, row: SpoolRow, tick: int) -> SpoolRow:
        """The row without what nobody was sent, before `tick`."""
        first = min(max(row.first_tick, tick), row.last_tick)
        source = row.first_source_frame + first - row.first_tick
        return replace(
            self._begun_at(row, first),
            started_at=self._clock.instant(first),
            first_source_frame=min(source, max(row.first_source_frame, row.last_source_frame)),
        )

    def _begun_at(self, row: SpoolRow, tick: int) -> SpoolRow:
        """The row as begun at `tick`: as much further from its time."""
        later, told = tick - row.first_tick, row.start_error_ms
        return replace(
            row,
            first_tick=tick,
            start_error_frames=row.start_error_frames + later,
            start_error_ms=None if told is None else told + in_ms(later, self._clock.rate),
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
        aired_from = self._aired_from.pop(ended.key, ended.first_tick)
        self._hushed.discard(ended.key)
        if row is None:
            return
        if ended.key in self._continued:
            self._continued.discard(ended.key)
            ended = replace(
                ended,
                first_tick=row.first_tick,
                first_source_frame=row.first_source_frame,
            )
            aired_from = row.first_tick
        row = replace(
            self._begun_at(row, ended.first_tick),
            last_tick=ended.last_tick,
            first_source_frame=ended.first_source_frame,
            last_source_frame=ended.last_source_frame,
            ended_at=self._clock.instant(ended.last_tick + 1),
            why=self._why(ended),
            error=ended.error or row.error,
        )
        seam = self._keeps_from
        if row.evidence == "none" and seam is not None and row.last_tick >= seam:
            self._may_leave.append((ended.key, row))
            return
        row = replace(row, why=silent_or(row, row.why))
        self._close(ended.key, self._from(row, aired_from))

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
            over = ended.last_tick + _EARLY - cut.at
            if ended.first_tick < cut.at and 0 <= over < self._near:
                return cut.why
        if ended.why == "replaced":
            return "cut"
        is_cut = showing is not None and not showing.frozen and showing.event.is_cut
        return "cut" if is_cut else "end"

    def _lose(self, lost: EngineLost) -> None:
        self._settle(None)
        self._keeps_from = None
        self._leave()
        self._continued.clear()
        for key, row in self._open.items():
            last = max(row.last_tick, lost.tick)
            closed = replace(
                row,
                last_tick=last,
                last_source_frame=row.last_source_frame + last - row.last_tick,
                ended_at=self._clock.instant(last + 1),
                evidence="partial" if lost.sending or row.evidence != "none" else "none",
                error=lost.why,
            )
            self._close(key, replace(closed, why=silent_or(closed, "crash")))
        self._open.clear()
        self._aired_from.clear()
        self._hushed.clear()
        self._gate_is_open = False
