"""The engine port over a CasparCG server: started, judged, steered and replaced.

One thread does it all: it starts the server, calls it, steers its layer with each reading, keeps
its outputs, and ends it when it hangs or dies; then it begins anew, from the time line. The gate is
kept twice: here, and by a guard process should this one be frozen. What to show is not decided
here.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.sidecar.casparcg.airing import ended
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.helm import Helm, Known
from reconciler.sidecar.casparcg.life import Life
from reconciler.sidecar.casparcg.lookout import Lookout
from reconciler.sidecar.casparcg.modes import mode_of
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.server import Server, put_aside
from reconciler.sidecar.casparcg.shelf import Shelf
from reconciler.sidecar.casparcg.slate import write_slate
from reconciler.sidecar.casparcg.ticks import BEHIND, WallClock
from reconciler.sidecar.casparcg.warden import Warden, Watch
from reconciler.sidecar.disk import unusable
from reconciler.sidecar.engine_port import (
    Capabilities,
    Cue,
    EngineLost,
    EngineSeen,
    Evidence,
    WantedOutput,
)
from reconciler.sidecar.spec import SidecarSpec
from reconciler.sidecar.telling import Gate, Wanted

log = logging.getLogger(__name__)

FIRST_WORD_AFTER = 15.0  # seconds; a port in use alone costs the engine five to notice
CALLED_WITHIN = 3.0  # seconds in which a lost connection must be made again
WELL_AFTER = 30.0  # seconds of good running after which an early death counts as the first again
BACK_OFF = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)  # seconds before the next start, by deaths in a row
TURN = 0.1  # seconds between looks at gate and process when there is no read-back
SLOW = 0.95  # of the frame rate, below which the channel is said to be slow
EVIDENCE_LIMIT = 10_000

CAPABILITIES = Capabilities(
    outputs=frozenset({"decklink", "ndi", "srt", "rtmp", "udp", "file", "hls"}),
    layers=1,
    exact_as_run=False,  # its first and last frames are read back, not told
    live_inputs=True,
)


class CasparEngine:
    """One CasparCG server, kept alive. All methods may be called from any thread."""

    def __init__(self, spec: SidecarSpec, outputs: Sequence[WantedOutput]) -> None:
        self._spec = spec
        self._lock = threading.Condition()
        self._seen = EngineSeen()
        self._evidence: deque[Evidence] = deque(maxlen=EVIDENCE_LIMIT)
        self._woken = False
        self._closing = False
        self._wanted = Wanted(outputs=tuple(outputs))
        self._known: Known | None = None
        self._life: Life | None = None
        self._phrase = secrets.token_hex(16)
        self._server = Server(spec, self._phrase)
        self._sending = Sending()
        self._warden = Warden()
        self._wall = WallClock(spec.format.rate, wall=time.time_ns(), mono=time.monotonic_ns())
        self._steered_at = 0.0
        self._helm = Helm(spec.format, Shelf(self._server.media), self._slate())
        self._outputs_made: tuple[WantedOutput, ...] | None = None
        self._lookout = Lookout(spec.format.rate, self._learn)
        self._keeper = threading.Thread(target=self._keep, name="engine-keeper")
        self._keeper.start()

    # ── the port ─────────────────────────────────────────────────────────────────────────────────

    @property
    def capabilities(self) -> Capabilities:
        """What CasparCG can do."""
        return CAPABILITIES

    def show(self, cues: Sequence[Cue]) -> int:
        """Replace the timeline."""
        with self._lock:
            serial = self._wanted.serial + 1
            self._wanted = replace(self._wanted, cues=tuple(cues), serial=serial)
            life = self._life
        if life is not None:
            life.wake()
        return serial

    def set_outputs(self, outputs: Sequence[WantedOutput]) -> None:
        """Replace the wanted outputs."""
        with self._lock:
            self._wanted = replace(self._wanted, outputs=tuple(outputs))

    def send(self, *, on: bool, until: float | None = None) -> None:
        """Open or shut the gate; the guard shuts it at `until`, should we not."""
        with self._lock:
            self._wanted = replace(self._wanted, gate=Gate(on=on, until=until if on else None))
            life = self._life
        if life is not None:
            life.wake()

    def read(self) -> EngineSeen:
        """What was read back last."""
        with self._lock:
            return self._seen

    def await_seen(self, wanted: Callable[[EngineSeen], bool], timeout: float) -> EngineSeen:
        """Wait until a reading is as `wanted`, at most `timeout` seconds; returns the last one."""
        with self._lock:
            self._lock.wait_for(lambda: self._closing or wanted(self._seen), timeout)
            return self._seen

    def wait(self, timeout: float) -> tuple[Evidence, ...]:
        """Evidence in the order it came."""
        with self._lock:
            self._lock.wait_for(lambda: self._evidence or self._woken or self._closing, timeout)
            self._woken = False
            found = tuple(self._evidence)
            self._evidence.clear()
            return found

    def wake(self) -> None:
        """Let a `wait` return now."""
        with self._lock:
            self._woken = True
            self._lock.notify_all()

    def close(self) -> None:
        """End the server tidily, or kill it."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
            life = self._life
        if life is not None:
            life.wake()
        self._keeper.join()
        self._lookout.close()

    # ── the keeper ───────────────────────────────────────────────────────────────────────────────

    def _keep(self) -> None:
        deaths = 0
        try:
            while not self._closing:
                started = time.monotonic()
                why = self._live_surely()
                if self._closing:
                    return
                ran = time.monotonic() - started
                deaths = 1 if ran > WELL_AFTER else deaths + 1
                self._mourn(why)
                pause = BACK_OFF[min(deaths, len(BACK_OFF)) - 1]
                with self._lock:
                    self._lock.wait_for(lambda: self._closing, pause)
        finally:
            self._warden.close()

    def _live_surely(self) -> str:
        """Run one server to its end; a bug or a failing disk ends that life, never the keeping."""
        try:
            return self._live_once()
        except Exception as error:
            log.exception("a life of the engine ended")
            return f"ended by {type(error).__name__}: {error}"

    def _live_once(self) -> str:
        """Run one server to its end; returns why it ended."""
        self._take_outputs()
        self._keep_gate(starting=True)
        running = tuple(each for each in self._sending.due() if each.in_config)
        try:
            self._make_room(running)
            self._server.start(running)
        except (OSError, UsageError) as error:
            return f"cannot be started: {error}"
        self._sending.begin(running, time.monotonic())
        self._helm.begin_anew()
        self._tell_guard(sends=self._sending.open)
        address = ("127.0.0.1", self._server.port)
        life = Life(address, self._phrase, self._helm, self._sending, self._wall)
        with self._lock:
            self._life = life
        why = "quit"
        try:
            why = self._reign(life)
        finally:
            with self._lock:
                self._life = None
            if self._closing:
                self._say_last_words(life)
            life.close()
            self._server.end(tidily=self._closing)
        return why

    def _make_room(self, running: Sequence[object]) -> None:
        Shelf(self._server.media).clear()
        for each in running:
            put_aside(str(getattr(each, "overwrites", "")))

    def _reign(self, life: Life) -> str:
        """Call, steer, keep; until it dies, or we are to end."""
        lost_at, patience = time.monotonic(), FIRST_WORD_AFTER
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
            trouble = life.trouble() or self._wrong_mode(life)
            if trouble:
                return trouble
            self._turn(life)
        return "quit"

    def _turn(self, life: Life) -> None:
        evidence = life.again() if self._take_timeline() else ()
        evidence += life.turn(TURN)
        self._keep_gate()  # the guard may have ended the outputs meanwhile
        life.keep_outputs()
        self._publish(life, evidence)
        now = time.monotonic()
        if now - self._steered_at > 1:
            self._steered_at = now
            self._wall.steer(wall=time.time_ns(), mono=time.monotonic_ns())

    def _wrong_mode(self, life: Life) -> str:
        expected = mode_of(self._spec.format).name
        if life.mode.casefold() in {"", expected.casefold()}:
            return ""
        return f"it runs {life.mode}, expected {expected}"

    def _mourn(self, why: str) -> None:
        log.warning("engine lost: %s", why)
        with self._lock:
            before = self._seen
            self._evidence.append(EngineLost(tick=before.tick, why=why, sending=before.sending))
            self._seen = replace(
                before,
                engine="restarting",
                on_air=None,
                sending=False,
                cued={},
                outputs=tuple(
                    replace(each, state="down", error="the engine restarts")
                    for each in before.outputs
                ),
                restarts=before.restarts + 1,
                error=why,
            )
            self._lock.notify_all()

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
        if known is not None:
            self._helm.know(known)
        if wanted.serial == self._helm.serial:
            return False
        self._helm.show(wanted.cues, wanted.serial)
        self._lookout.want(self._helm.files())
        return True

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
        if is_open and not starting and not self._tell_guard(sends=True):
            log.error("no guard can be started: nothing is sent without one")
            is_open = False
        self._sending.open = is_open

    def _tell_guard(self, *, sends: bool) -> bool:
        """What does not send need not be ended: an engine begun after the lease is let live."""
        with self._lock:
            gate = self._wanted.gate
        return self._warden.tell(
            Watch(
                pid=self._server.pid,
                started=self._server.started,
                port=self._server.port,
                phrase=self._phrase,
                ports=self._sending.ports(),
                until=gate.until if sends else None,
            )
        )

    def _learn(self, known: Known) -> None:
        with self._lock:
            self._known = known

    def _slate(self) -> Path:
        """The picture that holds the time: the lineup's where it is staged, else one of ours."""
        spec = self._spec
        staged = spec.media_root / spec.slate if spec.slate else None
        if staged is not None and staged.is_file():
            return staged
        self._server.folder.mkdir(parents=True, exist_ok=True)
        return write_slate(self._server.folder, spec.format)

    # ── what is told ─────────────────────────────────────────────────────────────────────────────

    def _publish(self, life: Life, evidence: tuple[Evidence, ...]) -> None:
        if life.read_at is None or life.seen is None:
            return
        now = time.monotonic()
        seen = EngineSeen(
            engine="running",
            read_at=life.read_at - BEHIND / float(self._spec.format.rate),
            tick=life.tick,
            serial=self._helm.serial,
            sending=self._sending.open,
            on_air=self._helm.on_air(),
            cued=self._helm.cued(),
            outputs=self._sending.states(now),
            late=self._helm.memory.late,
            level_db=life.seen.level_db[:2],
            preset="casparcg",
            restarts=self._seen.restarts,
            error=self._slowness(life),
        )
        with self._lock:
            self._woken = self._woken or seen.sending != self._seen.sending
            self._seen = seen
            self._evidence.extend(evidence)
            self._lock.notify_all()

    def _slowness(self, life: Life) -> str:
        """A channel whose machine cannot keep up reports nothing but fewer ticks."""
        rate, found = float(self._spec.format.rate), life.ticks_per_second()
        if found is None or found >= SLOW * rate:
            return ""
        return f"the channel is slow: {found:.1f} of {rate:.1f} frames in a second"
