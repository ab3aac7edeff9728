"""Laws of the compiler, over schedules, rates and changes of the clock."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from fractions import Fraction
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.desired import (
    AssetItem,
    DesiredPlaylist,
    DesiredTransition,
    Filler,
    Layer,
    StartType,
    TransitionType,
)
from reconciler.model.ids import AssetId, PlaylistName
from reconciler.model.media import AssetFact
from reconciler.model.rundown import Clip, Event, Remark, Rundown
from reconciler.model.spans import Frames
from reconciler.model.video import FrameClock
from reconciler.rundown import Compiled, Sources, Window, carry_of, compile_rundown, digest
from tests.unit.rundown.builders import channel, check, frame, playlist

FORMATS = ("360p2500", "360p2997", "360p5000", "360p5994", "360p2398")
DAYS = (  # ordinary, and the changes of the clock
    ("Europe/Oslo", "2026-11-24"),
    ("Europe/Oslo", "2026-03-29"),
    ("Europe/Oslo", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
)
ASSETS = {name: n for n, name in enumerate(("a", "b", "c", "d", "e", "f", "bad", "gone"))}

lengths = st.integers(40, 2400)  # seconds
clock_times = st.builds(
    lambda m, s: time(m // 60, m % 60, s), st.integers(0, 24 * 60 - 1), st.sampled_from([0, 30])
)
starts = st.sampled_from(StartType)


@st.composite
def items(draw: st.DrawFn, count: int, *, timed: bool) -> tuple[AssetItem, ...]:
    made = []
    for number in range(count):
        join = draw(st.none() | st.integers(1, 60))
        at = draw(st.none() | clock_times) if timed and draw(st.integers(0, 4)) == 0 else None
        made.append(
            AssetItem(
                id=f"i{number}",
                asset=AssetId(draw(st.sampled_from(sorted(ASSETS)))),
                transition=DesiredTransition(type=TransitionType.MIX, duration=Frames(join))
                if join
                else None,
                at=at,
                start=draw(starts) if at else StartType.FOLLOW,
                alternate=draw(
                    st.none() | st.sampled_from([AssetId(n) for n in ("a", "b", "bad")])
                ),
            )
        )
    return tuple(made)


@st.composite
def playlists(draw: st.DrawFn, name: str) -> DesiredPlaylist:
    count = draw(st.integers(1, 5))
    return playlist(name, *draw(items(count, timed=name != "filler")))


spans = st.sampled_from([0, 30, 60, 600]).map(lambda s: timedelta(seconds=s))


@st.composite
def layers(draw: st.DrawFn, name: str) -> Layer:
    timed = draw(st.booleans())
    return Layer(
        playlist=PlaylistName(name),
        loop=draw(st.booleans()),
        at=draw(clock_times) if timed else None,
        days=draw(st.frozensets(st.integers(0, 6), max_size=5)),
        start=draw(starts),
        early=draw(spans),
        late=draw(spans),
        until=draw(st.none() | st.integers(1, 7200).map(lambda s: timedelta(seconds=s))),
    )


@st.composite
def all_sources(draw: st.DrawFn) -> tuple[Sources, str]:
    names = draw(st.lists(st.sampled_from(["p", "q", "r"]), max_size=4))
    schedule = [draw(layers(name)) for name in names]
    if draw(st.booleans()):
        schedule.insert(0, Layer(playlist=PlaylistName("base"), loop=True))
    filler = None
    if draw(st.booleans()):
        filler = Filler(
            playlist=PlaylistName("filler"),
            max_repeat=draw(st.none() | st.integers(1, 900).map(lambda s: timedelta(seconds=s))),
        )
    zone, day = draw(st.sampled_from(DAYS))
    facts = {
        AssetId(name): AssetFact(
            asset=AssetId(name),
            uri=name,
            stored=name,
            duration=Fraction(draw(lengths)),
            problem="broken" if name == "bad" else None,
        )
        for name in ASSETS
        if name != "gone"
    }
    made = [draw(playlists(name)) for name in ("base", "p", "q", "r")]
    made.append(draw(playlists("filler")))
    wanted = channel(*schedule, zone=zone, filler=None, format=draw(st.sampled_from(FORMATS)))
    wanted = replace(wanted, filler=filler)
    return (
        Sources(
            channel=wanted,
            playlists={p.name: p for p in made},
            catalogue=facts,
            live={},
        ),
        day,
    )


def window_of(sources: Sources, day: str, minute: int, hours: float) -> Window:
    rate = sources.channel.format.rate
    first = frame(f"{day}T00:00:00", rate) + round(minute * 60 * rate)
    return Window(first, first + round(Fraction(hours) * 3600 * rate))


minutes = st.integers(0, 26 * 60)


def assert_same(new: Sequence[Event], old: Sequence[Event]) -> None:
    """Compare event by event, so that a failure names the first that differs."""
    for one, other in zip(new, old, strict=False):
        assert one == other
    assert len(new) == len(old)


@given(all_sources(), minutes, st.sampled_from([0.1, 1, 5]))
@settings(max_examples=60)
def test_every_frame_is_covered_exactly_once(
    drawn: tuple[Sources, str], minute: int, hours: float
) -> None:
    sources, day = drawn
    window = window_of(sources, day, minute, hours)
    rundown = compile_rundown(sources, window).rundown

    check(rundown)
    assert rundown.start <= window.start
    assert rundown.end >= window.end
    assert len(rundown.events) >= 2


@given(all_sources(), minutes)
@settings(max_examples=40)
def test_same_input_same_bytes(drawn: tuple[Sources, str], minute: int) -> None:
    sources, day = drawn
    window = window_of(sources, day, minute, 2)

    assert digest(compile_rundown(sources, window).rundown) == digest(
        compile_rundown(sources, window).rundown
    )


@given(all_sources(), minutes, st.integers(0, 90), st.integers(0, 30))
@settings(max_examples=60)
def test_a_later_window_agrees_with_what_is_held(
    drawn: tuple[Sources, str], minute: int, later: int, keep: int
) -> None:
    sources, day = drawn
    rate = sources.channel.format.rate
    window = window_of(sources, day, minute, 3)
    old = compile_rundown(sources, window).rundown
    start = window.start + round(later * 60 * rate)
    carry = carry_of(old, start + round(keep * 10 * rate))

    new = compile_rundown(sources, Window(start, window.end), carry).rundown

    check(new)
    assert_same(new.events, tuple(event for event in old.events if event.end > start))


@given(all_sources(), minutes, st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=60)
def test_windows_that_slide_step_by_step_agree_with_one_leap(
    drawn: tuple[Sources, str], minute: int, first: int, second: int
) -> None:
    sources, day = drawn
    rate = sources.channel.format.rate
    window = window_of(sources, day, minute, 4)
    old = compile_rundown(sources, window).rundown
    one, two = (window.start + round(m * 60 * rate) for m in (first, first + second))

    step = compile_rundown(sources, Window(one, window.end), carry_of(old, one)).rundown
    step = compile_rundown(sources, Window(two, window.end), carry_of(step, two)).rundown
    leap = compile_rundown(sources, Window(two, window.end), carry_of(old, two)).rundown

    assert step == leap


edits = st.sampled_from(["x-ray", "yankee"])


@given(all_sources(), minutes, st.integers(1, 60), st.data())
@settings(max_examples=30)
def test_edit_changes_nothing_that_starts_before_keep_until(
    drawn: tuple[Sources, str], minute: int, keep: int, data: st.DataObject
) -> None:
    sources, day = drawn
    window = window_of(sources, day, minute, 2)
    old = compile_rundown(sources, window).rundown
    until = window.start + round(keep * 60 * sources.channel.format.rate)
    lists = {name: data.draw(playlists(name)) for name in sources.playlists}
    other = [data.draw(layers(name)) for name in ("p", "q")]
    edited = replace(
        sources, playlists=lists, channel=replace(sources.channel, schedule=tuple(other))
    )

    new = compile_rundown(edited, window, carry_of(old, until)).rundown

    check(new)
    check_joins(new)
    kept = [event for event in old.events if event.start < until]
    assert_same(new.events[: len(kept)][:-1], kept[:-1])
    for one, other_one in zip(new.events[: len(kept)][-1:], kept[-1:], strict=True):
        assert (one.id, one.start, one.material) == (
            other_one.id,
            other_one.start,
            other_one.material,
        )


@given(all_sources(), minutes, st.integers(0, 4), edits)
@settings(max_examples=30)
def test_edit_of_an_item_changes_nothing_before_the_first_event_of_it(
    drawn: tuple[Sources, str], minute: int, number: int, title: str
) -> None:
    sources, day = drawn
    once = tuple(replace(layer, loop=False) for layer in sources.channel.schedule)
    sources = replace(sources, channel=replace(sources.channel, schedule=once))
    window = window_of(sources, day, minute, 5)
    old = compile_rundown(sources, window).rundown
    name = PlaylistName("p")
    items = list(sources.playlists[name].items)
    number %= len(items)
    items[number] = replace(items[number], title=title)
    lists = {**sources.playlists, name: playlist(name, *items)}

    new = compile_rundown(replace(sources, playlists=lists), window).rundown

    touched = (n for n, e in enumerate(new.events) if (e.playlist, e.item) == (name, f"i{number}"))
    first = next(touched, len(new.events))
    assert_same(new.events[:first], old.events[:first])


def check_joins(rundown: Rundown) -> None:
    """An event joins what follows it by just what that one's transition lies over."""
    for event, following in pairwise(rundown.events):
        assert event.lap == following.transition.frames
        if event.lap:
            assert event.frames + event.lap <= event.nominal


@given(all_sources(), minutes)
@settings(max_examples=30)
def test_frames_add_up_and_never_reach_behind_the_end_of_a_file(
    drawn: tuple[Sources, str], minute: int
) -> None:
    sources, day = drawn
    rate = sources.channel.format.rate
    rundown = compile_rundown(sources, window_of(sources, day, minute, 5)).rundown

    assert sum(event.frames for event in rundown.events) == rundown.end - rundown.start
    check_joins(rundown)
    for event in rundown.events:
        clip = event.material
        if isinstance(clip, Clip):
            whole = sources.catalogue[clip.asset].duration
            assert whole is not None
            assert clip.material is not None
            assert clip.in_frame + clip.material <= FrameClock(rate).frames_in(whole)
            assert event.frames + event.lap <= clip.material


@given(all_sources(), minutes, st.data())
@settings(max_examples=60)
def test_what_is_told_of_cuts_ahead_is_told_again_by_a_later_compile(
    drawn: tuple[Sources, str], minute: int, data: st.DataObject
) -> None:
    sources, day = drawn
    window = window_of(sources, day, minute, 3)
    old = compile_rundown(sources, window)
    told = {remark.event for remark in old.remarks}
    cut = [event for event in old.rundown.events if event.id in told]
    event = data.draw(st.sampled_from(cut or old.rundown.events[-1:]))
    start = max(window.start, event.start)
    carry = carry_of(old.rundown, data.draw(st.integers(start + 1, event.end + 1000)))

    new = compile_rundown(sources, Window(start, window.end), carry)

    both = Window(start, old.rundown.end)
    assert cuts_told(new, both) == cuts_told(old, both)


def cuts_told(found: Compiled, within: Window) -> set[Remark]:
    return {
        remark
        for remark in found.remarks
        if within.start <= remark.frame < within.end and " is cut by " in remark.text
    }


@pytest.mark.parametrize("name", FORMATS)
def test_compile_work_is_linear_in_events(name: str) -> None:
    """Counted in steps of the interpreter, so that a busy machine does not matter."""
    small, large = (steps(name, hours) for hours in (6, 24))
    assert large < small * 4 * 1.25


def steps(name: str, hours: int) -> int:
    wanted = channel(Layer(playlist=PlaylistName("base"), loop=True), format=name)
    items_ = tuple(
        AssetItem(
            id=f"i{n}",
            asset=AssetId("a"),
            transition=DesiredTransition(type=TransitionType.MIX, duration=Frames(5)),
        )
        for n in range(50)
    )
    fact = AssetFact(asset=AssetId("a"), uri="a", stored="a", duration=Fraction(60))
    sources = Sources(
        channel=wanted,
        playlists={PlaylistName("base"): playlist("base", *items_)},
        catalogue={AssetId("a"): fact},
        live={},
    )
    window = window_of(sources, "2026-11-24", -60, hours)
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        compile_rundown(sources, window)
    finally:
        sys.setprofile(before)
    return calls
