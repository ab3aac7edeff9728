"""The successor is ready: it goes on air, and the next channel waits for the next pass."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, machine, node, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    arts, kids = channel("arts"), channel("kids")
    desired = lineup(arts, kids, machine("rack1", maintenance=True), machine("rack2"))
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1"),
            node("rack2"),
            row(arts, on="rack2", epoch=2, sending_epoch=1),
            sidecar(arts),
            sidecar(arts, on="rack2", epoch=2, sending=False),
            row(kids),
            sidecar(kids),
            known=desired,
        ),
    )
