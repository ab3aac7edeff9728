from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.adapters.lineup_reader import FolderLineupReader
from reconciler.lineup.templating import Values
from reconciler.model.ids import NodeName
from reconciler.shell import wakers
from reconciler.shell.loop import Wake
from tests.builders import channel, lineup, machine
from tests.fakes_nodes import FakeLibrary
from tests.fakes_world import FakeWorld
from tests.waiting import eventually

DEADLINE = 15.0
RACK1 = NodeName("rack1")


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def rings(wake: Wake) -> bool:
    return wake.wait(DEADLINE)


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def again_and_again(act: Callable[[int], None], wake: Wake) -> bool:
    """Do `act` until it is heard: a watcher takes a moment until it listens."""
    for number in range(30):
        act(number)
        if wake.wait(0.5):
            return True
    return False


def test_a_commit_rings(tmp_path: Path, stop: threading.Event) -> None:
    git(tmp_path, "init", "-b", "main")
    reader = FolderLineupReader(tmp_path, Values(env={}, secrets={}, mark_key=b"k"))
    wake = Wake()
    thread = wakers.on_lineup(reader, wake, stop)
    assert again_and_again(
        lambda n: git(tmp_path, "commit", "--allow-empty", "-m", f"change {n}"), wake
    )
    stop.set()
    thread.join(DEADLINE)
    assert not thread.is_alive()


def test_a_saved_file_of_a_plain_folder_rings_and_others_do_not(
    tmp_path: Path, stop: threading.Event
) -> None:
    world = FakeWorld(lineup())
    world.lineup.paths = (tmp_path, tmp_path / "gone")
    wake = Wake()
    wakers.on_lineup(world.lineup, wake, stop)
    assert again_and_again(lambda n: (tmp_path / f"{n}.yaml").touch(), wake)
    eventually(lambda: not wake.wait(0.6))
    (tmp_path / "half.tmp").touch()
    assert not wake.wait(0.6)


def test_a_lineup_that_cannot_be_watched_is_only_looked_at(
    stop: threading.Event, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_paths: Path, **_options: object) -> Iterator[None]:
        raise OSError("no space left on device")

    monkeypatch.setattr(wakers, "watch", full)
    with caplog.at_level(logging.WARNING):
        wakers.on_lineup(FakeWorld(lineup()).lineup, Wake(), stop).join(DEADLINE)
    assert "noticed by looking" in caplog.text


# ── nodes ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    monkeypatch.setattr(wakers, "_ASK", 0.02)
    found = FakeWorld(lineup(channel("news"), machine("rack1"), machine("rack2")))
    found.converge()
    return found


def bells(world: FakeWorld, stop: threading.Event) -> tuple[wakers.NodeBells, Wake]:
    wake = Wake()
    found = wakers.NodeBells(world.ports, wake, stop)
    found.follow(world.desired)
    return found, wake


def test_a_sidecars_death_rings(world: FakeWorld, stop: threading.Event) -> None:
    _, wake = bells(world, stop)
    world.yard.kill("news", 1)
    assert rings(wake)


def test_a_node_that_falls_silent_rings_once_and_once_more_when_it_is_back(
    world: FakeWorld, stop: threading.Event
) -> None:
    rack = world.yard.nodes[RACK1]
    answers = threading.Event()

    def changed(_timeout: float) -> bool:
        stop.wait(0.01)
        rack._call("changed")
        answers.set()
        return False

    rack.changed = changed  # type: ignore[method-assign,assignment]  # one that can be silent
    _, wake = bells(world, stop)
    assert answers.wait(DEADLINE)
    rack.silent = True
    assert rings(wake)
    assert not wake.wait(0.2)
    rack.silent = False
    assert rings(wake)
    assert not wake.wait(0.1)


def test_a_node_that_joins_the_lineup_is_listened_to_and_one_that_left_is_not(
    world: FakeWorld, stop: threading.Event
) -> None:
    found, wake = bells(world, stop)
    names = {"wake-rack1", "wake-rack2"}
    assert names <= {thread.name for thread in threading.enumerate()}
    world.yard.node("rack3")
    found.follow(lineup(channel("news"), machine("rack3")))
    eventually(lambda: not names & {thread.name for thread in threading.enumerate()})
    eventually(lambda: not wake.wait(0.1))
    world.yard.nodes[NodeName("rack3")].look()
    world.yard.kill("news", 1)
    assert rings(wake)


def test_one_node_of_a_kind_that_we_cannot_ask_does_not_end_the_bells(
    world: FakeWorld, stop: threading.Event
) -> None:
    found, wake = bells(world, stop)
    found.follow(lineup(channel("news"), machine("cloud"), machine("rack1")))
    assert rings(wake)  # the cloud does not answer
    eventually(lambda: not wake.wait(0.1))
    world.yard.kill("news", 1)
    assert rings(wake)


def test_the_end_rings(stop: threading.Event) -> None:
    wake = Wake()
    thread = wakers.at_end(wake, stop)
    stop.set()
    assert rings(wake)
    thread.join(DEADLINE)


def test_media_that_comes_to_be_known_rings(stop: threading.Event) -> None:
    library = FakeLibrary({})
    wake = Wake()
    wakers.on_media(library, wake, stop)

    assert again_and_again(lambda _: library.tell(), wake)
