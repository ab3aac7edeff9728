"""What the engine says of itself, by OSC or by INFO, as the same frozen values. Pure.

Nothing is judged here. That a path or a port is named proves little: what is on air moves, and what
sends counts frames. Seconds are as the engine computes them; `ServerSeen.frames` makes them frames.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree import ElementTree as ET

from reconciler.sidecar.casparcg.osc_packets import State, Value, Values

ENDLESS = 1 << 31  # `frames_left` from here on has wrapped: what plays has no end
_FULL_SCALE = 1 << 31
_SILENT_DB = -120.0
_DIGITS = 3  # of seconds: OSC has them as short floats, INFO as long ones; a frame is far longer


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionSeen:
    """A transition: cut, mix and so on; at which frame of how many, to which producer."""

    kind: str
    frame: int
    frames: int
    producer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerSeen:
    """A foreground or a background.

    `producer` is ffmpeg, image, color, empty, or transition, which is also the first tick of every
    clip and all that a file which cannot be opened ever shows. `name` is as the command spelled it.
    """

    producer: str = "empty"
    name: str = field(default="", repr=False)  # of a live input: its address
    path: str = field(default="", repr=False)
    time: float = 0.0  # seconds from the beginning of the file
    file_length: float = 0.0
    clip_in: float = 0.0
    clip_length: float = 0.0  # of what is played of it
    loop: bool = False
    has_streams: bool = False  # the file is open
    transition: TransitionSeen | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it plays by itself: neither on its way in, nor nothing."""
        return self.producer not in {"empty", "transition"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSeen:
    """One layer. `frames_left` is told only while a background waits with AUTO."""

    number: int
    foreground: ProducerSeen
    background: ProducerSeen
    paused: bool
    frames_left: int | None

    @property
    def never_ends(self) -> bool:
        """Whether what waits with AUTO will never come by itself."""
        return self.frames_left is not None and self.frames_left >= ENDLESS


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSeen:
    """One output as it is listed; `frame` is None where the engine counts none."""

    port: int
    consumer: str
    path: str = field(repr=False)  # an address, which may hold a secret
    frame: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSeen:
    """One reading of the channel. `time_tag` counts ticks; INFO has none.

    `consumers` is refreshed only while some consumer lives: the last one stays listed for ever.
    """

    time_tag: int | None
    format: str
    rate: Fraction  # frames per second; fields of an interlaced channel
    layers: Mapping[int, LayerSeen]
    consumers: Mapping[int, ConsumerSeen]
    volume: tuple[int, ...] = ()  # peaks by sound channel, of 2^31; as fresh as `consumers`

    def frames(self, seconds: float) -> int:
        """Seconds as the channel's frames, to the nearest."""
        return math.floor(seconds * self.rate + Fraction(1, 2))

    @property
    def level_db(self) -> tuple[float, ...]:
        """Peaks by sound channel in decibels of full scale."""
        return tuple(_decibels(each) for each in self.volume)


def _decibels(peak: int) -> float:
    if peak <= 0:
        return _SILENT_DB
    return max(_SILENT_DB, round(20 * math.log10(peak / _FULL_SCALE), 1))


# ── by OSC ───────────────────────────────────────────────────────────────────────────────────────


def from_osc(state: State, channel: int = 1) -> ServerSeen:
    """Read one whole state; what it leaves out is at its rest. `ValueError`: it is not of ours."""
    start = f"/channel/{channel}/"
    values = {
        address.removeprefix(start): found
        for address, found in state.values.items()
        if address.startswith(start)
    }
    return _read(values, state.time_tag)


# ── by INFO ──────────────────────────────────────────────────────────────────────────────────────


def from_info(xml: str) -> ServerSeen:
    """Read the row that `INFO 1` answers with; raise `ValueError` if it is not such XML."""
    try:
        root = ET.fromstring(xml)  # noqa: S314  # of our own engine, on loopback
    except ET.ParseError as error:
        raise ValueError(f"expected the engine's state as XML: {error}") from error
    found: dict[str, list[Value]] = {}
    for child in root:
        _flatten(child, "", found)
    return _read({path: tuple(values) for path, values in found.items()}, None)


def _flatten(element: ET.Element, above: str, found: dict[str, list[Value]]) -> None:
    # `layer/layer_10` is what OSC calls `layer/10`.
    tag = element.tag
    parent = above.rpartition("/")[2]
    if parent and tag.startswith(f"{parent}_"):
        tag = tag[len(parent) + 1 :]
    path = f"{above}/{tag}" if above else tag
    if len(element):
        for child in element:
            _flatten(child, path, found)
    elif element.text is not None:
        found.setdefault(path, []).append(element.text)


# ── both ─────────────────────────────────────────────────────────────────────────────────────────


def _read(values: Values, time_tag: int | None) -> ServerSeen:
    try:
        return _server(values, time_tag)
    except ArithmeticError as error:
        raise ValueError(
            f"expected the engine's state, found a number out of place: {error}"
        ) from error


def _server(values: Values, time_tag: int | None) -> ServerSeen:
    layers = {int(key) for key in _keys(values, "stage/layer/")}
    ports = {int(key) for key in _keys(values, "output/port/")}
    rate = values.get("framerate", ())
    return ServerSeen(
        time_tag=time_tag,
        format=_text(values, "format"),
        rate=Fraction(int(rate[0]), int(rate[1])) if len(rate) == 2 else Fraction(0),  # noqa: PLR2004
        layers={number: _layer(values, number) for number in sorted(layers)},
        consumers={number: _consumer(values, number) for number in sorted(ports)},
        volume=tuple(int(each) for each in values.get("mixer/audio/volume", ())),
    )


def _keys(values: Values, start: str) -> set[str]:
    return {
        path[len(start) :].partition("/")[0]
        for path in values
        if path.startswith(start) and path[len(start) :].partition("/")[0].lstrip("-").isdigit()
    }


def _layer(values: Values, number: int) -> LayerSeen:
    start = f"stage/layer/{number}"
    left = values.get(f"{start}/foreground/frames_left")
    return LayerSeen(
        number=number,
        foreground=_producer(values, f"{start}/foreground/"),
        background=_producer(values, f"{start}/background/"),
        paused=_flag(values, f"{start}/foreground/paused"),
        frames_left=int(left[0]) if left else None,
    )


def _producer(values: Values, start: str) -> ProducerSeen:
    time, file_length = _pair(values, f"{start}file/time")
    clip_in, clip_length = _pair(values, f"{start}file/clip")
    streams = f"{start}file/streams/"
    return ProducerSeen(
        producer=_text(values, f"{start}producer") or "empty",
        name=_text(values, f"{start}file/name"),
        path=_text(values, f"{start}file/path"),
        time=time,
        file_length=file_length,
        clip_in=clip_in,
        clip_length=clip_length,
        loop=_flag(values, f"{start}loop"),
        has_streams=any(path.startswith(streams) for path in values),
        transition=_transition(values, f"{start}transition/"),
    )


def _transition(values: Values, start: str) -> TransitionSeen | None:
    kind = _text(values, f"{start}type")
    if not kind:
        return None
    frame, frames = _pair(values, f"{start}frame")
    return TransitionSeen(
        kind=kind,
        frame=int(frame),
        frames=int(frames),
        producer=_text(values, f"{start}producer"),
    )


def _consumer(values: Values, port: int) -> ConsumerSeen:
    start = f"output/port/{port}"
    frame = values.get(f"{start}/file/frame")
    return ConsumerSeen(
        port=port,
        consumer=_text(values, f"{start}/consumer"),
        path=_text(values, f"{start}/file/path"),
        frame=int(frame[0]) if frame else None,
    )


def _text(values: Values, path: str) -> str:
    found = values.get(path)
    return str(found[0]) if found else ""


def _pair(values: Values, path: str) -> tuple[float, float]:
    found = values.get(path, ())
    if len(found) != 2:  # noqa: PLR2004
        return 0.0, 0.0
    return round(float(found[0]), _DIGITS), round(float(found[1]), _DIGITS)


def _flag(values: Values, path: str) -> bool:
    found = values.get(path)
    return bool(found) and found is not None and found[0] in {True, "true"}
