"""The steering on a server that somebody else runs: called, steered, left as it was found."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.amcp import Command
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.helm import Helm, Known
from reconciler.sidecar.casparcg.life import Life
from reconciler.sidecar.casparcg.orders import HIDDEN, LAYER
from reconciler.sidecar.casparcg.sending import Sending
from reconciler.sidecar.casparcg.shelf import Shelf
from reconciler.sidecar.casparcg.slate import write_slate
from reconciler.sidecar.casparcg.ticks import WallClock
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    Ended,
    Evidence,
    Failed,
    WantedOutput,
)
from reconciler.sidecar.position import wall_frame
from tests.loopback import free_port

SECONDS = 5  # of the clip
_PATH = re.compile(r"<media-path>([^<]+)</media-path>")


class Player:
    """One channel of one server, and clips of five seconds in its media folder."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.video = VideoFormat.parse("720p2500")
        self.sending = Sending()
        self.told: list[Evidence] = []
        self._files: list[Path] = []
        self._wall = WallClock(self.video.rate, wall=time.time_ns(), mono=time.monotonic_ns())
        self._look(address)
        self.shelf = Shelf(self.media)
        slate = write_slate(self.media, self.video)
        self._files.append(slate)
        self.helm = Helm(self.video, self.shelf, slate)
        self._wall = WallClock(self.video.rate, wall=time.time_ns(), mono=time.monotonic_ns())
        self.life = Life(address, "reconcile-live", self.helm, self.sending, self._wall)
        self._serial = 0
        self._clip = self._make_clip()
        self.helm.know(Known(lengths={str(self._clip): int(SECONDS * self.video.rate)}))
        assert self.life.call(), f"{address}: no connection"

    def _look(self, address: tuple[str, int]) -> None:
        """Ask for the format and the media folder."""
        with socket.create_connection(address, timeout=5) as sock:
            said = _ask(sock, b"INFO\r\n", b"\r\n\r\n")
            mode = re.search(rb"1 (\S+) ", said)
            assert mode is not None, said
            self.video = VideoFormat.parse(mode[1].decode())
            paths = _PATH.search(_ask(sock, b"INFO PATHS\r\n", b"</paths>").decode())
            assert paths is not None, "the server does not tell its media folder"
            self.media = Path(paths[1])

    def _make_clip(self) -> Path:
        from tests.integration.casparcg_kit import make_clip

        path = make_clip(self.media / "reconcile-live.mp4")
        self._files.append(path)
        return path

    def close(self) -> None:
        """Leave an empty layer, no output and no file."""
        self.sending.open = False
        self.life.keep_outputs()
        for layer in (LAYER, HIDDEN):
            self.life.ask(amcp.clear(layer))
            self.life.ask(amcp.mixer_clear(layer))
        self.life.close()
        for name in self.helm.memory.known:
            (self.media / name).unlink(missing_ok=True)
        for path in self._files:
            path.unlink(missing_ok=True)

    # ── what a story does ────────────────────────────────────────────────────────────────────────

    def now(self) -> int:
        return wall_frame(self.video.clock)

    def clip(self, key: str, start: int, frames: int, begin: int = 0, path: str = "") -> Cue:
        source = ClipSource(path=path or str(self._clip), in_frame=begin)
        return Cue(key=key, start=start, frames=frames, source=source)

    def show(self, *cues: Cue) -> None:
        self._serial += 1
        self.helm.show(cues, self._serial)
        self.told += self.life.again()

    def turn(self) -> None:
        self.told += self.life.turn(0.1)
        self.life.keep_outputs()

    def until_frame(self, frame: int) -> None:
        while self.now() < frame:
            self.turn()

    def until(self, what: str, wanted: Callable[[], bool], within: float) -> float:
        """Seconds until it was so."""
        begun = time.monotonic()
        while not wanted():
            assert time.monotonic() - begun < within, f"waited {within:g} s for {what}"
            self.turn()
        return time.monotonic() - begun

    def ask(self, command: Command) -> int:
        reply = self.life.ask(command)
        return 0 if reply is None else reply.code

    def send_to(self, output: WantedOutput) -> None:
        made = consumers_for([output], self.video)
        self.sending.want(made.wanted, (), made.refused)
        self.sending.open = True

    def state(self) -> str:
        return self.sending.states(time.monotonic())[0].state

    # ── what it told ─────────────────────────────────────────────────────────────────────────────

    @property
    def began(self) -> dict[str, Began]:
        return {each.key: each for each in self.told if isinstance(each, Began)}

    @property
    def ended(self) -> dict[str, Ended]:
        return {each.key: each for each in self.told if isinstance(each, Ended)}

    @property
    def failed(self) -> list[str]:
        return [each.key for each in self.told if isinstance(each, Failed)]


class FarEnd:
    """Who receives an SRT stream: a process, or the fake's knob for one."""

    def __init__(self) -> None:
        self.port = free_port(socket.SOCK_DGRAM)
        self.url = f"srt://127.0.0.1:{self.port}"
        self._knobs = os.environ.get("RECONCILE_CASPARCG_KNOBS")
        self._child: subprocess.Popen[bytes] | None = None

    def listen(self) -> None:
        if self._knobs is not None:
            self._say("listens")
            return
        self._child = subprocess.Popen(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", f"{self.url}?mode=listener",
             "-f", "null", "-"],
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def leave(self) -> None:
        if self._knobs is not None:
            self._say("refuses")
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _say(self, answer: str) -> None:
        path = Path(str(self._knobs)) / "fake-far-ends.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({self.url: answer}))
        fresh.rename(path)


def _ask(sock: socket.socket, line: bytes, end: bytes) -> bytes:
    sock.sendall(line)
    heard = b""
    while end not in heard:
        piece = sock.recv(1 << 16)
        assert piece, heard
        heard += piece
    return heard
