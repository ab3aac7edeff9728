"""The channel's outputs: the wanted set made real, behind one gate."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.engine.events import OutputSeen
from reconciler.engine.hls import HlsWriter
from reconciler.engine.relay import Relay
from reconciler.engine.seam import Kept, Leaves
from reconciler.engine.sinks import FileWriter, Sink, UdpWriter, local_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from reconciler.engine.encoder import Chunk
    from reconciler.engine.protocol import OutputSpec

_CONNECTED = frozenset({"srt", "rtmp"})  # saying goodbye to such a far end takes a second
_GOODBYE = 3.0  # seconds for all together: to write what waits, and to take leave of far ends


class _Relayed:
    """A relay in the shape of a sink."""

    def __init__(self, output: OutputSpec, want_key: Callable[[], None]) -> None:
        self._name = output.name
        self._relay = Relay(output, on_connected=want_key)

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
    is still in the encoder then, and stays inside. At a seam it is the other way round: from its
    tick on nothing more is let out, though what lies before it is still in the encoder.
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
        self._since: int | None = None  # the first tick that left, or will in a moment
        self._seam: int | None = None  # open: the tick before which to end
        self._ended: int | None = None  # the seam that the clock has reached
        self._kept: Kept | None = None

    @property
    def is_to_begin(self) -> bool:
        """Whether the gate is open, and nobody has said yet with which tick."""
        return self._on and self._since is None and self._ended is None

    def begin_at(self, tick: int) -> None:
        """Let out what is shown from `tick` on, until the gate is shut."""
        with self._lock:
            self._since = tick

    def reach(self, tick: int) -> None:
        """The clock is at `tick`: what is shown from now on may lie behind a seam."""
        with self._lock:
            if self._on and self._seam is not None and tick >= self._seam:
                self._ended = self._seam
                if self._since is None:  # nothing that lies before it is under way
                    self._turn(on=False)

    def leaves(self, tick: int) -> Leaves:
        """What leaves of the picture that is shown at `tick`."""
        with self._lock:
            since = self._since if self._ended is None else None
            kept = self._kept
            return Leaves(
                since=since if since is not None and since <= tick else None,
                until=self._ended,
                keeps_from=kept.seam if kept is not None and not kept.is_over else None,
                quiet=not self._on and all(sink.is_over for sink in self._leaving),
            )

    def want(self, outputs: tuple[OutputSpec, ...]) -> None:
        """Make these the outputs; equal ones go on untouched."""
        with self._lock:
            self._wanted = outputs
            self._converge(flush=self._on)

    def send(self, *, on: bool, until: int | None = None, seam: int | None = None) -> None:
        """Open or shut the gate; open, it shuts by itself at `until` (monotonic nanoseconds).

        Open, it shuts before the picture of tick `seam`; shut, it keeps what comes from there on.
        Far ends that are connected to are left at once for a seam, so that no other waits for it.
        An order that is repeated does not open what a seam has shut.
        """
        with self._lock:
            self._until = until
            is_over = on and seam is not None and seam == self._ended
            self._seam = seam if on else None
            if not is_over:
                self._kept = self._kept if on else self._keep(seam)
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
            if self._kept is not None:
                self._kept.put(chunk)
            if self._is_behind_seam(chunk):
                self._ended = self._seam
                self._turn(on=False, flush=True)
            if self._has_begun(chunk):
                self._let_out(chunk)

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

    def _keep(self, seam: int | None) -> Kept | None:
        """What to keep with the gate shut; what is kept from this seam on already stays."""
        if seam is None or (self._kept is not None and self._kept.seam == seam):
            return self._kept if seam is not None else None
        return Kept(seam, self._rate)

    def _is_behind_seam(self, chunk: Chunk) -> bool:
        seam = self._seam
        return self._on and seam is not None and chunk.tick is not None and chunk.tick >= seam

    def _let_out(self, chunk: Chunk) -> None:
        for sink in self._live.values():
            sink.offer(chunk)

    def _has_begun(self, chunk: Chunk) -> bool:
        since = self._since
        if not self._begun and since is not None and chunk.tick is not None:
            self._begun = chunk.tick >= since
        return self._begun

    def _lapse(self, now: int) -> None:
        if self._on and self._until is not None and now >= self._until:
            self._turn(on=False)

    def _turn(self, *, on: bool, flush: bool = False) -> None:
        if self._on and not on:
            self._shut_at = datetime.now(UTC)
        if not on:
            self._begun, self._since = False, None
        elif self._ended is not None:  # it goes on, though a seam was agreed on
            self._since, self._ended = self._ended if self._begun else None, None
        self._on = on
        self._converge(flush=flush or on)
        if on and self._kept is not None:
            self._let_out_kept(self._kept)

    def _let_out_kept(self, kept: Kept) -> None:
        """Begin with what was kept; where it became too much, as if there were none."""
        self._kept = None
        if self._since is not None or kept.is_over:
            return
        self._since = kept.seam if kept.first is None else kept.first
        for chunk in kept.take():
            self._begun = True
            self._let_out(chunk)

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

    def _converge(self, *, flush: bool) -> None:
        wanted = self._to_be_live() if self._on else ()
        for output in [output for output in self._live if output not in wanted]:
            sink = self._live.pop(output)
            sink.close(flush=flush)
            self._leaving.append(sink)
        self._leaving = [sink for sink in self._leaving if not sink.is_over]
        self._bad = {output: bad for output, bad in self._bad.items() if output in wanted}
        for output in wanted:
            if output not in self._live and output not in self._bad:
                self._open(output)

    def _to_be_live(self) -> tuple[OutputSpec, ...]:
        """With a seam to come those that go on to it, if there are any."""
        going_on = tuple(output for output in self._wanted if output.type not in _CONNECTED)
        return going_on if self._seam is not None and going_on else self._wanted

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
                return _Relayed(output, self._want_key)
            case "udp":
                return Sink(output.name, lambda: UdpWriter(output))
            case "hls":
                folder = local_path(output.url)
                return Sink(output.name, lambda: HlsWriter(folder, self._rate, self._segment))
            case _:
                return Sink(output.name, lambda: FileWriter(output.url))
