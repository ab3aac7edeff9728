"""Keep converging: wake on a commit, on a sidecar, or at the latest after the interval.

Events only wake the loop; every pass starts from a snapshot. The last good lineup stays in force
while a newer one does not validate. Only the leader acts; the others keep looking for the lead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.errors import AdapterError, PlanRefused
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave
from reconciler.plan.safety import without_interruptions
from reconciler.shell.backoff import Backoff
from reconciler.shell.converge import Judgement, Pass, Reconciler
from reconciler.shell.inforce import InForce
from reconciler.shell.patience import changes_in
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_INTERVAL = 10.0  # seconds; the longest that drift made by hand can go unseen
_SETTLING = 0.25  # seconds between passes while something is on its way (a sidecar starting, say)
_STANDBY = 0.25  # seconds between looks for the lead: one statement each
_AGAIN = 1.0  # seconds until what misbehaved outside is asked again


@dataclass(slots=True)
class Wake:
    """A bell that anyone may ring; ringing it twice is ringing it once."""

    _bell: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        """Ask for a pass now."""
        self._bell.set()

    def wait(self, timeout: float) -> bool:
        """Wait for the bell, at most `timeout` seconds; whether it rang."""
        rang = self._bell.wait(timeout)
        self._bell.clear()
        return rang

    def is_rung(self) -> bool:
        """Whether a pass is asked for already."""
        return self._bell.is_set()


class Loop:
    """Pass after pass until told to stop.

    `publish` is handed every pass that was performed, with what is wrong with the newest lineup;
    `follow` every snapshot, leading or standing by.
    """

    def __init__(
        self,
        world: World,
        reconciler: Reconciler,
        wake: Wake,
        *,
        publish: Callable[[Judgement, str], None],
        follow: Callable[[Desired, Snapshot], None],
    ) -> None:
        self._world = world
        self._reconciler = reconciler
        self._wake = wake
        self._publish = publish
        self._follow = follow
        self._backoff: Backoff[ChannelName] = Backoff(world.jitter)
        self._lineup = InForce(world.lineup)
        self._looked_at = float("-inf")
        self._term = 0  # the last in which we led
        self._told: object = None
        self._held: frozenset[object] = frozenset()

    def run(self, stop: threading.Event) -> None:
        """Run until `stop` is set; raises only for a bug."""
        while not stop.is_set():
            self._wake.wait(self.turn())
        self._world.leadership.resign()

    def turn(self) -> float:
        """Do one pass if we lead; returns the longest time to wait for the next, in seconds.

        Leases are followed before anything is planned: a plan that cannot be made must not make a
        channel fall silent.
        """
        try:
            term = self._world.leadership.try_lead()
            if term is None:
                self._tell("standing by: another reconciler leads")
                self._stand_by()
                return _STANDBY
            return self._pass(term)
        except PlanRefused as refusal:
            self._tell(str(refusal), level=logging.ERROR)
        except AdapterError as error:
            self._tell(f"{error}; the next pass will try again", level=logging.WARNING)
            return _AGAIN
        except Exception:
            # A bug ends its pass, not the program: leases must go on being kept.
            log.exception("a bug ended this pass; what is on air goes on")
        return _INTERVAL

    def _stand_by(self) -> None:
        """Look now and then: leases are kept by every living reconciler, leading or not."""
        now = self._world.clock.monotonic()
        desired = self._lineup.read() if now - self._looked_at >= _INTERVAL else None
        if desired is not None:
            self._looked_at = now
            self._follow(desired, self._reconciler.look(desired))

    def _pass(self, term: int) -> float:
        desired = self._lineup.read()
        if desired is None:
            self._tell(f"no lineup is in force: {self._lineup.error}", level=logging.ERROR)
            return _INTERVAL
        if term != self._term:
            self._finish(desired, term)
        seen = self._reconciler.look(desired)
        self._follow(desired, seen)
        whole = self._reconciler.judge(desired, Leave(), seen)
        judgement = replace(whole, plan=without_interruptions(whole.plan))
        waiting = self._backoff.waiting(self._world.clock.monotonic())
        done = self._reconciler.converge(
            judgement,
            may_act=self._world.leadership.is_leading,
            not_now=waiting,
            hurry=self._wake.is_rung,
        )
        self._settle(done, waiting)
        self._tell_pass(done, whole.plan.refused)
        self._publish(judgement, self._lineup.error)
        return self._next(done)

    def _finish(self, desired: Desired, term: int) -> None:
        """What was left in the middle by whoever led before; again where nobody could be asked."""
        before, self._term = self._term, term
        try:
            self._reconciler.finish(desired, self._world.leadership.is_leading)
        except AdapterError:
            self._term = before
            raise

    def _settle(self, done: Pass, waiting: frozenset[ChannelName]) -> None:
        now = self._world.clock.monotonic()
        for name in done.failed_channels:
            self._backoff.failed(name, now)
        self._backoff.keep(done.failed_channels | waiting)

    def _tell_pass(self, done: Pass, refused: str) -> None:
        """One line for a pass that is not like the last, and one for every hold that is new."""
        plan = done.judgement.plan
        text = (
            f"lineup={plan.label!r} actions={len(plan.actions)} holds={len(plan.holds)} "
            f"failed={len(done.failed)}"
        )
        self._tell(
            f"{text} held={refused!r}" if refused else text,
            level=logging.ERROR if refused else logging.INFO,
            mind=(plan.commit, plan.digest, self._lineup.error, refused),
        )
        held = {(hold.channel, hold.what, hold.because): hold for hold in plan.holds}
        for key in (key for key in held if key not in self._held):
            hold = held[key]
            until = f" until={hold.until:%FT%TZ}" if hold.until is not None else ""
            log.info(
                "hold channel=%s what=%r because=%r%s", hold.channel, hold.what, hold.because, until
            )
        self._held = frozenset(held)

    def _next(self, done: Pass) -> float:
        if done.is_under_way:
            return _SETTLING
        judgement = done.judgement
        wait = min(
            _INTERVAL,
            self._backoff.soonest(self._world.clock.monotonic()),
            changes_in(judgement.plan, judgement.desired, judgement.seen),
        )
        return max(wait, _SETTLING)

    def _tell(self, text: str, *, level: int = logging.INFO, mind: object = None) -> None:
        """Log once per change of mind, not once per pass."""
        mind = text if mind is None else mind
        if mind != self._told:
            self._told = mind
            log.log(level, "%s", text)
