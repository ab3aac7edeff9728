"""Drive a real engine process over its pipes, and read what it sent back frame by frame."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from tests.conformance import busy
from tests.conformance.driver import SAYS_WITHIN

COLUMNS, ROWS = 8, 4
RATE = 25
FORMAT = "160x96p2500"


class Engine:
    """One engine process. What it says is collected; `status` is the latest."""

    def __init__(self, **configure: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reconciler.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.said: list[dict[str, Any]] = []
        self.complaints = b""
        self.status: dict[str, Any] = {}
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_complaints, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self.say(do="configure", **({"format": FORMAT, "title": "Test"} | configure))

    def say(self, **command: Any) -> None:
        self.write(json.dumps(command).encode() + b"\n")

    def write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)

    def wait_for(self, seen: str, *, timeout: float = 20, **fields: Any) -> dict[str, Any]:
        """The first thing said of this kind with these fields."""

        def found() -> dict[str, Any] | None:
            for one in self.said:
                if one["seen"] == seen and all(one[k] == v for k, v in fields.items()):
                    return one
            return None

        with self._news:
            assert self._news.wait_for(lambda: found() is not None, timeout), self.said
            return cast("dict[str, Any]", found())

    def wait_status(self, true: Any, *, timeout: float = 20) -> dict[str, Any]:
        """The first status from now on of which `true` holds."""
        with self._news:
            assert self._news.wait_for(lambda: self.status and true(self.status), timeout), (
                self.status
            )
            return dict(self.status)

    def hear_once_more(self) -> None:
        """Wait for one more status: what just went wrong may be in it."""
        before = self.status
        with contextlib.suppress(AssertionError):
            self.wait_status(lambda status: status is not before, timeout=SAYS_WITHIN)

    def tick(self) -> int:
        """The tick on air at the last status, at once after start."""
        return int(self.wait_status(lambda _: True)["tick"])

    def all_of(self, seen: str, key: str | None = None) -> list[dict[str, Any]]:
        return [s for s in self.said if s["seen"] == seen and key in (None, s.get("key"))]

    def quit(self) -> None:
        self.say(do="quit")
        assert self.process.wait(20) == 0
        for reader in self._readers:
            reader.join(5)

    def end(self) -> None:
        busy.note(self.status)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        for reader in self._readers:
            reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):
            for line in self.process.stdout:
                said = json.loads(line)
                with self._news:
                    if said["seen"] == "status":
                        self.status = said
                    else:
                        self.said.append(said)
                    self._news.notify_all()

    def _read_complaints(self) -> None:
        assert self.process.stderr is not None
        with contextlib.suppress(ValueError):
            for line in self.process.stderr:
                self.complaints += line


@contextlib.contextmanager
def engine(**configure: Any) -> Iterator[Engine]:
    driven = Engine(**configure)
    try:
        yield driven
        assert driven.complaints == b""
    except BaseException:
        driven.hear_once_more()
        raise
    finally:
        driven.end()


def clip(key: str, path: Path, start: int, frames: int | None, **rest: Any) -> dict[str, Any]:
    """A cue of a clip; `at`: in point; `loop`; `blend`: (type, frames)."""
    source = {"type": "clip", "path": str(path), "in": rest.get("at", 0)}
    blend, span = rest.get("blend", ("cut", 0))
    return {
        "key": key,
        "start": start,
        "frames": frames,
        "source": source | {"loop": rest.get("loop", False)},
        "transition": {"type": blend, "frames": span},
    }


def other(key: str, start: int, frames: int | None, **source: Any) -> dict[str, Any]:
    return {"key": key, "start": start, "frames": frames, "source": source}


def to_file(path: Path, name: str = "main") -> dict[str, Any]:
    return {"name": name, "type": "file", "url": f"file://{path}"}


def coded_clip(
    path: Path, number: int, frames: int, *, rate: Fraction | int = RATE, **how: Any
) -> Path:
    """A clip whose frames carry `(number, frame)`, with a click at each half second."""
    width, height = how.get("size", (160, 96))
    sound_rate = how.get("sound", 48_000)
    with av.open(str(path), "w") as out:
        video = cast("Any", out.add_stream(how.get("codec", "libx264"), rate=rate))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        if how.get("codec", "libx264") == "libx264":
            video.options = {"preset": "ultrafast", "crf": "16", "g": str(how.get("gop", 50))}
        else:
            video.bit_rate = 6_000_000
        audio = None
        if sound_rate:
            audio = cast("Any", out.add_stream(how.get("sound_codec", "aac"), rate=sound_rate))
            audio.layout = "stereo"
        sent = 0
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(
                _coded(number, index, width, height), format="yuv420p"
            )
            frame.pts, frame.time_base = index, 1 / Fraction(rate)
            out.mux(video.encode(frame))
            if audio is not None:
                upto = int((index + 1) * sound_rate / Fraction(rate))
                _put_sound(out, audio, sent, upto, sound_rate)
                sent = upto
        out.mux(video.encode(None))
        if audio is not None:
            out.mux(audio.encode(None))
    return path


def _put_sound(out: Any, audio: Any, begin: int, end: int, rate: int) -> None:
    if end <= begin:
        return
    wave = np.zeros((2, end - begin), np.float32)
    wave[:, np.arange(begin, end) % (rate // 2) < rate // 500] = 0.9
    form = audio.codec_context.format.name
    if form == "s16":
        packed = np.ascontiguousarray((wave.T * 32_000).astype(np.int16).reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
    else:
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
    out.mux(audio.encode(frame))


def _coded(number: int, index: int, width: int, height: int) -> NDArray[np.uint8]:
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    bits = [number >> k & 1 for k in range(8)] + [index >> k & 1 for k in range(16)]
    bits += [sum(bits) >> k & 1 for k in range(8)]
    for k, bit in enumerate(bits):
        row, column = divmod(k, COLUMNS)
        rows = slice(row * height // ROWS, (row + 1) * height // ROWS)
        columns = slice(column * width // COLUMNS, (column + 1) * width // COLUMNS)
        planes[:height][rows, columns] = 225 if bit else 25
    return planes


@dataclass(frozen=True)
class Received:
    """What an output carried. A frame without a readable code is `None`."""

    times: list[Fraction]
    codes: list[tuple[int, int] | None]
    sound: list[tuple[Fraction, NDArray[np.float32]]]

    def runs(self) -> list[tuple[int, int, int]]:
        """`(clip, first, last)` of each unbroken count, in order; each frame exactly once."""
        found: list[tuple[int, int, int]] = []
        for code in self.codes:
            if code is None:
                continue
            if found and (found[-1][0], found[-1][2] + 1) == code:
                found[-1] = (code[0], found[-1][1], code[1])
            else:
                found.append((code[0], code[1], code[1]))
        return found

    def gaps(self, rate: Fraction | int = RATE) -> int:
        """Places where one picture does not follow the other by exactly one frame."""
        span = 1 / Fraction(rate)
        pairs = zip(self.times, self.times[1:], strict=False)
        return sum(abs(b - a - span) > Fraction(1, 10_000) for a, b in pairs)

    def clicks(self) -> list[Fraction]:
        """When each click begins."""
        found: list[Fraction] = []
        for time_, wave in self.sound:
            for at in np.flatnonzero(np.abs(wave) > 0.3):
                when = time_ + Fraction(int(at), 48_000)
                if not found or when - found[-1] > Fraction(1, 10):
                    found.append(when)
        return found


def receive(source: Any) -> Received:
    """Decode a whole recording."""
    received = Received([], [], [])
    with av.open(str(source)) as container:
        for packet in container.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    received.times.append(_time(frame))
                    received.codes.append(_read_code(frame))
                elif isinstance(frame, av.AudioFrame):
                    received.sound.append((_time(frame), cast("Any", frame.to_ndarray()[0])))
    return received


def _time(frame: av.VideoFrame | av.AudioFrame) -> Fraction:
    assert frame.pts is not None
    assert frame.time_base is not None
    return frame.pts * frame.time_base


def _read_code(frame: av.VideoFrame) -> tuple[int, int] | None:
    luma = cast("NDArray[np.uint8]", frame.to_ndarray(format="gray"))
    height, width = luma.shape
    rows = [(2 * row + 1) * height // (2 * ROWS) for row in range(ROWS)]
    columns = [(2 * column + 1) * width // (2 * COLUMNS) for column in range(COLUMNS)]
    bits = [int(luma[row, column] > 120) for row in rows for column in columns]
    number, index, check = (
        sum(bit << k for k, bit in enumerate(bits[begin:end]))
        for begin, end in ((0, 8), (8, 24), (24, 32))
    )
    return (number, index) if check == sum(bits[:24]) and number else None


def now_tick(rate: Fraction | int = RATE) -> int:
    return int(time.time() * rate)
