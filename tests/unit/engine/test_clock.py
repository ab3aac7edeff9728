from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.clock import TickClock, samples_before

SECOND = 1_000_000_000
RATES = st.sampled_from(
    [Fraction(25), Fraction(50), Fraction(30_000, 1001), Fraction(60_000, 1001)]
)
NOW = 1_800_000_000 * SECOND


@given(RATES, st.integers(0, SECOND), st.integers(0, 10**6))
def test_due_and_tick_agree(rate: Fraction, phase: int, ahead: int) -> None:
    clock = TickClock(rate, wall=NOW + phase, mono=77)
    tick = clock.tick_at(77) + ahead
    assert clock.tick_at(clock.due(tick) + 2) == tick
    assert clock.tick_at(clock.due(tick) - 2) == tick - 1


def test_days_do_not_drift() -> None:
    clock = TickClock(Fraction(30_000, 1001), wall=NOW, mono=0)
    mono = 0
    for _ in range(3_600):
        mono += SECOND
        assert abs(clock.steer(wall=NOW + mono, mono=mono)) < 10_000


def test_stepped_wall_clock_moves_ticks_by_half_a_permille_at_most() -> None:
    clock = TickClock(Fraction(25), wall=NOW, mono=0)
    step = 2 * SECOND
    seconds = 0
    while abs(clock.steer(wall=NOW + step + seconds * SECOND, mono=seconds * SECOND)) > 5_000_000:
        tick = clock.tick_at(seconds * SECOND)
        length = clock.due(tick + 2) - clock.due(tick + 1)
        assert 39_979_999 <= length < 40_000_000
        seconds += 1
        assert seconds < 5_000
    assert seconds > 3_900


def test_offset_below_a_frame_is_left_alone() -> None:
    clock = TickClock(Fraction(25), wall=NOW, mono=0)
    assert clock.steer(wall=NOW + SECOND + 30_000_000, mono=SECOND) == 30_000_000
    assert clock.offset(wall=NOW + 2 * SECOND, mono=2 * SECOND) == 0


@given(RATES, st.integers(0, 10**11))
def test_samples_add_up_exactly(rate: Fraction, tick: int) -> None:
    count = samples_before(tick + 1, rate) - samples_before(tick, rate)
    assert abs(count - 48_000 / rate) < 1
    assert samples_before(tick + rate.numerator, rate) - samples_before(tick, rate) == (
        48_000 * rate.denominator
    )
