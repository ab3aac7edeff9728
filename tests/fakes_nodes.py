"""Nodes, sidecars and media in memory, with knobs for delay, refusal, silence and death.

They pass the same contract suites as the real adapters (`tests/contract/test_nodes.py` and
`test_sidecars.py`). What a fake sidecar decides, it decides with the real sidecar's pure parts.

    yard = Yard(clock=lambda: instant)
    node = yard.node("n1", cores=4, devices={1, 2})
    client = yard.client()
    library = FakeLibrary({"NEWS-OPEN": 10})
    node.silent = True            node.refuses = "no room"        node.delay = lambda what: …
    yard.kill("news", 1)          yard.at("news", 1).mute = True
    yard.at("news", 1).engine_dead = True
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TypeVar

from reconciler.errors import AdapterError, Rejected, Unreachable, UsageError
from reconciler.model.findings import METHOD, Findings
from reconciler.model.ids import AssetId, ChannelName, EventId, NodeName, OutputName
from reconciler.model.media import AssetFact, StagedSeen, TransferSeen
from reconciler.model.observed import (
    Health,
    Life,
    NodeSeen,
    OnAirSeen,
    OutputSeen,
    SidecarAnswer,
    SidecarSeen,
)
from reconciler.model.orders import SidecarStart, StageOrder
from reconciler.model.records import AsRunRow
from reconciler.model.rundown import Act, Clip, PlayList, Rundown, SlatePicture
from reconciler.model.seams import Hush, Join, Seal, SeamStep
from reconciler.model.sources import DesiredAsset, MediaSource
from reconciler.model.video import VideoFormat
from reconciler.ports import Grant, Progress
from reconciler.rundown.wire import from_wire, to_wire
from reconciler.sidecar import acts as live
from reconciler.sidecar import hush as hushes
from reconciler.sidecar.bend import Bent, bend
from reconciler.sidecar.lease import Lease, told

Key = tuple[str, int]

T = TypeVar("T")


@dataclass(slots=True)
class FakeSidecar:
    """One sidecar in memory. Its knobs are plain attributes."""

    start: SidecarStart
    node: NodeName
    started_at: datetime
    lease: Lease
    rate: Fraction
    life: Life = Life.RUNNING
    mute: bool = False  # does not answer
    refuses: str = ""  # answers no to everything but reading
    engine_dead: bool = False
    seams: bool = True
    hush: hushes.Hush | None = None
    joins: int | None = None
    ended: int | None = None  # the seam before which it fell silent
    ready: bool = True
    faults: tuple[str, ...] = ()
    digest: str = ""
    rundown: Rundown | None = None
    acts: tuple[Act, ...] = ()
    acts_seq: int = 0
    outputs: tuple[Mapping[str, object], ...] = ()
    output_states: dict[str, str] = field(default_factory=dict)
    rows: list[AsRunRow] = field(default_factory=list)
    next_seq: int = 1
    calls: list[str] = field(default_factory=list)

    @property
    def spool(self) -> str:
        return f"{self.start.channel}-{self.start.epoch}-fake"

    def sends(self, now: float) -> bool:
        """Whether something leaves, in truth."""
        hushed = self.hush is not None and self.hush.holds(now)
        alive = self.life is Life.RUNNING and not self.engine_dead
        return alive and not hushed and self.lease.may_send(now)


class Yard:
    """Everything the fakes share: the sidecars of all nodes, and the clock they live by."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self._clock = clock or (lambda: datetime.now(UTC))
        self.sidecars: dict[tuple[NodeName, Key], FakeSidecar] = {}
        self.nodes: dict[NodeName, FakeNode] = {}
        self.changes = threading.Condition()
        self.generation = 0
        self._number = 0
        self.written: list[tuple[str, int]] = []  # spool and number of every row there ever was

    def next_number(self) -> int:
        """A number that nobody had before."""
        self._number += 1
        return self._number

    def now(self) -> datetime:
        return self._clock()

    def monotonic(self) -> float:
        return self.now().timestamp()

    def node(
        self,
        name: str,
        *,
        cores: int = 4,
        devices: Iterable[int] | None = None,
        free_bytes: int = 1 << 40,
    ) -> FakeNode:
        node = FakeNode(self, NodeName(name))
        node.cores = Fraction(cores)
        node.devices = None if devices is None else frozenset(devices)
        node.free_bytes = free_bytes
        self.nodes[node.name] = node
        return node

    def client(self) -> FakeSidecarClient:
        return FakeSidecarClient(self)

    def at(self, channel: str, epoch: int) -> FakeSidecar:
        found = [s for (_, key), s in self.sidecars.items() if key == (channel, epoch)]
        assert len(found) == 1, f"{len(found)} sidecars for {channel} epoch {epoch}"
        return found[0]

    def kill(self, channel: str, epoch: int) -> None:
        """The sidecar dies in the middle of what it shows."""
        sidecar = self.at(channel, epoch)
        self.add_row(sidecar, why="crash", evidence="partial")
        sidecar.life = Life.DEAD
        self.tell()

    def tell(self) -> None:
        with self.changes:
            self.generation += 1
            self.changes.notify_all()

    def frame(self, sidecar: FakeSidecar) -> int:
        return int(Fraction(str(self.now().timestamp())) * sidecar.rate)

    def bent(self, sidecar: FakeSidecar) -> Bent:
        return bend(sidecar.rundown, sidecar.acts, self.frame(sidecar))

    def add_row(
        self, sidecar: FakeSidecar, *, why: str, evidence: str = "engine", kind: str = ""
    ) -> None:
        """A row about what is due now."""
        now = self.frame(sidecar)
        showing = self.bent(sidecar).at(now)
        if showing is None:
            return
        event = showing.event
        asset = event.material.asset if isinstance(event.material, Clip) else ""
        row = AsRunRow(
            spool=sidecar.spool,
            seq=sidecar.next_seq,
            channel=sidecar.start.channel,
            epoch=sidecar.start.epoch,
            event=event.id,
            title=event.title,
            asset=asset,
            playlist=event.playlist,
            item=event.item,
            kind=kind or event.kind.value,
            started_at=self.now(),
            ended_at=self.now(),
            first_tick=event.start,
            last_tick=now,
            first_source_frame=showing.in_frame,
            last_source_frame=showing.in_frame + now - event.start,
            start_error_frames=0,
            evidence=evidence,
            why=why,
            start_error_ms=None if why == "missed" else 7,
        )
        sidecar.rows.append(row)
        sidecar.next_seq += 1
        self.written.append((row.spool, row.seq))


class FakeNode:
    """`NodeControl` in memory."""

    def __init__(self, yard: Yard, name: NodeName) -> None:
        self._yard = yard
        self._seen_generation = yard.generation
        self.name = name
        self.silent = False
        self.refuses = ""
        self.delay: Callable[[str], None] = lambda _what: None
        self.cores = Fraction(4)
        self.devices: frozenset[int] | None = None
        self.free_bytes = 1 << 40
        self.media: dict[str, int] = {}
        self.found: dict[str, Findings] = {}  # what looking into a file finds
        self.unfit = ""  # why no file here can be copied into a MOV
        self.under_way: dict[str, TransferSeen] = {}
        self.calls: list[str] = []

    def look(self) -> tuple[NodeSeen, tuple[SidecarSeen, ...]]:
        self._call("look", reading=True)
        self._seen_generation = self._yard.generation
        node = NodeSeen(
            name=self.name,
            health=Health.ANSWERING,
            staged={n: StagedSeen(stored=n, size=s) for n, s in sorted(self.media.items())},
            free_bytes=self.free_bytes,
            cores=self.cores,
            devices=self.devices,
        )
        mine = [self._seen(s) for (n, _), s in self._yard.sidecars.items() if n == self.name]
        return node, tuple(sorted(mine, key=lambda seen: (seen.channel, seen.epoch)))

    def spawn(self, start: SidecarStart) -> SidecarSeen:
        self._call(f"spawn {start.channel} {start.epoch}")
        key = (self.name, (str(start.channel), start.epoch))
        found = self._yard.sidecars.get(key)
        if found is None or found.life is Life.DEAD:
            found = self._yard.sidecars[key] = self._fresh(start)
            self._yard.tell()
        return self._seen(found)

    def retire(self, channel: ChannelName, epoch: int) -> None:
        self._call(f"retire {channel} {epoch}")
        sidecar = self._yard.sidecars.get((self.name, (str(channel), epoch)))
        if sidecar is not None and sidecar.life is Life.RUNNING:
            self._yard.add_row(sidecar, why="stopped")
            sidecar.life = Life.DEAD
            self._yard.tell()

    def forget(self, channel: ChannelName, epoch: int) -> None:
        self._call(f"forget {channel} {epoch}")
        key = (self.name, (str(channel), epoch))
        sidecar = self._yard.sidecars.get(key)
        if sidecar is not None and sidecar.life is Life.RUNNING:
            raise Rejected(f"{self.name}: forget {channel} epoch {epoch}: it runs")
        self._yard.sidecars.pop(key, None)

    def spooled(self, seen: SidecarSeen) -> tuple[AsRunRow, ...]:
        self._call(f"spooled {seen.channel} {seen.epoch}")
        sidecar = self._yard.sidecars.get((self.name, (str(seen.channel), seen.epoch)))
        if sidecar is None:
            return ()
        if sidecar.life is Life.RUNNING:
            raise Rejected(f"{self.name}: {seen.channel} epoch {seen.epoch}: it runs; ask it")
        return tuple(sidecar.rows)

    def stage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        self._call(f"stage {order.stored}")
        if "missing" in order.uri:
            raise Rejected(f"{order.stored}: {order.uri}: there is no such file")
        if self.free_bytes < order.size:
            raise Unreachable(f"{order.stored}: the disk is full")
        self.media[order.stored] = order.size
        progress(order.size, order.size)
        return StagedSeen(stored=order.stored, size=order.size, sha256=order.sha256)

    def restage(self, order: StageOrder, progress: Progress) -> StagedSeen:
        self._call(f"restage {order.stored}")
        return self.stage(order, progress)

    def inspect(self, stored: str, progress: Progress) -> Findings:
        self._call(f"inspect {stored}", reading=True)
        if stored not in self.media:
            raise Rejected(f"{self.name}: {stored}: it is not staged")
        progress(self.media[stored], self.media[stored])
        found = self.found.get(stored, Findings(container="mov,mp4,m4a,3gp,3g2,mj2"))
        return replace(found, method=METHOD)

    def remux(self, source: str, target: str) -> str:
        self._call(f"remux {source}")
        if source not in self.media:
            raise Rejected(f"{self.name}: {source}: it is not staged")
        if self.unfit:
            return self.unfit
        self.media[target] = self.media[source]
        return ""

    def transfers(self) -> tuple[TransferSeen, ...]:
        self._call("transfers", reading=True)
        return tuple(self.under_way[name] for name in sorted(self.under_way))

    def evict(self, stored: str) -> None:
        self._call(f"evict {stored}")
        self.media.pop(stored, None)

    def changed(self, timeout: float) -> bool:
        yard = self._yard
        with yard.changes:
            return yard.changes.wait_for(
                lambda: yard.generation != self._seen_generation, timeout=timeout
            )

    def secrets_of(self, seen: SidecarSeen) -> str:
        self._call(f"secrets {seen.channel} {seen.epoch}", reading=True)
        if (self.name, (str(seen.channel), seen.epoch)) not in self._yard.sidecars:
            raise Rejected(f"{self.name}: {seen.channel} epoch {seen.epoch}: not here")
        return f"token-{seen.channel}-{seen.epoch}"

    def _call(self, what: str, *, reading: bool = False) -> None:
        self.calls.append(what)
        self.delay(what)
        if self.silent:
            raise Unreachable(f"{self.name}: {what}: no answer")
        if self.refuses and not reading:
            raise Rejected(f"{self.name}: {what}: {self.refuses}")

    def _fresh(self, start: SidecarStart) -> FakeSidecar:
        outputs = start.document.get("outputs", ())
        name = str(start.document.get("format", "360p2500"))
        return FakeSidecar(
            start=start,
            node=self.name,
            started_at=self._yard.now(),
            lease=Lease(own=start.epoch, highest=start.epoch),
            rate=VideoFormat.parse(name).rate,
            outputs=tuple(outputs) if isinstance(outputs, list | tuple) else (),
        )

    def _seen(self, sidecar: FakeSidecar) -> SidecarSeen:
        start = sidecar.start
        return SidecarSeen(
            channel=start.channel,
            node=self.name,
            epoch=start.epoch,
            fingerprint=start.fingerprint,
            commit=start.commit,
            handle=f"fake:{self.name}/{start.channel}/{start.epoch}",
            url=f"fake://{self.name}/{start.channel}/{start.epoch}",
            life=sidecar.life,
            started_at=sidecar.started_at,
        )


def caught(act: Callable[..., T], *values: object) -> T | AdapterError:
    """What `act` gives, or the error that it met."""
    try:
        return act(*values)
    except AdapterError as error:
        return error


class FakeSidecarClient:
    """`SidecarClient` in memory."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard

    def status(self, seen: SidecarSeen) -> SidecarAnswer:
        sidecar = self._find(seen, "status", reading=True)
        return self._answer(sidecar)

    def statuses(self, seen: Sequence[SidecarSeen]) -> tuple[SidecarAnswer | AdapterError, ...]:
        return tuple(caught(self.status, one) for one in seen)

    def raw_status(self, seen: SidecarSeen) -> Mapping[str, object]:
        answer = self.status(seen)
        on_air = answer.on_air
        return {
            "channel": seen.channel,
            "epoch": seen.epoch,
            "tick": answer.tick,
            "running": answer.engine == "running",
            "sending": answer.sending,
            "transport": answer.transport,
            "on_air": None if on_air is None else {"event": on_air.event, "title": on_air.title},
            "faults": list(answer.faults),
        }

    def held_rundown(self, seen: SidecarSeen) -> Rundown | None:
        return self._yard.bent(self._find(seen, "rundown", reading=True)).held

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        sidecar = self._find(seen, "load")
        if seen.epoch < sidecar.start.epoch:
            raise Rejected(f"epoch {seen.epoch} is older than this sidecar's")
        if rundown.channel != sidecar.start.channel or rundown.rate != sidecar.rate:
            raise Rejected(f"expected a rundown of {sidecar.start.channel} at {sidecar.rate}")
        sidecar.rundown = from_wire(to_wire(rundown, reveal=True))
        sidecar.digest = digest
        sidecar.acts = tuple(act for act in sidecar.acts if act.seq > rundown.acts_seq)

    def grant(self, seen: SidecarSeen, ttl: timedelta | None, *, lift: int = 0) -> bool:
        sidecar = self._find(seen, "grant")
        if lift and sidecar.hush is not None:
            if sidecar.hush.number != lift:
                raise Rejected(f"hush {lift}: {sidecar.hush.number} has taken its place")
            sidecar.hush = None
        asked_at = seen.answer.clock_ms / 1000 if seen.answer else self._yard.monotonic()
        counts = sidecar.lease.is_followed_by(asked_at)
        self._tell(sidecar, seen.epoch, None if ttl is None else ttl.total_seconds(), asked_at)
        return counts

    def grants(self, leases: Sequence[Grant]) -> tuple[AdapterError | bool, ...]:
        return tuple(caught(self.grant, *lease) for lease in leases)

    def turn(self, seen: SidecarSeen, step: SeamStep) -> int:
        sidecar = self._find(seen, type(step).__name__.lower())
        now = self._yard.monotonic()
        if not sidecar.seams or sidecar.engine_dead:
            raise Rejected("this engine cannot end before a frame, nor begin with one")
        match step:
            case Join(seam):
                if sidecar.sends(now):
                    raise Rejected("it may send already; there is nothing to join")
                sidecar.joins = seam
                return 0
            case Hush(seam):
                number = self._yard.next_number()
                hush = hushes.begin(sidecar.hush, number, seam=seam, now=now)
                sidecar.ended = sidecar.ended if hush.is_sealed else seam
                sidecar.hush = hushes.fallen_silent(hush, now)
                return number
            case Seal(number):
                hushed = sidecar.hush
                if hushed is None or hushed.number != number or not hushed.holds(now):
                    raise Rejected(f"hush {number}: it has ended, or another has taken its place")
                sidecar.hush = hushes.sealed(hushed)
                return 0

    def silence(self, seen: SidecarSeen, higher_epoch: int) -> None:
        self._tell(self._find(seen, "silence"), higher_epoch, None, self._yard.monotonic())

    def set_outputs(self, seen: SidecarSeen, outputs: Sequence[Mapping[str, object]]) -> None:
        sidecar = self._find(seen, "outputs")
        for output in outputs:
            if output["type"] in {"decklink", "ndi"}:
                raise Rejected(f"output {output['name']}: this engine cannot")
        sidecar.outputs = tuple(dict(output) for output in outputs)

    def transport(
        self,
        seen: SidecarSeen,
        act: str,
        body: Mapping[str, object],  # noqa: ARG002  # the port's shape; acts need none
    ) -> Mapping[str, object]:
        sidecar = self._find(seen, act)
        try:
            made = live.act_for(act, self._judged_on(sidecar))
        except UsageError as error:
            raise Rejected(str(error)) from error
        return self._perform(sidecar, act, made)

    def load_playlist(self, seen: SidecarSeen, body: Mapping[str, object]) -> Mapping[str, object]:
        sidecar = self._find(seen, "list")
        try:
            made = self._list(sidecar, body)
        except UsageError as error:
            raise Rejected(str(error)) from error
        return self._perform(sidecar, "load", made)

    def _list(self, sidecar: FakeSidecar, body: Mapping[str, object]) -> PlayList:
        node = self._yard.nodes[sidecar.node]
        now = self._judged_on(sidecar)
        loop, items = live.read_list(body)
        usable = tuple(item for item in items if item.media_path in node.media)
        if not usable:
            raise UsageError("items: none of them is in the media folder")
        lengths: dict[str, int | None] = {i.media_path: round(10 * sidecar.rate) for i in usable}
        events = live.list_events(usable, lengths, sidecar.rate, now.seq)
        return PlayList(seq=now.seq, at=now.at, events=events, loop=loop)

    def asrun(self, seen: SidecarSeen, limit: int) -> tuple[AsRunRow, ...]:
        return tuple(self._find(seen, "asrun", reading=True).rows[:limit])

    def acknowledge(self, seen: SidecarSeen, seq: int) -> None:
        sidecar = self._find(seen, "acknowledge")
        sidecar.rows = [row for row in sidecar.rows if row.seq > seq]

    def preview(self, seen: SidecarSeen, name: str) -> bytes | None:
        self._find(seen, f"preview {name}", reading=True)
        return b"#EXTM3U\n" if name == "index.m3u8" else None

    def _find(self, seen: SidecarSeen, what: str, *, reading: bool = False) -> FakeSidecar:
        about = f"{seen.node}: {seen.channel} epoch {seen.epoch}: {what}"
        node = self._yard.nodes.get(seen.node)
        if node is not None:
            node.delay(f"{what} {seen.channel} {seen.epoch}")
        found = self._yard.sidecars.get((seen.node, (str(seen.channel), seen.epoch)))
        gone = found is None or found.life is Life.DEAD
        if node is None or node.silent or found is None or gone or found.mute:
            raise Unreachable(f"{about}: no answer")
        found.calls.append(what)
        if found.refuses and not reading:
            raise Rejected(f"{about}: {found.refuses}")
        return found

    def _tell(self, sidecar: FakeSidecar, epoch: int, ttl: float | None, asked_at: float) -> None:
        refusal = sidecar.lease.refuses(epoch)
        if refusal:
            raise Rejected(refusal)
        now = self._yard.monotonic()
        sidecar.lease = told(sidecar.lease, epoch, ttl=ttl, asked_at=asked_at, now=now)

    def _judged_on(self, sidecar: FakeSidecar) -> live.Now:
        at = self._yard.frame(sidecar) + 1
        bent = self._yard.bent(sidecar)
        showing = bent.at(at)
        seq = max(sidecar.acts_seq, sidecar.rundown.acts_seq if sidecar.rundown else 0) + 1
        event = None if showing is None else EventId(showing.event.id)
        return live.Now(seq=seq, at=at, event=event, transport=bent.transport)

    def _perform(self, sidecar: FakeSidecar, name: str, act: Act | None) -> Mapping[str, object]:
        if act is not None:
            if sidecar.rundown is None:
                raise Rejected("no rundown is loaded yet; there is nothing to act on")
            sidecar.acts, sidecar.acts_seq = (*sidecar.acts, act), act.seq
            self._yard.add_row(sidecar, why="end", kind="act")
        bent = self._yard.bent(sidecar)
        return {
            "ok": True,
            "act": name,
            "changed": act is not None,
            "seq": sidecar.acts_seq,
            "shown": True,
            "latency_ms": 0.0,
            "transport": bent.transport,
        }

    def _answer(self, sidecar: FakeSidecar) -> SidecarAnswer:
        yard = self._yard
        now = yard.frame(sidecar)
        bent = yard.bent(sidecar)
        sending = sidecar.sends(yard.monotonic())
        hush = sidecar.hush
        state = "sending" if sending else "silent"
        return SidecarAnswer(
            tick=now,
            engine="restarting" if sidecar.engine_dead else "running",
            ready=sidecar.ready and sidecar.rundown is not None and not sidecar.engine_dead,
            sending=sending,
            on_air=None if sidecar.engine_dead else _on_air(bent, now),
            transport=bent.transport,
            rundown_digest=sidecar.digest,
            rundown_commit=sidecar.rundown.commit if sidecar.rundown else "",
            rundown_until=bent.rundown.end if bent.rundown else 0,
            acts_seq=sidecar.acts_seq,
            outputs=tuple(
                OutputSeen(
                    name=OutputName(str(output["name"])),
                    digest=str(output.get("digest", "")),
                    state=sidecar.output_states.get(str(output["name"]), state),
                )
                for output in sidecar.outputs
            ),
            asrun_waiting=len(sidecar.rows),
            lease_epoch=sidecar.lease.highest,
            lease_left=sidecar.lease.left(yard.monotonic()),
            faults=sidecar.faults,
            clock_ms=int(yard.monotonic() * 1000),
            format=str(sidecar.start.document.get("format", "360p2500")),
            seams=sidecar.seams,
            hush=hush.number if hush is not None and hush.is_sealed else 0,
            sent_until=None if sending else sidecar.ended,
            keeps_from=None if sending else sidecar.joins,
        )


def _on_air(bent: Bent, now: int) -> OnAirSeen | None:
    showing = bent.at(now)
    if showing is None or isinstance(showing.event.material, SlatePicture):
        return None
    return OnAirSeen(
        event=showing.event.id,
        title=showing.event.title,
        start=showing.start,
        frames=showing.frames,
        source_frame=showing.in_frame + now - showing.start,
        moving=not showing.frozen,
    )


class FakeLibrary:
    """`MediaLibrary` in memory: seconds by house number; a text instead is the asset's problem."""

    def __init__(self, lengths: Mapping[str, int | str]) -> None:
        self.lengths = dict(lengths)
        self.sizes: dict[str, int] = {}
        self.asked: list[tuple[AssetId, ...]] = []
        self.changes = threading.Condition()

    def catalogue(
        self,
        wanted: Iterable[AssetId],
        assets: Mapping[AssetId, DesiredAsset],  # noqa: ARG002  # the port's shape
        sources: Sequence[MediaSource],  # noqa: ARG002  # the port's shape
    ) -> Mapping[AssetId, AssetFact]:
        names = tuple(sorted(set(wanted)))
        self.asked.append(names)
        return {name: self._fact(name) for name in names}

    def order(self, fact: AssetFact) -> StageOrder:
        return StageOrder(
            stored=fact.stored,
            uri=fact.uri,
            size=fact.size,
            content=fact.stored,
            address=lambda: fact.uri,
            sha256=fact.sha256,
            etag=fact.etag,
        )

    def changed(self, timeout: float) -> bool:
        with self.changes:
            return self.changes.wait(timeout)

    def tell(self) -> None:
        """What was being looked at is known now."""
        with self.changes:
            self.changes.notify_all()

    def _fact(self, asset: AssetId) -> AssetFact:
        length = self.lengths.get(
            asset, f"no entry in assets.yaml and no media pattern for {asset!r}"
        )
        fact = AssetFact(
            asset=asset,
            uri=f"file:///library/{asset}.mp4",
            stored=f"{asset}.0123456789ab.mp4",
            size=self.sizes.get(asset, 1000),
        )
        if isinstance(length, str):
            return replace(fact, problem=length)
        return replace(fact, duration=Fraction(length))
