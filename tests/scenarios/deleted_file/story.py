"""The file of a channel that is on air was deleted: it stays on air."""

from __future__ import annotations

from tests.builders import channel, cluster, lineup, row, sidecar
from tests.scenarios.telling import Story


def story() -> Story:
    news, sport = channel("news"), channel("sport")
    desired = lineup(sport)
    here = (row(news), sidecar(news), row(sport), sidecar(sport))
    return Story(desired=desired, seen=cluster(*here, known=desired))
