"""What is changed live, and what is told of a channel that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.desired import EngineKind
from reconciler.model.ids import ChannelName
from reconciler.model.rundown import Remark
from reconciler.rundown import Compiled, digest
from tests.builders import (
    alarm,
    channel,
    claim,
    cluster,
    compiled,
    decklink,
    event,
    lineup,
    machine,
    ndi,
    node,
    recording,
    row,
    rundown,
    sending,
    sidecar,
    srt,
    udp,
)
from tests.unit.plan.telling import impact, planned, tell

NEWS = channel("news")


def test_new_output_is_added_live() -> None:
    new = channel("news", udp(), srt("second"))
    seen = cluster(row(new), sidecar(NEWS, fingerprint=new.fingerprint))
    assert tell(lineup(new), seen) == [
        "news + set output second: srt srt://mux.example:9001 (DRIFTED)"
    ]
    assert impact(planned(lineup(new), seen), "news") == "none"


def test_a_lease_that_nobody_prolongs_any_more_is_made_one_without_limit() -> None:
    never = channel("news", fence=None)
    leased = sidecar(NEWS, fingerprint=never.fingerprint)
    assert tell(lineup(never), cluster(row(never), leased)) == [
        "news ~ let epoch 1 on rack1 send (LINEUP_CHANGED)"
    ]
    assert impact(planned(lineup(never), cluster(row(never), leased)), "news") == "none"
    endless = sidecar(NEWS, fingerprint=never.fingerprint, lease_left=None)
    assert tell(lineup(never), cluster(row(never), endless)) == []
    others = row(never, epoch=2, sending_epoch=2)
    assert "let epoch 1" not in "".join(tell(lineup(never), cluster(others, leased)))


def test_changed_and_ended_outputs_are_noticed_where_they_are_watched() -> None:
    new = channel("news", udp(url="udp://127.0.0.1:6000"))
    old = channel("news", udp(), srt("second"))
    seen = cluster(row(new), sidecar(old))
    assert tell(lineup(new), seen) == [
        "news - end output second (LINEUP_CHANGED)",
        "news ~ set output main: udp udp://127.0.0.1:6000 (LINEUP_CHANGED)",
    ]
    assert impact(planned(lineup(new), seen), "news") == "output second changes now"
    young = cluster(row(new, sending_epoch=0), sidecar(old, sending=False, ready=False))
    assert impact(planned(lineup(new), young), "news") == "none"


def test_a_changed_secret_is_a_changed_output() -> None:
    old, new = channel("news", srt(passphrase="one")), channel("news", srt(passphrase="two"))
    assert tell(lineup(new), cluster(row(new), sidecar(old))) == [
        "news ~ set output main: srt srt://mux.example:9001 (LINEUP_CHANGED)"
    ]


def test_embedded_engine_refuses_sdi_live_too() -> None:
    new = channel("news", udp(), ndi(), engine=EngineKind.EMBEDDED)
    seen = cluster(row(new), sidecar(NEWS, fingerprint=new.fingerprint))
    assert tell(lineup(new), seen) == [
        "news · add output: output ndi: it needs CasparCG [engine: casparcg]"
    ]


def test_waiting_rows_are_collected_and_nothing_else() -> None:
    seen = cluster(row(NEWS), sidecar(NEWS, asrun_waiting=3))
    plan = planned(lineup(NEWS), seen)
    assert tell(lineup(NEWS), seen) == ["news ~ collect as-run from rack1 (SPOOLED)"]
    assert (plan.is_empty, plan.digest) == (
        False,
        planned(lineup(NEWS), cluster(row(NEWS), sidecar(NEWS))).digest,
    )


def test_device_claims_are_healed() -> None:
    news = channel("news", decklink(1))
    desired = lineup(news, machine("rack1", devices=[1, 2]))
    assert tell(desired, cluster(row(news), sidecar(news), claim("news", device=2))) == [
        "news + claim device 1 of rack1 for sdi (DRIFTED)",
        "news - release device 2 of rack1 (LINEUP_CHANGED)",
    ]
    assert tell(desired, cluster(row(news), sidecar(news), claim("news"))) == []


def test_device_named_by_its_persistent_id() -> None:
    news = channel("news", decklink("5f3a"))
    desired = lineup(news, machine("rack1", devices=[(2, "5f3a")]))
    assert tell(desired, cluster(row(news), sidecar(news))) == [
        "news + claim device 2 of rack1 for sdi (DRIFTED)"
    ]


def test_device_trouble_of_a_running_channel_is_an_alarm() -> None:
    news = channel("news", decklink(1))
    desired = lineup(news, machine("rack1", devices=[1]))
    here = (row(news), sidecar(news), claim("news"))
    for stolen in (cluster(*here, recording("rec-1")), cluster(*here[:2], recording("rec-1"))):
        assert tell(desired, stolen) == [
            "news ! alarm device: rack1: device 1 is held by recorder rec-1 (FAULTY)"
        ]
    assert tell(desired, cluster(*here, node("rack1", devices=[2]))) == [
        "news ! alarm device: rack1: device 1 is missing (FAULTY)"
    ]
    assert tell(lineup(news, machine("rack1")), cluster(*here)) == [
        "news ! alarm device: rack1: output sdi: it has no device 1 (FAULTY)"
    ]
    elsewhere = lineup(news, machine("rack2", devices=[1]))
    assert "news - release device 1 of rack1 (LINEUP_CHANGED)" in tell(elsewhere, cluster(*here))


def test_odd_claims_are_left_alone() -> None:
    odd = cluster(row(NEWS), sidecar(NEWS), claim("news", output=None), claim("news", on="rack2"))
    assert tell(lineup(NEWS), odd) == []


def test_claim_without_an_output_is_a_recorders() -> None:
    odd = replace(claim("news"), output=None)
    assert tell(lineup(NEWS), cluster(row(NEWS), sidecar(NEWS), odd)) == []


def test_node_outside_the_inventory_gives_every_device_back() -> None:
    seen = cluster(
        node("rack9"), row(NEWS, on="rack9"), sidecar(NEWS, on="rack9"), claim("news", on="rack9")
    )
    told = tell(lineup(NEWS, machine("rack1")), seen)
    assert told[0] == "news - release device 1 of rack9 (LINEUP_CHANGED)"


def test_two_sdi_outputs_are_refused_together() -> None:
    both = channel("news", decklink(), ndi(), engine=EngineKind.EMBEDDED)
    seen = cluster(row(both), sidecar(both))
    assert tell(lineup(both, machine("rack1", devices=[1])), seen)[-1] == (
        "news · add output: outputs sdi, ndi: they need CasparCG [engine: casparcg]"
    )


def test_devices_are_looked_for_only_where_the_inventory_knows_the_node() -> None:
    news = channel("news", decklink())
    seen = cluster(node("rack9"), row(news, on="rack9"), sidecar(news, on="rack9"))
    told = tell(lineup(news, machine("rack1", devices=[1])), seen)
    assert [line for line in told if "claim" in line] == []


def test_device_missing_keeps_a_channel_from_starting() -> None:
    news = channel("news", decklink(1))
    desired = lineup(news, machine("rack1", devices=[1]))
    seen = cluster(node("rack1", devices=[]), row(news, sending_epoch=0, status="stopped"))
    assert tell(desired, seen)[-1] == (
        "news · spawn: no eligible node (rack1: output sdi: device 1 is missing)"
    )


# ── alarms ───────────────────────────────────────────────────────────────────────────────────────


def test_what_is_wrong_is_raised_once() -> None:
    ill = sidecar(
        NEWS,
        engine="restarting",
        outputs=(sending(udp(), "down", "connection refused"),),
        faults=("no sound for 20 s", "late"),
    )
    told = [
        "news ! alarm engine: the engine is restarting (FAULTY)",
        "news ! alarm faults: no sound for 20 s; late (FAULTY)",
        "news ! alarm output:main: output main is down: connection refused (FAULTY)",
    ]
    assert tell(lineup(NEWS), cluster(row(NEWS), ill)) == told
    raised = (
        alarm("news", "engine", "the engine is restarting", -5),
        alarm("news", "faults", "no sound for 3 s"),
        alarm("news", "output:main", "output main is down"),
    )
    assert tell(lineup(NEWS), cluster(row(NEWS), ill, *raised)) == told[2:]


def test_what_is_over_is_cleared_and_what_is_not_ours_stays() -> None:
    down = replace(sending(udp()), state="down")
    assert tell(lineup(NEWS), cluster(row(NEWS), sidecar(NEWS, outputs=(down,)))) == [
        "news ! alarm output:main: output main is down (FAULTY)"
    ]
    well = cluster(row(NEWS), sidecar(NEWS), alarm("news", "output:main"), alarm("news", "disk"))
    assert tell(lineup(NEWS), well) == ["news ~ clear alarm output:main (RECOVERED)"]


def test_unplayable_media_is_an_alarm_while_the_rundown_has_it() -> None:
    remarks = tuple(
        Remark(frame=n, kind_name="unknown asset", text=f"asset A{n} is unknown") for n in range(7)
    )
    gap = Remark(frame=9, kind_name="gap", text="a gap of 3 s")
    plan = compiled(rundown("news", event("BARS")), remarks=(*remarks, gap))
    known = row(NEWS, rundown_digest=plan_digest(plan))
    seen = cluster(known, sidecar(NEWS, rundown_digest=plan_digest(plan)))
    assert tell(lineup(NEWS), seen, plan) == [
        (
            "news ! alarm assets: asset A0 is unknown; asset A1 is unknown; asset A2 is unknown; "
            "asset A3 is unknown; asset A4 is unknown; and 2 more (FAULTY)"
        )
    ]
    few = compiled(rundown("news", event("BARS")), remarks=remarks[:1])
    assert tell(lineup(NEWS), seen, few)[-1].endswith("alarm assets: asset A0 is unknown (FAULTY)")
    raised = cluster(
        known, sidecar(NEWS, rundown_digest=plan_digest(plan)), alarm("news", "assets")
    )
    assert tell(lineup(NEWS), raised) == []
    well = compiled(rundown("news", event("BARS")))
    assert tell(lineup(NEWS), raised, well) == ["news ~ clear alarm assets (RECOVERED)"]


def plan_digest(found: Mapping[ChannelName, Compiled]) -> str:
    (one,) = found.values()
    return digest(one.rundown)
