"""What a pass saw, for the older status columns: observation, not decision."""

from __future__ import annotations

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Life, SidecarSeen, Snapshot
from reconciler.ports import ChannelObservation


def observations(desired: Desired, seen: Snapshot) -> tuple[ChannelObservation, ...]:
    """One line per channel that has a row, sorted by name."""
    found: dict[ChannelName, list[SidecarSeen]] = {}
    for sidecar in seen.sidecars:
        found.setdefault(sidecar.channel, []).append(sidecar)
    return tuple(
        _observe(name, name in desired.channels and desired.channels[name].on_air, seen, found)
        for name in sorted(seen.database.channels)
    )


def _observe(
    name: ChannelName,
    wanted: bool,  # noqa: FBT001  # internal: whether the lineup wants it on air
    seen: Snapshot,
    found: dict[ChannelName, list[SidecarSeen]],
) -> ChannelObservation:
    sending = seen.database.channels[name].sending_epoch
    here = sorted(found.get(name, ()), key=lambda s: (s.epoch == sending, s.epoch))
    sidecar = here[-1] if here else None
    return ChannelObservation(
        channel=name,
        status=_status(sidecar, wanted=wanted),
        node=sidecar.node if sidecar else None,
        handle=sidecar.handle if sidecar else "",
        url=sidecar.url if sidecar else "",
        error_message=_trouble(sidecar),
        seen=sidecar is not None and sidecar.answer is not None,
    )


def _status(sidecar: SidecarSeen | None, *, wanted: bool) -> str:
    """`running` means that the engine was read back as sending a picture, never that we hope so."""
    if sidecar is None:
        return "starting" if wanted else "stopped"
    if sidecar.life is Life.DEAD or sidecar.answer is None:
        return "error"
    if sidecar.answer.sending and sidecar.answer.engine == "running":
        return "running"
    return "starting"


def _trouble(sidecar: SidecarSeen | None) -> str:
    if sidecar is None:
        return ""
    if sidecar.life is Life.DEAD:
        return "the sidecar died"
    if sidecar.answer is None:
        return "the sidecar does not answer"
    return "; ".join(sidecar.answer.faults)
