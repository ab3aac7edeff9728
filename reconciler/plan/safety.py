"""Limits that a plan may not cross unasked.

The larger of `policy.max_interrupted` and `policy.max_interrupted_percent` of the channels may be
stopped, restarted or moved in one pass. What starts a channel that is off air counts for nothing,
and so does handing over to a successor: that was counted when the successor was begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import PlanRefused
from reconciler.model.desired import Policy
from reconciler.model.ids import ChannelName
from reconciler.plan.actions import Hold, Leave, Plan
from reconciler.plan.digest import plan_digest
from reconciler.plan.impact import NONE

FLAG = "--past-limits"
_NAMED = 5  # channels spelt out in a refusal


def limit_of(policy: Policy, channels: int) -> int | None:
    """How many of `channels` one pass may interrupt; None: any number."""
    if policy.max_interrupted is None:
        return None
    return max(policy.max_interrupted, channels * policy.max_interrupted_percent // 100)


def refusal(interrupted: Sequence[ChannelName], channels: int, policy: Policy, leave: Leave) -> str:
    """Why a plan that interrupts these channels may not be applied; empty when it may."""
    limit = limit_of(policy, channels)
    if leave.past_limits or limit is None or len(interrupted) <= limit:
        return ""
    names = ", ".join(interrupted[:_NAMED]) + ("" if len(interrupted) <= _NAMED else ", …")
    return (
        f"this plan interrupts {len(interrupted)} of {channels} channels ({names}); limit {limit}"
    )


def insist(plan: Plan) -> None:
    """Raise `PlanRefused` for a plan that may not be applied as it stands."""
    if plan.refused:
        raise PlanRefused(
            f"refused: {plan.refused}; to allow exactly this: "
            f"reconcile --only {plan.digest[:6]} {FLAG}",
            limit="max_interrupted",
            count=len(plan.interrupted),
        )


def without_interruptions(plan: Plan) -> Plan:
    """A refused plan without the channels that it may not interrupt, each held with the reason.

    The rest can be applied meanwhile: one daring commit must not keep others from being repaired.
    """
    if not plan.refused:
        return plan
    barred = frozenset(plan.interrupted)
    actions = tuple(a for a in plan.actions if getattr(a, "channel", None) not in barred)
    holds = tuple(
        Hold(channel=name, what="interrupt", because=plan.refused, allow=FLAG)
        for name in plan.interrupted
    )
    kept = (*(h for h in plan.holds if h.channel not in barred), *holds)
    notes = {
        name: replace(note, impact=NONE) if name in barred else note
        for name, note in plan.notes.items()
    }
    return replace(
        plan,
        actions=actions,
        holds=kept,
        notes=notes,
        interrupted=(),
        refused="",
        digest=plan_digest(actions, kept, notes),
    )
