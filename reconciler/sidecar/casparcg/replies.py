"""AMCP, the answering half: replies read from bytes that come in any pieces. Pure.

Lines end with CR LF and nothing else does: the one row of a 201 may be XML with bare line feeds.
Source of all shapes: recordings of CasparCG 2.5.0 under `tests/casparcg/transcripts/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

END = b"\r\n"
LONGEST = 4 << 20  # bytes of one reply; the engine's own state is some kilobytes

_STATUS = re.compile(r"(?:RES (?P<request>.*?) )?(?P<code>[1-5]\d\d) (?P<what>.*)", re.DOTALL)
_PONG = re.compile(r"PONG(?: (?P<token>.*))?", re.DOTALL)
_LIST, _ROW, _ECHO = 200, 201, 400
_PONG_CODE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. `code` is 0 for a PONG, whose token is its only row.

    `what` is the rest of the first line: `PLAY OK`, `LOCK ACQUIRE FAILED`, `QUEUE OVERFLOW`.
    `echo` is the line that a 400 complains about; like the rows, it may hold secrets.
    """

    code: int
    what: str = ""
    request: str = ""
    rows: tuple[str, ...] = field(default=(), repr=False)
    echo: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        """Whether the engine took the command, which is not whether anything came of it."""
        return self.code < 300  # noqa: PLR2004  # AMCP counts as HTTP does

    @property
    def is_pong(self) -> bool:
        """Whether this answers a PING."""
        return self.code == _PONG_CODE

    def __str__(self) -> str:
        return "PONG" if self.is_pong else f"{self.code} {self.what}"


class ReplyReader:
    """Bytes in, replies out, in the order they came."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._searched = 0
        self._first: Reply | None = None  # a reply that waits for its rows
        self._rows: list[str] = []
        self._length = 0
        self.strange = 0  # lines that no reply begins with

    def feed(self, data: bytes) -> tuple[Reply, ...]:
        """Take what came; return the replies that are whole now.

        Raises `ValueError` when one reply grows beyond all measure: the connection is of no use.
        """
        self._bytes += data
        found: list[Reply] = []
        for line in self._lines():
            reply = self._take(line)
            if reply is not None:
                found.append(reply)
        if self._length + len(self._bytes) > LONGEST:
            raise ValueError(f"a reply of more than {LONGEST} bytes")
        return tuple(found)

    @property
    def is_waiting(self) -> bool:
        """Whether part of a reply is here, and the rest is not."""
        return self._first is not None or bool(self._bytes)

    def _lines(self) -> tuple[str, ...]:
        lines: list[str] = []
        begin = 0
        while (end := self._bytes.find(END, max(begin, self._searched))) >= 0:
            lines.append(self._bytes[begin:end].decode("utf-8", "replace"))
            begin = end + len(END)
        del self._bytes[:begin]
        self._searched = max(0, len(self._bytes) - 1)
        return tuple(lines)

    def _take(self, line: str) -> Reply | None:
        if self._first is None:
            return self._begin(line)
        self._length += len(line)
        if self._first.code == _LIST and line:
            self._rows.append(line)
            return None
        return self._end(line)

    def _begin(self, line: str) -> Reply | None:
        pong = _PONG.fullmatch(line)
        if pong is not None:
            token = pong["token"]
            return Reply(code=_PONG_CODE, what="PONG", rows=() if token is None else (token,))
        match = _STATUS.fullmatch(line)
        if match is None:
            self.strange += 1
            return None
        first = Reply(
            code=int(match["code"]), what=match["what"].strip(), request=match["request"] or ""
        )
        if first.code not in {_LIST, _ROW, _ECHO}:
            return first
        self._first = first
        return None

    def _end(self, line: str) -> Reply:
        first, rows = self._first, tuple(self._rows)
        assert first is not None  # noqa: S101  # the caller has looked
        self._first, self._rows, self._length = None, [], 0
        if first.code == _ECHO:
            return Reply(code=first.code, what=first.what, request=first.request, echo=line)
        rows = rows if first.code == _LIST else (line,)
        return Reply(code=first.code, what=first.what, request=first.request, rows=rows)
