"""Ranged reads over HTTP: one request, judged, and its bytes as they come.

Nothing here ever tells an address: it may be presigned.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

from reconciler.adapters.http_place import Place, parts_of
from reconciler.adapters.http_text import BadAnswer, Head, HungUp
from reconciler.adapters.transfer_parts import Extent
from reconciler.adapters.transfer_wire import Wire
from reconciler.errors import Rejected, Unreachable

CHUNK = 1 << 18  # bytes of one read
_SLOWEST = 2_000  # bytes per second over a stall's time; a server below it does not answer
_IDLE = 16  # connections kept open for the next file
_HOPS = 4  # redirections followed
_ASIDE = 1 << 14  # bytes read of an answer that is not the file; a longer one costs the connection
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_PARTIAL, _WHOLE = 206, 200
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_CODE = re.compile(rb"<Code>(\w{1,64})</Code>")
_REASONS = {
    401: "credentials are asked for",
    403: "the credentials are refused, or have lapsed",
    404: "there is no such object",
    410: "there is no such object any more",
    412: "it was replaced meanwhile; the next attempt starts over",
    416: "it is shorter than it was; it was replaced meanwhile",
    429: "the server asks for less",
    503: "the server asks for less, or is not there",
}


class NoRanges(Exception):  # an answer, not a failure
    """The server sends whole files only."""


class PushedBack(Unreachable):
    """The server is asked too much."""


class Replaced(Rejected):
    """What is there is not what was ordered."""


class Lapsed(Rejected):
    """The address is refused; a fresh one may not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: the file as it was seen, and which bytes (None: all, in one answer)."""

    url: str
    headers: Mapping[str, str]
    size: int
    etag: str | None
    extent: Extent | None

    def __repr__(self) -> str:
        """Name it without its address."""
        return f"Wanted({self.extent} of {self.size})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server is waited for, in seconds.

    `stall` is without a byte, or for a connection; `rest` is after a first failure, and doubles.
    """

    stall: float = 10.0
    rest: float = 0.2


_Idle = list[tuple[Place, Wire]]


def _close(idle: _Idle) -> None:
    while idle:
        idle.pop()[1].close()


class Connections:
    """Open connections by server, for one node's transfers; closed when nobody has it any more.

    Reading raises `Unreachable` where trying again may help, `Rejected` where it will not, `Lapsed`
    where another address may help, and `NoRanges`.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._lock = threading.Lock()
        self._idle: _Idle = []
        weakref.finalize(self, _close, self._idle)

    @contextmanager
    def read(self, wanted: Wanted) -> Iterator[Iterator[memoryview]]:
        """Ask, and give the bytes as they come, each piece in the same memory."""
        with self._asked(wanted) as wire:
            yield self._pieces(wire, wanted)

    def read_whole(self, wanted: Wanted) -> bytearray:
        """Ask for a file that is small enough for memory."""
        body = bytearray(wanted.size)
        at = 0
        with self._asked(wanted) as wire, memoryview(body) as room:
            stall = _Stall(self.patience.stall)
            while at < wanted.size:
                count = _take(wire, room[at:], wanted.size - at)
                stall.came(count)
                at += count
            _end(wire, wanted)
        return body

    @contextmanager
    def _asked(self, wanted: Wanted) -> Iterator[Wire]:
        """The connection with the answer that holds what is wanted, after any redirections."""
        url = wanted.url
        for _ in range(_HOPS):
            place, path = parts_of(url)
            wire = self._wire(place)
            try:
                head = _ask(wire, path, wanted)
                moved = head.fields.get("location") if head.status in _MOVED else None
                if moved is None:
                    _judge(head, wire, wanted)
                    yield wire
                    return
                _skip(wire)
            except (OSError, BadAnswer) as error:
                wire.close()
                raise Unreachable(_plain(error)) from error
            finally:
                self._put_back(place, wire)
            url = _redirected(url, moved)
        raise Rejected(f"more than {_HOPS} redirections")

    def _pieces(self, wire: Wire, wanted: Wanted) -> Iterator[memoryview]:
        start, end = wanted.extent or (0, wanted.size)
        left = end - start
        room = memoryview(bytearray(min(CHUNK, left)))
        stall = _Stall(self.patience.stall)
        while left:
            count = _take(wire, room[: min(CHUNK, left)], left)
            left -= count
            stall.came(count)
            yield room[:count]
        _end(wire, wanted)

    def _wire(self, place: Place) -> Wire:
        with self._lock:
            for index, (known, wire) in enumerate(self._idle):
                if known == place:
                    del self._idle[index]
                    return wire
        return Wire(place, self.patience.stall)

    def _put_back(self, place: Place, wire: Wire) -> None:
        """Keep a connection whose answer was read to its end; close any other."""
        if wire.is_open and wire.is_spent:
            with self._lock:
                if len(self._idle) < _IDLE:
                    self._idle.append((place, wire))
                    return
        wire.close()


class _Stall:
    """Judges a server that sends, but next to nothing."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._since = time.monotonic()
        self._came = 0

    def came(self, count: int) -> None:
        """So much has come now; raises `Unreachable`."""
        self._came += count
        spent = time.monotonic() - self._since
        if spent > self._most:
            if self._came < _SLOWEST * spent:
                raise Unreachable(f"{self._came} bytes in {spent:.0f} s")
            self._since, self._came = self._since + spent, 0


def _take(wire: Wire, room: memoryview, left: int) -> int:
    count = wire.take(room)
    if not count:
        raise Unreachable(f"the answer ended {left} bytes early")
    return count


def _end(wire: Wire, wanted: Wanted) -> None:
    """Meet the end of a whole file whose length was not told."""
    if wire.tells_length or wanted.extent is not None:
        return
    if wire.take(memoryview(bytearray(1))):
        raise Replaced(f"expected {wanted.size} bytes in all, more were sent")


def _skip(wire: Wire) -> bytes:
    """Take the body of an answer that is not the file; returns its beginning."""
    room = memoryview(bytearray(_ASIDE))
    at = 0
    while at < _ASIDE and (count := wire.take(room[at:])):
        at += count
    return bytes(room[:at])


def _ask(wire: Wire, path: str, wanted: Wanted) -> Head:
    fields = dict(wanted.headers)
    if wanted.extent is not None:
        fields["Range"] = f"bytes={wanted.extent[0]}-{wanted.extent[1] - 1}"
    if wanted.etag is not None and not wanted.etag.startswith("W/"):
        fields["If-Match"] = wanted.etag
    was_open = wire.is_open
    try:
        return wire.ask(path, fields)
    except (HungUp, ConnectionError):
        if not was_open:
            raise
    wire.close()  # it was closed at the far end while idle
    return wire.ask(path, fields)


def _judge(head: Head, wire: Wire, wanted: Wanted) -> None:
    fields = head.fields
    if head.status not in (_WHOLE, _PARTIAL):
        _refuse(head, wire)
    etag = fields.get("etag")
    if wanted.etag and etag and etag.removeprefix("W/") != wanted.etag.removeprefix("W/"):
        raise Replaced(_REASONS[412])
    content_range = fields.get("content-range")
    if head.status == _WHOLE and content_range is None:
        _judge_whole(fields.get("content-length"), wanted)
        return
    told = _RANGE.fullmatch(content_range or "")
    if told is None or wanted.extent is None:
        raise Rejected(f"expected a Content-Range, found {content_range!r}")
    if told[3] != "*" and int(told[3]) != wanted.size:
        raise Replaced(f"expected {wanted.size} bytes in all, found {told[3]}")
    if (int(told[1]), int(told[2]) + 1) != wanted.extent:
        raise Rejected(f"asked for bytes {wanted.extent}, was sent {told[0]}")


def _judge_whole(length: str | None, wanted: Wanted) -> None:
    if length is not None and int(length) != wanted.size:
        raise Replaced(f"expected {wanted.size} bytes in all, found {length}")
    if wanted.extent not in (None, (0, wanted.size)):
        raise NoRanges


def _refuse(head: Head, wire: Wire) -> None:
    status, body = head.status, b""
    with contextlib.suppress(OSError, BadAnswer):
        body = _skip(wire)
    code = _CODE.search(body)
    told = f" {code[1].decode()}" if code is not None else ""
    text = f"HTTP {status}{told}: {_REASONS.get(status, head.reason)}"
    if status in (401, 403):
        raise Lapsed(text)
    if status in (429, 503):
        raise PushedBack(text)
    if status in (412, 416):
        raise Replaced(text)
    if status in _RETRY:
        raise Unreachable(text)
    raise Rejected(text)


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    if url.startswith("https:") and not target.startswith("https:"):
        raise Rejected("redirected from https to a server in the clear")
    return target


def _plain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
