"""One connection to a web server: ask for a file, read the head of the answer, take its body.

HTTP/1.1 as far as fetching needs it (RFC 9112). The body goes straight into the caller's memory,
and the head is read as the few lines that it is: the standard library's client takes three times
the processor time for an answer of 64 KiB, most of it in a header parser that is made for mail
(docs/measurements.md). It knows no proxy and follows nothing.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

from reconciler.errors import Rejected

_HEAD = 1 << 16  # bytes of a head, or of one line; more of it is no answer
_INTERIM = 8  # answers of the kind 1xx before the real one
_STATUS = re.compile(r"HTTP/1\.(\d) (\d{3})(?: ([^\r\n]*))?(?:\r\n|\Z)")
_FIELDS = re.compile(  # those that decide something; an answer has a dozen others
    r"^(connection|content-length|content-range|etag|location|transfer-encoding):"
    r"[ \t]*([^\r\n]*?)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)")
_HEX = re.compile(r"[0-9A-Fa-f]{1,15}")
_UNSAFE = re.compile(r"[^!-~]")  # would end or split the line that an address is sent in
_SAFE = "".join(chr(code) for code in range(ord("!"), ord("~") + 1))
_UNSAFE_VALUE = re.compile(r"[\r\n\0]")
_PORTS = {"http": 80, "https": 443}


class BadAnswer(Exception):  # told on as `Unreachable` by who knows what was asked
    """What came is not HTTP, or ended before its time."""


class HungUp(BadAnswer):
    """The connection was closed without a word of an answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """The server of an address."""

    scheme: str
    host: str
    port: int
    named: str  # as the server is told that it was called

    @property
    def is_tls(self) -> bool:
        """Whether what is said to it is sealed."""
        return self.scheme == "https"


@dataclass(frozen=True, slots=True)
class Head:
    """What counts of an answer's head; names are in lower case, the first of equals counts."""

    status: int
    reason: str
    fields: Mapping[str, str]


class Wire:
    """One connection, opened by its first question; one answer at a time. Not for two threads.

    Raises `OSError` and `BadAnswer`; after either it can only be closed.
    """

    def __init__(self, place: Place, timeout: float) -> None:
        self._place = place
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._came = bytearray()  # received, and not taken yet
        self._left: int | None = 0  # bytes of the body, or of its chunk; None: until it closes
        self._is_chunked = False
        self._is_kept = False

    @property
    def is_open(self) -> bool:
        """Whether it has been used, and not closed since."""
        return self._socket is not None

    @property
    def is_spent(self) -> bool:
        """Whether the answer was taken to its end, and another question may follow."""
        return self._is_kept and self._left == 0 and not self._is_chunked and not self._came

    @property
    def tells_length(self) -> bool:
        """Whether the head told how long the body is."""
        return self._left is not None and not self._is_chunked

    def close(self) -> None:
        """Close it; asking again opens another."""
        taken, self._socket = self._socket, None
        self._came.clear()
        if taken is not None:
            with contextlib.suppress(OSError):
                taken.close()

    def ask(self, path: str, fields: Mapping[str, str]) -> Head:
        """Ask for `path`; returns the head of the answer, whose body is then to be taken."""
        if self._socket is None:
            self._socket = self._connect()
        told = "".join(f"{name}: {_clean(value)}\r\n" for name, value in fields.items())
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {self._place.named}\r\n{told}\r\n".encode("latin-1")
        )
        for _ in range(_INTERIM):
            version, head = _read(self._head())
            if head.status >= 200:  # noqa: PLR2004  # RFC 9110, 15.2: less is not the answer yet
                self._frame(version, head)
                return head
        raise BadAnswer("it never came to an answer")

    def take(self, into: memoryview) -> int:
        """Put what comes next of the body `into` memory; returns how much, 0 at its end."""
        if self._is_chunked and self._left == 0:
            self._next_chunk()
        room = len(into) if self._left is None else min(len(into), self._left)
        if not room:
            return 0
        if self._came:
            count = min(room, len(self._came))
            into[:count] = memoryview(self._came)[:count]
            del self._came[:count]
        else:
            assert self._socket is not None  # noqa: S101  # a body follows a head
            count = self._socket.recv_into(into, room)
        if not count and self._is_chunked:
            raise BadAnswer("the answer ended early")
        if self._left is not None:
            self._left -= count
        return count

    def _connect(self) -> socket.socket:
        place = self._place
        made = socket.create_connection((place.host, place.port), self._timeout)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.is_tls:
                return _tls().wrap_socket(made, server_hostname=place.host)
        except BaseException:
            made.close()
            raise
        return made

    def _more(self) -> None:
        assert self._socket is not None  # noqa: S101  # it was asked
        piece = self._socket.recv(_HEAD)
        if not piece:
            raise BadAnswer("the answer ended early") if self._came else HungUp("no answer")
        self._came += piece

    def _up_to(self, mark: bytes) -> bytes:
        """Take everything before `mark`, and drop the mark."""
        looked = 0
        while (at := self._came.find(mark, looked)) < 0:
            looked = max(0, len(self._came) - len(mark) + 1)
            if looked > _HEAD:
                raise BadAnswer("the answer is no HTTP")
            self._more()
        taken = bytes(memoryview(self._came)[:at])
        del self._came[: at + len(mark)]
        return taken

    def _head(self) -> str:
        return self._up_to(b"\r\n\r\n").decode("latin-1")

    def _frame(self, version: int, head: Head) -> None:
        """How the body ends (RFC 9112, 6.3), and whether the connection outlives it."""
        fields = head.fields
        coding = fields.get("transfer-encoding")
        length = fields.get("content-length")
        self._is_chunked, self._left = coding is not None, 0
        if coding is not None:
            if coding.lower() != "chunked":
                raise BadAnswer("it is sent in a coding that was not asked for")
        elif head.status in (204, 304):
            pass
        elif length is None:
            self._left = None
        elif length.isascii() and length.isdecimal():
            self._left = int(length)
        else:
            raise BadAnswer("its length is no number")
        asked = fields.get("connection", "").lower()
        self._is_kept = self._left is not None and version > 0 and "close" not in asked

    def _next_chunk(self) -> None:
        size = self._up_to(b"\r\n").partition(b";")[0].strip().decode("latin-1")
        if not size:  # the line that ends the chunk before
            size = self._up_to(b"\r\n").partition(b";")[0].strip().decode("latin-1")
        if _HEX.fullmatch(size) is None:
            raise BadAnswer("a chunk has no size")
        self._left = int(size, 16)
        if not self._left:
            while self._up_to(b"\r\n"):
                """A field after the body is of no use."""
            self._is_chunked = False


def parts_of(url: str) -> tuple[Place, str]:
    """The server of an address and what to ask it for; raises `Rejected`, telling nothing of it."""
    found = _URL.match(url)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in _PORTS:
        raise Rejected(f"only http and https can be fetched, not {scheme or 'a path'}")
    path = found[3] if found[3].startswith("/") else f"/{found[3]}"
    return _place(scheme, found[2]), quote(path, safe=_SAFE) if _UNSAFE.search(path) else path


@lru_cache(maxsize=64)
def _place(scheme: str, netloc: str) -> Place:
    try:
        split = urlsplit(f"{scheme}://{netloc}")
        host, port = split.hostname, split.port
    except ValueError as error:
        raise Rejected("the address cannot be used") from error
    if not host:
        raise Rejected("the address names no server")
    named = netloc.rpartition("@")[2]
    return Place(scheme, host, port or _PORTS[scheme], _ascii(named))


def _ascii(named: str) -> str:
    try:
        named = named if named.isascii() else named.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Rejected("the address cannot be used") from error
    if _UNSAFE.search(named):
        raise Rejected("the address cannot be used")
    return named


def _read(head: str) -> tuple[int, Head]:
    told = _STATUS.match(head)
    if told is None:
        raise BadAnswer("the answer is no HTTP")
    fields = {name.lower(): value for name, value in reversed(_FIELDS.findall(head, told.end()))}
    return int(told[1]), Head(int(told[2]), told[3] or "", fields)


def _clean(value: str) -> str:
    if _UNSAFE_VALUE.search(value):
        raise Rejected("a header cannot be used")
    return value


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
