"""FakeCaspar: a CasparCG server in memory, stepped in virtual time.

    caspar = FakeCaspar(Table({"clip1.mp4": Clip()}))
    client = caspar.connect()
    client.ask("PLAY 1-10 clip1.mp4")       # b"202 PLAY OK\\r\\n"
    caspar.advance(25)                      # one second at 25 fps
    caspar.channel().shown                  # one Picture per tick
    caspar.osc                              # (host, port, packet), newest last

Nothing here waits or listens: `server.py` puts it on real sockets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction

from tests.casparcg.amcp import Connection, Front
from tests.casparcg.channel import Channel
from tests.casparcg.config import OutputSetup, Setup, folder
from tests.casparcg.consumers import Consumer, FarEnds, port_of
from tests.casparcg.machine import Machine
from tests.casparcg.media import Shelf
from tests.casparcg.modes import find_mode
from tests.casparcg.osc import bundles

KEPT_PACKETS = 10_000


class FakeCaspar:
    """`boot_seconds` is how long a start takes (0.4 to 0.8 s on the real one; 0 is at once)."""

    def __init__(
        self, shelf: Shelf, setup: Setup | None = None, *, boot_seconds: float = 0.0
    ) -> None:
        self.shelf = shelf
        self.setup = setup or Setup(media=folder(getattr(shelf, "root", "/media/")))
        self.far_ends = FarEnds()
        self.now = Fraction(0)
        self.osc: deque[tuple[str, int, bytes]] = deque(maxlen=KEPT_PACKETS)
        self.on_osc: Callable[[str, int, bytes], None] | None = None
        self.connections: list[Connection] = []
        self.hung = False
        self.osc_gaps: set[int] = set()  # bundles, by time tag, that are never sent
        self.slowness = Fraction(1)  # above 1 the mixer cannot keep up: every tick takes longer
        self.running = False
        self._numbers = 0
        self._waiting: list[tuple[Connection, bytes]] = []
        self.boot_seconds = boot_seconds
        self._ticks: dict[int, Fraction] = {}
        self.boot()

    # life and death

    def boot(self) -> None:
        """Start with nothing but what the config gives: no layer, no lock, no old output.

        What stands around the server (devices, inputs, locale, scanner) outlives it.
        """
        before = getattr(self, "machine", None)
        self.machine = Machine(shelf=self.shelf, far_ends=self.far_ends)
        if before is not None:
            self.machine.equip_like(before)
        self.machine.folders = tuple(f for f in (self.setup.working, self.setup.media) if f)
        self.machine.config, self.machine.paths = self.setup.xml, dict(self.setup.paths)
        self.machine.clear_phrase = self.setup.clear_phrase
        self.front = Front(self.machine)
        self.began_at = self.ready_at = self.now + Fraction(self.boot_seconds).limit_denominator(
            1000
        )
        for number, name in enumerate(self.setup.modes, start=1):
            self._add_channel(number, name)
        self.running, self.hung = True, False

    def start_at(self, now: Fraction, *, phase: Fraction) -> None:
        """Set the clock, and the first tick to the next instant of that phase."""
        self.now = now
        tick = 1 / self.channel().mode.tick_rate
        self.began_at = phase + tick * (-((phase - now) // tick))
        self._ticks = dict.fromkeys(self._ticks, self.began_at)

    def _add_channel(self, number: int, name: str) -> None:
        mode = find_mode(name)
        if mode is None:
            raise ValueError(f"expected a video mode such as 720p2500, found {name!r}")
        channel = Channel(number, mode, self.far_ends)
        self.machine.channels[number] = channel
        self._ticks[number] = self.ready_at
        given = self.setup.outputs[number - 1] if number <= len(self.setup.outputs) else ()
        for order, output in enumerate(given):
            consumer = _configured(output, channel, order)
            consumer.began = float(self.now)
            channel.consumers[consumer.port] = consumer

    def crash(self) -> None:
        """SIGKILL: every client sees EOF, OSC stops, all state is gone."""
        self.running = False
        for connection in self.connections:
            self.front.leave(connection)
        self.connections.clear()

    def hang(self) -> None:
        """SIGSTOP: connections stay, nothing answers, no OSC."""
        self.hung = True

    def wake(self) -> None:
        """SIGCONT: what was sent meanwhile is answered, and the ticks are caught up in a burst."""
        self.hung = False
        waiting, self._waiting = self._waiting, []
        for connection, data in waiting:
            self._feed(connection, data)

    # clients

    def connect(self, host: str = "127.0.0.1") -> Connection:
        """A new AMCP connection; raises `ConnectionRefusedError` while nothing listens."""
        if not self.running or self.now < self.ready_at:
            raise ConnectionRefusedError(f"{host}: the fake CasparCG is not listening")
        self._numbers += 1
        connection = Connection(number=self._numbers, host=host, feed=self._feed)
        self.connections.append(connection)
        return connection

    def disconnect(self, connection: Connection) -> None:
        """The client goes away; playback and a queued AUTO go on."""
        self.front.leave(connection)
        if connection in self.connections:
            self.connections.remove(connection)

    def _feed(self, connection: Connection, data: bytes) -> None:
        if self.hung:
            self._waiting.append((connection, data))
            return
        self.front.feed(connection, data)
        if connection.closed:
            self.disconnect(connection)
        if self.machine.exit_code is not None and self.running:
            self.crash()

    def obey(self, line: str, connection: Connection) -> bytes | None:
        """One line of one client, and its reply if there is one."""
        return connection.ask(line) or None

    # time

    def channel(self, number: int = 1) -> Channel:
        return self.machine.channels[number]

    def advance(self, ticks: int = 1) -> None:
        """Let so many ticks of channel 1 pass."""
        self.advance_to(self.now + ticks / self.channel(1).mode.tick_rate)

    def advance_to(self, instant: Fraction) -> None:
        """Run every tick of every channel due before `instant`, in seconds of the fake's life."""
        while self.running and not self.hung:
            number = min(self._ticks, key=lambda one: (self._ticks[one], one))
            if self._ticks[number] >= instant:
                break
            self._tick(number)
        self.now = max(self.now, instant)
        self.far_ends.now = float(self.now)

    def _tick(self, number: int) -> None:
        channel = self.machine.channels[number]
        self.now = max(self.now, self._ticks[number])
        self.far_ends.now = float(self.now)
        self._ticks[number] += channel.mode.tick_length * self.slowness
        channel.tick()
        targets = self._osc_targets()
        if not targets or channel.ticks in self.osc_gaps:
            return
        packets = bundles(f"/channel/{number}", channel.told, channel.ticks)
        for host, port in targets:
            for packet in packets:
                self.osc.append((host, port, packet))
                if self.on_osc is not None:
                    self.on_osc(host, port, packet)

    def _osc_targets(self) -> list[tuple[str, int]]:
        """Predefined clients, each address with a connection open (once), and private ports."""
        targets = list(self.setup.osc_targets)
        for connection in self.connections:
            if self.setup.osc_to_clients:
                targets.append((connection.host, self.setup.osc_port))
            targets.extend((connection.host, port) for port in sorted(connection.osc_ports))
        return list(dict.fromkeys(targets))


def _configured(output: OutputSetup, channel: Channel, order: int) -> Consumer:
    port = port_of(output.path) if output.kind == "stream" else 300 + order
    return Consumer(
        port=port,
        kind=output.kind,
        path=output.path,
        arguments=output.arguments,
        rate=channel.mode.tick_rate,
    )
