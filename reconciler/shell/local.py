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


class Ground:
    """One reading of what runs here, from which it can be taken off air."""

    def __init__(self, world: World, desired: Desired) -> None:
        seen = Observer(world).observe(desired)
        self.sidecars = seen.sidecars
        self._hand = Hand(desired, Compilation(seen=seen, rundowns={}, inputs={}), world)

    def take_off(self, sidecar: SidecarSeen) -> None:
        """Collect what a sidecar wrote, then stop and remove it; raises `AdapterError`."""
        self._hand.perform(
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
        sidecars = Observer(world).observe(desired).sidecars
    except AdapterError:
        return {}
    return {
        str(s.channel): s.answer.on_air.title or s.answer.on_air.event
        for s in sidecars
        if s.answer is not None and s.answer.sending and s.answer.on_air is not None
    }
