"""A lost node whose channel may send without limit: it moves on a person's word, not before."""

from __future__ import annotations

import pytest

from reconciler.errors import Rejected
from reconciler.model.ids import ChannelName, NodeName
from reconciler.shell.fence import fence
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

RACK1 = NodeName("rack1")


@pytest.fixture
def world() -> FakeWorld:
    never = channel("news", prefer=["rack1"], fence=None)
    found = FakeWorld(lineup(never, machine("rack1"), machine("rack2")))
    found.converge()
    return found


def lose(world: FakeWorld) -> None:
    world.yard.nodes[RACK1].silent = True
    for _ in range(20):
        world.one_pass()
        world.clock.tick(1)


def test_a_channel_moves_once_its_node_is_said_to_be_off(world: FakeWorld) -> None:
    lose(world)
    (held,) = [h for h in world.judge().plan.holds if h.channel == "news"]
    assert held.allow == "reconcile fence rack1 --confirm rack1"

    assert fence(world.ports, RACK1, who="kari") == (ChannelName("news"),)

    world.converge(passes=30)
    assert {s.node for s in world.sending("news")} >= {NodeName("rack2")}
    told = [(e.who, e.what, e.node) for e in world.database.journal if e.what == "fence"]
    assert told == [("kari", "fence", RACK1)]


def test_a_node_that_answers_is_not_off(world: FakeWorld) -> None:
    with pytest.raises(Rejected, match="rack1: it answers, so it is not off"):
        fence(world.ports, RACK1, who="kari")
    assert world.sending("news")


def test_a_node_that_says_no_is_there_and_is_not_off(world: FakeWorld) -> None:
    def refuse(what: str) -> None:
        raise Rejected(f"{RACK1}: {what}: not for you")

    world.yard.nodes[RACK1].delay = refuse
    with pytest.raises(Rejected, match="rack1: it answers, so it is not off"):
        fence(world.ports, RACK1, who="kari")


def test_a_node_that_the_lineup_forgot_may_be_fenced(world: FakeWorld) -> None:
    assert fence(world.ports, NodeName("rack9"), who="kari") == ()
