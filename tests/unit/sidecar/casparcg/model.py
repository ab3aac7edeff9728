"""One layer of a CasparCG that obeys the recordings; steering is driven against it, tick by tick.

A command is done two ticks after it was sent, as its effect is seen by OSC. `files` are lengths in
frames by path; a file that cannot be opened is None; one that is not there is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from reconciler.sidecar.casparcg.answers import learn
from reconciler.sidecar.casparcg.orders import (
    UNOPENED,
    Answer,
    Lengthen,
    Load,
    Material,
    Order,
    Over,
    Pause,
    Probe,
    Resume,
    Seek,
    Take,
    Trim,
    Unload,
)
from reconciler.sidecar.casparcg.state import Layer, Memory, Wanted
from reconciler.sidecar.casparcg.steer import steer
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.engine_port import Began, ClipSource, Cue, Ended, Evidence, Failed

RATE = Fraction(25)
ZERO = 1_000_000
SLATE = "/media/slate.png"
LAG = 2


def clip(
    key: str, start: int, frames: int | None, *, path: str = "", begin: int = 0, loop: bool = False
) -> Cue:
    source = ClipSource(path=path or f"/media/{key}.mp4", in_frame=begin, loop=loop)
    return Cue(key=key, start=ZERO + start, frames=frames, source=source)


@dataclass(slots=True)
class Playing:
    what: Material
    length: int
    total: int | None
    frame: int
    fresh: bool = True  # its first tick: the engine calls it a transition
    blend_left: int = 0
    opens_in: int = 0

    @property
    def end(self) -> int | None:
        finite = not (self.what.loop or self.what.still or self.what.is_live)
        return self.what.in_frame + self.length if finite and self.total is not None else None


@dataclass(slots=True)
class Model:
    files: Mapping[str, int | None]
    tick: int = ZERO
    front: Playing | None = None
    back: Playing | None = None
    auto: bool = False
    paused: bool = False
    opens_in: int = 1
    lag: int = LAG
    skipped: list[str] = field(default_factory=list)
    record: list[tuple[int, str, int]] = field(default_factory=list)  # tick, path, frame
    log: list[tuple[int, Order]] = field(default_factory=list)
    _coming: list[tuple[int, Order]] = field(default_factory=list)

    def obey(self, order: Order) -> Answer:
        self.log.append((self.tick, order))
        path = order.what.path if isinstance(order, Load | Over) else ""
        if path and path not in self.files and path != SLATE:
            return Answer(404)
        if isinstance(order, Probe):
            return self._probe()
        self._coming.append((self.tick + self.lag, order))
        return Answer(202)

    def step(self) -> Layer:
        self.tick += 1
        due = [order for at, order in self._coming if at <= self.tick]
        self._coming = [each for each in self._coming if each[0] > self.tick]
        for order in due:
            if isinstance(order, Pause | Resume):  # before the tick: the frame before it stands
                self.paused = isinstance(order, Pause)
        if self.front is not None and not self.paused:
            self._advance(self.front)
        for order in due:
            self._do(order)
        self._fire()
        if self.back is not None and self.back.opens_in:
            self.back.opens_in -= 1
        shown = self.front
        if shown is not None and shown.total is not None:
            self.record.append((self.tick, shown.what.path, shown.frame))
        elif shown is not None:
            self.record.append((self.tick, shown.what.path or shown.what.name, -1))
        else:
            self.record.append((self.tick, "black", -1))
        return self.layer()

    def layer(self) -> Layer:
        front, back = self.front, self.back
        behind = "transition" if back is not None else "empty"
        behind_name = back.what.name if back is not None else ""
        if front is None:
            return Layer(tick=self.tick, back=behind, back_name=behind_name)
        has_position = front.total is not None
        return Layer(
            tick=self.tick,
            name=front.what.name,
            producer=self._producer(front),
            frame=front.frame if has_position else None,
            in_frame=0 if front.what.loop else front.what.in_frame,
            length=front.length if has_position else 0,
            total=front.total,
            count=self.tick - ZERO,
            loop=front.what.loop,
            paused=self.paused,
            waiting=None,
            back=behind,
            back_name=behind_name,
        )

    def _producer(self, front: Playing) -> str:
        if front.fresh or front.blend_left > 0:
            return "transition"
        if front.what.still:
            return "image"
        return "ffmpeg" if front.total is not None else "transition"

    def _probe(self) -> Answer:
        loading = [order for _, order in self._coming if isinstance(order, Load)]
        what = loading[-1].what if loading else self.back.what if self.back is not None else None
        if what is None or what.still:
            return Answer(0)
        total = self.files.get(what.path)
        opening = self.opens_in > 1 and (self.back is None or self.back.opens_in > 0)
        if total is None or opening:
            return Answer(201, UNOPENED)
        return Answer(201, total - what.in_frame)

    def _play(self, what: Material) -> Playing:
        total = 1 << 40 if what.is_live else self.files.get(what.path)
        if what.still:
            total = None
        length = (total or 0) - what.in_frame
        return Playing(
            what=what,
            length=length,
            total=total,
            frame=what.in_frame,
            blend_left=what.blend_frames,
            opens_in=self.opens_in,
        )

    def _do(self, order: Order) -> None:
        match order:
            case Load(what=what, auto=auto):
                self.back, self.auto = self._play(what), auto
                front = self.front
                if auto and front is not None and front.fresh and front.what.in_frame:
                    self.skipped.append(front.what.path)
                    self._switch()
            case Over(what=what):
                self.back, self.auto = self._play(what), False
                self._switch()
            case Unload():
                self.back, self.auto = None, False
            case Take() if self.back is not None:
                self._switch()
            case Take():
                self.paused = False
            case Seek(frame=frame) if self.back is not None:
                self.back.frame = frame
            case Trim(frames=frames) if self.back is not None:
                self.back.length = frames
            case Lengthen(frames=frames) if self.front is not None:
                self.front.length = frames
            case _:
                pass

    def _switch(self) -> None:
        self.front, self.back, self.auto, self.paused = self.back, None, False, False

    def _advance(self, front: Playing) -> None:
        front.fresh = False
        front.blend_left = max(0, front.blend_left - 1)
        if front.total is None:
            return
        front.frame += 1
        if front.what.loop and front.frame >= front.total:
            front.frame = 0
        elif front.end is not None:
            front.frame = min(front.frame, front.end, front.total)

    def _fire(self) -> None:
        front, back = self.front, self.back
        if front is None or back is None or not self.auto or self.paused or front.end is None:
            return
        if front.frame >= front.end - max(0, back.what.blend_frames - 1):
            self._switch()


@dataclass(slots=True)
class Run:
    """A layer, a steering and what it said, driven tick by tick."""

    model: Model
    cues: Sequence[Cue]
    memory: Memory = field(default_factory=Memory)
    told: list[Evidence] = field(default_factory=list)
    problems: Mapping[str, str] = field(default_factory=dict)
    knows_lengths: bool = True
    shift: int = 0  # by how many frames the engine's count is taken for a later one

    def wanted(self) -> Wanted:
        lengths = {path: n for path, n in self.model.files.items() if n is not None}
        return Wanted(
            timeline=Timeline(self.cues),
            rate=RATE,
            slate=SLATE,
            lengths=lengths if self.knows_lengths else {},
            problems=self.problems,
        )

    def turn(self) -> Layer:
        layer = self.model.step()
        layer = replace(layer, tick=layer.tick + self.shift)
        verdict = steer(self.wanted(), layer, self.memory)
        self.memory = verdict.memory
        self.told += verdict.evidence
        for order in verdict.orders:
            answer = self.model.obey(order)
            self.memory, more = learn(order, answer, self.memory, layer.tick)
            self.told += more
        return layer

    def until(self, frame: int) -> None:
        while self.model.tick < ZERO + frame:
            self.turn()

    def shown(self, begin: int, end: int) -> list[tuple[str, int]]:
        return [
            (path.rpartition("/")[2].partition(".")[0], frame)
            for tick, path, frame in self.model.record
            if ZERO + begin <= tick < ZERO + end
        ]

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

    def forget(self) -> None:
        self.memory = replace(Memory(), number=self.memory.number)

    def orders(self, kind: type[Order]) -> list[Order]:
        return [order for _, order in self.model.log if isinstance(order, kind)]


def frames(name: str, begin: int, end: int) -> list[tuple[str, int]]:
    return [(name, number) for number in range(begin, end)]
