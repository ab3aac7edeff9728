"""What outlives a sidecar, for how long, and what its successor makes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.errors import Rejected
from reconciler.sidecar import main
from reconciler.sidecar.casparcg import guard, names
from reconciler.sidecar.casparcg.adopting import adopt_back
from reconciler.sidecar.casparcg.airing import observe
from reconciler.sidecar.casparcg.server import Server
from reconciler.sidecar.casparcg.shelf import Shelf
from reconciler.sidecar.casparcg.state import Layer, Memory, Wanted
from reconciler.sidecar.casparcg.ticks import BEHIND, WINDOW, TickGrid
from reconciler.sidecar.casparcg.timeline import Timeline
from reconciler.sidecar.casparcg.warden import Warden, Watch
from reconciler.sidecar.disk import ENDING_FILE, GUARD_FILE, read_json
from reconciler.sidecar.engine_port import Began, ClipSource, Cue
from reconciler.sidecar.proc import Found, start_time
from tests.unit.sidecar.situations import spec
from tests.waiting import eventually

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
AIR = Cue(key="a", start=1000, frames=100, source=ClipSource(path="/m/a.mp4", in_frame=40))
NEXT = Cue(key="b", start=1100, frames=100, source=ClipSource(path="/m/b.mp4", in_frame=0))
WANTED = Wanted(timeline=Timeline((AIR, NEXT)), rate=Fraction(25), slate="/m/slate.png")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(SLEEPS)
    yield child
    child.kill()
    child.wait()


# ── how long ─────────────────────────────────────────────────────────────────────────────────────


def test_an_engine_without_its_sidecar_never_outlasts_its_lease() -> None:
    assert guard.ends_at(100.0, 30.0, None) == 130.0
    assert guard.ends_at(100.0, 30.0, 120.0) == 120.0
    assert guard.ends_at(100.0, 30.0, 500.0) == 130.0
    assert guard.ends_at(100.0, 30.0, 90.0) == 90.0


def outlive(engine: subprocess.Popen[bytes], folder: Path, **more: object) -> float:
    """Seconds that the guard of a dead sidecar took to return."""
    it = guard.Guard()
    told = {"pid": engine.pid, "started": start_time(engine.pid), "folder": str(folder), **more}
    it.take(json.dumps(told).encode())
    begun = time.monotonic()
    it.outlive()
    return time.monotonic() - begun


def test_nobody_came(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert outlive(sleeper, tmp_path, grace=1.5) > 0.4
    assert sleeper.wait(10) < 0


def test_a_lease_that_has_lapsed_leaves_no_time(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    outlive(sleeper, tmp_path, grace=600, ports=[700], until=time.monotonic() - 1)
    assert sleeper.wait(10) < 0


def test_a_sidecar_that_was_told_to_end_leaves_no_engine(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    (tmp_path / ENDING_FILE).touch()
    outlive(sleeper, tmp_path, grace=600)
    assert sleeper.wait(10) < 0


def test_without_word_of_a_grace_there_is_none(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    outlive(sleeper, tmp_path)
    assert sleeper.wait(10) < 0


def test_the_sidecar_is_started_anew_until_one_stays(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    command = [sys.executable, "-c", f"open({str(mark)!r}, 'a').write('x')"]
    again = guard.Again(command, tmp_path)
    now = 0.0

    def starts(count: int) -> bool:
        nonlocal now
        now += 10
        again.turn(now)
        return mark.exists() and len(mark.read_text()) >= count

    eventually(lambda: starts(2))
    if again._child is not None:
        again._child.wait(10)
    found = read_json(tmp_path / "pid.json")
    assert isinstance(found, dict)
    assert isinstance(found["pid"], int)


def test_one_that_ends_at_once_is_not_started_in_a_loop(tmp_path: Path) -> None:
    again = guard.Again([sys.executable, "-c", ""], tmp_path)
    again.turn(100.0)
    child = again._child
    assert child is not None
    child.wait(10)
    again.turn(100.1)
    assert again._child is None, "it waits first"
    again.turn(100.1 + guard.AGAIN_AFTER[1])
    assert again._child is not None
    again._child.wait(10)


def test_who_is_started_by_a_guard_obeys_the_word_to_end(tmp_path: Path) -> None:
    (tmp_path / ENDING_FILE).touch()
    with pytest.raises(Rejected, match="told to end"):
        main._begin(tmp_path, again=True)
    main._begin(tmp_path, again=False)
    assert not (tmp_path / ENDING_FILE).exists(), "whoever starts it on purpose wants it"
    main._begin(tmp_path, again=True)


# ── who takes over ───────────────────────────────────────────────────────────────────────────────


def test_an_engine_that_runs_is_found_and_ended_like_a_child(tmp_path: Path) -> None:
    one = Server(replace(spec(tmp_path), engine_command=SLEEPS))
    assert not one.adopt()
    one.start(())
    one.note({700: "digest"}, 12)
    one.go()
    other = Server(replace(spec(tmp_path), engine_command=SLEEPS))
    assert other.adopt()
    assert (other.pid, other.port, other.phrase) == (one.pid, one.port, one.phrase)
    assert (other.noted, other.base) == ({700: "digest"}, 12)
    assert other.ended() == ""
    other.end(tidily=True)
    assert one.ended() != ""
    one.end(tidily=False)
    assert not other.adopt()


def test_an_engine_that_was_never_told_to_begin_ends_with_who_started_it(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    command = (sys.executable, "-c", f"open({str(mark)!r}, 'w')")
    server = Server(replace(spec(tmp_path), engine_command=command))
    server.start(())
    child = server._child
    assert isinstance(child, subprocess.Popen)
    assert child.stdin is not None
    child.stdin.close()  # as the kernel does for one that died
    child.wait(10)
    assert not mark.exists()


def test_a_process_of_somebody_else_is_waited_for(sleeper: subprocess.Popen[bytes]) -> None:
    started = start_time(sleeper.pid)
    assert started is not None
    found = Found(sleeper.pid, started)
    assert found.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        found.wait(0.01)
    found.kill()
    found.wait(10)
    eventually(lambda: found.poll() == 0)
    found.terminate()  # of one that is gone: nothing happens


def test_the_guard_before_is_relieved_once_another_knows_the_engine(tmp_path: Path) -> None:
    watch = Watch(pid=None, started=None, port=1, phrase="p", ports=(), until=None)
    one, other = Warden(tmp_path), None
    try:
        assert one.tell(watch)
        before = read_json(tmp_path / GUARD_FILE)
        other = Warden(tmp_path)
        assert isinstance(before, dict)
        assert start_time(before["pid"]) == before["started"]
        assert other.tell(watch)
        eventually(lambda: start_time(before["pid"]) != before["started"])
        assert read_json(tmp_path / GUARD_FILE) != before
    finally:
        one.close()
        if other is not None:
            other.close()


# ── what it makes of the picture ─────────────────────────────────────────────────────────────────


def playing(**more: object) -> Layer:
    layer = Layer(
        tick=1050,
        name=names.name_for(AIR, "/m/a.mp4", 7),
        producer="ffmpeg",
        frame=90,
        in_frame=40,
        length=100,
        total=200,
        count=5,
        waiting=50,
        back="transition",
        back_name=names.name_for(NEXT, "/m/b.mp4", 8),
    )
    return replace(layer, **more)  # type: ignore[arg-type]  # names of fields


def test_what_waits_behind_is_kept_for_its_cue() -> None:
    back = adopt_back(WANTED, playing())
    assert back is not None
    assert (back.cue, back.auto, back.take_at, back.ready) == (NEXT, True, 1100, False)
    assert (back.what.name, back.what.length) == (names.name_for(NEXT, "/m/b.mp4", 8), 100)
    by_command = adopt_back(WANTED, playing(waiting=None))
    assert by_command is not None
    assert not by_command.auto


@pytest.mark.parametrize(
    "more",
    [
        {"back": "empty", "back_name": ""},
        {"back_name": "of-somebody.mp4"},
        {"tick": 1100},  # it is due already, so it may have been loaded to begin anywhere
    ],
)
def test_what_cannot_be_counted_on_is_not_kept(more: dict[str, object]) -> None:
    assert adopt_back(WANTED, playing(**more)) is None


def test_what_is_on_air_is_the_cue_that_it_was_and_began_when_it_did() -> None:
    _, told = observe(playing(), WANTED.timeline, Memory())
    assert [(each.key, each.tick) for each in told if isinstance(each, Began)] == [("a", 1000)]


def test_where_the_engines_ticks_lie_is_told_with_what_began() -> None:
    _, told = observe(playing(offset_ms=12.5), WANTED.timeline, Memory())
    assert [each.offset_ms for each in told if isinstance(each, Began)] == [12.5]


def test_a_picture_that_went_on_after_a_hold_began_with_what_follows_the_hold() -> None:
    after = replace(AIR, key="a2", start=1040, source=ClipSource(path="/m/a.mp4", in_frame=80))
    layer = playing(name=names.name_for(AIR, "/m/a.mp4", 7), frame=90)
    _, told = observe(layer, Timeline((after,)), Memory())
    assert [(each.key, each.tick) for each in told if isinstance(each, Began)] == [("a2", 1040)]


def test_a_count_stays_where_it_lay_though_another_frame_is_as_near() -> None:
    grid = TickGrid(1000)
    assert grid.frame(5, Fraction(2006) - 1000 + Fraction(1, 10)) == 1005 - BEHIND
    assert grid.base == 1000
    assert TickGrid().frame(5, Fraction(1006) + Fraction(1, 10)) == 1006 - BEHIND
    assert TickGrid(7).frame(5, Fraction(1006)) == 1006 - BEHIND, "it is too far off"


def test_a_count_stays_where_it_lay_though_the_first_states_come_late() -> None:
    grid = TickGrid(1000)
    delays = [3.4, 2.4, 1.4, *[0.8] * 100]  # a busy machine at first, then near the frame's end
    found = [grid.frame(n, 1000 + n + Fraction(delay)) for n, delay in enumerate(delays)]
    assert found == [1000 + n - BEHIND for n in range(103)]


def test_a_count_that_moved_while_nobody_watched_is_followed_in_the_end() -> None:
    grid = TickGrid(1000)
    found = [grid.frame(n, Fraction(1003 + n)) for n in range(WINDOW + 1)]
    assert found[0] == 1000 - BEHIND
    assert found[-1] == 1003 + WINDOW - BEHIND


def test_names_go_on_from_the_highest_that_an_engine_was_given(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.adopt() == 0
    for number in (9, 11, 10):
        (tmp_path / names.name_for(AIR, "/m/a.mp4", number)).touch()
    (tmp_path / "stray.mp4").touch()
    assert Shelf(tmp_path).adopt() == 11
