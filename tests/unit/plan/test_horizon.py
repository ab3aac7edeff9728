"""When a rundown is compiled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.model.desired import Policy
from reconciler.model.observed import ChannelRow, SidecarSeen
from reconciler.plan.actions import Cause
from reconciler.plan.horizon import needs_compile, spread, window
from tests.builders import FRAME25, NOW, after, channel, dead, row, sidecar

NEWS = channel("news")
HOUR = 3600 * 25
DAY = 24 * HOUR


def cause(
    found: ChannelRow | None, *here: SidecarSeen, policy: Policy | None = None
) -> Cause | None:
    return needs_compile(NEWS, row=found, sidecars=here, now=NOW, policy=policy or Policy())


@pytest.mark.parametrize(
    ("found", "here", "expected"),
    [
        (None, [], Cause.NEW_CHANNEL),
        (row("news", digest="old"), [sidecar("news")], Cause.LINEUP_CHANGED),
        (row("news", epoch=0), [], Cause.NEW_CHANNEL),
        (row("news"), [dead("news")], Cause.SIDECAR_DIED),
        (row("news"), [sidecar("news", silent_for=5)], None),
        (row("news"), [sidecar("news")], None),
        (row("news"), [sidecar("news", rundown_digest="")], Cause.DRIFTED),
        (row("news"), [sidecar("news", rundown_digest="r2")], Cause.DRIFTED),
        (row("news", rundown_digest=""), [sidecar("news", rundown_digest="")], Cause.DRIFTED),
        (row("news"), [sidecar("news", rundown_until=FRAME25 + 22 * HOUR)], Cause.HORIZON),
        (row("news"), [sidecar("news", acts_seq=4)], None),
        (row("news", rundown_acts_seq=3), [sidecar("news", acts_seq=4)], Cause.LIVE_ACT),
        (row("news", rundown_acts_seq=4), [sidecar("news", acts_seq=4)], None),
        (
            row("news", rundown_acts_seq=3),
            [sidecar("news", acts_seq=4, transport="paused")],
            None,
        ),
    ],
)
def test_why_a_rundown_is_compiled(
    found: ChannelRow | None, here: list[SidecarSeen], expected: Cause | None
) -> None:
    assert cause(found, *here) == expected


def test_off_air_needs_no_rundown() -> None:
    off = channel("news", on_air=False)
    assert needs_compile(off, row=None, sidecars=(), now=NOW, policy=Policy()) is None


def test_a_window_begins_and_ends_on_the_hour() -> None:
    late = after(59 * 60)
    assert window(NEWS, late, Policy()) == (FRAME25, FRAME25 + DAY + HOUR)
    assert window(NEWS, NOW, Policy(horizon=timedelta(minutes=10))) == (
        FRAME25,
        FRAME25 + HOUR + 10 * 60 * 25,
    )


def test_a_window_covers_the_present_frame_at_every_rate() -> None:
    for fmt in ("1080p5994", "1080p2997", "1080p2398", "1080i5000"):
        wanted = channel("news", fmt=fmt)
        start, end = window(wanted, NOW, Policy())
        assert start <= wanted.format.clock.showing_at(NOW) < end


def test_channels_take_turns_within_the_hour() -> None:
    names = [channel(f"c{n}").name for n in range(200)]
    shares = sorted(spread(name) for name in names)
    assert 0 <= shares[0] < 0.05
    assert 0.95 < shares[-1] < 1


def test_fresh_from_the_compiler_is_not_compiled_again() -> None:
    _, end = window(NEWS, after(3599), Policy())
    fresh = sidecar("news", rundown_until=end)
    assert (
        needs_compile(NEWS, row=row("news"), sidecars=(fresh,), now=after(3599), policy=Policy())
        is None
    )
