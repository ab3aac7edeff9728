"""Which assets can be found: those of assets.yaml, and those that a `media` pattern covers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache

from reconciler.lineup.files import AssetFile, MediaFile
from reconciler.lineup.findings import nearest
from reconciler.lineup.stores import store_of
from reconciler.model.ids import AssetId
from reconciler.model.media import address_of
from reconciler.model.sources import DesiredAsset, DesiredStore
from reconciler.model.spans import parse_span


class Findable:
    """Judge assets by name, as `media` and assets.yaml stand."""

    def __init__(self, declared: Mapping[str, AssetFile], media: Sequence[MediaFile]) -> None:
        self._declared = declared
        self._media = media
        self._patterns = [re.compile(translate(each.match)) for each in media]
        self.all = any(each.match == "*" for each in media)
        self._pattern_of = lru_cache(maxsize=1 << 16)(self._first_match)

    def __contains__(self, asset: object) -> bool:
        name = str(asset)
        written = self._declared.get(name)
        if written is not None and written.uri is not None:
            return True
        return self.all or self._pattern_of(name) is not None

    def _first_match(self, asset: str) -> int | None:
        return next((i for i, each in enumerate(self._patterns) if each.match(asset)), None)

    def missing(self, assets: Collection[str]) -> list[str]:
        """Those that cannot be found, in order."""
        return [] if self.all else [asset for asset in assets if asset not in self]

    def problem(self, asset: str) -> str:
        """Say that `asset` cannot be found."""
        hint = nearest(asset, (name for name in self._declared if name != asset))
        return f"no asset '{asset}': not in assets.yaml, and no `media` pattern covers it{hint}"

    def uri(self, asset: str) -> str:
        """Where `asset` is: its own address, else that of the first pattern that covers it."""
        written = self._declared.get(asset)
        if written is not None and written.uri is not None:
            return written.uri
        index = self._pattern_of(asset)
        return "" if index is None else address_of(self._media[index].uri, asset)

    def store(self, asset: str) -> str | None:
        """The store that goes with `uri`, where it is named."""
        written = self._declared.get(asset)
        if written is not None and written.uri is not None:
            return written.store
        index = self._pattern_of(asset)
        return None if index is None else self._media[index].store


def desired_asset(
    name: str, written: AssetFile, findable: Findable, stores: Mapping[str, DesiredStore]
) -> DesiredAsset:
    """One asset as assets.yaml has it, with the address that it may have left to a pattern."""
    uri = findable.uri(name)
    return DesiredAsset(
        id=AssetId(name),
        uri=uri,
        store=store_of(uri, findable.store(name), stores),
        title=written.title or "",
        som=None if written.som is None else parse_span(written.som),
        duration=None if written.duration is None else parse_span(written.duration),
        sha256=written.sha256,
        size=written.size,
        loudness=written.loudness,
    )
