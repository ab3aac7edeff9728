"""A new leader looks for hand-overs that were cut; the rest is in `chaos/test_hand_over.py`."""

from __future__ import annotations

from reconciler.model.ids import NodeName
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld


def drained() -> FakeWorld:
    """A successor was begun, and nothing handed over yet."""
    racks = machine("rack1"), machine("rack2"), machine("rack3")
    world = FakeWorld(lineup(channel("news", prefer=["rack1"]), *racks))
    world.converge()
    racks = machine("rack1", maintenance=True), *racks[1:]
    world.lineup.set(lineup(channel("news", prefer=["rack1"]), *racks))
    world.one_pass()
    for node in world.yard.nodes.values():
        node.calls.clear()
    return world


def looked_at(world: FakeWorld) -> set[NodeName]:
    return {name for name, node in world.yard.nodes.items() if node.calls}


def finish(world: FakeWorld) -> None:
    world.reconciler.finish(world.desired, world.leadership.is_leading)


def test_where_nothing_changes_hands_nobody_is_looked_at() -> None:
    world = FakeWorld(lineup(channel("news"), machine("rack1"), machine("rack2")))
    world.converge()
    for node in world.yard.nodes.values():
        node.calls.clear()
    finish(world)
    assert looked_at(world) == set()


def test_only_the_nodes_of_two_sidecars_are_looked_at() -> None:
    world = drained()
    before = len(world.database.journal)
    finish(world)
    assert looked_at(world) == {"rack1", "rack2"}
    assert len(world.database.journal) == before, "nothing was cut, so nothing is done"
    assert world.on_air() == ["news"]


def test_a_node_that_does_not_answer_is_no_reason_to_act() -> None:
    world = drained()
    world.yard.nodes[NodeName("rack2")].silent = True
    finish(world)
    assert world.on_air() == ["news"]
