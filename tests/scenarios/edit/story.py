"""A playlist was edited: the running channel follows live, and the plan says when it shows."""

from __future__ import annotations

from tests.builders import (
    channel,
    cluster,
    compiled,
    event,
    fact,
    item,
    lineup,
    machine,
    node,
    playlist,
    row,
    rundown,
    sidecar,
)
from tests.scenarios.telling import Story


def story() -> Story:
    old, new = channel("news"), channel("news", edition=2)
    held = rundown(
        "news",
        event("MORNING", seconds=1800),
        event("FILM", at=1800, seconds=5400, item="film"),
        event("LATE", at=7200, seconds=600),
    )
    wanted = rundown(
        "news",
        event("MORNING", seconds=1800),
        event("PROMO", at=1800, seconds=130),
        event("FILM", at=1930, seconds=5400, id=held.events[1].id, item="film"),
        event("END", at=7330, seconds=470),
    )
    base = playlist("base", item("MORNING", out="00:30:00:00"), item("PROMO"), item("FILM"))
    desired = lineup(new, base, machine("rack1", budget=2003))
    media = [fact(name) for name in ("MORNING", "PROMO", "FILM", "END")]
    staged = [one.stored for one in media if one.asset not in {"PROMO", "END"}]
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1", staged=[*staged, "LATE-1.mp4", "OLD-1.mp4"]),
            row(old),
            sidecar(old),
            known=desired,
            catalogue=media,
            held=[held],
            last_used={"rack1": {"OLD-1.mp4": -86_400}},
        ),
        rundowns=compiled(wanted),
    )
