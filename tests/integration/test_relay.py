"""Relays against real far ends on loopback: receivers that die, refuse and stay mute."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from reconciler.engine.protocol import OutputSpec
from reconciler.engine.relay import Relay, RelayState
from tests.conformance.processes import ffmpeg
from tests.conformance.together import together
from tests.loopback import free_port
from tests.waiting import eventually

pytestmark = [pytest.mark.media, pytest.mark.slow]

Chunks = list[tuple[bytes, bool]]
FPS, SECONDS = 25, 40
PASSPHRASE = "ten or more letters"


class Sink:
    """Bytes of a muxer, taken chunk by chunk."""

    def __init__(self) -> None:
        self.held = bytearray()

    def write(self, data: bytes) -> int:
        self.held += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self.held)
        self.held.clear()
        return taken


@pytest.fixture(scope="module")
def chunks() -> Chunks:
    """A transport stream as the engine offers it, a key frame every half second."""
    sink, found = Sink(), []
    options = {"flush_packets": "1", "mpegts_flags": "+pat_pmt_at_frames"}
    with av.open(sink, "w", format="mpegts", options=options) as out:
        gop = "keyint=12:min-keyint=12:scenecut=0:bframes=0"
        video = out.add_stream(
            "libx264", rate=FPS, options={"preset": "ultrafast", "x264-params": gop}
        )
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        for number in range(FPS * SECONDS):
            picture = np.full((144, 160), number * 3 % 200 + 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            for packet in video.encode(frame):
                out.mux_one(packet)
                found.append((sink.take(), packet.is_keyframe))
            quiet = np.zeros((1, 1920), np.float32)
            sound = av.AudioFrame.from_ndarray(quiet, format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 48_000, number * 1920
            for tone in audio.encode(sound):
                out.mux_one(tone)
                found.append((sink.take(), False))
    return found


class Feeder:
    """Offers chunks in real time on a thread, as the engine's encoder does."""

    def __init__(self, relay: Relay, chunks: Chunks, connected: Sequence[float] = ()) -> None:
        self.relay, self._chunks = relay, chunks
        self.connected = connected  # when it was told that the far end is there
        self.slowest = 0.0
        self.offered = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self) -> None:
        begin, pace = time.monotonic(), SECONDS / len(self._chunks)
        for number, (chunk, is_key) in enumerate(self._chunks):
            if self._stop.wait(max(0.0, begin + number * pace - time.monotonic())):
                return
            started = time.monotonic()
            self.relay.offer(chunk, is_key)
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.offered = number + 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


Feed = Callable[[OutputSpec], Feeder]
Story = Callable[[Path, Chunks], None]


@pytest.fixture
def feed(chunks: Chunks) -> Iterator[Feed]:
    with feeding(chunks) as start:
        yield start


@contextlib.contextmanager
def feeding(chunks: Chunks) -> Iterator[Feed]:
    with contextlib.ExitStack() as stack:

        def start(output: OutputSpec) -> Feeder:
            connected: list[float] = []
            relay = Relay(output, on_connected=lambda: connected.append(time.monotonic()))
            stack.callback(relay.wait_closed)
            stack.callback(relay.close)
            feeder = Feeder(relay, chunks, connected)
            stack.callback(feeder.stop)
            return feeder

        yield start


def receiver(
    path: Path, *source: str
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """The static ffmpeg, recording what it is sent."""
    kind = source[source.index("-f") + 1]
    ending = ["-map", "0", "-c", "copy", "-flush_packets", "1"]
    shape = ["-f", "data"] if kind == "data" else ["-f", "mpegts"]
    return ffmpeg(*source, *ending, *shape, "-y", str(path))


def srt_receiver(
    path: Path, port: int, *, mode: str = "listener", phrase: str = ""
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    secret = ("-passphrase", phrase) if phrase else ()
    return receiver(path, *secret, "-f", "data", "-i", f"srt://127.0.0.1:{port}?mode={mode}")


def wait_for(relay: Relay, until: Callable[[RelayState], bool], within: float = 15) -> RelayState:
    ends = time.monotonic() + within
    while not until(state := relay.state()):
        assert time.monotonic() < ends, state
        time.sleep(0.01)
    return state


def wait_for_bytes(path: Path, least: int, within: float = 15) -> bytes:
    ends = time.monotonic() + within
    while not path.exists() or path.stat().st_size < least:
        assert time.monotonic() < ends, f"{path} has {path.exists() and path.stat().st_size} bytes"
        time.sleep(0.02)
    return path.read_bytes()


def assert_exact_from_a_key_frame(got: bytes, chunks: Chunks) -> int:
    """What arrived is a piece of what was offered, byte for byte; return where it began."""
    whole = b"".join(chunk for chunk, _ in chunks)
    at = whole.find(got)
    assert at >= 0, "the bytes that arrived are not the bytes that were offered"
    begins = {}
    place = 0
    for number, (chunk, is_key) in enumerate(chunks):
        if is_key:
            begins[place] = number
        place += len(chunk)
    assert at in begins, "it does not begin at a key frame"
    return begins[at]


def srt_far_end_dies_and_comes_back(folder: Path, chunks: Chunks) -> None:
    with feeding(chunks) as feed:
        port = free_port(socket.SOCK_DGRAM)
        options: dict[str, str | int] = {"passphrase": PASSPHRASE, "latency_ms": 80}
        feeder = feed(
            OutputSpec(name="a", type="srt", url=f"srt://127.0.0.1:{port}", options=options)
        )
        with srt_receiver(folder / "1.ts", port, phrase=PASSPHRASE):
            wait_for(feeder.relay, lambda s: s.state == "sending")
            first = wait_for_bytes(folder / "1.ts", 40_000)
            assert_exact_from_a_key_frame(first, chunks)
            assert PASSPHRASE not in arguments_of_children()
        lost = wait_for(feeder.relay, lambda s: s.state == "down")
        assert lost.error == "connection lost: the far end went away"
        wait_for(feeder.relay, lambda s: s.restarts >= 1)
        offered = feeder.offered
        with srt_receiver(folder / "2.ts", port, phrase=PASSPHRASE):
            again = wait_for(feeder.relay, lambda s: s.state == "sending")
            second = wait_for_bytes(folder / "2.ts", 20_000)
        assert assert_exact_from_a_key_frame(second, chunks) >= offered, (
            "stale bytes were delivered"
        )
        assert again.error is None
        assert len(feeder.connected) == 2, "told once for each connection"
        assert feeder.slowest < 0.5


def srt_listener_waits_and_serves_a_caller(folder: Path, chunks: Chunks) -> None:
    with feeding(chunks) as feed:
        port = free_port(socket.SOCK_DGRAM)
        url = f"srt://127.0.0.1:{port}?mode=listener"
        feeder = feed(OutputSpec(name="b", type="srt", url=url))
        wait_for(feeder.relay, lambda s: s.state == "waiting")
        wait_until_feeding(feeder, 100)
        assert feeder.relay.state().state == "waiting"
        offered = feeder.offered
        with srt_receiver(folder / "c.ts", port, mode="caller"):
            got = wait_for_bytes(folder / "c.ts", 30_000)
        gone = wait_for(feeder.relay, lambda s: s.state == "waiting")
        assert gone.error is None, "a caller that leaves is no fault"
        assert assert_exact_from_a_key_frame(got, chunks) >= offered


def wrong_passphrase_is_told_without_telling_it(folder: Path, chunks: Chunks) -> None:
    with feeding(chunks) as feed:
        port = free_port(socket.SOCK_DGRAM)
        with srt_receiver(folder / "x.ts", port, phrase="another passphrase"):
            feeder = feed(
                OutputSpec(
                    name="c",
                    type="srt",
                    url=f"srt://127.0.0.1:{port}",
                    options={"passphrase": "a third, unlike the others"},
                )
            )
            state = wait_for(
                feeder.relay, lambda s: s.state == "down" and "refused" in (s.error or ""), 20
            )
        assert (
            state.error == f"refused by srt://127.0.0.1:{port}; are passphrase and stream id right?"
        )
        assert state.bytes == 0


def rtmp_far_end_dies_and_comes_back(folder: Path, chunks: Chunks) -> None:
    with feeding(chunks) as feed:
        url = f"rtmp://127.0.0.1:{free_port(socket.SOCK_STREAM)}/live/STREAM-KEY"
        source = ("-listen", "1", "-f", "flv", "-i", url)
        feeder = feed(OutputSpec(name="d", type="rtmp", url=url))
        refused = wait_for(feeder.relay, lambda s: s.state == "down")
        assert "STREAM-KEY" not in (refused.error or "")
        for name in ("1.ts", "2.ts"):
            with receiver(folder / name, *source):
                wait_for(feeder.relay, lambda s: s.state == "sending")
                wait_for_bytes(folder / name, 30_000)
                assert "STREAM-KEY" not in arguments_of_children("relay_child")
            wait_for(feeder.relay, lambda s: s.state == "down")
            kinds = frames_in(folder / name)
            assert kinds["video"] > FPS // 2
            assert kinds["audio"] > FPS // 2
        assert feeder.slowest < 0.5


STORIES: tuple[Story, ...] = (
    srt_far_end_dies_and_comes_back,
    rtmp_far_end_dies_and_comes_back,
    srt_listener_waits_and_serves_a_caller,
    wrong_passphrase_is_told_without_telling_it,
)


@pytest.fixture(scope="module")
def told(request: pytest.FixtureRequest, chunks: Chunks) -> Iterator[Mapping[Story, Future[None]]]:
    with together(request, chunks, at_once=4, parameter="far_end") as telling:
        yield telling


@pytest.mark.parametrize("far_end", STORIES, ids=lambda story: str(story.__name__))
def test_relay(far_end: Story, told: Mapping[Story, Future[None]]) -> None:
    told[far_end].result()


def test_rtmp_far_end_that_accepts_and_stays_silent_is_left_and_tried_again(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.engine.relay_session.ANSWER_WITHIN", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"rtmp://127.0.0.1:{mute.getsockname()[1]}/live/k"
        feeder = feed(OutputSpec(name="e", type="rtmp", url=url))
        state = wait_for(feeder.relay, lambda s: s.state == "down" and s.restarts >= 1)
    assert state.error == "no answer in 2 s"
    assert feeder.slowest < 0.5


def test_a_hushed_relay_leaves_and_returns_when_offered_again(
    tmp_path: Path, feed: Feed, chunks: Chunks
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    feeder = feed(OutputSpec(name="f", type="srt", url=f"srt://127.0.0.1:{port}"))
    with srt_receiver(tmp_path / "1.ts", port) as first:
        wait_for(feeder.relay, lambda s: s.state == "sending")
        feeder.stop()
        feeder.relay.hush()
        wait_for(feeder.relay, lambda s: s.state == "silent")
        assert first.wait(10) is not None, "the far end was not told goodbye"
    eventually(lambda: not children_of_relays())
    with srt_receiver(tmp_path / "2.ts", port):
        again = Feeder(feeder.relay, chunks)
        wait_for(feeder.relay, lambda s: s.state == "sending")
        again.stop()


@pytest.mark.parametrize("at", ["once", "work"])
def test_the_child_dies_with_the_process_that_started_it(at: str) -> None:
    port = free_port(socket.SOCK_DGRAM)
    url = f"srt://127.0.0.1:{port}?mode=listener"
    program = (
        "import time\n"
        "from reconciler.engine.protocol import OutputSpec\n"
        "from reconciler.engine.relay import Relay\n"
        f"relay = Relay(OutputSpec(name='g', type='srt', url={url!r}))\n"
        "while True: relay.offer(bytes(188), True); time.sleep(0.02)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    ends = time.monotonic() + 20
    try:
        while not (born := children(parent.pid)) or (
            at == "work" and "blocksize" not in argv(born[0])
        ):
            assert time.monotonic() < ends
            time.sleep(0.005)
    finally:
        parent.kill()
        parent.wait()
    while is_alive(born[0]):
        assert time.monotonic() < ends
        time.sleep(0.02)


def wait_until_feeding(feeder: Feeder, chunks: int) -> None:
    target, ends = feeder.offered + chunks, time.monotonic() + 20
    while feeder.offered < target:
        assert time.monotonic() < ends
        time.sleep(0.02)


def children_of_relays() -> list[int]:
    return [child for child in children(os.getpid()) if "blocksize" in argv(child)]


def arguments_of_children(part: str = "blocksize") -> str:
    """What `ps` shows of our relays' children: ours, and not the receivers of these tests."""
    every = [argv(child) for child in children(os.getpid())]
    return "\n".join(one for one in every if part in one)


def children(parent: int) -> list[int]:
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in every if _stat(pid)[1:2] == [str(parent)]]


def is_alive(pid: int) -> bool:
    """Whether it runs; where nobody reaps orphans a dead one stays listed."""
    return _stat(pid)[:1] not in ([], ["Z"])


def argv(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    """State, parent and so on, as proc(5) lists them after the name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def frames_in(path: Path) -> dict[str, int]:
    counts = {"video": 0, "audio": 0}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size:
                counts[packet.stream.type] += 1
    return counts
