"""What is said to the engine: one JSON object per line, read into typed commands.

Nothing here acts. A line that cannot be meant raises `UsageError` with what was found and what
was expected; the caller answers with it and goes on. What the engine says back is in `events.py`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from reconciler.errors import UsageError
from reconciler.model.video import VideoFormat


def _no_options() -> Mapping[str, str | int]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """Where the channel's bytes go. Equal specs are the same output and are left untouched."""

    name: str
    type: str
    url: str
    options: Mapping[str, str | int] = field(default_factory=_no_options, hash=False)


OUTPUT_TYPES = frozenset({"udp", "srt", "rtmp", "file", "hls"})
PRESETS = ("ultrafast", "superfast", "veryfast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A file, from `start` (channel frames from its beginning) on; again and again if `loop`."""

    path: str
    start: int = 0
    loop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A stream that somebody sends to us."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture, or the first frame of a clip; silent."""

    path: str


@dataclass(frozen=True, slots=True)
class Slate:
    """The holding picture."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """The picture last shown, held; silent."""


Source = Clip | Live | Still | Slate | Freeze


class Blend(Enum):
    """How a cue takes over from the one before."""

    CUT = "cut"
    MIX = "mix"
    WIPE = "wipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """How a cue begins; `frames` is 0 for a cut."""

    blend: Blend = Blend.CUT
    frames: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One source on the timeline. Frames are absolute; `frames` None: until the next cue starts."""

    key: str
    start: int
    frames: int | None
    source: Source
    transition: Transition = field(default_factory=Transition)

    def is_same_showing(self, other: Cue) -> bool:
        """Whether going from one to the other leaves the picture untouched."""
        return (self.key, self.start, self.source) == (other.key, other.start, other.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSpec:
    """Where the preview's HLS goes, and how many lines it has at most."""

    dir: str
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """What this process is for; said once, first."""

    format: VideoFormat
    title: str
    slate: str | None
    preset: str | None
    bitrate: int | None
    preview: PreviewSpec | None
    sending: bool
    outputs: tuple[OutputSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """The whole timeline, in order of start; replaces the one before."""

    cues: tuple[Cue, ...]
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The whole wanted set of outputs; replaces the one before."""

    outputs: tuple[OutputSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Open or shut the gate of all outputs.

    With `for_ms` it shuts by itself that many milliseconds after `clock_ms` (a reading of this
    machine's monotonic clock; None, or one that lies ahead: now), unless told again by then.
    `seam` is a frame at which another sender takes over, or we from another: open, the gate shuts
    before it; shut, what is shown from it on is kept, and leaves first when the gate opens.
    `number` comes back in the status once this is carried out.
    """

    on: bool
    for_ms: int | None = None
    clock_ms: int | None = None
    seam: int | None = None
    number: int = 0

    def until(self, now: int) -> int | None:
        """When the gate shuts by itself, in the nanoseconds of the clock that reads `now`."""
        if self.for_ms is None:
            return None
        counted_from = now if self.clock_ms is None else min(now, self.clock_ms * 1_000_000)
        return counted_from + self.for_ms * 1_000_000


@dataclass(frozen=True, slots=True)
class Quit:
    """End tidily."""


Command = Configure | Show | Outputs | Send | Quit


def parse_command(line: str | bytes) -> Command:
    """Read one line; raise `UsageError` if it is not a command."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"expected one JSON object per line: {error}") from error
    fields = _Fields(value, "command")
    match fields.text("do"):
        case "configure":
            return _configure(fields)
        case "show":
            return Show(cues=_cues(fields.list("cues")), serial=fields.integer("serial", 0))
        case "outputs":
            return Outputs(outputs=_outputs(fields.list("outputs")))
        case "send":
            return Send(
                on=fields.flag("on"),
                for_ms=fields.integer("for_ms") if fields.has("for_ms") else None,
                clock_ms=fields.integer("clock_ms") if fields.has("clock_ms") else None,
                seam=fields.integer("seam") if fields.has("seam") else None,
                number=fields.integer("number", 0),
            )
        case "quit":
            return Quit()
        case other:
            known = "configure, show, outputs, send or quit"
            raise UsageError(f"do: expected {known}, found {other!r}")


class _Fields:
    """One JSON object whose members are fetched with their type checked."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise UsageError(f"{where}: expected an object, found {_shown(value)}")
        self._value: dict[str, object] = value
        self.where = where

    def wrong(self, name: str, expected: str) -> UsageError:
        return UsageError(
            f"{self.where}.{name}: expected {expected}, found {_shown(self._value.get(name))}"
        )

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value.get(name, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a text")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        value = self._value.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name, "a whole number from 0 up")
        return value

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        value = self._value.get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return value

    def list(self, name: str) -> list[object]:
        value = self._value.get(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def object(self, name: str) -> _Fields:
        return _Fields(self._value.get(name), f"{self.where}.{name}")

    def options(self, name: str) -> Mapping[str, str | int]:
        value = self._value.get(name) or {}
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return MappingProxyType({str(k): v for k, v in value.items() if isinstance(v, str | int)})


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004  # fits a log line


def _configure(fields: _Fields) -> Configure:
    try:
        video = VideoFormat.parse(fields.text("format"))
    except ValueError as error:
        raise UsageError(f"command.format: {error}") from error
    preset = fields.text("preset") if fields.has("preset") else None
    if preset is not None and preset not in PRESETS:
        raise fields.wrong("preset", f"one of {', '.join(PRESETS)}")
    return Configure(
        format=video,
        title=fields.text("title", video.name),
        slate=fields.object("slate").text("path") if fields.has("slate") else None,
        preset=preset,
        bitrate=fields.integer("bitrate") or None if fields.has("bitrate") else None,
        preview=_preview(fields.object("preview")) if fields.has("preview") else None,
        sending=fields.flag("sending", default=False),
        outputs=_outputs(fields.list("outputs")),
    )


def _preview(fields: _Fields) -> PreviewSpec:
    return PreviewSpec(dir=fields.text("dir"), height=fields.integer("height", 360))


def _outputs(values: list[object]) -> tuple[OutputSpec, ...]:
    outputs = tuple(_output(_Fields(v, f"outputs[{i}]")) for i, v in enumerate(values))
    names = [output.name for output in outputs]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"outputs: expected names that differ, found {name!r} twice")
    return outputs


def _output(fields: _Fields) -> OutputSpec:
    kind = fields.text("type")
    if kind not in OUTPUT_TYPES:
        raise fields.wrong("type", f"one of {', '.join(sorted(OUTPUT_TYPES))}")
    return OutputSpec(
        name=fields.text("name"),
        type=kind,
        url=fields.text("url"),
        options=fields.options("options"),
    )


def _cues(values: list[object]) -> tuple[Cue, ...]:
    cues = tuple(_cue(_Fields(v, f"cues[{i}]")) for i, v in enumerate(values))
    seen: set[str] = set()
    for before, after in itertools.pairwise(cues):
        end = before.start + (before.frames or 0)
        if after.start < end or after.start <= before.start:
            raise UsageError(
                f"cues: {after.key!r} starts at {after.start}, inside {before.key!r}, "
                f"which ends at {end}"
            )
    for cue in cues:
        if cue.key in seen:
            raise UsageError(f"cues: expected keys that differ, found {cue.key!r} twice")
        seen.add(cue.key)
    return cues


def _cue(fields: _Fields) -> Cue:
    frames = fields.integer("frames") if fields.has("frames") else None
    if frames == 0:
        raise fields.wrong("frames", "at least 1, or null")
    return Cue(
        key=fields.text("key"),
        start=fields.integer("start"),
        frames=frames,
        source=_source(fields.object("source")),
        transition=_transition(fields.object("transition"))
        if fields.has("transition")
        else Transition(),
    )


def _source(fields: _Fields) -> Source:
    match fields.text("type"):
        case "clip":
            return Clip(
                path=fields.text("path"),
                start=fields.integer("in", 0),
                loop=fields.flag("loop", default=False),
            )
        case "live":
            return Live(url=fields.text("url"))
        case "still":
            return Still(path=fields.text("path"))
        case "slate":
            return Slate()
        case "freeze":
            return Freeze()
        case _:
            raise fields.wrong("type", "clip, live, still, slate or freeze")


def _transition(fields: _Fields) -> Transition:
    kind = fields.text("type", "cut")
    if kind not in {blend.value for blend in Blend}:
        raise fields.wrong("type", "cut, mix or wipe")
    frames = fields.integer("frames", 0)
    if kind == Blend.CUT.value or frames == 0:
        return Transition()
    return Transition(blend=Blend(kind), frames=frames)
