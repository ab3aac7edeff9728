"""Schedule + playlists + lengths at one commit -> the rundown of a window.

Cold (nothing is on air): the schedule is played through from before the local midnight of the
window's first day, and a base begins at that midnight, so that two cold compiles of one day agree.
Warm: it goes on from what the sidecar holds (`resume`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from reconciler.model.desired import DesiredChannel, DesiredPlaylist, Layer
from reconciler.model.ids import PlaylistName
from reconciler.model.media import Catalogue
from reconciler.model.rundown import Clip, Event, EventKind, Remark, RemarkKind, Rundown
from reconciler.model.sources import LiveSource
from reconciler.model.video import FrameClock
from reconciler.rundown.entries import Script, make_script
from reconciler.rundown.gaps import Closer, Fill, Pool
from reconciler.rundown.joins import joined
from reconciler.rundown.layers import Strand, is_base, make_strands
from reconciler.rundown.localtime import LocalClock
from reconciler.rundown.remarks import Notes
from reconciler.rundown.resume import Carry, Kept, remember, resume, take_apart
from reconciler.rundown.simulate import Simulation
from reconciler.rundown.table import Table

_LEAST = 2  # events: what is on, and what is next
_DAY = timedelta(days=1)
_LONGEST_LOOK = 8  # days that a compile looks back for a run that may still be on
_STALE = timedelta(hours=24)  # a carry that ended longer ago is no use
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What a rundown must cover: from frame `start` up to `end`.

    `now` is the frame from which on remarks are of interest (None: all of the window).
    """

    start: int
    end: int
    now: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All that a channel's rundown is made of, at one commit."""

    channel: DesiredChannel
    playlists: Mapping[PlaylistName, DesiredPlaylist]
    catalogue: Catalogue
    live: Mapping[str, LiveSource]
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rundown, and what it will do that its author may not want; sorted by frame."""

    rundown: Rundown
    remarks: tuple[Remark, ...]


def compile_rundown(sources: Sources, window: Window, carry: Carry | None = None) -> Compiled:
    """Compile the events of a window: whole ones, so that its first and last reach over its edges.

    Every frame is covered exactly once; there are at least two events that end in the window or
    later. With `carry`, what starts before its `keep_until` is kept as it is.
    """
    book = _Book.open(sources, window)
    kept = take_apart(carry) if carry is not None else _NOTHING
    if carry is None or not kept.kept or _stale(kept, window, book.clock.rate):
        simulation = book.cold(window)
    else:
        simulation = book.warm(window, kept, carry.keep_until)
    simulation.play(window.end)
    while sum(event.end > window.start for event in simulation.events[-_LEAST:]) < _LEAST:
        simulation.play(simulation.at + 1)
    start = window.start
    if carry is not None and carry.open_from is not None:
        start = min(start, carry.open_from)
    rundown = book.finish(simulation, start)
    if carry is not None:
        rundown = replace(rundown, acts_seq=carry.acts_seq)
    return Compiled(rundown, book.notes.sorted())


_NOTHING = Kept((), (), ())


def _stale(kept: Kept, window: Window, rate: Fraction) -> bool:
    return kept.kept[-1].end < window.start - FrameClock(rate).frames_in(_STALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """A channel's schedule made ready for one compile."""

    sources: Sources
    clock: LocalClock
    notes: Notes
    schedule: tuple[tuple[Layer, Script], ...]
    pool: Pool
    longest: int

    @staticmethod
    def open(sources: Sources, window: Window) -> _Book:
        channel = sources.channel
        clock = LocalClock.of(channel.timezone, channel.format.rate)
        notes = Notes(clock, window.start if window.now is None else window.now)
        scripts = _scripts(sources)
        schedule = tuple((layer, scripts[layer.playlist]) for layer in channel.schedule)
        for _, script in schedule:
            for problem in script.rest:
                text = f"{script.name}: {problem.text}"
                notes.once((script.name, problem.text), window.start, problem.kind, text)
        pool = _pool(sources, notes)
        lengths = [e.frames for _, s in schedule for e in s.entries]
        longest = max([*lengths, *(e.frames for e in pool.entries)], default=0)
        return _Book(
            sources=sources,
            clock=clock,
            notes=notes,
            schedule=schedule,
            pool=pool,
            longest=longest,
        )

    def cold(self, window: Window) -> Simulation:
        """A simulation that stands at (or just after) the midnight of the window's first day."""
        midnight = self.clock.midnight(self.clock.day(window.start))
        strands = self._strands(midnight, window.end)
        simulation = self._simulation(strands, midnight)
        simulation.hurry = window.start
        if any(not strand.is_base for strand in strands):
            first = self._first_frame(midnight)
            before = self._simulation(strands, first)
            before.hurry = midnight
            _pass_dues(before, first)
            before.play(midnight)
            _pass_dues(simulation, first)
            timed = tuple(event for event in before.events if event.due and event.item)
            if timed and timed[-1] is before.previous:
                resume(simulation, Kept(timed[:-1], timed[-1:], ()), before.at)
            else:
                remember(simulation, timed, midnight)
        return simulation

    def warm(self, window: Window, kept: Kept, keep_until: int) -> Simulation:
        """A simulation that stands at the end of what is kept."""
        start, end = kept.kept[0].start, kept.kept[-1].end
        strands = self._strands(min(window.start, end), max(window.end, end))
        simulation = self._simulation(strands, end)
        if start > window.start:
            simulation.events.extend(self._lead(window.start, start))
        resume(simulation, kept, keep_until)
        return simulation

    def _lead(self, start: int, end: int) -> Iterator[Event]:
        """What closes the hole between the window's start and what is kept."""
        closer = Closer(pool=self.pool, notes=self.notes)
        previous: Event | None = None
        while start < end:
            previous = closer.piece(Fill(since=start, end=end, occurrence=start), start, previous)
            start = previous.end
            yield previous

    def finish(self, simulation: Simulation, start: int) -> Rundown:
        """The rundown from frame `start` on."""
        channel, events = self.sources.channel, simulation.events
        first = next(n for n, event in enumerate(events) if event.end > start)
        kept = tuple(events[first:])
        return Rundown(
            channel=channel.name,
            rate=self.clock.rate,
            start=kept[0].start,
            end=kept[-1].end,
            events=joined(kept),
            filler=self.pool.clips,
            max_repeat=self.pool.max_repeat,
            slate=self._slate(start),
            commit=self.sources.commit,
            history=self._history((*simulation.remembered, *events[:first]), start),
        )

    def _history(self, events: Sequence[Event], start: int) -> tuple[Event, ...]:
        """The last event of each run of a day or so, and each filler that may not come soon."""
        oldest = self._first_frame(start)
        last: dict[object, Event] = {}
        for event in events:
            if event.playlist and (not event.due or event.due >= oldest):
                last[event.playlist, event.due] = event
            if event.kind is EventKind.FILLER and event.start > start - self.pool.max_repeat:
                last[event.material] = event
        return tuple(sorted(set(last.values()), key=_order))

    def _slate(self, start: int) -> Clip | None:
        asset = self.sources.channel.slate
        if asset is None:
            return None
        fact = self.sources.catalogue.get(asset)
        if fact is None or fact.problem is not None or fact.ruin:
            kind = RemarkKind.UNKNOWN_ASSET if fact is None else RemarkKind.DAMAGED_ASSET
            why = "is unknown" if fact is None else f"cannot be played: {fact.problem or fact.ruin}"
            self.notes.add(start, kind, f"slate {asset} {why}; a drawn one is shown")
            return None
        material: int | None = None
        if fact.duration is not None and not fact.still:
            material = FrameClock(self.clock.rate).frames_in(fact.duration)
        return Clip(asset=asset, stored=fact.stored, in_frame=0, material=material, loop=True)

    def _simulation(self, strands: tuple[Strand, ...], at: int) -> Simulation:
        return Simulation(
            table=Table(strands=strands, notes=self.notes),
            closer=Closer(pool=self.pool, notes=self.notes),
            clock=self.clock,
            notes=self.notes,
            at=at,
        )

    def _strands(self, start: int, end: int) -> tuple[Strand, ...]:
        hour = FrameClock(self.clock.rate).frames_in(_HOUR)
        first = self.clock.day(self._first_frame(start)) - _DAY
        last = self.clock.day(end + 2 * (self.longest + hour)) + _DAY
        strands = make_strands(self.schedule, self.clock, first=first, last=last)
        return tuple(strand for strand in strands if strand.script.entries)

    def _first_frame(self, frame: int) -> int:
        """How far before `frame` a layer may have been due that still matters: a midnight."""
        day = FrameClock(self.clock.rate).frames_in(_DAY)
        longest = max((s.frames for layer, s in self.schedule if not is_base(layer)), default=0)
        back = min(1 + -(-longest // day), _LONGEST_LOOK)
        return self.clock.midnight(self.clock.day(frame) - back * _DAY)


def _pass_dues(simulation: Simulation, frame: int) -> None:
    """Take every due before `frame` as over."""
    for strand in simulation.table.strands:
        past = sum(due.at < frame for due in strand.dues)
        simulation.table.next_due[strand.rank] = past


def _scripts(sources: Sources) -> dict[str, Script]:
    rate = sources.channel.format.rate
    return {
        name: make_script(
            sources.playlists[name],
            rate,
            catalogue=sources.catalogue,
            live=sources.live,
            engine=sources.channel.engine,
        )
        for name in dict.fromkeys(layer.playlist for layer in sources.channel.schedule)
    }


def _pool(sources: Sources, notes: Notes) -> Pool:
    filler, rate = sources.channel.filler, sources.channel.format.rate
    if filler is None:
        return Pool((), rate, 0)
    script = make_script(
        sources.playlists[filler.playlist],
        rate,
        catalogue=sources.catalogue,
        live=sources.live,
        engine=sources.channel.engine,
    )
    for entry in script.entries:
        for problem in entry.problems:
            notes.add(notes.since, problem.kind, f"filler {script.name}: {problem.text}")
    for problem in script.rest:
        notes.add(notes.since, problem.kind, f"filler {script.name}: {problem.text}")
    repeat = FrameClock(rate).frames_in(filler.max_repeat) if filler.max_repeat else 0
    return Pool.of(script.entries, rate, repeat)


def _order(event: Event) -> tuple[int, str]:
    return event.start, event.id
