"""What screens show of the database, read at most every few seconds, however many look.

The database may be away: each part keeps what it last held, with the error and the age, so that a
screen can say so. Nothing live depends on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from reconciler.errors import AdapterError
from reconciler.model.ids import ChannelName
from reconciler.web.deps import WebDeps
from reconciler.web.passes import PassShown, read_pass

Row = Mapping[str, object]

_AGAIN = 2.0  # seconds between readings
_PER_CHANNEL = 0.1  # seconds more for each channel whose as-run is read along
_LATEST = 40  # as-run rows read in all, for few channels
_LEAST = 4  # and of each channel, for many
_JOURNAL = 40  # audit lines kept
_MEDIA = 200  # copies under way or in trouble, what is due first


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """One reading of the database, for screens."""

    last_pass: PassShown = field(default_factory=PassShown)
    alarms: tuple[Row, ...] = ()
    journal: tuple[Row, ...] = ()
    asrun: Mapping[ChannelName, tuple[Row, ...]] = field(default_factory=dict)
    media: tuple[Row, ...] = ()  # copies that are not simply there
    error: str = ""


class Shelf:
    """The newest `Shelved`; `refresh` starts a reading in the background when one is due."""

    def __init__(self, deps: WebDeps, flush: Callable[[], None]) -> None:
        self._deps = deps
        self._flush = flush
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="shelf")
        self._due = float("-inf")
        self.newest = Shelved()

    def refresh(self) -> None:
        """Read again in the background, if it is time and no reading is under way."""
        with self._lock:
            now = self._deps.clock.monotonic()
            if now < self._due:
                return
            self._due = now + max(_AGAIN, _PER_CHANNEL * len(self._deps.channels()))
        self._pool.submit(self.read)

    def first(self) -> Shelved:
        """The newest reading; reads now if there was none."""
        if self._due == float("-inf"):
            self._due = self._deps.clock.monotonic() + _AGAIN
            self.read()
        return self.newest

    def close(self) -> None:
        """Stop reading."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def read(self) -> None:
        """Read everything once; on failure keep what there was, with the error."""
        with self._reading:
            try:
                self._flush()
                self.newest = self._read()
            except AdapterError as error:
                self.newest = replace(self.newest, error=str(error))

    def _read(self) -> Shelved:
        reports = self._deps.reports
        names = [one.name for one in self._deps.channels()]
        each = max(_LEAST, _LATEST // max(1, len(names)))
        return Shelved(
            last_pass=read_pass(self._deps.plan()),
            alarms=reports.alarms(),
            journal=reports.journal_tail(_JOURNAL),
            asrun={name: reports.asrun(name, limit=each) for name in names},
            media=reports.media(whole=False, limit=_MEDIA),
        )
