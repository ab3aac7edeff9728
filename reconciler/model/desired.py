"""The lineup resolved: defaults filled, references checked, secrets wrapped.

Everything here comes from one commit. Nonsense is unwritable: a channel's playlists exist, its
devices are named by the inventory, its spans are valid at its rate.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import Enum
from fractions import Fraction

from reconciler.model.copies import MediaRoom
from reconciler.model.ids import (
    AssetId,
    ChannelName,
    NodeName,
    OutputName,
    PlaylistName,
    RecorderName,
)
from reconciler.model.sources import DesiredAsset, LiveSource, MediaSource
from reconciler.model.spans import Span
from reconciler.model.text import Text
from reconciler.model.video import VideoFormat


class StartType(Enum):
    """How an event begins: hard cuts, soft waits for a boundary in its window, follow queues."""

    HARD = "hard"
    SOFT = "soft"
    FOLLOW = "follow"


class TransitionType(Enum):
    """What the join into an event looks like."""

    CUT = "cut"
    MIX = "mix"
    WIPE = "wipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredTransition:
    """A join, of a length that the channel's rate will turn into frames."""

    type: TransitionType
    duration: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetItem:
    """An asset with in and out points (positions in the file, out exclusive; None: its ends).

    `at` is a time of day in the channel's zone on the day that the playlist began (or the next
    such time after it began, where that is earlier); None: follows the item before. `alternate` is
    played, from its beginning, where the asset cannot be.
    """

    id: str
    asset: AssetId
    title: str = ""
    in_point: Span | None = None
    out_point: Span | None = None
    transition: DesiredTransition | None = None
    at: time | None = None
    start: StartType = StartType.FOLLOW
    alternate: AssetId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakItem:
    """Items that belong together, such as a commercial break; their ids are `ID/1`, `ID/2`, … ."""

    id: str
    items: tuple[AssetItem, ...]
    title: str = ""
    at: time | None = None
    start: StartType = StartType.FOLLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveItem:
    """A live source, by its name in `Desired.live`, for a declared time."""

    id: str
    live: str
    duration: Span
    title: str = ""
    transition: DesiredTransition | None = None
    at: time | None = None
    start: StartType = StartType.FOLLOW


Item = AssetItem | BreakItem | LiveItem


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredPlaylist:
    """An ordered list of items; ids are unique in it."""

    name: PlaylistName
    title: str
    items: tuple[Item, ...]
    digest: str  # of its resolved content


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One line of a channel's schedule; later layers lie on top of earlier ones.

    `at` None with `loop` is the base that fills the day. `days` counts Monday as 0 and is empty
    for every day; `dates` is empty for no restriction. `early`/`late` bound a soft start's window.
    `until` (a span from the start) ends a loop, or trims a playlist.
    """

    playlist: PlaylistName
    loop: bool = False
    at: time | None = None
    days: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()
    start: StartType = StartType.HARD
    early: timedelta = timedelta(0)
    late: timedelta = timedelta(0)
    until: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filler:
    """What closes a gap; `max_repeat` is how soon the same item may come again (None: at once)."""

    playlist: PlaylistName
    max_repeat: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOutput:
    """An output that leaves by network or file; options are as the engine protocol names them.

    `type` is one of udp, srt, rtmp, file, hls. Multicast is a udp address.
    """

    name: OutputName
    type: str
    url: Text
    options: tuple[tuple[str, str], ...] = ()  # sorted by key; values are shown as they are
    passphrase: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecklinkOutput:
    """An output to one DeckLink device of the node, by index from 1 or by persistent id."""

    name: OutputName
    device: int | str
    spare: tuple[NodeName, int | str] | None = None
    keyer: str = "external"
    latency: str = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class NdiOutput:
    """An NDI source name on the node's network."""

    name: OutputName
    ndi_name: str


Output = StreamOutput | DecklinkOutput | NdiOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a channel may run: every label must match; `prefer` orders what is left."""

    labels: tuple[tuple[str, str], ...] = ()
    prefer: tuple[NodeName, ...] = ()


class OnNodeLoss(Enum):
    """What to do when a channel's node is lost."""

    MOVE = "move"
    HOLD = "hold"


class Resume(Enum):
    """How a channel returns: in progress, or from the start of the event."""

    JOIN = "join"
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """What may happen after a loss. `fence` None is `never`: keep sending without a lease."""

    on_node_loss: OnNodeLoss = OnNodeLoss.MOVE
    resume: Resume = Resume.JOIN
    fence: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What is protected: what starts within `freeze` is not edited; interruptions need leave."""

    freeze: timedelta = timedelta(seconds=30)
    allow_interrupt: bool = False


class EngineKind(Enum):
    """Which playout engine a channel is driven by."""

    EMBEDDED = "embedded"
    CASPARCG = "casparcg"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredChannel:
    """One channel, complete.

    `digest` changes with anything that the channel's rows or rundown depend on (its playlists,
    filler and live sources included); `fingerprint` only with what a sidecar is started with
    (format, engine, preview, bitrate), so that all else can change without a restart.
    """

    name: ChannelName
    title: str
    project: str | None
    format: VideoFormat
    timezone: str  # an IANA name
    on_air: bool
    outputs: tuple[Output, ...]
    preview_hls: bool
    schedule: tuple[Layer, ...]  # bottom first
    filler: Filler | None
    slate: AssetId | None
    place: Place
    failover: Failover
    guard: Guard
    engine: EngineKind
    bitrate: int | None  # bits per second; None: as the format needs
    digest: str
    fingerprint: str
    file: str  # where it was written, for messages: `channels/news.yaml`


class Runtime(Enum):
    """How sidecars are run on a node."""

    PROCESS = "process"
    DOCKER = "docker"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One DeckLink connector: counted from 1, and by persistent id where known."""

    index: int
    id: str | None = None

    def answers_to(self, name: int | str) -> bool:
        """Whether an output that names `name` means this device."""
        return name == self.index or (self.id is not None and name == self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredNode:
    """One machine of the inventory; `cores` None means what it reports."""

    name: NodeName
    runtime: Runtime
    address: str = ""  # the container engine's or node agent's; empty for the local machine
    labels: tuple[tuple[str, str], ...] = ()
    devices: tuple[Device, ...] = ()
    engines: frozenset[EngineKind] = frozenset({EngineKind.EMBEDDED})
    cores: Fraction | None = None
    max_channels: int | None = None
    maintenance: bool = False
    media: MediaRoom = field(default_factory=MediaRoom)
    stage_rate: int | None = None  # bits per second that staging may take; None: all there is


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredRecorder:
    """Somebody else who may hold a DeckLink device."""

    name: RecorderName
    node: NodeName
    device: int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One token's owner: administrator, or roles (`view`, `edit`) per project. Hashes only."""

    name: str
    token_sha256: str
    admin: bool = False
    roles: tuple[tuple[str, str], ...] = ()  # (project, role), sorted


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Limits that a plan keeps, each with its unit and default."""

    max_interrupted: int | None = 3  # channels that one pass may stop, restart or move
    max_interrupted_percent: int = (
        25  # the same, as a share of the channels; the larger of the two counts
    )
    lost_after: timedelta = timedelta(seconds=10)  # a node silent for longer is lost
    horizon: timedelta = timedelta(hours=24)  # how far a rundown reaches
    stage_horizon: timedelta = timedelta(hours=24)  # media due within it is staged
    respawn_budget: int = 5  # respawns on one node within an hour before the ladder goes on
    headroom: Fraction = Fraction(1)  # share of a node's cores that channels may plan on


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Which lineup this is: a commit, or (commit empty) a saved state of a folder."""

    commit: str  # full hex; empty for a working tree or a plain folder
    label: str  # for people: `3f2a9c1 (main)`, `working tree on 3f2a9c1`, `folder, saved 12:03:11`
    digest: str  # of the content; equal content, equal digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What should be on air, at one revision. Mappings iterate sorted by name.

    `houses` are the assets that playlists name, for those where that is known without their items.
    """

    revision: Revision
    channels: Mapping[ChannelName, DesiredChannel]
    playlists: Mapping[PlaylistName, DesiredPlaylist]
    nodes: Mapping[NodeName, DesiredNode]
    recorders: Mapping[RecorderName, DesiredRecorder]
    assets: Mapping[AssetId, DesiredAsset]
    media: tuple[MediaSource, ...]
    live: Mapping[str, LiveSource]
    accounts: tuple[Account, ...]
    policy: Policy
    warnings: tuple[str, ...] = ()
    houses: Mapping[PlaylistName, Collection[AssetId]] = field(default_factory=dict)
