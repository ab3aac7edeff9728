"""A station of any size for benchmarks: its lineup in git, its media, and sidecars to speak to.

What is real: git, the lineup's files, the media folder and its probes, PostgreSQL. What is not:
nodes (`tests.fakes_nodes`, ten channels to each) and sidecars (`Desk`), which take rundowns, keep
them in files, and answer as running ones do, without an engine behind them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from reconciler.adapters.media_inspect import look_into
from reconciler.adapters.sidecar_http import read_answer
from reconciler.errors import AdapterError, Rejected
from reconciler.model.desired import DesiredNode
from reconciler.model.findings import Findings
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.media import StagedSeen, TransferSeen
from reconciler.model.observed import Health, Life, NodeSeen, SidecarAnswer, SidecarSeen
from reconciler.model.orders import SidecarStart, StageOrder
from reconciler.model.records import AsRunRow
from reconciler.model.rundown import Rundown
from reconciler.model.seams import SeamStep
from reconciler.ports import Grant, Progress
from reconciler.rundown.wire import from_wire, to_wire
from tests.bench.bench_lineup import git
from tests.fakes_nodes import FakeNode, Yard, caught

FORMAT = "1080p5000"
PER_NODE = 10
LIBRARY = 5_000  # house numbers; neighbouring channels play nearly the same ones
CLIP_SECONDS = 300

LINEUP = """\
version: 1
timezone: Europe/Oslo
defaults:
  format: %(format)s
  slate: SLATE-01
  filler: {playlist: filler, max_repeat: 10m}
media: [{match: "*", uri: "file://../media/{asset}.*"}]
vars: {mux: mux1.example}
"""
CHANNEL = """\
title: Channel {number}
outputs:
  - {{name: main, type: srt, url: "srt://{{{{ vars.mux }}}}:{port}", latency: 200ms}}
  - {{name: social, type: rtmp, url: "rtmp://live.example/app/{number}-{{{{ secrets.key }}}}"}}
place: {{prefer: [{home}]}}
schedule:
  - {{playlist: list-{number:04}, loop: true}}
  - {{playlist: list-{number:04}, at: "06:00", days: weekdays, start: soft, late: 60s}}
"""


def write_station(folder: Path, channels: int, items: int) -> None:
    """Write and commit a lineup, with a playlist for each channel, and the media that it names."""
    lineup = folder / "lineup"
    for name in ("channels", "playlists"):
        (lineup / name).mkdir(parents=True)
    (lineup / "lineup.yaml").write_text(LINEUP % {"format": FORMAT})
    racks = range(-(-channels // PER_NODE))
    nodes = (f"rack-{rack:04}: {{runtime: process, cores: 640}}\n" for rack in racks)
    (lineup / "nodes.yaml").write_text("".join(nodes))
    (lineup / "playlists/filler.yaml").write_text("items: [HOUSE-00000, HOUSE-00001]\n")
    for number in range(channels):
        home = f"rack-{number // PER_NODE:04}"
        text = CHANNEL.format(number=number, port=9000 + number % 50_000, home=home)
        (lineup / f"channels/channel-{number:04}.yaml").write_text(text)
        (lineup / f"playlists/list-{number:04}.yaml").write_text(playlist(number, items))
    git(lineup, "init", "-q", "-b", "main")
    git(lineup, "add", ".")
    git(lineup, "commit", "-q", "-m", "a lineup")
    _write_media(folder / "media", min(LIBRARY, channels * 7 + items + 2))


def playlist(number: int, items: int, mark: str = "Part") -> str:
    """One playlist's text, as long as in `bench_lineup`; 500 items last a day."""
    lines = "".join(
        f"  - {{id: item-{number:04}-{each:03}, asset: HOUSE-{(number * 7 + each) % LIBRARY:05},"
        f' in: "00:00:02:00", out: "00:0{2 + each % 3}:{each % 50:02}:12",'
        f' title: "{mark} {each}"}}\n'
        for each in range(items)
    )
    return f"title: List {number}\nitems:\n{lines}"


def _write_media(folder: Path, count: int) -> None:
    """Every house number is the same small file, linked: probing it costs what any file costs."""
    folder.mkdir()
    clip = folder / ".clip.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(CLIP_SECONDS):
            frame = av.VideoFrame(64, 36, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for name in ("SLATE-01", *(f"HOUSE-{number:05}" for number in range(count))):
        os.link(clip, folder / f"{name}.mp4")


# ── sidecars ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Place:
    """One sidecar as the desk knows it."""

    channel: str
    node: str
    epoch: int
    fingerprint: str
    commit: str
    outputs: list[dict[str, str]]
    digest: str = ""
    until: int = 0
    rundown_commit: str = ""
    acts_seq: int = 0
    sending: bool = False

    @property
    def key(self) -> str:
        return f"{self.channel}/{self.epoch}"


@dataclass(slots=True)
class Desk:
    """What all sidecars know; rundowns lie in files: the measured process pays no memory."""

    folder: Path
    places: dict[str, Place] = field(default_factory=dict)

    def start(self, node: NodeName, start: SidecarStart) -> Place:
        outputs: Any = start.document["outputs"]
        place = Place(
            channel=start.channel,
            node=node,
            epoch=start.epoch,
            fingerprint=start.fingerprint,
            commit=start.commit,
            outputs=[{"name": str(o["name"]), "digest": str(o["digest"])} for o in outputs],
        )
        return self.places.setdefault(place.key, place)

    def load(self, place: Place, body: Mapping[str, Any]) -> None:
        wire = body["rundown"]
        (self.folder / f"{place.channel}.json").write_text(json.dumps(wire))
        place.digest, place.until = str(body["digest"]), int(wire["end"])
        place.rundown_commit = str(wire["commit"])

    def held(self, place: Place) -> object:
        path = self.folder / f"{place.channel}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def status(self, place: Place) -> dict[str, Any]:
        """As long as a real one, whose `coming` events this repeats."""
        tick = int(time.time() * 50)
        event = {"event": "e" * 24, "title": "Part 100", "start": tick, "frames": 9000}
        return {
            "channel": place.channel,
            "epoch": place.epoch,
            "fingerprint": place.fingerprint,
            "commit": place.commit,
            "tick": tick,
            "engine": {"state": "running", "restarts": 0, "late_frames": 0, "dropped_frames": 0},
            "ready": bool(place.digest),
            "sending": place.sending,
            "on_air": {**event, "source_frame": 100, "moving": True, "kind": "programme"},
            "coming": [{**event, "asset": "HOUSE-00100", "playlist": "list"}] * 5,
            "transport": "playing",
            "rundown": {
                "digest": place.digest,
                "commit": place.rundown_commit,
                "until": place.until,
                "acts_seq": place.acts_seq,
            },
            "outputs": [{**o, "state": "sending", "error": ""} for o in place.outputs],
            "asrun": {"waiting": 0},
            "lease": {"epoch": place.epoch, "left_ms": 30_000},
            "faults": [],
            "clock_ms": round(time.monotonic() * 1000),
        }

    def save(self, path: Path) -> None:
        rows = [{n: getattr(p, n) for n in Place.__slots__} for p in self.places.values()]
        path.write_text(json.dumps(rows))

    @staticmethod
    def load_from(path: Path, folder: Path) -> Desk:
        places = (Place(**row) for row in json.loads(path.read_text()))
        return Desk(folder, {place.key: place for place in places})


class DeskClient:
    """`SidecarClient` straight to the desk, without HTTP."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def status(self, seen: SidecarSeen) -> SidecarAnswer:
        return read_answer(self.raw_status(seen))

    def statuses(self, seen: Sequence[SidecarSeen]) -> tuple[SidecarAnswer | AdapterError, ...]:
        return tuple(caught(self.status, one) for one in seen)

    def raw_status(self, seen: SidecarSeen) -> Mapping[str, object]:
        return self._desk.status(self._find(seen))

    def held_rundown(self, seen: SidecarSeen) -> Rundown | None:
        wire = self._desk.held(self._find(seen))
        return None if wire is None else from_wire(wire)

    def load_rundown(self, seen: SidecarSeen, rundown: Rundown, digest: str) -> None:
        body = {"digest": digest, "rundown": to_wire(rundown, reveal=True)}
        self._desk.load(self._find(seen), body)

    def grant(self, seen: SidecarSeen, ttl: timedelta | None, *, lift: int = 0) -> bool:  # noqa: ARG002  # the port's shape
        self._find(seen).sending = True
        return True

    def grants(self, leases: Sequence[Grant]) -> tuple[AdapterError | bool, ...]:
        return tuple(caught(self.grant, *lease) for lease in leases)

    def turn(self, seen: SidecarSeen, step: SeamStep) -> int:
        raise NotImplementedError(f"{seen.channel}: {step}")

    def silence(self, seen: SidecarSeen, higher_epoch: int) -> None:  # noqa: ARG002  # the port's shape
        self._find(seen).sending = False

    def set_outputs(self, seen: SidecarSeen, outputs: Sequence[Mapping[str, object]]) -> None:
        found = [{"name": str(o["name"]), "digest": str(o["digest"])} for o in outputs]
        self._find(seen).outputs = found

    def asrun(self, seen: SidecarSeen, limit: int) -> tuple[AsRunRow, ...]:  # noqa: ARG002  # the port's shape
        self._find(seen)
        return ()

    def acknowledge(self, seen: SidecarSeen, seq: int) -> None:
        raise NotImplementedError(f"{seen.channel}: nothing is spooled, so not {seq}")

    def transport(
        self, seen: SidecarSeen, act: str, body: Mapping[str, object]
    ) -> Mapping[str, object]:
        raise NotImplementedError(f"{seen.channel}: {act} {body}")

    def load_playlist(self, seen: SidecarSeen, body: Mapping[str, object]) -> Mapping[str, object]:
        raise NotImplementedError(f"{seen.channel}: {body}")

    def preview(self, seen: SidecarSeen, name: str) -> bytes | None:
        raise NotImplementedError(f"{seen.channel}: {name}")

    def _find(self, seen: SidecarSeen) -> Place:
        return self._desk.places[f"{seen.channel}/{seen.epoch}"]


# ── nodes ────────────────────────────────────────────────────────────────────────────────────────


class Rack(FakeNode):
    """A node whose sidecars are the desk's; its media answers as one value while it is the same."""

    def __init__(self, yard: Yard, name: NodeName, desk: Desk, urls: Mapping[str, str]) -> None:
        super().__init__(yard, name)
        self.cores = Fraction(640)
        self._desk = desk
        self._urls = urls
        self._here = {p.key: self._found(p) for p in desk.places.values() if p.node == name}
        self._staged: Mapping[str, StagedSeen] = {}

    def look(self) -> tuple[NodeSeen, tuple[SidecarSeen, ...]]:
        if len(self._staged) != len(self.media):
            found = sorted(self.media.items())
            self._staged = {n: StagedSeen(stored=n, size=s) for n, s in found}
        node = NodeSeen(
            name=self.name,
            health=Health.ANSWERING,
            staged=self._staged,
            free_bytes=self.free_bytes,
            cores=self.cores,
            devices=self.devices,
        )
        return node, tuple(self._here[key] for key in sorted(self._here))

    def spawn(self, start: SidecarStart) -> SidecarSeen:
        place = self._desk.start(self.name, start)
        return self._here.setdefault(place.key, self._found(place))

    def retire(self, channel: ChannelName, epoch: int) -> None:
        raise Rejected(f"{self.name}: {channel} {epoch}: nothing is to be retired here")

    def stage(self, order: StageOrder, progress: Progress) -> StagedSeen:  # noqa: ARG002  # the port's shape
        self.media[order.stored] = order.size
        return StagedSeen(stored=order.stored, size=order.size)

    def inspect(self, stored: str, progress: Progress) -> Findings:
        """Really look into the one clip that every house number is."""
        return look_into(self._desk.folder.parent / "media/.clip.mp4", stored, progress)

    def transfers(self) -> tuple[TransferSeen, ...]:
        return ()

    def secrets_of(self, seen: SidecarSeen) -> str:
        return f"token-{seen.channel}"

    def _found(self, place: Place) -> SidecarSeen:
        return SidecarSeen(
            channel=ChannelName(place.channel),
            node=self.name,
            epoch=place.epoch,
            fingerprint=place.fingerprint,
            commit=place.commit,
            handle=place.key,
            url=self._urls.get(place.key, f"desk:{place.key}"),
            life=Life.RUNNING,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


class Racks:
    """`World.connect`: one rack for each node."""

    def __init__(self, desk: Desk, urls: Mapping[str, str]) -> None:
        self._desk, self._urls, self._yard = desk, urls, Yard()
        self._racks: dict[NodeName, Rack] = {}
        self._media: dict[str, dict[str, int]] = {}

    def connect(self, node: DesiredNode) -> Rack:
        if node.name not in self._racks:
            rack = self._racks[node.name] = Rack(self._yard, node.name, self._desk, self._urls)
            rack.media = self._media.get(node.name, {})
        return self._racks[node.name]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({name: rack.media for name, rack in self._racks.items()}))

    def load(self, path: Path) -> None:
        self._media = json.loads(path.read_text())
