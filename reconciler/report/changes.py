"""What differs between the rundown that is held and the one to be loaded, event by event."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from reconciler.model.ids import EventId
from reconciler.model.rundown import (
    Clip,
    Event,
    EventKind,
    Frozen,
    Live,
    Rundown,
    SlatePicture,
)
from reconciler.model.video import FrameClock, format_timecode
from reconciler.plan.impact import local
from reconciler.plan.loading import shown

MOST = 12  # lines of one channel that a person reads; the rest is counted
MOVES = 3  # events that do no more than move are told one by one; of more, one line tells all

Move = tuple[Event, Event]  # before, and after


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event that comes, goes or changes; `frame` is where it stands in the day."""

    frame: int
    symbol: str
    text: str


def changes(held: Rundown, new: Rundown, *, since: int, timezone: str) -> tuple[Change, ...]:
    """Events that differ from frame `since` on, in order of time; as far as both rundowns reach."""
    end = min(held.end, new.end)
    words = _Words(FrameClock(new.rate), since, end, timezone)
    before = {e.id: e for e in held.events if e.end > since and e.start < end}
    after = {e.id: e for e in new.events if e.end > since and e.start < end}
    moves = tuple(_moves(before, after, end))
    told = {e.id for move in moves for e in move}
    found = [
        *words.moved([(old, new) for old, new in moves if old.start != new.start]),
        *(words.gone(e) for name, e in before.items() if name not in after and name not in told),
        *(words.come(e) for name, e in after.items() if name not in before and name not in told),
        *(
            words.changed(before[name], event)
            for name, event in after.items()
            if name in before and name not in told and _differ(before[name], event, end)
        ),
    ]
    return tuple(sorted(found, key=lambda c: (c.frame, c.symbol, c.text)))


def _moves(
    before: Mapping[EventId, Event], after: Mapping[EventId, Event], end: int
) -> Iterator[Move]:
    """Pair what is the same but for its start: by name, else in turn, as the rounds of a loop."""
    come: dict[tuple[object, ...], deque[Event]] = defaultdict(deque)
    for name, event in after.items():
        if name not in before:
            come[_sameness(event)].append(event)
    for name, event in before.items():
        other = after.get(name)
        if other is None:
            same = come[_sameness(event)]
            if same:
                yield event, same.popleft()
        elif _only_moves(event, other) and max(event.end, other.end) <= end:
            yield event, other


def _only_moves(old: Event, new: Event) -> bool:
    return old.start != new.start and _sameness(old) == _sameness(new)


def _sameness(event: Event) -> tuple[object, ...]:
    return _origin(event), event.title, event.frames, event.transition, shown(event)


@dataclass(frozen=True, slots=True)
class _Words:
    clock: FrameClock
    since: int
    end: int
    timezone: str

    def come(self, event: Event) -> Change:
        return Change(frame=event.start, symbol="+", text=self._whole(event))

    def gone(self, event: Event) -> Change:
        return Change(frame=event.start, symbol="-", text=self._whole(event))

    def moved(self, moves: Sequence[Move]) -> Iterator[Change]:
        """One line each, or one for all from the first on."""
        if len(moves) <= MOVES:
            for old, new in moves:
                text = f"{self._at(old.start)} {_origin(old)} moved to {self._at(new.start)}"
                yield Change(frame=old.start, symbol="~", text=text)
            return
        first = min(old.start for old, _ in moves)
        steps = [new.start - old.start for old, new in moves]
        least, most = min(steps, key=abs), max(steps, key=abs)
        by = self._step(least) if least == most else f"{self._step(least)} to {self._step(most)}"
        text = f"{self._at(first)} and on: {len(moves)} events move, by {by}"
        yield Change(frame=first, symbol="~", text=text)

    def _step(self, frames: int) -> str:
        return f"{self._long(abs(frames))} {'later' if frames >= 0 else 'earlier'}"

    def changed(self, old: Event, new: Event) -> Change:
        told = []
        if old.start != new.start:
            told.append(f"moved to {self._at(new.start)}")
        if old.frames != new.frames and min(old.end, new.end) < self.end:
            told.append(f"lasts {self._long(new.frames)}, not {self._long(old.frames)}")
        if _played(old) != _played(new):
            told.append(f"plays {_played(new)}, not {_played(old)}")
        elif shown(old) != shown(new) and old.transition == new.transition:
            told.append(f"plays {self._place(new)}, not {self._place(old)}")
        if old.transition != new.transition:
            told.append(f"begins with a {new.transition.type.value}")
        text = f"{self._at(old.start)} {_origin(old)} {'; '.join(told)}"
        return Change(frame=old.start, symbol="~", text=text)

    def _whole(self, event: Event) -> str:
        title = f" {event.title}" if event.title else ""
        return f"{self._at(event.start)} {_origin(event)}{title} ({self._long(event.frames)})"

    def _at(self, frame: int) -> str:
        instant = self.clock.instant(frame)
        text = local(instant, self.clock.instant(self.since), self.timezone)
        return text if text.count(":") > 1 else f"{text}:00"

    def _long(self, frames: int) -> str:
        seconds = int(self.clock.span(frames).total_seconds())
        rest = frames - self.clock.frames_in(Fraction(seconds))
        text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{text}+{rest}f" if rest else text

    def _place(self, event: Event) -> str:
        """Where in its material it begins, or which version of it is played."""
        clip = event.material
        if not isinstance(clip, Clip):
            return "another address"
        return f"{clip.stored} from {format_timecode(clip.in_frame, self.clock.rate)}"


def _differ(old: Event, new: Event, end: int) -> bool:
    spans = [(e.start, min(e.end, end)) for e in (old, new)]
    return spans[0] != spans[1] or shown(old) != shown(new)


def _origin(event: Event) -> str:
    if event.kind is EventKind.SLATE or not event.playlist:
        return event.kind.value
    return f"{event.playlist}/{event.item}" if event.item else event.playlist


def _played(event: Event) -> str:
    """What it shows, as anyone may read it: a live source's true address stays where it is."""
    match event.material:
        case Clip():
            return event.material.asset
        case Live():
            return f"live {event.material.name}"
        case SlatePicture():
            return "the slate"
        case Frozen():
            return "a frozen picture"
        case _:
            assert_never(event.material)
