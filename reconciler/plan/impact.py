"""What the audience of a channel would notice, in words; times are the channel's own."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from reconciler.model.desired import DesiredChannel, StreamOutput
from reconciler.plan.actions import Impact

NONE = Impact(kind="none")
CHANGES_SENDER = Impact(kind="none", text="changes sender, no frame missing")
STARTS_NOW = Impact(kind="now", text="starts now")
CHANGES_NOW = Impact(kind="now", text="changes now")
INTERRUPTS_NOW = Impact(kind="now", text="interrupts now")
GOES_OFF_AIR = Impact(kind="now", text="goes off air")

_JOINED = frozenset({"udp"})  # whose far end takes what comes, from whomever it comes
_KINDS = ("none", "at", "now")
_TEXTS = (
    CHANGES_SENDER.text,
    CHANGES_NOW.text,
    STARTS_NOW.text,
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


def hands_over(wanted: DesiredChannel, old_format: str) -> Impact:
    """Two senders change places at one frame: what follows it joins, where it needs no connection.

    A far end that is connected to (SRT, RTMP) is connected to anew; HLS and files begin anew on
    the disk of the new sender.
    """
    if old_format != wanted.format.name:
        return INTERRUPTS_NOW
    anew = [
        str(output.name)
        for output in wanted.outputs
        if not (isinstance(output, StreamOutput) and output.type in _JOINED)
    ]
    if not anew:
        return CHANGES_SENDER
    outputs = f"output {anew[0]} begins" if len(anew) == 1 else f"outputs {', '.join(anew)} begin"
    return Impact(kind="now", text=f"{outputs} anew now")


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
