"""Off air, out of the lineup, or never known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.plan.actions import Leave
from reconciler.plan.case import gather
from reconciler.plan.draft import Draft
from reconciler.plan.scene import set_scene
from tests.builders import (
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
)
from tests.unit.plan.telling import impact, planned, tell

NEWS, OFF = channel("news"), channel("news", on_air=False)
STOPPED: dict[str, Any] = {"status": "stopped", "sending_epoch": 0, "lease_expires_at": None}


def test_taken_off_air_everything_of_it_goes() -> None:
    on, off = channel("news", decklink()), channel("news", decklink(), on_air=False)
    seen = cluster(
        row(on, epoch=2, sending_epoch=1),
        sidecar(on),
        sidecar(on, epoch=2, sending=False),
        dead(on, epoch=0),
        claim("news"),
        alarm("news", "node"),
    )
    plan = planned(lineup(off, machine("rack1", devices=[1])), seen)
    assert tell(lineup(off, machine("rack1", devices=[1])), seen) == [
        "news - retire sidecar on rack1, epoch 0 (TAKEN_OFF_AIR)",
        "news - retire sidecar on rack1, epoch 2 (TAKEN_OFF_AIR)",
        "news - retire sidecar on rack1, epoch 1 (TAKEN_OFF_AIR)",
        "news - release device 1 of rack1 (TAKEN_OFF_AIR)",
        "news ~ write rows (LINEUP_CHANGED)",
        "news ~ clear alarm node (RECOVERED)",
    ]
    assert (impact(plan, "news"), plan.interrupted) == ("goes off air", ("news",))


def test_off_air_and_gone_is_nothing_to_do() -> None:
    assert tell(lineup(OFF), cluster(row(OFF, **STOPPED))) == []


def test_new_channel_that_is_off_air_is_only_written() -> None:
    assert tell(lineup(OFF), cluster()) == ["news + write rows (NEW_CHANNEL)"]


def test_vanished_sidecar_of_an_off_air_channel_gives_its_right_back() -> None:
    assert tell(lineup(OFF), cluster(row(OFF))) == [
        "news - retire sidecar on rack1, epoch 1 (TAKEN_OFF_AIR)"
    ]
    elsewhere = cluster(node("rack2"), row(OFF, on=None))
    assert tell(lineup(OFF), elsewhere)[0] == (
        "news - retire sidecar on rack2, epoch 1 (TAKEN_OFF_AIR)"
    )


def test_unread_node_keeps_an_off_air_channel_from_being_stopped() -> None:
    seen = cluster(node("rack1", silent_for=4), row(OFF), alarm("news", "node"))
    assert tell(lineup(OFF), seen) == [
        "news · retire: rack1: no answer, so what runs there cannot be stopped"
    ]


def test_override_takes_off_air_and_says_whose_it_is() -> None:
    seen = cluster(row(NEWS), sidecar(NEWS), override("news", until=60))
    assert tell(lineup(NEWS), seen) == [
        "news - retire sidecar on rack1, epoch 1 (OVERRIDDEN)",
        "news · start until 12:01:00: override 7: kept off air by anna: tower works",
    ]


def test_deleted_file_does_not_take_a_channel_off_air() -> None:
    assert tell(lineup(), cluster(row(NEWS), sidecar(NEWS))) == [
        (
            "news · remove: it is on air, and its file is gone from the lineup "
            "[put channels/news.yaml back with on_air: false first]"
        )
    ]


def test_deleted_file_of_a_mute_channel_with_the_right_is_held_too() -> None:
    assert tell(lineup(), cluster(row(NEWS), sidecar(NEWS, silent_for=90)))[0].startswith(
        "news · remove: it is on air"
    )


def test_deleted_file_of_a_channel_on_an_unread_node_removes_nothing() -> None:
    assert tell(lineup(), cluster(node("rack1", silent_for=3), row(NEWS))) == [
        "news · retire: rack1: no answer, so what runs there cannot be stopped"
    ]


def test_deleted_file_of_a_channel_that_is_off_removes_its_rows() -> None:
    seen = cluster(row(NEWS, **STOPPED), dead(NEWS))
    assert tell(lineup(), seen) == [
        "news - retire sidecar on rack1, epoch 1 (LEFT_LINEUP)",
        "news - remove rows; the as-run stays (LEFT_LINEUP)",
    ]


def test_orphan_is_met_twice_before_it_is_retired() -> None:
    stray = sidecar(NEWS, sending=False)
    text = "a sidecar of an unknown channel runs on rack1"
    assert tell(lineup(), cluster(stray, dead(NEWS, epoch=0))) == [
        "news - retire sidecar on rack1, epoch 0 (ORPHAN)",
        f"news ! alarm orphan: {text} (FAULTY)",
        "news · retire: no lineup knows it; two passes that see every node must agree",
    ]
    told = alarm("news", "orphan", text)
    assert tell(lineup(), cluster(stray, told)) == [
        "news - retire sidecar on rack1, epoch 1 (ORPHAN)",
        "news ~ clear alarm orphan (RECOVERED)",
    ]
    blind = cluster(node("rack1"), node("rack2", silent_for=3), stray, told)
    assert tell(lineup(), blind)[-1].startswith("news · retire: no lineup knows it")


def test_orphan_that_sends_is_left_to_people() -> None:
    assert tell(lineup(), cluster(sidecar(NEWS))) == [
        "news · retire: it is sending, though no lineup and no database row knows it"
    ]


def test_orphan_out_of_sight_keeps_its_claims() -> None:
    hidden = cluster(node("rack1", silent_for=3), sidecar(NEWS), claim("news"))
    assert tell(lineup(), hidden) == []
    assert tell(lineup(), cluster(claim("news"))) == ["news - release device 1 of rack1 (ORPHAN)"]


def test_device_released_once_its_channel_is_nowhere() -> None:
    seen = cluster(row(OFF, **STOPPED), claim("news"))
    assert tell(lineup(OFF), seen) == ["news - release device 1 of rack1 (TAKEN_OFF_AIR)"]


def test_claim_without_an_output_is_not_ours_to_release() -> None:
    odd = cluster(row(OFF, **STOPPED), replace(claim("news"), output=None))
    assert tell(lineup(OFF), odd) == []


def test_a_draft_of_a_channel_outside_the_lineup_knows_no_wish() -> None:
    desired, seen = lineup(), cluster(row(NEWS))
    (case,) = gather(desired, seen, {})
    draft = Draft(case, set_scene(desired, seen, Leave(), (case,)))
    with pytest.raises(LookupError, match="news is not in the lineup"):
        _ = draft.wanted
