"""The rundown: a channel's timed events on its frame grid, and the live acts that bend it.

Every start is an absolute frame number (see `model.video`), every length a count of frames, so a
rundown means the same whoever reads it, whenever. `reconciler.rundown` compiles and re-times it;
the sidecar plays it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from reconciler.model.desired import StartType, TransitionType
from reconciler.model.ids import AssetId, ChannelName, EventId


class EventKind(Enum):
    """What an event is to the audience."""

    PROGRAMME = "programme"
    FILLER = "filler"
    SLATE = "slate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """An asset from `in_frame` on; `stored` is its file name under a node's media folder.

    `material` is how many frames the file holds from `in_frame` on (None for a still).
    """

    asset: AssetId
    stored: str
    in_frame: int
    material: int | None = None
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A live source; `shown` is its address as anyone may read it, `url` the true one."""

    name: str
    shown: str
    url: str = ""

    def __repr__(self) -> str:
        """Keep a secret in the address out of logs."""
        return f"Live(name={self.name!r}, shown={self.shown!r})"


@dataclass(frozen=True, slots=True)
class SlatePicture:
    """The channel's holding picture."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The picture last shown, held, silent: frame `source_frame` of the event before.

    Only re-timing makes it, for a pause or a hold; a compiler never does.
    """

    source_frame: int = 0


Material = Clip | Live | SlatePicture | Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """The join into an event: over its first `frames` the material before runs on beneath it."""

    type: TransitionType = TransitionType.CUT
    frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of a rundown: `material` on air from frame `start` for `frames`.

    `playlist` and `item` say where it came from (both are empty for what closes a gap);
    `occurrence` is the frame at which that run of the playlist began (for a loop: that round; for
    what closes a gap: the gap). `id` is made of the three, so it stays the same when a neighbour
    changes. `nominal` is how long it would last uncut, from `start` on. `lap` is how much of that
    lies behind its end, beneath the transition into the event after it. `due` is when its schedule
    layer was due by the clock (0: the base). `window` is the first and last frame at which a soft
    start may begin (None: no soft start). `alternate` is what is played in its place where its
    file fails; `instead`, of an event that is such an alternate already, is what failed, and why.
    """

    id: EventId
    start: int
    frames: int
    kind: EventKind
    material: Material
    start_type: StartType = StartType.FOLLOW
    transition: Transition = Transition()
    title: str = ""
    playlist: str = ""
    item: str = ""
    occurrence: int = 0
    nominal: int = 0
    lap: int = 0
    due: int = 0
    window: tuple[int, int] | None = None
    alternate: Clip | None = None
    instead: str = ""

    @property
    def end(self) -> int:
        """The first frame after it."""
        return self.start + self.frames

    @property
    def cut_frames(self) -> int:
        """How many of its frames nobody sees: what follows cuts them, and does not lie over them.

        Filler that stands in for an item is measured by its own material, not by the item's.
        """
        whole = self.nominal
        if self.kind is EventKind.FILLER and self.item:
            whole = (self.material.material or 0) if isinstance(self.material, Clip) else 0
        return max(whole - self.frames - self.lap, 0)

    @property
    def is_cut(self) -> bool:
        """Whether it is ended before its time; an event that only joins the next one is not."""
        return self.cut_frames > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One place of a rundown where file `stored` may be played, from frame `start` up to `end`.

    `event` is empty for filler and slate, which may be wanted at any time; `name` is what people
    call the event.
    """

    asset: AssetId
    stored: str
    start: int
    end: int
    event: str = ""
    name: str = ""

    @staticmethod
    def called(event: str, title: str, playlist: str, item: str) -> str:
        """The name of an event: its item's, as far as it has one."""
        return f"{playlist}/{item}" if item else title or event

    def frame(self, now: int, until: int) -> int | None:
        """The frame from `now` up to `until` that it is due at; None where it is not."""
        if not self.event:
            return now
        return max(self.start, now) if self.end > now and self.start < until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rundown:
    """A window of events: contiguous, in order, covering `start` up to `end` exactly once.

    `filler` is what the sidecar plays, in turn, when something falls out, none of it again within
    `max_repeat` frames while there is other; `slate` is the last resort (None: a drawn one).
    `acts_seq` is the newest live act that it already contains: acts up to it are in the events; an
    act that is still open (a pause, hold, stop or list that has not ended) and all later ones never
    are, so they are applied again to whatever rundown comes next.
    `open_from` is when the oldest open act began; the next rundown must reach back to it.
    `history` is what a later compile needs to know of the time before `start`: the last event of
    each run that may still go on, and fillers that must not come again soon; in order.
    """

    channel: ChannelName
    rate: Fraction
    start: int
    end: int
    events: tuple[Event, ...]
    filler: tuple[Clip, ...] = ()
    max_repeat: int = 0
    slate: Clip | None = None
    commit: str = ""
    acts_seq: int = 0
    open_from: int | None = None
    history: tuple[Event, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """The stored names of all that it plays, filler and slate included."""
        return frozenset(self.due)

    def plays(self) -> Iterator[Play]:
        """Every place where it may play a file: events, their alternates, filler, slate."""
        for event in self.events:
            name = Play.called(event.id, event.title, event.playlist, event.item)
            for clip in (event.material, event.alternate):
                if isinstance(clip, Clip):
                    yield Play(
                        asset=clip.asset,
                        stored=clip.stored,
                        start=event.start,
                        end=event.end,
                        event=event.id,
                        name=name,
                    )
        for clip in (*self.filler, self.slate):
            if clip is not None:
                yield Play(asset=clip.asset, stored=clip.stored, start=self.start, end=self.end)

    @property
    def due(self) -> Mapping[str, int]:
        """Every file's stored name, sorted, and the frame it is due at first.

        Filler and slate may be wanted at any time: they are due at the start.
        """
        found: dict[str, int] = {}
        for event in self.events:
            for material in (event.material, event.alternate):
                if isinstance(material, Clip):
                    found.setdefault(material.stored, event.start)
        for clip in (*self.filler, self.slate):
            if clip is not None:
                found[clip.stored] = self.start
        return dict(sorted(found.items()))


class RemarkKind(Enum):
    """What a compiler can find worth saying."""

    GAP = "gap"  # filled by slate, since no filler fits
    OVERRUN = "overrun"  # an item is cut by a hard start
    MISSED_WINDOW = "missed window"  # a soft start found no boundary in its window
    UNKNOWN_ASSET = "unknown asset"
    DAMAGED_ASSET = "damaged asset"
    REPEATED_FILLER = "repeated filler"
    SHORT_MATERIAL = "short material"  # an out point lies behind the end of the file
    MEDIA_NOTE = "media note"  # its file plays, and is not as it should be
    CLOCK_CHANGE = "clock change"  # a local time did not exist, or came twice


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Remark:
    """One thing that a schedule will do that its author may not want; `frame` is when."""

    frame: int
    kind_name: str  # a `RemarkKind` value; text, so that remarks sort
    text: str
    event: str = ""


# ── live acts ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Leave `event` at frame `at`; the next one starts there."""

    seq: int
    at: int
    event: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Freeze the picture, silent, at frame `at`; a hard start ends it."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Stay on `event` past its end, until resumed, skipped or a hard start."""

    seq: int
    at: int
    event: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAct:
    """End a pause, hold or stop at frame `at`.

    After a pause the frozen frame goes on, after a hold the next event starts, after a stop the
    rundown is joined in progress.
    """

    seq: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Show the slate from frame `at` until resumed; the rundown runs on beneath it."""

    seq: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayList:
    """Play these events (starts relative to `at`); then the rundown again, joined in progress."""

    seq: int
    at: int
    events: tuple[Event, ...]
    loop: bool = False


Act = Skip | Pause | Hold | ResumeAct | Stop | PlayList
