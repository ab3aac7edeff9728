"""The embedded engine cannot feed SDI or NDI."""

from __future__ import annotations

from reconciler.model.desired import EngineKind
from tests.builders import channel, cluster, decklink, lineup, machine, ndi
from tests.scenarios.telling import Story


def story() -> Story:
    news = channel("news", decklink(), ndi(), engine=EngineKind.EMBEDDED)
    desired = lineup(news, machine("rack1", devices=[1]))
    return Story(desired=desired, seen=cluster(known=desired))
