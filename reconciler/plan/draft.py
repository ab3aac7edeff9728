"""One channel's part of a plan, as its judges write it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from reconciler.model.desired import DesiredChannel
from reconciler.model.ids import ChannelName, NodeName
from reconciler.model.observed import SidecarSeen
from reconciler.plan.actions import (
    Action,
    Cause,
    ChannelNote,
    Hold,
    Impact,
    RetireSidecar,
    Verdict,
)
from reconciler.plan.case import Case
from reconciler.plan.impact import NONE, stronger
from reconciler.plan.scene import Scene
from reconciler.rundown.wire import digest as rundown_digest


class Draft:
    """What the plan will say of one channel; grows while it is judged."""

    def __init__(self, case: Case, scene: Scene) -> None:
        self.case = case
        self.scene = scene
        self.actions: list[Action] = []
        self.holds: list[Hold] = []
        self.impact: Impact = NONE
        self.placement: tuple[Verdict, ...] = ()
        self.interrupts = False  # counts against the limits
        self.conditions: dict[str, str] = {}  # what is wrong now: alarm key -> text
        self.judged: set[str] = set()  # alarm keys (up to `:`) on which this pass has an opinion
        self.behind = False  # a sidecar goes on with an older lineup than this one
        self.spawned_on: NodeName | None = None

    @property
    def name(self) -> ChannelName:
        """The channel."""
        return self.case.name

    @property
    def wanted(self) -> DesiredChannel:
        """What the lineup says of it; only asked of a channel that is in the lineup."""
        wanted = self.case.wanted
        if wanted is None:
            raise LookupError(f"{self.name} is not in the lineup")
        return wanted

    @cached_property
    def compiled_digest(self) -> str:
        """Digest of the rundown compiled in this pass; empty when none was."""
        compiled = self.case.compiled
        return rundown_digest(compiled.rundown) if compiled is not None else ""

    def act(self, *actions: Action) -> None:
        """Add actions, in the order in which they must happen."""
        self.actions.extend(actions)

    def hold(
        self, what: str, because: str, *, until: datetime | None = None, allow: str = ""
    ) -> None:
        """Say what is not done yet, and why."""
        self.holds.append(
            Hold(channel=self.name, what=what, because=because, until=until, allow=allow)
        )

    def notice(self, impact: Impact) -> None:
        """Say what the audience will notice; the strongest is kept."""
        self.impact = stronger(self.impact, impact)

    def retire(self, sidecar: SidecarSeen, cause: Cause) -> None:
        """Retire one sidecar that was seen."""
        self.act(
            RetireSidecar(
                channel=self.name,
                node=sidecar.node,
                epoch=sidecar.epoch,
                handle=sidecar.handle,
                cause=cause,
            )
        )

    def retires(self, sidecar: SidecarSeen) -> bool:
        """Whether the plan retires this sidecar."""
        return any(
            isinstance(a, RetireSidecar) and (a.node, a.epoch) == (sidecar.node, sidecar.epoch)
            for a in self.actions
        )

    def alarm(self, key: str, text: str) -> None:
        """Say that a condition holds now."""
        self.judged.add(key.partition(":")[0])
        self.conditions[key] = text

    def note(self) -> ChannelNote:
        """What the plan says of the channel besides its actions."""
        compiled = self.case.compiled
        wanted = self.case.wanted
        return ChannelNote(
            channel=self.name,
            impact=self.impact,
            timezone=wanted.timezone if wanted is not None else "UTC",
            placement=self.placement,
            remarks=compiled.remarks if compiled is not None else (),
        )
