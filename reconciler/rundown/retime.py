"""Re-time the rest of a rundown after live acts; the sidecar plays the result.

- **skip** leaves the event that is on; what follows comes earlier, up to the next hard start. It
  does nothing when the event it names is no longer on: pressing twice skips once.
- **pause** freezes the picture. On resume the frozen frame goes on and what follows comes later,
  up to the next hard start, which trims what overruns it and ends the pause if nobody has.
- **hold** stays on an event past its end (live, stills and slate run on, of a clip the last
  picture is held), until resumed, skipped or a hard start; what follows comes later.
- **stop** shows the slate; the rundown runs on beneath it and is joined in progress on resume.
- A **list** plays at once, over whatever was on; a skip or pause meanwhile means the list. When it
  ends, or at the next hard start, the rundown is joined in progress.

Hard starts do not end a stop. A soft start moves inside its window; past it, it cuts. Pause and
hold do nothing while stopped. An act is *open* until what it began has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from reconciler.model.desired import StartType
from reconciler.model.ids import EventId
from reconciler.model.rundown import (
    Act,
    Event,
    Hold,
    Pause,
    PlayList,
    ResumeAct,
    Rundown,
    Skip,
    Stop,
)
from reconciler.rundown.joins import joined
from reconciler.rundown.layers import EVER
from reconciler.rundown.timeline import (
    PART,
    Events,
    Layout,
    base_id,
    before,
    hard_after,
    number_at,
    since,
    slate,
)


class Mode(Enum):
    """What an operator has made of the channel."""

    PLAYING = "playing"
    PAUSED = "paused"
    HOLDING = "holding"
    STOPPED = "stopped"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What a rundown and its acts come to.

    `rundown` is what to show: the same window, covered exactly once, everything included. An open
    pause or hold lasts in it to the next hard start, an open stop to the end.
    `held` is what the next compile goes on from (see `Rundown.open_from`): the rundown with all
    acts before the first open one, `acts_seq` being the newest of them. Without an open act it is
    `rundown` itself.
    `mode` holds since frame `since`; it ends by itself at `until` (None: it does not): re-time
    again then, and whenever there is a new act or rundown. Between those the result stays true.
    """

    rundown: Rundown
    held: Rundown
    mode: Mode
    since: int
    until: int | None

    def at(self, frame: int) -> Event | None:
        """The event that is to be shown at `frame`; None outside the window."""
        number = number_at(self.rundown.events, frame)
        return None if number is None else self.rundown.events[number]

    def coming(self, frame: int, count: int) -> tuple[Event, ...]:
        """The event at `frame` and those after it, `count` in all or fewer."""
        number = number_at(self.rundown.events, frame)
        return () if number is None else self.rundown.events[number : number + count]


def retime(rundown: Rundown, acts: Sequence[Act], now: int) -> Effective:
    """Apply the acts that the rundown does not contain yet, in order of `seq`, as of frame `now`.

    Acts at or below `rundown.acts_seq` are ignored, so the same acts may be given again and again.
    """
    new = sorted((act for act in acts if act.seq > rundown.acts_seq), key=_seq)
    deck = _Deck(rundown=rundown, layout=Layout.of(rundown), under=rundown.events)
    seq, base, opened = rundown.acts_seq, rundown.events, list[int]()
    for act in new:
        deck.apply(act)
        opened.append(max(act.at, rundown.start))
        if deck.mode is Mode.PLAYING:
            seq, base, opened = act.seq, deck.under, []
    deck.expire(now)
    if deck.mode is Mode.PLAYING and new:
        seq, base, opened = new[-1].seq, deck.under, []
    open_from = min(opened, default=None)
    return Effective(
        rundown=replace(rundown, events=joined(deck.shown()), acts_seq=seq, open_from=open_from),
        held=replace(rundown, events=joined(base), acts_seq=seq, open_from=open_from),
        mode=deck.mode,
        since=deck.since if deck.mode is not Mode.PLAYING else rundown.start,
        until=deck.until(),
    )


@dataclass(frozen=True, slots=True)
class _Paused:
    at: int


@dataclass(frozen=True, slots=True)
class _Held:
    at: int
    number: int  # of the event that is stayed on


@dataclass(frozen=True, slots=True)
class _Stopped:
    at: int


@dataclass(frozen=True, slots=True)
class _List:
    """An operator's list from frame `at`, `events` being its rounds so far; `again` comes next."""

    at: int
    events: Events
    again: Events

    @property
    def end(self) -> int:
        """Where it is over."""
        if self.again:
            return EVER
        return self.events[-1].end if self.events else self.at


@dataclass(slots=True, kw_only=True)
class _Deck:
    """The rundown beneath (`under`), perhaps a list on it, perhaps an open pause, hold or stop."""

    rundown: Rundown
    layout: Layout
    under: Events
    open: _Paused | _Held | _Stopped | None = None
    list: _List | None = None

    @property
    def mode(self) -> Mode:
        """What is open now."""
        match self.open:
            case _Paused():
                return Mode.PAUSED
            case _Held():
                return Mode.HOLDING
            case _Stopped():
                return Mode.STOPPED
            case None:
                return Mode.PLAYING if self.list is None else Mode.LIST
            case _:
                assert_never(self.open)

    @property
    def since(self) -> int:
        """When the mode began."""
        begun = self.open or self.list
        return self.rundown.start if begun is None else begun.at

    def until(self) -> int | None:
        """When what is open ends by itself."""
        if isinstance(self.open, _Stopped) or (self.open is None and self.list is None):
            return None
        end = self._hard()
        if self.open is None and self.list is not None:
            end = min(end, self.list.end)
        return None if end >= self.rundown.end else end

    def _hard(self) -> int:
        """The hard start that ends what is open."""
        begun = [o.at for o in (self.open, self.list) if o is not None]
        return hard_after(self.under, min(begun))

    # ── acts ─────────────────────────────────────────────────────────────────────────────────

    def apply(self, act: Act) -> None:
        """Take in one act, later than all before it."""
        at = max(act.at, self.rundown.start)
        self.expire(at)
        match act:
            case Skip():
                self._skip(act, at)
            case Pause():
                self._pause(at)
            case Hold():
                self._hold(act, at)
            case ResumeAct():
                self._resume(at)
            case Stop():
                self._stop(at)
            case PlayList():
                self._load(act, at)
            case _:
                assert_never(act)

    def expire(self, now: int) -> None:
        """End what has ended by itself up to frame `now`."""
        end = self.until()
        if end is None or end > now:
            return
        events = self._with_open(self._playing(), end)
        self.under = events if self.list is None else self._merged(events, end)
        self.open = self.list = None

    def _skip(self, act: Skip, at: int) -> None:
        if isinstance(self.open, _Paused | _Held):
            frozen_on = self._on(at)
            if frozen_on is None or base_id(frozen_on.id) != base_id(act.event):
                return
            held_over = isinstance(self.open, _Held) and at >= self._playing()[self.open.number].end
            self._resume(at)
            if held_over:
                return
        events = self._playing()
        number = number_at(events, at)
        if number is None or base_id(events[number].id) != base_id(act.event):
            return
        self._play(self._layout().skip(events, number, at))

    def _on(self, at: int) -> Event | None:
        shown = self._with_open(self._playing(), at + 1)
        number = number_at(shown, at)
        return None if number is None else shown[number]

    def _pause(self, at: int) -> None:
        held = self.open
        if isinstance(held, _Held) and at < self._playing()[held.number].end:
            self.open = None
        if self.open is None and number_at(self._playing(), at) is not None:
            self.open = _Paused(at)

    def _hold(self, act: Hold, at: int) -> None:
        number = number_at(self._playing(), at)
        if self.open is not None or number is None:
            return
        if base_id(self._playing()[number].id) == base_id(act.event):
            self.open = _Held(at, number)

    def _resume(self, at: int) -> None:
        match self.open:
            case _Paused() as paused:
                self._play(self._layout().pause(self._playing(), paused.at, at))
            case _Held() as held:
                self._play(self._layout().hold(self._playing(), held.number, at))
            case _Stopped() as stopped:
                self.under = self._with_slate(stopped.at, at)
            case None:
                return
            case _:
                assert_never(self.open)
        self.open = None

    def _stop(self, at: int) -> None:
        if isinstance(self.open, _Stopped):
            return
        self._end_all(at)
        self.open = _Stopped(at)

    def _load(self, act: PlayList, at: int) -> None:
        self._end_all(at)
        lasting = tuple(event for event in act.events if event.frames > 0)
        self.list = _List(at, tuple(_in_turn(lasting, at)), lasting if act.loop else ())

    def _end_all(self, at: int) -> None:
        self._resume(at)
        if self.list is not None:
            self.under = self._merged(self._playing(), at)
            self.list = None

    # ── what is shown ────────────────────────────────────────────────────────────────────────

    def _playing(self) -> Events:
        """The events that acts mean: the list's while one plays, as often as the window needs."""
        if self.list is None:
            return self.under
        events = list(self.list.events)
        while self.list.again and events[-1].end < self.rundown.end and len(events) < _MOST:
            events.extend(_in_turn(self.list.again, events[-1].end, again=True))
        self.list = replace(self.list, events=tuple(events))
        return self.list.events

    def _layout(self) -> Layout:
        return self.layout if self.list is None else _PLAIN

    def _play(self, events: Events) -> None:
        if self.list is None:
            self.under = events
        else:
            self.list = replace(self.list, events=events)

    def shown(self) -> Events:
        """All that is to be shown, in the rundown's window."""
        end = self.rundown.end
        if isinstance(self.open, _Stopped):
            return self._with_slate(self.open.at, end)
        hard = min(self._hard(), end) if self.open or self.list else end
        if self.list is None:
            return self._with_open(self.under, hard)
        return self._merged(self._with_open(self._playing(), hard), hard)

    def _with_open(self, events: Events, until: int) -> Events:
        match self.open:
            case _Paused() as paused:
                return self._layout().freeze(events, paused.at, until)
            case _Held() as held:
                return self._layout().stay(events, held.number, until)
            case _:
                return events

    def _merged(self, over: Events, until: int) -> Events:
        """The rundown with the list's events over it, up to `until` or their end."""
        if self.list is None or not over:
            return self.under
        end = min(until, over[-1].end)
        if end <= self.list.at:
            return self.under
        return (*before(self.under, self.list.at), *before(over, end), *since(self.under, end))

    def _with_slate(self, start: int, end: int) -> Events:
        if end <= start:
            return self.under
        held = slate(start, end, self.rundown.rate)
        return (*before(self.under, start), held, *since(self.under, end))


_PLAIN = Layout(EVER, None)  # a list has no end to reach and no gaps to close
_MOST = 20_000  # events of a looping list in one window: some hours of items of a second


def _in_turn(events: Events, at: int, *, again: bool = False) -> Iterator[Event]:
    for event in events:
        name = EventId(f"{event.id}{PART}{at}") if again else event.id
        yield replace(event, id=name, start=at, start_type=StartType.FOLLOW, window=None)
        at += event.frames


def _seq(act: Act) -> int:
    return act.seq
