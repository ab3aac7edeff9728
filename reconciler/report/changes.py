"""What differs between the rundown that is held and the one to be loaded, event by event."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

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
    found = [
        *(words.gone(event) for name, event in before.items() if name not in after),
        *(words.come(event) for name, event in after.items() if name not in before),
        *(
            words.changed(before[name], event)
            for name, event in after.items()
            if name in before and _differ(before[name], event, end)
        ),
    ]
    return tuple(sorted(found, key=lambda c: (c.frame, c.symbol, c.text)))


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
