"""A channel on air whose sidecar must give way."""

from __future__ import annotations

import pytest

from reconciler.model.desired import Desired, EngineKind, Output
from reconciler.model.observed import Snapshot
from reconciler.plan.actions import Leave, SpawnSidecar
from tests.builders import (
    Found,
    after,
    alarm,
    channel,
    claim,
    cluster,
    dead,
    decklink,
    lineup,
    machine,
    node,
    override,
    row,
    sidecar,
    srt,
    stream,
    udp,
)
from tests.unit.plan.telling import impact, planned, tell

OLD, NEW = channel("news"), channel("news", fmt="720p2500")
LET = Leave(interrupt=frozenset({NEW.name}))
WHAT = "what it was started with has changed (format, engine, preview or bitrate)"


def two_racks(*parts: Found) -> Snapshot:
    return cluster(node("rack1"), node("rack2"), *parts)


def test_restart_is_held_until_someone_allows_it() -> None:
    assert tell(lineup(NEW), cluster(row(NEW), sidecar(OLD))) == [
        f"news · restart: {WHAT} [--allow-interrupt news]"
    ]


def test_leave_spawns_a_silent_successor_first() -> None:
    seen = cluster(row(NEW), sidecar(OLD))
    plan = planned(lineup(NEW), seen, leave=LET)
    assert tell(lineup(NEW), seen, leave=LET) == [
        "news + spawn sidecar on rack1, epoch 2 (LINEUP_CHANGED)"
    ]
    assert impact(plan, "news") == "interrupts now"
    assert plan.interrupted == ("news",)


def test_guard_allows_it_in_the_lineup() -> None:
    free = channel("news", fmt="720p2500", allow_interrupt=True)
    assert tell(lineup(free), cluster(row(free), sidecar(OLD))) == [
        "news + spawn sidecar on rack1, epoch 2 (LINEUP_CHANGED)"
    ]


def test_hand_over_needs_no_second_leave_and_counts_for_nothing() -> None:
    seen = cluster(
        row(NEW, epoch=2, sending_epoch=1), sidecar(OLD), sidecar(NEW, epoch=2, sending=False)
    )
    assert tell(lineup(NEW), seen) == [
        "news ~ hand over from epoch 1 on rack1 to epoch 2 on rack1 (SUCCESSOR_READY)",
        "news - retire sidecar on rack1, epoch 1 (SUCCESSOR_READY)",
    ]
    assert planned(lineup(NEW), seen).interrupted == ()


def handing_over(*outputs: Output, **old: object) -> tuple[Desired, Snapshot]:
    """Rack 1 is drained, and a successor on rack 2 is ready."""
    news = channel("news", *outputs)
    seen = two_racks(
        row(news, on="rack2", epoch=2, sending_epoch=1),
        sidecar(news, **old),  # type: ignore[arg-type]  # members of its answer
        sidecar(news, on="rack2", epoch=2, sending=False),
    )
    return lineup(news, machine("rack1", maintenance=True), machine("rack2")), seen


def test_two_that_agree_on_a_frame_cost_none() -> None:
    assert impact(planned(*handing_over(udp())), "news") == "changes sender, no frame missing"


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ((udp(), srt("far")), "output far misses seconds now"),
        ((srt("one"), stream("rtmp", "two")), "outputs one, two miss seconds now"),
        ((srt("far", mode="listener"),), "output far is called on rack2 now"),
        ((stream("hls", "web"), stream("file", "log")), "outputs web, log begin anew on rack2 now"),
        (
            (stream("rtmp", "live"), stream("hls", "web"), udp()),
            "output live misses seconds; output web begins anew on rack2 now",
        ),
    ],
)
def test_each_kind_of_output_is_told_of_for_itself(outputs: tuple[Output, ...], told: str) -> None:
    assert impact(planned(*handing_over(*outputs)), "news") == told


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ((udp(), stream("file", "log")), "changes sender, no frame missing"),
        ((stream("hls", "web"), udp()), "output web misses a segment now"),
        ((srt("far", mode="listener"),), "output far misses seconds now"),
    ],
)
def test_what_lies_on_the_nodes_disk_goes_on_there(outputs: tuple[Output, ...], told: str) -> None:
    old, new = channel("news", *outputs), channel("news", *outputs, preview_hls=True)
    seen = cluster(
        row(new, epoch=2, sending_epoch=1), sidecar(old), sidecar(new, epoch=2, sending=False)
    )
    assert impact(planned(lineup(new), seen), "news") == told


def test_a_drain_of_casparcg_is_told_as_an_interruption_from_its_beginning() -> None:
    news = channel("news", engine=EngineKind.CASPARCG)
    racks = (
        machine("rack1", maintenance=True),
        machine("rack2"),
    )
    seen = two_racks(row(news), sidecar(news, seams=False))
    plan = planned(lineup(news, *racks), seen)
    assert any(isinstance(action, SpawnSidecar) for action in plan.actions)
    assert impact(plan, "news") == "interrupts now, for about a second"


def test_a_new_format_interrupts() -> None:
    old = handing_over(udp(), format="720p2500")
    assert impact(planned(*old), "news") == "interrupts now"


def test_who_is_silent_already_costs_nothing_more() -> None:
    assert impact(planned(*handing_over(udp(), sending=False)), "news") == "starts now"


@pytest.mark.parametrize("old", [{"seams": False}, {"engine": "restarting"}])
def test_an_engine_that_cannot_agree_on_a_frame_goes_first(old: dict[str, object]) -> None:
    desired, seen = handing_over(udp(), **old)
    assert tell(desired, seen)[:2] == [
        "news - retire sidecar on rack1, epoch 1 (SUCCESSOR_READY)",
        "news ~ let epoch 2 on rack2 send (SUCCESSOR_READY)",
    ]
    told = impact(planned(desired, seen), "news")
    assert told == "interrupts now, for about a second", "its successor is ready"


def test_who_fell_silent_for_one_that_is_not_ready_sends_again() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1", maintenance=True), machine("rack2"))
    hushed = sidecar(news, sending=False, hush=7)
    broken = sidecar(news, on="rack2", epoch=2, sending=False, ready=False)
    seen = two_racks(row(news, on="rack2", epoch=2, sending_epoch=1), hushed, broken)
    assert tell(desired, seen) == [
        "news ~ let epoch 1 on rack1 send (READY)",
        "news · hand over: its successor on rack2 is not ready",
    ]


def test_who_fell_silent_for_one_that_died_sends_again() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1", maintenance=True), machine("rack2"))
    hushed = sidecar(news, sending=False, hush=7)
    seen = two_racks(
        row(news, on="rack2", epoch=2, sending_epoch=1), hushed, dead(news, on="rack2", epoch=2)
    )
    assert tell(desired, seen) == [
        "news - retire sidecar on rack2, epoch 2 (SIDECAR_DIED)",
        "news + spawn sidecar on rack2, epoch 3 (NODE_DRAINING)",
        "news ~ let epoch 1 on rack1 send (READY)",
    ]


def test_whose_right_has_moved_goes_after_the_one_that_has_it() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1", maintenance=True), machine("rack2"))
    hushed = sidecar(news, sending=False, hush=7)
    ready = sidecar(news, on="rack2", epoch=2, sending=False)
    seen = two_racks(row(news, on="rack2", epoch=2, sending_epoch=2), hushed, ready)
    assert tell(desired, seen) == [
        "news ~ let epoch 2 on rack2 send (READY)",
        "news - retire sidecar on rack1, epoch 1 (DUPLICATE)",
    ]


def test_successor_that_is_not_ready_is_waited_for() -> None:
    young = sidecar(NEW, epoch=2, sending=False, ready=False)
    seen = cluster(row(NEW, epoch=2, sending_epoch=1), sidecar(OLD), young)
    assert tell(lineup(NEW), seen) == ["news · hand over: its successor on rack1 is not ready"]


def test_successor_that_never_answered_is_retired() -> None:
    mute = sidecar(NEW, epoch=2, silent_for=70)
    seen = cluster(row(NEW, epoch=2, sending_epoch=1), sidecar(OLD), mute)
    assert tell(lineup(NEW), seen) == ["news - retire sidecar on rack1, epoch 2 (SIDECAR_SILENT)"]


def test_successor_that_nobody_wants_any_more_is_retired() -> None:
    seen = cluster(
        row(OLD, epoch=2, sending_epoch=1), sidecar(OLD), sidecar(OLD, epoch=2, sending=False)
    )
    assert tell(lineup(OLD), seen) == ["news - retire sidecar on rack1, epoch 2 (DUPLICATE)"]


def test_no_room_for_two_retires_first() -> None:
    desired = lineup(NEW, machine("rack1", max_channels=1))
    assert tell(desired, cluster(row(NEW), sidecar(OLD)), leave=LET) == [
        "news - retire sidecar on rack1, epoch 1 (LINEUP_CHANGED)",
        "news + spawn sidecar on rack1, epoch 2 (LINEUP_CHANGED)",
    ]


def test_no_room_even_alone_is_held() -> None:
    big = channel("news", fmt="2160p5000", allow_interrupt=True)
    told = tell(lineup(big, machine("rack1", cores=2)), cluster(row(big), sidecar(OLD)))
    assert told == [
        (
            "news · restart: no eligible node (rack1: 2160p5000 needs 3.09 cores, "
            "2.00 of 2.00 are left)"
        )
    ]


def test_decklink_cannot_double_so_it_is_retired_first() -> None:
    old, new = channel("news", decklink()), channel("news", decklink(), fmt="720p2500")
    desired = lineup(new, machine("rack1", devices=[1]))
    seen = cluster(row(new), sidecar(old), claim("news"))
    assert tell(desired, seen, leave=LET) == [
        "news - retire sidecar on rack1, epoch 1 (LINEUP_CHANGED)",
        "news + spawn sidecar on rack1, epoch 2 (sdi on device 1) (LINEUP_CHANGED)",
    ]


def test_decklink_channel_with_a_spare_drains_to_it() -> None:
    news = channel("news", decklink(1, spare=("rack2", 2)))
    desired = lineup(
        news, machine("rack1", devices=[1], maintenance=True), machine("rack2", devices=[1, 2])
    )
    assert tell(desired, two_racks(row(news), sidecar(news), claim("news"))) == [
        "news + spawn sidecar on rack2, epoch 2 (sdi on device 2) (NODE_DRAINING)"
    ]


def test_decklink_channel_without_a_spare_does_not_drain() -> None:
    news = channel("news", decklink())
    desired = lineup(
        news, machine("rack1", devices=[1], maintenance=True), machine("rack2", devices=[1])
    )
    assert tell(desired, two_racks(row(news), sidecar(news), claim("news"))) == [
        (
            "news · drain: no eligible node (rack1: it is in maintenance; "
            "rack2: a cable ties the channel to rack1)"
        )
    ]


def test_drain_takes_one_channel_at_a_time() -> None:
    arts, kids = channel("arts"), channel("kids")
    desired = lineup(arts, kids, machine("rack1", maintenance=True), machine("rack2"))
    here = two_racks(row(arts), sidecar(arts), row(kids), sidecar(kids))
    assert tell(desired, here) == [
        "arts + spawn sidecar on rack2, epoch 2 (NODE_DRAINING)",
        "kids · drain: arts leaves rack1 first",
    ]


def test_drain_under_way_keeps_its_turn() -> None:
    arts, kids = channel("arts"), channel("kids")
    desired = lineup(arts, kids, machine("rack1", maintenance=True), machine("rack2"))
    young = sidecar(kids, on="rack2", epoch=2, sending=False, ready=False)
    seen = two_racks(
        row(arts),
        sidecar(arts),
        row(kids, on="rack2", epoch=2, sending_epoch=1),
        sidecar(kids),
        young,
    )
    assert tell(desired, seen) == [
        "arts · drain: kids leaves rack1 first",
        "kids · hand over: its successor on rack2 is not ready",
    ]


def test_labels_that_no_longer_match_ask_for_leave_to_move() -> None:
    news = channel("news", labels={"site": "oslo"})
    desired = lineup(news, machine("rack1"), machine("rack2", labels={"site": "oslo"}))
    seen = two_racks(row(news), sidecar(news))
    assert tell(desired, seen) == [
        (
            "news · move: it may not be on rack1 any more: its label site is not set, not oslo "
            "[--allow-interrupt news]"
        )
    ]
    assert tell(desired, seen, leave=LET) == [
        "news + spawn sidecar on rack2, epoch 2 (LINEUP_CHANGED)"
    ]


def test_node_that_left_the_inventory_is_no_place_to_stay() -> None:
    news = channel("news")
    seen = two_racks(row(news), sidecar(news))
    assert tell(lineup(news, machine("rack2")), seen)[0] == (
        "news · move: it may not be on rack1 any more: it is not in the inventory "
        "[--allow-interrupt news]"
    )


def test_engine_that_a_node_does_not_have() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1", engines=[]))
    assert tell(desired, cluster(row(news), sidecar(news))) == [
        (
            "news · move: it may not be on rack1 any more: it has no embedded engine "
            "[--allow-interrupt news]"
        )
    ]


def test_override_moves_without_asking() -> None:
    news = channel("news")
    desired = lineup(news, machine("rack1"), machine("rack2"))
    pin = override("news", kind="node", value="rack2")
    assert tell(desired, two_racks(row(news), sidecar(news), pin)) == [
        "news + spawn sidecar on rack2, epoch 2 (OVERRIDDEN)",
        "news · move: override 7: kept on rack2 by anna: tower works",
    ]


def test_pinned_elsewhere_is_no_place() -> None:
    news, kids = channel("news"), channel("kids")
    desired = lineup(news, kids, machine("rack1"), machine("rack2"))
    pin = override("kids", kind="node", value="rack2")
    plan = planned(desired, cluster(node("rack1"), node("rack2"), row(news), sidecar(news), pin))
    assert [(v.node, v.because) for v in plan.notes[kids.name].placement] == [
        ("rack1", "an override keeps the channel on rack2"),
        ("rack2", "the only one eligible"),
    ]


def test_mute_sender_is_not_restarted_unasked() -> None:
    seen = cluster(row(OLD), sidecar(OLD, silent_for=70), alarm("news", "sidecar", MUTE))
    assert tell(lineup(OLD), seen) == [
        (
            "news · restart: it has not answered for a minute, and may still be sending "
            "[--allow-interrupt news]"
        )
    ]
    assert tell(lineup(OLD), seen, leave=LET) == [
        "news + spawn sidecar on rack1, epoch 2 (SIDECAR_SILENT)"
    ]


MUTE = "the sidecar on rack1 does not answer"


def test_sender_that_missed_a_call_is_left_alone() -> None:
    assert tell(lineup(OLD), cluster(row(OLD), sidecar(OLD, silent_for=4))) == []


def test_engine_that_does_not_come_back_is_respawned_after_a_minute() -> None:
    stuck = sidecar(OLD, engine="restarting")
    young = cluster(row(OLD), stuck, alarm("news", "engine", "the engine is restarting", -30))
    assert tell(lineup(OLD), young) == []
    old = cluster(row(OLD), stuck, alarm("news", "engine", "the engine is restarting", -90))
    assert tell(lineup(OLD), old) == ["news + spawn sidecar on rack1, epoch 2 (FAULTY)"]


def test_engine_that_keeps_failing_waits_for_its_back_off() -> None:
    stuck = sidecar(OLD, engine="restarting")
    tried = row(OLD, recent_restarts=5, last_restart_at=after(-10))
    told = alarm("news", "engine", "the engine is restarting", -90)
    worn = alarm("news", "restarts", "it keeps dying: its restarts within the hour are used up")
    assert tell(lineup(OLD), cluster(tried, stuck, told, worn)) == [
        "news · restart until 12:00:58: its engine is restarting for more than a minute"
    ]


def test_sender_without_a_right_yields_to_a_new_epoch() -> None:
    seen = cluster(row(OLD, epoch=2, sending_epoch=0), sidecar(OLD))
    assert tell(lineup(OLD), seen) == ["news + spawn sidecar on rack1, epoch 3 (ORPHAN)"]


def test_sender_whose_lease_lapsed_yields_to_the_one_that_is_ready() -> None:
    lapsed = row(OLD, on="rack2", epoch=2, sending_epoch=1, lease_expires_at=after(-30))
    ready = sidecar(OLD, on="rack2", epoch=2, sending=False)
    desired = lineup(OLD, machine("rack1"), machine("rack2"))
    assert tell(desired, two_racks(lapsed, sidecar(OLD, sending=False), ready)) == [
        "news ~ hand over from epoch 1 on rack1 to epoch 2 on rack2 (SUCCESSOR_READY)",
        "news - retire sidecar on rack1, epoch 1 (SUCCESSOR_READY)",
    ]


def test_hand_over_waits_while_the_right_is_somewhere_unread() -> None:
    """The one that sends has no right; who has it cannot be asked."""
    row_ = row(OLD, on="rack1", epoch=3, sending_epoch=2)
    seen = cluster(
        node("rack1"),
        node("rack2", silent_for=4),
        row_,
        sidecar(OLD),
        sidecar(OLD, epoch=3, sending=False),
    )
    desired = lineup(OLD, machine("rack1"), machine("rack2"))
    assert tell(desired, seen) == [
        "news · hand over until 12:00:27: the lease of epoch 2 on rack2 may still run"
    ]


def test_nothing_is_begun_while_another_may_be_on_an_unread_node() -> None:
    seen = cluster(
        node("rack1"),
        node("rack2", silent_for=4),
        row(NEW, on="rack2", epoch=2, sending_epoch=1),
        sidecar(OLD),
    )
    desired = lineup(NEW, machine("rack1"), machine("rack2"))
    assert tell(desired, seen, leave=LET) == [
        "news · restart: rack2: no answer; another one may be there"
    ]
