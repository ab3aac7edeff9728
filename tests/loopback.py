"""Sockets of this machine for tests: ports that are free, and a far end for datagrams."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def free_ports(count: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> list[int]:
    """Ports that nobody uses now, each another."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket(socket.AF_INET, kind)) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in taken]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now."""
    return free_ports(1, kind)[0]


def datagrams(timeout: float) -> tuple[socket.socket, str]:
    """A socket that takes datagrams, with room for a burst of them, and its address."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    made.bind(("127.0.0.1", 0))
    made.settimeout(timeout)
    return made, f"udp://127.0.0.1:{made.getsockname()[1]}"
