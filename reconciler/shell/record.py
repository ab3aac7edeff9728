"""What a pass saw, for the older status columns: observation, not decision."""

from __future__ import annotations

from reconciler.model.desired import Desired, DesiredChannel
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import ChannelRow, Health, Life, SidecarSeen, Snapshot
from reconciler.model.records import ChannelObservation

_NOWHERE = frozenset({"node", "placement", "restarts"})  # alarms that tell why nothing runs


def observations(desired: Desired, seen: Snapshot) -> tuple[ChannelObservation, ...]:
    """One line per channel that has a row and can be judged, sorted by name.

    A channel whose node is unread has none: what was known of it stays as it was.
    """
    found: dict[ChannelName, list[SidecarSeen]] = {}
    for sidecar in seen.sidecars:
        found.setdefault(sidecar.channel, []).append(sidecar)
    return tuple(
        _observe(name, desired.channels.get(name), seen, found.get(name, []))
        for name, row in sorted(seen.database.channels.items())
        if found.get(name) or _health(seen, row.node) is not Health.UNREAD
    )


def _health(seen: Snapshot, name: NodeName | None) -> Health:
    node = seen.nodes.get(name) if name is not None else None
    return node.health if node is not None else Health.ANSWERING


def _observe(
    name: ChannelName, wanted: DesiredChannel | None, seen: Snapshot, here: list[SidecarSeen]
) -> ChannelObservation:
    row = seen.database.channels[name]
    ranked = sorted(here, key=lambda s: (s.epoch == row.sending_epoch, s.epoch))
    sidecar = ranked[-1] if ranked else None
    trouble = _trouble(sidecar)
    if sidecar is None and wanted is not None and wanted.on_air:
        trouble = _absence(row, seen)
    return ChannelObservation(
        channel=name,
        status=_status(sidecar, wanted=wanted is not None and wanted.on_air, trouble=trouble),
        node=sidecar.node if sidecar else None,
        handle=sidecar.handle if sidecar else "",
        url=sidecar.url if sidecar else "",
        error_message=trouble,
        seen=sidecar is not None and sidecar.answer is not None,
    )


def _status(sidecar: SidecarSeen | None, *, wanted: bool, trouble: str) -> str:
    """`running` means that the engine was read back as sending a picture, never that we hope so."""
    if sidecar is None:
        return ("error" if trouble else "starting") if wanted else "stopped"
    if sidecar.life is Life.DEAD or sidecar.answer is None:
        return "error"
    if sidecar.answer.sending and sidecar.answer.engine == "running":
        return "running"
    return "starting"


def _absence(row: ChannelRow, seen: Snapshot) -> str:
    """Why a channel that should be on air runs nowhere, as far as its alarms and its node tell."""
    if _health(seen, row.node) is Health.LOST:
        return f"its node {row.node} is lost"
    alarms = (a for a in seen.database.alarms if a.channel == row.channel and a.key in _NOWHERE)
    return "; ".join(alarm.text for alarm in alarms)


def _trouble(sidecar: SidecarSeen | None) -> str:
    if sidecar is None:
        return ""
    if sidecar.life is Life.DEAD:
        return "the sidecar died"
    if sidecar.answer is None:
        return "the sidecar does not answer"
    return "; ".join(sidecar.answer.faults)
