"""Nodes that do not answer, and the right to send."""

from __future__ import annotations

from reconciler.model.desired import OnNodeLoss
from reconciler.model.ids import NodeName
from tests.builders import (
    after,
    alarm,
    channel,
    claim,
    cluster,
    decklink,
    lineup,
    machine,
    node,
    row,
    sidecar,
)
from tests.unit.plan.telling import impact, planned, tell

NEWS = channel("news")
DESIRED = lineup(NEWS, machine("rack1"), machine("rack2"))
LOST = (node("rack1", silent_for=30), node("rack2"))


def test_unread_node_is_not_an_empty_node() -> None:
    seen = cluster(node("rack1", silent_for=9), node("rack2"), row(NEWS))
    assert tell(DESIRED, seen) == [
        "news · any act: rack1 does not answer: what runs there is unknown"
    ]


def test_two_unread_nodes_are_both_named() -> None:
    seen = cluster(node("rack1", silent_for=9), node("rack2", silent_for=9), row(NEWS, on=None))
    assert tell(DESIRED, seen) == [
        "news · any act: rack1 and rack2 do not answer: what runs there is unknown"
    ]


def test_node_that_nobody_looked_at_is_unread() -> None:
    seen = cluster(node("rack2"), row(NEWS, on="rack9"))
    assert tell(lineup(NEWS, machine("rack2"), machine("rack9")), seen) == [
        "news · any act: rack9 does not answer: what runs there is unknown"
    ]
    fresh = planned(lineup(channel("kids"), machine("rack9")), cluster(node("rack2")))
    (verdict,) = fresh.notes[channel("kids").name].placement
    assert (verdict.node, verdict.because) == (NodeName("rack9"), "it does not answer")


def test_lost_node_readies_a_successor_before_the_lease_lapses() -> None:
    seen = cluster(*LOST, row(NEWS))
    assert tell(DESIRED, seen) == [
        "news + spawn sidecar on rack2, epoch 2 (NODE_LOST)",
        "news ! alarm node: rack1 is lost (FAULTY)",
    ]
    assert impact(planned(DESIRED, seen), "news") == "starts at 13:00:27"


def test_lost_node_whose_lease_has_lapsed_starts_at_once() -> None:
    seen = cluster(
        *LOST, row(NEWS, lease_expires_at=after(-10)), alarm("news", "node", "rack1 is lost")
    )
    assert tell(DESIRED, seen) == ["news + spawn sidecar on rack2, epoch 2 (NODE_LOST)"]
    assert impact(planned(DESIRED, seen), "news") == "starts now"


def test_lost_node_and_nowhere_to_go() -> None:
    seen = cluster(node("rack1", silent_for=30), row(NEWS))
    assert tell(lineup(NEWS), seen) == [
        "news ! alarm node: rack1 is lost (FAULTY)",
        "news ! alarm placement: no eligible node (rack1: it is lost) (FAULTY)",
        "news · spawn: no eligible node (rack1: it is lost)",
    ]


def test_successor_waits_for_the_lease_and_its_margin() -> None:
    moved = row(NEWS, on="rack2", epoch=2, sending_epoch=1, lease_expires_at=after(-1))
    ready = sidecar(NEWS, on="rack2", epoch=2, sending=False)
    assert tell(DESIRED, cluster(*LOST, moved, ready)) == [
        "news · send until 12:00:01: the lease of epoch 1 on rack1 may still run"
    ]
    lapsed = row(NEWS, on="rack2", epoch=2, sending_epoch=1, lease_expires_at=after(-2))
    assert tell(DESIRED, cluster(*LOST, lapsed, ready)) == [
        "news ~ let epoch 2 on rack2 send (READY)"
    ]


def test_never_waits_for_a_person_to_fence_the_node() -> None:
    seen = cluster(*LOST, row(NEWS, lease_expires_at=None))
    why = "epoch 1 on rack1 may send without limit, and cannot be asked to stop"
    assert tell(DESIRED, seen) == [
        f"news ! alarm node: {why} (FAULTY)",
        f"news · fail over: {why} [reconcile fence rack1 --confirm rack1]",
    ]


def test_fenced_node_has_no_right_left_so_the_channel_moves() -> None:
    fenced = row(NEWS, sending_epoch=0, lease_expires_at=None)
    assert tell(DESIRED, cluster(*LOST, fenced))[0] == (
        "news + spawn sidecar on rack2, epoch 2 (NODE_LOST)"
    )


def test_successor_of_an_unlimited_right_is_not_let_send() -> None:
    moved = row(NEWS, on="rack2", epoch=2, sending_epoch=1, lease_expires_at=None)
    ready = sidecar(NEWS, on="rack2", epoch=2, sending=False)
    assert tell(DESIRED, cluster(*LOST, moved, ready)) == [
        (
            "news · send: epoch 1 on rack1 may send without limit, and cannot be asked to stop "
            "[reconcile fence rack1 --confirm rack1]"
        )
    ]


def test_policy_can_hold_a_channel_on_a_lost_node() -> None:
    still = channel("news", on_node_loss=OnNodeLoss.HOLD)
    desired = lineup(still, machine("rack1"), machine("rack2"))
    assert tell(desired, cluster(*LOST, row(still)))[-1] == (
        "news · fail over: rack1 is lost, and failover.on_node_loss is hold"
    )


def test_decklink_moves_only_to_a_declared_spare() -> None:
    tied = channel("news", decklink(1))
    free = channel("news", decklink(1, spare=("rack2", 2)))
    racks = machine("rack1", devices=[1]), machine("rack2", devices=[1, 2])
    seen = cluster(*LOST, row(tied), claim("news"))
    assert tell(lineup(tied, *racks), seen)[-1] == (
        "news · fail over: rack1 is lost, and its DeckLink cable has no spare on another node"
    )
    assert tell(lineup(free, *racks), cluster(*LOST, row(free), claim("news")))[0] == (
        "news + spawn sidecar on rack2, epoch 2 (sdi on device 2) (NODE_LOST)"
    )


def test_node_that_comes_back_keeps_its_channel() -> None:
    seen = cluster(
        node("rack1"),
        node("rack2"),
        row(NEWS, on="rack2", epoch=2, sending_epoch=1),
        sidecar(NEWS),
        sidecar(NEWS, on="rack2", epoch=2, sending=False),
        alarm("news", "node", "rack1 is lost"),
    )
    assert tell(DESIRED, seen) == [
        "news - retire sidecar on rack2, epoch 2 (DUPLICATE)",
        "news ~ clear alarm node (RECOVERED)",
    ]


def test_stray_on_an_unread_node_is_not_touched() -> None:
    """The last reading of a node that no longer answers is history."""
    seen = cluster(
        node("rack1"),
        node("rack2", silent_for=4),
        row(NEWS),
        sidecar(NEWS),
        sidecar(NEWS, on="rack2", epoch=0),
    )
    assert tell(DESIRED, seen) == []
