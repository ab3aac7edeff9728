"""Which layer is on at a boundary, and what will interrupt it.

Later layers lie on top of earlier ones. At every boundary the topmost layer that is due, or has
something left to play, goes on.

- **hard**: begins at its very frame and cuts what runs below it or of its own layer.
- **soft**: begins at the first boundary within `[at - early, at + late]`; where there is none it
  cuts at `at + late` (missed window). While only filler or slate runs, it begins at `at`.
- **follow**: begins at the first boundary at or after `at`, however late; filler does not delay it.
- What comes due beneath a layer on top waits, and begins late, at its first item, when that layer
  ends, unless its own nominal end has passed: then it is dropped. What is covered while it runs is
  suspended and goes on with its next item; a trimmed item is not taken up again.
- A timed layer plays once; with `loop` until `until`, the end of its local day, or the next timed
  layer on top, whichever is first. `until` counts from the time at which it was due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.model.desired import StartType
from reconciler.model.rundown import Event, EventKind, RemarkKind
from reconciler.rundown.layers import EVER, Due, Strand
from reconciler.rundown.remarks import Notes
from reconciler.rundown.runs import Run


@dataclass(frozen=True, slots=True)
class Cut:
    """Where something ends what runs: `by` is its name, empty where the run's own limit does."""

    frame: int
    by: str = ""
    soft: bool = False


NO_CUT = Cut(EVER)
_DROPPED = "it is dropped: covered until its end"


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one thing ends and another may begin: the frame, what ended, and the run it was of."""

    at: int
    previous: Event | None
    run: Run | None

    @property
    def in_gap(self) -> bool:
        """Whether filler or slate closes a gap just now."""
        return self.previous is not None and is_gap(self.previous)


def is_gap(event: Event) -> bool:
    """Whether an event closes a gap, rather than playing an item or standing in for one."""
    return event.kind is not EventKind.PROGRAMME and not event.playlist


@dataclass(slots=True, kw_only=True)
class Table:
    """The schedule being played through: its runs, and which dues have been taken.

    `strands` are topmost first, all with something to play. Mutable: it belongs to one simulation.
    """

    strands: Sequence[Strand]
    notes: Notes
    runs: dict[int, Run] = field(default_factory=dict)  # by rank
    next_due: dict[int, int] = field(default_factory=dict)  # by rank

    # ── who is on ────────────────────────────────────────────────────────────────────────────

    def choose(self, here: Boundary) -> Run | None:
        """Find the run that goes on at a boundary, beginning it if it is due; None: a gap."""
        for strand in self.strands:
            run = self._base(strand, here.at) if strand.is_base else self._timed(strand, here)
            if run is not None:
                return run
        return None

    def _base(self, strand: Strand, at: int) -> Run | None:
        if not any(start <= at < end for start, end in strand.spans):
            return None
        return self.base_run(strand)

    def base_run(self, strand: Strand) -> Run:
        """The run of a base; bases of one playlist share theirs, so that none begins it anew."""
        name = strand.script.name
        shared = (r for r in self.runs.values() if r.due is None and r.strand.script.name == name)
        run = next(shared, None) or Run(strand=strand, due=None)
        run.strand = strand
        self.runs = {rank: other for rank, other in self.runs.items() if other is not run}
        self.runs[strand.rank] = run
        return run

    def _timed(self, strand: Strand, here: Boundary) -> Run | None:
        due = self._ready(strand, here)
        if due is not None:
            return self._begin(strand, due, here.at)
        run = self.runs.get(strand.rank)
        if run is None or run.due is None or run.spent() or here.at >= run.due.limit:
            return None
        return run if run is here.run or here.at < run.due.over else None

    def _ready(self, strand: Strand, here: Boundary) -> Due | None:
        """The newest due that may begin here; older ones that never did are passed over."""
        found: Due | None = None
        number = self.next_due.get(strand.rank, 0)
        while number < len(strand.dues):
            due = strand.dues[number]
            if here.at < (due.at if here.in_gap else due.opens):
                break
            if found is not None:
                self._miss(strand, found, "it is not played before it is due again")
            found = due
            number += 1
        self.next_due[strand.rank] = number
        if found is not None and _too_late(strand, found, here):
            self._miss(strand, found, _DROPPED)
            return None
        return found

    def _begin(self, strand: Strand, due: Due, at: int) -> Run:
        run = self.runs[strand.rank] = Run(strand=strand, due=due)
        for below in self.runs.values():
            if below.due and below.strand.rank < strand.rank and below.strand.layer.loop:
                below.ended = below.ended or not below.fresh
        self.tell_begin(strand, due, at)
        return run

    def tell_begin(self, strand: Strand, due: Due, at: int) -> None:
        """Remark of a due that is taken at frame `at` what its author may not want."""
        if at > due.cuts:
            self._miss(
                strand, due, f"it begins at {self.notes.clock.words(at)}: covered until then"
            )
        if due.note is not None:
            text = f"{strand.script.name} is due at {strand.layer.at}, which {due.note.value}"
            self.notes.add(due.at, RemarkKind.CLOCK_CHANGE, text)

    def _miss(self, strand: Strand, due: Due, what: str) -> None:
        text = f"{strand.script.name} ({strand.layer.start.value}) is due, but {what}"
        self.notes.add(due.at, RemarkKind.MISSED_WINDOW, text)

    def drop_stale(self, here: Boundary) -> None:
        """Pass over dues whose time is over, so that they no longer count as coming."""
        for strand in self.strands:
            number = self.next_due.get(strand.rank, 0)
            while number < len(strand.dues) and _too_late(strand, strand.dues[number], here):
                self._miss(strand, strand.dues[number], _DROPPED)
                number += 1
            self.next_due[strand.rank] = number

    # ── what interrupts ──────────────────────────────────────────────────────────────────────

    def fence(self, run: Run, at: int) -> int:
        """The first frame at which a boundary may belong to another layer."""
        frames = [_limit(run, at).frame]
        for strand in self._above(run):
            if strand.is_base:
                frames.append(_next_span(strand, at))
            else:
                number = self.next_due.get(strand.rank, 0)
                frames += [due.opens for due in strand.dues[number : number + 1]]
        return min(frames)

    def cut(self, run: Run | None, at: int, *, after: int) -> Cut:
        """The first cut later than frame `after` of what `run` (None: no layer) plays at `at`."""
        cuts = [_limit(run, at)] if run is not None else []
        for strand in self._above(run):
            name = strand.script.name
            if strand.is_base:
                cuts.append(Cut(_next_span(strand, after), name))
            else:
                cuts += [Cut(d.cuts, name, d.at < d.cuts) for d in self._coming(strand, after)]
        return min((cut for cut in cuts if cut.frame > after), key=_frame, default=NO_CUT)

    def next_start(self, run: Run | None, at: int) -> int:
        """Where a gap ends: the next nominal start of anything (above `run`, where it waits)."""
        frames = [EVER] if run is None else [_limit(run, at).frame]
        for strand in self._above(run):
            if strand.is_base:
                frames.append(_next_span(strand, at))
            else:
                frames += [due.at for due in self._coming(strand, at)]
        return min(frame for frame in frames if frame > at)

    def _above(self, run: Run | None) -> Iterator[Strand]:
        """What may interrupt a run: the layers on top of it, and its own when that is due again."""
        for strand in self.strands:
            if run is not None and strand.rank <= run.strand.rank:
                if strand.rank == run.strand.rank and not strand.is_base:
                    yield strand
                return
            yield strand

    def _coming(self, strand: Strand, after: int) -> tuple[Due, ...]:
        """The next due that is not yet taken and lies later than `after`; at most one."""
        for due in strand.dues[self.next_due.get(strand.rank, 0) :]:
            if due.at > after or (due.cuts < EVER and due.cuts > after):
                return (due,)
        return ()


def _too_late(strand: Strand, due: Due, here: Boundary) -> bool:
    """Whether its time is over; not where an item that began before it has only now ended."""
    if here.at < due.over:
        return False
    waited = here.previous is not None and here.previous.start < due.at
    return not (waited and strand.layer.start is StartType.FOLLOW and here.at < due.limit)


def _limit(run: Run, at: int) -> Cut:
    if run.due is not None:
        return Cut(run.due.limit)
    return Cut(next((end for start, end in run.strand.spans if start <= at < end), EVER))


def _next_span(strand: Strand, after: int) -> int:
    return next((start for start, _ in strand.spans if start > after), EVER)


def _frame(cut: Cut) -> int:
    return cut.frame
