"""Far ends for the engine to talk to: the static ffmpeg, and what the system says of processes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg


@contextlib.contextmanager
def ffmpeg(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The static ffmpeg at work, ended with the context."""
    child = subprocess.Popen(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-hide_banner",
            "-nostdin",
            "-loglevel",
            "error",
            *arguments,
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def srt_receiver(
    path: Path, port: int
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """One that listens, and records what it is sent."""
    source = ("-f", "data", "-i", f"srt://127.0.0.1:{port}?mode=listener")
    return ffmpeg(*source, "-map", "0", "-c", "copy", "-f", "data", "-y", str(path))


def sender(path: Path, *target: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """One that sends a clip again and again, in real time."""
    return ffmpeg("-re", "-stream_loop", "-1", "-i", str(path), "-c", "copy", *target)


def children(parent: int) -> list[int]:
    """The processes that `parent` started and that still run."""
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in every if _stat(pid)[1:2] == [str(parent)] and is_alive(pid)]


def is_alive(pid: int) -> bool:
    """Whether it runs; where nobody reaps orphans a dead one stays listed."""
    return _stat(pid)[:1] not in ([], ["Z"])


def _stat(pid: int) -> list[str]:
    """State, parent and so on, as proc(5) lists them after the name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
