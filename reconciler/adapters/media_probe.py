"""Findings about media files, kept: each path, size and time of change is probed once.

They are in one JSON file, so that neither the next pass nor the next run opens a file again.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from threading import Lock
from typing import Any

from reconciler.sidecar.disk import read_json, write_json
from reconciler.sidecar.probe import Probed, probe

log = logging.getLogger(__name__)

VERSION = 1  # of what is kept; another one is forgotten
_KEPT = 100_000  # findings kept at most, the oldest dropped first


class ProbeCache:
    """Findings by path, size and time of change. Not for two threads of one file at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._changed = False
        kept = read_json(path)
        is_ours = isinstance(kept, dict) and kept.get("version") == VERSION
        self._kept: dict[str, dict[str, Any]] = kept["files"] if is_ours else {}  # type: ignore[index]  # just checked

    def probe(
        self, path: Path, status: os.stat_result, mark_of: Callable[[Path, int], str]
    ) -> Probed:
        """Findings about `path`, from memory if it has not changed since."""
        entry = self._entry(path, status)
        if "mark" not in entry:
            probed = probe(path, status.st_size)
            entry |= {
                "mark": mark_of(path, status.st_size),
                "duration": None if probed.duration is None else str(probed.duration),
                "still": probed.still,
                "problem": probed.problem,
            }
            self._changed = True
        length = entry["duration"]
        return Probed(
            mark=entry["mark"],
            duration=None if length is None else Fraction(length),
            still=entry["still"],
            problem=entry["problem"],
        )

    def sha256(self, path: Path, status: os.stat_result) -> str:
        """The digest of the whole file, read once."""
        entry = self._entry(path, status)
        if "sha256" not in entry:
            with path.open("rb") as file:
                entry["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
            self._changed = True
        return str(entry["sha256"])

    def save(self) -> None:
        """Keep what is new; a disk that fails costs the next run a probe, nothing else."""
        with self._lock:
            if not self._changed:
                return
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_json(self._path, {"version": VERSION, "files": self._kept})
                self._changed = False
            except OSError as error:
                log.warning("probe cache %s: %s", self._path, error.strerror)

    def _entry(self, path: Path, status: os.stat_result) -> dict[str, Any]:
        with self._lock:
            entry = self._kept.get(str(path))
            now = [status.st_size, status.st_mtime_ns]
            if entry is None or entry["is"] != now:
                self._kept.pop(str(path), None)
                entry = self._kept[str(path)] = {"is": now}
            return entry
