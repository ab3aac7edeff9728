"""An SRT stream that comes in, as a file to read: a child receives it, its bytes are in a pipe."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time

from reconciler.engine.relay_launch import receive_srt
from reconciler.engine.relay_process import descriptor, end, hide_arguments, spawn

_STALLED_AFTER = 3.0  # seconds without a byte, once there was one; libsrt alone waits for five
_TICK_MS = 100
_LONGEST_LINE = 4096
_NEWS = ("Connection to ", "Error", "Failed", "Operation not")  # what is worth repeating


class SrtFeed:
    """One connection. Raises `ValueError` for an address that cannot be meant.

    For one thread, which must also `close` it. `read` raises `OSError` when the far end is gone,
    and reads as ended once `stop` is set.
    """

    def __init__(self, url: str, stop: threading.Event) -> None:
        self._launch = receive_srt(url)
        self._stop = stop
        self._child = spawn(self._launch, stdout=subprocess.PIPE)
        self._data = descriptor(self._child.stdout)
        self._said_by = descriptor(self._child.stderr)
        self._watched = select.poll()
        self._watched.register(self._data, select.POLLIN)
        self._watched.register(self._said_by, select.POLLIN)
        self._rest = b""
        self._said = ""
        self._got_at: float | None = None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, waiting for the first."""
        while not self._stop.is_set():
            ready = {fd for fd, _ in self._watched.poll(_TICK_MS)}
            if self._said_by in ready:
                self._listen()
            if self._data in ready:
                piece = os.read(self._data, size)
                if not piece:
                    raise ConnectionError(self._last_words())
                self._got_at = time.monotonic()
                return piece
            if self._got_at is not None and time.monotonic() - self._got_at > _STALLED_AFTER:
                raise TimeoutError(f"nothing came from {self._launch.address} any more")
        return b""

    def close(self) -> None:
        """End the child."""
        end(self._child)

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            piece = os.read(self._said_by, 65536)
            if not piece:
                self._watched.unregister(self._said_by)
            self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines:
            self._understand(line.decode(errors="replace").strip())

    def _understand(self, line: str) -> None:
        if line.startswith("Opening an input file"):
            hide_arguments(self._child.pid, self._launch.secrets)
        said = line.rpartition("] ")[2]
        if said.startswith(_NEWS) and "opening input" not in said:
            self._said = said

    def _last_words(self) -> str:
        self._child.wait(1)
        with contextlib.suppress(KeyError, OSError):
            self._listen()
        if self._got_at is not None:
            return f"{self._launch.address} went away"
        said = self._launch.redact(self._said)
        if "reject" in said.lower():
            which = "; are passphrase and stream id right?" if self._launch.secrets else ""
            return f"refused by {self._launch.address}{which}"
        if not said or said.startswith("Connection to "):
            return f"no answer from {self._launch.address}"
        return said
