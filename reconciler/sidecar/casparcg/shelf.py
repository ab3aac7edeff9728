"""The folder that the engine plays from: one link for each loading, under a name of its own.

A hard link costs nothing and outlives the eviction of its file; where the file lies on another
disk, a symbolic link stands in. What was linked long ago is taken away again.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path

from reconciler.sidecar.casparcg.names import number_of

KEPT = 32  # links; a layer holds two files at a time


class Shelf:
    """One engine's media folder, which is the sidecar's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: deque[str] = deque()

    def clear(self) -> None:
        """Begin with an empty folder; raises `OSError` if there can be none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            with contextlib.suppress(OSError):
                old.unlink()
        self._names.clear()

    def adopt(self) -> int:
        """Go on with a folder that an engine plays from; returns the highest number in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        found = sorted((number_of(each.name), each.name) for each in self.folder.iterdir())
        self._names = deque(name for _, name in found)
        return found[-1][0] if found else 0

    def link(self, path: str, name: str) -> None:
        """Put `path` into the folder as `name`; raises `OSError`, also for a file that is gone."""
        place = self.folder / name
        place.unlink(missing_ok=True)
        try:
            os.link(path, place)
        except FileNotFoundError:
            raise
        except OSError:
            Path(path).stat()
            place.symlink_to(path)
        self._names.append(name)
        while len(self._names) > KEPT:
            with contextlib.suppress(OSError):
                (self.folder / self._names.popleft()).unlink(missing_ok=True)
