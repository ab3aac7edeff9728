"""The right to send: epochs that only grow, and a deadline on our own steady clock. Pure.

`asked_at` is a reading of our own monotonic clock from *before* the grant was written down: the
grantor read it from our status, wrote the grant, then told us, echoing it. However long the
message was under way, our deadline is never later than the grant's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

MARGIN = 1.0  # seconds taken off a lease: the longest call that brings a renewal


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What one sidecar of `own` epoch knows of its right to send.

    `highest` is the highest epoch it was ever told of; above `own`, it is silent for ever.
    `until` None with `granted`: without limit.
    """

    own: int
    highest: int
    granted: bool = False
    until: float | None = None

    @property
    def is_fenced(self) -> bool:
        """Whether a successor was named: nothing gives the right back."""
        return self.highest > self.own

    def may_send(self, now: float) -> bool:
        """Whether the lease runs at `now` (monotonic seconds)."""
        if not self.granted or self.is_fenced:
            return False
        return self.until is None or now < self.until

    def left(self, now: float) -> timedelta | None:
        """How long it still runs; None without limit, or without a lease at all."""
        if not self.granted or self.is_fenced or self.until is None:
            return None
        return timedelta(seconds=max(0.0, self.until - now))

    def refuses(self, epoch: int) -> str:
        """Why word of `epoch` is turned down; empty if it is not."""
        if epoch < self.own:
            return f"epoch {epoch} is older than this sidecar's {self.own}"
        if epoch < self.highest:
            return f"epoch {epoch} is fenced: this sidecar has met epoch {self.highest}"
        return ""


def told(lease: Lease, epoch: int, *, ttl: float | None, asked_at: float) -> Lease:
    """Take word of `epoch` for `ttl` seconds (None: without limit); older epochs change nothing.

    A renewal that was overtaken by a later one does not shorten it.
    """
    if lease.refuses(epoch):
        return lease
    if epoch > lease.own:
        return replace(lease, highest=max(epoch, lease.highest), granted=False, until=None)
    if ttl is None:
        return replace(lease, granted=True, until=None)
    until = asked_at + ttl - min(MARGIN, ttl / 4)
    if lease.granted and lease.until is not None:
        until = max(until, lease.until)
    return replace(lease, granted=True, until=until)
