"""The inventory's rows: nodes and recorders as the lineup has them, whatever the database says."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import DesiredNode, DesiredRecorder
from reconciler.model.ids import NodeName
from reconciler.plan.actions import Action, Cause, Hold, RemoveNode, WriteNode, WriteRecorder
from reconciler.plan.digest import node_digest
from reconciler.plan.scene import Scene


def plan_rows(scene: Scene) -> tuple[tuple[Action, ...], tuple[Hold, ...]]:
    """Rows to write and remove, sorted by name; and removals that must wait."""
    gone = sorted(scene.seen.database.nodes.keys() - scene.desired.nodes.keys())
    held = {name: why for name in gone if (why := _still_used(name, scene)) is not None}
    removals = tuple(
        RemoveNode(node=name, cause=Cause.LEFT_LINEUP) for name in gone if name not in held
    )
    holds = tuple(
        Hold(channel=None, what=f"remove node {name}", because=why, allow="drain it first")
        for name, why in held.items()
    )
    return (*_nodes(scene), *removals, *_recorders(scene)), holds


def _nodes(scene: Scene) -> Iterator[WriteNode]:
    known = scene.seen.database.nodes
    for name, node in sorted(scene.desired.nodes.items()):
        digest = node_digest(node)
        if known.get(name) != digest:
            cause = Cause.LINEUP_CHANGED if name in known else Cause.NEW_NODE
            yield WriteNode(node=name, digest=digest, cause=cause)


def _recorders(scene: Scene) -> Iterator[WriteRecorder]:
    known = scene.seen.database.recorders
    for name, wanted in sorted(scene.desired.recorders.items()):
        found = known.get(name)
        device = _index(wanted, scene.desired.nodes[wanted.node])
        if device is None or (found and (found.node, found.device) == (wanted.node, device)):
            continue
        cause = Cause.LINEUP_CHANGED if found is not None else Cause.NEW_RECORDER
        yield WriteRecorder(recorder=name, cause=cause)


def _index(recorder: DesiredRecorder, node: DesiredNode) -> int | None:
    return next((d.index for d in node.devices if d.answers_to(recorder.device)), None)


def _still_used(node: NodeName, scene: Scene) -> str | None:
    """Why a node that left the inventory must be remembered: something of ours may be there."""
    here = sorted({s.channel for s in scene.seen.sidecars if s.node == node})
    if here:
        return f"sidecars of {', '.join(here)} are on it"
    rows = scene.seen.database.channels.values()
    owed = sorted(r.channel for r in rows if r.node == node and r.sending_epoch)
    return f"{', '.join(owed)} may be sending from it" if owed else None
