"""The small parts of the steering: names, ticks, links, the slate, outputs, the guard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.model.video import VideoFormat
from reconciler.sidecar import main
from reconciler.sidecar.casparcg import guard, lookout, names, server
from reconciler.sidecar.casparcg.answers import learn
from reconciler.sidecar.casparcg.consumers import Consumers, consumers_for
from reconciler.sidecar.casparcg.helm import Known
from reconciler.sidecar.casparcg.lookout import Lookout
from reconciler.sidecar.casparcg.orders import (
    UNOPENED,
    Answer,
    Load,
    Material,
    Probe,
    Take,
    commands_for,
)
from reconciler.sidecar.casparcg.seen import ConsumerSeen, ServerSeen
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.server import environment, put_aside
from reconciler.sidecar.casparcg.shelf import KEPT, Shelf
from reconciler.sidecar.casparcg.slate import write_slate
from reconciler.sidecar.casparcg.state import Back, Memory
from reconciler.sidecar.casparcg.ticks import BEHIND, TickGrid, WallClock
from reconciler.sidecar.casparcg.timeline import FOREVER, Timeline
from reconciler.sidecar.engine_port import (
    ClipSource,
    Cue,
    Failed,
    LiveSource,
    SlateSource,
    StillSource,
    WantedOutput,
)
from tests.integration.casparcg_kit import make_clip
from tests.waiting import eventually

VIDEO = VideoFormat.parse("720p2500")


def cue(key: str, start: int, frames: int | None = 50, path: str = "/m/a.mp4") -> Cue:
    return Cue(key=key, start=start, frames=frames, source=ClipSource(path=path, in_frame=0))


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_tells_its_cue_its_file_and_no_other() -> None:
    one, two = cue("a", 10), cue("a", 20)
    name = names.name_for(one, "/m/ä b.MP4", 7)
    assert name.endswith("-7.mp4")
    assert names.is_of(name, one)
    assert not names.is_of(name, two)
    assert names.shows(name, "/m/ä b.MP4")
    assert not names.shows(name, "/m/other.mp4")
    assert not names.is_slate(name)
    assert names.is_slate(names.name_for(None, "/m/slate.png", 1))
    assert names.name_for(one, "/m/no-extension", 1).endswith(".mp4")


@pytest.mark.parametrize(
    "source",
    [StillSource(path="/m/p.png"), LiveSource(url="srt://h:1"), SlateSource()],
)
def test_every_kind_of_cue_has_a_mark(source: StillSource | LiveSource | SlateSource) -> None:
    one = Cue(key="k", start=1, frames=None, source=source)
    assert names.cue_mark(one) != names.cue_mark(replace(one, start=2))


# ── the time line ────────────────────────────────────────────────────────────────────────────────


def test_a_time_line_knows_what_covers_a_frame_and_what_follows_it() -> None:
    line = Timeline([cue("b", 70), cue("a", 20, 40), cue("z", 130, None)])
    assert [each.key for each in line.cues] == ["a", "b", "z"]
    assert line.covering(19) is None
    assert line.covering(20) == line.cues[0]
    assert line.covering(60) is None
    assert line.after(25) == (60, None)
    assert line.after(60) == (70, line.cues[1])
    assert line.after(500) == (FOREVER, None)
    assert line.end_of(line.cues[2]) is None
    assert line.end_of(cue("x", 0)) is None


# ── ticks ────────────────────────────────────────────────────────────────────────────────────────


def test_ticks_that_come_late_are_the_frames_they_were() -> None:
    grid = TickGrid()
    delays = [0.1, 0.2, 0.1, 3.4, 2.4, 1.4, 0.4, 0.1]
    found = [
        grid.frame(100 + n, Fraction(5000 + n) + Fraction(delay)) for n, delay in enumerate(delays)
    ]
    assert found == [5000 + n - BEHIND for n in range(8)]


@pytest.mark.parametrize("stood", [10, 59, 60, 61, 75, 130, 240])
@pytest.mark.parametrize("phase", [0.1, 0.8])
def test_what_comes_in_a_burst_after_we_stood_still_is_the_frames_it_was(
    stood: int, phase: float
) -> None:
    grid = TickGrid()
    woke = 100 + stood
    arrivals = [
        (n, Fraction(5000 + max(n, woke if n >= 100 else 0)) + Fraction(phase))
        for n in range(woke + 200)
    ]
    found = [grid.frame(n, at) for n, at in arrivals]
    assert found == [5000 + n - BEHIND for n in range(woke + 200)]


def test_a_state_that_is_told_again_lies_where_it_lay() -> None:
    grid = TickGrid()
    assert [grid.frame(n, Fraction(5000) + late) for n, late in ((7, 0), (7, 1), (7, 3))] == [
        5000 - BEHIND
    ] * 3


def test_how_long_after_its_frame_a_tick_begins_is_what_its_earliest_state_tells() -> None:
    grid = TickGrid()
    assert grid.phase == 0
    for n, delay in enumerate([0.75, 0.5, 3.5, 2.5, 0.75]):
        grid.frame(100 + n, Fraction(5000 + n) + Fraction(delay))
    assert grid.phase == 0.5

    clock = WallClock(Fraction(25), wall=0, mono=0)
    assert clock.late_ms(grid.phase) == 20
    clock.steer(wall=7_000_000, mono=0)
    assert clock.late_ms(grid.phase) == 27, "the wall clock has gone on without the grid"


def test_a_channel_that_falls_behind_is_followed_and_a_new_life_begins_anew() -> None:
    grid = TickGrid()
    for n in range(400):
        last = grid.frame(n, Fraction(1000) + n * Fraction(11, 10))
    assert abs(last - (1000 + 399 * 1.1)) < 8
    assert grid.frame(5, Fraction(9000)) == 9000 - BEHIND


def test_a_stepped_wall_clock_is_slewed_to_not_leapt_to() -> None:
    second = 1_000_000_000
    clock = WallClock(Fraction(25), wall=1000 * second, mono=0)
    assert clock.frame(second) == 25_025
    assert clock.steer(wall=1000 * second + 3 * second, mono=second) == 2 * second
    assert 0 < clock.frame(second) - 25_025 < Fraction(1, 50)
    assert clock.steer(wall=1001 * second, mono=second) <= 0


# ── links and the slate ──────────────────────────────────────────────────────────────────────────


def test_links_outlive_their_file_and_old_ones_are_taken_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "media")
    shelf.clear()
    file = tmp_path / "a.mp4"
    file.write_bytes(b"film")
    shelf.link(str(file), "a-1.mp4")
    file.unlink()
    assert (shelf.folder / "a-1.mp4").read_bytes() == b"film"
    with pytest.raises(FileNotFoundError):
        shelf.link(str(file), "a-2.mp4")
    file.write_bytes(b"again")
    for number in range(KEPT + 5):
        shelf.link(str(file), f"b-{number}.mp4")
    assert len(list(shelf.folder.iterdir())) == KEPT
    shelf.clear()
    assert list(shelf.folder.iterdir()) == []


def test_the_slate_is_a_picture_of_the_channels_size(tmp_path: Path) -> None:
    import av

    path = write_slate(tmp_path, VideoFormat.parse("424x240p2500"))
    with av.open(str(path)) as file:
        (frame,) = file.decode(video=0)
        assert (frame.width, frame.height) == (424, 240)


def test_a_recording_is_put_aside_before_the_engine_deletes_it(tmp_path: Path) -> None:
    file = tmp_path / "rec.ts"
    put_aside(str(file))
    file.write_text("one")
    put_aside(str(file))
    file.write_text("two")
    put_aside(str(file))
    assert (tmp_path / "rec.1.ts").read_text() == "one"
    assert (tmp_path / "rec.2.ts").read_text() == "two"
    put_aside("")


def test_files_are_looked_into_before_their_time(tmp_path: Path) -> None:
    good = make_clip(tmp_path / "good.mp4")
    bad = tmp_path / "bad.mp4"
    bad.write_text("no film")
    told: list[Known] = []
    lookout = Lookout(Fraction(25), told.append)
    try:
        lookout.want([str(good), str(bad), str(tmp_path / "gone.mp4")])
        eventually(lambda: bool(told) and bool(told[-1].problems))
        assert told[-1].lengths == {str(good): 125}
        assert list(told[-1].problems) == [str(bad)]
    finally:
        lookout.close()


def test_looking_that_fails_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    film = str(make_clip(tmp_path / "a.mp4"))
    monkeypatch.setattr(lookout, "TRY_AGAIN", 0.02)
    told: list[Known] = []
    looking = Lookout(Fraction(25), told.append)
    try:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "av", None)  # as where a library that it needs is missing
            looking.want([film])
            eventually(lambda: bool(looking.trouble))
            time.sleep(0.1)  # long enough for further tries
            assert looking.trouble.startswith("files cannot be looked into: ModuleNotFoundError")
            assert not told
        eventually(lambda: bool(told) and not looking.trouble)
        assert told[-1].lengths == {film: 125}
    finally:
        looking.close()
    told_of = [record.getMessage() for record in caplog.records if record.exc_info]
    assert [message.split(":")[0] for message in told_of] == [film]


# ── orders and answers ───────────────────────────────────────────────────────────────────────────


def back_of(what: Material) -> Back:
    return Back(
        cue=cue("a", 10), what=what, auto=False, take_at=10, loaded_at=1, ready=False, probed_at=1
    )


def test_orders_are_commands_in_the_channels_units() -> None:
    live = Material(name="decklink://3", path="")
    loop = Material(name="a-1.mp4", path="/m/a.mp4", in_frame=10, loop=True)
    assert [str(each) for each in commands_for(Load(what=live), 1)] == [
        "LOADBG 1-10 DECKLINK DEVICE 3"
    ]
    assert [str(each) for each in commands_for(Load(what=loop, auto=False), 2)] == [
        "LOADBG 1-10 a-1.mp4 LOOP",
        "CALLBG 1-10 SEEK 20",
    ]
    assert [str(each) for each in commands_for(Take(), 1)] == ["PLAY 1-10"]


@pytest.mark.parametrize(
    ("answer", "ready", "failed"),
    [
        pytest.param(Answer(0), False, False, id="no answer"),
        pytest.param(Answer(201, UNOPENED), False, False, id="not open"),
        pytest.param(Answer(201, 90), True, False, id="open"),
        pytest.param(Answer(201, -5), False, True, id="in point behind the end"),
    ],
)
def test_a_probe_tells_what_became_of_the_background(
    answer: Answer, *, ready: bool, failed: bool
) -> None:
    what = Material(name="a-1.mp4", path="/m/a.mp4")
    memory, told = learn(Probe(), answer, Memory(back=back_of(what)), 5)
    assert memory.back is not None
    assert memory.back.ready is ready
    assert bool(told) is failed


def test_a_refused_load_leaves_nothing_behind_and_404_says_that_the_file_is_not_there() -> None:
    what = Material(name="a-1.mp4", path="/m/a.mp4")
    for code, failed in ((404, True), (503, False), (0, False)):
        memory, told = learn(Load(what=what), Answer(code), Memory(back=back_of(what)), 5)
        assert memory.back is None
        assert [isinstance(each, Failed) for each in told] == [True] * failed
        again, more = learn(Load(what=what), Answer(code), replace(memory, back=back_of(what)), 6)
        assert more == ()
        assert again.bad == memory.bad


# ── outputs ──────────────────────────────────────────────────────────────────────────────────────


def outputs(*names_and_ports: tuple[str, int]) -> Consumers:
    return consumers_for(
        [WantedOutput(name=n, type="srt", url=f"srt://127.0.0.1:{p}") for n, p in names_and_ports],
        VIDEO,
    )


def reading(made: Consumers, frame: int) -> ServerSeen:
    return ServerSeen(
        time_tag=frame,
        format="720p2500",
        rate=Fraction(25),
        layers={},
        consumers={
            each.port: ConsumerSeen(port=each.port, consumer="ffmpeg", path="", frame=frame)
            for each in made.wanted
        },
    )


def sent(sending: Sending, now: float) -> list[str]:
    return [str(command).split()[0] for command, _ in sending.commands(now)]


def test_the_gate_decides_whether_outputs_run_and_the_preview_always_does(tmp_path: Path) -> None:
    made = outputs(("one", 9001))
    preview = consumers_for((), VIDEO, preview_folder=str(tmp_path)).wanted
    sending = Sending()
    sending.want(made.wanted, preview, {"odd": "it cannot be meant"})
    assert sent(sending, 0) == ["ADD"]
    assert [each.state for each in sending.states(0)] == ["silent", "down"]
    sending.open = True
    assert sent(sending, 1) == ["ADD"]
    assert sent(sending, 1) == []
    assert sending.ports() == (made.wanted[0].port,)
    sending.open = False
    assert sent(sending, 2) == ["REMOVE"]
    assert len(sending.due()) == 1


def test_only_what_differs_is_ended_and_started() -> None:
    sending = Sending()
    sending.open = True
    both = outputs(("one", 9001), ("two", 9002))
    sending.want(both.wanted, (), {})
    assert sent(sending, 0) == ["ADD", "ADD"]
    sending.want(outputs(("one", 9001), ("three", 9003)).wanted, (), {})
    assert sent(sending, 1) == ["REMOVE", "ADD"]


def test_an_output_that_stands_still_is_started_anew_and_the_other_is_not() -> None:
    sending = Sending()
    sending.open = True
    both = outputs(("one", 9001), ("two", 9002))
    sending.want(both.wanted, (), {})
    sending.begin(both.wanted, 0.0)
    stuck = both.wanted[0].port
    for n in range(100):
        seen = reading(both, n)
        listed = dict(seen.consumers)
        listed[stuck] = replace(listed[stuck], frame=min(n, 20))
        sending.look(replace(seen, consumers=listed), n * 0.04)
        commands = [str(command) for command, _ in sending.commands(n * 0.04)]
        if commands:
            break
    assert commands[0] == f"REMOVE 1-{stuck}"
    assert commands[1].startswith(f"ADD 1-{stuck}")
    assert {each.name: each.restarts for each in sending.states(n * 0.04)}["two"] == 0


def test_an_engine_that_was_found_running_keeps_what_is_wanted_and_loses_the_rest() -> None:
    sending = Sending()
    sending.open = True
    both = outputs(("one", 9001), ("two", 9002))
    sending.want(both.wanted[:1], (), {})
    noted = {each.port: each.digest for each in both.wanted}
    sending.adopt(reading(both, 5), noted, 0.0)
    assert sending.sends
    assert sending.sent(reading(both, 5)) == 5
    assert [str(command) for command, _ in sending.commands(0.1)] == [
        f"REMOVE 1-{both.wanted[1].port}"
    ]
    assert sending.running() == {both.wanted[0].port: both.wanted[0].digest}


def test_an_output_that_was_told_otherwise_before_is_begun_anew() -> None:
    sending = Sending()
    sending.open = True
    one = outputs(("one", 9001))
    sending.want(one.wanted, (), {})
    port = one.wanted[0].port
    sending.adopt(reading(one, 5), {port: "of other options"}, 0.0)
    said = [str(command).split()[:2] for command, _ in sending.commands(0.1)]
    assert said == [["REMOVE", f"1-{port}"], ["ADD", f"1-{port}"]]


# ── the process ──────────────────────────────────────────────────────────────────────────────────


def test_without_a_display_the_engine_draws_on_no_surface() -> None:
    assert environment({"PATH": "/bin"}) == {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "EGL_PLATFORM": "surfaceless",
    }
    assert environment({"EGL_PLATFORM": "device"})["EGL_PLATFORM"] == "device"
    assert "EGL_PLATFORM" not in environment({"DISPLAY": ":0"})


def test_what_the_engine_says_is_for_no_other_eyes(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.touch(0o644)
    with server._log(path) as log:
        log.write(b"srt://h?passphrase=...\n")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_tidy_end_leaves_the_sidecar_time_for_its_own() -> None:
    assert server.ENDS_WITHIN + lookout.ENDS_WITHIN < main.ENDS_WITHIN - 0.5


# ── the guard ────────────────────────────────────────────────────────────────────────────────────


def test_a_guard_waits_for_the_end_of_the_lease_and_then_uses_force() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    started = guard._start_time(child.pid)
    it = guard.Guard()
    assert it.wait_for() is None
    it.take(b"not json")
    told = {"pid": child.pid, "started": started, "port": 1, "phrase": "p", "ports": [700]}
    it.take(json.dumps({**told, "until": time.monotonic() + 60}).encode())
    left = it.wait_for()
    assert left is not None
    assert 50 < left <= 60
    it.act()
    assert child.poll() is None
    it.take(json.dumps({**told, "until": time.monotonic() - 1}).encode())
    it.act()  # nothing listens on port 1, so it does not obey
    assert child.wait(10) == -9
    assert it.wait_for() is None


def test_a_guard_kills_nobody_whom_it_was_not_told_of() -> None:
    it = guard.Guard()
    it.take(json.dumps({"pid": os.getpid(), "started": 1}).encode())
    it.kill()
    assert not it.is_done
    it.take(b'{"done": true}')
    assert it.is_done
