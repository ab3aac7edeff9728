from __future__ import annotations

from datetime import time, timedelta
from fractions import Fraction

import pytest

from reconciler.model.video import FrameClock
from reconciler.rundown import describe
from reconciler.rundown.localtime import ClockNote, LocalClock, length, stamp
from tests.unit.rundown.builders import day, frame

PAL, NTSC = Fraction(25), Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("zone", "date", "at", "utc", "note"),
    [
        ("Europe/Oslo", "2026-03-29", "02:30", "2026-03-29T01:30:00", ClockNote.SKIPPED),
        ("Europe/Oslo", "2026-10-25", "02:30", "2026-10-25T00:30:00", ClockNote.TWICE),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30:00", ClockNote.SKIPPED),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00", ClockNote.TWICE),
        ("Europe/Oslo", "2026-11-24", "02:30", "2026-11-24T01:30:00", None),
    ],
)
def test_local_times_around_changes_of_the_clock(
    zone: str, date: str, at: str, utc: str, note: ClockNote | None
) -> None:
    clock = LocalClock.of(zone, PAL)
    assert clock.frame(day(date), time.fromisoformat(at)) == frame(utc)
    assert clock.note(day(date), time.fromisoformat(at)) is note


def test_days_of_a_change_last_23_and_25_hours() -> None:
    clock = LocalClock.of("Europe/Oslo", PAL)
    for date, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-24", 24)):
        lasts = clock.midnight(day(date) + timedelta(days=1)) - clock.midnight(day(date))
        assert lasts == hours * 3600 * 25


def test_frame_that_a_fractional_rate_puts_after_midnight_ends_the_old_day() -> None:
    clock = LocalClock.of("Europe/Oslo", NTSC)
    midnight = clock.midnight(day("2026-11-24"))

    assert clock.day(midnight) == day("2026-11-24")
    assert clock.day(midnight - 1) == day("2026-11-23")


def test_next_time_is_today_or_tomorrow() -> None:
    clock = LocalClock.of("Europe/Oslo", PAL)
    six = frame("2026-11-24T05:00:00")

    assert clock.next_at(six, time(6)) == six
    assert clock.next_at(six + 1, time(6)) == six + 24 * 3600 * 25


def test_frames_in_words() -> None:
    assert describe(frame("2026-11-24T05:00:00"), "Europe/Oslo", PAL) == "06:00:00 Tue"
    assert describe(frame("2026-11-24T05:00:00") + 12, "Europe/Oslo", PAL) == "06:00:00+12 Tue"
    assert stamp(frame("2026-11-24T05:00:00"), PAL) == "2026-11-24T05:00:00Z"
    assert length(1500, PAL) == "0:01:00"
    assert length(24, PAL) == "24 frames"


def test_every_frame_of_a_fractional_rate_has_a_name_of_its_own() -> None:
    first = frame("2026-11-24T05:00:00", NTSC)
    assert len({stamp(first + n, NTSC) for n in range(1000)}) == 1000
    assert FrameClock(NTSC).instant(first).second == 0


def test_day_of_a_frame_whose_instant_is_past_midnight_but_not_its_frame() -> None:
    clock = LocalClock.of("Pacific/Auckland", Fraction(24000, 1001))
    for date in ("2026-01-01", "2026-06-01", "2026-09-27"):
        start = clock.midnight(day(date))
        assert clock.day(start) == day(date)
        assert clock.day(start - 1) == day(date) - timedelta(days=1)
