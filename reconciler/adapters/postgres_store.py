"""The `Store` over PostgreSQL: one reading for the planner, and the writes that plans ask for.

Deciding writes hold the leader's term while they commit, so a deposed leader writes nothing.
Facts (as-run, journal, the prolonging of a lease that an epoch has) may come from anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import repeat
from sys import intern
from threading import Lock

from psycopg.types.json import Jsonb

from reconciler.adapters import postgres_claims as claims
from reconciler.adapters.postgres_channel import write_channel_rows
from reconciler.adapters.postgres_errors import SYSTEM
from reconciler.adapters.postgres_media import (
    PostgresMedia,
    read_findings,
    record_media,
    want_media,
)
from reconciler.adapters.postgres_pool import Database, Session, hold_term
from reconciler.adapters.postgres_read import READINGS, database_seen
from reconciler.adapters.postgres_rows import asrun_row, channel_rows, journal_row, node_row
from reconciler.errors import Rejected
from reconciler.model.copies import CopyWanted
from reconciler.model.desired import Desired, DesiredChannel, DesiredNode
from reconciler.model.findings import Findings
from reconciler.model.ids import AssetId, ChannelName, NodeName, OutputName, row_id
from reconciler.model.media import AssetFact, StagedSeen
from reconciler.model.observed import DatabaseSeen, OverrideSeen, SidecarSeen
from reconciler.model.records import AsRunRow, ChannelObservation, JournalEntry
from reconciler.model.rundown import Play, Rundown
from reconciler.ports import Plays
from reconciler.rundown.wire import from_wire, to_wire

_MANY_ROWS = 500  # as-run rows per statement: far below a statement's time


class PostgresStore(PostgresMedia):
    """See `ports.Store`. `term` tells the term in which this program leads, or None."""

    def __init__(self, database: Database, term: Callable[[], int | None] = lambda: None) -> None:
        super().__init__(database)
        self._term = term
        self._assets: tuple[int, Mapping[AssetId, str]] = (-1, {})
        self._findings: tuple[int, Mapping[str, Findings]] = (-1, {})
        self._assets_lock = Lock()

    @contextmanager
    def _deciding(self, what: str) -> Iterator[Session]:
        with self._database.transaction(what) as session:
            hold_term(session, self._term(), what)
            session.all("mark_as_ours")
            yield session

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    def read(self) -> DatabaseSeen:
        """See `Store.read`; what house numbers mean is fetched again only when it changed."""
        with self._database.transaction("read", reading=True) as session:
            rows = session.many(READINGS)
            number, found = (int(each) for each in rows.pop()[0])
            with self._assets_lock:
                if self._assets[0] != number:
                    self._assets = (number, {AssetId(a): s for a, s in session.all("read_assets")})
                if self._findings[0] != found:
                    self._findings = (found, read_findings(session))
                stored_names, findings = self._assets[1], self._findings[1]
        return database_seen(rows, stored_names, findings)

    def load_rundown(self, channel: ChannelName) -> Rundown | None:
        """See `Store.load_rundown`."""
        with self._database.transaction(f"load rundown of {channel}", reading=True) as session:
            row = session.one("load_rundown", channel=channel)
        return None if row is None else from_wire(row[0])

    # ── the lineup's rows ────────────────────────────────────────────────────────────────────

    def write_channel(
        self, desired: Desired, channel: DesiredChannel, catalogue: Mapping[AssetId, AssetFact]
    ) -> None:
        """See `Store.write_channel`; only rows that differ are touched."""
        rows = channel_rows(desired, channel, catalogue)
        with self._deciding(f"write channel {channel.name}") as session:
            write_channel_rows(session, channel.name, rows)

    def remove_channel(self, channel: ChannelName) -> None:
        """See `Store.remove_channel`."""
        with self._deciding(f"remove channel {channel}") as session:
            session.do("remove_channel", channel=channel)

    def write_node(self, node: DesiredNode, digest: str) -> None:
        """See `Store.write_node`; an older row of that host name keeps its id."""
        with self._deciding(f"write node {node.name}") as session:
            found = session.one("find_node", node=node.name)
            session.do(
                "write_node",
                id=found[0] if found else row_id("node", node.name),
                row=Jsonb(node_row(node, digest)),
            )

    def remove_node(self, node: NodeName) -> None:
        """See `Store.remove_node`."""
        with self._deciding(f"remove node {node}") as session:
            session.do("remove_node", node=node)

    def write_recorder(self, recorder: str, node: NodeName, device: int) -> None:
        """See `Store.write_recorder`; an unnamed older row on that device keeps its id."""
        values: dict[str, object] = {"name": recorder, "node": node, "device": device}
        with self._deciding(f"write recorder {recorder}") as session:
            found = session.one("find_recorder", **values)
            session.do(
                "write_recorder", id=found[0] if found else row_id("recorder", recorder), **values
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
        """See `Store.begin_spawn`."""
        with self._deciding(f"begin spawn of {channel}") as session:
            claims.begin_epoch(session, channel, node, epoch, restarts=counts_as_restart)
            claims.take_devices(session, channel, node, devices, epoch=epoch)

    def claim(self, channel: ChannelName, output: OutputName, node: NodeName, device: int) -> None:
        """See `Store.claim`."""
        with self._deciding(f"claim device {device} of {node} for {channel}") as session:
            claims.take_devices(session, channel, node, [(output, device)])

    def release(
        self, channel: ChannelName, output: OutputName, node: NodeName, device: int
    ) -> None:
        """See `Store.release`."""
        with self._deciding(f"release device {device} of {node} by {channel}") as session:
            session.do("release_device", channel=channel, output=output, node=node, device=device)

    def sidecar_gone(self, channel: ChannelName, epoch: int) -> None:
        """See `Store.sidecar_gone`."""
        with self._deciding(f"record that {channel} epoch {epoch} is gone") as session:
            session.do("retire_sidecar", channel=channel, epoch=epoch)

    def adopt(self, channel: ChannelName, node: NodeName, epoch: int) -> None:
        """See `Store.adopt`."""
        with self._deciding(f"adopt {channel} epoch {epoch}") as session:
            claims.adopt_epoch(session, channel, node, epoch)

    def grant(
        self, channel: ChannelName, epoch: int, ttl: timedelta | None, *, instead_of: int = 0
    ) -> datetime:
        """See `Store.grant`.

        The epoch that has the lease may prolong it, whoever leads and whatever newer epochs are
        being prepared: nobody else is let in by that. Taking it needs the lead and the newest
        epoch. A lease never ends earlier than any that the sidecar may have been told of.
        """
        with self._database.transaction(f"grant {channel} epoch {epoch}") as session:
            renewed = claims.renew_lease(session, channel, epoch, ttl)
        if renewed is not None:
            return renewed
        with self._deciding(f"grant {channel} epoch {epoch}") as session:
            return claims.take_lease(session, channel, epoch, ttl, instead_of=instead_of)

    def renew_leases(
        self, leases: Mapping[ChannelName, tuple[int, timedelta | None]]
    ) -> Mapping[ChannelName, datetime]:
        """See `Store.renew_leases`; in one statement."""
        names = sorted(leases)
        with self._database.transaction("renew leases") as session:
            rows = session.all(
                "renew_leases",
                channels=[str(name) for name in names],
                epochs=[leases[name][0] for name in names],
                ttls=[leases[name][1] for name in names],
            )
        return {ChannelName(name): until for name, until in rows}

    def crossings(self) -> Mapping[ChannelName, frozenset[NodeName]]:
        """See `Store.crossings`."""
        with self._database.transaction("read crossings", reading=True) as session:
            rows = session.all("crossings")
        return {ChannelName(name): frozenset(map(NodeName, nodes)) for name, nodes in rows}

    def take_back_rights(self, node: NodeName) -> tuple[ChannelName, ...]:
        """See `Store.take_back_rights`."""
        with self._database.transaction(f"take back the rights to send of {node}") as session:
            rows = session.all("take_back_rights", node=node)
        return tuple(sorted(ChannelName(row[0]) for row in rows))

    def confirm_leases(self, told: Mapping[ChannelName, tuple[int, datetime]]) -> None:
        """See `Store.confirm_leases`; in one statement, in the order in which they are renewed."""
        names = sorted(told)
        with self._database.transaction("confirm leases") as session:
            session.do(
                "confirm_leases",
                channels=[str(name) for name in names],
                epochs=[told[name][0] for name in names],
                ends=[told[name][1] for name in names],
            )

    # ── what passes leave behind ─────────────────────────────────────────────────────────────

    def save_rundown(
        self, channel: ChannelName, rundown: Rundown, digest: str, inputs: str
    ) -> None:
        """See `Store.save_rundown`."""
        document, due = Jsonb(to_wire(rundown, reveal=False)), rundown.due
        with self._deciding(f"save rundown of {channel}") as session:
            session.do("note_uses", channel=channel, needs=list(due))
            session.do(
                "save_rundown",
                channel=channel,
                digest=digest,
                until=rundown.end,
                acts_seq=rundown.acts_seq,
                inputs=inputs,
                needs=list(due),
                needs_from=list(due.values()),
                document=document,
            )

    def note_inputs(self, inputs: Mapping[ChannelName, str]) -> None:
        """See `Store.note_inputs`."""
        with self._deciding("note inputs") as session:
            session.do("note_inputs", channels=list(inputs), inputs=list(inputs.values()))

    def read_needs(
        self, channels: Iterable[ChannelName]
    ) -> Mapping[ChannelName, Mapping[str, int]]:
        """See `Store.read_needs`."""
        with self._database.transaction("read needs", reading=True) as session:
            rows = session.all("read_needs", channels=list(channels))
        return {  # many channels play the same files: their names are kept once
            ChannelName(channel): dict(zip(map(intern, needs), due or repeat(0), strict=False))
            for channel, needs, due in rows
        }

    def read_plays(self, files: Mapping[ChannelName, Iterable[str]]) -> Plays:
        """See `Store.read_plays`; picked out of the kept documents by the database."""
        pairs = [(str(channel), name) for channel, names in files.items() for name in names]
        channels, names = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        with self._database.transaction("read plays", reading=True) as session:
            rows = session.all("read_plays", channels=channels, files=names)
        found: dict[ChannelName, list[Play]] = {}
        for channel, asset, stored, start, end, event, *called in rows:
            play = Play(
                asset=AssetId(asset),
                stored=stored,
                start=start,
                end=end,
                event=event,
                name=Play.called(event, *called),
            )
            found.setdefault(ChannelName(channel), []).append(play)
        return {channel: tuple(plays) for channel, plays in found.items()}

    def record(self, seen: Sequence[ChannelObservation]) -> None:
        """See `Store.record`; a channel without a row is left out."""
        rows = [
            {
                "channel": one.channel,
                "status": one.status,
                "node": one.node,
                "handle": one.handle,
                "url": one.url,
                "error_message": one.error_message,
                "seen": one.seen,
            }
            for one in seen
        ]
        with self._deciding("record what was seen") as session:
            session.do("record", rows=Jsonb(rows))

    def record_nodes(self, answered: Iterable[NodeName]) -> None:
        """Move the heartbeat of nodes that answered, for the older screens."""
        with self._deciding("record nodes") as session:
            session.do("record_nodes", nodes=sorted(str(name) for name in answered))

    def record_sidecars(self, seen: Iterable[SidecarSeen]) -> None:
        """Keep what runs where (fingerprint, handle, url); only what differs is written."""
        rows = [
            {
                "channel": one.channel,
                "epoch": one.epoch,
                "node": one.node,
                "fingerprint": one.fingerprint,
                "handle": one.handle,
                "url": one.url,
            }
            for one in sorted(seen, key=lambda one: (one.channel, one.epoch))
        ]
        with self._deciding("record sidecars") as session:
            session.do("describe_sidecars", rows=Jsonb(rows))

    def record_media(self, node: NodeName, staged: Mapping[str, StagedSeen]) -> None:
        """Keep which files a node has; items of its channels become ready, or pending again."""
        with self._deciding(f"record media of {node}") as session:
            record_media(session, node, staged)

    def want_media(self, node: NodeName, wanted: Sequence[CopyWanted]) -> None:
        """See `Store.want_media`."""
        with self._deciding(f"record what {node} lacks") as session:
            want_media(session, node, wanted)

    def store_asrun(self, rows: Sequence[AsRunRow]) -> None:
        """See `Store.store_asrun`; all of them, or none."""
        with self._database.transaction("store as-run") as session:
            for start in range(0, len(rows), _MANY_ROWS):
                part = [asrun_row(row) for row in rows[start : start + _MANY_ROWS]]
                session.do("store_asrun", rows=Jsonb(part))

    def asrun_until(self, channel: ChannelName) -> int | None:
        """See `Store.asrun_until`."""
        with self._database.transaction(f"newest as-run of {channel}", reading=True) as session:
            row = session.one("asrun_until", channel=channel)
        return None if row is None else int(row[0])

    def raise_alarm(self, channel: ChannelName, key: str, text: str) -> None:
        """See `Store.raise_alarm`."""
        with self._deciding(f"raise alarm {key} of {channel}") as session:
            session.do("raise_alarm", channel=channel, key=key, text=text)

    def clear_alarm(self, channel: ChannelName, key: str) -> None:
        """See `Store.clear_alarm`."""
        with self._deciding(f"clear alarm {key} of {channel}") as session:
            session.do("clear_alarm", channel=channel, key=key)

    def journal(self, entries: Iterable[JournalEntry]) -> None:
        """See `Store.journal`."""
        rows = [journal_row(entry) for entry in entries]
        if rows:
            with self._database.transaction("journal") as session:
                session.do("journal", rows=Jsonb(rows))

    def keep_pass(self, commit: str, label: str, plan_json: str, outcome: str) -> None:
        """See `Store.keep_pass`; a refused pass is kept too, whoever made it."""
        with self._database.transaction("keep pass") as session:
            session.do(
                "keep_pass", commit=commit, label=label, plan_json=plan_json, outcome=outcome
            )

    # ── overrides ────────────────────────────────────────────────────────────────────────────

    def add_override(self, wanted: OverrideSeen) -> int:
        """Begin an operator's override and return its id; `wanted.id` does not matter.

        It replaces the channel's override of the same kind, and wakes the loop.
        """
        with self._database.transaction(f"override {wanted.channel}") as session:
            row = session.one(
                "add_override",
                channel=wanted.channel,
                kind=wanted.kind,
                value=wanted.value,
                owner=wanted.owner,
                reason=wanted.reason,
                expires_at=wanted.expires_at,
            )
            session.all("notify", what="overrides")
        if row is None:
            raise Rejected(f"{SYSTEM}: override {wanted.channel}: not written", system=SYSTEM)
        return int(row[0])

    def end_override(self, override: int, who: str) -> None:
        """End an override; `Rejected` if there is none of that id, or it is over."""
        with self._database.transaction(f"end override {override}") as session:
            if session.one("end_override", id=override, who=who) is None:
                raise Rejected(
                    f"{SYSTEM}: end override {override}: there is none, or it is over",
                    system=SYSTEM,
                )
            session.all("notify", what="overrides")

    def overrides(self) -> tuple[OverrideSeen, ...]:
        """Overrides in force, oldest first."""
        return self.read().overrides
