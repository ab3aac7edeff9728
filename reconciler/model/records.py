"""What is written down: what went out, who did what, and what a pass saw and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.ids import ChannelName, NodeName


@dataclass(frozen=True, slots=True, kw_only=True)
class AsRunRow:
    """One thing that went out; (`spool`, `seq`) is unique for ever, so delivery is exactly once."""

    spool: str
    seq: int
    channel: ChannelName
    epoch: int
    event: str
    title: str
    asset: str
    playlist: str
    item: str
    kind: str  # programme, alternate, filler, slate, live, act
    started_at: datetime
    ended_at: datetime | None
    first_tick: int
    last_tick: int
    first_source_frame: int
    last_source_frame: int
    start_error_frames: int
    evidence: str  # output, engine, partial, none
    why: str  # end, skipped, cut, paused, failed, stopped, crash, missed, silent
    error: str = ""
    start_error_ms: int | None = None  # None: nothing began, or a sidecar that does not tell it


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the audit: who did what, why, and how it ended."""

    at: datetime
    who: str
    what: str
    channel: ChannelName | None
    node: NodeName | None
    cause: str
    outcome: str  # done, failed: …, held: …
    commit: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelObservation:
    """What a pass saw of a channel, for the older status columns."""

    channel: ChannelName
    status: str
    node: NodeName | None
    handle: str
    url: str
    error_message: str
    seen: bool  # a sidecar answered: moves `last_heartbeat_at`


@dataclass(frozen=True, slots=True, kw_only=True)
class PassSeen:
    """The last pass as kept."""

    at: datetime
    commit: str
    label: str
    plan_json: str
    outcome: str
