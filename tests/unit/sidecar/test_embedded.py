"""The engine port over a real child process that speaks the real protocol, without video."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sidecar.disk import read_json
from reconciler.sidecar.embedded import EmbeddedEngine
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    Ended,
    EngineLost,
    Evidence,
    Failed,
    SlateSource,
    WantedOutput,
)
from tests.unit.sidecar.situations import RATE, spec
from tests.waiting import eventually

OUTPUT = WantedOutput(name="main", type="udp", url="udp://127.0.0.1:5999", digest="d1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    for name in "ab":
        (tmp_path / "media" / f"{name}.mp4").write_text("{}")
    return tmp_path


@pytest.fixture
def engine(folder: Path) -> Iterator[EmbeddedEngine]:
    port = EmbeddedEngine(spec(folder), (OUTPUT,))
    yield port
    port.close()


def pid_of(folder: Path) -> int:
    kept = read_json(folder / "engine.json")
    assert isinstance(kept, dict)
    return int(kept["pid"])


def cue(folder: Path, name: str, start: int, frames: int = 100_000) -> Cue:
    path = str(folder / "media" / f"{name}.mp4")
    return Cue(
        key=f"{name}@{start}",
        start=start,
        frames=frames,
        source=ClipSource(path=path, in_frame=0),
    )


def frame() -> int:
    return int(time.time() * RATE)


def is_on(engine: EmbeddedEngine, key: str) -> bool:
    on_air = engine.read().on_air
    return on_air is not None and on_air.key == key


def collect(engine: EmbeddedEngine, kind: type[Evidence]) -> Evidence:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for each in engine.wait(0.2):
            if isinstance(each, kind):
                return each
    raise AssertionError(f"no {kind.__name__} in time")


def test_what_is_told_is_shown_and_read_back(engine: EmbeddedEngine, folder: Path) -> None:
    start = frame() - 50
    serial = engine.show((cue(folder, "a", start),))

    seen = engine.await_seen(lambda s: s.serial >= serial and s.on_air is not None, 15)
    assert seen.on_air is not None
    assert abs(seen.on_air.source_frame - (seen.tick - start)) <= 1
    began = collect(engine, Began)
    assert isinstance(began, Began)
    assert began.start_error_frames >= 50


def test_the_gate_opens_and_shuts(engine: EmbeddedEngine) -> None:
    engine.send(on=True)
    eventually(lambda: [o.state for o in engine.read().outputs] == ["sending"])
    engine.send(on=False)
    eventually(lambda: not engine.read().sending)


def test_a_broken_file_is_told_before_its_time(engine: EmbeddedEngine, folder: Path) -> None:
    (folder / "media" / "b.mp4").write_text('{"damaged": true}')
    now = frame()
    engine.show((cue(folder, "a", now, 500), cue(folder, "b", now + 500)))

    failed = collect(engine, Failed)
    assert isinstance(failed, Failed)
    assert failed.key.startswith("b@")
    assert "damaged" in failed.error


def test_a_killed_engine_comes_back_at_the_right_frame(
    engine: EmbeddedEngine, folder: Path
) -> None:
    start = frame() - 10
    engine.send(on=True)
    engine.show((cue(folder, "a", start),))
    eventually(lambda: is_on(engine, f"a@{start}"))
    before = pid_of(folder)

    os.kill(before, signal.SIGKILL)

    lost = collect(engine, EngineLost)
    assert isinstance(lost, EngineLost)
    assert lost.tick >= start
    seen = engine.await_seen(lambda s: s.engine == "running" and s.on_air is not None, 5)
    assert seen.on_air is not None
    assert abs(seen.on_air.source_frame - (seen.tick - start)) <= 1
    eventually(lambda: engine.read().sending)
    assert engine.read().restarts == 1
    assert pid_of(folder) != before


@pytest.mark.parametrize("trouble", ["silent", "crash"])
def test_a_stuck_engine_is_replaced(engine: EmbeddedEngine, folder: Path, trouble: str) -> None:
    start = frame()
    engine.show((cue(folder, "a", start),))
    eventually(lambda: is_on(engine, f"a@{start}"))

    (folder / f"engine-{trouble}").touch()

    eventually(lambda: engine.read().restarts == 1)
    eventually(lambda: is_on(engine, f"a@{start}"))


def test_a_close_ends_the_engine_tidily(folder: Path) -> None:
    engine = EmbeddedEngine(spec(folder), ())
    start = frame()
    engine.show((cue(folder, "a", start),))
    eventually(lambda: is_on(engine, f"a@{start}"))
    pid = pid_of(folder)

    engine.close()

    ends = [each for each in engine.wait(0) if isinstance(each, Ended)]
    assert [(end.key, end.why) for end in ends] == [(f"a@{start}", "quit")]
    assert not Path(f"/proc/{pid}").exists()


def test_outputs_and_a_long_timeline_reach_a_late_engine(folder: Path) -> None:
    engine = EmbeddedEngine(spec(folder), ())
    start = frame() - 5
    cues = tuple(
        Cue(key=f"s@{i}", start=start + i * 10, frames=10, source=SlateSource())
        for i in range(3000)
    )
    engine.set_outputs((OUTPUT,))
    serial = engine.show(cues)

    seen = engine.await_seen(lambda s: s.serial >= serial, 15)
    assert seen.serial == serial
    eventually(lambda: len(engine.read().outputs) == 1)
    engine.close()
