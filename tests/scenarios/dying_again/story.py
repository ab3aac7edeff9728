"""It dies again and again: the back-off grows, and the plan says when it will be tried."""

from __future__ import annotations

from tests.builders import after, channel, cluster, dead, lineup, row
from tests.scenarios.telling import Story


def story() -> Story:
    news = channel("news")
    desired = lineup(news)
    died = row(news, recent_restarts=4, last_restart_at=after(-3))
    return Story(desired=desired, seen=cluster(died, dead(news), known=desired))
