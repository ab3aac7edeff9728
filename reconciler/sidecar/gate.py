"""The right to send, and what becomes of the engine's gate by it: lease, hush, seam.

One sidecar falls silent for another here, and the other takes over. What either is told it has on
disk before it says so, where that must outlive it.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from reconciler.errors import Rejected
from reconciler.sidecar import hush as hushes
from reconciler.sidecar.engine_port import EnginePort, EngineSeen
from reconciler.sidecar.hush import Hush
from reconciler.sidecar.lease import Lease, told
from reconciler.sidecar.memory import Memory

log = logging.getLogger(__name__)

NOTICE = 2  # frames that an engine needs to know of a seam before it comes


class SendingGate:
    """The gate of one channel. Its owner calls it under its lock."""

    def __init__(self, engine: EnginePort, memory: Memory, epoch: int) -> None:
        self._engine = engine
        self._memory = memory
        self.lease: Lease = replace(memory.lease(epoch), taken_at=time.monotonic())
        number = memory.sealed()
        self.hush: Hush | None = Hush(number=number) if number else None
        self._join: int | None = None

    def keep(self) -> int | None:
        """Open or shut the gate; it shuts by itself when the lease ends, should we be frozen.

        Returns the number by which the engine tells that it did.
        """
        now = time.monotonic()
        if self.hush is not None and not self.hush.holds(now):
            log.warning("hush %d was not sealed in time: sending again", self.hush.number)
            self.hush = None
        hush, until = self.hush, self.lease.until
        if not self.lease.may_send(now):
            return self._engine.send(on=False, seam=self._join)
        if hush is not None:
            on = hush.seam is not None
            return self._engine.send(on=on, until=until, seam=hush.seam)
        self._join = None
        return self._engine.send(on=True, until=until)

    def ends_at(self) -> float | None:
        """When the gate must be looked at again (monotonic seconds); None: no time is set."""
        hush = self.hush.ends_at if self.hush is not None else None
        return min((at for at in (self.lease.until, hush) if at is not None), default=None)

    def hear(self, epoch: int, ttl: float | None, asked_at: float, *, lift: int = 0) -> bool:
        """Take word of an epoch; `lift` ends the hush of that number.

        Tells whether we go by this grant and no longer by one before, through our own death too.
        Raises `Rejected` for an older epoch, or a hush that is not the one in force.
        """
        refusal = self.lease.refuses(epoch)
        if refusal:
            raise Rejected(refusal)
        before = _lasting(self.lease), self.sealed
        counts = self.lease.is_followed_by(asked_at)
        if lift and epoch == self.lease.own:
            self._lift(lift)
        fenced = self.lease.is_fenced
        self.lease = told(self.lease, epoch, ttl=ttl, asked_at=asked_at, now=time.monotonic())
        if self.lease.is_fenced and not fenced:
            log.warning("epoch %d took over: silent for ever", epoch)
        self.keep()
        if before != (_lasting(self.lease), self.sealed):
            self._memory.keep_lease(self.lease, sealed=self.sealed)
        kept = self.lease.until is None or self._memory.keep_deadline(self.lease)
        return counts and kept and not self._memory.trouble

    def join(self, seam: int, now: int) -> None:
        """Keep from frame `seam` on what is shown; it leaves first once we may send."""
        self._refuse_seam(seam, now)
        if self.lease.may_send(time.monotonic()):
            raise Rejected(f"epoch {self.lease.own} may send already; there is nothing to join")
        self._join = seam
        self.keep()

    def begin_hush(self, seam: int, now: int) -> tuple[int, Callable[[EngineSeen], bool]]:
        """Fall silent before frame `seam`; returns the hush's number, and how silence looks."""
        self._refuse_seam(seam, now)
        self._refuse_unkept()
        number = secrets.randbelow(1 << 31) + 1
        self.hush = hushes.begin(self.hush, number, seam=seam, now=time.monotonic())
        if self.hush.is_sealed:
            self._memory.keep_lease(self.lease, sealed=number)
        return number, _silence_after(self.keep())

    def shut(self, number: int) -> Callable[[EngineSeen], bool]:
        """Fall silent at once: before the seam was too much to ask; returns how silence looks."""
        hush = self._hush_of(number)
        self.hush = hushes.fallen_silent(hush, time.monotonic())
        return _silence_after(self.keep())

    def fell_silent(self, number: int) -> None:
        """It was read back: nothing leaves any more."""
        hush = self._hush_of(number)
        self.hush = hushes.fallen_silent(hush, time.monotonic())
        self.keep()

    def drop(self, number: int) -> None:
        """Give a hush up."""
        if self.hush is not None and self.hush.number == number and not self.hush.is_sealed:
            self.hush = None
            self.keep()

    def seal(self, number: int) -> None:
        """Let a hush last; `Rejected` where it has ended, was not silent, or cannot be kept."""
        hush = self._hush_of(number)
        if hush.seam is not None:
            raise Rejected(f"hush {number}: it is not silent yet")
        self._memory.keep_lease(self.lease, sealed=number)
        if self._memory.trouble:
            self._memory.keep_lease(self.lease)
            raise Rejected(f"hush {number}: it cannot be sealed: {self._memory.trouble}")
        self.hush = hushes.sealed(hush)
        self.keep()

    def _hush_of(self, number: int) -> Hush:
        hush = self.hush
        if hush is None or hush.number != number or not hush.holds(time.monotonic()):
            raise Rejected(f"hush {number}: it has ended, or another has taken its place")
        return hush

    def _lift(self, number: int) -> None:
        if self.hush is None:
            return
        if self.hush.number != number:
            raise Rejected(f"hush {number}: {self.hush.number} has taken its place")
        self.hush = None

    @property
    def sealed(self) -> int:
        """The number of the hush that lasts; 0: none."""
        return self.hush.number if self.hush is not None and self.hush.is_sealed else 0

    def _refuse_seam(self, seam: int, now: int) -> None:
        if not self._engine.capabilities.seams:
            raise Rejected("this engine cannot end before a frame, nor begin with one")
        if seam < now + NOTICE:
            raise Rejected(f"seam {seam}: it came too late: frame {now} is on air")

    def _refuse_unkept(self) -> None:
        """What cannot be sealed is not begun: nobody shall be silent for nothing."""
        self._memory.keep_lease(self.lease, sealed=self.sealed)
        if self._memory.trouble:
            raise Rejected(f"a hush could not be sealed: {self._memory.trouble}")


def _silence_after(number: int | None) -> Callable[[EngineSeen], bool]:
    """Read back by an engine that has carried out gate `number`: nothing leaves any more."""

    def is_silent(seen: EngineSeen) -> bool:
        heard = number is not None and seen.gate is not None and seen.gate >= number
        return seen.engine == "running" and heard and not seen.sending and seen.quiet

    return is_silent


def _lasting(lease: Lease) -> tuple[int, bool]:
    return lease.highest, lease.granted and lease.until is None
