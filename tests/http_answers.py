"""Reading an HTTP answer from pieces as its users do: feed, take what came, until it is whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.adapters.http_text import Reader


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer, read whole."""

    status: int
    content: bytes
    is_kept: bool


def read(pieces: Iterable[bytes], most: int | None = None, room: int = 1 << 16) -> Whole | None:
    """The answer, or None where more must come; an empty piece means that the far end closed."""
    reader, content = Reader(most), b""
    for piece in pieces:
        reader.feed(piece)
        while come := reader.take(room):
            content += come
    if reader.head is None or not reader.is_whole:
        return None
    return Whole(reader.head.status, content, reader.is_kept)
