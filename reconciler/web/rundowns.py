"""Rundowns as sidecars hold them, fetched once for as long as nothing says that they changed."""

from __future__ import annotations

import threading

from reconciler.model.ids import ChannelName
from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.rundown import Rundown
from reconciler.ports import Clock, SidecarClient

_AGAIN = 15.0  # seconds; what fell out on the way (a damaged file, say) shows this soon
_KEPT = 200  # rundowns; a day of one channel is some megabytes

_Key = tuple[int, str, int, str]


class Rundowns:
    """A small memory of held rundowns, one for each channel."""

    def __init__(self, client: SidecarClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[ChannelName, tuple[_Key, float, Rundown | None]] = {}

    def held(self, seen: SidecarSeen, answer: SidecarAnswer) -> Rundown | None:
        """The effective rundown, live acts included; raises `Unreachable`."""
        key = (seen.epoch, answer.rundown_digest, answer.acts_seq, answer.transport)
        now = self._clock.monotonic()
        with self._lock:
            known = self._known.get(seen.channel)
        if known is not None and known[0] == key and now - known[1] < _AGAIN:
            return known[2]
        rundown = self._client.held_rundown(seen)
        with self._lock:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[seen.channel] = (key, now, rundown)
        return rundown
