"""Reads the recordings of a real engine: bytes received, OSC bundles, layers as told by INFO."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from reconciler.sidecar.casparcg.osc_packets import State, Value

FOLDER = Path(__file__).parents[3] / "casparcg/transcripts"
NAMES = tuple(sorted(path.name for path in FOLDER.glob("*.txt")))

_MARK = re.compile(r"(?:\[ *[\d.]+\] | {11})(>>|<<) ?(?:\(\+[\d.]+ ms\) )?(.*)")
_BUNDLE = re.compile(r" +bundle timetag=(\d+), (\d+) bytes")
_MESSAGE = re.compile(r" +(/channel/\S+) ,(\w*) ?(.*)")


def received(name: str) -> bytes:
    """All that the engine sent in one recording, over all its connections, in order."""
    return b"".join(_spoken(name, "<<"))


def sent(name: str) -> bytes:
    """All that was sent to the engine."""
    return b"".join(_spoken(name, ">>"))


def first_lines(name: str) -> int:
    """How many replies a reader of the recording counts by eye."""
    begins = re.compile(rb"(?:RES .*? )?\d{3} +[A-Z]|PONG", re.DOTALL)
    return sum(begins.match(line) is not None for line in received(name).split(b"\r\n"))


def states(name: str) -> tuple[str, ...]:
    """The XML of each answer to `INFO 1` in a recording."""
    data = received(name).decode()
    return tuple(re.findall(r"201 INFO OK\r\n(.*?)\r\n", data, re.DOTALL))


def bundle_sizes(name: str) -> tuple[int, ...]:
    """How many bytes each OSC bundle of a recording had."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return tuple(int(match[2]) for line in lines if (match := _BUNDLE.fullmatch(line)))


def bundles(name: str) -> tuple[State, ...]:
    """The OSC bundles of a recording."""
    found: list[State] = []
    tag, values = 0, dict[str, tuple[Value, ...]]()
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        bundle, message = _BUNDLE.fullmatch(line), _MESSAGE.fullmatch(line)
        if bundle is not None:
            tag, values = int(bundle[1]), {}
            found.append(State(time_tag=tag, values=values))
        elif message is not None and found:
            values[message[1]] = _values(message[2], message[3])
    return tuple(found)


def _values(types: str, text: str) -> tuple[Value, ...]:
    if types == "s":
        return (str(ast.literal_eval(text)),)
    return tuple(ast.literal_eval(each) for each in text.split())


def _spoken(name: str, way: str) -> Iterator[bytes]:
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        match = _MARK.fullmatch(line)
        if match is not None and match[1] == way and match[2] != "(nothing)":
            yield _bytes(match[2])


def _bytes(shown: str) -> bytes:
    """The bytes behind a displayed line: CR, LF and NUL are escaped, all else stands for itself."""
    for escape in (r"\r", r"\n", r"\x00"):
        shown = shown.replace(escape, codecs.decode(escape, "unicode_escape"))
    return shown.encode()
