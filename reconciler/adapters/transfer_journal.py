"""What of a part file is there, so that a killed transfer goes on where it was.

The first line says whose bytes they are, and since which start of the machine. Then each extent has
a line from the moment that it is written: a kill loses nothing of what the kernel has. A power cut
may, so a line `sync N` says that the first N extents had reached the disk. A line without its end
counts for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from reconciler.adapters.transfer_parts import Extent
from reconciler.errors import Unreachable
from reconciler.sidecar.disk import why

VERSION = 2
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SYNC = "sync"


class DiskTrouble(Unreachable):
    """The disk refused; fetching again will not help it."""


class Journal:
    """The record beside a part file; any thread may add to it. `boot` names this machine's run."""

    def __init__(self, path: Path, content: str, size: int, *, boot: str | None = None) -> None:
        self._path = path
        self._head = f"{VERSION} {content} {size}"
        self._boot = _boot() if boot is None else boot
        self._lock = Lock()
        self._file = -1
        self._count = 0

    def recover(self, part: Path, size: int) -> list[Extent]:
        """The extents that `part` holds, from earlier runs; none where they are another file's."""
        try:
            if part.stat().st_size != size:
                return []
            head, *lines = self._path.read_text(encoding="ascii").split("\n")
        except (OSError, ValueError):
            return []
        whose, _, boot = head.rpartition(" ")
        if whose != self._head or not lines:
            return []
        extents, synced = _read(lines[:-1])
        return extents if boot == self._boot and boot else extents[:synced]

    def begin(self, there: Iterable[Extent]) -> None:
        """Open it, holding what is `there` and nothing else; `sync` that before it counts."""
        extents = [f"{start} {end}" for start, end in there]
        fresh = self._path.with_suffix(".fresh")
        fresh.write_text("\n".join([f"{self._head} {self._boot}", *extents, ""]), encoding="ascii")
        fresh.replace(self._path)
        self._count = len(extents)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def add(self, extent: Extent) -> None:
        """These bytes were written; raises `DiskTrouble`."""
        try:
            with self._lock:
                os.write(self._file, f"{extent[0]} {extent[1]}\n".encode())
                self._count += 1
        except OSError as error:
            raise DiskTrouble(why(error)) from error

    def sync(self, descriptor: int) -> None:
        """Bring the part file to the disk, then say of which extents that is true."""
        with self._lock:
            count = self._count
        os.fdatasync(descriptor)
        with self._lock:
            os.write(self._file, f"{_SYNC} {count}\n".encode())
        os.fsync(self._file)

    def close(self) -> None:
        """Leave it for the next run."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _read(lines: Iterable[str]) -> tuple[list[Extent], int]:
    """The extents up to the first line that makes no sense, and how many of them are synced."""
    found: list[Extent] = []
    synced = 0
    for line in lines:
        first, _, second = line.partition(" ")
        if not second.isdecimal():
            break
        if first == _SYNC:
            synced = min(int(second), len(found))
        elif first.isdecimal():
            found.append((int(first), int(second)))
        else:
            break
    return found, synced


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
