"""One channel as a screen shows it: a sidecar's status turned into plain JSON. Pure.

Instants are milliseconds since the Unix epoch, exact to the frame that they stand for, so that a
page counts down on the channel's own grid against the server's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import dropwhile, islice

from reconciler.model.observed import OnAirSeen, SidecarAnswer, SidecarSeen
from reconciler.model.rundown import Clip, Event, EventKind, Live, Rundown
from reconciler.model.video import FrameClock
from reconciler.web.deps import ChannelFacts
from reconciler.web.tally import judge, possible_acts

Json = Mapping[str, object]
_NONE: Json = {}
_FROZEN = "act"  # the kind under which a sidecar shows a picture that an operator froze


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The newest look at one channel. `seen.answer` and `raw` are what it said at `read_at`."""

    facts: ChannelFacts
    seen: SidecarSeen | None = None
    raw: Json = field(default_factory=dict)
    still: bool = False  # the event's picture is one that need not move
    read_at: datetime | None = None
    error: str = ""


def show(reading: Reading) -> dict[str, object]:
    """Turn a reading into what a page draws; rights and ages depend on who asks, and when."""
    facts, seen = reading.facts, reading.seen
    answer = seen.answer if seen else None
    tally = judge(wanted=facts.on_air, seen=seen, error=reading.error, still=reading.still)
    return {
        "name": facts.name,
        "title": facts.title,
        "project": facts.project,
        "format": facts.format.name,
        "rate": [facts.format.rate.numerator, facts.format.rate.denominator],
        "timezone": facts.timezone,
        "wanted": facts.on_air,
        "tally": {"colour": tally.colour, "word": tally.word, "why": tally.why},
        "preview": facts.preview and seen is not None,
        "node": seen.node if seen else None,
        "epoch": seen.epoch if seen else None,
        "read_ms": millis(reading.read_at) if reading.read_at else None,
        "error": reading.error,
        **(_live(facts, answer, reading.raw) if answer else _unread(facts)),
    }


def _unread(facts: ChannelFacts) -> dict[str, object]:
    return {
        "on_air": None,
        "next": None,
        "transport": None,
        "level_db": None,
        "outputs": [
            {"name": name, "type": kind, "address": address, "state": "unread", "error": ""}
            for name, kind, address in facts.outputs
        ],
        "faults": [],
        "acts": [],
        "late": 0,
        "dropped": 0,
        "restarts": 0,
    }


def _live(facts: ChannelFacts, answer: SidecarAnswer, raw: Json) -> dict[str, object]:
    written = {name: (kind, address) for name, kind, address in facts.outputs}
    clock = facts.format.clock
    return {
        "on_air": _on_air(clock, answer, answer.on_air, _part(raw, "on_air")),
        "next": _next(clock, _part(raw, "next")),
        "transport": answer.transport,
        "level_db": _levels(raw.get("level_db")),
        "outputs": [
            {
                "name": output.name,
                "type": written.get(output.name, ("", ""))[0],
                "address": written.get(output.name, ("", ""))[1],
                "state": output.state,
                "error": output.error,
            }
            for output in answer.outputs
        ],
        "faults": list(answer.faults),
        "acts": list(possible_acts(answer)),
        "late": answer.late_frames,
        "dropped": answer.dropped_frames,
        "restarts": answer.engine_restarts,
    }


def _part(raw: Json, name: str) -> Json:
    part = raw.get(name)
    return part if isinstance(part, Mapping) else _NONE


def _on_air(
    clock: FrameClock, answer: SidecarAnswer, on_air: OnAirSeen | None, raw: Json
) -> dict[str, object] | None:
    if on_air is None:
        return None
    kind = str(raw.get("kind") or EventKind.PROGRAMME.value)
    return {
        "event": on_air.event,
        "title": on_air.title or str(raw.get("item") or kind),
        "kind": kind,
        "playlist": str(raw.get("playlist") or ""),
        "start_ms": millis(clock.instant(on_air.start)),
        "end_ms": millis(clock.instant(on_air.start + on_air.frames)),
        "frames": on_air.frames,
        "position": max(0, min(answer.tick - on_air.start, on_air.frames)),
        "running": kind != _FROZEN,
    }


def _next(clock: FrameClock, raw: Json) -> dict[str, object] | None:
    start = raw.get("start")
    if not isinstance(start, int):
        return None
    kind = str(raw.get("kind") or EventKind.PROGRAMME.value)
    return {
        "title": str(raw.get("title") or raw.get("item") or kind),
        "kind": kind,
        "start_ms": millis(clock.instant(start)),
    }


def _levels(value: object) -> list[float] | None:
    """`level_db`: dBFS of each sound channel."""
    if not isinstance(value, list) or not value:
        return None
    return [round(float(level), 1) for level in value if isinstance(level, int | float)]


def is_still(rundown: Rundown | None, on_air: OnAirSeen) -> bool:
    """Whether the event on air has a picture that need not move: a still, or the slate."""
    events = rundown.events if rundown else ()
    event = next((one for one in events if one.id == on_air.event), None)
    if event is None or isinstance(event.material, Live):
        return False
    return not isinstance(event.material, Clip) or event.material.material is None


def coming(rundown: Rundown, frame: int, limit: int) -> list[dict[str, object]]:
    """List the event at `frame` and those after it, at most `limit`, in order."""
    clock = FrameClock(rundown.rate)
    rest = dropwhile(lambda event: event.end <= frame, rundown.events)
    return [_event(event, clock) for event in islice(rest, limit)]


def _event(event: Event, clock: FrameClock) -> dict[str, object]:
    return {
        "event": event.id,
        "title": event.title or event.item or event.kind.value,
        "kind": event.kind.value,
        "start_type": event.start_type.value,
        "start_ms": millis(clock.instant(event.start)),
        "end_ms": millis(clock.instant(event.end)),
        "frames": event.frames,
        "playlist": event.playlist,
        "item": event.item,
        "asset": _asset(event),
        "cut_frames": event.cut_frames,
    }


def _asset(event: Event) -> str:
    match event.material:
        case Clip():
            return str(event.material.asset)
        case Live():
            return f"live {event.material.name}"
        case _:
            return ""


def millis(instant: datetime) -> int:
    """Milliseconds since the Unix epoch, rounded down."""
    return int((instant - _EPOCH).total_seconds() * 1000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
