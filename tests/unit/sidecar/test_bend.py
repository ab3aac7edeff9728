"""What a stop hides: the rundown as it runs on beneath it."""

from __future__ import annotations

from reconciler.model.rundown import Pause, ResumeAct, Stop
from reconciler.sidecar.bend import Bender
from reconciler.sidecar.showing import Showing
from tests.unit.sidecar.situations import ZERO, event, rundown

EVENTS = rundown([event("a", ZERO, 250), event("b", ZERO + 250, 250), event("c", ZERO + 500, 250)])


def at(showings: tuple[Showing, ...], frame: int) -> tuple[str, int]:
    """The event at `frame`, and the frame of its material."""
    one = next(each for each in showings if each.start <= frame < each.end)
    return one.event.id.partition("~")[0], one.in_frame + frame - one.start


def test_nothing_lies_beneath_what_is_not_stopped() -> None:
    bender = Bender()
    bender.bend(EVENTS, (), ZERO + 10)
    assert bender.beneath(ZERO + 10) == ()
    bender.bend(EVENTS, (Pause(seq=1, at=ZERO + 10),), ZERO + 10)
    assert bender.beneath(ZERO + 10) == ()
    assert Bender().beneath(ZERO) == ()


def test_what_lies_beneath_is_what_going_on_would_show_whenever_one_does() -> None:
    acts = (Pause(seq=1, at=ZERO + 100), Stop(seq=2, at=ZERO + 150))
    bender = Bender()
    bender.bend(EVENTS, acts, ZERO + 150)
    beneath = bender.beneath(ZERO + 160)
    for later in (161, 240, 330, 600):
        shown = Bender().bend(EVENTS, (*acts, ResumeAct(seq=3, at=ZERO + later)), ZERO + later)
        assert at(beneath, ZERO + later) == at(shown.showings, ZERO + later)


def test_it_is_worked_out_once_for_each_bending() -> None:
    acts = (Stop(seq=1, at=ZERO + 150),)
    bender = Bender()
    bender.bend(EVENTS, acts, ZERO + 150)
    beneath = bender.beneath(ZERO + 160)
    bender.bend(EVENTS, acts, ZERO + 300)
    assert bender.beneath(ZERO + 300) is beneath
    bender.bend(EVENTS, (*acts, ResumeAct(seq=2, at=ZERO + 310)), ZERO + 310)
    assert bender.beneath(ZERO + 310) == ()
