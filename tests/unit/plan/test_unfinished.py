"""What is left of hand-overs that were cut."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.observed import Snapshot
from reconciler.plan.actions import GrantLease, HandOver, Plan, RetireSidecar
from reconciler.plan.unfinished import cut_short, last_steps
from tests.builders import Found, channel, cluster, dead, lineup, machine, node, row, sidecar
from tests.unit.plan.telling import planned

NEWS, SPORT = channel("news"), channel("sport")
DRAINED = lineup(NEWS, SPORT, machine("rack1", maintenance=True), machine("rack2"))


def cut(*more: Found, right: int = 1, hush: int = 7) -> Snapshot:
    """Of news the old one is sealed, and its successor ready."""
    return cluster(
        node("rack1"),
        node("rack2"),
        row(NEWS, on="rack2", epoch=2, sending_epoch=right),
        sidecar(NEWS, sending=False, hush=hush),
        sidecar(NEWS, on="rack2", epoch=2, sending=False),
        *more,
    )


def steps(seen: Snapshot) -> Plan:
    return last_steps(planned(DRAINED, seen))


def test_only_who_is_silent_for_another_is_cut_short() -> None:
    assert cut_short(cut(sidecar(SPORT), dead("kids"))) == {NEWS.name}
    assert cut_short(cut(hush=0)) == frozenset()


def test_the_right_moves_and_nothing_else_happens() -> None:
    (step,) = steps(cut()).actions
    assert isinstance(step, HandOver)


def test_whose_right_has_moved_is_only_told() -> None:
    (step,) = steps(cut(right=2)).actions
    assert isinstance(step, GrantLease)
    assert step.epoch == 2


def test_what_has_to_come_after_something_else_waits() -> None:
    """An engine that cannot agree on a frame goes first: that is no last step."""
    older = sidecar(SPORT, sending=False, seams=False, hush=8)
    ready = sidecar(SPORT, on="rack2", epoch=2, sending=False)
    seen = cut(row(SPORT, on="rack2", epoch=2, sending_epoch=1), older, ready)
    whole = planned(DRAINED, seen)
    assert any(isinstance(a, RetireSidecar) and a.channel == SPORT.name for a in whole.actions)
    assert [a.channel for a in last_steps(whole).actions if isinstance(a, HandOver)] == [NEWS.name]
    assert all(getattr(a, "channel", None) == NEWS.name for a in last_steps(whole).actions)


def test_the_digest_is_that_of_what_is_done() -> None:
    whole = planned(DRAINED, cut())
    part = last_steps(whole)
    assert part.digest != whole.digest
    assert (part.holds, part.wanted) == ((), {})
    assert last_steps(replace(part, digest="")).digest == part.digest
