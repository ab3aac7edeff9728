from __future__ import annotations

import pytest

from reconciler.errors import Rejected
from reconciler.model.ids import NodeName
from reconciler.shell.loop import Loop, Wake
from reconciler.shell.media_rows import MediaRows
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

NODES = ("rack1", "rack2", "rack3")
SETTLING, INTERVAL = 0.25, 10.0


@pytest.fixture
def world() -> FakeWorld:
    """A channel on rack1, and a file that arrived on every node by another hand."""
    found = FakeWorld(lineup(channel("news"), *map(machine, NODES)))
    found.converge()
    for name in NODES:
        found.yard.nodes[NodeName(name)].media["late.mp4"] = 1
    return found


def written(world: FakeWorld) -> list[str]:
    """The nodes whose late file is in the database."""
    return sorted(str(node) for node, stored in world.database.copies if stored == "late.mp4")


def write(rows: MediaRows, world: FakeWorld, *, hurry: bool) -> bool:
    judgement = world.judge()
    return rows.write(judgement.seen, judgement.plan, lambda: hurry)


def test_all_nodes_are_written_where_nobody_waits(world: FakeWorld) -> None:
    assert write(MediaRows(world.store), world, hurry=False)
    assert written(world) == list(NODES)


def test_whoever_hurries_waits_for_one_node_and_the_rest_follow(world: FakeWorld) -> None:
    rows = MediaRows(world.store)
    found = [(write(rows, world, hurry=True), len(written(world))) for _ in NODES]
    assert found == [(False, 1), (False, 2), (True, 3)]


def test_a_node_that_changes_each_time_does_not_keep_the_others_from_being_written(
    world: FakeWorld,
) -> None:
    rows = MediaRows(world.store)
    for number, _ in enumerate(NODES):
        world.yard.nodes[NodeName("rack1")].media[f"more-{number}.mp4"] = 1
        write(rows, world, hurry=True)
    assert written(world) == list(NODES)


def test_what_is_written_is_not_written_again(world: FakeWorld) -> None:
    rows = MediaRows(world.store)
    write(rows, world, hurry=False)
    world.database.refuse |= {"record_media", "want_media"}
    assert write(rows, world, hurry=False)


def test_a_node_that_could_not_be_written_is_tried_again(world: FakeWorld) -> None:
    rows = MediaRows(world.store)
    world.database.refuse.add("record_media")
    with pytest.raises(Rejected):
        write(rows, world, hurry=False)
    world.database.refuse.clear()
    assert write(rows, world, hurry=False)
    assert written(world) == list(NODES)


def test_a_commit_that_comes_meanwhile_has_its_pass_before_the_rest_is_written(
    world: FakeWorld,
) -> None:
    wake = Wake()
    loop = Loop(
        world.ports,
        world.reconciler,
        wake,
        publish=lambda _judgement, _error: None,
        follow=lambda _desired, _seen: None,
    )
    wake.ring()  # the commit
    assert loop.turn() == SETTLING
    assert len(written(world)) == 1
    assert wake.wait(0)  # its pass comes next; then nobody waits any more
    assert loop.turn() == INTERVAL
    assert written(world) == list(NODES)
