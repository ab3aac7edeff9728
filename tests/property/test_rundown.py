"""Laws of the compiler, over schedules, rates and changes of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta
from fractions import Fraction

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
from reconciler.model.rundown import Event
from reconciler.model.spans import Frames
from reconciler.rundown import Sources, Window, carry_of, compile_rundown, digest
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
