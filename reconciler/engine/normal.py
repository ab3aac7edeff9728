"""Any decoded picture made into the channel's: deinterlaced, at its rate, its size, its pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
from av.filter import Graph

from reconciler.engine.picture import PIXELS
from reconciler.engine.slots import Slots, fit, sample_aspect_of

_BASE = Fraction(1, 90_000)
_HD_LINES = 720


class Shape:
    """What pictures must come out as. `rate` counts pictures: twice the ticks if interlaced."""

    def __init__(self, width: int, height: int, rate: Fraction) -> None:
        self.width = width
        self.height = height
        self.rate = rate
        self.aspect = sample_aspect_of(width, height)


class Normaliser:
    """Decoded frames in, `(position, picture)` out; every position from `first` on exactly once."""

    def __init__(self, shape: Shape, *, first: int, sample_aspect: Fraction) -> None:
        self._shape = shape
        self._slots: Slots[av.VideoFrame] = Slots(shape.rate, first)
        self._sample_aspect = sample_aspect
        self._fields: Graph | None = None
        self._fitting: Graph | None = None
        self._fitted_for: tuple[int, ...] = ()
        self._first_seen = False

    @property
    def next(self) -> int:
        """The first position that has not come out yet."""
        return self._slots.next

    def put(
        self, frame: av.VideoFrame, time: Fraction, span: Fraction
    ) -> list[tuple[int, av.VideoFrame]]:
        """Take one decoded frame; return the pictures that are now certain."""
        if not self._first_seen:
            self._first_seen = True
            if frame.interlaced_frame:
                self._fields = self._deinterlacer(frame, span)
        done: list[tuple[int, av.VideoFrame]] = []
        if self._fields is None:
            return self._place(frame, time, span)
        frame.pts, frame.time_base = round(time / _BASE), _BASE
        frame.duration = round(span / _BASE)
        self._fields.push(frame)
        for out in _pull(self._fields):
            done += self._place(out, *_timing(out, span))
        return done

    def finish(self) -> list[tuple[int, av.VideoFrame]]:
        """Return the pictures still inside."""
        done: list[tuple[int, av.VideoFrame]] = []
        if self._fields is not None:
            self._fields.push(None)
            for out in _pull(self._fields):
                done += self._place(out, *_timing(out, 1 / self._shape.rate))
        before, filled = self._slots.finish()
        return done + self._fit(before, filled)

    def _place(
        self, frame: av.VideoFrame, time: Fraction, span: Fraction
    ) -> list[tuple[int, av.VideoFrame]]:
        before, filled = self._slots.put(frame, time, span)
        return self._fit(before, filled)

    def _fit(self, frame: av.VideoFrame | None, filled: range) -> list[tuple[int, av.VideoFrame]]:
        if frame is None or not filled:
            return []
        form = (frame.width, frame.height, frame.colorspace, frame.color_range)
        key = (*form, hash(frame.format.name), frame.rotation)
        if self._fitting is None or key != self._fitted_for:
            self._fitting = fitting_graph(frame, self._shape, self._sample_aspect)
            self._fitted_for = key
        picture = fitted(self._fitting, frame)
        return [(position, picture) for position in filled]

    def _deinterlacer(self, frame: av.VideoFrame, span: Fraction) -> Graph:
        doubles = self._shape.rate * span > Fraction(3, 2)
        mode = "send_field" if doubles else "send_frame"
        return _chain(frame, [("bwdif", f"mode={mode}:parity=auto:deint=interlaced")])


def fitting_graph(frame: av.VideoFrame, shape: Shape, sample_aspect: Fraction) -> Graph:
    """A graph that makes pictures like `frame` into the channel's shape, with bars if need be."""
    turned = _turn(frame.rotation)
    size = (frame.width, frame.height)
    if turned and frame.rotation % 180:
        size = (frame.height, frame.width)
        sample_aspect = 1 / (sample_aspect or Fraction(1))
    box = fit(size, sample_aspect, (shape.width, shape.height, shape.aspect))
    matrix = "bt709" if shape.height >= _HD_LINES else "smpte170m"
    steps = [
        *turned,
        (
            "scale",
            f"w={box.width}:h={box.height}:flags=bicubic:out_color_matrix={matrix}:out_range=tv",
        ),
        ("format", PIXELS),
    ]
    if (box.width, box.height) != (shape.width, shape.height):
        steps.append(("pad", f"{shape.width}:{shape.height}:{box.left}:{box.top}:black"))
    return _chain(frame, steps)


def fitted(graph: Graph, frame: av.VideoFrame) -> av.VideoFrame:
    """Push one frame through a fitting graph."""
    frame.pts, frame.time_base = 0, _BASE
    graph.push(frame)
    picture = graph.vpull()
    picture.pict_type = 0  # else the source's picture types are forced on x264
    return picture


def _turn(rotation: int) -> list[tuple[str, str]]:
    match rotation % 360:
        case 90:
            return [("transpose", "cclock")]
        case 180:
            return [("hflip", ""), ("vflip", "")]
        case 270:
            return [("transpose", "clock")]
        case _:
            return []


def _chain(frame: av.VideoFrame, steps: list[tuple[str, str]]) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=_BASE
    )
    nodes = [graph.add(name, args or None) for name, args in steps]
    graph.link_nodes(source, *nodes, graph.add("buffersink")).configure()
    return graph


def _pull(graph: Graph) -> list[av.VideoFrame]:
    pulled: list[av.VideoFrame] = []
    while True:
        try:
            pulled.append(cast("av.VideoFrame", graph.pull()))
        except (av.BlockingIOError, av.EOFError):
            return pulled


def _timing(frame: av.VideoFrame, span: Fraction) -> tuple[Fraction, Fraction]:
    base = Fraction(frame.time_base or _BASE)
    duration = frame.duration * base if frame.duration else span
    return (frame.pts or 0) * base, duration
