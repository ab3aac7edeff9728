from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.slots import Box, Slots, Steady, fit, sample_aspect_of

F = Fraction


def laid_out(source: Fraction, channel: Fraction, frames: int, *, first: int = 0) -> list[int]:
    """Which source frame stands at each position from `first` on."""
    slots: Slots[int] = Slots(channel, first)
    shown: list[int] = []
    for number in range(frames):
        before, filled = slots.put(number, number / source, 1 / source)
        assert filled.start == first + len(shown) or not filled
        shown += [before for _ in filled if before is not None]
    before, filled = slots.finish()
    return shown + [before for _ in filled if before is not None]


def test_same_rate_is_untouched_also_from_an_in_point() -> None:
    assert laid_out(F(25), F(25), 10) == list(range(10))
    assert laid_out(F(25), F(25), 10, first=4) == [4, 5, 6, 7, 8, 9]


def test_double_rate_is_every_other_frame() -> None:
    assert laid_out(F(50), F(25), 10) == [0, 2, 4, 6, 8]


def test_half_rate_is_every_frame_twice() -> None:
    assert laid_out(F(25), F(50), 3) == [0, 0, 1, 1, 2, 2]


def test_in_point_between_two_slow_frames_shows_the_earlier() -> None:
    assert laid_out(F(10), F(50), 4, first=7) == [1, 1, 1, *[2] * 5, *[3] * 5]


def test_long_frame_fills_its_time() -> None:
    slots: Slots[str] = Slots(F(25), 0)
    slots.put("a", F(0), F(1, 25))
    assert slots.put("b", F(2), F(1, 25)) == ("a", range(50))


rates = st.sampled_from([F(24000, 1001), F(24), F(25), F(30000, 1001), F(30), F(50), F(60)])


@given(rates, rates, st.integers(1, 300), st.integers(0, 50))
def test_no_position_is_left_out_and_order_is_kept(
    source: Fraction, channel: Fraction, frames: int, first: int
) -> None:
    shown = laid_out(source, channel, frames, first=first)
    assert shown == sorted(shown)
    length = frames / source * channel
    assert abs(len(shown) - max(Fraction(0), length - first)) <= 1 or first > length
    shift_free = laid_out(source, channel, frames)
    assert shown == shift_free[first:]


def test_leap_of_the_clock_is_carried_over_for_both_streams_alike() -> None:
    steady = Steady(F(1))
    step = F(1, 25)
    for number in range(5):
        assert steady.place(0, number * step, step) == number * step
        assert steady.place(1, number * step, step) == number * step
    assert steady.place(0, F(1000), step) == 5 * step
    assert steady.place(1, F(1000), step) == 5 * step
    assert steady.place(1, F(1000) + step, step) == 6 * step


def test_hole_shorter_than_a_leap_stays_a_hole() -> None:
    steady = Steady(F(1))
    steady.place(0, F(0), F(1, 25))
    assert steady.place(0, F(1, 2), F(1, 25)) == F(1, 2)


def test_pictures_are_fitted_with_bars_and_never_stretched() -> None:
    square = F(1)
    assert fit((1920, 1080), F(1), (640, 360, square)) == Box(width=640, height=360, left=0, top=0)
    assert fit((720, 576), F(16, 15), (640, 360, square)) == Box(
        width=480, height=360, left=80, top=0
    )
    assert fit((1080, 1920), F(0), (640, 360, square)) == Box(
        width=202, height=360, left=218, top=0
    )
    assert fit((1920, 800), F(1), (640, 360, square)) == Box(width=640, height=266, left=0, top=46)


def test_standard_definition_has_its_own_pixel_shape() -> None:
    wide = sample_aspect_of(720, 576)
    assert fit((1920, 1080), F(1), (720, 576, wide)) == Box(width=720, height=576, left=0, top=0)
    assert sample_aspect_of(1280, 720) == 1
