from __future__ import annotations

from reconciler.model.ids import ChannelName, NodeName
from reconciler.shell.local import Ground, on_air
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld


def started() -> FakeWorld:
    world = FakeWorld(lineup(channel("news"), channel("sport")))
    world.converge()
    return world


def test_what_runs_is_found_and_taken_off_with_its_as_run() -> None:
    world = started()
    ground = Ground(world.ports, world.desired)
    assert [s.channel for s in ground.sidecars] == ["news", "sport"]
    for sidecar in ground.sidecars:
        ground.take_off(sidecar)
    assert world.yard.sidecars == {}
    assert world.database.leases == {}
    assert {(r.channel, r.why) for r in world.database.asrun.values()} == {
        ("news", "stopped"),
        ("sport", "stopped"),
    }


def test_it_can_be_taken_off_without_a_lineup_at_all() -> None:
    world = started()
    ground = Ground(world.ports, lineup())
    for sidecar in ground.sidecars:
        ground.take_off(sidecar)
    assert world.yard.sidecars == {}


def test_titles_of_what_is_read_back() -> None:
    world = started()
    assert on_air(world.ports, world.desired) == {"news": "BARS", "sport": "BARS"}
    world.yard.at("news", 1).engine_dead = True
    assert on_air(world.ports, world.desired) == {"sport": "BARS"}


def test_without_the_database_nothing_is_known() -> None:
    world = started()
    world.database.silent = True
    assert on_air(world.ports, world.desired) == {}


def test_a_dead_one_is_buried_too() -> None:
    world = started()
    world.yard.kill("news", 1)
    ground = Ground(world.ports, world.desired)
    ground.take_off(ground.sidecars[0])
    assert (NodeName("rack1"), ("news", 1)) not in world.yard.sidecars
    assert world.database.leases.keys() == {ChannelName("sport")}
