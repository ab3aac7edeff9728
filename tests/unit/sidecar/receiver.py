"""A far end for datagrams that knows when each one came."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping


class Receiver:
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0)

    def output(self, name: str = "main") -> Mapping[str, object]:
        url = f"udp://127.0.0.1:{self._socket.getsockname()[1]}"
        return {"name": name, "type": "udp", "url": url, "options": {}, "digest": "d1"}

    def arrivals(self, until: float) -> list[float]:
        """When datagrams came, by the monotonic clock, up to `until`."""
        came: list[float] = []
        while (left := until - time.monotonic()) > 0:
            if select.select([self._socket], [], [], left)[0]:
                self._socket.recv(65536)
                came.append(time.monotonic())
        return came

    def close(self) -> None:
        self._socket.close()
