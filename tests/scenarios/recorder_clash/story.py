"""A recorder records from the only device that the channel could have."""

from __future__ import annotations

from tests.builders import (
    channel,
    cluster,
    decklink,
    lineup,
    machine,
    node,
    recorder,
    recording,
    row,
)
from tests.scenarios.telling import Story


def story() -> Story:
    news = channel("news", decklink())
    nodes = machine("rack1", devices=[1]), machine("rack2")
    desired = lineup(news, *nodes, recorder("rec-1", on="rack1"))
    return Story(
        desired=desired,
        seen=cluster(
            node("rack1"),
            node("rack2"),
            row(news, on=None, epoch=0, sending_epoch=0, status="stopped"),
            recording("rec-1"),
            known=desired,
        ),
    )
