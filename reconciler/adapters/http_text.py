"""HTTP/1.1 as bytes: what a question looks like, and when an answer is whole; pure.

Of our own, since most of what a question to a sidecar cost was the standard library's reading of
four headers. It reads what RFC 9112 lets a server answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HEAD_MOST = 1 << 16  # bytes of a status line and its headers
_BODY_MOST = 256 << 20  # bytes; a rundown of a week of short events is a tenth of it
_INTERIM = range(100, 200)  # told before the answer proper (RFC 9110, 15.2)
_BARE = frozenset({204, 304})  # never with content (RFC 9110, 15.3.5 and 15.4.5)
_END = b"\r\n\r\n"
_TARGET = re.compile(r"[\x21-\x7e]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


class LineError(Exception):  # told on as `Unreachable` by who knows which sidecar it was
    """No answer: refused, broken, or too late."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read whole."""

    status: int
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether it did what was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004  # RFC 9110, 15.3

    @property
    def is_server_error(self) -> bool:
        """Whether asking again may help."""
        return self.status >= 500  # noqa: PLR2004  # RFC 9110, 15.6


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that has come, and whether its connection can be used for another."""

    answer: Answer
    closes: bool


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the content begins, and what was said of it; header names in small letters."""

    status: int
    end: int
    headers: Mapping[str, str]


def question(
    method: str, host: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    """One request; raises `LineError` for what would read as another one."""
    if not _TARGET.fullmatch(path) or not all(map(_VALUE.fullmatch, headers.values())):
        raise LineError(f"{path!r}: expected a path and headers of plain characters")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("ascii") + (body or b"")


def whole(came: bytes | bytearray, *, ended: bool) -> Whole | None:
    """The answer, if all of it has come; `ended` says that nothing more will.

    Raises `LineError` for what is none, or too long.
    """
    head = _head(came, 0)
    while head is not None and head.status in _INTERIM:
        head = _head(came, head.end)
    if head is None:
        return None
    found = _content(came, head, ended=ended)
    if found is None:
        return None
    content, end = found
    closes = ended or end != len(came) or head.headers.get("connection", "").lower() == "close"
    return Whole(Answer(head.status, content), closes)


def _head(came: bytes | bytearray, start: int) -> _Head | None:
    end = came.find(_END, start)
    if (len(came) if end < 0 else end) - start > _HEAD_MOST and end < 0:
        raise LineError("an answer without an end to its headers")
    if end < 0:
        return None
    first, *lines = came[start:end].decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise LineError(f"expected an HTTP answer, found {first[:40]!r}")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return _Head(int(rest[:3]), end + len(_END), headers)


def _content(came: bytes | bytearray, head: _Head, *, ended: bool) -> tuple[bytes, int] | None:
    """The content, and where it ends (RFC 9112, 6.3)."""
    if head.status in _BARE:
        return b"", head.end
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(came, head.end)
    length = head.headers.get("content-length")
    if length is None:
        _bound(len(came) - head.end)
        return (bytes(came[head.end :]), len(came)) if ended else None
    end = head.end + _count(length, 10)
    return (bytes(came[head.end : end]), end) if len(came) >= end else None


def _chunks(came: bytes | bytearray, at: int) -> tuple[bytes, int] | None:
    content = bytearray()
    while (mark := came.find(b"\r\n", at)) >= 0:
        size = _count(bytes(came[at:mark]).split(b";")[0].decode("latin-1"), 16)
        at = mark + 2
        if not size:
            end = came.find(_END, at - 2)  # what is told after the last chunk is of no use to us
            return (bytes(content), end + len(_END)) if end >= 0 else None
        content += came[at : at + size]
        _bound(len(content))
        at += size + 2
        if len(came) < at:
            return None
    return None


def _count(text: str, base: int) -> int:
    try:
        count = int(text, base)
    except ValueError:
        count = -1
    if count < 0:
        raise LineError(f"expected a count of bytes, found {text[:20]!r}")
    return _bound(count)


def _bound(size: int) -> int:
    if size > _BODY_MOST:
        raise LineError(f"an answer of more than {_BODY_MOST >> 20} MiB")
    return size
