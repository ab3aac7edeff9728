"""A 1080p50 channel does not fit beside what runs already: refused, with the numbers."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, machine, node, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    small = [channel("arts"), channel("kids")]
    nodes = machine("rack1", cores=2), machine("rack2", cores=1)
    desired = lineup(*small, channel("big", fmt="1080p5000"), *nodes)
    here = [part for c in small for part in (row(c), sidecar(c))]
    return Story(desired=desired, seen=cluster(node("rack1"), node("rack2"), *here, known=desired))
