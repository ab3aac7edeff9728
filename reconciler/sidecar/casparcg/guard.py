"""Ends the outputs in time, though the sidecar be frozen or dead: a small process of its own.

Run as a script, with nothing but the standard library. It is told on its standard input, one JSON
object a line, which engine to watch (`pid`, `started`, `port` and `phrase` of its AMCP), which
outputs it must end (`ports`) and when (`until`, on the monotonic clock; null: never). At that time
it removes them; where the engine does not obey at once it is killed. When its input ends without
the word `done`, the sidecar is gone, and so is the engine then.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

OBEYS_WITHIN = 0.4  # seconds that an engine has to let go of its outputs
_LONGEST = 1 << 20  # bytes of one line
_DONE = (b" 202 ", b" 404 ")  # what REMOVE answers when there is nothing to be removed any more


class Guard:
    """What was told last, and what is done about it."""

    def __init__(self) -> None:
        self._told: dict[str, object] = {}
        self._shut = False

    def take(self, line: bytes) -> None:
        """Take one line; what cannot be read changes nothing."""
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict):
                self._told = said
                self._shut = False

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to guard any more."""
        return self._told.get("done") is True

    def wait_for(self) -> float | None:
        """Seconds until something has to be done; None: until there is word."""
        until = self._told.get("until")
        if self._shut or not isinstance(until, int | float) or not self._ports():
            return None
        return max(0.0, until - time.monotonic())

    def act(self) -> None:
        """End the outputs, if it is time: by asking, or else by force."""
        if self.wait_for() != 0.0:
            return
        self._shut = True
        if not self._remove():
            self.kill()

    def kill(self) -> None:
        """End the engine, if it is still the process that we were told of."""
        pid, started = self._told.get("pid"), self._told.get("started")
        if isinstance(pid, int) and isinstance(started, int) and _start_time(pid) == started:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def _ports(self) -> list[int]:
        ports = self._told.get("ports")
        return [each for each in ports if isinstance(each, int)] if isinstance(ports, list) else []

    def _remove(self) -> bool:
        """Whether the engine said that each output is gone, in time."""
        until = time.monotonic() + OBEYS_WITHIN
        port, phrase = self._told.get("port"), str(self._told.get("phrase", ""))
        lines = [f"REQ g0 LOCK 1 ACQUIRE {phrase}"]
        lines += [f"REQ g{n} REMOVE 1-{each}" for n, each in enumerate(self._ports(), 1)]
        try:
            address = ("127.0.0.1", int(str(port)))
            with socket.create_connection(address, timeout=OBEYS_WITHIN) as amcp:
                amcp.sendall("".join(f"{line}\r\n" for line in lines).encode())
                return _are_answered(amcp, len(lines) - 1, until)
        except (OSError, ValueError):
            return False


def _are_answered(amcp: socket.socket, count: int, until: float) -> bool:
    heard = b""
    while time.monotonic() < until:
        amcp.settimeout(max(0.001, until - time.monotonic()))
        piece = amcp.recv(1 << 16)
        if not piece:
            return False
        heard += piece
        answers = [line for line in heard.split(b"\r\n")[:-1] if b" REMOVE " in line]
        if sum(any(code in line for code in _DONE) for line in answers) >= count:
            return True
    return False


def _start_time(pid: int) -> int | None:
    """When a process began (proc(5): field 22); None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def main() -> None:
    """Guard until there is no more word."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # who ends us by such a signal ends the sidecar too
    guard = Guard()
    pending = b""
    descriptor = sys.stdin.fileno()
    while True:
        guard.act()
        ready, _, _ = select.select([descriptor], [], [], guard.wait_for())
        if not ready:
            continue
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            break
        *lines, pending = (pending + piece).split(b"\n")
        pending = pending[-_LONGEST:]
        for line in lines:
            guard.take(line)
    if not guard.is_done:
        guard.kill()


if __name__ == "__main__":
    main()
