"""States from which a layer does not get out by itself, told by what is read back. Pure.

They are silent: the engine reports none of them. A file that it could not open keeps the picture
before it, a file that is cut off stands on its last frame, and AUTO waits for an end that never
comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.airing import recognise
from reconciler.sidecar.casparcg.state import Airing, Layer, Memory, Wanted
from reconciler.sidecar.engine_port import ClipSource, Cue, LiveSource

STANDS_FOR = Fraction(1)  # seconds without movement; a stall of a busy machine is caught up sooner
SHOWN_WITHIN = Fraction(1)  # seconds, beyond its transition, in which a new picture must move
LIVE_WITHIN = Fraction(4)  # seconds that a live input may take to come, or come back
DRAGS_FOR = 2  # spells of a clock that runs slow, as it does past the end of what a file holds
SHORT_BY = 3  # frames before a cue's end at which its file may stand without being called short


@dataclass(frozen=True, slots=True)
class Stuck:
    """What does not move, and why. `short`: its last picture stands before its time."""

    cue: Cue | None
    why: str
    short: bool = False


def find_stuck(  # noqa: PLR0911  # one return for each state
    wanted: Wanted, layer: Layer, memory: Memory
) -> Stuck | None:
    """Say what is stuck, if anything is."""
    airing = memory.airing
    if layer.paused or layer.is_empty:
        return None
    if memory.coming is not None:
        return _never_came(wanted, layer, memory)
    if airing is None or airing.cue is None or airing.name != layer.name:
        return None
    match airing.cue.source:
        case LiveSource():
            return _stands(wanted, layer, airing, LIVE_WITHIN)
        case ClipSource() if layer.is_at_end:
            return _is_short(wanted, layer, airing)
        case ClipSource() if airing.drags >= DRAGS_FOR:
            return Stuck(airing.cue, "its data end before its time", short=True)
        case ClipSource():
            return _stands(wanted, layer, airing, STANDS_FOR)
        case _:
            return None  # a picture that is meant to stand


def _never_came(wanted: Wanted, layer: Layer, memory: Memory) -> Stuck | None:
    coming = memory.coming
    assert coming is not None  # noqa: S101  # the caller has looked
    cue = recognise(layer, wanted.timeline, memory).cue
    blend = cue.transition_frames if cue is not None else 0
    live = cue is not None and isinstance(cue.source, LiveSource)
    within = wanted.frames(LIVE_WITHIN if live else SHOWN_WITHIN)
    if layer.tick - coming.since <= blend + within:
        return None
    return Stuck(cue, "the engine names it, but its picture never came")


def _stands(wanted: Wanted, layer: Layer, airing: Airing, within: Fraction) -> Stuck | None:
    stands = layer.tick - airing.changed_at
    if stands <= wanted.frames(within):
        return None
    return Stuck(airing.cue, f"its picture has stood still for {float(within):g} s")


def _is_short(wanted: Wanted, layer: Layer, airing: Airing) -> Stuck | None:
    ends = layer.ends_at
    due_end = wanted.timeline.end_of(airing.cue)
    if ends is None or not wanted.timeline.has(airing.cue):
        return None
    if due_end is not None and layer.tick >= due_end - SHORT_BY:
        return None
    total = wanted.lengths.get(names.path_of(airing.cue, wanted.slate), layer.total)
    asked = layer.in_frame + layer.length
    if total is not None and asked < total:
        return None  # not the file is over, but the part that was asked for: a cut goes on with it
    if (
        total is not None
        and due_end is not None
        and _lasts(airing.cue, due_end) <= total + SHORT_BY
    ):
        return None  # it is as long as its cue: the channel ran ahead, having caught up a stall
    return Stuck(airing.cue, "the clip ends before its time", short=True)


def _lasts(cue: Cue | None, end: int) -> int:
    """How long its file must be for it to play until `end`."""
    source = cue.source if cue is not None else None
    assert isinstance(source, ClipSource)  # noqa: S101  # the caller has looked
    assert cue is not None  # noqa: S101  # it has a source
    return source.in_frame + end - cue.start
