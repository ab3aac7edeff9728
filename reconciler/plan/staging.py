"""Which media must be on which node, before when; and what may be thrown away.

What a compiled rundown plays within `policy.stage_horizon`, its filler and its slate are brought to
every node where the channel runs or is about to, what airs next first. A file is evicted only when
every channel of the node is known to do without it: not knowing is not "no".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model.desired import (
    AssetItem,
    BreakItem,
    Desired,
    DesiredChannel,
    DesiredPlaylist,
)
from reconciler.model.ids import AssetId, ChannelName, NodeName, PlaylistName
from reconciler.model.observed import Life, Snapshot
from reconciler.model.rundown import Clip, Rundown
from reconciler.plan.actions import Action, Cause, EvictMedia, StageMedia
from reconciler.plan.draft import Draft
from reconciler.plan.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fresh:
    """A channel whose rundown was compiled in this pass, and where it is to be played."""

    draft: Draft
    rundown: Rundown
    nodes: tuple[NodeName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    clip: Clip
    due: int  # seconds from now
    channel: ChannelName


def plan_media(drafts: Iterable[Draft], scene: Scene) -> tuple[Action, ...]:
    """Stage and evict; stages sorted by due time, then node and file; evictions last."""
    fresh = [
        _Fresh(draft=d, rundown=d.case.compiled.rundown, nodes=_nodes_of(d))
        for d in drafts
        if d.case.compiled is not None and d.case.wanted is not None
    ]
    needs: dict[tuple[NodeName, str], list[_Need]] = {}
    for one in fresh:
        for need in _needs(one, scene) if one.nodes else ():
            for node in one.nodes:
                needs.setdefault((node, need.clip.stored), []).append(need)
    return (*_stages(needs, scene.seen), *_evictions(fresh, scene))


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
                yield item.asset
            case BreakItem():
                yield from (part.asset for part in item.items)
            case _:
                continue


def clips_of(rundown: Rundown, now: int, until: int) -> Iterator[tuple[Clip, int]]:
    """The clips that are played from `now` up to `until`, each with the frame it is due at."""
    for event in rundown.events:
        if event.end > now and event.start < until and isinstance(event.material, Clip):
            yield event.material, max(event.start, now)
    for clip in (*rundown.filler, *((rundown.slate,) if rundown.slate is not None else ())):
        yield clip, now


def _nodes_of(draft: Draft) -> tuple[NodeName, ...]:
    """Where the channel is, or will be, after this plan."""
    nodes = {
        s.node
        for s in draft.case.sidecars
        if s.life is Life.RUNNING and s.answer is not None and not draft.retires(s)
    }
    if draft.spawned_on is not None:
        nodes.add(draft.spawned_on)
    return tuple(sorted(nodes))


def _needs(fresh: _Fresh, scene: Scene) -> Iterator[_Need]:
    clock = fresh.draft.wanted.format.clock
    now = clock.showing_at(scene.now)
    until = now + clock.frames_in(scene.desired.policy.stage_horizon)
    for clip, frame in clips_of(fresh.rundown, now, until):
        due = clock.span(frame - now).total_seconds()
        yield _Need(clip=clip, due=int(due), channel=fresh.draft.name)


def _stages(
    needs: Mapping[tuple[NodeName, str], list[_Need]], seen: Snapshot
) -> Iterator[StageMedia]:
    found = [
        stage
        for (node, stored), wants in needs.items()
        if (stage := _stage(node, stored, wants, seen)) is not None
    ]
    yield from sorted(found, key=lambda s: (s.due, s.node, s.stored))


def _stage(node: NodeName, stored: str, wants: list[_Need], seen: Snapshot) -> StageMedia | None:
    there = seen.nodes[node].staged
    asset = wants[0].clip.asset
    fact = seen.catalogue.get(asset)
    if there is None or stored in there or fact is None:
        return None
    if fact.stored != stored or fact.problem is not None:
        return None  # the content has changed since: what was there is gone from its store
    return StageMedia(
        asset=asset,
        node=node,
        uri=fact.uri,
        stored=stored,
        size=fact.size,
        due=min(need.due for need in wants),
        channels=tuple(sorted({need.channel for need in wants})),
        cause=Cause.DUE,
    )


def _evictions(fresh: list[_Fresh], scene: Scene) -> Iterator[EvictMedia]:
    known = {one.draft.name: one for one in fresh}
    tenants: dict[NodeName, set[ChannelName]] = {}
    for sidecar in scene.seen.sidecars if fresh else ():
        tenants.setdefault(sidecar.node, set()).add(sidecar.channel)
    for one in fresh:
        for node in one.nodes:
            tenants.setdefault(node, set()).add(one.draft.name)
    for node in sorted({node for one in fresh for node in one.nodes}):
        staged = scene.seen.nodes[node].staged
        needed = _needed_on(tenants[node], known, scene) if staged else None
        for stored in sorted((staged or {}).keys() - needed) if needed is not None else ():
            yield EvictMedia(node=node, stored=stored, cause=Cause.UNUSED)


def _needed_on(
    channels: Iterable[ChannelName], known: Mapping[ChannelName, _Fresh], scene: Scene
) -> frozenset[str] | None:
    """What the channels of a node play from their rundowns; None where one of them is unknown."""
    found: set[str] = set()
    for name in channels:
        played, fresh = scene.seen.needed.get(name), known.get(name)
        if fresh is None and played is None:
            return None
        found |= played or frozenset()
        if fresh is not None:
            found |= _played(fresh, scene)
    return frozenset(found)


def _played(fresh: _Fresh, scene: Scene) -> set[str]:
    """What the new rundown plays, and the old one until the new one has been handed over."""
    now = fresh.draft.wanted.format.clock.showing_at(scene.now)
    held = scene.seen.held.get(fresh.draft.name)
    rundowns = (fresh.rundown, held) if held is not None else (fresh.rundown,)
    return {clip.stored for r in rundowns for clip, _ in clips_of(r, now, r.end)}
