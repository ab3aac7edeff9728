"""OSC as CasparCG sends it: packets into messages, packets of one tick into one state. Pure.

Every tick the engine tells its whole state under one time tag. Where that is long it fills packets
in the order of the addresses until one has reached `_FULL` bytes, so a shorter packet is the last
of its tick. A full one is, too, if all addresses of the state before are there; else only the next
tick shows it, a frame late. An engine that splits sooner is found out by its first continuation.
Source: CasparCG 2.5.0, `protocol/osc/client.cpp`; the encoding: Open Sound Control 1.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Value = int | float | str | bool
Values = Mapping[str, tuple[Value, ...]]

_BUNDLE = b"#bundle\0"
_FULL = 2048  # bytes from which on the engine begins another packet
_LEAST_FULL = 1024  # bytes; no engine splits what is shorter
_HEADER = 16  # bytes of a bundle before its first element

_INT = struct.Struct(">i")
_LONG = struct.Struct(">q")
_FLOAT = struct.Struct(">f")
_DOUBLE = struct.Struct(">d")
_TAG = struct.Struct(">Q")
_FIXED: Mapping[str, struct.Struct] = {"i": _INT, "h": _LONG, "f": _FLOAT, "d": _DOUBLE}
_PLAIN: Mapping[str, bool] = {"T": True, "F": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet: its tick's counter, values by address, and its size in bytes."""

    time_tag: int
    values: Values = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that was told under one time tag; `time_tag` only grows while the engine lives."""

    time_tag: int
    values: Values = field(repr=False)


def read_packet(data: bytes) -> Packet:
    """Read one packet; raise `ValueError` if it is not a bundle of messages."""
    if data[:8] != _BUNDLE or len(data) < _HEADER:
        raise ValueError("expected an OSC bundle")
    try:
        values = dict(_messages(data))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"a broken OSC bundle: {error}") from error
    return Packet(time_tag=_TAG.unpack_from(data, 8)[0], values=values, size=len(data))


def _messages(data: bytes) -> Iterator[tuple[str, tuple[Value, ...]]]:
    at = _HEADER
    while at < len(data):
        size = _INT.unpack_from(data, at)[0]
        at += 4
        if size <= 0 or size % 4 or at + size > len(data):
            raise ValueError(f"a broken OSC bundle: an element of {size} bytes at {at}")
        yield _message(data[at : at + size])
        at += size


def _message(data: bytes) -> tuple[str, tuple[Value, ...]]:
    address, at = _text(data, 0)
    types, at = _text(data, at)
    values: list[Value] = []
    for kind in types[1:]:
        fixed = _FIXED.get(kind)
        if fixed is not None:
            values.append(fixed.unpack_from(data, at)[0])
            at += fixed.size
        elif kind == "s":
            text, at = _text(data, at)
            values.append(text)
        elif kind in _PLAIN:
            values.append(_PLAIN[kind])
        else:
            raise ValueError(f"{address}: an OSC argument of type {kind!r}")
    return address, tuple(values)


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    if end < 0:
        raise ValueError("a broken OSC bundle: a text without end")
    return data[at:end].decode("utf-8", "replace"), (end // 4 + 1) * 4


class StateJoiner:
    """Packets in, whole states out; what is lost or late costs that tick alone."""

    def __init__(self) -> None:
        self._tag: int | None = None
        self._values: dict[str, tuple[Value, ...]] = {}
        self._full = _FULL
        self._told: State | None = None  # the newest state that was taken for whole
        self._told_size = 0  # of the last packet in it
        self._shape: frozenset[str] = frozenset()  # the addresses of a whole state
        self._cut: frozenset[str] = frozenset()  # of the last that ended with a full packet

    def feed(self, packet: Packet) -> tuple[State, ...]:
        """Take one packet; return the states that are whole now, oldest first."""
        whole: list[State] = []
        if self._tag is not None and packet.time_tag != self._tag:
            whole.append(self._take())
            self._learn(frozenset(whole[-1].values))
        if self._tag is None and self._told is not None and _continues(self._told, packet):
            self._full = max(_LEAST_FULL, min(self._full, self._told_size))
            self._values = dict(self._told.values)
        self._tag = packet.time_tag
        self._values.update(packet.values)
        if packet.size < self._full or self._values.keys() == self._shape:
            whole.append(self._take())
            self._told, self._told_size = whole[-1], packet.size
            self._shape = frozenset(self._told.values)
        return tuple(whole)

    def _learn(self, addresses: frozenset[str]) -> None:
        """One that ended with a full packet may lack another, lost; two alike were whole."""
        if addresses == self._cut:
            self._shape = addresses
        elif self._shape < addresses:
            self._shape = frozenset()  # it was but a part
        self._cut = addresses

    def _take(self) -> State:
        assert self._tag is not None  # noqa: S101  # the caller has looked
        state = State(time_tag=self._tag, values=self._values)
        self._tag, self._values = None, {}
        return state


def _continues(told: State, packet: Packet) -> bool:
    # The counter of an engine that was started anew may meet the old one's; its addresses do too.
    return told.time_tag == packet.time_tag and told.values.keys().isdisjoint(packet.values)
