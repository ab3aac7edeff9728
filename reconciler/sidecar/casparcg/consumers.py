"""An output as the engine's consumer: words of ADD and element of the config, of one making. Pure.

A consumer in the config gets its port from the engine: a DeckLink device 300 and its number, NDI
900, anything coded 100000 and the CRC-16 of its path (CasparCG 2.5.0, `index()` of each consumer;
both checksums in the recordings agree). We give ADD that very port, so that an output has one port
however it came to be. What cannot have it is left to ADD, on a free one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2s

from reconciler.errors import UsageError
from reconciler.model.video import Scan, VideoFormat
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.coding import Coding, arguments
from reconciler.sidecar.casparcg.destinations import Destination, destination
from reconciler.sidecar.engine_port import WantedOutput

PREVIEW = "preview"  # the output of our own; a lineup's outputs may share the name but not the port
_DECKLINK, _NDI, _CODED, _FREE = 300, 900, 100_000, 700
_LARGEST_INDEX = 9_999  # a device's number; above it is a persistent id, whose port is no number

Element = tuple[str, tuple[tuple[str, str], ...]]  # a tag, and its children with their text


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One output as the engine is told of it.

    `kind` is what read-back calls it (ffmpeg, decklink, ndi); `overwrites` is a file that starting
    it deletes, so move it aside before. `waits` is whether a caller has to come first, at `place`.
    """

    name: str
    kind: str
    port: int
    in_config: bool  # whether the config may start it; if not, only ADD gives it its port
    words: tuple[str, ...] = field(repr=False)
    element: Element = field(repr=False)
    overwrites: str = field(default="", repr=False)
    waits: bool = False
    place: str = field(default="", repr=False)

    @property
    def counts_frames(self) -> bool:
        """Whether read-back shows by a number that it moves."""
        return self.kind == "ffmpeg"

    @property
    def digest(self) -> str:
        """What tells it from another on the same port, without its secrets."""
        return blake2s("\n".join((self.kind, *self.words)).encode(), digest_size=8).hexdigest()

    def add(self) -> Command:
        """The command that starts it, in place of what its port holds."""
        return amcp.add(self.port, self.words)

    def remove(self) -> Command:
        """The command that ends it."""
        return amcp.remove(self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumers:
    """All outputs in the order wanted, and why some cannot be, by name."""

    wanted: tuple[Consumer, ...]
    refused: Mapping[str, str]


def consumers_for(
    outputs: Iterable[WantedOutput],
    format: VideoFormat,  # noqa: A002  # as the channel's file calls it
    *,
    bitrate: int | None = None,
    preview_folder: str | None = None,
) -> Consumers:
    """Make the consumers of a channel. `bitrate` is in bits per second (None: as it needs).

    One that cannot be meant is refused alone. `preview_folder` adds the HLS preview, as `preview`.
    """
    wanted: list[Consumer] = []
    refused: dict[str, str] = {}
    taken: set[int] = set()
    if preview_folder is not None:
        outputs = (*outputs, _preview_output(preview_folder))
    for output in outputs:
        try:
            consumer = _consumer(output, format, bitrate, taken)
        except UsageError as error:
            refused[output.name] = str(error)
            continue
        taken.add(consumer.port)
        wanted.append(consumer)
    return Consumers(wanted=tuple(wanted), refused=refused)


def _preview_output(folder: str) -> WantedOutput:
    return WantedOutput(name=PREVIEW, type=PREVIEW, url=folder)


def _consumer(
    output: WantedOutput,
    format: VideoFormat,  # noqa: A002
    bitrate: int | None,
    taken: set[int],
) -> Consumer:
    match output.type:
        case "decklink":
            return _decklink(output, taken)
        case "ndi":
            return _ndi(output, format, taken)
        case _:
            small = output.type == PREVIEW
            coding = Coding.preview(format) if small else Coding.programme(format, bitrate)
            return _coded(output.name, destination(output), coding, taken)


def _coded(name: str, to: Destination, coding: Coding, taken: set[int]) -> Consumer:
    options = " ".join((*to.options, *arguments(coding)))
    port = _CODED + checksum(to.path)
    return Consumer(
        name=name,
        kind="ffmpeg",
        port=_port(port, taken),
        in_config=port not in taken,
        words=("FILE" if to.is_file else "STREAM", to.path, *to.options, *arguments(coding)),
        element=(
            "ffmpeg",
            (("path", to.path), ("args", options), ("realtime", "false" if to.is_file else "true")),
        ),
        overwrites=to.overwrites,
        waits=to.waits,
        place=to.path if to.waits else "",
    )


def _decklink(output: WantedOutput, taken: set[int]) -> Consumer:
    device = output.url.removeprefix("decklink://")
    if not (device.isascii() and device.isdigit()) or not int(device):
        raise UsageError(
            f"output {output.name}: CasparCG knows DeckLink devices by number or by a persistent id"
            f" in decimal digits; found {device!r}"
        )
    keyer = _choice(output, "keyer", ("external", "internal", "default"))
    latency = _choice(output, "latency", ("normal", "low", "default"))
    by_index = int(device) <= _LARGEST_INDEX
    port = _DECKLINK + int(device) if by_index else _FREE
    keys = {"external": ("EXTERNAL_KEY",), "internal": ("INTERNAL_KEY",), "default": ()}
    return Consumer(
        name=output.name,
        kind="decklink",
        port=_port(port, taken),
        in_config=by_index and port not in taken,
        words=(
            "DECKLINK",
            device,
            *keys[keyer],
            *(("LOW_LATENCY",) if latency == "low" else ()),
            "EMBEDDED_AUDIO",
        ),
        element=(
            "decklink",
            (
                ("device", device),
                ("embedded-audio", "true"),
                ("latency", latency),
                ("keyer", keyer),
            ),
        ),
    )


def _ndi(output: WantedOutput, format: VideoFormat, taken: set[int]) -> Consumer:  # noqa: A002
    name = output.url.removeprefix("ndi://")
    if not name.strip() or not name.isprintable() or name.upper() == "ALLOW_FIELDS":
        raise UsageError(f"output {output.name}: expected an NDI source's name, found {name!r}")
    fields = format.scan is Scan.INTERLACED
    return Consumer(
        name=output.name,
        kind="ndi",
        port=_port(_NDI, taken),
        in_config=_NDI not in taken,
        words=("NDI", "NAME", name, *(("ALLOW_FIELDS",) if fields else ())),
        element=("ndi", (("name", name), ("allow-fields", "true" if fields else "false"))),
    )


def _choice(output: WantedOutput, option: str, choices: tuple[str, ...]) -> str:
    found = str(output.options.get(option, choices[0]))
    if found not in choices:
        raise UsageError(
            f"output {output.name}: {option}: expected {', '.join(choices)}, found {found!r}"
        )
    return found


def _port(wanted: int, taken: set[int]) -> int:
    if wanted not in taken:
        return wanted
    port = _FREE
    while port in taken:
        port += 1
    return port


def checksum(path: str) -> int:
    """CRC-16 (polynomial 0x8005, reflected) of a path, as the engine numbers its consumers."""
    value = 0
    for byte in path.encode():
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value
