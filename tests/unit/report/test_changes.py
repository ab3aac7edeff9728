"""The difference of two rundowns, in words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from reconciler.model.desired import TransitionType
from reconciler.model.ids import AssetId
from reconciler.model.rundown import Clip, Event, EventKind, Frozen, Live, SlatePicture, Transition
from reconciler.report.changes import changes
from tests.builders import FRAME25, event, rundown

FILM = event("FILM", at=60, seconds=600)


def told(before: Event, *after: Event) -> list[str]:
    first = event("OPEN", seconds=60)
    last = event("END", at=9000, seconds=60)
    old, new = rundown("news", first, before, last), rundown("news", first, *after, last)
    found = changes(old, new, since=FRAME25, timezone="Europe/Oslo")
    return [f"{c.symbol} {c.text}" for c in found]


def clip(stored: str, in_frame: int = 0) -> Clip:
    return Clip(asset=AssetId("FILM"), stored=stored, in_frame=in_frame)


def test_moved_and_shortened() -> None:
    assert told(FILM, replace(FILM, start=FILM.start + 130 * 25, frames=599 * 25 + 3)) == [
        "~ 13:01:00 base/film moved to 13:03:10; lasts 0:09:59+3f, not 0:10:00"
    ]


def test_many_that_only_move_are_told_in_one_line() -> None:
    head, tail = event("OPEN", seconds=60), event("END", at=9000, seconds=60)
    day = [event(n, at=60 + 60 * i, seconds=60) for i, n in enumerate("ABCD")]

    def told_of(*steps: int) -> list[str]:
        pairs = zip(day, steps, strict=False)
        later = [replace(e, id=event(f"{e.id}+").id, start=e.start + n) for e, n in pairs]
        old, new = (
            rundown("news", head, *day[: len(steps)], tail),
            rundown("news", head, *later, tail),
        )
        found = changes(old, new, since=FRAME25, timezone="Europe/Oslo")
        return [f"{c.symbol} {c.text}" for c in found]

    assert told_of(15, 25, 35, 45) == [
        "~ 13:01:00 and on: 4 events move, by 0:00:00+15f later to 0:00:01+20f later"
    ]
    assert told_of(-25, -25, -25, -25) == ["~ 13:01:00 and on: 4 events move, by 0:00:01 earlier"]
    assert told_of(0, 50) == ["~ 13:02:00 base/b moved to 13:02:02"]


def test_come_and_gone() -> None:
    other = replace(FILM, id=event("X").id, title="", item="")
    assert told(FILM, other) == [
        "+ 13:01:00 base (0:10:00)",
        "- 13:01:00 base/film Film (0:10:00)",
    ]


def test_what_is_played() -> None:
    assert told(FILM, replace(FILM, material=clip("FILM-2.mp4", 250))) == [
        ("~ 13:01:00 base/film plays FILM-2.mp4 from 00:00:10:00, not FILM-1.mp4 from 00:00:00:00")
    ]
    other = Clip(asset=AssetId("SHORT"), stored="SHORT-1.mp4", in_frame=0)
    assert told(FILM, replace(FILM, material=other)) == [
        "~ 13:01:00 base/film plays SHORT, not FILM"
    ]
    assert told(FILM, replace(FILM, material=Frozen())) == [
        "~ 13:01:00 base/film plays a frozen picture, not FILM"
    ]
    assert told(FILM, replace(FILM, material=SlatePicture())) == [
        "~ 13:01:00 base/film plays the slate, not FILM"
    ]


def test_a_live_source_is_told_by_its_name() -> None:
    live = replace(FILM, material=Live(name="studio", shown="udp://s", url="udp://secret"))
    moved = replace(FILM, material=Live(name="studio", shown="udp://s", url="udp://other"))
    assert told(FILM, live) == ["~ 13:01:00 base/film plays live studio, not FILM"]
    assert told(live, moved) == ["~ 13:01:00 base/film plays another address, not another address"]


def test_the_way_it_begins() -> None:
    mix = Transition(type=TransitionType.MIX, frames=12)
    assert told(FILM, replace(FILM, transition=mix)) == ["~ 13:01:00 base/film begins with a mix"]


def test_what_is_no_item_is_told_by_its_kind() -> None:
    slate = replace(FILM, id=event("S").id, kind=EventKind.SLATE, title="", playlist="")
    assert "+ 13:01:00 slate (0:10:00)" in told(FILM, slate)


def test_what_lies_past_the_shorter_one_is_no_difference() -> None:
    old = rundown("news", event("ONE", seconds=60))
    new = rundown("news", event("ONE", seconds=7260), event("TWO", at=7260))
    assert changes(old, new, since=FRAME25, timezone="UTC") == ()


def test_another_day_is_named() -> None:
    late = event("LATE", at=86400, seconds=60)
    old, new = (rundown("news", event("ONE", seconds=86400), e) for e in (late, late))
    gone = rundown("news", event("ONE", seconds=86400), event("X", at=86400, seconds=60))
    assert changes(old, new, since=FRAME25, timezone="UTC") == ()
    found = changes(old, gone, since=FRAME25, timezone="UTC")
    assert [c.text for c in found] == [
        "Tue 03 Mar 12:00:00 base/x X (0:01:00)",
        "Tue 03 Mar 12:00:00 base/late Late (0:01:00)",
    ]


def test_drifting_rates_count_their_own_frames() -> None:
    rate = Fraction(30000, 1001)
    start = 53_000_000_000
    one = replace(event("ONE", start=start), frames=300)
    two = replace(event("TWO", start=start + 300), frames=300)
    old = replace(rundown("news", one, two), rate=rate)
    new = replace(rundown("news", replace(one, frames=290), replace(two, frames=310)), rate=rate)
    texts = [c.text for c in changes(old, new, since=start, timezone="UTC")]
    assert texts[0].endswith("lasts 0:00:09+20f, not 0:00:10")
