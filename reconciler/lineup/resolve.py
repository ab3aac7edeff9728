"""Checked files -> `Desired`: defaults filled in, names made, secrets in place, digests taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from reconciler.lineup.assets import Findable, desired_asset
from reconciler.lineup.digests import digest
from reconciler.lineup.files import (
    AccessFile,
    ChannelFile,
    LayerFile,
    LineupFile,
    MediaRoomFile,
    NodeFile,
    PolicyFile,
    RecorderFile,
)
from reconciler.lineup.inventory import Inventory, devices_of, engines_of
from reconciler.lineup.kinds import Kind
from reconciler.lineup.merge import Merged, failover_of
from reconciler.lineup.playlist_checks import Known
from reconciler.lineup.playlists import Houses, Playlists, Summary
from reconciler.lineup.reading import Files, Loaded
from reconciler.lineup.resolve_outputs import outputs_of
from reconciler.lineup.scalars import as_time
from reconciler.lineup.stores import desired_store, store_of
from reconciler.lineup.templating import Values
from reconciler.model.copies import MediaRoom
from reconciler.model.desired import (
    Account,
    Desired,
    DesiredChannel,
    DesiredNode,
    DesiredRecorder,
    EngineKind,
    Filler,
    Layer,
    Place,
    Policy,
    Revision,
    StartType,
)
from reconciler.model.ids import AssetId, ChannelName, NodeName, PlaylistName, RecorderName
from reconciler.model.sources import DesiredAsset, DesiredStore, LiveSource, MediaSource

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier lineup's files, and the channels that they were resolved to."""

    files: Files
    channels: Mapping[ChannelName, DesiredChannel]


def resolve(
    known: Known,
    revision: Revision,
    body: Callable[[str], bytes],
    before: Before | None = None,
) -> Desired:
    """Turn files without a mistake into `Desired`; `body` fetches a playlist's items by name.

    Channels that follow from the very files that they followed from `before` are taken from there.
    """
    files = known.files
    lineup: LineupFile = files.value(Kind.LINEUP)
    nodes: Mapping[str, NodeFile] = files.value(Kind.NODES)
    stores = _stores(files.single[Kind.LINEUP])
    assets = _assets(files, known.findable, stores)
    context = _Context(known, lineup, Inventory(nodes), assets, stores)
    summaries = {name: loaded.value for name, loaded in files.playlists.items()}
    known_channels = _Unchanged(files, before)
    channels = {
        ChannelName(name): known_channels.find(name) or context.channel(name)
        for name in sorted(files.channels)
    }
    return Desired(
        revision=revision,
        channels=channels,
        playlists=Playlists(summaries, body),
        nodes={NodeName(name): _node(name, nodes[name], lineup) for name in sorted(nodes)},
        recorders=_recorders(files.value(Kind.RECORDERS) or {}),
        assets=context.assets,
        media=context.media,
        live=context.live,
        accounts=_accounts(files.value(Kind.ACCESS)),
        policy=_policy(lineup.policy),
        warnings=tuple(sorted([*files.warnings, *_warnings(files)])),
        houses=Houses(summaries),
    )


class _Unchanged:
    """The channels of an earlier lineup that follow from files which are still the same."""

    def __init__(self, files: Files, before: Before | None) -> None:
        self._files = files
        self._before = before
        if before is not None and any(
            before.files.single.get(kind) is not files.single.get(kind)
            for kind in (Kind.LINEUP, Kind.NODES, Kind.ASSETS)
        ):
            self._before = None

    def find(self, name: str) -> DesiredChannel | None:
        """The channel as it was, if nothing that it is made from has changed."""
        before = self._before
        channel = None if before is None else before.channels.get(ChannelName(name))
        if before is None or channel is None:
            return None
        if before.files.channels[name] is not self._files.channels[name]:
            return None
        was, now = before.files.playlists, self._files.playlists
        return channel if all(was[p] is now[p] for p in _played_by(channel)) else None


def _played_by(channel: DesiredChannel) -> set[PlaylistName]:
    names = {layer.playlist for layer in channel.schedule}
    if channel.filler is not None:
        names.add(channel.filler.playlist)
    return names


class _Context:
    """What every channel of a lineup is resolved against."""

    def __init__(
        self,
        known: Known,
        lineup: LineupFile,
        inventory: Inventory,
        assets: Mapping[AssetId, DesiredAsset],
        stores: Mapping[str, DesiredStore],
    ) -> None:
        files = known.files
        self._known = known
        self._files = files
        self._inventory = inventory
        self.assets = assets
        self.media = tuple(
            MediaSource(
                match=each.match, uri=each.uri, store=store_of(each.uri, each.store, stores)
            )
            for each in lineup.media
        )
        self.live = _live(files.single[Kind.LINEUP])
        self._asset_digests = {asset: digest(each) for asset, each in assets.items()}
        self._live_digests = {name: digest(each) for name, each in self.live.items()}
        self._media_digest = digest(self.media)

    def channel(self, name: str) -> DesiredChannel:
        """Resolve one channel."""
        loaded = self._files.channels[name]
        merged = self._known.merged(name)
        channel = self._plain(name, loaded, merged)
        return replace(channel, digest=digest((channel, *self._around(channel))))

    def _plain(self, name: str, loaded: Loaded, merged: Merged) -> DesiredChannel:
        channel: ChannelFile = loaded.value
        return DesiredChannel(
            name=ChannelName(name),
            title=channel.title or name,
            project=channel.project,
            format=merged.format,
            timezone=merged.timezone,
            on_air=channel.on_air,
            outputs=outputs_of(loaded, self._files.scope.values),
            preview_hls=merged.preview.hls,
            schedule=tuple(_layer(each) for each in channel.schedule),
            filler=_filler(merged),
            slate=None if merged.slate is None else AssetId(merged.slate),
            place=_place(merged),
            failover=failover_of(merged, movable=self._inventory.may_move(merged)),
            guard=merged.guard,
            engine=merged.engine,
            bitrate=merged.bitrate,
            digest="",
            fingerprint=_fingerprint(merged, self._files.scope.values),
            file=loaded.path,
        )

    def _around(self, channel: DesiredChannel) -> Iterator[object]:
        """Digests of what a channel's rundown and rows depend on beside its own file."""
        assets = {channel.slate} if channel.slate is not None else set()
        for name in sorted(_played_by(channel)):
            summary: Summary = self._files.playlists[name].value
            yield name, summary.digest(name)
            yield [self._live_digests[live] for live in summary.lives]
            if self._asset_digests:
                assets.update(AssetId(asset) for asset in summary.assets)
        yield self._media_digest
        yield [self._asset_digests[each] for each in sorted(assets) if each in self.assets]


@lru_cache(maxsize=1 << 10)
def _fingerprint_of(*started_with: object) -> str:
    return digest(started_with)


def _fingerprint(merged: Merged, values: Values) -> str:
    """Digest of all that a sidecar is started with, its engine's rendered config included."""
    is_caspar = merged.engine is EngineKind.CASPARCG
    return _fingerprint_of(
        merged.format.name,
        merged.engine.value,
        merged.preview.hls,
        merged.bitrate,
        values.rendered(merged.format) if is_caspar else "",
    )


def _layer(layer: LayerFile) -> Layer:
    return Layer(
        playlist=PlaylistName(layer.playlist),
        loop=layer.loop,
        at=None if layer.at is None else as_time(layer.at),
        days=frozenset(day for word in layer.days for day in word),
        dates=frozenset(layer.on),
        start=layer.start or StartType.HARD,
        early=layer.early or timedelta(0),
        late=layer.late or timedelta(0),
        until=layer.until,
    )


def _filler(merged: Merged) -> Filler | None:
    filler = merged.filler
    if filler is None:
        return None
    return Filler(playlist=PlaylistName(filler.playlist), max_repeat=filler.max_repeat)


def _place(merged: Merged) -> Place:
    return Place(
        labels=_labels(merged.place.labels),
        prefer=tuple(NodeName(name) for name in merged.place.prefer),
    )


def _labels(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _node(name: str, node: NodeFile, lineup: LineupFile) -> DesiredNode:
    return DesiredNode(
        name=NodeName(name),
        runtime=node.runtime,
        address=node.address or "",
        labels=_labels(node.labels),
        devices=devices_of(node),
        engines=engines_of(node),
        cores=node.cores,
        max_channels=node.max_channels,
        maintenance=node.maintenance,
        media=_room(node.media),
        stage_rate=node.stage_rate or lineup.policy.stage_rate,
    )


def _room(written: MediaRoomFile) -> MediaRoom:
    room = MediaRoom(budget=written.budget)
    return room if written.high_water is None else replace(room, high_water=written.high_water)


def _recorders(written: Mapping[str, RecorderFile]) -> dict[RecorderName, DesiredRecorder]:
    return {
        RecorderName(name): DesiredRecorder(
            name=RecorderName(name),
            node=NodeName(written[name].node),
            device=written[name].device,
        )
        for name in sorted(written)
    }


def _stores(loaded: Loaded) -> dict[str, DesiredStore]:
    """The stores by name, with the true values of their keys."""
    found: dict[str, DesiredStore] = {}
    for name, each in sorted(loaded.value.stores.items()):
        access, secret = (
            None if shown is None else loaded.text(("stores", name, key), shown)
            for key, shown in (("access_key", each.access_key), ("secret_key", each.secret_key))
        )
        found[name] = desired_store(name, each, access, secret)
    return found


def _assets(
    files: Files, findable: Findable, stores: Mapping[str, DesiredStore]
) -> dict[AssetId, DesiredAsset]:
    written = files.value(Kind.ASSETS) or {}
    return {
        AssetId(name): desired_asset(name, written[name], findable, stores)
        for name in sorted(written)
    }


def _live(loaded: Loaded) -> dict[str, LiveSource]:
    sources: dict[str, LiveSource] = {}
    for name, each in sorted(loaded.value.live.items()):
        # The short form `name: address` and the long one put the secret at different paths.
        path = ("live", name) if ("live", name) in loaded.secrets else ("live", name, "url")
        sources[name] = LiveSource(name=name, url=loaded.text(path, each.url))
    return sources


def _accounts(access: AccessFile | None) -> tuple[Account, ...]:
    if access is None:
        return ()
    return tuple(
        Account(
            name=name,
            token_sha256=token.sha256,
            admin=token.admin,
            roles=_labels(token.roles),
        )
        for name, token in sorted(access.tokens.items())
    )


def _policy(written: PolicyFile) -> Policy:
    return Policy(
        max_interrupted=written.max_interrupted,
        max_interrupted_percent=written.max_interrupted_percent,
        lost_after=written.lost_after,
        horizon=written.horizon,
        stage_horizon=written.stage_horizon,
        respawn_budget=written.respawn_budget,
        headroom=Policy().headroom if written.headroom is None else written.headroom,
    )


def _warnings(files: Files) -> Iterator[str]:
    for name, loaded in files.channels.items():
        channel: ChannelFile = loaded.value
        if not channel.outputs:
            yield f"{loaded.path}: no outputs: channel '{name}' can only be watched in its preview"
        for index, output in enumerate(channel.outputs):
            bare = getattr(output, "passphrase", None) is not None
            if bare and ("outputs", index, "passphrase") not in loaded.secrets:
                yield (
                    f"{loaded.path}: outputs[{index}].passphrase: lies in git in the clear;"
                    " use {{ secrets.NAME }}"
                )
