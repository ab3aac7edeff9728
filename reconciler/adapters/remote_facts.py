"""What is known of distant objects, kept on disk: what the store showed, and what a probe found.

One entry for each place that an asset may be; a probe counts for one content, and is not repeated
for it. What is kept serves after a restart while the store does not answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.disk_cache import DiskCache, Entry
from reconciler.adapters.media_probe import entry_of, probed_of
from reconciler.adapters.object_store import ObjectSeen
from reconciler.model.sources import DesiredStore
from reconciler.sidecar.probe import Probed


@dataclass(frozen=True, slots=True)
class Place:
    """Where an asset may be: an address, perhaps with `*` for any suffix, in a store or none."""

    uri: str
    store: DesiredStore | None

    @property
    def key(self) -> str:
        """Its name in what is kept."""
        return f"{self.store.name if self.store is not None else ''} {self.uri}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one place. `uri` is where the object is, its suffix found.

    `absent` and `trouble` say what the last look met: an answer that it is not there, or none.
    """

    uri: str
    seen: ObjectSeen | None = None
    probed: Probed | None = None
    absent: str = ""
    trouble: str = ""


class RemoteFacts:
    """Entries by place, in one file."""

    def __init__(self, path: Path) -> None:
        self._cache = DiskCache(path, "objects")

    def find(self, place: Place) -> Known | None:
        """What was known of `place` in an earlier run."""
        entry = self._cache.find(place.key)
        try:
            return None if entry is None else _known(entry)
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, place: Place, known: Known) -> None:
        """Keep what is known of `place`, if there is anything."""
        seen = known.seen
        if seen is None or known.probed is None:
            self._cache.drop(place.key)
            return
        told = {"uri": known.uri, "seen": [seen.size, seen.etag, seen.modified, seen.sha256]}
        self._cache.put(place.key, {**told, **entry_of(known.probed)})

    def save(self) -> None:
        """Write down what is new; a disk that fails costs the next run a probe, nothing else."""
        self._cache.save()


def _known(entry: Entry) -> Known:
    size, etag, modified, sha256 = entry["seen"]
    return Known(
        uri=str(entry["uri"]),
        seen=ObjectSeen(size=int(size), etag=etag, modified=modified, sha256=sha256),
        probed=probed_of(entry),
    )
