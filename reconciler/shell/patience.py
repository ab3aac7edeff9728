"""How soon to look again when nobody rings: what is starting, and what time alone will change."""

from __future__ import annotations

from datetime import timedelta

from reconciler.model.desired import Desired
from reconciler.model.observed import Health, Life, SidecarSeen, Snapshot
from reconciler.plan.actions import Plan

_STARTS = timedelta(seconds=60)  # a sidecar that is not on air by then is not starting but stuck
_NO_TIME = timedelta(0)


def is_starting(desired: Desired, seen: Snapshot) -> bool:
    """Whether some channel's newest sidecar was started a moment ago and does not send yet."""
    return any(_starts(desired, seen, sidecar) for sidecar in seen.sidecars)


def _starts(desired: Desired, seen: Snapshot, sidecar: SidecarSeen) -> bool:
    wanted = desired.channels.get(sidecar.channel)
    row = seen.database.channels.get(sidecar.channel)
    if wanted is None or not wanted.on_air or row is None or row.epoch != sidecar.epoch:
        return False
    young = seen.taken_at - sidecar.started_at < _STARTS
    sends = sidecar.answer is not None and sidecar.answer.sending
    return sidecar.life is Life.RUNNING and young and not sends


def changes_in(plan: Plan, desired: Desired, seen: Snapshot) -> float:
    """Seconds until a hold ends or a silent node counts as lost; infinite when nothing waits."""
    spans = [hold.until - seen.taken_at for hold in plan.holds if hold.until is not None]
    spans += [
        desired.policy.lost_after - node.silent_for
        for node in seen.nodes.values()
        if node.health is Health.UNREAD
    ]
    return min((span.total_seconds() for span in spans if span > _NO_TIME), default=float("inf"))
