"""The same with leave: a silent successor first; nothing stops before it is ready."""

from __future__ import annotations

from reconciler.plan.actions import Leave
from tests.builders import channel, cluster, lineup, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    old, new = channel("news"), channel("news", fmt="720p2500")
    desired = lineup(new)
    return Story(
        desired=desired,
        seen=cluster(row(new), sidecar(old), known=desired),
        leave=Leave(interrupt=frozenset({new.name})),
    )
