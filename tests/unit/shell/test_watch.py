from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import Fault, LineupError
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.plan.actions import Cause, StageMedia
from reconciler.shell.watch import Publisher, staged, watch
from tests.builders import channel, lineup
from tests.fakes_world import FakeWorld
from tests.waiting import eventually

DEADLINE = 20.0
RACK1 = NodeName("rack1")


@contextmanager
def watching(world: FakeWorld) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(world.ports, stop, lambda _: "{}"))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(DEADLINE)
        assert not thread.is_alive()


@pytest.fixture
def world(tmp_path: Path) -> FakeWorld:
    found = FakeWorld(lineup(channel("news", fence=None)))
    found.lineup.paths = (tmp_path,)
    return found


def test_it_puts_on_air_brings_back_what_dies_and_leaves_it_on_air_when_it_ends(
    world: FakeWorld,
) -> None:
    with watching(world):
        eventually(lambda: world.on_air() == ["news"])
        world.yard.kill("news", 1)
        eventually(lambda: world.on_air() == ["news"])
        assert world.yard.at("news", 2).node == "rack1"
        eventually(lambda: world.database.channels[ChannelName("news")].epoch == 2)
    assert world.on_air() == ["news"]
    assert world.another().leadership.try_lead() is not None, "it gave the lead up"


def test_what_was_staged_rings_and_is_journaled(world: FakeWorld) -> None:
    with watching(world):
        eventually(lambda: ("stage BARS", "done") in [(w[:10], o) for w, o in world.journal()])
        eventually(lambda: world.on_air() == ["news"])


def test_the_pass_is_kept_for_screens(world: FakeWorld) -> None:
    with watching(world):
        eventually(lambda: world.on_air() == ["news"])
        eventually(lambda: len(world.database.passes) >= 3)
    assert {p.outcome for p in world.database.passes} == {"done"}


# ── what screens read ────────────────────────────────────────────────────────────────────────────


def test_a_pass_is_kept_once_per_change_of_mind(world: FakeWorld) -> None:
    publisher = Publisher(world.ports, lambda judgement: judgement.plan.digest)
    world.converge()
    judgement = world.judge()
    for _ in range(3):
        publisher.publish(judgement, "")
    assert [p.plan_json for p in world.database.passes] == [judgement.plan.digest]


def test_what_is_wrong_with_the_newest_lineup_is_kept_with_it(world: FakeWorld) -> None:
    publisher = Publisher(world.ports, lambda _: "{}")
    publisher.publish(world.judge(), "")
    wrong = LineupError((Fault(file="lineup.yaml", line=1, field="", problem="wrong"),))
    publisher.publish(world.judge(), str(wrong))
    assert json.loads(world.database.passes[-1].outcome) == {"lineup_error": "lineup.yaml:1: wrong"}


def test_a_pass_that_could_not_be_kept_is_kept_the_next_time(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(world.ports, lambda _: "{}")
    world.database.refuse.add("keep_pass")
    publisher.publish(world.judge(), "")
    assert "keeping the pass" in caplog.text
    world.database.refuse.clear()
    publisher.publish(world.judge(), "")
    assert len(world.database.passes) == 1


# ── staging ──────────────────────────────────────────────────────────────────────────────────────


STAGE = StageMedia(
    asset=AssetId("BARS"),
    node=RACK1,
    uri="file:///bars.mp4",
    stored="bars-1.mp4",
    size=1,
    due=0,
    channels=(ChannelName("news"),),
    cause=Cause.DUE,
)


def test_how_staging_ended_is_logged_and_journaled(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "reconciler.shell.watch"):
        staged(world.ports, STAGE, None)
        staged(world.ports, STAGE, "no space left")
    assert [r.levelno for r in caplog.records] == [logging.INFO, logging.WARNING]
    assert [(e.node, e.outcome) for e in world.database.journal] == [
        (RACK1, "done"),
        (RACK1, "failed: no space left"),
    ]


def test_a_journal_that_cannot_be_written_is_no_reason_to_stop(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world.database.silent = True
    staged(world.ports, STAGE, None)
    assert "who=reconciler: database: journal: no answer" in caplog.text
