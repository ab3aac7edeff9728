from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from reconciler.model.desired import DesiredChannel
from reconciler.model.rundown import Clip, Event
from reconciler.rundown import Window, carry_of
from tests.unit.rundown.builders import (
    HARD,
    asset,
    base,
    channel,
    check,
    compiled,
    frame,
    layer,
    listing,
    playlist,
    told,
    window,
)

ASSETS = {"a": 600, "b": 900, "c": 1200, "n": 300, "o": 300}
LISTS = [playlist("base", "a", "b", "c"), playlist("news", "n", "o")]
DAY = "2026-11-24T04:50:00"  # 05:50 in Oslo
FORMATS = ("360p2398", "360p2500", "360p2997", "360p5000", "360p5994")


@pytest.mark.parametrize("name", FORMATS)
def test_hard_start_lies_on_the_first_frame_at_or_after_its_time(name: str) -> None:
    wanted = channel(base("base"), layer("news", "06:00", start=HARD), format=name)
    rate = wanted.format.rate
    rundown = compiled(wanted, LISTS, ASSETS, window(DAY, 1, rate)).rundown
    news = next(e for e in rundown.events if e.playlist == "news")
    exact = Fraction(frame("2026-11-24T05:00:00", Fraction(1)))

    check(rundown)
    assert Fraction(news.start) / rate >= exact
    assert Fraction(news.start - 1) / rate < exact
    assert news.frames == round(300 * rate)


def test_there_are_always_two_events_that_end_in_the_window_or_later() -> None:
    start = frame("2026-11-24T05:10:00")
    rundown = compiled(channel(base("base")), LISTS, ASSETS, Window(start, start + 1)).rundown
    assert len(rundown.events) == 2


def test_empty_schedule_is_slate() -> None:
    assert listing(compiled(channel(), [], {}, window(DAY)).rundown) == [
        "04:00:00 slate 3600s",
        "05:00:00 slate 3600s",
    ]


def test_list_over_midnight_is_still_on_the_next_day() -> None:
    wanted = channel(base("base"), layer("news", "23:55", start=HARD))
    lists = [LISTS[0], playlist("news", "c", "n")]
    out = compiled(wanted, lists, ASSETS, window("2026-11-24T23:05:00", 0.3))

    assert listing(out.rundown)[:2] == ["22:55:00 news/c 1200s hard", "23:15:00 news/n 300s"]
    later = compiled(wanted, lists, ASSETS, window("2026-11-24T23:30:00", 0.3))
    assert not any("news" in line for line in listing(later.rundown))


def test_window_over_midnight_agrees_with_the_day_after_once_carried() -> None:
    wanted = channel(base("base"), layer("news", "00:00", start=HARD))
    old = compiled(wanted, LISTS, ASSETS, window("2026-11-24T22:30:00", 2)).rundown
    span = Window(frame("2026-11-24T23:05:00"), old.end)
    new = compiled(wanted, LISTS, ASSETS, span, carry_of(old, span.start + 750)).rundown

    assert "23:00:00 news/n 300s hard" in listing(old)
    assert new.events == tuple(e for e in old.events if e.end > span.start)


@pytest.mark.parametrize(
    ("zone", "start", "at", "local", "what"),
    [
        ("Europe/Oslo", "2026-03-29T00:50:00", "02:30", "03:30:00 Sun", "does not exist"),
        ("Europe/Oslo", "2026-10-25T00:10:00", "02:30", "02:30:00 Sun", "comes twice"),
        ("America/New_York", "2026-03-08T06:50:00", "02:30", "03:30:00 Sun", "does not exist"),
        ("America/New_York", "2026-11-01T05:10:00", "01:30", "01:30:00 Sun", "comes twice"),
    ],
)
def test_start_in_a_change_of_the_clock_is_played_once_and_told(
    zone: str, start: str, at: str, local: str, what: str
) -> None:
    wanted = channel(base("base"), layer("news", at, start=HARD), zone=zone)
    span = window(start, 3)
    out = compiled(wanted, LISTS, ASSETS, span)

    assert sum(e.item == "n" for e in out.rundown.events) == 1
    remark = next(text for text in told(out) if text.startswith("clock change"))
    assert remark.startswith(f"clock change {local}: news is due at {at}:00, which {what}")

    carry = carry_of(out.rundown, span.start + 100_000)
    assert remark in told(compiled(wanted, LISTS, ASSETS, span, carry))


def slate_of(wanted: DesiredChannel, *facts: object) -> tuple[Clip | None, list[str]]:
    out = compiled(wanted, [], facts, window(DAY))  # type: ignore[arg-type]  # asset facts
    return out.rundown.slate, told(out)


def test_slate_is_a_looping_clip_or_a_still() -> None:
    moving, words = slate_of(channel(slate="s"), asset("s", 8))
    assert moving is not None
    assert (moving.material, moving.loop, words) == (200, True, [])
    still, _ = slate_of(channel(slate="s"), asset("s", None, still=True))
    assert still is not None
    assert still.material is None


def test_slate_that_cannot_be_played_is_told_and_drawn() -> None:
    assert slate_of(channel(slate="s")) == (
        None, ["unknown asset 05:50:00 Tue: slate s is unknown; a drawn one is shown"],
    )  # fmt: skip
    assert slate_of(channel(slate="s"), asset("s", 8, problem="torn")) == (
        None, ["damaged asset 05:50:00 Tue: slate s cannot be played: torn; a drawn one is shown"],
    )  # fmt: skip


def test_list_of_which_nothing_lasts_is_told_and_passed_over() -> None:
    out = compiled(channel(base("base")), [playlist("base", "gone")], {}, window(DAY))
    assert told(out) == ["unknown asset 05:50:00 Tue: base: asset gone is unknown"]
    assert listing(out.rundown)[0] == "04:00:00 slate 3600s"


def test_commit_and_filler_travel_with_the_rundown() -> None:
    out = compiled(channel(filler="base"), LISTS, ASSETS, window(DAY)).rundown
    assert out.commit == "c0ffee"
    assert [clip.asset for clip in out.filler] == ["a", "b", "c"]
    assert out.max_repeat == 0


def test_what_an_event_loses_to_a_join_is_no_cut() -> None:
    made = compiled(channel(base("base")), LISTS, ASSETS, window(DAY)).rundown.events[0]
    joined = replace(made, frames=made.frames - 25, lap=25)
    cut = replace(made, frames=made.frames - 25)
    assert (made.cut_frames, joined.cut_frames, cut.cut_frames) == (0, 0, 25)
    assert cut.is_cut
    assert not joined.is_cut


def test_filler_that_stands_in_is_cut_when_its_own_material_is() -> None:
    lists = [playlist("base", "a", "x"), playlist("idents", "n")]
    wanted = channel(base("base"), filler="idents")
    facts = [asset("a", 600), asset("n", 40), asset("x", 100, problem="torn")]
    events = compiled(wanted, lists, facts, window(DAY)).rundown.events
    pieces = [e for e in events if e.item == "x"][:3]

    assert [(e.frames, e.is_cut) for e in pieces] == [(1000, False), (1000, False), (500, True)]
    assert not _still(pieces[0]).is_cut


def _still(event: Event) -> Event:
    assert isinstance(event.material, Clip)
    return replace(event, material=replace(event.material, material=None))
