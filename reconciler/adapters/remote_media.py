"""Assets in distant stores: looked at beside the passes, each at most so often, all side by side.

A pass takes what is known. What is not known yet is a problem that says so, and the loop is rung
when it is. A store that does not answer changes nothing about what it said before.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from pathlib import Path

from reconciler.adapters.media_library import MARK, stored_name
from reconciler.adapters.remote_facts import Known, Place, RemoteFacts
from reconciler.adapters.remote_stores import RemoteStores, name_in
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact
from reconciler.model.orders import StageOrder
from reconciler.model.sources import DesiredAsset, DesiredStore

log = logging.getLogger(__name__)

_AGAIN = 30.0  # seconds between two looks at one object
_PER_SECOND = 50  # looks that all objects together take of a store; more of them wait longer
_AT_ONCE = 8  # looks side by side
_PATIENCE = 2.0  # seconds that a pass may wait for what was never looked at before
_MADE = 4  # facts remembered for each asset that is asked for: what left the lineup is forgotten
_LOOKED_AT = "is being looked at"

_FIRST, _REPEAT = 0, 1  # what nobody knows yet comes before what is looked at again


@dataclass(slots=True)
class _Watched:
    known: Known | None
    looked_at: float | None = None  # in this process
    is_waiting: bool = False


class RemoteMedia:
    """Facts of distant assets. `catalogue` waits at most `patience` seconds for new ones."""

    def __init__(
        self,
        stores: RemoteStores,
        cache: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        patience: float = _PATIENCE,
    ) -> None:
        self._stores = stores
        self._facts = RemoteFacts(cache)
        self._monotonic = monotonic
        self._patience = patience
        self._changed = threading.Condition()
        self._watched: dict[Place, _Watched] = {}
        self._queue: list[tuple[int, int, Place]] = []
        self._asked = 0
        self._workers = 0
        self._news = 0  # counts what came to be known
        self._told = 0  # of which passes have taken so many
        self._made: dict[tuple[AssetId, Place], tuple[object, AssetFact]] = {}

    def facts(
        self, asked: Mapping[AssetId, tuple[Place, DesiredAsset | None]]
    ) -> dict[AssetId, AssetFact]:
        """One fact for each asset; equal to the last one, by `is`, while nothing changed."""
        with self._changed:
            fresh = [place for place, _ in asked.values() if self._ask(place, len(asked))]
            if fresh:
                self._changed.wait_for(
                    lambda: all(self._watched[p].known is not None for p in fresh), self._patience
                )
            self._told = self._news
            if len(self._made) > _MADE * len(asked):
                self._made.clear()
            known = {place: self._watched[place].known for place, _ in asked.values()}
        return {
            asset: self._fact(asset, place, declared, known[place])
            for asset, (place, declared) in asked.items()
        }

    def is_absent(self, place: Place) -> bool:
        """Whether the store answered that nothing is there."""
        with self._changed:
            watched = self._watched.get(place)
            return watched is not None and watched.known is not None and bool(watched.known.absent)

    def changed(self, timeout: float) -> bool:
        """Wait until something is known that no pass has taken; whether something is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._news != self._told, timeout)

    def order(self, fact: AssetFact, store: DesiredStore | None) -> StageOrder:
        """What a node needs to fetch the object; its bytes come by an address of their own."""
        return StageOrder(
            stored=fact.stored,
            uri=fact.uri,
            size=fact.size,
            content=content_of(fact),
            address=self._stores.address(fact.uri, store),
            sha256=fact.sha256,
            etag=fact.etag,
        )

    # ── looking ──────────────────────────────────────────────────────────────────────────────────

    def _ask(self, place: Place, count: int) -> bool:
        """Have `place` looked at if it is time; whether it is asked for the first time."""
        watched, is_new = self._watched.get(place), False
        if watched is None:
            watched = self._watched[place] = _Watched(self._facts.find(place))
            is_new = watched.known is None
        now, pause = self._monotonic(), max(_AGAIN, count / _PER_SECOND)
        is_due = watched.looked_at is None or now - watched.looked_at >= pause
        if is_due and not watched.is_waiting:
            watched.is_waiting = True
            self._asked += 1
            order = _FIRST if watched.known is None else _REPEAT
            heappush(self._queue, (order, self._asked, place))
            if self._workers < _AT_ONCE:
                self._workers += 1
                threading.Thread(target=self._work, name="look", daemon=True).start()
        return is_new

    def _work(self) -> None:
        while (task := self._next()) is not None:
            place, before = task
            try:
                known = self._stores.look(place, before)
            except Exception:  # a bug must not end the looking at other objects
                log.exception("looking at %s", place.uri)
                known = before or Known(
                    uri=place.uri, trouble="it could not be looked at: see the log"
                )
            self._learn(place, known)

    def _next(self) -> tuple[Place, Known | None] | None:
        with self._changed:
            if not self._queue:
                self._workers -= 1
                if not self._workers:
                    self._facts.save()
                return None
            place = heappop(self._queue)[2]
            return place, self._watched[place].known

    def _learn(self, place: Place, known: Known) -> None:
        with self._changed:
            watched = self._watched[place]
            if known != watched.known:
                self._news += 1
            watched.known = known
            watched.looked_at = self._monotonic()
            watched.is_waiting = False
            self._facts.keep(place, known)
            self._changed.notify_all()

    # ── telling ──────────────────────────────────────────────────────────────────────────────────

    def _fact(
        self, asset: AssetId, place: Place, declared: DesiredAsset | None, known: Known | None
    ) -> AssetFact:
        made = self._made.get((asset, place))
        basis = (known, declared)
        if made is None or made[0] != basis:
            made = self._made[asset, place] = (basis, fact_of(asset, place, declared, known))
        return made[1]


def fact_of(
    asset: AssetId, place: Place, declared: DesiredAsset | None, known: Known | None
) -> AssetFact:
    """What is told of an asset, from what is known of its place and what the lineup says."""
    store = place.store.name if place.store is not None else ""
    shown = place.uri if known is None else known.uri
    if known is None or known.seen is None or known.probed is None:
        why = _LOOKED_AT if known is None else known.absent or known.trouble or _LOOKED_AT
        return AssetFact(asset=asset, uri=shown, stored="", store=store, problem=f"{shown}: {why}")
    seen, probed = known.seen, known.probed
    sha256 = declared.sha256 if declared is not None and declared.sha256 else seen.sha256
    fact = AssetFact(
        asset=asset,
        uri=shown,
        stored="",
        size=seen.size,
        duration=probed.duration,
        still=probed.still,
        problem=_problem(shown, declared, known),
        note=f"{known.trouble}; what is known of it is from before" if known.trouble else None,
        store=store,
        etag=seen.etag,
        sha256=sha256.lower() if sha256 is not None else None,
    )
    mark = hashlib.sha256(
        f"{content_of(fact)} {seen.modified if seen.etag is None else ''}".encode()
    )
    named = stored_name(asset, name_in(shown), (fact.sha256 or mark.hexdigest())[:MARK])
    return replace(fact, stored=named)


def content_of(fact: AssetFact) -> str:
    """A name for an object's bytes: equal bytes of one store, equal name, as far as it can tell.

    An ETag means something within one object store; of a web server, within one address.
    """
    if fact.sha256 is not None:
        return f"sha256-{fact.sha256}"
    scope = fact.store or fact.uri
    text = f"{scope}\n{fact.etag or fact.stored}\n{fact.size}"
    return f"etag-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _problem(shown: str, declared: DesiredAsset | None, known: Known) -> str | None:
    seen, probed = known.seen, known.probed
    assert seen is not None  # noqa: S101  # only asked where both are known
    assert probed is not None  # noqa: S101
    if probed.problem:
        return f"{shown}: {probed.problem}"
    if declared is None:
        return None
    if declared.size is not None and declared.size != seen.size:
        return f"{shown}: expected {declared.size} bytes, found {seen.size}"
    if declared.sha256 and seen.sha256 and declared.sha256.lower() != seen.sha256:
        return f"{shown}: expected sha256 {declared.sha256[:12]}…, found {seen.sha256[:12]}…"
    return None
