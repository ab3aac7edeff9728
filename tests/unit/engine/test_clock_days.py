"""The tick clock over days of simulated time: it follows the wall clock, and never leaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest

from reconciler.engine.clock import TickClock, samples_before

SECOND = 1_000_000_000
HOUR = 3_600
START = 1_800_000_000 * SECOND
RATES = [Fraction(25), Fraction(50), Fraction(30_000, 1001), Fraction(60_000, 1001)]

Wall = Callable[[int], int]  # nanoseconds since the start -> what the wall clock shows


def steered(clock: TickClock, wall: Wall, hours: float) -> Iterator[tuple[int, int]]:
    """Steer every ten seconds; give the second and the offset in nanoseconds."""
    for second in range(0, round(hours * HOUR), 10):
        mono = second * SECOND
        yield second, clock.steer(wall=wall(mono), mono=mono)


def clock_at_start(rate: Fraction) -> TickClock:
    return TickClock(rate, wall=START, mono=0)


@pytest.mark.parametrize("rate", RATES)
def test_a_crystal_that_is_off_is_followed_for_days_within_two_frames(rate: Fraction) -> None:
    clock = clock_at_start(rate)
    drifting = lambda mono: START + mono * 1_000_080 // 1_000_000  # noqa: E731  # 80 ppm fast
    worst = max(abs(offset) for _, offset in steered(clock, drifting, 72))
    assert worst < 2 * clock.frame


@pytest.mark.parametrize("rate", RATES)
def test_ticks_are_due_in_order_and_evenly_whatever_the_wall_clock_does(rate: Fraction) -> None:
    """Steps forth and back by seconds; no tick is ever more than 500 ppm longer or shorter."""
    clock = clock_at_start(rate)
    steps = {3: 2_000_000_000, 7: -4_500_000_000, 11: 40_000_000, 30: -1_000_000}  # by hour

    def stepped(mono: int) -> int:
        return START + mono + sum(by for hour, by in steps.items() if mono >= hour * HOUR * SECOND)

    tick = clock.tick_at(0) + 1
    before = clock.due(tick - 1)
    for second, _ in steered(clock, stepped, 48):
        for _ in range(3):
            due = clock.due(tick)
            assert abs(due - before - clock.frame) <= clock.frame // 1_000, second
            before, tick = due, tick + 1
        tick = max(tick, clock.tick_at((second + 10) * SECOND))
        before = clock.due(tick - 1)


@pytest.mark.parametrize("by", [1.5, -1.5])
def test_a_stepped_wall_clock_is_met_again_at_five_hundred_ppm(by: float) -> None:
    clock = clock_at_start(Fraction(25))
    step = round(by * SECOND)
    offsets = dict(steered(clock, lambda mono: START + mono + (step if mono else 0), 2))
    needed = abs(by) / 500e-6
    settled = [second for second, offset in offsets.items() if second and abs(offset) < clock.frame]
    assert 0.95 * needed < settled[0] < 1.05 * needed
    assert abs(offsets[max(offsets)]) < clock.frame


def test_an_offset_below_a_frame_is_left_alone() -> None:
    clock = clock_at_start(Fraction(25))
    dues = {clock.due(clock.tick_at(0) + 1_000)}
    for _, offset in steered(clock, lambda mono: START + mono + 30_000_000, 1):
        assert offset == 30_000_000
        dues.add(clock.due(clock.tick_at(0) + 1_000))
    assert len(dues) == 1


def test_every_tick_is_shown_once_over_days_of_jittering_readings() -> None:
    """Asked at uneven moments, the clock names each tick in turn and none twice."""
    rate = Fraction(30_000, 1001)
    clock = clock_at_start(rate)
    first = clock.tick_at(0)
    for number in range(1, 100_000, 37):
        due = clock.due(first + number)
        assert clock.tick_at(due) in (first + number, first + number - 1)  # a nanosecond's rounding
        assert clock.tick_at(due + 1_000) == first + number


@pytest.mark.parametrize("rate", RATES)
def test_samples_of_a_day_add_up(rate: Fraction) -> None:
    start = 1_800_000_000 * 25
    day = round(rate * 86_400)
    counts = {
        samples_before(t + 1, rate) - samples_before(t, rate) for t in range(start, start + 5_000)
    }
    assert max(counts) - min(counts) <= 1
    total = samples_before(start + day, rate) - samples_before(start, rate)
    assert abs(total - Fraction(day) / rate * 48_000) < 1
