"""Reading one HTTP answer from memory: ours, the standard library's, and h11; processor time.

`python -m tests.bench.bench_http`. What a socket costs is left out; a question is written too.
"""

from __future__ import annotations

import http.client
import io
import sys
import time
import timeit
from collections.abc import Callable
from typing import Any, cast

import h11

from reconciler.adapters.http_text import Reader, question

_CALLS, _TRIES = 1_000, 15
_FIELDS = {"Authorization": "Bearer 0123456789"}
_STATUS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1300\r\n\r\n"
_OBJECT = (
    b"HTTP/1.1 206 Partial Content\r\nAccept-Ranges: bytes\r\nContent-Length: 1300\r\n"
    b"Content-Range: bytes 0-1299/65536\r\nContent-Type: application/octet-stream\r\n"
    b'Etag: "0123456789"\r\nLast-Modified: Mon, 30 Nov 2026 07:00:00 GMT\r\n'
    b"Server: a store\r\nX-Amz-Request-Id: 012345678\r\nDate: Mon, 30 Nov 2026 07:00:00 GMT\r\n\r\n"
)
_CONTENT = b"x" * 1300


def ours(text: bytes) -> bytes:
    """By our own reader."""
    question("GET", "here:1", "/status", _FIELDS)
    reader = Reader()
    reader.feed(text)
    return reader.take(len(text))


def by_h11(text: bytes) -> bytes:
    """By h11, its state made anew."""
    peer = h11.Connection(h11.CLIENT)
    peer.send(
        h11.Request(method="GET", target="/status", headers=[("Host", "h"), *_FIELDS.items()])
    )
    peer.send(h11.EndOfMessage())
    peer.receive_data(text)
    content = b""
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        content += bytes(event.data) if isinstance(event, h11.Data) else b""
    return content


class _Line:
    """A socket as far as the standard library's reader asks for one."""

    def __init__(self, text: bytes) -> None:
        self._file = io.BytesIO(text)

    def makefile(self, *_: object) -> io.BytesIO:
        return self._file


def by_http_client(text: bytes) -> bytes:
    """By the standard library; its question left out."""
    answer = http.client.HTTPResponse(cast("Any", _Line(text)))
    answer.begin()
    return answer.read()


def main() -> int:
    """Print microseconds an answer, the least of several tries."""
    readers: dict[str, Callable[[bytes], bytes]] = {
        "ours": ours, "http.client": by_http_client, "h11": by_h11,
    }  # fmt: skip
    for what, head in (("a sidecar's status", _STATUS), ("an object's part", _OBJECT)):
        text = head + _CONTENT
        for name, read in readers.items():
            assert read(text) == _CONTENT
            tries = timeit.repeat(
                lambda read=read, text=text: read(text),  # type: ignore[misc]
                number=_CALLS,
                repeat=_TRIES,
                timer=time.process_time,
            )
            sys.stdout.write(f"{what:20} {name:12} {min(tries) / _CALLS * 1e6:6.1f} µs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
