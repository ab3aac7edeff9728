"""What is known of distant objects, kept on disk: what the store showed, and what a probe found.

One entry for each place that an asset may be; a probe counts for one content, and is not repeated
for it. What is kept serves after a restart while the store does not answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from reconciler.adapters.object_store import ObjectSeen
from reconciler.model.sources import DesiredStore
from reconciler.sidecar.disk import read_json, write_json
from reconciler.sidecar.probe import Probed

log = logging.getLogger(__name__)

VERSION = 1  # of what is kept; another one is forgotten
_KEPT = 100_000  # entries kept at most, the oldest dropped first


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
    """Entries by place, in one JSON file. Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = read_json(path)
        is_ours = isinstance(kept, dict) and kept.get("version") == VERSION
        self._kept: dict[str, Any] = kept["objects"] if is_ours else {}  # type: ignore[index]  # just checked
        self._changed = False

    def find(self, place: Place) -> Known | None:
        """What was known of `place` in an earlier run."""
        entry = self._kept.get(place.key)
        try:
            return None if entry is None else _known(entry)
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, place: Place, known: Known) -> None:
        """Keep what is known of `place`, if there is anything."""
        if known.seen is None or known.probed is None:
            self._changed = self._kept.pop(place.key, None) is not None or self._changed
            return
        seen, probed = known.seen, known.probed
        entry = {
            "uri": known.uri,
            "seen": [seen.size, seen.etag, seen.modified, seen.sha256],
            "duration": None if probed.duration is None else str(probed.duration),
            "still": probed.still,
            "problem": probed.problem,
        }
        if self._kept.get(place.key) != entry:
            self._kept.pop(place.key, None)
            self._kept[place.key] = entry
            self._changed = True

    def save(self) -> None:
        """Write down what is new; a disk that fails costs the next run a probe, nothing else."""
        if not self._changed:
            return
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, {"version": VERSION, "objects": self._kept})
            self._changed = False
        except OSError as error:
            log.warning("facts of remote media %s: %s", self._path, error.strerror)


def _known(entry: Any) -> Known:
    size, etag, modified, sha256 = entry["seen"]
    length = entry["duration"]
    return Known(
        uri=str(entry["uri"]),
        seen=ObjectSeen(size=int(size), etag=etag, modified=modified, sha256=sha256),
        probed=Probed(
            duration=None if length is None else Fraction(length),
            still=bool(entry["still"]),
            problem=str(entry["problem"]),
        ),
    )
