"""One reading of the cluster, able to hold any mess that is really there.

Unread is not empty: a node that did not answer has no `sidecars` that may be called absent, and a
sidecar that did not answer has no `answer`. Ages are as of `Snapshot.taken_at`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction

from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, ChannelName, EventId, NodeName, OutputName, RecorderName
from reconciler.model.media import AssetFact, StagedSeen, TransferSeen
from reconciler.model.rundown import Play, Rundown


class Health(Enum):
    """What a node last told us about itself."""

    ANSWERING = "answering"
    UNREAD = "unread"  # silent, for less than the policy's limit
    LOST = "lost"  # silent for longer


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSeen:
    """One node. `staged` is None while unread; `devices` None means that it cannot tell."""

    name: NodeName
    health: Health
    silent_for: timedelta = timedelta(0)
    why: str = ""  # what the last attempt met, when not answering
    staged: Mapping[str, StagedSeen] | None = None  # by stored file name
    transfers: tuple[TransferSeen, ...] = ()  # what is under way to it; sorted by name
    free_bytes: int | None = None
    cores: Fraction | None = None
    devices: frozenset[int] | None = None


class Life(Enum):
    """What a sidecar's process or container is doing."""

    RUNNING = "running"
    DEAD = "dead"  # it is there and does not run: its remains can be read and must be removed


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAirSeen:
    """What an engine was read back as showing."""

    event: EventId
    title: str
    start: int  # frame of the event's start
    frames: int
    source_frame: int
    moving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSeen:
    """One output as the engine reports it; `state` is opening, waiting, sending, silent or down.

    `waiting` is a listener that nobody has called yet, which is no fault.
    """

    name: OutputName
    digest: str  # of its wanted settings
    state: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarAnswer:
    """What a sidecar said of itself."""

    tick: int  # the engine's frame when it answered
    engine: str  # starting, running, restarting
    ready: bool  # engine up, rundown loaded, first cue ready: could send at once
    sending: bool
    on_air: OnAirSeen | None  # None: slate, or nothing read back yet
    transport: str  # playing, paused, holding, stopped, list
    rundown_digest: str  # as last loaded; empty when none
    rundown_commit: str
    rundown_until: int  # last frame that it covers
    acts_seq: int  # newest live act taken
    outputs: tuple[OutputSeen, ...]
    asrun_waiting: int  # rows in its spool that nobody acknowledged
    lease_epoch: int  # highest epoch it was told of
    lease_left: timedelta | None  # None: without limit, or none at all (see `sending`)
    faults: tuple[str, ...] = ()  # what is wrong, in words for an operator
    late_frames: int = 0
    dropped_frames: int = 0
    engine_restarts: int = 0
    clock_ms: int = 0  # its own steady clock as it answered: a later grant counts from here
    format: str = ""
    seams: bool = False  # its engine ends before, and begins with, a frame that is agreed on
    hush: int = 0  # silent until this one is lifted, though it may have the right to send
    sent_until: int | None = None  # the seam before which it fell silent, where one was agreed on
    keeps_from: int | None = None  # the seam from which on it keeps what it shows, to send it first


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSeen:
    """One sidecar found by its label, whoever started it. `answer` None: it did not answer."""

    channel: ChannelName
    node: NodeName
    epoch: int
    fingerprint: str
    commit: str
    handle: str  # container id, or process folder: what retiring it needs
    url: str
    life: Life
    started_at: datetime
    answer: SidecarAnswer | None = None
    silent_for: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """What the database holds of a channel; its rows were written from lineup `digest`."""

    channel: ChannelName
    digest: str
    status: str  # stopped, starting, running, error
    node: NodeName | None = None
    epoch: int = 0  # the highest ever given out
    sending_epoch: int = 0  # who may send; 0: nobody
    restart_count: int = 0
    recent_restarts: int = 0  # within the last hour
    last_restart_at: datetime | None = None
    error_message: str = ""
    rundown_digest: str = ""
    rundown_until: int = 0
    rundown_inputs: str = ""  # digest of the lineup and media that it was compiled from
    lease_expires_at: datetime | None = None  # by the database's clock; None: without limit
    rundown_acts_seq: int | None = None  # newest live act in the rundown kept last; None: not told


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSeen:
    """One device held: by a channel's output or by a recorder."""

    node: NodeName
    device: int
    owner_kind: str  # channel, recorder
    owner: str
    output: OutputName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSeen:
    """A recorder's row of the older tables."""

    name: RecorderName
    node: NodeName
    device: int
    recording: bool
    sdi: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSeen:
    """An operator's act that outlives a moment: keep a channel off, or on a node."""

    id: int
    channel: ChannelName
    kind: str  # off, node
    value: str
    owner: str
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSeen:
    """An alarm that is raised now."""

    channel: ChannelName
    key: str
    text: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RestageSeen:
    """Somebody asked for a new copy of an asset on a node; open until it is there."""

    id: int
    asset: AssetId
    node: NodeName
    who: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSeen:
    """All rows that decide something. Mappings are keyed by name."""

    channels: Mapping[ChannelName, ChannelRow] = field(default_factory=dict)
    nodes: Mapping[NodeName, str] = field(default_factory=dict)  # digest of the row
    recorders: Mapping[RecorderName, RecorderSeen] = field(default_factory=dict)
    claims: tuple[ClaimSeen, ...] = ()
    overrides: tuple[OverrideSeen, ...] = ()
    alarms: tuple[AlarmSeen, ...] = ()
    restages: tuple[RestageSeen, ...] = ()  # oldest first
    findings: Mapping[str, Findings] = field(default_factory=dict)  # by stored name
    stored_names: Mapping[AssetId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One reading of everything, at one instant.

    `held` is what sidecars were read to hold, at least for channels compiled in this pass: it makes
    the impact of an edit exact. `needed` is what each channel's rundown still plays, by stored file
    name; while a channel is missing from it, nothing is evicted where that channel runs.
    `last_used` is when a rundown last played each file of a node; nothing is evicted on a node that
    is missing from it. `plays` is, of a channel that was not compiled and lacks files on a node
    where it runs, where its kept rundown still plays those within the stage horizon.
    """

    taken_at: datetime
    nodes: Mapping[NodeName, NodeSeen]
    sidecars: tuple[SidecarSeen, ...]  # sorted by channel, node, epoch
    database: DatabaseSeen
    catalogue: Mapping[AssetId, AssetFact]
    held: Mapping[ChannelName, Rundown] = field(default_factory=dict)
    needed: Mapping[ChannelName, Mapping[str, int]] = field(default_factory=dict)
    plays: Mapping[ChannelName, tuple[Play, ...]] = field(default_factory=dict)
    last_used: Mapping[NodeName, Mapping[str, datetime]] = field(default_factory=dict)
