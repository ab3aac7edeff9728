"""Looks into files before their time: how long they are, and what is wrong with them.

A thread of its own, in the order in which the time line needs them. A file is looked into again
when it has changed. Where looking itself fails, by a decoder that cannot be loaded or by a bug of
ours, it says so and is tried again; the engine plays on without.
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
TRY_AGAIN = 10.0  # the same once looking has failed


@dataclass(frozen=True, slots=True)
class _Found:
    stamp: tuple[int, int]  # size and time of change
    length: int | None
    problem: str


class Lookout:
    """What is known of files, kept up by a thread; `changed` is called when it knows more.

    `trouble` says why files cannot be looked into, when that is so.
    """

    def __init__(self, rate: Fraction, changed: Callable[[Known], None]) -> None:
        self._rate = rate
        self._changed = changed
        self.trouble = ""
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
            pause = TRY_AGAIN if self.trouble else LOOK_AGAIN
            with self._lock:
                self._lock.wait_for(lambda: self._fresh or self._closing, pause)
                if self._closing:
                    return
                self._fresh = False
                wanted = self._wanted
            self._look_at_all(wanted)

    def _look_at_all(self, wanted: tuple[str, ...]) -> None:
        trouble = ""
        for path in wanted:
            try:
                if self._look(path):
                    self._changed(self._known())
            except Exception as error:  # noqa: BLE001  # whatever it is, the next file may be well
                trouble = f"files cannot be looked into: {type(error).__name__}: {error}"
                self._tell(trouble, path, error)
                if isinstance(error, ImportError):
                    return
            if self._fresh or self._closing:
                return
        if self.trouble and not trouble:
            log.info("files are looked into again")
        self.trouble = trouble

    def _tell(self, trouble: str, path: str, error: Exception) -> None:
        """Say it once, as long as it stays the same."""
        if trouble != self.trouble:
            log.error("%s: %s", path, trouble, exc_info=error)
        self.trouble = trouble

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
