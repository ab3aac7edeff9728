from __future__ import annotations

import pytest

from reconciler.model.desired import TransitionType
from reconciler.model.ids import EventId
from reconciler.model.rundown import Event, EventKind, Frozen, SlatePicture, Transition
from reconciler.sidecar.engine_port import (
    ClipSource,
    Cue,
    FreezeSource,
    SlateSource,
    StillSource,
)
from reconciler.sidecar.player import Failure, horizon, want
from tests.unit.sidecar.situations import (
    RATE,
    ZERO,
    clip,
    event,
    in_a_row,
    showings,
    situation,
)

FILLER = clip("filler", material=100)


def names(cues: tuple[Cue, ...]) -> list[str]:
    return [cue.key.split("@")[0] for cue in cues]


def assert_covered(cues: tuple[Cue, ...], start: int) -> None:
    at = start
    for cue in cues:
        assert cue.start <= at if cue is cues[0] else cue.start == at
        at = cue.start + (cue.frames or 0)


def test_the_present_event_is_joined_and_the_next_ones_are_told() -> None:
    picture = want(showings(*in_a_row("abcd")), situation(ZERO + 300))

    assert names(picture.cues)[:3] == ["b", "c", "d"]
    assert picture.cues[0].start == ZERO + 250
    assert picture.cues[0].source == ClipSource(path="/media/b.mp4", in_frame=0)
    assert_covered(picture.cues, ZERO + 300)


def test_equal_input_gives_equal_cues_within_a_step() -> None:
    row = showings(*in_a_row("abcd"))

    assert want(row, situation(ZERO + 10)).cues == want(row, situation(ZERO + 200)).cues


def test_behind_the_rundown_comes_filler_in_turn() -> None:
    picture = want(showings(*in_a_row("a")), situation(ZERO + 260, filler=(FILLER,)))

    assert picture.cues[0].start == ZERO + 250
    assert picture.cues[1].start == ZERO + 350
    assert {p.event.kind for p in picture.shown.values()} == {EventKind.FILLER}
    assert picture.cues[-1].start + (picture.cues[-1].frames or 0) >= horizon(ZERO + 260, RATE)


def test_long_behind_the_rundown_filler_is_reckoned_not_walked() -> None:
    later = ZERO + 250 + 100 * 10_000_000 + 7
    picture = want(showings(*in_a_row("a")), situation(later, filler=(FILLER,)))

    assert picture.cues[0].start == later - 7
    assert len(picture.cues) < 50


def test_without_filler_it_is_slate_without_end() -> None:
    picture = want(showings(*in_a_row("a")), situation(ZERO + 260))

    assert picture.cues == (
        Cue(key=picture.cues[0].key, start=ZERO + 250, frames=None, source=SlateSource()),
    )


def test_without_a_rundown_there_is_a_picture() -> None:
    picture = want((), situation(ZERO + 5))

    assert [cue.source for cue in picture.cues] == [SlateSource()]


def test_before_the_rundown_begins_there_is_a_picture() -> None:
    picture = want(showings(*in_a_row("ab", start=ZERO + 500)), situation(ZERO + 5))

    assert picture.cues[0].source == SlateSource()
    assert (picture.cues[0].start, picture.cues[0].frames) == (ZERO, 500)
    assert names(picture.cues)[1] == "a"


def test_an_event_that_is_not_staged_is_replaced_before_its_time() -> None:
    row = showings(*in_a_row("axc"))
    picture = want(row, situation(ZERO + 10, filler=(FILLER,)))

    assert [(s.event.id, f.missing) for s, f in picture.replaced] == [("x", True)]
    stand_ins = [s for s in picture.shown.values() if s.event.item == "x"]
    assert [(s.start, s.frames) for s in stand_ins] == [
        (ZERO + 250, 100),
        (ZERO + 350, 100),
        (ZERO + 450, 50),
    ]
    assert_covered(picture.cues, ZERO + 10)


def test_without_filler_the_missing_event_is_slate() -> None:
    picture = want(showings(*in_a_row("axc")), situation(ZERO + 10))

    assert picture.cues[1].source == SlateSource()
    assert (picture.cues[1].start, picture.cues[1].frames) == (ZERO + 250, 250)
    assert names(picture.cues)[2] == "c"


def test_a_file_that_arrives_late_is_joined_at_its_frame() -> None:
    row = showings(*in_a_row("xa"))
    failed = {row[0].key: Failure(known_at=ZERO, why="not staged", missing=True)}
    picture = want(row, situation(ZERO + 120, present="x a", failed=failed, filler=(FILLER,)))

    assert names(picture.cues)[0] == "x"
    assert picture.cues[0].start == ZERO


def test_an_event_that_fails_on_air_is_filled_from_there_on() -> None:
    row = showings(*in_a_row("ab"))
    failed = {row[0].key: Failure(known_at=ZERO + 100, why="damaged")}
    picture = want(row, situation(ZERO + 101, failed=failed, filler=(FILLER,)))

    assert [(c.start, c.frames) for c in picture.cues[:3]] == [
        (ZERO + 100, 100),
        (ZERO + 200, 50),
        (ZERO + 250, 250),
    ]


def test_a_failed_cue_is_tried_again_while_it_is_far_off() -> None:
    row = showings(*in_a_row("ab", frames=4000))
    failed = {row[1].key: Failure(known_at=ZERO, why="too many files")}

    later = want(row, situation(ZERO + 2000, failed=failed))
    assert "b" in names(later.cues)
    too_late = want(row, situation(ZERO + 3990, failed=failed))
    assert "b" not in names(too_late.cues)


def test_filler_that_cannot_be_played_is_passed_over() -> None:
    broken = clip("d", material=50)
    failed = {"file:d.mp4": Failure(known_at=ZERO, why="damaged")}
    picture = want((), situation(ZERO + 1, failed=failed, filler=(broken, FILLER)))

    assert {c.source for c in picture.cues} == {
        ClipSource(path="/media/filler.mp4", in_frame=0),
    }


def test_the_tail_stays_under_a_transition_and_goes_after_it() -> None:
    mixed = event("b", ZERO + 250, transition=Transition(type=TransitionType.MIX, frames=12))
    row = showings(event("a", ZERO), mixed)

    assert names(want(row, situation(ZERO + 255)).cues)[:2] == ["a", "b"]
    after = want(row, situation(ZERO + 262)).cues
    assert names(after)[0] == "b"
    assert after[0].transition is TransitionType.MIX


@pytest.mark.parametrize(("frames", "source"), [(12, FreezeSource()), (13, SlateSource())])
def test_a_slate_too_short_to_be_seen_holds_the_picture(frames: int, source: object) -> None:
    news = event("news", ZERO + 250 + frames)
    flash = Event(
        id=EventId("slate"),
        start=ZERO + 250,
        frames=frames,
        kind=EventKind.SLATE,
        material=SlatePicture(),
    )
    picture = want(showings(event("film", ZERO), flash, news), situation(ZERO))

    assert [cue.source for cue in picture.cues][1] == source


def test_a_pause_freezes_and_the_slate_of_the_rundown_is_shown_where_it_is_staged() -> None:
    frozen = Event(
        id=EventId("a"), start=ZERO, frames=100, kind=EventKind.PROGRAMME, material=Frozen()
    )
    slate = Event(
        id=EventId("s"),
        start=ZERO + 100,
        frames=100,
        kind=EventKind.SLATE,
        material=SlatePicture(),
    )
    still = clip("d", material=None)
    picture = want(showings(frozen, slate), situation(ZERO, slate=still))

    assert picture.cues[0].source == FreezeSource()
    assert picture.cues[1].source == StillSource(path="/media/d.mp4")


@pytest.mark.parametrize("count", [1, 7, 5000])
def test_the_window_is_bounded_and_keys_differ(count: int) -> None:
    row = showings(*(event("a", ZERO + i * 3, 3) for i in range(count)))
    picture = want(row, situation(ZERO + 1, filler=(FILLER,)))

    assert len(picture.cues) <= 400
    assert len({cue.key for cue in picture.cues}) == len(picture.cues)
    assert_covered(picture.cues, ZERO + 1)
