"""The item on air and the next one were edited: both play on as they were, then the edit shows."""

from __future__ import annotations

from tests.builders import (
    channel,
    cluster,
    compiled,
    event,
    fact,
    item,
    lineup,
    node,
    playlist,
    row,
    rundown,
    sidecar,
)
from tests.scenarios.telling import Story


def story() -> Story:
    old, new = channel("news"), channel("news", edition=2)
    carried = [event("NEWS", at=-590, seconds=600), event("WEATHER", at=10, seconds=120)]
    held = rundown("news", *carried, event("FILM", at=130, seconds=7200))
    wanted = rundown("news", *carried, event("SPORT", at=130, seconds=7200))
    base = playlist("base", item("NEWS", out="00:02:00:00"), item("SPORT"))
    desired = lineup(new, base)
    names = ("NEWS", "WEATHER", "SPORT", "FILM")
    media = [fact(name) for name in names]
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1", staged=[one.stored for one in media]),
            row(old),
            sidecar(old),
            known=desired,
            catalogue=media,
            held=[held],
        ),
        rundowns=compiled(wanted),
    )
