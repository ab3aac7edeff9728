"""A node goes into maintenance: one channel at a time, successor first."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, machine, node, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    channels = [channel("arts"), channel("kids"), channel("news")]
    desired = lineup(*channels, machine("rack1", maintenance=True), machine("rack2"))
    here = [part for c in channels for part in (row(c), sidecar(c))]
    return Story(desired=desired, seen=cluster(node("rack1"), node("rack2"), *here))
