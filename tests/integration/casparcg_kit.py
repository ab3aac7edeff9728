"""A CasparCG engine port on the fake server as a child process, in real time."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg import amcp
from reconciler.sidecar.casparcg.engine import CasparEngine
from reconciler.sidecar.casparcg.link import connect
from reconciler.sidecar.casparcg.seen import ConsumerSeen, from_info
from reconciler.sidecar.engine_port import (
    Began,
    ClipSource,
    Cue,
    Ended,
    EngineSeen,
    Evidence,
    WantedOutput,
)
from reconciler.sidecar.position import wall_frame
from reconciler.sidecar.spec import SidecarSpec
from tests.unit.sidecar.situations import spec

FAKE = (sys.executable, str(Path(__file__).resolve().parents[1] / "casparcg" / "main.py"))
FRAMES = 125  # of each clip; the fake takes every real file for one of this length
VIDEO = VideoFormat.parse("320x180p2500")
WITHIN = 25.0  # seconds; a machine that is busy with other work starts a child slowly


def make_clip(path: Path) -> Path:
    """A real file of five seconds, small."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        picture = av.VideoFrame(64, 36, "yuv420p")
        for number in range(FRAMES):
            picture.pts = number
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return path


class Station:
    """One engine port and all that it told."""

    def __init__(
        self,
        folder: Path,
        clip: Path,
        outputs: Sequence[WantedOutput] = (),
        command: tuple[str, ...] = FAKE,
    ) -> None:
        self.spec: SidecarSpec = replace(
            spec(folder), engine="casparcg", engine_command=command, format=VIDEO
        )
        for name in "abcd":
            os.link(clip, self.spec.media_root / f"{name}.mp4")
        self.told: list[Evidence] = []
        self.engine = CasparEngine(self.spec, outputs)

    def now(self) -> int:
        return wall_frame(VIDEO.clock)

    def clip(self, name: str, start: int, frames: int, begin: int = 0) -> Cue:
        source = ClipSource(path=str(self.spec.media_root / f"{name[0]}.mp4"), in_frame=begin)
        return Cue(key=name, start=start, frames=frames, source=source)

    def until(self, wanted: Callable[[EngineSeen], bool], within: float = WITHIN) -> EngineSeen:
        """Wait for a reading; fail if it does not come."""
        deadline = time.monotonic() + within
        while True:
            self.told += self.engine.wait(0.05)
            seen = self.engine.read()
            if wanted(seen):
                return seen
            assert time.monotonic() < deadline, f"it did not come true: {seen}; {self.log()}"

    def until_on_air(self, key: str) -> EngineSeen:
        return self.until(lambda s: s.on_air is not None and s.on_air.key == key)

    def until_frame(self, frame: int) -> None:
        deadline = time.monotonic() + WITHIN + (frame - self.now()) / 25
        while self.now() < frame:
            self.told += self.engine.wait(0.05)
            assert time.monotonic() < deadline

    def began(self) -> dict[str, Began]:
        return {each.key: each for each in self.told if isinstance(each, Began)}

    def ended(self) -> dict[str, Ended]:
        return {each.key: each for each in self.told if isinstance(each, Ended)}

    def log(self) -> str:
        log = self.spec.folder / "engine.log"
        return log.read_text(errors="replace")[-800:] if log.exists() else ""

    def engine_pid(self) -> int:
        return engine_pid(self.spec.folder)

    def knob(self, name: str, content: object = None) -> None:
        """Set a knob of the fake: a file in its working folder."""
        path = self.spec.folder / "engine" / "run" / name
        fresh = path.with_suffix(".new")
        fresh.write_text("" if content is None else json.dumps(content))
        fresh.rename(path)


@contextmanager
def station(
    folder: Path,
    clip: Path,
    outputs: Sequence[WantedOutput] = (),
    command: tuple[str, ...] = FAKE,
) -> Iterator[Station]:
    """A station for the length of a story."""
    made = Station(folder, clip, outputs, command)
    try:
        yield made
    finally:
        made.engine.close()


def engine_pid(folder: Path) -> int:
    """The server's process, as the sidecar wrote it down."""
    return int(json.loads((folder / "engine.json").read_text())["pid"])


def consumers(folder: Path) -> dict[int, ConsumerSeen]:
    """The outputs that the server itself says it runs; asked as somebody who knows the phrase."""
    config = (folder / "engine" / "casparcg.config").read_text()
    (port,) = re.findall(r"<port>(\d+)</port>", config)
    (phrase,) = re.findall(r"<lock-clear-phrase>(\w+)</lock-clear-phrase>", config)
    link = connect(("127.0.0.1", int(port)), within=5, phrase=phrase)
    try:
        reply = link.ask(amcp.info_channel(), 5)
        return dict(from_info(reply.rows[0]).consumers)
    finally:
        link.close()


def sends(folder: Path) -> bool:
    """Whether any output's count rises: one that is merely listed may be long gone."""
    before = consumers(folder)
    time.sleep(0.3)
    after = consumers(folder)
    return any((each.frame or 0) > (before[port].frame or 0) for port, each in after.items())


def srt(name: str, port: int) -> WantedOutput:
    return WantedOutput(name=name, type="srt", url=f"srt://127.0.0.1:{port}")
