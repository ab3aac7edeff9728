"""Bending act by act comes to the same as bending by all acts at once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.ids import EventId
from reconciler.model.rundown import Act
from reconciler.sidecar.bend import Bender, Bent, bend
from tests.property.test_rundown_retime import RUNDOWN, act


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9_000)), min_size=1, max_size=12),
    st.integers(0, 60_000),
)
@settings(max_examples=100)
def test_going_on_from_what_is_over_changes_nothing(
    drawn: list[tuple[int, int]], later: int
) -> None:
    bender, at, acts = Bender(), RUNDOWN.start, tuple[Act, ...]()
    for seq, (kind, wait) in enumerate(drawn, start=1):
        at += wait
        on = bender.bend(RUNDOWN, acts, at).at(at)
        acts = (*acts, act(kind, seq, at, on.event.id if on else EventId("none")))
        assert_same(bender.bend(RUNDOWN, acts, at), acts, at)
    assert_same(bender.bend(RUNDOWN, acts, at + later), acts, at + later)


def assert_same(bent: Bent, acts: tuple[Act, ...], now: int) -> None:
    """What is shown is the same; what a compile goes on from may contain more acts already."""
    whole = bend(RUNDOWN, acts, now)
    assert (bent.showings, bent.transport, bent.until) == (
        whole.showings,
        whole.transport,
        whole.until,
    )
    assert bend(bent.held, acts, now).showings == whole.showings
