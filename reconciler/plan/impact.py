"""What the audience of a channel would notice, in words; times are the channel's own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from reconciler.model.desired import DesiredChannel, StreamOutput
from reconciler.model.ids import NodeName
from reconciler.plan.actions import Impact

NONE = Impact(kind="none")
CHANGES_SENDER = Impact(kind="none", text="changes sender, no frame missing")
STARTS_NOW = Impact(kind="now", text="starts now")
CHANGES_NOW = Impact(kind="now", text="changes now")
INTERRUPTS_BRIEFLY = Impact(kind="now", text="interrupts now, for about a second")
INTERRUPTS_NOW = Impact(kind="now", text="interrupts now")
GOES_OFF_AIR = Impact(kind="now", text="goes off air")

# What each kind of output costs where two senders change places, measured: docs/measurements.md.
_CONNECTED = frozenset({"srt", "rtmp"})  # left, then connected to anew: two seconds to five
_ON_DISK = frozenset({"hls", "file"})  # of the node: on another one there is nothing of it yet
_KINDS = ("none", "at", "now")
_TEXTS = (
    CHANGES_SENDER.text,
    CHANGES_NOW.text,
    STARTS_NOW.text,
    INTERRUPTS_BRIEFLY.text,
    INTERRUPTS_NOW.text,
    GOES_OFF_AIR.text,
)


def stronger(one: Impact, other: Impact) -> Impact:
    """The one that an audience would notice more, or sooner."""
    return max(one, other, key=_strength)


def at(instant: datetime, now: datetime, timezone: str, *, starts: bool = False) -> Impact:
    """A change at `instant`."""
    word = "starts at" if starts else "at"
    return Impact(kind="at", at=instant, text=f"{word} {local(instant, now, timezone)}")


def output_changes(name: str) -> Impact:
    """One output begins anew, or ends, while the channel goes on."""
    return Impact(kind="now", text=f"output {name} changes now")


def hands_over(wanted: DesiredChannel, old_format: str, moves_to: NodeName | None) -> Impact:
    """Two senders change places at one frame: what follows it joins, where it needs no connection.

    A far end that is connected to (SRT, RTMP) is left and connected to anew, which takes seconds;
    one that calls us (an SRT listener) has to call the other node from then on. HLS and files lie
    on the disk of the sender's node: they begin anew on that of `moves_to`. On the same one a file
    goes on, and HLS lacks the segment that was not whole yet.
    """
    if old_format != wanted.format.name:
        return INTERRUPTS_NOW
    listening = _listening(wanted) if moves_to is not None else []
    connected = [name for name in _of(wanted, _CONNECTED) if name not in listening]
    parts = [_each(connected, "misses seconds", "miss seconds")]
    if moves_to is not None:
        parts.append(_each(listening, f"is called on {moves_to}", f"are called on {moves_to}"))
        anew = f"anew on {moves_to}"
        parts.append(_each(_of(wanted, _ON_DISK), f"begins {anew}", f"begin {anew}"))
    else:
        parts.append(_each(_of(wanted, {"hls"}), "misses a segment", "miss a segment"))
    told = "; ".join(part for part in parts if part)
    return Impact(kind="now", text=f"{told} now") if told else CHANGES_SENDER


def _of(wanted: DesiredChannel, types: Collection[str]) -> list[str]:
    outputs = [output for output in wanted.outputs if isinstance(output, StreamOutput)]
    return [str(output.name) for output in outputs if output.type in types]


def _listening(wanted: DesiredChannel) -> list[str]:
    outputs = [output for output in wanted.outputs if isinstance(output, StreamOutput)]
    return [str(output.name) for output in outputs if ("mode", "listener") in output.options]


def _each(names: list[str], one: str, several: str) -> str:
    if len(names) > 1:
        return f"outputs {', '.join(names)} {several}"
    return f"output {names[0]} {one}" if names else ""


def local(instant: datetime, now: datetime, timezone: str) -> str:
    """A time of day in `timezone`, with the date when it is not today's."""
    here, today = instant.astimezone(_zone(timezone)), now.astimezone(_zone(timezone)).date()
    clock = f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"
    return clock if here.date() == today else f"{here:%a %d %b} {clock}"


def _strength(impact: Impact) -> tuple[int, int, float]:
    text = _TEXTS.index(impact.text) if impact.text in _TEXTS else -1
    sooner = -impact.at.timestamp() if impact.at is not None else 0.0
    return (_KINDS.index(impact.kind), text, sooner)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
