"""The audit of live acts: each is written down, later if the database is away when it is done."""

from __future__ import annotations

import threading
from collections import deque

from reconciler.errors import AdapterError
from reconciler.model.records import JournalEntry
from reconciler.web.deps import WebDeps

_KEPT = (
    1_000  # entries that wait for the database; older ones are in the as-run as acts all the same
)


class Ledger:
    """Write journal entries in order, keeping them until the database has taken them."""

    def __init__(self, deps: WebDeps) -> None:
        self._deps = deps
        self._waiting: deque[JournalEntry] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def write(self, entry: JournalEntry) -> str:
        """Keep an entry and try to store it; returns why it waits, or nothing."""
        self._waiting.append(entry)
        try:
            self.flush()
        except AdapterError as error:
            return f"not in the journal yet: {error}"
        return ""

    def flush(self) -> None:
        """Store what waits; raises `Unreachable` while the database is away."""
        with self._lock:
            while self._waiting:
                batch = tuple(self._waiting)
                self._deps.journal(batch)
                for _ in batch:
                    self._waiting.popleft()
