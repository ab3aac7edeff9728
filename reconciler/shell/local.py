"""What an operator of one machine asks for: what runs here, take it off, what is on air."""

from __future__ import annotations

from reconciler.errors import AdapterError
from reconciler.model.desired import Desired
from reconciler.model.observed import SidecarSeen
from reconciler.plan.actions import Cause, RetireSidecar
from reconciler.shell.compile import Compilation
from reconciler.shell.observe import Observer
from reconciler.shell.perform import Hand
from reconciler.shell.world import World


def running_sidecars(world: World, desired: Desired) -> tuple[SidecarSeen, ...]:
    """Every sidecar that is found, living or dead, with its answer where it gives one."""
    return Observer(world).observe(desired).sidecars


def take_off(world: World, desired: Desired, sidecar: SidecarSeen) -> None:
    """Collect what a sidecar wrote, then stop and remove it; raises `AdapterError`."""
    seen = Observer(world).observe(desired)
    hand = Hand(desired, Compilation(seen=seen, rundowns={}, inputs={}), world)
    hand.perform(
        RetireSidecar(
            channel=sidecar.channel,
            node=sidecar.node,
            epoch=sidecar.epoch,
            handle=sidecar.handle,
            cause=Cause.OVERRIDDEN,
        )
    )


def on_air(world: World, desired: Desired) -> dict[str, str]:
    """Titles of what is read back as on air and sending, by channel."""
    try:
        sidecars = running_sidecars(world, desired)
    except AdapterError:
        return {}
    return {
        str(s.channel): s.answer.on_air.title or s.answer.on_air.event
        for s in sidecars
        if s.answer is not None and s.answer.sending and s.answer.on_air is not None
    }
