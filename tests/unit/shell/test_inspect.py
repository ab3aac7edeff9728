"""Looking into staged files beside the passes: in what order, once by content, and what is kept."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import pytest

from reconciler.model.findings import METHOD, Findings, Loss
from reconciler.model.ids import AssetId, ChannelName, NodeName
from reconciler.plan.unseen import Unseen
from reconciler.shell.inspect import Inspector, look
from reconciler.shell.loop import Wake
from tests.builders import channel, item, lineup, machine, playlist
from tests.fakes_world import FakeWorld

RACK1 = NodeName("rack1")
LONG = 10.0  # seconds; only a test that fails waits so long
TORN = Findings(losses=(Loss(what="pictures", at_ms=12_000, lasts_ms=2100),), loudness=-20.0)


@pytest.fixture
def world() -> FakeWorld:
    items = playlist("base", item("BARS"), item("FILM"))
    found = FakeWorld(
        lineup(channel("news"), machine("rack1"), items), media={"BARS": 3600, "FILM": 600}
    )
    found.converge()
    return found


def one_of(world: FakeWorld, asset: str) -> Unseen:
    """The asset's file, whether anybody has looked into it or not."""
    fact = world.library.catalogue([AssetId(asset)], {}, ())[AssetId(asset)]
    return Unseen(asset=fact.asset, stored=fact.stored, node=RACK1, due_at=None)


def follow(world: FakeWorld) -> tuple[Inspector, Wake]:
    wake = Wake()
    inspector = Inspector(world.ports, wake, threading.Event())
    inspector.follow(world.judge())
    return inspector, wake


def todo(inspector: Inspector) -> list[str]:
    return [str(one.asset) for one in inspector.todo()]


def test_what_is_staged_is_looked_into_once_and_its_damage_is_in_the_next_plan(
    world: FakeWorld,
) -> None:
    bars = one_of(world, "BARS")
    world.yard.nodes[RACK1].found[bars.stored] = TORN
    inspector, wake = follow(world)
    assert todo(inspector) == ["BARS", "FILM"]
    inspector.look_into(bars, world.desired)
    assert world.database.findings == {bars.stored: replace(TORN, method=METHOD)}
    assert wake.wait(0)
    again, _ = follow(world)
    assert todo(again) == ["FILM"]
    note = world.judge().plan.notes[ChannelName("news")]
    (told, *_) = [remark.text for remark in note.remarks if "BARS" in remark.text]
    assert "its pictures are lost from 0:12.0 for 2.1 s; it airs all the same" in told


def test_what_airs_next_is_looked_into_first(world: FakeWorld) -> None:
    inspector, _ = follow(world)
    first, second = inspector.todo()
    assert first.due_at is not None
    assert second.due_at is not None
    assert first.due_at < second.due_at
    media = {"AAA": 600, "ZZZ": 600}
    later = playlist("base", item("ZZZ"), item("AAA"))
    turned = FakeWorld(lineup(channel("news"), machine("rack1"), later), media=media)
    turned.converge()
    assert todo(follow(turned)[0]) == ["ZZZ", "AAA"]


def test_what_an_older_look_found_is_found_out_again(world: FakeWorld) -> None:
    bars = one_of(world, "BARS")
    world.store.keep_findings(bars.stored, Findings(container="mov,mp4", loudness=-23.0))
    assert todo(follow(world)[0]) == ["BARS", "FILM"]


def test_a_file_that_cannot_be_looked_into_rests_and_is_tried_again(world: FakeWorld) -> None:
    bars = one_of(world, "BARS")
    inspector, wake = follow(world)
    world.yard.nodes[RACK1].silent = True
    inspector.look_into(bars, world.desired)
    world.yard.nodes[RACK1].silent = False
    assert (todo(inspector), world.database.findings) == (["FILM"], {})
    assert not wake.wait(0)
    world.clock.tick(601)
    inspector.follow(world.judge())
    assert sorted(todo(inspector)) == ["BARS", "FILM"]


def test_equal_content_is_looked_into_once_whatever_it_is_called(world: FakeWorld) -> None:
    node = world.yard.nodes[RACK1]
    bars, film = (replace(one_of(world, name), sha256="ab" * 32) for name in ("BARS", "FILM"))
    node.found[bars.stored] = TORN
    for one in (bars, film):
        look(world.ports, one, world.desired, lambda _done, _total: None)
    assert [call for call in node.calls if "inspect" in call] == [f"inspect {bars.stored}"]
    assert world.database.findings[film.stored].losses == TORN.losses
    look(world.ports, film, world.desired, lambda _done, _total: None, again=True)
    assert world.database.findings[film.stored].losses == ()


def test_the_thread_works_until_it_is_told_to_stop(world: FakeWorld) -> None:
    stop = threading.Event()
    inspector = Inspector(world.ports, Wake(), stop)
    done = threading.Event()
    world.yard.nodes[RACK1].delay = lambda what: done.set() if "inspect" in what else None
    thread = threading.Thread(target=inspector.run)
    thread.start()
    inspector.follow(world.judge())
    assert done.wait(LONG)
    stop.set()
    thread.join(LONG)
    assert not thread.is_alive()


def test_a_node_looks_into_one_file_at_a_time(world: FakeWorld) -> None:
    stop, begun, go_on = threading.Event(), threading.Event(), threading.Event()
    under_way: list[str] = []

    def note(what: str) -> None:
        if "inspect" in what:
            under_way.append(what)
            begun.set()
            assert go_on.wait(LONG)

    inspector = Inspector(world.ports, Wake(), stop)
    world.yard.nodes[RACK1].delay = note
    thread = threading.Thread(target=inspector.run)
    thread.start()
    inspector.follow(world.judge())
    assert begun.wait(LONG)
    assert inspector._take() is None, "its node is busy"
    stop.set()
    go_on.set()
    thread.join(LONG)
    assert len(under_way) == 1


def test_a_bug_met_in_one_file_does_not_end_the_looking_into_others(
    world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(what: str) -> None:
        raise LookupError(what)

    inspector, _ = follow(world)
    world.yard.nodes[RACK1].delay = stumble
    with caplog.at_level(logging.ERROR):
        inspector.look_into(one_of(world, "BARS"), world.desired)
    assert "LookupError" in caplog.text
    assert world.database.findings == {}
