"""Assets wherever the lineup keeps them: local folders, web servers, object stores, in its order.

The first place that has an asset is where it is. A distant place that has not answered yet is
waited for: taking the next one instead would change what is played when it answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

from reconciler.adapters.media_library import LocalLibrary
from reconciler.adapters.media_probe import ProbeCache
from reconciler.adapters.remote_facts import Place
from reconciler.adapters.remote_media import RemoteMedia
from reconciler.errors import Rejected
from reconciler.model.ids import AssetId
from reconciler.model.media import AssetFact, Catalogue, address_of
from reconciler.model.orders import StageOrder
from reconciler.model.sources import DesiredAsset, DesiredStore, MediaSource

_DISTANT = ("s3://", "http://", "https://")


@dataclass(frozen=True, slots=True)
class _Run:
    """Sources of one kind that follow each other in the lineup."""

    is_distant: bool
    sources: tuple[MediaSource, ...]


class MediaSources:
    """`MediaLibrary` over all schemes. Relative patterns count from `base`, the lineup's folder."""

    def __init__(self, base: Path, cache: Path, remote: RemoteMedia) -> None:
        self._base = base
        self._probes = ProbeCache(cache)
        self._locals: list[LocalLibrary] = []
        self._remote = remote
        self._stores: Mapping[str, DesiredStore] = {}
        self._last: Catalogue = {}

    def catalogue(
        self,
        wanted: Iterable[AssetId],
        assets: Mapping[AssetId, DesiredAsset],
        sources: Sequence[MediaSource],
    ) -> Catalogue:
        """Facts of every wanted asset, sorted by id; the same value while nothing changes."""
        runs = tuple(_runs(sources, assets))
        if not any(run.is_distant for run in runs):
            return self._local(0).catalogue(wanted, assets, sources)
        self._stores = _stores(sources, assets)
        facts = self._facts(tuple(sorted(set(wanted))), assets, runs)
        if facts != self._last:
            self._last = facts
        return self._last

    def order(self, fact: AssetFact) -> StageOrder:
        """What a node needs to stage the asset."""
        if not fact.uri.startswith(_DISTANT):
            return self._local(0).order(fact)
        store = self._stores.get(fact.store)
        if fact.store and store is None:
            raise Rejected(f"{fact.stored}: the store {fact.store} left the lineup", system="media")
        return self._remote.order(fact, store)

    def changed(self, timeout: float) -> bool:
        """Wait until more is known of distant assets than was told."""
        return self._remote.changed(timeout)

    def _local(self, index: int) -> LocalLibrary:
        """One local library for each run, so that each remembers its own question."""
        while len(self._locals) <= index:
            self._locals.append(LocalLibrary(self._base, self._probes))
        return self._locals[index]

    def _facts(
        self,
        wanted: tuple[AssetId, ...],
        assets: Mapping[AssetId, DesiredAsset],
        runs: tuple[_Run, ...],
    ) -> dict[AssetId, AssetFact]:
        found: dict[AssetId, AssetFact] = {}
        missing: dict[AssetId, AssetFact] = {}  # the first place's word on it
        for index, run in enumerate(runs):
            left = tuple(asset for asset in wanted if asset not in found)
            if run.is_distant:
                facts = self._distant(left, assets, run)
            else:
                mine = tuple(asset for asset in left if _is_of(asset, assets, run))
                facts = dict(self._local(index).catalogue(mine, assets, run.sources))
            for asset, fact in facts.items():
                if fact.stored or (run.is_distant and not self._is_absent(asset, assets, run)):
                    found[asset] = fact
                else:
                    missing.setdefault(asset, fact)
        nowhere = (asset for asset in wanted if asset not in found and asset not in missing)
        missing.update((asset, _nowhere(asset)) for asset in nowhere)
        return {asset: found.get(asset) or missing[asset] for asset in wanted}

    def _distant(
        self, left: tuple[AssetId, ...], assets: Mapping[AssetId, DesiredAsset], run: _Run
    ) -> dict[AssetId, AssetFact]:
        """What distant places say, each asset's in their order until one does not say no."""
        found: dict[AssetId, AssetFact] = {}
        routes = {asset: tuple(_places(asset, assets, run)) for asset in left}
        for turn in range(max((len(route) for route in routes.values()), default=0)):
            asked = {
                asset: (route[turn], assets.get(asset))
                for asset, route in routes.items()
                if turn < len(route) and (not turn or self._remote.is_absent(route[turn - 1]))
            }
            found.update(self._remote.facts(asked))
        return found

    def _is_absent(self, asset: AssetId, assets: Mapping[AssetId, DesiredAsset], run: _Run) -> bool:
        return all(self._remote.is_absent(place) for place in _places(asset, assets, run))


def _runs(sources: Sequence[MediaSource], assets: Mapping[AssetId, DesiredAsset]) -> Iterator[_Run]:
    """The sources in runs of one kind; an empty run for a kind that only assets.yaml names."""
    kinds: set[bool] = set()
    for is_distant, run in groupby(sources, key=lambda source: _is_distant(source.uri)):
        kinds.add(is_distant)
        yield _Run(is_distant, tuple(run))
    declared = {_is_distant(asset.uri) for asset in assets.values()}
    for is_distant in sorted(declared - kinds):
        yield _Run(is_distant, ())


def _is_distant(uri: str) -> bool:
    return uri.startswith(_DISTANT)


def _is_of(asset: AssetId, assets: Mapping[AssetId, DesiredAsset], run: _Run) -> bool:
    """Whether a run has a word on an asset: one that is declared is where it is declared."""
    declared = assets.get(asset)
    if declared is not None:
        return _is_distant(declared.uri) == run.is_distant
    return any(fnmatchcase(asset, source.match) for source in run.sources)


def _places(asset: AssetId, assets: Mapping[AssetId, DesiredAsset], run: _Run) -> Iterator[Place]:
    declared = assets.get(asset)
    if declared is not None:
        if _is_distant(declared.uri):
            yield Place(address_of(declared.uri, asset), declared.store)
        return
    for source in run.sources:
        if fnmatchcase(asset, source.match):
            yield Place(address_of(source.uri, asset), source.store)


def _stores(
    sources: Sequence[MediaSource], assets: Mapping[AssetId, DesiredAsset]
) -> dict[str, DesiredStore]:
    found = [*(source.store for source in sources), *(asset.store for asset in assets.values())]
    return {store.name: store for store in found if store is not None}


def _nowhere(asset: AssetId) -> AssetFact:
    problem = f"no entry in assets.yaml and no media pattern for {asset!r}"
    return AssetFact(asset=asset, uri="", stored="", problem=problem)
