"""Keep sending leases: commit the renewal first, then tell the sidecar.

Any living reconciler keeps them, leading or not: a channel must not fall silent because the lead
changes hands. Channels fenced `never` have no lease to keep.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import SidecarSeen, Snapshot
from reconciler.shell.world import World

log = logging.getLogger(__name__)

_SHARE = 3  # renewals within one lease: two may fail before it lapses
_AT_ONCE = 16
_IDLE = 1.0  # seconds between looks when no channel has a lease


class LeaseKeeper:
    """Renew the leases of the channels that a snapshot showed sending."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._kept: tuple[tuple[SidecarSeen, timedelta], ...] = ()

    def follow(self, desired: Desired, seen: Snapshot) -> None:
        """Take the channels to keep from a snapshot."""
        kept = [
            (sidecar, fence)
            for sidecar in seen.sidecars
            if (fence := _fence(desired, sidecar.channel)) is not None and _may_send(seen, sidecar)
        ]
        with self._lock:
            self._kept = tuple(kept)

    def run(self, stop: threading.Event) -> None:
        """Renew until `stop` is set."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lease") as pool:
            while not stop.wait(self._pause()):
                with self._lock:
                    kept = self._kept
                self._renew(kept, pool)

    def _pause(self) -> float:
        with self._lock:
            spans = [fence.total_seconds() / _SHARE for _, fence in self._kept]
        return min(spans, default=_IDLE)

    def _renew(
        self, kept: tuple[tuple[SidecarSeen, timedelta], ...], pool: ThreadPoolExecutor
    ) -> None:
        asked = [pair for pair in pool.map(self._ask, kept) if pair is not None]
        wanted = {sidecar.channel: (sidecar.epoch, fence) for sidecar, fence in asked}
        try:
            renewed = self._world.store.renew_leases(wanted) if wanted else frozenset()
        except AdapterError as error:
            log.warning("leases: %s", error)
            return
        told = [pair for pair in asked if pair[0].channel in renewed]
        list(pool.map(lambda pair: self._tell(*pair), told))

    def _ask(self, pair: tuple[SidecarSeen, timedelta]) -> tuple[SidecarSeen, timedelta] | None:
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


def _fence(desired: Desired, name: ChannelName) -> timedelta | None:
    channel = desired.channels.get(name)
    return channel.failover.fence if channel is not None else None


def _may_send(seen: Snapshot, sidecar: SidecarSeen) -> bool:
    row = seen.database.channels.get(sidecar.channel)
    return row is not None and row.sending_epoch == sidecar.epoch
