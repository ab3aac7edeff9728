from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.conformance.together import together
from tests.integration.engine_driver import (
    Engine,
    clip,
    coded_clip,
    engine,
    other,
    receive,
    to_file,
)
from tests.loopback import free_port
from tests.waiting import eventually

pytestmark = [pytest.mark.media, pytest.mark.slow]

Story = Callable[[Path, Path], None]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    coded_clip(folder / "a.mp4", 1, 50)
    coded_clip(folder / "b.mp4", 2, 50)
    coded_clip(folder / "whole.ts", 9, 100, gop=12)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "noise.mp4").write_bytes(os.urandom(50_000))
    (folder / "text.mp4").write_text("this is not a film\n" * 500)
    whole = (folder / "a.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    stream = bytearray((folder / "whole.ts").read_bytes())
    for at in range(len(stream) // 3, len(stream), 4_001):
        stream[at : at + 40] = os.urandom(len(stream[at : at + 40]))
    (folder / "damaged.ts").write_bytes(bytes(stream))
    (folder / "short.ts").write_bytes((folder / "whole.ts").read_bytes()[: len(stream) // 3])
    return folder


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, media: Path) -> Iterator[Mapping[Story, Future[None]]]:
    with together(request, media, at_once=5, parameter="trouble") as telling:
        yield telling


def broken_clips_show_the_slate_are_told_ahead_and_stop_nothing(folder: Path, media: Path) -> None:
    out = folder / "out.ts"
    names = ["missing.mp4", "empty.mp4", "noise.mp4", "text.mp4", "cut.mp4"]
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 40
        cues = [clip("a", media / "a.mp4", start, 20)]
        cues += [clip(n, media / n, start + 20 + 5 * i, 5) for i, n in enumerate(names)]
        cues += [clip("b", media / "b.mp4", start + 45, 20)]
        driven.say(do="show", cues=cues)
        for name in names:
            driven.wait_for("failed", key=name)
        ahead = driven.status["tick"]
        driven.wait_for("ended", key="b")
        driven.quit()
    received = receive(out)
    assert ahead < start + 20
    assert received.runs() == [(1, 0, 19), (2, 0, 19)]
    assert received.gaps() == 0
    begin = received.codes.index((1, 0))
    assert received.codes[begin + 45] == (2, 0)
    assert driven.status["dropped"] == 0


def damaged_stream_is_played_as_far_as_it_goes(folder: Path, media: Path) -> None:
    out = folder / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        driven.say(
            do="show",
            cues=[
                clip("damaged", media / "damaged.ts", start, 60),
                clip("b", media / "b.mp4", start + 60, 20),
            ],
        )
        driven.wait_for("ended", key="b")
        driven.quit()
    received = receive(out)
    assert received.runs()[0][:2] == (9, 0)
    assert received.runs()[-1] == (2, 0, 19)
    assert received.gaps() == 0


def clip_that_ends_early_is_held_a_second_then_slate_and_reported_short(
    folder: Path, media: Path
) -> None:
    out = folder / "out.ts"
    with engine(outputs=[to_file(out)], sending=True) as driven:
        start = driven.tick() + 30
        driven.say(
            do="show",
            cues=[
                clip("short", media / "a.mp4", start, 45, at=30),
                clip("tight", media / "b.mp4", start + 60, 15, at=40),
                clip("b", media / "b.mp4", start + 75, 10),
            ],
        )
        driven.wait_for("ended", key="b")
        driven.quit()
    short, tight = driven.all_of("ended", "short")[0], driven.all_of("ended", "tight")[0]
    assert (short["why"], short["last_source_frame"], short["held_frames"]) == ("short", 49, 25)
    assert short["last_tick"] == start + 44
    assert (tight["why"], tight["last_source_frame"], tight["held_frames"]) == ("short", 49, 5)
    codes = receive(out).codes
    begin = codes.index((1, 30))
    assert codes[begin : begin + 45] == [(1, 30 + i) for i in range(20)] + [(1, 49)] * 25
    assert codes[begin + 45 : begin + 60] == [None] * 15
    assert codes[begin + 70 : begin + 75] == [(2, 49)] * 5
    assert codes[begin + 75] == (2, 0)


def file_that_appears_late_is_joined_in_progress(folder: Path, media: Path) -> None:
    late = folder / "late.mp4"
    with engine() as driven:
        start = driven.tick() + 10
        driven.say(do="show", cues=[clip("late", late, start, None)])
        driven.wait_for("failed", key="late")
        late.write_bytes((media / "a.mp4").read_bytes())
        driven.say(do="show", cues=[clip("late", late, driven.status["tick"] + 90, 20)])
        assert driven.wait_for("began", key="late")["start_error_frames"] == 0


def lines_that_mean_nothing_are_refused_and_nothing_else_happens(folder: Path, media: Path) -> None:
    del folder, media
    with engine() as driven:
        driven.tick()
        driven.write(b"hello\n")
        driven.write(b'{"do":"dance"}\n[1,2]\n{"do":"show","cues":[{"key":1}]}\n')
        driven.write(json.dumps({"do": "configure", "format": "360p2500"}).encode() + b"\n")
        driven.say(do="show", serial=8, cues=[])
        driven.wait_status(lambda s: s["serial"] == 8)
        driven.quit()
    whys = [refused["why"] for refused in driven.all_of("refused")]
    assert len(whys) == 5
    assert "found 'dance'" in whys[1]
    assert "cues[0].key: expected a text, found 1" in whys[3]


def killed_and_restarted_engine_goes_on_with_timestamps_and_sequence(
    folder: Path, media: Path
) -> None:
    hls_folder = folder / "hls"
    out = folder / "out.ts"
    hls = {"name": "hls", "type": "hls", "url": f"file://{hls_folder}"}
    long = coded_clip(folder / "long.mp4", 8, 500, size=(160, 96))
    first = Engine(outputs=[hls, to_file(out)], sending=True)
    try:
        start = first.tick() + 10
        cues = [clip("long", long, start, 500)]
        first.say(do="show", cues=cues)
        index = hls_folder / "index.m3u8"
        eventually(index.exists)
        before = _sequence(index)
        first.process.kill()
    finally:
        first.end()
    with engine(outputs=[hls, to_file(out)], sending=True) as driven:
        driven.say(do="show", cues=cues)
        began = driven.wait_for("began", key="long")
        eventually(lambda: _sequence(index) > before)
        text = index.read_text()
        driven.quit()
    assert began["source_frame"] == began["tick"] - start
    assert "#EXT-X-DISCONTINUITY\n" in text
    assert _sequence(index) >= before
    received = receive(out)
    first_of_ours = received.codes.index((8, 0))
    for at, code in enumerate(received.codes):
        if code is not None:
            since = received.times[at] - received.times[first_of_ours]
            assert since * 25 == code[1]


def end_of_input_and_death_of_the_parent_end_the_engine(folder: Path, media: Path) -> None:
    del folder, media
    with engine() as driven:
        driven.tick()
        assert driven.process.stdin is not None
        driven.process.stdin.close()
        assert driven.process.wait(20) == 0
    keeper = (
        "import subprocess,sys,os,time\n"
        "r,w=os.pipe()\n"
        "p=subprocess.Popen([sys.executable,'-m','reconciler.engine'],stdin=r,pass_fds=[w])\n"
        'os.write(w,b\'{"do":"configure","format":"160x96p2500"}\\n\')\n'
        "print(p.pid,flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", keeper], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            engine_pid = int(parent.stdout.readline())
            assert b"ready" in parent.stdout.readline()
        finally:
            parent.kill()
    eventually(lambda: not _alive(engine_pid))


def output_that_cannot_be_written_disturbs_nothing(folder: Path, media: Path) -> None:
    out = folder / "out.ts"
    wall = folder / "wall"
    wall.write_text("a file, where a folder is wanted")
    pipe = folder / "pipe"
    os.mkfifo(pipe)  # opening it blocks for ever: nobody reads
    outputs = [
        to_file(wall / "out.ts", "refused"),
        to_file(pipe, "blocked"),
        {"name": "wrong", "type": "udp", "url": "udp://nowhere"},
        to_file(out),
    ]
    with engine(outputs=outputs, sending=True) as driven:
        start = driven.tick() + 30
        driven.say(do="show", cues=[clip("a", media / "a.mp4", start, 50)])
        driven.wait_for("ended", key="a")
        status = driven.wait_status(lambda s: s["tick"] > start)
        driven.quit()
    states = {output["name"]: output for output in status["outputs"]}
    assert states["refused"]["state"] == states["wrong"]["state"] == "down"
    assert states["refused"]["error"]
    assert states["main"]["state"] == "sending"
    assert receive(out).runs() == [(1, 0, 49)]
    assert status["dropped"] == 0


def shut_gate_lets_nothing_out_and_opens_with_a_picture_at_once(folder: Path, media: Path) -> None:
    del folder
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        port = listener.getsockname()[1]
        output = {"name": "main", "type": "udp", "url": f"udp://127.0.0.1:{port}"}
        with engine(outputs=[output], sending=False) as driven:
            start = driven.tick() + 5
            driven.say(do="show", cues=[clip("a", media / "a.mp4", start, 50, loop=True)])
            driven.wait_status(lambda s: s["tick"] > start + 20)
            listener.settimeout(0)
            with pytest.raises(BlockingIOError):
                listener.recv(2_000)
            listener.settimeout(10)
            driven.say(do="send", on=True)
            datagram = listener.recv(2_000)
            assert len(datagram) == 7 * 188
            assert datagram[::188] == b"\x47" * 7
            driven.say(do="send", on=False)
            driven.wait_status(lambda s: s["outputs"][0]["state"] == "silent")
            listener.settimeout(0)
            while True:
                try:
                    listener.recv(2_000)
                except BlockingIOError:
                    break
            tick = driven.status["tick"]
            driven.wait_status(lambda s: s["tick"] > tick + 10)
            with pytest.raises(BlockingIOError):
                listener.recv(2_000)
            driven.quit()


def live_stream_is_shown_and_its_loss_shows_the_slate(folder: Path, media: Path) -> None:
    out = folder / "out.ts"
    url = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    studio = {"name": "main", "type": "udp", "url": url}
    with (
        engine(outputs=[studio], sending=True) as sender,
        engine(outputs=[to_file(out)], sending=True) as driven,
    ):
        start = sender.tick()
        sender.say(do="show", cues=[clip("s", media / "a.mp4", start, None, loop=True)])
        driven.say(do="show", cues=[other("live", driven.tick(), None, type="live", url=url)])
        driven.wait_for("began", key="live")
        moving = driven.wait_status(lambda s: s["on_air"] and s["on_air"]["moving"])
        driven.wait_status(lambda s: s["tick"] > moving["tick"] + 60)
        sender.say(do="send", on=False)
        driven.wait_status(lambda s: s["on_air"] and not s["on_air"]["moving"])
        sender.say(do="send", on=True)
        driven.wait_status(lambda s: s["on_air"] and s["on_air"]["moving"], timeout=30)
        driven.quit()
    received = receive(out)
    steps = [
        (b[1] - a[1]) % 50
        for a, b in zip(received.codes, received.codes[1:], strict=False)
        if a is not None and b is not None
    ]
    moved = [step for step in steps if step]  # the rest was held while the stream was away
    assert moved.count(1) >= len(moved) - 2
    assert len(moved) > 50
    assert received.gaps() == 0


def stopped_process_goes_on_at_the_present(folder: Path, media: Path) -> None:
    with engine(outputs=[to_file(folder / "out.ts")], sending=True) as driven:
        start = driven.tick() + 10
        driven.say(do="show", cues=[clip("a", media / "a.mp4", start, None, loop=True)])
        driven.wait_for("began", key="a")
        driven.process.send_signal(signal.SIGSTOP)
        threading.Event().wait(2.5)
        driven.process.send_signal(signal.SIGCONT)
        stopped = driven.status["tick"]
        status = driven.wait_status(lambda s: s["tick"] > stopped + 60)
        assert status["late"] > 25
        began = time.time()
        assert abs(status["tick"] - began * 25) < 50
        driven.quit()


STORIES = (
    broken_clips_show_the_slate_are_told_ahead_and_stop_nothing,
    damaged_stream_is_played_as_far_as_it_goes,
    clip_that_ends_early_is_held_a_second_then_slate_and_reported_short,
    file_that_appears_late_is_joined_in_progress,
    lines_that_mean_nothing_are_refused_and_nothing_else_happens,
    killed_and_restarted_engine_goes_on_with_timestamps_and_sequence,
    end_of_input_and_death_of_the_parent_end_the_engine,
    output_that_cannot_be_written_disturbs_nothing,
    shut_gate_lets_nothing_out_and_opens_with_a_picture_at_once,
    live_stream_is_shown_and_its_loss_shows_the_slate,
    stopped_process_goes_on_at_the_present,
)


@pytest.mark.parametrize("trouble", STORIES, ids=lambda story: str(story.__name__))
def test_engine_in_trouble(trouble: Story, told: Mapping[Story, Future[None]]) -> None:
    told[trouble].result()


def _sequence(index: Path) -> int:
    for line in index.read_text().splitlines():
        if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            return int(line.split(":")[1])
    raise AssertionError(index.read_text())


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
