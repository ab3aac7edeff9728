"""`casparcg.config`, read as the server reads it: what it gives, and why it would not start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.casparcg.modes import find_mode

PLAIN = "<configuration><channels/><controllers/></configuration>"


class Unusable(Exception):
    """A config that the server dies of, with exit code 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSetup:
    """A consumer that the config starts with its channel."""

    kind: str
    path: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that a start takes from its config."""

    modes: tuple[str, ...] = ("720p2500",)
    outputs: tuple[tuple[OutputSetup, ...], ...] = ()
    port: int = 5250
    media: str = "/media/"
    working: str = ""
    osc_port: int = 6250
    osc_to_clients: bool = True
    osc_targets: tuple[tuple[str, int], ...] = ()
    clear_phrase: str = "secret"
    xml: str = PLAIN
    paths: tuple[tuple[str, str], ...] = ()


def read_config(xml: str, *, working: str = "") -> Setup:
    """Read the XML, or raise `Unusable` with what the log would say."""
    try:
        root = ET.fromstring(xml)  # noqa: S314  # a config that the test itself wrote
    except ET.ParseError as error:
        raise Unusable(f"Invalid configuration file: {error}") from error
    if root.find("controllers") is None:
        raise Unusable("No such element: /configuration/controllers")
    channels = root.findall("channels/channel")
    modes = tuple(_mode(channel) for channel in channels)
    if not modes:
        raise Unusable("No such element: /configuration/channels")
    paths = tuple((path.tag, (path.text or "").strip()) for path in root.findall("paths/*"))
    return Setup(
        modes=modes,
        outputs=tuple(_outputs(channel) for channel in channels),
        port=int(root.findtext("controllers/tcp/port") or 5250),
        media=folder(dict(paths).get("media-path") or "media/"),
        working=folder(working) if working else "",
        osc_port=int(root.findtext("osc/default-port") or 6250),
        osc_to_clients=(root.findtext("osc/disable-send-to-amcp-clients") or "") != "true",
        osc_targets=tuple(_targets(root)),
        clear_phrase=root.findtext("lock-clear-phrase") or "",
        xml=xml,
        paths=paths,
    )


def read_file(path: Path, *, working: str = "") -> Setup:
    if not path.is_file():
        raise Unusable(f"Configuration file {path} was not found.")
    return read_config(path.read_text(encoding="utf-8"), working=working)


def folder(path: str) -> str:
    return path.rstrip("/") + "/"


def _mode(channel: ET.Element) -> str:
    name = channel.findtext("video-mode") or "PAL"
    mode = find_mode(name)
    if mode is None:
        raise Unusable(f"Invalid video-mode: {name}")
    return mode.name


def _outputs(channel: ET.Element) -> tuple[OutputSetup, ...]:
    return tuple(_output(element) for element in channel.findall("consumers/*"))


def _output(element: ET.Element) -> OutputSetup:
    if element.tag == "ffmpeg":
        path, words = element.findtext("path") or "", element.findtext("args") or ""
        return OutputSetup(kind="stream", path=path, arguments=words)
    device = element.findtext("device") or element.findtext("name") or ""
    return OutputSetup(kind=element.tag, path=device)


def _targets(root: ET.Element) -> list[tuple[str, int]]:
    clients = root.findall("osc/predefined-clients/predefined-client")
    return [(one.findtext("address") or "", int(one.findtext("port") or 0)) for one in clients]
