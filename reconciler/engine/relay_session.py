"""One life of a relay's child process: start it, feed it, watch it, end it.

Nothing is fed before the far end has answered, so nothing stale can be delivered. Runs on the
relay's own thread; whatever blocks is in the child.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable

from reconciler.engine import relay_child
from reconciler.engine.relay_launch import CONNECT_MS, Launch
from reconciler.engine.relay_process import descriptor, end, hide_arguments, spawn
from reconciler.engine.relay_queue import ChunkQueue

STALLED_AFTER = 3.0  # seconds without a byte taken: longer than any far end's hiccup worth keeping
ANSWER_WITHIN = CONNECT_MS / 1000 + 4.0  # seconds for start, connection and greeting
_TICK_MS = 100
_BLOCK = 3 * 1316  # whole datagrams, and below PIPE_BUF: written as a whole or not at all
_LONGEST_LINE = 4096


class Session:
    """Drives one child until it ends or `should_end()` says so; `run` returns why it ended."""

    def __init__(
        self,
        launch: Launch,
        queue: ChunkQueue,
        *,
        wake: int,
        should_end: Callable[[], bool],
        on_news: Callable[[str, str | None, int], None],
    ) -> None:
        self._launch = launch
        self._queue = queue
        self._wake = wake
        self._should_end = should_end
        self._on_news = on_news
        self._pending = memoryview(b"")
        self._heard = b""
        self._said = ""
        self._fed = False
        self.connected = False
        self._child = spawn(launch)
        self._into = descriptor(self._child.stdin)
        self._said_by = descriptor(self._child.stderr)
        self._progress_at = time.monotonic()

    def run(self) -> str | None:
        """Feed the child; return what went wrong, or None if it was told to end."""
        watched = select.poll()
        watched.register(self._said_by, select.POLLIN)
        watched.register(self._wake, select.POLLIN)
        try:
            while not self._should_end():
                self._wait(watched)
                self._listen()
                if self._child.poll() is not None:
                    return self._last_words()
                self._feed()
                if (why := self._judge(time.monotonic())) is not None:
                    return why
            return None
        finally:
            end(self._child)

    def _wait(self, watched: select.poll) -> None:
        if self._pending or (self._fed and self._queue):
            watched.register(self._into, select.POLLOUT)
        for fd, _ in watched.poll(_TICK_MS):
            if fd == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
        with contextlib.suppress(KeyError):
            watched.unregister(self._into)

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._said_by, 65536):
                self._heard += piece
        *lines, self._heard = self._heard.split(b"\n")
        self._heard = self._heard[-_LONGEST_LINE:]
        for line in lines:
            self._understand(line.decode(errors="replace").strip())

    def _understand(self, line: str) -> None:
        if line.startswith("Input #0"):
            self._progress_at = time.monotonic()
            hide_arguments(self._child.pid, self._launch.secrets)
            if self._launch.waits_for_caller:
                self._on_news("waiting", None, 0)
            if self._launch.framed:
                self._fed = True
                self._queue.flow(fresh=False)  # the group at hand tells the child what is coming
        elif line.startswith("Output #0"):
            self._connect()
        elif line.startswith("Waiting: "):
            self._progress_at = time.monotonic()
            self._on_news("down", self._clean(line.removeprefix("Waiting: ")), 0)
        elif line and "Error opening output" not in line:
            self._said = line

    def _connect(self) -> None:
        self.connected = self._fed = True
        self._progress_at = time.monotonic()
        self._queue.flow(fresh=True)
        if self._launch.framed:
            mark = relay_child.HEAD.pack(relay_child.FRESH, 0)
            self._pending = memoryview(bytes(self._pending) + mark)
        self._on_news("sending", None, 0)

    def _feed(self) -> None:
        """Write until the pipe is full; a broken pipe shows as the child's end."""
        while self._fed:
            if not self._pending and not self._refill():
                self._progress()
                return
            try:
                taken = os.write(self._into, self._pending[:_BLOCK])
            except (BlockingIOError, BrokenPipeError):
                return
            self._pending = self._pending[taken:]
            self._progress()
            if self.connected:
                self._on_news("sending", None, taken)

    def _progress(self) -> None:
        if self.connected:  # before that, only what the child reports counts
            self._progress_at = time.monotonic()

    def _refill(self) -> bool:
        chunk = self._queue.take()
        if not chunk:
            return False
        if self._launch.framed:
            chunk = relay_child.HEAD.pack(relay_child.DATA, len(chunk)) + chunk
        self._pending = memoryview(chunk)
        return True

    def _judge(self, now: float) -> str | None:
        waited = now - self._progress_at
        if self.connected:
            if self._pending and waited > STALLED_AFTER:
                return f"the far end took no bytes for {STALLED_AFTER:g} s"
        elif not self._launch.waits_for_caller and waited > ANSWER_WITHIN:
            return f"no answer in {ANSWER_WITHIN:g} s"
        return None

    def _last_words(self) -> str:
        self._listen()
        said = self._clean(self._said.rpartition("] ")[2])
        if self._launch.framed:
            return said or f"the relay ended with code {self._child.returncode}"
        if self.connected:
            return "connection lost: the far end went away"
        if not said.startswith("Connection to "):
            return said or f"the relay ended with code {self._child.returncode}"
        if time.monotonic() - self._progress_at > 0.9 * CONNECT_MS / 1000:
            return f"no answer from {self._launch.address}"
        which = "; are passphrase and stream id right?" if self._launch.secrets else ""
        return f"refused by {self._launch.address}{which}"

    def _clean(self, text: str) -> str:
        return self._launch.redact(text)
