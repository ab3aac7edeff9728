"""Perform a plan, exactly: the only hand that acts.

Inventory rows first, in order; then channels side by side, media being staged beside them; last,
what may be thrown away. Within a channel the first failure ends its actions for this pass; the next
pass starts from what is then there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from reconciler.errors import AdapterError
from reconciler.model.ids import ChannelName
from reconciler.model.records import JournalEntry
from reconciler.plan.actions import (
    Action,
    CollectAsRun,
    EvictMedia,
    Plan,
    RemoveNode,
    RemuxMedia,
    StageMedia,
    WriteNode,
    WriteRecorder,
)
from reconciler.report.phrases import phrase
from reconciler.shell.perform import Hand
from reconciler.shell.stage import Stager

log = logging.getLogger(__name__)

_AT_ONCE = 16  # channels converged side by side


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one action ended; `error` None means that it was performed, or is `under_way`."""

    action: Action
    error: str | None = None
    under_way: bool = False


def apply(
    plan: Plan,
    hand: Hand,
    stager: Stager,
    *,
    may_act: Callable[[], bool] = lambda: True,
    not_now: frozenset[ChannelName] = frozenset(),
) -> tuple[Outcome, ...]:
    """Perform `plan` with `hand`; returns one outcome per action, in the plan's order.

    Staging is handed to `stager` and not waited for. `may_act` is asked before every action: a
    deposed leader stops between two. The actions of channels in `not_now` have no outcome.
    """
    lanes = _Lanes(hand, may_act)
    outcomes: dict[int, Outcome] = {}
    for action in plan.actions:
        if isinstance(action, StageMedia | RemuxMedia):
            stager.offer(action, hand.perform)
            outcomes[id(action)] = Outcome(action=action, under_way=True)
    shared, channels, rubbish = _waves([a for a in plan.actions if channel_of(a) not in not_now])
    for lane in shared:
        outcomes |= lanes.perform(lane)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="apply") as pool:
        for wave in (channels, rubbish):
            for results in pool.map(lanes.perform, wave):
                outcomes |= results
    return tuple(outcomes[id(a)] for a in plan.actions if id(a) in outcomes)


def _waves(actions: Sequence[Action]) -> tuple[list[tuple[Action, ...]], ...]:
    """Lanes of one shared action each, then one per channel, then of what may be thrown away."""
    shared = [
        (a,)
        for a in actions
        if channel_of(a) is None and not isinstance(a, StageMedia | RemuxMedia)
    ]
    own = sorted((a for a in actions if channel_of(a) is not None), key=_channel_key)
    return (
        [lane for lane in shared if not isinstance(lane[0], EvictMedia)],
        [tuple(lane) for _, lane in groupby(own, key=_channel_key)],
        [lane for lane in shared if isinstance(lane[0], EvictMedia)],
    )


def _channel_key(action: Action) -> str:
    return str(channel_of(action))


def channel_of(action: Action) -> ChannelName | None:
    """The channel that an action belongs to; None for nodes, recorders and media."""
    match action:
        case WriteNode() | RemoveNode() | WriteRecorder():
            return None
        case StageMedia() | RemuxMedia() | EvictMedia():
            return None
        case _:
            return action.channel


class _Lanes:
    """Perform the actions of a lane one after another until one fails."""

    def __init__(self, hand: Hand, may_act: Callable[[], bool]) -> None:
        self._hand = hand
        self._may_act = may_act

    def perform(self, lane: Sequence[Action]) -> dict[int, Outcome]:
        """One outcome per action; after a failure the rest wait for the next pass."""
        outcomes: dict[int, Outcome] = {}
        waits: str | None = None
        for action in lane:
            error = waits or self._one(action)
            outcomes[id(action)] = Outcome(action=action, error=error)
            if error is not None and waits is None:
                waits = f"waits: {error}"
        return outcomes

    def _one(self, action: Action) -> str | None:
        if not self._may_act():
            return "no longer leading"
        try:
            self._hand.perform(action)
        except AdapterError as error:
            log.warning("%s", line_of(action, f"failed: {error}"))
            return str(error)
        routine = isinstance(action, CollectAsRun)
        log.log(logging.DEBUG if routine else logging.INFO, "%s", line_of(action, "done"))
        return None


def line_of(action: Action, outcome: str) -> str:
    """One log line: `key=value`, in a fixed order, without secrets."""
    fields = _fields(action)
    return " ".join(
        f"{key}={value!r}" if " " in value else f"{key}={value}"
        for key, value in (*fields.items(), ("outcome", outcome))
    )


_TOLD = ("channel", "node", "epoch", "output", "device", "asset", "stored", "recorder", "key")


def _fields(action: Action) -> Mapping[str, str]:
    told = {name: str(getattr(action, name)) for name in _TOLD if hasattr(action, name)}
    return {"action": type(action).__name__, **told, "cause": action.cause.value}


def journal_of(plan: Plan, outcomes: Iterable[Outcome], now: datetime) -> tuple[JournalEntry, ...]:
    """Write down what was done and what failed; what is under way tells of itself when it ends.

    Fetching as-run is no change, and is written down only when it fails.
    """
    return tuple(
        JournalEntry(
            at=now,
            who="reconciler",
            what=phrase(o.action)[1],
            channel=channel_of(o.action),
            node=getattr(o.action, "node", None),
            cause=o.action.cause.value,
            outcome="done" if o.error is None else f"failed: {o.error}",
            commit=plan.commit,
            plan=plan.digest,
        )
        for o in outcomes
        if not o.under_way and not (isinstance(o.action, CollectAsRun) and o.error is None)
    )
