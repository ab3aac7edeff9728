"""Take down what arrives at a UDP port, as a receiver would."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from types import TracebackType
from typing import Self

_IP_RECVTTL = 12  # ip(7); Python has no name for it


class Capture:
    """Datagrams that arrive on a free loopback port, in order, while the context is open.

    With `group`, those that are sent to this multicast group by way of the loopback interface.
    """

    def __init__(self, *, group: str | None = None) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._address = group or "127.0.0.1"
        self._socket.bind((self._address, 0))
        if group is not None:
            member = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        self._socket.settimeout(0.1)
        self._datagrams: list[bytes] = []
        self.hops: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"udp://{self._address}:{self._socket.getsockname()[1]}"

    @property
    def datagrams(self) -> int:
        return len(self._datagrams)

    @property
    def sizes(self) -> Counter[int]:
        return Counter(len(one) for one in self._datagrams)

    def bytes(self, begin: int = 0) -> bytes:
        """Everything from datagram `begin` on."""
        return b"".join(self._datagrams[begin:])

    def _take(self) -> None:
        while not self._over.is_set():
            try:
                data, extras, _, _ = self._socket.recvmsg(65536, 64)
            except TimeoutError:
                continue
            self._datagrams.append(data)
            for level, kind, value in extras:
                if (level, kind) == (socket.IPPROTO_IP, socket.IP_TTL):
                    self.hops.add(value[0])
