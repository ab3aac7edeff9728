"""Smallest valid values for the sidecar's tests, at 25 frames a second around frame 1,000,000."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from reconciler.model.ids import AssetId, ChannelName, EventId
from reconciler.model.rundown import Clip, Event, EventKind, Rundown, Transition
from reconciler.model.video import VideoFormat
from reconciler.sidecar.player import Failure, Situation
from reconciler.sidecar.showing import Showing
from reconciler.sidecar.spec import SidecarSpec

RATE = Fraction(25)
ZERO = 1_000_000
FAKE_ENGINE = (sys.executable, str(Path(__file__).resolve().parents[2] / "fake_engine.py"))


def clip(name: str, *, in_frame: int = 0, material: int | None = 250) -> Clip:
    return Clip(
        asset=AssetId(name.upper()), stored=f"{name}.mp4", in_frame=in_frame, material=material
    )


def event(
    name: str,
    start: int,
    frames: int = 250,
    *,
    material: Clip | None = None,
    kind: EventKind = EventKind.PROGRAMME,
    transition: Transition | None = None,
) -> Event:
    return Event(
        id=EventId(name),
        start=start,
        frames=frames,
        kind=kind,
        material=material or clip(name.split("/", 1)[0]),
        transition=transition or Transition(),
        title=name.title(),
        playlist="base",
        item=name,
        nominal=frames,
    )


def showings(*events: Event) -> tuple[Showing, ...]:
    return tuple(Showing(event=each) for each in events)


def in_a_row(names: Sequence[str], *, start: int = ZERO, frames: int = 250) -> tuple[Event, ...]:
    return tuple(event(n, start + i * frames, frames) for i, n in enumerate(names))


def rundown(
    events: Sequence[Event], *, filler: tuple[Clip, ...] = (), commit: str = "c0ffee"
) -> Rundown:
    return Rundown(
        channel=ChannelName("news"),
        rate=RATE,
        start=events[0].start,
        end=events[-1].end,
        events=tuple(events),
        filler=filler,
        commit=commit,
    )


def situation(
    now: int,
    *,
    present: str = "a b c d filler",
    failed: dict[str, Failure] | None = None,
    filler: tuple[Clip, ...] = (),
    slate: Clip | None = None,
) -> Situation:
    return Situation(
        now=now,
        rate=RATE,
        media_root=Path("/media"),
        present=frozenset(f"{name}.mp4" for name in present.split()),
        since=ZERO,
        failed=failed or {},
        filler=filler,
        slate=slate,
    )


def spec(folder: Path, *, epoch: int = 1) -> SidecarSpec:
    media = folder / "media"
    media.mkdir(exist_ok=True)
    return SidecarSpec(
        channel=ChannelName("news"),
        epoch=epoch,
        fingerprint="f1",
        commit="c0ffee",
        title="News",
        format=VideoFormat.parse("424x240p2500"),
        engine="embedded",
        bitrate=None,
        preview=False,
        slate=None,
        outputs=(),
        fence_ms=None,
        media_root=media,
        folder=folder,
        preview_folder=folder / "preview",
        host="127.0.0.1",
        port=0,
        token="t",
        engine_command=FAKE_ENGINE,
    )
