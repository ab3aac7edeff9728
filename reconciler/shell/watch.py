"""Everything that one living reconciler does: the loop, its bells, and the leases it keeps."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable

from reconciler.errors import AdapterError
from reconciler.plan.actions import StageMedia
from reconciler.ports import JournalEntry
from reconciler.report.phrases import phrase
from reconciler.shell import wakers
from reconciler.shell.apply import line_of
from reconciler.shell.converge import Judgement, Reconciler
from reconciler.shell.leases import LeaseKeeper
from reconciler.shell.loop import Loop, Wake
from reconciler.shell.stage import Stager
from reconciler.shell.world import World

log = logging.getLogger(__name__)

AsJson = Callable[[Judgement], str]


def watch(world: World, stop: threading.Event, as_json: AsJson) -> None:
    """Converge until `stop` is set; `as_json` writes a plan for the screens."""
    wake = Wake()
    stager = Stager(lambda action, error: _ring(world, wake, action, error))
    keeper = LeaseKeeper(world)
    publisher = _Publisher(world, keeper, as_json)
    loop = Loop(world, Reconciler(world, stager), wake, publish=publisher.publish)
    threads = [
        wakers.on_lineup(world.lineup, wake, stop),
        *(wakers.on_node(world.connect(node), wake, stop) for node in world.nodes()),
    ]
    leases = threading.Thread(target=keeper.run, args=(stop,), name="leases", daemon=True)
    leases.start()
    bell = threading.Thread(target=_ring_at_end, args=(stop, wake), name="end", daemon=True)
    bell.start()
    try:
        loop.run(stop)
    finally:
        stop.set()
        stager.close()
        for thread in (*threads, leases):
            thread.join(timeout=2.0)


def _ring_at_end(stop: threading.Event, wake: Wake) -> None:
    stop.wait()
    wake.ring()


class _Publisher:
    """Keep the last pass for screens, once per change of mind, and what leases there are."""

    def __init__(self, world: World, keeper: LeaseKeeper, as_json: AsJson) -> None:
        self._world = world
        self._keeper = keeper
        self._as_json = as_json
        self._kept: object = None

    def publish(self, judgement: Judgement, error: str) -> None:
        """Take note of a pass that was performed."""
        self._keeper.follow(judgement.desired, judgement.seen)
        plan = judgement.plan
        mind = (plan.commit, plan.digest, error)
        if mind == self._kept:
            return
        outcome = json.dumps({"lineup_error": error}) if error else "done"
        try:
            self._world.store.keep_pass(plan.commit, plan.label, self._as_json(judgement), outcome)
        except AdapterError as trouble:
            log.warning("keeping the pass for screens: %s", trouble)
        else:
            self._kept = mind


def _ring(world: World, wake: Wake, action: StageMedia, error: str | None) -> None:
    wake.ring()
    staged(world, action, error)


def staged(world: World, action: StageMedia, error: str | None) -> None:
    """Tell the log and the journal how staging one file ended."""
    outcome = "done" if error is None else f"failed: {error}"
    log.log(logging.INFO if error is None else logging.WARNING, "%s", line_of(action, outcome))
    entry = JournalEntry(
        at=world.clock.now(),
        who="reconciler",
        what=phrase(action)[1],
        channel=None,
        node=action.node,
        cause=action.cause.value,
        outcome=outcome,
    )
    try:
        world.store.journal([entry])
    except AdapterError as trouble:
        log.warning("journal: %s", trouble)
