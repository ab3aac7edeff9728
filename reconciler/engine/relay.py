"""Send the channel's bytes to one far end that may block, refuse, vanish and come back.

The engine offers chunks and is never kept waiting; a thread and a child process per output do the
rest. A relay connects when something is offered and leaves when nothing is any more, so an engine
whose gate is shut neither sends nor occupies the far end. After every connection the first bytes
delivered are a key frame that was made after it.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.engine.protocol import OutputSpec
from reconciler.engine.relay_launch import make_launch
from reconciler.engine.relay_queue import ChunkQueue
from reconciler.engine.relay_session import Session

IDLE_AFTER = 1.0  # seconds without an offer: the gate is shut
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0  # seconds; a far end that returns is met again within three
_JITTER = 0.2  # of the pause, fixed per output: many relays shall not knock at one moment
_SENT_LATELY = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayState:
    """How one output fares. `state` is one of these; no secret is in it.

    `opening`: first attempt. `waiting`: a listener that nobody calls, which is not a fault.
    `sending`: the far end takes bytes. `silent`: nothing is offered, or what is offered waits.
    `down`: the last attempt failed or the connection was lost, and is tried again. `restarts`
    counts the children after the first.
    """

    state: str
    bytes: int
    since: datetime
    error: str | None
    restarts: int


class Relay:
    """One SRT or RTMP output. Raises `ValueError` at once for an output that cannot be meant."""

    def __init__(
        self, output: OutputSpec, *, on_connected: Callable[[], None] = lambda: None
    ) -> None:
        self._on_connected = on_connected  # what is sent begins with the next key frame
        self._launch = make_launch(output.type, output.url, output.options)
        self._factor = 1 + _JITTER * (zlib.crc32(output.name.encode()) % 100) / 100
        self._queue = ChunkQueue()
        self._lock = threading.Lock()
        self._wake_out, self._wake_in = os.pipe()
        for end in (self._wake_out, self._wake_in):
            os.set_blocking(end, False)
        self._closing = threading.Event()
        self._is_over = False
        self._state, self._since = "silent", datetime.now(UTC)
        self._error: str | None = None
        self._bytes = self._starts = 0
        self._took_at = 0.0
        self._thread = threading.Thread(target=self._run, name=f"relay {output.name}", daemon=True)
        self._thread.start()

    def offer(self, chunk: bytes, is_key: bool) -> None:  # noqa: FBT001  # the engine's sink shape
        """Take one chunk of transport stream; never waits."""
        if self._closing.is_set():
            return
        self._queue.put(chunk, is_key=is_key, now=time.monotonic())
        self._prod()

    def hush(self) -> None:
        """Send nothing more of what was offered, and leave the far end at once."""
        self._queue.forget()
        self._prod()

    def state(self) -> RelayState:
        """How the output fares now."""
        with self._lock:
            state = self._state
            if state == "sending" and time.monotonic() - self._took_at > _SENT_LATELY:
                state = "silent"
            return RelayState(
                state=state,
                bytes=self._bytes,
                since=self._since,
                error=self._error,
                restarts=max(0, self._starts - 1),
            )

    def close(self) -> None:
        """Begin to leave the far end and end the child; never waits, and may be repeated."""
        self._closing.set()
        self._prod()

    def wait_closed(self, seconds: float = 3.0) -> bool:
        """Wait until a closed relay has said goodbye; false if it is still at it."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _prod(self) -> None:
        with self._lock, contextlib.suppress(BlockingIOError):  # full: it is awake already
            if not self._is_over:
                os.write(self._wake_in, b"\0")

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            self._queue.hold_latest()
            if self._is_idle():
                self._change("silent", None)
                self._await_offer()
                continue
            connected, error = self._attempt()
            if error is None:
                failures = 0
                continue
            if connected and self._launch.waits_for_caller:  # callers come and go
                failures = 0
                self._change("waiting", None)
                self._closing.wait(FIRST_PAUSE)
                continue
            failures = 1 if connected else failures + 1
            self._change("down", error)
            self._closing.wait(min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE) * self._factor)
        with self._lock:
            self._is_over = True
            os.close(self._wake_in)
            os.close(self._wake_out)

    def _await_offer(self) -> None:
        if select.select([self._wake_out], [], [], IDLE_AFTER)[0]:
            os.read(self._wake_out, 4096)

    def _attempt(self) -> tuple[bool, str | None]:
        with self._lock:
            self._starts += 1
        if self._state not in ("down", "waiting"):
            self._change("opening", None)
        try:
            session = Session(
                self._launch,
                self._queue,
                wake=self._wake_out,
                should_end=lambda: self._closing.is_set() or self._is_idle(),
                on_news=self._hear,
            )
            error = session.run()
        except OSError as failure:
            return False, self._launch.redact(f"the relay cannot start: {failure}")
        return session.connected, error

    def _is_idle(self) -> bool:
        return self._queue.idle_for(time.monotonic()) > IDLE_AFTER

    def _hear(self, state: str, error: str | None, taken: int) -> None:
        with self._lock:
            self._bytes += taken
            if state == "sending":
                self._took_at = time.monotonic()
            is_new = state == "sending" and self._state != "sending"
        self._change(state, error)
        if is_new:
            self._on_connected()

    def _change(self, state: str, error: str | None) -> None:
        with self._lock:
            if state != self._state:
                self._since = datetime.now(UTC)
            self._state, self._error = state, error
