"""The connections that fetch one file's parts side by side, each part tried again where it failed.

A part that fails goes back to what is missing. The file fails when the far end says no, or when
many tries in a row have brought nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from reconciler.adapters.transfer_http import (
    Connections,
    Lapsed,
    NoRanges,
    PushedBack,
    Wanted,
)
from reconciler.adapters.transfer_journal import DiskTrouble
from reconciler.adapters.transfer_pace import Pace, Share
from reconciler.adapters.transfer_parts import Extent, Part, Parts
from reconciler.errors import AdapterError, Unreachable
from reconciler.model.orders import StageOrder
from reconciler.sidecar.disk import why

_TRIES = 6  # failures of one hand in a row, without a byte for any, before the file fails
_DOUBLED = 4  # times that a rest is doubled at most
_WORD = 1 << 20  # bytes of one part after which those who wait are told
_RECORDS = 4096  # a part of the file so small may be fetched again after a kill, for each hand,
_RECORD_LEAST, _RECORD_MOST = 1 << 16, 4 << 20  # within these bounds (bytes)
_FRESH_ADDRESSES = 2  # addresses asked for anew before a refusal is believed
_MEASURE = 0.25  # seconds of one window


def _forget(_extent: Extent) -> None:
    """Keep no record."""


class Gone(Exception):  # not a failure: whoever meets it just stops
    """The transfer ended for another reason; see `Hands.raise_trouble`."""


class Hands:
    """Threads that fill one open file. All state is behind one lock; waiting is by condition."""

    def __init__(
        self,
        order: StageOrder,
        descriptor: int,
        parts: Parts,
        line: tuple[Connections, Share],
        record: Callable[[Extent], None] = _forget,
    ) -> None:
        self._order = order
        self._descriptor = descriptor
        self._parts = parts
        self._connections, self._share = line
        self._record = record
        self._step = min(max(order.size // _RECORDS, _RECORD_LEAST), _RECORD_MOST)
        self._pace = Pace()
        self._changed = threading.Condition()  # of a lock that its holder may take again
        self._threads: list[threading.Thread] = []
        self._trouble: Exception | None = None
        self._ended = False
        self._alone = False  # one request at a time, for all that is missing
        self._whole = False  # the server sends whole files only
        self._busy = 0
        self._restarts = 0
        self._fetched = 0
        self._window = (time.monotonic(), 0)

    # ── for who watches ──────────────────────────────────────────────────────────────────────────

    @property
    def done(self) -> int:
        """Bytes that are in the file."""
        with self._changed:
            return self._parts.done

    def work_alone(self) -> None:
        """Fetch everything in the calling thread; raises what stopped it."""
        self._alone = True
        self._work()
        self.raise_trouble()

    def wait(self, timeout: float) -> bool:
        """Let the hands work for so long; whether every byte is there. `Gone` once they failed."""
        with self._changed:
            self._hire()
            self._changed.wait_for(lambda: self._trouble or self._parts.is_whole, timeout)
            if self._trouble is not None:
                raise Gone
            self._measure()
            return self._parts.is_whole

    def end(self) -> None:
        """Let every hand stop after what it is at; wait for them."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def fail(self, error: Exception) -> None:
        """Stop everything for this reason."""
        with self._changed:
            self._trouble = self._trouble or error
            self._changed.notify_all()

    def raise_trouble(self) -> None:
        """Raise what stopped the hands, if anything did."""
        if self._trouble is not None:
            raise self._trouble

    # ── for who syncs and hashes ─────────────────────────────────────────────────────────────────

    def wait_for_more(self, count: int, timeout: float) -> bool:
        """Wait until so many bytes more have come, or for so long; False once that is all."""
        with self._changed:
            enough = self._fetched + count
            self._changed.wait_for(lambda: self._is_over or self._fetched >= enough, timeout)
            return not self._is_over

    def wait_until_ready(self, at: int, until: int) -> int:
        """Wait until every byte from `at` to `until` is there; returns how far they are."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._parts.ready(at) >= until)
            ready = self._parts.ready(at)
            if self._trouble is not None or ready < until:
                raise Gone
            return ready

    @property
    def _is_over(self) -> bool:
        return self._trouble is not None or self._ended or self._parts.is_whole

    # ── the hands ────────────────────────────────────────────────────────────────────────────────

    @property
    def _wanted(self) -> int:
        return 1 if self._whole or self._alone else self._pace.hands

    def _hire(self) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        while self._busy < self._wanted and self._parts.left:
            thread = threading.Thread(target=self._work, name="stage-part", daemon=True)
            self._threads.append(thread)
            self._busy += 1
            thread.start()

    def _measure(self) -> None:
        now, (since, fetched) = time.monotonic(), self._window
        if now - since >= _MEASURE:
            self._pace.measured((self._fetched - fetched) / (now - since))
            self._window = (now, self._fetched)

    def _work(self) -> None:
        refusals, failures, fetched = 0, 0, -1
        while (part := self._claim()) is not None:
            try:
                self._fetch(part, self._order.address())
                refusals = 0
                self._put_down(part)
            except NoRanges:
                self._start_over(part)
            except Lapsed as error:
                refusals += 1
                self._refused(part, error, is_believed=refusals > _FRESH_ADDRESSES)
            except DiskTrouble as error:
                self.fail(error)
            except Unreachable as error:
                failures = failures + 1 if fetched == self._fetched else 1
                fetched = self._fetched
                self._rest(part, error, failures)
            except Exception as error:  # noqa: BLE001  # it is raised again by the thread that waits
                self.fail(error)

    def _claim(self) -> Part | None:
        """The next part for this hand; None when there is nothing (more) for it to do."""
        with self._changed:
            part = None
            if not self._is_over and self._busy <= self._wanted:
                part = self._parts.claim(self._wanted)
            if part is None:
                self._busy -= 1
            return part

    def _fetch(self, part: Part, address: str) -> None:
        extent = None if self._whole else (part.at, part.end)
        wanted = wanted_of(self._order, address, extent)
        recorded = part.at
        with self._connections.read(wanted) as chunks:
            for chunk in chunks:
                write_all(self._descriptor, chunk, part.at)
                if part.at + len(chunk) - recorded >= min(self._step, part.end - recorded):
                    self._record((recorded, part.at + len(chunk)))
                    recorded = part.at + len(chunk)
                with self._changed:
                    before, part.at = part.at, part.at + len(chunk)
                    self._fetched += len(chunk)
                    if part.is_done or before // _WORD != part.at // _WORD:
                        self._changed.notify_all()
                    if self._ended or self._trouble is not None:
                        return
                self._pause(self._share.take(len(chunk), time.monotonic()))

    def _put_down(self, part: Part) -> None:
        with self._changed:
            self._parts.put_down(part)

    def _start_over(self, part: Part) -> None:
        """One stream from the first byte: the server does not send parts."""
        with self._changed:
            if not self._parts.holds(part):
                return  # another hand has met the same before
            self._whole = True
            self._parts.restart()
            self._restarts += 1
            self._changed.notify_all()

    def _refused(self, part: Part, error: Lapsed, *, is_believed: bool) -> None:
        self._put_down(part)
        if is_believed:
            self.fail(error)

    def _rest(self, part: Part, error: AdapterError, failures: int) -> None:
        with self._changed:
            if self._whole:
                self._start_over(part)
            else:
                self._parts.put_down(part)
            if isinstance(error, PushedBack):
                self._pace.pushed_back()
            failures = max(failures, self._restarts)
            if failures >= _TRIES:
                self.fail(Unreachable(f"{error}; given up after {failures} tries"))
        rest = self._connections.patience.rest
        self._pause(rest * 2 ** min(failures - 1, _DOUBLED))

    def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._trouble or self._ended, seconds)


def wanted_of(order: StageOrder, address: str, extent: Extent | None) -> Wanted:
    """What is asked for: so much of the order's file, or all of it in one answer."""
    return Wanted(
        url=address,
        headers=order.headers,
        size=order.size,
        etag=order.etag,
        extent=extent,
    )


def write_all(descriptor: int, chunk: memoryview, at: int) -> None:
    """Write `chunk` where it belongs; raises `DiskTrouble`."""
    try:
        while chunk:
            count = os.pwrite(descriptor, chunk, at)
            chunk, at = chunk[count:], at + count
    except OSError as error:
        raise DiskTrouble(why(error)) from error
