"""What `up` is made of: programs that are started again, signals, sample media, and its words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler.cli import programs, sample, up
from reconciler.cli.programs import Program, stop_programs
from reconciler.cli.sample import make_missing_samples
from reconciler.cli.signals import until_told
from reconciler.engine.testcard import SLATE
from reconciler.model.ids import AssetId
from reconciler.settings import Settings
from tests.builders import channel, lineup, machine, udp
from tests.fakes_world import FakeWorld
from tests.waiting import eventually

DEADLINE = 20.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    state = tmp_path / "state"
    state.mkdir()
    return Settings(
        lineup=tmp_path / "lineup", state=state, database_url="postgresql://127.0.0.1:1/x"
    )


# ── programs ─────────────────────────────────────────────────────────────────────────────────────


def sleeper(settings: Settings, stop: threading.Event) -> Program:
    program = Program(settings, ["watch"], stop)
    program._argv = [sys.executable, "-c", "import time; time.sleep(60)", "reconcile", "watch"]
    return program


def test_a_program_is_ours_with_our_settings(settings: Settings) -> None:
    assert Program(settings, ["serve", "--port", "1"], threading.Event())._argv[1:] == [
        "-m",
        "reconciler",
        "--lineup",
        str(settings.lineup),
        "--state",
        str(settings.state),
        "--database-url",
        settings.database_url,
        "serve",
        "--port",
        "1",
    ]


def test_a_program_runs_until_it_is_told_to_stop(settings: Settings) -> None:
    stop = threading.Event()
    program = sleeper(settings, stop)
    program.start()
    pidfile = settings.state / "watch.pid"
    eventually(lambda: pidfile.is_file() and pidfile.read_text() != "")
    stop.set()
    program.join(DEADLINE)
    assert not program.is_alive()
    assert not pidfile.exists()


def test_a_program_that_ends_is_started_again_later_each_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "_RETRY", 0.01)
    monkeypatch.setattr(programs, "_GLANCE", 0.01)
    stop = threading.Event()
    program = Program(settings, ["watch"], stop)
    program._argv = [sys.executable, "-c", "print('port taken'); raise SystemExit(1)"]
    program.start()
    log = settings.state / "watch.log"
    eventually(lambda: log.is_file() and log.read_text().count("port taken") >= 3)
    stop.set()
    program.join(DEADLINE)
    assert "watch ended (exit 1); starting it again in" in capfd.readouterr().err


def test_a_program_that_does_not_obey_is_killed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_TIDY", 0.2)
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); "
        "print(1, flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline()
        programs._end(child)
        assert child.returncode == -signal.SIGKILL


def test_programs_that_an_up_left_are_ended_and_no_others(settings: Settings) -> None:
    ours = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", "reconcile", "watch"]
    )
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with ours, other:
        (settings.state / "watch.pid").write_text(f"{ours.pid}\n", encoding="ascii")
        (settings.state / "serve.pid").write_text(f"{other.pid}\n", encoding="ascii")
        (settings.state / "up.pid").write_text("nonsense", encoding="ascii")
        reaper = threading.Thread(target=ours.wait)
        reaper.start()
        stop_programs(settings)
        reaper.join(DEADLINE)
        assert ours.returncode == -signal.SIGTERM
        assert other.poll() is None
        other.kill()


def test_with_nothing_left_there_is_nothing_to_end(settings: Settings) -> None:
    (settings.state / "watch.pid").write_text("999999999\n", encoding="ascii")
    stop_programs(settings)


# ── signals ──────────────────────────────────────────────────────────────────────────────────────


def test_a_signal_asks_and_the_handlers_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with until_told() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(DEADLINE)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "a second one ends it at once"
    assert signal.getsignal(signal.SIGTERM) is before


# ── sample media ─────────────────────────────────────────────────────────────────────────────────


def test_media_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    world = FakeWorld(lineup(channel("news"), machine("rack1")))
    told: list[str] = []
    make_missing_samples(world.ports, world.desired, tmp_path, tell=told.append)
    assert told == []
    assert list(tmp_path.iterdir()) == []


def test_samples_that_are_there_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_up(_text: str) -> None:
        assert made == []

    made: list[Path] = []
    monkeypatch.setattr(sample, "make_sample_media", lambda folder, _tell: made.append(folder))
    slate = AssetId(Path(SLATE).stem)
    world = FakeWorld(lineup(channel("news", slate=slate)), media={"BARS": 10, slate: 10})
    make_missing_samples(world.ports, world.desired, tmp_path, tell=made_up)
    assert made == []
    world.library.lengths[slate] = "no such file"
    make_missing_samples(world.ports, world.desired, tmp_path, tell=made_up)
    assert made == [Path("/library")]


# ── what it says ─────────────────────────────────────────────────────────────────────────────────


def test_each_channel_is_told_once_as_it_comes_on_air(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    world = FakeWorld(lineup(channel("news"), channel("off", on_air=False)))
    world.converge()
    up._wait_on_air(world.ports, world.desired, settings, threading.Event())
    assert capsys.readouterr().err == "on air: news: BARS\n"


def test_a_channel_that_does_not_come_says_where_to_look(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "_SHOW", 0.0)
    world = FakeWorld(lineup(channel("news")))
    up._wait_on_air(world.ports, world.desired, settings, threading.Event())
    assert capsys.readouterr().err.startswith("not on air yet: news; see: reconcile status")


def test_the_welcome_says_where_the_page_is_and_how_to_watch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = "/a/project/that/somebody/keeps/rather/deep/down/.venv/bin/reconcile"
    monkeypatch.setattr(up, "_command", lambda: deep)
    desired = lineup(channel("news", udp()), channel("sport", udp(url="udp://127.0.0.1:5008")))
    said = up._welcome(settings, desired, ("127.0.0.1", 8080))
    assert "http://127.0.0.1:8080/" in said
    assert f"{deep} live news skip" in said
    assert said.count("ffplay") == 2
    assert max(map(len, said.splitlines())) <= 100
    assert "preview" in up._welcome(settings, lineup(), ("127.0.0.1", 8080))


def test_paths_are_told_as_one_would_type_them(settings: Settings) -> None:
    assert up._near(settings.lineup) == "lineup"
    assert up._near(Path("/elsewhere")) == "/elsewhere"
