"""Whatever is pressed and whatever dies: CasparCG shows what the bent rundown says, and no black.

The rundown, the acts, the player and the steering are the real ones; the engine is the fake, in
virtual time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.desired import TransitionType
from reconciler.model.ids import AssetId
from reconciler.model.rundown import Act, Clip, Event, Transition
from reconciler.sidecar.acts import NAMES, Now, act_for
from reconciler.sidecar.bend import Bender
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    Ended,
    FreezeSource,
    SlateSource,
)
from reconciler.sidecar.player import Picture, Situation, want
from tests.casparcg.media import Clip as Film
from tests.unit.sidecar.casparcg.virtual import Virtual
from tests.unit.sidecar.situations import RATE, ZERO, event, rundown

FILES = {"a": 500, "b": 500, "c": 500, "l": 30, "m": 60}  # frames of each
FIRST = 20  # ticks until the first event
SETTLES = 75  # ticks after an act or a death in which the picture may be on its way
LOOKS = 40  # ticks for which it is then looked at
MIX = 12  # frames of a transition
DEAF = 70  # ticks in which nothing of what the engine tells arrives
NEAR = 5  # frames that an event begun by an act may be off, up to its end
TROUBLES = ("connection", "engine", "sidecar", "read-back", "stall")


@st.composite
def materials(draw: st.DrawFn) -> tuple[Clip, int]:
    """A clip from somewhere in its file, or one that goes round, and for how long it is on."""
    name = draw(st.sampled_from(sorted(FILES)))
    length = FILES[name]
    loop = length < 100
    frames = draw(st.integers(25, 160))
    begin = 0 if loop else min(length - frames - MIX, draw(st.sampled_from((0, 7, 200, 400))))
    clip = Clip(
        asset=AssetId(name.upper()),
        stored=f"{name}.mp4",
        in_frame=begin,
        material=length - begin,
        loop=loop,
    )
    return clip, frames


@st.composite
def lines(draw: st.DrawFn) -> tuple[Event, ...]:
    """Events in a row, cut or mixed."""
    events: list[Event] = []
    at = ZERO + FIRST
    for number, (clip, frames) in enumerate(draw(st.lists(materials(), min_size=8, max_size=14))):
        mixed = number > 0 and draw(st.booleans())
        blend = Transition(type=TransitionType.MIX, frames=MIX) if mixed else Transition()
        events.append(event(f"e{number}", at, frames, material=clip, transition=blend))
        at += frames
    return tuple(events)


class Desk:
    """One channel on the fake engine, and somebody at its buttons."""

    def __init__(self, events: Sequence[Event]) -> None:
        files = {f"/library/{name}.mp4": Film(frames=length) for name, length in FILES.items()}
        self.story = Virtual(files, [])
        self._rundown = rundown(events)
        self._bender = Bender()
        self._acts: tuple[Act, ...] = ()
        self.picture = Picture()
        self.disturbed = 0
        self.wanted: dict[int, Cue | None] = {}

    def press(self, name: str) -> None:
        bent = self._bender.bend(self._rundown, self._acts, self._now)
        on = bent.at(self._now)
        if on is None:
            return
        asked = Now(
            seq=len(self._acts) + 1, at=self._now, event=on.event.id, transport=bent.transport
        )
        act = act_for(name, asked)
        if act is not None:
            self._acts = (*self._acts, act)
            self.disturbed = self.story.frame

    def suffer(self, trouble: str) -> None:
        match trouble:
            case "connection":
                self.story.hang_up()
                self.wait(3)
                self.story.call()
            case "engine":
                self.story.crash()
            case "read-back":
                self.story.deaf = True
                self.wait(DEAF)
                self.story.deaf = False
            case "stall":
                self.story.stand_still(DEAF)
            case _:
                self.story.forget()
        self.disturbed = self.story.frame

    def wait(self, ticks: int) -> None:
        for _ in range(ticks):
            self._direct()
            self.story.turn()
            self.wanted[self.story.frame] = self.picture.at(ZERO + self.story.frame)

    def shown(self, tick: int) -> tuple[str, int]:
        ((name, frame),) = self.story.pictures(tick, tick + 1)
        return name, frame

    @property
    def _now(self) -> int:
        return ZERO + self.story.frame

    def _direct(self) -> None:
        bent = self._bender.bend(self._rundown, self._acts, self._now)
        self.picture = want(bent.showings, self._situation())
        if self.picture.cues != self.story.cues:
            self.story.show(*self.picture.cues)
        beneath = self._bender.beneath(self._now)
        self.story.helm.lie_beneath(want(beneath, self._situation()).cues if beneath else ())

    def _situation(self) -> Situation:
        return Situation(
            now=self._now,
            rate=RATE,
            media_root=Path("/library"),
            present=frozenset(f"{name}.mp4" for name in FILES),
            since=ZERO,
        )


def assert_in_place(desk: Desk, tick: int) -> None:
    """What is shown at `tick` is what is wanted, at its frame."""
    cue, (name, frame) = desk.wanted[tick], desk.shown(tick)
    assert cue is not None
    if tick - (cue.start - ZERO) <= cue.transition_frames + NEAR and cue.transition_frames:
        return  # two pictures
    match cue.source:
        case ClipSource(path=path, in_frame=begin, loop=loop):
            assert name == Path(path).stem
            off, length = frame - (begin + ZERO + tick - cue.start), FILES[name]
            if cue.start - ZERO > desk.disturbed + SETTLES:
                assert (off % length if loop else off) == 0, (tick, cue, frame)
            elif not loop:
                assert abs(off) <= NEAR, (tick, cue, frame)
            elif desk.wanted[tick - 1] == cue:  # one that began late goes round as it began
                assert frame == (desk.shown(tick - 1)[1] + 1) % length, (tick, cue, frame)
        case FreezeSource():
            assert (name, frame) == desk.shown(tick - 1)
        case SlateSource():
            assert name == "slate"
        case _:
            raise AssertionError(f"nobody asked for {cue}")


def assert_never_black(desk: Desk, dark: Sequence[int]) -> None:
    """Black is only what an engine shows that has just begun: at first, and after its deaths."""
    for tick in range(5, desk.story.frame + 1):
        if not any(0 <= tick - began <= 4 for began in dark):
            assert desk.shown(tick)[0] != "black", tick


def assert_settles(desk: Desk, dark: Sequence[int] = ()) -> None:
    """After a while all is in its place; nothing was black meanwhile, or called broken."""
    desk.wait(SETTLES + LOOKS)
    for tick in range(desk.story.frame - LOOKS + 1, desk.story.frame + 1):
        assert_in_place(desk, tick)
    assert_never_black(desk, dark)
    assert desk.story.failed == []


def assert_told_in_turn(desk: Desk) -> None:
    """Each showing that began has ended before the next began."""
    told = [each for each in desk.story.told if isinstance(each, Began | Ended)]
    for before, after in pairwise(told):
        assert isinstance(before, Began) == isinstance(after, Ended), (before, after)
        if isinstance(before, Ended) and isinstance(after, Began):
            assert after.tick > before.last_tick
        if isinstance(before, Began) and isinstance(after, Ended):
            assert (before.key, before.tick) == (after.key, after.first_tick)


WAITS = st.one_of(st.integers(1, 8), st.integers(1, 90))  # somebody in a hurry, or not
ACTS = st.lists(st.tuples(WAITS, st.sampled_from(NAMES)), min_size=1, max_size=9)
STEPS = st.lists(st.tuples(WAITS, st.sampled_from(NAMES + TROUBLES)), min_size=1, max_size=9)


@given(lines(), ACTS)
@settings(max_examples=40)
def test_acts_are_followed_whatever_their_order(
    events: tuple[Event, ...], steps: list[tuple[int, str]]
) -> None:
    desk = Desk(events)
    desk.wait(FIRST + 5)
    for wait, name in steps:
        desk.wait(wait)
        desk.press(name)
    assert_settles(desk)
    assert_told_in_turn(desk)


@given(lines(), STEPS)
@settings(max_examples=40)
def test_what_dies_meanwhile_ends_in_the_same_place(
    events: tuple[Event, ...], steps: list[tuple[int, str]]
) -> None:
    desk = Desk(events)
    desk.wait(FIRST + 5)
    dark: list[int] = []
    for wait, name in steps:
        desk.wait(wait)
        if name in TROUBLES:
            if name == "engine":
                dark.append(desk.story.frame)
            desk.suffer(name)
        else:
            desk.press(name)
    assert_settles(desk, dark)
