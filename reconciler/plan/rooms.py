"""How full every node is: channels counted, cores estimated.

CasparCG has no table of measurements: its channels cost no cores here, `max_channels` bounds them.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from reconciler.model.cost import choose_preset, estimate_cost
from reconciler.model.desired import Desired, DesiredChannel, DesiredNode, EngineKind
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import Life, Snapshot
from reconciler.model.video import VideoFormat
from reconciler.plan.outputs import output_type


class Rooms:
    """How full every node is, as a plan grows; counted when first asked for."""

    def __init__(self, desired: Desired, seen: Snapshot) -> None:
        self._desired = desired
        self._seen = seen
        self._living: dict[NodeName, list[ChannelName]] | None = None

    def tenants(self, node: NodeName) -> tuple[ChannelName, ...]:
        """The channels whose sidecars run on `node`, once per sidecar."""
        return tuple(self._all().get(node, ()))

    def move_in(self, node: NodeName, channel: ChannelName) -> None:
        """Count a sidecar that the plan spawns."""
        self._all().setdefault(node, []).append(channel)

    def move_out(self, node: NodeName, channel: ChannelName) -> None:
        """Stop counting a sidecar that the plan retires before it spawns another."""
        self._all()[node].remove(channel)

    def used(self, node: DesiredNode, cores: Fraction) -> Fraction:
        """Cores that the channels on `node` are estimated to take."""
        channels = self._desired.channels
        known = [channels[name] for name in self.tenants(node.name) if name in channels]
        return sum((cost_of(channel, cores) for channel in known), Fraction(0))

    def _all(self) -> dict[NodeName, list[ChannelName]]:
        if self._living is None:
            self._living = {}
            for sidecar in self._seen.sidecars:
                if sidecar.life is Life.RUNNING:
                    self._living.setdefault(sidecar.node, []).append(sidecar.channel)
        return self._living


def cost_of(channel: DesiredChannel, cores: Fraction) -> Fraction:
    """Cores that the channel is estimated to take on a machine of `cores`."""
    if channel.engine is not EngineKind.EMBEDDED:
        return Fraction(0)
    return _estimate(channel.format, tuple(output_type(o) for o in channel.outputs), cores)


@lru_cache(maxsize=4096)
def _estimate(video: VideoFormat, outputs: tuple[str, ...], cores: Fraction) -> Fraction:
    return estimate_cost(video, choose_preset(video, cores), outputs)
