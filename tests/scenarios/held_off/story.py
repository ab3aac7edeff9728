"""An operator keeps a channel off air: the plan says who, why and until when."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, override, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    news = channel("news")
    desired = lineup(news)
    here = (row(news), sidecar(news), override("news", until=86400))
    return Story(desired=desired, seen=cluster(*here, known=desired))
