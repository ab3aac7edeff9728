"""The loop of one channel: read back, decide, tell the engine, write down.

What to show is the player's decision. One thread turns; HTTP threads call in under the same lock.
Rundown, acts, lease and outputs are on disk before a call returns (or said to be not, while the
disk refuses), so the channel goes on alone, through this program's death too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from fractions import Fraction

from reconciler.errors import Rejected, UsageError
from reconciler.model.rundown import Act, PlayList, Rundown
from reconciler.rundown.agreement import first_disturbed
from reconciler.sidecar import acts as live
from reconciler.sidecar.accountant import Accountant
from reconciler.sidecar.bend import Bender, Bent, bend
from reconciler.sidecar.disk import cut_log, names_in
from reconciler.sidecar.engine_port import Cue, EngineSeen, Evidence, WantedOutput
from reconciler.sidecar.engines import make_engine
from reconciler.sidecar.gate import SendingGate
from reconciler.sidecar.lease import Lease
from reconciler.sidecar.memory import Held, Memory
from reconciler.sidecar.player import Picture, Situation, want
from reconciler.sidecar.position import Position, is_fresh, wall_frame
from reconciler.sidecar.recorder import Recorder
from reconciler.sidecar.rows import act_row
from reconciler.sidecar.setbacks import Setbacks
from reconciler.sidecar.spec import SidecarSpec
from reconciler.sidecar.spool import Spool

log = logging.getLogger(__name__)

TURN = 0.25  # seconds between turns when nothing wakes it
TIDY_EVERY = 1.0  # seconds between looks at the media folder, row updates and the account
TOO_LATE = Fraction(1, 2)  # seconds from now that a newer rundown may not change any more
SILENT_WITHIN = 2.0  # seconds from a seam until what lies before it has left the encoder
SHOWN_WITHIN = 0.4  # seconds that an act waits for its read-back
ACTS_MOST = 2_000  # acts in force; nobody presses that often between two rundowns
LOGS = ("sidecar.log", "engine.log")


class Conductor:
    """One channel's state and its turning thread."""

    def __init__(self, spec: SidecarSpec, spool: Spool, memory: Memory) -> None:
        self.spec = spec
        self.spool = spool
        self._memory = memory
        self._rate = spec.format.rate
        self._clock = spec.format.clock
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self.held: Held | None = memory.rundown()
        self.acts_seq, self.acts = memory.acts()
        kept = memory.outputs()
        self.outputs: tuple[WantedOutput, ...] = spec.outputs if kept is None else kept
        self.present = names_in(spec.media_root)
        self.picture = Picture()
        self.bent = Bent()
        self._bender = Bender()
        self._told: tuple[Cue, ...] | None = None
        self.serial = 0
        self._tidied = 0.0
        self.since = wall_frame(self._clock)
        self.recorder = Recorder(spool, self._rate)
        self.setbacks = Setbacks(self.recorder.meaning)
        self._accountant = Accountant(self.recorder, self._rate, self.since)
        self.engine = make_engine(spec, self.outputs)
        self.gate = SendingGate(self.engine, memory, spec.epoch)
        self._accountant.remember(spool, spec.previous_until, goes_on=self.engine.adopts)
        self._position = Position(self._clock, self._rate, self.engine.read)
        self._thread = threading.Thread(target=self._turn_on, name="conductor")

    def start(self) -> None:
        """Begin to turn, at once: an engine that was found waits for word."""
        self.engine.wake()
        self._thread.start()

    def close(self) -> None:
        """Stop turning, end the engine tidily, and write its last words down."""
        self._ending.set()
        self.engine.wake()
        if self._thread.is_alive():
            self._thread.join()
        self.engine.close()
        for evidence in self.engine.wait(0):
            self.recorder.take(evidence)
        self.effective()  # it may have been ended before its first turn
        self._accountant.account_to(self.now(), self.bent, self.setbacks.failed)
        self.recorder.flush()
        with self._lock:
            self._memory.flush()

    def now(self) -> int:
        """The frame that it is."""
        return self._position.frame()

    # ── turning ──────────────────────────────────────────────────────────────────────────────────

    def _turn_on(self) -> None:
        while not self._ending.is_set():
            evidence = self.engine.wait(self._pause())
            if self._ending.is_set():
                for each in evidence:
                    self.recorder.take(each)
                return
            try:
                self._turn(evidence)
                self.recorder.flush()
            except Exception:
                log.exception("a turn failed; the picture goes on as it was told")
                self._ending.wait(TURN)

    def _turn(self, evidence: tuple[Evidence, ...]) -> None:
        with self._lock:
            for each in evidence:
                self.recorder.take(each)
                self.setbacks.take(each, self.now())
            self.recorder.note_gate(self.engine.read())
            is_time = time.monotonic() - self._tidied >= TIDY_EVERY
            if is_time:
                self._tidied = time.monotonic()
                self._tidy()
            self._direct()
            self._lie_beneath()
            if is_time:
                self._accountant.account(self.bent, self.setbacks.failed, self.now())

    def _pause(self) -> float:
        """How long nothing needs to be done, unless something happens."""
        until = self.gate.ends_at()
        left = until - time.monotonic() if until is not None else TURN
        return min(TURN, left) if left > 0 else TURN

    def _direct(self) -> None:
        """Decide what should be shown, and tell the engine what it does not know yet."""
        self.gate.keep()
        now = self.now()
        self.bent = self._bender.bend(self.rundown, self.acts, now)
        self.picture = want(self.bent.showings, self._situation(now))
        self.setbacks.note(self.picture)
        if self.picture.cues != self._told:
            self.recorder.learn(self.picture.shown)
            self._told = self.picture.cues
            self.serial = self.engine.show(self.picture.cues)

    def _lie_beneath(self) -> None:
        """Tell the engine what runs on beneath a stop; after the stop itself, which is quicker."""
        now = self.now()
        showings = self._bender.beneath(now)
        cues = want(showings, self._situation(now)).cues if showings else ()
        self.engine.lie_beneath(cues)

    def _situation(self, now: int) -> Situation:
        rundown = self.rundown
        return Situation(
            now=now,
            rate=self._rate,
            media_root=self.spec.media_root,
            present=self.present,
            since=self.since,
            failed=self.setbacks.failed,
            filler=rundown.filler if rundown is not None else (),
            slate=rundown.slate if rundown is not None else None,
        )

    @property
    def rundown(self) -> Rundown | None:
        """The rundown as it was given."""
        return self.held.rundown if self.held is not None else None

    # ── each second ──────────────────────────────────────────────────────────────────────────────

    def _tidy(self) -> None:
        self.present = names_in(self.spec.media_root)
        self._memory.flush()
        seen = self.engine.read()
        if is_fresh(seen):
            self.recorder.refresh(seen)
        for name in LOGS:
            cut_log(self.spec.folder / name)

    # ── what others ask ──────────────────────────────────────────────────────────────────────────

    def load_rundown(self, epoch: int, digest: str, rundown: Rundown) -> bool:
        """Take a rundown, on disk before this returns; whether it is another one than before."""
        with self._lock:
            self._refuse_old(epoch)
            if rundown.channel != self.spec.channel or rundown.rate != self._rate:
                raise Rejected(
                    f"expected a rundown of {self.spec.channel} at {self._rate} frames/s,"
                    f" found {rundown.channel} at {rundown.rate}"
                )
            if self.held is not None and self.held.digest == digest:
                return False
            acts = tuple(act for act in self.acts if act.seq > rundown.acts_seq)
            self._refuse_late(rundown, acts)
            held = Held(digest=digest, rundown=rundown)
            self._memory.keep_rundown(held)
            self.held = held
            self.present = names_in(self.spec.media_root)
            self._keep_acts(acts)
            self._direct()
            return True

    @property
    def lease(self) -> Lease:
        """What it knows of its right to send."""
        return self.gate.lease

    def hear_lease(self, epoch: int, ttl: float | None, asked_at: float, *, lift: int = 0) -> bool:
        """Take word of an epoch, and lift a hush; raises `Rejected` for an older one."""
        with self._lock:
            return self.gate.hear(epoch, ttl, asked_at, lift=lift)

    def join(self, seam: int) -> None:
        """Keep from frame `seam` on what is shown, to send it first."""
        with self._lock:
            self.gate.join(seam, self.now())

    def hush(self, seam: int) -> int:
        """Fall silent before frame `seam`, and wait until that was read back; gives its number.

        Raises `Rejected` where it was not: then it sends on.
        """
        with self._lock:
            number, is_silent = self.gate.begin_hush(seam, self.now())
            left = float((seam - self.now()) / self._rate)
        seen = self.engine.await_seen(is_silent, left + SILENT_WITHIN)
        if not is_silent(seen):
            with self._lock:
                is_silent = self.gate.shut(number)
            seen = self.engine.await_seen(is_silent, SHOWN_WITHIN)
        with self._lock:
            if not is_silent(seen):
                self.gate.drop(number)
                raise Rejected(f"hush {number}: it was not read back as silent; it sends on")
            self.gate.fell_silent(number)
        return number

    def seal(self, number: int) -> None:
        """Let a hush last."""
        with self._lock:
            self.gate.seal(number)

    def set_outputs(self, outputs: tuple[WantedOutput, ...]) -> None:
        """Replace the wanted outputs; raises `Rejected` for what the engine cannot do."""
        able = self.engine.capabilities.outputs
        for output in outputs:
            if output.type not in able:
                raise Rejected(
                    f"output {output.name}: this engine sends {', '.join(sorted(able))};"
                    f" found {output.type!r}"
                )
        with self._lock:
            self._memory.keep_outputs(outputs)
            self.outputs = outputs
            self.engine.set_outputs(outputs)

    @property
    def unkept(self) -> str:
        """What the disk refuses to keep, and why; empty when all is kept."""
        return self._memory.trouble

    def effective(self) -> Bent:
        """The rundown as the live acts have bent it by now."""
        with self._lock:
            self.bent = self._bender.bend(self.rundown, self.acts, self.now())
            return self.bent

    def note_act(self, name: str, act: Act | None, seen: EngineSeen | None) -> None:
        """Write an act down, with the reading that showed it; None: there was none in time."""
        if act is None:
            return
        with self._lock:
            showing = self.bent.at(act.at)
            row = act_row(name, act, showing, clock=self._clock, seen=seen)
            self.recorder.add((row,))
        self.engine.wake()

    def act(self, name: str) -> Act | None:
        """Perform a live act from the next frame on; None if it changes nothing."""
        with self._lock:
            return self._perform(live.act_for(name, self._judged_on()))

    def play_list(self, body: Mapping[str, object], lengths: dict[str, int | None]) -> Act | None:
        """Play the older list from the next frame on; `lengths` are of the files that are there."""
        with self._lock:
            loop, items = live.read_list(body)
            now = self._judged_on()
            usable = tuple(item for item in items if item.media_path in lengths)
            if not usable:
                raise UsageError("items: none of them is in the media folder")
            events = live.list_events(usable, lengths, self._rate, now.seq)
            return self._perform(PlayList(seq=now.seq, at=now.at, events=events, loop=loop))

    def _judged_on(self) -> live.Now:
        position = self._position.exact()
        at = -int(-(position + self.engine.capabilities.lead * self._rate) // 1)
        self.bent = self._bender.bend(self.rundown, self.acts, int(position))
        showing = self.bent.at(at)
        return live.Now(
            seq=max(self.acts_seq, self.rundown.acts_seq if self.rundown else 0) + 1,
            at=at,
            event=showing.event.id if showing is not None else None,
            transport=self.bent.transport,
        )

    def _perform(self, act: Act | None) -> Act | None:
        if act is None:
            return None
        if self.rundown is None:
            raise Rejected("no rundown is loaded yet; there is nothing to act on")
        if len(self.acts) >= ACTS_MOST:
            raise Rejected(f"{ACTS_MOST} acts wait for a rundown that contains them")
        self.acts_seq = act.seq
        self.acts = (*self.acts, act)
        self.recorder.cut(act.at, live.why_cut(act))
        self._direct()
        self._memory.keep_acts(self.acts_seq, self.acts)
        return act

    def _refuse_late(self, rundown: Rundown, acts: tuple[Act, ...]) -> None:
        """Raise `Rejected` for a rundown that would change what is on air, or about to be."""
        now = self.now()
        before = self._bender.bend(self.rundown, self.acts, now).rundown
        after = bend(rundown, acts, now).rundown
        if before is None or after is None:
            return
        frames = (now, now + round(TOO_LATE * self._rate))
        lost = first_disturbed(before.events, after.events, frames)
        if lost is not None:
            raise Rejected(
                f"it came too late: it would change what is on air at "
                f"{self._clock.instant(lost):%H:%M:%S} UTC; compile it again from what is held now"
            )

    def _keep_acts(self, acts: tuple[Act, ...]) -> None:
        if acts != self.acts:
            self.acts = acts
            self._memory.keep_acts(self.acts_seq, acts)

    def _refuse_old(self, epoch: int) -> None:
        if epoch < self.spec.epoch:
            raise Rejected(f"epoch {epoch} is older than this sidecar's {self.spec.epoch}")
