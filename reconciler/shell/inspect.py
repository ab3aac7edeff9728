"""Look into staged files beside the passes, one at a time on a node, and keep what is found.

What airs next first. By content, so once whatever the nodes, the channels and the house numbers.
What is wrong is in the next plan, with the time at which it will be heard or seen and what airs
instead.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.errors import AdapterError
from reconciler.model.copies import mov_name
from reconciler.model.desired import Desired
from reconciler.model.findings import Findings
from reconciler.model.ids import NodeName
from reconciler.plan.unseen import Unseen, due_times, unseen
from reconciler.ports import Progress
from reconciler.shell.converge import Judgement
from reconciler.shell.copying import forget_findings
from reconciler.shell.loop import Wake
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_PAUSE = 0.5  # seconds between two files of a node; what airs has the machine first
_AT_ONCE = 8  # nodes that are asked side by side
_ANEW = timedelta(seconds=10)  # after which the order is made anew while there is one
_SETTLES = timedelta(seconds=30)  # by then a snapshot knows what was found
_RESTS = timedelta(minutes=10)  # a file that could not be looked into


class Inspector:
    """A thread that works through what nobody has looked into yet."""

    def __init__(self, world: World, wake: Wake, stop: threading.Event) -> None:
        self._world = world
        self._wake = wake
        self._stop = stop
        self._changed = threading.Condition()
        self._latest: Judgement | None = None
        self._queue: tuple[Unseen, ...] = ()
        self._made_of: Judgement | None = None
        self._made_at = datetime.min.replace(tzinfo=world.clock.now().tzinfo)
        self._rests: dict[str, datetime] = {}
        self._busy: set[NodeName] = set()

    def follow(self, judgement: Judgement) -> None:
        """Learn from a pass which files the lineup plays, when, and which were looked into."""
        with self._changed:
            self._latest = judgement
            self._changed.notify_all()

    def run(self) -> None:
        """Work until `stop` is set."""
        while not self._stop.is_set():
            with self._changed:
                taken = self._take()
                if taken is None:
                    self._changed.wait(_PAUSE)
            if taken is not None:
                threading.Thread(target=self._work, args=taken, name="inspect", daemon=True).start()

    def todo(self) -> tuple[Unseen, ...]:
        """What is to be looked into, in order, but for what rests."""
        now = self._world.clock.now()
        if self._latest is not self._made_of and (not self._queue or now - self._made_at > _ANEW):
            self._made_of, self._made_at = self._latest, now
            self._queue = _queue(self._latest) if self._latest is not None else ()
        self._rests = {stored: until for stored, until in self._rests.items() if until > now}
        return tuple(one for one in self._queue if one.stored not in self._rests)

    def look_into(self, one: Unseen, desired: Desired) -> None:
        """Look into one file and keep what is found; one that cannot be is tried again later."""
        self._rest(one, _RESTS)
        try:
            findings = look(self._world, one, desired, lambda _done, _total: None)
        except AdapterError as error:
            log.info(
                "inspect stored=%s node=%s outcome=%r", one.stored, one.node, f"failed: {error}"
            )
            return
        except Exception:  # a bug must not end the looking into other files
            log.exception("inspect stored=%s node=%s", one.stored, one.node)
            return
        self._rest(one, _SETTLES)
        if findings.wrong:
            log.warning("inspect stored=%s wrong=%r", one.stored, findings.wrong)
            self._wake.ring()

    def _take(self) -> tuple[Unseen, Desired] | None:
        if self._latest is None or len(self._busy) >= _AT_ONCE:
            return None
        one = next((one for one in self.todo() if one.node not in self._busy), None)
        if one is None:
            return None
        self._busy.add(one.node)
        return one, self._latest.desired

    def _work(self, one: Unseen, desired: Desired) -> None:
        self.look_into(one, desired)
        self._stop.wait(_PAUSE)
        with self._changed:
            self._busy.discard(one.node)
            self._changed.notify_all()

    def _rest(self, one: Unseen, span: timedelta) -> None:
        with self._changed:
            self._rests[one.stored] = self._world.clock.now() + span


def _queue(judgement: Judgement) -> tuple[Unseen, ...]:
    desired, seen = judgement.desired, judgement.seen
    return unseen(desired, seen, due_times(desired, seen, judgement.made.rundowns))


def look(
    world: World, one: Unseen, desired: Desired, progress: Progress, *, again: bool = False
) -> Findings:
    """Find out what is in a file and keep it; raises `AdapterError`.

    What was found in equal content stands, unless it is to be looked into `again`; then a copy in
    another container is tried again, too.
    """
    known = None
    if one.sha256 and not again:
        kept = world.store.read().findings.values()
        known = next((f for f in kept if f.is_current and f.sha256 == one.sha256), None)
    node = world.connect(desired.nodes[one.node])
    found = known or replace(node.inspect(one.stored, progress), sha256=one.sha256)
    world.store.keep_findings(one.stored, found)
    if again:
        forget_findings(world, mov_name(one.stored))
    return found
