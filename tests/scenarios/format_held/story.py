"""Another picture format needs a restart: held until someone allows the interruption."""

from __future__ import annotations

from tests.builders import channel, cluster, compiled, event, lineup, row, rundown, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    old, new = channel("news"), channel("news", fmt="720p2500")
    desired = lineup(new)
    held = rundown("news", event("BARS", seconds=90000))
    return Story(
        desired=desired,
        seen=cluster(row(old), sidecar(old), known=desired, held=[held]),
        rundowns=compiled(rundown("news", event("BARS", seconds=93600))),
    )
