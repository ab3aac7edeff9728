"""HTTP/1.1 as bytes: what a question looks like, and one answer as it comes; pure.

The only reader of answers here, for media and for sidecars: half of what either cost was the
standard library's reading of a few headers. It reads what RFC 9112 lets a server answer, in
whatever pieces it comes, and refuses what could be read in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from reconciler.errors import Rejected

_HEAD_MOST = 1 << 16  # bytes of a head, of a line in a body, of what follows the last chunk
_INTERIM_MOST = 8  # answers that are told before the answer proper (RFC 9110, 15.2)
_SWITCHES = 101  # to a protocol that nobody asked for
_BARE = frozenset({204, 304})  # never with content (RFC 9110, 15.3.5 and 15.4.5)
_ENDLESS = 1 << 62  # bytes; where nobody bounds an answer

_LINE, _END = b"\r\n", b"\r\n\r\n"
_BEGIN = b"HTTP/1."
_TARGET = re.compile(r"[!-~]+")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_FIRST = re.compile(r"HTTP/1\.(\d) ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?\r\n", re.ASCII)
_FIELD = re.compile(  # or a character that belongs to none
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t -~\x80-\xff]*)\r\n|(.)", re.DOTALL
)
_FOLD = re.compile(r"[\t ]*\r\n[\t ]+")  # a line that goes on in the next (RFC 9112, 5.2)
_FRAMING = frozenset({"connection", "content-length", "transfer-encoding"})
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[\t ]*(?:;[\t -~\x80-\xff]*)?")
_COUNT = re.compile(r"\d{1,18}", re.ASCII)

_Wait = Generator[None, None, None]


class BadAnswer(Exception):  # told on as `Unreachable` by who knows what was asked
    """What came is no HTTP answer, or too long, or ended before its time."""


class HungUp(BadAnswer):
    """The connection was closed without a word of an answer."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an answer; names are in small letters, the first of equals counts."""

    minor: int  # of HTTP/1
    status: int
    reason: str
    fields: Mapping[str, str]


def question(
    method: str, host: str, path: str, fields: Mapping[str, str], body: bytes | None = None
) -> bytes:
    """One request; raises `Rejected` for what would read as another one."""
    if not _TARGET.fullmatch(path) or not all(map(_VALUE.fullmatch, fields.values())):
        raise Rejected("expected a path and headers of plain characters")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("latin-1") + (body or b"")


class Reader:
    """One answer, fed in whatever pieces it comes; `most` bounds the bytes of its content.

    Raises `BadAnswer`; after that, the connection can only be closed.
    """

    def __init__(self, most: int | None = None) -> None:
        self.head: Head | None = None  # once it has come
        self.length: int | None = None  # of the content, where the head tells it
        self.is_whole = False  # whether all content was taken
        self._most = _ENDLESS if most is None else most
        self._came = bytearray()  # fed, and not taken
        self._left = 0  # bytes of content until something else comes
        self._ended = False
        self._is_last = False  # whether the connection ends with this answer
        self._course = self._read()

    @property
    def is_kept(self) -> bool:
        """Whether the connection may carry another question."""
        return self.is_whole and not (self._is_last or self._ended or self._came)

    @property
    def straight(self) -> int:
        """How many bytes of content come next, and need not come by here; see `passed`."""
        return 0 if self._came else self._left

    def feed(self, piece: bytes) -> None:
        """Take what came; nothing means that the far end has closed."""
        self._came += piece
        self._go_on(ended=not piece)

    def take(self, most: int) -> bytes:
        """What was fed of the content, up to so many bytes; nothing until more was fed."""
        if not (self._came and self._left):
            return b""
        piece = bytes(memoryview(self._came)[: min(most, self._left)])
        del self._came[: len(piece)]
        self._left -= len(piece)
        self._go_on(ended=self._ended)
        return piece

    def passed(self, count: int) -> None:
        """So many of the `straight` bytes came, by another way; none: the far end has closed."""
        self._left -= count
        if not (count and self._left):
            self._go_on(ended=not count)

    def _go_on(self, *, ended: bool) -> None:
        """Read as far as it has come, or up to content that is to be taken first."""
        self._ended = ended
        if not self._left or (ended and not self._came):
            next(self._course, None)

    def _read(self) -> _Wait:
        """Read an answer from its first byte to its last; rests where more must come."""
        for before in range(_INTERIM_MOST + 1):
            head = yield from self._next_head(is_first=not before)
            self.length = _length(head)
            if head.status >= 200:  # noqa: PLR2004  # RFC 9110, 15.2: less is not the answer yet
                break
            if head.status == _SWITCHES:
                raise BadAnswer("expected an answer, found a change of protocol")
        else:
            raise BadAnswer(f"expected an answer after {_INTERIM_MOST} that go before one")
        self.head = head
        self._is_last = _is_last(head, self.length)
        if _is_chunked(head):
            yield from self._chunks()
        elif self.length is None:
            yield from self._until_closed()
        else:
            yield from self._content(self._bounded(self.length))
        self.is_whole = True

    def _next_head(self, *, is_first: bool) -> Generator[None, None, Head]:
        while (end := self._came.find(_END)) < 0 and len(self._came) < _HEAD_MOST:
            if not _BEGIN.startswith(self._came[: len(_BEGIN)]) or b"\n\n" in self._came:
                raise BadAnswer(_no_answer(self._came))
            if self._ended:
                is_silent = is_first and not self._came
                raise HungUp("no answer") if is_silent else BadAnswer("the answer ended early")
            yield
        return _head(self._cut(end, len(_END)).decode("latin-1"))

    def _line(self) -> Generator[None, None, bytes]:
        while (end := self._came.find(_LINE)) < 0 and len(self._came) < _HEAD_MOST:
            yield from self._more()
        return self._cut(end, len(_LINE))

    def _cut(self, end: int, mark: int) -> bytes:
        """Take everything before `end`, and drop the mark that begins there."""
        if not 0 <= end <= _HEAD_MOST - mark:
            raise BadAnswer(f"expected headers, or a line, of less than {_HEAD_MOST >> 10} KiB")
        taken = bytes(memoryview(self._came)[:end])
        del self._came[: end + mark]
        return taken

    def _chunks(self) -> _Wait:
        total = 0
        while size := _size((yield from self._line())):
            total = self._bounded(total + size)
            yield from self._content(size)
            while len(self._came) < len(_LINE):
                yield from self._more()
            if not self._came.startswith(_LINE):
                raise BadAnswer("expected a line's end after a chunk")
            del self._came[: len(_LINE)]
        yield from self._after_chunks()

    def _after_chunks(self) -> _Wait:
        """What is told after the last chunk is of no use to us."""
        room = _HEAD_MOST
        while line := (yield from self._line()):
            room -= len(line) + len(_LINE)
            if room < 0:
                raise BadAnswer(f"expected less than {_HEAD_MOST >> 10} KiB after the last chunk")
            _fields(f"{line.decode('latin-1')}\r\n")

    def _content(self, size: int) -> _Wait:
        self._left = size
        while self._left:
            yield from self._more()

    def _until_closed(self) -> _Wait:
        self._left = room = self._most + 1
        while True:
            self._bounded(room - self._left)
            if self._ended:
                break
            yield
        self._left = 0

    def _more(self) -> _Wait:
        if self._ended:
            left = f"{self._left} bytes " if self._left else ""
            raise BadAnswer(f"the answer ended {left}early")
        yield

    def _bounded(self, size: int) -> int:
        if size > self._most:
            raise BadAnswer(f"expected an answer of at most {self._most} bytes")
        return size


def _head(text: str) -> Head:
    """The head of an answer, without the empty line that ends it."""
    text += "\r\n"
    first = _FIRST.match(text)
    if first is None:
        raise BadAnswer(_no_answer(text.encode("latin-1")))
    return Head(int(first[1]), int(first[2]), first[3] or "", _fields(text[first.end() :]))


def _fields(lines: str) -> dict[str, str]:
    if "\r\n " in lines or "\r\n\t" in lines:
        lines = _FOLD.sub(" ", lines)
    fields: dict[str, str] = {}
    for name, value, junk in _FIELD.findall(lines):
        if junk:
            raise BadAnswer("expected headers of the form NAME: VALUE")
        key = name.lower()
        if key not in fields:
            fields[key] = value.rstrip("\t ")
        elif key in _FRAMING:
            fields[key] += f", {value}"
    return fields


def _is_chunked(head: Head) -> bool:
    return "transfer-encoding" in head.fields and head.status not in _BARE


def _length(head: Head) -> int | None:
    """How long the content is; None where its chunks or the connection's end tell (9112, 6.3)."""
    fields = head.fields
    coding = fields.get("transfer-encoding")
    if coding is not None and (coding.lower() != "chunked" or not head.minor):
        raise BadAnswer(f"expected no coding that was not asked for, found {coding[:20]!r}")
    length = _count(fields["content-length"]) if "content-length" in fields else None
    if head.status in _BARE:
        return 0
    return length if coding is None else None


def _count(text: str) -> int:
    """A length; one that is told several times must be the same."""
    if not _COUNT.fullmatch(text):
        told = {one.strip("\t ") for one in text.split(",")}
        text = min(told)
        if len(told) > 1 or not _COUNT.fullmatch(text):
            raise BadAnswer(f"expected a count of bytes, found {text[:20]!r}")
    return int(text)


def _is_last(head: Head, length: int | None) -> bool:
    """Whether no answer can follow; one that is framed in two ways is the last too."""
    fields = head.fields
    asked = fields.get("connection", "").lower()
    if "close" in asked and "close" in (one.strip("\t ") for one in asked.split(",")):
        return True
    is_coded = "transfer-encoding" in fields
    return not head.minor or ("content-length" in fields if is_coded else length is None)


def _size(line: bytes) -> int:
    told = _CHUNK.fullmatch(line)
    if told is None:
        raise BadAnswer(f"expected the size of a chunk, found {line[:20]!r}")
    return int(told[1], 16)


def _no_answer(came: bytes | bytearray) -> str:
    """What is found is named by its first word: an echo of a question would tell an address."""
    word = bytes(came[:16]).split(maxsplit=1)[:1]
    return f"expected an HTTP/1 answer, found {(word or [b''])[0]!r}"
