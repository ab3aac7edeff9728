"""Ranged reads over HTTP: one request, judged, and its bytes as they come.

The standard library's client, since it takes less than half of the processor time per byte that
httpx does (docs/measurements.md). Nothing here ever tells an address: it may be presigned.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import ssl
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from reconciler.adapters.transfer_parts import Extent
from reconciler.errors import Rejected, Unreachable

CHUNK = 1 << 18  # bytes of one read
_SLOWEST = 2_000  # bytes per second over a stall's time; a server below it does not answer
_IDLE = 16  # connections kept open for the next file
_HOPS = 4  # redirections followed
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


_Idle = list[tuple[tuple[str, str], http.client.HTTPConnection]]


def _close(idle: _Idle) -> None:
    while idle:
        idle.pop()[1].close()


class Connections:
    """Open connections by server, for one node's transfers; closed when nobody has it any more."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._lock = threading.Lock()
        self._idle: _Idle = []
        weakref.finalize(self, _close, self._idle)

    @contextmanager
    def read(self, wanted: Wanted) -> Iterator[Iterator[memoryview]]:
        """Ask, and give the bytes as they come.

        Raises `Unreachable` where trying again may help, `Rejected` where it will not, `Lapsed`
        where another address may help, and `NoRanges`.
        """
        url = wanted.url
        for _ in range(_HOPS):
            key, path = _parts(url)
            connection = self._take(key)
            response: http.client.HTTPResponse | None = None
            try:
                response = _ask(connection, path, wanted)
                moved = response.getheader("Location") if response.status in _MOVED else None
                if moved is None:
                    _judge(response, wanted)
                    yield self._bytes(response, wanted)
                if moved is not None or not response.length:
                    response.read()
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(_plain(error)) from error
            finally:
                self._put_back(key, connection, response)
            if moved is None:
                return
            url = _redirected(url, moved)
        raise Rejected(f"more than {_HOPS} redirections")

    def _bytes(self, response: http.client.HTTPResponse, wanted: Wanted) -> Iterator[memoryview]:
        start, end = wanted.extent or (0, wanted.size)
        left = end - start
        since, came = time.monotonic(), 0
        while left:
            chunk = response.read1(min(CHUNK, left))
            if not chunk:
                raise Unreachable(f"the answer ended {left} bytes early")
            left -= len(chunk)
            came += len(chunk)
            now = time.monotonic()
            if now - since > self.patience.stall:
                if came < _SLOWEST * (now - since):
                    raise Unreachable(f"{came} bytes in {now - since:.0f} s")
                since, came = now, 0
            yield memoryview(chunk)

    def _take(self, key: tuple[str, str]) -> http.client.HTTPConnection:
        with self._lock:
            for index, (known, connection) in enumerate(self._idle):
                if known == key:
                    del self._idle[index]
                    return connection
        scheme, place = key
        if scheme == "https":
            return http.client.HTTPSConnection(place, timeout=self.patience.stall, context=_tls())
        return http.client.HTTPConnection(place, timeout=self.patience.stall)

    def _put_back(
        self,
        key: tuple[str, str],
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse | None,
    ) -> None:
        """Keep a connection whose answer was read to its end; close any other."""
        if response is not None and response.isclosed():
            with self._lock:
                if len(self._idle) < _IDLE:
                    self._idle.append((key, connection))
                    return
        connection.close()


def _ask(
    connection: http.client.HTTPConnection, path: str, wanted: Wanted
) -> http.client.HTTPResponse:
    headers = {"Accept-Encoding": "identity", **wanted.headers}
    if wanted.extent is not None:
        headers["Range"] = f"bytes={wanted.extent[0]}-{wanted.extent[1] - 1}"
    if wanted.etag is not None and not wanted.etag.startswith("W/"):
        headers["If-Match"] = wanted.etag
    was_open = connection.sock is not None
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse()
    except (http.client.RemoteDisconnected, ConnectionError):
        if not was_open:
            raise
    connection.close()  # it was closed at the far end while idle
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def _judge(response: http.client.HTTPResponse, wanted: Wanted) -> None:
    status = response.status
    if status not in (_WHOLE, _PARTIAL):
        _refuse(response)
    etag = response.getheader("ETag")
    if wanted.etag and etag and etag.removeprefix("W/") != wanted.etag.removeprefix("W/"):
        raise Replaced(_REASONS[412])
    if status == _WHOLE and response.getheader("Content-Range") is None:
        _judge_whole(response, wanted)
        return
    told = _RANGE.fullmatch(response.getheader("Content-Range") or "")
    if told is None or wanted.extent is None:
        raise Rejected(f"expected a Content-Range, found {response.getheader('Content-Range')!r}")
    if told[3] != "*" and int(told[3]) != wanted.size:
        raise Replaced(f"expected {wanted.size} bytes in all, found {told[3]}")
    if (int(told[1]), int(told[2]) + 1) != wanted.extent:
        raise Rejected(f"asked for bytes {wanted.extent}, was sent {told[0]}")


def _judge_whole(response: http.client.HTTPResponse, wanted: Wanted) -> None:
    length = response.getheader("Content-Length")
    if length is not None and int(length) != wanted.size:
        raise Replaced(f"expected {wanted.size} bytes in all, found {length}")
    if wanted.extent not in (None, (0, wanted.size)):
        raise NoRanges


def _refuse(response: http.client.HTTPResponse) -> None:
    status = response.status
    with contextlib.suppress(OSError, http.client.HTTPException):
        body = response.read(4096)
        response.read()
    code = _CODE.search(body)
    told = f" {code[1].decode()}" if code is not None else ""
    text = f"HTTP {status}{told}: {_REASONS.get(status, response.reason)}"
    if status in (401, 403):
        raise Lapsed(text)
    if status in (429, 503):
        raise PushedBack(text)
    if status in (412, 416):
        raise Replaced(text)
    if status in _RETRY:
        raise Unreachable(text)
    raise Rejected(text)


def _parts(url: str) -> tuple[tuple[str, str], str]:
    split = urlsplit(url)
    if split.scheme not in ("http", "https") or not split.netloc:
        raise Rejected(f"only http and https can be fetched, not {split.scheme or 'a path'}")
    path = split.path or "/"
    place = split.netloc.rpartition("@")[2]
    return (split.scheme, place), f"{path}?{split.query}" if split.query else path


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    if url.startswith("https:") and not target.startswith("https:"):
        raise Rejected("redirected from https to a server in the clear")
    return target


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _plain(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.InvalidURL):
        return "the address cannot be used"  # its own words would repeat it
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
