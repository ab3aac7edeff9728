from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from reconciler.errors import Rejected, Unreachable
from reconciler.model.ids import ChannelName, NodeName
from reconciler.shell.acts import ACTS, Finder, live_act
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

NEWS = ChannelName("news")
RACK1, RACK2 = NodeName("rack1"), NodeName("rack2")


@pytest.fixture
def world() -> FakeWorld:
    found = FakeWorld(lineup(channel("news", prefer=["rack1"]), machine("rack1"), machine("rack2")))
    found.converge()
    return found


def last(world: FakeWorld) -> tuple[str, str, str | None, str]:
    entry = world.database.journal[-1]
    return entry.who, entry.what, entry.channel, entry.outcome


@pytest.mark.parametrize("act", ACTS)
def test_an_act_goes_to_the_sidecar_and_is_journaled(world: FakeWorld, act: str) -> None:
    shown = live_act(world.ports, NEWS, act, {}, who="kari")
    assert shown["act"] == act
    assert last(world) == ("kari", act, "news", "done")


def test_a_refused_act_is_journaled_too(world: FakeWorld) -> None:
    world.yard.at("news", 1).refuses = "nothing to skip to"
    with pytest.raises(Rejected, match="nothing to skip to"):
        live_act(world.ports, NEWS, "skip", {}, who="kari")
    assert last(world)[3].startswith("failed: ")


def test_a_channel_that_runs_nowhere_says_what_to_do(world: FakeWorld) -> None:
    with pytest.raises(Rejected, match=r"sport: not running; put `on_air: true`"):
        live_act(world.ports, ChannelName("sport"), "skip", {}, who="kari")
    assert last(world)[2] == "sport"


def test_an_act_that_was_done_is_not_told_as_failed_for_want_of_a_journal(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.database.refuse.add("journal")
    with caplog.at_level(logging.WARNING):
        assert live_act(world.ports, NEWS, "pause", {}, who="kari")["transport"] == "paused"
    assert "what=pause who=kari" in caplog.text


# ── finding it ───────────────────────────────────────────────────────────────────────────────────


def finder(world: FakeWorld) -> Finder:
    return Finder(world.ports)


def test_what_was_read_serves_for_a_second(world: FakeWorld) -> None:
    found = finder(world)
    assert found.find(NEWS) is not None
    world.yard.kill("news", 1)
    assert found.find(NEWS) is not None
    world.clock.tick(1)
    assert found.find(NEWS) is None


def test_the_sidecar_that_may_send_is_found_not_its_successor(world: FakeWorld) -> None:
    yard = world.yard
    start = replace(yard.at("news", 1).start, epoch=2)
    yard.nodes[RACK2].spawn(start)
    seen = finder(world).find(NEWS)
    assert seen is not None
    assert seen.epoch == 1
    world.database.leases[NEWS].epoch = 2
    seen = finder(world).find(NEWS)
    assert seen is not None
    assert seen.epoch == 2


def test_where_a_node_is_silent_nobody_knows_that_it_is_not_there(world: FakeWorld) -> None:
    world.yard.nodes[RACK1].silent = True
    with pytest.raises(Unreachable, match="news: rack1: look: no answer"):
        finder(world).find(NEWS)


def test_a_silent_node_elsewhere_does_not_matter(world: FakeWorld) -> None:
    world.yard.nodes[RACK2].silent = True
    assert finder(world).find(NEWS) is not None


def test_a_node_that_we_cannot_ask_at_all_does_not_matter_either(world: FakeWorld) -> None:
    world.lineup.set(lineup(channel("news"), machine("cloud"), machine("rack1")))
    assert finder(world).find(NEWS) is not None


def test_without_the_database_the_newest_is_found(world: FakeWorld) -> None:
    world.database.silent = True
    assert finder(world).find(NEWS) is not None


def test_without_the_database_what_it_said_last_still_counts(world: FakeWorld) -> None:
    found = finder(world)
    found.find(NEWS)
    world.yard.nodes[RACK2].spawn(replace(world.yard.at("news", 1).start, epoch=2))
    world.database.silent = True
    world.clock.tick(5)
    seen = found.find(NEWS)
    assert seen is not None
    assert seen.epoch == 1
