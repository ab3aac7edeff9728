"""Contradictions that no plan may hold; the plans here are made by hand, to be wrong."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.ids import AssetId, ChannelName, NodeName, OutputName
from reconciler.plan.actions import (
    Action,
    Cause,
    ClaimDevice,
    CollectAsRun,
    EvictMedia,
    GrantLease,
    RetireSidecar,
    SpawnSidecar,
    StageMedia,
)
from reconciler.plan.check import check
from tests.builders import (
    after,
    channel,
    claim,
    cluster,
    dead,
    lineup,
    node,
    recording,
    row,
    sidecar,
)
from tests.unit.plan.telling import planned

NEWS = channel("news")
NAME, RACK = ChannelName("news"), NodeName("rack1")
CALM = cluster(row(NEWS), sidecar(NEWS))


def complaints(*actions: Action, seen: object = CALM) -> list[str]:
    desired = lineup(NEWS)
    plan = replace(planned(desired, cluster(known=desired)), actions=actions)
    return list(check(plan, desired, seen))  # type: ignore[arg-type]  # a snapshot


def spawn(name: str = "news", epoch: int = 2, devices: tuple[int, ...] = ()) -> SpawnSidecar:
    return SpawnSidecar(
        channel=ChannelName(name),
        node=RACK,
        epoch=epoch,
        fingerprint="",
        devices=tuple((OutputName("sdi"), device) for device in devices),
        counts_as_restart=False,
        cause=Cause.NEW_CHANNEL,
    )


def retire(cause: Cause, epoch: int = 1) -> RetireSidecar:
    return RetireSidecar(channel=NAME, node=RACK, epoch=epoch, handle="", cause=cause)


def grant(epoch: int) -> GrantLease:
    return GrantLease(channel=NAME, node=RACK, epoch=epoch, cause=Cause.READY)


def test_acts_on_a_silent_node() -> None:
    evict = EvictMedia(node=RACK, stored="x", cause=Cause.UNUSED)
    assert complaints(evict, seen=cluster(node("rack1", silent_for=4))) == [
        "EvictMedia on rack1, which does not answer"
    ]


def test_a_file_that_is_played_or_fetched_is_not_thrown_away() -> None:
    evict = EvictMedia(node=RACK, stored="x", cause=Cause.UNUSED)
    played = cluster(row(NEWS), sidecar(NEWS), needed={"news": ["x"]})
    assert complaints(evict, seen=played) == ["x is evicted from rack1, where news plays it"]
    stage = StageMedia(
        asset=AssetId("X"),
        node=RACK,
        uri="file:///x",
        stored="x",
        size=1,
        due=0,
        channels=(),
        cause=Cause.DUE,
    )
    assert complaints(stage, evict) == ["x is staged on rack1, and evicted from it"]
    assert complaints(evict) == []


def test_acts_that_a_sidecar_does_not_admit() -> None:
    collect = CollectAsRun(channel=NAME, node=RACK, epoch=1, cause=Cause.SPOOLED)
    assert complaints(collect, seen=cluster(row(NEWS), dead(NEWS))) == [
        "CollectAsRun of news: its sidecar is dead"
    ]
    assert complaints(replace(collect, epoch=9)) == ["CollectAsRun of news: nobody saw epoch 9"]
    assert complaints(retire(Cause.ORPHAN, epoch=9)) == []


def test_spawns_that_cannot_be() -> None:
    assert complaints(spawn(), spawn(epoch=3)) == ["news is spawned twice"]
    assert complaints(spawn("arts")) == ["arts is spawned, and is not in the lineup"]
    assert complaints(spawn(epoch=1)) == ["news is spawned with epoch 1, which was given out"]


def test_two_rights_to_send() -> None:
    both = cluster(row(NEWS, sending_epoch=0), sidecar(NEWS), sidecar(NEWS, epoch=2))
    assert complaints(grant(1), grant(2), seen=both) == [
        "news: the right to send is given to two epochs"
    ]
    unknown = cluster(sidecar(NEWS), sidecar(NEWS, epoch=2))
    assert complaints(grant(2), seen=unknown) == []


def test_a_right_while_another_may_still_send() -> None:
    both = cluster(row(NEWS, epoch=2, sending_epoch=1), sidecar(NEWS), sidecar(NEWS, epoch=2))
    assert complaints(grant(2), seen=both) == ["news: epoch 1 may still send"]
    assert complaints(retire(Cause.SUCCESSOR_READY), grant(2), seen=both) == []
    lapsed = row(NEWS, epoch=2, sending_epoch=1, lease_expires_at=after(-1))
    assert complaints(grant(2), seen=cluster(lapsed, sidecar(NEWS, epoch=2))) == []


def test_senders_that_are_retired_for_no_good_reason() -> None:
    assert complaints(retire(Cause.SUCCESSOR_READY)) == [
        "news: its sender is retired, and no successor may send"
    ]
    assert complaints(retire(Cause.DUPLICATE)) == ["news: its sender is retired as a duplicate"]
    assert complaints(retire(Cause.ORPHAN), seen=cluster(sidecar(NEWS))) == []


def test_two_holders_of_one_device() -> None:
    mine = ClaimDevice(
        channel=NAME, output=OutputName("sdi"), node=RACK, device=1, cause=Cause.DRIFTED
    )
    assert complaints(mine, seen=cluster(claim("news"))) == []
    assert complaints(mine, seen=cluster(claim("arts"))) == [
        "device 1 of rack1: claimed by news and arts"
    ]
    recorders = recording("rec-1"), recording("rec-2", device=2, recording=False)
    assert complaints(spawn(devices=(1, 2)), seen=cluster(*recorders)) == [
        "device 1 of rack1: claimed by news and rec-1"
    ]
