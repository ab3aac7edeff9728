"""The contract of `ports.Leadership`, on the fake and on every real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests import postgres_fixtures
from tests.store_kit import KINDS, LONG, StoreKit, open_kit

pytestmark = pytest.mark.postgres
SHORT = timedelta(milliseconds=400)


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest) -> Iterator[StoreKit]:
    with open_kit(request, leading=False) as kit:
        yield kit


def test_one_leads_and_the_other_waits(kit: StoreKit) -> None:
    first, second = kit.leader(LONG), kit.leader(LONG)
    assert first.try_lead() == 1
    assert second.try_lead() is None
    assert (first.is_leading(), second.is_leading()) == (True, False)
    assert (first.term(), second.term()) == (1, None)


def test_leading_again_keeps_the_term(kit: StoreKit) -> None:
    leader = kit.leader(LONG)
    assert [leader.try_lead() for _ in range(3)] == [1, 1, 1]


def test_the_term_grows_with_every_change(kit: StoreKit) -> None:
    first, second = kit.leader(LONG), kit.leader(LONG)
    assert first.try_lead() == 1
    first.resign()
    assert not first.is_leading()
    assert second.try_lead() == 2
    assert first.try_lead() is None
    second.resign()
    assert first.try_lead() == 3


def test_resigning_what_one_does_not_have_does_nothing(kit: StoreKit) -> None:
    first, second = kit.leader(LONG), kit.leader(LONG)
    first.try_lead()
    second.resign()
    second.close()
    assert first.is_leading()


@pytest.mark.parametrize("kit", postgres_fixtures.KINDS, indirect=True)
def test_the_lead_is_kept_past_its_first_ttl(kit: StoreKit) -> None:
    leader = kit.leader(SHORT)
    assert leader.try_lead() == 1
    until = time.monotonic() + 3 * SHORT.total_seconds()
    while time.monotonic() < until:
        assert kit.leader(LONG).try_lead() is None
        time.sleep(0.05)
    assert leader.term() == 1
