"""Outputs that live in this process: one thread each, so that no disk and no network is waited for.

A sink takes chunks into a bounded queue. When it cannot keep up, or fails, everything waiting is
thrown away and it begins again with the next key frame. SRT and RTMP are in `relay.py`.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from reconciler.engine.events import OutputSeen
from reconciler.engine.source import describe, start_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.engine.encoder import Chunk
    from reconciler.engine.protocol import OutputSpec

_MOST_WAITING = 16_000_000  # bytes; more than any second of programme
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
_DATAGRAM = 7 * 188
_BURST = 16  # datagrams sent back to back; receivers' buffers are small
_GAP = 0.0005


class Writer(Protocol):
    """One way to get rid of bytes. May block, may raise `OSError`."""

    def write(self, chunk: Chunk) -> None:
        """Take one chunk; the first one is a key frame."""

    def abort(self) -> None:
        """Let nothing more leave, not even what is being written; from any thread."""

    def close(self) -> None:
        """Finish tidily."""


class Sink:
    """One output with its thread."""

    def __init__(self, name: str, make: Callable[[], Writer]) -> None:
        self._name = name
        self._make = make
        self._writer: Writer | None = None
        self._queue: deque[Chunk] = deque()
        self._waiting = 0
        self._wake = threading.Condition()
        self._needs_key = True
        self._ending = False
        self._state, self._since = "opening", datetime.now(UTC)
        self._error: str | None = None
        self._bytes = self._restarts = 0
        self._thread = start_thread(self._run, f"sink {name}")

    def offer(self, chunk: Chunk) -> None:
        """Take one chunk; never waits."""
        with self._wake:
            if self._needs_key and not chunk.is_key:
                return
            self._needs_key = False
            if self._waiting + len(chunk.data) > _MOST_WAITING:
                self._forget("it cannot keep up")
                return
            self._queue.append(chunk)
            self._waiting += len(chunk.data)
            self._wake.notify()

    def seen(self) -> OutputSeen:
        """How the output fares."""
        with self._wake:
            return OutputSeen(
                name=self._name,
                state=self._state,
                bytes=self._bytes,
                since=self._since.isoformat(),
                error=self._error,
                restarts=self._restarts,
            )

    def close(self, *, flush: bool) -> None:
        """Stop; what waits is written first if `flush`, else thrown away. Returns at once."""
        with self._wake:
            self._ending = True
            if not flush:
                self._queue.clear()
                if self._writer is not None:
                    self._writer.abort()
            self._wake.notify()

    def join(self, timeout: float) -> None:
        """Wait until it has ended."""
        self._thread.join(timeout)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return not self._thread.is_alive()

    def _forget(self, error: str) -> None:
        self._queue.clear()
        self._waiting = 0
        self._needs_key = True
        self._turn("down", error)

    def _turn(self, state: str, error: str | None = None) -> None:
        if state != self._state:
            self._state, self._since = state, datetime.now(UTC)
        self._error = error

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._ending:
            began = time.monotonic()
            try:
                writer = self._make()
                with self._wake:
                    self._writer = writer
                with contextlib.closing(writer):
                    self._write_all(writer)
            except (OSError, ValueError) as error:
                with self._wake:
                    self._forget(describe(error))
                    self._restarts += 1
                    pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else pause
                    self._wake.wait_for(lambda: self._ending, timeout=pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _write_all(self, writer: Writer) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._ending:
                    self._wake.wait()
                if not self._queue:
                    return
                chunk = self._queue.popleft()
                self._waiting -= len(chunk.data)
            writer.write(chunk)
            with self._wake:
                self._bytes += len(chunk.data)
                self._turn("sending")


class UdpWriter:
    """Datagrams of seven transport packets, to one address or a group; nobody needs to listen."""

    def __init__(self, output: OutputSpec) -> None:
        parts = urlsplit(output.url)
        if not parts.hostname or not parts.port:
            raise ValueError(f"{output.name}: expected udp://address:port, found {output.url!r}")
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_DGRAM)
        family, self._to = found[0][0], found[0][4]
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2_000_000)
        self._aim(family, int(output.options.get("ttl", 1)), output.options.get("interface"))
        self._socket.settimeout(0)
        self._rest = b""
        self._aborted = False

    def write(self, chunk: Chunk) -> None:
        """Send whole datagrams; the rest goes with the next chunk."""
        data = self._rest + chunk.data
        whole = len(data) // _DATAGRAM * _DATAGRAM
        self._rest = data[whole:]
        for count, at in enumerate(range(0, whole, _DATAGRAM), 1):
            if self._aborted:
                return
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                self._socket.sendto(data[at : at + _DATAGRAM], self._to)
            if count % _BURST == 0:
                time.sleep(_GAP)

    def abort(self) -> None:
        """Send no further datagram."""
        self._aborted = True

    def close(self) -> None:
        """Send the rest."""
        with contextlib.suppress(OSError):
            if self._rest and not self._aborted:
                self._socket.sendto(self._rest, self._to)
        self._socket.close()

    def _aim(self, family: int, hops: int, interface: str | int | None) -> None:
        if family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
            if interface is not None:
                index = socket.if_nametoindex(str(interface))
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            return
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hops)
        if interface is not None:
            self._socket.setsockopt(
                socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _interface(str(interface))
            )


def _interface(name: str) -> bytes:
    """An `ip_mreqn` for an interface given by address or by name. Source: ip(7)."""
    try:
        return struct.pack("4s4si", b"", socket.inet_aton(name), 0)
    except OSError:
        return struct.pack("4s4si", b"", b"", socket.if_nametoindex(name))


class FileWriter:
    """Append to one file."""

    def __init__(self, url: str) -> None:
        path = local_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, chunk: Chunk) -> None:
        """Append the chunk."""
        view = memoryview(chunk.data)
        while view:
            view = view[self._file.write(view) or 0 :]

    def abort(self) -> None:
        """Nothing leaves the machine by a file."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def local_path(url: str) -> Path:
    """The path in a `file:` address, or the path itself."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path) if parts.scheme == "file" else url)
    if not path.is_absolute():
        raise ValueError(f"expected an absolute path or file:///path, found {url!r}")
    return Path(os.path.normpath(path))
