"""Which outputs the engine should run now, and which commands bring it there. Pure.

The gate shut, none but the preview runs. An output that is equal to what runs is left alone; one
that stands still is started anew, by its own back-off, without a touch to the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.sidecar.casparcg import amcp, watch
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.consumers import Consumer
from reconciler.sidecar.casparcg.seen import ServerSeen
from reconciler.sidecar.casparcg.watch import Watched
from reconciler.sidecar.engine_port import OutputState


class Sending:
    """The outputs of one channel, through all lives of its engine."""

    def __init__(self) -> None:
        self._outputs: tuple[Consumer, ...] = ()
        self._preview: tuple[Consumer, ...] = ()
        self._refused: Mapping[str, str] = {}
        self._running: dict[int, Watched] = {}
        self._over: list[int] = []  # ports that have to be freed
        self._taken: dict[str, float] = {}  # until when who was removed still listens, by place
        self.open = False

    def want(
        self,
        outputs: Iterable[Consumer],
        preview: Iterable[Consumer],
        refused: Mapping[str, str],
    ) -> None:
        """Replace what is wanted; `refused` says why some outputs cannot be, by name."""
        self._outputs, self._preview, self._refused = tuple(outputs), tuple(preview), refused

    def due(self) -> tuple[Consumer, ...]:
        """What should run now."""
        return (*self._preview, *(self._outputs if self.open else ()))

    def ports(self) -> tuple[int, ...]:
        """The ports of all that must end when the gate shuts."""
        preview = {each.port for each in self._preview}
        outputs = {each.port for each in self._outputs}
        return tuple(sorted({*self._running, *self._over, *outputs} - preview))

    def begin(self, running: Iterable[Consumer], now: float) -> None:
        """A new engine runs what its config told it to."""
        self._over.clear()
        self._taken.clear()
        self._running = {each.port: watch.begin(each, now) for each in running}

    @property
    def sends(self) -> bool:
        """Whether the engine was told to run anything but the preview, and not to end it."""
        preview = {each.port for each in self._preview}
        return bool({*self._running, *self._over} - preview)

    def running(self) -> Mapping[int, str]:
        """The digest of what the engine was told to run on each port."""
        return {port: each.consumer.digest for port, each in self._running.items()}

    def adopt(self, seen: ServerSeen, noted: Mapping[int, str], now: float) -> None:
        """An engine that was found running has these; whatever is not wanted is ended.

        `noted` is what it was told to run by who drove it before: an output that is another by now
        is not taken for the one on its port.
        """
        wanted = {each.port: each for each in self.due()}
        same = [
            port
            for port in seen.consumers
            if port in wanted and noted.get(port) == wanted[port].digest
        ]
        self._running = {port: watch.begin(wanted[port], now) for port in same}
        self._over = [port for port in seen.consumers if port not in same]

    def sent(self, seen: ServerSeen) -> int:
        """For how many frames what was adopted has been leaving, at least."""
        found = [seen.consumers[port].frame for port in self._running if port in seen.consumers]
        return max((frame for frame in found if frame is not None), default=0)

    def look(self, seen: ServerSeen, now: float) -> None:
        """Judge each by one reading."""
        moving = {port for port, each in self._running.items() if watch.is_moving(each, now)}
        for port, each in self._running.items():
            self._running[port] = watch.look(each, seen, now, list_moves=bool(moving - {port}))

    def commands(self, now: float) -> tuple[tuple[Command, Consumer | None], ...]:
        """What to send now, in order; what is started comes with its consumer."""
        due = {each.port: each for each in self.due()}
        found: list[tuple[Command, Consumer | None]] = []
        for port, each in tuple(self._running.items()):
            if due.get(port) != each.consumer:
                del self._running[port]
                self._taken[each.consumer.place] = now + watch.lingers(each)
                found.append((each.consumer.remove(), None))
        found += [(amcp.remove(port), None) for port in self._over]
        self._over.clear()
        for port, consumer in due.items():
            running = self._running.get(port)
            if running is None and now < self._taken.get(consumer.place, now):
                continue  # who was there before would be in its way, and would take its caller
            if running is None:
                self._running[port] = watch.begin(consumer, now)
                found.append((consumer.add(), consumer))
            elif watch.is_due(running, now):
                self._running[port] = watch.started(running, now)
                found += [(consumer.remove(), None), (consumer.add(), consumer)]
        return tuple(found)

    def states(self, now: float) -> tuple[OutputState, ...]:
        """How each wanted output fares, in the order wanted, then the refused ones."""
        told = [self._state(each, now) for each in self._outputs]
        told += [
            OutputState(name=name, state="down", error=why) for name, why in self._refused.items()
        ]
        return tuple(told)

    def _state(self, consumer: Consumer, now: float) -> OutputState:
        if not self.open:
            return OutputState(name=consumer.name, state="silent")
        running = self._running.get(consumer.port)
        if running is None:
            state = "waiting" if consumer.waits else "opening"
            return OutputState(name=consumer.name, state=state)
        return watch.state_of(running, now)
