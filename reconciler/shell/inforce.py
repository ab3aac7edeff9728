"""The lineup in force: the newest revision that validates; a bad one changes nothing."""

from __future__ import annotations

import logging
import threading

from reconciler.errors import LineupError, ReconcilerError
from reconciler.model.desired import Desired
from reconciler.ports import LineupReader

log = logging.getLogger(__name__)


class InForce:
    """Read a lineup again only when it changed, and keep the last good one.

    `error` is what is wrong with the newest revision, empty while it is the one in force.
    """

    def __init__(self, lineup: LineupReader) -> None:
        self._lineup = lineup
        self._lock = threading.Lock()
        self._read: str | None = None
        self._desired: Desired | None = None
        self.error = ""

    def read(self) -> Desired | None:
        """The lineup in force; None before the first good one."""
        with self._lock:
            current: str | None = None
            try:
                current = self._lineup.current()
                if current != self._read:
                    self._desired = self._lineup.desired(None)
                    self._read = current
                    self.error = ""
            except LineupError as error:
                self._refuse(current, error)
            except ReconcilerError as error:
                self._refuse(None, error)
            return self._desired

    def _refuse(self, revision: str | None, error: ReconcilerError) -> None:
        """Remember what is wrong; a mistake of the author's is not read again until it changes."""
        self._read = revision
        if str(error) != self.error:
            log.error("the newest lineup is wrong, the last good one stays in force:\n%s", error)
        self.error = str(error)
