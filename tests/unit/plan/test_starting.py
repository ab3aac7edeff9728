"""A channel of which nothing runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.model.desired import Policy
from tests.builders import (
    after,
    alarm,
    channel,
    cluster,
    dead,
    lineup,
    machine,
    node,
    override,
    row,
    sidecar,
)
from tests.unit.plan.telling import impact, planned, tell

OFF: dict[str, Any] = {"status": "stopped", "sending_epoch": 0, "lease_expires_at": None}


def test_new_channel_is_written_then_spawned() -> None:
    assert tell(lineup(channel("news")), cluster()) == [
        "news + write rows (NEW_CHANNEL)",
        "news + spawn sidecar on rack1, epoch 1 (NEW_CHANNEL)",
    ]


def test_channel_that_is_turned_on_again_gets_the_next_epoch() -> None:
    news = channel("news")
    assert tell(lineup(news), cluster(row(news, epoch=4, **OFF))) == [
        "news + spawn sidecar on rack1, epoch 5 (LINEUP_CHANGED)"
    ]


def test_no_node_at_all_is_held_and_raises_an_alarm() -> None:
    news = channel("news", labels={"site": "oslo"})
    why = "no eligible node (rack1: its label site is not set, not oslo)"
    assert tell(lineup(news), cluster(row(news, epoch=0, **OFF))) == [
        f"news ! alarm placement: {why} (FAULTY)",
        f"news · spawn: {why}",
    ]


def test_empty_inventory_says_so() -> None:
    news = channel("news")
    desired = replace(lineup(news), nodes={})
    seen = cluster(row(news, epoch=0, on=None, **OFF), alarm("news", "placement"))
    assert tell(desired, seen)[-1] == ("news · spawn: no eligible node: the inventory is empty")


def test_dead_sidecar_is_collected_and_comes_back_where_it_was() -> None:
    news = channel("news", prefer=["rack2"])
    seen = cluster(node("rack1"), node("rack2"), row(news), dead(news))
    assert tell(lineup(news, machine("rack1"), machine("rack2")), seen) == [
        "news - retire sidecar on rack1, epoch 1 (SIDECAR_DIED)",
        "news + spawn sidecar on rack1, epoch 2 (SIDECAR_DIED)",
    ]


def test_vanished_sidecar_gives_its_right_back_before_the_next_is_spawned() -> None:
    news = channel("news")
    assert tell(lineup(news), cluster(row(news))) == [
        "news - retire sidecar on rack1, epoch 1 (SIDECAR_DIED)",
        "news + spawn sidecar on rack1, epoch 2 (SIDECAR_DIED)",
    ]


def test_vanished_sidecar_on_an_unnamed_node_needs_every_node_to_answer() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1"), machine("rack2"))
    seen = cluster(node("rack1"), node("rack2", silent_for=3), row(news, on=None))
    assert tell(desired, seen) == [
        "news · any act: rack2 does not answer: what runs there is unknown"
    ]
    both = cluster(node("rack1"), node("rack2"), row(news, on=None))
    assert tell(desired, both)[0] == "news - retire sidecar on rack1, epoch 1 (SIDECAR_DIED)"


def test_back_off_grows_with_the_restarts_of_the_hour() -> None:
    news = channel("news")
    died = row(news, sending_epoch=0, recent_restarts=3, last_restart_at=after(-2))
    assert tell(lineup(news), cluster(died)) == [
        "news · respawn until 12:00:15: it was restarted 3 times within the hour"
    ]


def test_budget_spent_goes_to_another_node() -> None:
    news = channel("news")
    spent = row(news, sending_epoch=0, recent_restarts=5, last_restart_at=after(-600))
    seen = cluster(node("rack1"), node("rack2"), spent)
    assert tell(lineup(news, machine("rack1"), machine("rack2")), seen) == [
        "news + spawn sidecar on rack2, epoch 2 (SIDECAR_DIED)",
        "news ! alarm restarts: it keeps dying: its restarts within the hour are used up (FAULTY)",
    ]


def test_budget_spent_and_nowhere_to_go_is_tried_on_at_the_longest_back_off() -> None:
    news = channel("news")
    spent = row(news, sending_epoch=0, recent_restarts=9, last_restart_at=after(-100))
    seen = cluster(spent, alarm("news", "restarts"))
    assert tell(lineup(news), seen)[0] == "news + spawn sidecar on rack1, epoch 2 (SIDECAR_DIED)"


def test_a_healthy_channel_with_its_budget_spent_only_raises_the_alarm() -> None:
    news = channel("news")
    seen = cluster(row(news, recent_restarts=5), sidecar(news))
    assert tell(lineup(news), seen) == [
        "news ! alarm restarts: it keeps dying: its restarts within the hour are used up (FAULTY)"
    ]


def test_fresh_sidecar_is_waited_for() -> None:
    news = channel("news")
    young = sidecar(news, sending=False, ready=False, engine="running")
    assert tell(lineup(news), cluster(row(news, sending_epoch=0), young)) == []


def test_ready_sidecar_is_let_send() -> None:
    news = channel("news")
    seen = cluster(row(news, sending_epoch=0), sidecar(news, sending=False))
    plan = planned(lineup(news), seen)
    assert tell(lineup(news), seen) == ["news ~ let epoch 1 on rack1 send (READY)"]
    assert impact(plan, "news") == "starts now"


def test_sender_whose_right_was_lost_with_the_database_is_adopted() -> None:
    news = channel("news")
    seen = cluster(
        row(news, on=None, epoch=0, sending_epoch=0, status="stopped"), sidecar(news, epoch=7)
    )
    assert tell(lineup(news), seen) == [
        "news ~ adopt sidecar on rack1, epoch 7 (DRIFTED)",
        "news ~ let epoch 7 on rack1 send (DRIFTED)",
    ]
    assert impact(planned(lineup(news), seen), "news") == "none"


def test_mute_sidecar_without_a_right_is_adopted_and_waited_for() -> None:
    news = channel("news")
    seen = cluster(
        row(news, on=None, epoch=0, sending_epoch=0), sidecar(news, epoch=3, silent_for=5)
    )
    assert tell(lineup(news), seen) == ["news ~ adopt sidecar on rack1, epoch 3 (DRIFTED)"]


def test_start_that_never_answers_is_tried_again() -> None:
    news = channel("news")
    seen = cluster(row(news, sending_epoch=0, status="starting"), sidecar(news, silent_for=61))
    assert tell(lineup(news), seen) == [
        "news - retire sidecar on rack1, epoch 1 (SIDECAR_SILENT)",
        "news + spawn sidecar on rack1, epoch 2 (SIDECAR_SILENT)",
    ]


def test_start_that_never_answers_waits_for_its_back_off() -> None:
    news = channel("news")
    tried = row(news, sending_epoch=0, recent_restarts=4, last_restart_at=after(-5))
    assert tell(lineup(news), cluster(tried, sidecar(news, silent_for=61))) == [
        "news ! alarm sidecar: the sidecar on rack1 does not answer (FAULTY)"
    ]


def test_start_with_an_outdated_format_is_begun_anew() -> None:
    news = channel("news")
    young = sidecar(news, fingerprint="old", sending=False)
    assert tell(lineup(news), cluster(row(news, sending_epoch=0), young)) == [
        "news - retire sidecar on rack1, epoch 1 (LINEUP_CHANGED)",
        "news + spawn sidecar on rack1, epoch 2 (LINEUP_CHANGED)",
    ]


def test_start_on_a_node_in_maintenance_goes_elsewhere_unless_it_is_ready() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1", maintenance=True), machine("rack2"))
    nodes = (node("rack1"), node("rack2"), row(news, sending_epoch=0))
    assert tell(desired, cluster(*nodes, sidecar(news, sending=False, ready=False))) == [
        "news - retire sidecar on rack1, epoch 1 (NODE_DRAINING)",
        "news + spawn sidecar on rack2, epoch 2 (NODE_DRAINING)",
    ]
    assert tell(desired, cluster(*nodes, sidecar(news, sending=False))) == [
        "news ~ let epoch 1 on rack1 send (READY)"
    ]


def test_start_that_can_go_nowhere_else_goes_on_where_it_is() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1", maintenance=True))
    young = sidecar(news, sending=False, ready=False)
    assert tell(desired, cluster(row(news, sending_epoch=0), young)) == [
        "news · drain: no eligible node (rack1: it is in maintenance)"
    ]


def test_useless_old_sidecar_is_retired_beside_the_new_start() -> None:
    news = channel("news")
    old = sidecar(news, epoch=1, sending=False)
    seen = cluster(row(news, epoch=3, sending_epoch=0, status="stopped"), old)
    assert tell(lineup(news), seen) == [
        "news - retire sidecar on rack1, epoch 1 (ORPHAN)",
        "news + spawn sidecar on rack1, epoch 4 (LINEUP_CHANGED)",
    ]


def test_superseded_sidecar_is_replaced() -> None:
    news = channel("news")
    seen = cluster(row(news), sidecar(news, sending=False, lease_epoch=2))
    assert tell(lineup(news), seen)[0] == "news - retire sidecar on rack1, epoch 1 (ORPHAN)"


def test_embedded_engine_refuses_sdi() -> None:
    from reconciler.model.desired import EngineKind
    from tests.builders import decklink

    news = channel("news", decklink(), engine=EngineKind.EMBEDDED)
    desired = lineup(news, machine("rack1", devices=[1]))
    assert tell(desired, cluster(row(news, epoch=0, **OFF))) == [
        "news ! alarm placement: output sdi: it needs CasparCG (FAULTY)",
        "news · spawn: output sdi: it needs CasparCG [engine: casparcg]",
    ]


def test_override_pins_a_channel_against_its_labels() -> None:
    news = channel("news", labels={"site": "oslo"})
    desired = lineup(news, machine("rack1", labels={"site": "oslo"}), machine("rack2"))
    pinned = override("news", kind="node", value="rack2")
    seen = cluster(node("rack1"), node("rack2"), row(news, epoch=0, on=None, **OFF), pinned)
    assert tell(desired, seen) == [
        "news + spawn sidecar on rack2, epoch 1 (NEW_CHANNEL)",
        "news · move: override 7: kept on rack2 by anna: tower works",
    ]


def test_override_that_expired_is_no_override() -> None:
    news = channel("news")
    seen = cluster(row(news), sidecar(news), override("news", until=-1))
    assert tell(lineup(news), seen) == []


def test_a_channel_at_a_time() -> None:
    from reconciler.plan.actions import Leave

    desired = lineup(channel("news"), channel("sport"), policy=Policy())
    leave = Leave(only_channels=frozenset({channel("sport").name}))
    assert tell(desired, cluster(), leave=leave) == [
        "sport + write rows (NEW_CHANNEL)",
        "sport + spawn sidecar on rack1, epoch 1 (NEW_CHANNEL)",
    ]
    assert not planned(desired, cluster(), leave=leave).notes.keys() - {"sport"}
