"""The vocabulary of change: actions, causes, holds, impacts, and the plan that orders them.

Actions are inert and complete: `--dry-run` prints the very values that `shell.apply` performs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reconciler.model.copies import CopyWanted
from reconciler.model.desired import Output
from reconciler.model.ids import AssetId, ChannelName, NodeName, OutputName, RecorderName
from reconciler.model.rundown import Remark, Rundown


class Cause(Enum):
    """Why an action is in a plan."""

    LINEUP_CHANGED = "the lineup changed"
    NEW_CHANNEL = "new in the lineup"
    NEW_NODE = "new in the inventory"
    NEW_RECORDER = "new among the recorders"
    LEFT_LINEUP = "no longer in the lineup"
    TAKEN_OFF_AIR = "on_air is false"
    OVERRIDDEN = "an operator's override"
    DRIFTED = "differs from the lineup"
    SIDECAR_DIED = "the sidecar died"
    SIDECAR_SILENT = "the sidecar does not answer"
    NODE_LOST = "its node is lost"
    NODE_DRAINING = "its node is in maintenance"
    DUPLICATE = "another sidecar sends this channel"
    ORPHAN = "no claim to this channel"
    SUCCESSOR_READY = "its successor is ready"
    READY = "it is ready to send"
    HORIZON = "the rundown's end comes near"
    LIVE_ACT = "an operator's live act"
    DUE = "it airs soon"
    CONTAINER = "CasparCG cannot begin inside its file"
    ASKED = "somebody asked for a new copy"
    UNUSED = "nothing needs it, and room is short"
    SPOOLED = "rows wait in the spool"
    FAULTY = "something is wrong"
    RECOVERED = "it is well again"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteChannel:
    """Write a channel's rows (channel, playlists, items) as this lineup has them."""

    channel: ChannelName
    digest: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveChannel:
    """Remove the rows of a channel that left the lineup; its as-run stays."""

    channel: ChannelName
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteNode:
    """Write a node's inventory row."""

    node: NodeName
    digest: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveNode:
    """Remove a node's inventory row."""

    node: NodeName
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecorder:
    """Write a recorder's row; its recording status is its own and stays."""

    recorder: RecorderName
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMedia:
    """Bring `asset` from `uri` to `node`, whole and verified, under the name `stored`.

    `asked_by` asked for a new copy by request `request`: it is brought although one is there, and
    takes its place in one step. What has the old one open plays on from it.
    """

    asset: AssetId
    node: NodeName
    uri: str
    stored: str
    size: int
    due: int  # seconds from the plan's snapshot until it airs; what airs next goes first
    channels: tuple[ChannelName, ...]
    cause: Cause
    asked_by: str = ""
    request: int = 0
    is_there: bool = False  # an older copy is, and plays on meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class RemuxMedia:
    """Copy a staged file's pictures and sound, untouched, into the MOV `stored` beside it."""

    asset: AssetId
    node: NodeName
    source: str
    stored: str
    size: int
    due: int  # as in `StageMedia`
    channels: tuple[ChannelName, ...]
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class EvictMedia:
    """Remove a staged file that nothing on air, next, scheduled, filler or slate needs."""

    node: NodeName
    stored: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDevice:
    """Take a device for a channel's output, or fail when anyone holds it."""

    channel: ChannelName
    output: OutputName
    node: NodeName
    device: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDevice:
    """Give a device back."""

    channel: ChannelName
    output: OutputName
    node: NodeName
    device: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnSidecar:
    """Start a sidecar for `channel` on `node`; it plays inside, and sends once it has the lease.

    `epoch` is taken in the same transaction that takes `devices`; at most one reconciler gets it.
    """

    channel: ChannelName
    node: NodeName
    epoch: int
    fingerprint: str
    devices: tuple[tuple[OutputName, int], ...]
    counts_as_restart: bool
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireSidecar:
    """Collect what is in its spool, then stop and remove one sidecar."""

    channel: ChannelName
    node: NodeName
    epoch: int
    handle: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptSidecar:
    """Take over one found running: its epoch becomes the one that counts."""

    channel: ChannelName
    node: NodeName
    epoch: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLease:
    """Let `epoch` send, and no other: written first, then told."""

    channel: ChannelName
    node: NodeName
    epoch: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Let `epoch` send from a frame on, before which `old_epoch` on `old_node` falls silent."""

    channel: ChannelName
    node: NodeName
    epoch: int
    old_node: NodeName
    old_epoch: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRundown:
    """Hand a sidecar its window of events."""

    channel: ChannelName
    node: NodeName
    epoch: int
    digest: str
    rundown: Rundown
    first_change: int | None  # frame of the first event that differs from what it holds
    cause: Cause
    source: str = ""  # lineup digest of the channel that it was compiled from
    held: Rundown | None = None  # what it holds now, where that was read; for reports


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOutput:
    """Start (or replace) an output of a running sidecar."""

    channel: ChannelName
    node: NodeName
    epoch: int
    output: Output
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveOutput:
    """End an output of a running sidecar."""

    channel: ChannelName
    node: NodeName
    epoch: int
    output: OutputName
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectAsRun:
    """Fetch waiting as-run rows, store them, then acknowledge them."""

    channel: ChannelName
    node: NodeName
    epoch: int
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlarm:
    """Tell people that something is wrong; `key` names the condition."""

    channel: ChannelName
    key: str
    text: str
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAlarm:
    """Tell people that a condition is over."""

    channel: ChannelName
    key: str
    cause: Cause


Staging = StageMedia | RemuxMedia

Action = (
    WriteChannel
    | RemoveChannel
    | WriteNode
    | RemoveNode
    | WriteRecorder
    | StageMedia
    | RemuxMedia
    | EvictMedia
    | ClaimDevice
    | ReleaseDevice
    | SpawnSidecar
    | RetireSidecar
    | AdoptSidecar
    | GrantLease
    | HandOver
    | LoadRundown
    | AddOutput
    | RemoveOutput
    | CollectAsRun
    | RaiseAlarm
    | ClearAlarm
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Something the plan will not do yet, and why.

    `until` is when it will (None: when someone acts, or something else has changed).
    """

    channel: ChannelName | None
    what: str  # e.g. `load rundown`, `spawn`, `restart`, `remove`
    because: str
    until: datetime | None = None
    allow: str = ""  # the flag or edit that would allow it


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What the audience of a channel would notice; `kind` is none, at or now.

    `text` is one of `none`, `at 21:00`, `starts at 12:00:32`, `starts now`, `changes now`,
    `output NAME changes now`, `interrupts now` (with `, for about a second` where a successor is
    ready), `goes off air`, or of `impact.hands_over`; times are the channel's own.
    """

    kind: str
    at: datetime | None = None
    text: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a node was chosen or not, for one channel."""

    node: NodeName
    chosen: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelNote:
    """What a plan says of one channel besides its actions."""

    channel: ChannelName
    impact: Impact
    timezone: str = "UTC"  # an IANA name; the channel's times are told in it
    placement: tuple[Verdict, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What someone allowed for this pass."""

    interrupt: frozenset[ChannelName] = frozenset()
    past_limits: bool = False
    only_channels: frozenset[ChannelName] | None = None  # None: all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An ordered answer. Equal lineup, snapshot and leave: an equal plan, byte for byte.

    Actions of one channel are in the order in which they must happen; what a later pass will do
    (start sending once a sidecar is ready, say) is not in this one.
    `digest` covers actions, holds and impacts by what they mean, not ages or instants of reading.
    """

    commit: str
    label: str
    actions: tuple[Action, ...]
    holds: tuple[Hold, ...]
    notes: Mapping[ChannelName, ChannelNote]
    digest: str
    on_air: int  # channels that the lineup wants on air
    interrupted: tuple[ChannelName, ...] = ()  # what the limits count
    warnings: tuple[str, ...] = ()
    taken_at: datetime | None = None  # of the snapshot; the digest leaves it out
    refused: str = ""  # why it may not be applied as it stands; empty: it may
    wanted: Mapping[NodeName, tuple[CopyWanted, ...]] = field(default_factory=dict)  # for screens

    @property
    def is_empty(self) -> bool:
        """Nothing to do (there may be holds)."""
        return not self.actions

    @property
    def is_routine(self) -> bool:
        """Nothing to do but fetch as-run rows, which a healthy cluster does all day."""
        return all(isinstance(action, CollectAsRun) for action in self.actions)
