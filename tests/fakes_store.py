"""The database in memory: `Store`, `Reports` and `Leadership` that pass the same contract suite.

One `FakeDatabase` holds what a real one would; `FakeStore(database, term)` and its kin are views
of it. `FakeStore()` alone leads always. Knobs: `database.silent` makes every call `Unreachable`,
`database.refuse` holds the names of methods that answer `Rejected`, `database.now` is its clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.adapters.postgres_reports import instant_text
from reconciler.adapters.postgres_rows import channel_rows
from reconciler.model.desired import Desired, DesiredChannel, DesiredNode
from reconciler.model.ids import AssetId, ChannelName, NodeName, OutputName, RecorderName
from reconciler.model.media import AssetFact
from reconciler.model.observed import (
    AlarmSeen,
    ChannelRow,
    ClaimSeen,
    DatabaseSeen,
    OverrideSeen,
    RecorderSeen,
    SidecarSeen,
)
from reconciler.model.records import AsRunRow, ChannelObservation, JournalEntry, PassSeen
from reconciler.model.rundown import Rundown
from reconciler.ports import Plays
from tests.fakes_database import FOREVER, FakeDatabase, FakeLeadership, Lease, Restart, rejected
from tests.fakes_media import FakeMedia
from tests.fakes_reports import FakeReports

__all__ = ["FakeDatabase", "FakeLeadership", "FakeReports", "FakeStore"]

_HOUR = timedelta(hours=1)


class FakeStore(FakeMedia):
    """See `ports.Store`."""

    def __init__(
        self, database: FakeDatabase | None = None, term: Callable[[], int | None] | None = None
    ) -> None:
        self.database = database or FakeDatabase()
        self._term = term

    @contextmanager
    def _deciding(self, what: str) -> Iterator[FakeDatabase]:
        with self.database.open(what):
            if self._term is not None and self._term() != self.database.term:
                raise rejected(f"{what}: no longer leading")
            yield self.database

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def read(self) -> DatabaseSeen:
        with self.database.open("read"):
            db, now = self.database, self.database.now()
            return DatabaseSeen(
                channels={name: self._row(name, now) for name in sorted(db.channels)},
                nodes=dict(sorted(db.nodes.items())),
                recorders=dict(sorted(db.recorders.items())),
                claims=tuple(claim for _, (claim, _) in sorted(db.claims.items())),
                overrides=tuple(
                    one for one in db.overrides if one.expires_at is None or one.expires_at > now
                ),
                alarms=tuple(
                    sorted(db.alarms.values(), key=lambda one: (one.since, one.channel, one.key))
                ),
                restages=self._open(),
                findings=dict(db.findings),
                stored_names=dict(db.stored_names),
            )

    def _row(self, name: ChannelName, now: datetime) -> ChannelRow:
        db = self.database
        row, lease = db.channels[name], db.leases.get(name)
        digest, rundown, inputs = db.rundowns.get(name, ("", None, ""))
        recent = [
            one
            for one in db.restarts.get(name, ())
            if one.at > now - _HOUR and one.node == row.node
        ]
        return replace(
            row,
            sending_epoch=lease.epoch if lease else 0,
            lease_expires_at=lease.expires if lease and lease.expires < FOREVER else None,
            recent_restarts=len(recent),
            rundown_digest=digest,
            rundown_until=rundown.end if rundown else 0,
            rundown_acts_seq=rundown.acts_seq if rundown else None,
            rundown_inputs=inputs,
        )

    def load_rundown(self, channel: ChannelName) -> Rundown | None:
        with self.database.open("load_rundown"):
            return self.database.rundowns.get(channel, ("", None, ""))[1]

    # ── the lineup's rows ────────────────────────────────────────────────────────────────────

    def write_channel(
        self, desired: Desired, channel: DesiredChannel, catalogue: Mapping[AssetId, AssetFact]
    ) -> None:
        rows = channel_rows(desired, channel, catalogue)
        with self._deciding("write_channel") as db:
            name = channel.name
            row = db.channels.get(name) or ChannelRow(
                channel=name, digest="", status="stopped", epoch=db.epochs.get(name, 0)
            )
            db.channels[name] = replace(row, digest=channel.digest)
            db.laid_out[name] = rows
            at = instant_text(db.now())
            db.shown.setdefault(name, {"created_at": at, "updated_at": at})
            for asset in rows.assets:
                db.stored_names[AssetId(str(asset["asset"]))] = str(asset["stored"])

    def remove_channel(self, channel: ChannelName) -> None:
        with self._deciding("remove_channel") as db:
            db.channels.pop(channel, None)
            db.laid_out.pop(channel, None)
            db.shown.pop(channel, None)
            db.rundowns.pop(channel, None)
            db.alarms = {key: one for key, one in db.alarms.items() if key[0] != channel}

    def write_node(self, node: DesiredNode, digest: str) -> None:
        with self._deciding("write_node") as db:
            db.nodes[node.name] = digest

    def remove_node(self, node: NodeName) -> None:
        with self._deciding("remove_node") as db:
            db.nodes.pop(node, None)

    def write_recorder(self, recorder: str, node: NodeName, device: int) -> None:
        with self._deciding("write_recorder") as db:
            name = RecorderName(recorder)
            was = db.recorders.get(name)
            db.recorders[name] = RecorderSeen(
                name=name,
                node=node,
                device=device,
                recording=was.recording if was else False,
                sdi=was.sdi if was else True,
            )

    # ── epochs, devices, leases ──────────────────────────────────────────────────────────────

    def begin_spawn(
        self,
        channel: ChannelName,
        node: NodeName,
        epoch: int,
        *,
        devices: Sequence[tuple[OutputName, int]],
        counts_as_restart: bool,
    ) -> None:
        with self._deciding("begin_spawn") as db:
            row = self._known(channel)
            if epoch <= row.epoch:
                raise rejected(
                    f"{channel}: epoch {epoch} is not the newest: {row.epoch} was given out"
                )
            self._check_free(channel, node, devices)
            db.epochs[channel] = epoch
            db.homes[channel, epoch] = node
            row = replace(row, epoch=epoch, node=node, status="starting")
            if counts_as_restart:
                now = db.now()
                db.restarts.setdefault(channel, []).append(Restart(node, now))
                row = replace(row, restart_count=row.restart_count + 1, last_restart_at=now)
            db.channels[channel] = row
            self._take(channel, node, devices)

    def claim(self, channel: ChannelName, output: OutputName, node: NodeName, device: int) -> None:
        with self._deciding("claim"):
            self._known(channel)
            self._check_free(channel, node, [(output, device)])
            self._take(channel, node, [(output, device)])

    def _known(self, channel: ChannelName) -> ChannelRow:
        row = self.database.channels.get(channel)
        if row is None:
            raise rejected(f"{channel}: it has no row; write the channel first")
        return row

    def _check_free(
        self, channel: ChannelName, node: NodeName, devices: Sequence[tuple[OutputName, int]]
    ) -> None:
        for _, device in sorted(devices, key=lambda pair: pair[1]):
            claim, _ = self.database.claims.get((node, device), (None, 0))
            if claim is not None and (claim.owner_kind, claim.owner) != ("channel", channel):
                holder = f"{claim.owner_kind} {claim.owner}"
                raise rejected(f"{channel}: device {device} of {node} is held by {holder}")

    def _take(
        self, channel: ChannelName, node: NodeName, devices: Sequence[tuple[OutputName, int]]
    ) -> None:
        for output, device in devices:
            claim = ClaimSeen(
                node=node, device=device, owner_kind="channel", owner=channel, output=output
            )
            epoch = self.database.channels[channel].epoch
            self.database.claims[node, device] = (claim, epoch)

    def release(
        self, channel: ChannelName, output: OutputName, node: NodeName, device: int
    ) -> None:
        with self._deciding("release") as db:
            claim, _ = db.claims.get((node, device), (None, 0))
            if claim is not None and (claim.owner, claim.output) == (channel, output):
                del db.claims[node, device]

    def sidecar_gone(self, channel: ChannelName, epoch: int) -> None:
        with self._deciding("sidecar_gone") as db:
            db.retired.add((channel, epoch))
            db.claims = {
                place: (claim, held)
                for place, (claim, held) in db.claims.items()
                if (claim.owner_kind, claim.owner, held) != ("channel", channel, epoch)
            }
            lease = db.leases.get(channel)
            if lease is not None and lease.epoch == epoch:
                del db.leases[channel]

    def adopt(self, channel: ChannelName, node: NodeName, epoch: int) -> None:
        with self._deciding("adopt") as db:
            row = self._known(channel)
            if epoch < row.epoch:
                raise rejected(
                    f"{channel}: epoch {epoch} is not the newest: {row.epoch} was given out"
                )
            db.epochs[channel] = epoch
            db.homes[channel, epoch] = node
            db.channels[channel] = replace(row, epoch=epoch, node=node)

    def grant(
        self, channel: ChannelName, epoch: int, ttl: timedelta | None, *, instead_of: int = 0
    ) -> datetime:
        renewed = self.renew_leases({channel: (epoch, ttl)})
        if renewed:
            return renewed[channel]
        with self._deciding("grant") as db:
            row, lease, now = self._known(channel), db.leases.get(channel), db.now()
            if epoch != row.epoch:
                raise rejected(f"{channel}: epoch {epoch} may not send: {row.epoch} is the newest")
            if lease is not None and lease.expires > now and lease.epoch != instead_of:
                raise rejected(
                    f"{channel}: epoch {epoch} may not send yet: epoch {lease.epoch} may"
                )
            until = FOREVER if ttl is None else now + ttl
            db.leases[channel] = Lease(epoch, until, until)
            return until

    def renew_leases(
        self, leases: Mapping[ChannelName, tuple[int, timedelta | None]]
    ) -> Mapping[ChannelName, datetime]:
        renewed = {}
        with self.database.open("renew_leases"):
            for channel, (epoch, ttl) in leases.items():
                lease = self.database.leases.get(channel)
                if lease is not None and lease.epoch == epoch:
                    lease.until = FOREVER if ttl is None else self.database.now() + ttl
                    lease.expires = max(lease.expires, lease.until)
                    renewed[channel] = lease.until
        return renewed

    def crossings(self) -> Mapping[ChannelName, frozenset[NodeName]]:
        with self.database.open("crossings"):
            db = self.database
            living: dict[ChannelName, list[NodeName]] = {}
            for (channel, epoch), node in db.homes.items():
                if (channel, epoch) not in db.retired:
                    living.setdefault(channel, []).append(node)
            return {name: frozenset(on) for name, on in living.items() if len(on) > 1}

    def take_back_rights(self, node: NodeName) -> tuple[ChannelName, ...]:
        with self.database.open("take_back_rights"):
            db = self.database
            lost = sorted(c for c, each in db.leases.items() if db.homes[c, each.epoch] == node)
            for channel in lost:
                del db.leases[channel]
            return tuple(lost)

    def confirm_leases(self, told: Mapping[ChannelName, tuple[int, datetime]]) -> None:
        with self.database.open("confirm_leases"):
            for channel, (epoch, until) in told.items():
                lease = self.database.leases.get(channel)
                if lease is not None and (lease.epoch, lease.until) == (epoch, until):
                    lease.expires = until

    # ── what passes leave behind ─────────────────────────────────────────────────────────────

    def save_rundown(
        self, channel: ChannelName, rundown: Rundown, digest: str, inputs: str
    ) -> None:
        with self._deciding("save_rundown") as db:
            self.note_uses(channel, rundown.files)
            db.rundowns[channel] = (digest, rundown, inputs)

    def note_inputs(self, inputs: Mapping[ChannelName, str]) -> None:
        with self._deciding("note_inputs") as db:
            for channel, made_from in inputs.items():
                if channel in db.rundowns:
                    digest, rundown, _ = db.rundowns[channel]
                    db.rundowns[channel] = (digest, rundown, made_from)

    def read_needs(
        self, channels: Iterable[ChannelName]
    ) -> Mapping[ChannelName, Mapping[str, int]]:
        with self.database.open("read_needs"):
            held = self.database.rundowns
            return {c: held[c][1].due for c in channels if c in held}

    def read_plays(self, files: Mapping[ChannelName, Iterable[str]]) -> Plays:
        with self.database.open("read_plays"):
            found = {
                channel: tuple(
                    sorted(
                        (
                            p
                            for p in self.database.rundowns[channel][1].plays()
                            if p.stored in names
                        ),
                        key=lambda p: (p.start, p.event, p.stored),
                    )
                )
                for channel, names in files.items()
                if channel in self.database.rundowns
            }
            return {channel: plays for channel, plays in found.items() if plays}

    def record(self, seen: Sequence[ChannelObservation]) -> None:
        with self._deciding("record") as db:
            for one in seen:
                row = db.channels.get(one.channel)
                if row is None:
                    continue
                node = one.node or (row.node if one.status != "stopped" else None)
                db.channels[one.channel] = replace(
                    row, status=one.status, node=node, error_message=one.error_message
                )
                shown = db.shown[one.channel]
                shown |= {"container_id": one.handle or None, "url": one.url}
                if one.seen:
                    shown["last_heartbeat_at"] = instant_text(db.now())

    def record_nodes(self, answered: Iterable[NodeName]) -> None:
        with self._deciding("record_nodes"):
            tuple(answered)

    def record_sidecars(self, seen: Iterable[SidecarSeen]) -> None:
        with self._deciding("record_sidecars") as db:
            db.sidecars |= {(one.channel, one.epoch): one for one in seen}

    def store_asrun(self, rows: Sequence[AsRunRow]) -> None:
        with self.database.open("store_asrun"):
            for row in rows:
                self.database.asrun.setdefault((row.spool, row.seq), row)

    def asrun_until(self, channel: ChannelName) -> int | None:
        with self.database.open("asrun_until"):
            mine = [row for row in self.database.asrun.values() if row.channel == channel]
        newest = max(mine, key=lambda row: (row.started_at, row.seq), default=None)
        return None if newest is None else newest.last_tick + 1

    def raise_alarm(self, channel: ChannelName, key: str, text: str) -> None:
        with self._deciding("raise_alarm") as db:
            was = db.alarms.get((channel, key))
            since = was.since if was else db.now()
            db.alarms[channel, key] = AlarmSeen(channel=channel, key=key, text=text, since=since)

    def clear_alarm(self, channel: ChannelName, key: str) -> None:
        with self._deciding("clear_alarm") as db:
            db.alarms.pop((channel, key), None)

    def journal(self, entries: Iterable[JournalEntry]) -> None:
        with self.database.open("journal"):
            self.database.journal += entries

    def keep_pass(self, commit: str, label: str, plan_json: str, outcome: str) -> None:
        with self.database.open("keep_pass"):
            at = self.database.now()
            self.database.passes.append(
                PassSeen(at=at, commit=commit, label=label, plan_json=plan_json, outcome=outcome)
            )

    # ── overrides ────────────────────────────────────────────────────────────────────────────

    def add_override(self, wanted: OverrideSeen) -> int:
        with self.database.open("add_override"):
            db = self.database
            number = max((one.id for one in db.overrides), default=0) + 1
            db.overrides = [
                one
                for one in db.overrides
                if (one.channel, one.kind) != (wanted.channel, wanted.kind)
            ]
            db.overrides.append(replace(wanted, id=number))
            return number

    def end_override(self, override: int, who: str) -> None:  # noqa: ARG002  # kept by the real one alone
        with self.database.open("end_override"):
            db = self.database
            if override not in {one.id for one in self.overrides()}:
                raise rejected(f"end override {override}: there is none, or it is over")
            db.overrides = [one for one in db.overrides if one.id != override]

    def overrides(self) -> tuple[OverrideSeen, ...]:
        return self.read().overrides
