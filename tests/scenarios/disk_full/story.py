"""A disk is too small for the day: what airs next is brought, the rest is told with its time."""

from __future__ import annotations

from dataclasses import replace

from tests.builders import (
    channel,
    cluster,
    compiled,
    event,
    fact,
    lineup,
    machine,
    node,
    row,
    rundown,
    sidecar,
)
from tests.scenarios.telling import Story

GB = 10**9


def story() -> Story:
    news = channel("news")
    wanted = rundown(
        "news",
        event("MORNING", seconds=1800),
        replace(event("FILM", at=1800, seconds=5400), playlist="film-night", item="feature"),
        event("LATE", at=7200, seconds=600),
    )
    desired = lineup(news, machine("rack1", budget=10 * GB))
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1", staged={"MORNING-1.mp4": 6 * GB, "OLD-1.mp4": GB}),
            row(news, rundown_digest="r0"),
            sidecar(news, rundown_digest="r0"),
            known=desired,
            catalogue=[
                fact("MORNING", size=6 * GB),
                fact("FILM", size=5 * GB),
                fact("LATE", size=3 * GB),
            ],
            held=[wanted],
            last_used={"rack1": {"OLD-1.mp4": -86_400}},
        ),
        rundowns=compiled(wanted),
    )
