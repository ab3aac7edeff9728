"""Stage media beside the passes: what airs next first, each file once, never holding up a channel.

A pass hands its `StageMedia` actions over and goes on; a later snapshot shows what has arrived.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from reconciler.errors import AdapterError
from reconciler.plan.actions import StageMedia
from reconciler.ports import Progress

log = logging.getLogger(__name__)

_AT_ONCE = 4  # files under way; more only make what airs next wait for what airs later

Stage = Callable[[StageMedia, Progress], None]
Key = tuple[str, str]


class Stager:
    """Run `StageMedia` actions in threads of its own, earliest due first."""

    def __init__(self, done: Callable[[StageMedia, str | None], None]) -> None:
        self._done = done
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="stage")
        self._lock = threading.Lock()
        self._waiting: dict[Key, tuple[StageMedia, Stage]] = {}
        self._running: dict[Key, Future[None]] = {}
        self._progress: dict[Key, tuple[int, int]] = {}

    def offer(self, action: StageMedia, stage: Stage) -> None:
        """Take `action` over, unless it is waiting or under way already."""
        key = (action.node, action.stored)
        with self._lock:
            if key not in self._running:
                self._waiting[key] = (action, stage)
        self._start_some()

    def under_way(self) -> dict[Key, tuple[int, int]]:
        """Bytes done and in all, by node and stored name."""
        with self._lock:
            return dict(self._progress)

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is left, at most `timeout` seconds; whether nothing is."""
        while True:
            with self._lock:
                running = list(self._running.values())
                if not running and not self._waiting:
                    return True
            if not wait(running, timeout=timeout, return_when=FIRST_COMPLETED).done:
                return False

    def close(self) -> None:
        """Start nothing more; what is under way may be cut by the process's end and is resumed."""
        with self._lock:
            self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start_some(self) -> None:
        with self._lock:
            due = sorted(self._waiting.values(), key=lambda w: (w[0].due, w[0].stored))
            for action, stage in due[: max(0, _AT_ONCE - len(self._running))]:
                key = (action.node, action.stored)
                del self._waiting[key]
                self._running[key] = self._pool.submit(self._run, action, stage)

    def _run(self, action: StageMedia, stage: Stage) -> None:
        key = (action.node, action.stored)
        error: str | None = None
        try:
            stage(action, lambda done, total: self._progress.__setitem__(key, (done, total)))
        except AdapterError as failure:
            error = str(failure)
        finally:
            with self._lock:
                self._running.pop(key, None)
                self._progress.pop(key, None)
            self._start_some_quietly()
        self._done(action, error)

    def _start_some_quietly(self) -> None:
        try:
            self._start_some()
        except RuntimeError:  # the pool was closed between two files
            log.debug("staging ends")
