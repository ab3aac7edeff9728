"""As-run rows made from what they are about: a showing, an act, or a key nobody knows. Pure."""

from __future__ import annotations

from fractions import Fraction

from reconciler.model.rundown import Act, Clip, EventKind, Live, SlatePicture
from reconciler.model.video import FrameClock
from reconciler.rundown.timeline import PART
from reconciler.sidecar.asrun import SpoolRow
from reconciler.sidecar.engine_port import EngineSeen
from reconciler.sidecar.showing import Showing


def in_ms(frames: int, rate: Fraction, offset_ms: float = 0.0) -> int:
    """How far from its time something began `frames` off, by ticks that lie `offset_ms` late."""
    return round(frames * 1000 / rate + Fraction(offset_ms))


def blank(showing: Showing) -> SpoolRow:
    """A row of `showing` with nothing in it of what really happened."""
    event = showing.event
    clock_zero = FrameClock(Fraction(1)).instant(0)
    return SpoolRow(
        event=event.id.partition(PART)[0],
        title="pause" if showing.frozen else event.title,
        asset=_asset(showing),
        playlist=event.playlist,
        item=event.item,
        kind=kind_of(showing),
        started_at=clock_zero,
        ended_at=None,
        first_tick=showing.start,
        last_tick=showing.start,
        first_source_frame=0,
        last_source_frame=0,
        start_error_frames=0,
        evidence="none",
        why="",
        error=event.instead,
    )


def kind_of(showing: Showing) -> str:
    """What a showing is to the as-run; a frozen picture is an act."""
    if showing.frozen:
        return "act"
    if showing.event.instead:
        return "alternate"
    if isinstance(showing.event.material, Live):
        return "live"
    if isinstance(showing.event.material, SlatePicture):
        return EventKind.SLATE.value
    return showing.event.kind.value


def _asset(showing: Showing) -> str:
    match showing.event.material:
        case Clip(asset=asset):
            return asset
        case Live(name=name):
            return name
        case _:
            return ""


def unknown(key: str) -> SpoolRow:
    """A row of something that the engine showed and we did not ask for, or no longer know."""
    return SpoolRow(
        event=key,
        title=key,
        asset="",
        playlist="",
        item="",
        kind=EventKind.PROGRAMME.value,
        started_at=FrameClock(Fraction(1)).instant(0),
        ended_at=None,
        first_tick=0,
        last_tick=0,
        first_source_frame=0,
        last_source_frame=0,
        start_error_frames=0,
        evidence="engine",
        why="",
    )


def act_row(
    name: str, act: Act, showing: Showing | None, *, clock: FrameClock, seen: EngineSeen | None
) -> SpoolRow:
    """A row of a live act; `showing` is what it made due, `seen` the reading that showed it."""
    instant = clock.instant(act.at)
    on_air = seen.on_air if seen is not None else None
    later = max(0, on_air.since - act.at) if on_air is not None else 0
    offset_ms = seen.offset_ms if seen is not None else 0.0
    event = showing.event if showing is not None else None
    return SpoolRow(
        event=event.id if event is not None else "",
        title=name,
        asset="",
        playlist=event.playlist if event is not None else "",
        item=event.item if event is not None else "",
        kind="act",
        started_at=instant,
        ended_at=instant,
        first_tick=act.at,
        last_tick=act.at,
        first_source_frame=0,
        last_source_frame=0,
        start_error_frames=later,
        start_error_ms=None if seen is None else in_ms(later, clock.rate, offset_ms),
        evidence="none" if seen is None else "engine",
        why="end",
        error="not read back in time" if seen is None else "",
    )
