"""What the steering reads off its layer, and what it remembers from one reading to the next. Pure.

All of `Memory` may be lost at any time: what matters is read back from the engine again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from reconciler.sidecar.casparcg.orders import Material
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.engine_port import Cue

NAMES_KNOWN = 64  # names remembered; a layer holds two at a time
BAD_KNOWN = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What the layer beneath shows, which nobody sees."""

    name: str
    frame: int | None
    is_clip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One reading of the layer, in the channel's frames; `tick` is the frame that it is."""

    tick: int
    name: str = ""
    producer: str = "empty"
    frame: int | None = None  # of the file; None: it has no position
    in_frame: int = 0
    length: int = 0  # of the section that is played; 0: not known
    total: int | None = None  # of the file, as the engine says
    count: int = 0  # of the engine's own ticks
    offset_ms: float = 0.0  # how much later than its frame a tick begins, on the wall's clock
    loop: bool = False
    paused: bool = False
    waiting: int | None = None  # frames until AUTO, as the engine says
    back: str = "empty"  # the producer in the background
    back_name: str = ""
    under: Hidden | None = None  # None: nothing

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown at all: black."""
        return self.producer == "empty"

    @property
    def is_clip(self) -> bool:
        """Whether a file is played that moves."""
        return self.producer == "ffmpeg"

    @property
    def ends_at(self) -> int | None:
        """The tick at which the foreground has ended; None: never, or not known."""
        if not self.is_clip or self.frame is None or self.loop or not self.length:
            return None
        return self.tick + self.in_frame + self.length - self.frame

    @property
    def is_at_end(self) -> bool:
        """Whether the last frame stands."""
        return self.ends_at is not None and self.ends_at <= self.tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the layer should show. `lengths` are frames of files, `problems` why some cannot play.

    Both are keyed by path; a file that nobody has looked into yet is in neither.
    """

    timeline: Timeline
    rate: Fraction
    slate: str
    lengths: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    beneath: Timeline = field(default_factory=Timeline)  # what would be on air without a stop

    def frames(self, seconds: Fraction) -> int:
        """Whole frames in `seconds`, at least one."""
        return max(1, round(seconds * self.rate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Airing:
    """What was read back as moving on the layer. `cue` None: the slate that holds the time."""

    cue: Cue | None
    name: str
    first_tick: int
    first_source: int
    tick: int
    source: int
    end: int | None  # as the time line last said
    frame: int | None = None  # as read back, also where it is no position of the cue's
    moving: bool = True
    changed_at: int = 0  # the tick at which its picture last moved
    mark: tuple[int, int] = (0, 0)  # the engine's count and the position, a second ago at most
    left: int | None = None  # the tick at which another name stood in its place: it plays no more
    drags: int = 0  # spells in a row in which its position moved slower than the engine ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A name that the foreground bears, of which no picture was confirmed yet."""

    name: str
    since: int
    frame: int | None
    stood: int = 0  # the last tick at which nothing was seen to move
    adopted: bool  # it was there when we came


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What we put into the background, to be on air from frame `take_at` on."""

    cue: Cue | None
    what: Material
    auto: bool
    take_at: int
    loaded_at: int
    ready: bool
    probed_at: int
    left: int | None = None  # frames from its first to the end of its file, as the engine says
    trimmed: bool = False
    sought: bool = False
    taken_at: int | None = None
    timed: bool = False  # taken at once after a reading: how long it takes to show is worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneath:
    """What we had play out of sight, for a clip `cue`; `tick` and `frame`: as last read back."""

    cue: Cue
    name: str = ""
    loaded_at: int = 0
    tries: int = 0
    tick: int = 0
    frame: int | None = None
    moves: bool = False
    moved_at: int = 0
    learned: bool = False  # how long it took to open


@dataclass(frozen=True, slots=True)
class Bad:
    """Why a cue cannot be played, and since when that is known."""

    why: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one reading hands to the next."""

    number: int = 0  # of loadings, so that no two share a name
    lag: int = 2  # ticks from a command to the reading that shows it; measured at each take
    opens_in: int = 4  # ticks from a command to the first picture of the file that it names
    known: Mapping[str, Cue | None] = field(default_factory=dict)
    airing: Airing | None = None
    coming: Coming | None = None
    back: Back | None = None
    beneath: Beneath | None = None
    bad: Mapping[str, Bad] = field(default_factory=dict)  # by the cue's mark
    spent: str = ""  # the name of what has ended, though its last picture stands
    off_since: int | None = None  # since when the picture is far from where it should be
    told_at: Mapping[str, int] = field(
        default_factory=dict
    )  # when each kind of order was last given
    failed: tuple[str, ...] = ()  # marks of cues that were told to have failed
    grid: tuple[int, int] = (0, 0)  # where the engine's count lies on the ticks, and since when
    late: int = 0  # cues that came on air more than a frame late
    has_read: bool = False
