"""What a sidecar is, and what it may turn into, as one table.

`muster` sorts a channel's sidecars into a crew; `TURNS` says which actions may be done to a
sidecar of each standing, and `plan.check` holds every plan against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from reconciler.model.ids import NodeName
from reconciler.model.observed import Health, Life, SidecarSeen, Snapshot
from reconciler.plan.actions import (
    Action,
    AddOutput,
    AdoptSidecar,
    CollectAsRun,
    GrantLease,
    HandOver,
    LoadRundown,
    RemoveOutput,
    RetireSidecar,
)
from reconciler.plan.case import Case, health


class Standing(Enum):
    """What one sidecar is, as far as anybody can tell."""

    AWAY = "on a node that does not answer"
    DEAD = "dead"
    MUTE = "running, and does not answer"
    STARTING = "not ready yet"
    READY = "ready"
    SENDING = "sending"
    SUPERSEDED = "silenced for ever by a higher epoch"


_TALK: frozenset[type[Action]] = frozenset({LoadRundown, AddOutput, RemoveOutput, CollectAsRun})

TURNS: Mapping[Standing, frozenset[type[Action]]] = {
    Standing.AWAY: frozenset(),
    Standing.DEAD: frozenset({RetireSidecar}),
    Standing.MUTE: frozenset({RetireSidecar, AdoptSidecar}),
    Standing.STARTING: _TALK | {RetireSidecar, AdoptSidecar},
    Standing.READY: _TALK | {RetireSidecar, AdoptSidecar, GrantLease, HandOver},
    Standing.SENDING: _TALK | {RetireSidecar, AdoptSidecar, GrantLease, HandOver},
    Standing.SUPERSEDED: frozenset({RetireSidecar, CollectAsRun}),
}


def standing(sidecar: SidecarSeen, seen: Snapshot) -> Standing:
    """What one sidecar is."""
    if health(seen, sidecar.node) is not Health.ANSWERING:
        return Standing.AWAY
    if sidecar.life is Life.DEAD:
        return Standing.DEAD
    answer = sidecar.answer
    if answer is None:
        return Standing.MUTE
    if answer.lease_epoch > sidecar.epoch:
        return Standing.SUPERSEDED
    if answer.sending:
        return Standing.SENDING
    return Standing.READY if answer.ready else Standing.STARTING


_ALIVE = frozenset({Standing.MUTE, Standing.STARTING, Standing.READY, Standing.SENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A channel's sidecars by their part. `away` are nodes that may hold one and do not answer.

    `sender` has the right to send, or sends without anyone else having it. `successor` has a higher
    epoch. `surplus` can become neither. `ghost` is an epoch with the right that is nowhere, though
    every node that could hold it answered.
    """

    sender: SidecarSeen | None = None
    successor: SidecarSeen | None = None
    surplus: tuple[SidecarSeen, ...] = ()
    dead: tuple[SidecarSeen, ...] = ()
    away: tuple[NodeName, ...] = ()
    ghost: int = 0

    @property
    def living(self) -> tuple[SidecarSeen, ...]:
        """Those that are to go on: the sender, then the successor."""
        return tuple(s for s in (self.sender, self.successor) if s is not None)


def muster(case: Case, seen: Snapshot) -> Crew:
    """Sort a channel's sidecars by their part."""
    ranked = [(s, standing(s, seen)) for s in case.sidecars]
    alive = [s for s, rank in ranked if rank in _ALIVE]
    sender = _sender(case, alive)
    successor = _successor(case, alive, sender)
    surplus = [
        s
        for s, rank in ranked
        if (rank in _ALIVE or rank is Standing.SUPERSEDED) and s not in (sender, successor)
    ]
    away = _away(case, seen, [s for s, rank in ranked if rank is Standing.AWAY])
    return Crew(
        sender=sender,
        successor=successor,
        surplus=tuple(surplus),
        dead=tuple(s for s, rank in ranked if rank is Standing.DEAD),
        away=away,
        ghost=_ghost(case, away),
    )


def _sender(case: Case, alive: list[SidecarSeen]) -> SidecarSeen | None:
    entitled = [s for s in alive if s.epoch == case.right]
    sending = [s for s in alive if s.answer is not None and s.answer.sending]
    return next(iter(entitled), None) or next(reversed(sending), None)


def _successor(
    case: Case, alive: list[SidecarSeen], sender: SidecarSeen | None
) -> SidecarSeen | None:
    """The highest epoch, which alone can be given the right to send."""
    above = sender.epoch + 1 if sender is not None else 0
    able = [s for s in alive if s.epoch >= max(above, case.epoch) and s is not sender]
    return able[-1] if able else None


def _away(case: Case, seen: Snapshot, absent: list[SidecarSeen]) -> tuple[NodeName, ...]:
    nodes = {s.node for s in absent}
    row = case.row
    if row is not None and (row.sending_epoch or row.status != "stopped"):
        nodes |= {row.node} if row.node is not None else set()
        nodes |= seen.nodes.keys() if _may_be_anywhere(case) else set()
    return tuple(sorted(n for n in nodes if health(seen, n) is not Health.ANSWERING))


def _may_be_anywhere(case: Case) -> bool:
    """Whether the epoch with the right was not seen, and the row does not name its node."""
    if not case.right or any(s.epoch == case.right for s in case.sidecars):
        return False
    return case.right != case.epoch or case.home is None


def _ghost(case: Case, away: tuple[NodeName, ...]) -> int:
    """The epoch with the right, where it is provably nowhere: all that could hold it answered."""
    if away or any(s.epoch == case.right for s in case.sidecars):
        return 0
    return case.right
