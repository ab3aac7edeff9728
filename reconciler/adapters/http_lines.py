"""Kept HTTP connections to many small servers: one line each, no pool to search.

A pass asks a thousand sidecars at thousand addresses. What one question costs must not grow with
how many others there are, so each address has its own few connections, and nothing is shared. Many
are asked by one thread: first all are asked, then whoever answers is read.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from reconciler.adapters.http_place import Place, parts_of
from reconciler.adapters.http_text import BadAnswer, HungUp, Reader, question
from reconciler.errors import Rejected

_KEPT = 60.0  # seconds that an unused connection is kept
_SPARE = 4  # connections kept to one address
_REPEATABLE = frozenset({"GET", "PUT"})
_PIECE = 1 << 16  # bytes read at a time
_MOST = 256 << 20  # bytes of an answer; a rundown of a week of short events is a tenth of it


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question to one address."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Line:
    """One connection that carries a question at a time; it never waits."""

    def __init__(self, place: Place) -> None:
        """Begin to connect; raises `OSError`."""
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, where = min(found, key=lambda one: one[0] != socket.AF_INET)
        self._socket = socket.socket(family, kind, protocol)
        self._socket.settimeout(0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unsent = memoryview(b"")
        self._reader, self._content = Reader(_MOST), bytearray()
        trouble = self._socket.connect_ex(where)  # how it ends shows when the question is sent
        if trouble not in (0, errno.EINPROGRESS):
            self.close()
            _heed(trouble)

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def fileno(self) -> int:
        """Its number, for `poll`."""
        return self._socket.fileno()

    @property
    def waits_for(self) -> int:
        """What it waits for, in `poll`'s terms."""
        return select.POLLIN if not self._unsent else select.POLLOUT

    @property
    def is_kept(self) -> bool:
        """Whether it may carry another question."""
        return self._reader.is_kept

    def begin(self, asked: bytes) -> None:
        """Send a question, as far as that can be done at once; raises `OSError`."""
        self._unsent = memoryview(asked)
        self._reader, self._content = Reader(_MOST), bytearray()
        self._send()

    def go_on(self) -> Answer | None:
        """Send or read on; the answer once it is whole. Raises `OSError` or `BadAnswer`."""
        if self._unsent:
            self._send()
            return None
        try:
            piece = self._socket.recv(_PIECE)
        except BlockingIOError:
            return None
        reader = self._reader
        reader.feed(piece)
        while come := reader.take(_PIECE):
            self._content += come
        if reader.head is None or not reader.is_whole:
            return None
        return Answer(reader.head.status, bytes(self._content))

    def has_ended(self) -> bool:
        """Whether the far end has closed, or said something that nobody asked for."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def _send(self) -> None:
        _heed(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        with suppress(BlockingIOError):  # its turn comes again with room, or once it is connected
            self._unsent = self._unsent[self._socket.send(self._unsent) :]


@dataclass(frozen=True, slots=True)
class _Kept:
    line: Line
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Talk:
    """One question under way; `again` says that it may be sent a second time."""

    number: int
    place: Place
    asked: bytes
    again: bool
    line: Line


class Lines:
    """Connections by address; used by many threads at once. No proxy is ever asked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[Place, list[_Kept]] = {}
        self._swept_at = time.monotonic()

    def close(self) -> None:
        """Close every connection that nobody uses now."""
        with self._lock:
            kept, self._kept = self._kept, {}
        for each in (one for lines in kept.values() for one in lines):
            each.line.close()

    def ask_all(self, asks: Sequence[Ask], within: float) -> list[Answer | LineError]:
        """Ask all at once; their answers in order. `within` bounds the waiting for all, in seconds.

        A kept connection that its server has closed meanwhile is replaced; only what may be
        repeated is sent a second time.
        """
        self._sweep()
        talks = _Talks(self)
        for number, one in enumerate(asks):
            talks.begin(number, one)
        talks.attend(within)
        return [talks.found[number] for number in range(len(asks))]

    def take(self, place: Place) -> Line | None:
        """A kept connection to `place` that is still good."""
        while True:
            with self._lock:
                kept = self._kept.get(place)
                if not kept:
                    return None
                line = kept.pop().line
            if not line.has_ended():
                return line
            line.close()

    def keep(self, place: Place, line: Line) -> None:
        """Keep a connection for the next question."""
        with self._lock:
            kept = self._kept.setdefault(place, [])
            if len(kept) < _SPARE:
                kept.append(_Kept(line, time.monotonic()))
                return
        line.close()

    def _sweep(self) -> None:
        """Close, once in a while, what nobody has used: sidecars come and go."""
        now = time.monotonic()
        old: list[_Kept] = []
        with self._lock:
            if now - self._swept_at < _KEPT:
                return
            self._swept_at = now
            for place in list(self._kept):
                lines = self._kept[place]
                old += [each for each in lines if now - each.since >= _KEPT]
                self._kept[place] = [each for each in lines if now - each.since < _KEPT]
                if not self._kept[place]:
                    del self._kept[place]
        for each in old:
            each.line.close()


class _Talks:
    """Questions under way, and what came of those that are not any more."""

    def __init__(self, lines: Lines) -> None:
        self.found: dict[int, Answer | LineError] = {}
        self._lines = lines
        self._poll = select.poll()
        self._open: dict[int, _Talk] = {}

    def begin(self, number: int, one: Ask) -> None:
        """Ask, over a kept connection where there is one."""
        try:
            place, asked = _worded(one)
            kept = self._lines.take(place)
            line = kept or Line(place)
        except (OSError, Rejected) as error:
            self.found[number] = _told(error)
            return
        again = kept is not None and one.method in _REPEATABLE
        self._start(_Talk(number=number, place=place, asked=asked, again=again, line=line))

    def attend(self, within: float) -> None:
        """Read whoever answers within so many seconds, though we come to read it later."""
        until, heard = time.monotonic() + within, True
        while self._open:
            left = until - time.monotonic()
            if left <= 0 and not heard:
                break
            heard = self._round(max(left, 0))
        for talk in list(self._open.values()):
            self._end(talk)
            talk.line.close()
            self.found[talk.number] = LineError("timed out")

    def _round(self, wait: float) -> bool:
        """Go on with whoever is ready; whether somebody came to an end."""
        under_way = len(self._open)
        for number, _ in self._poll.poll(wait * 1000):
            self._go_on(self._open[number])
        return len(self._open) < under_way

    def _start(self, talk: _Talk) -> None:
        try:
            talk.line.begin(talk.asked)
        except OSError as error:
            self._fail(talk, error)
            return
        self._open[talk.line.fileno()] = talk
        self._poll.register(talk.line, talk.line.waits_for)

    def _go_on(self, talk: _Talk) -> None:
        try:
            came = talk.line.go_on()
        except (OSError, BadAnswer) as error:
            self._end(talk)
            self._fail(talk, error)
            return
        if came is None:
            self._poll.modify(talk.line, talk.line.waits_for)
            return
        self._end(talk)
        self.found[talk.number] = came
        if talk.line.is_kept:
            self._lines.keep(talk.place, talk.line)
        else:
            talk.line.close()

    def _end(self, talk: _Talk) -> None:
        del self._open[talk.line.fileno()]
        self._poll.unregister(talk.line)

    def _fail(self, talk: _Talk, error: Exception) -> None:
        """Ask again over a new connection, if a kept one broke; or that was it."""
        talk.line.close()
        try:
            may_be_asked = talk.again and isinstance(error, (OSError, HungUp))
            line = Line(talk.place) if may_be_asked else None
        except OSError:
            line = None
        if line is None:
            self.found[talk.number] = _told(error)
        else:
            self._start(replace(talk, again=False, line=line))


def _worded(one: Ask) -> tuple[Place, bytes]:
    place, path = parts_of(one.url)
    if place.is_tls:
        raise Rejected("expected http://host:port, found https")
    return place, question(one.method, place.named, path, one.headers, one.body)


def _heed(trouble: int) -> None:
    if trouble:
        raise OSError(trouble, os.strerror(trouble))


def _told(error: Exception) -> LineError:
    return LineError(str(error) or type(error).__name__)
