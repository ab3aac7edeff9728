"""When a channel may leave a node that cannot be asked, and when its successor may send.

Silence proves nothing. A successor may be made ready as soon as the node is lost; it may *send*
only when the old right has lapsed by the database's clock, or was taken back (`reconcile fence`
records that, so that nobody has the right any more).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.model.desired import OnNodeLoss
from reconciler.model.ids import NodeName
from reconciler.model.observed import Health, Snapshot
from reconciler.plan.case import Case, health
from reconciler.plan.devices import may_move_to
from reconciler.plan.lifecycle import Crew

MARGIN = timedelta(seconds=2)  # clocks, and a renewal that was under way when the lease lapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Why something may not happen yet."""

    because: str
    until: datetime | None = None
    allow: str = ""


def bar_to_sending(case: Case, crew: Crew, epoch: int, now: datetime) -> Bar | None:
    """What keeps `epoch` from being given the right to send; None: nothing does.

    A holder of the right that this plan retires first, or that is nowhere, is no bar.
    """
    row = case.row
    if row is None or row.sending_epoch in (0, epoch, crew.ghost):
        return None
    if any(s.epoch == row.sending_epoch for s in (*crew.living, *crew.surplus, *crew.dead)):
        return None
    return _bar_of_lease(row.sending_epoch, row.lease_expires_at, crew.away, now)


def lapses_at(case: Case) -> datetime | None:
    """When the right given out now has lapsed for certain; None: never, or there is none."""
    row = case.row
    if row is None or not row.sending_epoch or row.lease_expires_at is None:
        return None
    return row.lease_expires_at + MARGIN


def bar_to_moving(case: Case, crew: Crew, seen: Snapshot) -> Bar | None:
    """What keeps a channel of which nothing answers from being started elsewhere."""
    unread = [n for n in crew.away if health(seen, n) is not Health.LOST]
    if unread:
        return Bar(because=f"{_several(unread)} not answer: what runs there is unknown")
    lost = crew.away[0]
    wanted = case.wanted
    if wanted is not None and wanted.failover.on_node_loss is OnNodeLoss.HOLD:
        return Bar(because=f"{lost} is lost, and failover.on_node_loss is hold")
    if wanted is not None and case.has_decklink and not _has_spare(case, lost, seen):
        return Bar(because=f"{lost} is lost, and its DeckLink cable has no spare on another node")
    row = case.row
    if row is not None and row.sending_epoch and row.lease_expires_at is None:
        return _bar_of_lease(row.sending_epoch, None, crew.away, seen.taken_at)
    return None


def _bar_of_lease(
    epoch: int, expires_at: datetime | None, away: tuple[NodeName, ...], now: datetime
) -> Bar | None:
    where = away[0] if away else "its node"
    if expires_at is None:
        return Bar(
            because=f"epoch {epoch} on {where} may send without limit, and cannot be asked to stop",
            allow=f"reconcile fence {where} --confirm {where}",
        )
    lapse = expires_at + MARGIN
    if lapse <= now:
        return None
    return Bar(because=f"the lease of epoch {epoch} on {where} may still run", until=lapse)


def _has_spare(case: Case, lost: NodeName, seen: Snapshot) -> bool:
    return case.wanted is not None and any(
        may_move_to(case.wanted, node) for node in seen.nodes if node != lost
    )


def _several(nodes: list[NodeName]) -> str:
    return f"{' and '.join(nodes)} {'does' if len(nodes) == 1 else 'do'}"
