"""The AMCP front: bytes of one connection in, replies out, in the order of the queues.

Each channel has a queue of its own and general commands another; what arrives in one piece is
sorted into them first, so that a VERSION overtakes the LOADBG before it. PING is answered at once.
A LOCK is often overtaken by what came with it for its channel (seen on a server 2.5.0: five times
of eight), so here it always is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.casparcg.commands import ECHO, TABLE, obey_channel
from tests.casparcg.locks import obey_lock, shuts_out
from tests.casparcg.machine import Machine
from tests.casparcg.queries import TABLE as GENERAL
from tests.casparcg.queries import asked_channel, obey_general
from tests.casparcg.words import Command, understand

QUEUE_LIMIT = 130
LOCKS = 1 << 32  # where LOCK is queued: behind all channels
ENDINGS = {"KILL": 0, "RESTART": 5}
OWN = {"OSC", "LOCK", *ENDINGS}


@dataclass(eq=False, kw_only=True)
class Connection:
    """One client. `send` is what it writes; `received` what it has been answered so far."""

    number: int
    host: str = "127.0.0.1"
    feed: Callable[[Connection, bytes], None]
    osc_ports: set[int] = field(default_factory=set)
    closed: bool = False
    jammed: bool = False
    _in: bytes = b""
    _out: bytearray = field(default_factory=bytearray)
    _batch: list[Command] | None = None
    _batch_id: str | None = None

    @property
    def deaf(self) -> bool:
        """Nothing that it sends is heard any more."""
        return self.closed or self.jammed

    def send(self, data: bytes) -> None:
        self.feed(self, data)

    def ask(self, line: str) -> bytes:
        """Send one line and take whatever has been answered since the last time."""
        self.send(line.encode() + b"\r\n")
        return self.received()

    def received(self) -> bytes:
        taken = bytes(self._out)
        self._out.clear()
        return taken

    def write(self, reply: str, request: str | None = None) -> None:
        head = "" if request is None else f"RES {request} "
        self._out += f"{head}{reply}\r\n".encode()


@dataclass(kw_only=True)
class Queues:
    """What one piece of input holds, by queue: 0 is the general one."""

    jobs: dict[int, list[tuple[Command, ...]]] = field(default_factory=dict)

    def put(self, number: int, job: tuple[Command, ...]) -> bool:
        queue = self.jobs.setdefault(number, [])
        if number not in {0, LOCKS} and len(queue) >= QUEUE_LIMIT:
            return False
        queue.append(job)
        return True


class Front:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def feed(self, connection: Connection, data: bytes) -> None:
        """Take bytes as they arrive; only CR LF ends a line."""
        if connection.deaf:
            return
        *lines, connection._in = (connection._in + data).split(b"\r\n")
        queues = Queues()
        for raw in lines:
            self._accept(raw, connection, queues)
            if connection.deaf:
                return
        for number in sorted(queues.jobs):
            for job in queues.jobs[number]:
                self._run(job, connection)

    def leave(self, connection: Connection) -> None:
        """The client has gone: its half line, its lock and its OSC ports go with it."""
        connection.closed = True
        connection.osc_ports.clear()
        for number, lock in list(self.machine.locks.items()):
            lock.holders.discard(connection.number)
            if not lock.holders:
                del self.machine.locks[number]

    def _accept(self, raw: bytes, connection: Connection, queues: Queues) -> None:
        if not self.machine.utf8 and not raw.isascii():
            connection.jammed = True
            return
        line = raw.decode("utf-8", "ignore").replace("\0", "")
        if line.upper() == "PING" or line.upper().startswith("PING "):
            connection.write("PONG" + line[4:])
            return
        command = understand(line)
        if command.request == "":
            connection.write("402  ERROR")
        elif command.name == "BYE":
            self.leave(connection)
        elif not self._batched(command, connection, queues):
            self._queue(command, connection, queues)

    def _batched(self, command: Command, connection: Connection, queues: Queues) -> bool:
        """BEGIN, COMMIT, DISCARD, and what stands between them."""
        waiting = connection._batch
        match command.name:
            case "BEGIN" if waiting is None:
                connection._batch, connection._batch_id = [], command.request
            case "COMMIT" if waiting is not None:
                connection._batch = None
                if waiting:
                    queues.put(_queue_of(self.machine, waiting[0]), tuple(waiting))
            case "DISCARD" if waiting is not None:
                connection._batch = None
            case "BEGIN" | "COMMIT" | "DISCARD":
                _echo(command, connection)
            case _ if waiting is not None and self._known(command):
                waiting.append(command)
            case _:
                return False
        return True

    def _known(self, command: Command) -> bool:
        return command.name in TABLE and command.channel in self.machine.channels

    def _understood(self, command: Command) -> bool:
        """Whether some queue takes it; what none takes is answered at once."""
        if command.name in TABLE and command.rest.upper() != "ALL":
            return command.channel in self.machine.channels
        return command.name in TABLE or command.name in GENERAL or command.name in OWN

    def _queue(self, command: Command, connection: Connection, queues: Queues) -> None:
        if not self._understood(command):
            _echo(command, connection)
        elif not queues.put(_queue_of(self.machine, command), (command,)):
            connection.write("504 QUEUE OVERFLOW", command.request)

    def _run(self, job: tuple[Command, ...], connection: Connection) -> None:
        replies = [self._answer(command, connection) for command in job]
        for command, reply in zip(job, replies, strict=True):
            if reply == ECHO:
                _echo(command, connection)
            elif reply is not None:
                connection.write(reply, command.request)
        if len(job) > 1:
            good = all(reply is not None and reply.startswith("2") for reply in replies)
            connection.write(f"202 COMMIT {'OK' if good else 'PARTIAL'}", connection._batch_id)

    def _answer(self, command: Command, connection: Connection) -> str | None:
        machine = self.machine
        if command.name in ENDINGS:
            machine.exit_code = ENDINGS[command.name]
            return f"202 {command.name} OK"
        if command.name == "OSC":
            return _osc(command, connection)
        if command.name == "LOCK":
            return obey_lock(machine, command, connection.number)
        number = command.channel if command.name in TABLE else asked_channel(machine, command)
        if number is not None and shuts_out(machine, number, connection.number):
            return f"503 {command.name} FAILED"
        return self._obeyed(command)

    def _obeyed(self, command: Command) -> str | None:
        if command.name == "CLEAR" and command.channel is None and command.rest.upper() == "ALL":
            for channel in self.machine.channels.values():
                channel.clear()
            return "202 CLEAR ALL OK"
        if command.name in TABLE:
            return obey_channel(self.machine, command)
        return obey_general(self.machine, command)


def _queue_of(machine: Machine, command: Command) -> int:
    if command.name == "LOCK":
        return LOCKS
    if command.name in TABLE and command.channel in machine.channels:
        return command.channel or 0
    return asked_channel(machine, command) or 0


def _echo(command: Command, connection: Connection) -> None:
    connection.write(f"400 ERROR\r\n{command.line}", command.request)


def _osc(command: Command, connection: Connection) -> str:
    match [word.upper() for word in command.words]:
        case ["SUBSCRIBE", port] if port.isdecimal():
            connection.osc_ports.add(int(port))
            return "202 OSC SUBSCRIBE OK"
        case ["UNSUBSCRIBE", port] if port.isdecimal():
            connection.osc_ports.discard(int(port))
            return "202 OSC UNSUBSCRIBE OK"
        case ["SUBSCRIBE" | "UNSUBSCRIBE" as what, _]:
            return f"403 OSC {what} BAD PORT"
        case _:
            return ECHO
