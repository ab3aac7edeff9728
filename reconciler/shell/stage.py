"""Stage media beside the passes: what airs next first, each file once, never holding up a channel.

A pass hands its `Staging` actions over and goes on; a later snapshot shows what has arrived. A
file that could not be brought waits out a back-off, whatever passes go on asking for it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from reconciler.errors import AdapterError
from reconciler.plan.actions import Staging
from reconciler.ports import Clock
from reconciler.shell.backoff import Backoff

log = logging.getLogger(__name__)

_AT_ONCE = 4  # files under way; more only make what airs next wait for what airs later

Stage = Callable[[Staging], None]
Done = Callable[[Staging, str | None], None]
Key = tuple[str, str]


class Stager:
    """Run `Staging` actions in threads of its own, earliest due first.

    `done` is told how each one ended. The threads do not outlive the process: what is under way at
    its end is cut, and is resumed when it is asked for again.
    """

    def __init__(self, done: Done, clock: Clock, jitter: Callable[[float], float]) -> None:
        self._done = done
        self._clock = clock
        self._backoff: Backoff[Key] = Backoff(jitter)
        self._changed = threading.Condition()
        self._waiting: dict[Key, tuple[Staging, Stage]] = {}
        self._running: set[Key] = set()
        self._workers = 0
        self._closed = False

    def offer(self, action: Staging, stage: Stage) -> None:
        """Take `action` over, unless it is under way, waits out a failure, or we are closed."""
        key = _key(action)
        with self._changed:
            resting = key in self._backoff.waiting(self._clock.monotonic())
            if self._closed or resting or key in self._running:
                return
            self._waiting[key] = (action, stage)
            if self._workers < _AT_ONCE:
                self._workers += 1
                threading.Thread(target=self._work, name="stage", daemon=True).start()

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is left, at most `timeout` seconds; whether nothing is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._workers, timeout)

    def close(self) -> None:
        """Start nothing more."""
        with self._changed:
            self._closed = True
            self._waiting.clear()

    def _work(self) -> None:
        while (task := self._next()) is not None:
            action, stage = task
            try:
                self._done(action, self._stage(action, stage))
            except Exception:  # a bug must not end the staging of other files
                log.exception("staging %s on %s", action.stored, action.node)
                self._judge(action, well=False)
            finally:
                with self._changed:
                    self._running.discard(_key(action))

    def _next(self) -> tuple[Staging, Stage] | None:
        with self._changed:
            if not self._waiting:
                self._workers -= 1
                self._changed.notify_all()
                return None
            key = min(self._waiting, key=lambda key: (self._waiting[key][0].due, key))
            self._running.add(key)
            return self._waiting.pop(key)

    def _stage(self, action: Staging, stage: Stage) -> str | None:
        """Stage one file; returns what went wrong."""
        try:
            stage(action)
        except AdapterError as error:
            self._judge(action, well=False)
            return str(error)
        self._judge(action, well=True)
        return None

    def _judge(self, action: Staging, *, well: bool) -> None:
        with self._changed:
            if well:
                self._backoff.worked(_key(action))
            else:
                self._backoff.failed(_key(action), self._clock.monotonic())


def _key(action: Staging) -> Key:
    return action.node, action.stored
