"""One commit takes five of six channels off air: refused, with the counts and the way past."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    names = ("arts", "film", "kids", "news", "rock", "sport")
    on = [channel(name) for name in names]
    desired = lineup(*(channel(name, on_air=name == "arts") for name in names))
    here = [part for c in on for part in (row(c), sidecar(c))]
    return Story(desired=desired, seen=cluster(*here, known=desired))
