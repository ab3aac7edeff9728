"""Assets in folders of this machine: what is in the file that a house number means.

`MediaLibrary` over `assets.yaml` and the lineup's media patterns. A file is probed once for its
path, size and time of change; what was found is kept on disk between runs. Between passes only what
may have changed is looked at again.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from threading import Lock

from reconciler.adapters.media_find import Search
from reconciler.adapters.media_probe import ProbeCache
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact, Catalogue
from reconciler.model.orders import StageOrder
from reconciler.model.sources import DesiredAsset, MediaSource

_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
MARK = 12  # hex digits of the content's fingerprint in a stored name
_ENDS = 1 << 20  # bytes read at each end of a file for its fingerprint
_PLACES = 16  # and evenly between them
_SAMPLE = 1 << 16  # bytes at each
_FRESH = 2.0  # seconds; a file that is replaced in place is seen so much later, a new one at once
_SHARE = 20  # where looking at every file is slow, no more than one part in so many of the time
_STALE = 60.0  # seconds, however slow it is


@dataclass(frozen=True, slots=True)
class _Question:
    wanted: tuple[AssetId, ...]
    assets: Mapping[AssetId, DesiredAsset]
    sources: Sequence[MediaSource]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered, to which question, and until when that serves again."""

    question: _Question
    search: Search
    facts: Catalogue
    serves_until: float


@dataclass(frozen=True, slots=True)
class _Look:
    """What tells whether a file is as it was, and whether as much is said of it."""

    path: str
    size: int
    changed_ns: int
    declared: DesiredAsset | None


class LocalLibrary:
    """Media in local folders; relative patterns count from `base`, the lineup's folder."""

    def __init__(
        self,
        base: Path,
        cache: Path | ProbeCache,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = base.absolute()
        self._probes = ProbeCache(cache) if isinstance(cache, Path) else cache
        self._monotonic = monotonic
        self._lock = Lock()
        self._last: _Answer | None = None
        self._known: dict[AssetId, tuple[_Look, AssetFact]] = {}

    def catalogue(
        self,
        wanted: Iterable[AssetId],
        assets: Mapping[AssetId, DesiredAsset],
        sources: Sequence[MediaSource],
    ) -> Catalogue:
        """Facts of every wanted asset, sorted by id; a problem is a fact, not an error.

        While nothing changes it answers with one value, the same by `is`.
        """
        question = _Question(tuple(wanted), assets, sources)
        with self._lock:
            last, began = self._last, self._monotonic()
            is_same = last is not None and last.question == question
            if last and is_same and began < last.serves_until and last.search.is_current():
                return last.facts
            search = Search(self._base)
            facts, is_new = self._look(search, question)
            if last and last.facts == facts:
                facts = last.facts
            now = self._monotonic()
            # What was just probed took its time once; only looking again tells what looking takes.
            pause = _FRESH if is_new else min(max(_FRESH, _SHARE * (now - began)), _STALE)
            self._last = _Answer(question, search, facts, now + pause)
            return facts

    def order(self, fact: AssetFact) -> StageOrder:
        """What a node of this machine needs to stage the asset."""
        return StageOrder(
            stored=fact.stored,
            uri=fact.uri,
            size=fact.size,
            content=fact.stored,
            address=lambda: fact.uri,
            sha256=fact.sha256,
        )

    def changed(self, timeout: float) -> bool:
        """Local files are looked at by each pass; nothing comes to be known between them."""
        time.sleep(timeout)
        return False

    def _look(self, search: Search, question: _Question) -> tuple[Catalogue, bool]:
        """The facts as they are now; and whether some of them had to be made."""
        before, self._known = self._known, {}
        facts: dict[AssetId, AssetFact] = {}
        for asset in sorted(set(question.wanted)):
            declared = question.assets.get(asset)
            found = search.find(asset, declared, question.sources)
            if not found.path:
                facts[asset] = AssetFact(
                    asset=asset, uri=found.uri, stored="", problem=found.problem
                )
                continue
            facts[asset] = self._fact(asset, declared, found.path, before.get(asset))
        self._probes.save()
        is_new = any(before.get(asset) is not known for asset, known in self._known.items())
        return facts, is_new

    def _fact(
        self,
        asset: AssetId,
        declared: DesiredAsset | None,
        path: str,
        known: tuple[_Look, AssetFact] | None,
    ) -> AssetFact:
        try:
            status = os.stat(path)  # noqa: PTH116  # a text; thousands of them in a pass
            look = _Look(path, status.st_size, status.st_mtime_ns, declared)
            if known is None or known[0] != look:
                known = (look, self._probed(asset, declared, Path(path), status))
        except FileNotFoundError:
            return _damaged(asset, Path(path), "", f"{path} is missing")
        except OSError as error:
            return _damaged(asset, Path(path), "", f"{path}: {error.strerror}")
        self._known[asset] = known
        return known[1]

    def _probed(
        self, asset: AssetId, declared: DesiredAsset | None, path: Path, status: os.stat_result
    ) -> AssetFact:
        if status.st_size == 0:
            return _damaged(asset, path, "", f"{path.name} is empty")
        probed = self._probes.probe(path, status, fingerprint)
        stored = stored_name(asset, path, probed.mark)
        if probed.problem:
            return _damaged(asset, path, stored, f"{path.name}: {probed.problem}")
        return AssetFact(
            asset=asset,
            uri=path.as_uri(),
            stored=stored,
            size=status.st_size,
            duration=probed.duration,
            still=probed.still,
            problem=self._against(declared, path, status),
        )

    def _against(
        self, declared: DesiredAsset | None, path: Path, status: os.stat_result
    ) -> str | None:
        """What contradicts the lineup's own words about the asset."""
        if declared is None or declared.sha256 is None:
            return None
        found = self._probes.sha256(path, status)
        if found == declared.sha256.lower():
            return None
        return f"{path.name}: expected sha256 {declared.sha256[:12]}…, found {found[:12]}…"


def fingerprint(path: Path, size: int) -> str:
    """Digest a file's size, both its ends and samples between: cheap, whatever its size."""
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_ENDS))
        for place in range(1, _PLACES + 1):
            file.seek(size * place // (_PLACES + 1))
            digest.update(file.read(_SAMPLE))
        file.seek(max(0, size - _ENDS))
        digest.update(file.read(_ENDS))
    return digest.hexdigest()[:MARK]


def stored_name(asset: str, path: PurePath, mark: str) -> str:
    """The name that an asset of this content has on every node, safe on any disk."""
    slug = _SAFE.sub("-", asset).strip("-.") or "asset"
    return f"{slug[:80]}.{mark}{path.suffix.lower()}"


def _damaged(asset: AssetId, path: Path, stored: str, problem: str) -> AssetFact:
    return AssetFact(asset=asset, uri=path.as_uri(), stored=stored, problem=problem)
