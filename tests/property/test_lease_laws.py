"""Law: whoever keeps a lease, and whatever becomes of their words, no sidecar outlasts it.

Reconcilers of several lineups ask, write, tell and confirm in any order; words come late or never,
the sidecar starts anew, time passes. As long as one of them gets through, the lease is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from reconciler.model.ids import ChannelName
from reconciler.sidecar.lease import Lease, told
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld

NEWS = ChannelName("news")
SPANS = st.sampled_from([None, 4.0, 8.0, 60.0])


@dataclass(frozen=True, slots=True)
class Asked:
    """A reconciler that has read the sidecar's clock."""

    at: float


@dataclass(frozen=True, slots=True)
class Word:
    """A grant that was written, on its way to the sidecar."""

    asked_at: float
    ttl: float | None
    end: datetime


class Leases(RuleBasedStateMachine):
    """One channel on air; the fake database, and the sidecar's own judgement."""

    asked = Bundle("asked")
    words = Bundle("words")
    heard = Bundle("heard")

    @initialize(ttl=SPANS)
    def go_on_air(self, ttl: float | None) -> None:
        self.world = FakeWorld(lineup(channel("news", fence=ttl)))
        self.world.converge()
        self.lease = self.world.yard.at("news", 1).lease

    def now(self) -> float:
        return self.world.clock.monotonic()

    @rule(target=asked)
    def ask(self) -> Asked:
        return Asked(self.now())

    @rule(target=words, one=asked, ttl=SPANS)
    def write(self, one: Asked, ttl: float | None) -> Word:
        span = None if ttl is None else timedelta(seconds=ttl)
        return Word(one.at, ttl, self.world.store.renew_leases({NEWS: (1, span)})[NEWS])

    @rule(target=heard, word=words)
    def tell(self, word: Word) -> tuple[Word, bool]:
        counts = self.lease.is_followed_by(word.asked_at)
        self.lease = told(self.lease, 1, ttl=word.ttl, asked_at=word.asked_at, now=self.now())
        return word, counts

    @rule(one=heard)
    def confirm(self, one: tuple[Word, bool]) -> None:
        word, counts = one
        if counts:
            self.world.store.confirm_leases({NEWS: (1, word.end)})

    @rule(ttl=SPANS)
    def keep_undisturbed(self, ttl: float | None) -> None:
        """A whole round: whatever was before, the sidecar may send afterwards."""
        self.pass_time(0.01)
        self.confirm(self.tell(self.write(self.ask(), ttl)))
        assert self.lease.may_send(self.now())
        if ttl is not None:
            assert self.lease.until is not None
            assert self.lease.until <= self.now() + ttl

    @rule()
    def start_the_sidecar_anew(self) -> None:
        """It knows its deadline; see `Memory.lease`."""
        kept = replace(Lease(own=1, highest=1), granted=self.lease.granted, until=self.lease.until)
        self.lease = replace(kept, taken_at=self.now())

    @rule(seconds=st.sampled_from([0.01, 1.0, 5.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.clock.tick(seconds)

    @invariant()
    def no_sidecar_outlasts_its_lease(self) -> None:
        if not hasattr(self, "lease"):
            return
        until = math.inf if self.lease.until is None else self.lease.until
        assert until <= self.world.database.leases[NEWS].expires.timestamp() or (
            until == math.inf and self.world.store.read().channels[NEWS].lease_expires_at is None
        )


Leases.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
test_no_sidecar_outlasts_its_lease = Leases.TestCase
