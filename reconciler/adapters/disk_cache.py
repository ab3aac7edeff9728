"""What was found out at some cost, kept in one JSON file; losing it costs nothing but time."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from reconciler.sidecar.disk import read_json, write_json

log = logging.getLogger(__name__)

Entry = Mapping[str, Any]

VERSION = 1  # of what is kept; another one is forgotten
_MOST = 100_000  # entries; past it the one that was put first goes first


class DiskCache:
    """Entries by name; `kind` is what the file calls them. For many threads."""

    def __init__(self, path: Path, kind: str, most: int = _MOST) -> None:
        self._path, self._kind, self._most = path, kind, most
        self._lock = Lock()
        self._changed = False
        self._entries = _kept(path, kind)

    def find(self, name: str) -> Entry | None:
        """The entry of that name."""
        with self._lock:
            return self._entries.get(name)

    def put(self, name: str, entry: Entry) -> None:
        """Keep `entry` as the newest; one that is there already changes nothing."""
        with self._lock:
            if self._entries.get(name) != entry:
                self._entries.pop(name, None)
                self._entries[name] = entry
                self._changed = True

    def drop(self, name: str) -> None:
        """Forget the entry of that name."""
        with self._lock:
            self._changed = self._entries.pop(name, None) is not None or self._changed

    def save(self) -> None:
        """Write down what is new; a disk that fails is told, and tried again by the next call."""
        with self._lock:
            if not self._changed:
                return
            while len(self._entries) > self._most:
                del self._entries[next(iter(self._entries))]
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_json(self._path, {"version": VERSION, self._kind: self._entries})
                self._changed = False
            except OSError as error:
                log.warning("%s: what was found is not kept: %s", self._path, error.strerror)


def _kept(path: Path, kind: str) -> dict[str, Entry]:
    found = read_json(path)
    if not isinstance(found, dict) or found.get("version") != VERSION:
        return {}
    entries = found.get(kind)
    if not isinstance(entries, dict):
        return {}
    return {name: entry for name, entry in entries.items() if isinstance(entry, dict)}
