"""Play a schedule through, boundary by boundary: the events of every frame from one on.

Who is on is `table`'s judgement, what an item's own time means is `runs`', what closes a gap is
`gaps`'. Here it becomes events: lengths, cuts, joins and ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from reconciler.model.desired import StartType
from reconciler.model.ids import EventId
from reconciler.model.rundown import Event, EventKind, RemarkKind, Transition
from reconciler.model.video import FrameClock
from reconciler.rundown.entries import Entry
from reconciler.rundown.gaps import Closer, Fill, second
from reconciler.rundown.layers import EVER
from reconciler.rundown.localtime import LocalClock, length, stamp
from reconciler.rundown.remarks import Notes
from reconciler.rundown.runs import ItemTimes, Run, Step
from reconciler.rundown.table import Boundary, Cut, Table

_CUT = Transition()
_LONG_WAIT = timedelta(hours=12)
_Start = tuple[StartType, tuple[int, int] | None]
_FOLLOWS: _Start = (StartType.FOLLOW, None)


@dataclass(slots=True, kw_only=True)
class Simulation:
    """A schedule being played through; `events` is what came out.

    `remembered` is what it knows of the time before, `taken` the ids of kept events, which are
    never given again. `pending` is what is left of an
    item that filler stands in for. Before frame `hurry`, whole rounds of a loop need no events.
    """

    table: Table
    closer: Closer
    clock: LocalClock
    notes: Notes
    at: int
    hurry: int = -EVER
    events: list[Event] = field(default_factory=list)
    taken: frozenset[str] = frozenset()
    remembered: tuple[Event, ...] = ()
    previous: Event | None = None
    last_run: Run | None = None
    pending: Fill | None = None
    times: ItemTimes = field(init=False)
    _active: Run | None = None
    fence: int = -EVER  # before it, no boundary belongs to another layer
    _stamped: tuple[int, str] = (0, "")

    def __post_init__(self) -> None:
        self.times = ItemTimes(self.clock)

    def play(self, until: int) -> None:
        """Play on until frame `until` is covered."""
        while self.at < until:
            if self.pending is not None:
                self._stand_in(self.pending)
                continue
            run = self._choose()
            if run is None:
                self._gap(self.table.next_start(None, self.at))
            elif not self._hurried(run) and not self._stream(run, until):
                self._play(run)

    def here(self) -> Boundary:
        """The boundary at which it stands."""
        return Boundary(self.at, self.previous, self.last_run)

    def _choose(self) -> Run | None:
        run = self._active
        if run is None or self.at >= self.fence or run.spent():
            self._active = run = self.table.choose(self.here())
            self.fence = -EVER if run is None else self.table.fence(run, self.at)
        return run

    def _hurried(self, run: Run) -> bool:
        """Pass over whole rounds of a loop that nothing interrupts and nobody asks to see."""
        script = run.strand.script
        if self.at >= self.hurry or run.index or not run.strand.layer.loop or not script.even:
            return False
        rounds = (min(self.hurry, self.fence) - self.at - 1) // script.frames
        if rounds <= 0:
            return False
        self.at += rounds * script.frames
        return True

    def _stream(self, run: Run, until: int) -> bool:
        """Put out the plain items of a run that nothing touches, to the end of its round.

        It says in a few steps what `_play` says in many: most of most days is like this.
        """
        script = run.strand.script
        if not script.plain or run.fresh or self.at >= self.fence:
            return False
        at, name = self.at, script.name
        occurrence = at if run.round_start is None else run.round_start
        mark, due = self._stamp(occurrence), run.due_at
        events: list[Event] = []
        for entry in script.entries[run.index :]:
            end = at + entry.frames
            if end > self.fence or at >= until or entry.material is None:
                break
            events.append(
                Event(
                    id=EventId(f"{name}/{entry.item}@{mark}"),
                    start=at,
                    frames=entry.frames,
                    kind=EventKind.PROGRAMME,
                    material=entry.material,
                    title=entry.title,
                    playlist=name,
                    item=entry.item,
                    occurrence=occurrence,
                    nominal=entry.frames,
                    due=due,
                    alternate=entry.alternate,
                )
            )
            at = end
        if not events or not self.taken.isdisjoint(event.id for event in events):
            return False
        self.events.extend(events)
        self.previous, self.last_run = events[-1], run
        self.at, run.last_start, run.round_start = at, events[-1].start, occurrence
        run.advance(run.index + len(events))
        return True

    def _play(self, run: Run) -> None:
        step = self.times.step(run, self.at, in_gap=self.here().in_gap)
        if step.waits > self.at:
            self._tell_wait(run, step)
            self._gap(min(step.waits, self.table.next_start(run, self.at)))
            return
        cut = self.cut_of(run, step.index, after=self.at).frame
        lasts = run.strand.script.entries[step.index].frames
        if cut - self.at < min(second(self.clock.rate), lasts):
            # Frames left over, as every fractional rate has them: begun here, an item would flash
            # up and be lost, since what was trimmed is not taken up again.
            self._gap(cut)
            return
        name = run.strand.script.name
        for entry in step.dropped:
            text = f"{name}/{entry.item} is dropped: a timed item is due"
            self.notes.add(self.at, RemarkKind.OVERRUN, text)
        if step.renews:
            run.renew()
        run.index = step.index
        if run.round_start is None:
            run.round_start = self.at
        self._emit(run, step)

    # ── an item ──────────────────────────────────────────────────────────────────────────────

    def _emit(self, run: Run, step: Step) -> None:
        entry = run.strand.script.entries[run.index]
        cut = self.cut_of(run, run.index, after=self.at)
        start = self._start(run, entry, step)
        if entry.material is None:
            fill = self._fill(run, entry, cut, start)
            self._tell_problems(run, entry, fill.since, fill.end)
            self._note(run)
            self._stand_in(fill)
            return
        end, lap = self.end_of(run, entry.frames if entry.runs_on else 0, entry.frames, cut)
        event = Event(
            id=self._id(run, entry),
            start=self.at,
            frames=end - self.at,
            kind=EventKind.PROGRAMME,
            material=entry.material,
            start_type=start[0],
            transition=_CUT if not entry.join_frames else self._join(run, entry, start[0]),
            title=entry.title,
            playlist=run.strand.script.name,
            item=entry.item,
            occurrence=run.round_start or 0,
            nominal=entry.frames,
            lap=lap,
            due=run.due_at,
            window=start[1],
            alternate=entry.alternate,
        )
        self._tell_problems(run, entry, event.start, event.end)
        self._tell_cut(event, cut)
        self._note(run)
        self.put(event)

    def put(self, event: Event) -> None:
        """Add an event at the present frame and go on to its end."""
        self.events.append(event)
        self.previous = event
        self.at = event.end
        if event.kind is not EventKind.PROGRAMME and not event.item:
            self.last_run = None

    def cut_of(self, run: Run, index: int, *, after: int) -> Cut:
        """The first cut, later than frame `after`, of entry number `index` that began at `at`."""
        cut = self.table.cut(run, self.at, after=after)
        for point in self.times.ahead(run, index, self.at):
            if after < point.cuts < cut.frame:
                cut = Cut(point.cuts, "an item's own time", point.at < point.cuts)
        return cut

    def end_of(self, run: Run, tail: int, frames: int, cut: Cut) -> tuple[int, int]:
        """Where an item that began at `at` ends: at its cut, or early by the join into the next.

        The second number is the length of that join. `tail` is how much of the item may lie beneath
        it. There is none when anything else may take the boundary, or when either side would be cut
        short by it.
        """
        natural = self.at + frames
        plainly = min(natural, cut.frame), 0
        entries = run.strand.script.entries
        number = run.index + 1
        if number >= len(entries):
            if not run.strand.layer.loop:
                return plainly
            number = 0
        following = entries[number]
        lap = min(following.join_frames, tail // 2, following.frames // 2)
        if not lap or following.at is not None or following.material is None:
            return plainly
        opens = [point.opens for point in self.times.ahead(run, run.index, self.at)]
        free = min([self.fence, cut.frame, *opens])
        return (natural - lap, lap) if natural + lap < free else plainly

    def _join(self, run: Run, entry: Entry, start: StartType) -> Transition:
        """The join into an item: over the tail that the item before it in the same run has left."""
        before = self.previous
        if before is None or run is not self.last_run or before.kind is not EventKind.PROGRAMME:
            return _CUT
        if start is not StartType.FOLLOW or entry.at is not None:
            return _CUT
        frames = min(entry.join_frames, entry.frames // 2, before.nominal - before.frames)
        if frames <= 0:
            return _CUT
        return Transition(type=entry.join, frames=frames)

    def _note(self, run: Run) -> None:
        run.last_start = self.at
        run.fresh = False
        run.advance(run.index + 1)
        self.last_run = run

    def _id(self, run: Run, entry: Entry) -> EventId:
        name = f"{run.strand.script.name}/{entry.item}@{self._stamp(run.round_start or 0)}"
        if name in self.taken:
            name = f"{run.strand.script.name}/{entry.item}@{stamp(self.at, self.clock.rate)}"
        return EventId(name)

    def _stamp(self, occurrence: int) -> str:
        if self._stamped[0] != occurrence:
            self._stamped = (occurrence, stamp(occurrence, self.clock.rate))
        return self._stamped[1]

    def _start(self, run: Run, entry: Entry, step: Step) -> _Start:
        """How an item begins: as itself or (a run's first) its layer says, if it is in time."""
        if step.point is not None and entry.start is not StartType.FOLLOW:
            return _in_time(entry.start, self.at, step.point.opens, step.point.cuts)
        if run.fresh and run.due is not None:
            return _in_time(run.strand.layer.start, self.at, run.due.opens, run.due.cuts)
        return _FOLLOWS

    # ── what is said of it ───────────────────────────────────────────────────────────────────

    def tell_again(self, event: Event, run: Run | None) -> None:
        """Remark of a kept event, while its run stands at it, what was remarked at first."""
        if run is None or event.end < self.notes.since:
            return
        self.at = event.start
        entry = run.strand.script.entries[run.index]
        plays = event.kind is EventKind.PROGRAMME
        if entry.item == event.item and plays == (entry.material is not None):
            self._tell_problems(run, entry, event.start, event.end)
        if plays:
            self._tell_cut(event, self.cut_of(run, run.index, after=event.end - 1))

    def _tell_problems(self, run: Run, entry: Entry, at: int, end: int) -> None:
        frame = max(at, self.notes.since)
        for problem in entry.problems if end > self.notes.since else ():
            name = f"{run.strand.script.name}/{problem.item}"
            self.notes.once((name, problem.text), frame, problem.kind, f"{name}: {problem.text}")

    def _tell_cut(self, event: Event, cut: Cut) -> None:
        if cut.frame != event.end or not event.is_cut or not cut.by:
            return
        played, whole = (length(n, self.clock.rate) for n in (event.frames, event.nominal))
        text = f"{event.playlist}/{event.item} is cut by {cut.by} after {played} of {whole}"
        kind = RemarkKind.MISSED_WINDOW if cut.soft else RemarkKind.OVERRUN
        self.notes.add(cut.frame, kind, text, event=event.id)

    def _tell_wait(self, run: Run, step: Step) -> None:
        """A wait of most of a day: when its turn came, the item's time of that day was over."""
        loops_anew = step.index == 0 and run.strand.layer.loop
        if loops_anew or step.waits - self.at <= FrameClock(self.clock.rate).frames_in(_LONG_WAIT):
            return
        name = f"{run.strand.script.name}/{run.strand.script.entries[step.index].item}"
        until = self.clock.words(step.waits)
        text = f"{name} waits until {until}: its time of the day before was over"
        self.notes.once((name, until), self.at, RemarkKind.MISSED_WINDOW, text)

    # ── what closes gaps ─────────────────────────────────────────────────────────────────────

    def _gap(self, end: int) -> None:
        gap = self.previous if self.here().in_gap else None
        since = gap.occurrence if gap is not None else self.at
        self.put(self.closer.piece(Fill(since=since, end=end, occurrence=since), self.at, gap))

    def _fill(self, run: Run, entry: Entry, cut: Cut, start: _Start) -> Fill:
        natural = self.at + entry.frames
        return Fill(
            since=self.at,
            end=min(natural, cut.frame),
            item_end=natural,
            playlist=run.strand.script.name,
            item=entry.item,
            title=entry.title,
            occurrence=run.round_start or 0,
            due=run.due_at,
            start_type=start[0],
            window=start[1],
            alternate=entry.alternate,
            instead=entry.instead,
        )

    def _stand_in(self, fill: Fill) -> None:
        """One piece of what stands in for an item; the rest of it stays pending."""
        previous = self.previous if fill.since < self.at else None
        self.put(self.closer.piece(fill, self.at, previous))
        rest = replace(fill, start_type=StartType.FOLLOW, window=None)
        self.pending = rest if self.at < fill.end else None


def _in_time(start: StartType, at: int, opens: int, cuts: int) -> _Start:
    if start is StartType.HARD and at == cuts:
        return StartType.HARD, None
    if start is StartType.SOFT and opens <= at <= cuts:
        return StartType.SOFT, (opens, cuts)
    return _FOLLOWS
