"""How soon, and where, a channel is started again after its sidecar died.

Within `Policy.respawn_budget` restarts in an hour it comes back where it was, after a growing
back-off. Past the budget it goes to another node; where there is none, it goes on trying at the
longest back-off, and an alarm is raised: a channel is never given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.model.ids import ChannelName
from reconciler.plan.case import Case
from reconciler.plan.horizon import spread

# After so many restarts within the hour, so long from the last one; the last entry goes on.
BACK_OFF = tuple(timedelta(seconds=s) for s in (0, 1, 5, 15, 30, 60))
JITTER = 0.25  # at most this share on top, by the channel's name: a rack does not restart as one


def is_restart(case: Case) -> bool:
    """Whether starting this channel, of which nothing runs, repeats a start."""
    row = case.row
    return (
        row is not None and row.epoch > 0 and (row.status != "stopped" or row.recent_restarts > 0)
    )


def due_at(case: Case, name: ChannelName) -> datetime | None:
    """When the next restart may happen; None: at once."""
    row = case.row
    if row is None or row.last_restart_at is None:
        return None
    delay = BACK_OFF[min(row.recent_restarts, len(BACK_OFF) - 1)]
    return row.last_restart_at + delay * (1 + JITTER * spread(name))


def is_spent(case: Case, budget: int) -> bool:
    """Whether the node that it was on has had its chances."""
    return case.row is not None and case.row.recent_restarts >= budget
