"""Hears the engine's read-back on a UDP port of its own. What it means is in `seen.py`."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable

from reconciler.sidecar.casparcg.osc_packets import State, StateJoiner, read_packet

log = logging.getLogger(__name__)

LONGEST = 1 << 16  # bytes; UDP has no longer packets
_ROOM = 1 << 21  # bytes of kernel buffer: after a stall some hundred states come at once


class OscListener:
    """A port, and a thread that tells of each whole state with the monotonic time it came."""

    def __init__(self, told: Callable[[State, float], None], host: str = "127.0.0.1") -> None:
        self._told = told
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        self._socket.bind((host, 0))
        self._host = host
        self._closing = False
        self.port: int = self._socket.getsockname()[1]
        self.strange = 0  # packets that are not of the engine
        self._thread = threading.Thread(target=self._hear, name="osc-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear no more; nothing is told once this has returned, unless the teller itself calls."""
        self._closing = True
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
            bell.sendto(b"", (self._host, self.port))
        if threading.current_thread() is not self._thread:
            self._thread.join()
        self._socket.close()

    def _hear(self) -> None:
        joiner = StateJoiner()
        while not self._closing:
            try:
                data = self._socket.recv(LONGEST)
            except OSError:
                return
            at = time.monotonic()
            if self._closing:
                return
            try:
                states = joiner.feed(read_packet(data))
            except ValueError as error:
                self.strange += 1
                log.debug("osc: %s", error)
                continue
            for state in states:
                self._told(state, at)
