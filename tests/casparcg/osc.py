"""OSC as the server sends it: one bundle a tick, begun anew once it has reached 2048 bytes."""

from __future__ import annotations

import struct

from tests.casparcg.producers import State, Value

FULL = 2048
WIDE = ("/frames_left", "/file/frame")


def bundles(prefix: str, state: State, tag: int) -> list[bytes]:
    """The packets of one tick; `tag` is the plain counter that stands where a time should."""
    head = b"#bundle\0" + struct.pack(">Q", tag)
    packets, packet = [], head
    for path in sorted(state):
        body = message(f"{prefix}/{path}", state[path])
        packet += struct.pack(">i", len(body)) + body
        if len(packet) >= FULL:
            packets.append(packet)
            packet = head
    return packets if packet == head and packets else [*packets, packet]


def message(address: str, value: Value) -> bytes:
    values = value if isinstance(value, tuple) else (value,)
    wide = address.endswith(WIDE) and not isinstance(value, tuple)
    tags = "".join(_tag(one, wide=wide) for one in values)
    body = b"".join(_argument(one, wide=wide) for one in values)
    return _string(address) + _string("," + tags) + body


def _tag(value: str | float, *, wide: bool) -> str:
    match value:
        case bool():
            return "T" if value else "F"
        case str():
            return "s"
        case int():
            return "h" if wide else "i"
        case _:
            return "f"


def _argument(value: str | float, *, wide: bool) -> bytes:
    match value:
        case bool():
            return b""
        case str():
            return _string(value)
        case int():
            return struct.pack(">q" if wide else ">i", value)
        case _:
            return struct.pack(">f", value)


def _string(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)
