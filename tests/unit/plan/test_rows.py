"""Inventory rows."""

from __future__ import annotations

from dataclasses import replace

from reconciler.plan.actions import WriteNode, WriteRecorder
from reconciler.plan.digest import node_digest
from tests.builders import (
    channel,
    cluster,
    lineup,
    machine,
    recorder,
    recording,
    row,
    sidecar,
)
from tests.unit.plan.telling import planned, tell

RACKS = lineup(machine("rack1", devices=[1]), machine("rack2"))


def test_nodes_are_written_when_they_differ() -> None:
    known = cluster(known=RACKS)
    assert planned(RACKS, known).actions == ()
    more = lineup(machine("rack1", devices=[1, 2]), machine("rack2"), machine("rack3"))
    assert [
        (a.node, a.digest, a.cause.name)
        for a in planned(more, known).actions
        if isinstance(a, WriteNode)
    ] == [
        ("rack1", node_digest(more.nodes[machine("rack1").name]), "LINEUP_CHANGED"),
        ("rack3", node_digest(machine("rack3")), "NEW_NODE"),
    ]


def test_node_that_left_is_removed_once_it_is_empty() -> None:
    news, kids = channel("news"), channel("kids")
    fewer = lineup(machine("rack1", devices=[1]))
    assert tell(fewer, cluster(known=RACKS)) == ["* - remove node rack2 (LEFT_LINEUP)"]
    used = cluster(row(news, on="rack2"), sidecar(news, on="rack2"), known=RACKS)
    held = "* · remove node rack2: sidecars of news are on it [drain it first]"
    assert held in tell(replace(fewer, channels={news.name: news}), used)
    owed = cluster(row(kids, on="rack2"), known=RACKS)
    told = tell(replace(fewer, channels={kids.name: kids}), owed)
    assert "* · remove node rack2: kids may be sending from it [drain it first]" in told


def test_recorders_are_written_when_they_differ() -> None:
    racks = machine("rack1", devices=[1, 2])
    desired = lineup(racks, recorder("rec-1", on="rack1"), recorder("rec-9", on="rack1", device=9))
    assert [
        (a.recorder, a.cause.name)
        for a in planned(desired, cluster()).actions
        if isinstance(a, WriteRecorder)
    ] == [("rec-1", "NEW_RECORDER")]
    assert tell(desired, cluster(recording("rec-1"))) == []
    assert tell(desired, cluster(recording("rec-1", device=2))) == [
        "* ~ write recorder rec-1 (LINEUP_CHANGED)"
    ]
