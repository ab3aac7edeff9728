"""Carries the steering's orders to one layer, and its answers back. Knows no thread and no socket.

Whoever owns it calls `turn` with each reading; `ask` sends one command and returns the reply, or
None if there was none in time. Links are made just before their file is loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from reconciler.model.video import Scan, VideoFormat
from reconciler.sidecar.casparcg.airing import NEAR, observe
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.answers import learn
from reconciler.sidecar.casparcg.names import cue_mark, path_of
from reconciler.sidecar.casparcg.orders import (
    UNOPENED,
    Answer,
    Load,
    Order,
    Over,
    Probe,
    Under,
    commands_for,
)
from reconciler.sidecar.casparcg.reading import layer_of
from reconciler.sidecar.casparcg.replies import Reply
from reconciler.sidecar.casparcg.seen import ServerSeen
from reconciler.sidecar.casparcg.state import Layer, Memory, Wanted
from reconciler.sidecar.casparcg.steer import Verdict, steer
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.engine_port import Cue, CueState, Evidence, LiveSource, OnAir

log = logging.getLogger(__name__)

NOT_FOUND = 404

Ask = Callable[[Command], Reply | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was found out about files: lengths in frames, and why some cannot be played, by path."""

    lengths: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


class Links(Protocol):
    """Where the engine finds what it is told to load."""

    def link(self, path: str, name: str) -> None:
        """Have the file at `path` be there as `name`; raises `OSError` if it cannot be."""


class Helm:
    """One layer, steered."""

    def __init__(self, video: VideoFormat, shelf: Links, slate: Path) -> None:
        self._rate = video.rate
        self._per_frame = 2 if video.scan is Scan.INTERLACED else 1
        self._shelf = shelf
        self._wanted = Wanted(timeline=Timeline(), rate=video.rate, slate=str(slate))
        self.memory = Memory()
        self.layer: Layer | None = None
        self._orders: tuple[Order, ...] = ()
        self.offset_ms = 0.0  # how much later than its frame a tick begins, on the wall's clock

    @property
    def serial(self) -> int:
        """Which time line is steered by."""
        return self._wanted.timeline.serial

    def show(self, cues: Sequence[Cue], serial: int) -> None:
        """Replace the time line."""
        self._wanted = replace(self._wanted, timeline=Timeline(cues, serial))

    def lie_beneath(self, cues: Sequence[Cue]) -> bool:
        """Replace what would be on air without a stop; whether it is something else."""
        is_new = tuple(cues) != self._wanted.beneath.cues
        if is_new:
            self._wanted = replace(self._wanted, beneath=Timeline(cues))
        return is_new

    def know(self, known: Known) -> None:
        """Take what was found out about files."""
        self._wanted = replace(self._wanted, lengths=known.lengths, problems=known.problems)

    def begin_anew(self) -> None:
        """The engine that was steered is gone: what is read next is another one's."""
        old = self.memory
        self.memory = Memory(number=old.number, lag=old.lag, opens_in=old.opens_in, bad=old.bad)
        self.layer = None

    def count_from(self, number: int) -> None:
        """An engine was found that plays what others loaded, up to `number`."""
        self.memory = replace(self.memory, number=max(number, self.memory.number))

    def watch(self, seen: ServerSeen, tick: int) -> tuple[Evidence, ...]:
        """Take a reading that is too old to act upon."""
        layer = self._read(seen, tick)
        self.memory, evidence = observe(layer, self._wanted.timeline, self.memory)
        return evidence

    def turn(self, seen: ServerSeen, tick: int, ask: Ask) -> tuple[Evidence, ...]:
        """Take a reading, order what differs, and tell what became known."""
        return self.judge(seen, tick) + self.carry_out(ask)

    def again(self, ask: Ask) -> tuple[Evidence, ...]:
        """Judge the last reading by a time line that is newer than it: acts shall be quick."""
        if self.layer is None:
            return ()
        told = self._take(steer(self._wanted, self.layer, self.memory, again=True))
        return told + self.carry_out(ask)

    def judge(self, seen: ServerSeen, tick: int) -> tuple[Evidence, ...]:
        """Take a reading and decide what to order; what it shows is known before any answer is."""
        return self._take(steer(self._wanted, self._read(seen, tick), self.memory))

    def _take(self, verdict: Verdict) -> tuple[Evidence, ...]:
        self.memory, self._orders = verdict.memory, verdict.orders
        return verdict.evidence

    def carry_out(self, ask: Ask) -> tuple[Evidence, ...]:
        """Give the orders that were decided on, and tell what is learned from the answers."""
        orders, self._orders = self._orders, ()
        tick = self.layer.tick if self.layer is not None else 0
        told: list[Evidence] = []
        for order in orders:
            answer = self._carry_out(order, ask)
            self.memory, more = learn(order, answer, self.memory, tick)
            told += more
            if not answer.ok and not isinstance(order, Probe):
                break  # what follows counts on it; the next reading shows what came of it
        return tuple(told)

    def on_air(self) -> OnAir | None:
        """What is on air, as last read."""
        airing = self.memory.airing
        if airing is None or airing.cue is None:
            return None
        return OnAir(
            key=airing.cue.key,
            start=airing.cue.start,
            source_frame=airing.source,
            moving=airing.moving and (self.layer is None or self.layer.tick - airing.tick <= NEAR),
            since=airing.first_tick,
        )

    def cued(self) -> Mapping[str, CueState]:
        """How far the cues are that were loaded, or failed."""
        found: dict[str, CueState] = {}
        for cue in self._wanted.timeline.cues if self.memory.bad else ():
            bad = self.memory.bad.get(cue_mark(cue))
            if bad is not None:
                found[cue.key] = CueState(state="failed", error=bad.why)
        back = self.memory.back
        if back is not None and back.cue is not None:
            state = "ready" if back.ready else "opening"
            found.setdefault(back.cue.key, CueState(state=state))
        return found

    def files(self) -> Iterable[str]:
        """The files of the time line, in their order, and of what lies beneath it."""
        cues = (*self._wanted.timeline.cues, *self._wanted.beneath.cues)
        paths = (path_of(cue, self._wanted.slate) for cue in cues)
        return tuple(dict.fromkeys(path for path in paths if path))

    def _read(self, seen: ServerSeen, tick: int) -> Layer:
        layer = layer_of(seen, tick, self._rate, self._device())
        self.layer = replace(layer, offset_ms=self.offset_ms)
        return self.layer

    def _device(self) -> str:
        """The live input that a DeckLink picture must be of, which is not read back."""
        back = self.memory.back
        if back is not None and back.what.is_live:
            return back.what.name
        airing = self.memory.airing
        cue = airing.cue if airing is not None else None
        return cue.source.url if cue is not None and isinstance(cue.source, LiveSource) else ""

    def _carry_out(self, order: Order, ask: Ask) -> Answer:
        if isinstance(order, Load | Over | Under) and order.what.path:
            try:
                self._shelf.link(order.what.path, order.what.name)
            except OSError as error:
                log.warning("%s: cannot be linked for the engine: %s", order.what.path, error)
                return Answer(NOT_FOUND)
        answer = Answer(0)
        for command in commands_for(order, self._per_frame):
            answer = _answer(ask(command), self._per_frame)
            if not answer.ok:
                log.info("%s: %s", command, answer.code or "no answer in time")
                break
        return answer


def _answer(reply: Reply | None, per_frame: int) -> Answer:
    if reply is None:
        return Answer(0)
    text = reply.rows[0].strip() if reply.rows else ""
    if not text.lstrip("-").isdigit():
        return Answer(reply.code)
    number = int(text)
    return Answer(reply.code, number if number == UNOPENED else number // per_frame)
