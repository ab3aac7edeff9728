"""A whole plan as lines, so that a test compares the whole answer.

`news + spawn sidecar on rack1, epoch 1 (NEW_CHANNEL)` is an action, `news · respawn: why` a hold.
The inventory's rows are left out, since hardly any test is about them.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.desired import Desired
from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave, Plan, WriteNode
from reconciler.plan.check import check
from reconciler.plan.planner import make_plan
from reconciler.report.phrases import phrase
from reconciler.rundown import Compiled


def planned(
    desired: Desired,
    seen: Snapshot,
    rundowns: Mapping[ChannelName, Compiled] | None = None,
    leave: Leave | None = None,
) -> Plan:
    """The plan; one that contradicts itself fails the test."""
    plan = make_plan(desired, seen, rundowns or {}, leave or Leave())
    assert check(plan, desired, seen) == ()
    return plan


def tell(
    desired: Desired,
    seen: Snapshot,
    rundowns: Mapping[ChannelName, Compiled] | None = None,
    leave: Leave | None = None,
) -> list[str]:
    """The plan, line by line."""
    return lines(planned(desired, seen, rundowns, leave))


def lines(plan: Plan) -> list[str]:
    """Actions, then holds."""
    told = []
    for action in plan.actions:
        if isinstance(action, WriteNode):
            continue
        symbol, text = phrase(action)
        name = getattr(action, "channel", None)
        told.append(f"{name or '*'} {symbol} {text} ({action.cause.name})")
    for hold in plan.holds:
        until = f" until {hold.until:%H:%M:%S}" if hold.until is not None else ""
        allow = f" [{hold.allow}]" if hold.allow else ""
        told.append(f"{hold.channel or '*'} · {hold.what}{until}: {hold.because}{allow}")
    return told


def impact(plan: Plan, name: str) -> str:
    """What the audience of one channel notices."""
    return plan.notes[ChannelName(name)].impact.text
