"""Which files the channels of each node play, and when: what staging and evicting go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.desired import DesiredChannel, Policy
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.media import StagedSeen
from reconciler.model.observed import Health, Life, SidecarSeen, Snapshot
from reconciler.model.rundown import Play, Rundown
from reconciler.plan.draft import Draft
from reconciler.plan.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Where a channel plays a file; filler and slate, which have no event, are due at once."""

    draft: Draft
    play: Play
    at: datetime
    due: int  # seconds from now


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A channel of which it is known where it plays what it may lack, and on which nodes.

    `rundown` is the one compiled in this pass; None where the kept one stays.
    """

    draft: Draft
    rundown: Rundown | None
    plays: tuple[Play, ...]
    nodes: tuple[NodeName, ...]


def tenants(drafts: Iterable[Draft], scene: Scene) -> tuple[Tenant, ...]:
    """The drafts whose rundown was compiled in this pass, or lacks files."""
    return tuple(_tenants(drafts, scene))


def _tenants(drafts: Iterable[Draft], scene: Scene) -> Iterator[Tenant]:
    for draft in drafts:
        compiled, nodes = draft.case.compiled, _nodes_of(draft)
        if draft.case.wanted is None:
            continue
        if compiled is not None:
            made = compiled.rundown
            yield Tenant(draft=draft, rundown=made, plays=tuple(made.plays()), nodes=nodes)
        elif draft.name in scene.seen.plays:
            plays = scene.seen.plays[draft.name]
            yield Tenant(draft=draft, rundown=None, plays=plays, nodes=nodes)


def needs_by_node(
    tenants: Iterable[Tenant], scene: Scene
) -> Mapping[NodeName, Mapping[str, tuple[Need, ...]]]:
    """What is played within the stage horizon: by node, then by stored name; soonest first."""
    found: dict[NodeName, dict[str, list[Need]]] = {}
    for one in tenants:
        for need in _needs(one, scene) if one.nodes else ():
            for node in one.nodes:
                found.setdefault(node, {}).setdefault(need.play.stored, []).append(need)
    return {
        node: {s: tuple(sorted(needs, key=_soonest)) for s, needs in by_stored.items()}
        for node, by_stored in found.items()
    }


def channels_on(node: NodeName, tenants: Iterable[Tenant], scene: Scene) -> frozenset[ChannelName]:
    """The channels that are on a node, or are about to be."""
    here = {sidecar.channel for sidecar in scene.seen.sidecars if sidecar.node == node}
    return frozenset(here | {one.draft.name for one in tenants if node in one.nodes})


def lacking(
    channel: DesiredChannel, sidecars: Iterable[SidecarSeen], seen: Snapshot, policy: Policy
) -> frozenset[str]:
    """The files due within the stage horizon that a node lacks where one of `sidecars` runs.

    By the channel's kept rundown. What is due later is brought later; unread is not lacking.
    """
    until = stage_until(channel, seen, policy)
    soon = {name for name, due in seen.needed.get(channel.name, {}).items() if due < until}
    found: set[str] = set()
    for staged in disks_of(sidecars, seen):
        found |= soon - staged.keys()
    return frozenset(found)


def coming_to(seen: Snapshot) -> Mapping[NodeName, int]:
    """How many bytes the nodes lack of what `seen.plays` names."""
    files: dict[NodeName, dict[str, int]] = {}
    for sidecar in seen.sidecars:
        staged = (seen.nodes[sidecar.node].staged if sidecar.node in seen.nodes else None) or {}
        for play in seen.plays.get(sidecar.channel, ()):
            fact = seen.catalogue.get(play.asset)
            if fact is not None and play.stored not in staged:
                files.setdefault(sidecar.node, {})[play.stored] = fact.size
    return {node: sum(sizes.values()) for node, sizes in files.items()}


def stage_until(channel: DesiredChannel, seen: Snapshot, policy: Policy) -> int:
    """The frame at which the stage horizon ends."""
    clock = channel.format.clock
    return clock.showing_at(seen.taken_at) + clock.frames_in(policy.stage_horizon)


def disks_of(
    sidecars: Iterable[SidecarSeen], seen: Snapshot
) -> tuple[Mapping[str, StagedSeen], ...]:
    """What lies on the nodes where sidecars run, of those that were read."""
    nodes = (seen.nodes.get(s.node) for s in sidecars if s.life is Life.RUNNING)
    return tuple(
        node.staged
        for node in nodes
        if node is not None and node.health is Health.ANSWERING and node.staged is not None
    )


def played_by(
    channels: Iterable[ChannelName], tenants: Iterable[Tenant], scene: Scene
) -> frozenset[str] | None:
    """What channels play from their rundowns, kept and new; None where one of them is unknown."""
    compiled = {one.draft.name: one for one in tenants if one.rundown is not None}
    found: set[str] = set()
    for name in channels:
        kept, new = scene.seen.needed.get(name), compiled.get(name)
        if new is None and kept is None:
            return None
        found |= (kept or {}).keys()
        if new is not None:
            found |= _played(new, scene)
    return frozenset(found)


def _played(tenant: Tenant, scene: Scene) -> set[str]:
    """What the new rundown plays, and the old one until the new one has been handed over."""
    now = tenant.draft.wanted.format.clock.showing_at(scene.now)
    held = scene.seen.held.get(tenant.draft.name)
    plays = (*tenant.plays, *(held.plays() if held is not None else ()))
    return {play.stored for play in plays if not play.event or play.end > now}


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


def _needs(tenant: Tenant, scene: Scene) -> Iterator[Need]:
    clock = tenant.draft.wanted.format.clock
    now = clock.showing_at(scene.now)
    until = now + clock.frames_in(scene.desired.policy.stage_horizon)
    for play in tenant.plays:
        frame = play.frame(now, until)
        if frame is not None:
            due = int(clock.span(frame - now).total_seconds())
            at = clock.instant(frame) if due else scene.now
            yield Need(draft=tenant.draft, play=play, at=at, due=due)


def _soonest(need: Need) -> tuple[int, str, str]:
    return need.due, need.draft.name, need.play.event
