"""A sidecar died: its spool is collected, its remains removed, and it comes back where it was."""

from __future__ import annotations

from tests.builders import channel, cluster, dead, lineup, machine, node, row
from tests.scenarios.telling import Story


def story() -> Story:
    news = channel("news", prefer=["rack2"])
    desired = lineup(news, machine("rack1"), machine("rack2"))
    seen = cluster(node("rack1"), node("rack2"), row(news), dead(news), known=desired)
    return Story(desired=desired, seen=seen)
