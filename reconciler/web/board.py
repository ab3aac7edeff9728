"""The newest reading of every channel, kept fresh while somebody looks.

One thread decides who is due, a few workers ask; all screens share what they find, so that ten
open pages cost no more than one. A channel that does not answer is asked less and less often, and
never keeps another waiting. When nobody has looked for a while, nothing is asked at all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from reconciler.errors import AdapterError
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Life, SidecarAnswer, SidecarSeen
from reconciler.web.deps import WebDeps
from reconciler.web.reading import Reading, is_still, show
from reconciler.web.rundowns import Rundowns

log = logging.getLogger(__name__)

_EVERY = 0.5  # seconds between readings of one channel; a meter slower than this looks broken
_PER_CHANNEL = 0.02  # seconds more for each channel, so that a hundred cost what twenty-five do
_SLOWEST = 5.0  # seconds between readings of a channel that does not answer
_FIND_AGAIN = 2.0  # seconds; a successor with a higher epoch shows this soon
_RUNDOWN_AGAIN = (
    60.0  # seconds; it is fetched at once when its digest or an act says that it changed
)
_IDLE_AFTER = 10.0  # seconds without a look
_FIRST_LOOK = 2.0  # seconds that a first look waits for readings
_WORKERS = 12


@dataclass(slots=True)
class _Slot:
    """What the board remembers of one channel."""

    reading: Reading
    shown: Mapping[str, object]
    due: float = 0.0
    asking: bool = False
    is_read: bool = False
    failures: int = 0
    found_at: float = float("-inf")


class Board:
    """Readings of all channels. `look` is what screens call; the rest happens by itself."""

    def __init__(self, deps: WebDeps, *, also: Callable[[], None] = lambda: None) -> None:
        self._deps = deps
        self._also = also
        self.rundowns = Rundowns(deps.client, deps.clock)
        self._slots: dict[ChannelName, _Slot] = {}
        self._lock = threading.Condition()
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="board")
        self._thread: threading.Thread | None = None
        self._looked = float("-inf")
        self._closed = False

    def look(self) -> Mapping[ChannelName, Mapping[str, object]]:
        """What every channel of the lineup shows, sorted by name; waits briefly the first time."""
        with self._lock:
            self._looked = self._deps.clock.monotonic()
            self._wake()
            self._lock.wait_for(self._is_complete, timeout=_FIRST_LOOK)
            return {name: self._slots[name].shown for name in sorted(self._slots)}

    def reading(self, name: ChannelName) -> Reading | None:
        """The newest reading of one channel."""
        self.look()
        with self._lock:
            slot = self._slots.get(name)
            return slot.reading if slot else None

    def nudge(self, name: ChannelName) -> None:
        """Read one channel again as soon as possible, since something was just done to it."""
        with self._lock:
            if slot := self._slots.get(name):
                slot.due, slot.found_at, slot.failures = 0.0, float("-inf"), 0
                self._wake()

    def wait_for_reading(self, within: float) -> None:
        """Wait until a reading arrives, at most `within` seconds."""
        with self._lock:
            self._lock.wait(timeout=within)

    def interval(self) -> float:
        """Seconds between readings of one channel that answers."""
        return max(_EVERY, _PER_CHANNEL * len(self._slots))

    def close(self) -> None:
        """Stop asking."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=_SLOWEST)
        self._pool.shutdown(wait=True, cancel_futures=True)

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _wake(self) -> None:
        self._match_lineup()
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="board", daemon=True)
            self._thread.start()
        self._lock.notify_all()

    def _is_complete(self) -> bool:
        return self._closed or all(slot.is_read for slot in self._slots.values())

    def _match_lineup(self) -> None:
        facts = {one.name: one for one in self._deps.channels()}
        for gone in self._slots.keys() - facts.keys():
            del self._slots[gone]
        for name, one in facts.items():
            slot = self._slots.get(name)
            if slot is None:
                reading = Reading(facts=one, error="not read yet")
                self._slots[name] = _Slot(reading, show(reading))
            elif slot.reading.facts != one:
                slot.reading = replace(slot.reading, facts=one)
                slot.shown = show(slot.reading)

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                now = self._deps.clock.monotonic()
                if now - self._looked > _IDLE_AFTER:
                    self._thread = None
                    return
                for name, slot in self._slots.items():
                    if not slot.asking and slot.due <= now:
                        slot.asking = True
                        self._pool.submit(self._ask, name, slot).add_done_callback(_tell)
                self._lock.wait(timeout=_EVERY / 5)
            self._also()

    # ── one reading ──────────────────────────────────────────────────────────────────────────────

    def _ask(self, name: ChannelName, slot: _Slot) -> None:
        reading = slot.reading
        try:
            reading = replace(self._read(name, slot), error="")
        except (AdapterError, LookupError, TypeError, ValueError) as error:
            seen = replace(reading.seen, answer=None) if reading.seen else None
            reading = replace(reading, seen=seen, raw={}, error=_said(error))
        finally:
            self._keep(slot, reading)

    def _keep(self, slot: _Slot, reading: Reading) -> None:
        with self._lock:
            slot.failures = slot.failures + 1 if reading.error else 0
            wait = min(_SLOWEST, self.interval() * 2 ** min(slot.failures, 6))
            slot.reading = replace(reading, facts=slot.reading.facts)
            slot.shown = show(slot.reading)
            slot.due = self._deps.clock.monotonic() + wait
            slot.asking, slot.is_read = False, True
            self._lock.notify_all()

    def _read(self, name: ChannelName, slot: _Slot) -> Reading:
        seen = self._find(name, slot)
        if seen is None or seen.life is Life.DEAD:
            return Reading(facts=slot.reading.facts, seen=seen)
        raw = self._deps.client.raw_status(seen)
        answer = self._deps.read_status(raw)
        return Reading(
            facts=slot.reading.facts,
            seen=replace(seen, answer=answer),
            raw=raw,
            still=self._is_still(seen, answer),
            read_at=self._deps.clock.now(),
        )

    def _is_still(self, seen: SidecarSeen, answer: SidecarAnswer) -> bool:
        """Look into the rundown only where a picture that does not move asks for it."""
        if answer.on_air is None or answer.on_air.moving:
            return False
        return is_still(self.rundowns.held(seen, answer), answer.on_air)

    def _find(self, name: ChannelName, slot: _Slot) -> SidecarSeen | None:
        now = self._deps.clock.monotonic()
        if slot.reading.seen and not slot.failures and now - slot.found_at < _FIND_AGAIN:
            return slot.reading.seen
        seen = self._deps.sidecars(name)
        slot.found_at = now
        return seen


def _tell(done: Future[None]) -> None:
    """Log a fault of ours in a worker; the reading grows old, and the page says so."""
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error("a reading failed", exc_info=error)


def _said(error: Exception) -> str:
    """What went wrong, for an operator."""
    if isinstance(error, AdapterError):
        return str(error)
    return f"its status cannot be read: {error!r}"
