"""The channel's outputs: the wanted set made real, behind one gate."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.engine.events import OutputSeen
from reconciler.engine.hls import HlsWriter
from reconciler.engine.relay import Relay
from reconciler.engine.sinks import FileWriter, Sink, UdpWriter, local_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from reconciler.engine.encoder import Chunk
    from reconciler.engine.protocol import OutputSpec

_GOODBYE = 3.0  # seconds for all together: to write what waits, and to take leave of far ends


class _Relayed:
    """A relay in the shape of a sink."""

    def __init__(self, output: OutputSpec) -> None:
        self._name = output.name
        self._relay = Relay(output)

    def offer(self, chunk: Chunk) -> None:
        self._relay.offer(chunk.data, chunk.is_key)

    def seen(self) -> OutputSeen:
        state = self._relay.state()
        return OutputSeen(
            name=self._name,
            state=state.state,
            bytes=state.bytes,
            since=state.since.isoformat(),
            error=state.error,
            restarts=state.restarts,
        )

    def close(self, *, flush: bool) -> None:
        if not flush:
            self._relay.hush()
        self._relay.close()

    def join(self, timeout: float) -> None:
        self._relay.wait_closed(timeout)

    @property
    def is_over(self) -> bool:
        return self._relay.wait_closed(0)


class OutputSet:
    """All outputs. While the gate is shut none of them exists, so nothing can leave.

    Once it is open, the clock says with which tick to begin (`begin_at`): what was encoded before
    is still in the encoder then, and stays inside.
    """

    def __init__(self, rate: Fraction, segment: int, want_key: Callable[[], None]) -> None:
        self._rate = rate
        self._segment = segment
        self._want_key = want_key
        self._lock = threading.Lock()
        self._wanted: tuple[OutputSpec, ...] = ()
        self._live: dict[OutputSpec, Sink | _Relayed] = {}
        self._leaving: list[Sink | _Relayed] = []
        self._bad: dict[OutputSpec, OutputSeen] = {}
        self._shut_at = datetime.now(UTC)
        self._until: int | None = None
        self._on = False
        self._begun = False
        self.sending_since: int | None = None  # the first tick that left, or will in a moment

    @property
    def is_to_begin(self) -> bool:
        """Whether the gate is open, and nobody has said yet with which tick."""
        return self._on and self.sending_since is None

    def begin_at(self, tick: int) -> None:
        """Let out what is shown from `tick` on, until the gate is shut."""
        with self._lock:
            self.sending_since = tick

    def want(self, outputs: tuple[OutputSpec, ...]) -> None:
        """Make these the outputs; equal ones go on untouched."""
        with self._lock:
            self._wanted = outputs
            self._converge()

    def send(self, *, on: bool, until: int | None = None) -> None:
        """Open or shut the gate; open, it shuts by itself at `until` (monotonic nanoseconds)."""
        with self._lock:
            self._until = until
            self._turn(on=on)
            self._lapse(time.monotonic_ns())

    def lapse(self, now: int) -> None:
        """Shut the gate if its time is over: whoever opened it may be unable to."""
        with self._lock:
            self._lapse(now)

    def offer(self, chunk: Chunk) -> None:
        """Give one chunk to all outputs; never waits for one."""
        with self._lock:
            self._lapse(time.monotonic_ns())
            if not self._has_begun(chunk):
                return
            for sink in self._live.values():
                sink.offer(chunk)

    def seen(self) -> tuple[OutputSeen, ...]:
        """How each wanted output fares, in the order wanted."""
        with self._lock:
            return tuple(self._seen(output) for output in self._wanted)

    def close(self) -> None:
        """Write what waits, and end all; also those that were told to end before."""
        with self._lock:
            self._on = self._begun = False
            ending = list(self._live.values())
            self._live.clear()
        for sink in ending:
            sink.close(flush=True)
        ends = time.monotonic() + _GOODBYE
        for sink in (*ending, *self._leaving):
            sink.join(max(0.0, ends - time.monotonic()))

    def _has_begun(self, chunk: Chunk) -> bool:
        since = self.sending_since
        if not self._begun and since is not None and chunk.tick is not None:
            self._begun = chunk.tick >= since
        return self._begun

    def _lapse(self, now: int) -> None:
        if self._on and self._until is not None and now >= self._until:
            self._turn(on=False)

    def _turn(self, *, on: bool) -> None:
        if self._on and not on:
            self._shut_at = datetime.now(UTC)
        if not on:
            self._begun, self.sending_since = False, None
        self._on = on
        self._converge()

    def _seen(self, output: OutputSpec) -> OutputSeen:
        sink = self._live.get(output)
        if sink is not None:
            return sink.seen()
        if output in self._bad:
            return self._bad[output]
        return OutputSeen(
            name=output.name,
            state="silent",
            bytes=0,
            since=self._shut_at.isoformat(),
            error=None,
            restarts=0,
        )

    def _converge(self) -> None:
        wanted = self._wanted if self._on else ()
        for output in [output for output in self._live if output not in wanted]:
            sink = self._live.pop(output)
            sink.close(flush=self._on)
            self._leaving.append(sink)
        self._leaving = [sink for sink in self._leaving if not sink.is_over]
        self._bad = {output: bad for output, bad in self._bad.items() if output in wanted}
        for output in wanted:
            if output not in self._live and output not in self._bad:
                self._open(output)

    def _open(self, output: OutputSpec) -> None:
        try:
            self._live[output] = self._make(output)
        except (ValueError, OSError) as error:
            self._bad[output] = OutputSeen(
                name=output.name,
                state="down",
                bytes=0,
                since=datetime.now(UTC).isoformat(),
                error=str(error),
                restarts=0,
            )
        self._want_key()

    def _make(self, output: OutputSpec) -> Sink | _Relayed:
        match output.type:
            case "srt" | "rtmp":
                return _Relayed(output)
            case "udp":
                return Sink(output.name, lambda: UdpWriter(output))
            case "hls":
                folder = local_path(output.url)
                return Sink(output.name, lambda: HlsWriter(folder, self._rate, self._segment))
            case _:
                return Sink(output.name, lambda: FileWriter(output.url))
