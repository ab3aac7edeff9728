"""Limits."""

from __future__ import annotations

import pytest

from reconciler.errors import PlanRefused
from reconciler.model.desired import Desired, Policy
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave
from reconciler.plan.safety import insist, limit_of, without_interruptions
from tests.builders import channel, cluster, dead, lineup, row, sidecar
from tests.unit.plan.telling import lines, planned

NAMES = ("arts", "film", "kids", "news", "rock", "sport", "talk")


def stopping(count: int, policy: Policy | None = None) -> tuple[Desired, Snapshot]:
    """The first `count` of seven channels go off air; the last one's sidecar is dead."""
    on = [channel(name) for name in NAMES]
    off = [channel(name, on_air=index >= count) for index, name in enumerate(NAMES)]
    living = [part for c in on[:-1] for part in (row(c), sidecar(c))]
    desired = lineup(*off, policy=policy)
    return desired, cluster(*living, row(on[-1]), dead(on[-1]), known=desired)


@pytest.mark.parametrize(
    ("policy", "channels", "limit"),
    [
        (Policy(), 3, 3),
        (Policy(), 100, 25),
        (Policy(max_interrupted=0, max_interrupted_percent=0), 100, 0),
        (Policy(max_interrupted=None), 100, None),
    ],
)
def test_the_larger_limit_counts(policy: Policy, channels: int, limit: int | None) -> None:
    assert limit_of(policy, channels) == limit


def test_within_the_limit_nothing_is_refused() -> None:
    plan = planned(*stopping(3))
    assert plan.refused == ""
    insist(plan)
    assert without_interruptions(plan) is plan


def test_past_the_limit_the_counts_and_the_way_are_told() -> None:
    plan = planned(*stopping(4))
    with pytest.raises(PlanRefused) as refused:
        insist(plan)
    assert str(refused.value) == (
        "refused: this plan interrupts 4 of 7 channels (arts, film, kids, news); limit 3; "
        f"to allow exactly this: reconcile --only {plan.digest[:6]} --past-limits"
    )
    assert (refused.value.limit, refused.value.count) == ("max_interrupted", 4)


def test_many_names_are_cut() -> None:
    assert planned(*stopping(6)).refused == (
        "this plan interrupts 6 of 7 channels (arts, film, kids, news, rock, …); limit 3"
    )


def test_leave_goes_past_the_limits() -> None:
    desired, seen = stopping(6)
    assert planned(desired, seen, leave=Leave(past_limits=True)).refused == ""
    assert planned(*stopping(6, Policy(max_interrupted=None))).refused == ""


def test_the_rest_of_a_refused_plan_can_still_repair() -> None:
    plan = planned(*stopping(4))
    rest = without_interruptions(plan)
    why = plan.refused
    assert lines(rest) == [
        "talk - retire sidecar on rack1, epoch 1 (SIDECAR_DIED)",
        "talk + spawn sidecar on rack1, epoch 2 (SIDECAR_DIED)",
        f"arts · interrupt: {why} [--past-limits]",
        f"film · interrupt: {why} [--past-limits]",
        f"kids · interrupt: {why} [--past-limits]",
        f"news · interrupt: {why} [--past-limits]",
    ]
    assert (rest.refused, rest.interrupted) == ("", ())
    assert rest.digest != plan.digest
