"""Operations on contiguous events: cut, join in progress, lay again from another frame.

Laying keeps to the same rules as a schedule: a hard start keeps its frame, what overruns it is
trimmed and what falls short of it is followed by filler, then slate; a soft start stays inside its
window (cutting at its end, waiting for its beginning); a gap still ends where it ended; all else
follows. As soon as an event is back at its own frame, everything from there on is as it was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from zoneinfo import ZoneInfo

from reconciler.model.desired import StartType
from reconciler.model.ids import EventId
from reconciler.model.rundown import (
    Clip,
    Event,
    EventKind,
    Frozen,
    Live,
    Rundown,
    SlatePicture,
    Transition,
)
from reconciler.rundown.entries import Entry, still_frames
from reconciler.rundown.gaps import Closer, Fill, Pool
from reconciler.rundown.layers import EVER
from reconciler.rundown.localtime import LocalClock, stamp
from reconciler.rundown.remarks import Notes
from reconciler.rundown.table import is_gap

Events = tuple[Event, ...]
_CUT = Transition()
PART = "~"  # an event's later parts are `ID~FRAME`, with the frame at which the part begins


def base_id(event: EventId) -> str:
    """The id of the event that this one is, or is a part of."""
    return event.partition(PART)[0]


def number_at(events: Sequence[Event], frame: int) -> int | None:
    """The number of the event that covers `frame`."""
    number = bisect_right(events, frame, key=_start) - 1
    return number if number >= 0 and frame < events[number].end else None


def hard_after(events: Sequence[Event], frame: int) -> int:
    """When the first hard start later than `frame` is; `EVER`: there is none."""
    for event in events[bisect_right(events, frame, key=_start) :]:
        if event.start_type is StartType.HARD:
            return event.start
    return EVER


def before(events: Sequence[Event], frame: int) -> list[Event]:
    """What lies before `frame`; an event over it is trimmed there."""
    kept = list(events[: bisect_right(events, frame - 1, key=_start)])
    if kept and kept[-1].end > frame:
        kept[-1] = lasting(kept[-1], frame - kept[-1].start)
    return kept


def since(events: Sequence[Event], frame: int) -> Events:
    """What lies from `frame` (not before the first) on; an event over it is joined in progress."""
    number = bisect_right(events, frame, key=_start) - 1
    first = events[number]
    rest = tuple(events[number + 1 :])
    if first.start == frame:
        return (first, *rest)
    return rest if first.end <= frame else (part(first, frame, frame), *rest)


def lasting(event: Event, frames: int) -> Event:
    """The same event for `frames`, its transition no longer than that, joining nothing."""
    if event.transition.frames > frames:
        return replace(event, frames=frames, lap=0, transition=_CUT)
    return replace(event, frames=frames, lap=0)


def part(event: Event, left: int, start: int) -> Event:
    """What remains of an event from frame `left` of the grid on, shown from frame `start`."""
    gone = left - event.start
    return replace(
        event,
        id=EventId(f"{base_id(event.id)}{PART}{start}"),
        start=start,
        frames=event.end - left,
        material=_from(event.material, gone),
        start_type=StartType.FOLLOW,
        transition=_CUT,
        nominal=max(event.nominal - gone, 0),
        window=None,
    )


def _from(
    material: Clip | Live | SlatePicture | Frozen, gone: int
) -> Clip | Live | SlatePicture | Frozen:
    if not isinstance(material, Clip) or material.material is None:
        return material
    if material.loop:
        turn = gone % max(material.material, 1)
        return replace(material, in_frame=material.in_frame + turn)
    left = max(material.material - gone, 0)
    return replace(material, in_frame=material.in_frame + gone, material=left)


def frozen(event: Event, start: int, end: int, source: int) -> Event:
    """The picture of `event` at its frame `source` (counted from its start), held."""
    material = event.material
    position = material.in_frame + source if isinstance(material, Clip) else source
    if isinstance(material, Frozen):
        position = material.source_frame
    return replace(
        event,
        id=EventId(f"{base_id(event.id)}{PART}{start}"),
        start=start,
        frames=end - start,
        material=Frozen(position),
        start_type=StartType.FOLLOW,
        transition=_CUT,
        nominal=end - start,
        lap=0,
        window=None,
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """Lays events up to frame `end`; `closer` closes gaps (None: nothing does, as in a list).

    `history` is what aired before the first of them.
    """

    end: int
    closer: Closer | None
    history: Events = ()

    @staticmethod
    def of(rundown: Rundown) -> Layout:
        """Lay within a rundown, with its own filler."""
        entries = (_entry(clip, rundown.rate) for clip in rundown.filler)
        nobody = Notes(LocalClock(ZoneInfo("UTC"), rundown.rate), EVER)
        pool = Pool.of(entries, rundown.rate, rundown.max_repeat)
        return Layout(rundown.end, Closer(pool=pool, notes=nobody), rundown.history)

    def lay(self, done: list[Event], queue: Sequence[Event], at: int) -> Events:
        """Put `queue` behind `done`, which ends at frame `at`; fill or trim up to the end."""
        origin, number = at, 0
        while number < len(queue) and queue[number].start != at:
            event = queue[number]
            if is_gap(event):
                while number < len(queue) and is_gap(queue[number]):
                    number += 1
                at = self._fill(done, at, queue[number - 1].end)
                continue
            earliest, latest = _bounds(event, origin)
            at = self._fill(done, at, earliest)
            if at > latest:
                at = _trim(done, latest)
                continue
            done.append(_moved(event, at))
            at = done[-1].end
            number += 1
        done.extend(queue[number:])
        at = max(at, done[-1].end if done else at)
        self._fill(done, _trim(done, self.end) if at > self.end else at, self.end)
        return tuple(done)

    def skip(self, events: Events, number: int, frame: int) -> Events:
        """Leave event `number`, which is on at `frame`; what follows begins there."""
        return self.lay(before(events, frame), _cut_into(events[number + 1 :]), frame)

    def pause(self, events: Events, frame: int, until: int) -> Events:
        """Freeze the picture from `frame` to `until`, then go on from the frozen frame."""
        number = number_at(events, frame)
        if number is None or until <= frame:
            return events
        event = events[number]
        done = before(events, frame)
        done.append(frozen(event, frame, until, frame - event.start))
        done.append(part(event, frame, until))
        return self.lay(done, events[number + 1 :], done[-1].end)

    def freeze(self, events: Events, frame: int, until: int) -> Events:
        """Freeze the picture from `frame` to `until`, where the events go on as they are."""
        number = number_at(events, frame)
        if number is None or until <= frame:
            return events
        event = events[number]
        still = frozen(event, frame, until, frame - event.start)
        return (*before(events, frame), still, *since(events, until))

    def hold(self, events: Events, number: int, until: int) -> Events:
        """Stay on event `number` until frame `until`, if that is later than its end."""
        event = events[number]
        if until <= event.end:
            return events
        done = [*events[:number], *_held(event, until)]
        return self.lay(done, _cut_into(events[number + 1 :]), until)

    def stay(self, events: Events, number: int, until: int) -> Events:
        """Stay on event `number` until `until`, where the events go on as they are."""
        event = events[number]
        if until <= event.end:
            return events
        return (*events[:number], *_held(event, until), *since(events, until))

    def _fill(self, done: list[Event], at: int, end: int) -> int:
        if self.closer is None:
            return at
        gap = at
        if at < end:
            self.closer.aired.clear()  # what was filled before may since have been cut away
            oldest = at - self.closer.pool.max_repeat
            recent = done[bisect_right(done, oldest, key=_start) :]
            self.closer.remember((*self.history, *recent))
        while at < end:
            previous = done[-1] if done else None
            fill = Fill(since=gap, end=end, occurrence=gap)
            done.append(self.closer.piece(fill, at, previous))
            at = done[-1].end
        return at


def _held(event: Event, until: int) -> list[Event]:
    """An event that is stayed on: it runs on where it can, else its last picture is held.

    What would have lain beneath the join into the next event is shown first.
    """
    clip = event.material
    if isinstance(clip, Clip) and clip.material is not None and not clip.loop:
        shown = replace(event, frames=min(event.frames + event.lap, until - event.start), lap=0)
        if shown.end == until:
            return [shown]
        return [shown, frozen(event, shown.end, until, shown.frames - 1)]
    frames = until - event.start
    return [replace(event, frames=frames, nominal=max(event.nominal, frames), lap=0)]


def _bounds(event: Event, origin: int) -> tuple[int, int]:
    """The first and last frame at which it may begin; one whose time is over follows."""
    bounds = (-EVER, EVER)
    if event.start_type is StartType.HARD:
        bounds = (event.start, event.start)
    elif event.window is not None:
        bounds = event.window
    return bounds if bounds[1] > origin else (-EVER, EVER)


def _moved(event: Event, start: int) -> Event:
    """The event from another frame on; what was cut runs on, up to where it was cut."""
    room = min(event.frames + event.cut_frames, event.end - start)
    return replace(event, start=start, frames=max(event.frames, room))


def _trim(done: list[Event], frame: int) -> int:
    done[:] = before(done, frame)
    return frame


def _cut_into(queue: Events) -> Events:
    """The same, but nothing is left beneath the join into the first of them."""
    if not queue or not queue[0].transition.frames:
        return queue
    return (replace(queue[0], transition=_CUT), *queue[1:])


def _entry(clip: Clip, rate: Fraction) -> Entry:
    frames = still_frames(rate) if clip.material is None else clip.material
    return Entry(item=clip.asset, title=clip.asset, frames=frames, material=clip)


def slate(start: int, end: int, rate: Fraction) -> Event:
    """The holding picture from `start` up to `end`."""
    return Event(
        id=EventId(f"slate@{stamp(start, rate)}"),
        start=start,
        frames=end - start,
        kind=EventKind.SLATE,
        material=SlatePicture(),
        occurrence=start,
    )


def _start(event: Event) -> int:
    return event.start
