"""Smallest valid values in one line: `channel("news")`, `node("mcr-1", silent_for=90)`.

What a test does not name is the plainest thing that is right. A lineup's digests follow from its
content, so that an edit is an edit; a cluster is empty but for what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, TypeVar

from reconciler.model.copies import MediaRoom
from reconciler.model.desired import (
    AssetItem,
    DecklinkOutput,
    Desired,
    DesiredChannel,
    DesiredNode,
    DesiredPlaylist,
    DesiredRecorder,
    Device,
    EngineKind,
    Failover,
    Guard,
    Item,
    Layer,
    NdiOutput,
    OnNodeLoss,
    Output,
    Place,
    Policy,
    Revision,
    Runtime,
    StreamOutput,
)
from reconciler.model.ids import (
    AssetId,
    ChannelName,
    EventId,
    NodeName,
    OutputName,
    PlaylistName,
    RecorderName,
)
from reconciler.model.media import AssetFact, StagedSeen, TransferSeen, TransferStep
from reconciler.model.observed import (
    AlarmSeen,
    ChannelRow,
    ClaimSeen,
    DatabaseSeen,
    Health,
    Life,
    NodeSeen,
    OnAirSeen,
    OutputSeen,
    OverrideSeen,
    RecorderSeen,
    RestageSeen,
    SidecarAnswer,
    SidecarSeen,
    Snapshot,
)
from reconciler.model.rundown import Clip, Event, EventKind, Remark, Rundown
from reconciler.model.spans import parse_span
from reconciler.model.text import Text
from reconciler.model.video import VideoFormat
from reconciler.plan.digest import digest_of
from reconciler.plan.outputs import output_digest
from reconciler.rundown import Compiled

_T = TypeVar("_T")

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
COMMIT = "3f2a9c1d" + "0" * 32


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# ── the lineup ───────────────────────────────────────────────────────────────────────────────────


def udp(name: str = "main", url: str = "udp://127.0.0.1:5004", mark: str = "") -> StreamOutput:
    text = Text(shown=url, value=url, mark=mark)
    return StreamOutput(name=OutputName(name), type="udp", url=text)


def srt(name: str = "main", passphrase: str | None = None, **options: str) -> StreamOutput:
    secret = Text(shown="***", value=passphrase, mark=digest_of(passphrase)) if passphrase else None
    return StreamOutput(
        name=OutputName(name),
        type="srt",
        url=Text.plain("srt://mux.example:9001"),
        options=tuple(sorted(options.items())),
        passphrase=secret,
    )


def stream(kind: str, name: str) -> StreamOutput:
    """An output of another kind; on disk it is a place of its own."""
    url = f"{kind}://mux.example/live/{name}" if kind == "rtmp" else f"file:///srv/{name}"
    return StreamOutput(name=OutputName(name), type=kind, url=Text.plain(url))


def decklink(
    device: int | str = 1, name: str = "sdi", spare: tuple[str, int | str] | None = None
) -> DecklinkOutput:
    other = (NodeName(spare[0]), spare[1]) if spare is not None else None
    return DecklinkOutput(name=OutputName(name), device=device, spare=other)


def ndi(name: str = "ndi") -> NdiOutput:
    return NdiOutput(name=OutputName(name), ndi_name="NEWS 24")


def channel(
    name: str,
    *outputs: Output,
    on_air: bool = True,
    fmt: str = "360p2500",
    labels: Mapping[str, str] | None = None,
    prefer: Iterable[str] = (),
    fence: float | None = 30,
    on_node_loss: OnNodeLoss = OnNodeLoss.MOVE,
    allow_interrupt: bool = False,
    edition: int = 1,
    **changes: Any,
) -> DesiredChannel:
    """Stream channels are embedded, those with a DeckLink or NDI output CasparCG's."""
    sent = outputs or (udp(),)
    casparcg = any(not isinstance(output, StreamOutput) for output in sent)
    whole = DesiredChannel(
        name=ChannelName(name),
        title=name.title(),
        project=None,
        format=VideoFormat.parse(fmt),
        timezone="Europe/Oslo",
        on_air=on_air,
        outputs=sent,
        preview_hls=False,
        schedule=(Layer(playlist=PlaylistName("base"), loop=True),),
        filler=None,
        slate=None,
        place=Place(
            labels=tuple(sorted((labels or {}).items())), prefer=tuple(map(NodeName, prefer))
        ),
        failover=Failover(
            on_node_loss=on_node_loss, fence=None if fence is None else timedelta(seconds=fence)
        ),
        guard=Guard(allow_interrupt=allow_interrupt),
        engine=EngineKind.CASPARCG if casparcg else EngineKind.EMBEDDED,
        bitrate=None,
        digest="",
        fingerprint="",
        file=f"channels/{name}.yaml",
    )
    return _stamped(replace(whole, **changes), edition)


def _stamped(found: DesiredChannel, edition: int) -> DesiredChannel:
    started_with = [found.format.name, found.engine.value, found.preview_hls, found.bitrate]
    return replace(found, digest=digest_of([found, edition]), fingerprint=digest_of(started_with))


def machine(
    name: str,
    *,
    devices: Iterable[int | tuple[int, str]] = (),
    labels: Mapping[str, str] | None = None,
    cores: Fraction | int | None = 8,
    engines: Iterable[EngineKind] = tuple(EngineKind),
    maintenance: bool = False,
    max_channels: int | None = None,
    budget: int | None = None,
) -> DesiredNode:
    """`budget` is the room for media; unused files are kept up to the whole of it."""
    return DesiredNode(
        name=NodeName(name),
        runtime=Runtime.PROCESS,
        labels=tuple(sorted((labels or {}).items())),
        devices=tuple(
            Device(index=d) if isinstance(d, int) else Device(index=d[0], id=d[1]) for d in devices
        ),
        engines=frozenset(engines),
        cores=Fraction(cores) if cores is not None else None,
        max_channels=max_channels,
        maintenance=maintenance,
        media=MediaRoom(budget=budget, high_water=Fraction(1)),
    )


def recorder(name: str, on: str, device: int | str = 1) -> DesiredRecorder:
    return DesiredRecorder(name=RecorderName(name), node=NodeName(on), device=device)


def item(
    asset: str, *, name: str | None = None, inside: str | None = None, out: str | None = None
) -> AssetItem:
    return AssetItem(
        id=name or asset.lower(),
        asset=AssetId(asset),
        in_point=parse_span(inside) if inside else None,
        out_point=parse_span(out) if out else None,
    )


def playlist(name: str, *items: Item) -> DesiredPlaylist:
    return DesiredPlaylist(
        name=PlaylistName(name), title=name.title(), items=items, digest=digest_of(items)
    )


def lineup(
    *parts: DesiredChannel | DesiredNode | DesiredRecorder | DesiredPlaylist,
    policy: Policy | None = None,
    warnings: tuple[str, ...] = (),
) -> Desired:
    """One node `rack1` and a playlist `base`, unless they are given."""
    nodes = [p for p in parts if isinstance(p, DesiredNode)] or [machine("rack1")]
    playlists = [playlist("base", item("BARS")), *_of(parts, DesiredPlaylist)]
    return Desired(
        revision=Revision(commit=COMMIT, label="3f2a9c1 (main)", digest=digest_of(parts)),
        channels=_named(_of(parts, DesiredChannel), lambda c: c.name),
        playlists=_named(playlists, lambda p: p.name),
        nodes=_named(nodes, lambda n: n.name),
        recorders=_named(_of(parts, DesiredRecorder), lambda r: r.name),
        assets={},
        media=(),
        live={},
        accounts=(),
        policy=policy or Policy(),
        warnings=warnings,
    )


# ── the cluster ──────────────────────────────────────────────────────────────────────────────────


def node(
    name: str,
    *,
    silent_for: float = 0,
    staged: Iterable[str] | Mapping[str, int] | None = (),
    cores: int | None = None,
    devices: Iterable[int] | None = None,
    arriving: Mapping[str, int] | None = None,
) -> NodeSeen:
    """Silent for 10 seconds or longer: lost. Staged files are of one byte, or of the given size.

    `arriving` is how many bytes have come of files that are under way.
    """
    answering = Health.UNREAD if silent_for else Health.ANSWERING
    sizes = staged if isinstance(staged, Mapping) else dict.fromkeys(staged or (), 1)
    files = {s: StagedSeen(stored=s, size=size) for s, size in sizes.items()}
    return NodeSeen(
        name=NodeName(name),
        health=Health.LOST if silent_for >= 10 else answering,
        silent_for=timedelta(seconds=silent_for),
        staged=None if silent_for or staged is None else files,
        transfers=tuple(
            TransferSeen(stored=s, size=1000, done=done, rate=100, step=TransferStep.FETCHING)
            for s, done in sorted((arriving or {}).items())
        ),
        cores=Fraction(cores) if cores is not None else None,
        devices=frozenset(devices) if devices is not None else None,
    )


def answer(wanted: DesiredChannel | None = None, **changes: Any) -> SidecarAnswer:
    """A sidecar that is on air with all that `wanted` asks for."""
    now = FRAME25 if wanted is None else wanted.format.clock.showing_at(NOW)
    base = SidecarAnswer(
        tick=now,
        engine="running",
        ready=True,
        sending=True,
        on_air=OnAirSeen(
            event=EventId("base/bars"),
            title="Bars",
            start=now,
            frames=500,
            source_frame=0,
            moving=True,
        ),
        transport="playing",
        rundown_digest="r1",
        rundown_commit=COMMIT,
        rundown_until=now + 25 * 3600 * 25,
        acts_seq=0,
        outputs=tuple(sending(output) for output in (wanted.outputs if wanted else (udp(),))),
        asrun_waiting=0,
        lease_epoch=1,
        lease_left=timedelta(seconds=25),
        format="360p2500" if wanted is None else wanted.format.name,
        seams=True,
    )
    return replace(base, **changes)


FRAME25 = VideoFormat.parse("360p2500").clock.showing_at(NOW)


def sending(output: Output, state: str = "sending", error: str = "") -> OutputSeen:
    return OutputSeen(name=output.name, digest=output_digest(output), state=state, error=error)


def sidecar(
    of: str | DesiredChannel,
    on: str = "rack1",
    epoch: int = 1,
    *,
    life: Life = Life.RUNNING,
    silent_for: float = 0,
    fingerprint: str | None = None,
    **said: Any,
) -> SidecarSeen:
    """On air, unless told otherwise; `said` changes its answer."""
    wanted = channel(of) if isinstance(of, str) else of
    mute = silent_for or life is Life.DEAD
    said.setdefault("lease_epoch", epoch)
    return SidecarSeen(
        channel=wanted.name,
        node=NodeName(on),
        epoch=epoch,
        fingerprint=fingerprint if fingerprint is not None else wanted.fingerprint,
        commit=COMMIT,
        handle=f"{wanted.name}-{epoch}",
        url="http://127.0.0.1:3002",
        life=life,
        started_at=after(-3600),
        answer=None if mute else answer(wanted, **said),
        silent_for=timedelta(seconds=silent_for),
    )


def dead(of: str | DesiredChannel, on: str = "rack1", epoch: int = 1) -> SidecarSeen:
    return sidecar(of, on, epoch, life=Life.DEAD)


def row(
    of: str | DesiredChannel, on: str | None = "rack1", epoch: int = 1, **changes: Any
) -> ChannelRow:
    """On air with `epoch` on `on`, its lease renewed five seconds ago."""
    wanted = channel(of) if isinstance(of, str) else of
    base = ChannelRow(
        channel=wanted.name,
        digest=wanted.digest,
        status="running",
        node=NodeName(on) if on is not None else None,
        epoch=epoch,
        sending_epoch=epoch,
        rundown_digest="r1",
        lease_expires_at=after(25),
    )
    return replace(base, **changes)


def claim(owner: str, on: str = "rack1", device: int = 1, output: str | None = "sdi") -> ClaimSeen:
    """A channel's claim; a recorder's, without an output."""
    return ClaimSeen(
        node=NodeName(on),
        device=device,
        owner_kind="channel" if output is not None else "recorder",
        owner=owner,
        output=OutputName(output) if output is not None else None,
    )


def recording(
    name: str, on: str = "rack1", device: int = 1, *, recording: bool = True
) -> RecorderSeen:
    return RecorderSeen(
        name=RecorderName(name), node=NodeName(on), device=device, recording=recording, sdi=True
    )


def override(
    of: str, kind: str = "off", value: str = "", until: float | None = None
) -> OverrideSeen:
    return OverrideSeen(
        id=7,
        channel=ChannelName(of),
        kind=kind,
        value=value,
        owner="anna",
        reason="tower works",
        expires_at=after(until) if until is not None else None,
    )


def alarm(of: str, key: str, text: str = "it was so", since: float = -300) -> AlarmSeen:
    return AlarmSeen(channel=ChannelName(of), key=key, text=text, since=after(since))


def restage(asset: str, on: str = "rack1", number: int = 3) -> RestageSeen:
    return RestageSeen(
        id=number, asset=AssetId(asset), node=NodeName(on), who="anna", asked_at=after(-5)
    )


Found = (
    RestageSeen
    | NodeSeen
    | SidecarSeen
    | ChannelRow
    | ClaimSeen
    | RecorderSeen
    | OverrideSeen
    | AlarmSeen
)


def cluster(
    *parts: Found,
    known: Desired | None = None,
    catalogue: Iterable[AssetFact] = (),
    held: Iterable[Rundown] = (),
    needed: Mapping[str, Iterable[str]] | None = None,
    plays: Iterable[Rundown] = (),
    last_used: Mapping[str, Mapping[str, float]] | None = None,
) -> Snapshot:
    """One answering node `rack1` unless nodes are given; `known` has inventory rows.

    `plays` are kept rundowns of channels that lack files; `last_used` counts seconds from NOW.
    """
    nodes = _of(parts, NodeSeen) or [node("rack1")]
    inventory = known.nodes.values() if known is not None else ()
    recorders = _of(parts, RecorderSeen)
    return Snapshot(
        taken_at=NOW,
        nodes=_named(nodes, lambda n: n.name),
        sidecars=tuple(_of(parts, SidecarSeen)),
        database=DatabaseSeen(
            channels=_named(_of(parts, ChannelRow), lambda r: r.channel),
            nodes={n.name: digest_of(n) for n in inventory},
            recorders=_named(recorders, lambda r: r.name),
            claims=tuple(_of(parts, ClaimSeen)),
            overrides=tuple(_of(parts, OverrideSeen)),
            alarms=tuple(_of(parts, AlarmSeen)),
            restages=tuple(_of(parts, RestageSeen)),
        ),
        catalogue=_named(catalogue, lambda f: f.asset),
        held=_named(held, lambda r: r.channel),
        needed={ChannelName(k): dict.fromkeys(v, 0) for k, v in (needed or {}).items()},
        plays={r.channel: tuple(r.plays()) for r in plays},
        last_used={
            NodeName(name): {stored: after(at) for stored, at in ages.items()}
            for name, ages in (last_used or {}).items()
        },
    )


def fact(asset: str, stored: str | None = None, seconds: int = 3600, **changes: Any) -> AssetFact:
    base = AssetFact(
        asset=AssetId(asset),
        uri=f"file:///media/{asset}.mp4",
        stored=stored or stored_name(asset),
        size=1000,
        duration=Fraction(seconds),
    )
    return replace(base, **changes)


def stored_name(asset: str) -> str:
    return f"{asset}-1.mp4"


# ── rundowns ─────────────────────────────────────────────────────────────────────────────────────


def event(
    asset: str,
    at: float = 0,
    seconds: float = 3600,
    *,
    rate: int = 25,
    start: int | None = None,
    **changes: Any,
) -> Event:
    """`at` counts seconds from NOW."""
    frames = round(seconds * rate)
    first = FRAME25 + round(at * 25) if start is None else start
    base = Event(
        id=EventId(f"base/{asset.lower()}/{first}"),
        start=first,
        frames=frames,
        kind=EventKind.PROGRAMME,
        material=Clip(asset=AssetId(asset), stored=stored_name(asset), in_frame=0, material=frames),
        title=asset.title(),
        playlist="base",
        item=asset.lower(),
        nominal=frames,
    )
    return replace(base, **changes)


def rundown(of: str, *events: Event, **changes: Any) -> Rundown:
    base = Rundown(
        channel=ChannelName(of),
        rate=Fraction(25),
        start=events[0].start,
        end=events[-1].end,
        events=events,
        commit=COMMIT,
    )
    return replace(base, **changes)


def compiled(*rundowns: Rundown, remarks: tuple[Remark, ...] = ()) -> dict[ChannelName, Compiled]:
    return {r.channel: Compiled(rundown=r, remarks=remarks) for r in rundowns}


def _of(parts: Iterable[object], kind: type[_T]) -> list[_T]:
    return [part for part in parts if isinstance(part, kind)]


_N = TypeVar("_N", bound=str)


def _named(found: Iterable[_T], name: Callable[[_T], _N]) -> dict[_N, _T]:
    return dict(sorted(((name(one), one) for one in found), key=lambda pair: pair[0]))
