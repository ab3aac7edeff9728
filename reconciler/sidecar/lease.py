"""The right to send: epochs that only grow, and a deadline on our own steady clock. Pure.

`asked_at` is a reading of our own monotonic clock from *before* the grant was written down: the
grantor read it from our status, wrote the grant, then told us, echoing it. However long the
message was under way, our deadline is never later than the grant's.

Several grantors may hold different lineups, so that one grants more time than another. Whoever
asked after the last grant was taken also wrote after it: such a grant takes its place, though it
be shorter. One that was asked for before may have been written before as well, and the database
may believe by now that we go by the one that was taken: it prolongs that, by its span at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta

MARGIN = 1.0  # seconds taken off a lease: the longest call that brings a renewal


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What one sidecar of `own` epoch knows of its right to send.

    `highest` is the highest epoch it was ever told of; above `own`, it is silent for ever.
    `until` None with `granted`: without limit. `span` is the length in seconds of the grant in
    force (None: without limit), `taken_at` when it was taken; after a restart no length is known.
    """

    own: int
    highest: int
    granted: bool = False
    until: float | None = None
    span: float | None = 0.0
    taken_at: float = -math.inf

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

    def is_followed_by(self, asked_at: float) -> bool:
        """Whether a grant that was asked for then was written after the one in force was taken."""
        return asked_at > self.taken_at

    def refuses(self, epoch: int) -> str:
        """Why word of `epoch` is turned down; empty if it is not."""
        if epoch < self.own:
            return f"epoch {epoch} is older than this sidecar's {self.own}"
        if epoch < self.highest:
            return f"epoch {epoch} is fenced: this sidecar has met epoch {self.highest}"
        return ""


def told(lease: Lease, epoch: int, *, ttl: float | None, asked_at: float, now: float) -> Lease:
    """Take word of `epoch` for `ttl` seconds (None: without limit); older epochs change nothing."""
    if lease.refuses(epoch):
        return lease
    if epoch > lease.own:
        return replace(lease, highest=max(epoch, lease.highest), granted=False, until=None)
    if not lease.is_followed_by(asked_at):
        return _prolonged(lease, ttl, asked_at)
    until = None if ttl is None else _end(asked_at, ttl)
    return replace(lease, granted=True, until=until, span=ttl, taken_at=now)


def _prolonged(lease: Lease, ttl: float | None, asked_at: float) -> Lease:
    """By a grant that was overtaken."""
    spans = [span for span in (ttl, lease.span) if span is not None]
    if not lease.granted or lease.until is None or not spans:
        return lease
    return replace(lease, until=max(lease.until, _end(asked_at, min(spans))))


def _end(asked_at: float, ttl: float) -> float:
    return asked_at + ttl - min(MARGIN, ttl / 4)
