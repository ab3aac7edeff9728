"""A lineup's files as text: which there are, under which content ids, and how to have their bytes.

A tree comes from a commit, a working tree or a plain folder; who read it is of no matter here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.errors import Fault

Fetch = Callable[[Sequence[str]], Iterable[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of a lineup, by path relative to its folder.

    `blobs` maps each path to an id of its content (git's own); `fetch` yields (path, bytes) for
    the paths it is given, one after another, so that a file whose id is known need not be read.
    `refused` are faults of entries that can be no file of a lineup, such as a link.
    """

    blobs: Mapping[str, str]
    fetch: Fetch = field(repr=False, compare=False)
    refused: tuple[Fault, ...] = ()

    @staticmethod
    def of(files: Mapping[str, str | bytes]) -> Tree:
        """A tree of texts held in memory."""
        held = {path: _bytes(text) for path, text in files.items()}

        def fetch(paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
            return ((path, held[path]) for path in paths)

        return Tree(blobs={path: blob_id(text) for path, text in held.items()}, fetch=fetch)

    def read(self, path: str) -> bytes:
        """Have the bytes of one file."""
        return next(content for _, content in self.fetch((path,)))

    @property
    def digest(self) -> str:
        """A digest of all paths and contents: equal content, equal digest."""
        return digest_of(f"{path}\0{self.blobs[path]}" for path in sorted(self.blobs))


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def blob_id(content: bytes, algorithm: str = "sha1") -> str:
    """Git's id of `content` as a blob; the algorithm is the repository's (`sha1` or `sha256`)."""
    # It names content as git does; nothing is secured by it.
    return hashlib.new(
        algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False
    ).hexdigest()


def digest_of(parts: Iterable[str]) -> str:
    """A digest of texts in order, none of which may hold a line feed; 16 hex digits."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
