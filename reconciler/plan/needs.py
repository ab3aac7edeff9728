"""Which files the channels of each node play, and when: what staging and evicting go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.desired import DesiredChannel, Policy
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import Health, Life, SidecarSeen, Snapshot
from reconciler.model.rundown import Clip, Event, Rundown
from reconciler.plan.draft import Draft
from reconciler.plan.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A clip that a compiled rundown plays; `event` is None for filler and slate, due at once."""

    draft: Draft
    clip: Clip
    event: Event | None
    at: datetime
    due: int  # seconds from now


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A channel whose rundown was compiled in this pass, and where it is to be played."""

    draft: Draft
    rundown: Rundown
    nodes: tuple[NodeName, ...]


def fresh_of(drafts: Iterable[Draft]) -> tuple[Fresh, ...]:
    """The drafts whose rundown was compiled in this pass."""
    return tuple(
        Fresh(draft=d, rundown=d.case.compiled.rundown, nodes=_nodes_of(d))
        for d in drafts
        if d.case.compiled is not None and d.case.wanted is not None
    )


def needs_by_node(
    fresh: Iterable[Fresh], scene: Scene
) -> Mapping[NodeName, Mapping[str, tuple[Need, ...]]]:
    """What is played within the stage horizon: by node, then by stored name; soonest first."""
    found: dict[NodeName, dict[str, list[Need]]] = {}
    for one in fresh:
        for need in _needs(one, scene) if one.nodes else ():
            for node in one.nodes:
                found.setdefault(node, {}).setdefault(need.clip.stored, []).append(need)
    return {
        node: {s: tuple(sorted(needs, key=_soonest)) for s, needs in by_stored.items()}
        for node, by_stored in found.items()
    }


def clips_of(rundown: Rundown, now: int, until: int) -> Iterator[tuple[Clip, int, Event | None]]:
    """The clips that are played from `now` up to `until`, the frame each is due at, its event."""
    for event in rundown.events:
        if event.end > now and event.start < until and isinstance(event.material, Clip):
            yield event.material, max(event.start, now), event
            if event.alternate is not None:
                yield event.alternate, max(event.start, now), event
    for clip in (*rundown.filler, *((rundown.slate,) if rundown.slate is not None else ())):
        yield clip, now, None


def tenants_of(node: NodeName, fresh: Iterable[Fresh], scene: Scene) -> frozenset[ChannelName]:
    """The channels that are on a node, or are about to be."""
    here = {sidecar.channel for sidecar in scene.seen.sidecars if sidecar.node == node}
    return frozenset(here | {one.draft.name for one in fresh if node in one.nodes})


def lacks_media(
    channel: DesiredChannel, sidecars: Iterable[SidecarSeen], seen: Snapshot, policy: Policy
) -> bool:
    """Whether a node where one of `sidecars` runs lacks a file due within the stage horizon.

    By the channel's kept rundown. What is due later is brought later; unread is not lacking.
    """
    clock = channel.format.clock
    until = clock.showing_at(seen.taken_at) + clock.frames_in(policy.stage_horizon)
    soon = {name for name, due in seen.needed.get(channel.name, {}).items() if due < until}
    for sidecar in sidecars:
        node = seen.nodes.get(sidecar.node)
        if sidecar.life is not Life.RUNNING or node is None or node.health is not Health.ANSWERING:
            continue
        if node.staged is not None and not soon <= node.staged.keys():
            return True
    return False


def played_by(
    channels: Iterable[ChannelName], fresh: Iterable[Fresh], scene: Scene
) -> frozenset[str] | None:
    """What channels play from their rundowns, kept and new; None where one of them is unknown."""
    compiled = {one.draft.name: one for one in fresh}
    found: set[str] = set()
    for name in channels:
        kept, new = scene.seen.needed.get(name), compiled.get(name)
        if new is None and kept is None:
            return None
        found |= (kept or {}).keys()
        if new is not None:
            found |= _played(new, scene)
    return frozenset(found)


def _played(fresh: Fresh, scene: Scene) -> set[str]:
    """What the new rundown plays, and the old one until the new one has been handed over."""
    now = fresh.draft.wanted.format.clock.showing_at(scene.now)
    held = scene.seen.held.get(fresh.draft.name)
    rundowns = (fresh.rundown, held) if held is not None else (fresh.rundown,)
    return {clip.stored for r in rundowns for clip, _, _ in clips_of(r, now, r.end)}


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


def _needs(fresh: Fresh, scene: Scene) -> Iterator[Need]:
    clock = fresh.draft.wanted.format.clock
    now = clock.showing_at(scene.now)
    until = now + clock.frames_in(scene.desired.policy.stage_horizon)
    for clip, frame, event in clips_of(fresh.rundown, now, until):
        due = int(clock.span(frame - now).total_seconds())
        at = clock.instant(frame) if due else scene.now
        yield Need(draft=fresh.draft, clip=clip, event=event, at=at, due=due)


def _soonest(need: Need) -> tuple[int, str, str]:
    return need.due, need.draft.name, need.event.id if need.event is not None else ""
