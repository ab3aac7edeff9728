"""Finish hand-overs that were cut, before anything else: a channel may be silent meanwhile.

The database says of which channels more than one sidecar may live. Only their nodes are looked
at, and only if one of them is silent for another there is something to do. Whatever else there
is waits for the pass that follows, which looks at everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from reconciler.model.desired import Desired
from reconciler.plan.actions import Leave
from reconciler.plan.check import check
from reconciler.plan.planner import make_plan
from reconciler.plan.unfinished import cut_short, last_steps
from reconciler.shell.apply import apply, journal_of
from reconciler.shell.compile import Compilation
from reconciler.shell.observe import Observer
from reconciler.shell.perform import Hand
from reconciler.shell.stage import Stager
from reconciler.shell.world import World

log = logging.getLogger(__name__)


def finish(
    world: World,
    desired: Desired,
    observer: Observer,
    stager: Stager,
    may_act: Callable[[], bool],
) -> None:
    """Bring cut hand-overs to their end; raises `AdapterError` only for the database."""
    nodes = {node for where in world.store.crossings().values() for node in where}
    if not nodes:
        return
    seen = observer.observe(desired, nodes)
    channels = cut_short(seen)
    if not channels:
        return
    log.info("hand over: going on with %s", ", ".join(sorted(channels)))
    whole = make_plan(desired, seen, {}, Leave(only_channels=channels))
    complaints = check(whole, desired, seen)
    if complaints:
        raise AssertionError(f"the plan contradicts itself: {'; '.join(complaints)}")
    plan = last_steps(whole)
    hand = Hand(desired, Compilation(seen=seen, rundowns={}, inputs={}), world)
    outcomes = apply(plan, hand, stager, may_act=may_act)
    if outcomes:
        world.store.journal(journal_of(plan, outcomes, world.clock.now()))
