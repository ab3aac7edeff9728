"""Looking into staged files beside the passes."""

from __future__ import annotations

import logging
import threading

import pytest

from reconciler.model.findings import Findings
from reconciler.model.ids import ChannelName, NodeName
from reconciler.shell.inspect import Inspector
from reconciler.shell.loop import Wake
from tests.builders import channel, lineup, machine
from tests.fakes_world import FakeWorld

RACK1, BARS = NodeName("rack1"), "BARS.0123456789ab.mp4"
LONG = 10.0  # seconds; only a test that fails waits so long


@pytest.fixture
def world() -> FakeWorld:
    found = FakeWorld(lineup(channel("news"), machine("rack1")))
    found.converge()
    return found


def follow(world: FakeWorld) -> tuple[Inspector, Wake]:
    wake = Wake()
    inspector = Inspector(world.ports, wake, threading.Event())
    inspector.follow(world.desired, world.judge().seen)
    return inspector, wake


def todo(inspector: Inspector) -> list[str]:
    return list(inspector._todo)


def test_what_is_staged_is_looked_into_once_and_its_damage_is_in_the_next_plan(
    world: FakeWorld,
) -> None:
    torn = Findings(container="mov,mp4", damage="its last pictures are missing", loudness=-20.0)
    world.yard.nodes[RACK1].found[BARS] = torn
    inspector, wake = follow(world)
    assert todo(inspector) == [BARS]
    inspector.look_into(BARS, world.desired.nodes[RACK1])
    assert world.database.findings == {BARS: torn}
    assert wake.wait(0)
    again, _ = follow(world)
    assert todo(again) == []
    note = world.judge().plan.notes[ChannelName("news")]
    assert any("its last pictures are missing" in remark.text for remark in note.remarks)


def test_a_file_that_cannot_be_looked_into_is_left_alone(world: FakeWorld) -> None:
    inspector, wake = follow(world)
    world.yard.nodes[RACK1].silent = True
    inspector.look_into(BARS, world.desired.nodes[RACK1])
    world.yard.nodes[RACK1].silent = False
    inspector.follow(world.desired, world.judge().seen)
    assert (todo(inspector), world.database.findings) == ([], {})
    assert not wake.wait(0)


def test_the_thread_works_until_it_is_told_to_stop(world: FakeWorld) -> None:
    stop = threading.Event()
    inspector = Inspector(world.ports, Wake(), stop)
    done = threading.Event()
    world.yard.nodes[RACK1].delay = lambda what: done.set() if "inspect" in what else None
    thread = threading.Thread(target=inspector.run)
    thread.start()
    inspector.follow(world.desired, world.judge().seen)
    assert done.wait(LONG)
    stop.set()
    thread.join(LONG)
    assert not thread.is_alive()
    assert BARS in world.database.findings


def test_a_bug_met_in_one_file_does_not_end_the_looking_into_others(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(what: str) -> None:
        raise LookupError(what)

    inspector, _ = follow(world)
    world.yard.nodes[RACK1].delay = stumble
    with caplog.at_level(logging.ERROR):
        inspector.look_into(BARS, world.desired.nodes[RACK1])
    assert "LookupError" in caplog.text
    assert world.database.findings == {}
