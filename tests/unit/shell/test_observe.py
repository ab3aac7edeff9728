from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.errors import Unreachable
from reconciler.model.desired import Policy
from reconciler.model.ids import AssetId, NodeName
from reconciler.model.observed import Health, Life
from reconciler.shell.observe import Observer
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

RACK1, RACK2 = NodeName("rack1"), NodeName("rack2")
TWO_NODES = lineup(
    channel("news", prefer=["rack1"]),
    machine("rack1"),
    machine("rack2"),
    policy=Policy(lost_after=timedelta(seconds=10)),
)


@pytest.fixture
def world() -> FakeWorld:
    found = FakeWorld(TWO_NODES)
    found.converge()
    return found


def observer(world: FakeWorld) -> Observer:
    watcher = Observer(world.ports)
    watcher.observe(world.desired)
    return watcher


def test_everything_is_read_at_one_instant(world: FakeWorld) -> None:
    seen = observer(world).observe(world.desired)
    assert seen.taken_at == world.clock.now()
    assert {n.name: n.health for n in seen.nodes.values()} == {
        RACK1: Health.ANSWERING,
        RACK2: Health.ANSWERING,
    }
    (sidecar,) = seen.sidecars
    assert sidecar.answer is not None
    assert sidecar.answer.sending


def test_an_unread_node_is_not_an_empty_node(world: FakeWorld) -> None:
    watcher = observer(world)
    world.yard.nodes[RACK1].silent = True
    world.clock.tick(4)
    node = watcher.observe(world.desired).nodes[RACK1]
    assert (node.health, node.silent_for, node.staged) == (
        Health.UNREAD,
        timedelta(seconds=4),
        None,
    )
    assert "rack1: look: no answer" in node.why


def test_silence_ages_until_the_node_counts_as_lost_and_ends_with_an_answer(
    world: FakeWorld,
) -> None:
    watcher = observer(world)
    world.yard.nodes[RACK1].silent = True
    seen = []
    for _ in range(3):
        world.clock.tick(5)
        seen.append(watcher.observe(world.desired).nodes[RACK1].health)
    assert seen == [Health.UNREAD, Health.LOST, Health.LOST]
    world.yard.nodes[RACK1].silent = False
    assert watcher.observe(world.desired).nodes[RACK1].health is Health.ANSWERING
    world.yard.nodes[RACK1].silent = True
    world.clock.tick(5)
    assert watcher.observe(world.desired).nodes[RACK1].health is Health.UNREAD


def test_who_was_never_heard_is_silent_since_we_first_asked(world: FakeWorld) -> None:
    watcher = Observer(world.ports)
    world.yard.nodes[RACK1].silent = True
    assert watcher.observe(world.desired).nodes[RACK1].silent_for == timedelta(0)
    world.clock.tick(3)
    assert watcher.observe(world.desired).nodes[RACK1].silent_for == timedelta(seconds=3)


def test_a_sidecar_that_does_not_answer_is_there_without_an_answer(world: FakeWorld) -> None:
    watcher = observer(world)
    world.yard.at("news", 1).mute = True
    world.clock.tick(7)
    (sidecar,) = watcher.observe(world.desired).sidecars
    assert (sidecar.life, sidecar.answer) == (Life.RUNNING, None)
    assert sidecar.silent_for == timedelta(seconds=7)


def test_the_dead_are_not_asked(world: FakeWorld) -> None:
    watcher = observer(world)
    world.yard.kill("news", 1)
    world.yard.at("news", 1).calls.clear()
    (sidecar,) = watcher.observe(world.desired).sidecars
    assert (sidecar.life, sidecar.answer) == (Life.DEAD, None)
    assert world.yard.at("news", 1).calls == []


def test_a_node_that_left_the_inventory_is_still_looked_at(world: FakeWorld) -> None:
    smaller = lineup(channel("news"), machine("rack2"))
    seen = observer(world).observe(smaller)
    assert list(seen.nodes) == [RACK2, RACK1]
    assert [s.node for s in seen.sidecars] == [RACK1]


def test_a_node_of_a_kind_that_we_cannot_ask_is_unread(world: FakeWorld) -> None:
    bigger = lineup(channel("news"), machine("rack1"), machine("rack2"), machine("cloud"))
    node = Observer(world.ports).observe(bigger).nodes[NodeName("cloud")]
    assert (node.health, node.why) == (
        Health.UNREAD,
        "cloud: runtime docker is not supported in this release",
    )


def test_without_the_database_there_is_no_snapshot(world: FakeWorld) -> None:
    world.database.silent = True
    with pytest.raises(Unreachable, match="database"):
        observer(world)


def test_the_catalogue_is_the_same_value_until_it_changes(world: FakeWorld) -> None:
    watcher = observer(world)
    first = watcher.observe(world.desired).catalogue
    assert watcher.observe(world.desired).catalogue is first
    world.library.lengths["BARS"] = 60
    changed = watcher.observe(world.desired).catalogue
    assert changed is not first
    assert changed[AssetId("BARS")].duration == 60
