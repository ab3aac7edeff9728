"""Everything that one living reconciler does: the loop, its bells, and the leases it keeps."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from functools import partial

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired
from reconciler.model.observed import Snapshot
from reconciler.model.records import JournalEntry
from reconciler.plan.actions import RemuxMedia, Staging
from reconciler.report.phrases import phrase
from reconciler.shell import wakers
from reconciler.shell.apply import line_of
from reconciler.shell.converge import Judgement, Reconciler
from reconciler.shell.inspect import Inspector
from reconciler.shell.leases import LeaseKeeper
from reconciler.shell.loop import Loop, Wake
from reconciler.shell.notes import note
from reconciler.shell.stage import Stager
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_TIDY = 2.0  # seconds that our threads have to end
AsJson = Callable[[Judgement], str]


def watch(world: World, stop: threading.Event, as_json: AsJson) -> None:
    """Converge until `stop` is set; `as_json` writes a plan for the screens."""
    wake = Wake()
    stager = Stager(partial(_staged_and_rung, world, wake), world.clock, world.jitter)
    keeper, bells = LeaseKeeper(world), wakers.NodeBells(world, wake, stop)
    inspector = Inspector(world, wake, stop)

    def follow(desired: Desired, seen: Snapshot) -> None:
        keeper.follow(desired, seen)
        bells.follow(desired)

    publisher = Publisher(world, as_json)

    def publish(judgement: Judgement, error: str) -> None:
        inspector.follow(judgement)  # who stands by looks into nothing: it would be done twice
        publisher.publish(judgement, error)

    loop = Loop(world, Reconciler(world, stager), wake, publish=publish, follow=follow)
    threads = [
        wakers.on_lineup(world.lineup, wake, stop),
        wakers.on_media(world.library, wake, stop),
        wakers.at_end(wake, stop),
        threading.Thread(target=keeper.run, args=(stop,), name="leases", daemon=True),
        threading.Thread(target=inspector.run, name="inspect", daemon=True),
    ]
    for thread in threads[-2:]:
        thread.start()
    try:
        loop.run(stop)
    finally:
        stop.set()
        stager.close()
        for thread in threads:
            thread.join(timeout=_TIDY)


class Publisher:
    """Keep the last pass for screens, once per change of mind."""

    def __init__(self, world: World, as_json: AsJson) -> None:
        self._world = world
        self._as_json = as_json
        self._kept: object = None

    def publish(self, judgement: Judgement, error: str) -> None:
        """Take note of a pass that was performed."""
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


def _staged_and_rung(world: World, wake: Wake, action: Staging, error: str | None) -> None:
    if error is None or isinstance(action, RemuxMedia):  # a failed copy is a finding
        wake.ring()  # what failed otherwise waits out its back-off
    staged(world, action, error)


def staged(world: World, action: Staging, error: str | None) -> None:
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
    note(world, entry)
