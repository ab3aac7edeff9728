"""A channel's schedule on its frame grid: when each layer is due, and for how long it may run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from reconciler.model.desired import Layer, StartType
from reconciler.model.video import FrameClock
from reconciler.rundown.entries import Script
from reconciler.rundown.localtime import ClockNote, LocalClock

EVER = 1 << 62  # later than any frame of any channel
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One time that a layer is due: nominally `at`; a soft start from `opens` on.

    `cuts` is where it begins without a boundary (`EVER`: nowhere). At `limit` it ends whatever
    runs of it. When it is covered until `over` or later, it is not taken up again.
    """

    at: int
    opens: int
    cuts: int
    limit: int
    over: int
    note: ClockNote | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """One layer over the time that a compile looks at; a higher `rank` lies on top.

    A base has `spans` in which it fills the day, every other layer has `dues`; both in order.
    """

    rank: int
    layer: Layer
    script: Script
    dues: tuple[Due, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def is_base(self) -> bool:
        """Whether it fills the day rather than beginning at a time."""
        return is_base(self.layer)


def is_base(layer: Layer) -> bool:
    """Whether a layer fills the day: it loops and has no time of its own."""
    return layer.loop and layer.at is None


def make_strands(
    schedule: Sequence[tuple[Layer, Script]], clock: LocalClock, *, first: date, last: date
) -> tuple[Strand, ...]:
    """Lay out every layer from the local day `first` to `last`; of twins the upper one counts."""
    strands: list[Strand] = []
    taken: set[tuple[str, int]] = set()
    for rank in range(len(schedule) - 1, -1, -1):
        layer, script = schedule[rank]
        days = [day for day in _days(first, last) if _applies(layer, day)]
        if is_base(layer):
            spans = tuple(_spans(layer, days, clock))
            strands.append(Strand(rank=rank, layer=layer, script=script, spans=spans))
            continue
        dues = [_due(layer, script, day, clock) for day in days]
        fresh = tuple(due for due in dues if (script.name, due.at) not in taken)
        taken.update((script.name, due.at) for due in fresh)
        strands.append(Strand(rank=rank, layer=layer, script=script, dues=fresh))
    return tuple(strands)


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += _DAY


def _applies(layer: Layer, day: date) -> bool:
    return (not layer.days or day.weekday() in layer.days) and (
        not layer.dates or day in layer.dates
    )


def _spans(layer: Layer, days: Sequence[date], clock: LocalClock) -> Iterator[tuple[int, int]]:
    if not layer.days and not layer.dates and layer.until is None:
        yield (-EVER, EVER)
        return
    begin: int | None = None
    end = 0
    for day in days:
        start, stop = clock.midnight(day), clock.midnight(day + _DAY)
        if layer.until is not None:
            stop = min(stop, start + FrameClock(clock.rate).frames_in(layer.until))
        if begin is not None and start > end:
            yield (begin, end)
        if begin is None or start > end:
            begin = start
        end = stop
    if begin is not None:
        yield (begin, end)


def _due(layer: Layer, script: Script, day: date, clock: LocalClock) -> Due:
    grid = FrameClock(clock.rate)
    at_time = layer.at or time(0)
    at = clock.frame(day, at_time)
    soft = layer.start is StartType.SOFT
    opens = at - grid.frames_in(layer.early) if soft else at
    limit = clock.midnight(day + _DAY) if layer.loop else EVER
    if layer.until is not None:
        limit = at + grid.frames_in(layer.until)
    over = limit if layer.loop else min(limit, _nominal_end(script, at, opens, clock))
    return Due(
        at=at,
        opens=opens,
        cuts=_cuts(layer.start, at, at + grid.frames_in(layer.late)),
        limit=limit,
        over=over,
        note=clock.note(day, at_time),
    )


def _cuts(start: StartType, at: int, late: int) -> int:
    return {StartType.HARD: at, StartType.SOFT: late, StartType.FOLLOW: EVER}[start]


def _nominal_end(script: Script, at: int, opens: int, clock: LocalClock) -> int:
    if not script.timed:
        return at + script.frames
    end = at
    for entry in script.entries:
        if entry.at is not None:
            end = max(end, clock.next_at(opens, entry.at))
        end += entry.frames
    return end
