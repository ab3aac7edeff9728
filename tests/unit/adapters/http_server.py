"""A web server for tests that says exactly the bytes it is told to, and remembers what it heard."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence

SHUT = b""  # among the pieces of a reply: hang up

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class HttpServer:
    """Answers its n-th request, counted from 1, with the pieces that `reply` gives, one by one."""

    def __init__(
        self, reply: Callable[[int], Sequence[bytes]], tls: ssl.SSLContext | None = None
    ) -> None:
        self.reply = reply
        self.heard: list[tuple[int, str]] = []  # number of the connection, from 1; the head
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/a", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._serve, args=(line, number), daemon=True).start()

    def _serve(self, line: socket.socket, number: int) -> None:
        try:
            sealed = line if self._tls is None else self._tls.wrap_socket(line, server_side=True)
            with sealed:
                self._talk(sealed, number)
        except OSError:
            line.close()  # they hung up, or would not speak to us

    def _talk(self, line: socket.socket, number: int) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while head := _request(line):
            self.heard.append((number, head))
            for piece in self.reply(len(self.heard)):
                if piece == SHUT:
                    return
                line.sendall(piece)


def scripted(*scripts: Sequence[bytes], tls: ssl.SSLContext | None = None) -> HttpServer:
    """One that answers its n-th request with the n-th script."""
    return HttpServer(lambda count: scripts[count - 1], tls)


def _request(line: socket.socket) -> str:
    """The head of the next request, its body read too; nothing once they hang up."""
    came = b""
    while True:
        head, end, body = came.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if end and len(body) >= (int(length[1]) if length else 0):
            return (head + end).decode()
        piece = line.recv(65536)
        if not piece:
            return ""
        came += piece
