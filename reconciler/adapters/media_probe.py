"""Findings about media files, kept: each path, size and time of change is probed once.

Neither the next pass nor the next run opens a file again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from reconciler.adapters.disk_cache import DiskCache, Entry
from reconciler.sidecar.probe import Probed, probe


class ProbeCache:
    """Findings by path, size and time of change. Not for two threads of one file at once."""

    def __init__(self, path: Path) -> None:
        self._cache = DiskCache(path, "files")

    def probe(
        self, path: Path, status: os.stat_result, mark_of: Callable[[Path, int], str]
    ) -> Probed:
        """Findings about `path`, from memory if it has not changed since."""
        entry = self._entry(path, status)
        if "mark" not in entry:
            found = entry_of(probe(path, status.st_size))
            entry = {**entry, "mark": mark_of(path, status.st_size), **found}
            self._cache.put(str(path), entry)
        return probed_of(entry)

    def sha256(self, path: Path, status: os.stat_result) -> str:
        """The digest of the whole file, read once."""
        entry = self._entry(path, status)
        if "sha256" not in entry:
            with path.open("rb") as file:
                entry = {**entry, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
            self._cache.put(str(path), entry)
        return str(entry["sha256"])

    def save(self) -> None:
        """Keep what is new; a disk that fails costs the next run a probe, nothing else."""
        self._cache.save()

    def _entry(self, path: Path, status: os.stat_result) -> Entry:
        now = [status.st_size, status.st_mtime_ns]
        kept = self._cache.find(str(path))
        return kept if kept is not None and kept.get("is") == now else {"is": now}


def entry_of(probed: Probed) -> Entry:
    """What a probe found, as JSON; all but the mark."""
    return {
        "duration": None if probed.duration is None else str(probed.duration),
        "still": probed.still,
        "problem": probed.problem,
    }


def probed_of(entry: Entry) -> Probed:
    """Read it back; raises `KeyError`, `TypeError` or `ValueError`."""
    length = entry["duration"]
    return Probed(
        mark=str(entry.get("mark", "")),
        duration=None if length is None else Fraction(length),
        still=bool(entry["still"]),
        problem=str(entry["problem"]),
    )
