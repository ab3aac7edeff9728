"""A small pure world: what a plan's actions do to a cluster, and what time does to it.

It keeps the promises of `ports.py` (epochs only grow, one right to send, one holder per device,
every call may be repeated) and nothing of any real system. `World.snapshot` is what a pass sees,
`perform` is what it does, `tick` lets sidecars become ready and leases be renewed or lapse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from reconciler.errors import Rejected
from reconciler.model.desired import Desired, DesiredChannel
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.model.media import AssetFact, StagedSeen
from reconciler.model.observed import (
    AlarmSeen,
    ChannelRow,
    ClaimSeen,
    DatabaseSeen,
    Health,
    Life,
    NodeSeen,
    OutputSeen,
    OverrideSeen,
    RecorderSeen,
    SidecarSeen,
    Snapshot,
)
from reconciler.model.rundown import Clip, Event, Play, Rundown
from reconciler.plan.actions import (
    Action,
    AddOutput,
    AdoptSidecar,
    ClaimDevice,
    ClearAlarm,
    CollectAsRun,
    EvictMedia,
    GrantLease,
    HandOver,
    Leave,
    LoadRundown,
    Plan,
    RaiseAlarm,
    ReleaseDevice,
    RemoveChannel,
    RemoveNode,
    RemoveOutput,
    RemuxMedia,
    RetireSidecar,
    SpawnSidecar,
    StageMedia,
    WriteChannel,
    WriteNode,
    WriteRecorder,
)
from reconciler.plan.check import check
from reconciler.plan.digest import digest_of, node_digest
from reconciler.plan.horizon import needs_compile, window
from reconciler.plan.needs import lacking
from reconciler.plan.outputs import output_digest
from reconciler.plan.planner import make_plan
from reconciler.rundown import Compiled
from tests.builders import NOW, answer, event, fact, stored_name

Key = tuple[ChannelName, NodeName, int]
_EVENT_SECONDS = 3600


@dataclass(slots=True)
class World:
    """Everything that is there. `silent` nodes do not answer; `dark` ones have in truth stopped."""

    desired: Desired
    now: datetime = NOW
    rows: dict[ChannelName, ChannelRow] = field(default_factory=dict)
    sidecars: dict[Key, SidecarSeen] = field(default_factory=dict)
    held: dict[Key, Rundown] = field(default_factory=dict)
    claims: dict[tuple[NodeName, int], ClaimSeen] = field(default_factory=dict)
    recorders: dict[str, RecorderSeen] = field(default_factory=dict)
    overrides: tuple[OverrideSeen, ...] = ()
    alarms: dict[tuple[ChannelName, str], AlarmSeen] = field(default_factory=dict)
    node_rows: dict[NodeName, str] = field(default_factory=dict)
    staged: dict[NodeName, set[str]] = field(default_factory=dict)
    silent: dict[NodeName, datetime] = field(default_factory=dict)
    missing_media: frozenset[str] = frozenset()

    # ── what a pass sees ─────────────────────────────────────────────────────────────────────────

    def snapshot(self, *, backwards: bool = False) -> Snapshot:
        """Read everything; `backwards`: in the opposite order."""
        turn = (lambda xs: list(reversed(list(xs)))) if backwards else list
        here = [s for key, s in self.sidecars.items() if key[1] not in self.silent]
        nodes = turn(sorted({*self.desired.nodes, *self.node_rows}))
        return Snapshot(
            taken_at=self.now,
            nodes={name: self._node(name) for name in nodes},
            sidecars=tuple(turn(here)),
            database=DatabaseSeen(
                channels=dict(turn(self.rows.items())),
                nodes=dict(turn(self.node_rows.items())),
                recorders={r.name: r for r in turn(self.recorders.values())},
                claims=tuple(turn(self.claims.values())),
                overrides=tuple(turn(self.overrides)),
                alarms=tuple(turn(self.alarms.values())),
            ),
            catalogue=self._catalogue(),
            held={c: r for (c, n, _), r in sorted(self.held.items()) if n not in self.silent},
            needed=self._needed(),
        )

    def compiled(self, seen: Snapshot) -> Mapping[ChannelName, Compiled]:
        """Compile what a pass must."""
        return {
            name: Compiled(
                rundown=compile_simply(wanted, self.now, self.desired, seen.held.get(name)),
                remarks=(),
            )
            for name, wanted in self.desired.channels.items()
            if needs_compile(
                wanted,
                row=seen.database.channels.get(name),
                sidecars=[s for s in seen.sidecars if s.channel == name],
                now=seen.taken_at,
                policy=self.desired.policy,
            )
        }

    def plan(self, leave: Leave | None = None, *, backwards: bool = False) -> Plan:
        """Observe and plan; a plan with a contradiction fails the test."""
        seen = self.snapshot(backwards=backwards)
        rundowns = self.compiled(seen)
        seen = replace(seen, plays=self._plays(seen, rundowns))
        plan = make_plan(self.desired, seen, rundowns, leave or Leave())
        assert check(plan, self.desired, seen) == ()
        return plan

    # ── what passes do ───────────────────────────────────────────────────────────────────────────

    def converge(self, leave: Leave | None = None, *, passes: int = 12, tick: float = 5) -> Plan:
        """Pass after pass until nothing is left to do; returns the last plan."""
        plan = self.plan(leave)
        for _ in range(passes):
            if plan.is_empty:
                break
            self.apply(plan.actions)
            self.tick(tick)
            plan = self.plan(leave)
        return plan

    def apply(self, actions: Iterable[Action]) -> None:
        """Perform actions in order; no channel may ever have two that send."""
        for action in actions:
            self.perform(action)
            assert self.double_senders() == ()

    def double_senders(self) -> tuple[ChannelName, ...]:
        """Channels that more than one sidecar sends, whoever can be asked."""
        sending = [
            k[0] for k, s in self.sidecars.items() if s.answer is not None and s.answer.sending
        ]
        return tuple(sorted({name for name in sending if sending.count(name) > 1}))

    def tick(self, seconds: float) -> None:
        """Let time pass: leases are kept for whoever can be asked, and lapse for the others."""
        self.now += timedelta(seconds=seconds)
        for key, seen in self.sidecars.items():
            row = self.rows.get(key[0])
            if seen.life is Life.DEAD or seen.answer is None or row is None:
                continue
            if row.sending_epoch == seen.epoch and key[1] not in self.silent:
                self._renew(key, row)
            elif seen.answer.sending and self._lapsed(row, seen):
                self._say(key, sending=False)
            if self._is_ready(key):
                self._say(key, ready=True)

    # ── what befalls it ──────────────────────────────────────────────────────────────────────────

    def kill(self, name: str) -> None:
        """Every running sidecar of a channel dies where it stands."""
        for key, seen in self.sidecars.items():
            if key[0] == name:
                self.sidecars[key] = replace(seen, life=Life.DEAD, answer=None)

    def lose(self, node: str, seconds: float = 60) -> None:
        """A node falls silent, and has been for `seconds`; what runs there goes on."""
        self.silent[NodeName(node)] = self.now - timedelta(seconds=seconds)

    def find(self, node: str) -> None:
        """A silent node answers again."""
        del self.silent[NodeName(node)]

    def edit(self, desired: Desired) -> None:
        """Another lineup comes into force."""
        self.desired = desired

    def on_air(self) -> tuple[ChannelName, ...]:
        """Channels that one sidecar sends, sorted."""
        found = {
            k[0] for k, s in self.sidecars.items() if s.answer is not None and s.answer.sending
        }
        return tuple(sorted(found))

    def where(self, name: str) -> tuple[NodeName, ...]:
        """The nodes of a channel's sidecars."""
        return tuple(key[1] for key in sorted(self.sidecars) if key[0] == name)

    # ── one action ───────────────────────────────────────────────────────────────────────────────

    def perform(self, action: Action) -> None:
        """Perform one action; may be repeated."""
        match action:
            case WriteChannel() | RemoveChannel() | WriteNode() | RemoveNode() | WriteRecorder():
                self._rows(action)
            case StageMedia() | RemuxMedia():
                if action.stored not in self.missing_media:
                    self.staged.setdefault(action.node, set()).add(action.stored)
            case EvictMedia():
                self.staged.setdefault(action.node, set()).discard(action.stored)
            case ClaimDevice():
                self._claim(action.channel, action.output, action.node, action.device)
            case ReleaseDevice():
                self.claims.pop((action.node, action.device), None)
            case RaiseAlarm():
                self.alarms[action.channel, action.key] = AlarmSeen(
                    channel=action.channel, key=action.key, text=action.text, since=self.now
                )
            case ClearAlarm():
                self.alarms.pop((action.channel, action.key), None)
            case SpawnSidecar():
                self._spawn(action)
            case _:
                self._sidecar(action)

    def _rows(
        self, action: WriteChannel | RemoveChannel | WriteNode | RemoveNode | WriteRecorder
    ) -> None:
        match action:
            case WriteChannel():
                old = self.rows.get(action.channel)
                fresh = ChannelRow(channel=action.channel, digest="", status="stopped")
                self.rows[action.channel] = replace(old or fresh, digest=action.digest)
            case RemoveChannel():
                self.rows.pop(action.channel, None)
            case WriteNode():
                self.node_rows[action.node] = action.digest
                assert action.digest == node_digest(self.desired.nodes[action.node])
            case RemoveNode():
                self.node_rows.pop(action.node, None)
            case WriteRecorder():
                wanted = self.desired.recorders[action.recorder]
                devices = self.desired.nodes[wanted.node].devices
                index = next(d.index for d in devices if d.answers_to(wanted.device))
                known = self.recorders.get(action.recorder)
                self.recorders[action.recorder] = RecorderSeen(
                    name=wanted.name,
                    node=wanted.node,
                    device=index,
                    recording=known.recording if known is not None else False,
                    sdi=True,
                )
            case _:
                assert_never(action)

    def _sidecar(
        self,
        action: RetireSidecar
        | AdoptSidecar
        | GrantLease
        | HandOver
        | LoadRundown
        | AddOutput
        | RemoveOutput
        | CollectAsRun,
    ) -> None:
        self._must_answer(action.node)
        key = (action.channel, action.node, action.epoch)
        match action:
            case RetireSidecar():
                self._retire(key)
            case AdoptSidecar():
                row = self.rows[action.channel]
                if action.epoch > row.epoch:
                    self._row(
                        action.channel, epoch=action.epoch, node=action.node, status="running"
                    )
            case GrantLease():
                self._grant(key)
            case HandOver():
                self._must_answer(action.old_node)
                self._fall_silent((action.channel, action.old_node, action.old_epoch))
                self._grant(key)
            case LoadRundown():
                self.held[key] = action.rundown
                self._say(
                    key, rundown_digest=action.digest, rundown_until=action.rundown.end, acts_seq=0
                )
                self._row(action.channel, rundown_digest=action.digest)
            case AddOutput() | RemoveOutput():
                outputs = self.desired.channels[action.channel].outputs
                self._say(key, outputs=tuple(map(_sending, outputs)))
            case CollectAsRun():
                self._say(key, asrun_waiting=0)
            case _:
                assert_never(action)

    def _spawn(self, action: SpawnSidecar) -> None:
        self._must_answer(action.node)
        row = self.rows[action.channel]
        if action.epoch <= row.epoch:
            raise Rejected(f"{action.channel}: epoch {action.epoch} is taken")
        for output, device in action.devices:
            self._claim(action.channel, output, action.node, device)
        counts = action.counts_as_restart
        self._row(
            action.channel,
            epoch=action.epoch,
            node=action.node,
            status="starting",
            recent_restarts=row.recent_restarts + counts,
            last_restart_at=self.now if counts else row.last_restart_at,
        )
        wanted = self.desired.channels[action.channel]
        self.sidecars[action.channel, action.node, action.epoch] = SidecarSeen(
            channel=action.channel,
            node=action.node,
            epoch=action.epoch,
            fingerprint=action.fingerprint,
            commit=self.desired.revision.commit,
            handle=f"{action.channel}-{action.epoch}",
            url="http://127.0.0.1:3002",
            life=Life.RUNNING,
            started_at=self.now,
            answer=answer(
                wanted,
                ready=False,
                sending=False,
                rundown_digest="",
                rundown_until=0,
                lease_epoch=0,
                on_air=None,
            ),
        )

    def _retire(self, key: Key) -> None:
        self.sidecars.pop(key, None)
        self.held.pop(key, None)
        row = self.rows.get(key[0])
        if row is None:
            return
        mine = [k for k, c in self.claims.items() if c.owner == key[0] and k[0] == key[1]]
        if not any(k[0] == key[0] and k[1] == key[1] for k in self.sidecars):
            for device in mine:
                del self.claims[device]
        changes: dict[str, object] = {}
        if row.sending_epoch == key[2]:
            changes |= {"sending_epoch": 0, "lease_expires_at": None}
        wanted = self.desired.channels.get(key[0])
        if wanted is None or not wanted.on_air:
            changes |= {"status": "stopped"}
        self._row(key[0], **changes)

    def _grant(self, key: Key) -> None:
        row = self.rows[key[0]]
        if key[2] not in (row.epoch, row.sending_epoch):
            raise Rejected(f"{key[0]}: epoch {key[2]} is not the highest")
        other = row.sending_epoch not in (0, key[2])
        if other and (row.lease_expires_at is None or row.lease_expires_at > self.now):
            raise Rejected(f"{key[0]}: the lease of epoch {row.sending_epoch} runs")
        self._row(key[0], sending_epoch=key[2], status="running")
        self._say(key, hush=0)
        self._renew(key, self.rows[key[0]])

    def _fall_silent(self, key: Key) -> None:
        self._say(key, sending=False, hush=1)
        if self.rows[key[0]].sending_epoch == key[2]:
            self._row(key[0], sending_epoch=0, lease_expires_at=None)

    def _renew(self, key: Key, row: ChannelRow) -> None:
        wanted = self.desired.channels.get(key[0])
        fence = wanted.failover.fence if wanted is not None else timedelta(seconds=30)
        self._row(key[0], lease_expires_at=self.now + fence if fence is not None else None)
        self._say(key, sending=True, lease_epoch=row.sending_epoch, lease_left=fence)

    def _claim(self, owner: ChannelName, output: object, node: NodeName, device: int) -> None:
        held = self.claims.get((node, device))
        if held is not None and held.owner != owner:
            raise Rejected(f"{node}: device {device} is held by {held.owner}")
        self.claims[node, device] = ClaimSeen(
            node=node,
            device=device,
            owner_kind="channel",
            owner=owner,
            output=output,  # type: ignore[arg-type]  # both callers hand in an output's name
        )

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    def _node(self, name: NodeName) -> NodeSeen:
        since = self.silent.get(name)
        wanted = self.desired.nodes.get(name)
        silent_for = self.now - since if since is not None else timedelta(0)
        lost = since is not None and silent_for >= self.desired.policy.lost_after
        unwell = Health.LOST if lost else Health.UNREAD
        files = {s: StagedSeen(stored=s, size=1) for s in sorted(self.staged.get(name, ()))}
        return NodeSeen(
            name=name,
            health=unwell if since is not None else Health.ANSWERING,
            silent_for=silent_for,
            staged=files if since is None else None,
            devices=frozenset(d.index for d in wanted.devices) if wanted is not None else None,
        )

    def _catalogue(self) -> Mapping[AssetId, AssetFact]:
        names = {a for c in self.desired.channels.values() for a in assets_by(c)}
        return {AssetId(a): fact(a) for a in sorted(names)}

    def _needed(self) -> Mapping[ChannelName, Mapping[str, int]]:
        found: dict[ChannelName, Mapping[str, int]] = {}
        for (name, _, _), rundown in self.held.items():
            found[name] = {**rundown.due, **found.get(name, {})}
        return found

    def _plays(
        self, seen: Snapshot, rundowns: Mapping[ChannelName, Compiled]
    ) -> Mapping[ChannelName, tuple[Play, ...]]:
        """Where channels that are not compiled play the files that they lack."""
        found: dict[ChannelName, tuple[Play, ...]] = {}
        for (name, _, _), rundown in sorted(self.held.items()):
            wanted = self.desired.channels.get(name)
            if wanted is None or name in rundowns:
                continue
            here = [s for s in seen.sidecars if s.channel == name]
            files = lacking(wanted, here, seen, self.desired.policy)
            if files:
                plays = tuple(play for play in rundown.plays() if play.stored in files)
                found[name] = (*found.get(name, ()), *plays)
        return found

    def _is_ready(self, key: Key) -> bool:
        return key in self.held

    def _lapsed(self, row: ChannelRow, seen: SidecarSeen) -> bool:
        if row.sending_epoch == seen.epoch:
            return row.lease_expires_at is not None and row.lease_expires_at <= self.now
        return row.sending_epoch > seen.epoch

    def _must_answer(self, node: NodeName) -> None:
        assert node not in self.silent, f"{node} does not answer, and was asked to act"

    def _row(self, name: ChannelName, **changes: object) -> None:
        self.rows[name] = replace(self.rows[name], **changes)  # type: ignore[arg-type]  # by keyword

    def _say(self, key: Key, **changes: object) -> None:
        seen = self.sidecars[key]
        assert seen.answer is not None
        said = replace(seen.answer, **changes)  # type: ignore[arg-type]  # by keyword
        self.sidecars[key] = replace(seen, answer=said)


def compile_simply(
    wanted: DesiredChannel, now: datetime, desired: Desired, held: Rundown | None
) -> Rundown:
    """A rundown of whole hours that depends on the channel's digest, as a compiled one does.

    What `held` has on air, or about to start, is carried over.
    """
    start, end = window(wanted, now, desired.policy)
    clock = wanted.format.clock
    frozen = clock.showing_at(now) + clock.frames_in(wanted.guard.freeze)
    same = held is not None and held.rate == wanted.format.rate
    kept = [e for e in held.events if e.end > start and e.start < frozen] if held and same else []
    length = clock.frames_in(timedelta(seconds=_EVENT_SECONDS))
    assets = assets_by(wanted)
    events: list[Event] = list(kept)
    at = kept[-1].end if kept else start
    while at < end:
        asset = assets[at // length % len(assets)]
        clip = Clip(asset=AssetId(asset), stored=stored_name(asset), in_frame=0, material=length)
        first = event(asset, start=at, item="bars", material=clip, frames=length, nominal=length)
        events.append(first)
        at += length
    return Rundown(
        channel=wanted.name,
        rate=wanted.format.rate,
        start=events[0].start,
        end=at,
        events=tuple(events),
        commit=desired.revision.commit,
    )


def assets_by(wanted: DesiredChannel) -> tuple[str, ...]:
    """Three assets that follow from a channel's digest: an edit brings others."""
    seed = int(digest_of([wanted.digest])[:6], 16)
    return tuple(f"A{(seed + step) % 50:02}" for step in range(3))


def _sending(output: object) -> OutputSeen:
    return OutputSeen(
        name=output.name,  # type: ignore[attr-defined]  # every output has one
        digest=output_digest(output),
        state="sending",
    )
