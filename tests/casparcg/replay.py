"""Feed a recording to the fake at its own times, and keep what came back beside what was recorded.

What is taken from the recording besides the commands are inputs, never answers: when the ticks fell
(`phase`), how quickly each clip started (`luck`), what happened around the server (`directions`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from tests.casparcg.amcp import Connection
from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.channel import Channel
from tests.casparcg.config import Setup
from tests.casparcg.film import Luck
from tests.casparcg.pictures import Picture
from tests.casparcg.ports_noted import Ports, noted_ports, ports_of
from tests.casparcg.producers import State
from tests.casparcg.recorded import told, told_runs
from tests.casparcg.shelf import recorded_shelf
from tests.casparcg.transcript import Event, Exchange, Note, Recording, read
from tests.casparcg.tree import texts

INFO_LATE = Fraction(50, 1000)  # INFO tells of ticks that are this old; measured in file 04
NOTE_LATE = 0.031  # a note about INFO was written this long after the question
_LAYER = re.compile(r"INFO 1 layer (\d+): (.*)")
_NO_LAYER = re.compile(r"INFO 1 summary: no layer_(\d+)")
_GAP = (0.1, 0.2)


Kind = Literal["exchange", "look", "recording"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """How one recording was made. Directions are keyed by the line at which they happen."""

    setup: Setup
    phases_ms: tuple[int, ...] = (0,)  # for each start of the server; the last one stands on
    luck: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    directions: Mapping[int, Callable[[Replay], None]] = field(default_factory=dict)
    clears_unseen: bool = False
    scanner: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One exchange or one look at INFO: what was recorded, what the fake gave."""

    line: int
    sent: str
    recorded: bytes
    given: bytes
    kind: Kind
    films: int  # how many clips had been loaded by then

    @property
    def matches(self) -> bool:
        return self.recorded == self.given


class Replay:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.shelf = recorded_shelf()
        self.films = self.boots = 0
        self.clients: dict[str, Connection] = {}
        self.who = "A"
        self.at = 0.0
        self._got: list[Picture] = []
        self._ports_recorded, self._ports_given = Ports(), Ports()
        self.boot(scene.setup)

    # what directions may do

    def boot(self, setup: Setup, *, utf8: bool = True) -> None:
        """A new server, with a first tick at the recording's phase."""
        now = Fraction(self.at).limit_denominator(1000)
        self.caspar = FakeCaspar(self.shelf, setup)
        self.caspar.machine.utf8 = utf8
        self.caspar.machine.scanner = self.scene.scanner
        self.caspar.machine.choose_luck = self._choose_luck
        phases = self.scene.phases_ms
        phase = phases[min(self.boots, len(phases) - 1)]
        self.boots += 1
        self.caspar.start_at(now, phase=Fraction(phase, 1000))
        self.clients.clear()

    def speak_as(self, who: str) -> None:
        self.who = who

    def leave(self, who: str) -> None:
        self.caspar.disconnect(self.clients.pop(who))

    def open_client(self) -> None:
        self._client()

    def send_unseen(self, line: str) -> None:
        self._client().ask(line)

    def _choose_luck(self) -> Luck:
        wait, stutter = self.scene.luck.get(self.films, (0, 1))
        self.films += 1
        return Luck(wait=wait, stutter=stutter)

    def _client(self) -> Connection:
        if self.who not in self.clients:
            self.clients[self.who] = self.caspar.connect()
        return self.clients[self.who]

    # the recording, played

    def run(self, events: list[Event]) -> list[Outcome]:
        outcomes = []
        noted_at = -1.0
        for event in events:
            if event.line in self.scene.directions:
                self._pass(event.at)
                self.scene.directions[event.line](self)
            if isinstance(event, Recording):
                outcomes.append(self._compare(event))
                continue
            if isinstance(event, Note):
                outcomes.extend(self._look(event))
                noted_at = event.at
                continue
            if self._cleared_unseen(event, noted_at):
                self.send_unseen("CLEAR 1")
            outcomes.append(self._exchange(event))
            noted_at = -1.0
        return outcomes

    def _cleared_unseen(self, event: Exchange, noted_at: float) -> bool:
        """The recorder cleared the layer before some commands without writing it down."""
        if not self.scene.clears_unseen or not _GAP[0] <= event.at - noted_at <= _GAP[1]:
            return False
        self._pass(noted_at)
        return True

    def _exchange(self, event: Exchange) -> Outcome:
        self._pass(event.at + event.latency)
        client = self._client()
        self._age_info()
        self._keep_pictures(event.sent)
        if event.sent.startswith(b"ADD"):
            self._ports_recorded.forget()
            self._ports_given.forget()
        if event.sent:
            client.send(event.sent)
        given = client.received()
        if client.closed or not self.caspar.running:
            self.clients.pop(self.who, None)
        return Outcome(
            line=event.line,
            sent=event.sent.decode("utf-8", "replace").strip(),
            recorded=event.reply,
            given=given,
            kind="exchange",
            films=self.films,
        )

    def _keep_pictures(self, sent: bytes) -> None:
        """What a consumer got, before REMOVE ends it."""
        port = sent.decode("utf-8", "replace").strip().removeprefix("REMOVE 1-")
        consumer = self.caspar.channel().consumers.get(int(port)) if port.isdecimal() else None
        if consumer is not None:
            self._got = consumer.got

    def _compare(self, recording: Recording) -> Outcome:
        return Outcome(
            line=recording.line,
            sent="(pictures)",
            recorded=told_runs(recording.runs).encode(),
            given=told(self._got).encode(),
            kind="recording",
            films=self.films,
        )

    def _look(self, note: Note) -> list[Outcome]:
        """A noted summary of INFO, made again from the fake's tree."""
        ports = noted_ports(note.text)
        match = _LAYER.fullmatch(note.text) or _NO_LAYER.fullmatch(note.text)
        if match is None and ports is None:
            return []
        self._pass(note.at - NOTE_LATE)
        self._age_info()
        info = self.caspar.channel().info
        recorded = note.text if ports is None else self._ports_recorded.told(ports)
        given = (
            self._ports_given.told(ports_of(info))
            if match is None
            else summary(info, int(match[1]))
        )
        return [
            Outcome(
                line=note.line,
                sent="INFO 1 (noted)",
                recorded=recorded.encode(),
                given=given.encode(),
                kind="look",
                films=self.films,
            )
        ]

    def _pass(self, at: float) -> None:
        self.at = max(self.at, at)
        if self.caspar.running:
            self.caspar.advance_to(Fraction(self.at).limit_denominator(10_000))

    def _age_info(self) -> None:
        for channel in self.caspar.machine.channels.values():
            channel.info_lag = self._ticks_since(channel, INFO_LATE)

    def _ticks_since(self, channel: Channel, late: Fraction) -> int:
        rate = channel.mode.tick_rate
        begun = self.caspar.began_at
        now = self.caspar.now - begun
        return int(now * rate) - int(max(Fraction(0), now - late) * rate)


def play(path: Path, scene: Scene) -> list[Outcome]:
    return Replay(scene).run(read(path))


def summary(state: State, layer: int) -> str:
    """One layer in one line, as the recorder wrote it down."""
    base = f"stage/layer/{layer}/"
    front = {
        key.removeprefix(f"{base}foreground/"): value
        for key, value in state.items()
        if key.startswith(f"{base}foreground/")
    }
    back = {
        key.removeprefix(f"{base}background/"): value
        for key, value in state.items()
        if key.startswith(f"{base}background/")
    }
    if not front:
        return f"INFO 1 summary: no layer_{layer}"
    keys = {
        "file/path": "path",
        "file/name": "name",
        "file/time": "time",
        "file/clip": "clip",
        "loop": "loop",
        "paused": "paused",
        "frames_left": "frames_left",
        "transition/type": "transition",
        "transition/frame": "tframe",
    }
    behind = {
        "file/path": "path",
        "file/time": "time",
        "file/clip": "clip",
        "transition/type": "transition",
        "loop": "loop",
    }
    return f"INFO 1 layer {layer}: fg={_listed(front, keys)} | bg={_listed(back, behind)}"


def _listed(state: State, keys: Mapping[str, str]) -> str:
    said = [f"{shown}={','.join(texts(state[key]))}" for key, shown in keys.items() if key in state]
    return " ".join([str(state["producer"]), *said])
