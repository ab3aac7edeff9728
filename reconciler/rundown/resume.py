"""Go on from events that are already on air or too near to change.

What a schedule does next is worked out from the kept events alone, so that a compile of a later
window agrees with the earlier one wherever they overlap, and an edit changes only what is later:

- Each kept event belongs to the layer of its playlist that was due when it says; where that layer
  has moved, to the nearest due of the same playlist that has come; where it is gone, to none.
- A run goes on behind its last kept item as the playlist now stands. If that item has vanished:
  behind the nearest earlier one of its round that has not; else before the first later one that
  the old rundown had; else from the top.
- The last kept event keeps its start and material. Its end is worked out anew only where it lies
  behind `keep_until`: a new cut trims it there, a cut that is gone lets it run to its own end, and
  slate gives way to whatever can now be played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from reconciler.model.rundown import Clip, Event, EventKind, Rundown, SlatePicture
from reconciler.rundown.gaps import Fill, second, slate_end
from reconciler.rundown.layers import Due, Strand
from reconciler.rundown.runs import Run
from reconciler.rundown.simulate import Simulation
from reconciler.rundown.table import Boundary, is_gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What the running sidecar holds: every event that starts before `keep_until` is kept.

    `events` may begin with history (see `Rundown.history`). `open_from` is when its oldest open
    live act began: events from there on stay in the rundown, however old. `acts_seq` is the
    newest live act in the events.
    """

    events: tuple[Event, ...]
    keep_until: int
    acts_seq: int = 0
    open_from: int | None = None


def carry_of(held: Rundown, keep_until: int) -> Carry:
    """The carry of a rundown as a sidecar gave it (`Effective.held`) or as it was last kept."""
    return Carry(
        events=held.history + held.events,
        keep_until=keep_until,
        acts_seq=held.acts_seq,
        open_from=held.open_from,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A carry taken apart: `past` is history, `kept` is contiguous, `dropped` is compiled anew."""

    past: tuple[Event, ...]
    kept: tuple[Event, ...]
    dropped: tuple[Event, ...]


def take_apart(carry: Carry) -> Kept:
    """Find the contiguous events to keep; what lies before a hole in them is history."""
    events = sorted(carry.events, key=_start)
    held = [event for event in events if event.start < carry.keep_until]
    first = len(held) - 1
    while first > 0 and held[first - 1].end == held[first].start:
        first -= 1
    first = max(first, 0)
    return Kept(tuple(held[:first]), tuple(held[first:]), tuple(events[len(held) :]))


def remember(simulation: Simulation, events: Sequence[Event], keep_until: int) -> None:
    """Let a fresh simulation know what went before, without putting any of it out."""
    reader = _Reader(simulation, (), keep_until)
    for event in events:
        reader.read(event)
        reader.go_on()
    reader.end_loops()
    simulation.closer.remember(events)
    simulation.taken = frozenset(event.id for event in events)
    simulation.remembered = tuple(events)


def resume(simulation: Simulation, kept: Kept, keep_until: int) -> None:
    """Bring a fresh simulation to the end of what is kept (not nothing), and put that out."""
    events = kept.past + kept.kept
    last = events[-1]
    reader = _Reader(simulation, kept.dropped, keep_until)
    for event in events[:-1]:
        simulation.tell_again(event, reader.read(event))
        reader.go_on()
    run = reader.read(last)
    reader.end_loops()
    simulation.closer.remember(events)
    simulation.taken = frozenset(event.id for event in events)
    simulation.remembered = kept.past
    simulation.events.extend(kept.kept[:-1])
    simulation.previous = events[-2] if len(events) > 1 else None
    simulation.at = last.start
    simulation.table.drop_stale(Boundary(last.start, simulation.previous, None))
    if last.end > keep_until:
        end, lap = _end(simulation, last, run, keep_until)
        frames = max(end, keep_until, last.start + 1) - last.start
        last = replace(last, frames=frames, lap=lap if end == last.start + frames else 0)
    simulation.tell_again(last, run)
    pending = None if run is None else _rest(simulation, last, run)
    reader.go_on()
    simulation.last_run = run
    simulation.put(last)
    simulation.pending = pending


def _end(simulation: Simulation, last: Event, run: Run | None, keep_until: int) -> tuple[int, int]:
    """Where the event that is on at `keep_until` ends by the schedule as it now is, and its lap."""
    after = max(last.start, keep_until - 1)
    if is_gap(last):
        return _gap_end(simulation, last, keep_until), 0
    if run is None:
        return min(last.end, simulation.table.cut(None, last.start, after=after).frame), 0
    simulation.fence = simulation.table.fence(run, last.start)
    cut = simulation.cut_of(run, run.index, after=after)
    if last.kind is not EventKind.PROGRAMME:
        return min(last.end, cut.frame), 0
    clip = last.material
    runs_on = isinstance(clip, Clip) and clip.material is not None
    tail = last.nominal if runs_on and last.frames <= last.nominal else 0
    return simulation.end_of(run, tail, max(last.nominal, last.frames), cut)


def _gap_end(simulation: Simulation, last: Event, keep_until: int) -> int:
    table = simulation.table
    run = table.choose(Boundary(keep_until, last, None))
    end = table.next_start(run, keep_until)
    slate = isinstance(last.material, SlatePicture)
    if run is not None:
        waits = simulation.times.step(run, keep_until, in_gap=True).waits
        if waits > keep_until:
            end = min(end, waits)
        elif slate and end - keep_until >= second(simulation.clock.rate):
            return keep_until
    if slate:
        return slate_end(last.start, end, simulation.clock.rate)
    return min(last.start + max(last.nominal, last.frames), end)


def _rest(simulation: Simulation, last: Event, run: Run) -> Fill | None:
    """What is left of an item that filler stands in for."""
    if last.kind is EventKind.PROGRAMME:
        return None
    item_end = last.start + last.nominal
    cut = simulation.cut_of(run, run.index, after=last.end - 1)
    if min(item_end, cut.frame) <= last.end:
        return None
    return Fill(
        since=last.start,
        end=min(item_end, cut.frame),
        item_end=item_end,
        playlist=last.playlist,
        item=last.item,
        title=_title(last, run),
        occurrence=last.occurrence,
        due=last.due,
    )


def _title(last: Event, run: Run) -> str:
    """The item's title: an alternate bears its own, and what follows it does not."""
    entry = run.strand.script.entries[run.index]
    return entry.title if last.instead and entry.item == last.item else last.title


@dataclass(slots=True)
class _Reader:
    """Work out of events which runs they belong to, and where those stand."""

    simulation: Simulation
    dropped: Sequence[Event]
    keep_until: int
    _known: dict[tuple[str, int], tuple[Strand, Due] | None] = field(default_factory=dict)
    _survivor: bool = False  # an item of this round was found again
    _waiting: tuple[Run, int] | None = None

    def read(self, event: Event) -> Run | None:
        """Take in one event; `run.index` is its own entry until `go_on`."""
        self._waiting = None
        owner = self._owner(event)
        if owner is None:
            return None
        strand, due = owner
        run = self._run(strand, due, event)
        following = self._following(run, event)
        run.index = following - 1
        self._waiting = (run, following)
        return run

    def go_on(self) -> None:
        """Go behind the event that was read last."""
        if self._waiting is not None:
            run, following = self._waiting
            run.advance(following)

    def end_loops(self) -> None:
        """End each timed loop on top of which a timed layer has begun since."""
        runs = [run for run in self.simulation.table.runs.values() if run.due is not None]
        for run in runs:
            above = [r.last_start or 0 for r in runs if r.strand.rank > run.strand.rank]
            if run.strand.layer.loop and max(above, default=0) > (run.last_start or 0):
                run.ended = True

    def _run(self, strand: Strand, due: Due | None, event: Event) -> Run:
        table = self.simulation.table
        run = table.runs.get(strand.rank)
        if due is None:
            run = table.base_run(strand)
            run.fresh = False
        elif run is None or run.due != due:
            run = table.runs[strand.rank] = Run(strand=strand, due=due, fresh=False)
            table.next_due[strand.rank] = strand.dues.index(due) + 1
            table.tell_begin(strand, due, event.start)
        if run.round_start != event.occurrence:
            run.renew()
            run.round_start = event.occurrence
            self._survivor = False
        run.last_start = event.start
        return run

    def _following(self, run: Run, event: Event) -> int:
        """The entry behind the event's item, or behind what is left of its neighbourhood."""
        script = run.strand.script
        place = script.place.get(event.item)
        if place is not None:
            self._survivor = True
            there = place < len(script.entries) and script.entries[place].item == event.item
            return place + 1 if there else place
        if self._survivor:
            return run.index
        for later in self.dropped:
            same = later.playlist == event.playlist and later.due == event.due
            if same and later.item in script.place:
                return script.place[later.item]
        return 0

    def _owner(self, event: Event) -> tuple[Strand, Due | None] | None:
        mine = [s for s in self.simulation.table.strands if s.script.name == event.playlist]
        if not event.due:
            bases = [s for s in mine if s.is_base]
            on = (s for s in bases if any(a <= event.start < b for a, b in s.spans))
            base = next(on, next(iter(bases), None))
            return None if base is None else (base, None)
        key = (event.playlist, event.due)
        if key not in self._known:
            exact = ((s, due) for s in mine for due in s.dues if due.at == event.due)
            self._known[key] = next(exact, None)
        return self._known[key] or self._adopt(mine, event)

    def _adopt(self, mine: Sequence[Strand], event: Event) -> tuple[Strand, Due | None] | None:
        """The newest due that has come while the event was on, of a layer that has moved."""
        come = [
            (due.at, s.rank, s, due)
            for s in mine
            for due in s.dues
            if due.opens < event.end and due.opens <= self.keep_until
        ]
        if not come:
            return None
        _, _, strand, due = max(come, key=_newest)
        moved = abs(due.at - event.due) * self.simulation.clock.rate.denominator
        return (strand, due) if moved < _MOVED * self.simulation.clock.rate.numerator else None


_MOVED = 12 * 3600  # seconds; a due further away is another day's


def _newest(found: tuple[int, int, Strand, Due]) -> tuple[int, int]:
    return found[:2]


def _start(event: Event) -> int:
    return event.start
