"""Keeps the account of one folder: up to which frame everything that should have aired has a row.

Its marks are in the spool, so that the account goes on over deaths. Whoever starts a new epoch may
say up to which frame its predecessors account for what went out (`previous_until`): what should
have aired between that frame and our own beginning is then missed, and written down once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from fractions import Fraction

from reconciler.errors import Unreachable
from reconciler.sidecar.account import Stretch, missed
from reconciler.sidecar.bend import Bent
from reconciler.sidecar.player import Failure
from reconciler.sidecar.recorder import Recorder
from reconciler.sidecar.spool import Spool

log = logging.getLogger(__name__)

SETTLED = 2  # seconds after an event's end before it counts as missed
MARK_EVERY = 30  # seconds between marks of an account in which nothing was missed
BEGUN_FOR = 3600  # seconds behind the account for which it is known what had begun
REACH_BACK = 86_400  # seconds before our beginning that are accounted for at most


class Accountant:
    """The account from `since` on, or from where the marks in the spool say."""

    def __init__(self, recorder: Recorder, rate: Fraction, since: int) -> None:
        self._recorder = recorder
        self._rate = rate
        self._since = since
        self._born = self._accounted = self._marked = since

    def remember(self, spool: Spool, previous_until: int | None, *, goes_on: bool = False) -> None:
        """Close what a predecessor in this folder left open, and go on with its account.

        `goes_on`: its engine plays on, so what is still seen on air is the same row.
        """
        try:
            if goes_on:
                self._recorder.take_over(spool.open_rows())
            crashed = 0 if goes_on else spool.close_crashed()
            if not spool.mark("born"):
                spool.set_mark("born", str(self._begin(previous_until)))
            self._born = int(spool.mark("born"))
            self._accounted = int(spool.mark("accounted") or self._born)
            self._recorder.remember(spool.begun())
        except Unreachable as error:
            self._recorder.trouble = str(error)
            return
        if crashed:
            log.warning("%d rows were open when the last life here ended", crashed)

    def account(self, bent: Bent, failed: Mapping[str, Failure], now: int) -> None:
        """Write down what should have been on air by now and never began.

        Evidence of this life's own events may be a little late; of earlier ones none comes.
        """
        settled = now - round(SETTLED * self._rate)
        self.account_to(max(self._since, settled), bent, failed)

    def account_to(self, until: int, bent: Bent, failed: Mapping[str, Failure]) -> None:
        """Write down what ended by `until` and never began; nothing without a rundown."""
        if until <= self._accounted or bent.rundown is None:
            return
        stretch = Stretch(since=self._born, after=self._accounted, until=until, rate=self._rate)
        rows = missed(bent.showings, stretch, failed, has_begun=self._recorder.has_begun)
        self._accounted = until
        if rows or until - self._marked > MARK_EVERY * self._rate:
            self._marked = until
            forget = until - round(BEGUN_FOR * self._rate)
            self._recorder.account(rows, until=until, forget=forget)

    def _begin(self, previous_until: int | None) -> int:
        if previous_until is None:
            return self._since
        return max(min(previous_until, self._since), self._since - round(REACH_BACK * self._rate))
