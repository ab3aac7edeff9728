"""The child process of a relay: started with its order, hidden from `ps`, ended politely."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from reconciler.engine import relay_child
from reconciler.engine.relay_launch import Launch

END_WITHIN = 1.5  # seconds to say goodbye; libsrt lingers for one


def spawn(launch: Launch, *, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start the child and tell it its order; its pipes do not block.

    It dies with the thread that calls this, so that thread must also `end` it.
    """
    child = subprocess.Popen(
        [sys.executable, "-P", str(Path(relay_child.__file__))],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    order = json.dumps({**launch.order, "parent": os.getpid()})
    os.write(descriptor(child.stdin), order.encode() + b"\n")
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            os.set_blocking(stream.fileno(), False)
    return child


def descriptor(stream: IO[bytes] | None) -> int:
    """The descriptor of one of a child's pipes."""
    if stream is None:
        raise TypeError("the child was started without pipes")
    return stream.fileno()


def end(child: subprocess.Popen[bytes]) -> None:
    """Ask, then insist; SRT's goodbye frees a far end that serves one caller at a time."""
    with contextlib.suppress(OSError):
        if child.stdin is not None:
            child.stdin.close()
    child.terminate()
    try:
        child.wait(END_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for stream in (child.stdout, child.stderr):
        if stream is not None:
            stream.close()


def hide_arguments(pid: int, secrets: tuple[str, ...]) -> None:
    """Overwrite secrets in the child's argv, which every user of the machine can read.

    The child has taken its own copies when it reports its input. Where the system forbids this
    they stay visible: ffmpeg takes SRT's passphrase and stream id from argv only.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])  # arg_start, arg_end: proc(5), 48 and 49
        with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            shown = memory.read(end - start)
            for secret in secrets:
                shown = shown.replace(secret.encode(), b"*" * len(secret.encode()))
            memory.seek(start)
            memory.write(shown)
