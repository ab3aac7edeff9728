"""What is made of packets, faults and holes: what is lost, and what is not."""

from __future__ import annotations

from reconciler.model.findings import Loss
from reconciler.sidecar.tracks import SECOND, Track, judge

STEP = SECOND // 25


def pictures(seconds: float = 10, *, gop: int = 50, skip: tuple[float, float] = (0, 0)) -> Track:
    track = Track("pictures")
    for number in range(round(seconds * 25)):
        at = number * STEP
        if not skip[0] * SECOND <= at < skip[1] * SECOND:
            track.packet(at, STEP, begins=None if number % gop else at)
    return track


def sound(seconds: float = 10, *, skip: tuple[float, float] = (0, 0)) -> Track:
    track = Track("sound")
    for number in range(round(seconds * 50)):
        at = number * STEP // 2
        if not skip[0] * SECOND <= at < skip[1] * SECOND:
            track.packet(at, STEP // 2)
    return track


def lost(*tracks: Track, **more: object) -> list[tuple[str, int, int]]:
    losses, _ = judge(tracks, **more)  # type: ignore[arg-type]  # its own names
    return [(loss.what, loss.at_ms, loss.lasts_ms) for loss in losses]


def test_what_is_whole_loses_nothing() -> None:
    assert judge([pictures(), sound()]) == ((), ())
    assert judge([]) == ((), ())
    assert judge([Track("sound")], promised=9 * SECOND) == ((), ())


def test_a_torn_picture_costs_all_up_to_the_next_that_needs_no_other() -> None:
    track = pictures()
    track.fault(3 * SECOND, STEP)
    track.fault(3 * SECOND + STEP, STEP)
    assert lost(track) == [("pictures", 3000, 1000)]
    track.fault(4 * SECOND, STEP)  # a key picture: the next one helps
    assert lost(track) == [("pictures", 3000, 3000)]
    track.fault(9 * SECOND, STEP)  # none comes after it
    assert lost(track) == [("pictures", 3000, 3000), ("pictures", 9000, 1000)]


def test_torn_sound_costs_itself_alone() -> None:
    track = sound()
    track.fault(3 * SECOND, STEP)
    track.fault(8 * SECOND, 0)
    assert lost(track) == [("sound", 3000, 40), ("sound", 8000, 1)]


def test_a_hole_in_the_pictures_is_how_still_pictures_are_kept_unless_something_else_tells() -> (
    None
):
    hole = (4.0, 7.0)
    assert lost(pictures(skip=hole), sound()) == []
    assert lost(pictures(skip=hole), sound(skip=(4.1, 6.9))) == [
        ("pictures", 4000, 3000),
        ("sound", 4100, 2800),
    ]
    complained = sound()
    complained.fault(7 * SECOND, STEP)
    assert ("pictures", 4000, 3000) in lost(pictures(skip=hole), complained)
    far = sound()
    far.fault(SECOND, STEP)
    assert lost(pictures(skip=hole), far) == [("sound", 1000, 40)]


def test_a_pause_of_the_sound_alone_is_told_and_counts_where_sound_never_pauses() -> None:
    quiet = sound(skip=(4.0, 7.0))
    assert judge([pictures(), quiet]) == ((), ("it has no sound from 0:04.0 to 0:07.0",))
    assert lost(pictures(), quiet, is_steady=True) == [("sound", 4000, 3000)]
    assert judge([pictures(), sound(skip=(4.0, 4.5))]) == ((), ())


def test_an_end_that_was_promised_is_missed() -> None:
    assert lost(pictures(), sound(), promised=12 * SECOND) == [
        ("pictures", 10_000, 2000),
        ("sound", 10_000, 2000),
    ]
    assert lost(pictures(), sound(), promised=10 * SECOND + STEP) == []
    assert lost(pictures(8), sound(), promised=10 * SECOND) == [], "its sound lasts longer"
    track = pictures(8)
    track.promised = 10 * SECOND
    assert lost(track, sound()) == [("pictures", 8000, 2000)]


def test_sound_that_ends_early_is_told_and_what_ends_far_too_early_is_lost() -> None:
    assert judge([pictures(), sound(9.5)]) == ((), ())
    assert judge([pictures(), sound(7)]) == ((), ("its sound ends 3.0 s before its pictures",))
    assert lost(pictures(), sound(4)) == [("sound", 4000, 6000)]
    assert lost(pictures(100), sound(93)) == [], "credits may be silent"


def test_timestamps_that_go_back_are_told_and_what_comes_after_is_followed() -> None:
    track = sound()
    for number in range(100):
        track.packet(number * STEP // 2, STEP // 2)
    losses, remarks = judge([track])
    assert (losses, remarks) == ((), ("the timestamps of its sound go back at 0:10.0",))


def test_times_before_the_beginning_are_no_jump() -> None:
    track = Track("sound")
    for number in range(-100, 100):
        track.packet(number * STEP, STEP)
    assert judge([track]) == ((), ())


def test_the_longest_losses_are_kept_by_time() -> None:
    track = sound(200)
    for number in range(60):
        track.fault(number * 3 * SECOND, (number + 1) * SECOND // 100)
    losses, _ = judge([track])
    assert len(losses) == 32
    assert losses == tuple(sorted(losses, key=lambda loss: loss.at_ms))
    assert losses[-1] == Loss(what="sound", at_ms=177_000, lasts_ms=600)
