from __future__ import annotations

import pytest

from reconciler.errors import PlanRefused, Rejected
from reconciler.model.desired import OnNodeLoss, Policy
from reconciler.model.ids import ChannelName, NodeName, RecorderName
from reconciler.plan.actions import Leave
from reconciler.shell import converge as module
from reconciler.shell.converge import Reconciler
from tests.builders import channel, decklink, lineup, machine, recorder, udp
from tests.fakes_world import FakeWorld

NEWS, RACK1 = ChannelName("news"), NodeName("rack1")


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld(lineup(channel("news")))


def test_passes_end_on_air_with_the_status_read_back(world: FakeWorld) -> None:
    world.converge()
    assert (world.on_air(), world.status("news")) == (["news"], "running")


def test_a_settled_pass_writes_no_journal(world: FakeWorld) -> None:
    world.converge()
    lines = len(world.database.journal)
    world.clock.tick(5)
    assert world.one_pass().settled
    assert len(world.database.journal) == lines


def test_the_plan_that_was_asked_for_is_applied(world: FakeWorld) -> None:
    world.leadership.try_lead()
    judgement = world.judge()
    done = world.reconciler.converge(judgement, only=judgement.plan.digest[:6])
    assert done.acted == {"news"}


def test_another_plan_than_the_one_asked_for_is_refused_and_nothing_is_done(
    world: FakeWorld,
) -> None:
    world.leadership.try_lead()
    with pytest.raises(PlanRefused, match=r"--only 000000 was asked for, but the plan is now"):
        world.reconciler.converge(world.judge(), only="000000")
    assert world.database.channels == {}


def test_a_plan_past_the_limits_is_refused_until_someone_allows_it() -> None:
    policy = Policy(max_interrupted=1, max_interrupted_percent=1)

    def both(**changes: object) -> object:
        names = ("news", "sport")
        found = [channel(name, allow_interrupt=True, **changes) for name in names]  # type: ignore[arg-type]  # by keyword
        return lineup(*found, policy=policy)

    world = FakeWorld(both())  # type: ignore[arg-type]  # a lineup
    world.converge()
    world.lineup.set(both(fmt="424x240p2500"))  # type: ignore[arg-type]  # a lineup
    with pytest.raises(PlanRefused, match="interrupts 2 of 2"):
        world.one_pass()
    assert {row.epoch for row in world.database.channels.values()} == {1}
    world.one_pass(Leave(past_limits=True))
    assert {row.epoch for row in world.database.channels.values()} == {2}


def test_a_plan_that_contradicts_itself_is_a_bug_and_is_not_applied(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.leadership.try_lead()
    judgement = world.judge()
    monkeypatch.setattr(module, "check", lambda *_: ("two epochs for news",))
    with pytest.raises(AssertionError, match="two epochs for news"):
        world.reconciler.converge(judgement)
    assert world.database.channels == {}


def test_media_on_a_node_is_recorded_when_it_changed(world: FakeWorld) -> None:
    world.converge()
    assert set(world.database.copies) == {(RACK1, "BARS.0123456789ab.mp4")}
    world.database.refuse.add("record_media")
    world.one_pass()  # nothing new: nothing is recorded
    world.database.refuse.clear()
    fresh = Reconciler(world.ports, world.stager)
    world.database.refuse.add("record_media")
    with pytest.raises(Rejected):
        fresh.converge(world.judge())


def test_a_deposed_leader_does_not_even_record(world: FakeWorld) -> None:
    world.converge()
    judgement = world.judge()
    world.leadership.lapse()
    assert world.another().leadership.try_lead() is not None
    with pytest.raises(Rejected, match="no longer leading"):
        world.reconciler.converge(judgement)


# ── what actions do ──────────────────────────────────────────────────────────────────────────────


def test_an_output_that_was_added_is_sent_without_a_restart(world: FakeWorld) -> None:
    world.converge()
    second = udp("second", "udp://127.0.0.1:5006")
    world.lineup.set(lineup(channel("news", udp(), second)))
    world.converge()
    sidecar = world.yard.at("news", 1)
    assert [str(output["name"]) for output in sidecar.outputs] == ["main", "second"]
    world.lineup.set(lineup(channel("news", second)))
    world.converge()
    assert [str(output["name"]) for output in sidecar.outputs] == ["second"]


def test_a_channel_taken_off_air_is_retired_with_its_as_run(world: FakeWorld) -> None:
    world.converge()
    world.yard.add_row(world.yard.at("news", 1), why="end")
    world.lineup.set(lineup(channel("news", on_air=False)))
    world.converge()
    assert world.yard.sidecars == {}
    assert [row.why for row in world.database.asrun.values()] == ["end", "stopped"]
    assert world.status("news") == "stopped"
    world.lineup.set(lineup())
    world.converge()
    assert world.database.channels == {}


def test_a_long_spool_is_fetched_in_parts_and_forgotten_once_stored(world: FakeWorld) -> None:
    world.converge()
    sidecar = world.yard.at("news", 1)
    for _ in range(1_000):
        world.yard.add_row(sidecar, why="end")
    world.one_pass()
    assert len(world.database.asrun) == 1_000
    assert sidecar.rows == []


def test_rows_that_could_not_be_stored_stay_in_the_spool(world: FakeWorld) -> None:
    world.converge()
    sidecar = world.yard.at("news", 1)
    world.yard.add_row(sidecar, why="end")
    world.database.refuse.add("store_asrun")
    assert [o.error for o in world.one_pass().failed] == ["database: store_asrun: refused"]
    assert len(sidecar.rows) == 1
    world.database.refuse.clear()
    world.one_pass()
    assert (len(world.database.asrun), sidecar.rows) == (1, [])


def test_inventory_and_recorders_have_rows() -> None:
    rack = machine("rack1", devices=[1, (2, "hd-5")])
    world = FakeWorld(lineup(rack, recorder("ingest", on="rack1", device="hd-5")))
    world.converge()
    seen = world.database.recorders[RecorderName("ingest")]
    assert (seen.node, seen.device) == (RACK1, 2)
    world.yard.node("rack2", devices=[1])
    other = machine("rack2", devices=[1])
    world.lineup.set(lineup(other, recorder("ingest", on="rack2", device=1)))
    world.converge()
    assert world.database.nodes.keys() == {"rack2"}
    assert world.database.recorders[RecorderName("ingest")].node == "rack2"


def test_devices_are_claimed_with_the_spawn_and_freed_with_the_end() -> None:
    sdi = channel("news", decklink(1), fence=None, on_node_loss=OnNodeLoss.HOLD)
    world = FakeWorld(lineup(sdi, machine("rack1", devices=[1, 2])))
    world.one_pass()
    assert list(world.database.claims) == [(RACK1, 1)]
    off = channel("news", decklink(1), fence=None, on_node_loss=OnNodeLoss.HOLD, on_air=False)
    world.lineup.set(lineup(off, machine("rack1", devices=[1, 2])))
    world.one_pass()
    assert world.database.claims == {}


def test_a_sidecar_found_running_is_adopted(world: FakeWorld) -> None:
    world.converge()
    row = world.database.channels[NEWS]
    world.database.channels[NEWS] = type(row)(
        channel=NEWS, digest=row.digest, status="stopped", epoch=0
    )
    world.database.leases.clear()
    world.database.epochs.clear()
    world.converge()
    assert world.database.channels[NEWS].epoch == 1
    assert world.on_air() == ["news"]


def test_an_alarm_is_raised_and_cleared() -> None:
    world = FakeWorld(lineup(channel("news", labels={"site": "oslo"})))
    world.one_pass()
    assert [key for _, key in world.database.alarms] == ["placement"]
    world.one_pass()
    assert world.status("news") == "error"
    world.lineup.set(lineup(channel("news")))
    world.converge()
    assert world.database.alarms == {}
