"""What closes a gap: filler in rotation, then slate.

The first filler of a gap is derived from where the gap begins, so that an edit elsewhere does not
reshuffle it; from there on they come in turn. One that aired within `max_repeat` is passed over
while another has not. A filler is trimmed only by the end of its gap, and rather than leave less
than a second over, one that fits (or a longer one, trimmed) goes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from reconciler.model.desired import StartType
from reconciler.model.ids import EventId
from reconciler.model.rundown import (
    Clip,
    Event,
    EventKind,
    Material,
    RemarkKind,
    SlatePicture,
)
from reconciler.model.video import FrameClock
from reconciler.rundown.entries import Entry
from reconciler.rundown.localtime import length, stamp
from reconciler.rundown.remarks import Notes

_SLATE_PIECE = Fraction(3600)  # a long slate is cut on every full hour, so that later windows agree
_MIXER = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: spreads neighbouring gap starts


@dataclass(frozen=True, slots=True)
class Pool:
    """A channel's filler at its rate; `entries` all have material and last a second or more."""

    entries: tuple[Entry, ...]
    rate: Fraction
    max_repeat: int  # frames

    @staticmethod
    def of(entries: Iterable[Entry], rate: Fraction, max_repeat: int) -> Pool:
        """Keep what can close a gap: clips and stills of a second or more, each once."""
        fit = (_clamped(e) for e in entries if e.frames >= second(rate))
        once = {e.material: e for e in fit if isinstance(e.material, Clip)}
        return Pool(tuple(once.values()), rate, max_repeat)

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Their material, in order."""
        return tuple(e.material for e in self.entries if isinstance(e.material, Clip))

    def first(self, gap_start: int) -> int:
        """The number of the filler that is first in turn in the gap that begins there."""
        return ((gap_start * _MIXER) >> 32) % max(len(self.entries), 1)

    def pick(
        self, at: int, rest: int, *, turn: int, aired: dict[int, int]
    ) -> tuple[int, bool] | None:
        """Choose the number of the next filler, and say whether it repeats too soon; or None."""
        if not self.entries or rest < second(self.rate):
            return None
        count = len(self.entries)
        ring = [(turn + step) % count for step in range(count)]
        rested = [n for n in ring if n not in aired or at - aired[n] >= self.max_repeat]
        if rested:
            return self._best(rested, rest), False
        longest_ago = min(ring, key=lambda n: aired[n])
        return longest_ago, True

    def _best(self, rested: Sequence[int], rest: int) -> int:
        first = rested[0]
        if self._leaves(first, rest):
            return first
        for wanted in (self._leaves, self._fills):
            found = next((n for n in rested if wanted(n, rest)), None)
            if found is not None:
                return found
        return first

    def _leaves(self, number: int, rest: int) -> bool:
        left = rest - self.entries[number].frames
        return left == 0 or left >= second(self.rate)

    def _fills(self, number: int, rest: int) -> bool:
        return self.entries[number].frames > rest


def _clamped(entry: Entry) -> Entry:
    """The entry, its clip ending at its out point, so that the clip alone tells how long it is."""
    clip = entry.material
    if not isinstance(clip, Clip) or clip.material is None:
        return entry
    return replace(entry, material=replace(clip, material=entry.frames))


def second(rate: Fraction) -> int:
    """The shortest filler worth showing, in frames: about a second."""
    return rate.numerator // rate.denominator


def slate_end(at: int, end: int, rate: Fraction) -> int:
    """Where a piece of slate from `at` ends: at `end` or the next full hour, if that is earlier."""
    hour = FrameClock(rate).frames_in(_SLATE_PIECE)
    return min(end, (at // hour + 1) * hour)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What to close: a gap that began at `since`, or an item (then named) that has no material.

    `item_end` is where the item would end uncut; `start_type` and `window` are those of its start.
    An item's `alternate` goes before any filler; `instead` is why.
    """

    since: int
    end: int
    item_end: int = 0
    playlist: str = ""
    item: str = ""
    title: str = ""
    occurrence: int = 0
    due: int = 0
    start_type: StartType = StartType.FOLLOW
    window: tuple[int, int] | None = None
    alternate: Clip | None = None
    instead: str = ""


@dataclass(slots=True, kw_only=True)
class Closer:
    """Closes gaps piece by piece, remembering what aired. Mutable: it belongs to one simulation."""

    pool: Pool
    notes: Notes
    aired: dict[int, int] = field(default_factory=dict)

    def remember(self, events: Sequence[Event]) -> None:
        """Take in the filler among `events`, which are in order; say again what is to be said."""
        numbers: dict[Material, int] = {clip: number for number, clip in enumerate(self.pool.clips)}
        neighbours = zip((None, *events), events, (*events[1:], None), strict=False)
        for before, event, following in neighbours:
            number = numbers.get(event.material) if event.kind is EventKind.FILLER else None
            if number is not None:
                last = self.aired.get(number)
                if last is not None and event.start - last < self.pool.max_repeat:
                    self._tell_repeat(event.start, event.occurrence, number)
                self.aired[number] = event.start
            if _begins_slate(before, event):
                more = following is not None and following.kind is EventKind.SLATE
                self._tell_slate(event.start, event.end, more=more)

    def piece(self, fill: Fill, at: int, previous: Event | None) -> Event:
        """The next piece from frame `at`; never beyond `fill.end`."""
        if fill.alternate is not None and at == fill.since:
            return self._alternate(fill, fill.alternate)
        turn = self._turn(fill, previous)
        choice = self.pool.pick(at, fill.end - at, turn=turn, aired=self.aired)
        if choice is None:
            return self._slate(fill, at, previous)
        number, repeats = choice
        entry = self.pool.entries[number]
        if repeats:
            self._tell_repeat(at, fill.occurrence, number)
        self.aired[number] = at
        return Event(
            id=EventId(f"filler/{entry.item}@{stamp(at, self.pool.rate)}"),
            start=at,
            frames=min(entry.frames, fill.end - at),
            kind=EventKind.FILLER,
            material=self.pool.clips[number],
            start_type=fill.start_type,
            title=fill.title or entry.title,
            playlist=fill.playlist,
            item=fill.item,
            occurrence=fill.occurrence,
            nominal=fill.item_end - at if fill.item else entry.frames,
            due=fill.due,
            window=fill.window,
        )

    def _alternate(self, fill: Fill, clip: Clip) -> Event:
        """The asset in an item's place, trimmed to its time."""
        whole = fill.end - fill.since
        return Event(
            id=EventId(f"alternate/{fill.item}@{stamp(fill.since, self.pool.rate)}"),
            start=fill.since,
            frames=whole if clip.material is None else min(clip.material, whole),
            kind=EventKind.FILLER,
            material=clip,
            start_type=fill.start_type,
            title=clip.asset,
            playlist=fill.playlist,
            item=fill.item,
            occurrence=fill.occurrence,
            nominal=fill.item_end - fill.since,
            due=fill.due,
            window=fill.window,
            instead=fill.instead,
        )

    def _turn(self, fill: Fill, previous: Event | None) -> int:
        if previous is not None and previous.kind is EventKind.FILLER and previous.end > fill.since:
            for number, clip in enumerate(self.pool.clips):
                if clip == previous.material:
                    return number + 1
        return self.pool.first(fill.since)

    def _slate(self, fill: Fill, at: int, previous: Event | None) -> Event:
        end = slate_end(at, fill.end, self.pool.rate)
        going_on = previous is not None and previous.kind is EventKind.SLATE
        if previous is None or not going_on or previous.end <= fill.since:
            self._tell_slate(at, end, more=end < fill.end)
        return Event(
            id=EventId(f"slate@{stamp(at, self.pool.rate)}"),
            start=at,
            frames=end - at,
            kind=EventKind.SLATE,
            material=SlatePicture(),
            start_type=fill.start_type,
            title=fill.title,
            playlist=fill.playlist,
            item=fill.item,
            occurrence=fill.occurrence,
            nominal=fill.item_end - at if fill.item else 0,
            due=fill.due,
            window=fill.window,
        )

    def _tell_slate(self, at: int, end: int, *, more: bool) -> None:
        longer = " or longer" if more else ""
        text = f"slate for {length(end - at, self.pool.rate)}{longer}: no filler fits"
        self.notes.add(at, RemarkKind.GAP, text)

    def _tell_repeat(self, at: int, gap: int, number: int) -> None:
        text = f"filler {self.pool.entries[number].item} comes again before its max_repeat is over"
        self.notes.once(("repeat", str(gap)), at, RemarkKind.REPEATED_FILLER, text)


def _begins_slate(before: Event | None, event: Event) -> bool:
    if event.kind is not EventKind.SLATE:
        return False
    if before is None or before.end != event.start:
        return event.start == event.occurrence
    return before.kind is not EventKind.SLATE
