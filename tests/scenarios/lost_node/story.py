"""A node is lost: a stream moves when its lease lapses, a cable stays, `never` needs someone."""

from __future__ import annotations

from tests.builders import channel, claim, cluster, decklink, lineup, machine, node, row
from tests.scenarios.telling import Story


def story() -> Story:
    arts, kids, news = channel("arts"), channel("kids", fence=None), channel("news", decklink())
    nodes = machine("rack1", devices=[1]), machine("rack2", devices=[1])
    desired = lineup(arts, kids, news, *nodes)
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1", silent_for=12),
            node("rack2"),
            row(arts),
            row(kids, lease_expires_at=None),
            row(news),
            claim("news"),
            known=desired,
        ),
    )
