"""What every engine port does alike: it keeps an engine alive, and hands out what was read of it.

A keeper thread runs one life of the engine after the other, with a back-off between early deaths.
What a life is, the port itself knows; what it sees goes into one reading and a queue of evidence.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence

from reconciler.sidecar.engine_port import EngineLost, EngineSeen, Evidence, WantedOutput
from reconciler.sidecar.telling import Wanted

log = logging.getLogger(__name__)

WELL_AFTER = 30.0  # seconds of good running after which an early death counts as the first again
BACK_OFF = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by deaths in a row
EVIDENCE_LIMIT = 10_000  # kept for a consumer that is busy; the oldest go first


class KeptEngine(ABC):
    """One engine, kept alive. `_lock` guards what is wanted and seen; a subclass starts `_keeper`.

    All public methods may be called from any thread.
    """

    def __init__(self, outputs: Sequence[WantedOutput]) -> None:
        self._lock = threading.Condition()
        self._seen = EngineSeen()
        self._evidence: deque[Evidence] = deque(maxlen=EVIDENCE_LIMIT)
        self._woken = False
        self._closing = False
        self._wanted = Wanted(outputs=tuple(outputs))
        self._keeper = threading.Thread(target=self._keep, name="engine-keeper")

    @abstractmethod
    def _live_once(self) -> str:
        """Run one engine to its end, or until `_closing`; returns why it ended."""

    def read(self) -> EngineSeen:
        """What was read back last."""
        with self._lock:
            return self._seen

    def await_seen(self, wanted: Callable[[EngineSeen], bool], timeout: float) -> EngineSeen:
        """Wait until a reading is as `wanted`, at most `timeout` seconds; returns the last one."""
        with self._lock:
            self._lock.wait_for(lambda: self._closing or wanted(self._seen), timeout)
            return self._seen

    def wait(self, timeout: float) -> tuple[Evidence, ...]:
        """Evidence in the order it came."""
        with self._lock:
            self._lock.wait_for(lambda: self._evidence or self._woken or self._closing, timeout)
            self._woken = False
            found = tuple(self._evidence)
            self._evidence.clear()
            return found

    def wake(self) -> None:
        """Let a `wait` return now."""
        with self._lock:
            self._woken = True
            self._lock.notify_all()

    def close(self) -> None:
        """End the engine tidily, or kill it."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
        self._keeper.join()

    def _keep(self) -> None:
        deaths = 0
        while not self._closing:
            started = time.monotonic()
            why = self._live_surely()
            if self._closing:
                return
            ran = time.monotonic() - started
            deaths = 1 if ran > WELL_AFTER else deaths + 1
            self._mourn(why)
            pause = BACK_OFF[min(deaths, len(BACK_OFF)) - 1]
            with self._lock:
                self._lock.wait_for(lambda: self._closing, pause)

    def _live_surely(self) -> str:
        """A bug or a failing disk ends that life, never the keeping."""
        try:
            return self._live_once()
        except Exception as error:
            log.exception("a life of the engine ended")
            return f"ended by {type(error).__name__}: {error}"

    def _mourn(self, why: str) -> None:
        log.warning("engine lost: %s", why)
        with self._lock:
            before = self._seen
            self._evidence.append(EngineLost(tick=before.tick, why=why, sending=before.sending))
            self._seen = before.lost(why)
            self._lock.notify_all()
