"""One AMCP connection: many askers, one socket, a deadline for each question.

Replies come in any order and some never come, so each question has an id of its own and its asker
a deadline. The connection holds the channel's lock, which makes the sidecar its only controller,
and the subscription to the read-back; both end with it. When to connect again is the owner's.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reconciler.errors import Rejected, Unreachable
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.replies import Reply, ReplyReader

log = logging.getLogger(__name__)

SYSTEM = "casparcg"
_SEND_WITHIN = 2.0  # seconds until a peer that takes no bytes counts as gone
_PIECE = 1 << 16
_UNASKED = "batch"  # the request id of what frames a batch, whose own reply says nothing more


@dataclass(slots=True)
class _Question:
    """One asker's place to wait."""

    answered: threading.Event = field(default_factory=threading.Event)
    reply: Reply | None = None


def _nothing(_why: str) -> None:
    """What happens at the end of a connection if nobody asks to be told."""


class Link:
    """One connection. All methods may be called from any thread."""

    def __init__(self, sock: socket.socket, closed: Callable[[str], None] = _nothing) -> None:
        sock.settimeout(_SEND_WITHIN)
        self._socket = sock
        self._closed = closed
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: dict[str, _Question] = {}
        self._count = 0
        self._ended = ""
        self.late = 0  # replies that came after their asker had left
        self._reader = threading.Thread(target=self._hear, name="amcp-reader", daemon=True)
        self._reader.start()

    @property
    def ended(self) -> str:
        """Why the connection is over; empty while it is not."""
        return self._ended

    def ask(self, command: Command, within: float) -> Reply:
        """Send one command and return its reply, errors included.

        Raises `Unreachable` after `within` seconds, or as soon as the connection ends. The command
        may have been done all the same: look before trying again.
        """
        return self._ask_all((command,), within)[0]

    def batch(self, commands: Sequence[Command], within: float) -> tuple[Reply, ...]:
        """Have `commands` done in one frame; returns their replies in their order."""
        if len(commands) <= 1:
            return self._ask_all(commands, within)
        return self._ask_all(commands, within, around=(amcp.begin(), amcp.commit()))

    def ping(self) -> Callable[[], bool]:
        """Ask for a PONG, and return at once what tells whether it has come.

        Raises `Unreachable` if the connection has ended; one that ends later lets no PONG come.
        """
        token, question = self._enter("ping")
        self._send(amcp.ping(token).line())

        def has_come() -> bool:
            if question.reply is None:
                return False
            self._leave(token)
            return True

        return has_come

    def close(self) -> None:
        """End the connection; may be called again."""
        self._end("closed")
        if threading.current_thread() is not self._reader:
            self._reader.join()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────

    def _ask_all(
        self,
        commands: Sequence[Command],
        within: float,
        around: tuple[Command, Command] | None = None,
    ) -> tuple[Reply, ...]:
        until = time.monotonic() + within
        entered = [self._enter("q") for _ in commands]
        try:
            lines = [
                command.line(name) for command, (name, _) in zip(commands, entered, strict=True)
            ]
            if around is not None:
                lines = [around[0].line(_UNASKED), *lines, around[1].line(_UNASKED)]
            self._send(b"".join(lines))
            return tuple(
                self._await(question, until, str(command))
                for command, (_, question) in zip(commands, entered, strict=True)
            )
        finally:
            for name, _ in entered:
                self._leave(name)

    def _enter(self, kind: str) -> tuple[str, _Question]:
        with self._lock:
            if self._ended:
                raise _unreachable(f"the connection has ended: {self._ended}")
            self._count += 1
            name, question = f"{kind}{self._count}", _Question()
            self._waiting[name] = question
            return name, question

    def _leave(self, name: str) -> None:
        with self._lock:
            self._waiting.pop(name, None)

    def _await(self, question: _Question, until: float, what: str) -> Reply:
        question.answered.wait(max(0.0, until - time.monotonic()))
        if question.reply is not None:
            return question.reply
        if self._ended:
            raise _unreachable(f"{what}: the connection has ended: {self._ended}", what)
        raise _unreachable(f"{what}: no answer in time", what)

    def _send(self, data: bytes) -> None:
        try:
            with self._sending:
                self._socket.sendall(data)
        except OSError as error:
            # Part of a line may have left, so nothing more can be said on this connection.
            why = f"it takes no commands: {error}"
            self._end(why)
            raise _unreachable(why) from error

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────

    def _hear(self) -> None:
        reader = ReplyReader()
        why = "the engine closed the connection"
        while not self._ended:
            try:
                data = self._socket.recv(_PIECE)
                if not data:
                    break
                for reply in reader.feed(data):
                    self._deliver(reply)
            except TimeoutError:
                continue
            except (OSError, ValueError) as error:
                why = str(error)
                break
        self._end(why)
        self._socket.close()
        self._closed(self._ended)

    def _deliver(self, reply: Reply) -> None:
        name = reply.rows[0] if reply.is_pong and reply.rows else reply.request
        with self._lock:
            question = self._waiting.get(name)
        if question is None:
            if reply.request != _UNASKED:
                self.late += 1
                log.debug("amcp: nobody waits for %s", reply)
            return
        question.reply = reply
        question.answered.set()

    def _end(self, why: str) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = why
            left = tuple(self._waiting.values())
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for question in left:
            question.answered.set()


def connect(
    address: tuple[str, int],
    *,
    within: float,
    phrase: str,
    osc_port: int | None = None,
    closed: Callable[[str], None] = _nothing,
) -> Link:
    """Connect, take the channel's lock with `phrase` and subscribe to the read-back.

    Raises `Unreachable` if that takes longer than `within` seconds, and `Rejected` if somebody
    else holds the channel. `closed` is told once, by the reader, when the connection is over; also
    of one that was refused here.
    """
    until = time.monotonic() + within
    where = f"{address[0]}:{address[1]}"
    try:
        sock = socket.create_connection(address, timeout=within)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except OSError as error:
        raise _unreachable(f"{where}: cannot connect: {error}", "connect") from error
    link = Link(sock, closed)
    try:
        _settle(link, amcp.lock(phrase), until, where)
        if osc_port is not None:
            _settle(link, amcp.osc_subscribe(osc_port), until, where)
    except (Unreachable, Rejected):
        link.close()
        raise
    return link


def _settle(link: Link, command: Command, until: float, where: str) -> None:
    reply = link.ask(command, until - time.monotonic())
    if not reply.ok:
        raise Rejected(
            f"{where}: {command}: {reply}; another connection may hold the channel's lock",
            system=SYSTEM,
            attempt=str(command),
        )


def _unreachable(message: str, attempt: str = "") -> Unreachable:
    return Unreachable(message, system=SYSTEM, attempt=attempt)
