"""Processes as /proc shows them, so that a reused number is not taken for the process it was."""

from __future__ import annotations

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


def is_alive(pid: int, started: int | None) -> bool:
    """Whether the process that began at `started` still runs under `pid`."""
    found = start_time(pid)
    return found is not None and found == started
