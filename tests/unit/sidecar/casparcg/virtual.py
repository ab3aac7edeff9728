"""The steering on the fake CasparCG, in virtual time: real commands, real packets, no socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.helm import Helm, Known
from reconciler.sidecar.casparcg.osc_packets import State, StateJoiner, read_packet
from reconciler.sidecar.casparcg.replies import Reply, ReplyReader
from reconciler.sidecar.casparcg.seen import from_osc
from reconciler.sidecar.casparcg.ticks import TickGrid
from reconciler.sidecar.engine_port import Began, Cue, Ended, Evidence, Failed
from tests.casparcg.amcp import Connection
from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.config import Setup
from tests.casparcg.media import Clip, Table
from tests.casparcg.pictures import Picture

ZERO = 1_000_000
SLATE = "/library/slate.png"
OSC_PORT = 7777


@dataclass(slots=True)
class Links:
    """Links in the fake's media folder; a file is known by its path in the library."""

    table: Table
    library: Mapping[str, Clip]
    paths: dict[str, str] = field(default_factory=dict)

    def link(self, path: str, name: str) -> None:
        if path not in self.library:
            raise FileNotFoundError(path)
        self.table.put(name, self.library[path])
        self.paths[name] = path


class Virtual:
    """One fake, one helm, one clock that moves when it is told to."""

    def __init__(
        self, library: Mapping[str, Clip], cues: Sequence[Cue], mode: str = "720p2500"
    ) -> None:
        self.library = {SLATE: Clip(kind="still"), **library}
        self.video = VideoFormat.parse(mode)
        self.table = Table()
        self.links = Links(self.table, self.library)
        self.caspar = FakeCaspar(self.table, Setup(modes=(mode,)))
        self.helm = self.new_helm()
        self.told: list[Evidence] = []
        self.log: list[str] = []
        self.shown: dict[int, Picture] = {}
        self.cues = tuple(cues)
        self.asked = 0
        self.deaf = False
        self.stands = False
        self._unread: list[State] = []
        self._grid = TickGrid()
        self._joiner = StateJoiner()
        self._passed = 0
        self._client: Connection | None = None
        self.serial = 0
        self.call()
        self.show(*cues)

    def new_helm(self) -> Helm:
        helm = Helm(self.video, self.links, Path(SLATE))
        rate = self.video.rate
        helm.know(
            Known(
                lengths={
                    path: int(clip.seconds * rate)
                    for path, clip in self.library.items()
                    if clip.kind != "still" and not clip.damage
                }
            )
        )
        return helm

    def show(self, *cues: Cue) -> None:
        self.serial += 1
        self.cues = cues
        self.helm.show(cues, self.serial)
        if not self.deaf:  # what was read back last is too old to be acted on
            self.told += self.helm.again(self._ask)

    # ── trouble ──────────────────────────────────────────────────────────────────────────────────

    def call(self) -> None:
        """Connect, as after a connection that was lost."""
        if self._client is not None:
            self.caspar.disconnect(self._client)
        self._client = self.caspar.connect()
        self._joiner = StateJoiner()
        assert self._client.ask("LOCK 1 ACQUIRE phrase").startswith(b"202")
        assert self._client.ask(f"OSC SUBSCRIBE {OSC_PORT}").startswith(b"202")

    def hang_up(self) -> None:
        """The connection ends; playback goes on."""
        if self._client is not None:
            self.caspar.disconnect(self._client)
        self._client = None

    def crash(self) -> None:
        """The engine dies, and is started again at once."""
        self.caspar.crash()
        self._client = None
        self.caspar.boot()
        self.helm.begin_anew()
        self.call()

    def forget(self) -> None:
        """The sidecar's steering is another one, which knows nothing."""
        self.helm = self.new_helm()
        self.helm.show(self.cues, self.serial)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def frame(self) -> int:
        """Ticks since the story began."""
        return self._passed

    def turn(self) -> None:
        """One tick, and what the steering does about it."""
        self.caspar.osc.clear()
        self.caspar.advance()
        channel = self.caspar.channel()
        self._passed += 1
        self.shown[self._passed] = channel.shown[-1]
        packets = [packet for _, port, packet in self.caspar.osc if port == OSC_PORT]
        for packet in packets if not self.deaf else ():
            self._unread += self._joiner.feed(read_packet(packet))
        if not self.stands:
            self._read()

    def stand_still(self, ticks: int) -> None:
        """The sidecar is not let run; what it is told meanwhile comes in a burst afterwards."""
        self.stands = True
        self.until(self._passed + ticks)
        self.stands = False

    def _read(self) -> None:
        states, self._unread = self._unread, []
        at = Fraction(ZERO + self._passed) + Fraction(1, 2)
        for place, state in enumerate(states, 1):
            tick = self._grid.frame(state.time_tag, at)
            if place < len(states):
                self.told += self.helm.watch(from_osc(state), tick)
            else:
                self.told += self.helm.turn(from_osc(state), tick, self._ask)

    def until(self, frame: int) -> None:
        while self._passed < frame:
            self.turn()

    def _ask(self, command: Command) -> Reply | None:
        self.asked += 1
        self.log.append(f"{self._passed}: {command}")
        if self._client is None:
            return None
        reader = ReplyReader()
        self._client.send(command.line(f"q{self.asked}"))
        replies = reader.feed(self._client.received())
        return next((each for each in replies if each.request == f"q{self.asked}"), None)

    # ── what was seen ────────────────────────────────────────────────────────────────────────────

    def pictures(self, begin: int, end: int) -> list[tuple[str, int]]:
        """File and frame of each tick, from the fake's own record of what it showed."""
        return [self._brief(self.shown[tick]) for tick in range(begin, end)]

    def _brief(self, picture: Picture) -> tuple[str, int]:
        if picture.kind in {"black", "live"}:
            return picture.kind, 0
        name = picture.path.rpartition("/")[2]
        path = self.links.paths.get(name, name)
        return path.rpartition("/")[2].partition(".")[0], picture.frame

    @property
    def began(self) -> list[tuple[str, int, int]]:
        return [(b.key, b.tick - ZERO, b.source_frame) for b in self.told if isinstance(b, Began)]

    @property
    def ended(self) -> list[tuple[str, int, int, str]]:
        return [
            (e.key, e.first_tick - ZERO, e.last_tick - ZERO, e.why)
            for e in self.told
            if isinstance(e, Ended)
        ]

    @property
    def failed(self) -> list[str]:
        return [f.key for f in self.told if isinstance(f, Failed)]
