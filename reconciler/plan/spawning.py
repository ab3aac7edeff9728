"""How a sidecar of a channel is started: what the placement is asked for, and the action itself."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.ids import NodeName
from reconciler.plan.actions import Cause, SpawnSidecar
from reconciler.plan.devices import devices_on
from reconciler.plan.draft import Draft
from reconciler.plan.placement import Wish


def wish_of(
    draft: Draft, *, stay: NodeName | None, avoid: Mapping[NodeName, str] | None = None
) -> Wish:
    """What to ask of the placement for this channel."""
    override = draft.case.override("node")
    tied = stay if draft.case.has_decklink else None
    return Wish(
        channel=draft.wanted,
        stay=stay,
        pinned=NodeName(override.value) if override is not None else None,
        tied=tied,
        avoid=avoid or {},
    )


def spawn(draft: Draft, node: NodeName, cause: Cause, *, counts: bool) -> None:
    """Start a sidecar on `node`, which a placement chose."""
    scene = draft.scene
    found = devices_on(draft.wanted, scene.desired.nodes[node])
    devices = () if isinstance(found, str) else found
    for _, device in devices:
        scene.ledger.promise(node, device, draft.name)
    scene.rooms.move_in(node, draft.name)
    draft.spawned_on = node
    draft.act(
        SpawnSidecar(
            channel=draft.name,
            node=node,
            epoch=draft.case.next_epoch,
            fingerprint=draft.wanted.fingerprint,
            devices=devices,
            counts_as_restart=counts,
            cause=cause,
        )
    )
