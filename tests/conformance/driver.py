"""What the suite needs of an engine, and the embedded engine behind it.

A later engine joins the suite by another class of this shape; the scenarios stay as they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from reconciler.model.video import FrameClock, VideoFormat
from tests.conformance import busy

READY_WITHIN = 20.0
SAYS_WITHIN = 1.0  # seconds; an engine tells how it is ten times in each
Seen = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One thing to show from the absolute frame `start`; the slate if nothing else is given."""

    key: str
    start: int
    frames: int | None = None
    path: Path | None = None
    begin: int = 0
    loop: bool = False
    freeze: bool = False
    still: bool = False
    live: str | None = None
    blend: str = "cut"
    blend_frames: int = 0


class Driver(Protocol):
    """One engine with one output that the suite can read back."""

    video: VideoFormat

    def now(self) -> int:
        """The absolute frame that is due now."""
        ...

    def show(self, *cues: Cue) -> None:
        """Replace the timeline."""
        ...

    def seen(self, kind: str) -> list[Seen]:
        """What the engine has reported of `kind` (began, ended, failed, status), oldest first."""
        ...

    def wait(self, what: str, until: Callable[[], bool], within: float) -> None:
        """Wait until something holds; fail with `what` if it does not in time."""
        ...

    def stop(self) -> Path:
        """End tidily and return the recording."""
        ...


@dataclass(slots=True)
class Embedded:
    """`python -m reconciler.engine` with a file output, spoken to over its pipes."""

    folder: Path
    video: VideoFormat = field(default_factory=lambda: VideoFormat.parse("424x240p2500"))
    extra_outputs: tuple[Mapping[str, object], ...] = ()
    slate: Path | None = None
    _child: subprocess.Popen[bytes] = field(init=False)
    _reader: threading.Thread = field(init=False)
    _seen: list[Seen] = field(init=False, default_factory=list)
    _serial: int = field(init=False, default=0)

    def __enter__(self) -> Self:
        with (self.folder / "engine.log").open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "reconciler.engine"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        file = {"name": "record", "type": "file", "url": self.recording.as_uri(), "options": {}}
        self.say(
            do="configure", format=self.video.name, title="Conformance", preset="superfast",
            slate={"path": str(self.slate)} if self.slate else None,
            bitrate=None, preview=None, sending=True,
            outputs=[file, *self.extra_outputs],
        )  # fmt: skip
        self.wait("the engine to be ready", lambda: bool(self.seen("ready")), READY_WITHIN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._hear_once_more()
        for status in self.seen("status")[-1:]:
            busy.note(status)
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._reader.join(5)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def recording(self) -> Path:
        return self.folder / "out.ts"

    def now(self) -> int:
        return FrameClock(self.video.rate).showing_at(datetime.now(UTC))

    def show(self, *cues: Cue) -> None:
        self._serial += 1
        self.say(do="show", serial=self._serial, cues=[_written(cue) for cue in cues])

    def seen(self, kind: str) -> list[Seen]:
        return [one for one in tuple(self._seen) if one.get("seen") == kind]

    def wait(self, what: str, until: Callable[[], bool], within: float) -> None:
        ends = time.monotonic() + within
        while not until():
            if self._child.poll() is not None:
                raise AssertionError(
                    f"the engine ended with {self._child.returncode}: {self.log()}"
                )
            if time.monotonic() > ends:
                raise AssertionError(
                    f"waited {within:g} s for {what}: {self._last()}; {self.log()}"
                )
            time.sleep(0.01)

    def wait_for(self, frame: int) -> None:
        """Wait until the absolute `frame` is due."""
        within = float((frame - self.now()) / self.video.rate) + 10
        self.wait(f"frame {frame}", lambda: self.now() >= frame, within)

    def stop(self) -> Path:
        self.say(do="quit")
        self._child.wait(10)
        return self.recording

    def end_with(self, number: signal.Signals) -> None:
        """Send the engine a signal and wait for its end."""
        self._child.send_signal(number)
        self._child.wait(10)

    def say(self, **command: object) -> None:
        """Send one command."""
        if self._child.stdin is None:
            raise AssertionError("the engine has no standard input")
        self._child.stdin.write(json.dumps(command).encode() + b"\n")
        self._child.stdin.flush()

    def log(self) -> str:
        """The end of what the engine wrote to its log."""
        return (self.folder / "engine.log").read_text(errors="replace")[-1500:]

    def _hear_once_more(self) -> None:
        heard = len(self.seen("status"))
        with contextlib.suppress(AssertionError):
            self.wait("a word", lambda: len(self.seen("status")) > heard, SAYS_WITHIN)

    def _last(self) -> object:
        return self._seen[-1] if self._seen else "nothing was said"

    def _listen(self) -> None:
        for line in self._child.stdout or ():
            self._seen.append(json.loads(line))


def _written(cue: Cue) -> Mapping[str, object]:
    if cue.freeze:
        source: Mapping[str, object] = {"type": "freeze"}
    elif cue.live is not None:
        source = {"type": "live", "url": cue.live}
    elif cue.still:
        source = {"type": "still", "path": str(cue.path)}
    elif cue.path is None:
        source = {"type": "slate"}
    else:
        source = {"type": "clip", "path": str(cue.path), "in": cue.begin, "loop": cue.loop}
    return {
        "key": cue.key, "start": cue.start, "frames": cue.frames, "source": source,
        "transition": {"type": cue.blend, "frames": cue.blend_frames},
    }  # fmt: skip
