"""What the steering asks of a layer, as inert values, and how the engine answered. Pure.

`command_for` turns an order into AMCP in the channel's own units: frames, or fields where the
format is interlaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from reconciler.model.desired import TransitionType
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Clip, Command, DeckLinkInput, Empty, Producer, Stream
from reconciler.sidecar.engine_port import Cue, LiveSource

LAYER = 10
HIDDEN = 9  # the layer beneath it: neither seen nor heard
UNOPENED = (1 << 63) - 1  # what LENGTH says while a file is not open, and for ever if it is broken
_DECKLINK = "decklink://"
_BLENDS = {TransitionType.MIX: "MIX", TransitionType.WIPE: "SLIDE"}  # its WIPE shows a cut (2.5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One thing to load: a file by the `name` it is linked under, or a live address.

    `in_frame` and `length` (None: to its end) are frames of the channel.
    """

    name: str
    path: str
    in_frame: int = 0
    length: int | None = None
    loop: bool = False
    still: bool = False
    blend: TransitionType = TransitionType.CUT
    blend_frames: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it comes from elsewhere, and has neither length nor position."""
        return not self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Put it into the background; `auto`: on air by itself at the foreground's end.

    Its length is not told yet: the engine would repeat it when it is asked whether the file has
    opened, whatever became of that.
    """

    what: Material
    auto: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Put it on air now, over whatever is there: the way out of every stuck state."""

    what: Material


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """Play it on the layer beneath, out of sight and silent."""

    what: Material


@dataclass(frozen=True, slots=True)
class Lower:
    """Empty the layer beneath."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Let what is on air and what runs beneath change places; the mixer's settings stay."""


@dataclass(frozen=True, slots=True)
class Unload:
    """Empty the background."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask whether the background could be opened, and for how many frames."""


@dataclass(frozen=True, slots=True)
class Trim:
    """Let the background end after `frames`."""

    frames: int


@dataclass(frozen=True, slots=True)
class Seek:
    """Let the background begin at `frame` of its file."""

    frame: int


@dataclass(frozen=True, slots=True)
class Take:
    """Put the background on air."""


@dataclass(frozen=True, slots=True)
class Lengthen:
    """Let the foreground end after `frames` in all: later, or sooner."""

    frames: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold the picture."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on."""


Order = (
    Load
    | Over
    | Under
    | Lower
    | Swap
    | Unload
    | Probe
    | Trim
    | Seek
    | Take
    | Lengthen
    | Pause
    | Resume
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: AMCP's code (0: nothing in time), and the number in it, if any."""

    code: int
    value: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the engine took it, which does not mean that anything is seen of it."""
        return 200 <= self.code < 300  # noqa: PLR2004  # AMCP's own ranges


def commands_for(order: Order, per_frame: int) -> tuple[Command, ...]:
    """The commands of one order; `per_frame` is 2 on an interlaced channel, which counts fields."""
    match order:
        case Load(what=what, auto=auto):
            load = amcp.loadbg(
                LAYER, _producer(what, per_frame), auto=auto, transition=_blend(what, per_frame)
            )
            return (load, *_sought(LAYER, what, per_frame))
        case Over(what=what):
            return (amcp.play(LAYER, _producer(what, per_frame), _blend(what, per_frame)),)
        case Under(what=what):
            hidden = amcp.opacity(HIDDEN, 0), amcp.volume(HIDDEN, 0)  # first: it must not be heard
            return (*hidden, *_begun(HIDDEN, what, per_frame))
        case Lower():
            return (amcp.clear(HIDDEN),)
        case Swap():
            return (amcp.swap(LAYER, HIDDEN),)
        case _:
            return (_plain(order, per_frame),)


def _plain(  # noqa: PLR0911  # one return for each order
    order: Unload | Probe | Trim | Seek | Take | Lengthen | Pause | Resume, per_frame: int
) -> Command:
    match order:
        case Unload():
            return amcp.loadbg(LAYER, Empty())
        case Probe():
            return amcp.callbg(LAYER, "LENGTH")
        case Trim(frames=frames):
            return amcp.callbg(LAYER, "LENGTH", frames * per_frame)
        case Seek(frame=frame):
            return amcp.callbg(LAYER, "SEEK", frame * per_frame)
        case Take():
            return amcp.play(LAYER)
        case Lengthen(frames=frames):
            return amcp.call(LAYER, "LENGTH", frames * per_frame)
        case Pause():
            return amcp.pause(LAYER)
        case Resume():
            return amcp.resume(LAYER)
        case _:
            assert_never(order)


def name_of_live(cue: Cue) -> str:
    """What the engine will call a live cue; empty if it is none."""
    return cue.source.url if isinstance(cue.source, LiveSource) else ""


def _producer(what: Material, per_frame: int) -> Producer:
    if what.is_live:
        if what.name.startswith(_DECKLINK):
            return DeckLinkInput(device=int(what.name.removeprefix(_DECKLINK) or "1"))
        return Stream(url=what.name)
    if what.still:
        return Clip(name=what.name)
    return Clip(
        name=what.name,
        in_frame=0 if what.loop else what.in_frame * per_frame,
        loop=what.loop,
    )


def _begun(layer: int, what: Material, per_frame: int) -> tuple[Command, ...]:
    """It plays at once; a loop is sought before."""
    sought = _sought(layer, what, per_frame)
    if not sought:
        return (amcp.play(layer, _producer(what, per_frame)),)
    return (amcp.loadbg(layer, _producer(what, per_frame)), *sought, amcp.play(layer))


def _sought(layer: int, what: Material, per_frame: int) -> tuple[Command, ...]:
    """A loop begins inside its file, and goes round the whole of it: IN would cut it short."""
    if what.loop and what.in_frame:
        return (amcp.callbg(layer, "SEEK", what.in_frame * per_frame),)
    return ()


def _blend(what: Material, per_frame: int) -> amcp.Transition | None:
    kind = _BLENDS.get(what.blend)
    if kind is None or not what.blend_frames:
        return None
    return amcp.Transition(kind=kind, frames=what.blend_frames * per_frame)
