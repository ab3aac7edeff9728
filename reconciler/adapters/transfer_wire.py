"""One connection to a web server: ask for a file, read the head of the answer, take its content.

Content goes straight into the caller's memory; what an answer is, `http_text` tells. For 64 KiB the
standard library's client takes three times the processor time (docs/measurements.md). It knows no
proxy and follows nothing.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Mapping
from functools import lru_cache

from reconciler.adapters.http_place import Place
from reconciler.adapters.http_text import Head, Reader, question

_PIECE = 1 << 14  # bytes read at a time where it is not known what comes


class Wire:
    """One connection, opened by its first question; one answer at a time. Not for two threads.

    Raises `OSError` and `BadAnswer`; after either it can only be closed.
    """

    def __init__(self, place: Place, timeout: float) -> None:
        self._place = place
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._reader = Reader()

    @property
    def is_open(self) -> bool:
        """Whether it has been used, and not closed since."""
        return self._socket is not None

    @property
    def is_spent(self) -> bool:
        """Whether the answer was taken to its end, and another question may follow."""
        return self._reader.is_kept

    @property
    def tells_length(self) -> bool:
        """Whether the head told how long the content is."""
        return self._reader.length is not None

    def close(self) -> None:
        """Close it; asking again opens another."""
        taken, self._socket = self._socket, None
        if taken is not None:
            with contextlib.suppress(OSError):
                taken.close()

    def ask(self, path: str, fields: Mapping[str, str]) -> Head:
        """Ask for `path`; returns the head of the answer, whose content is then to be taken."""
        asked = question("GET", self._place.named, path, fields)
        if self._socket is None:
            self._socket = self._connect()
        self._reader = reader = Reader()
        self._socket.sendall(asked)
        while reader.head is None:
            reader.feed(self._socket.recv(_PIECE))
        return reader.head

    def take(self, into: memoryview) -> int:
        """Put what comes next of the content `into` memory; returns how much, 0 at its end."""
        assert self._socket is not None  # noqa: S101  # content follows a head
        reader = self._reader
        while not reader.is_whole:
            if room := min(len(into), reader.straight):
                count = self._socket.recv_into(into, room)
                reader.passed(count)
                return count
            if piece := reader.take(len(into)):
                into[: len(piece)] = piece
                return len(piece)
            reader.feed(self._socket.recv(_PIECE))
        return 0

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


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
