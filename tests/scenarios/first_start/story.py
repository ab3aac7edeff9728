"""A new lineup meets empty nodes: rows, placement, sidecars, and media by due time."""

from __future__ import annotations

from tests.builders import (
    channel,
    cluster,
    compiled,
    event,
    fact,
    lineup,
    machine,
    node,
    rundown,
)
from tests.scenarios.telling import Story


def story() -> Story:
    nodes = machine("rack1", labels={"site": "oslo"}), machine("rack2", labels={"site": "bergen"})
    desired = lineup(channel("news", labels={"site": "oslo"}), channel("sport"), *nodes)
    news = rundown("news", event("OPEN", seconds=60), event("FILM", at=60, seconds=5400))
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1", staged=["FILM-1.mp4"]),
            node("rack2"),
            catalogue=[fact("OPEN"), fact("FILM")],
        ),
        rundowns=compiled(news, rundown("sport", event("OPEN", seconds=7200))),
    )
