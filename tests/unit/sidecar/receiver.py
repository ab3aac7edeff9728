"""A far end for datagrams that knows when each one came."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping

from tests.loopback import datagrams


class Receiver:
    """Listens on a free port of this machine."""

    def __init__(self) -> None:
        self._socket, self._url = datagrams(0)

    def output(self, name: str = "main") -> Mapping[str, object]:
        return {"name": name, "type": "udp", "url": self._url, "options": {}, "digest": "d1"}

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
