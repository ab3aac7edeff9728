"""An engine outlives its sidecar, so that a crash of ours is no break on air; but never its right.

The fake CasparCG sends one datagram for each picture, by which every frame is counted.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.model.observed import Life, SidecarAnswer, SidecarSeen
from reconciler.sidecar.disk import GUARD_FILE, read_json
from reconciler.sidecar.proc import start_time
from tests.integration.casparcg_kit import FAKE, engine_pid, make_clip, sends
from tests.loopback import datagrams
from tests.strict import unable
from tests.unit.sidecar.rig import Rig, from_now
from tests.unit.sidecar.situations import rundown
from tests.waiting import eventually

pytestmark = [pytest.mark.media, pytest.mark.slow]
STARTS = 40.0  # seconds; a busy machine starts a child slowly
LONG = 120  # frames of each event: what plays and what waits behind it must last for a slow start
_PICTURE = re.compile(r"name='(?P<name>[^']*)', frame=(?P<frame>\d+)")


class FarEnd:
    """Takes the pictures of a UDP output."""

    def __init__(self) -> None:
        self._socket, self.url = datagrams(0)
        self.pictures: list[tuple[str, int]] = []

    def take(self) -> list[tuple[str, int]]:
        """All pictures that have come by now: the name of their file, and their number in it."""
        while True:
            try:
                text = self._socket.recv(1 << 16).decode()
            except BlockingIOError:
                return self.pictures
            found = _PICTURE.search(text)
            self.pictures.append((found["name"], int(found["frame"])) if found else ("black", 0))

    def has_next(self) -> bool:
        """Whether a second event has begun; what came before it is forgotten then.

        The first was joined in its middle, by command: that may be a frame off, which its end makes
        up for, so that the next begins on its own frame.
        """
        pictures = self.take()
        files = list(dict.fromkeys(n for n, _ in pictures if n not in {"", "black"}))
        if len(files) > 1:
            del pictures[: next(n for n, (name, _) in enumerate(pictures) if name == files[1])]
        return len(files) > 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    made = FarEnd()
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path: Path, file: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, engine=FAKE)
    for name in "abcd":
        os.link(file, made.media / f"{name}.mp4")
    try:
        yield made
    finally:
        made.close()


def on_air(rig: Rig, far_end: FarEnd, *, ttl: float | None = None) -> SidecarSeen:
    """A sidecar that sends a rundown of events of `LONG` frames."""
    output = {"name": "main", "type": "udp", "url": far_end.url, "options": {}, "digest": "d1"}
    seen = rig.start(engine="casparcg", outputs=[output])
    rig.load(seen, rundown(from_now("a b c d " * 20, frames=LONG, since=0)))
    rig.until(seen, lambda a: a.ready, within=STARTS)
    rig.client.grant(seen, None) if ttl is None else grant(rig, seen, ttl)
    rig.until(seen, lambda a: a.sending and a.on_air is not None, within=STARTS)
    eventually(far_end.has_next, within=STARTS)
    return seen


def _steps(pictures: list[tuple[str, int]]) -> list[int]:
    """From each picture to the next; 0: it is of another file, and no end and beginning."""
    return [
        after[1] - before[1]
        if before[0] == after[0]
        else int(bool(after[0]) and before[1] == LONG - 1 and after[1] == 0)
        for before, after in pairwise(pictures)
    ]


def grant(rig: Rig, seen: SidecarSeen, ttl: float) -> None:
    asked = replace(seen, answer=rig.client.status(seen))
    rig.client.grant(asked, timedelta(seconds=ttl))


def kill(rig: Rig, seen: SidecarSeen) -> int:
    """Kill the sidecar; returns what its number was."""
    pid = rig.folder(seen).pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: start_time(pid) is None)
    return pid


def until_again(rig: Rig, seen: SidecarSeen, dead: int) -> SidecarSeen:
    """The sidecar that came in place of `dead`, once it reads its engine back."""

    def answers() -> bool:
        found = rig.again(seen)
        is_new = rig.folder(found).pid() not in {None, dead}
        return is_new and rig.folder(found).is_locked() and bool(found.url) and fresh(found)

    def fresh(found: SidecarSeen) -> bool:
        try:
            return rig.client.status(found).on_air is not None
        except Exception:  # noqa: BLE001  # it does not answer yet, or the old one's port is dead
            return False

    begun = time.monotonic()
    eventually(answers, within=STARTS)
    if time.monotonic() - begun > 2 * LONG / 25 - 3:
        unable("this machine starts a sidecar slower than two events last")
    return rig.again(seen)


def guard_pid(folder: Path) -> int:
    found = read_json(folder / GUARD_FILE)
    assert isinstance(found, dict)
    return int(found["pid"])


def test_a_killed_sidecar_comes_back_by_itself_and_no_frame_is_missed(
    rig: Rig, far_end: FarEnd
) -> None:
    seen = on_air(rig, far_end)
    engine, guard = rig.folder(seen).engine_pid(), guard_pid(rig.folder(seen).path)
    rig.until(seen, lambda a: 8 < _position(a) < 40, within=STARTS)  # the next waits behind
    before = len(far_end.take())
    dead = kill(rig, seen)
    assert rig.again(seen).life is Life.RUNNING, "nobody retires what its guard keeps"

    again = until_again(rig, seen, dead)
    answer = rig.until(again, lambda a: a.sending and a.on_air is not None, within=STARTS)
    came = len(far_end.take())
    eventually(lambda: len(far_end.take()) > came + 25)

    assert rig.folder(again).engine_pid() == engine
    eventually(lambda: start_time(guard) is None)  # another took over from it
    assert came > before
    _assert_gapless(far_end.pictures)
    assert answer.on_air is not None
    assert answer.on_air.start <= answer.tick < answer.on_air.start + LONG + 2


def _position(answer: SidecarAnswer) -> int:
    return answer.tick - answer.on_air.start if answer.on_air is not None else 1 << 30


def _assert_gapless(pictures: list[tuple[str, int]]) -> None:
    """Each picture is the next of its file, or another's first after the last of an event."""
    assert len(pictures) > 25
    wrong = [n for n, step in enumerate(_steps(pictures)) if step != 1]
    assert wrong == [], [pictures[n : n + 2] for n in wrong]


def test_the_as_run_row_goes_on_over_the_death_of_its_sidecar(rig: Rig, far_end: FarEnd) -> None:
    seen = on_air(rig, far_end)
    rig.until(seen, lambda a: 8 < _position(a) < 40, within=STARTS)
    answer = rig.client.status(seen)
    assert answer.on_air is not None
    event = str(answer.on_air.event)
    rig.until_noted(seen, answer.on_air.title)
    again = until_again(rig, seen, kill(rig, seen))
    eventually(lambda: any(r.event == event for r in rig.rows(again)), within=STARTS)

    rows = [row for row in rig.rows(again) if row.event == event]
    assert [(row.why, row.evidence) for row in rows] == [("end", "engine")]
    assert abs(rows[0].last_tick - rows[0].first_tick - LONG + 1) <= 2


def test_a_lease_that_ends_is_known_to_the_next_life_of_the_sidecar(
    rig: Rig, far_end: FarEnd
) -> None:
    seen = on_air(rig, far_end, ttl=30)
    rig.until(seen, lambda a: 8 < _position(a) < 40, within=STARTS)
    again = until_again(rig, seen, kill(rig, seen))
    answer = rig.until(again, lambda a: a.sending, within=STARTS)
    assert answer.lease_left is not None
    assert answer.lease_left.total_seconds() < 30
    _assert_gapless(far_end.take())


def test_one_that_is_retired_while_nobody_drives_it_ends_at_once_and_for_good(
    rig: Rig, far_end: FarEnd
) -> None:
    seen = on_air(rig, far_end)
    engine, guard = rig.folder(seen).engine_pid(), guard_pid(rig.folder(seen).path)
    assert engine is not None
    kill(rig, seen)
    rig.node.retire(seen.channel, seen.epoch)
    assert start_time(engine) is None
    eventually(lambda: start_time(guard) is None)
    time.sleep(0.5)  # whoever might have started it anew would have by now
    assert rig.again(seen).life is Life.DEAD


def test_without_its_guard_a_dead_sidecars_engine_is_left_to_the_node(
    rig: Rig, far_end: FarEnd
) -> None:
    """Both are killed at once: nobody ends it by itself, the node's next word does."""
    seen = on_air(rig, far_end)
    folder = rig.folder(seen)
    engine = folder.engine_pid()
    rig.until(seen, lambda a: 25 < _position(a) < 50, within=STARTS)
    os.kill(guard_pid(folder.path), signal.SIGSTOP)  # so that it cannot act in between
    kill(rig, seen)
    os.kill(guard_pid(folder.path), signal.SIGKILL)
    eventually(lambda: rig.again(seen).life is Life.DEAD)
    assert folder.engine_pid() == engine

    again = rig.start(engine="casparcg", outputs=[])
    rig.until(again, lambda a: a.sending and a.on_air is not None, within=STARTS)
    assert folder.engine_pid() == engine, "started by the node in the same folder, it adopts"
    _assert_gapless(far_end.take())
    rig.node.retire(seen.channel, seen.epoch)
    assert folder.engine_pid() is None


def test_a_killed_guard_is_replaced_and_the_picture_goes_on(rig: Rig, far_end: FarEnd) -> None:
    seen = on_air(rig, far_end)
    folder = rig.folder(seen)
    engine, guard = folder.engine_pid(), guard_pid(folder.path)
    os.kill(guard, signal.SIGKILL)
    eventually(lambda: guard_pid(folder.path) != guard)
    came = len(far_end.take())
    eventually(lambda: len(far_end.take()) > came + 25)
    assert folder.engine_pid() == engine
    assert rig.client.status(seen).sending
    _assert_gapless(far_end.pictures)


LONELY = """
import sys, time
from pathlib import Path
from reconciler.sidecar.casparcg import engine
from tests.integration.casparcg_kit import Station, srt
engine.GRACE = float(sys.argv[3])
it = Station(Path(sys.argv[1]), Path(sys.argv[2]), [srt("main", 9301)])
until = time.monotonic() + float(sys.argv[4]) if len(sys.argv) > 4 else None
it.engine.send(on=True, until=until)
it.until(lambda s: s.sending and s.outputs[0].state == "sending")
print("sending", until, flush=True)
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def lonely(tmp_path: Path, file: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Sidecars that nobody starts again: made by `start_lonely`, ended with the test."""
    made: list[subprocess.Popen[str]] = []
    yield made
    for child in made:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def start_lonely(folder: Path, file: Path, *words: str) -> tuple[subprocess.Popen[str], float]:
    child = subprocess.Popen(
        [sys.executable, "-c", LONELY, str(folder), str(file), *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    said, until = child.stdout.readline().split()
    assert said == "sending"
    return child, float("inf") if until == "None" else float(until)


def ended_at(pid: int, within: float) -> float:
    eventually(lambda: start_time(pid) is None, within=within)
    return time.monotonic()


def test_an_engine_for_which_nobody_comes_ends_with_its_grace(
    tmp_path: Path, file: Path, lonely: list[subprocess.Popen[str]]
) -> None:
    child, _ = start_lonely(tmp_path, file, "3")
    lonely.append(child)
    engine = engine_pid(tmp_path)
    child.kill()
    killed = time.monotonic()
    child.wait()
    assert sends(tmp_path), "it plays on, and sends"
    assert ended_at(engine, 20) - killed > 1.5


def test_a_lease_that_lapses_meanwhile_ends_the_engine_before_its_time(
    tmp_path: Path, file: Path, lonely: list[subprocess.Popen[str]]
) -> None:
    child, until = start_lonely(tmp_path, file, "600", "20")
    lonely.append(child)
    engine = engine_pid(tmp_path)
    child.kill()
    child.wait()
    assert time.monotonic() < until - 2, "this machine was too slow to see it"
    assert sends(tmp_path)
    time.sleep(max(0.0, until - time.monotonic()) + 0.1)  # the moment that must not be passed
    assert start_time(engine) is None
