"""Two sidecars for one channel: the one with the right to send stays."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, machine, node, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    news = channel("news")
    desired = lineup(news, machine("rack1"), machine("rack2"))
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1"),
            node("rack2"),
            row(news, epoch=2),
            sidecar(news, epoch=2),
            sidecar(news, on="rack2", epoch=1),
            known=desired,
        ),
    )
