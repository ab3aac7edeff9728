"""What the judges of all channels share: lineup, snapshot, and what the plan promised so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave
from reconciler.plan.case import Case
from reconciler.plan.devices import Ledger
from reconciler.plan.rooms import Rooms


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One pass's surroundings; `rooms`, `ledger` and `drains` grow as channels are judged."""

    desired: Desired
    seen: Snapshot
    leave: Leave
    rooms: Rooms
    ledger: Ledger
    drains: dict[NodeName, ChannelName] = field(default_factory=dict)  # whose turn it is

    @property
    def now(self) -> datetime:
        """The instant of the snapshot."""
        return self.seen.taken_at


def set_scene(desired: Desired, seen: Snapshot, leave: Leave, cases: tuple[Case, ...]) -> Scene:
    """Begin a pass; a drain that is under way keeps its turn."""
    scene = Scene(
        desired=desired,
        seen=seen,
        leave=leave,
        rooms=Rooms(desired, seen),
        ledger=Ledger(seen.database),
    )
    resting = {name for name, node in desired.nodes.items() if node.maintenance}
    for case in cases if resting else ():
        for node in sorted({s.node for s in case.sidecars if s.node in resting}):
            if any(s.node not in resting and s.epoch > case.right for s in case.sidecars):
                scene.drains.setdefault(node, case.name)
    return scene
