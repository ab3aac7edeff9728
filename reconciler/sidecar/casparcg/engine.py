"""The engine port over a CasparCG server: started, judged, steered and replaced.

One thread starts the server, or takes over what an earlier life of this folder left playing; it
calls it, steers its layer with each reading, keeps its outputs, ends it when it hangs or dies, and
begins anew. A guard process keeps the gate too. What to show is not decided here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from reconciler.errors import UsageError
from reconciler.sidecar.casparcg.airing import ended
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.helm import Helm, Known
from reconciler.sidecar.casparcg.life import Life
from reconciler.sidecar.casparcg.lookout import Lookout
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.server import Server
from reconciler.sidecar.casparcg.shelf import Shelf
from reconciler.sidecar.casparcg.slate import slate_for
from reconciler.sidecar.casparcg.ticks import BEHIND, TickGrid, WallClock
from reconciler.sidecar.casparcg.warden import Warden, Watch
from reconciler.sidecar.disk import unusable
from reconciler.sidecar.engine_port import (
    Capabilities,
    Cue,
    EngineSeen,
    Evidence,
    WantedOutput,
)
from reconciler.sidecar.kept_engine import KeptEngine
from reconciler.sidecar.spec import SidecarSpec
from reconciler.sidecar.telling import Gate

log = logging.getLogger(__name__)

FIRST_WORD_AFTER = 15.0  # seconds; a port in use alone costs the engine five to notice
CALLED_WITHIN = 3.0  # seconds in which a lost connection must be made again
GRACE = 30.0  # seconds that an engine plays on without a sidecar; one starts in two, busy in ten
WORD_WITHIN = 5.0  # seconds that a found engine is let be until it is known what is wanted of it
TURN = 0.1  # seconds between looks at gate and process when there is no read-back

CAPABILITIES = Capabilities(
    outputs=frozenset({"decklink", "ndi", "srt", "rtmp", "udp", "file", "hls"}),
    layers=1,
    exact_as_run=False,  # its first and last frames are read back, not told
    live_inputs=True,
    lead=Fraction(0),  # what is ordered now shows two ticks on; a lead would only come on top
)


class CasparEngine(KeptEngine):
    """One CasparCG server, kept alive."""

    def __init__(self, spec: SidecarSpec, outputs: Sequence[WantedOutput]) -> None:
        super().__init__(outputs)
        self._spec = spec
        self._known: Known | None = None
        self._life: Life | None = None
        self._server = Server(spec)
        self._sending = Sending()
        self._warden = Warden(spec.folder)
        self._adopts = self._adopting = self._server.adopt()
        self._gate_told = False
        self._sends_since: int | None = None
        self._wall = WallClock(spec.format.rate, wall=time.time_ns(), mono=time.monotonic_ns())
        self._steered_at = 0.0
        self._helm = Helm(
            spec.format, Shelf(self._server.media), slate_for(spec, self._server.folder)
        )
        self._beneath: tuple[Cue, ...] = ()
        self._outputs_made: tuple[WantedOutput, ...] | None = None
        self._lookout = Lookout(spec.format.rate, self._learn)
        self._keeper.start()

    # ── the port ─────────────────────────────────────────────────────────────────────────────────

    @property
    def capabilities(self) -> Capabilities:
        """What CasparCG can do."""
        return CAPABILITIES

    @property
    def adopts(self) -> bool:
        """Whether a server was found playing when this was made."""
        return self._adopts

    def show(self, cues: Sequence[Cue]) -> int:
        """Replace the timeline."""
        with self._lock:
            serial = self._wanted.serial + 1
            self._wanted = replace(self._wanted, cues=tuple(cues), serial=serial)
            life = self._life
            self._lock.notify_all()
        if life is not None:
            life.wake()
        return serial

    def lie_beneath(self, cues: Sequence[Cue]) -> None:
        """Replace what is kept running out of sight."""
        with self._lock:
            self._beneath = tuple(cues)

    def set_outputs(self, outputs: Sequence[WantedOutput]) -> None:
        """Replace the wanted outputs."""
        with self._lock:
            self._wanted = replace(self._wanted, outputs=tuple(outputs))

    def send(self, *, on: bool, until: float | None = None, seam: int | None = None) -> None:
        """Open or shut the gate; the guard shuts it at `until`, should we not. Keeps no `seam`."""
        del seam
        with self._lock:
            self._wanted = replace(self._wanted, gate=Gate(on=on, until=until if on else None))
            self._gate_told = True
            life = self._life
            self._lock.notify_all()
        if life is not None:
            life.wake()

    def close(self) -> None:
        """End the server tidily, or kill it."""
        with self._lock:
            self._closing = True
            life = self._life
        if life is not None:
            life.wake()
        super().close()
        self._warden.close()
        self._lookout.close()

    # ── the keeper ───────────────────────────────────────────────────────────────────────────────

    def _live_once(self) -> str:
        """Run one server to its end; returns why it ended."""
        why = self._take_over() if self._adopting else self._start()
        if why:
            self._adopting = False
            return why
        address = ("127.0.0.1", self._server.port)
        life = Life(address, self._server.phrase, self._helm, self._sending, self._wall)
        life.grid = TickGrid(self._server.base)
        with self._lock:
            self._life = life
        why = "quit"
        try:
            why = self._reign(life)
        finally:
            with self._lock:
                self._life = None
            self._adopting = False
            if self._closing:
                self._say_last_words(life)
            life.close()
            self._server.end(tidily=self._closing)
        return why

    def _start(self) -> str:
        """Begin with a server of our own; returns why that could not be."""
        self._take_outputs()
        self._keep_gate(starting=True)
        running = tuple(each for each in self._sending.due() if each.in_config)
        try:
            self._server.start(running)
        except (OSError, UsageError) as error:
            return f"cannot be started: {error}"
        self._sending.begin(running, time.monotonic())
        self._sends_since = None
        self._helm.begin_anew()
        self._tell_guard(sends=self._sending.open)
        self._server.go()
        return ""

    def _take_over(self) -> str:
        """Get ready for the server that was found, once it is known what is wanted of it."""
        with self._lock:
            self._lock.wait_for(
                lambda: self._closing or (self._gate_told and self._wanted.serial > 0), WORD_WITHIN
            )
        self._take_outputs()
        try:
            self._helm.count_from(Shelf(self._server.media).adopt())
        except OSError as error:
            self._server.end(tidily=False)
            return f"cannot be taken over: {error}"
        self._take_timeline()
        self._keep_gate()
        if not self._sending.open:
            self._server.end(tidily=False)
            return "one was found here, and there is no right to send"
        log.info("an engine is here already: process %s goes on", self._server.pid)
        return ""

    def _reign(self, life: Life) -> str:
        """Call, steer, keep; until it dies, or we are to end."""
        lost_at = time.monotonic()
        patience = CALLED_WITHIN if self._adopting else FIRST_WORD_AFTER
        while not self._closing:
            gone = self._server.ended()
            if gone:
                return gone
            self._take_outputs()
            self._keep_gate()
            if not life.call():
                if time.monotonic() - lost_at > patience:
                    return f"no connection in {patience:g} s"
                with self._lock:
                    self._lock.wait_for(lambda: self._closing, 0.05)
                continue
            lost_at, patience = time.monotonic(), CALLED_WITHIN
            trouble = life.trouble() or life.wrong_mode(self._spec.format)
            if trouble:
                return trouble
            self._turn(life)
        return "quit"

    def _turn(self, life: Life) -> None:
        if self._take_timeline():
            self._publish(life, life.again())
        evidence = life.turn(TURN, lambda known: self._publish(life, known))
        self._keep_gate()  # the guard may have ended the outputs meanwhile
        self._keep_outputs(life)
        self._publish(life, evidence)
        now = time.monotonic()
        if now - self._steered_at > 1:
            self._steered_at = now
            self._wall.steer(wall=time.time_ns(), mono=time.monotonic_ns())

    def _keep_outputs(self, life: Life) -> None:
        if self._adopting:
            if life.seen is None:
                return  # what it sends is not known yet
            seen = life.found if life.found is not None else life.seen
            self._sending.adopt(seen, self._server.noted, time.monotonic())
            self._sends_since = life.tick - self._sending.sent(seen)
            self._adopting = False
        life.keep_outputs()
        self._server.note(self._sending.running(), life.grid.base)

    def _say_last_words(self, life: Life) -> None:
        airing = self._helm.memory.airing
        if airing is not None:
            with self._lock:
                self._evidence.extend(ended(airing, max(airing.tick, life.tick), "quit"))

    # ── what is wanted ───────────────────────────────────────────────────────────────────────────

    def _take_timeline(self) -> bool:
        """Whether there is a new one."""
        with self._lock:
            wanted, known, self._known = self._wanted, self._known, None
            beneath = self._beneath
        if known:
            self._helm.know(known)
        is_new = wanted.serial != self._helm.serial
        if is_new:
            self._helm.show(wanted.cues, wanted.serial)
        if is_new or self._helm.lie_beneath(beneath):
            self._lookout.want(self._helm.files())
        return is_new

    def _take_outputs(self) -> None:
        with self._lock:
            outputs = self._wanted.outputs
        if outputs == self._outputs_made:
            return
        spec = self._spec
        made = consumers_for(outputs, spec.format, bitrate=spec.bitrate)
        preview = consumers_for((), spec.format, preview_folder=self._preview_folder())
        self._sending.want(made.wanted, preview.wanted, made.refused)
        self._outputs_made = outputs

    def _preview_folder(self) -> str | None:
        """Where the preview goes; without a place for it the channel goes on all the same."""
        folder = self._spec.preview_folder
        trouble = unusable(folder) if self._spec.preview else ""
        if trouble:
            log.warning("no preview: %s", trouble)
        return str(folder) if self._spec.preview and not trouble else None

    def _keep_gate(self, *, starting: bool = False) -> None:
        """Open or shut; never open without a guard that will shut it in time."""
        with self._lock:
            gate = self._wanted.gate
        now = time.monotonic()
        is_open = gate.on and (gate.until is None or now < gate.until)
        sends = is_open or self._sending.sends
        if not starting and not self._tell_guard(sends=sends) and is_open:
            log.error("no guard can be started: nothing is sent without one")
            is_open = False
        self._sending.open = is_open
        if not is_open:
            self._sends_since = None

    def _tell_guard(self, *, sends: bool) -> bool:
        """What does not send need not be ended: an engine begun after the lease is let live."""
        with self._lock:
            gate = self._wanted.gate
        return self._warden.tell(
            Watch(
                pid=self._server.pid,
                started=self._server.started,
                port=self._server.port,
                phrase=self._server.phrase,
                ports=self._sending.ports(),
                until=gate.until if sends else None,
                grace=GRACE,
                folder=str(self._spec.folder),
                again=self._spec.again,
            )
        )

    def _learn(self, known: Known) -> None:
        with self._lock:
            self._known = known

    # ── what is told ─────────────────────────────────────────────────────────────────────────────

    def _publish(self, life: Life, evidence: tuple[Evidence, ...]) -> None:
        if life.read_at is None or life.seen is None:
            return
        now, rate = time.monotonic(), self._spec.format.rate
        seen = EngineSeen(
            engine="running",
            read_at=life.read_at - BEHIND / float(rate),
            tick=life.tick,
            serial=self._helm.serial,
            sending=self._sending.open,
            sending_since=self._sends_since,
            on_air=self._helm.on_air(),
            cued=self._helm.cued(),
            outputs=self._sending.states(now),
            late=self._helm.memory.late,
            level_db=life.seen.level_db[:2],
            preset="casparcg",
            offset_ms=self._helm.offset_ms,
            restarts=self._seen.restarts,
            error="; ".join(filter(None, (life.slowness(rate), self._lookout.trouble))),
        )
        with self._lock:
            self._woken = self._woken or seen.sending != self._seen.sending
            self._seen = seen
            self._evidence.extend(evidence)
            self._lock.notify_all()
