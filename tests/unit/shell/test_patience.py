from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.observed import Life
from reconciler.plan.actions import Hold, Leave, Plan
from reconciler.plan.planner import make_plan
from reconciler.shell.patience import changes_in, is_starting
from tests.builders import NOW, after, channel, cluster, lineup, node, row, sidecar

NEWS = channel("news")
WANTED = lineup(NEWS)


def young(**changes: object) -> object:
    found = sidecar(NEWS, sending=False)
    return replace(found, started_at=after(-2), **changes)  # type: ignore[arg-type]  # by keyword


def starting(sidecar: object, desired: object = WANTED, **changes: object) -> bool:
    return is_starting(desired, cluster(row(NEWS, **changes), sidecar))  # type: ignore[arg-type]  # builders


def test_a_young_sidecar_that_does_not_send_is_starting() -> None:
    assert starting(young())
    assert starting(young(answer=None))


@pytest.mark.parametrize(
    "found",
    [
        sidecar(NEWS),
        sidecar(NEWS, sending=False),  # for an hour
        young(life=Life.DEAD, answer=None),
    ],
)
def test_who_sends_is_stuck_or_is_dead_does_not(found: object) -> None:
    assert not starting(found)


def test_only_the_newest_of_a_channel_that_is_wanted_can_be_starting() -> None:
    assert not starting(young(), epoch=2)
    assert not starting(young(), lineup(channel("news", on_air=False)))
    assert not starting(young(), lineup())
    assert not is_starting(WANTED, cluster(young()))  # type: ignore[arg-type]  # builders


def quiet(*holds: Hold) -> Plan:
    return replace(make_plan(lineup(), cluster(), {}, Leave()), holds=holds)


def hold(until: float | None) -> Hold:
    return Hold(
        channel=NEWS.name,
        what="spawn",
        because="it was restarted",
        until=None if until is None else after(until),
    )


def test_nothing_waits() -> None:
    assert changes_in(quiet(hold(None)), WANTED, cluster()) == float("inf")


def test_the_hold_that_ends_first_counts_and_past_ones_do_not() -> None:
    assert changes_in(quiet(hold(40), hold(7), hold(-1)), WANTED, cluster()) == 7


def test_a_silent_node_counts_as_lost_some_time() -> None:
    seen = cluster(node("rack1", silent_for=4), node("rack2"), node("rack3", silent_for=30))
    assert changes_in(quiet(), WANTED, seen) == 6
    assert WANTED.policy.lost_after == timedelta(seconds=10)
    assert seen.taken_at == NOW
