"""The commands of the general queue: VERSION, INFO, LOG, DATA, GL, and the media scanner's."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

from tests.casparcg.commands import ECHO
from tests.casparcg.machine import Machine
from tests.casparcg.media import Clip
from tests.casparcg.tree import HEAD, Node, channel_xml, document
from tests.casparcg.words import Command

VERSION = "2.5.0 69e8ad552 Stable"
SAMPLES = 48000
LEVELS = {"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL"}


def obey_general(machine: Machine, command: Command) -> str | None:
    """The reply to a command that no channel owns; `ECHO` for one that nobody knows."""
    ask = TABLE.get(command.name)
    return ECHO if ask is None else ask(machine, command)


def asked_channel(machine: Machine, command: Command) -> int | None:
    """The channel whose own INFO this is: any form that begins with its number."""
    if command.name != "INFO" or not command.words:
        return None
    number = command.words[0].partition("-")[0]
    return int(number) if number.isdecimal() and int(number) in machine.channels else None


def _version(_machine: Machine, _command: Command) -> str | None:
    return f"201 VERSION OK\r\n{VERSION}"


def _info(machine: Machine, command: Command) -> str | None:
    number = asked_channel(machine, command)
    if number is not None:
        return f"201 INFO OK\r\n{channel_xml(machine.channels[number].info)}"
    what = command.words[0].upper() if command.words else ""
    if what == "PATHS":
        node: Node = {name: [path] for name, path in machine.paths.items()}
        return f"201 INFO PATHS OK\r\n{document('paths', node)}"
    if what == "CONFIG":
        root = ET.fromstring(machine.config)  # noqa: S314  # a config that the test itself wrote
        return f"201 INFO CONFIG OK\r\n{HEAD}{_printed(root)}"
    rows = [f"{number} {channel.mode.name} PLAYING" for number, channel in machine.channels.items()]
    return listed("INFO", rows)


def listed(name: str, rows: list[str]) -> str:
    """A 200 reply: rows, then an empty line."""
    return "\r\n".join([f"200 {name} OK", *rows, ""])


def _printed(element: ET.Element, depth: int = 0) -> str:
    blank = "   " * depth
    given = "".join(f' {key}="{value}"' for key, value in element.items())
    text = (element.text or "").strip()
    if len(element):
        inside = "".join(_printed(child, depth + 1) for child in element)
        return f"{blank}<{element.tag}{given}>\n{inside}{blank}</{element.tag}>\n"
    if text:
        return f"{blank}<{element.tag}{given}>{text}</{element.tag}>\n"
    return f"{blank}<{element.tag}{given}/>\n"


def _log(machine: Machine, command: Command) -> str | None:
    words = [word.upper() for word in command.words]
    if words[:1] != ["LEVEL"]:
        return ECHO
    if len(words) == 1:
        return f"201 LOG OK\r\n{machine.log_level}"
    if words[1] not in LEVELS:
        return "403 LOG FAILED"
    machine.log_level = words[1]
    return "202 LOG OK"


def _data(machine: Machine, command: Command) -> str | None:
    match [command.words[0].upper() if command.words else "", *command.words[1:]]:
        case ["STORE", name, text]:
            machine.stored[name.upper()] = text
            return "202 DATA STORE OK"
        case ["RETRIEVE", name]:
            text = machine.stored.get(name.upper(), "")
            return f"201 DATA RETRIEVE OK\r\n{text}" if text else "404 DATA RETRIEVE FAILED"
        case ["REMOVE", name]:
            return (
                "202 DATA REMOVE OK"
                if machine.stored.pop(name.upper(), None)
                else "404 DATA REMOVE FAILED"
            )
        case ["LIST"]:
            return listed("DATA LIST", sorted(machine.stored))
        case _:
            return ECHO


def _gl(_machine: Machine, command: Command) -> str | None:
    match [word.upper() for word in command.words]:
        case ["GC"]:
            return "202 GL GC OK"
        case ["INFO"]:
            return f"201 GL INFO OK\r\n{document('gl', _idle_pools())}"
        case _:
            return ECHO


def _idle_pools() -> Node:
    sizes = ("total_read_count", "total_write_count", "total_read_size", "total_write_size")
    host: Node = {name: ["0"] for name in sizes}
    device: Node = {name: ["0"] for name in ("total_count", "total_size")}
    details: Node = {"pooled_device_buffers": {}, "pooled_host_buffers": {}}
    return {
        "details": details,
        "summary": {
            "pooled_device_buffers": device,
            "pooled_host_buffers": host,
            "all_host_buffers": dict(host),
        },
    }


def _scanned(machine: Machine, command: Command) -> str | None:
    """CLS and CINF: only with the media scanner beside the server."""
    if not machine.scanner:
        return f"501 {command.name} FAILED"
    rows = _scan(machine)
    match command.name:
        case "CLS":
            return listed("CLS", [rows[name] for name in sorted(rows)])
        case "CINF" if command.words and command.words[0].upper() in rows:
            return f"201 CINF OK\r\n{rows[command.words[0].upper()]}"
        case "TLS":
            return listed("TLS", [])
        case _:
            return f"501 {command.name} FAILED"


def _scan(machine: Machine) -> dict[str, str]:
    rows = {}
    for path in machine.shelf.paths():
        name = path.removeprefix(machine.folders[-1])
        clip = machine.shelf.clip(path)
        if clip.stamp and name != path:
            stem = name.rpartition(".")[0] or name
            rows[stem.upper().replace("\\", "/")] = _row(stem.upper().replace("\\", "/"), clip)
    return rows


def _row(name: str, clip: Clip) -> str:
    match clip.kind:
        case "still":
            length = "0 0/1"
        case "audio":
            length = f"{int(clip.seconds * SAMPLES)} 1/{SAMPLES}"
        case _:
            length = f"{clip.frames} {clip.rate.denominator}/{clip.rate.numerator}"
    kind = {"still": "STILL", "audio": "AUDIO"}.get(clip.kind, "MOVIE")
    return f'"{name}"  {kind}  {clip.size} {clip.stamp} {length}'


def _thumbnail(machine: Machine, command: Command) -> str | None:
    what = command.words[0].upper() if command.words else ""
    if not machine.scanner:
        return f"501 THUMBNAIL {what} FAILED"
    return (
        "202 THUMBNAIL GENERATE OK"
        if what.startswith("GENERATE")
        else f"501 THUMBNAIL {what} FAILED"
    )


TABLE: dict[str, Callable[[Machine, Command], str | None]] = {
    "VERSION": _version,
    "INFO": _info,
    "LOG": _log,
    "DATA": _data,
    "GL": _gl,
    "CLS": _scanned,
    "CINF": _scanned,
    "TLS": _scanned,
    "FLS": _scanned,
    "THUMBNAIL": _thumbnail,
}
