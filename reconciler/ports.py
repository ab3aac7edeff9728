"""What we need of the outside, as Protocols in our own words.

Every call may be repeated. Failures are `Unreachable` (no answer in time) or `Rejected` (an
answer, and it was no); adapters translate foreign failures once, at the edge. `tests/contract/`
holds the suites that the fakes and every real adapter pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from reconciler.errors import AdapterError
from reconciler.model.copies import CopyProgress, CopyWanted
from reconciler.model.desired import Desired, DesiredChannel, DesiredNode
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, ChannelName, NodeName, OutputName
from reconciler.model.media import AssetFact, StagedSeen, TransferSeen
from reconciler.model.observed import DatabaseSeen, NodeSeen, SidecarAnswer, SidecarSeen
from reconciler.model.orders import SidecarStart, StageOrder
from reconciler.model.records import AsRunRow, ChannelObservation, JournalEntry, PassSeen
from reconciler.model.rundown import Play, Rundown
from reconciler.model.seams import SeamStep
from reconciler.model.sources import DesiredAsset, MediaSource

Progress = Callable[[int, int], None]  # bytes done, bytes in all
Json = Mapping[str, object]
Needs = Mapping[ChannelName, Mapping[str, int]]
Plays = Mapping[ChannelName, tuple[Play, ...]]
Grant = tuple[SidecarSeen, timedelta | None]


class Clock(Protocol):
    """The time: on the wall (aware, UTC) and steadily."""

    def now(self) -> datetime:
        """The instant, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never step."""


# ── nodes ────────────────────────────────────────────────────────────────────────────────────────


class NodeControl(Protocol):
    """One node's ability to run sidecars and hold media."""

    def look(self) -> tuple[NodeSeen, tuple[SidecarSeen, ...]]:
        """Read the node and its sidecars (without their own answers); raises `Unreachable`."""

    def spawn(self, start: SidecarStart) -> SidecarSeen:
        """Start a sidecar, or find the one of that channel and epoch already there."""

    def retire(self, channel: ChannelName, epoch: int) -> None:
        """Stop tidily, kill if it does not obey; or do nothing if none runs. Its spool stays."""

    def forget(self, channel: ChannelName, epoch: int) -> None:
        """Remove what a stopped sidecar left behind; `Rejected` while it runs."""

    def stage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        """Bring a file here, whole and verified; or do nothing if it is here.

        Resumes what was begun before. Content that is here under another name is not fetched
        again. While another stages the same content, waits for it.
        """

    def restage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        """Fetch a file anew; what is here under its name stays until the new one is whole."""

    def inspect(self, stored: str, progress: Progress) -> Findings:
        """Look into all of a staged file, one at a time on a node. `Rejected` where it is not."""

    def remux(self, source: str, target: str) -> str:
        """Copy a staged file's streams into a MOV beside it, or do nothing if that is there.

        Returns why the file does not allow it (trying again will not help); empty where it does.
        """

    def transfers(self) -> tuple[TransferSeen, ...]:
        """Files that are under way here, whoever brings them; sorted by name."""

    def spooled(self, seen: SidecarSeen) -> tuple[AsRunRow, ...]:
        """Rows left in a stopped sidecar's spool; the event it died in is `partial`."""

    def changed(self, timeout: float) -> bool:
        """Wait until a sidecar here dies or appears, at most `timeout` seconds; whether one did."""

    def evict(self, stored: str) -> None:
        """Remove a staged file, or do nothing if there is none."""

    def secrets_of(self, seen: SidecarSeen) -> str:
        """The bearer token of a sidecar on this node."""


class SidecarClient(Protocol):
    """Speak to one sidecar over HTTP. `seen` names it; deadlines are the adapter's."""

    def status(self, seen: SidecarSeen) -> SidecarAnswer:
        """What it says of itself."""

    def statuses(self, seen: Sequence[SidecarSeen]) -> tuple[SidecarAnswer | AdapterError, ...]:
        """What each says of itself, in order; the silent share one deadline."""

    def raw_status(self, seen: SidecarSeen) -> Json:
        """The JSON of `GET /status`, for screens."""

    def held_rundown(self, seen: SidecarSeen) -> Rundown | None:
        """The effective rundown that it holds, live acts included; None when it has none."""

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        """`PUT /rundown`; idempotent by digest; `Rejected` for an older epoch."""

    def grant(self, seen: SidecarSeen, ttl: timedelta | None, *, lift: int = 0) -> bool:
        """`POST /lease` with its epoch; `ttl` None: without limit; `lift` ends that hush.

        True: it goes by this grant from now on, and by none that was written before.
        """

    def turn(self, seen: SidecarSeen, step: SeamStep) -> int:
        """One step of a hand-over; gives the number of a hush, else 0; `Rejected` if it cannot."""

    def grants(self, leases: Sequence[Grant]) -> tuple[AdapterError | bool, ...]:
        """`grant` for each, in order; the silent share one deadline."""

    def silence(self, seen: SidecarSeen, higher_epoch: int) -> None:
        """`POST /lease` with a higher epoch: it falls silent and remembers."""

    def set_outputs(self, seen: SidecarSeen, outputs: Sequence[Json]) -> None:
        """Replace the wanted outputs; equal ones are left untouched."""

    def transport(self, seen: SidecarSeen, act: str, body: Json) -> Json:
        """A live act (play, pause, skip, …); returns what the engine then showed."""

    def load_playlist(self, seen: SidecarSeen, body: Json) -> Json:
        """The older `POST /playlist/load`."""

    def asrun(self, seen: SidecarSeen, limit: int) -> tuple[AsRunRow, ...]:
        """Waiting rows of its spool, oldest first."""

    def acknowledge(self, seen: SidecarSeen, seq: int) -> None:
        """Rows up to `seq` are stored; it may forget them."""

    def preview(self, seen: SidecarSeen, name: str) -> bytes | None:
        """One file of its HLS preview; None where there is no such file."""


# ── the database ─────────────────────────────────────────────────────────────────────────────────


class Store(Protocol):
    """The database. Deciding writes hold the leader's term; a deposed one gets `Rejected`."""

    def read(self) -> DatabaseSeen:
        """Everything that decides something, in one transaction; without reading items."""

    def write_channel(
        self, desired: Desired, channel: DesiredChannel, catalogue: Mapping[AssetId, AssetFact]
    ) -> None:
        """Write one channel's rows with its playlists and items, in one transaction."""

    def remove_channel(self, channel: ChannelName) -> None:
        """Remove a channel's rows; as-run and journal stay."""

    def write_node(self, node: DesiredNode, digest: str) -> None:
        """Write one inventory row."""

    def remove_node(self, node: NodeName) -> None:
        """Remove one inventory row."""

    def write_recorder(self, recorder: str, node: NodeName, device: int) -> None:
        """Write one recorder's row, leaving its status."""

    def begin_spawn(
        self,
        channel: ChannelName,
        node: NodeName,
        epoch: int,
        *,
        devices: Sequence[tuple[OutputName, int]],
        counts_as_restart: bool,
    ) -> None:
        """Take `epoch` and the devices in one transaction; `Rejected` if another has either."""

    def claim(self, channel: ChannelName, output: OutputName, node: NodeName, device: int) -> None:
        """Take one device; `Rejected` with its holder's name if it is held."""

    def release(
        self, channel: ChannelName, output: OutputName, node: NodeName, device: int
    ) -> None:
        """Give one device back."""

    def sidecar_gone(self, channel: ChannelName, epoch: int) -> None:
        """Record that a sidecar was retired; frees its devices and its right to send."""

    def adopt(self, channel: ChannelName, node: NodeName, epoch: int) -> None:
        """Make `epoch` the channel's, if it is the highest."""

    def grant(
        self, channel: ChannelName, epoch: int, ttl: timedelta | None, *, instead_of: int = 0
    ) -> datetime:
        """Make `epoch` the only one that may send, until now + ttl by the database's clock: given.

        `Rejected` while an epoch's lease runs other than `instead_of`, or if it is not the highest.
        """

    def renew_leases(
        self, leases: Mapping[ChannelName, tuple[int, timedelta | None]]
    ) -> Mapping[ChannelName, datetime]:
        """Prolong the leases of epochs that have one; gives until when, for each that has it."""

    def crossings(self) -> Mapping[ChannelName, frozenset[NodeName]]:
        """Where more than one sidecar of a channel may live: one may be handing over."""

    def take_back_rights(self, node: NodeName) -> tuple[ChannelName, ...]:
        """Nobody on `node` may send any more, by a person's word; the channels that could."""

    def confirm_leases(self, told: Mapping[ChannelName, tuple[int, datetime]]) -> None:
        """Sidecars go by these grants of an epoch, each known by its end, and by none before.

        So a lease ends with its grant, though one before ran longer; not if one was written since.
        """

    def save_rundown(
        self, channel: ChannelName, rundown: Rundown, digest: str, inputs: str
    ) -> None:
        """Keep the rundown that a sidecar was given, without secrets, and what it was made from."""

    def note_inputs(self, inputs: Mapping[ChannelName, str]) -> None:
        """Kept rundowns follow from these inputs as well: compiling them again changed nothing."""

    def read_needs(self, channels: Iterable[ChannelName]) -> Needs:
        """What kept rundowns play: stored names, and the frame each is due at first."""

    def read_plays(self, files: Mapping[ChannelName, Iterable[str]]) -> Plays:
        """Where kept rundowns play these of their files, sorted; one without any is missing."""

    def load_rundown(self, channel: ChannelName) -> Rundown | None:
        """The rundown kept last, for a successor to carry on from."""

    def record(self, seen: Sequence[ChannelObservation]) -> None:
        """Bring the status columns up to date, in one statement."""

    def record_nodes(self, answered: Iterable[NodeName]) -> None:
        """These nodes answered just now."""

    def record_sidecars(self, seen: Iterable[SidecarSeen]) -> None:
        """What each sidecar was started with, for screens."""

    def record_media(self, node: NodeName, staged: Mapping[str, StagedSeen]) -> None:
        """What lies on a node's disk now; brings `media_status` of items up to date."""

    def want_media(self, node: NodeName, wanted: Sequence[CopyWanted]) -> None:
        """All that a node lacks now, and why it is not under way; what it has is left alone."""

    def note_copy(self, node: NodeName, copy: CopyProgress) -> None:
        """How far one file has come; brings `media_status` of items up to date."""

    def read_uses(self, node: NodeName) -> Mapping[str, datetime]:
        """When a rundown last played each file of a node; kept as rundowns are saved."""

    def keep_findings(self, stored: str, findings: Findings) -> None:
        """What was found in a file by looking into all of it; kept for ever, by content."""

    def ask_restage(self, asset: AssetId, node: NodeName | None, who: str) -> tuple[NodeName, ...]:
        """Ask for a new copy on `node` (None: wherever one is, or is wanted); the nodes, sorted.

        Asking again while a request is open changes nothing. It is given up after a day.
        """

    def end_restage(self, request: int, outcome: str) -> None:
        """A request is met, or never will be; or do nothing if it has ended."""

    def store_asrun(self, rows: Sequence[AsRunRow]) -> None:
        """Store rows exactly once, by (spool, seq)."""

    def asrun_until(self, channel: ChannelName) -> int | None:
        """The frame after the newest one that stored rows account for; None without any."""

    def raise_alarm(self, channel: ChannelName, key: str, text: str) -> None:
        """Raise, or keep raised."""

    def clear_alarm(self, channel: ChannelName, key: str) -> None:
        """Clear, or keep cleared."""

    def journal(self, entries: Iterable[JournalEntry]) -> None:
        """Append to the audit."""

    def keep_pass(self, commit: str, label: str, plan_json: str, outcome: str) -> None:
        """Keep the last pass: its plan as JSON and how it ended, for screens."""


class Reports(Protocol):
    """What screens read of the database."""

    def channels(self) -> tuple[Json, ...]:
        """The older JSON shape of every channel, newest first, with `name`."""

    def asrun(
        self, channel: ChannelName, *, limit: int, before: int | None = None
    ) -> tuple[Json, ...]:
        """As-run rows, newest first; `before` an id pages on."""

    def playlists(self, channel: ChannelName) -> tuple[Json, ...]:
        """The older JSON shape of a channel's playlists."""

    def items(self, playlist_id: str) -> tuple[Json, ...]:
        """The older JSON shape of a playlist's items, in order."""

    def item(self, item_id: str) -> Json | None:
        """One item by its row id, with `channel` and its `node`; None where there is none."""

    def media(self, *, whole: bool, limit: int) -> tuple[Json, ...]:
        """Copies of assets on nodes, what is due first; `whole`: also those simply there."""

    def alarms(self) -> tuple[Json, ...]:
        """Alarms that are raised, oldest first."""

    def journal_tail(self, limit: int) -> tuple[Json, ...]:
        """The newest audit lines, newest first."""

    def last_pass(self) -> PassSeen | None:
        """The last pass that did something, or was refused."""


class Leadership(Protocol):
    """One leader among reconcilers, by the database."""

    def try_lead(self) -> int | None:
        """Take or keep the lead; returns the term, or None while another leads."""

    def is_leading(self) -> bool:
        """Whether the last renewal is fresh enough to act on."""

    def resign(self) -> None:
        """Give the lead up."""


# ── media and lineup ─────────────────────────────────────────────────────────────────────────────


class MediaLibrary(Protocol):
    """Where assets come from."""

    def catalogue(
        self,
        wanted: Iterable[AssetId],
        assets: Mapping[AssetId, DesiredAsset],
        sources: Sequence[MediaSource],
    ) -> Mapping[AssetId, AssetFact]:
        """Facts of wanted assets, probed once per content; a problem is a fact, not an error.

        Never waits long: what a distant store has not answered yet is a problem that says so.
        """

    def order(self, fact: AssetFact) -> StageOrder:
        """What a node needs to stage the asset that `fact` is of; `Rejected` where it cannot."""

    def changed(self, timeout: float) -> bool:
        """Wait until a fact is another than was told, at most `timeout` seconds; whether one is."""


class LineupReader(Protocol):
    """A lineup, from git or from a folder."""

    def desired(self, ref: str | None) -> Desired:
        """The lineup at `ref` (None: the branch that is in force); raises `LineupError`."""

    def working_tree(self) -> Desired:
        """The lineup as it lies on disk; raises `LineupError`."""

    def current(self) -> str:
        """An id that changes when the lineup in force does; cheap."""

    def watch_paths(self) -> tuple[Path, ...]:
        """What to watch for a new commit or, in a plain folder, a saved file."""

    def concerns(self, path: str) -> bool:
        """Whether a change of `path`, under a watched one, may mean a new lineup."""
