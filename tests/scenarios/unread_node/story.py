"""A node has not answered for four seconds: unread is not empty, so nothing happens."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, machine, node, row
from tests.scenarios.telling import Story


def story() -> Story:
    news, sport = channel("news"), channel("sport", edition=2)
    desired = lineup(news, sport, machine("rack1"), machine("rack2"))
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1", silent_for=4), node("rack2"), row(news), row("sport"), known=desired
        ),
    )
