"""Everything distant that assets may lie in, by the scheme of an address: one look, one address."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from reconciler.adapters.media_find import rank
from reconciler.adapters.object_store import (
    VALID,
    Absent,
    ObjectSeen,
    ObjectStore,
    bucket_and_key,
)
from reconciler.adapters.remote_facts import Known, Place
from reconciler.adapters.web_files import WebFiles
from reconciler.errors import AdapterError, Unreachable
from reconciler.model.sources import DesiredStore
from reconciler.sidecar.probe import Probed, probe_address

_RENEW = 600.0  # seconds before a presigned address lapses at which another one is made
_PROBE_WITHIN = 15.0  # seconds for one answer while a file is probed
_ANY = ".*"

Probe = Callable[[str, int, float], Probed]


class RemoteStores:
    """The object stores and web servers of a lineup; any number of threads may ask."""

    def __init__(self, env: Mapping[str, str], *, probe: Probe = probe_address) -> None:
        self._env = env
        self._probe = probe
        self._lock = threading.Lock()
        self._stores: dict[str, tuple[DesiredStore, ObjectStore]] = {}
        self._web = WebFiles()

    def look(self, place: Place, before: Known | None) -> Known:
        """What is at `place` now; what was known `before` counts where nothing answers."""
        uri = place.uri
        try:
            uri, seen = self._look(place)
            if before is not None and before.probed is not None and before.seen == seen:
                return Known(uri=uri, seen=seen, probed=before.probed)
            probed = self._probed(place, uri, seen)
        except Absent as error:
            return Known(uri=uri, absent=str(error))
        except AdapterError as error:
            if before is None:
                return Known(uri=uri, trouble=str(error))
            return Known(uri=before.uri, seen=before.seen, probed=before.probed, trouble=str(error))
        return Known(uri=uri, seen=seen, probed=probed)

    def address(self, uri: str, store: DesiredStore | None) -> Callable[[], str]:
        """What gives an address that can be read now, as often as it is asked."""
        if store is None:
            return lambda: uri
        bucket, key = bucket_and_key(uri)
        return _Presigned(lambda: self._store(store).address(bucket, key)).now

    def _look(self, place: Place) -> tuple[str, ObjectSeen]:
        if place.store is None:
            return place.uri, self._web.look(place.uri)
        store = self._store(place.store)
        bucket, key = bucket_and_key(place.uri)
        if key.endswith(_ANY):
            prefix = key.removesuffix("*")
            names = [name for name in store.names(bucket, prefix) if name != prefix]
            if not names:
                raise Absent(f"store {place.store.name}: no object begins with {prefix}")
            key = min(names, key=rank)
        return f"s3://{bucket}/{key}", store.look(bucket, key)

    def _probed(self, place: Place, uri: str, seen: ObjectSeen) -> Probed:
        if seen.size == 0:
            return Probed(problem="it is empty")
        try:
            return self._probe(self.address(uri, place.store)(), seen.size, _PROBE_WITHIN)
        except OSError as error:
            raise Unreachable(f"it cannot be read to be probed: {error}") from error

    def _store(self, store: DesiredStore) -> ObjectStore:
        with self._lock:
            known = self._stores.get(store.name)
            if known is None or known[0] != store:
                known = self._stores[store.name] = (store, ObjectStore(store, self._env))
            return known[1]


class _Presigned:
    """An address that is made again before it lapses."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._url = ""
        self._until = 0.0

    def now(self) -> str:
        """The address, good for a while yet."""
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                self._url = self._make()
                self._until = now + VALID - _RENEW
            return self._url


def name_in(uri: str) -> PurePosixPath:
    """The file's name in an address."""
    return PurePosixPath(urlsplit(uri, allow_fragments=False).path)
