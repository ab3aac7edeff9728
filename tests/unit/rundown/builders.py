"""Smallest schedules in one line each, and a picture of a rundown that reads like a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    DesiredChannel,
    DesiredPlaylist,
    DesiredTransition,
    EngineKind,
    Failover,
    Filler,
    Guard,
    Item,
    Layer,
    LiveItem,
    Place,
    StartType,
    TransitionType,
)
from reconciler.model.ids import AssetId, ChannelName, PlaylistName
from reconciler.model.media import AssetFact
from reconciler.model.rundown import Event, Rundown
from reconciler.model.sources import LiveSource
from reconciler.model.spans import parse_span
from reconciler.model.text import Text
from reconciler.model.video import FrameClock, VideoFormat
from reconciler.rundown import Carry, Compiled, Sources, Window, compile_rundown

HARD, SOFT, FOLLOW = StartType.HARD, StartType.SOFT, StartType.FOLLOW


def clock(text: str) -> time:
    return time.fromisoformat(text)


def item(name: str, asset: str = "", **more: Any) -> AssetItem:
    """`item("a", "10s")`: an asset that is a span long; its id is also its length's name."""
    at, join = more.pop("at", None), more.pop("mix", None)
    first, out = more.pop("first", None), more.pop("out", None)
    return AssetItem(
        id=name,
        asset=AssetId(asset or name),
        in_point=parse_span(first) if first else None,
        out_point=parse_span(out) if out else None,
        at=clock(at) if at else None,
        transition=DesiredTransition(type=TransitionType.MIX, duration=parse_span(join))
        if join
        else None,
        **more,
    )


def live(name: str, source: str, lasts: str, **more: Any) -> LiveItem:
    at = more.pop("at", None)
    return LiveItem(
        id=name, live=source, duration=parse_span(lasts), at=clock(at) if at else None, **more
    )


def brk(name: str, *items: AssetItem, **more: Any) -> BreakItem:
    at = more.pop("at", None)
    return BreakItem(id=name, items=items, at=clock(at) if at else None, **more)


def playlist(name: str, *items: Item | str) -> DesiredPlaylist:
    """Items, or asset names that become items of the same id."""
    full = tuple(item(i) if isinstance(i, str) else i for i in items)
    return DesiredPlaylist(name=PlaylistName(name), title=name, items=full, digest=name)


def layer(name: str, at: str | None = None, **more: Any) -> Layer:
    for key in ("early", "late", "until"):
        if key in more:
            more[key] = timedelta(seconds=more[key])
    for key in ("days", "dates"):
        if key in more:
            more[key] = frozenset(more[key])
    return Layer(playlist=PlaylistName(name), at=clock(at) if at else None, **more)


def base(name: str, **more: Any) -> Layer:
    return layer(name, loop=True, **more)


def asset(name: str, seconds: str | int | None, **more: Any) -> AssetFact:
    return AssetFact(
        asset=AssetId(name),
        uri=f"file:///{name}",
        stored=f"{name}.mxf",
        duration=None if seconds is None else Fraction(seconds),
        **more,
    )


def channel(*schedule: Layer, **more: Any) -> DesiredChannel:
    filler = more.pop("filler", None)
    if isinstance(filler, str):
        filler = Filler(playlist=PlaylistName(filler))
    slate = more.pop("slate", None)
    return DesiredChannel(
        name=ChannelName("news"),
        title="News",
        project=None,
        format=VideoFormat.parse(more.pop("format", "360p2500")),
        timezone=more.pop("zone", "Europe/Oslo"),
        on_air=True,
        outputs=(),
        preview_hls=False,
        schedule=schedule,
        filler=filler,
        slate=None if slate is None else AssetId(slate),
        place=Place(),
        failover=Failover(),
        guard=Guard(),
        engine=EngineKind.EMBEDDED,
        bitrate=None,
        digest="d",
        fingerprint="f",
        file="channels/news.yaml",
        **more,
    )


def sources(
    wanted: DesiredChannel,
    playlists: Sequence[DesiredPlaylist],
    assets: Mapping[str, str | int] | Sequence[AssetFact] = (),
) -> Sources:
    """A channel's sources; `assets` maps names to seconds."""
    facts = (
        [asset(name, long) for name, long in assets.items()]
        if isinstance(assets, Mapping)
        else assets
    )
    return Sources(
        channel=wanted,
        playlists={p.name: p for p in playlists},
        catalogue={fact.asset: fact for fact in facts},
        live={"studio": LiveSource(name="studio", url=Text("udp://***", "udp://secret", "m"))},
        commit="c0ffee",
    )


def frame(text: str, rate: Fraction = Fraction(25)) -> int:
    """`2026-11-24T05:00:00` in UTC as a frame."""
    return FrameClock(rate).first_at(datetime.fromisoformat(text).replace(tzinfo=UTC))


def window(start: str, hours: float = 1, rate: Fraction = Fraction(25)) -> Window:
    first = frame(start, rate)
    return Window(first, first + round(hours * 3600 * rate))


def compiled(
    wanted: DesiredChannel,
    playlists: Sequence[DesiredPlaylist],
    assets: Mapping[str, str | int] | Sequence[AssetFact],
    span: Window,
    carry: Carry | None = None,
) -> Compiled:
    return compile_rundown(sources(wanted, playlists, assets), span, carry)


def listing(rundown: Rundown) -> list[str]:
    """One line per event: `05:00:00 morning/open 0:30`."""
    return [line(event, rundown.rate) for event in rundown.events]


def line(event: Event, rate: Fraction) -> str:
    begin = FrameClock(rate).instant(event.start)
    lasts = Fraction(event.frames) / rate
    name = f"{event.playlist}/{event.item}" if event.item else event.id.split("@")[0]
    mark = "" if event.kind.value == "programme" or not event.item else f" ({event.kind.value})"
    mark += "" if event.start_type is FOLLOW else f" {event.start_type.value}"
    return f"{begin:%H:%M:%S} {name} {float(lasts):g}s{mark}"


def check(rundown: Rundown) -> None:
    """Every frame exactly once."""
    at = rundown.start
    for event in rundown.events:
        assert event.start == at
        assert event.frames > 0
        assert 0 <= event.transition.frames <= event.frames
        at = event.end
    assert at == rundown.end
    assert len({event.id for event in rundown.events}) == len(rundown.events)


def day(text: str) -> date:
    return date.fromisoformat(text)


def held(rundown: Rundown, keep_until: int) -> Carry:
    return Carry(events=rundown.history + rundown.events, keep_until=keep_until)


def told(found: Compiled) -> list[str]:
    """Each remark as its kind and text."""
    return [f"{remark.kind_name} {remark.text}" for remark in found.remarks]
