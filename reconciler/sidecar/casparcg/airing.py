"""What is on air, by what the engine is seen doing: a name of ours, a producer, moving time.

From one reading to the next it tells which cue began, which ended and why. A name alone proves
nothing: the engine names a file that it cannot open as readily as one that it plays. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.orders import name_of_live
from reconciler.sidecar.casparcg.state import NAMES_KNOWN, Airing, Coming, Layer, Memory
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    Ended,
    Evidence,
    FreezeSource,
    LiveSource,
)

NEAR = 12  # frames within which a file found playing is taken for the cue that should be on
EARLY = 2  # frames before its end from which on a cue that leaves has ended, not been cut
LAG_MOST = 4
PACE_OVER = 20  # ticks over which a position is compared with them
PACE = 0.75  # of a frame in a tick; past the end of its data a file's clock runs at half speed
_MOVES = frozenset({"ffmpeg", "transition"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whether what the foreground bears is of our making, and the cue that it is for."""

    ours: bool
    cue: Cue | None = None


def recognise(layer: Layer, timeline: Timeline, memory: Memory) -> Recognised:
    """Tell which cue the foreground is for, by its name, or by its file and position."""
    name = layer.name
    if not name:
        return Recognised(ours=False)
    if name in memory.known:
        return Recognised(ours=True, cue=memory.known[name])
    if names.is_slate(name):
        return Recognised(ours=True)
    for cue in timeline.cues:
        if names.is_of(name, cue) or name_of_live(cue) == name:
            return Recognised(ours=True, cue=cue)
    due = timeline.covering(layer.tick)
    if due is not None and _is_near(layer, due):
        return Recognised(ours=True, cue=due)
    return Recognised(ours=False)


def observe(
    layer: Layer, timeline: Timeline, memory: Memory
) -> tuple[Memory, tuple[Evidence, ...]]:
    """Bring the memory up to a reading; tell what began and ended with it."""
    memory = _laid(layer, memory)
    if memory.spent:
        if memory.spent == layer.name:
            return memory, ()
        memory = replace(memory, spent="")
    memory = _moved_up(layer, memory)
    found = recognise(layer, timeline, memory)
    cue = _held(layer, timeline, memory) or found.cue
    if found.ours:
        memory = replace(memory, known=_with(memory.known, layer.name, found.cue))
    airing = memory.airing
    is_same = airing is not None and (
        airing.name == layer.name or (cue is not None and names.same_showing(airing.cue, cue))
    )
    if found.ours and airing is not None and is_same and names.same_showing(airing.cue, cue):
        return _go_on(layer, timeline, memory, airing), ()
    if not found.ours:
        return _lost_sight(layer, memory)
    return _come(layer, timeline, memory, cue)


def position(cue: Cue | None, layer: Layer) -> int:
    """Where in its source a cue is, as the reading shows it."""
    if cue is not None and isinstance(cue.source, ClipSource) and layer.frame is not None:
        return layer.frame
    return layer.tick - cue.start if cue is not None else 0


def why_left(airing: Airing, at: int) -> str:
    """Why what was on air has left it at frame `at`."""
    return "end" if airing.end is not None and at >= airing.end - EARLY else "replaced"


def ended(airing: Airing, last: int, why: str, error: str = "") -> tuple[Evidence, ...]:
    """What is told when `airing` was shown up to tick `last`; nothing for a slate of our own."""
    cue = airing.cue
    if cue is None:
        return ()
    last = max(last, airing.first_tick)
    clip = isinstance(cue.source, ClipSource)
    more = min(last - airing.tick, 2) if airing.moving or not clip else 0
    least = -1 if isinstance(cue.source, ClipSource) and cue.source.loop else airing.first_source
    return (
        Ended(
            key=cue.key,
            first_tick=airing.first_tick,
            last_tick=last,
            first_source_frame=airing.first_source,
            last_source_frame=max(least, airing.source + more),
            why=why,
            error=error,
        ),
    )


def _is_near(layer: Layer, due: Cue) -> bool:
    source = due.source
    if not isinstance(source, ClipSource) or layer.frame is None:
        return False
    where = source.in_frame + layer.tick - due.start
    return names.shows(layer.name, source.path) and abs(layer.frame - where) <= NEAR


def _held(layer: Layer, timeline: Timeline, memory: Memory) -> Cue | None:
    """The freeze that the picture stands for, if it was told to stand."""
    if not layer.paused:
        return None
    airing = memory.airing
    due = timeline.covering(layer.tick)
    if due is not None and isinstance(due.source, FreezeSource):
        return due
    if airing is not None and airing.cue is not None and airing.name == layer.name:
        return airing.cue if isinstance(airing.cue.source, FreezeSource) else None
    return None


def _with(known: Mapping[str, Cue | None], name: str, cue: Cue | None) -> Mapping[str, Cue | None]:
    if name in known and known[name] is cue:
        return known
    more = {**known, name: cue}
    return dict(tuple(more.items())[-NAMES_KNOWN:])


def _laid(layer: Layer, memory: Memory) -> Memory:
    """Note where the engine's count lies on the ticks; what swings is not to be corrected by."""
    where = layer.tick - layer.count
    return memory if memory.grid[0] == where else replace(memory, grid=(where, layer.tick))


def _moved_up(layer: Layer, memory: Memory) -> Memory:
    """The background is no longer there once the foreground bears its name."""
    back = memory.back
    if back is None or back.what.name != layer.name or layer.back_name == layer.name:
        return memory
    if back.what.is_live and back.taken_at is None and not back.auto:
        return memory  # the same address may be on air already
    lag = memory.lag
    if back.taken_at is not None and back.timed:
        lag = min(LAG_MOST, max(1, layer.tick - back.taken_at))
    known = _with(memory.known, layer.name, back.cue)
    return replace(memory, back=None, lag=lag, known=known)


def _go_on(layer: Layer, timeline: Timeline, memory: Memory, airing: Airing) -> Memory:
    source = position(airing.cue, layer)
    moved = layer.frame is None or layer.frame != airing.frame
    still = layer.producer not in _MOVES or layer.paused
    end = timeline.end_of(airing.cue) if timeline.has(airing.cue) else airing.end
    mark, drags = _pace(layer, airing, source)
    airing = replace(
        airing,
        mark=mark,
        drags=drags,
        name=layer.name,
        tick=layer.tick,
        source=source,
        frame=layer.frame,
        end=end,
        moving=moved and not still,
        changed_at=layer.tick if moved or still else airing.changed_at,
        left=None,
    )
    return replace(memory, airing=airing, coming=None)


def _pace(layer: Layer, airing: Airing, source: int) -> tuple[tuple[int, int], int]:
    """Compare the position with the engine's own ticks, so that a slow channel drags nothing."""
    count, before = airing.mark
    passed, moved = layer.count - count, source - before
    if airing.name != layer.name or layer.paused or passed > 2 * PACE_OVER or moved < 0:
        return (layer.count, source), 0
    if passed < PACE_OVER:
        return airing.mark, airing.drags
    return (layer.count, source), airing.drags + 1 if 0 < moved < PACE * passed else 0


def _lost_sight(layer: Layer, memory: Memory) -> tuple[Memory, tuple[Evidence, ...]]:
    """Nothing of ours is shown."""
    airing = memory.airing
    told = _over(airing, layer.tick) if airing else ()
    return replace(memory, airing=None, coming=None), told


def _over(airing: Airing, at: int) -> tuple[Evidence, ...]:
    """What was on air is not from `at` on; if another was named sooner, it only stood since."""
    until = at if airing.left is None else min(at, airing.left)
    return ended(airing, until - 1, why_left(airing, until))


def _come(
    layer: Layer, timeline: Timeline, memory: Memory, cue: Cue | None
) -> tuple[Memory, tuple[Evidence, ...]]:
    """Something else than before is named; it is on air once its picture is seen to move."""
    coming = memory.coming
    same_name = memory.airing is not None and memory.airing.name == layer.name
    if coming is None or coming.name != layer.name:
        adopted = not memory.has_read
        coming = Coming(
            name=layer.name,
            since=layer.tick,
            frame=layer.frame,
            stood=layer.tick,
            adopted=adopted,
        )
    elif layer.frame is None or layer.frame == (coming.frame or 0):
        coming = replace(coming, stood=layer.tick)
    if memory.airing is not None and memory.airing.left is None and not same_name:
        memory = replace(memory, airing=replace(memory.airing, left=layer.tick))
    first = _goes_over(layer, cue) if same_name else _begun_at(layer, coming, cue)
    if first is None:
        return replace(memory, coming=coming), ()
    return _begin(layer, timeline, replace(memory, coming=None), (cue, first))


def _begin(
    layer: Layer, timeline: Timeline, memory: Memory, what: tuple[Cue | None, int]
) -> tuple[Memory, tuple[Evidence, ...]]:
    cue, first = what
    before = memory.airing
    told: tuple[Evidence, ...] = ()
    if before is not None:
        told = _over(before, first)
    source = position(cue, layer)
    first_source = source - (layer.tick - first)
    if isinstance(cue.source if cue is not None else None, ClipSource) and not layer.loop:
        first_source = max(first_source, min(layer.in_frame, source))
    late = memory.late
    if cue is not None:
        error = first - cue.start
        told = (
            *told,
            Began(
                key=cue.key,
                tick=first,
                source_frame=first_source,
                start_error_frames=error,
                offset_ms=layer.offset_ms,
            ),
        )
        late += 1 if error > 1 and before is not None else 0
    airing = Airing(
        cue=cue,
        name=layer.name,
        first_tick=first,
        first_source=first_source,
        tick=layer.tick,
        source=source,
        frame=layer.frame,
        end=timeline.end_of(cue),
        moving=layer.producer in _MOVES and not layer.paused,
        changed_at=layer.tick,
        mark=(layer.count, source),
    )
    return replace(memory, airing=airing, off_since=None, late=late), told


def _goes_over(layer: Layer, cue: Cue | None) -> int:
    """Since when a picture that simply goes on is another cue's: a live one's from its start."""
    if cue is not None and isinstance(cue.source, LiveSource):
        return min(layer.tick, max(cue.start, layer.tick - 1))
    return layer.tick


def _begun_at(layer: Layer, coming: Coming, cue: Cue | None) -> int | None:
    """The tick since which the picture is on air; None: no picture was seen to move yet."""
    if layer.is_empty:
        return None
    if layer.producer not in _MOVES:
        return coming.since  # a picture that stands: it has no position that could move
    live = cue is not None and isinstance(cue.source, LiveSource)
    if layer.frame is None or not layer.is_clip or live or layer.loop:
        moved = layer.frame is not None and layer.frame != (coming.frame or 0)
        return coming.stood if moved else None
    played = layer.frame - layer.in_frame
    if played <= 0:
        return None
    if coming.adopted:
        return layer.tick - _played_of(layer, cue)
    return max(coming.stood, layer.tick - played)


def _played_of(layer: Layer, cue: Cue | None) -> int:
    """For how long a picture found playing has been `cue`'s: not from its file's, after a hold."""
    assert layer.frame is not None  # noqa: S101  # the caller has looked
    source = cue.source if cue is not None else None
    begin = source.in_frame if isinstance(source, ClipSource) else layer.in_frame
    return max(0, layer.frame - max(begin, layer.in_frame))
