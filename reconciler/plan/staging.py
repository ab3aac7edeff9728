"""Which media must be on which node, before when; and what may be thrown away.

What a rundown, new or kept, plays within `policy.stage_horizon`, its filler and its slate are
brought to every node where the channel runs or is about to, what airs next first, as far as there
is room (`storage`). A file is evicted only when every channel of the node is known to do without
it: not knowing is not "no".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from reconciler.model.copies import CopyWanted, mov_name
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.media import AssetFact
from reconciler.model.observed import Health, NodeSeen, RestageSeen
from reconciler.plan.actions import Action, Cause, EvictMedia, Hold, RemuxMedia, StageMedia, Staging
from reconciler.plan.draft import Draft
from reconciler.plan.needs import Need, Tenant, channels_on, needs_by_node, played_by, tenants
from reconciler.plan.scene import Scene
from reconciler.plan.shortage import NO_ROOM, Shortage, tell_shortages
from reconciler.plan.storage import Allotment, Coming, Disk, allot, by_age, disk_of, room_of

Wanted = Mapping[NodeName, tuple[CopyWanted, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlan:
    """What is staged and evicted, and what waits; `wanted` is what nodes lack, for screens.

    Stages by due time, then node and file; evictions after them. A node that was not read is
    missing from `wanted`.
    """

    actions: tuple[Action, ...]
    holds: tuple[Hold, ...]
    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Want:
    """One file that a node is to get, for whom, and why."""

    fact: AssetFact
    needs: tuple[Need, ...]
    due: int  # seconds from now
    request: RestageSeen | None = None
    source: str = ""  # the staged file that it is made from, on the node itself


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What is decided for one node that answers."""

    name: NodeName
    disk: Disk
    staged: Collection[str] = ()
    wants: Mapping[str, _Want] = field(default_factory=dict)
    given: Allotment = field(default_factory=Allotment)


def plan_media(drafts: Iterable[Draft], scene: Scene) -> MediaPlan:
    """Stage and evict; what does not fit is told in the drafts of the channels that it hurts."""
    drafts = tuple(drafts)
    known = tenants(drafts, scene)
    needs = needs_by_node(known, scene)
    requests = _requests(scene)
    nodes = tuple(
        _judge(seen, needs.get(name, {}), requests.get(name, ()), known=known, scene=scene)
        for name, seen in sorted(scene.seen.nodes.items())
        if seen.health is Health.ANSWERING and seen.staged is not None
    )
    tell_shortages(drafts, scene, tuple(_shortage(node) for node in nodes))
    stages = (stage for node in nodes for stage in _stages(node))
    evictions = (evict for node in nodes for evict in _evictions(node))
    return MediaPlan(
        actions=(*sorted(stages, key=lambda s: (s.due, s.node, s.stored)), *evictions),
        holds=tuple(_held(scene, nodes)),
        wanted={node.name: tuple(_lacking(node, scene)) for node in nodes},
    )


def _requests(scene: Scene) -> Mapping[NodeName, tuple[RestageSeen, ...]]:
    found: dict[NodeName, tuple[RestageSeen, ...]] = {}
    whole = scene.leave.only_channels is None
    for one in scene.seen.database.restages if whole else ():
        found[one.node] = (*found.get(one.node, ()), one)
    return found


def _judge(
    seen: NodeSeen,
    needs: Mapping[str, tuple[Need, ...]],
    requests: tuple[RestageSeen, ...],
    *,
    known: tuple[Tenant, ...],
    scene: Scene,
) -> _Node:
    """What comes to a node, and what goes."""
    disk = disk_of(room_of(seen.name, scene.desired), seen)
    wants = _wants(seen, needs, requests, scene)
    if not wants and not disk.is_above_mark:
        return _Node(name=seen.name, disk=disk)
    arrived = {one.stored: one.done for one in seen.transfers}
    coming = [
        Coming(
            stored=stored,
            size=want.fact.size,
            due=want.due,
            arrived=arrived.get(stored),
        )
        for stored, want in wants.items()
    ]
    kept = {*wants, *(want.source for want in wants.values())}
    spare = _spare(seen, frozenset(kept), known, scene)
    return _Node(
        name=seen.name,
        disk=disk,
        staged=seen.staged or (),
        wants=wants,
        given=allot(disk, coming, spare),
    )


def _wants(
    seen: NodeSeen,
    needs: Mapping[str, tuple[Need, ...]],
    requests: tuple[RestageSeen, ...],
    scene: Scene,
) -> Mapping[str, _Want]:
    """What the node lacks, and what somebody asked to have again."""
    staged = seen.staged or {}
    found: dict[str, _Want] = {}
    for stored, wanting in needs.items():
        fact = scene.seen.catalogue.get(wanting[0].play.asset)
        if stored in staged or fact is None or fact.problem is not None:
            continue
        want = _Want(fact=fact, needs=wanting, due=wanting[0].due)
        if fact.stored == stored:
            found[stored] = want
        elif stored == mov_name(fact.stored):
            if fact.stored in staged:
                found[stored] = replace(want, source=fact.stored)
            else:
                found.setdefault(fact.stored, want)
        # Any other name: the content has changed since; what was there is gone from its store.
    for request in requests:
        fact = scene.seen.catalogue.get(request.asset)
        if fact is not None and fact.problem is None:
            wanting = needs.get(fact.stored, ())
            due = wanting[0].due if wanting else _last(scene.desired.policy.stage_horizon)
            found[fact.stored] = _Want(fact=fact, needs=wanting, due=due, request=request)
    return found


def _last(horizon: timedelta) -> int:
    """When something is due that nothing is known to play: after all that is."""
    return int(horizon.total_seconds())


def _spare(
    seen: NodeSeen, wanted: frozenset[str], known: tuple[Tenant, ...], scene: Scene
) -> tuple[tuple[str, int], ...]:
    """The files that nothing on the node plays, as far as that is known; the oldest first."""
    ages = scene.seen.last_used.get(seen.name)
    if ages is None or not seen.staged:
        return ()
    played = played_by(channels_on(seen.name, known, scene), known, scene)
    if played is None:
        return ()
    unused = seen.staged.keys() - played - wanted
    return tuple((name, seen.staged[name].size) for name in by_age(unused, ages))


def _stages(node: _Node) -> Iterator[Staging]:
    for stored in node.given.fetch:
        want = node.wants[stored]
        if want.source:
            yield RemuxMedia(
                asset=want.fact.asset,
                node=node.name,
                source=want.source,
                stored=stored,
                size=want.fact.size,
                due=want.due,
                channels=_channels(want),
                cause=Cause.CONTAINER,
            )
            continue
        request = want.request
        yield StageMedia(
            asset=want.fact.asset,
            node=node.name,
            uri=want.fact.uri,
            stored=stored,
            size=want.fact.size,
            due=want.due,
            channels=_channels(want),
            cause=Cause.DUE if request is None else Cause.ASKED,
            asked_by=request.who if request is not None else "",
            request=request.id if request is not None else 0,
            is_there=stored in node.staged,
        )


def _channels(want: _Want) -> tuple[ChannelName, ...]:
    return tuple(sorted({need.draft.name for need in want.needs}))


def _evictions(node: _Node) -> Iterator[EvictMedia]:
    for stored in node.given.evict:
        yield EvictMedia(node=node.name, stored=stored, cause=Cause.UNUSED)


def _shortage(node: _Node) -> Shortage:
    refused = (node.wants[stored] for stored in node.given.refused)
    pairs = [(need, want.fact.size) for want in refused for need in want.needs]
    pairs.sort(key=lambda pair: (pair[0].due, pair[0].draft.name, pair[0].play.stored))
    return Shortage(node=node.name, disk=node.disk, refused=tuple(pairs))


def _lacking(node: _Node, scene: Scene) -> Iterator[CopyWanted]:
    """What a screen shows as still to come, sorted by name."""
    for stored, want in sorted(node.wants.items()):
        yield CopyWanted(
            stored=stored,
            asset=want.fact.asset,
            size=want.fact.size,
            due_at=want.needs[0].at if want.needs else scene.now + timedelta(seconds=want.due),
            error=NO_ROOM if stored in node.given.refused else "",
        )


def _held(scene: Scene, nodes: tuple[_Node, ...]) -> Iterator[Hold]:
    """Requests that cannot be met now, and why."""
    by_name = {node.name: node for node in nodes}
    for one in (one for asked in _requests(scene).values() for one in asked):
        why = _why_not(one, by_name.get(one.node), scene)
        if why:
            what = f"new copy of {one.asset} on {one.node} (asked by {one.who})"
            yield Hold(channel=None, what=what, because=why)


def _why_not(request: RestageSeen, node: _Node | None, scene: Scene) -> str:
    fact = scene.seen.catalogue.get(request.asset)
    if fact is None:
        return "no channel of the lineup plays it"
    if fact.problem is not None:
        return fact.problem
    if node is None:
        return f"{request.node} does not answer, or is no node of the lineup"
    if fact.stored in node.given.fetch:
        return ""
    return NO_ROOM if fact.stored in node.given.refused else "room is being made for it"
