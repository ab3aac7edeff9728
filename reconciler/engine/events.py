"""What the engine says: typed, one JSON object per line."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import ClassVar


class _Said:
    seen: ClassVar[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the start-up probe found: usable cores, and their speed against the reference."""

    cores: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(_Said):
    """The channel is configured and ticking."""

    seen: ClassVar[str] = "ready"
    machine: Machine
    preset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAirSeen:
    """The cue whose picture is leaving the engine. `since` is a tick."""

    key: str
    start: int
    source_frame: int
    moving: bool
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CuedSeen:
    """One opened source: `opening`, `ready` or `failed`."""

    key: str
    state: str
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSeen:
    """One output: `opening`, `waiting`, `sending`, `silent` or `down`. `since` is an instant."""

    name: str
    state: str
    bytes: int
    since: str
    error: str | None
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(_Said):
    """Everything that can be read off the channel at `tick`."""

    seen: ClassVar[str] = "status"
    tick: int
    wall: str
    offset_ms: float
    serial: int
    sending: bool
    sending_since: int | None  # the first tick that left since the gate was opened
    sent_until: int | None  # the tick before which the gate shut, where that was agreed on
    keeps_from: (
        int | None
    )  # with the gate shut: from this tick on, what is shown is kept to be sent
    quiet: bool  # nothing leaves, and nothing is on its way out
    gate: int  # number of the newest order to the gate that was carried out
    on_air: OnAirSeen | None
    cued: tuple[CuedSeen, ...]
    outputs: tuple[OutputSeen, ...]
    late: int
    dropped: int
    level_db: tuple[float, float]
    preset: str
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CueBegan(_Said):
    """A cue came on air."""

    seen: ClassVar[str] = "began"
    key: str
    tick: int
    wall: str
    source_frame: int
    start_error_frames: int
    offset_ms: float  # how much later than its frame a tick begins, on the wall's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CueEnded(_Said):
    """A cue left the air; `wall` is when `last_tick` was over."""

    seen: ClassVar[str] = "ended"
    key: str
    first_tick: int
    last_tick: int
    first_source_frame: int
    last_source_frame: int
    held_frames: int
    wall: str
    why: str
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CueFailed(_Said):
    """A cue cannot be played; told as soon as it is known."""

    seen: ClassVar[str] = "failed"
    key: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(_Said):
    """A line that is not a command; nothing was done."""

    seen: ClassVar[str] = "refused"
    why: str
    line: str


Said = Ready | Status | CueBegan | CueEnded | CueFailed | Refused


def to_line(said: Said) -> bytes:
    """One line of JSON, newline included."""
    value = {"seen": said.seen} | _plain_fields(said)
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _plain_fields(said: object) -> dict[str, object]:
    return {f.name: _plain(getattr(said, f.name)) for f in fields(said)}  # type: ignore[arg-type]  # all are dataclasses


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return _plain_fields(value)
