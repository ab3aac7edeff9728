"""Which assets a channel, or a whole lineup, may play: schedules, filler, slates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    Desired,
    DesiredChannel,
    DesiredPlaylist,
)
from reconciler.model.ids import AssetId, PlaylistName


def assets_of(channel: DesiredChannel, desired: Desired) -> frozenset[AssetId]:
    """Every asset that the channel may play by its schedule, filler and slate."""
    found = {channel.slate} if channel.slate is not None else set()
    for name in playlists_of(channel):
        found.update(assets_in(name, desired))
    return frozenset(found)


def all_assets_of(desired: Desired) -> frozenset[AssetId]:
    """Every asset that some channel may play; a playlist of many channels is read once."""
    channels = desired.channels.values()
    found = {channel.slate for channel in channels if channel.slate is not None}
    for name in {name for channel in channels for name in playlists_of(channel)}:
        found.update(assets_in(name, desired))
    return frozenset(found)


def playlists_of(channel: DesiredChannel) -> frozenset[PlaylistName]:
    """The playlists that the channel plays, its filler's among them."""
    names = {layer.playlist for layer in channel.schedule}
    if channel.filler is not None:
        names.add(channel.filler.playlist)
    return frozenset(names)


def assets_in(playlist: PlaylistName, desired: Desired) -> Iterable[AssetId]:
    """The assets that a playlist names, without reading its items where that is known."""
    return desired.houses.get(playlist) or _named_in(desired.playlists[playlist])


def _named_in(playlist: DesiredPlaylist) -> Iterator[AssetId]:
    for item in playlist.items:
        match item:
            case AssetItem():
                yield from _of_item(item)
            case BreakItem():
                yield from (asset for part in item.items for asset in _of_item(part))
            case _:
                continue


def _of_item(item: AssetItem) -> Iterator[AssetId]:
    yield item.asset
    if item.alternate is not None:
        yield item.alternate
