"""The other end of an AMCP connection, answering as a test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue

Answer = Callable[[str], bytes]


def obedient(line: str) -> bytes:
    """Answer any line with success, and its request id."""
    words = line.split(" ")
    if words[0] == "PING":
        return " ".join(["PONG", *words[1:]]).encode() + b"\r\n"
    name, verb = (words[1], words[2]) if words[0] == "REQ" else ("", words[0])
    if verb in {"LOCK", "OSC"}:
        verb = f"{verb} DONE"
    start = f"RES {name} " if name else ""
    return f"{start}202 {verb} OK\r\n".encode()


class Peer:
    """Listens on loopback; keeps every line that it was sent. `answer` may be changed any time."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.lines: Queue[str] = Queue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._caller: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        """Send bytes unasked."""
        assert self._caller is not None
        self._caller.sendall(data)

    def hang_up(self) -> None:
        """End the connection."""
        assert self._caller is not None
        self._caller.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        if self._caller is not None:
            self._caller.close()

    def _serve(self) -> None:
        try:
            self._caller, _ = self._listener.accept()
            rest = b""
            while data := self._caller.recv(4096):
                *lines, rest = (rest + data).split(b"\r\n")
                for line in lines:
                    self.lines.put(line.decode())
                    self._caller.sendall(self.answer(line.decode()))
        except OSError:
            return


@contextmanager
def listening(answer: Answer = obedient) -> Iterator[Peer]:
    peer = Peer(answer)
    try:
        yield peer
    finally:
        peer.close()
