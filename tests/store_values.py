"""Smallest valid values for tests of the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    DecklinkOutput,
    Desired,
    DesiredChannel,
    DesiredNode,
    DesiredPlaylist,
    DesiredTransition,
    EngineKind,
    Failover,
    Filler,
    Guard,
    Layer,
    LiveItem,
    NdiOutput,
    Output,
    Place,
    Policy,
    Revision,
    Runtime,
    StreamOutput,
    TransitionType,
)
from reconciler.model.ids import (
    AssetId,
    ChannelName,
    EventId,
    NodeName,
    OutputName,
    PlaylistName,
)
from reconciler.model.media import AssetFact
from reconciler.model.records import AsRunRow, ChannelObservation, JournalEntry
from reconciler.model.rundown import Clip, Event, EventKind, Rundown
from reconciler.model.spans import parse_span
from reconciler.model.text import Text
from reconciler.model.video import VideoFormat

NEWS = ChannelName("news")
SPORT = ChannelName("sport")
MCR1 = NodeName("mcr-1")
MCR2 = NodeName("mcr-2")
SDI = OutputName("sdi")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def asset_item(name: str, asset: str, *, in_point: str = "", out_point: str = "") -> AssetItem:
    return AssetItem(
        id=name,
        asset=AssetId(asset),
        in_point=parse_span(in_point) if in_point else None,
        out_point=parse_span(out_point) if out_point else None,
    )


def playlist(name: str, *items: AssetItem | BreakItem | LiveItem) -> DesiredPlaylist:
    return DesiredPlaylist(name=PlaylistName(name), title=name, items=items, digest=f"d-{name}")


def day() -> DesiredPlaylist:
    """Every kind of item."""
    mix = DesiredTransition(type=TransitionType.MIX, duration=parse_span("12f"))
    return playlist(
        "day",
        asset_item("open", "A-1", in_point="00:00:02:00", out_point="17s"),
        BreakItem(id="brk", items=(asset_item("brk/1", "A-2"), asset_item("brk/2", "A-1"))),
        AssetItem(id="feature", asset=AssetId("A-3"), title="Feature", transition=mix),
        LiveItem(id="studio", live="studio-a", duration=parse_span("28m")),
    )


def secret_stream() -> StreamOutput:
    return StreamOutput(
        name=OutputName("social"),
        type="rtmp",
        url=Text(shown="rtmp://live.example/app/•••", value="rtmp://live.example/app/hunter2"),
        options=(("latency", "200"),),
        passphrase=Text(shown="•••", value="hunter3"),
    )


def decklink(device: int | str = 1) -> DecklinkOutput:
    return DecklinkOutput(name=SDI, device=device)


def ndi() -> NdiOutput:
    return NdiOutput(name=OutputName("ndi"), ndi_name="NEWS 24")


def channel(
    name: str = "news", *outputs: Output, title: str = "", digest: str = "d1", playlist: str = "day"
) -> DesiredChannel:
    return DesiredChannel(
        name=ChannelName(name),
        title=title or name.title(),
        project="newsroom",
        format=VideoFormat.parse("1080p5000"),
        timezone="Europe/Oslo",
        on_air=True,
        outputs=outputs,
        preview_hls=False,
        schedule=(Layer(playlist=PlaylistName(playlist), loop=True),),
        filler=Filler(playlist=PlaylistName("idents")),
        slate=AssetId("SLATE"),
        place=Place(),
        failover=Failover(),
        guard=Guard(),
        engine=EngineKind.EMBEDDED,
        bitrate=None,
        digest=digest,
        fingerprint="f1",
        file=f"channels/{name}.yaml",
    )


def lineup(*channels: DesiredChannel, playlists: Sequence[DesiredPlaylist] = ()) -> Desired:
    lists = playlists or (day(), playlist("idents", asset_item("i", "ID-1")))
    return Desired(
        revision=Revision(commit="c" * 40, label="ccc (main)", digest="x"),
        channels={one.name: one for one in channels},
        playlists={one.name: one for one in lists},
        nodes={},
        recorders={},
        assets={},
        media=(),
        live={},
        accounts=(),
        policy=Policy(),
    )


def fact(asset: str, *, stored: str = "", problem: str | None = None) -> AssetFact:
    return AssetFact(
        asset=AssetId(asset),
        uri=f"file:///library/{asset}.mp4",
        stored=stored or f"{asset.lower()}-0a1b.mp4",
        size=1000,
        duration=Fraction(20),
        problem=problem,
    )


def catalogue(*broken: str) -> dict[AssetId, AssetFact]:
    names = ("A-1", "A-2", "A-3", "ID-1", "SLATE")
    return {
        AssetId(name): fact(name, problem="truncated" if name in broken else None) for name in names
    }


def node(name: str = "mcr-1", *, address: str = "") -> DesiredNode:
    return DesiredNode(name=NodeName(name), runtime=Runtime.PROCESS, address=address)


def rundown(name: str = "news", *, until: int = 2000) -> Rundown:
    clip = Clip(asset=AssetId("A-1"), stored="a-1-0a1b.mp4", in_frame=0, material=until - 1000)
    event = Event(
        id=EventId("e1"),
        start=1000,
        frames=until - 1000,
        kind=EventKind.PROGRAMME,
        material=clip,
        title="One",
    )
    return Rundown(
        channel=ChannelName(name), rate=Fraction(25), start=1000, end=until, events=(event,)
    )


def asrun(seq: int, *, name: str = "news", spool: str = "spool-1", title: str = "") -> AsRunRow:
    return AsRunRow(
        spool=spool,
        seq=seq,
        channel=ChannelName(name),
        epoch=1,
        event=f"e{seq}",
        title=title or f"Event {seq}",
        asset="A-1",
        playlist="day",
        item="open",
        kind="programme",
        started_at=NOON + timedelta(seconds=seq),
        ended_at=NOON + timedelta(seconds=seq + 1),
        first_tick=seq * 25,
        last_tick=seq * 25 + 24,
        first_source_frame=0,
        last_source_frame=24,
        start_error_frames=0,
        evidence="output",
        why="end",
        start_error_ms=None if seq % 2 else 7,
    )


def observed(
    name: str = "news",
    status: str = "running",
    *,
    on: NodeName | None = MCR1,
    error: str = "",
    seen: bool = True,
) -> ChannelObservation:
    return ChannelObservation(
        channel=ChannelName(name),
        status=status,
        node=on,
        handle="pid-1",
        url="http://127.0.0.1:3002",
        error_message=error,
        seen=seen,
    )


def entry(what: str = "spawn sidecar") -> JournalEntry:
    return JournalEntry(
        at=NOON,
        who="reconciler",
        what=what,
        channel=NEWS,
        node=MCR1,
        cause="new in the lineup",
        outcome="done",
        commit="c" * 40,
        plan="a90b11",
    )
