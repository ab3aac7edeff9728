"""One run of a playlist: where it stands, and what its items' own times make of the next step.

An item with a time of its own behaves inside its playlist as a layer does on the schedule: hard,
it begins at that very frame, cutting the item before and dropping those between; soft, at the
first boundary within its layer's `early` and `late`, and cuts at the end of that window; follow,
when the item before ends, but not earlier. Such a time is the first at or after its run began
(in a loop: its round). The gap before it belongs to the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time

from reconciler.model.desired import StartType
from reconciler.model.video import FrameClock
from reconciler.rundown.entries import Entry
from reconciler.rundown.layers import EVER, Due, Strand
from reconciler.rundown.localtime import LocalClock


@dataclass(slots=True, kw_only=True)
class Run:
    """A playlist under way. Mutable: it belongs to one simulation.

    `index` is the next entry; `round_start` when the present round began (None: not yet);
    `round_before` when the one before it did. `last_start` is when its last event began.
    `fresh` until its first event is out; `ended` when a layer on top has ended its loop.
    """

    strand: Strand
    due: Due | None
    index: int = 0
    round_start: int | None = None
    round_before: int | None = None
    last_start: int | None = None
    fresh: bool = True
    ended: bool = False

    @property
    def due_at(self) -> int:
        """When its layer was due; 0 for a base."""
        return self.due.at if self.due else 0

    def spent(self) -> bool:
        """Whether it has no next item."""
        return self.ended or self.index >= len(self.strand.script.entries)

    def advance(self, to: int) -> None:
        """Go on to entry number `to`, beginning a new round after the last one of a loop."""
        self.index = to
        if self.strand.layer.loop and to >= len(self.strand.script.entries):
            self.renew()

    def renew(self) -> None:
        """Begin a new round at the next event."""
        self.index = 0
        self.round_before = self.round_start if self.round_start is not None else self.round_before
        self.round_start = None


@dataclass(frozen=True, slots=True)
class Point:
    """When an item may begin by its own time: nominally `at`, from `opens`, by force at `cuts`."""

    index: int
    at: int
    opens: int
    cuts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A run's next step: entry `index`, not before `waits` (its own time).

    `dropped` are the items that a start passes over; `renews`: the rest of the round. `point` is
    the entry's own time, if it has one.
    """

    index: int
    waits: int = -EVER
    dropped: tuple[Entry, ...] = ()
    renews: bool = False
    point: Point | None = None


@dataclass(slots=True)
class ItemTimes:
    """Work out the next step of runs, by the clock of their channel."""

    clock: LocalClock
    _known: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def step(self, run: Run, at: int, *, in_gap: bool) -> Step:
        """Say what the run does at the boundary `at`; `in_gap`: filler or slate runs there."""
        entries = run.strand.script.entries
        if not run.strand.script.timed:
            return Step(index=run.index)
        later, wrap = self._later(run, run.index, at), self._wrap(run)
        jumps = [p for p in later + wrap if p.opens <= at and p.cuts < EVER]
        if jumps and jumps[-1] in wrap:
            dropped = entries[run.index :]
            return Step(index=0, dropped=dropped, renews=True, point=jumps[-1])
        index = jumps[-1].index if jumps else run.index
        own = jumps[-1] if jumps else None
        if own is None and entries[index].at is not None:
            own = self._point(run, index, at)
        return Step(
            index=index,
            waits=_waits(own, at, in_gap=in_gap),
            dropped=entries[run.index : index],
            point=own,
        )

    def ahead(self, run: Run, index: int, at: int) -> tuple[Point, ...]:
        """The times of items after entry number `index` that may cut it or end its round."""
        if not run.strand.script.timed:
            return ()
        return tuple(p for p in self._later(run, index, at) + self._wrap(run) if p.cuts < EVER)

    def _later(self, run: Run, index: int, at: int) -> list[Point]:
        return [self._point(run, n, at) for n in run.strand.script.timed if n > index]

    def _wrap(self, run: Run) -> list[Point]:
        """The first item's time in the next round, where that can cut or end this one."""
        script = run.strand.script
        if run.round_start is None or not run.strand.layer.loop or 0 not in script.timed:
            return []
        return [self._windowed(run, 0, run.round_start + 1)]

    def _point(self, run: Run, index: int, at: int) -> Point:
        return self._windowed(run, index, self._since(run, index, at))

    def _since(self, run: Run, index: int, at: int) -> int:
        """Where the search for an item's time begins."""
        if run.due is not None and not run.strand.layer.loop:
            return run.due.opens
        if run.round_start is not None:
            return run.round_start
        if run.round_before is not None and index == 0:
            return run.round_before + 1
        if run.due is not None and run.round_before is None:
            return run.due.opens
        return at if run.round_before is not None else self.clock.midnight(self.clock.day(at))

    def _windowed(self, run: Run, index: int, since: int) -> Point:
        entry = run.strand.script.entries[index]
        key = (run.strand.rank, index, since)
        if key not in self._known:
            self._known[key] = self.clock.next_at(since, entry.at or time(0))
        at = self._known[key]
        if entry.start is StartType.HARD:
            return Point(index, at, at, at)
        if entry.start is StartType.FOLLOW:
            return Point(index, at, at, EVER)
        grid = FrameClock(self.clock.rate)
        layer = run.strand.layer
        return Point(index, at, at - grid.frames_in(layer.early), at + grid.frames_in(layer.late))


def _waits(own: Point | None, at: int, *, in_gap: bool) -> int:
    """Until when the run waits for its next item's own time; in the past: it does not."""
    if own is None or (own.opens <= at and not in_gap):
        return -EVER
    return own.at
