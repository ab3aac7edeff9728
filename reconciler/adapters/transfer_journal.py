"""What of a part file is safely on the disk, so that a killed transfer goes on where it was.

One line says whose bytes they are, then one line for each extent that was synced before it was
written down. A line without its end, as a kill or a power cut leaves it, counts for nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from reconciler.adapters.transfer_parts import Extent

VERSION = 1


class Journal:
    """The record beside one part file."""

    def __init__(self, path: Path, content: str, size: int) -> None:
        self._path = path
        self._head = f"{VERSION} {content} {size}"
        self._file = -1

    def recover(self, part: Path, size: int) -> list[Extent]:
        """The extents that `part` holds, from earlier runs; none where they are another file's."""
        try:
            if part.stat().st_size != size:
                return []
            head, *lines = self._path.read_text(encoding="ascii").split("\n")
        except (OSError, ValueError):
            return []
        return _extents(lines[:-1]) if head == self._head and lines else []

    def begin(self, there: Iterable[Extent]) -> None:
        """Open it, holding what is `there` and nothing else."""
        lines = [self._head, *(f"{start} {end}" for start, end in there), ""]
        fresh = self._path.with_suffix(".fresh")
        with fresh.open("w", encoding="ascii") as file:
            file.write("\n".join(lines))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def add(self, extents: Iterable[Extent]) -> None:
        """These are on the disk."""
        os.write(self._file, "".join(f"{start} {end}\n" for start, end in extents).encode())
        os.fsync(self._file)

    def close(self) -> None:
        """Leave it for the next run."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _extents(lines: Iterable[str]) -> list[Extent]:
    found: list[Extent] = []
    for line in lines:
        with contextlib.suppress(ValueError):
            start, end = map(int, line.split(" "))
            found.append((start, end))
    return found
