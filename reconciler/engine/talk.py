"""The two pipes: lines in, until there are no more; lines out, without ever being waited for."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from typing import TYPE_CHECKING

from reconciler.engine.events import Said, Status, to_line
from reconciler.engine.source import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STATUS_BACKLOG = 20  # lines; a listener that is behind gets no more of what will be outdated
_BACKLOG = 100_000  # lines; more means that nobody will ever read them
_LONGEST_LINE = 64_000_000
_LOOK_UP_EVERY = 500  # ms between two looks at whether it is over, should the bell be missed


class Voice:
    """Say things on a descriptor from any thread; another thread writes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._queue: deque[Said] = deque()
        self._wake = threading.Condition()
        self._ending = False
        self._thread = start_thread(self._run, "voice")

    def say(self, said: Said) -> None:
        """Say it soon; never waits."""
        with self._wake:
            depth = len(self._queue)
            if depth > _BACKLOG or (depth > _STATUS_BACKLOG and isinstance(said, Status)):
                return
            self._queue.append(said)
            self._wake.notify()

    def finish(self, timeout: float) -> None:
        """Write what waits."""
        with self._wake:
            self._ending = True
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._ending:
                    self._wake.wait()
                if not self._queue:
                    return
                said = self._queue.popleft()
            view = memoryview(to_line(said))
            try:
                while view:
                    view = view[os.write(self._descriptor, view) :]
            except OSError:  # nobody listens any more; the end of our input will tell why
                return


def lines(
    descriptor: int, *, bell: int | None = None, is_over: Callable[[], bool] = lambda: False
) -> Iterator[bytes]:
    """Whole lines from a descriptor, until its end or until `is_over`.

    That is asked at every byte on `bell`, and now and then. An endless line is given out in pieces.
    """
    held = b""
    while _has_come(descriptor, bell, is_over):
        got = os.read(descriptor, 1 << 16)
        if not got:
            break
        held += got
        *whole, held = held.split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(held) > _LONGEST_LINE:
            yield held
            held = b""
    if held.strip():
        yield held


def _has_come(descriptor: int, bell: int | None, is_over: Callable[[], bool]) -> bool:
    """Wait until there is something to read (or its end); False once it is over."""
    poll = select.poll()
    for each in (descriptor, bell):
        if each is not None:
            poll.register(each, select.POLLIN)
    while not is_over():
        ready = {found for found, _ in poll.poll(_LOOK_UP_EVERY)}
        if bell in ready and bell is not None:
            os.read(bell, 1 << 10)
        if descriptor in ready:
            return not is_over()
    return False
