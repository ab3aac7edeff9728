"""Kept HTTP connections to many small servers: one line each, no pool to search.

A pass asks a thousand sidecars at thousand addresses. What one question costs must not grow with
how many others there are, so each address has its own few connections, and nothing is shared.
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from urllib.parse import urlsplit

_KEPT = 60.0  # seconds that an unused connection is kept
_SPARE = 4  # connections kept to one address
_REPEATABLE = frozenset({"GET", "PUT"})


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
class _Kept:
    line: HTTPConnection
    since: float


class Lines:
    """Connections by address; used by many threads at once. No proxy is ever asked."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, list[_Kept]] = {}
        self._swept_at = time.monotonic()

    def close(self) -> None:
        """Close every connection that nobody uses now."""
        with self._lock:
            kept, self._kept = self._kept, {}
        for each in (one for lines in kept.values() for one in lines):
            each.line.close()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within: float,
    ) -> Answer:
        """Ask once; raises `LineError`. `within` bounds each wait, in seconds.

        A kept connection that its server has closed meanwhile is replaced; only what may be
        repeated is sent a second time.
        """
        address, path = _split(url)
        line = self._take(address)
        if line is not None:
            try:
                return self._speak(line, address, (method, path, headers, body), within)
            except (OSError, HTTPException) as error:
                line.close()
                if method not in _REPEATABLE or isinstance(error, TimeoutError):
                    raise LineError(_why(error)) from error
        line = _open(address, within)
        try:
            return self._speak(line, address, (method, path, headers, body), within)
        except (OSError, HTTPException) as error:
            line.close()
            raise LineError(_why(error)) from error

    def _speak(
        self,
        line: HTTPConnection,
        address: str,
        question: tuple[str, str, Mapping[str, str], bytes | None],
        within: float,
    ) -> Answer:
        method, path, headers, body = question
        line.timeout = within
        if line.sock is not None:
            line.sock.settimeout(within)
        line.request(method, path, body=body, headers=dict(headers))
        response = line.getresponse()
        answer = Answer(response.status, response.read())
        if response.will_close:
            line.close()
        else:
            self._keep(address, line)
        return answer

    def _take(self, address: str) -> HTTPConnection | None:
        self._sweep()
        while True:
            with self._lock:
                kept = self._kept.get(address)
                if not kept:
                    return None
                line = kept.pop().line
            if not _has_ended(line):
                return line
            line.close()

    def _keep(self, address: str, line: HTTPConnection) -> None:
        with self._lock:
            kept = self._kept.setdefault(address, [])
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
            for address in list(self._kept):
                lines = self._kept[address]
                old += [each for each in lines if now - each.since >= _KEPT]
                self._kept[address] = [each for each in lines if now - each.since < _KEPT]
                if not self._kept[address]:
                    del self._kept[address]
        for each in old:
            each.line.close()


def _split(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", f"{slash}{path}" or "/"


def _open(address: str, within: float) -> HTTPConnection:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LineError(f"{address}: {error}") from error
    if not host or parts.scheme not in ("http", "https"):
        raise LineError(f"{address}: expected http://host:port")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(host, port, timeout=within)


def _has_ended(line: HTTPConnection) -> bool:
    """Whether the far end has closed, or said something that nobody asked for."""
    if line.sock is None:
        return True
    poll = select.poll()
    poll.register(line.sock, select.POLLIN)
    return bool(poll.poll(0))


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return str(error) or type(error).__name__
