"""FakeCaspar on real sockets: AMCP over TCP, OSC over UDP, in virtual or in real time.

    with Server(caspar) as server:                 # virtual: the test moves the clock
        talk to ("127.0.0.1", server.port)
        server.advance(25)
    with Server(caspar, realtime=True) as server:  # ticks follow the wall clock, late ones too

Commands are obeyed when they arrive, in either kind of time. `server.locked()` guards direct looks
at the fake while the thread runs.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.casparcg.amcp import Connection
from tests.casparcg.caspar import FakeCaspar

PIECE = 1 << 20
NAP = 0.01


class Server:
    def __init__(
        self,
        caspar: FakeCaspar,
        *,
        port: int = 0,
        realtime: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        self.caspar = caspar
        self.realtime = realtime
        self._lock = threading.RLock()
        self._clients: dict[socket.socket, Connection] = {}
        self._selector = selectors.DefaultSelector()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listener: socket.socket | None = None
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._from = caspar.now
        self.port = port
        self._host = host
        caspar.on_osc = self._send
        self._listen()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="fake-casparcg", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    @contextlib.contextmanager
    def locked(self) -> Iterator[FakeCaspar]:
        """The fake, while no byte and no tick moves it."""
        with self._lock:
            yield self.caspar

    def advance(self, ticks: int = 1) -> None:
        """Let virtual time pass; OSC of these ticks has been sent when this returns."""
        with self._lock:
            self.caspar.advance(ticks)
            self._settle()

    def crash(self) -> None:
        """The engine dies: EOF for every client, the port refuses."""
        with self._lock:
            self.caspar.crash()
            self._settle()

    def boot(self) -> None:
        """Start it again on the same port."""
        with self._lock:
            self.caspar.boot()
            self._settle()

    def run(self) -> None:
        """Serve until stopped, or, in real time, until the fake has ended itself."""
        while not self._stop.is_set() and not self._ended():
            ready = self._selector.select(NAP)
            with self._lock:
                for key, _ in ready:
                    self._serve(key.fileobj)
                if self.realtime:
                    passed = time.monotonic() - self._began
                    self.caspar.advance_to(self._from + Fraction(passed).limit_denominator(100_000))
                self._settle()
        self._close()

    def _ended(self) -> bool:
        return self.realtime and self.caspar.machine.exit_code is not None

    def _settle(self) -> None:
        """Bring the sockets in line with the fake: open or refusing, answered, ended."""
        answers = self.caspar.running and self.caspar.now >= self.caspar.ready_at
        if answers and self._listener is None:
            self._listen()
        if not self.caspar.running and self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
        for client in list(self._clients):
            self._answer(client)
        self._stream()

    def _stream(self) -> None:
        """One datagram for each picture of a UDP stream, so that its far end hears something."""
        for channel in self.caspar.machine.channels.values():
            for consumer in channel.consumers.values():
                where = urlsplit(consumer.path) if consumer.path.startswith("udp://") else None
                if where is None or where.hostname is None or where.port is None:
                    continue
                for picture in consumer.got[consumer.sent :]:
                    self._send(where.hostname, where.port, f"{picture}".encode())
                consumer.sent = len(consumer.got)

    def _listen(self) -> None:
        if not self.caspar.running or self.caspar.now < self.caspar.ready_at:
            if self.port == 0:
                self.port = _unused_port()
            return
        listener = socket.create_server((self._host, self.port), backlog=64)
        listener.settimeout(0)
        self.port = int(listener.getsockname()[1])
        self._selector.register(listener, selectors.EVENT_READ)
        self._listener = listener

    def _serve(self, ready: object) -> None:
        if self.caspar.hung:
            return  # the kernel still accepts and buffers; nothing of ours answers
        if ready is self._listener and self._listener is not None:
            self._accept(self._listener)
        elif isinstance(ready, socket.socket) and ready in self._clients:
            self._read(ready)

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, (host, _) = listener.accept()
        except OSError:
            return
        client.settimeout(None)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[client] = self.caspar.connect(host)
        self._selector.register(client, selectors.EVENT_READ)

    def _read(self, client: socket.socket) -> None:
        try:
            data = client.recv(PIECE)
        except OSError:
            data = b""
        if data:
            self._clients[client].send(data)
        else:
            self._drop(client)

    def _answer(self, client: socket.socket) -> None:
        connection = self._clients[client]
        reply = connection.received()
        try:
            if reply:
                client.sendall(reply)
        except OSError:
            self._drop(client)
            return
        if connection.closed:
            self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        connection = self._clients.pop(client)
        self.caspar.disconnect(connection)
        self._selector.unregister(client)
        client.close()

    def _send(self, host: str, port: int, packet: bytes) -> None:
        with contextlib.suppress(OSError):
            self._udp.sendto(packet, (host, port))

    def _close(self) -> None:
        with self._lock:
            for client in list(self._clients):
                self._drop(client)
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            self._selector.close()
            self._udp.close()


def _unused_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
