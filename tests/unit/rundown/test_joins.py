from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import TransitionType
from reconciler.model.rundown import Transition
from reconciler.rundown.joins import joined
from tests.unit.rundown.test_retime import DAY

MIX = Transition(type=TransitionType.MIX, frames=10)


def test_lap_is_the_transition_of_what_follows() -> None:
    first, second, third = DAY.events[:3]
    stale = replace(second, lap=10, transition=MIX)

    assert [e.lap for e in joined((first, stale, third))] == [10, 0, 0]


def test_lap_of_the_last_stays_since_what_follows_is_not_known() -> None:
    last = replace(DAY.events[0], lap=10)
    assert joined((last,)) == (last,)
    assert joined(()) == ()
