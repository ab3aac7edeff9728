"""Processes as /proc shows them, so that a reused number is not taken for the process it was."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from pathlib import Path

_STATE, _START = 0, 19  # fields after the name in /proc/PID/stat (proc(5): 3 state, 22 starttime)


def start_time(pid: int) -> int | None:
    """When `pid` began, in clock ticks since boot; None if there is none, or only its remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    after_name = text.rpartition(")")[2].split()
    return None if after_name[_STATE] in {"Z", "X"} else int(after_name[_START])


def boot_id() -> str:
    """What tells one run of this machine from the next; empty where it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


class Found:
    """A process that somebody else started, with the calls of `Popen` that its keeper needs."""

    def __init__(self, pid: int, started: int) -> None:
        self.pid = pid
        self._started = started

    def poll(self) -> int | None:
        """None while it lives; its true exit code is its parent's to know."""
        return None if is_alive(self.pid, self._started) else 0

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `TimeoutExpired` if that does not come in time."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            return 0
        try:
            if self.poll() is None and not select.select([descriptor], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        finally:
            os.close(descriptor)
        return 0

    def _signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)


def is_alive(pid: int, started: int | None) -> bool:
    """Whether the process that began at `started` still runs under `pid`."""
    found = start_time(pid)
    return found is not None and found == started
