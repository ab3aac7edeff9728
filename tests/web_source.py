"""A web server for tests that serves bytes, and every fault that a store may have.

    with WebSource({"/a.bin": body}) as source:
        source.address("/a.bin")
        source.faults.append(Status(503, after=3))     # later requests come first to the faults
        source.sent, source.requests

A fault is asked about each request, in order; the first that answers decides what goes wrong.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_PIECE = 1 << 14


@dataclass(slots=True)
class Fault:
    """What goes wrong, with requests `first` to `first + times - 1` (counted from 0, per fault).

    `status` answers that instead; `cut` closes the connection after so many bytes of the body;
    `rate` sends so many bytes per second; `ignores_range` answers 200 with the whole file;
    `total` lies about the size; `method` is the one that it is about.
    """

    first: int = 0
    times: int = 1 << 30
    status: int = 0
    code: str = ""
    cut: int | None = None
    silent_after: int | None = None  # stops sending, and keeps the connection open
    ignores_range: bool = False
    says_200: bool = False  # sends the part that was asked for, as some servers do
    total: int | None = None
    method: str = "GET"
    met: int = 0

    def applies(self, method: str) -> bool:
        if method != self.method:
            return False
        self.met += 1
        return self.first < self.met <= self.first + self.times


@dataclass(slots=True)
class Thing:
    """One file: its bytes, and what the server says of them."""

    body: bytes
    etag: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class WebSource:
    """The server, on a port of loopback; `sent` counts the bytes of all bodies."""

    def __init__(self, things: Mapping[str, bytes | Thing], *, rate: int | None = None) -> None:
        self.things: dict[str, Thing] = {
            path: thing if isinstance(thing, Thing) else Thing(thing, _etag(thing))
            for path, thing in things.items()
        }
        self.faults: list[Fault] = []
        self.rate = rate  # bytes per second, all answers together
        self.sent = 0
        self.requests: list[tuple[str, str, str]] = []  # method, path, range
        self.refuses: Callable[[str], bool] = lambda _query: False
        self.lock = threading.Lock()
        self.gone = threading.Event()
        self._free_at = 0.0
        self._server = _Server(self)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
        self._thread.join()

    def die(self) -> None:
        """Answer nothing more, and cut every answer that is under way."""
        self.gone.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def replace(self, path: str, body: bytes) -> None:
        """Another object is there from now on."""
        with self.lock:
            self.things[path] = Thing(body, _etag(body))

    def fault(self, method: str) -> Fault | None:
        with self.lock:
            return next((f for f in self.faults if f.applies(method)), None)

    def pay(self, count: int) -> None:
        """Count bytes about to be sent, and wait as the line's rate demands."""
        if self.gone.is_set():
            raise ConnectionAbortedError
        with self.lock:
            self.sent += count
            if self.rate is None:
                return
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self.rate
            wait = self._free_at - now
        self.gone.wait(wait)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'  # noqa: S324  # what S3 does


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, source: WebSource) -> None:
        self.source = source
        super().__init__(("127.0.0.1", 0), _Answer)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        # A small buffer: what is counted as sent has really left.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)

    def do_HEAD(self) -> None:  # the name that http.server calls
        self._answer("HEAD")

    def do_GET(self) -> None:  # the name that http.server calls
        self._answer("GET")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        """Requests are counted, not logged."""

    def _answer(self, method: str) -> None:
        source = self.server.source
        path, _, query = self.path.partition("?")
        asked = self.headers.get("Range", "")
        with source.lock:
            source.requests.append((method, path, asked))
            thing = source.things.get(path)
        fault = source.fault(method)
        if fault is not None and fault.status:
            self._plain(fault.status, fault.code)
        elif source.refuses(query):
            self._plain(403, "AccessDenied")
        elif thing is None:
            self._plain(404, "NoSuchKey")
        elif self.headers.get("If-Match") not in (None, thing.etag):
            self._plain(412, "PreconditionFailed")
        else:
            self._send(method, thing, asked, fault or Fault())

    def _plain(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send(self, method: str, thing: Thing, asked: str, fault: Fault) -> None:
        total = len(thing.body) if fault.total is None else fault.total
        match = _RANGE.fullmatch(asked)
        if match is None or fault.ignores_range:
            start, end = 0, total
            self.send_response(200)
        else:
            start = int(match[1])
            end = min(int(match[2] or total - 1) + 1, total)
            if start >= total:
                self._plain(416, "InvalidRange")
                return
            self.send_response(200 if fault.says_200 else 206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        self.send_header("Content-Length", str(end - start))
        self.send_header("Accept-Ranges", "bytes")
        if thing.etag is not None:
            self.send_header("ETag", thing.etag)
        for name, value in thing.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if method == "GET":
            self._body(thing.body[start:end], fault)

    def _body(self, body: bytes, fault: Fault) -> None:
        source = self.server.source
        for at in range(0, len(body), _PIECE):
            piece = body[at : at + _PIECE]
            if fault.cut is not None and at + len(piece) > fault.cut:
                source.pay(fault.cut - at)
                self.wfile.write(piece[: fault.cut - at])
                self.wfile.flush()
                self.close_connection = True
                return
            if fault.silent_after is not None and at >= fault.silent_after:
                source.gone.wait(30)
                self.close_connection = True
                return
            source.pay(len(piece))
            self.wfile.write(piece)
