"""Keep sending leases: commit the renewal first, then tell the sidecar.

Any living reconciler keeps them, leading or not: a channel must not fall silent because the lead
changes hands. Channels fenced `never` have no lease to keep.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

from reconciler.errors import AdapterError
from reconciler.lineup.merge import DEFAULT_FENCE
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import SidecarSeen, Snapshot
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_SHARE = 3  # renewals within one lease: two may fail before it lapses
_AT_ONCE = 16
_IDLE = 1.0  # seconds between looks when no channel has a lease
_PATIENCE = 1.5  # seconds for all to answer: who is silent must not cost the others their lease


Kept = tuple[SidecarSeen, timedelta]


class LeaseKeeper:
    """Renew the leases of the channels that a snapshot showed sending."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._kept: tuple[Kept, ...] = ()
        self._silent: set[ChannelName] = set()

    def follow(self, desired: Desired, seen: Snapshot) -> None:
        """Take the channels to keep from a snapshot."""
        kept = [
            (sidecar, fence)
            for sidecar in seen.sidecars
            if _may_send(seen, sidecar) and (fence := _fence(desired, sidecar)) is not None
        ]
        with self._lock:
            self._kept = tuple(kept)

    def run(self, stop: threading.Event) -> None:
        """Renew until `stop` is set."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lease") as pool:
            while not stop.wait(self._pause()):
                self.renew(pool)

    def _pause(self) -> float:
        with self._lock:
            spans = [fence.total_seconds() / _SHARE for _, fence in self._kept]
        return min(spans, default=_IDLE)

    def renew(self, pool: Executor) -> None:
        """Renew every lease once: ask all, write the renewal, tell those whose lease it is."""
        with self._lock:
            kept = self._kept
        asked = self._ask_all(kept, pool)
        wanted = {sidecar.channel: (sidecar.epoch, fence) for sidecar, fence in asked}
        try:
            renewed = self._world.store.renew_leases(wanted) if wanted else frozenset()
        except AdapterError as error:
            log.warning("leases: %s", error)
            return
        told = [pair for pair in asked if pair[0].channel in renewed]
        list(pool.map(lambda pair: self._tell(*pair), told))

    def _ask_all(self, kept: tuple[Kept, ...], pool: Executor) -> list[Kept]:
        """Those that answered in time; who was silent the last time is asked last."""
        order = sorted(kept, key=lambda pair: pair[0].channel in self._silent)
        futures = [pool.submit(self._ask, pair) for pair in order]
        wait(futures, timeout=_PATIENCE)
        answers = [
            None if future.cancel() or not future.done() else future.result() for future in futures
        ]
        self._silent = {
            pair[0].channel for pair, answer in zip(order, answers, strict=True) if answer is None
        }
        return [answer for answer in answers if answer is not None]

    def _ask(self, pair: Kept) -> Kept | None:
        """Its clock as of now: the lease is counted from before the renewal was written."""
        sidecar, fence = pair
        try:
            return replace(sidecar, answer=self._world.sidecars.status(sidecar)), fence
        except AdapterError as error:
            log.warning("lease channel=%s node=%s: %s", sidecar.channel, sidecar.node, error)
            return None

    def _tell(self, sidecar: SidecarSeen, fence: timedelta) -> None:
        try:
            self._world.sidecars.grant(sidecar, fence)
            self._world.store.confirm_lease(sidecar.channel, sidecar.epoch)
        except AdapterError as error:
            log.warning("lease channel=%s node=%s: %s", sidecar.channel, sidecar.node, error)


def _fence(desired: Desired, sidecar: SidecarSeen) -> timedelta | None:
    """How long its lease lasts; None where it has none.

    A channel that is on air though its file was deleted is held there: its lease is kept as well.
    """
    channel = desired.channels.get(sidecar.channel)
    if channel is not None:
        return channel.failover.fence
    leased = sidecar.answer is not None and sidecar.answer.lease_left is not None
    return DEFAULT_FENCE if leased else None


def _may_send(seen: Snapshot, sidecar: SidecarSeen) -> bool:
    row = seen.database.channels.get(sidecar.channel)
    return row is not None and row.sending_epoch == sidecar.epoch
