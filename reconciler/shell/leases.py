"""Keep sending leases: commit the renewal first, then tell the sidecar.

Any living reconciler keeps them, leading or not: a channel must not fall silent because the lead
changes hands. Channels fenced `never` have no lease to keep.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
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
_IDLE = 1.0  # seconds between looks when no channel has a lease

Kept = tuple[SidecarSeen, timedelta]


class LeaseKeeper:
    """Renew the leases of the channels that a snapshot showed sending."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._kept: tuple[Kept, ...] = ()

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
        while not stop.wait(self._pause()):
            try:
                self.renew()
            except Exception:  # a bug met in one round must not let every channel fall silent
                log.exception("a bug ended this round of leases; the next one tries again")

    def _pause(self) -> float:
        with self._lock:
            spans = [fence.total_seconds() / _SHARE for _, fence in self._kept]
        return min(spans, default=_IDLE)

    def renew(self) -> None:
        """Renew every lease once: ask all, write the renewal, tell those whose lease it is.

        Only a grant that its sidecar goes by alone is confirmed, by its own end: until then a lease
        ends no earlier than any that the sidecar may have been told of.
        """
        with self._lock:
            kept = self._kept
        asked = self._asked(kept)
        wanted = {sidecar.channel: (sidecar.epoch, fence) for sidecar, fence in asked}
        try:
            ends = self._world.store.renew_leases(wanted) if wanted else {}
            taken = self._tell([pair for pair in asked if pair[0].channel in ends])
            if taken:
                self._world.store.confirm_leases(
                    {channel: (epoch, ends[channel]) for channel, epoch in taken.items()}
                )
        except AdapterError as error:
            log.warning("leases: %s", error)

    def _asked(self, kept: tuple[Kept, ...]) -> list[Kept]:
        """Those that answer, each with its clock: a lease counts from before its renewal."""
        answers = self._world.sidecars.statuses([sidecar for sidecar, _ in kept])
        found: list[Kept] = []
        for (sidecar, fence), answer in zip(kept, answers, strict=True):
            if isinstance(answer, AdapterError):
                _warn(sidecar, answer)
            else:
                found.append((replace(sidecar, answer=answer), fence))
        return found

    def _tell(self, renewed: list[Kept]) -> Mapping[ChannelName, int]:
        """The epochs of those that go by it."""
        taken: dict[ChannelName, int] = {}
        for (sidecar, _), said in zip(renewed, self._world.sidecars.grants(renewed), strict=True):
            if isinstance(said, AdapterError):
                _warn(sidecar, said)
            elif said:
                taken[sidecar.channel] = sidecar.epoch
        return taken


def _warn(sidecar: SidecarSeen, error: AdapterError) -> None:
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
