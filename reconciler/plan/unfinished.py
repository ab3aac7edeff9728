"""What is left of a hand-over that was cut: its last steps, and nothing else of a plan.

A channel whose old sender is sealed and whose successor was not told is silent until somebody
goes on. These steps need nothing but the two sidecars, so they need not wait for a whole look.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, takewhile

from reconciler.model.ids import ChannelName
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Action, GrantLease, HandOver, Plan
from reconciler.plan.digest import plan_digest


def cut_short(seen: Snapshot) -> frozenset[ChannelName]:
    """The channels of which a sidecar is silent for another."""
    return frozenset(s.channel for s in seen.sidecars if s.answer is not None and s.answer.hush)


def last_steps(plan: Plan) -> Plan:
    """The steps that let a channel send, as far as nothing else comes before them."""
    own = [action for action in plan.actions if _channel(action)]
    actions = tuple(
        action
        for _, lane in groupby(own, key=_channel)
        for action in takewhile(lambda each: isinstance(each, GrantLease | HandOver), lane)
    )
    digest = plan_digest(actions, (), plan.notes)
    return replace(plan, actions=actions, holds=(), wanted={}, digest=digest)


def _channel(action: Action) -> str:
    return str(getattr(action, "channel", ""))
