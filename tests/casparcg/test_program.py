"""The fake on real sockets, in virtual and in real time, and as a program to be supervised."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.casparcg.caspar import FakeCaspar
from tests.casparcg.media import Table
from tests.casparcg.rig import CLIPS
from tests.casparcg.server import Server

PROGRAM = Path(__file__).parent / "main.py"
PATIENCE = 10.0
CONFIG = """<configuration><paths><media-path>{media}</media-path></paths>
<channels><channel><video-mode>{mode}</video-mode><consumers>
<ffmpeg><path>{media}/cfg.m3u8</path><args>-format hls -codec:v libx264</args></ffmpeg>
</consumers></channel></channels>
<controllers><tcp><port>{port}</port><protocol>AMCP</protocol></tcp></controllers>
</configuration>"""


class Talk:
    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def ask(self, line: str, end: bytes = b"\r\n") -> bytes:
        self.line.sendall(line.encode() + b"\r\n")
        reply = b""
        while not reply.endswith(end):
            piece = self.line.recv(65536)
            if not piece:
                return reply
            reply += piece
        return reply

    def close(self) -> None:
        self.line.close()


def listener() -> socket.socket:
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    ear.settimeout(PATIENCE)
    return ear


def test_virtual_time_over_sockets() -> None:
    with (
        contextlib.closing(listener()) as ear,
        Server(FakeCaspar(Table(dict(CLIPS)))) as server,
        contextlib.closing(Talk(server.port)) as talk,
    ):
        talk.ask(f"OSC SUBSCRIBE {ear.getsockname()[1]}")
        assert talk.ask("PLAY 1-10 a") == b"202 PLAY OK\r\n"
        server.advance(3)
        assert [len(ear.recv(4096)) > 100 for _ in range(3)] == [False, True, True]
        with server.locked() as caspar:
            assert caspar.channel().ticks == 3


def test_udp_stream_sends_a_datagram_for_each_picture() -> None:
    with (
        contextlib.closing(listener()) as ear,
        Server(FakeCaspar(Table(dict(CLIPS)))) as server,
        contextlib.closing(Talk(server.port)) as talk,
    ):
        port = ear.getsockname()[1]
        assert talk.ask(f"ADD 1-801 STREAM udp://127.0.0.1:{port} -format mpegts").startswith(
            b"202"
        )
        server.advance(3)
        assert [b"black" in ear.recv(4096) for _ in range(3)] == [True] * 3


def test_crash_is_an_end_of_file_and_a_new_start_has_the_same_port() -> None:
    with Server(FakeCaspar(Table(dict(CLIPS)))) as server:
        talk = Talk(server.port)
        assert talk.ask("PING") == b"PONG\r\n"
        server.crash()
        assert talk.line.recv(10) == b""
        talk.close()
        server.boot()
        with contextlib.closing(Talk(server.port)) as again:
            assert again.ask("PING") == b"PONG\r\n"


@contextlib.contextmanager
def program(folder: Path, mode: str = "720p2500") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The fake as a child in a folder of its own, with one clip in its media folder."""
    media, run = folder / "media", folder / "run"
    media.mkdir()
    run.mkdir()
    (media / "staged.mp4").write_text('{"frames": 50}')
    (run / "fake-boot-seconds").write_text("0.05")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    config = folder / "casparcg.config"
    config.write_text(CONFIG.format(media=media, mode=mode, port=port))
    child = subprocess.Popen([sys.executable, str(PROGRAM), str(config)], cwd=run)
    try:
        yield child, port
    finally:
        child.kill()
        child.wait()


def reached(port: int) -> Talk:
    """The first connection that is taken."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return Talk(port)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def test_program_plays_what_its_config_and_folder_give(tmp_path: Path) -> None:
    with program(tmp_path) as (_, port), contextlib.closing(reached(port)) as talk:
        assert talk.ask("PLAY 1-10 staged.mp4") == b"202 PLAY OK\r\n"
        length = b""
        for _ in range(100):
            length = talk.ask("CALL 1-10 LENGTH").split(b"\r\n")[1]
            if length == b"50":
                break
            time.sleep(0.02)
        assert length == b"50"
        assert b"cfg.m3u8" in talk.ask("INFO 1", end=b"</channel>\n\r\n")


def test_kill_ends_it_with_zero_and_restart_with_five(tmp_path: Path) -> None:
    with program(tmp_path) as (child, port), contextlib.closing(reached(port)) as talk:
        assert talk.ask("RESTART") == b"202 RESTART OK\r\n"
        assert child.wait(PATIENCE) == 5


def test_stopped_program_accepts_and_says_nothing_until_it_goes_on(tmp_path: Path) -> None:
    with program(tmp_path) as (child, port), contextlib.closing(reached(port)) as talk:
        os.kill(child.pid, signal.SIGSTOP)
        with contextlib.closing(Talk(port)) as other:
            other.line.sendall(b"PING\r\n")
            other.line.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                assert other.line.recv(10) == b"never"
            os.kill(child.pid, signal.SIGCONT)
            other.line.settimeout(PATIENCE)
            assert other.line.recv(10) == b"PONG\r\n"
        assert talk.ask("PING") == b"PONG\r\n"


def test_failing_to_start_is_exit_code_zero(tmp_path: Path) -> None:
    with program(tmp_path, mode="123p") as (child, _):
        assert child.wait(PATIENCE) == 0


def test_sigterm_is_a_clean_end(tmp_path: Path) -> None:
    with program(tmp_path) as (child, port), contextlib.closing(reached(port)):
        child.terminate()
        assert child.wait(PATIENCE) == 0
