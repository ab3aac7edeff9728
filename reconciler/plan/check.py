"""Contradictions in a finished plan: what no lineup and no cluster may ever lead to.

Run by every test of a plan, and by the shell before it applies one. A complaint is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import ChannelRow, Health, Snapshot
from reconciler.plan.actions import (
    Action,
    AddOutput,
    AdoptSidecar,
    Cause,
    ClaimDevice,
    CollectAsRun,
    EvictMedia,
    GrantLease,
    HandOver,
    LoadRundown,
    Plan,
    RemoveOutput,
    RemuxMedia,
    RetireSidecar,
    SpawnSidecar,
    StageMedia,
)
from reconciler.plan.case import health
from reconciler.plan.lifecycle import TURNS, standing

_OnSidecar = (
    RetireSidecar
    | AdoptSidecar
    | GrantLease
    | HandOver
    | LoadRundown
    | AddOutput
    | RemoveOutput
    | CollectAsRun
)
_OnNode = _OnSidecar | SpawnSidecar | StageMedia | RemuxMedia | EvictMedia


def check(plan: Plan, desired: Desired, seen: Snapshot) -> tuple[str, ...]:
    """Every contradiction, in words, in the plan's order; empty for a sound plan."""
    return (
        *_silent_nodes(plan, seen),
        *_turns(plan, seen),
        *_spawns(plan, desired, seen),
        *_rights(plan, seen),
        *_senders(plan, seen),
        *_devices(plan, seen),
        *_media(plan, seen),
    )


def _silent_nodes(plan: Plan, seen: Snapshot) -> Iterator[str]:
    for action in plan.actions:
        if isinstance(action, _OnNode) and health(seen, action.node) is not Health.ANSWERING:
            yield f"{_name(action)} on {action.node}, which does not answer"


def _turns(plan: Plan, seen: Snapshot) -> Iterator[str]:
    """Nothing is done to a sidecar that its standing does not admit."""
    ranks = {(s.channel, s.node, s.epoch): standing(s, seen) for s in seen.sidecars}
    for action in plan.actions:
        if not isinstance(action, _OnSidecar):
            continue
        rank = ranks.get((action.channel, action.node, action.epoch))
        if rank is None and not isinstance(action, RetireSidecar):
            yield f"{_name(action)} of {action.channel}: nobody saw epoch {action.epoch}"
        if rank is not None and type(action) not in TURNS[rank]:
            yield f"{_name(action)} of {action.channel}: its sidecar is {rank.value}"


def _spawns(plan: Plan, desired: Desired, seen: Snapshot) -> Iterator[str]:
    spawned: set[ChannelName] = set()
    rows = seen.database.channels
    for action in plan.actions:
        if not isinstance(action, SpawnSidecar):
            continue
        if action.channel in spawned:
            yield f"{action.channel} is spawned twice"
        spawned.add(action.channel)
        if action.channel not in desired.channels:
            yield f"{action.channel} is spawned, and is not in the lineup"
        if action.channel in rows and action.epoch <= rows[action.channel].epoch:
            yield f"{action.channel} is spawned with epoch {action.epoch}, which was given out"


def _rights(plan: Plan, seen: Snapshot) -> Iterator[str]:
    """At most one epoch is given the right, and only where no other can have it still."""
    granted: dict[ChannelName, int] = {}
    gone: set[tuple[ChannelName, int]] = set()
    for action in plan.actions:
        if isinstance(action, RetireSidecar):
            gone.add((action.channel, action.epoch))
        if isinstance(action, HandOver):  # it falls silent before the right is given on
            gone.add((action.channel, action.old_epoch))
        if not isinstance(action, GrantLease | HandOver):
            continue
        if granted.setdefault(action.channel, action.epoch) != action.epoch:
            yield f"{action.channel}: the right to send is given to two epochs"
        row = seen.database.channels.get(action.channel)
        if row is not None and row.sending_epoch not in (0, action.epoch):
            free = (action.channel, row.sending_epoch) in gone or _has_lapsed(row, seen)
            if not free:
                yield f"{action.channel}: epoch {row.sending_epoch} may still send"


def _has_lapsed(row: ChannelRow, seen: Snapshot) -> bool:
    return row.lease_expires_at is not None and row.lease_expires_at <= seen.taken_at


def _senders(plan: Plan, seen: Snapshot) -> Iterator[str]:
    """Who is on air is retired for a stated reason, and a drain only for a successor."""
    granted = {a.channel for a in plan.actions if isinstance(a, GrantLease | HandOver)}
    rows = seen.database.channels
    for action in plan.actions:
        if not isinstance(action, RetireSidecar) or action.channel not in rows:
            continue
        sends = rows[action.channel].sending_epoch == action.epoch
        if sends and action.cause is Cause.SUCCESSOR_READY and action.channel not in granted:
            yield f"{action.channel}: its sender is retired, and no successor may send"
        if sends and action.cause is Cause.DUPLICATE:
            yield f"{action.channel}: its sender is retired as a duplicate"


def _devices(plan: Plan, seen: Snapshot) -> Iterator[str]:
    holders: dict[tuple[NodeName, int], str] = {
        (c.node, c.device): c.owner for c in seen.database.claims
    }
    for recorder in seen.database.recorders.values():
        if recorder.recording and recorder.sdi:
            holders[recorder.node, recorder.device] = recorder.name
    for action in plan.actions:
        for device in _claimed(action):
            owner = _owner(action)
            if holders.setdefault(device, owner) != owner:
                yield f"device {device[1]} of {device[0]}: claimed by {owner} and {holders[device]}"


def _media(plan: Plan, seen: Snapshot) -> Iterator[str]:
    """Nothing is thrown away that a known rundown plays, or that somebody unknown may play."""
    fetched = {(a.node, a.stored) for a in plan.actions if isinstance(a, StageMedia | RemuxMedia)}
    for action in plan.actions:
        if not isinstance(action, EvictMedia):
            continue
        if (action.node, action.stored) in fetched:
            yield f"{action.stored} is staged on {action.node}, and evicted from it"
        for name in sorted({s.channel for s in seen.sidecars if s.node == action.node}):
            if action.stored in seen.needed.get(name, frozenset()):
                yield f"{action.stored} is evicted from {action.node}, where {name} plays it"


def _claimed(action: Action) -> tuple[tuple[NodeName, int], ...]:
    match action:
        case ClaimDevice():
            return ((action.node, action.device),)
        case SpawnSidecar():
            return tuple((action.node, device) for _, device in action.devices)
        case _:
            return ()


def _owner(action: Action) -> str:
    return str(getattr(action, "channel", ""))


def _name(action: Action) -> str:
    return type(action).__name__
