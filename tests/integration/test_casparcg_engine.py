"""The CasparCG port on the fake server as a child process, in real time, with its misfortunes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.sidecar.casparcg import lookout
from reconciler.sidecar.engine_port import EngineLost, EngineSeen
from reconciler.sidecar.proc import start_time
from tests.integration.casparcg_kit import (
    FAKE,
    WITHIN,
    Station,
    consumers,
    engine_pid,
    make_clip,
    sends,
    srt,
    station,
)

pytestmark = [pytest.mark.media, pytest.mark.slow]
BUSY = 3  # frames by which a busy machine may be late; exactness is proven in virtual time


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def running(told: Station) -> EngineSeen:
    return told.until(lambda s: s.engine == "running" and s.tick > 0)


def state_of(seen: EngineSeen, name: str) -> str:
    return next((each.state for each in seen.outputs if each.name == name), "none")


def test_a_rundown_is_shown_on_time_and_told_as_it_was_read_back(
    tmp_path: Path, clip: Path
) -> None:
    with station(tmp_path, clip) as it:
        running(it)
        start = it.now() + 60
        serial = it.engine.show(
            [
                it.clip("a", start, 50),
                it.clip("b", start + 50, 50, begin=40),
                it.clip("c", start + 100, 50),
            ]
        )
        it.until(lambda s: s.serial == serial)
        it.until(lambda s: "c" in it.ended() and s.engine == "running")
        began, ended = it.began(), it.ended()
    assert abs(began["a"].tick - start) <= BUSY
    for key, at, source in (("b", start + 50, 40), ("c", start + 100, 0)):
        assert abs(began[key].tick - at) <= BUSY
        assert began[key].source_frame == source
    assert [ended[key].why for key in "abc"] == ["end"] * 3
    assert abs(ended["b"].last_source_frame - 89) <= 1


def test_a_killed_engine_is_back_at_the_right_frame_of_the_right_event(
    tmp_path: Path, clip: Path
) -> None:
    with station(tmp_path, clip, [srt("main", 9401)]) as it:
        running(it)
        it.engine.send(on=True)
        start = it.now() + 40
        keys = [f"{'abcd'[n % 4]}{n}" for n in range(12)]
        it.engine.show([it.clip(key, start + n * 100, 100) for n, key in enumerate(keys)])
        it.until_on_air("a0")
        before = it.engine_pid()
        os.kill(before, signal.SIGKILL)
        it.until(lambda s: s.restarts == 1)
        seen = it.until(lambda s: s.on_air is not None and s.on_air.moving)
        it.until(lambda s: s.sending and state_of(s, "main") == "sending")
        assert it.engine_pid() != before
        assert any(isinstance(each, EngineLost) for each in it.told)
    assert seen.on_air is not None
    assert seen.on_air.key == keys[(seen.tick - start) // 100]
    assert abs(seen.on_air.source_frame - (seen.tick - start) % 100) <= BUSY


@pytest.mark.parametrize("knob", ["fake-hang", "fake-crash"])
def test_an_engine_that_hangs_or_crashes_is_replaced(tmp_path: Path, clip: Path, knob: str) -> None:
    with station(tmp_path, clip) as it:
        running(it)
        it.engine.show([it.clip("a", it.now(), 100_000)])
        it.knob(knob)
        it.until(lambda s: s.restarts >= 1)
        it.until(lambda s: s.engine == "running")


LAZY = """
import os, sys
from pathlib import Path
mark = Path(sys.argv[2]).parent / "tried"
if not mark.exists():
    mark.touch()
    sys.exit(0)
os.execv(sys.executable, [sys.executable, sys.argv[1], sys.argv[2]])
"""


def test_an_engine_that_does_not_start_is_started_again(tmp_path: Path, clip: Path) -> None:
    """It ends with exit code 0, as the real one does when it cannot start."""
    command = (sys.executable, "-c", LAZY, FAKE[1])
    with station(tmp_path, clip, command=command) as it:
        seen = running(it)
        assert seen.restarts == 1
        assert start_time(it.engine_pid()) is not None
    assert start_time(engine_pid(tmp_path)) is None, "a tidy end leaves nothing behind"


def test_where_files_cannot_be_looked_into_the_engine_plays_and_tells_it(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "TRY_AGAIN", 0.1)
    with station(tmp_path, clip) as it:
        running(it)
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "av", None)
            it.engine.show([it.clip("a", it.now() + 40, 500)])
            it.until(lambda s: "files cannot be looked into" in s.error and s.engine == "running")
            it.until(lambda s: s.on_air is not None and s.on_air.moving)
        it.until(lambda s: not s.error)


def test_the_gate_opens_and_shuts_and_a_lease_that_ends_shuts_it(
    tmp_path: Path, clip: Path
) -> None:
    with station(tmp_path, clip, [srt("main", 9101)]) as it:
        running(it)
        assert state_of(it.engine.read(), "main") == "silent"
        assert consumers(tmp_path) == {}
        it.engine.send(on=True)
        it.until(lambda s: s.sending and state_of(s, "main") == "sending")
        it.engine.send(on=True, until=time.monotonic() + 1.0)
        it.until(lambda s: not s.sending)
        assert state_of(it.engine.read(), "main") == "silent"


def test_an_engine_that_begins_after_the_lease_plays_on_in_silence(
    tmp_path: Path, clip: Path
) -> None:
    with station(tmp_path, clip, [srt("main", 9121)]) as it:
        running(it)
        it.engine.show([it.clip("a", it.now(), 100_000)])
        it.engine.send(on=True, until=time.monotonic() + 0.5)
        it.until(lambda s: s.sending)
        it.until(lambda s: not s.sending)
        os.kill(it.engine_pid(), signal.SIGKILL)
        it.until(lambda s: s.restarts == 1 and s.engine == "running" and s.on_air is not None)
        anew, tick = it.engine_pid(), it.engine.read().tick
        seen = it.until(lambda s: s.tick > tick + 25)
        assert (seen.restarts, seen.sending) == (1, False)
        assert it.engine_pid() == anew
        assert consumers(tmp_path) == {}


def test_a_lost_output_comes_back_and_the_other_is_not_touched(tmp_path: Path, clip: Path) -> None:
    outputs = [srt("one", 9201), srt("two", 9202)]
    with station(tmp_path, clip, outputs) as it:
        running(it)
        it.engine.send(on=True)
        it.until(lambda s: {each.state for each in s.outputs} == {"sending"})
        it.knob("fake-far-ends.json", {"srt://127.0.0.1:9201": "refuses"})
        it.until(lambda s: state_of(s, "one") == "down")
        before = max(each.frame or 0 for each in consumers(tmp_path).values())
        it.knob("fake-far-ends.json", {"srt://127.0.0.1:9201": "listens"})
        seen = it.until(lambda s: state_of(s, "one") == "sending", within=WITHIN)
        after = max(each.frame or 0 for each in consumers(tmp_path).values())
        restarts = {each.name: each.restarts for each in seen.outputs}
    assert restarts["two"] == 0
    assert after > before


SIDECAR = """
import sys, time
from pathlib import Path
from tests.integration.casparcg_kit import Station, srt
it = Station(Path(sys.argv[1]), Path(sys.argv[2]), [srt("main", 9301)])
until = time.monotonic() + float(sys.argv[3]) if len(sys.argv) > 3 else None
it.engine.send(on=True, until=until)
it.until(lambda s: s.sending and s.outputs[0].state == "sending")
print("sending", until, flush=True)
while True:
    time.sleep(0.05)
"""


def sidecar(folder: Path, clip: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SIDECAR, str(folder), str(clip), *more],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )


def test_a_frozen_sidecar_sends_no_longer_than_its_lease(tmp_path: Path, clip: Path) -> None:
    child = sidecar(tmp_path, clip, "20")
    try:
        assert child.stdout is not None
        said, until = child.stdout.readline().split()
        assert said == "sending"
        child.send_signal(signal.SIGSTOP)
        assert sends(tmp_path)
        left = float(until) - time.monotonic()
        assert left > 0, "this machine was too slow to freeze it in time"
        time.sleep(left + 0.6)
        assert not sends(tmp_path)
        assert start_time(engine_pid(tmp_path)) is not None, "it plays on inside"
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
