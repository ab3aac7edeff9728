"""The leader's own deadline, by a clock in the test's hand; the database is not asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.adapters.postgres_leadership import PostgresLeadership
from reconciler.errors import Unreachable


class HandClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def led(clock: HandClock) -> PostgresLeadership:
    leadership = PostgresLeadership(
        "postgresql://127.0.0.1:1/x", ttl=timedelta(seconds=10), monotonic=clock
    )
    leadership._lead = (3, clock.now + 9.0)
    return leadership


def test_the_lead_ends_by_our_own_clock_before_the_databases() -> None:
    clock = HandClock()
    leadership = led(clock)
    clock.now += 8.9
    assert (leadership.is_leading(), leadership.term()) == (True, 3)
    clock.now += 0.2
    assert (leadership.is_leading(), leadership.term()) == (False, None)


def test_a_lead_that_stands_asks_nobody() -> None:
    assert led(HandClock()).try_lead() == 3


def test_without_a_database_there_is_no_lead() -> None:
    clock = HandClock()
    leadership = led(clock)
    clock.now += 60
    with pytest.raises(Unreachable, match="database: lead"):
        leadership.try_lead()
    assert leadership.term() is None


def test_resigning_without_a_database_still_ends_the_lead() -> None:
    leadership = led(HandClock())
    leadership.close()
    assert not leadership.is_leading()
