"""Bring one file to a node, and keep screens told of how far it has come and how it ended.

Telling is never worth a copy: while the database is away the copy goes on untold.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from reconciler.errors import AdapterError, Rejected
from reconciler.model.copies import CopyProgress, CopyState, mov_name
from reconciler.model.findings import METHOD, Findings
from reconciler.model.ids import NodeName
from reconciler.model.orders import StageOrder
from reconciler.plan.actions import RemuxMedia, StageMedia
from reconciler.ports import NodeControl
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_EVERY = 1.0  # seconds between two words to the screens; a bar that moves less often looks stuck


def bring(world: World, node: NodeControl, order: StageOrder, action: StageMedia) -> None:
    """Stage what `action` says; raises `AdapterError`, having told the screens why.

    A request for a new copy is met only now that it is there.
    """
    teller = _Teller(world, action)
    fetch = node.restage if action.request else node.stage
    try:
        fetch(order, teller.progress)
    except AdapterError as error:
        teller.ended(str(error))
        raise
    teller.ended("")
    if action.request:
        forget_findings(world, action.stored, mov_name(action.stored))
        world.store.end_restage(action.request, "done")


def convert(world: World, node: NodeControl, action: RemuxMedia) -> None:
    """Make a staged file's copy in another container; raises `AdapterError`, having told why.

    That the file does not allow it is kept as a finding: the next rundown does without the copy.
    """
    state, said = CopyState.STAGING, ""
    try:
        _note(world, action.node, _copy_of(action, state, said))
        why = node.remux(action.source, action.stored)
        if why:
            unfit = Findings(method=METHOD, damage=why)
            world.store.keep_findings(action.stored, unfit)
            raise Rejected(f"{action.node}: {action.source}: {why}", system="media")
        state = CopyState.READY
    except AdapterError as error:
        state, said = CopyState.ERROR, str(error)
        raise
    finally:
        _note(world, action.node, _copy_of(action, state, said))


def forget_findings(world: World, *names: str) -> None:
    """Have files looked into, and copies tried, anew: a fault may have been of that very disk."""
    known = world.store.read().findings
    for name in names:
        if name in known and known[name].is_current:
            unseen = replace(known[name], method=0, damage="", losses=(), remarks=())
            world.store.keep_findings(name, unseen)


def _copy_of(action: RemuxMedia, state: CopyState, error: str) -> CopyProgress:
    done = action.size if state is CopyState.READY else 0
    return CopyProgress(
        stored=action.stored,
        asset=action.asset,
        state=state,
        size=action.size,
        done=done,
        error=error,
    )


def _note(world: World, node: NodeName, copy: CopyProgress) -> None:
    try:
        world.store.note_copy(node, copy)
    except AdapterError as trouble:
        log.debug("note copy of %s on %s: %s", copy.stored, node, trouble)


class _Teller:
    """One copy as screens see it: bytes, and when it will be whole at the rate so far."""

    def __init__(self, world: World, action: StageMedia) -> None:
        self._world = world
        self._action = action
        self._began: tuple[float, int] | None = None
        self._told_at = float("-inf")
        self._done = 0

    def progress(self, done: int, total: int) -> None:
        """Take note of so many bytes; tell it at most once a second."""
        now = self._world.clock.monotonic()
        self._done = done
        if self._began is None:
            self._began = (now, done)
        if done >= total or now - self._told_at < _EVERY:
            return
        self._told_at = now
        self._tell(CopyState.STAGING, eta=self._left(now, total))

    def ended(self, error: str) -> None:
        """Tell how it ended; `error` is empty where it is there."""
        if not error:
            self._done = self._action.size
        self._tell(CopyState.ERROR if error else CopyState.READY, error=error)

    def _left(self, now: float, total: int) -> timedelta | None:
        began, first = self._began or (now, self._done)
        spent, got = now - began, self._done - first
        return timedelta(seconds=spent * (total - self._done) / got) if got > 0 else None

    def _tell(self, state: CopyState, *, eta: timedelta | None = None, error: str = "") -> None:
        action, now = self._action, self._world.clock.now()
        kept = action.is_there and state is not CopyState.READY
        copy = CopyProgress(
            stored=action.stored,
            asset=action.asset,
            state=CopyState.READY if kept else state,  # the old copy plays on meanwhile
            size=action.size,
            done=self._done,
            eta_at=now + eta if eta is not None else None,
            error=f"no new copy: {error}" if kept and error else error,
        )
        _note(self._world, action.node, copy)
