"""States as the bytes that an engine would send, for tests without one."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from reconciler.sidecar.casparcg.osc_packets import Value

FULL = 2048  # bytes from which on the engine begins another packet


def packets(
    time_tag: int, values: Mapping[str, tuple[tuple[str, Value], ...]], *, full: int = FULL
) -> list[bytes]:
    """One state, split where the engine splits it. Values come with their type letter."""
    head = b"#bundle\0" + struct.pack(">Q", time_tag)
    found, packet = [], head
    for address, arguments in values.items():
        if len(packet) >= full:
            found.append(packet)
            packet = head
        body = _text(address) + _text("," + "".join(kind for kind, _ in arguments))
        body += b"".join(_argument(kind, value) for kind, value in arguments)
        packet += struct.pack(">i", len(body)) + body
    return [*found, packet]


def plain(values: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[tuple[str, Value], ...]]:
    """Values with the type letters that the engine uses for them."""
    return {
        address: tuple((_letter(address, each), each) for each in found)
        for address, found in values.items()
    }


def _letter(address: str, value: Value) -> str:
    match value:
        case bool():
            return "T" if value else "F"
        case int():
            return "h" if address.endswith(("frames_left", "file/frame")) else "i"
        case float():
            return "f"
        case _:
            return "s"


def _argument(kind: str, value: Value) -> bytes:
    if kind == "s":
        return _text(str(value))
    return b"" if kind in "TF" else struct.pack(f">{ {'h': 'q'}.get(kind, kind) }", value)


def _text(text: str) -> bytes:
    data = text.encode()
    return data + b"\0" * (4 - len(data) % 4)
