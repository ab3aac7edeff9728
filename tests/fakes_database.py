"""What the fake database holds, its knobs, and who leads it; see `tests.fakes_store`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import RLock

from reconciler.adapters.postgres_rows import ChannelRows
from reconciler.errors import Rejected, Unreachable
from reconciler.model.copies import CopyState
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, ChannelName, NodeName, RecorderName
from reconciler.model.observed import (
    AlarmSeen,
    ChannelRow,
    ClaimSeen,
    OverrideSeen,
    RecorderSeen,
    RestageSeen,
    SidecarSeen,
)
from reconciler.model.records import AsRunRow, JournalEntry, PassSeen
from reconciler.model.rundown import Rundown

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass
class Lease:
    epoch: int
    until: datetime  # what the sidecar is being told
    expires: datetime


@dataclass
class Restart:
    node: NodeName
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeCopy:
    asset: AssetId | None
    state: CopyState
    size: int = 0
    done: int = 0
    due_at: datetime | None = None
    eta_at: datetime | None = None
    error: str = ""
    used_at: datetime | None = None


@dataclass
class FakeDatabase:
    """Everything that is stored."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    silent: bool = False
    refuse: set[str] = field(default_factory=set)
    lock: RLock = field(default_factory=RLock)

    term: int = 0
    leader: object = None
    lead_expires: datetime = BEGINNING

    channels: dict[ChannelName, ChannelRow] = field(default_factory=dict)
    laid_out: dict[ChannelName, ChannelRows] = field(default_factory=dict)
    shown: dict[ChannelName, dict[str, object]] = field(default_factory=dict)
    epochs: dict[ChannelName, int] = field(default_factory=dict)
    homes: dict[tuple[ChannelName, int], NodeName] = field(default_factory=dict)
    retired: set[tuple[ChannelName, int]] = field(default_factory=set)
    nodes: dict[NodeName, str] = field(default_factory=dict)
    recorders: dict[RecorderName, RecorderSeen] = field(default_factory=dict)
    claims: dict[tuple[NodeName, int], tuple[ClaimSeen, int]] = field(default_factory=dict)
    leases: dict[ChannelName, Lease] = field(default_factory=dict)
    restarts: dict[ChannelName, list[Restart]] = field(default_factory=dict)
    rundowns: dict[ChannelName, tuple[str, Rundown, str]] = field(default_factory=dict)
    copies: dict[tuple[NodeName, str], FakeCopy] = field(default_factory=dict)
    restages: list[RestageSeen] = field(default_factory=list)
    asked: int = 0  # requests ever
    findings: dict[str, Findings] = field(default_factory=dict)
    stored_names: dict[AssetId, str] = field(default_factory=dict)
    overrides: list[OverrideSeen] = field(default_factory=list)
    alarms: dict[tuple[ChannelName, str], AlarmSeen] = field(default_factory=dict)
    asrun: dict[tuple[str, int], AsRunRow] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)
    passes: list[PassSeen] = field(default_factory=list)
    sidecars: dict[tuple[ChannelName, int], SidecarSeen] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)  # every transaction, by what it was for

    @contextmanager
    def open(self, what: str) -> Iterator[None]:
        """One transaction."""
        with self.lock:
            self.opened.append(what)
            if self.silent:
                raise Unreachable(f"database: {what}: no answer", system="database")
            if what in self.refuse:
                raise Rejected(f"database: {what}: refused", system="database")
            yield

    def set_recording(self, recorder: RecorderName, *, recording: bool) -> None:
        """What the older system does to a recorder's row; `Rejected` where the device is held."""
        seen = replace(self.recorders[recorder], recording=recording)
        place = (seen.node, seen.device)
        claim = ClaimSeen(node=seen.node, device=seen.device, owner_kind="recorder", owner=recorder)
        if recording and place in self.claims:
            raise Rejected(f"device {seen.device} of {seen.node} is held", system="database")
        if recording:
            self.claims[place] = (claim, 0)
        elif place in self.claims and self.claims[place][0] == claim:
            del self.claims[place]
        self.recorders[recorder] = seen


def rejected(text: str) -> Rejected:
    return Rejected(f"database: {text}", system="database")


class FakeLeadership:
    """See `ports.Leadership`; the lead is kept until resigned, `lapse`d or past its `ttl`."""

    def __init__(
        self, database: FakeDatabase, *, ttl: timedelta = timedelta(days=1), name: str = "fake"
    ) -> None:
        self._db = database
        self._ttl = ttl
        self.name = name
        self._held: int | None = None

    def try_lead(self) -> int | None:
        with self._db.open("try_lead"):
            if self.is_leading():
                return self._held
            if self._db.leader is not None and self._db.lead_expires > self._db.now():
                return None
            self._db.term += 1
            self._db.leader = self
            self._db.lead_expires = self._db.now() + self._ttl
            self._held = self._db.term
            return self._held

    def is_leading(self) -> bool:
        return self._db.leader is self and self._db.lead_expires > self._db.now()

    def term(self) -> int | None:
        return self._held if self.is_leading() else None

    def lapse(self) -> None:
        """Let the lease run out unnoticed, as a frozen program would; it still believes."""
        self._db.leader = None

    def resign(self) -> None:
        if self._db.leader is self:
            self._db.leader = None
        self._held = None

    def close(self) -> None:
        self.resign()
