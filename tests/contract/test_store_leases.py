"""Two reconcilers of different lineups keep one lease, in every order of their steps.

Each asks the sidecar, writes its grant, tells the sidecar and confirms what it goes by. Whatever
the order: the database never believes in an end that is earlier than the sidecar's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from reconciler.sidecar.lease import Lease, told
from tests.store_kit import KINDS, StoreKit, open_kit
from tests.store_values import MCR1, MCR2, NEWS, SPORT, catalogue, channel, lineup

pytestmark = pytest.mark.postgres

FIRST = 30.0  # seconds of the lease that is there already
STEPS = 4  # of one that keeps a lease
ORDERS = tuple(
    tuple(place in places for place in range(2 * STEPS))
    for places in combinations(range(2 * STEPS), STEPS)
)
PAIRS = [(60.0, 8.0), (8.0, None), (8.0, 8.0)]


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest) -> Iterator[StoreKit]:
    with open_kit(request) as kit:
        kit.store.write_channel(lineup(), channel("news"), catalogue())
        yield kit


class Story:
    """A sidecar of one epoch that sends, with its lease in the database."""

    def __init__(self, kit: StoreKit, epoch: int) -> None:
        self.store, self.epoch = kit.store, epoch
        self.store.begin_spawn(NEWS, MCR1, epoch, devices=[], counts_as_restart=False)
        asked_at = time.monotonic()
        self.store.grant(NEWS, epoch, timedelta(seconds=FIRST))
        self.lease = Lease(own=epoch, highest=epoch)
        self.hear(FIRST, asked_at)

    def hear(self, ttl: float | None, asked_at: float) -> bool:
        counts = self.lease.is_followed_by(asked_at)
        now = time.monotonic()
        self.lease = told(self.lease, self.epoch, ttl=ttl, asked_at=asked_at, now=now)
        return counts

    def keep(self, ttl: float | None) -> Iterator[bool]:
        """One that keeps the lease, step by step: whether the step could do harm."""
        asked_at = time.monotonic()
        yield False
        span = None if ttl is None else timedelta(seconds=ttl)
        end = self.store.renew_leases({NEWS: (self.epoch, span)})[NEWS]
        yield False
        counts = self.hear(ttl, asked_at)
        yield True
        if counts:
            self.store.confirm_leases({NEWS: (self.epoch, end)})
        yield counts

    def ahead(self) -> float:
        """Seconds by which the sidecar would send beyond what the database believes."""
        ends = self.store.read().channels[NEWS].lease_expires_at
        if ends is None:
            return 0.0
        if self.lease.until is None:
            return float("inf")
        own = self.lease.until - time.monotonic()
        return own - (ends - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("spans", PAIRS)
def test_no_order_of_two_grants_lets_a_sidecar_outlast_its_lease(
    kit: StoreKit, spans: tuple[float | None, float | None]
) -> None:
    for epoch, order in enumerate(ORDERS, 1):
        story = Story(kit, epoch)
        one, other = (story.keep(ttl) for ttl in spans)
        for place, ones in enumerate(order):
            if next(one if ones else other):
                assert story.ahead() <= 0, f"{order[: place + 1]}"
        kit.store.sidecar_gone(NEWS, epoch)


@pytest.mark.parametrize("spans", [(FIRST, 8.0), (None, 8.0), (8.0, None)])
def test_who_keeps_it_last_and_undisturbed_has_its_way(
    kit: StoreKit, spans: tuple[float | None, float | None]
) -> None:
    story = Story(kit, 1)
    for ttl in spans:
        for _ in story.keep(ttl):
            pass
    last = spans[-1]
    ends = kit.store.read().channels[NEWS].lease_expires_at
    if last is None:
        assert (ends, story.lease.until) == (None, None)
    else:
        assert ends is not None
        assert (ends - datetime.now(UTC)).total_seconds() <= last
        assert story.lease.until is not None
        assert story.lease.until - time.monotonic() <= last


def test_channels_with_more_than_one_sidecar_are_told_with_their_nodes(kit: StoreKit) -> None:
    kit.store.write_channel(lineup(), channel("sport"), catalogue())
    kit.store.begin_spawn(SPORT, MCR1, 1, devices=[], counts_as_restart=False)
    kit.store.begin_spawn(NEWS, MCR1, 1, devices=[], counts_as_restart=False)
    assert kit.store.crossings() == {}
    kit.store.begin_spawn(NEWS, MCR2, 2, devices=[], counts_as_restart=False)
    assert kit.store.crossings() == {NEWS: {MCR1, MCR2}}
    kit.store.sidecar_gone(NEWS, 1)
    assert kit.store.crossings() == {}


def test_a_grant_that_is_not_the_newest_is_not_confirmed(kit: StoreKit) -> None:
    Story(kit, 1)
    short = kit.store.renew_leases({NEWS: (1, timedelta(seconds=8))})[NEWS]
    long = kit.store.grant(NEWS, 1, timedelta(seconds=60))
    kit.store.confirm_leases({NEWS: (1, short)})
    ends = kit.store.read().channels[NEWS].lease_expires_at
    assert ends is not None
    assert ends >= long
