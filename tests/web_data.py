"""Made-up channels for the fakes of the endpoint: a schedule on the frame grid, and its past."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.model.ids import AssetId, ChannelName, EventId, NodeName, row_id
from reconciler.model.observed import Life, SidecarSeen
from reconciler.model.rundown import Clip, Event, EventKind, Rundown
from reconciler.model.video import FrameClock, VideoFormat
from reconciler.web import ChannelFacts

Row = Mapping[str, object]
_PROGRAMMES = (
    ("Morning News", 28), ("Weather", 4), ("Idents", 1), ("The Long Coast, part 2", 44),
    ("Promotion: Saturday film", 1), ("Sport Tonight", 26), ("Archive: Harbour 1962", 18),
    ("Culture Desk", 31), ("Night Trains", 52), ("Regional Round-up", 12),
)  # fmt: skip


@dataclass(slots=True)
class FakeChannel:
    """One channel with knobs: what its sidecar would say, and how it fails."""

    facts: ChannelFacts
    rundown: Rundown
    seen: SidecarSeen | None
    transport: str = "playing"
    sending: bool = True
    engine: str = "running"
    moving: bool = True
    silent: bool = False  # does not answer
    refuses: bool = False  # answers no to every act
    slate: bool = False
    outputs: dict[str, tuple[str, str]] = field(default_factory=dict)  # name: state, error
    faults: tuple[str, ...] = ()
    acts: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    lists: list[Mapping[str, object]] = field(default_factory=list)
    paused_at: int | None = None
    asked: int = 0


def playlist_id(channel: str) -> str:
    """The id of a channel's one playlist."""
    return str(row_id("playlist", f"{channel}/base"))


def item_of(channel: str, number: int) -> Row:
    return {
        "id": str(row_id("item", f"{channel}/{number}")),
        "playlist_id": playlist_id(channel),
        "asset_id": str(row_id("asset", f"A{number}")),
        "sort_order": number,
        "in_point": None,
        "out_point": None,
        "transition": "cut",
        "transition_ms": 0,
        "media_status": "ready",
        "media_path": f"a{number}.mp4",
        "clip_name": f"A{number}.mp4",
        "asset_duration_ms": 10_000,
    }


def copy_of(
    asset: str, channel: str, now: datetime, *, done: float = 0, error: str = "", due: int = 0
) -> Row:
    """A copy that is under way, in trouble or still to come."""
    state = "error" if error else "staging" if done else "pending"
    eta = (now + timedelta(seconds=75)).isoformat() if done else None
    return {
        "asset": asset, "title": "", "node": "mcr-2", "media_path": f"{asset}.mp4",
        "media_status": state, "size": 5 * 10**9, "done": int(done * 5 * 10**9),
        "due_at": (now + timedelta(seconds=due)).isoformat(), "eta_at": eta, "error": error,
        "used_at": None, "duration_ms": None, "loudness": None, "note": "", "asked_by": "",
        "channels": [channel],
    }  # fmt: skip


def channel_of(
    name: str, title: str, now: datetime, *, number: int, more: Mapping[str, object]
) -> FakeChannel:
    formats = ("1080p5000", "720p5000", "1080i5000", "1080p2997")
    video = VideoFormat.parse(formats[number % len(formats)])
    facts = ChannelFacts(
        name=ChannelName(name),
        title=title,
        project="newsroom",
        format=video,
        timezone="Europe/Oslo",
        on_air=True,
        file=f"channels/{name}.yaml",
        preview=True,
        outputs=(
            ("main", "srt", f"srt://mux1.example:{9001 + number}"),
            ("social", "rtmp", "rtmp://live.example/app/•••"),
        ),
    )
    seen = SidecarSeen(
        channel=facts.name,
        node=NodeName(f"mcr-{1 + number % 4}"),
        epoch=3,
        fingerprint="f",
        commit="3f2a9c1",
        handle=name,
        url="http://127.0.0.1:9",
        life=Life.RUNNING,
        started_at=now,
    )
    return FakeChannel(
        facts=replace(facts, **more),  # type: ignore[arg-type]  # tests name real fields
        rundown=_rundown(facts.name, video.clock, now, number),
        seen=seen,
        outputs={"main": ("sending", ""), "social": ("sending", "")},
    )


def _rundown(name: ChannelName, clock: FrameClock, now: datetime, number: int) -> Rundown:
    """Events that began a while ago and go on for hours."""
    start = clock.first_at(now - timedelta(minutes=5 + 7 * number % 23))
    events: list[Event] = []
    at = start
    for step in range(60):
        title, minutes = _PROGRAMMES[(step + number) % len(_PROGRAMMES)]
        frames = clock.frames_in(timedelta(minutes=minutes))
        kind = EventKind.FILLER if title == "Idents" else EventKind.PROGRAMME
        clip = Clip(
            asset=AssetId(f"RTN-{4400 + step}"), stored="a.mp4", in_frame=0, material=frames
        )
        events.append(
            Event(
                id=EventId(f"{name}-{step}"),
                start=at,
                frames=frames,
                kind=kind,
                material=clip,
                title=title,
                playlist="morning",
                item=f"item-{step}",
                occurrence=start,
                nominal=frames,
            )
        )
        at += frames
    return Rundown(
        channel=name, rate=clock.rate, start=start, end=at, events=tuple(events), commit="3f2a9c1"
    )


def status_of(one: FakeChannel, now: datetime) -> Row:
    """The JSON of `GET /status`, in the shape that a real sidecar answers."""
    tick = one.facts.format.clock.showing_at(now)
    quiet = one.transport in {"paused", "stopped"}
    seed = sum(map(ord, one.facts.name)) + now.timestamp() * 2.3
    level = [-17 + 6 * math.sin(seed + side) + 3 * math.sin(3 * seed + side) for side in (0, 1)]
    return {
        "tick": tick,
        "ready": True,
        "sending": one.sending,
        "engine": {"state": one.engine, "late_frames": 2, "dropped_frames": 1, "restarts": 0},
        "on_air": _on_air(one, tick),
        "next": _next(one, tick),
        "transport": one.transport,
        "level_db": [-90.0, -90.0] if quiet else level,
        "rundown": {
            "digest": "d1",
            "commit": "3f2a9c1",
            "until": one.rundown.end,
            "acts_seq": len(one.acts),
        },
        "outputs": [
            {"name": name, "type": "srt", "digest": "", "state": state, "error": error}
            for name, (state, error) in one.outputs.items()
        ],
        "asrun": {"waiting": 0},
        "lease": {"epoch": 3, "left_ms": None},
        "clock_ms": 1,
        "faults": list(one.faults),
    }


def _on_air(one: FakeChannel, tick: int) -> Row | None:
    event = next((e for e in one.rundown.events if e.start <= tick < e.end), None)
    if one.slate or one.transport == "stopped":
        return {"event": "slate", "kind": "slate", "title": ""}
    if event is None:
        return None
    frozen = one.paused_at if one.transport == "paused" else None
    return {
        "event": event.id,
        "title": event.title,
        "kind": event.kind.value if frozen is None else "act",
        "playlist": event.playlist,
        "item": event.item,
        "start": event.start if frozen is None else frozen,
        "frames": event.frames,
        "source_frame": tick - event.start,
        "moving": one.moving and frozen is None,
    }


def _next(one: FakeChannel, tick: int) -> Row | None:
    event = next((e for e in one.rundown.events if e.start > tick), None)
    if event is None:
        return None
    return {
        "event": event.id,
        "title": event.title,
        "kind": event.kind.value,
        "item": event.item,
        "start": event.start,
        "frames": event.frames,
    }


def skipped(rundown: Rundown, tick: int) -> Rundown:
    """Leave the event at `tick`; what follows comes earlier."""
    place = next(n for n, event in enumerate(rundown.events) if event.start <= tick < event.end)
    early = rundown.events[place].end - tick
    events = [
        *rundown.events[:place],
        replace(rundown.events[place], frames=max(1, tick - rundown.events[place].start)),
        *(replace(event, start=event.start - early) for event in rundown.events[place + 1 :]),
    ]
    return replace(rundown, events=tuple(events), end=rundown.end - early)


def asrun_of(one: FakeChannel, now: datetime) -> Iterator[Row]:
    """Twenty rows that ended before now, newest first."""
    ended = now - timedelta(minutes=5)
    for number in range(20, 0, -1):
        title, minutes = _PROGRAMMES[number % len(_PROGRAMMES)]
        began = ended - timedelta(minutes=minutes)
        bad = number == 17  # one of them shows a fault
        yield {
            "id": number,
            "channel_id": str(row_id("channel", one.facts.name)),
            "channel": one.facts.name,
            "started_at": began.isoformat(),
            "ended_at": ended.isoformat(),
            "title": title,
            "asset": f"RTN-{4400 + number}",
            "playlist": "morning",
            "item": f"item-{number}",
            "kind": "programme",
            "evidence": "output",
            "why": "failed" if bad else "end",
            "start_error_frames": 0,
            "start_error_ms": number % 3,
            "error": "RTN-4417: damaged after 00:03:11" if bad else "",
        }
        ended = began
