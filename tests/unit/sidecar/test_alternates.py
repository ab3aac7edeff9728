"""What takes an event's place when its failure is only found at the engine."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.rundown import Clip, Event
from reconciler.sidecar.account import Stretch, missed
from reconciler.sidecar.player import Failure, Picture, want
from reconciler.sidecar.rows import blank
from reconciler.sidecar.showing import Showing
from tests.unit.sidecar.situations import RATE, ZERO, clip, in_a_row, showings, situation

FILLER, SPARE = clip("filler", material=100), clip("d", material=120)
BROKEN = Failure(known_at=ZERO, why="it is damaged")


def row(spare: Clip = SPARE) -> tuple[Event, ...]:
    a, b, c = in_a_row("abc")
    return a, replace(b, alternate=spare), c


def picture(now: int, failed: dict[str, Failure], *, present: str = "a b c d filler") -> Picture:
    there = situation(now, failed=failed, filler=(FILLER,), present=present)
    return want(showings(*row()), there)


def told(
    shown: Picture, *, since: int = ZERO + 250, until: int = ZERO + 500
) -> list[tuple[str, int, int]]:
    return [
        (str(shown.shown[cue.key].event.title), cue.start - ZERO, cue.frames or 0)
        for cue in shown.cues
        if since <= cue.start < until
    ]


def key(name: str) -> str:
    return next(Showing(event=e).key for e in row() if e.id == name)


def test_the_alternate_takes_the_place_and_filler_what_it_leaves() -> None:
    found = picture(ZERO + 10, {key("b"): BROKEN})
    assert told(found) == [("D", 250, 120), ("FILLER", 370, 100), ("FILLER", 470, 30)]
    assert found.replaced[0][1] == BROKEN


def test_what_breaks_on_air_is_replaced_from_then_on() -> None:
    found = picture(ZERO + 300, {key("b"): Failure(known_at=ZERO + 300, why="torn")})
    assert told(found) == [("D", 300, 120), ("FILLER", 420, 80)]


def test_a_long_alternate_ends_with_its_event_and_a_still_lasts() -> None:
    for spare in (clip("d", material=9_000), clip("d", material=None)):
        there = situation(ZERO + 10, failed={key("b"): BROKEN}, filler=(FILLER,))
        assert told(want(showings(*row(spare)), there)) == [("D", 250, 250)]


def test_an_alternate_that_fails_too_is_followed_by_filler() -> None:
    failed = {key("b"): BROKEN, "file:d.mp4": Failure(known_at=ZERO + 290, why="torn")}
    assert (
        told(picture(ZERO + 295, failed))
        == [
            ("D", 250, 40),
            ("FILLER", 290, 100),
            ("FILLER", 390, 100),
            ("FILLER", 490, 10),
        ][1:]
    )
    before = {key("b"): BROKEN, "file:d.mp4": Failure(known_at=ZERO, why="torn")}
    assert told(picture(ZERO + 10, before))[0] == ("FILLER", 250, 100)


def test_an_alternate_that_is_not_staged_is_passed_over() -> None:
    found = picture(ZERO + 10, {key("b"): BROKEN}, present="a b c filler")
    assert told(found)[0] == ("FILLER", 250, 100)


def test_a_file_that_is_not_there_is_replaced_as_well() -> None:
    found = picture(ZERO + 10, {}, present="a c d filler")
    assert told(found)[0] == ("D", 250, 120)


def test_the_asrun_names_the_item_what_was_shown_and_instead_of_what() -> None:
    found = picture(ZERO + 10, {key("b"): BROKEN})
    spare = next(s for s in found.shown.values() if s.event.title == "D")
    line = blank(spare)
    assert (line.playlist, line.item, line.asset, line.kind) == ("base", "b", "D", "alternate")
    assert line.error == "instead of asset B: it is damaged"


def test_what_was_replaced_has_a_row_that_says_why_and_one_missed_says_instead_of_what() -> None:
    stretch = Stretch(since=ZERO, after=ZERO + 250, until=ZERO + 500, rate=RATE)
    event = row()[1]
    (failed,) = missed(showings(event), stretch, {key("b"): BROKEN}, has_begun=lambda _: False)
    assert (failed.why, failed.error) == ("failed", "it is damaged")
    stands_in = replace(event, alternate=None, instead="instead of asset X: gone")
    (passed,) = missed(showings(stands_in), stretch, {}, has_begun=lambda _: False)
    assert (passed.why, passed.kind, passed.error) == (
        "missed",
        "alternate",
        "instead of asset X: gone",
    )
