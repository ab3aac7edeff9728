"""When a rundown must be compiled anew, and for which window.

Compiling is the dear part of a pass, so it is done for the channels that need it and no others.
Windows begin and end on the hour: two passes within one hour compile the same window.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from zlib import crc32

from reconciler.model.desired import DesiredChannel, Policy
from reconciler.model.ids import ChannelName
from reconciler.model.observed import ChannelRow, Life, SidecarAnswer, SidecarSeen
from reconciler.plan.actions import Cause

_HOUR = timedelta(hours=1)
_ENDED = frozenset({"playing"})  # transports in which no live act bends the rundown any more


def window(channel: DesiredChannel, now: datetime, policy: Policy) -> tuple[int, int]:
    """First frame, and the frame after the last, of the rundown to compile at `now`."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    clock = channel.format.clock
    return clock.showing_at(hour), clock.first_at(hour + policy.horizon + _HOUR)


def needs_compile(
    channel: DesiredChannel,
    *,
    row: ChannelRow | None,
    sidecars: Sequence[SidecarSeen],
    now: datetime,
    policy: Policy,
) -> Cause | None:
    """Why this channel's rundown must be compiled in this pass, or None.

    `sidecars` are this channel's. Media is the caller's to watch: see `assets.assets_of`.
    """
    if not channel.on_air:
        return None
    if row is None:
        return Cause.NEW_CHANNEL
    if row.digest != channel.digest:
        return Cause.LINEUP_CHANGED
    running = [s for s in sidecars if s.life is Life.RUNNING]
    if not running:
        return Cause.SIDECAR_DIED if row.epoch else Cause.NEW_CHANNEL
    least = channel.format.clock.showing_at(now) + _least(channel, policy)
    for seen in running:
        cause = _answer_needs(seen.answer, row, least)
        if cause is not None:
            return cause
    return None


def _answer_needs(answer: SidecarAnswer | None, row: ChannelRow, least: int) -> Cause | None:
    if answer is None:
        return None
    if answer.rundown_digest != row.rundown_digest or not answer.rundown_digest:
        return Cause.DRIFTED
    known = row.rundown_acts_seq
    if known is not None and answer.acts_seq > known and answer.transport in _ENDED:
        return Cause.LIVE_ACT
    return Cause.HORIZON if answer.rundown_until < least else None


def _least(channel: DesiredChannel, policy: Policy) -> int:
    """Frames that a rundown must still reach; spread by name, so that not all end together."""
    slack = min(_HOUR, policy.horizon / 2)
    return channel.format.clock.frames_in(policy.horizon - slack * spread(channel.name))


def spread(name: ChannelName) -> float:
    """A channel's own place between 0 and 1, the same for ever."""
    return float(Fraction(crc32(name.encode()) % 4096, 4096))
