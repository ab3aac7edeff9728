"""Files on web servers: what is there, without fetching it (httpx)."""

from __future__ import annotations

import re
import weakref
from urllib.parse import urlsplit

import httpx

from reconciler.adapters.object_store import ObjectSeen, judged
from reconciler.errors import Rejected, Unreachable

_WITHIN = httpx.Timeout(10.0, connect=3.0)
_NO_HEAD = frozenset({403, 405, 501})  # some servers refuse HEAD alone
_RANGE = re.compile(r"bytes \d+-\d+/(\d+)")
_PARTIAL = 206


class WebFiles:
    """Looks at files by HEAD, or by their first byte where a server does not know HEAD.

    Its connections are closed when nobody has it any more.
    """

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=_WITHIN, follow_redirects=True, trust_env=False)
        weakref.finalize(self, self._client.close)

    def look(self, url: str) -> ObjectSeen:
        """What is there; raises `Absent`, `Rejected` or `Unreachable`."""
        server = urlsplit(url).hostname
        try:
            reply = self._client.head(url, headers={"Accept-Encoding": "identity"})
            if reply.status_code in _NO_HEAD:
                reply = self._first_byte(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{server} does not answer: {type(error).__name__}") from error
        if not reply.is_success:
            raise judged(reply.status_code, f"{server}: HTTP {reply.status_code}")
        size = _size(reply)
        if size is None:
            raise Rejected(f"{server}: it does not tell the file's size")
        return ObjectSeen(
            size=size,
            etag=reply.headers.get("ETag"),
            modified=reply.headers.get("Last-Modified", ""),
            sha256=None,
        )

    def _first_byte(self, url: str) -> httpx.Response:
        headers = {"Accept-Encoding": "identity", "Range": "bytes=0-0"}
        with self._client.stream("GET", url, headers=headers) as reply:
            return reply  # its headers alone: the body is never read


def _size(reply: httpx.Response) -> int | None:
    told = _RANGE.fullmatch(reply.headers.get("Content-Range", ""))
    if told is not None:
        return int(told[1])
    length = reply.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and reply.status_code != _PARTIAL else None
