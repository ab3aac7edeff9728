"""Laws of the re-timing: the window stays covered, and what an act does is what it says."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.ids import EventId
from reconciler.model.rundown import (
    Act,
    Event,
    EventKind,
    Hold,
    Pause,
    PlayList,
    ResumeAct,
    Skip,
    SlatePicture,
    Stop,
)
from reconciler.rundown import act_from_wire, act_to_wire, from_wire, retime, to_wire
from tests.unit.rundown.builders import (
    SOFT,
    base,
    channel,
    check,
    compiled,
    item,
    layer,
    live,
    playlist,
    window,
)

ASSETS = {"a": 100, "b": 70, "c": 333, "m1": 60, "m2": 200, "f1": 600, "i1": 10, "i2": 7}
RUNDOWN = compiled(
    channel(
        base("base"),
        layer("morning", "06:00"),
        layer("film", "06:30", start=SOFT, early=60, late=120),
        filler="idents",
    ),
    [
        playlist("base", "a", item("b", mix="1s"), "c"),
        playlist("morning", "m1", item("m2", mix="1s"), live("st", "studio", "3m")),
        playlist("film", "f1"),
        playlist("idents", "i1", "i2"),
    ],
    ASSETS,
    window("2026-11-24T04:50:00", 1.2),
).rundown
LIST = tuple(
    Event(
        id=EventId(f"L{n}"),
        start=n * 500,
        frames=500,
        kind=EventKind.PROGRAMME,
        material=SlatePicture(),
        nominal=500,
    )
    for n in range(3)
)


def act(kind: int, seq: int, at: int, on: EventId) -> Act:
    match kind:
        case 0:
            return Skip(seq=seq, at=at, event=on)
        case 1:
            return Pause(seq=seq, at=at)
        case 2:
            return Hold(seq=seq, at=at, event=on)
        case 3:
            return ResumeAct(seq=seq, at=at)
        case 4:
            return Stop(seq=seq, at=at)
        case _:
            events = tuple(replace(event, id=EventId(f"{event.id}-{seq}")) for event in LIST)
            return PlayList(seq=seq, at=at, events=events, loop=at % 2 == 0)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 20_000)), max_size=8),
    st.integers(0, 100_000),
)
@settings(max_examples=150)
def test_acts_keep_the_window_covered_and_may_be_given_again(
    drawn: list[tuple[int, int]], later: int
) -> None:
    at, acts = RUNDOWN.start, list[Act]()
    for seq, (kind, wait) in enumerate(drawn, start=1):
        at += wait
        on = retime(RUNDOWN, acts, at).at(at)
        acts.append(act(kind, seq, at, on.id if on else EventId("none")))
        assert act_from_wire(act_to_wire(acts[-1], reveal=True)) == acts[-1]

    effective = retime(RUNDOWN, acts, at + later)
    check(effective.rundown)
    check(effective.held)
    for event, following in pairwise(effective.rundown.events):
        assert event.lap == following.transition.frames
    assert effective.rundown.start == RUNDOWN.start
    assert effective.rundown.end == RUNDOWN.end
    assert from_wire(to_wire(effective.rundown, reveal=True)) == effective.rundown

    again = retime(effective.held, acts, at + later)
    assert again.rundown.events == effective.rundown.events
    assert again.mode == effective.mode


@given(st.integers(1, 5_000))
def test_a_pause_shifts_by_exactly_its_length_up_to_the_next_hard_start(frames: int) -> None:
    at = RUNDOWN.events[0].end + 500
    acts = (Pause(seq=1, at=at), ResumeAct(seq=2, at=at + frames))
    after = retime(RUNDOWN, acts, at + frames).rundown.events
    starts = {event.id: event.start for event in after}

    assert starts[RUNDOWN.events[2].id] == RUNDOWN.events[2].start + frames
    hard = next(event for event in RUNDOWN.events if event.start_type.value == "hard")
    assert starts[hard.id] == hard.start


@given(st.integers(1, 3))
def test_skipping_n_times_ends_at_the_nth_event_after(count: int) -> None:
    at, acts = RUNDOWN.start + 100, list[Act]()
    for seq in range(1, count + 1):
        on = retime(RUNDOWN, acts, at).at(at)
        assert on is not None
        acts.append(Skip(seq=seq, at=at, event=on.id))
        at += 10
    shown = retime(RUNDOWN, acts, at).at(at)
    assert shown is not None
    assert shown.id == RUNDOWN.events[count].id
