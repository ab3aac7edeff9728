"""Looks into files before their time: how long they are, and what is wrong with them.

A thread of its own, in the order in which the time line needs them. A file is looked into again
when it has changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reconciler.sidecar.casparcg.helm import Known
from reconciler.sidecar.probe import probe

log = logging.getLogger(__name__)

KNOWN_MOST = 1_000  # files
ENDS_WITHIN = 0.3  # seconds; the sidecar itself has little more to end in
LOOK_AGAIN = 1.0  # seconds between looks whether a file is there, or another than it was


@dataclass(frozen=True, slots=True)
class _Found:
    stamp: tuple[int, int]  # size and time of change
    length: int | None
    problem: str


class Lookout:
    """What is known of files, kept up by a thread; `changed` is called when it knows more."""

    def __init__(self, rate: Fraction, changed: Callable[[Known], None]) -> None:
        self._rate = rate
        self._changed = changed
        self._lock = threading.Condition()
        self._wanted: tuple[str, ...] = ()
        self._fresh = False
        self._closing = False
        self._found: dict[str, _Found] = {}
        self._thread = threading.Thread(target=self._look_on, name="media-lookout", daemon=True)
        self._thread.start()

    def want(self, paths: Iterable[str]) -> None:
        """Replace the files to be known, the most urgent first."""
        wanted = tuple(paths)
        with self._lock:
            if wanted != self._wanted:
                self._wanted, self._fresh = wanted, True
                self._lock.notify_all()

    def close(self) -> None:
        """Look no more; a file that is just being read is left to itself."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        self._thread.join(ENDS_WITHIN)

    def _look_on(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._fresh or self._closing, LOOK_AGAIN)
                if self._closing:
                    return
                self._fresh = False
                wanted = self._wanted
            for path in wanted:
                if self._look(path):
                    self._changed(self._known())
                if self._fresh or self._closing:
                    break

    def _look(self, path: str) -> bool:
        """Whether more is known of a file than before."""
        try:
            status = Path(path).stat()
            stamp = (status.st_size, status.st_mtime_ns)
            before = self._found.get(path)
            if before is not None and before.stamp == stamp:
                return False
            probed = probe(Path(path), status.st_size)
        except OSError:
            return self._found.pop(path, None) is not None  # the engine says that it is not there
        length = None if probed.duration is None else int(probed.duration * self._rate)
        if probed.problem:
            log.warning("%s: %s", path, probed.problem)
        self._found[path] = _Found(stamp, length, probed.problem)
        while len(self._found) > KNOWN_MOST:
            del self._found[next(iter(self._found))]
        return True

    def _known(self) -> Known:
        return Known(
            lengths={p: f.length for p, f in self._found.items() if f.length is not None},
            problems={p: f.problem for p, f in self._found.items() if f.problem},
        )
